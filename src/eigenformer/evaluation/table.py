"""A `Result` as a table for people."""

from rich.box import SIMPLE
from rich.table import Table

from .evaluate import Proportion, Result

SHOWN = ("l1", "l2", "max", "paper")
"""Scores in the table; the JSON has them all."""


def _percent(p: Proportion) -> str:
    return f"{100 * p.value:.1f}"


def _interval(p: Proportion) -> str:
    low, high = p.interval
    return f"{100 * low:.1f} to {100 * high:.1f}"


def result_table(result: Result) -> Table:
    """Accuracy, interval and rounding ceiling at each tolerance, in percent."""
    table = Table(
        title=f"{result.solver}: {result.problem}, {result.n:,} matrices, percent right",
        title_justify="left",
        caption=_caption(result),
        caption_justify="left",
        box=SIMPLE,
        pad_edge=False,  # so that a model of numbers, with a column more, fits into 80
    )
    shown = [name for name in SHOWN if name in result.accuracy and name != result.score]
    table.add_column("within", justify="right")
    table.add_column(result.score, justify="right", style="bold green")
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("ceiling", justify="right")
    for name in shown:
        table.add_column(name, justify="right", style="dim")
    table.add_column("coefficient", justify="right", style="dim")
    for tolerance, right in result.accuracy[result.score].items():
        table.add_row(
            f"{100 * tolerance:g}%",
            _percent(right),
            _interval(right),
            _percent(result.ceiling[result.score][tolerance]),
            *(_percent(result.accuracy[name][tolerance]) for name in shown),
            f"{100 * result.coefficients[tolerance]:.1f}",
        )
    table.add_row("exact", _percent(result.exact), _interval(result.exact), "100.0")
    return table


def _caption(result: Result) -> str:
    parts = [f"well-formed {_percent(result.valid)}%"]
    if result.target == "tokens":
        parts.insert(0, "scored against the rounded answer, as the paper's code does")
    if result.rejected:
        parts.append(f"{result.rejected} matrices could not be written and were left out")
    if result.ratios is not None:
        below, median, largest = result.ratios.values()
        parts.append(
            f"LAPACK's test ratio below 30: {100 * below:.1f}% (median {median:.2g}, largest "
            f"{largest:.2g})"
        )
    for groups in (result.shapes, result.problems):
        tolerance = max(result.tolerances)
        if groups:
            scores = ", ".join(f"{name} {_percent(p[tolerance])}" for name, p in groups.items())
            parts.append(f"at {100 * tolerance:g}%: {scores}")
    return "\n".join(["; ".join(parts), *(f"caution: {text}" for text in result.cautions)])
