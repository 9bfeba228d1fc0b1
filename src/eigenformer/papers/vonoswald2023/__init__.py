"""Studies of von Oswald et al. (2023), "Transformers learn in-context by gradient descent"."""

from ..incontext_study import Study
from .deeper import DEEPER
from .one_layer import ONE_LAYER

STUDIES: tuple[Study, ...] = (ONE_LAYER, DEEPER)
