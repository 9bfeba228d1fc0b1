"""Comparisons and ablations as tables for people."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...runs import Record
from .amounts import Amount
from .cases import Case, CaseSet
from .compare import Ablation, Comparison, Entry, Unit, accuracies
from .contestants import BASELINE
from .runs import SHOWN, STUDY, final, needed, reached_at


def print_comparisons(found: Sequence[Comparison], cases: CaseSet, console: Console) -> None:
    """The runs, the ratios that follow from them, and what they leave open."""
    _heading(f"Until 50, 80 and 95%: {cases.sentence}", console)
    console.print(runs_table(found))
    against_paper = any(comparison.case.paper is not None for comparison in found)
    _heading(f"Times fewer than {'the paper' if against_paper else BASELINE}", console)
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
    """A line a run: examples until each level but the first, and percent right at its end."""
    table = _table()
    for name in ("contestant", "seed"):
        table.add_column(name, no_wrap=True)
    for level in found[0].case.levels[1:]:
        table.add_column(f"to\n{100 * level:g}%", justify="right", no_wrap=True)
    for tolerance in SHOWN:
        table.add_column(f"in\n{100 * tolerance:g}%", justify="right", no_wrap=True, min_width=4)
    table.add_column("", no_wrap=True)
    for comparison in found:
        table.add_row(comparison.case.name, style="bold")
        for entry in comparison.entries.values():
            name = f" {entry.contestant.name}"
            for seed, record in entry.records.items():
                table.add_row(name, str(seed), *_run_cells(entry.case, record))
            if entry.missing:
                table.add_row(name, ", ".join(map(str, entry.missing)), *[""] * 6, "not run")
    return table


def _run_cells(case: Case, record: Record) -> list[str]:
    if record.state == "finished":
        lost = needed(case, record).at_least and reached_at(case, record) is not None
        note = "not held" * lost
    else:
        note = record.state.replace("running", "stopped")
    return [
        *(_count(needed(case, record, level)) for level in case.levels[1:]),
        *(_percent(final(record), tolerance) for tolerance in SHOWN),
        note,
    ]


def ratios_table(found: Sequence[Comparison]) -> Table:
    """What the baseline needed for each level, and how many times that is what ours needed."""
    against_paper = any(comparison.case.paper is not None for comparison in found)
    names = [n for n in ("fast-same-tokens", "fast") if any(n in c.entries for c in found)]
    units: tuple[Unit, ...] = ("examples",) if against_paper else ("examples", "flops")
    table = _table()
    table.add_column("case", no_wrap=True)
    base = "the paper" if against_paper else BASELINE
    for title in ("to", f"{base}\nneeded"):
        table.add_column(title, justify="right", no_wrap=True)
    columns = [(name, unit) for name in names for unit in units]
    for name, unit in columns:
        title = f"{name.removeprefix('fast-')}\n{unit}".replace("-", "\n")
        table.add_column(title.replace("flops", "FLOPs"), justify="right", no_wrap=True)
    for comparison in found:
        case = comparison.case
        if comparison.baseline() is None:
            table.add_row(case.name, *["-"] * (len(columns) + 2))
            continue
        for level in case.levels[-1:] if against_paper else case.levels:
            amount = comparison.baseline("examples", level)
            table.add_row(
                case.name,
                f"{100 * level:g}%",
                "-" if amount is None else _count(amount),
                *(_times(comparison.ratio(*column, level)) for column in columns),
            )
    return table


def _notes(found: Sequence[Comparison]) -> list[str]:
    case = found[0].case
    lines = [
        f"Right is within {100 * case.tolerance:g}%; percents are"
        + " of the rounding ceiling for inverse, else" * any(c.case.of_ceiling for c in found)
        + f" of {case.tests.size:,} matrices not trained on. >= and > stand for bounds: it was "
        "not reached in the run. Ratios are of medians over seeds.",
    ]
    for comparison in found:
        if comparison.case.paper is not None:
            paper = comparison.case.paper
            count = "" if paper.examples is None else f"{paper.examples:,}: "
            lines.append(f"{comparison.case.name}, the paper: {count}{paper.source}.")
        lines += _lengths(comparison)
    return lines


def _lengths(comparison: Comparison) -> list[str]:
    """How long the runs of a case are, and what those would cost that are not made."""
    case = comparison.case
    configs = {
        (name, seed): entry.contestant.config(case, seed)
        for name, entry in comparison.entries.items()
        for seed in entry.contestant.seeds
    }
    lengths = {name: f"{config.examples:,} ({name})" for (name, _), config in configs.items()}
    missing = [(n, seed) for n, entry in comparison.entries.items() for seed in entry.missing]
    lines = [f"Length of runs, {case.name}: {', '.join(lengths.values())}."]
    if missing:
        examples = sum(configs[key].examples for key in missing)
        flops = sum(comparison.entries[n].flops(s) * configs[n, s].examples for n, s in missing)
        (name, seed), *others = missing
        lines.append(
            f"Not run, {case.name}: {examples:,} examples and {flops / 1e12:,.3g} TFLOP in all; "
            f"eigenformer paper run {STUDY} --only {case.name}-{name}-{seed}"
            + f" and {len(others)} more."
            * bool(others)
        )
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
    value, unit = (amount.value / 1e6, "M") if amount.value > 999_499 else (amount.value / 1e3, "k")
    return "> " * amount.at_least + f"{value:.3g}{unit}"


def _times(amount: Amount | None) -> str:
    if amount is None:
        return "-"
    return ">= " * amount.at_least + f"{amount.value:.1f}x"
