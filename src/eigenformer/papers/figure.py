"""A drawing that a paper brings to its report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing, not drawn yet."""

    name: str
    """Of its files, without ending: lower-case letters, digits and hyphens."""
    alt: str
    """What it shows, for those who can't see it."""
    caption: str
    draw: Callable[[Path], None]
    """Draws it into a file, in the format that the file's ending says. Needs matplotlib."""
