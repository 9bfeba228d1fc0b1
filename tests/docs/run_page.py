"""Runs a page of the documentation in the current folder, as tests do, and checks what it shows.

    PYTHONPATH=docs python tests/docs/run_page.py PAGE

In a process of its own: what a page registers must not meet the other tests. Where the page says
`runs/RUN`, it is the newest run, or a shipped model before there is one; `matrix.csv` is a matrix
of the reader's.
"""

import os
import re
import sys
from pathlib import Path

from page import Session, blocks
from reduce import reduced


def prepare(words: list[str]) -> list[str]:
    words = reduced(words)
    runs = sorted(Path("runs").glob("*"), key=os.path.getmtime)
    own = str(runs[-1]) if runs else "eigenvalues-3x3"
    return [own if word == "runs/RUN" else word for word in words]


def main(page: Path) -> None:
    # Commands in README.md may be copied one by one; the other pages are read from top to bottom.
    session = Session(prepare, reduced=True, apart=page.name == "README.md")
    Path("matrix.csv").write_text("3.1,-1.2\n-1.2,7.4\n")
    for block in blocks(page.read_text(encoding="utf-8")):
        found = session.run(block)
        if block.kind in ("text", "console"):
            assert block.body.strip(), "the page shows no output; `make docs` fills it in"
            assert found.strip(), f"nothing is printed where the page shows\n{block.body}"
        if block.kind == "text":
            # Numbers may differ in their last digits on another machine.
            assert len(found.splitlines()) == len(block.body.splitlines()), found
        for promised in re.findall(r"^print.*#(.*)$", block.body, flags=re.M):
            assert block.kind != "python" or promised.strip() in session.printed, session.printed


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
