"""How few layers a program can take: a proof that no schedule of the compiler's kind is shallower.

Heads and rows are as many as are asked for, so nothing competes for a layer, and the integer
program of minimal depth (which value is there after which half layer, made in which way) is one of
shortest derivations: a value is made in one of several ways, each of which waits for the latest of
its parts. Knuth's generalisation of Dijkstra's algorithm (1977) solves it exactly; a test solves
the integer program itself.

The ways are all that the compiler has, without its limits: any cut of a chain into two or three
parts, nested chains put together or not, products distributed over any sum, transposing what is
there, sums as wholes or opened, functions by a layer's ReLU network. What a repetition hands on is
a value that must be there.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from .graph import Atom, Form
from .normalise import Normal
from .timing import Policy, Timing, after_attention, after_units

MOST = 20_000
"""Atoms that are looked at; a program that has more has no proof."""
Way = tuple[str, tuple[Atom, ...]]
"""How an atom is made: "sum", "attention" or "units" of parts that are there."""


@dataclass(frozen=True, slots=True)
class LeastDepth:
    """What is known of a program's schedules."""

    layers: int
    """No schedule has fewer; 0 where there is no proof."""
    complete: bool
    """Whether all ways were looked at."""


def least_depth(normal: Normal, most: int = MOST) -> LeastDepth:
    """The number of layers that the results of a program take at least."""
    found = ways(normal, most)
    if found is None:
        return LeastDepth(0, False)
    times = earliest(found)
    depth = 0
    for form in results(normal):
        time = max((times[atom] for atom, _ in form.terms), default=0)
        waits = form.atom is None or form.atom.kind != "symbol"  # a sum has to be written
        depth = max(depth, (time + 1) // 2, int(waits))
    return LeastDepth(depth, True)


def results(normal: Normal) -> list[Form]:
    """What must be there at the end."""
    return [*normal.results.values(), *normal.fed.values()]


def ways(normal: Normal, most: int = MOST) -> dict[Atom, list[Way]] | None:
    """All ways to make each atom that the results may be made of; None if there are too many."""
    timing = Timing(normal.graph, Policy())  # for what a product is when it is distributed
    found: dict[Atom, list[Way]] = {}
    waiting = [atom for form in results(normal) for atom, _ in form.terms]
    while waiting:
        atom = waiting.pop()
        if atom in found:
            continue
        if len(found) >= most:
            return None
        found[atom] = list(_ways(normal, timing, atom))
        waiting += [part for _, parts in found[atom] for part in parts]
    return found


def _ways(normal: Normal, timing: Timing, atom: Atom) -> Iterator[Way]:
    graph = normal.graph
    if atom.kind == "identity" or (atom.kind == "symbol" and not atom.transposed):
        yield "sum", ()
        return
    flipped = graph.transpose(atom)
    if flipped is not atom:
        yield "attention", (flipped,)
    if atom.kind == "function":
        assert atom.body is not None
        yield "units", _atoms(atom.body)
    elif atom.body is not None:
        yield "sum", _atoms(atom.body)
    for split in graph.splits(atom) if atom.kind == "product" else ():
        yield "attention", tuple(part for part in split if part is not None)
    for place, factor in enumerate(atom.factors):
        if factor.kind == "product":
            before, after = atom.factors[:place], atom.factors[place + 1 :]
            yield "sum", (graph.product((*before, *factor.factors, *after)),)
        for body in _sums(factor):
            yield "sum", _atoms(timing.distributed(atom, place, body))


def _sums(factor: Atom) -> list[Form]:
    """The sums that a factor stands for, opened level by level."""
    if factor.kind != "group" or factor.barrier or factor.body is None:
        return []
    found = [factor.body]
    while any(atom.kind == "group" and not atom.barrier for atom, _ in found[-1].terms):
        parts = (
            (atom.body if atom.body and atom.kind == "group" and not atom.barrier
             else Form.of(atom)) * c
            for atom, c in found[-1].terms
        )  # fmt: skip
        found.append(Form.sum(factor.shape, parts))
    return found


def _atoms(form: Form) -> tuple[Atom, ...]:
    return tuple(atom for atom, _ in form.terms)


def earliest(found: dict[Atom, list[Way]]) -> dict[Atom, int]:
    """The earliest half layer at which each atom is there."""
    after = {"sum": lambda time: time, "attention": after_attention, "units": after_units}
    users: dict[Atom, list[tuple[Atom, int]]] = {atom: [] for atom in found}
    missing: dict[tuple[Atom, int], int] = {}
    heap: list[tuple[int, int]] = []
    by_number = {atom.number: atom for atom in found}
    for atom, made in found.items():
        for i, (kind, parts) in enumerate(made):
            needed = set(parts)
            missing[atom, i] = len(needed)
            for part in needed:
                users[part].append((atom, i))
            if not needed:
                heapq.heappush(heap, (after[kind](0), atom.number))
    times: dict[Atom, int] = {}
    while heap:
        time, number = heapq.heappop(heap)
        atom = by_number[number]
        if atom in times:
            continue
        times[atom] = time
        for user, i in users[atom]:
            missing[user, i] -= 1
            if not missing[user, i] and user not in times:
                # Atoms come in order of time, so this part is the latest.
                heapq.heappush(heap, (after[found[user][i][0]](time), user.number))
    return times
