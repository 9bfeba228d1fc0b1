"""The documentation keeps its promises: blocks run, commands exist, links lead somewhere."""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import make_benchmarks
import pytest
from page import blocks
from reduce import reduced

from eigenformer.cli import COMMANDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUNNER = Path(__file__).with_name("run_page.py")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
# Its commands are those of their day.
HISTORY = DOCS / "log.md"
WRITTEN = sorted({*ROOT.glob("*.md"), *DOCS.glob("*.md")} - {HISTORY})
RUN = [path for path in WRITTEN if blocks(path.read_text(encoding="utf-8"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def anchors(path: Path) -> set[str]:
    """The anchors of a page: explicit ones, and those of its headings."""
    page = path.read_text(encoding="utf-8")
    found = set(re.findall(r'<a id="([^"]+)"', page))
    without_code = re.sub(r"^```.*?^```$", "", page, flags=re.S | re.M)
    for heading in re.findall(r"^#+ (.*)$", without_code, flags=re.M):
        plain = re.sub(r"[^\w\s-]", "", heading.lower(), flags=re.ASCII).strip()
        found.add(re.sub(r"[\s-]+", "-", plain))
    return found


@pytest.mark.parametrize("path", RUN, ids=name)
def test_every_block_of_a_page_runs(path: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONPATH": str(DOCS)}
    environment.pop("EIGENFORMER_RUNS", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(RUNNER), str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_commands_in_the_text_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"`eigenformer ([a-z]+(?:-[a-z]+)*)", text)) <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (path.parent / file if file else path).resolve()
        known = target.exists() and (not anchor or anchor in anchors(target))
        if not known:
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        ("eigenformer train fast --examples 9 --problem add", "--problem add --examples 64"),
        ("eigenformer train fast --layers 4 1 --width 192", "--layers 1 1"),
        ("torchrun --nproc-per-node 4 -m eigenformer train fast --device cuda", "--show"),
        ("eigenformer sweep fast --vary seed=0,1 --engine ray", "--dry-run"),
        ("eigenformer paper run table06", "--dry-run"),
    ],
)
def test_reduced_commands(command: str, instead: str) -> None:
    found = " ".join(reduced(command.split()))
    assert instead in found
    assert found.startswith("eigenformer")
    assert found.count("--layers") <= 1


def test_links_to_other_sites_are_secure() -> None:
    found = set()
    for path in DOCUMENTS:
        found |= set(re.findall(r"\]\((\w+://[^)\s]+)\)", path.read_text(encoding="utf-8")))
    print(*sorted(found), sep="\n")  # what a person may look at; nothing is fetched
    assert [link for link in found if not link.startswith("https://")] == []


def test_the_page_of_benchmarks_is_made_from_the_kept_results() -> None:
    same = make_benchmarks.PAGE.read_text(encoding="utf-8") == make_benchmarks.page()
    assert same, "the benchmarks have changed: run python docs/make_benchmarks.py"
