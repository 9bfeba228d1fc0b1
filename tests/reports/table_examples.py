"""A made-up paper, tables that repeat parts of it, and records that never ran."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reading import HOSTILE

from eigenformer.papers import Claim, Finding, Paper, Table, by_id, by_name
from eigenformer.papers.charton2022.results import paper_table
from eigenformer.reports import tables_chapter
from eigenformer.reports.report import Chapter
from eigenformer.runs import (
    Cell,
    Experiment,
    Label,
    Loss,
    Point,
    Record,
    Records,
    Scale,
    accuracy,
    examples_until,
)
from eigenformer.runs.recipes import fast

EXAMPLES = 3000
_CURVE = (0.0, 0.5, 0.9)


def _proportion(value: float) -> dict[str, Any]:
    low, high = max(0.0, value - 0.01), min(1.0, value + 0.01)
    return {"value": value, "low": low, "high": high, "count": round(10_000 * value), "n": 10_000}


def _scores(value: float) -> dict[str, dict[str, float]]:
    norms = ("l1", "l2", "l2_squared", "max")
    return {norm: {"0.05": value, "0.01": value / 2} for norm in norms}


def record(experiment: Experiment, value: float, state: Any = "finished") -> Record:
    """`value` within 5%, by every score."""
    found, ceiling = (
        {s: {t: _proportion(v) for t, v in by.items()} for s, by in _scores(value).items()}
        for value in (value, 0.98)
    )
    points = [(1000 * place, at) for place, at in enumerate(_CURVE, 1)]
    return Record(
        identity=experiment.identity,
        run="made-up",
        state=state,
        version="a" * 40 + "-dirty",
        machine="abacus, 2 threads",
        seconds=5400.0,
        examples=EXAMPLES,
        score="l1",
        config={},
        tests={"test": {"score": "l1", "accuracy": found, "ceiling": ceiling}},
        curve=tuple(Point(examples=n, accuracy=_scores(at), valid=1.0) for n, at in points),
        losses=tuple(Loss(examples=n, loss=3000 / n) for n, _ in points),
    )


def _run(
    name: str,
    problem: str,
    dims: str,
    labels: dict[str, Label],
    paper: dict[str, Label],
    tolerances: Sequence[int] = (5,),
    **options: Any,
) -> Experiment:
    return Experiment(
        name=name,
        config=fast(problem, dims, width=32, examples=EXAMPLES, **options),
        cells=[
            Cell(labels={**labels, "tolerance": one}, read=accuracy(one / 100), paper=paper)
            for one in tolerances
        ],
    )


def eigenvalues(scale: Scale) -> list[Experiment]:
    """Of table 6: P1000 with three seeds, and FP15."""
    labels: dict[str, Label] = {"dims": "2x2", "encoding": "P1000", "layers": "2/1"}
    paper: dict[str, Label] = {"dims": "5x5", "layers": "4/1"}
    runs = [
        _run(f"p1000-{n}", "eigenvalues", "2x2", {**labels, "seed": n}, paper, (5, 1), seed=n)
        for n in (0, 1, 2)
    ]
    labels = {"dims": "3x3", "encoding": "FP15", "layers": "2/1"}
    paper = {"dims": "8x8", "layers": "1/6"}
    runs.append(_run("fp15", "eigenvalues", "3x3", labels, paper, encoding="FP15"))
    return runs if scale == "laptop" else []


TABLE6 = Table(
    name="table06",
    title="Eigenvalues & <friends>",
    section="4.4",
    rows=("tolerance",),
    columns=("dims", "encoding", "layers", "seed"),
    runs=eigenvalues,
    printed=paper_table("table06"),
    note=f"Sizes are smaller. {HOSTILE}",
)


def speeds(scale: Scale) -> list[Experiment]:
    labels: dict[str, Label] = {"layers": "1/1", "encoding": "B1999", "dim": 64, "dims": "2x2"}
    cell = Cell(labels=labels, read=examples_until(0.95, 0.05), paper={"dim": 256})
    config = fast("add", "2x2", width=32, examples=EXAMPLES)
    return [Experiment(name="slow", config=config, cells=[cell])]


TABLE16 = Table(
    name="table16",
    title="Examples until 95%",
    section="D.2",
    rows=("layers",),
    columns=("encoding", "dim"),
    runs=speeds,
    printed=paper_table("table16"),
)


def _followed(scale: Scale) -> list[Experiment]:
    config = fast("eigenvalues", "2x2", width=32, examples=3 * EXAMPLES)
    cell = Cell(labels={"panel": "eigenvalues 2x2", "norm": "L1"}, read=accuracy(0.05))
    return [Experiment(name="followed", config=config, cells=[cell])]


def _figure(name: str, kind: Any) -> Table:
    return Table(
        name=name,
        title="Curves",
        section="D.1",
        rows=("panel",),
        columns=("norm",),
        runs=_followed,
        curves=kind,
    )


FIGURE1, FIGURE2 = _figure("figure1", "norms"), _figure("figure2", "learning")
TABLES = (TABLE6, TABLE16, FIGURE1, FIGURE2)


def claim(id: str, state: Any, tables: tuple[str, ...], would_decide: str = "") -> Claim:
    sentence = f"Found with `fast`. {HOSTILE}"
    finding = Finding(state=state, sentence=sentence, would_decide=would_decide)
    return Claim(
        id=id,
        text=f"Claim {id} of the paper",
        where="T6; 4.4",
        figures="99",
        studies=tables,
        decide=lambda evidence: finding,
    )


CLAIMS = (
    claim("C07", "holds", ("table06", "table08")),
    claim("C09", "holds", ("table16",)),
    claim("C25", "undecided", ("table16", "table06"), "three seeds of 90,000 examples, 2 h"),
    claim("C30", "fails", ()),
)


def some_records(root: Path) -> Records:
    """Two of three seeds, a run that diverged, one that goes on, one bound."""
    records = Records(root)
    p0, p1, _, fp15 = eigenvalues("laptop")
    records.save(record(p0, 0.9))
    records.save(record(p1, 0.8))
    records.save(record(fp15, 0.3, state="running"))
    records.save(record(speeds("laptop")[0], 0.9, state="diverged"))
    records.save(record(_followed("laptop")[0], 0.9))
    return records


def chapter(
    records: Records,
    tables: Sequence[Table] = TABLES,
    claims: Sequence[Claim] = CLAIMS,
    scale: Scale = "laptop",
) -> Chapter:
    paper = Paper(
        name="numbers",
        title="Numbers",
        citation="Somebody's “Numbers” (1999)",
        studies=by_name(*tables),
        claims=by_id(*claims),
        records=records.root,
    )
    return tables_chapter(paper.excerpt(("all",)), scale)
