"""Studies of Vladymyrov et al. (2024), "Linear transformers are versatile in-context learners"."""

from ..incontext_study import Study
from .mixed_noise import MIXED_NOISE
from .structure import STRUCTURE

STUDIES: tuple[Study, ...] = (MIXED_NOISE, STRUCTURE)
