"""A made-up paper as another package would bring it: a table of token models, and studies."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eigenformer.incontext import (
    Evaluation,
    InContextFolder,
    LinearAttention,
    Optimizer,
    Regression,
    RunConfig,
)
from eigenformer.papers import (
    Analysis,
    Claim,
    Finding,
    Findings,
    Line,
    Number,
    Panel,
    Paper,
    Table,
    by_id,
    by_name,
)
from eigenformer.runs import Cell, Experiment, Scale, accuracy
from eigenformer.runs.recipes import fast
from eigenformer.training import EvaluationConfig, TestSet

_LABELS = {"encoding": "P1000", "dims": "2x2"}


def experiments(scale: Scale) -> tuple[Experiment, ...]:
    config = fast("transpose", "2x2", width=32, layers=(1, 1), examples=128, batch_size=32)
    tests = EvaluationConfig(every=64, tests=(TestSet(size=20),))
    config = replace(config, evaluation=tests)
    first = Experiment(
        name="first",
        config=config,
        cells=(Cell(labels={**_LABELS, "tolerance": 5}, read=accuracy(0.05)),),
    )
    return first, Experiment(name="second", config=replace(config, seed=1), after=first)


def prompts(scale: Scale, rate: float = 1e-3) -> list[Experiment]:
    return [
        Experiment(
            name=f"layers-{layers}",
            config=RunConfig(
                task=Regression(dim=2, points=4),
                model=LinearAttention(layers=layers),
                optimizer=Optimizer(kind="sgd", rate=rate),
                steps=6 if scale == "laptop" else 1_000_000_000,
                batch=8,
                evaluation=Evaluation(every=6, size=8),
            ),
        )
        for layers in (1, 2)
    ]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    losses = [list(folder.test_losses().values())[-1] for folder in folders.values()]
    line = Line(label="a", x=(1, 2), y=tuple(losses))
    return Findings(
        panels=(Panel(title="Loss", x="layers", y="loss", lines=(line,)),),
        numbers=(Number(name="loss", value=losses[-1]),),
        verdicts={"T2": Finding(state="holds", sentence="Two losses are there.")},
    )


def broken(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    raise RuntimeError("no such thing")


def study(name: str, **changes: Any) -> Analysis:
    given = Analysis(
        name=name,
        title="Two tiny runs on prompts",
        section="3",
        runs=prompts,
        analyse=analyse,
    )
    return replace(given, **changes)


TINY = Table(
    name="tiny2020-table1",
    title="Two tiny runs",
    section="4.1",
    rows=("encoding", "tolerance"),
    columns=("dims",),
    runs=experiments,
)
STUDIES = by_name(
    TINY,
    study("tiny2020-far", runs=lambda scale: prompts(scale, rate=1e19)),
    study("tiny2020-one"),
    study("tiny2020-two", analyse=broken),
)
CLAIMS = by_id(
    Claim(
        id="T1",
        text="Tiny runs learn.",
        studies=(TINY.name,),
        decide=lambda evidence: Finding(
            state="holds" if evidence.measured(TINY.name) else "undecided", sentence="It was run."
        ),
    ),
    Claim(id="T2", text="Two.", studies=("tiny2020-one", "tiny2020-two")),
    Claim(id="T3", text="Far.", studies=("tiny2020-far",)),
)
PAPER = Paper(
    name="tiny2020",
    title="Tiny",
    citation="Nobody (2020)",
    studies=STUDIES,
    claims=CLAIMS,
    records=Path("records"),
)
"""With records in the folder that commands are given in."""
