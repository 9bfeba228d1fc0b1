"""docs/constructions.md: its code runs, and prints as much as the page shows."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "constructions.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.S | re.M)


def test_the_page_s_code_runs(tmp_path):
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    code = "\n".join(body for kind, body in blocks if kind == "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = "".join(body for kind, body in blocks if kind == "text")
    assert len(done.stdout.splitlines()) == len(shown.splitlines())


def test_outputs_and_figures_are_there():
    page = PAGE.read_text(encoding="utf-8")
    assert all(body.strip() for _, body in BLOCK.findall(page))
    for image in re.findall(r"!\[[^]]+\]\(([^)]+)\)", page):
        assert (PAGE.parent / image).exists()
