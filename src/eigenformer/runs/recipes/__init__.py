"""Recipes: functions that return a complete run."""

from .fast import fast as fast
from .grid import grid as grid
from .paper import paper as paper
from .prompts import Recipes
from .sizefree import sizefree as sizefree

RECIPES = Recipes("recipe")
register = RECIPES.register
names = RECIPES.names
register("fast", fast)
register("grid", grid)
register("paper", paper)
register("sizefree", sizefree)
