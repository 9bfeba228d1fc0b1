"""Named classes that user code can add to: ensembles, problems, encodings, recipes."""

import dataclasses
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from .errors import InputError, unknown

T = TypeVar("T")
PLUGIN_GROUP = "eigenformer.plugins"
_plugins_loaded = False


def load_plugins() -> None:
    """Import every installed plugin once; a plugin registers its classes when it is imported."""
    global _plugins_loaded
    if not _plugins_loaded:
        _plugins_loaded = True
        for entry in entry_points(group=PLUGIN_GROUP):
            entry.load()


class Registry(Generic[T]):
    """Maps names to the classes (or functions) of one kind, and back."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._by_name: dict[str, Callable[..., T]] = {}

    def register(self, name: str, item: Callable[..., T]) -> Callable[..., T]:
        """Make `item` known as `name` everywhere, the command line included."""
        if name in self._by_name and self._by_name[name] is not item:
            raise InputError(f"{self.kind} {name!r} is already registered; choose another name")
        self._by_name[name] = item
        return item

    def names(self) -> tuple[str, ...]:
        load_plugins()
        return tuple(self._by_name)

    def item(self, name: str) -> Callable[..., T]:
        """The class or function registered as `name`."""
        if name not in self._by_name:
            load_plugins()
        if name not in self._by_name:
            raise unknown(self.kind, name, self._by_name)
        return self._by_name[name]

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
