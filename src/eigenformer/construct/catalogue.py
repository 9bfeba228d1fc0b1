"""Every constructed network by name, with what is known of it: its source, its counts, its error.

`check` compares a network with its NumPy reference on random inputs and its counts with the figures
of the summary table (derivations.md, section 11), beside the source's own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64

from .. import problems
from ..core import Registry
from ..problems.ratios import BAR
from .gallery import gallery
from .network import Network


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Construction:
    """One constructed algorithm, ready to be listed, shown, checked and run.

    `build` makes a small representative network. `draw(rng, batch)` gives inputs as arrays
    [B, ...], in the order of the network's; `reference(*inputs)` the NumPy answer [B, ...] to them,
    step by step by the algorithm's own formulas, independent of the network. `layers`, `heads` and
    `width` are upper bounds for the network that `build` makes. `error` is the largest error that
    was measured before: rounding errors may be 10 times as large, approximation errors 1.2 times.
    """

    summary: str
    source: str
    build: Callable[[], Network]
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, ...]]
    reference: Callable[..., np.ndarray]
    layers: int
    heads: int
    width: int
    error: float
    kind: Literal["rounding", "approximation"] = "rounding"
    relative: bool = False
    """Whether the error is divided by the largest coefficient of the reference (per example)."""
    samples: int = 1000
    theorem: dict[str, str] = field(default_factory=dict)
    """The source's own counts, such as {"layers": "11 + 2k = 25"}."""
    build_for: Callable[..., Network] | None = None
    """Makes a network that fits given inputs, arrays [B, ...] in the order of the network's."""
    compare: Callable[..., np.ndarray] | None = None
    """The error of answers, `compare(*inputs, answer)` [B], where coefficients are not comparable:
    of bases, whose signs and clusters are free. Without it, the largest difference."""
    suits: Callable[[np.ndarray], bool] | None = None
    """Whether there is an answer to a matrix of the gallery: `check` compiles for it, by
    `build_for`, and takes its ratio too."""
    predicted: Callable[..., np.ndarray] | None = None
    """What theory says of the error for given inputs, in the units of `error`: [B]."""
    problem: str | None = None
    """The problem that `build_for(inputs)` answers for every size, as `constructed_solver` asks.
    Its `ratios` of the answers, LAPACK's, have to be below 30."""
    limit: Callable[..., np.ndarray] | None = None
    """The answer [B, ...] that the algorithm converges to, where `reference` takes its steps."""
    rate: Callable[[int], float] | None = None
    """Theory's bound on the relative distance to that after a number of layers."""

    @property
    def allowed(self) -> float:
        return self.error * (10 if self.kind == "rounding" else 1.2)

    def facts(self) -> dict[str, Any]:
        """What a list says of it."""
        return {
            "summary": self.summary,
            "source": self.source,
            "layers": self.layers,
            "heads": self.heads,
            "width": self.width,
            "theorem": self.theorem,
            "problem": self.problem,
        }

    def register(self, name: str) -> None:
        """Put it into the catalogue."""
        CATALOGUE.register(name, lambda: self)


CATALOGUE: Registry[Construction] = Registry("construction", homes=(f"{__package__}.algorithms",))
"""Names to functions that return a `Construction`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What `check_entry` found."""

    entry: Construction
    layers: int
    heads: int
    width: int
    feed_forward: int
    error: float
    predicted: float | None = None
    """The largest error that theory gives these inputs."""
    ratio: float | None = None
    """The largest of LAPACK's test ratios, over the drawn inputs and the gallery's."""
    hardest: str = ""
    """The matrix of the gallery where that is, if it is not a drawn one."""

    @property
    def wrong(self) -> list[str]:
        """The figures that are larger than they should be."""
        entry = self.entry
        pairs = {
            "layers": (self.layers, entry.layers),
            "heads": (self.heads, entry.heads),
            "width": (self.width, entry.width),
            "error": (self.error, entry.allowed),
            "ratio": (self.ratio or 0.0, BAR),
        }
        return [name for name, (found, known) in pairs.items() if not found <= known]

    @property
    def passed(self) -> bool:
        return not self.wrong


def check_entry(
    entry: Construction,
    rng: np.random.Generator,
    samples: int | None = None,
    *,
    hard: bool = True,
) -> Checked:
    """Run an entry's network and reference on the same random inputs.

    And, if `hard`, networks that are compiled for the gallery's matrices on these.
    """
    network = entry.build()
    inputs = entry.draw(rng, samples or entry.samples)
    found = network(*inputs).numpy()
    expected = np.asarray(entry.reference(*inputs))
    difference = np.abs(found - expected).reshape(len(found), -1).max(axis=1)
    if entry.compare is not None:
        difference = entry.compare(*inputs, found)
    elif entry.relative:
        difference = difference / np.abs(expected).reshape(len(found), -1).max(axis=1)
    spec = network.spec
    predicted, ratio, hardest = None, None, ""
    if entry.predicted is not None:
        predicted = float(entry.predicted(*inputs).max())
    if entry.problem is not None and len(inputs) == 1:  # not of a step from a start
        ratio = _ratio(network, inputs[0], found)
        for name, matrix in gallery().items() if hard else ():
            if entry.suits is not None and entry.build_for is not None and entry.suits(matrix):
                fitting = entry.build_for(matrix[None])
                again = _ratio(fitting, matrix[None], fitting(matrix[None]).numpy())
                if not again <= ratio:
                    ratio, hardest = again, name
    return Checked(
        entry=entry,
        layers=network.depth,
        heads=max((len(layer.heads) for layer in spec.layers), default=0),
        width=spec.layout.width,
        feed_forward=max((layer.hidden for layer in spec.layers), default=0),
        error=float(difference.max()),
        predicted=predicted,
        ratio=ratio,
        hardest=hardest,
    )


def _ratio(
    network: Network, inputs: Float64[np.ndarray, "B m n"], answers: Float64[np.ndarray, "B p q"]
) -> float:
    assert network.spec.problem is not None
    name, fields = network.spec.problem
    found = problems.get(name, **fields).ratios(inputs, answers)
    assert found is not None, f"{name} has no test ratio"
    return float(found.max())
