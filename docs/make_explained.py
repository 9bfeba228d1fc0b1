"""Fills in the sections of docs/explained.md and draws its figures, from trained models.

    python docs/make_explained.py [PROBLEM=MODEL ...]

A model is a run or a shipped model; without one, the shipped model of the problem is taken, and a
section whose model is not there stays as it is. Nothing is trained. Needs matplotlib.
"""

import re
import sys
from pathlib import Path

from eigenformer import load
from eigenformer.core import InputError
from eigenformer.explanation import Insight, explain
from eigenformer.reports import write_figure

HERE = Path(__file__).parent
PAGE = HERE / "explained.md"
IMAGES = HERE / "images" / "explained"
PROBLEMS = ("inverse", "eigenvectors", "svd", "matmul", "transpose")


def main(words: list[str]) -> None:
    chosen = dict(word.split("=", 1) for word in words)
    text = PAGE.read_text(encoding="utf-8")
    for problem in PROBLEMS:
        try:
            solver = load(chosen.get(problem, problem))
        except InputError as error:
            print(f"{problem}: left as it is ({error})")
            continue
        explanation = explain(solver)
        head = f"{explanation.weights:,} weights. The network is told {explanation.told}."
        parts = [head, *(section(problem, finding) for finding in explanation.findings)]
        text = filled(text, problem, "\n\n".join(parts))
    PAGE.write_text(text, encoding="utf-8")


def section(problem: str, finding: Insight) -> str:
    """Title, sentences, drawing and table in Markdown."""
    parts = [f"### {finding.title}", " ".join(finding.says)]
    if finding.sketch is not None:
        name = f"{problem}-{finding.name}"
        write_figure(finding.sketch.draw, IMAGES, name)
        parts.append(
            f'<picture><source media="(prefers-color-scheme: dark)" '
            f'srcset="images/explained/{name}-dark.svg">'
            f'<img src="images/explained/{name}.svg" alt="{finding.sketch.alt}"></picture>'
        )
    if finding.grid is not None:
        rows = [finding.grid.written(row) for row in finding.grid.rows]
        lines = [list(finding.grid.columns), ["---:"] * len(finding.grid.columns), *rows]
        parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(parts)


def filled(text: str, name: str, body: str) -> str:
    """`text` with `body` between the comments of a name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", flags=re.DOTALL)
    assert pattern.search(text), f"docs/explained.md has no place for {name}"
    return pattern.sub(lambda match: f"{begin}\n\n{body}\n\n{end}", text)


if __name__ == "__main__":
    main(sys.argv[1:])
