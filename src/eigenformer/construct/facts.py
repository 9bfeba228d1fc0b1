"""What lists say of the constructions, kept, as the networks themselves take torch."""

import sys
from pathlib import Path
from typing import Any

from ..core.kept import keep, read_kept
from ..core.registry import load_plugins

FILE = Path(__file__).with_name("kept.json")


def construction_facts() -> list[dict[str, Any]]:
    """Name, summary, source and counts of every construction."""
    load_plugins()
    kept: list[dict[str, Any]] | None = read_kept(FILE, _sources())
    # A plug-in that registers a construction has imported the catalogue.
    return compute() if kept is None or f"{__package__}.catalogue" in sys.modules else kept


def compute() -> list[dict[str, Any]]:
    from .catalogue import CATALOGUE

    return [{"name": name, **CATALOGUE.get(name).facts()} for name in CATALOGUE.names()]


def keep_facts() -> None:
    """Compute them, and keep them."""
    keep(FILE, _sources(), compute())


def _sources() -> list[Path]:
    return [*(Path(__file__).parent / "algorithms").glob("*.py")]
