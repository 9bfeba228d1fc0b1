"""A solver's answers beside NumPy's: for people, and as JSON."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from rich.box import SIMPLE
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..construct import PolishedSolution
from ..evaluation import TOLERANCES, NumpySolver, Solution, Solver

_SHOWN_WHOLE = 3


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """The answers to matrices of one shape, with their errors by the problem's own score."""

    solver: Solver
    inputs: Float64[np.ndarray, "B m n"]
    solution: Solution
    truth: Float64[np.ndarray, "B p q"]
    error: Float64[np.ndarray, " B"]
    cautions: list[str]

    @classmethod
    def of(cls, solver: Solver, inputs: Float64[np.ndarray, "B m n"]) -> "Answers":
        solution = solver.solve(inputs)
        truth = solver.problem.solve(inputs)
        value = np.where(solution.valid[:, None, None], solution.value, 0.0)
        error = solver.problem.errors(inputs, truth, value).scores["l1"]
        error = np.where(solution.valid, error, np.nan)
        return cls(solver, inputs, solution, truth, error, solver.cautions(inputs))

    @property
    def complete(self) -> bool:
        """Whether every answer is well-formed."""
        return bool(self.solution.valid.all())

    def entries(self) -> list[dict[str, Any]]:
        """One JSON object a matrix; what is not finite is null."""
        return [
            {
                "model": self.solver.name,
                "input": self.inputs[i].tolist(),
                "answer": self.solution.value[i].tolist() if self.solution.valid[i] else None,
                "numpy": self.truth[i].tolist(),
                "error": _finite(self.error[i]),
                "valid": bool(self.solution.valid[i]),
                "reason": self.solution.reason[i],
                "certificate": {k: _finite(v[i]) for k, v in self.solution.certificate.items()},
                "cautions": self.cautions,
            }
            | self._steps(i)
            for i in range(len(self.inputs))
        ]

    def _steps(self, i: int) -> dict[str, list[float]]:
        """||I - A X||_2 before the first step of a polished answer, after the first, ..."""
        if not isinstance(self.solution, PolishedSolution):
            return {}
        residuals = self.solution.residuals[i]
        return {"residuals": residuals[: self.solution.plan.steps[i] + 1].tolist()}

    def show(self, console: Console) -> None:
        """Print a few answers whole, many as a table."""
        for caution in self.cautions:
            console.print(Text(f"caution: {caution}", style="yellow"), soft_wrap=True)
        if len(self.inputs) > _SHOWN_WHOLE:
            console.print(self._table())
            return
        for i in range(len(self.inputs)):
            panels = [_panel("input", self.inputs[i], console.width)]
            if self.solution.valid[i] and not isinstance(self.solver, NumpySolver):
                panels.append(_panel(self.solver.name, self.solution.value[i], console.width))
            panels.append(_panel("numpy", self.truth[i], console.width))
            console.print(Columns(panels))
            console.print(self._verdict(i), soft_wrap=True)
            for residuals in self._steps(i).values():
                steps = ", ".join(f"{value:.1e}" for value in residuals)
                console.print(Text(f"||I - A X|| at each step: {steps}"), soft_wrap=True)

    def _verdict(self, i: int) -> Text:
        if not self.solution.valid[i]:
            return Text(f"no answer: {self.solution.reason[i]}", style="red")
        error, text = self.error[i], Text()
        within = [tolerance for tolerance in TOLERANCES if error < tolerance]
        if not isinstance(self.solver, NumpySolver):
            if within:
                text.append(f"right within {100 * min(within):g}%", style="green")
            else:
                text.append("wrong", style="red")
            text.append(f" (error {_percent(error)}); ")
        *residuals, condition = (f"{k} {v}" for k, v in self._certificate(i).items())
        return text.append(f"residuals: {', '.join(residuals)}; {condition}")

    def _certificate(self, i: int) -> dict[str, str]:
        """What can be checked without NumPy's answer; the condition number last."""
        values = {key: found[i] for key, found in self.solution.certificate.items()}
        condition = values.pop("condition_number")
        return {
            **{key.replace("_", " "): _percent(value) for key, value in values.items()},
            "condition number": f"{condition:.3g}",
        }

    def _table(self) -> Table:
        title = Text(f"{self.solver.name}: {len(self.inputs):,} matrices")
        table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 0))
        for name in ("matrix", "error", *self._certificate(0)):
            table.add_column(name, justify="right")
        if not self.complete:
            table.add_column("no answer because", style="red")
        for i in range(len(self.inputs)):
            cells = [_percent(self.error[i]), *self._certificate(i).values()]
            if not self.solution.valid[i]:
                cells = ["-" for _ in cells]
            reason = [] if self.complete else [Text(self.solution.reason[i])]
            table.add_row(str(i), *cells, *reason)
        return table


def json_lines(entries: list[dict[str, Any]]) -> str:
    """A JSON list with one entry a line."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False) for entry in entries) + "\n]"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _percent(value: float) -> str:
    return f"{100 * value:.2g}%" if value < 0.1 else f"{100 * value:.0f}%"


def _panel(title: str, matrix: Float64[np.ndarray, "p q"], width: int) -> Panel:
    """A matrix in a frame; columns in the middle are left out where the line is too short."""
    columns = [[f"{value:.4g}" for value in column] for column in matrix.T]
    shown = len(columns)
    while shown > 2 and _width(columns := _ends(columns, shown)) > width - 4:
        shown -= 1
    grid = Table.grid(padding=(0, 1))
    for _ in columns:
        grid.add_column(justify="right", no_wrap=True)
    for row in zip(*columns, strict=True):
        grid.add_row(*row)
    return Panel(grid, title=Text(title), expand=False)


def _ends(columns: list[list[str]], shown: int) -> list[list[str]]:
    """The first and last of `columns`, `shown` in all, with dots for the others."""
    whole = [column for column in columns if column[0] != "..."]
    if shown >= len(whole):
        return columns
    right = shown // 2
    return [*whole[: shown - right], ["..."] * len(whole[0]), *whole[-right:]]


def _width(columns: list[list[str]]) -> int:
    return sum(max(map(len, column)) + 1 for column in columns) - 1
