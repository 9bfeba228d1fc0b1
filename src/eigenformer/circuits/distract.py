"""Heads and ReLUs that work for nothing: beside a network's own, in rows that no answer reads."""

from dataclasses import replace

import numpy as np

from ..construct.blocks import Layout, Move, Rows
from ..construct.parts import Head, Layer, Unit
from ..construct.scalar import POSITIVE
from ..construct.spec import Spec, Stage

DISTRACTORS = ("distractor", "distractor2")
"""The blocks that they write: the first from the network's own rows, the second from both."""
_ROWS = 2
_HEAD, _UNITS = 0.7, 0.35
"""How likely a layer gets a head, and ReLUs where it has none."""


def with_distractors(spec: Spec, rng: np.random.Generator) -> Spec:
    """The same network with components outside of its circuit, at least two.

    They read what the network computes, in every layer anew, and some of them one another; no
    component of the network reads them. Layers are no longer shared, as each gets its own.
    """
    layout = Layout(
        (*spec.layout.names, *DISTRACTORS), (*spec.layout.counts, *(_ROWS for _ in DISTRACTORS))
    )
    layers = [_widened(layer, layout.width) for layer in spec.layers]
    forced = {int(i) for i in rng.integers(len(layers), size=2)}
    found = []
    for number, layer in enumerate(layers):
        heads, units = list(layer.heads), layer.units
        for _ in range((number in forced) + (rng.random() < _HEAD)):
            heads.insert(int(rng.integers(len(heads) + 1)), _head(layout, rng))
        if not units and rng.random() < _UNITS:
            units = tuple(_unit(layout, rng) for _ in range(_ROWS))
        found.append(replace(layer, heads=tuple(heads), units=units))
    if len(layers) == 1 and len(found[0].heads) == len(layers[0].heads) + 1:
        found[0] = replace(found[0], heads=(*found[0].heads, _head(layout, rng)))
    return replace(spec, layout=layout, stages=(Stage(layers=tuple(found)),))


def _widened(layer: Layer, width: int) -> Layer:
    def wide(vector: np.ndarray) -> np.ndarray:
        return np.pad(vector, (0, width - len(vector)))

    units = (replace(unit, read=wide(unit.read), write=wide(unit.write)) for unit in layer.units)
    return replace(layer, units=tuple(units))


def _head(layout: Layout, rng: np.random.Generator) -> Head:
    """A triple product of mixtures of rows."""
    first, second = (layout[name] for name in DISTRACTORS)
    chained = rng.random() < 0.5
    into, own = (second, (*layout.items(),)[:-1]) if chained else (first, (*layout.items(),)[:-2])
    sources = [rows for _, rows in own]
    value = first if chained else sources[int(rng.integers(len(sources)))]
    key, query = (sources[int(i)] for i in rng.integers(len(sources), size=2))
    inner = Rows(0, _ROWS)
    return Head(
        value=(_mixture(into, value, rng),),
        key=(_mixture(inner, key, rng),),
        query=(_mixture(inner, query, rng),),
    )


def _mixture(into: Rows, source: Rows, rng: np.random.Generator) -> Move:
    return Move(into, source, rng.standard_normal((into.count, source.count)) / source.count)


def _unit(layout: Layout, rng: np.random.Generator) -> Unit:
    read = np.zeros(layout.width)
    write = np.zeros(layout.width)
    second = layout[DISTRACTORS[1]]
    read[: second.start] = rng.standard_normal(second.start) / second.start
    write[second.slice] = rng.standard_normal(second.count)
    return Unit(read=read, function=POSITIVE, write=write)
