"""The networks of lemma 4.1 and theorems 4.2 and 5.1 as built here: counts, errors, depths."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ...construct import newton_inverse
from ...construct.algorithms.least_squares import least_squares, least_squares_reference
from ...construct.algorithms.logistic import draw_problems, inverse_steps_for, logistic_newton
from ...construct.algorithms.logistic_reference import damped_newton, logistic_optimum
from ...construct.algorithms.newton import iterate
from ...construct.network import Network
from ...core import rng
from ...incontext import InContextFolder
from ...runs import Scale
from ..findings import Finding, Findings, Number, Panel
from ..judging import finding
from ..seeds import curve, panel
from ..study import Analysis
from .settings import CITED

ROUNDING = 1e-12
"""An error, relative to the largest number of the answer, that float64 explains."""
DIMS = (2, 3, 5, 8)
DIM, TOKENS = 4, 16
KAPPAS = (10.0, 30.0, 100.0, 300.0, 1000.0)
"""Condition numbers of A^T A."""
ACCURACIES = (1e-2, 1e-4, 1e-8)
_COMPUTED = "nothing is trained"
MOST_STEPS = 30
PROBLEMS = 20
"""For each condition number."""
MUS = (0.1, 0.01)
KNOTS = (32, 64, 128, 256)
LOGISTIC_DIM, LOGISTIC_TOKENS = 5, 26


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A network's counts beside the theorem's, and its error beside the NumPy reference."""

    name: str
    layers: int
    heads: int
    width: int
    claimed_layers: int
    claimed_width: int
    error: float

    @property
    def agrees(self) -> bool:
        within = self.layers <= self.claimed_layers and self.width <= self.claimed_width
        return within and self.heads <= 2 and self.error <= ROUNDING

    def __str__(self) -> str:
        return (
            f"{self.name}: layers {self.layers}, heads {self.heads}, width {self.width}, relative "
            f"error {self.error:.1e}"
        )


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    lemma = [_lemma(dim, symmetric=symmetric) for dim in DIMS for symmetric in (False, True)]
    theorem = [_least_squares(steps) for steps in (1, 5, 10)]
    depths = measured_depths()
    logistic = [_logistic(mu) for mu in MUS]
    knots = {mu: _knot_errors(mu) for mu in MUS}
    numbers = [
        Number(name=f"{each.name}, relative error", value=each.error, reference=0.0, source=CITED)
        for each in (*lemma, *theorem, *logistic)
    ]
    numbers += [
        Number(
            name=f"slope of the steps over log2 kappa(A^T A), accuracy {accuracy:g}",
            value=depth_slope(depths[accuracy]),
            reference=2.0,
            source="2 log2 kappa + log2 ln 1/eps, of X0 = eps A^T A",
        )
        for accuracy in ACCURACIES
        if None not in depths[accuracy]
    ]
    numbers += [
        Number(
            name=f"slope of the step error over the knots, mu = {mu:g}",
            value=_log_slope(KNOTS, errors),
            reference=-2.0,
            source="piecewise-linear interpolation",
        )
        for mu, errors in knots.items()
    ]
    return Findings(
        panels=(_depth_panel(depths), _knot_panel(knots), _looped_panel()),
        numbers=tuple(numbers),
        verdicts={
            "N01": judged_counts(lemma),
            "N02": judged_depth(theorem, depths),
            "N03": judged_logistic(logistic, knots),
        },
    )


# Lemma 4.1 and theorem 4.2.


def _counted(
    name: str, network: Network, layers: int, width: int, found: np.ndarray, expected: np.ndarray
) -> Counted:
    summary = network.summary()
    flat = (len(expected), -1)
    size = np.abs(expected).reshape(flat).max(axis=1)
    if expected.ndim == 1:
        size = np.full(len(expected), np.abs(expected).max())
    error = np.abs(found - expected).reshape(flat).max(axis=1) / size
    return Counted(
        name=name,
        layers=summary.layers,
        heads=summary.heads,
        width=summary.width,
        claimed_layers=layers,
        claimed_width=width,
        error=float(error.max()),
    )


def _lemma(dim: int, *, symmetric: bool) -> Counted:
    source = rng(0, f"lemma 4.1 {dim} {symmetric}")
    a, x = source.standard_normal((1000, dim, dim)), source.standard_normal((1000, dim, dim))
    if symmetric:
        a = a + a.swapaxes(1, 2)
    network = newton_inverse(dim, 1, symmetric=symmetric)
    return _counted(
        f"lemma 4.1, d = {dim}{', symmetric' if symmetric else ''}",
        network,
        1 if symmetric else 2,
        4 * dim,
        network(a, x).numpy(),
        iterate(a, x, 1),
    )


def _least_squares(steps: int) -> Counted:
    a, w, query = problems(DIM, TOKENS, 30.0, 1000, "theorem 4.2")
    y = (a @ w[:, :, None])[:, :, 0]
    network = least_squares(DIM, TOKENS, steps)
    return _counted(
        f"theorem 4.2, T = {steps}",
        network,
        steps + 3,
        4 * DIM + 3,
        network(a, y, query).numpy(),
        least_squares_reference(a, y, query, steps=steps),
    )


def problems(
    dim: int, tokens: int, kappa: float, count: int, name: str
) -> tuple[Float64[np.ndarray, "B n d"], Float64[np.ndarray, "B d"], Float64[np.ndarray, "B d"]]:
    """A with cond(A^T A) = kappa, w and a query; singular values geometric from 1 downwards."""
    source = rng(0, f"{name} {kappa:g}")
    left = np.linalg.qr(source.standard_normal((count, tokens, dim)))[0]
    right = np.linalg.qr(source.standard_normal((count, dim, dim)))[0]
    values = np.geomspace(1.0, kappa**-0.5, dim)
    a: np.ndarray = (left * values) @ right.swapaxes(1, 2)
    return a, source.standard_normal((count, dim)), source.standard_normal((count, dim))


def measured_depths() -> dict[float, list[int | None]]:
    """By accuracy, for each condition number the least T whose network predicts to it.

    The error is the largest over problems, relative to the root mean square of the answers. None
    where `MOST_STEPS` do not suffice.
    """
    drawn = [problems(DIM, TOKENS, kappa, PROBLEMS, "depth") for kappa in KAPPAS]
    a, w, query = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    y, truth = (a @ w[:, :, None])[:, :, 0], (query * w).sum(axis=1)
    scale = np.sqrt((truth**2).mean())
    errors = []
    for steps in range(1, MOST_STEPS + 1):
        found = least_squares(DIM, TOKENS, steps)(a, y, query).numpy()
        errors.append((np.abs(found - truth) / scale).reshape(len(KAPPAS), -1).max(axis=1))
    table = np.stack(errors)
    return {
        accuracy: [
            next((t + 1 for t in range(MOST_STEPS) if (table[t:, k] <= accuracy).all()), None)
            for k in range(len(KAPPAS))
        ]
        for accuracy in ACCURACIES
    }


def depth_slope(steps: Sequence[int | None]) -> float:
    """Steps per doubling of the condition number, by least squares; nan where some are missing."""
    if None in steps:
        return math.nan
    return float(np.polyfit(np.log2(KAPPAS), np.array(steps, dtype=float), 1)[0])


def _depth_panel(depths: Mapping[float, Sequence[int | None]]) -> Panel:
    lines = []
    for accuracy, steps in depths.items():
        kept = {k: t + 3.0 for k, t in zip(KAPPAS, steps, strict=True) if t is not None}
        added = math.log2(-math.log(accuracy))
        theory = {k: 3 + 2 * math.log2(k) + added for k in KAPPAS}
        label = f"3 + 2 log2 kappa + log2 ln 1/eps, eps = {accuracy:g}"
        lines += [curve(f"error {accuracy:g}", kept), curve(label, theory, "theory")]
    return panel(
        "Depth of theorem 4.2's network",
        "condition number of A^T A",
        "layers, T + 3",
        lines,
        log="x",
        note=f"Largest error of {PROBLEMS} problems, d = {DIM}, {TOKENS} rows.",
    )


# Theorem 5.1.


def _drawn(count: int, mu: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source = rng(0, f"theorem 5.1 {mu:g}")
    return draw_problems(source, count, LOGISTIC_DIM, LOGISTIC_TOKENS)


def _logistic(mu: float) -> Counted:
    a, y, x = _drawn(100, mu)
    network = logistic_newton(LOGISTIC_DIM, LOGISTIC_TOKENS, mu, exact=True)
    return _counted(
        f"theorem 5.1, mu = {mu:g}, exact scalar functions",
        network,
        inverse_steps_for(mu) + 6,
        6 * LOGISTIC_DIM + 4,
        network(a, y, x).numpy(),
        damped_newton(a, y, x, mu),
    )


def _knot_errors(mu: float) -> list[float]:
    a, y, x = _drawn(30, mu)
    expected = damped_newton(a, y, x, mu)
    return [
        float(
            np.linalg.norm(
                logistic_newton(LOGISTIC_DIM, LOGISTIC_TOKENS, mu, knots=knots)(a, y, x).numpy()
                - expected,
                axis=1,
            ).max()
        )
        for knots in KNOTS
    ]


def _log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _knot_panel(knots: Mapping[float, Sequence[float]]) -> Panel:
    lines = [
        curve(f"mu = {mu:g}", dict(zip(KNOTS, errors, strict=True))) for mu, errors in knots.items()
    ]
    first = knots[MUS[0]][0]
    slope = {count: first * (KNOTS[0] / count) ** 2 for count in KNOTS}
    return panel(
        "Damped Newton: error of a step of the network",
        "knots of each scalar function",
        "largest ||x - x_exact||",
        (*lines, curve("slope -2", slope, "theory")),
        log="xy",
        note="30 problems, d = 5, 26 examples.",
    )


def _looped_panel() -> Panel:
    mu, rounds, knots = MUS[0], 8, 128
    a, y, x = _drawn(30, mu)
    x = 0 * x
    optimum = logistic_optimum(a, y, mu)
    network = logistic_newton(LOGISTIC_DIM, LOGISTIC_TOKENS, mu, knots=knots)
    ours, exact = [x], [x]
    for _ in range(rounds):
        ours.append(network(a, y, ours[-1]).numpy())
        exact.append(damped_newton(a, y, exact[-1], mu))

    def distances(iterates: Sequence[np.ndarray]) -> dict[float, float]:
        return {
            network.depth * step: float(np.linalg.norm(each - optimum, axis=1).mean())
            for step, each in enumerate(iterates)
        }

    return panel(
        "Damped Newton by a looped network",
        "layers",
        "mean distance to the minimiser",
        (
            curve(f"network, {knots} knots", distances(ours)),
            curve("damped Newton", distances(exact), "theory"),
        ),
        log="y",
        note=f"30 problems, mu = {mu:g}, from 0; {network.depth} layers a step.",
    )


# Verdicts.


def judged_counts(found: Sequence[Counted]) -> Finding:
    """Holds if every network has the counts of the lemma or fewer, and an error of rounding."""
    return _by_counts(found, "on 1000 random A and X0 each")


def judged_depth(found: Sequence[Counted], depths: Mapping[float, Sequence[int | None]]) -> Finding:
    """Counts as the theorem's; 2 steps per doubling of kappa within 0.3; log log 1/eps in eps.

    From an accuracy of 1e-2 to 1e-8 the formula adds log2(8 / 2) = 2 steps; 1 more is allowed for
    rounding to whole steps. Undecided if some accuracy was not reached.
    """
    counts = _by_counts(found, "on 1000 problems each")
    slopes = [depth_slope(steps) for steps in depths.values()]
    if any(math.isnan(slope) for slope in slopes):
        sentence = f"{counts.sentence} Some accuracy was not reached in {MOST_STEPS} steps."
        return finding(None, sentence, "Deeper networks: no training, minutes of a core.")
    first, last = depths[max(depths)], depths[min(depths)]
    added = [b - a for a, b in zip(first, last, strict=True) if a is not None and b is not None]
    grows = all(abs(slope - 2) <= 0.3 for slope in slopes) and max(added) <= 3
    return finding(
        grows and counts.state == "holds",
        f"{counts.sentence} {min(slopes):.2f} to {max(slopes):.2f} steps are added when "
        f"kappa(A^T A) doubles (theory: 2), {min(added)} to {max(added)} when the error "
        f"goes from {max(depths):g} to {min(depths):g} (theory: 2).",
        gate=_COMPUTED,
    )


def judged_logistic(found: Sequence[Counted], knots: Mapping[float, Sequence[float]]) -> Finding:
    """Holds if k + 6 layers make the step to rounding when scalar functions are exact.

    And if, with ReLU networks for them, the error falls at least like knots^-1.5.
    """
    counts = _by_counts(found, "on 100 problems each")
    slopes = [_log_slope(KNOTS, errors) for errors in knots.values()]
    falls = all(slope <= -1.5 for slope in slopes)
    worst = max(errors[-1] for errors in knots.values())
    return finding(
        falls and counts.state == "holds",
        f"{counts.sentence} The paper's bound is 11 + 2k. With ReLU networks the error falls "
        f"like knots^{max(slopes):.2f} or faster, to {worst:.1e} at {KNOTS[-1]} knots.",
        gate=_COMPUTED,
    )


def _by_counts(found: Sequence[Counted], where: str) -> Finding:
    wrong = [each for each in found if not each.agrees]
    if wrong:
        return finding(False, f"{'; '.join(map(str, wrong))}.", gate=_COMPUTED)
    worst = max(each.error for each in found)
    last = found[-1]
    return finding(
        True,
        f"{len(found)} networks have the counts claimed or fewer (of {last.name}: layers "
        f"{last.layers}, heads {last.heads}, width {last.width}) and a relative error of at "
        f"most {worst:.1e} {where}.",
    )


STUDY = Analysis(
    name="giannou2024-constructions",
    title="The constructed networks measured",
    section="4 and 5: lemma 4.1, theorems 4.2 and 5.1",
    analyse=analyse,
    note=(
        "Nothing is trained, and both scales measure the same. The printed matrices are not "
        "available: these are constructions of our own with the counts of the statements, or "
        "fewer. kappa is the condition number of A^T A, the square of A's."
    ),
)
