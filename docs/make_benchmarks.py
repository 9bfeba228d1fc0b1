"""Writes docs/benchmarks.md from benchmarks/results.json and the benchmarks' own descriptions.

python docs/make_benchmarks.py
"""

import ast
import json
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE / "benchmarks.md"
BENCHMARKS = HERE.parent / "benchmarks"

LEAD = """\
# Benchmarks

How fast is it? Figures of speed are ratios of two programs measured in turns on the same machine,
as a time alone says more about the machine than about the program. `eigenformer bench speed --save`
(or `make bench`, to look only) measures them again; `python docs/make_benchmarks.py` makes this
page from what was kept, in `benchmarks/results.json`, which has the times too. How many *examples*
a recipe needs is another question: [Sample efficiency](efficiency.md).
"""
Figures = dict[str, float]


def page() -> str:
    """The text of the page."""
    kept = json.loads((BENCHMARKS / "results.json").read_text(encoding="utf-8"))
    stamp = f"Measured on {kept['date']} on {kept['machine']}, Python {kept['python']}."
    parts = [LEAD, stamp]
    for name, figures in kept["figures"].items():
        question, _, rest = describe(name).partition("\n\n")
        details = re.sub(r"^Run `[^`]+`\. ?", "", rest)
        body = _data(figures) if name == "data" else _ratios(figures)
        parts += [f"## {question.strip()}", f"`benchmarks/{name}.py`: {_text(details)}", body]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def describe(name: str) -> str:
    """The module docstring of a benchmark."""
    source = (BENCHMARKS / f"{name}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


def _text(details: str) -> str:
    """Prose as it is; what is laid out in columns as code."""
    columns = re.compile(r"^\w[\w ]*? {2,}\S", flags=re.M)
    paragraphs = details.split("\n\n")
    return "\n\n".join(
        textwrap.indent(p, "    ") if columns.search(p) else p.replace("<", "&lt;")
        for p in paragraphs
    )


def _data(figures: Figures) -> str:
    """A row a problem, a column an encoding: how many times faster than one example at a time."""
    names = [re.fullmatch(r"(.+)_([A-Z]+\d+)_over_plain", name) for name in figures]
    cells = {(m[1], m[2]): figures[m[0]] for m in names if m}
    problems = list(dict.fromkeys(problem for problem, _ in cells))
    encodings = list(dict.fromkeys(encoding for _, encoding in cells))
    rows = [[p, *(f"{cells[p, e]:.0f}" for e in encodings)] for p in problems]
    return "Times faster than one at a time:\n\n" + _table(["problem", *encodings], rows)


def _ratios(figures: Figures) -> str:
    """The ratios, in words; times are in the file."""
    rows = [
        [name.replace("_", " "), f"{value:.3g}"]
        for name, value in figures.items()
        if ("_over_" in name or "times " in name) and value != 1
    ]
    return _table(["ratio", ""], rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    alignment = ["---", *["--:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heads, alignment, *rows))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
