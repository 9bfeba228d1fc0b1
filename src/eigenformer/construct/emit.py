"""Heads, units and layers from jobs and rows: the last pass of the compiler."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from .allocate import IDENTITY_BLOCK, OFF, ONES, Allocation
from .blocks import Layout, Move, Rows
from .gates import clear
from .graph import Atom, Form
from .parts import Head, Layer, Unit
from .scalar import MASK_LIMIT, POSITIVE, SPREAD, Mask
from .schedule import Entrywise, LayerPlan, Product, StoredValue, Units
from .spec import Port, Spec, Stage

Terms = dict[tuple[Rows, Rows], float]
"""(into, source) -> factor: the moves of a value map, collected."""
Factor = tuple[tuple[Rows, float], ...]
"""A linear form of blocks that lie on top of each other: keys or queries."""


@dataclass(slots=True)
class _Job:
    """A head in the making: sum over (into, source) of factor * source, times sum K^T Q."""

    value: Terms
    pairs: list[tuple[Factor, Factor, float]]


def emit(allocation: Allocation, tokens: int | None = None) -> Spec:
    """The network of an allocated schedule; equal layers are one object."""
    return _Emitter(allocation, tokens).run()


def least_tokens(allocation: Allocation) -> int:
    """The token columns that the blocks and identities of a schedule take."""
    columns = (value.shape[1] for value in allocation.schedule.values)
    return max([*columns, _identity_size(allocation)])


class _Emitter:
    def __init__(self, allocation: Allocation, tokens: int | None) -> None:
        self.allocation = allocation
        self.tokens = tokens or least_tokens(allocation)
        self.rows = allocation.rows()
        counts = dict(zip(allocation.layout.names, allocation.layout.counts, strict=True))
        self.constants: dict[str, np.ndarray] = {}
        if size := _identity_size(allocation):
            self.constants[_free(IDENTITY_BLOCK, counts)] = np.eye(size, self.tokens)
        self.identities = tuple(self.constants)
        self.ones: dict[int, str] = {}
        units = [job for plan in allocation.schedule.layers for job in plan.units]
        if size := max((_masks(job) for job in units), default=0):
            self.off = _free(OFF, {**counts, **self.constants})
            self.constants[self.off] = 1.0 - np.eye(size, self.tokens)
        for columns in sorted({job.argument.shape[1] for job in units if _is_biased(job)}):
            stem = ONES if columns == self.tokens else f"{ONES}{columns}"
            self.ones[columns] = name = _free(stem, {**counts, **self.constants})
            self.constants[name] = (np.arange(self.tokens) < columns).astype(float)[None]
        sizes = {name: len(constant) for name, constant in self.constants.items()}
        self.layout = Layout.of(**counts, **sizes)

    def run(self) -> Spec:
        interned: dict[object, Layer] = {}
        layers = []
        for number, plan in enumerate(self.allocation.schedule.layers, start=1):
            heads = self._heads(number, plan)
            units = self._units(number, plan)
            key = tuple(_head_key(head) for head in heads), tuple(map(_unit_key, units))
            if key not in interned:
                interned[key] = Layer(heads=heads, units=units)
            layers.append(interned[key])
        traced = self.allocation.schedule.normal.traced
        answer = self.allocation.schedule.answers[traced.answer]
        blocks = self.allocation.blocks
        where = {stay.value: block.name for block in blocks for stay in block.stays}
        return Spec(
            name=traced.name,
            layout=self.layout,
            tokens=self.tokens,
            stages=stages(layers),
            inputs=tuple(
                Port(name=name, shape=shape, block=name) for name, shape in traced.shapes.items()
            ),
            output=Port(name=traced.answer, shape=answer.shape, block=where[answer]),
            constants=self.constants,
            identities=self.identities,
        )

    def _heads(self, number: int, plan: LayerPlan) -> tuple[Head, ...]:
        jobs: dict[tuple[Factor, Factor], _Job] = {}
        copies = self._copies(number, plan)
        if copies:
            unit = ((self.layout[self.identities[0]], 1.0),)
            jobs[unit, unit] = _Job(copies, [(unit, unit, 1.0)])
        for product in plan.products:
            value, key, query = self._product(product)
            if not (value and key and query):  # terms that cancelled
                continue
            if (key, query) not in jobs:
                jobs[key, query] = _Job({}, [(key, query, 1.0)])
            for place, factor in value.items():
                _add(jobs[key, query].value, place, factor)
        every = [*jobs.values()]
        for entrywise in plan.entrywise:
            every += self._entrywise(entrywise)
        return tuple(_head(job) for job in _merged(every, self.layout.width))

    def _entrywise(self, job: Entrywise) -> Iterable[_Job]:
        rows, columns = job.left.shape
        ((spread, _),) = self._factor(job.spread)
        unit: Factor = ((self.layout[self.identities[0]].first(columns), 1.0),)
        for i in range(rows):
            value: Terms = {}
            for source, factor in self._factor(job.left):
                for target, c in job.targets:
                    _add(value, (self.rows[target][i], source[i]), c * factor)
            diagonal: Factor = ((Rows(spread.start + i * columns, columns), 1.0),)
            yield _Job(value, [(unit, diagonal, 1.0)])

    def _copies(self, number: int, plan: LayerPlan) -> Terms:
        """What the identity head moves: terms, and the subtraction of what was there before."""
        found: Terms = {}
        for copy in plan.copies:
            into = self.rows[copy.target]
            for source, factor in self._factor(copy.source):
                _add(found, (into, source), factor)
        for value in self._left(number):
            _add(found, (self.rows[value], self.rows[value]), -1.0)
        return {place: factor for place, factor in found.items() if factor != 0.0}

    def _left(self, number: int) -> Iterable[StoredValue]:
        """Values whose rows the attention of a layer clears, or makes way in."""
        depth = len(self.allocation.schedule.layers)
        for block in self.allocation.blocks:
            for before, after in zip(block.stays, block.stays[1:], strict=False):
                if after.start == number:
                    yield before.value
            last = block.stays[-1]
            if self.allocation.clean and number == depth and last.end <= depth:
                yield last.value

    def _product(self, product: Product) -> tuple[Terms, Factor, Factor]:
        value: Terms = {}
        key, first = _normalised(self._factor(product.middle))
        query, second = _normalised(self._factor(product.right))
        for source, factor in self._factor(product.left):
            for target, c in product.targets:
                _add(value, (self.rows[target], source), c * factor * first * second)
        return value, key, query

    def _factor(self, form: Form) -> Factor:
        return tuple((self._source(atom), c) for atom, c in form.terms)

    def _source(self, atom: Atom) -> Rows:
        if atom.kind == "identity":
            return self.layout[self.identities[0]].first(atom.shape[0])
        return self.rows[self.allocation.schedule.stored[atom]]

    def _units(self, number: int, plan: LayerPlan) -> tuple[Unit, ...]:
        width = self.layout.width
        found: list[Unit] = []
        for job in plan.units:
            found += self._function(job, width)
        if self.allocation.clean and number == len(self.allocation.schedule.layers):
            for block in self.allocation.blocks:
                last = block.stays[-1]
                if last.end == number + 1:  # this layer's ReLU network is the last to read it
                    found += clear(self.rows[last.value], width)
        return tuple(found)

    def _masked(self, job: Units, mask: Mask, width: int) -> Iterable[Unit]:
        rows, columns = job.argument.shape
        off = self.layout[self.off]
        for row in range(rows):
            # Which row of the constant tells what is kept, and where that is written.
            spread = [(k, row * columns + k) for k in range(columns)]
            for kept, into in spread if mask == SPREAD else [(row, row)]:
                write = np.zeros(width)
                for target, factor in job.targets:
                    write[self.rows[target].start + into] += factor
                for sign in (1.0, -1.0):
                    read = np.zeros(width)
                    for source, factor in self._factor(job.argument):
                        read[source.start + row] += sign * factor
                    read[off.start + kept] -= MASK_LIMIT
                    yield Unit(read=read, function=POSITIVE, write=sign * write)

    def _function(self, job: Units, width: int) -> Iterable[Unit]:
        rows, columns = job.argument.shape
        if isinstance(job.scalar, Mask):
            yield from self._masked(job, job.scalar, width)
            return
        for row in range(rows):
            read, write = np.zeros(width), np.zeros(width)
            for source, factor in self._factor(job.argument):
                read[source.start + row] += factor
            for target, factor in job.targets:
                write[self.rows[target].start + row] += factor
            yield Unit(
                read=read,
                function=job.scalar,
                write=write,
                bias=self.ones.get(columns, ONES) if _is_biased(job) else ONES,
            )


def _masks(job: Units) -> int:
    """Rows of the constant that a mask reads: zeros on its diagonal, ones elsewhere."""
    if not isinstance(job.scalar, Mask):
        return 0
    return job.argument.shape[1 if job.scalar == SPREAD else 0]


def _identity_size(allocation: Allocation) -> int:
    """Rows of the identity: as many as columns are moved, and as products with it need."""
    sizes = [0]
    for block in allocation.blocks:
        sizes += [stay.value.shape[1] for stay in block.stays[:-1]]
        last = block.stays[-1]
        if allocation.clean and last.end <= len(allocation.schedule.layers):
            sizes.append(last.value.shape[1])
    for plan in allocation.schedule.layers:
        sizes += [copy.target.shape[1] for copy in plan.copies]
        forms = [form for p in plan.products for form in (p.left, p.middle, p.right)]
        forms += [unit.argument for unit in plan.units]
        sizes += [job.left.shape[1] for job in plan.entrywise]
        for form in forms:
            sizes += [atom.shape[0] for atom, _ in form.terms if atom.kind == "identity"]
    return max(sizes)


def _is_biased(job: Units) -> bool:
    """Whether the ReLUs of a function have biases, which need a row of ones."""
    return not isinstance(job.scalar, Mask) and bool(job.scalar.relus()[:, 1].any())


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _add(terms: Terms, place: tuple[Rows, Rows], factor: float) -> None:
    terms[place] = terms.get(place, 0.0) + factor


def _normalised(factor: Factor) -> tuple[Factor, float]:
    """With 1 as the first coefficient, which is returned too."""
    if not factor:
        return factor, 0.0
    first = factor[0][1]
    return tuple((rows, c / first) for rows, c in factor), first


def _merged(jobs: Iterable[_Job], width: int) -> list[_Job]:
    """Heads of the same value, but for a factor, as one with stacked keys and queries.

    Keys and queries are w x w maps too: no more than `width` rows are stacked.
    """
    found: dict[object, _Job] = {}
    kept: list[_Job] = []
    for job in jobs:
        job.value = {place: c for place, c in job.value.items() if c != 0.0}
        if not job.value:  # terms that cancelled
            continue
        places = sorted(job.value.items(), key=_by_place)
        first, scale = places[0]
        key = tuple((*place, c / scale) for place, c in places)
        same = found.get(key)
        if same is None or _stacked(same) + _stacked(job) > width:
            found[key] = job
            kept.append(job)
            continue
        ratio = scale / same.value[first]
        same.pairs += [(k, q, c * ratio) for k, q, c in job.pairs]
    return kept


def _stacked(job: _Job) -> int:
    """Rows of a head's keys and queries."""
    return sum(_height(keys, queries) for keys, queries, _ in job.pairs)


def _height(keys: Factor, queries: Factor) -> int:
    return max(rows.count for rows, _ in (*keys, *queries))


def _by_place(item: tuple[tuple[Rows, Rows], float]) -> tuple[int, int, int, int]:
    into, source = item[0]
    return into.start, source.start, into.count, source.count


def _head(job: _Job) -> Head:
    places = sorted(job.value.items(), key=_by_place)
    value = tuple(Move(into, source, c) for (into, source), c in places)
    key: list[Move] = []
    query: list[Move] = []
    start = 0
    for keys, queries, factor in job.pairs:
        size = _height(keys, queries)
        for rows, c in keys:
            key.append(Move(Rows(start, rows.count), rows, c))
        for rows, c in queries:
            query.append(Move(Rows(start, rows.count), rows, c * factor))
        start += size
    return Head(value=value, key=tuple(key), query=tuple(query))


def _head_key(head: Head) -> tuple[object, ...]:
    maps = (head.value, head.key, head.query)
    return tuple(tuple((move.into, move.source, move.scale) for move in moves) for moves in maps)


def _unit_key(unit: Unit) -> tuple[object, ...]:
    return unit.read.tobytes(), unit.write.tobytes(), unit.function, unit.bias


def stages(layers: list[Layer], longest: int = 64) -> tuple[Stage, ...]:
    """Layers that repeat as stages: at each place the period that covers the most."""
    found: list[Stage] = []
    place = 0
    while place < len(layers):
        best = Stage(layers=(layers[place],))
        for period in range(1, min(longest, (len(layers) - place) // 2) + 1):
            part = layers[place : place + period]
            repeat = 1
            while layers[place + repeat * period : place + (repeat + 1) * period] == part:
                repeat += 1
            if repeat > 1 and repeat * period > best.repeat * len(best.layers):
                best = Stage(layers=tuple(part), repeat=repeat)
        if best.repeat == 1 and found and found[-1].repeat == 1:
            found[-1] = replace(found[-1], layers=(*found[-1].layers, *best.layers))
        else:
            found.append(best)
        place += best.repeat * len(best.layers)
    return tuple(found)
