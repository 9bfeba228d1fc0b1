"""A page of the documentation as a program: its blocks run in order.

    python docs/page.py docs/first-model.md ...    run pages, and fill in what they print

The page is the source; what is run depends on the kind of a block:

- ```python runs, all blocks of a page in one namespace. What it prints replaces the ```text block
  after it.
- Any block with a title, as in ```python title="square.py", is written to a file of that name.
- ```console: each line after "$ " is a command, whose output replaces the lines below it.
- ```bash, and indented lines that begin with a command: commands whose output is not shown.
- <!-- in tests: COMMAND, as REASON --> before a block: what the tests run in its place (and so
  does whoever fills in the page, where no output is shown).

`eigenformer` runs in this process; of what sets things up only its existence is checked.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eigenformer import cli
from eigenformer.core import registry

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"(?:^<!-- in tests: (?P<instead>.*?), as (?P<reason>.*?) -->\n)?"
    r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^```$'
    r"|(?P<indented>(?:^ {4}(?:eigenformer|make|pip|torchrun) [^\n]*\n(?:^ {4}[^\n]*\n)*)+)",
    flags=re.S | re.M,
)
Prepare = Callable[[list[str]], list[str]]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of code of a page."""

    kind: str
    body: str
    title: str | None = None
    instead: str | None = None
    """The command that tests run in place of its own."""

    @staticmethod
    def of(match: re.Match[str]) -> "Block":
        if match["indented"] is not None:
            lines = (line[4:] for line in match["indented"].splitlines())
            return Block(kind="bash", body="\n".join(lines) + "\n")
        return Block(
            kind=match["kind"], body=match["body"], title=match["title"], instead=match["instead"]
        )

    @property
    def commands(self) -> list[str]:
        """The command lines, continued ones in one piece."""
        lines = self.body.replace("\\\n", " ").splitlines()
        if self.kind == "console":
            return [line[2:] for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip()] if self.kind == "bash" else []


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    return [Block.of(match) for match in BLOCK.finditer(page)]


class Session:
    """Runs the blocks of a page in the current folder, which becomes the reader's.

    `prepare` may change the words of a command (tests make trainings short); with `reduced` the
    commands that tests are given run in place of the page's. With `apart` each ```python block has
    a namespace of its own.
    """

    def __init__(
        self, prepare: Prepare = list, *, reduced: bool = False, apart: bool = False
    ) -> None:
        self.prepare = prepare
        self.reduced = reduced
        self.apart = apart
        self._namespace: dict[str, Any] = {}
        self.printed = ""
        """By the last block of Python."""

    def run(self, block: Block) -> str:
        """The block's text with what it printed."""
        if block.title is not None:
            Path(block.title).write_text(block.body, encoding="utf-8")
        elif block.kind == "python":
            if self.apart or not self._namespace:
                self._namespace = {"__name__": "page"}
            with _captured() as out:
                exec(compile(block.body, "page", "exec"), self._namespace)
            self.printed = out.getvalue()
        elif block.kind == "text":
            return self.printed
        elif block.instead is not None and (self.reduced or block.kind == "bash"):
            self._command(block.instead)
        elif block.kind in ("console", "bash"):
            shown = [f"$ {line}\n{self._command(line)}" for line in block.commands]
            return "".join(shown) if block.kind == "console" else block.body
        return block.body

    def _command(self, line: str) -> str:
        words = self.prepare(shlex.split(line, comments=True))
        if words[:2] == ["pip", "install"] or words[0] == "make":
            _set_up(words)
            return ""
        assert words[0] == "eigenformer", line
        with _captured() as out:
            status = cli.main(words[1:])
        # An answer of a model that has hardly been trained may be no matrix.
        allowed = (0, 1) if self.reduced and words[1] == "solve" else (0,)
        assert status in allowed, f"{shlex.join(words)} ended with {status}:\n{out.getvalue()}"
        return "".join(f"{text.rstrip()}\n" for text in out.getvalue().strip("\n").splitlines())


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        yield out


def _set_up(words: list[str]) -> None:
    """Checks that a target of make, or an extra of the package, exists; installs the folder."""
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M)
        assert words[1] in targets, shlex.join(words)
    elif words[-1] == ".":
        install(Path.cwd())
    else:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        name, _, extras = words[-1].partition("[")
        assert name in (".", project["name"]), shlex.join(words)
        for extra in filter(None, extras.rstrip("]").split(",")):
            assert extra in project["optional-dependencies"], shlex.join(words)


def install(folder: Path) -> None:
    """What `pip install -e FOLDER` leaves behind, as far as this process sees it: no network."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("".join(groups))
    sys.path.insert(0, str(folder))
    # A process looks for plug-ins once, and commands here share one.
    registry._plugins_loaded = False


def filled(page: str, indented: bool = True) -> str:
    """The page with the outputs of its blocks; `indented` ones, which show none, run or do not."""
    session = Session()

    def run(match: re.Match[str]) -> str:
        if match["indented"] is not None:
            if indented:
                session.run(Block.of(match))
            return match[0]
        block = Block.of(match)
        body = session.run(block)
        opening = match[0][: match.start("body") - match.start()]
        return f"{opening}{body.rstrip()}\n```"

    return BLOCK.sub(run, page)


def fill(page: Path, indented: bool = True) -> None:
    """Run a page in a new folder, and write it with its outputs (see `filled`)."""
    os.environ |= {"COLUMNS": "80", "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        text = filled(page.read_text(encoding="utf-8"), indented)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        fill(Path(name).resolve())
