"""The notebooks are the tutorials, whose blocks the tests of pages run."""

import json
import re

import make_notebooks
import pytest
from make_notebooks import FOLDER, PAGES
from page import ROOT, blocks


@pytest.mark.parametrize("name", PAGES)
def test_a_notebook_is_its_page(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert text == make_notebooks.text_of(name), "run docs/make_notebooks.py"
    cells = json.loads(text)["cells"]
    asked = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    code = [source for source in asked if "sys.executable" not in source]
    if any(source.startswith("!") for source in code):
        # Commands are found in a Jupyter that was started without the environment.
        first = next(place for place, source in enumerate(asked) if source.startswith("!"))
        assert "sys.executable" in asked[first - 1]
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    run = [block for block in blocks(page) if block.title or block.kind != "text"]
    assert len(code) == len(run)
    for source, block in zip(code, run, strict=True):
        if block.kind == "python" and block.title is None:
            assert source.strip() == block.body.strip()
        elif block.title is None:
            assert [line.removeprefix("!") for line in source.splitlines()] == block.commands
        else:
            assert source.startswith(f"%%writefile {block.title}\n")
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", "".join(cell["source"])):
                assert (FOLDER / target).exists(), target


def test_every_notebook_is_made() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(PAGES)
