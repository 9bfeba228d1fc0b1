"""Named classes that user code can add to: ensembles, problems, encodings, models, recipes."""

import dataclasses
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from .errors import InputError, unknown

T = TypeVar("T")
PLUGIN_GROUP = "eigenformer.plugins"
PLUGIN_FILES = "EIGENFORMER_PLUGINS"
"""Variable of the environment that lists files of plugins, so that child processes know them."""
_plugins_loaded = False


def load_plugins() -> None:
    """Import every plugin once, installed or a file; it registers its classes when imported."""
    global _plugins_loaded
    if not _plugins_loaded:
        _plugins_loaded = True
        for entry in entry_points(group=PLUGIN_GROUP):
            try:
                entry.load()
            except Exception as error:  # somebody else's code: without it, the rest still works
                print(
                    f"eigenformer: the plug-in {entry.name} ({entry.value}) cannot be imported, "
                    f"{_said(error)}; mend or uninstall it",
                    file=sys.stderr,
                )
    for file in map(Path, filter(None, os.environ.get(PLUGIN_FILES, "").split(os.pathsep))):
        loaded = sys.modules.get(file.stem)
        if loaded is None or getattr(loaded, "__file__", None) != str(file):
            _import_file(file)


def add_plugin_file(file: Path) -> None:
    """Make a Python file a plugin of this process and of those that it starts."""
    if file.suffix != ".py" or not file.is_file():
        raise InputError(f"--plugin is {str(file)!r}; give a Python file that exists")
    known = os.environ.get(PLUGIN_FILES)
    os.environ[PLUGIN_FILES] = os.pathsep.join(filter(None, (known, str(file.resolve()))))


def _import_file(file: Path) -> None:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None  # of a file that ends in .py
    sys.modules[file.stem] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except InputError:
        raise
    except Exception as error:  # somebody else's code
        del sys.modules[file.stem]
        raise InputError(
            f"the plug-in {file} cannot be imported, {_said(error)}; mend it"
        ) from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


class Registry(Generic[T]):
    """Maps names to the classes (or functions) of one kind, and back."""

    def __init__(self, kind: str, homes: Sequence[str] = ()) -> None:
        """`homes` are modules that register what comes along, imported when it is needed."""
        self.kind = kind
        self._homes = tuple(homes)
        self._by_name: dict[str, Callable[..., T]] = {}
        self._aliases: dict[str, str] = {}

    def register(self, name: str, item: Callable[..., T]) -> Callable[..., T]:
        """Make `item` known as `name` everywhere, the command line included."""
        if name in self._by_name and self._by_name[name] is not item:
            raise InputError(f"{self.kind} {name!r} is already registered; choose another name")
        self._by_name[name] = item
        return item

    def alias(self, name: str, of: str) -> None:
        """Let `name` stand for what is registered as `of`, where the field has two names."""
        self._aliases[name.replace("_", "-")] = of

    def names(self) -> tuple[str, ...]:
        self._fill()
        return tuple(self._by_name)

    def item(self, name: str) -> Callable[..., T]:
        """The class or function registered as `name`, or as what it stands for."""
        if name not in self._by_name:
            self._fill()
            name = self._known(name)
        if name not in self._by_name:
            error = unknown(self.kind, name, self._by_name)
            near = "did you mean" in str(error)
            raise error if near else InputError(f"{error} (--plugin FILE adds those of a file)")
        return self._by_name[name]

    def _known(self, name: str) -> str:
        """The registered name that `name` means: an alias, or one with other hyphens."""
        plain = name.replace("_", "-")
        meant = [known for known in self._by_name if known.replace("_", "-") == plain]
        return self._aliases.get(plain, meant[0] if len(meant) == 1 else name)

    def _fill(self) -> None:
        for home in self._homes:
            importlib.import_module(home)
        load_plugins()

    def name_of(self, obj: T) -> str:
        """The name under which the class of `obj` is registered."""
        for name, item in self._by_name.items():
            if item is type(obj):
                return name
        raise InputError(
            f"{type(obj).__name__} is not a registered {self.kind}; call register first"
        )

    def get(self, name: str, **options: Any) -> T:
        """Build the object called `name`; `options` are its fields."""
        item = self.item(name)
        if dataclasses.is_dataclass(item):
            fields = [field.name for field in dataclasses.fields(item) if field.init]
            for option in options:
                if option not in fields:
                    raise unknown(f"option of {self.kind} {name!r}", option, fields)
        return item(**options)
