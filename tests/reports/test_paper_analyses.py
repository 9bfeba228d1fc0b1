"""Sections on failures and memorisation."""

from pathlib import Path

import pytest
from paper_examples import TABLE6, VERDICTS, verdict

from eigenformer.evaluation import Proportion
from eigenformer.papers.charton2022.failures import FailureRecord, Measure, Predictor
from eigenformer.papers.charton2022.memorisation import Memorisation, Quarter
from eigenformer.papers.charton2022.rank import Estimate
from eigenformer.papers.charton2022.separate import Group, Separation
from eigenformer.reports.drawing import dark
from eigenformer.reports.paper import Report, build
from eigenformer.reports.paper.markdown import markdown
from eigenformer.reports.paper.page import page
from eigenformer.runs import Records


def share(count: int, n: int) -> Proportion:
    return Proportion(count=count, n=n)


FAILURES = FailureRecord(
    model="inverse-9x9",
    problem="inverse",
    dims="9x9",
    answers="at once",
    seed=0,
    n=200,
    rejected=0,
    score="l1",
    tolerance=0.05,
    well_formed=share(199, 200),
    accuracy={"0.05": share(150, 200)},
    measures={
        "distance": Measure(everywhere={"0.05": share(180, 200)}, failures={"0.05": share(31, 50)})
    },
    predictors={
        "condition": Predictor(
            separation=Separation(
                threshold=51.5,
                successes_below=share(147, 150),
                failures_above=share(49, 50),
                successes_98=51.0,
                failures_98=52.0,
            ),
            edges=(1.0, 10.0, 100.0),
            successes=(100, 50),
            failures=(1, 49),
        )
    },
    profile=(
        Group(low=1.0, high=20.0, right=share(100, 100)),
        Group(low=20.0, high=300.0, right=share(50, 100)),
    ),
)
MEMORISATION = Memorisation(
    model="eigenvalues-9x9",
    problem="eigenvalues",
    dims="9x9",
    seed=0,
    n=400,
    training_matrices=1000,
    median_distance=2.0,
    median_norm=9.0,
    correlation=Estimate(value=0.012, low=-0.02, high=0.044),
    control=Estimate(value=0.01, low=-0.022, high=0.042),
    excess=Estimate(value=-0.0001, low=-0.03, high=0.03),
    lookup=Estimate(value=0.4, low=0.37, high=0.43),
    lookup_accuracy={"0.05": share(40, 400)},
    quarters=tuple(
        Quarter(low=float(i), high=i + 1.0, right={"0.05": share(90 + i, 100)}) for i in range(4)
    ),
    fresh={"0.05": share(366, 400)},
    trained={"0.05": share(368, 400)},
    advantage={"0.05": Estimate(value=0.005, low=-0.03, high=0.04)},
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build(
        [TABLE6],
        "laptop",
        Records(tmp_path_factory.mktemp("none")),
        [*VERDICTS, verdict("C12", "holds", ("failures",))],
        failures={FAILURES.model: FAILURES},
        memorisation={MEMORISATION.model: MEMORISATION},
    )


def shown(report: Report, name: str) -> dict[tuple[str, ...], list[str]]:
    """Our numbers by the labels of their rows; "" where a row has none in a column."""
    (grid,) = [section.grid for section in report.sections if section.name == name]
    assert grid is not None
    return {
        tuple(part.text for part in row.parts): [
            slot.ours[0].text if slot.ours else "" for slot in line
        ]
        for row, line in zip(grid.rows, grid.slots, strict=True)
    }


def test_failures_tell_what_wrong_answers_still_meet(report: Report) -> None:
    # Columns: all answers, wrong ones, right ones.
    assert shown(report, "failures") == {
        ("inverse-9x9", "right within 5%"): ["75.0", "", ""],
        ("inverse-9x9", "well-formed"): ["99.5", "", ""],
        ("inverse-9x9", "distance within 5%"): ["90.0", "62.0", ""],
        ("inverse-9x9", "condition number of the input below 51.5"): ["", "2.0", "98.0"],
    }


def test_memorisation_stands_beside_its_control(report: Report) -> None:
    numbers = [texts[0] for texts in shown(report, "memorisation").values()]
    # Of -0.0001 nothing is left at the digits that its interval bears, not even the sign.
    assert numbers == ["0.012", "0.010", "0.000", "0.400", "91.5", "92.0", "90.0", "93.0"]


def test_they_come_with_verdicts_figures_and_links(report: Report) -> None:
    failures = report.sections[1]
    assert [one.claim.id for one in failures.verdicts] == ["C12"]
    (figure,) = failures.figures
    assert "inverse-9x9" in figure.alt
    assert figure.svg != dark(figure.svg)
    for text in (page(report), markdown(report)):
        assert "#failures" in text and "#memorisation" in text


def test_they_are_left_out_where_there_are_none(tmp_path: Path) -> None:
    report = build([TABLE6], "laptop", Records(tmp_path), failures={}, memorisation=None)
    assert [section.name for section in report.sections] == ["table06"]
