"""`eigenformer solve PROBLEM --input FILE`: a model's answer beside NumPy's, and whether to believe it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from .. import problems
from ..core import InputError, save_json
from ..evaluation import Solution, Solver, numpy_solver, read_matrices
from ..experiments import default_model, load
from ..problems import Problem
from .parse import parse

_SHOWN_WHOLE = 3


def main(args: list[str]) -> int:
    return parse(solve, args, prog="solve")


def solve(
    problem: tyro.conf.Positional[str],
    input: str,
    model: str | None = None,
    output: Path | None = None,
    as_json: bool = False,
) -> int:
    """Answer one matrix or many, beside NumPy's answer, with the residual and a caution.

    Exits with 0 if every matrix got a well-formed answer, with 1 otherwise.

    Args:
        problem: what is asked: eigenvalues, inverse, add, ... (`eigenformer info` lists them).
        input: a .npy, .csv, .txt or .json file, or - for standard input. Operands of add, matvec and
            matmul stand side by side in one matrix.
        model: run folder, name or hash of a run, shipped model, or numpy; if not given, a finished run
            of this problem, else a shipped model.
        output: write the answers to this .npy or .json file too.
        as_json: print JSON in place of text.
    """
    asked = problems.get(problem)
    if output is not None and output.suffix not in (".npy", ".json"):
        raise InputError(f"--output {output} must end in .npy or .json")
    matrices = read_matrices(input)
    for matrix in matrices:
        asked.check(matrix[None])
    solver = _solver(problem, model, matrices[0].shape)
    reports = [_Report(solver, asked, group) for group in _by_shape(matrices)]
    if output is not None:
        _write(output, reports)
    if as_json:
        print(json.dumps([entry for report in reports for entry in report.entries()], indent=2))
    else:
        for report in reports:
            report.print(Console())
    return 0 if all(report.solution.valid.all() for report in reports) else 1


def _solver(problem: str, model: str | None, shape: tuple[int, ...]) -> Solver:
    if model == "numpy":
        return numpy_solver(problem)
    if model is None:
        return default_model(problem, *shape)
    solver = load(model)
    own = solver.problem.registry.name_of(solver.problem)
    if own == problem:
        return solver
    if own == "joint":
        return solver.only(problem)
    raise InputError(f"{model} was trained on {own}, not on {problem}; choose another model")


def _by_shape(matrices: list[np.ndarray]) -> list[np.ndarray]:
    """Runs of matrices of one shape, in order, as batches."""
    groups: list[list[np.ndarray]] = []
    for matrix in matrices:
        if groups and groups[-1][0].shape == matrix.shape:
            groups[-1].append(matrix)
        else:
            groups.append([matrix])
    return [np.stack(group) for group in groups]


def print_answers(console: Console, solver: Solver, inputs: np.ndarray) -> None:
    """The solver's answers to [B, m, n] beside NumPy's, for people."""
    _Report(solver, solver.problem, inputs).print(console)


class _Report:
    """The answers to matrices of one shape, beside NumPy's."""

    def __init__(self, solver: Solver, problem: Problem, inputs: np.ndarray) -> None:
        self.solver = solver
        self.inputs = inputs
        self.solution: Solution = solver.solve(inputs)
        self.truth = problem.solve(inputs)
        self.cautions = solver.cautions(inputs)
        value = np.nan_to_num(self.solution.value)
        error = problem.errors(inputs, self.truth, value).scores["l1"]
        self.error = np.where(self.solution.valid, error, np.nan)

    def entries(self) -> list[dict[str, Any]]:
        found = []
        for i in range(len(self.inputs)):
            valid = bool(self.solution.valid[i])
            certificate = {key: _number(v[i]) for key, v in self.solution.certificate.items()}
            found.append(
                {
                    "model": self.solver.name,
                    "input": self.inputs[i].tolist(),
                    "answer": self.solution.value[i].tolist() if valid else None,
                    "numpy": self.truth[i].tolist(),
                    "error": _number(self.error[i]),
                    "valid": valid,
                    "reason": self.solution.reason[i],
                    "certificate": certificate,
                    "cautions": self.cautions,
                }
            )
        return found

    def print(self, console: Console) -> None:
        for caution in self.cautions:
            console.print(f"caution: {caution}", style="yellow", highlight=False, soft_wrap=True)
        if len(self.inputs) <= _SHOWN_WHOLE:
            for i in range(len(self.inputs)):
                self._print_whole(console, i)
        else:
            self._print_rows(console)

    def _print_whole(self, console: Console, i: int) -> None:
        panels = [_panel("input", self.inputs[i])]
        if self.solution.valid[i]:
            panels.append(_panel(self.solver.name, self.solution.value[i]))
        panels.append(_panel("numpy", self.truth[i]))
        console.print(Columns(panels))
        if self.solution.valid[i]:
            parts = [f"difference from numpy {_percent(self.error[i])}"]
            parts += [f"{k.replace('_', ' ')} {v}" for k, v in self._certificate(i).items()]
            console.print(", ".join(parts), highlight=False, soft_wrap=True)
        else:
            console.print(f"no answer: {self.solution.reason[i]}", style="red", highlight=False)

    def _certificate(self, i: int) -> dict[str, str]:
        found = {}
        for key, values in self.solution.certificate.items():
            text = f"{values[i]:.3g}" if key == "condition_number" else _percent(values[i])
            found[key] = text
        return found

    def _print_rows(self, console: Console) -> None:
        table = Table(
            title=f"{self.solver.name}: {len(self.inputs):,} matrices", title_justify="left"
        )
        table.add_column("matrix", justify="right")
        table.add_column("from numpy", justify="right")
        for key in self.solution.certificate:
            table.add_column(key.replace("_", " "), justify="right")
        table.add_column("", style="red")
        for i in range(len(self.inputs)):
            error = _percent(self.error[i]) if self.solution.valid[i] else "-"
            certificate = self._certificate(i).values()
            table.add_row(str(i), error, *certificate, self.solution.reason[i])
        console.print(table)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _percent(value: float) -> str:
    return f"{100 * value:.3g}%"


def _panel(title: str, matrix: np.ndarray) -> Panel:
    grid = Table.grid(padding=(0, 1))
    for _ in range(matrix.shape[1]):
        grid.add_column(justify="right")
    for row in matrix:
        grid.add_row(*(f"{value:.4g}" for value in row))
    return Panel(grid, title=title, expand=False)


def _write(path: Path, reports: list[_Report]) -> None:
    if path.suffix == ".json":
        save_json(path, [entry for report in reports for entry in report.entries()])
        return
    if len(reports) > 1:
        raise InputError(f"{path}: answers of several shapes do not fit one .npy array; use .json")
    np.save(path, reports[0].solution.value)
