"""How far a network's answers go beyond what it was trained on: sizes, ensembles, conditions."""

from collections.abc import Iterator
from dataclasses import replace

from ..ensembles import Conditioned, Ensemble, IidGaussian, IidLaplace
from ..ensembles import get as named_ensemble
from ..evaluation import TrainedSolver, evaluate
from ..models.blocks import BlockModel
from .parts import Cell, FactTable, Insight
from .spectra import once

SIZES = (2, 3, 5, 8, 10, 15, 20, 30)
CONDITIONS = (1e1, 1e2, 1e3, 1e4, 1e5)
LAWS = ("spectrum-semicircle", "spectrum-uniform", "spectrum-laplace", "spectrum-positive")
"""Laws of eigenvalues, for problems of symmetric matrices."""
COUNT = 200
_AT = 10
"""The size at which ensembles and condition numbers are compared."""


def transfer(solver: TrainedSolver) -> Insight:
    """Percentages right within 5, 1 and 0.5% on test matrices of other kinds."""
    model, single = solver.model, None
    if isinstance(model, BlockModel):
        single = TrainedSolver(once(model), solver.task, solver.name, solver.problem)
    rows: list[tuple[Cell, ...]] = []
    for label, ensemble in _tests(solver):
        cells: list[Cell] = [label]
        for asked in (single, solver) if single is not None else (solver,):
            result = evaluate(asked, solver.problem, ensemble, COUNT, 2)
            cells += [100 * result.at(tolerance) for tolerance in (0.05, 0.01, 0.005)]
        rows.append(tuple(cells))
    within = ("5%", "1%", "0.5%")
    columns = within if single is None else (*(f"one pass {w}" for w in within), *within)
    right = {str(row[0]): row[-2] for row in rows}
    failing = [name for name, share in right.items() if isinstance(share, float) and share < 99]
    trained = solver.task.ensemble.dims
    says = [
        f"Trained on {trained}; {COUNT} fresh matrices a line, % right by the strict score, "
        f"{_AT}x{_AT} where nothing else is said."
    ]
    if failing:
        says.append(f"Below 99% within 1%: {', '.join(failing)}.")
    else:
        says.append("At least 99% within 1% on every line.")
    return Insight(
        name="transfer",
        title="Other sizes, spectra and condition numbers",
        says=tuple(says),
        grid=FactTable(columns=("matrices", *columns), rows=tuple(rows), format=".1f"),
    )


def _tests(solver: TrainedSolver) -> Iterator[tuple[str, Ensemble]]:
    """Test ensembles with their labels."""
    base = solver.task.ensemble
    for n in SIZES:
        yield f"{n}x{n}", replace(base, dims=f"{n}x{n}")
    size = f"{_AT}x{_AT}"
    if solver.problem.needs_symmetric:
        for law in LAWS:
            yield law, named_ensemble(law, dims=size)
        return
    if not solver.problem.needs_square:
        yield "6x4", replace(base, dims="6x4")
        yield "4x7", replace(base, dims="4x7")
    yield "gaussian coefficients", IidGaussian(dims=size)
    yield "laplace coefficients", IidLaplace(dims=size)
    for condition in CONDITIONS:
        yield f"condition {condition:g}", Conditioned(dims=size, condition=condition)
