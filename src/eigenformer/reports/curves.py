"""Curves of the evaluations that runs of a table made on their way."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..core.plot import COLOURS, plain, pyplot, save
from ..papers import Figure, Table
from ..runs import Experiment, Record, Records, Scale
from .layout import SEED
from .numbers import key_text, label_text

_NORMS = {"l1": "L1", "l2": "L2", "l2_squared": "L2 squared", "max": "max"}
_PANELS_ABREAST = 3


@dataclass(frozen=True, kw_only=True)
class _Followed:
    """A run with the evaluations made on its way."""

    experiment: Experiment
    record: Record

    @property
    def panel(self) -> str:
        """The panel that its cells belong to; its problem and size if they don't say."""
        for cell in self.experiment.cells:
            if "panel" in cell.labels:
                return str(cell.labels["panel"])
        task = self.experiment.tokens.task
        return f"{task.problem.name} {task.ensemble.dims}"


def curves(table: Table, scale: Scale, records: Records) -> list[Figure]:
    """What `table.curves` asks for; nothing where no run has been made."""
    found = [
        _Followed(experiment=experiment, record=record)
        for experiment in table.planned(scale)
        if (record := records.get(experiment)) is not None and len(record.curve) > 1
    ]
    if not found:
        return []
    panels = ", ".join(_grouped(found))
    if table.curves == "norms":
        shown = "Accuracy within 5% against training examples, measured with four norms,"
        caption = (
            "Accuracy within 5% of the same predictions, measured with four norms, against "
            "training examples. A line is a run."
        )
        draw = partial(_draw_norms, found)
    else:
        shown = "Training loss, accuracy within 5% and accuracy within 1% against training examples"
        caption = (
            "Training loss (the paper shows the test loss) and accuracy against training examples. "
            "A line is a run."
        )
        draw = partial(_draw_learning, found)
    return [Figure(name=table.name, alt=f"{shown} for {panels}.", caption=caption, draw=draw)]


def _draw_norms(found: Sequence[_Followed], path: Path) -> None:
    plt = pyplot()
    tasks = _grouped(found)
    abreast = min(_PANELS_ABREAST, len(tasks))
    figure, grid = plt.subplots(
        -(-len(tasks) // abreast),
        abreast,
        figsize=(3.2 * abreast, 2.5 * -(-len(tasks) // abreast) + 0.4),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    panels = grid.flatten().tolist()
    for axes, (task, runs) in zip(panels, tasks.items(), strict=False):
        for score, colour in zip(_NORMS, COLOURS, strict=True):
            for run in runs:
                _accuracy(axes, run.record, score, "0.05", colour)
        _dress(axes, task)
    for axes in panels[len(tasks) :]:
        axes.set_visible(False)
    for line in grid:
        line[0].set_ylabel("right within 5%, %")
    save(
        figure,
        path,
        [
            plt.Line2D([], [], color=colour, label=name)
            for name, colour in zip(_NORMS.values(), COLOURS, strict=True)
        ],
    )


def _draw_learning(found: Sequence[_Followed], path: Path) -> None:
    plt = pyplot()
    tasks = _grouped(found)
    figure, grid = plt.subplots(
        len(tasks),
        3,
        figsize=(9.6, 2.4 * len(tasks) + 0.2),
        squeeze=False,
        sharex="row",
        layout="constrained",
    )
    for line, (task, runs) in zip(grid, tasks.items(), strict=True):
        names = _names([run.experiment for run in runs])
        colours = dict(zip(dict.fromkeys(names), _cycle(), strict=False))
        for name, run in zip(names, runs, strict=True):
            losses = run.record.losses
            line[0].plot(
                [one.examples for one in losses],
                [one.loss for one in losses],
                color=colours[name][0],
                linestyle=colours[name][1],
                linewidth=1.2,
            )
            for axes, tolerance in zip(line[1:], ("0.05", "0.01"), strict=True):
                _accuracy(axes, run.record, run.record.score, tolerance, *colours[name])
        kinds = ("loss, nats a token", "right within 5%, %", "right within 1%, %")
        for axes, kind in zip(line, kinds, strict=True):
            _dress(axes, task if axes is line[0] else "", percent=axes is not line[0])
            axes.set_ylabel(kind)
        handles = [
            plt.Line2D([], [], color=colour, linestyle=style, label=name)
            for name, (colour, style) in colours.items()
        ]
        if any(colours):
            line[1].legend(handles=handles, frameon=False, fontsize="x-small")
    save(figure, path)


def _grouped(found: Sequence[_Followed]) -> dict[str, list[_Followed]]:
    """The runs by panel."""
    panels: dict[str, list[_Followed]] = {}
    for one in found:
        panels.setdefault(one.panel, []).append(one)
    return panels


def _names(experiments: Sequence[Experiment]) -> list[str]:
    """What tells the runs of a panel apart, seeds left out; "" if they differ in nothing else."""
    labels = [dict(one.cells[0].labels) if one.cells else {} for one in experiments]
    keys = [
        key
        for key in dict.fromkeys(key for one in labels for key in one)
        if key not in (SEED, "tolerance", "dims", "panel")
        and len({str(one.get(key)) for one in labels}) > 1
    ]
    return [
        ", ".join(
            label_text(key, one[key])
            if isinstance(one[key], str) and key not in ("layers", "heads")
            else f"{label_text(key, one[key])} {key_text(key)}"
            for key in keys
            if key in one
        )
        for one in labels
    ]


def _cycle() -> list[tuple[str, str]]:
    return [(colour, style) for style in ("-", "--", ":") for colour in COLOURS]


def _accuracy(
    axes: Any, record: Record, score: str, tolerance: str, colour: str, style: str = "-"
) -> None:
    points = [point for point in record.curve if tolerance in point.accuracy.get(score, {})]
    axes.plot(
        [point.examples for point in points],
        [100 * point.accuracy[score][tolerance] for point in points],
        color=colour,
        linestyle=style,
        linewidth=1.3,
    )


def _dress(axes: Any, title: str, percent: bool = True) -> None:
    from matplotlib.ticker import EngFormatter

    axes.set_title(title, loc="left", fontsize="medium")
    axes.set_xlabel("training examples")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    if percent:
        axes.set_ylim(-2, 102)
    else:
        axes.set_ylim(bottom=0)
    plain(axes)
