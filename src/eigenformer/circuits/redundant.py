"""Programs on which methods of discovery disagree: copies, corrections, constants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..construct import Expression, I, compile, ones, program, stored
from ..construct.algorithms.newton import conditioned, transposed_start
from .circuit import Circuit, Inputs
from .constructed import circuit

SIZE = 3
Results = Expression | dict[str, Expression]


def make(name: str, seed: int) -> Circuit:
    """The circuit of a name, with distractors of a seed."""
    case = _CASES[name]
    source = program(case.program)
    shapes = {symbol: (SIZE, SIZE) for symbol in source.parameters}
    network = compile(source, shapes=shapes, repeat=case.repeat, feed=case.feed)
    return circuit(name, seed, network, case.sample, distracted=True)


def _average_of_two(A: Expression, B: Expression, C: Expression) -> Results:
    return 0.5 * stored(stored(A @ B) @ C) + 0.5 * stored(A @ stored(B @ C))


def _spare_copy(A: Expression, B: Expression, C: Expression) -> Results:
    return {"result": stored(stored(A @ B) @ C), "spare": stored(A @ stored(B @ C))}


def _step(A: Expression, X: Expression) -> Expression:
    return X @ (2 * I - A @ X)


def _two_newtons(A: Expression, X: Expression, Y: Expression) -> Results:
    x, y = stored(_step(A, X)), stored(_step(A, Y))
    return {"result": 0.5 * (x + y), "x": x, "y": y}


def _spare_newton(A: Expression, X: Expression, Y: Expression) -> Results:
    return {"result": _step(A, X), "spare": _step(A, Y)}


def _faint(A: Expression, B: Expression, C: Expression, D: Expression) -> Results:
    return A @ B + 1e-6 * stored(C @ D)


def _centred(A: Expression) -> Results:
    return A - stored(ones(A) / SIZE) @ A


def _constants(A: Expression, B: Expression) -> Results:
    flat = stored(ones(A) / 2)
    return A @ stored(stored(flat @ (2 * I - flat)) + I) + B


def _plain(count: int) -> Callable[[np.random.Generator, int], Inputs]:
    def sample(stream: np.random.Generator, batch: int) -> Inputs:
        return tuple(stream.standard_normal((count, batch, SIZE, SIZE)) / np.sqrt(SIZE))

    return sample


def _newton(stream: np.random.Generator, batch: int) -> Inputs:
    """Condition numbers up to 3, and two starts from which Newton's iteration converges."""
    a = conditioned(stream, batch, (SIZE, SIZE))
    start = transposed_start(a)
    return a, start, 0.5 * start


@dataclass(frozen=True, kw_only=True)
class _Case:
    program: Callable[..., Results]
    sample: Callable[[np.random.Generator, int], Inputs]
    repeat: int = 1
    feed: Mapping[str, str] = field(default_factory=dict)


_CASES = {
    "average-of-two": _Case(program=_average_of_two, sample=_plain(3)),
    "spare-copy": _Case(program=_spare_copy, sample=_plain(3)),
    "two-newtons": _Case(program=_two_newtons, sample=_newton, repeat=9, feed={"X": "x", "Y": "y"}),
    "spare-newton": _Case(
        program=_spare_newton, sample=_newton, repeat=9, feed={"X": "result", "Y": "spare"}
    ),
    "faint": _Case(program=_faint, sample=_plain(4)),
    "centred": _Case(program=_centred, sample=_plain(1)),
    "constants": _Case(program=_constants, sample=_plain(2)),
}
