"""Tutorials as Jupyter notebooks, notebooks/NAME.ipynb, from pages with their outputs.

    python docs/make_notebooks.py

The page is the source, and what the tests run; a test keeps the notebooks what this makes of it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from page import BLOCK, ROOT, Block

PAGES = (
    "lesson",
    "first-model",
    "training",
    "in-context",
    "size-free",
    "matrix-program",
    "constructions",
)
FOLDER = ROOT / "notebooks"
_LINK = re.compile(r'(\]\(|(?:src|srcset|href)=")(?!https?:|#|\.\./)')
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_PATH = """# The commands below are those beside this notebook's Python, activated or not.
import os, sys
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])"""


def notebook(name: str) -> dict[str, Any]:
    """The page docs/`name`.md in Jupyter's format 4.5."""
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    cells = [dict(cell, id=f"cell-{i}") for i, cell in enumerate(_cells(page))]
    for place, cell in enumerate(cells):
        if cell["cell_type"] == "code" and cell["source"][0].startswith("!"):
            cells.insert(place, dict(_code_cell(_PATH), id="set-up"))
            break
    return {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}


def _cells(page: str) -> Iterator[dict[str, Any]]:
    last, end = None, 0
    for match in BLOCK.finditer(page):
        block = Block.of(match)
        if text := page[end : match.start()].strip():
            yield _markdown(text)
            last = None
        end = match.end()
        if block.kind == "text" and last is not None:  # what the cell before it has printed
            last["outputs"] = _output(block.body)
        elif code := _code(block):
            last = _code_cell(code)
            if block.kind == "console":
                last["outputs"] = _output(re.sub(r"^\$ .*\n", "", block.body, flags=re.M))
            yield last
        else:
            yield _markdown(match[0])
            last = None
    if text := page[end:].strip():
        yield _markdown(text)


def _code_cell(code: str) -> dict[str, Any]:
    empty = {"execution_count": None, "metadata": {}, "outputs": []}
    return {"cell_type": "code", **empty, "source": _lines(code)}


def _code(block: Block) -> str:
    if block.title is not None:
        return f"%%writefile {block.title}\n{block.body}"
    if block.kind == "python":
        return block.body
    return "\n".join(f"!{command}" for command in block.commands)


def _markdown(text: str) -> dict[str, Any]:
    text = re.sub(r"^<!-- .*? -->\n?", "", text, flags=re.M)
    linked = _LINK.sub(r"\1../docs/", text)
    return {"cell_type": "markdown", "metadata": {}, "source": _lines(linked)}


def _output(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": _lines(text)}]


def _lines(text: str) -> list[str]:
    return text.strip("\n").splitlines(keepends=True)


def text_of(name: str) -> str:
    """What the file of a notebook holds."""
    return json.dumps(notebook(name), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in PAGES:
        (FOLDER / f"{name}.ipynb").write_text(text_of(name), encoding="utf-8")
