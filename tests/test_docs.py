"""The documents keep their promises: examples run, commands exist, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from eigenformer.cli import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_python_examples_of_the_readme_run(number: int) -> None:
    # In a process of its own: what an example registers must not meet the other tests.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EXAMPLES[number]], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    for promised in re.findall(r"^print.*#(.*)$", EXAMPLES[number], flags=re.M):
        assert promised.strip() in done.stdout


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    commands = re.findall(r"^    eigenformer ([a-z]+)|`eigenformer ([a-z]+)", text, flags=re.M)
    assert {a or b for a, b in commands} <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", text, flags=re.M)) <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []
