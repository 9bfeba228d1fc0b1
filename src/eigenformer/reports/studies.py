"""Studies: what they found, as figures and numbers, and what they say of claims."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..core import to_json
from ..core.display import duration
from ..incontext import RunConfig
from ..papers import Analysis, Excerpt, Kept, Number, Paper, Verdict
from ..runs import Experiment, Scale
from ..training import TrainConfig
from . import blocks
from .blocks import STATES
from .panels import pictures
from .report import Chapter, Topic, by_state, ending, history_and_runs, short_version
from .sizes import sizes

_SCALES: dict[Scale, str] = {
    "laptop": "sizes and steps are shrunk until the findings can show within minutes on a core; "
    "each study says what differs from its paper.",
    "gpu": "the papers' sizes with recipes of ours.",
    "paper": "the papers' own settings.",
}
_GUIDE = (
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
_NUMBER_HEADS = ("number", "measured", "reference", "source")
_RUN_HEADS = ("run", "task", "model", "optimizer", "steps", "batch", "seed")


def studies_chapter(excerpts: Sequence[Excerpt], scale: Scale) -> Chapter:
    """What was found by studies of papers; nothing is trained, what is missing is said so.

    Verdicts stand at the top, with links to the studies among these. Figures are drawn only when
    the report is written.
    """
    kept = {
        s.name: s.kept(scale, excerpt.records) for excerpt in excerpts for s in excerpt.analyses
    }
    made = sum(one is not None for one in kept.values())
    verdicts = [
        (excerpt, verdict)
        for excerpt in excerpts
        for verdict in excerpt.verdicts(scale)
        # What numbers of tables decide stands with these.
        if verdict.claim.decide is None or not excerpt.tables
    ]
    cards = tuple(_claim(verdict, excerpt, kept) for excerpt, verdict in verdicts)
    title = "What small transformers learn to compute in context, paper by paper"
    lead = (
        "Studies of papers on in-context learning: small transformers trained on prompts, beside "
        "algorithms on the same prompts."
    )
    studies = [study for excerpt in excerpts for study in excerpt.analyses]
    runs = [run for one in studies if scale in one.scales for run in one.planned(scale)]
    if len(excerpts) == 1 and excerpts[0].paper.citation:
        title, lead = excerpts[0].paper.title, f"Studies of {excerpts[0].paper.citation}."
    elif runs and all(isinstance(run.config, TrainConfig) for run in runs):
        title, lead = "Studies of matrix models", "Studies that ask trained models more."
    return Chapter(
        title=title,
        lead=f"{lead} Scale {scale}: {_SCALES[scale]} {made} of {len(kept)} studies made.",
        guide=_GUIDE,
        sizes=sizes([excerpt for excerpt in excerpts if excerpt.analyses], scale),
        states=tuple(card.state for card in cards),
        parts=tuple(part for _, verdict in verdicts for part in verdict.parts),
        claims=by_state(cards),
        topics=tuple(
            _topic(excerpt.paper, study, scale, kept[study.name])
            for excerpt in excerpts
            for study in excerpt.analyses
        ),
    )


def _claim(verdict: Verdict, excerpt: Excerpt, known: Mapping[str, Any]) -> blocks.Card:
    """A claim with the studies that bear on it, and what each says in a word or two."""
    claim, paper = verdict.claim, excerpt.paper
    said = [(name, STATES[finding.state]) for name, finding in verdict.said.items()]
    said += [(name, "not made") for name in verdict.missing]
    said = said or [(name, STATES[verdict.state]) for name in claim.studies]
    return blocks.Card(
        claim=claim.id,
        state=verdict.state,
        text=claim.text,
        where=", ".join(part for part in (paper.citation, claim.where) if part),
        parts=verdict.parts,
        limits=claim.limits,
        would_decide=verdict.would_decide,
        figures=claim.figures,
        links=tuple(
            blocks.Link(text=name, anchor=name if name in known else None, said=word)
            for name, word in said
        ),
        home=True,
        more=history_and_runs(verdict, excerpt),
    )


def _topic(paper: Paper, study: Analysis, scale: Scale, kept: Kept | None) -> Topic:
    runs = study.distinct(scale) if scale in study.scales else []
    source = ", ".join(part for part in (paper.citation, study.section) if part)
    parts: list[blocks.Block] = []
    if kept is None:
        command = f"`eigenformer paper run {study.name} --scale {scale}`"
        text = f"Not made at scale {scale}, or changed since: {command}"
        parts.append(blocks.Prose(text=text, kind="missing"))
    else:
        found = kept.findings
        cards = tuple(
            blocks.Card(
                claim=claim,
                state=finding.state,
                text=finding.sentence,
                would_decide=finding.would_decide,
            )
            for claim, finding in found.verdicts.items()
        )
        shown = pictures(study.name, found)
        rows = tuple(_row(number) for number in found.numbers)
        parts += [blocks.Cards(cards=cards)] if cards else []
        parts += [blocks.Pictures(pictures=shown)] if shown else []
        parts += [blocks.DataTable(kind="numbers", heads=_NUMBER_HEADS, rows=rows)] if rows else []
    parts += ending(study.note, _facts(runs, kept), _RUN_HEADS, [_run_row(run) for run in runs])
    return Topic(
        paper=paper.citation,
        line=blocks.ContentsLine(
            label=study.name,
            anchor=study.name,
            title=study.title,
            columns={"claims": _state(kept)},
        ),
        heading=study.title,
        where=f"`{study.name}`{source and f' · {source}'}",
        blocks=tuple(parts),
    )


def _state(kept: Kept | None) -> str:
    """Whether a study has been made, and what it says of claims, in a few words."""
    if kept is None:
        return "not made"
    said = kept.findings.verdicts.items()
    return ", ".join(f"{claim} {STATES[finding.state]}" for claim, finding in said) or "made"


def _facts(runs: Sequence[Experiment], kept: Kept | None) -> blocks.Terms:
    """What a study cost and what made it."""
    prompts = sum(run.config.length for run in runs)
    number = f"{len(runs)}, {prompts:,} prompts" if runs else "none: computed"
    if kept is None:
        return (("Runs", number),)
    return (
        ("Runs", number),
        ("Time", duration(kept.seconds)),
        ("Machine", kept.machine),
        ("Code", short_version(kept.version)),
    )


def _row(number: Number) -> tuple[str, str, str, str]:
    """A line of the table of numbers, under `_NUMBER_HEADS`."""
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


def _run_row(run: Experiment) -> tuple[str, ...]:
    """A line of the list of runs, under `_RUN_HEADS`."""
    if isinstance(run.config, TrainConfig):
        config: TrainConfig | RunConfig = run.config
        task = f"{run.config.task.problem.name} {run.config.task.ensemble.dims}"
    else:
        config = RunConfig.of(run.config, run.name)
        task = described(config.task)
    return (
        run.name,
        task,
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
