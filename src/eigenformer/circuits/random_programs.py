"""Random matrix programs, compiled together with results that nobody asked for."""

from collections.abc import Callable
from functools import partial

import numpy as np

from ..construct import Expression, I, Program, compile, stored
from ..core import rng
from .circuit import Circuit, Inputs
from .constructed import circuit

SYMBOLS = ("A", "B", "C")
_STEPS = (8, 15)
_LEAST = 3
"""Components inside and outside that a program has at least; others are drawn again."""


def make(number: int, seed: int) -> Circuit:
    """Program `number` of a seed: a graph of 8 to 14 sums, products, transposes and Newton steps.

    The answer is one of its sinks, the matrices that nothing reads; the other sinks are results
    too, compiled and computed, but not returned. Every second program may overwrite its inputs,
    and leaves its scratch as it is (`keep=()`), so that rows are used again.
    """
    name = f"random-{number}"
    for attempt in range(1000):
        stream = rng(seed, f"circuit {name}", attempt)
        size = int(stream.integers(2, 5))
        keep = () if number % 2 else None
        shapes = {symbol: (size, size) for symbol in SYMBOLS}
        network = compile(_program(name, stream), shapes=shapes, keep=keep)
        made = circuit(name, seed, network, partial(_sample, size))
        inside = len(made.truth.inside)
        if min(inside, len(made.truth.components) - inside) >= _LEAST:
            return made
    raise AssertionError(f"no program of seed {seed}")


def _program(name: str, stream: np.random.Generator) -> Program:
    """A program whose function draws nothing: what was drawn stays what it is."""
    count = int(stream.integers(*_STEPS))
    steps = []
    for made in range(len(SYMBOLS), len(SYMBOLS) + count):
        # The latest matrices twice as likely, so that programs are deep.
        pool = [*range(made), *range(len(SYMBOLS), made)]
        left, right = (pool[int(i)] for i in stream.integers(len(pool), size=2))
        which = int(stream.integers(len(_OPERATIONS)))
        steps.append((_OPERATIONS[which], left, right, stream.uniform(0.3, 1.0, 2)))
    read = {place for _, left, right, _ in steps for place in (left, right)}
    sinks = [place for place in range(len(SYMBOLS), len(SYMBOLS) + count) if place not in read]
    answer = sinks.pop(int(stream.integers(len(sinks))))

    def run(A: Expression, B: Expression, C: Expression) -> dict[str, Expression]:
        found = [A, B, C]
        for operation, left, right, factors in steps:
            found.append(stored(operation(found[left], found[right], *map(float, factors))))
        spare = {f"spare{number}": found[place] for number, place in enumerate(sinks)}
        return {"result": found[answer], **spare}

    return Program(name, run, SYMBOLS)


_Operation = Callable[[Expression, Expression, float, float], Expression]
_OPERATIONS: tuple[_Operation, ...] = (
    lambda x, y, a, b: x @ y,
    lambda x, y, a, b: x.T @ y,
    lambda x, y, a, b: a * x - b * y,
    lambda x, y, a, b: a * x + b * y.T,
    lambda x, y, a, b: x @ (2 * I - y @ x),
    lambda x, y, a, b: x @ y.T @ x,
    lambda x, y, a, b: x @ y + b * x,
)


def _sample(size: int, stream: np.random.Generator, count: int) -> Inputs:
    """Matrices with coefficients of variance 1 / size, so that products neither grow nor vanish."""
    return tuple(stream.standard_normal((3, count, size, size)) / np.sqrt(size))
