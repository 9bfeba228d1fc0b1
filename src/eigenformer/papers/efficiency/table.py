"""Comparisons and ablations as tables for people."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...runs import Record
from .amounts import Amount, geometric_mean
from .cases import LIMIT, CaseSet
from .compare import Ablation, Comparison, Entry, Unit, accuracies
from .runs import SHOWN, final, needed, reached_at


def print_comparisons(found: Sequence[Comparison], cases: CaseSet, console: Console) -> None:
    """The runs, the ratios that follow from them, and what they leave open."""
    _heading(f"Until the target: {cases.sentence}", console)
    console.print(runs_table(found))
    against_paper = any(comparison.case.paper is not None for comparison in found)
    reference = "the paper's own counts" if against_paper else "the better of the baselines"
    _heading(f"Times fewer than {reference}", console)
    console.print(ratios_table(found))
    for line in _notes(found):
        console.print(Text(line))


def print_ablation(ablation: Ablation, console: Console) -> None:
    """The accuracies at the end of the ablations' runs, and what the levers are."""
    case = ablation.case
    _heading(f"{case.name}, {case.fast:,} examples: percent right within 5 / 2 / 1%", console)
    console.print(ablation_table(ablation))
    for lever in ablation.levers:
        console.print(Text(f"{lever.name}: {lever.sentence}."))


def _heading(text: str, console: Console) -> None:
    console.print(Text(text, style="bold"))


def runs_table(found: Sequence[Comparison]) -> Table:
    """A line a run: examples and TFLOP until the target, and percent right at its end."""
    table = _table()
    for name in ("contestant", "seed"):
        table.add_column(name, no_wrap=True)
    table.add_column("examples", justify="right", no_wrap=True)
    table.add_column("TFLOP", justify="right", no_wrap=True)
    for tolerance in SHOWN:
        table.add_column(f"{100 * tolerance:g}%", justify="right", no_wrap=True, min_width=4)
    table.add_column("", no_wrap=True)
    for comparison in found:
        table.add_row(comparison.case.name, style="bold")
        for entry in comparison.entries.values():
            name = f" {entry.contestant.name}"
            for seed in entry.contestant.seeds:
                record = entry.records.get(seed)
                cells = (
                    [*[""] * 5, "not run"] if record is None else _run_cells(entry, seed, record)
                )
                table.add_row(name, str(seed), *cells)
    return table


def _run_cells(entry: Entry, seed: int, record: Record) -> list[str]:
    amount = needed(entry.case, record)
    if record.state == "running":
        note = "stopped"
    elif record.state == "diverged":
        note = "diverged"
    elif amount.at_least:
        note = "not reached" if reached_at(entry.case, record) is None else "not held"
    else:
        note = ""
    return [
        _count(amount),
        _tera(amount.times(entry.flops(seed))),
        *(_percent(final(record), tolerance) for tolerance in SHOWN),
        note,
    ]


def ratios_table(found: Sequence[Comparison]) -> Table:
    """What `fast` needed; the better baseline over it, and over `fast-same-tokens`.

    The last line holds geometric means, of as many cases as it says where some are not known; a
    mean with a bound among its members is a bound.
    """
    against_paper = any(comparison.case.paper is not None for comparison in found)
    names = [n for n in ("fast", "fast-same-tokens") if any(n in c.entries for c in found)]
    units: tuple[Unit, ...] = ("examples",) if against_paper else ("examples", "flops")
    table = _table()
    table.add_column("case", no_wrap=True)
    table.add_column("fast\nneeded", justify="right", no_wrap=True)
    columns = [(name, unit) for name in names for unit in units]
    for name, unit in columns:
        title = f"{name.removeprefix('fast-').replace('-', ' ')}\n{unit}"
        table.add_column(title.replace("flops", "FLOPs"), justify="right", no_wrap=True)
    ratios = [[comparison.ratio(*column) for column in columns] for comparison in found]
    for comparison, row in zip(found, ratios, strict=True):
        needed = comparison.needed("fast")
        count = "-" if needed is None else _count(needed)
        table.add_row(comparison.case.name, count, *map(_times, row))
    # Where the paper gives no count there is nothing to compare with.
    compared = [
        row
        for comparison, row in zip(found, ratios, strict=True)
        if comparison.case.paper is None or comparison.case.paper.examples is not None
    ]
    if len(compared) > 1:
        table.add_section()
        table.add_row("geometric mean", "", *map(_mean, zip(*compared, strict=True)))
    return table


def _notes(found: Sequence[Comparison]) -> list[str]:
    case = found[0].case
    lines = [
        f"The target is {100 * case.accuracy:g}% right within {100 * case.tolerance:g}%"
        + ", of the rounding ceiling for inverse" * any(c.case.of_ceiling for c in found)
        + f", on {case.tests.size:,} matrices not trained on.",
    ]
    for comparison in found:
        if comparison.case.paper is not None:
            paper = comparison.case.paper
            count = "" if paper.examples is None else f"{paper.examples:,}: "
            lines.append(f"{comparison.case.name}, the paper: {count}{paper.source}.")
    if case.paper is None:
        lines += [
            "fast: the median of its seeds; its schedule ends with the run, at "
            + ", ".join(f"{c.case.fast:,} ({c.case.name})" for c in found)
            + ".",
            f"A baseline may use {LIMIT} times as much. >= stands for a bound: a baseline has not "
            "got there; * for one that was stopped before it had used that up. The cosine of "
            "paper ends at "
            + ", ".join(f"{c.case.baselines:,} ({c.case.name})" for c in found)
            + ".",
        ]
    return lines


def ablation_table(ablation: Ablation) -> Table:
    """Final accuracy of `fast` without each lever, and of `paper-constant` with each alone."""
    table = _table()
    table.add_column("lever", no_wrap=True)
    table.add_column("fast without it", justify="right", no_wrap=True)
    table.add_column("paper-constant with it", justify="right", no_wrap=True)
    table.add_row("(none)", _finals(ablation.fast), _finals(ablation.nothing))
    for lever in ablation.levers:
        table.add_row(
            lever.name,
            _finals(ablation.without.get(lever.name)),
            _finals(ablation.alone.get(lever.name)),
        )
    return table


def _finals(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    found = accuracies(entry)
    if found is None:
        return next((record.state for record in entry.records.values()), "not run")
    seeds = len(entry.records)
    text = " / ".join(_percent(found, tolerance) for tolerance in SHOWN)
    return text if seeds == 1 else f"{text} (mean of {seeds})"


def _table() -> Table:
    return Table(box=SIMPLE, collapse_padding=True, pad_edge=False)


def _percent(accuracy: dict[str, float], tolerance: float) -> str:
    value = accuracy.get(f"{tolerance:g}")
    return "" if value is None else f"{100 * value:.1f}"


def _count(amount: Amount) -> str:
    return ("> " if amount.at_least else "") + f"{amount.value:,.0f}"


def _tera(amount: Amount) -> str:
    return ("> " if amount.at_least else "") + f"{amount.value / 1e12:,.3g}"


def _times(amount: Amount | None) -> str:
    if amount is None:
        return "-"
    bound = ">= " if amount.at_least else ""
    return f"{bound}{amount.value:.1f}x" + "*" * amount.running


def _mean(amounts: Sequence[Amount | None]) -> str:
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return _times(None)
    count = "" if len(known) == len(amounts) else f"\n({len(known)} of {len(amounts)})"
    return _times(geometric_mean(known)) + count
