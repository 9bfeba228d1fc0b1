"""How early each atom can be there, and by which products: the second pass of the compiler.

Time runs in half layers. At 2t - 2 layer t begins, and its attention reads; at 2t - 1 attention has
written, and the layer's ReLU network reads; at 2t it has written. One head adds P Q^T R, so a chain
of factors costs one layer once it is cut into three parts (two, with an identity) that are there,
the middle one transposed. Where a factor is a sum, the product may be distributed over it, so that
X (2I - A X) is the combination 2X - X A X and takes one layer instead of two.
"""

from dataclasses import dataclass
from functools import cache

from .graph import Atom, Form, Graph, Split

_NEVER = 10**9
MOST_TERMS = 16
"""Terms of a sum that a product is distributed over."""


def after_attention(time: int) -> int:
    """When attention that reads what is there from `time` on has written."""
    return 2 * ((time + 1) // 2) + 1


def after_units(time: int) -> int:
    """When a layer's ReLU network that reads what is there from `time` on has written."""
    return max(2, 2 * ((time + 2) // 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Choices between schedules that may be equally deep; the compiler tries both of each."""

    distribute: bool = True
    """Products over sums even where it saves no layer."""
    gather: bool = True
    """Sums into a block of their own, rather than leaving their terms where they are."""


class Timing:
    """Earliest times of a graph's atoms, and how each is made, under a policy."""

    def __init__(self, graph: Graph, policy: Policy) -> None:
        self.graph = graph
        self.policy = policy
        self.mattered: set[str] = set()
        """The choices of the policy that a decision hung on."""
        self._contents: dict[Atom, Form] = {}
        # Each is computed once for an atom.
        self.time = cache(self._time)
        """The earliest time at which an atom is there, as a combination of stored blocks."""
        self.direct = cache(self._direct)
        """The same without transposing a stored block."""
        self.split_time = cache(self._split_time)
        """When a head can have written a product of parts of its chain."""
        self.expansion = cache(self._expansion)
        """The combination that a product is distributed into, if that is how it is made."""
        self.resolve = cache(self._resolve)
        """An atom as a combination of what is stored: symbols, products, functions, cells."""
        self.cost = cache(lambda atom: min(self._cost(atom), 1e9))
        """Heads that it takes to make an atom, as if nothing were shared: an estimate."""
        for atom in graph.landmarks:  # in order: no deep recursion
            self.time(atom)
            self.resolve(atom)
            if atom in self._contents:
                self.time(graph.transpose(atom))
                self.resolve(graph.transpose(atom))

    def __str__(self) -> str:
        lines = [f"earliest times ({self.policy})"]
        for atom in self.graph.landmarks:
            lines.append(f"  {self.time(atom):3d}  {atom} = {self.resolve(atom)}")
        return "\n".join(lines)

    def form(self, form: Form) -> int:
        """When all terms are there; identities always are."""
        return max((self.time(atom) for atom, _ in form.terms), default=0)

    def _time(self, atom: Atom) -> int:
        if atom.kind == "group":
            assert atom.body is not None
            return self.form(atom.body)
        if atom.kind in ("function", "hadamard") or self.expansion(atom) is not None:
            return self.direct(atom)
        flipped = self.graph.transpose(atom)
        if flipped is atom or self.expansion(flipped) is not None:  # which may have no block
            return self.direct(atom)
        return min(self.direct(atom), after_attention(self.direct(flipped)))

    def _direct(self, atom: Atom) -> int:
        if atom.kind == "identity":
            return 0
        if atom.kind == "symbol":
            # Beyond all times where the block holds the other orientation.
            return _NEVER if atom.transposed else 0
        if atom.kind == "product":
            expansion = self.expansion(atom)
            return self.split_time(atom) if expansion is None else self.form(expansion)
        assert atom.body is not None
        if atom.kind == "function":
            return after_units(self.form(atom.body))
        if atom.kind == "hadamard":
            return after_attention(max(self.form(atom.body), self.time(atom.factors[0])))
        return self.form(atom.body)

    def _split_time(self, product: Atom) -> int:
        time_of = self.time  # looked up here: this loop is the compiler's innermost
        best, least = 2 * _NEVER, max(map(self._least, product.factors))
        for split in self.graph.splits(product):
            latest = 0
            for part in split:
                if part is not None and (time := time_of(part)) > latest:
                    latest = time
                    if latest >= best:
                        break
            else:
                best = latest
                if best <= least:
                    break
        return after_attention(best)

    def _least(self, factor: Atom) -> int:
        """A time before which no product with this factor is there; a sum may be distributed."""
        if factor.kind == "group":
            return 0
        return min(self.time(factor), self.time(self.graph.transpose(factor)))

    def splits_by(self, product: Atom, time: int) -> list[Split]:
        """The splits whose parts are there by some time."""
        splits = self.graph.splits(product)
        times = {part: self.time(part) for split in splits for part in split if part is not None}
        return [
            split for split in splits if all(part is None or times[part] <= time for part in split)
        ]

    def _expansion(self, product: Atom) -> Form | None:
        if product.kind != "product":
            return None
        flipped = self.graph.transpose(product)
        if product not in self.graph.written and flipped not in self.graph.written:
            return None
        best, split = None, self.split_time(product)
        least = split + self.policy.distribute
        for place, factor in enumerate(product.factors):
            for body in self._sums(factor):
                expanded = self.distributed(product, place, body)
                if (found := self.form(expanded)) == split:
                    self.mattered.add("distribute")
                if found < least:
                    best, least = expanded, found
        return best

    def _sums(self, factor: Atom) -> list[Form]:
        """The sums that a factor stands for: as written, and with the groups in it opened."""
        if factor.kind != "group" or factor.barrier or factor.body is None:
            return []
        found = [factor.body]
        while any(_opens(atom) for atom, _ in found[-1].terms):
            terms = found[-1].terms
            parts = (
                (atom.body if atom.body and _opens(atom) else Form.of(atom)) * c
                for atom, c in terms
            )
            found.append(Form.sum(factor.shape, parts))
        tried = (found[0], found[-1]) if len(found) > 1 else (found[0],)
        return [
            body
            for body in tried
            if len(body.terms) <= MOST_TERMS
            and any(atom.kind in _MULTIPLIED for atom, _ in body.terms)
        ]

    def distributed(self, product: Atom, place: int, body: Form) -> Form:
        """The product with one factor multiplied out; its terms that are no products together."""
        graph = self.graph
        before, after = product.factors[:place], product.factors[place + 1 :]
        simple = Form(body.shape, tuple(t for t in body.terms if t[0].kind not in _MULTIPLIED))
        parts = [(Form.of(atom), c) for atom, c in body.terms if atom.kind in _MULTIPLIED]
        if simple.terms:
            parts.append((Form.of(graph.group(simple)) if len(simple.terms) > 1 else simple, 1.0))
        found = []
        for part, c in parts:
            whole = part
            for atom in reversed(before):
                whole = graph.multiply(Form.of(atom), whole, (0, 64))
            for atom in after:
                whole = graph.multiply(whole, Form.of(atom), (64, 0))
            found.append(whole * c)
        return Form.sum(product.shape, found)

    def resolve_form(self, form: Form) -> Form:
        return Form.sum(form.shape, (self.resolve(atom) * c for atom, c in form.terms))

    def left_out(self, atom: Atom) -> Form:
        """The identities that a cell stands for and does not hold."""
        held = self.content(atom) is None
        return Form(atom.shape) if held else self.resolve(atom).split_identity()[1]

    def content(self, atom: Atom) -> Form | None:
        """What a *cell* holds, a combination that has a block of its own; None for other atoms."""
        self.resolve(atom)
        return self._contents.get(atom)

    def _resolve(self, atom: Atom) -> Form:
        body = atom.body if atom.kind == "group" else self.expansion(atom)
        if body is None:
            return Form.of(atom)
        content, units = self.resolve_form(body).split_identity()
        if not self._is_cell(atom, content):
            return content + units
        self._contents[atom] = content
        return Form.of(atom) + units

    def _is_cell(self, atom: Atom, content: Form) -> bool:
        """Whether a sum gets a block of its own, instead of being combined where it is used."""
        made = [part for part, _ in content.terms if part.kind != "symbol"]
        if not made or content.atom is not None:
            return False
        if atom.barrier:
            return True
        flipped = self.graph.transpose(atom)
        shared = atom in self.graph.shared or flipped in self.graph.shared
        private = any(part not in self.graph.shared for part in made)
        several = atom.kind == "group" or shared
        if not (several and private and len(content.terms) > 1):
            return False
        self.mattered.add("gather")
        return self.policy.gather

    def _cost(self, atom: Atom) -> float:
        if atom.kind == "identity":
            return 0.0
        if atom.kind == "symbol":
            return 0.5 * atom.transposed  # one head, but likely to serve others too
        if atom.barrier or atom in self.graph.near:  # needed anyway
            return 0.0
        if atom.kind == "hadamard":
            assert atom.body is not None
            parts = (*(part for part, _ in atom.body.terms), *atom.factors)
            return atom.shape[0] + sum(map(self.cost, parts))
        if (body := self.content(atom) or self.expansion(atom) or atom.body) is not None:
            return sum(self.cost(part) for part, _ in body.terms) + (atom.kind == "function")
        if self.direct(atom) > self.time(atom):
            return 1.0 + self.cost(self.graph.transpose(atom))
        ready = self.split_time(atom) - 1
        return 1.0 + min(map(self.parts_cost, self.splits_by(atom, ready)))

    def parts_cost(self, split: Split) -> float:
        return sum(self.cost(part) for part in set(split) if part is not None)


def _opens(atom: Atom) -> bool:
    return atom.kind == "group" and not atom.barrier


_MULTIPLIED = ("product", "identity")
