"""Studies of Ahn et al. (2024), "Linear attention is (maybe) all you need": how training goes."""

from ..incontext_study import Study
from .optimisation import OPTIMISATION

STUDIES: tuple[Study, ...] = (OPTIMISATION,)
