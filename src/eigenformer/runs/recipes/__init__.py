"""Recipes: functions that return a complete `TrainConfig`."""

from ...core import Registry
from ...training import TrainConfig
from .fast import fast as fast
from .paper import paper as paper

RECIPES: Registry[TrainConfig] = Registry("recipe")
register = RECIPES.register
names = RECIPES.names
register("fast", fast)
register("paper", paper)
