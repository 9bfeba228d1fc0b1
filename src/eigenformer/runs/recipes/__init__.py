"""Recipes: functions that return a complete run."""

from .fast import fast as fast
from .grid import grid as grid
from .paper import paper as paper
from .paper import paper_tuned as paper_tuned
from .prompts import Recipes
from .sizefree import sizefree as sizefree

RECIPES = Recipes("recipe")
register = RECIPES.register
names = RECIPES.names
register("fast", fast)
register("grid", grid)
register("paper", paper)
register("paper-tuned", paper_tuned)
register("sizefree", sizefree)
