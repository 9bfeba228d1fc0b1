"""Studies of Gatmiry et al. (2024), on looped transformers that learn gradient descent."""

from ..incontext_study import Study
from .loops import LOOPING
from .optimum import OPTIMUM

STUDIES: tuple[Study, ...] = (OPTIMUM, LOOPING)
