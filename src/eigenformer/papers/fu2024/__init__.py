"""Studies of Fu et al. (2024), "Transformers learn to achieve second-order convergence rates".

Layers of a trained causal softmax transformer matched with steps of Newton's iteration and of
gradient descent, on isotropic and on ill-conditioned data.
"""

from ..incontext_study import Study
from .ill_conditioned import STUDY as ILL_CONDITIONED
from .similarity import STUDY as SIMILARITY

STUDIES: tuple[Study, ...] = (SIMILARITY, ILL_CONDITIONED)
