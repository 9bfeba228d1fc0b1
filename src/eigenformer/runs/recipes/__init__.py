"""Recipes: functions that return a complete run."""

from .fast import fast as fast
from .paper import paper as paper
from .prompts import Recipes
from .sizefree import sizefree as sizefree

RECIPES = Recipes("recipe")
register = RECIPES.register
names = RECIPES.names
register("fast", fast)
register("paper", paper)
register("sizefree", sizefree)
