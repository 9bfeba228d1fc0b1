"""What a constructed network is made of, in numbers and in words."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import numpy as np

from .blocks import Move, RowMap, Rows, dense
from .feed_forward import feed_forward
from .graph import signed_sum
from .parts import Head, Layer, Unit
from .spec import Port, Spec

_LINE = 80
_LONGEST = 12
"""Groups of layers that are printed; of more, the first and the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGroup:
    """Layers that follow one another and do the same."""

    first: int
    last: int
    text: tuple[str, ...]
    """A line for each head, the linear map, the ReLU network and the normalisation."""

    @property
    def label(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Summary:
    """The counts of a network, beside those of its source; `str` gives a page of 80 columns.

    `parameters` counts every entry of the full matrices (three w x w matrices a head, W1 and W2 a
    ReLU network), `nonzeros` those that are not zero; weights that layers share count once.
    """

    name: str
    layers: int
    distinct_layers: int
    heads: int
    """The most heads in a layer."""
    total_heads: int
    width: int
    blocks: dict[str, int]
    """Rows of each block of the width."""
    tokens: int
    feed_forward: int
    """The most hidden ReLU units in a layer."""
    parameters: int
    nonzeros: int
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    output: str
    groups: tuple[LayerGroup, ...]
    extras: tuple[str, ...]
    """What it has beyond linear attention and ReLU networks."""
    notes: tuple[str, ...]
    theorem: dict[str, str] = field(default_factory=dict)
    proved: str = ""
    """What is proved of the number of layers: "optimal", or how many there are at least."""

    def counts(self) -> list[tuple[str, str, str]]:
        """(what, ours, the theorem's) for each count."""
        shared = f" ({self.distinct_layers} distinct)" if self.distinct_layers < self.layers else ""
        width = " + ".join(
            f"{name} {count}" if count > 1 else name for name, count in self.blocks.items()
        )
        rows = {
            "layers": f"{self.layers}{', ' if self.proved else ''}{self.proved}{shared}",
            "heads": f"{self.heads} in a layer, {self.total_heads} in all",
            "width": f"{self.width} = {width}",
            "tokens": f"{self.tokens}",
            "FFN width": f"{self.feed_forward}",
            "parameters": f"{self.parameters:,}, of which {self.nonzeros:,} are not zero",
        }
        names = {"ffn": "FFN width", "feed_forward": "FFN width"}
        theorem = {names.get(name, name): text for name, text in self.theorem.items()}
        found = [(name, ours, theorem.pop(name, "")) for name, ours in rows.items()]
        return found + [(name, "", text) for name, text in theorem.items()]

    def __str__(self) -> str:
        lines = [self.name, ""]
        counts = self.counts()
        margin = max(len(name) for name, _, _ in counts) + 4
        for name, ours, theorem in counts:
            ours += f"{'; ' if ours else ''}theorem: {theorem}" if theorem else ""
            lines += _hanging(f"  {name}".ljust(margin), ours)
        lines.append("")
        ports = (("in", self.inputs), ("constant", self.constants), ("out", (self.output,)))
        for name, texts in ports:
            for text in texts:
                lines += _hanging(f"  {name}".ljust(margin), text)
        lines.append("")
        labels = max((len(group.label) for group in self.groups), default=0)
        few = len(self.groups) <= _LONGEST
        shown = self.groups if few else (*self.groups[: _LONGEST - 4], None, *self.groups[-3:])
        for group in shown:
            if group is None:
                lines.append("  ...")
                continue
            label = f"  layer{'s' if group.first < group.last else ' '} {group.label}"
            for text in group.text:
                lines += _hanging(label.ljust(labels + 11), text)
                label = " " * len(label)
        lines.append("")
        for name, texts in (("beyond linear attention and ReLU", self.extras), ("", self.notes)):
            for text in texts:
                lines += _hanging("  - ", f"{name}: {text}" if name else text)
        return "\n".join(lines).rstrip()

    def __repr__(self) -> str:
        return str(self)


def summarise(spec: Spec, *, exact: bool = False) -> Summary:
    """The summary of a network built from `spec`."""
    distinct = list({id(layer): layer for layer in spec.layers}.values())
    weights = [matrix for layer in distinct for matrix in _matrices(layer, spec, exact)]
    return Summary(
        name=spec.name,
        layers=len(spec.layers),
        distinct_layers=len(distinct),
        heads=max((len(layer.heads) for layer in spec.layers), default=0),
        total_heads=sum(len(layer.heads) for layer in spec.layers),
        width=spec.layout.width,
        blocks={name: rows.count for name, rows in spec.layout.items()},
        tokens=spec.tokens,
        feed_forward=0 if exact else max((layer.hidden for layer in spec.layers), default=0),
        parameters=sum(matrix.size for matrix in weights),
        nonzeros=sum(int(np.count_nonzero(matrix)) for matrix in weights),
        inputs=tuple(_arrives(port) for port in spec.inputs),
        constants=tuple(_constant(name, value) for name, value in spec.constants.items()),
        output=_leaves(spec.output),
        groups=tuple(_groups(spec, exact)),
        extras=_extras(distinct, exact),
        notes=spec.notes,
        theorem=spec.theorem,
    )


def _matrices(layer: Layer, spec: Spec, exact: bool) -> list[np.ndarray]:
    """The full weight matrices of a layer."""
    width = spec.layout.width
    found = [
        dense(moves, width) for head in layer.heads for moves in (head.value, head.key, head.query)
    ]
    if layer.linear:
        found.append(dense(layer.linear, width))
    if layer.units and exact:
        found += [np.stack([u.read for u in layer.units]), np.stack([u.write for u in layer.units])]
    else:
        found += feed_forward(layer, spec)
    return found


def _groups(spec: Spec, exact: bool) -> Iterable[LayerGroup]:
    """Neighbouring layers of the same text together."""
    texts: dict[int, tuple[str, ...]] = {}
    for layer in spec.layers:
        if id(layer) not in texts:
            texts[id(layer)] = tuple(_Words(spec, layer).lines(exact)) or ("nothing",)
    numbered = enumerate((texts[id(layer)] for layer in spec.layers), start=1)
    for text, group in groupby(numbered, key=itemgetter(1)):
        numbers = [number for number, _ in group]
        yield LayerGroup(first=numbers[0], last=numbers[-1], text=text)


def _extras(layers: list[Layer], exact: bool) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for layer in layers:
        if layer.masked_keys:
            noun = "token is" if layer.masked_keys == 1 else f"{layer.masked_keys} tokens are"
            found[f"key mask (the last {noun} never a key)"] = None
        if layer.scores == "relu":
            found["ReLU scores"] = None
        if layer.scale != 1.0:
            found[f"attention times {layer.scale:.4g}"] = None
        if layer.linear:
            found["a linear map of the residual stream beside attention"] = None
        if layer.normalise != "none":
            found[f"normalisation of {layer.normalise}"] = None
        if layer.units and exact:
            found["exact scalar functions instead of their ReLU networks"] = None
    return tuple(found)


class _Words:
    """Names the products of one layer."""

    def __init__(self, spec: Spec, layer: Layer) -> None:
        self.spec = spec
        self.layer = layer
        whole = [spec.layout[name] for name in spec.identities]
        # An identity as large as the token count changes nothing in a product.
        self.units = {r for r in whole if r.count == spec.tokens and not layer.masked_keys}

    def lines(self, exact: bool) -> Iterable[str]:
        layer = self.layer
        for number, head in enumerate(layer.heads, start=1):
            yield f"head {number}: {self.head(head)}"
        if layer.linear:
            yield "linear: " + ", ".join(
                f"{self.name(m.into)} += {self.term(m)}" for m in layer.linear
            )
        groups: dict[tuple[str, str, str], list[Unit]] = {}
        for unit in layer.units:
            into, source = self.form(unit.write), self.form(unit.read)
            groups.setdefault((into, unit.function.name, source), []).append(unit)
        for (into, function, source), units in groups.items():
            hidden = sum(unit.function.hidden for unit in units)
            many = f"{len(units)} x " if len(units) > 1 else ""
            shown = f"linear form of {source}" if function == "z" else f"{function} of {source}"
            size = "exact" if exact and function != "z" else f"{hidden} hidden"
            yield f"FFN: {into} += {many}{shown} ({size})"
        if layer.normalised:
            yield f"normalise: {layer.normalise} of {', '.join(layer.normalised)}"

    def head(self, head: Head) -> str:
        """In words such as X += -X A^T X."""
        pairs = self.pairs(head.key, head.query)
        values = head.value
        if len(pairs) == 1:
            factor, inner = pairs[0]
            parts = [self.product(value, factor, inner) for value in values]
        else:
            inner = signed_sum((factor, text or "I") for factor, text in pairs)
            parts = [self.product(value, 1.0, f"({inner})") for value in values]
        return ", ".join(parts)

    def product(self, value: Move, factor: float, inner: str) -> str:
        own, mark = _scale(value)
        hidden = value.source in self.units and not mark and inner
        words = [] if hidden else [f"{mark}{self.name(value.source)}"]
        text = " ".join([*words, inner]).strip()
        return f"{self.name(value.into)} += {signed_sum([(factor * own, text)])}"

    def pairs(self, key: RowMap, query: RowMap) -> list[tuple[float, str]]:
        """K^T Q as a sum of products of blocks, each with its factor."""
        found = []
        for k in key:
            for q in query:
                if k.into.stop <= q.into.start or q.into.stop <= k.into.start:
                    continue
                product, words = 1.0, []
                for move, transposed in ((k, "^T"), (q, "")):
                    factor, mark = _scale(move)
                    product *= factor
                    if move.source not in self.units or mark:
                        words.append(_transposed(f"{mark}{self.name(move.source)}", transposed))
                found.append((product, " ".join(words)))
        return found

    def term(self, move: Move) -> str:
        factor, mark = _scale(move)
        return signed_sum([(factor, f"{mark}{self.name(move.source)}")])

    def name(self, rows: Rows) -> str:
        """A block's name, or the rows of it that are meant."""
        touched = []
        for name, block in self.spec.layout.items():
            start, stop = max(rows.start, block.start), min(rows.stop, block.stop)
            if start < stop:
                whole = stop - start == block.count
                inside = f"{start - block.start}" + (
                    f":{stop - block.start}" if stop - start > 1 else ""
                )
                touched.append(name if whole else f"{name}[{inside}]")
        return touched[0] if len(touched) == 1 else f"[{'; '.join(touched)}]"

    def form(self, vector: np.ndarray) -> str:
        """The blocks that a linear form reads or writes."""
        names = [n for n, rows in self.spec.layout.items() if np.any(vector[rows.slice])]
        return ", ".join(names) or "nothing"


def _scale(move: Move) -> tuple[float, str]:
    """A move's factor; a matrix is the mark M."""
    return (1.0, "M ") if isinstance(move.scale, np.ndarray) else (move.scale, "")


def _transposed(text: str, mark: str) -> str:
    """`text` with its mark ^T; a block called A.T, the compiler's name for A^T, becomes A."""
    return text.removesuffix(".T") if mark and text.endswith(".T") else text + mark


def _arrives(port: Port) -> str:
    where = ", in every token" if port.repeated else _from_token(port)
    return f"{_named(port)}: {port.block} = {_oriented(port, port.name)}{where}"


def _leaves(port: Port) -> str:
    return f"{_named(port)} = {_oriented(port, port.block)}{_from_token(port)}"


def _named(port: Port) -> str:
    most = "at most " if port.shorter else ""
    return f"{port.name} ({most}{' x '.join(map(str, port.shape)) or 'a number'})"


def _oriented(port: Port, name: str) -> str:
    return f"{'-' if port.sign < 0 else ''}{name}{'^T' if port.transposed else ''}"


def _from_token(port: Port) -> str:
    return f", from token {port.column + 1} on" if port.column else ""


def _constant(name: str, value: np.ndarray) -> str:
    rows, columns = value.shape
    if np.array_equal(value, np.eye(rows, columns)):
        return f"{name} = the identity" if rows == columns else f"{name} = [identity, 0]"
    if np.all(value == value.flat[0]):
        return f"{name} = {value.flat[0]:g} in every entry"
    return f"{name} ({rows} x {columns})"


def _hanging(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _LINE,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
