"""Shapes such as "[A | y] [m, n + 1]" in docstrings are no links, though Markdown reads them so."""

import re
from typing import Any

import griffe


class Shapes(griffe.Extension):  # type: ignore[misc]
    """Escapes the second bracket."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"\] \[", r"] \\[", obj.docstring.value)
