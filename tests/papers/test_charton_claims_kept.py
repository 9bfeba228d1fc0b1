"""The claims that no runs of tables decide, but kept analyses, shipped models or arithmetic."""

from dataclasses import replace
from typing import Any

import pytest
from claim_evidence import found, panels
from fake_records import FakeRecords

from eigenformer.evaluation import Proportion
from eigenformer.papers.charton2022 import figure3, grid_failures
from eigenformer.papers.charton2022.claims import analyses, ours
from eigenformer.papers.charton2022.failures import FailureRecord, kept_failures
from eigenformer.papers.charton2022.memorisation import kept_memorisation
from eigenformer.papers.charton2022.rank import Estimate
from eigenformer.papers.efficiency import ABLATED, ABLATIONS, PAPER, SETS, experiment
from eigenformer.runs import Records

pytestmark = pytest.mark.usefixtures("few_matrices")


@pytest.mark.parametrize(("shift", "matrices", "state"), [
    (0.0, 2000, "holds"), (9.0, 2000, "fails"), (0.0, 20, "undecided"),
])  # fmt: skip
def test_wigner(shift: float, matrices: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shifted = tuple(
        replace(one, std=one.std + shift * one.std_error * (one.law == "laplace"))
        for one in panels(matrices)
    )
    monkeypatch.setattr(figure3, "spectra", lambda: shifted)
    finding = found("C30", None)
    assert finding.state == state
    worst = max(shifted, key=lambda one: abs(one.deviation))
    assert f"{worst.std:.3f}" in finding.sentence and worst.law in finding.sentence


def failing(model: str, **changes: Any) -> FailureRecord:
    return replace(kept_failures()[model], **changes)


def surviving(model: str, shares: dict[str, float]) -> dict[str, Any]:
    measures = dict(kept_failures()[model].measures)
    for name, share in shares.items():
        right = Proportion(count=round(200 * share), n=200)
        measures[name] = replace(measures[name], failures={"0.05": right})
    return measures


def separating(model: str, name: str, share: float) -> dict[str, Any]:
    predictors = dict(kept_failures()[model].predictors)
    split = predictors[name].separation
    assert split is not None
    shares = Proportion(count=round(10_000 * share), n=10_000)
    better = replace(split, successes_below=shares, failures_above=shares)
    predictors[name] = replace(predictors[name], separation=better)
    return predictors


LIKE_THE_PAPER = {"eigenvalues": 1.0, "column_norms": 0.99, "column_dots": 0.1}


@pytest.mark.parametrize(("shares", "separated", "state"), [
    (LIKE_THE_PAPER, 0.985, "holds"),
    (LIKE_THE_PAPER, 0.8, "learning"),  # longer training might turn it
    (LIKE_THE_PAPER, 0.94, "edge"),
    (LIKE_THE_PAPER | {"eigenvalues": 0.5}, 0.985, "learning"),
    (LIKE_THE_PAPER | {"column_dots": 0.9}, 0.985, "learning"),
    (LIKE_THE_PAPER | {"column_norms": 0.9}, 0.985, "edge"),
])  # fmt: skip
def test_failures_of_eigenvectors(shares: dict[str, float], separated: float, state: str) -> None:
    model = "eigenvectors-2x2"
    record = failing(
        model,
        measures=surviving(model, shares),
        predictors=separating(model, "basis_condition", separated),
    )
    finding = grid_failures.verdict([grid_failures.eigenvectors_fail(record)] * 3)
    open_parts = [one for one in finding.parts if one.state == "undecided"]
    assert [one.why for one in open_parts] == ([] if state == "holds" else [state])
    assert finding.state == ("undecided" if open_parts else "holds")
    assert f"{100 * shares['eigenvalues']:.1f}" in finding.sentence


@pytest.mark.parametrize(("near", "separated", "whys"), [
    (0.985, 0.985, []), (0.985, 0.85, ["learning"]), (0.985, 0.95, ["edge"]),
    (0.88, 0.985, ["learning"]), (0.93, 0.985, ["edge"]),
])  # fmt: skip
def test_failures_of_inversion(near: float, separated: float, whys: list[str]) -> None:
    model = "inverse-2x2"
    kept = kept_failures()[model]
    right = Proportion(count=round(near * kept.n), n=kept.n)
    distance = replace(kept.measures["distance"], everywhere={"0.05": right})
    record = failing(
        model,
        measures={**kept.measures, "distance": distance},
        predictors=separating(model, "condition", separated),
        accuracy={**kept.accuracy, "0.05": Proportion(count=9200, n=10_000)},
    )
    finding = grid_failures.verdict([grid_failures.inversions_fail(record)] * 3)
    assert [one.why for one in finding.parts if one.state == "undecided"] == whys


def test_seeds_that_differ_decide_nothing() -> None:
    good = failing(
        "eigenvectors-2x2",
        measures=surviving("eigenvectors-2x2", LIKE_THE_PAPER),
        predictors=separating("eigenvectors-2x2", "basis_condition", 0.985),
    )
    bad = replace(
        good, measures=surviving("eigenvectors-2x2", LIKE_THE_PAPER | {"column_dots": 0.9})
    )
    finding = grid_failures.verdict(
        [grid_failures.eigenvectors_fail(one) for one in (good, good, bad)]
    )
    assert [one.state for one in finding.parts] == ["holds", "holds", "undecided", "holds"]


def test_without_the_analysis_a_claim_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyses, "kept_memorisation", dict)
    finding = found("C35", None)
    assert finding.state == "undecided" and "not run yet" in finding.sentence
    assert "--scale gpu`" in finding.would_decide and "H200 hours" in finding.would_decide


@pytest.mark.parametrize("model", ["eigenvectors-2x2", "inverse-2x2"])
def test_few_failures_decide_nothing(model: str) -> None:
    record = failing(model, accuracy={"0.05": Proportion(count=9990, n=10_000)})
    judge = {
        "eigenvectors-2x2": grid_failures.eigenvectors_fail,
        "inverse-2x2": grid_failures.inversions_fail,
    }[model]
    finding = grid_failures.verdict([judge(record)] * 3)
    assert {one.state for one in finding.parts} == {"size"}
    assert "10 failures of 10,000" in finding.sentence


@pytest.mark.parametrize(("excess", "lookup", "state"), [
    (0.0, 0.4, "holds"), (0.3, 0.4, "undecided"), (0.1, 0.4, "undecided"), (0.0, 0.05, "undecided"),
])  # fmt: skip
def test_memorisation_claim(
    excess: float, lookup: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = next(iter(kept_memorisation().values()))

    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value - 0.03, high=value + 0.03)

    changed = replace(kept, excess=estimate(excess), lookup=estimate(lookup))
    monkeypatch.setattr(analyses, "kept_memorisation", lambda: dict.fromkeys("abc", changed))
    assert found("C35", None).state == state


def test_memorisation_takes_three_models_that_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = next(iter(kept_memorisation().values()))
    leaning = replace(kept, excess=Estimate(value=0.3, low=0.25, high=0.35))
    for records, verdict in (
        ([kept, kept], "undecided: too few seeds"),
        ([kept, kept, leaning], "undecided: too few seeds"),
        ([kept, kept, kept], "holds"),
    ):
        monkeypatch.setattr(
            analyses, "kept_memorisation", lambda records=records: dict(enumerate(records))
        )
        assert [part.verdict for part in found("C35", None).parts] == [verdict]


@pytest.mark.parametrize(("gap", "lift", "state"), [
    (0.0, 0.6, "undecided"), (0.2, 0.6, "fails"), (0.1, 0.6, "undecided"),
    (0.0, -0.1, "fails"), (0.0, 0.1, "undecided"),
])  # fmt: skip
def test_ceiling_claim(
    gap: float, lift: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(value: float) -> Proportion:
        return Proportion(count=round(10_000 * min(value, 1.0)), n=10_000)

    theirs = {t: ours.paper_value(t) for t in (0.05, 0.02, 0.01, 0.005)}
    made = {
        "P1000": {t: share(value + gap) for t, value in theirs.items()},
        "P10000": {t: share(value + gap + lift) for t, value in theirs.items()},
    }
    monkeypatch.setattr(ours, "ceilings", lambda: made)
    finding = found("C32", None)
    assert finding.state == state and "90.0 of" in finding.sentence
    # No model with more digits was trained, which is what the claim is about.
    assert finding.parts[-1].verdict == "undecided: not run yet"
    if (gap, lift) == (0.0, 0.6):
        assert finding.summary.startswith("2 of 3 parts hold")


def test_ceilings_are_those_of_the_evaluation() -> None:
    from eigenformer.evaluation import TrainedSolver, evaluate
    from eigenformer.runs.recipes import fast

    config = fast("inverse", "5x5", width=32, layers=(1, 1))
    task = config.task
    solver = TrainedSolver(config.model.build(task.encoder, task.decoder, seed=0), task)
    reference = evaluate(solver, task.problem, task.ensemble, n=1000, name="ceilings")
    assert dict(ours.ceilings()["P1000"]) == {
        t: reference.ceiling["l1"][t] for t in ours.ceilings()["P1000"]
    }


@pytest.mark.parametrize(("aware", "random", "verdict"), [
    ((0.96, 2000), (0.5, None), "too few seeds"),
    ((0.96, 20_000), (0.96, 25_000), "too few seeds"),
    ((0.2, None), (0.5, None), "still learning"),
    ((0.1, None), (0.1, None), "still learning"),
])  # fmt: skip
def test_initialisation_claim(
    aware: tuple[float, int | None],
    random: tuple[float, int | None],
    verdict: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Final accuracies, and examples at which 96% had been reached; one seed decides nothing."""
    given = {
        "fast-without-value-features": aware,
        "fast-without-number-embeddings": random,
        "paper-with-number-embeddings": aware,
        "paper-with-nothing": random,
    }
    kept, made = Records(PAPER.records), {}
    for name, (final, reached) in given.items():
        run = experiment(SETS["tuned"].case(ABLATED), ABLATIONS[name], 0)
        record = kept.get(run)
        assert record is not None
        last = replace(record.curve[-1], accuracy={"l1": dict.fromkeys(("0.05", "0.02"), final)})
        curve = [last] if reached is None else [replace(last, examples=reached), last]
        made[run.identity] = replace(record, curve=tuple(curve))
    monkeypatch.setattr(ours, "Records", lambda root: FakeRecords(made))
    finding = found("C33", None)
    assert finding.state == "undecided"
    assert f"undecided: {verdict}" in [part.verdict for part in finding.parts]
    assert f"{100 * aware[0]:.1f}" in finding.sentence
