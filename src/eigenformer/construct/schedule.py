"""What each layer does: the third pass of the compiler.

Works from the results backwards. Every atom that is asked for is made in the latest layer that is
early enough for all who ask, so that little has to be stored meanwhile; atoms are visited from the
composite to the simple, so each is visited once, when all who ask for it are known.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from .expression import Shape
from .graph import Atom, Form, Split
from .normalise import Normal
from .scalar import Mask, Scalar
from .timing import Timing


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StoredValue:
    """A matrix that has rows of its own for a while."""

    name: str
    shape: Shape
    content: Form
    """What it holds, in the program's atoms."""
    home: str | None = None
    """The symbol whose rows it must have."""
    near: str | None = None
    """The symbol whose rows it should have, if they are free."""


Targets = tuple[tuple[StoredValue, float], ...]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Product:
    """One head: each target += c * left middle^T right. The middle is given as it is stored."""

    left: Form
    middle: Form
    right: Form
    targets: Targets


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Entrywise:
    """Heads, one a row: row i of each target += c * (row i of left) diag(row i of right)."""

    left: Form
    spread: Form
    """The diagonal matrices of the rows of the right one, one above the other."""
    targets: Targets


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Copy:
    """Through the identity head: target += source."""

    source: Form
    target: StoredValue


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Units:
    """In the ReLU network: each target += c * scalar(argument), entry by entry."""

    scalar: Scalar | Mask
    argument: Form
    targets: Targets


@dataclass(slots=True)
class LayerPlan:
    """What one layer adds to the state."""

    products: list[Product] = field(default_factory=list)
    entrywise: list[Entrywise] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    units: list[Units] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{_into(p.targets)} ({p.left}) ({p.middle})^T ({p.right})" for p in self.products]
        lines += [f"{_into(e.targets)} ({e.left}) * ({e.spread})" for e in self.entrywise]
        lines += [f"{copy.target.name} += {copy.source}" for copy in self.copies]
        lines += [f"{_into(u.targets)} {u.scalar.name}({u.argument})" for u in self.units]
        return "; ".join(lines) or "nothing"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Schedule:
    """Layers, the values that are stored, and from when to when."""

    normal: Normal
    layers: tuple[LayerPlan, ...]
    values: tuple[StoredValue, ...]
    stored: dict[Atom, StoredValue]
    born: dict[StoredValue, int]
    """The layer that first writes a value; 0 for inputs."""
    last: dict[StoredValue, int]
    """The half layer at which a value is read last."""
    terms: dict[StoredValue, set[StoredValue]]
    """The values that are copied into a value."""
    answers: dict[str, StoredValue]
    """The value of each result at the end."""
    finals: frozenset[StoredValue]
    """All that must be there at the end: results, and what symbols were fed."""

    def __str__(self) -> str:
        lines = [f"schedule of {len(self.layers)} layers"]
        lines += [f"  layer {t}: {layer}" for t, layer in enumerate(self.layers, start=1)]
        for value in self.values:
            rows, columns = value.shape
            lines.append(
                f"  {value.name} [{rows}x{columns}] from layer {self.born[value]}, last read at "
                f"{self.last[value] / 2:g}"
            )
        return "\n".join(lines)


@dataclass(slots=True)
class _Demand:
    """Who asks for an atom: until when it must be stored, and which values it is a term of."""

    deadline: int | None = None
    terms: list[tuple[StoredValue, float, int]] = field(default_factory=list)
    """(value, coefficient, layer): to be added to the value by that layer."""


def schedule(normal: Normal, timing: Timing, spill: bool = False) -> Schedule:
    """Plan the layers. With `spill` the results are moved to their places by one more layer."""
    return _Scheduler(normal, timing, spill).run()


class _Scheduler:
    def __init__(self, normal: Normal, timing: Timing, spill: bool) -> None:
        self.normal, self.timing, self.spill = normal, timing, spill
        self.graph = normal.graph
        self.values: list[StoredValue] = []
        self.stored: dict[Atom, StoredValue] = {}
        self.born: dict[StoredValue, int] = {}
        self.last: dict[StoredValue, int] = {}
        self.demands: dict[Atom, _Demand] = {}
        self.heap: list[tuple[int, int]] = []
        self.done: set[Atom] = set()
        self.reads: list[tuple[Atom, int]] = []
        self.layers: list[LayerPlan] = []

    def run(self) -> Schedule:
        traced = self.normal.traced
        for name, shape in traced.shapes.items():
            atom = self.graph.symbol(name, shape)
            self._store(
                atom, StoredValue(name=name, shape=shape, content=Form.of(atom), home=name), 0
            )
        wanted = self._wanted()
        made = [want for want in wanted if self._already(*want[1:]) is None]
        depth = max((self._layers_for(home, form) for _, home, form in made), default=0)
        depth += self.spill
        self.layers = [LayerPlan() for _ in range(depth)]
        finals = [
            self._already(home, form) or self._finish(name, home, form, depth)
            for name, home, form in wanted
        ]
        while self.heap:
            _, number = heapq.heappop(self.heap)
            self._process(self.graph.atoms[number])
        for atom, time in self.reads:
            value = self.stored[atom]
            self.last[value] = max(self.last[value], time)
        answers = {name: final for (name, _, _), final in zip(wanted, finals, strict=True)}
        return Schedule(
            normal=self.normal,
            layers=tuple(self.layers),
            values=tuple(self.values),
            stored=self.stored,
            born=self.born,
            last=self.last,
            terms=self._terms(),
            answers=answers,
            finals=frozenset(finals),
        )

    def _terms(self) -> dict[StoredValue, set[StoredValue]]:
        found: dict[StoredValue, set[StoredValue]] = {}
        for layer in self.layers:
            for copy in layer.copies:
                atoms = (atom for atom, _ in copy.source.terms if atom.kind != "identity")
                found.setdefault(copy.target, set()).update(self.stored[atom] for atom in atoms)
        return found

    def _wanted(self) -> list[tuple[str, str | None, Form]]:
        """(result, symbol whose rows it must end in, what it is) of each final value."""
        feed, resolve = self.normal.traced.feed, self.timing.resolve_form
        fed = [(feed[name], name, resolve(self.normal.fed[name])) for name in feed]
        free = [
            (result, None, resolve(form))
            for result, form in self.normal.results.items()
            if result not in feed.values()
        ]
        return [*fed, *free]

    def _already(self, home: str | None, form: Form) -> StoredValue | None:
        """The symbol that is already the final value, in rows that keep it."""
        atom = form.atom
        if atom is None or not _is_symbol(atom):
            return None
        stays = atom.name == home if home else atom.name not in self.normal.traced.feed
        return self.stored[atom] if stays else None

    def _layers_for(self, home: str | None, form: Form) -> int:
        if not form.terms:
            return int(home is not None)
        return max(1, (self.timing.form(form) + 1) // 2)

    def _finish(self, name: str, home: str | None, form: Form, depth: int) -> StoredValue:
        """The final value called `name`."""
        value = StoredValue(name=home or name, shape=form.shape, content=form, home=home)
        self.values.append(value)
        self.born[value], self.last[value] = depth, 2 * depth + 2
        if self.spill:
            for atom, c in form.terms:
                self._copy(value, atom, c, depth)
        else:
            self._fill(value, form, depth, late=True)
        return value

    def _store(self, atom: Atom, value: StoredValue, born: int) -> None:
        self.stored[atom] = value
        self.values.append(value)
        self.born[value], self.last[value] = born, 0

    def _fill(self, value: StoredValue, form: Form, layer: int, late: bool) -> None:
        """Add the terms of a combination to a value in one layer; `late`: its ReLUs may too."""
        before = 2 * layer - 2
        for atom, c in form.terms:
            if atom.kind == "identity" or _is_symbol(atom):
                self._copy(value, atom, c, layer)
            elif (content := self.timing.content(atom)) is not None:
                if self.timing.time(atom) <= before:
                    self._copy(value, atom, c, layer)
                else:
                    self._fill(value, content * c, layer, late)
            elif atom.kind == "function" and not late:
                self._copy(value, atom, c, layer)
            else:
                self._demand(atom).terms.append((value, c, layer))

    def _copy(self, value: StoredValue, atom: Atom, c: float, layer: int) -> None:
        self._want(Form.of(atom), 2 * layer - 2)
        self.layers[layer - 1].copies.append(Copy(source=Form.of(atom) * c, target=value))

    def _want(self, form: Form, deadline: int) -> None:
        """Have every term of a combination stored by then, and read it."""
        for atom, _ in form.terms:
            if atom.kind == "identity":
                continue
            self.reads.append((atom, deadline))
            if atom not in self.stored:
                demand = self._demand(atom)
                earlier = demand.deadline
                demand.deadline = deadline if earlier is None else min(earlier, deadline)

    def _demand(self, atom: Atom) -> _Demand:
        if atom not in self.demands:
            self.demands[atom] = _Demand()
            first = min(atom.number, self.graph.transpose(atom).number)
            heapq.heappush(self.heap, (-atom.weight, first))
        return self.demands[atom]

    def _process(self, first: Atom) -> None:
        """Make an atom and its transpose, where they are asked for."""
        if first in self.done:
            return
        second = self.graph.transpose(first)
        self.done |= {first, second}
        pair = [atom for atom in dict.fromkeys((first, second)) if atom in self.demands]
        # One may be made of the other: first the one that can't be made otherwise, then the later.
        pair.sort(key=lambda atom: (self._is_direct(atom), -self._layer(atom)))
        for atom in pair:
            self._make(atom)
        for atom in (first, second):
            if atom in self.demands and atom not in pair:  # asked for just now
                self._make(atom)

    def _layer(self, atom: Atom) -> int:
        """The latest layer that is early enough for all who ask for an atom."""
        demand = self.demands[atom]
        layers = [layer for _, _, layer in demand.terms]
        if demand.deadline is not None:
            late = self._ends_late(atom, demand.deadline)
            layers.append(demand.deadline // 2 if late else (demand.deadline + 1) // 2)
        return min(layers)

    def _ends_late(self, atom: Atom, deadline: int) -> bool:
        """Whether an atom, asked for by then, may be written by a layer's ReLU network."""
        return atom.kind == "function" or (
            self.timing.content(atom) is not None and deadline % 2 == 0
        )

    def _make(self, atom: Atom) -> None:
        demand, layer = self.demands[atom], self._layer(atom)
        now = [(value, c) for value, c, when in demand.terms if when == layer]
        later = [term for term in demand.terms if term[2] > layer]
        for value, c, when in later:
            self._copy(value, atom, c, when)
        if demand.deadline is not None:
            near = self.graph.near.get(atom)
            value = StoredValue(name=str(atom), shape=atom.shape, content=Form.of(atom), near=near)
            self._store(atom, value, layer)
            now.append((value, 1.0))
        targets = tuple(now)
        if self._transposes(atom, layer):
            self._transpose(atom, layer, targets)
        elif (content := self.timing.content(atom)) is not None:
            assert demand.deadline is not None and not demand.terms
            self._fill(targets[0][0], content, layer, demand.deadline % 2 == 0)
        elif atom.kind == "function":
            assert atom.body is not None and atom.scalar is not None
            argument = self.timing.resolve_form(atom.body)
            self._want(argument, 2 * layer - 1)
            job = Units(scalar=atom.scalar, argument=argument, targets=targets)
            self.layers[layer - 1].units.append(job)
        elif atom.kind == "hadamard":
            assert atom.body is not None
            left, spread = self.timing.resolve_form(atom.body), Form.of(atom.factors[0])
            for form in (left, spread):
                self._want(form, 2 * layer - 2)
            rows = Entrywise(left=left, spread=spread, targets=targets)
            self.layers[layer - 1].entrywise.append(rows)
        else:
            self._multiply(self._best(atom, layer), atom, layer, targets)

    def _is_direct(self, atom: Atom) -> bool:
        """Whether an atom can be made in time without transposing another."""
        if atom.kind in ("function", "hadamard") or self.timing.content(atom) is not None:
            return True
        return self.timing.direct(atom) <= 2 * self._layer(atom) - 1

    def _transposes(self, atom: Atom, layer: int) -> bool:
        """Whether an atom is made by transposing a stored one."""
        flipped = self.graph.transpose(atom)
        if not self._is_direct(atom):
            return True
        if flipped is atom or atom.kind in ("function", "hadamard"):
            return False
        demand = self.demands.get(flipped)
        if demand is None or demand.deadline is None or self._layer(flipped) >= layer:
            return False
        if atom.kind == "product" and self.timing.content(atom) is None:
            return self._missing(self._best(atom, layer)) > 0
        return True

    def _transpose(self, atom: Atom, layer: int, targets: Targets) -> None:
        rows, columns = atom.shape
        flipped = self.graph.transpose(atom)
        source = Form.of(flipped)
        # The two may be made of different sums, and so leave out different identities.
        ours, theirs = self.timing.left_out(atom), self.timing.left_out(flipped)
        if ours.terms != theirs.terms:
            missing = Form.sum(atom.shape, (Form(atom.shape, theirs.terms), ours * -1.0))
            for value, c in targets:
                self.layers[layer - 1].copies.append(Copy(source=missing * c, target=value))
        self._want(source, 2 * layer - 2)
        self.layers[layer - 1].products.append(
            Product(
                left=Form.of(self.graph.identity(rows)),
                middle=source,
                right=Form.of(self.graph.identity(columns)),
                targets=targets,
            )
        )

    def _best(self, product: Atom, layer: int) -> Split:
        """The split that takes the fewest new products, among those that are early enough."""
        splits = self.timing.splits_by(product, 2 * layer - 2)
        return min(splits, key=lambda split: (self._missing(split), split[1] is not None))

    def _missing(self, split: Split) -> float:
        """An estimate of the heads that its parts take and that nobody else has asked for."""
        parts = [part for part in split if part is not None]
        atoms = {atom for part in parts for atom, _ in self.timing.resolve(part).terms}
        return sum(self.timing.cost(atom) for atom in atoms if not self._asked(atom))

    def _asked(self, atom: Atom) -> bool:
        return atom in self.stored or (
            atom in self.demands and self.demands[atom].deadline is not None
        )

    def _multiply(self, split: Split, product: Atom, layer: int, targets: Targets) -> None:
        left, middle, right = split
        rows, columns = product.shape
        inner = left.shape[1] if left is not None else rows
        job = Product(
            left=self._part(left, rows),
            middle=self._part(middle, inner),
            right=self._part(right, columns),
            targets=targets,
        )
        for form in (job.left, job.middle, job.right):
            self._want(form, 2 * layer - 2)
        self.layers[layer - 1].products.append(job)

    def _part(self, part: Atom | None, size: int) -> Form:
        return Form.of(self.graph.identity(size)) if part is None else self.timing.resolve(part)


def _is_symbol(atom: Atom) -> bool:
    """Whether an atom is an input as it is given."""
    return atom.kind == "symbol" and not atom.transposed


def _into(targets: Iterable[tuple[StoredValue, float]]) -> str:
    return ", ".join(f"{value.name} += {c:g}" for value, c in targets)
