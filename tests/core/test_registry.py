"""Registries: names to classes and back, helpful when the name is wrong."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from eigenformer.core import InputError, Registry, unknown


@dataclass(frozen=True, kw_only=True)
class Shape:
    registry: ClassVar["Registry[Shape]"] = Registry("shape")


@dataclass(frozen=True, kw_only=True)
class Circle(Shape):
    radius: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Square(Shape):
    side: float = 1.0


Shape.registry.register("circle", Circle)
Shape.registry.register("square", Square)


def test_get_builds_and_name_of_goes_back() -> None:
    circle = Shape.registry.get("circle", radius=2.0)
    assert circle == Circle(radius=2.0)
    assert Shape.registry.name_of(circle) == "circle"
    assert Shape.registry.item("square") is Square
    assert Shape.registry.names() == ("circle", "square")


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(InputError) as error:
        Shape.registry.get("circel")
    assert str(error.value) == (
        "unknown shape 'circel': did you mean 'circle'? known are circle, square"
    )


def test_nothing_near_brings_all() -> None:
    assert str(unknown("shape", "zzz", ["circle"])) == "unknown shape 'zzz': known are circle"
    assert str(unknown("shape", "zzz", [])) == "unknown shape 'zzz': known are none"


def test_an_unknown_option_brings_the_nearest() -> None:
    with pytest.raises(
        InputError, match="unknown option of shape 'circle' 'radus': did you mean 'radius'"
    ):
        Shape.registry.get("circle", radus=2.0)


def test_only_fields_are_options() -> None:
    with pytest.raises(InputError, match=r"known are radius$"):
        Shape.registry.get("circle", registry=None)


def test_a_name_belongs_to_one_class() -> None:
    Shape.registry.register("circle", Circle)
    with pytest.raises(InputError, match="already registered"):
        Shape.registry.register("circle", Square)


def test_a_class_that_nobody_registered_has_no_name() -> None:
    with pytest.raises(InputError, match="Shape is not a registered shape"):
        Shape.registry.name_of(Shape())


def test_a_factory_can_be_registered() -> None:
    registry: Registry[Circle] = Registry("circle")
    registry.register("unit", lambda: Circle(radius=1.0))
    assert registry.get("unit") == Circle(radius=1.0)
