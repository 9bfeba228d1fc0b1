"""Studies of Li et al. (2024), "Learning on transformers is provable low-rank and sparse"."""

from ..incontext_study import Study
from .updates import UPDATES

STUDIES: tuple[Study, ...] = (UPDATES,)
