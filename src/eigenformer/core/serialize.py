"""Configs to and from JSON, strictly; files of which a crash leaves the old or the new one."""

import dataclasses
import enum
import functools
import hashlib
import json
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from .errors import InputError, unknown

T = TypeVar("T")


def type_hints(kind: type) -> dict[str, Any]:
    """`typing.get_type_hints`, whose evaluation of annotations takes long, once a class."""
    return _type_hints(kind)


_type_hints = functools.cache(typing.get_type_hints)


_BEFORE = "before"


def added(default: T, before: T) -> T:
    """A field that files from before it lack, which then means `before`; new ones have `default`.

    `before` is not written, so that what was made without the field keeps its JSON and its hash.
    """
    field: T = dataclasses.field(default=default, metadata={_BEFORE: before})
    return field


def to_json(value: Any) -> Any:
    """The JSON form of a config: dataclasses become objects.

    A class that a registry knows also carries its `"name"`, so that `from_json` can find it again.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: to_json(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if f.init and not (f.metadata and getattr(value, f.name) == f.metadata.get(_BEFORE))
        }
        registry = getattr(value, "registry", None)
        return fields if registry is None else {"name": registry.name_of(value), **fields}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a config cannot hold {type(value).__name__}")


def from_json(kind: type[T], data: Any, where: str = "config") -> T:
    """The value of type `kind` that `to_json` turned into `data`.

    Unknown or missing keys are errors.
    """
    return typing.cast(T, _read(kind, data, where))


def completed(kind: Any, data: Any) -> Any:
    """`data` with what it leaves out as the defaults of the classes that `from_json` would read.

    For files that people write, in formats without a null; not for what programs keep.
    """
    if get_origin(kind) in (typing.Union, types.UnionType) and isinstance(data, dict):
        kind = next((one for one in get_args(kind) if _is_class(one)), kind)
    if get_origin(kind) is tuple and isinstance(data, list):
        return [completed(get_args(kind)[0], item) for item in data]
    if not isinstance(data, dict) or not _is_class(kind):
        return data
    registry = getattr(kind, "registry", None)
    if registry is not None:
        if not isinstance(data.get("name"), str):
            return data
        kind = registry.item(data["name"])
    hints = type_hints(kind)
    found = {key: completed(hints.get(key), value) for key, value in data.items()}
    for field in dataclasses.fields(kind):
        if field.init and field.name not in data and _BEFORE not in field.metadata:
            if field.default is not dataclasses.MISSING:
                found[field.name] = to_json(field.default)
            elif field.default_factory is not dataclasses.MISSING:
                found[field.name] = to_json(field.default_factory())
    return found


def with_fields(config: T, changes: Mapping[str, Any]) -> T:
    """`config`, an instance of a dataclass, with other values of fields, nested ones with dots.

    Such as {"optimizer.rate": 1e-3}. An unknown field, or a value of another kind, is an
    `InputError`.
    """
    data = to_json(config)
    for path, value in changes.items():
        *parents, last = path.split(".")
        at = data
        for name in parents:
            inner = dict(zip(map(str, range(len(at))), at, strict=True)) if type(at) is list else at
            if not isinstance(inner.get(name), (dict, list)):
                raise unknown(f"part of {path}:", name, inner)
            at = inner[name]
        if not isinstance(at, dict) or last not in at:
            raise unknown(f"part of {path}:", last, at)
        at[last] = to_json(value)
    return from_json(type(config), data, "the configuration")


def _is_class(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) or getattr(kind, "registry", None) is not None


def _read(kind: Any, data: Any, where: str) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        return _read_union(args, data, where)
    if origin is typing.Literal:
        if data not in args:
            raise unknown(f"value of {where}", str(data), map(str, args))
        return data
    if origin is tuple:
        _expect(isinstance(data, list), kind, data, where)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_read(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        _expect(len(data) == len(args), kind, data, where)
        return tuple(
            _read(arg, item, f"{where}[{i}]")
            for i, (arg, item) in enumerate(zip(args, data, strict=True))
        )
    if origin is dict:
        _expect(isinstance(data, dict), kind, data, where)
        return {key: _read(args[1], item, f"{where}.{key}") for key, item in data.items()}
    if dataclasses.is_dataclass(kind) or getattr(kind, "registry", None) is not None:
        return _read_dataclass(kind, data, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        values = [member.value for member in kind]
        if data not in values:
            raise unknown(f"value of {where}", str(data), map(str, values))
        return kind(data)
    if kind is float:
        _expect(isinstance(data, (int, float)) and not isinstance(data, bool), kind, data, where)
        return float(data)
    if kind is type(None):
        _expect(data is None, kind, data, where)
        return None
    _expect(type(data) is kind, kind, data, where)
    return data


def _read_union(args: tuple[Any, ...], data: Any, where: str) -> Any:
    # Texts, not errors: those hold on to the frames that they passed through, and what is in them.
    found, errors = [], []
    for arg in args:
        try:
            found.append(_read(arg, data, where))
        except InputError as error:
            errors.append(str(error))
    if not found:
        raise InputError(
            errors[0]
        )  # The first alternative is the usual one: `int | None` wants an int.
    classes = {type(value).__name__ for value in found if dataclasses.is_dataclass(value)}
    if len(classes) > 1:
        raise TypeError(
            f"{where} could be any of {sorted(classes)}: alternatives with the same fields need a "
            "registry, so that their name is written too"
        )
    return found[0]


def _read_dataclass(kind: Any, data: Any, where: str) -> Any:
    _expect(isinstance(data, dict), kind, data, where)
    data = dict(data)
    registry = getattr(kind, "registry", None)
    if registry is not None:
        if "name" not in data:
            raise InputError(f"{where} has no 'name'; known are {', '.join(registry.names())}")
        _expect(isinstance(data["name"], str), str, data["name"], f"{where}.name")
        kind = registry.item(data.pop("name"))
    hints = type_hints(kind)
    fields = {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}
    later = {f.name: f.metadata[_BEFORE] for f in dataclasses.fields(kind) if _BEFORE in f.metadata}
    data = later | data
    for key in data:
        if key not in fields:
            raise unknown(f"key of {where}", key, fields)
    for key in fields:
        if key not in data:
            raise InputError(f"{where} has no {key!r}: add it, or use the version that wrote it")
    return kind(**{key: _read(hint, data[key], f"{where}.{key}") for key, hint in fields.items()})


def _expect(condition: bool, kind: Any, data: Any, where: str) -> None:
    if not condition:
        name = getattr(kind, "__name__", str(kind))
        raise InputError(f"{where} is {data!r}; it should be a {name}")


def content_hash(data: Any) -> str:
    """Twelve hexadecimal digits that identify a JSON value.

    Equal values have equal hashes, whatever the order of keys and whether 1 or 1.0 was written.
    """
    try:
        text = json.dumps(_canonical(data), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError:  # Python reads NaN, and 1e999 as infinite
        raise InputError("a number is nan or infinite, which JSON does not have") from None
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _canonical(data: Any) -> Any:
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, list):
        return [_canonical(item) for item in data]
    if isinstance(data, dict):
        return {key: _canonical(item) for key, item in data.items()}
    return data


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` so that after a crash `path` holds the old or the new bytes, never half."""
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)  # Left only by a failure; on a full disk it is in the way.
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def save_json(path: Path, data: Any) -> None:
    """Write `data` as indented JSON, atomically."""
    write_atomically(path, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())


def load_json(path: Path) -> Any:
    """Read JSON; a missing file, broken syntax or a key given twice is an `InputError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file, so it cannot be JSON") from None
    return parse_json(text, str(path))


def parse_json(text: str, where: str) -> Any:
    """The value that a JSON text holds; anything else is an `InputError` that names `where`."""

    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise InputError(f"{where} gives the key {key!r} twice; keep one")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=without_duplicates)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where} is not valid JSON (line {error.lineno}: {error.msg}); "
            "the file is damaged or was cut short"
        ) from None
    except InputError:  # a ValueError too
        raise
    except ValueError:  # Python converts no integer of more than 4300 digits
        raise InputError(f"{where} holds a number with thousands of digits; shorten it") from None
    except RecursionError:
        raise InputError(f"{where} holds lists inside one another, thousands deep") from None


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
