"""Attention of a shipped model over a matrix's own grid."""

import copy
import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from ..evaluation import TrainedSolver
from .solvers import trained

_SIDES = {
    ("encoder", "attn"): "the matrix looks at itself",
    ("decoder", "attn"): "the answer looks at itself",
    ("decoder", "cross"): "the answer looks at the matrix",
}

_recording = threading.Lock()


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Attention:
    """One pattern of one model for one matrix, and what others there are."""

    names: tuple[str, ...]
    """Patterns to choose from; empty where the model has none."""
    name: str
    heads: int
    head: int
    """From 1 on; 0 is the average of all."""
    grid: Float64[np.ndarray, "p q m n"] | None
    """How much coefficient (p, q) looks at (m, n); None where the answer is malformed."""


def attention(
    problem: str, model: str, matrix: Float64[np.ndarray, "m n"], name: str = "", head: int = 0
) -> Attention:
    """The attention pattern `name` (the answer's on the matrix by default) of a head."""
    none = Attention(names=(), name="", heads=0, head=0, grid=None)
    try:
        with _recording:
            _, cache = _recorded(model, problem).run_with_cache(matrix)
        names = cache.patterns
        if not names:
            return none
        if name not in names:
            name = next((pattern for pattern in names if ".cross." in pattern), names[-1])
        grid = cache.grid(name)[0]
    except InputError:  # the matrix has been answered: the model does not say where it looks
        return none
    head = head if head <= len(grid) else 0
    chosen = grid.mean(axis=0) if head == 0 else grid[head - 1]
    finite = bool(np.isfinite(chosen).all())
    return Attention(
        names=names,
        name=name,
        heads=len(grid),
        head=head,
        grid=chosen if finite else None,
    )


@lru_cache(maxsize=8)
def _recorded(model: str, problem: str) -> TrainedSolver:
    # Recording hangs hooks on the model, which another user may be running at this moment.
    solver = trained(model, problem)
    return TrainedSolver(copy.deepcopy(solver.model), solver.task, solver.name, solver.problem)


def called(name: str) -> str:
    """A pattern's name for people: decoder.0.cross.pattern is the answer looking at the matrix."""
    layer, kind, _ = name.rsplit(".", 2)
    side, _, number = layer.rpartition(".")
    return f"{side} layer {int(number) + 1}: {_SIDES.get((side, kind), kind)}"
