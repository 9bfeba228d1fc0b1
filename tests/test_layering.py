"""A room imports only the rooms before it, and core."""

import ast
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
    "zoo",
    "papers",
    "reports",
    "app",
    "cli",
)
PACKAGE = Path(__file__).parents[1] / "src" / "eigenformer"
FACE = "the public face"
# The face imports every room, so only what comes after all of them may use it.
ABOVE_FACE = ("app", "cli")


def rooms_imported(source: str, package: tuple[str, ...]) -> list[tuple[int, str]]:
    """(line, room) for each import in `source`, a module in `package` (("eigenformer", ...))."""
    found = []
    for node in ast.walk(ast.parse(source)):
        targets: list[tuple[str, ...]] = []
        if isinstance(node, ast.Import):
            targets = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            targets = [(*base, alias.name) for alias in node.names]
        for target in targets:
            if target[0] == "eigenformer":
                room = target[1] if len(target) > 1 and target[1] in ROOMS else FACE
                found.append((node.lineno, room))
    return found


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
    assert not forbidden("cli", FACE)
    assert not forbidden("evaluation", "evaluation")
    assert not forbidden("ensembles", "core")
