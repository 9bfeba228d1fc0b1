"""LAWT's params.pkl, read without running anything that is in it.

A pickle is a program for a small stack machine. The standard unpickler runs all of it, and needs
care to be made safe; settings need so little of it that a machine without the rest is shorter. It
makes no object of any class: of argparse.Namespace it keeps the attributes.
"""

import pickletools
from pathlib import Path
from typing import Any

from ...core import InputError

LARGEST_FILE = 100_000
"""Bytes; LAWT's own have 2,000."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_PLAIN = frozenset(
    ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE")
)
_GET, _PUT = ("BINGET", "LONG_BINGET"), ("BINPUT", "LONG_BINPUT")
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_params(file: Path) -> dict[str, Any]:
    """The settings in a params.pkl by name: plain values, or lists, tuples and dicts of them.

    Raises `InputError` for a file that holds an object of another class than argparse.Namespace
    (which is not even looked up), that is damaged, or that is too large to be settings.
    """
    if not file.is_file():
        raise InputError(f"{file} does not exist; give the folder that a LAWT run wrote")
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise InputError(
            f"{file} has {size:,} bytes; the settings of a LAWT run have about 2,000, so it is "
            "something else"
        )
    return _Machine(file).run(file.read_bytes())


class _Mark:
    """Where the items of a list, tuple or dict begin on the stack."""


class _Class:
    """argparse.Namespace, before there is an object."""


class _Namespace:
    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}


class _Machine:
    """The part of the pickle machine that settings need (protocols 2 to 5)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, content: bytes) -> dict[str, Any]:
        try:
            for opcode, argument, _ in pickletools.genops(content):
                self._step(opcode.name, argument)
            (found,) = self._stack
        except InputError:
            raise
        except (ValueError, IndexError, KeyError, TypeError):  # what broken pickles lead to
            raise InputError(f"{self._file} is not a pickle, or is damaged") from None
        if not isinstance(found, _Namespace):
            raise InputError(
                f"{self._file} holds a {type(found).__name__}, not the argparse.Namespace of a "
                "LAWT run"
            )
        return found.attributes

    def _step(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in ("PROTO", "FRAME", "STOP"):
            return
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _PLAIN:
            stack.append(argument)
        elif name in _GET:
            stack.append(self._memo[argument])
        elif name in _PUT:
            self._memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name == "MARK":
            stack.append(_Mark())
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name in _TUPLES:
            stack.append(self._items([stack.pop() for _ in range(_TUPLES[name])][::-1]))
        elif name == "TUPLE":
            stack.append(self._items(self._marked()))
        elif name in ("APPEND", "APPENDS"):
            items = self._marked() if name == "APPENDS" else [stack.pop()]
            self._top(list).extend(self._items(items))
        elif name in ("SETITEM", "SETITEMS"):
            items = self._marked() if name == "SETITEMS" else [stack.pop() for _ in range(2)][::-1]
            self._set(self._top(dict), items)
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self._find_class(argument if name == "GLOBAL" else None)
        elif name in ("NEWOBJ", "REDUCE"):
            arguments, made = stack.pop(), stack.pop()
            if arguments != () or not isinstance(made, _Class):
                raise TypeError
            stack.append(_Namespace())
        elif name == "BUILD":
            attributes = stack.pop()
            self._set_attributes(self._top(_Namespace), attributes)
        else:
            raise InputError(
                f"{self._file} uses the pickle instruction {name}, which the settings of a LAWT "
                "run do not need; it is not read"
            )

    def _top(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise TypeError
        return self._stack[-1]

    def _marked(self) -> list[Any]:
        """Pop what lies above the last mark, and the mark."""
        items = []
        while not isinstance(item := self._stack.pop(), _Mark):
            items.append(item)
        return items[::-1]

    def _items(self, items: list[Any]) -> tuple[Any, ...]:
        # Without nesting, no file is more work than its length.
        for item in items:
            if not _is_plain(item):
                raise InputError(
                    f"{self._file} holds a {_name(item)} within a list, tuple or dict; the "
                    "settings of a LAWT run are plain values and lists of them"
                )
        return tuple(items)

    def _set(self, values: dict[str, Any], items: list[Any]) -> None:
        if len(items) % 2 or not all(type(key) is str for key in items[::2]):
            raise TypeError
        # Attributes, which this dict may become, can be lists; whether they are plain is seen then.
        values.update(zip(items[::2], items[1::2], strict=True))

    def _set_attributes(self, made: _Namespace, attributes: Any) -> None:
        if type(attributes) is not dict:
            raise TypeError
        for value in attributes.values():
            if isinstance(value, dict):
                self._items(list(value.values()))
            elif not isinstance(value, list | tuple):
                self._items([value])
        made.attributes.update(attributes)

    def _find_class(self, text: str | None) -> None:
        if text is None:
            name, module = self._stack.pop(), self._stack.pop()
            if type(name) is not str or type(module) is not str:
                raise TypeError
        else:
            module, _, name = text.partition(" ")
        if (module, name) != ("argparse", "Namespace"):
            raise InputError(
                f"{self._file} holds an object of the class {module}.{name}, which is not loaded: "
                "only argparse.Namespace and plain values are, as others can run code"
            )
        self._stack.append(_Class())


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in (bool, int, float, str)


def _name(value: Any) -> str:
    return "Namespace" if isinstance(value, _Namespace | _Class) else type(value).__name__
