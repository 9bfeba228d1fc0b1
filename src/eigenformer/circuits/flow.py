"""The truth of a constructed network, read off its weights: who reads what, row by row.

No network is run. The output of each component is taken for a stranger: it may be anything in the
rows that it writes. Rows of the state are then sums of strangers, with known factors, as long as
what handles them is linear: the identity head that copies, an exact z of the ReLU network, a linear
map. So a value that is taken away again, to clear its rows, cancels. What anything else makes of a
stranger (a product, a ReLU) is a new stranger that depends on it. A component is inside the circuit
if the answer contains a stranger of its own, or one that depends on it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from ..construct.allocate import Allocation
from ..construct.blocks import Layout, Move, dense
from ..construct.parts import Head, Layer, Unit
from ..construct.scalar import IDENTITY, Mask
from ..construct.spec import Spec
from ..construct.summary import summarise
from ..core import InputError
from .truth import ANSWER, BlockRows, Component, Kind, Truth

# Shapes: w rows of the state (its width), s strangers.

_ZERO = 1e-12
"""Below that a factor is what rounding left of one that cancelled."""


@dataclass(eq=False, kw_only=True)
class _Part:
    """A component, and which rows of the state it makes of which."""

    layer: int
    kind: Kind
    index: int
    linear: Float64[np.ndarray, "w w"]
    """It adds this, times the state it reads, ..."""
    opaque: Bool[np.ndarray, "w w"]
    """... and something that depends on these rows."""
    first: int = 0
    """Its strangers are numbered from here, one for each row that it writes."""
    seen: Bool[np.ndarray, "w s"] | None = None
    """The strangers in each row of what it reads."""

    @property
    def uses(self) -> Bool[np.ndarray, "w w"]:
        return np.asarray((self.linear != 0) | self.opaque)

    @property
    def written(self) -> np.ndarray:
        rows: np.ndarray = np.flatnonzero(self.uses.any(axis=1))
        return rows


def truth_of(name: str, seed: int, spec: Spec, allocation: Allocation | None = None) -> Truth:
    """The truth of a network built from `spec`; an `allocation` names what its blocks hold.

    An `InputError` for a network with layers that normalise rows: what they make is no sum.
    """
    if any(layer.normalised for layer in spec.layers):
        raise InputError(f"{spec.name} normalises rows of its state; give a network that does not")
    parts = list(_parts(spec))
    first = spec.layout.width  # of what is there before the first layer, a stranger a row
    for part in parts:
        part.first = first
        first += len(part.written)
    state = _pass(parts, spec.layout.width, first)
    answer = _answer_rows(spec)
    parents = np.zeros((first, first), dtype=bool)
    varies = np.zeros(first, dtype=bool)
    varies[[row for port in spec.inputs for row in _rows(spec, port.block)]] = True
    for part in parts:
        assert part.seen is not None
        for number, row in enumerate(part.written, start=part.first):
            parents[number] = part.seen[part.opaque[row]].any(axis=0)
            varies[number] = (part.seen[part.uses[row]] & varies).any()
    live = (np.abs(state[answer]) > _ZERO).any(axis=0)
    for number in reversed(range(first)):
        if live[number]:
            live |= parents[number]
    words, makes = _words(spec), _made(spec, allocation)
    components = []
    for part in parts:
        rows = part.written
        own = slice(part.first, part.first + len(rows))
        components.append(
            Component(
                layer=part.layer,
                kind=part.kind,
                index=part.index,
                does=words[part.layer].get((part.kind, part.index), "nothing"),
                makes=tuple(dict.fromkeys(n for r in rows for n in makes.get((part.layer, r), ()))),
                reads=_named(spec.layout, np.flatnonzero(part.uses.any(axis=0))),
                writes=_named(spec.layout, rows),
                inside=bool(live[own].any()),
                constant=not varies[own].any(),
            )
        )
    return Truth(
        circuit=name,
        seed=seed,
        answer=_named(spec.layout, np.array(answer)),
        components=tuple(components),
        edges=frozenset(_edges(parts, components, live, np.abs(state) > _ZERO, answer)),
    )


def _pass(parts: list[_Part], width: int, count: int) -> Float64[np.ndarray, "w s"]:
    """The strangers in each row after the last layer, with their factors."""
    state = np.eye(width, count)
    before = state
    for place, part in enumerate(parts):
        if place == 0 or part.layer != parts[place - 1].layer or part.kind == "feed-forward":
            before = state  # attention and the linear map beside it read the same
        part.seen = np.abs(before) > _ZERO
        state = state + part.linear @ before
        state[part.written, part.first + np.arange(len(part.written))] += 1.0
    return state


def _edges(
    parts: list[_Part],
    components: list[Component],
    live: Bool[np.ndarray, " s"],
    final: Bool[np.ndarray, "w s"],
    answer: list[int],
) -> Iterator[tuple[str, str]]:
    # The rows that a live row of each receiver is made of, and the strangers there.
    reads = []
    for part, component in zip(parts, components, strict=True):
        rows = part.written[live[part.first : part.first + len(part.written)]]
        assert part.seen is not None
        reads.append((component.name, part.uses[rows].any(axis=0), part.seen))
    end = np.zeros(len(final), dtype=bool)
    end[answer] = True
    for place, (sender, component) in enumerate(zip(parts, components, strict=True)):
        numbers = sender.first + np.arange(len(sender.written))
        rows, numbers = sender.written[live[numbers]], numbers[live[numbers]]
        for name, used, seen in (*reads[place + 1 :], (ANSWER, end, final)):
            if (used[rows] & seen[rows, numbers]).any():
                yield component.name, name


def _parts(spec: Spec) -> Iterator[_Part]:
    """The components in the order in which they run."""
    width, layers = spec.layout.width, spec.layers
    touched = np.zeros(width, dtype=bool)
    for layer in layers:
        for move in (*layer.linear, *(move for head in layer.heads for move in head.value)):
            touched[move.into.slice] = True
        for unit in layer.units:
            touched |= unit.write != 0
    fixed = np.full((width, spec.tokens), np.nan)
    for name, constant in spec.constants.items():
        rows = spec.layout[name].slice
        if not touched[rows].any():
            fixed[rows] = 0.0
            fixed[rows, : constant.shape[1]] = constant
    known: dict[int, list[tuple[Kind, int, np.ndarray, np.ndarray]]] = {}
    for number, layer in enumerate(layers):
        if id(layer) not in known:
            known[id(layer)] = list(_of_layer(layer, spec, fixed))
        for kind, index, linear, opaque in known[id(layer)]:
            yield _Part(layer=number, kind=kind, index=index, linear=linear, opaque=opaque)


def _of_layer(
    layer: Layer, spec: Spec, fixed: Float64[np.ndarray, "w n"]
) -> Iterator[tuple[Kind, int, np.ndarray, np.ndarray]]:
    nothing = np.zeros((spec.layout.width,) * 2, dtype=bool)
    for index, head in enumerate(layer.heads):
        yield "head", index, *_of_head(head, layer, spec, fixed)
    if layer.linear:
        yield "linear", 0, dense(layer.linear, spec.layout.width), nothing
    if layer.units:
        yield "feed-forward", 0, *_of_units(layer.units, spec)


def _of_head(
    head: Head, layer: Layer, spec: Spec, fixed: Float64[np.ndarray, "w n"]
) -> tuple[np.ndarray, np.ndarray]:
    value = dense(head.value, spec.layout.width)
    opaque = np.zeros_like(value, dtype=bool)
    scores = np.zeros((spec.tokens, spec.tokens))
    mixed = np.zeros(spec.layout.width, dtype=bool)
    known = True
    for key, query in _meeting(head):
        mixed[key.source.slice] = mixed[query.source.slice] = True
        product = _moved(key, fixed).T @ _moved(query, fixed)
        if np.isnan(product).any():
            known = False
        else:
            scores += product
    scores[spec.tokens - layer.masked_keys :] = 0.0
    opaque |= (value != 0).any(axis=1)[:, None] & mixed
    if not known:
        opaque |= value != 0
    if layer.scores == "relu":
        if not known:  # of a sum: no part of it is a copy
            return np.zeros_like(value), opaque
        scores = np.maximum(scores, 0.0)
    factor = scores[0, 0]
    copied = int(np.count_nonzero(np.diag(scores)))
    if np.array_equal(scores, factor * np.eye(spec.tokens) * (np.arange(spec.tokens) < copied)):
        return layer.scale * factor * value, opaque
    return np.zeros_like(value), opaque | (value != 0)


def _meeting(head: Head) -> Iterator[tuple[Move, Move]]:
    """Keys and queries that are multiplied with one another, cut to the rows that meet."""
    for key in head.key:
        for query in head.query:
            start = max(key.into.start, query.into.start)
            stop = min(key.into.stop, query.into.stop)
            if start < stop:
                yield _cut(key, start, stop), _cut(query, start, stop)


def _cut(move: Move, start: int, stop: int) -> Move:
    if (start, stop) == (move.into.start, move.into.stop):
        return move
    here = slice(start - move.into.start, stop - move.into.start)
    into = type(move.into)(start, stop - start)
    if isinstance(move.scale, np.ndarray):
        return Move(into, move.source, move.scale[here])
    return Move(into, type(into)(move.source.start + here.start, stop - start), move.scale)


def _moved(move: Move, fixed: Float64[np.ndarray, "w n"]) -> Float64[np.ndarray, "r n"]:
    found = (
        move.scale * fixed[move.source.slice]
        if not isinstance(move.scale, np.ndarray)
        else (move.scale @ fixed[move.source.slice])
    )
    return np.asarray(found)


def _of_units(units: Iterable[Unit], spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    width = spec.layout.width
    linear, opaque = np.zeros((width, width)), np.zeros((width, width), dtype=bool)
    for unit in units:
        scalar = unit.function
        assert not isinstance(scalar, Mask)
        if scalar.knots is None and scalar.gate == IDENTITY.gate:
            linear += np.outer(unit.write, unit.read)
            continue
        scales, biases, _ = scalar.relus().T
        read = (unit.read != 0) & scales.any()  # a constant function reads nothing
        if biases.any():
            read[spec.layout[unit.bias].start] = True
        opaque |= np.outer(unit.write != 0, read)
    return linear, opaque


def _rows(spec: Spec, block: str) -> range:
    rows = spec.layout[block]
    return range(rows.start, rows.stop)


def _answer_rows(spec: Spec) -> list[int]:
    port, rows = spec.output, spec.layout[spec.output.block]
    # A vector lies in one row, or in one column if transposed; a number in one cell.
    shape = port.shape if len(port.shape) == 2 else (1, *port.shape) if port.shape else (1, 1)
    height = shape[1] if port.transposed else shape[0]
    return list(range(rows.start, rows.start + height))


def _named(layout: Layout, rows: np.ndarray) -> tuple[BlockRows, ...]:
    """Rows of the state by block, neighbours together."""
    found: list[BlockRows] = []
    wanted = set(rows.tolist())
    for name, block in layout.items():
        runs: list[list[int]] = []
        for row in range(block.start, block.stop):
            if row in wanted:
                if not runs or runs[-1][-1] != row - 1:
                    runs.append([])
                runs[-1].append(row)
        found += [
            BlockRows(block=name, first=run[0] - block.start, last=run[-1] - block.start)
            for run in runs
        ]
    return tuple(found)


def _words(spec: Spec) -> list[dict[tuple[str, int], str]]:
    """What each component of each layer does, in the words of the summary."""
    found = []
    kinds = {"linear": "linear", "FFN": "feed-forward"}
    for group in summarise(spec).groups:
        words: dict[tuple[str, int], str] = {}
        for line in group.text:
            label, _, text = line.partition(": ")
            what, _, number = label.partition(" ")
            place = ("head", int(number) - 1) if what == "head" else (kinds.get(what, what), 0)
            words[place] = "; ".join(filter(None, (words.get(place, ""), text)))
        found += [words] * (group.last - group.first + 1)
    return found


def _made(spec: Spec, allocation: Allocation | None) -> dict[tuple[int, int], list[str]]:
    """(layer, row) -> the program's matrices that are first there after that layer."""
    found: dict[tuple[int, int], list[str]] = {}
    for block in allocation.blocks if allocation is not None else ():
        for stay in block.stays:
            rows = spec.layout[block.name].first(stay.value.shape[0])
            for row in range(rows.start, rows.stop) if stay.start else ():
                found.setdefault((stay.start - 1, row), []).append(str(stay.value.name))
    return found
