"""How constructed networks converge: against layers and condition number, beside theory's lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64, Int64

from .. import ensembles
from ..construct import Construction, Network, theory
from ..core import rng
from ..core.plot import COLOURS, plain, pyplot, save

CONDITIONS = (2.0, 10.0, 100.0, 1000.0)
SAMPLES = 200
STYLES = {torch.float64: "-", torch.float32: "--"}
_SMALLEST = 1e-18


def plot_convergence(entry: Construction, name: str, path: Path, seed: int = 0) -> None:
    """Draw the error of a network after each layer, in float64 and float32. Needs matplotlib.

    Newton's iterations for the inverse are drawn for several condition numbers, with the residual
    and the number of layers that theory predicts. Other networks are compared with `entry.limit`
    and `entry.rate` where there are such, and with the NumPy reference that takes all their steps.
    """
    plt = pyplot()
    network = entry.build()
    problem = network.spec.problem
    if problem is not None and "inverse" in problem[0] and entry.build_for is not None:
        figure = _inverse(plt, entry, symmetric=problem[0].startswith("symmetric"), seed=seed)
    else:
        figure = _any(plt, entry, network, seed)
    figure.suptitle(f"{name}: {entry.summary}", x=0.01, ha="left", fontsize="medium")
    save(figure, path)


def _inverse(plt: Any, entry: Construction, *, symmetric: bool, seed: int) -> Any:
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    many = np.geomspace(2, 1e4, 9)
    pace = _Pace.of(_network(entry, CONDITIONS[-1], symmetric, seed)[0])
    for colour, condition in zip(COLOURS, CONDITIONS, strict=True):
        for dtype, style in STYLES.items():
            residuals = _residuals(entry, condition, symmetric, dtype, seed)
            label = f"{condition:g}" if dtype == torch.float64 else None
            left.plot(residuals, style, color=colour, label=label)
        bound = theory.start_residual(np.array(condition)) ** pace.power(np.arange(len(residuals)))
        left.plot(np.maximum(bound, _SMALLEST), ":", color=colour)
    left.set_xlabel("layer")
    left.set_ylabel("||I - A X||")
    left.set_ylim(1e-17, 3)
    left.set_title("dashed: float32, dotted: theory", loc="left", fontsize="small")
    left.legend(
        title="condition",
        loc="lower left",
        handlelength=1,
        frameon=False,
        fontsize="small",
        title_fontsize="small",
        borderaxespad=0.1,
    )
    for dtype, marker in ((torch.float64, "o"), (torch.float32, "s")):
        curves = [_residuals(entry, condition, symmetric, dtype, seed) for condition in many]
        floors = theory.floor(many, dtype)
        layers = [int(np.argmax(c <= 10 * f)) for c, f in zip(curves, floors, strict=True)]
        kind = str(dtype).removeprefix("torch.")
        colour = COLOURS[0] if dtype == torch.float64 else COLOURS[3]
        middle.plot(many, layers, marker, color=colour, label=kind, markersize=4)
        steps = theory.steps_from_transpose(many, 10 * floors, pace.order)
        middle.plot(many, pace.setup + pace.layers * steps, ":", color=colour)
        right.plot(many, [c[-1] for c in curves], marker, color=colour, label=kind, markersize=4)
        right.plot(many, floors, ":", color=colour)
    middle.set_ylabel("layers to 10 times the last error")
    right.set_ylabel("||I - A X|| at the end")
    right.set_yscale("log")
    for axes in (middle, right):
        axes.set_xscale("log")
        axes.set_xlabel("condition number")
        axes.legend(frameon=False, fontsize="small")
    left.set_yscale("log")
    plain(left, middle, right)
    return figure


def _residuals(
    entry: Construction, condition: float, symmetric: bool, dtype: torch.dtype, seed: int
) -> Float64[np.ndarray, " T"]:
    """The largest ||I - A X||_2 of random matrices after each layer."""
    network, inputs = _network(entry, condition, symmetric, seed)
    network = Network(network.spec, dtype=dtype)
    found = []
    for answer in _outputs(network, inputs):
        difference = np.eye(inputs.shape[1]) - inputs @ answer
        found.append(np.linalg.norm(difference, 2, axis=(1, 2)).max())
    return np.array(found)


def _network(
    entry: Construction, condition: float, symmetric: bool, seed: int
) -> tuple[Network, Float64[np.ndarray, "B n n"]]:
    """Matrices of a condition number, and a network with enough steps for them."""
    assert entry.build_for is not None
    dim = entry.build().spec.output.shape[0]
    ensemble = ensembles.get("conditioned", dims=(dim, dim), condition=condition)
    inputs = ensemble.draw(rng(seed, "convergence"), SAMPLES, symmetric).values
    return entry.build_for(inputs), inputs


@dataclass(frozen=True, slots=True)
class _Pace:
    """An iteration of order n that takes n - 1 layers a step, after the layers of its set-up."""

    setup: int
    layers: int

    @classmethod
    def of(cls, network: Network) -> "_Pace":
        assert network.spec.steps is not None
        layers = network.depth // network.spec.steps
        return cls(network.depth - layers * network.spec.steps, layers)

    @property
    def order(self) -> int:
        return self.layers + 1

    def power(self, layer: Int64[np.ndarray, " T"]) -> Float64[np.ndarray, " T"]:
        """The power of the first residual that is left after so many layers."""
        return np.asarray(float(self.order) ** (np.maximum(layer - self.setup, 0) // self.layers))


def _any(plt: Any, entry: Construction, network: Network, seed: int) -> Any:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    inputs = entry.draw(rng(seed, "convergence"), min(SAMPLES, entry.samples))
    goal = "NumPy's answer" if entry.limit is None else "the limit"
    expected = np.asarray((entry.limit or entry.reference)(*inputs))
    condition = _condition(inputs)
    for dtype, colour in ((torch.float64, COLOURS[0]), (torch.float32, COLOURS[3])):
        kind = str(dtype).removeprefix("torch.")
        outputs = _outputs(Network(network.spec, exact=network.exact, dtype=dtype), inputs)
        errors = np.array([_error(answer, expected) for answer in outputs])
        left.plot(np.maximum(errors.max(axis=1), _SMALLEST), color=colour, label=f"{kind}, largest")
        middle = np.maximum(np.median(errors, axis=1), _SMALLEST)
        left.plot(middle, "--", color=colour, label="median", linewidth=1)
        last = np.maximum(errors[-1], _SMALLEST)
        right.plot(condition, last, ".", color=colour, label=kind, markersize=4)
    if entry.rate is not None:
        bounds = [entry.rate(layer) for layer in range(network.depth + 1)]
        left.plot(np.maximum(bounds, _SMALLEST), ":", color="#555", label="theory")
    left.set_xlabel("layer")
    left.set_ylabel(f"relative distance to {goal}")
    right.set_xlabel(f"condition number of {_first(network)}")
    right.set_ylabel("the same after the last layer")
    if condition.max() > 10 * condition.min():
        right.set_xscale("log")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.legend(frameon=False, fontsize="small")
    plain(left, right)
    return figure


def _outputs(network: Network, *inputs: Any) -> Iterator[np.ndarray]:
    """What the output would be if it were read before the first layer, after the first, ..."""
    given = inputs[0] if isinstance(inputs[0], tuple) else inputs
    with torch.no_grad():
        for traced in network.trace(*given):
            state = torch.cat([traced[name] for name in network.spec.layout.names], dim=1)
            yield network.read(state).double().numpy()


def _error(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    size = len(expected)
    scale = np.linalg.norm(expected.reshape(size, -1), axis=1)
    difference = np.linalg.norm((found - expected).reshape(size, -1), axis=1)
    return np.asarray(difference / np.where(scale > 0, scale, 1.0))


def _condition(inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Of the first input that is a matrix, its null space left out."""
    matrices = next((x for x in inputs if x.ndim == 3), None)
    if matrices is None:
        return np.ones(len(inputs[0]))
    sizes = np.linalg.svd(matrices, compute_uv=False)
    least = np.where(sizes > 1e-12 * sizes[:, :1], sizes, np.inf).min(axis=1)
    return np.asarray(sizes[:, 0] / least)


def _first(network: Network) -> str:
    ports = network.spec.given or network.spec.inputs
    return next((port.name for port in ports if len(port.shape) == 2), "the input")
