"""A made-up paper, tables that repeat parts of it, and records that never ran."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reading import HOSTILE

from eigenformer.papers import Claim, Finding, PaperCell, PaperTable, Table, Value, Verdict
from eigenformer.papers.charton2022 import paper_table
from eigenformer.reports import tables_chapter
from eigenformer.reports.report import Chapter
from eigenformer.runs import (
    Cell,
    Experiment,
    Label,
    Loss,
    Measured,
    Point,
    Record,
    Records,
    Scale,
    accuracy,
    examples_until,
)
from eigenformer.runs.recipes import fast


def proportion(value: float, half: float = 0.01) -> dict[str, Any]:
    n = 10_000
    return {
        "value": value,
        "low": max(0.0, value - half),
        "high": min(1.0, value + half),
        "count": round(n * value),
        "n": n,
    }


def record(
    experiment: Experiment,
    value: float = 0.9,
    *,
    state: Any = "finished",
    ceiling: float = 0.98,
    curve: Sequence[float] = (0.0, 0.5, 0.9),
) -> Record:
    """`value` at every tolerance and score."""
    scores = {
        score: {"0.05": value, "0.01": value / 2} for score in ("l1", "l2", "l2_squared", "max")
    }
    test = {
        "score": "l1",
        "accuracy": {s: {t: proportion(v) for t, v in d.items()} for s, d in scores.items()},
        "ceiling": {s: {t: proportion(ceiling) for t in d} for s, d in scores.items()},
    }
    step = experiment.config.examples // len(curve)
    return Record(
        identity=experiment.identity,
        run="made-up",
        state=state,
        version="a" * 40 + "-dirty",
        machine="abacus, 2 threads",
        seconds=5400.0,
        examples=experiment.config.examples,
        score="l1",
        config={},
        tests={"test": test},
        curve=tuple(
            Point(
                examples=step * (place + 1),
                accuracy={s: {"0.05": at, "0.01": at / 2} for s in scores},
                valid=1.0,
            )
            for place, at in enumerate(curve)
        ),
        losses=tuple(Loss(examples=step * (i + 1), loss=3.0 / (i + 1)) for i in range(len(curve))),
    )


def eigenvalues(scale: Scale) -> list[Experiment]:
    """Of table 6: P1000 with three seeds, and FP15."""
    seeds = [
        Experiment(
            name=f"p1000-{seed}",
            config=fast("eigenvalues", "2x2", width=32, seed=seed, examples=3000),
            cells=[
                Cell(
                    labels={
                        "dims": "2x2",
                        "encoding": "P1000",
                        "layers": "2/1",
                        "tolerance": tolerance,
                        "seed": seed,
                    },
                    read=accuracy(tolerance / 100),
                    paper={"dims": "5x5", "layers": "4/1"},
                )
                for tolerance in (5, 1)
            ],
        )
        for seed in (0, 1, 2)
    ]
    labels: dict[str, Label] = {"dims": "3x3", "encoding": "FP15", "layers": "2/1", "tolerance": 5}
    single = Experiment(
        name="fp15",
        config=fast("eigenvalues", "3x3", width=32, encoding="FP15", examples=3000),
        cells=[Cell(labels=labels, read=accuracy(0.05), paper={"dims": "8x8", "layers": "1/6"})],
    )
    return [*seeds, single] if scale == "laptop" else []


TABLE6 = Table(
    name="table06",
    title="Eigenvalues & <friends>",
    section="4.4",
    rows=("tolerance",),
    columns=("dims", "encoding", "layers", "seed"),
    experiments=eigenvalues,
    printed=paper_table("table06"),
    note=f"Sizes are smaller. {HOSTILE}",
)


def speeds(scale: Scale) -> list[Experiment]:
    return [
        Experiment(
            name="slow",
            config=fast("add", "2x2", width=32, examples=3000),
            cells=[
                Cell(
                    labels={"layers": "1/1", "encoding": "B1999", "dim": 64, "dims": "2x2"},
                    read=examples_until(0.95, 0.05),
                    paper={"dim": 256},
                )
            ],
        )
    ]


TABLE16 = Table(
    name="table16",
    title="Examples until 95%",
    section="D.2",
    rows=("layers",),
    columns=("encoding", "dim"),
    experiments=speeds,
    printed=paper_table("table16"),
)


def _norms(scale: Scale) -> list[Experiment]:
    return [
        Experiment(
            name="followed",
            config=fast("eigenvalues", "2x2", width=32, examples=9000),
            cells=[
                Cell(
                    labels={"panel": "eigenvalues 2x2", "norm": "L1", "tolerance": 5},
                    read=accuracy(0.05),
                )
            ],
        )
    ]


FIGURE1 = Table(
    name="figure1",
    title="Norms",
    section="B",
    rows=("panel",),
    columns=("norm", "tolerance"),
    experiments=_norms,
    curves="norms",
)
FIGURE2 = Table(
    name="figure2",
    title="Curves",
    section="D.1",
    rows=("panel",),
    columns=("tolerance",),
    experiments=_norms,
    curves="learning",
)
TABLES = (TABLE6, TABLE16, FIGURE1, FIGURE2)


def verdict(id: str, state: Any, tables: tuple[str, ...], would_decide: str = "") -> Verdict:
    finding = Finding(
        state=state, sentence=f"Found with `fast`. {HOSTILE}", would_decide=would_decide
    )
    claim = Claim(
        id=id,
        text=f"Claim {id} of the paper",
        where="T6; 4.4",
        figures="99",
        tables=tables,
        decide=lambda evidence: finding,
    )
    return Verdict(claim=claim, scale="laptop", finding=finding)


VERDICTS = (
    verdict("C07", "holds", ("table06", "table08")),
    verdict("C09", "holds", ("table16",)),
    verdict("C25", "undecided", ("table16", "table06"), "three seeds of 90,000 examples, 2 h"),
    verdict("C30", "fails", ()),
)


def made_up(name: str, labels: Sequence[dict[str, Label]], common: dict[str, Any]) -> PaperTable:
    """A table of the paper whose numbers are 1, 2, 3, ..."""
    return PaperTable(
        name=name,
        title="",
        task="",
        common=common,
        notes="",
        cells=tuple(PaperCell(labels=one, value=i + 1) for i, one in enumerate(labels)),
    )


def value(labels: dict[str, Label], number: float | None, paper: Any = None) -> Value:
    """A number of ours; `paper` the labels that differ, or None."""
    measured = None if number is None else Measured(value=number, unit="count")
    return Value(
        labels=labels, measured=measured, paper=None if paper is None else {**labels, **paper}
    )


def some_records(root: Path) -> Records:
    """Two of three seeds, a run that diverged, one that goes on, one bound."""
    records = Records(root)
    p0, p1, _, fp15 = eigenvalues("laptop")
    records.save(record(p0, 0.9))
    records.save(record(p1, 0.8))
    records.save(record(fp15, 0.3, state="running"))
    records.save(record(speeds("laptop")[0], 0.9, state="diverged"))
    records.save(record(_norms("laptop")[0], 0.9))
    return records


def chapter(
    records: Records,
    tables: Sequence[Table] = TABLES,
    verdicts: Sequence[Verdict] = VERDICTS,
    scale: Scale = "laptop",
) -> Chapter:
    citation = "Somebody's “Numbers” (1999)"
    return tables_chapter(tables, scale, records, verdicts, title="Numbers", citation=citation)
