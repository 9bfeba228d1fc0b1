"""A program compiled and run on one random input: its layers, its states, its residual."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from .. import ensembles
from ..construct import CompiledNetwork, Layer, interpret, theory
from ..construct.blocks import dense
from ..construct.feed_forward import feed_forward
from ..construct.language import ProgramText, read_program
from ..core import InputError, rng
from ..ensembles.reading import parse_matrix
from .draw import LARGEST_SIDE

_SMALLEST = 1e-18
_HIGHEST_ORDER = 6


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Built:
    """A compiled program, and one run of it."""

    text: ProgramText
    network: CompiledNetwork
    inputs: dict[str, Float64[np.ndarray, "r c"]]
    states: tuple[dict[str, Float64[np.ndarray, "r n"]], ...]
    """The named blocks before the first layer and after each."""
    output: Float64[np.ndarray, "p q"]
    residuals: Float64[np.ndarray, " T"]
    """By layer, from the input on; what they are is `measure`."""
    measure: str
    expected: Float64[np.ndarray, " T"] | None
    """Theory's line beside them, and `order` of the iteration; None where theory knows none."""
    order: int | None
    condition: float
    """The largest condition number of the inputs."""
    other: "Built | None" = None
    """Another program, run on the same inputs."""

    @property
    def depth(self) -> int:
        return self.network.depth

    def words(self, layer: int) -> tuple[str, ...]:
        """What a layer computes, a line for each head and function."""
        for group in self.network.summary().groups:
            if group.first <= layer <= group.last:
                return group.text
        return ("the input, as it is laid out in blocks",)


@lru_cache(maxsize=32)
def build(
    program: str, condition: float = 1.0, seed: int = 0, matrix: str = "", other: str = ""
) -> Built:
    """Compile a program's text and run it on random inputs of a condition number 10^condition.

    `matrix`, as text, takes the place of the first input; `other` is a program to run beside it. A
    function of its arguments alone; the last ones are kept, so that stepping is quick.
    """
    text = read_program(program)
    network = text.compile()
    inputs = _draw(text, condition, seed)
    if matrix.strip():
        _place(text, inputs, matrix)
    tensors = tuple(torch.from_numpy(matrix) for matrix in inputs.values())
    with torch.no_grad():
        target = text.target(*tensors)
        start, _ = network.start(*tensors)
        states = list(network.states(start))
        outputs = [network.read(state)[0] for state in states]
    named = tuple(
        {name: state[0, rows.slice].numpy() for name, rows in network.spec.layout.items()}
        for state in states
    )
    residuals, measure = _residuals(text, inputs, outputs, target)
    order = iteration_order(text) if measure.startswith("||I") else None
    return Built(
        text=text,
        network=network,
        inputs=inputs,
        states=named,
        output=outputs[-1].numpy(),
        residuals=residuals,
        measure=measure,
        expected=None if order is None else _expected(network, residuals, order, inputs),
        order=order,
        condition=max(float(np.linalg.cond(value)) for value in inputs.values()),
        other=_beside(other, condition, seed, matrix),
    )


def _beside(other: str, condition: float, seed: int, matrix: str) -> Built | None:
    if not other.strip():
        return None
    try:
        return build(other, condition, seed, matrix)
    except InputError as error:
        raise InputError(f"in the other program: {error}") from None


def _place(text: ProgramText, inputs: dict[str, np.ndarray], matrix: str) -> None:
    """The user's matrix as the first input."""
    name, (rows, columns) = next(iter(text.given.items()))
    given = parse_matrix(matrix, LARGEST_SIDE)
    m, n = given.shape
    if (m, n) != (rows, columns):
        raise InputError(
            f"{name} is {rows}x{columns} in the program and your matrix {m}x{n}; make them alike, "
            "or leave the matrix out"
        )
    if name in text.symmetric and not np.array_equal(given, given.T):
        raise InputError(f"the program promises that {name} is symmetric, and your matrix is not")
    inputs[name] = given


def _draw(text: ProgramText, condition: float, seed: int) -> dict[str, np.ndarray]:
    """Random inputs, of coefficients of about 1."""
    if not 0 <= condition <= 12:
        raise InputError(f"the condition number is 10^{condition:g}; take a power from 0 to 12")
    inputs = {}
    for place, (name, (rows, columns)) in enumerate(text.given.items()):
        ensemble = ensembles.get(
            "conditioned",
            dims=(rows, columns),
            scale=3**0.5,
            condition=1.0 if min(rows, columns) == 1 else 10.0**condition,
        )
        generator = rng(seed, "app build", place)
        inputs[name] = ensemble.draw(generator, 1, name in text.symmetric).values[0]
    return inputs


def _residuals(
    text: ProgramText, inputs: dict[str, np.ndarray], outputs: list[Tensor], target: Tensor | None
) -> tuple[np.ndarray, str]:
    iterates = [output.numpy() for output in outputs]
    name = text.inverts
    with np.errstate(all="ignore"):
        if name is not None and target is not None and target.shape == outputs[-1].shape:
            a = inputs[name]
            tall = a.shape[0] > a.shape[1]
            eye = np.eye(min(a.shape))
            sizes = [_norm(eye - (x @ a if tall else a @ x)) for x in iterates]
            return np.array(sizes), f"||I - {'X ' + name if tall else name + ' X'}||"
        if target is not None:
            truth = target.numpy()
            if truth.shape != iterates[-1].shape:
                raise InputError(
                    f"the target is {truth.shape[0]}x{truth.shape[1]} and the result "
                    f"{iterates[-1].shape[0]}x{iterates[-1].shape[1]}; make them alike"
                )
            size = _norm(truth) or 1.0
            errors = [_norm(x - truth) / size for x in iterates]
            return np.array(errors), "||X - target|| / ||target||"
        size = _norm(iterates[-1]) or 1.0
        return np.array([_norm(x - iterates[-1]) / size for x in iterates]), "||X - X at the end||"


def _norm(matrix: np.ndarray) -> float:
    return float(np.linalg.norm(matrix, 2)) if np.isfinite(matrix).all() else float("inf")


def iteration_order(text: ProgramText) -> int | None:
    """The q with I - A X' = (I - A X)^q, X' being X after one repetition; None if there is none.

    A polynomial identity in A and X, tested on random matrices: it fails there unless it holds.
    """
    name = text.inverts
    fed = next(iter(text.feed), None)
    if name is None or len(text.given) != 1 or list(text.feed.values()) != ["result"]:
        return None
    assert fed is not None
    generator = rng(0, "app order")
    a = generator.standard_normal(text.shapes[name])
    if text.symmetric:
        a = a + a.T
    x = generator.standard_normal(text.shapes[fed])
    symbols = {symbol: generator.standard_normal(shape) for symbol, shape in text.shapes.items()}
    symbols |= {name: a, fed: x}
    if x.shape != a.T.shape:
        return None
    after = interpret(text.program(), symbols, exact=False)
    left, residual = np.eye(len(a)) - a @ after, np.eye(len(a)) - a @ x
    power = residual
    for order in range(2, _HIGHEST_ORDER + 1):
        power = power @ residual
        if np.linalg.norm(left - power) <= 1e-9 * np.linalg.norm(power):
            return order
    return None


def _expected(
    network: CompiledNetwork,
    residuals: np.ndarray,
    order: int,
    inputs: dict[str, np.ndarray],
) -> np.ndarray:
    """||I - A X0||^(order^t) after t steps, down to where rounding ends it."""
    steps = network.spec.steps or 1
    a_layer = max(1, (network.depth - 1) // steps)
    setup = network.depth - a_layer * steps
    t = np.maximum(np.arange(network.depth + 1) - setup, 0) // a_layer
    first = min(float(residuals[0]), 1.0)
    condition = np.linalg.cond(next(iter(inputs.values())))
    floor = theory.floor(np.array(condition), torch.float64)
    with np.errstate(under="ignore"):
        line: np.ndarray = np.maximum(first ** (float(order) ** t), np.maximum(floor, _SMALLEST))
    return line


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Weight:
    """One weight matrix of a layer, and the blocks of its rows and columns."""

    name: str
    matrix: Float64[np.ndarray, "r c"]
    rows: dict[str, int]
    columns: dict[str, int]


def weights(built: Built, layer: int) -> list[Weight]:
    """Every weight of a layer (from 1 on): values, keys and queries of each head, the ReLUs'."""
    spec = built.network.spec
    if not 1 <= layer <= len(spec.layers):
        return []
    here: Layer = spec.layers[layer - 1]
    blocks = {name: rows.count for name, rows in spec.layout.items()}
    width = spec.layout.width
    roles: tuple[Literal["value", "key", "query"], ...] = ("value", "key", "query")
    shown = [
        Weight(
            name=f"head {number}, {role}",
            matrix=dense(getattr(head, role), width),
            rows=blocks,
            columns=blocks,
        )
        for number, head in enumerate(here.heads, start=1)
        for role in roles
    ]
    if here.units:
        up, down = feed_forward(here, spec)
        hidden = {"hidden": len(up)}
        shown.append(Weight(name="ReLU, in", matrix=up, rows=hidden, columns=blocks))
        shown.append(Weight(name="ReLU, out", matrix=down, rows=blocks, columns=hidden))
    return shown
