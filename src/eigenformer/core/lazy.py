"""Names that are imported when they are first asked for, so that lists and help need no torch."""

import ast
import sys
from importlib import import_module, util
from pathlib import Path
from types import ModuleType


def lazy(module: str) -> None:
    """Let `module` have the names that its `if TYPE_CHECKING:` block imports, once it is asked.

    Called at its end with `__name__`. To other modules, type checkers and annotations in quotes it
    is as if they were imported; its own functions import what they use.
    """
    this = sys.modules[module]
    assert this.__file__ is not None
    this.__dict__["_homes"] = _homes(Path(this.__file__), this.__package__ or "")
    this.__class__ = _Lazy


class _Lazy(ModuleType):
    def __getattr__(self, name: str) -> object:
        home = self.__dict__["_homes"].get(name)
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = self.__dict__[name] = getattr(import_module(home[0]), home[1])
        return value

    def __setattr__(self, name: str, value: object) -> None:
        # Importing `zoo.load` sets the module as an attribute of `zoo`, whose `load` is a function.
        if not (isinstance(value, ModuleType) and name in self.__dict__["_homes"]):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self.__dict__["_homes"]} - {"_homes"})


def _homes(file: Path, package: str) -> dict[str, tuple[str, str]]:
    """Module and name there of each name that is imported for type checkers."""
    return {
        alias.asname or alias.name: (
            util.resolve_name("." * node.level + (node.module or ""), package),
            alias.name,
        )
        for block in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
