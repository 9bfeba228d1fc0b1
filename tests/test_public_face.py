"""`import eigenformer as ef`: light, and the same names for Python, type checkers and `dir`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import eigenformer as ef


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, eigenformer; print({'torch', 'numpy', 'tyro', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_type_checkers_see_the_same_names() -> None:
    assert ef.__file__ is not None
    tree = ast.parse(Path(ef.__file__).read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    homes: dict[str, str | None] = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            home = node.module.split(".")[0] if node.module else None
            homes |= {alias.asname or "": home for alias in node.names}
    assert homes == {**dict.fromkeys(ef._ROOMS), **ef._HOME}  # type: ignore[attr-defined]
    assert dir(ef) == sorted([*homes, "__version__"])


@pytest.mark.parametrize("name", dir(ef))
def test_every_name_exists(name: str) -> None:
    assert getattr(ef, name) is not None


def test_the_function_evaluate_is_not_the_room_evaluation() -> None:
    assert callable(ef.evaluate)
    assert not callable(ef.evaluation)


def test_a_misspelt_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="numpy_solvr"):
        ef.numpy_solvr  # type: ignore[attr-defined] # noqa: B018
