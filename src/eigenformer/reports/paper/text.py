"""Sentences that both writers share."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ...papers import State, Verdict
from ...runs import Scale
from ..words import STATES, verdict_word
from .numbers import count, hours
from .tree import Grid, Report, Run, Section

_SCALES: dict[Scale, str] = {
    "laptop": "Sizes, widths and examples are shrunk until the findings can show on two CPU cores; "
    "numbers are to be compared with each other, in the pattern that the paper's numbers make, "
    "rather than with the paper's own.",
    "gpu": "The paper's sizes with our fast recipe, at most ten minutes of one H200 for a cell.",
    "paper": "The paper's own settings.",
}
_FEW = 3
GUIDE = (
    (
        "paper",
        "printed as in the paper; accuracies are percent of right answers; – where it has none",
    ),
    (
        "ours",
        "under the number, its 95% interval, and the rounding ceiling: the same accuracy of the "
        "true answers, written in the model's encoding, which training can hardly exceed",
    ),
    ("several training seeds", "their mean, and the range from the worst to the best"),
    ("> 90,000", "a lower bound: after so many examples it had not happened yet"),
    ("not run", "there is no record of this run; “not finished”: it has not come to its end"),
    ("headings", "our sizes; the paper's beneath them where they are others"),
)
"""How to read the numbers."""


def lead(report: Report) -> str:
    """What the report is, in a paragraph."""
    return (
        f"The numbers of François Charton's “Linear algebra with transformers” (TMLR 2022) and "
        f"ours at scale {report.scale}, side by side in the paper's layout. {_SCALES[report.scale]}"
    )


def progress(runs: Sequence[Run]) -> str:
    """How many of the runs have been made."""
    if not runs:
        return "nothing to train"
    made = sum(run.state in ("finished", "diverged") for run in runs)
    if made == len(runs):
        return "1 run made" if made == 1 else f"all {made} runs made"
    return f"{made} of {len(runs)} runs made" if made else f"none of {len(runs)} runs made"


def verdict_counts(verdicts: Sequence[Verdict]) -> dict[State, int]:
    """How many claims hold, fail and are not decided, by state."""
    found = Counter(verdict.state for verdict in verdicts)
    return {state: found[state] for state in STATES}


def is_brief(verdict: Verdict) -> bool:
    """Whether only the summary tells it in full, as it belongs to many tables."""
    return len(verdict.claim.studies) > _FEW


def verdict_summary(verdicts: Sequence[Verdict]) -> str:
    """The counts in words, such as "2 hold, 1 not decided"; "" if there are no verdicts."""
    counts = verdict_counts(verdicts)
    found = [
        f"{number} {verdict_word(state, number)}" for state, number in counts.items() if number
    ]
    return ", ".join(found)


def facts(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """What runs cost and what made them: terms with their texts."""
    if not runs:
        return []
    made = [run for run in runs if run.state != "not run"]
    others = Counter(run.state for run in made if run.state in ("running", "diverged"))
    words = {"running": "not finished", "diverged": "diverged"}
    more = "".join(f", {number} {words[state]}" for state, number in sorted(others.items()))
    found = [("Runs", progress(runs) + more)]
    if made:
        examples = sum(run.examples for run in made)
        seconds = sum(run.seconds for run in made)
        found.append(("Cost", f"{count(examples)} training examples in {hours(seconds)}"))
        found.append(("Machine", "; ".join(_several(run.machine for run in made))))
    models = list(dict.fromkeys(run.model for run in runs if run.model))
    if models:
        few = len(models) <= _FEW
        found.append(
            ("Models", "; ".join(models) if few else f"{len(models)} sizes, in the lists of runs")
        )
    found.append(("Recipes", ", ".join(_several(run.recipe for run in runs))))
    if made:
        found.append(("Code", ", ".join(_several(run.version for run in made))))
    return found


def _several(texts: Iterable[str]) -> list[str]:
    """Each once, with how often it occurs if there are several."""
    counts = Counter(texts)
    return [f"{text} ({n})" if len(counts) > 1 else text for text, n in sorted(counts.items())]


def heading(section: Section) -> str:
    """The title of a section, with the paper's number."""
    return f"{section.number}: {section.title}"


def whereabouts(section: Section) -> str:
    """Where the paper speaks of it; "" if that is not known."""
    if not section.where:
        return ""
    several = "," in section.where or " and " in section.where
    return f"Section{'s' if several else ''} {section.where} of the paper"


def nothing(section: Section, scale: Scale) -> str:
    """Said of a section that has no number of ours, and none of its runs; "" otherwise."""
    has_ours = section.grid is not None and any(c.has_ours for c in section.grid.columns)
    if has_ours or section.runs:
        return ""
    return f"Nothing of it is part of scale {scale}: these are the paper's numbers."


RUN_HEADS = ("run", "recipe", "model", "seed", "state", "examples", "training time", "code")


def run_row(run: Run) -> tuple[str, ...]:
    """A line of the list of runs, under `RUN_HEADS`."""
    made = run.state != "not run"
    return (
        run.name,
        run.recipe,
        run.model,
        str(run.seed),
        "not finished" if run.state == "running" else run.state,
        count(run.examples) if made else "",
        hours(run.seconds) if made else "",
        run.version,
    )


def shared(grid: Grid) -> list[str]:
    """What all the paper's numbers share, and all of ours."""
    found = []
    if grid.common_paper:
        found.append(f"The paper's: {', '.join(grid.common_paper)}.")
    if grid.common_ours:
        found.append(f"Ours: {', '.join(grid.common_ours)}.")
    return found
