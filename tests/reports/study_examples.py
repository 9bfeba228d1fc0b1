"""Made-up studies with findings of all kinds, and records that never ran."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reading import HOSTILE

from eigenformer.incontext import LinearAttention, Regression, RunConfig
from eigenformer.papers import (
    Analysis,
    Claim,
    Finding,
    Findings,
    HeatMap,
    Kept,
    Line,
    Number,
    Panel,
    Paper,
    by_id,
    by_name,
)
from eigenformer.reports import studies_chapter
from eigenformer.reports.report import Chapter
from eigenformer.runs import Experiment, Records, Scale


def _runs(scale: Scale) -> list[Experiment]:
    return [
        Experiment(
            name=f"layers-{layers}",
            config=RunConfig(
                task=Regression(dim=3, points=6),
                model=LinearAttention(layers=layers),
                steps=10 if scale == "laptop" else 1000,
                batch=16,
            ),
        )
        for layers in (1, 2)
    ]


def _not_called(scale: Scale, folders: Mapping[str, Any]) -> Findings:
    raise AssertionError("a report analyses nothing")


def study(name: str, **more: Any) -> Analysis:
    return Analysis(
        name=name,
        title=more.pop("title", f"What {name} finds"),
        section="6, figure 8",
        runs=more.pop("runs", _runs),
        analyse=_not_called,
        **more,
    )


FULL = study("giannou2024-depth", title="Loss against layers & <steps>", note=f"Smaller. {HOSTILE}")
MISSING = study("giannou2024-noise")
COMPUTED = study("cheng2025-flow", runs=lambda scale: [])


def claim(id: str, *studies: Analysis) -> Claim:
    return Claim(id=id, text=f"Claim {id}", studies=tuple(study.name for study in studies))


def _paper(name: str, citation: str, studies: list[Analysis], *claims: Claim) -> Paper:
    return Paper(
        name=name,
        title="Numbers",
        citation=citation,
        studies=by_name(*studies),
        claims=by_id(*claims),
        records=Path(),
    )


PAPERS = (
    _paper(
        "giannou2024",
        "Giannou et al. (2024)",
        [FULL, MISSING],
        claim("N04", FULL),
        claim("N05", FULL, MISSING),
    ),
    _paper("cheng2025", "Cheng et al. (2025)", [COMPUTED], claim("N13", COMPUTED)),
)

_STEPS = tuple(float(step) for step in range(1, 41))
_LAYERS = _STEPS[:6]


def _line(label: str, kind: Any, rate: float, spread: float = 0.0) -> Line:
    loss = tuple(0.5 * rate**layer + 1e-3 for layer in _LAYERS)
    low, high = ((), ())
    if spread:
        low, high = (tuple(y * factor for y in loss) for factor in (1 - spread, 1 + spread))
    return Line(label=label, kind=kind, x=_LAYERS, y=loss, low=low, high=high)


PANELS = (
    Panel(
        title="Test loss after each layer",
        x="layers, or steps",
        y="squared error",
        lines=(
            _line("linear attention", "model", 0.4, spread=0.2),
            _line("with layer norm", "model", 0.5),
            _line("Newton, order 2", "algorithm", 0.55),
            _line("Newton, order 3", "algorithm", 0.3),
            _line("least squares", "theory", 0.0),
        ),
        log_y=True,
        note="Shaded: the range over three seeds.",
    ),
    Panel(
        title="Many lines with long labels, both axes logarithmic, and a title that is too long "
        f"for one line {HOSTILE}",
        x="condition number",
        y="steps to a loss of 1e-4",
        lines=tuple(
            Line(
                label=f"gradient descent with momentum {place / 10:.1f} and its best rate",
                kind=("model", "algorithm", "theory")[place % 3],
                x=(1, 10, 100, 1000),
                y=tuple((place + 1.0) * (1 + kappa**0.5) for kappa in (1, 10, 100, 1000)),
            )
            for place in range(11)
        ),
        log_x=True,
        log_y=True,
    ),
    Panel(
        title="One point each",
        x="layers",
        y="loss",
        lines=(
            Line(label="trained", x=(3,), y=(0.2,), low=(0.15,), high=(0.3,)),
            Line(label="theory", x=(3,), y=(0.22,), kind="theory"),
        ),
    ),
)


MAPS = (
    HeatMap(
        title="Similarity of errors",
        row="layer",
        column="steps of Newton's iteration",
        rows=_LAYERS,
        columns=_STEPS,
        values=tuple(tuple(math.cos(math.log(c) - r / 2) for c in _STEPS) for r in _LAYERS),
        value="mean cosine",
        marked=tuple(range(6)),
        log_columns=True,
        note="The dot is the best match of a layer.",
    ),
    HeatMap(
        title="The learned preconditioner",
        row="coordinate",
        column="coordinate",
        rows=(1, 2, 3),
        columns=(1, 2, 3),
        values=((1.0, -0.1, 0.02), (-0.1, 0.9, 0.05), (0.0, 0.1, 1.1)),
        value="entry",
    ),
)


def _finding(state: Any, would_decide: str = "") -> Finding:
    gate = "nothing is trained" if state == "fails" else ""
    sentence = f"Found 0.21. {HOSTILE}"
    return Finding(state=state, sentence=sentence, would_decide=would_decide, gate=gate)


FULL_FINDINGS = Findings(
    panels=PANELS,
    maps=MAPS,
    numbers=(
        Number(name="loss of one layer", value=0.20763, low=0.2031, high=0.21, reference=0.2062),
        Number(name="condition number", value=123456.7, source=f"eigenvalues {HOSTILE}"),
        Number(name="least error", value=3.2e-9, reference=0.0, source="float64"),
    ),
    verdicts={"N04": _finding("holds"), "N05": _finding("undecided", "three seeds, 2 h")},
)


def some_records(root: Path) -> Records:
    """Of one study with everything, and one with a verdict only."""
    records = Records(root)
    computed = Findings(verdicts={"N13": _finding("fails")})
    for one, findings in ((FULL, FULL_FINDINGS), (COMPUTED, computed)):
        kept = Kept(
            study=one.name,
            scale="laptop",
            identity=one.identity("laptop"),
            version="a" * 40 + "-dirty",
            machine="abacus, one thread a run",
            examples=320,
            seconds=95.0,
            findings=findings,
        )
        one.keep(kept, records)
    return records


def chapter(records: Records, *names: str, scale: Scale = "laptop") -> Chapter:
    """Of these studies, or all, with their verdicts."""
    excerpts = [paper.excerpt(names or ("all",), records.root) for paper in PAPERS]
    return studies_chapter(excerpts, scale)
