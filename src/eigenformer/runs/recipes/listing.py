"""Names of recipes; those of prompt models are kept, as the models themselves take torch."""

import sys
from pathlib import Path

from ...core import Registry
from ...core.kept import keep, read_kept
from . import RECIPES

FILE = Path(__file__).with_name("kept.json")


def recipe_names() -> list[str]:
    """Every recipe: `RECIPES.names()`, without torch where no plug-in needs it."""
    own = Registry.names(RECIPES)
    kept: list[str] | None = read_kept(FILE, _sources())
    # A plug-in that registers an architecture has imported those that come along.
    known = "eigenformer.incontext.models" in sys.modules or kept is None
    return [*own, *(_architectures() if known or kept is None else kept)]


def _architectures() -> list[str]:
    from ...incontext import ARCHITECTURES

    return list(ARCHITECTURES.names())


def keep_facts() -> None:
    """Compute them, and keep them."""
    keep(FILE, _sources(), _architectures())


def _sources() -> list[Path]:
    return [*(Path(__file__).parents[2] / "incontext" / "models").glob("*.py")]
