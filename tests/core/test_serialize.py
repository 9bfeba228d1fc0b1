"""Configs as JSON: what is written comes back equal, and nothing else is read."""

import enum
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.core import (
    InputError,
    Registry,
    content_hash,
    from_json,
    load_json,
    save_json,
    to_json,
)
from eigenformer.core.serialize import checksum, write_atomically


@dataclass(frozen=True, kw_only=True)
class Animal:
    registry: ClassVar["Registry[Animal]"] = Registry("animal")


@dataclass(frozen=True, kw_only=True)
class Cat(Animal):
    lives: int = 9


@dataclass(frozen=True, kw_only=True)
class Dog(Animal):
    lives: int = 1


Animal.registry.register("cat", Cat)
Animal.registry.register("dog", Dog)


@dataclass(frozen=True, kw_only=True)
class Constant:
    rate: float


@dataclass(frozen=True, kw_only=True)
class Cosine:
    rate: float
    floor: float


@dataclass(frozen=True, kw_only=True)
class Config:
    name: str
    mode: Literal["a", "b"] = "a"
    scale: float | tuple[float, float] = 10.0
    limit: int | None = None
    sizes: tuple[int, ...] = ()
    schedule: Constant | Cosine = field(default_factory=lambda: Constant(rate=0.1))
    pet: Animal = field(default_factory=Cat)
    pets: tuple[Animal, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    flag: bool = False


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ANIMALS = st.one_of(st.builds(Cat, lives=st.integers()), st.builds(Dog, lives=st.integers()))
CONFIGS = st.builds(
    Config,
    name=st.text(),
    mode=st.sampled_from(["a", "b"]),
    scale=NUMBERS | st.tuples(NUMBERS, NUMBERS),
    limit=st.none() | st.integers(),
    sizes=st.lists(st.integers(), max_size=3).map(tuple),
    schedule=st.builds(Constant, rate=NUMBERS) | st.builds(Cosine, rate=NUMBERS, floor=NUMBERS),
    pet=ANIMALS,
    pets=st.lists(ANIMALS, max_size=3).map(tuple),
    weights=st.dictionaries(st.text(), NUMBERS, max_size=3),
    flag=st.booleans(),
)


@given(CONFIGS)
def test_round_trip(config: Config) -> None:
    data = json.loads(json.dumps(to_json(config)))
    back = from_json(Config, data)
    assert back == config
    assert content_hash(to_json(back)) == content_hash(data)


def test_a_registered_class_carries_its_name() -> None:
    assert to_json(Cat()) == {"name": "cat", "lives": 9}
    assert from_json(Animal, {"name": "dog", "lives": 3}) == Dog(lives=3)


def changed(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = to_json(Config(name="x"))
    return {**data, **changes}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(limt=3), "unknown key of config 'limt': did you mean 'limit'"),
        ({"name": "x"}, "config has no 'mode'"),
        (changed(mode="c"), "unknown value of config.mode 'c'"),
        (changed(limit="3"), "config.limit is '3'"),
        (changed(limit=True), "config.limit is True"),
        (changed(flag=1), "config.flag is 1; it should be a bool"),
        (changed(name=None), "config.name is None; it should be a str"),
        (changed(sizes=[1, 2.5]), r"config.sizes\[1\] is 2.5; it should be a int"),
        (changed(scale="10"), "config.scale is '10'"),
        (changed(scale=[1.0]), r"config.scale is \[1.0\]"),
        (changed(pet={"lives": 9}), "config.pet has no 'name'; known are cat, dog"),
        (changed(pet={"name": "cow", "lives": 9}), "unknown animal 'cow'"),
        (changed(pet={"name": "cat"}), "config.pet has no 'lives'"),
        (changed(schedule={"rate": 1.0, "roof": 2.0}), "config.schedule"),
        (["x"], "config is"),
        (None, "config is None"),
    ],
)
def test_anything_else_is_refused(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_json(Config, data)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        to_json({"a": object()})


class Colour(enum.Enum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Paint:
    colour: Colour = Colour.RED


def test_enumerations_come_back() -> None:
    assert from_json(Paint, to_json(Paint())) == Paint()


@dataclass(frozen=True, kw_only=True)
class Adam:
    rate: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Muon:
    rate: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Training:
    optimizer: Adam | Muon


def test_alternatives_with_the_same_fields_are_not_mixed_up() -> None:
    # What was written could be either; reading it as the wrong one would be silent.
    with pytest.raises(TypeError, match=r"\['Adam', 'Muon'\].*need a registry"):
        from_json(Training, to_json(Training(optimizer=Muon())))


def test_an_integer_given_for_a_float_has_the_same_hash() -> None:
    # Runs are recognised by the hash of their config, before and after it went through a file.
    written = to_json(Constant(rate=1))
    read = to_json(from_json(Constant, written))
    assert content_hash(written) == content_hash(read)


def test_a_field_that_is_not_given_but_computed_does_not_hinder() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Computed:
        a: int = 1
        b: int = field(default=2, init=False)

    assert from_json(Computed, to_json(Computed(a=3))) == Computed(a=3)


def test_the_hash_ignores_order_and_sees_values() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": 2})


@pytest.mark.parametrize("number", ["NaN", "1e999"])
def test_what_json_does_not_have_has_no_hash(number: str) -> None:
    with pytest.raises(InputError, match="nan or infinite"):
        content_hash(json.loads(f'{{"a": [{number}]}}'))
    assert len(content_hash({})) == 12


def test_files_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    save_json(path, {"ü": [1, 2.5, None]})
    assert load_json(path) == {"ü": [1, 2.5, None]}
    assert checksum(path) == checksum(path)
    assert [p.name for p in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1, "a": 2}', "gives the key 'a' twice"),
        (b'{"b": {"a": 1, "a": 1}}', "gives the key 'a' twice"),
        (b'{"a": 1', "not valid JSON"),
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not a text file"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_json(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_json(tmp_path / "config.json")


def test_not_a_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        save_json(tmp_path / "a.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "weights"
    write_atomically(path, b"old")

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    # A half-written file on a full disk is space that the user looks for.
    assert [p.name for p in tmp_path.iterdir()] == ["weights"]
