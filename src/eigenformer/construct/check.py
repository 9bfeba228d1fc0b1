"""A compiled network compared with the interpreter of its program, layer by layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from ..core import rng as stream
from .compiler import CompiledNetwork
from .graph import Atom, Form
from .interpret import entrywise, interpreted, masked
from .program import Traced
from .scalar import Mask
from .timing import Timing

LIMIT = 1e-10
"""An error, relative to the largest intermediate matrix, that rounding in float64 explains."""
HUGE = 1e100
"""Examples whose intermediate matrices are larger are left out: nothing is left of 16 digits."""

Draw = Callable[[np.random.Generator, int], Mapping[str, np.ndarray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerError:
    """The largest error in the blocks after a layer, relative to the largest matrix met."""

    layer: int
    error: float
    block: str
    """Where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A network beside the interpreter on random inputs; errors are relative (see `LIMIT`)."""

    name: str
    examples: int
    skipped: int
    """Examples that overflowed."""
    error: float
    """Of the result, against the program run operator by operator."""
    absolute: float
    """The same, not divided."""
    layers: tuple[LayerError, ...]
    """Of every stored value, against what it stands for."""
    residue: float
    """The largest entry that scratch rows, and columns beside a matrix, hold at the end."""

    @property
    def worst(self) -> float:
        return max([self.error, self.residue, *(layer.error for layer in self.layers)])

    @property
    def passed(self) -> bool:
        return self.worst <= LIMIT

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {'equal' if self.passed else 'NOT EQUAL'} on {self.examples} examples"
            + (f" ({self.skipped} overflowed and were left out)" if self.skipped else ""),
            f"  result   {self.error:.1e} relative to the largest matrix, "
            f"{self.absolute:.1e} absolute",
            f"  residue  {self.residue:.1e} in rows and columns that should be zero",
        ]
        shown = self.layers if len(self.layers) <= 12 else self.layers[:6] + self.layers[-6:]
        lines += [f"  layer {e.layer:3d}  {e.error:.1e} (worst block: {e.block})" for e in shown]
        return "\n".join(lines)


def check(
    network: CompiledNetwork, n: int = 1000, *, seed: int = 0, draw: Draw | None = None
) -> Agreement:
    """Compare a compiled network with the interpreter on `n` random inputs.

    Inputs have independent normal entries, scaled to a 2-norm of about 1; `draw(rng, n)` gives
    others, as arrays [n, r, c] by name. Every stored block is compared after every layer. A network
    whose scalar functions are ReLU forms is compared with a program whose functions are the same.
    """
    if n < 1:
        raise InputError(f"n is {n}; compare on at least one example")
    compiled = network.compiled
    traced, exact = compiled.traced, network.exact
    draw = draw or compiled.draw or partial(_draw, traced)
    inputs = dict(draw(stream(seed, "construct check"), n))
    with np.errstate(all="ignore"):
        reference = interpreted(traced, inputs, exact=exact)
        usable = reference.largest < HUGE
    if not usable.any():
        raise InputError(
            f"{traced.name} overflows on all of {n} random inputs; give draw= with better ones"
        )
    inputs = {name: array[usable] for name, array in inputs.items()}
    size = reference.largest[usable]
    evaluate = _Evaluator(compiled.timing, inputs, exact)
    errors, final = _layers(network, inputs, evaluate, size)
    expected = reference.results[traced.answer][usable]
    spec, port = network.spec, network.spec.output
    rows = spec.layout[port.block].first(port.shape[0])
    difference = np.abs(final[:, rows.slice, : port.shape[1]] - expected).max(axis=(1, 2))
    return Agreement(
        name=spec.name,
        examples=int(usable.sum()),
        skipped=int((~usable).sum()),
        error=float((difference / size).max()),
        absolute=float(difference.max()),
        layers=errors,
        residue=_residue(network, final, size),
    )


def _layers(
    network: CompiledNetwork,
    inputs: Mapping[str, np.ndarray],
    evaluate: "_Evaluator",
    size: Float64[np.ndarray, " B"],
) -> tuple[tuple[LayerError, ...], Float64[np.ndarray, "B w n"]]:
    """Errors after every layer, and the last state."""
    compiled = network.compiled
    allocation = compiled.allocation
    ordered = tuple(inputs[name] for name in compiled.traced.symbols)
    state, _ = network.place(*ordered)
    found = []
    for number, after in enumerate(network.states(state)):
        array = after.double().numpy()
        worst = LayerError(layer=number, error=0.0, block="-")
        for block in allocation.blocks:
            for stay in block.stays:
                gone = allocation.clean and number == network.depth and stay.end <= number + 1
                if gone or not stay.start <= number < stay.end:
                    continue
                # Rows that a smaller value leaves alone may hold what was there before.
                here = array[:, network.spec.layout[block.name].slice][:, : stay.value.shape[0]]
                expected = np.zeros_like(here)
                expected[:, :, : stay.value.shape[1]] = evaluate.stored(stay.value.content)
                error = np.abs(here - expected).max(axis=(1, 2))
                if not (relative := float((error / size).max())) <= worst.error:
                    worst = LayerError(layer=number, error=relative, block=block.name)
        found.append(worst)
    return tuple(found), array


def _residue(
    network: CompiledNetwork,
    final: Float64[np.ndarray, "B w n"],
    size: Float64[np.ndarray, " B"],
) -> float:
    """What is left in scratch, and beside the matrices, at the end."""
    allocation, depth = network.compiled.allocation, network.depth
    if not allocation.clean:
        return 0.0
    found = 0.0
    for block in allocation.blocks:
        here = np.abs(final[:, network.spec.layout[block.name].slice])
        last = block.stays[-1]
        rest = here.copy()
        if last.start <= depth < last.end and last.end > depth + 1:
            rest[:, : last.value.shape[0], : last.value.shape[1]] = 0.0
        found = max(found, float((rest.max(axis=(1, 2)) / np.maximum(size, 1e-300)).max()))
    return found


class _Evaluator:
    """Atoms' values by NumPy, from their definitions."""

    def __init__(self, timing: Timing, inputs: Mapping[str, np.ndarray], exact: bool) -> None:
        self.timing, self.exact = timing, exact
        self.inputs = inputs
        self.atom = cache(self._atom)
        for atom in timing.graph.landmarks:  # in order: no deep recursion
            self.atom(atom)

    def stored(self, form: Form) -> np.ndarray:
        """A combination of what is stored: cells leave out the identities in their sums."""
        return self.form(form, lambda atom: self.atom(atom) - self.form(self.timing.left_out(atom)))

    def form(self, form: Form, value: Callable[[Atom], np.ndarray] | None = None) -> np.ndarray:
        total = np.zeros((1, *form.shape))
        for atom, c in form.terms:
            total = total + c * (value or self.atom)(atom)
        return total

    def _atom(self, atom: Atom) -> np.ndarray:
        if atom.kind == "symbol":
            value = self.inputs[atom.name]
            return value.swapaxes(1, 2) if atom.transposed else value
        if atom.kind == "identity":
            return np.eye(atom.shape[0])[None]
        if atom.kind == "product":
            value = self.atom(atom.factors[0])
            for factor in atom.factors[1:]:
                value = value @ self.atom(factor)
            return value
        assert atom.body is not None
        if atom.kind == "group":
            return self.form(atom.body)
        if atom.kind == "hadamard":
            (spread,) = atom.factors
            assert spread.body is not None
            return np.asarray(self.form(atom.body) * self.form(spread.body))
        assert atom.scalar is not None
        if isinstance(atom.scalar, Mask):
            return masked(atom.scalar, self.form(atom.body))
        return entrywise(atom.scalar, self.form(atom.body), exact=self.exact)


def _draw(traced: Traced, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    found = {}
    for name, (rows, columns) in traced.shapes.items():
        entries = rng.standard_normal((n, rows, columns))
        if name in traced.symmetric:
            entries = (entries + entries.swapaxes(1, 2)) / 2**0.5
        found[name] = entries / (rows**0.5 + columns**0.5)
    return found
