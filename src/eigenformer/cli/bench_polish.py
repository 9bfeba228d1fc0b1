"""`eigenformer bench polish`: what polish makes of rough answers, by LAPACK's test ratios."""

import time
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..core import at_least
from .answers import json_lines
from .parse import JsonFlag, parse

PROBLEMS = ("eigenvectors", "svd", "inverse")
SIZES = (2, 5, 10, 20)
OFF_SIZES = (5, 10)
_ALLOWED, _GOAL = 7, 1e-12
_SAID = (
    "right: % with LAPACK's test ratio below 30; before, late: started over as the guard said so, "
    "or as the ratio was too large at the end; refused: no answer; wrong: called right, and not; "
    "steps: median and largest"
)
_SAID_OFF = (
    f"right: % below {_GOAL:g} after {_ALLOWED} steps; foretold: of those that are not; alarms: "
    "the guard doubted them, and they were right"
)


def main(args: list[str]) -> int:
    return parse(polish, args, prog="bench polish")


def polish(
    matrices: int = 1000,
    problems: tuple[str, ...] = PROBLEMS,
    sizes: tuple[int, ...] = SIZES,
    condition: float = 1e6,
    off: tuple[float, ...] = (0.1,),
    seed: int = 1,
    as_json: JsonFlag = False,
) -> int:
    """Polish shipped models' answers, and columns that are off by 10%.

    Matrices have condition numbers 10^U(0, log10 CONDITION). The share with LAPACK's test ratio
    below 30, how many the guard let start over before, how many started over at the end, how many
    were refused in words, and the steps. Then eigenvectors whose columns are off by 10%: how many
    are below 1e-12 after 7 steps, and whether the guard foretold those that are not.

    Args:
        matrices: for each problem and size; 1,000 take about 8 minutes of a core in all.
        problems: problems that can be polished.
        sizes: sides of the square matrices.
        condition: the largest condition number.
        off: how far off columns of 5x5 and 10x10 eigenvectors are, as a fraction of their length.
        seed: of the matrices.
        as_json: print JSON instead of tables.
    """
    at_least(1, matrices=matrices, condition=condition)
    for size in sizes:
        at_least(1, sizes=size)
    for by in off:
        at_least(0, 1, off=by)
    polished = [
        _polished(problem, size, matrices, condition, seed)
        for problem in problems
        for size in sizes
    ]
    perturbed = [_perturbed(size, by, matrices, seed) for by in off for size in OFF_SIZES]
    if as_json:
        print(json_lines([*polished, *perturbed]))
        return 0
    _show(polished, f"{matrices:,} matrices each, condition numbers up to {condition:g}", _SAID)
    _show(perturbed, f"{matrices:,} symmetric matrices each, eigenvectors perturbed", _SAID_OFF)
    return 0


def _show(rows: list[dict[str, Any]], title: str, caption: str) -> None:
    table = Table(
        title=title, title_justify="left", caption=caption, caption_justify="left", box=SIMPLE
    )
    table.padding = (0, 0)
    for name in rows[0] if rows else ():
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{x:.3g}" if isinstance(x, float) else str(x) for x in row.values()))
    Console(highlight=False).print(table)


def _polished(problem: str, size: int, count: int, condition: float, seed: int) -> dict[str, Any]:
    from ..construct.polish import PolishedSolution
    from ..construct.polish import polish as polished
    from ..core import rng
    from ..zoo import default_model

    model = default_model(problem, size, size)
    stream = rng(seed, f"bench polish {problem} {size}")
    inputs = conditioned(stream, count, size, condition, model.problem.needs_symmetric)
    before = time.process_time()
    solution = polished(model).solve(inputs)
    assert isinstance(solution, PolishedSolution)
    ratios = model.problem.ratios(inputs, np.nan_to_num(solution.value))
    assert ratios is not None
    valid, steps = solution.valid, (~np.isnan(solution.residuals)).sum(axis=1) - 1
    return {
        "problem": problem,
        "size": size,
        "right": 100 * float((valid & (ratios < 30)).mean()),
        "ratio": float(ratios[valid].max(initial=0.0)),
        "before": int(solution.plan.restarted.sum()),
        "late": int(solution.late.sum()),
        "refused": int((~valid).sum()),
        "wrong": int((valid & ~(ratios < 30)).sum()),
        "steps": int(np.median(steps)),
        "most": int(steps.max()),
        "ms": 1000 * (time.process_time() - before) / count,
    }


def conditioned(
    stream: np.random.Generator, count: int, size: int, condition: float, symmetric: bool
) -> np.ndarray:
    """Matrices with condition numbers up to `condition`, values log-uniform between the ends."""
    left, right = (np.linalg.qr(stream.standard_normal((count, size, size)))[0] for _ in range(2))
    least = -np.log(condition) * stream.random((count, 1))
    values = least * stream.random((count, size))
    values[:, 0] = 0.0
    values[:, -1:] = least
    values = 10 * np.exp(values)
    if not symmetric:
        return np.asarray((left * values[:, None]) @ right.swapaxes(1, 2))
    values = values * stream.choice([-1.0, 1.0], values.shape)
    found = (left * values[:, None]) @ left.swapaxes(1, 2)
    return np.asarray((found + found.swapaxes(1, 2)) / 2)


def _perturbed(size: int, off: float, count: int, seed: int) -> dict[str, Any]:
    import torch

    from .. import problems
    from ..construct.algorithms.refinement import draw_eigenvectors
    from ..construct.polish_spectral import EigenvectorsPolisher
    from ..core import rng

    a, x = draw_eigenvectors(rng(seed, f"bench polish off {size} {off:g}"), count, size, off)
    polisher = EigenvectorsPolisher(problems.get("eigenvectors"))
    start = polisher.state(a, x)
    needed = polisher.outlook(a, start, torch.float64).needed
    below, last = np.full(count, _ALLOWED + 1), start
    for step, last in enumerate(polisher.iterates(a, start, _ALLOWED, torch.float64)):
        done = polisher.residual(a, last) < _GOAL
        below[done] = np.minimum(below[done], step)
    there, doubted = below <= _ALLOWED, ~np.isfinite(needed)
    return {
        "off": f"{100 * off:g}%",
        "size": size,
        "right": 100 * float(there.mean()),
        "steps": int(np.median(below)),
        "not": int((~there).sum()),
        "foretold": int((~there & doubted).sum()),
        "alarms": int((there & doubted).sum()),
    }
