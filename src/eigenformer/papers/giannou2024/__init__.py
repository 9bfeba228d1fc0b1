"""Studies of Giannou et al. (2024), "How well can transformers emulate in-context Newton's method?"

Trained linear self-attention beside Newton's iteration, layer norm in and out of distribution,
logistic regression, and the constructed networks of the paper's lemma and theorems measured.
"""

from ..incontext_study import Study
from .constructions import STUDY as CONSTRUCTIONS
from .layer_norm import STUDY as LAYER_NORM
from .logistic import STUDY as LOGISTIC
from .regression import STUDY as REGRESSION

STUDIES: tuple[Study, ...] = (CONSTRUCTIONS, REGRESSION, LAYER_NORM, LOGISTIC)
