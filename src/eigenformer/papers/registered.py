"""The rule of a claim as a hash: its text, the code that decides it, and the runs that it judges.

Of the code counts what the deciding function uses within this room, without comments, docstrings
and layout; what only tells costs or the history does not.
"""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.util import resolve_name
from types import ModuleType
from typing import Any, Final

from ..core import content_hash
from ..runs.experiment import Scale
from .claims import Claim
from .study import Analysis, Study

_ROOM = __package__ or ""
_TELLING = frozenset({"would_decide", "setting_of", "of_full_size", "history"})
_SCALE: Final[Scale] = "laptop"
"""The scale whose runs count: the one that has records. Those of all are in tests/papers."""


def rule_of(claim: Claim, studies: Mapping[str, Study]) -> str:
    """The hash of a claim's rule."""
    bearing = [studies[name] for name in claim.studies if name in studies]
    deciding: list[Callable[..., Any]] = (
        [claim.decide]
        if claim.decide is not None
        else [study.analyse for study in bearing if isinstance(study, Analysis)]
    )
    runs = {
        study.name: [study.identity(_SCALE)]
        if isinstance(study, Analysis)
        else [run.identity for run in study.planned(_SCALE)]
        for study in bearing
        if _SCALE in study.scales
    }
    return content_hash(
        {
            "claim": [claim.text, claim.figures, *claim.studies],
            "code": dict(sorted(_code(deciding).items())),
            "runs": runs,
        }
    )


def _code(functions: Iterable[Callable[..., Any]]) -> dict[str, str]:
    """All that functions use within the room, by module and name."""
    found: dict[str, str] = {}
    left = [_place(function) for function in functions]
    while left:
        module, name = left.pop()
        key = f"{module}.{name}"
        if key in found or name in _TELLING or not module.startswith(_ROOM):
            continue
        definitions, imports = _names(module)
        if name in imports:
            left.append(imports[name])
        elif name in definitions:
            node = definitions[name]
            found[key] = ast.unparse(node)
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            left += [(module, one) for one in sorted(used)]
    return found


def _place(function: Callable[..., Any]) -> tuple[str, str]:
    function = getattr(function, "func", function)  # of a partial
    return function.__module__, function.__qualname__.split(".")[0]


@cache
def _names(module: str) -> tuple[dict[str, ast.stmt], dict[str, tuple[str, str]]]:
    """What a module defines at its top, without docstrings, and what it imports from the room."""
    loaded: ModuleType = importlib.import_module(module)
    package = loaded.__package__ or ""
    definitions: dict[str, ast.stmt] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in _Bare().visit(ast.parse(inspect.getsource(loaded))).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for one in ast.walk(target):
                    if isinstance(one, ast.Name):
                        definitions[one.id] = node
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                imports[alias.asname or alias.name] = (source, alias.name)
    return definitions, imports


class _Bare(ast.NodeTransformer):
    """Docstrings, of attributes too, out."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        docstring = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return ast.Pass() if docstring else node
