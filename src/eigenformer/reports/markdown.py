"""Markdown (GitHub's), with figures beside it: what all reports share."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from .drawing import Figure, dark


def write(path: Path, text: str) -> None:
    """Write `text`, with the same bytes on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_figures(figures: Iterable[Figure], folder: Path) -> None:
    """Write each for light and for dark pages, as `picture` expects them."""
    for figure in figures:
        write(folder / f"{figure.name}.svg", figure.svg)
        write(folder / f"{figure.name}-dark.svg", dark(figure.svg))


def escape(text: str) -> str:
    """`text` so that it is read as it stands, on one line."""
    return _no_list(_literal(" ".join(text.split())))


def prose(text: str) -> str:
    """`text` on one line, with what stands between backticks as code."""
    pieces = " ".join(text.split()).split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return _no_list(
        "`".join(one if place % 2 else _literal(one) for place, one in enumerate(pieces))
    )


def picture(figure: Figure) -> str:
    """The drawing as files beside the text."""
    alt = figure.alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{figure.name}-dark.svg">'
        f'<img src="{figure.name}.svg" alt="{alt}"></picture>'
    )


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def bullets(items: Iterable[str]) -> str:
    """A list whose items are Markdown already."""
    return "\n".join(f"- {item}" for item in items)


def _literal(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)


def _no_list(line: str) -> str:
    """At its start these would begin a list, or underline a heading."""
    return re.sub(r"^(\d*)([-+=.)])(?=[-=\s]|$)", r"\1\\\2", line)
