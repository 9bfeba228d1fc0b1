"""Sentences and rows of tables that both writers share."""

import dataclasses
import re
from collections import Counter
from typing import Any

from ...core import to_json
from ...papers import Number, State, Study, Verdict
from ...runs import Experiment, Scale
from ...runs.cost import duration
from ..words import STATES, short_version, verdict_word
from .build import Report, Section

TITLE = "What small transformers learn to compute in context, paper by paper"
_SCALES: dict[Scale, str] = {
    "laptop": "sizes and steps are shrunk until the findings can show within minutes on a core; "
    "each study says what differs from its paper.",
    "paper": "the papers' own settings.",
}
GUIDE = (
    (
        "lines",
        "solid: trained models; dashed: algorithms on the same prompts; dotted: theory; shaded: "
        "intervals, of which the note under the figure says what they are",
    ),
    ("maps", "a dot marks a column of each row, such as its best match"),
    ("numbers", "in brackets their 95% interval, or their range over training seeds"),
    ("reference", "what a formula, the paper or a simulation says; its source stands beside"),
    ("not decided", "the runs that were made do not decide it, or not all of them have been made"),
)
"""How to read the figures and numbers."""
NUMBER_HEADS = ("number", "measured", "reference", "source")
RUN_HEADS = ("run", "task", "model", "optimizer", "steps", "batch", "seed")
CLAIM_HEADS = ("claim", "", "verdict", "studies")


def lead(report: Report) -> str:
    """What the report is, in a paragraph."""
    made = sum(section.record is not None for section in report.sections)
    return (
        "Studies of papers on in-context learning: small transformers trained on prompts, beside "
        f"algorithms on the same prompts. Scale {report.scale}: {_SCALES[report.scale]} "
        f"{made} of {len(report.sections)} studies made."
    )


def verdict_counts(report: Report) -> dict[State, int]:
    """How many claims hold, fail and are not decided, by state."""
    found = Counter(verdict.state for verdict in report.verdicts)
    return {state: found[state] for state in STATES}


def count_words(report: Report) -> list[tuple[State, str, str]]:
    """State, number, and the word after it."""
    return [
        (state, str(number), verdict_word(state, number))
        for state, number in verdict_counts(report).items()
    ]


def said_by(verdict: Verdict) -> list[tuple[str, str]]:
    """Studies that bear on a claim with what they say of it, in a word or two."""
    found = [(name, STATES[finding.state]) for name, finding in verdict.said.items()]
    return [*found, *((name, "not made") for name in verdict.missing)]


def anchor(paper: str) -> str:
    """The name of a paper's heading."""
    return re.sub(r"[^a-z0-9]+", "-", paper.lower()).strip("-")


def short_name(study: Study) -> str:
    """Its name without the paper's."""
    return study.name.partition("-")[2].replace("-", " ") or study.name


def state_of(section: Section) -> str:
    """Whether the study has been made, and what it says of claims, in a few words."""
    if section.record is None:
        return "not made"
    found = section.record.findings.verdicts
    said = [f"{claim} {STATES[finding.state]}" for claim, finding in found.items()]
    return ", ".join(said) or "made"


def missing(section: Section, report: Report) -> str:
    """How to make a study that is missing."""
    return (
        f"Not made at scale {report.scale}, or changed since: "
        f"`eigenformer incontext run {section.study.name} --scale {report.scale}`"
    )


def facts(section: Section) -> list[tuple[str, str]]:
    """What it cost and what made it: terms with their texts."""
    prompts = sum(run.config.length for run in section.runs)
    number = f"{len(section.runs)}, {prompts:,} prompts" if section.runs else "none: computed"
    found = [("Runs", number)]
    if section.record is not None:
        found += [
            ("Time", duration(section.record.seconds)),
            ("Machine", section.record.machine),
            ("Code", short_version(section.record.version)),
        ]
    return found


def number_row(number: Number) -> tuple[str, str, str, str]:
    """A line of the table of numbers, under `NUMBER_HEADS`."""
    measured = number_text(number.value)
    if number.low is not None and number.high is not None:
        measured += f" [{number_text(number.low)}, {number_text(number.high)}]"
    reference = "" if number.reference is None else number_text(number.reference)
    return number.name, measured, reference, number.source


def number_text(value: float) -> str:
    """Four digits; whole and large numbers in full; what is tiny or huge with a power of ten."""
    size = abs(value)
    if size < 1e7 and float(value).is_integer():
        return f"{value:,.0f}"
    if 1e-3 <= size < 1000:
        return f"{value:#.4g}".rstrip(".")
    if 1000 <= size < 1e7:
        return f"{value:,.0f}"
    digits, power = f"{value:.2e}".split("e")
    return f"{digits}e{int(power)}"


def run_row(run: Experiment) -> tuple[str, ...]:
    """A line of the list of runs, under `RUN_HEADS`."""
    config: Any = run.config
    return (
        run.name,
        described(config.task),
        described(config.model),
        described(config.optimizer),
        f"{config.steps:,}",
        f"{config.step_examples:,}",
        str(config.seed),
    )


def described(part: Any) -> str:
    """A part of a configuration by its name, with the fields that are not as by default."""
    data = to_json(part)
    name = data.get("name", data.get("kind", type(part).__name__.lower()))
    fields = []
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if field.name == "kind" or value == _default(field):
            continue
        text = described(value) if dataclasses.is_dataclass(value) else _plain(value)
        fields.append(f"{field.name.replace('_', ' ')} {text}")
    return f"{name} ({', '.join(fields)})" if fields else str(name)


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        shown = [_plain(one) for one in value]
        many = len(shown) > 6
        return f"[{', '.join([*shown[:2], '...', shown[-1]] if many else shown)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
