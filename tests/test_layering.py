"""A room imports only the rooms before it, and core; what else is kept apart.

Lists of exceptions hold what is so today and may only get shorter: an entry that is none any more
fails, too.
"""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOMS = (
    "core",
    "ensembles",
    "problems",
    "encodings",
    "models",
    "evaluation",
    "training",
    "construct",
    "incontext",
    "runs",
    "explanation",
    "zoo",
    "circuits",
    "papers",
    "reports",
    "app",
    "cli",
)
PACKAGE = Path(__file__).parents[1] / "src" / "eigenformer"
FACE = "the public face"
# The face imports every room, so only what comes after all of them may use it.
ABOVE_FACE = ("app", "cli")
WITHOUT_TORCH = ("core", "ensembles", "problems", "encodings")
"""The playground's menu is made of these before torch is there, which takes seconds."""
CIRCLES = {
    frozenset({"construct.network", "construct.solver"}): "net.as_solver()",
    frozenset({"evaluation.pretrained", "evaluation.trained"}): "solver.save_pretrained()",
}
"""Files that import each other, with the method of an object that imports its own function late."""
SINGLE_PAPERS = {
    "app.chance": {"charton2022"},
    "cli.bench_efficiency": {"efficiency"},
    "cli.models": {"charton2022"},
}
"""What reads one paper's folder; everything else sees papers as they all are (`papers/*.py`)."""
TWICE = {
    "Conditioned": "a law of matrices and a law of points: names in kept configurations",
    "LeastSquares": "a problem and an algorithm for it",
    "Stage": "layers of a network that repeat, and a run before the last: each is called so",
    "Task": "token ids and prompts: both are to be drawn, trained on and scored",
}
"""Names of two classes or more, and why, or what is to become of them."""


def imported(
    source: str | ast.AST, package: tuple[str, ...], *, hints: bool = True
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, dotted name) of each import in `source`, a module in `package` (("eigenformer", ...)).

    Imports within functions count; those for type checkers alone only with `hints`.
    """
    node = ast.parse(source) if isinstance(source, str) else source
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield node.lineno, tuple(alias.name.split("."))
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        base += tuple(node.module.split(".")) if node.module else ()
        for alias in node.names:
            yield node.lineno, (*base, alias.name)
    checkers = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in node.orelse if checkers and not hints else ast.iter_child_nodes(node):
        yield from imported(child, package, hints=hints)


def rooms_imported(source: str, package: tuple[str, ...]) -> list[tuple[int, str]]:
    """(line, room) for each import of this package."""
    return [
        (line, target[1] if len(target) > 1 and target[1] in ROOMS else FACE)
        for line, target in imported(source, package)
        if target[0] == "eigenformer"
    ]


def forbidden(room: str, imported: str) -> bool:
    if imported == FACE:
        return room not in ABOVE_FACE
    return ROOMS.index(imported) > ROOMS.index(room)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_before_it(room: str) -> None:
    wrong = []
    for path in sorted((PACKAGE / room).rglob("*.py")):
        package = ("eigenformer", *path.relative_to(PACKAGE).parent.parts)
        for line, imported in rooms_imported(path.read_text(encoding="utf-8"), package):
            if forbidden(room, imported):
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {imported}")
    assert not wrong, f"{room} may import only {ROOMS[: ROOMS.index(room) + 1]}"


def test_every_folder_is_a_room() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(ROOMS), "a new room needs its place in ROOMS"


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("import eigenformer.training.loop", "training"),
        ("import eigenformer as ef", FACE),
        ("from eigenformer import training", "training"),
        ("from eigenformer import load", FACE),
        ("from eigenformer.cli.parse import parse", "cli"),
        ("from ...evaluation import Solver", "evaluation"),
        ("from ... import evaluation, load", "evaluation"),
        ("from ...evaluation.solver import Solver", "evaluation"),
        ("from .newton import step", "models"),
        ("from . import newton", "models"),
        ("from ..core import rng", "models"),
        ("def f():\n    from ...cli import main", "cli"),
        ("if TYPE_CHECKING:\n    from ...cli import main", "cli"),
    ],
)
def test_the_parser_sees_every_kind_of_import(line: str, room: str) -> None:
    # Seen from eigenformer/models/inner/some_file.py; `from ..core` is a file of models there.
    assert rooms_imported(line, ("eigenformer", "models", "inner"))[0][1] == room


@pytest.mark.parametrize("line", ["import torch", "from torch import nn", "import eigenformer_x"])
def test_other_packages_are_free(line: str) -> None:
    assert rooms_imported(line, ("eigenformer", "core")) == []


def test_the_rule() -> None:
    assert forbidden("core", "ensembles")
    assert forbidden("models", "evaluation")
    assert forbidden("core", FACE)
    assert all(forbidden(room, "papers") for room in ("runs", "zoo", "training"))
    assert not forbidden("cli", FACE)
    assert not forbidden("evaluation", "evaluation")
    assert not forbidden("ensembles", "core")


def test_no_torch_below_models() -> None:
    rooms = ", ".join(f"eigenformer.{room}" for room in WITHOUT_TORCH)
    code = f"import sys, {rooms}; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False", f"one of {rooms} imports torch; use NumPy"


@functools.cache
def modules() -> dict[tuple[str, ...], ast.Module]:
    """The package's files as trees, by ("eigenformer", room, ...)."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ("eigenformer", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@functools.cache
def imports() -> dict[str, set[str]]:
    """The files that each file imports, as "room.file"; a folder's `__init__` by the folder."""
    found: dict[str, set[str]] = {}
    for name, tree in modules().items():
        targets = set()
        for _, target in imported(tree, name[:-1], hints=False):
            for known in (target, target[:-1]):
                if known in modules() or (*known, "__init__") in modules():
                    targets.add(".".join(known[1:]))
                    break
        own = ".".join(name[1:]).removesuffix(".__init__")
        found[own] = targets - {own}
    return found


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Sets of two files or more, each of which is reached from each other one."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = graph.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        return seen

    ways = {file: reached(file) for file in graph}
    return {
        frozenset(other for other in ways[file] if file in ways.get(other, ()))
        for file in graph
        if file in ways[file]
    }


def test_no_circles_of_files() -> None:
    found = circles(imports())
    assert found <= set(CIRCLES), "files import each other in a circle: move what they share"
    assert set(CIRCLES) <= found, "a circle was opened: take it from the list"


def test_circles_are_found() -> None:
    hint = "if TYPE_CHECKING:\n    from .a import A\nelse:\n    from .b import B"
    assert list(imported(hint, ("room",), hints=False)) == [(4, ("room", "b", "B"))]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == set()
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == {frozenset("bc")}
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}}) == {
        frozenset("ab"),
        frozenset("cd"),
    }


def test_papers_are_reported_by_what_they_have_in_common() -> None:
    found: dict[str, set[str]] = {}
    for file, targets in imports().items():
        if file.partition(".")[0] in ("reports", "app", "cli"):
            names = {target.split(".")[1] for target in targets if target.startswith("papers.")}
            folders = {name for name in names if (PACKAGE / "papers" / name).is_dir()}
            if folders:
                found[file] = folders
    assert found == SINGLE_PAPERS


def test_no_class_name_stands_for_two_things() -> None:
    seen: dict[str, int] = {}
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                seen[node.name] = seen.get(node.name, 0) + 1
    twice = {name for name, count in seen.items() if count > 1}
    assert twice <= set(TWICE), "a class of this name exists: take another name, or that class"
    assert set(TWICE) <= twice, "it is one class now: take it from the list"
