"""The claims C01 to C36: each can hold, fail and stay open, and says what it was decided by."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from claim_scenarios import SCENARIOS
from fake_records import Fake, FakeRecords, Scenario, fake_records, record

from eigenformer.evaluation import Proportion
from eigenformer.experiments.charton2022 import TABLES as ALL_TABLES
from eigenformer.experiments.charton2022 import figure3, paper_tables
from eigenformer.experiments.charton2022.claims import (
    CLAIMS,
    analyses,
    basics,
    cost,
    learning,
    ours,
    parts,
    sides,
)
from eigenformer.experiments.charton2022.failures import kept_failures
from eigenformer.experiments.charton2022.memorisation import kept_memorisation
from eigenformer.experiments.charton2022.rank import Estimate
from eigenformer.experiments.charton2022.wigner import LAWS, Spectrum, spectrum
from eigenformer.experiments.efficiency import load_records
from eigenformer.experiments.efficiency.records import Point as EfficiencyPoint
from eigenformer.experiments.study import (
    SCALES,
    Evidence,
    Finding,
    Measured,
    Scale,
    Table,
    decide_all,
)

KEPT = ("C11", "C12", "C30", "C32", "C33", "C35")
TABLES = {
    name: replace(table, experiments=cache(table.experiments)) for name, table in ALL_TABLES.items()
}
STATES = ("holds", "fails", "undecided")


@pytest.fixture(autouse=True)
def few_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figure 3 with few matrices, ceilings with few, no models that come with the package."""
    monkeypatch.setattr(figure3, "spectra", lambda: panels(2000))
    all_ceilings = ours.ceilings
    monkeypatch.setattr(ours, "ceilings", lambda: all_ceilings(n=1000))
    monkeypatch.setattr(basics, "shipped_accuracies", dict)


def panels(matrices: int) -> tuple[Spectrum, ...]:
    return tuple(spectrum(law, 5, matrices) for law in LAWS)


def found(claim: str, scenario: Scenario | None, scale: Scale = "laptop") -> Finding:
    """The verdict by runs of the claim's tables, or by none."""
    tables = {name: TABLES[name] for name in CLAIMS[claim].tables if name in TABLES}
    records = FakeRecords({})
    if scenario is not None:
        records = fake_records(tables, tuple(tables), scale, scenario)
    # Kept analyses refer to the tables of models that could be analysed too.
    decided = tables or {name: TABLES[name] for name in ("table06", "table08", "table09")}
    return CLAIMS[claim].decide(Evidence(decided, scale, records))


def test_the_claims_are_the_36_of_the_paper() -> None:
    assert list(CLAIMS) == [f"C{number:02d}" for number in range(1, 37)]
    assert {*SCENARIOS, *KEPT} == set(CLAIMS)
    known = {*paper_tables(), *TABLES, "failures", "memorisation", "efficiency"}
    for claim in CLAIMS.values():
        assert claim.id == f"C{int(claim.id[1:]):02d}" and set(claim.tables) <= known
        assert claim.text.endswith(".") and claim.where and claim.figures and claim.tables


@pytest.mark.parametrize("claim", SCENARIOS)
@pytest.mark.parametrize("state", STATES)
def test_runs_decide_a_claim_either_way_or_not(claim: str, state: str) -> None:
    finding = found(claim, SCENARIOS[claim][STATES.index(state)])
    assert finding.state == state, finding.sentence
    assert "recipe" in finding.sentence and "None" not in finding.sentence
    assert "not run" not in finding.sentence and "no such run" not in finding.sentence
    assert "nan" not in finding.sentence
    if state == "undecided":
        assert any(reason in finding.sentence for reason in parts.REASONS.values())
        assert re.search(r"[\d,]{5,} examples", finding.would_decide), finding.would_decide
        assert "hours" in finding.would_decide or "about" in finding.would_decide
    else:
        assert finding.would_decide == ""


@pytest.mark.parametrize("claim", SCENARIOS)
def test_without_runs_a_claim_is_undecided_and_names_them(claim: str) -> None:
    finding = found(claim, None)
    assert finding.state == "undecided" and "not run yet" in finding.sentence
    # Nothing was measured, so there is nothing to print but what is asked for.
    assert "seed a side" not in finding.sentence
    assert "this scale has no such run" not in finding.sentence
    named = re.findall(
        r"\d+ runs? of `eigenformer paper run ([\w ]+) --scale laptop`", finding.would_decide
    )
    assert len(named) == 1 and set(named[0].split()) <= set(CLAIMS[claim].tables)
    assert re.search(r": [\d,]{5,} examples, about \d", finding.would_decide)


@pytest.mark.parametrize("scale", SCALES)
def test_every_claim_has_a_verdict_at_every_scale(scale: Scale) -> None:
    verdicts = decide_all(list(CLAIMS.values()), TABLES, scale, FakeRecords({}))
    assert [verdict.claim.id for verdict in verdicts] == list(CLAIMS)
    for verdict in verdicts:
        assert verdict.sentence and verdict.scale == scale
        assert (verdict.would_decide != "") == (verdict.state == "undecided"), verdict.claim.id


def test_the_figures_of_a_sentence_are_those_of_the_runs() -> None:
    values = {"P1000": (0.913, 0.917, 0.92), "P10": (0.502, 0.499, 0.512)}

    def scenario(labels: dict[str, Any]) -> Fake:
        return Fake(accuracy=values[labels["encoding"]][labels.get("seed", 0)])

    records = fake_records(
        TABLES, ("table04",), "laptop", lambda a: scenario(a) if a["encoding"] in values else Fake()
    )
    sentence = CLAIMS["C06"].decide(Evidence(TABLES, "laptop", records)).sentence
    assert "P1000 91.7 (90.8 to 92.5, 3 seeds) against P10 50.4 (48.7 to 52.1, 3 seeds)" in sentence
    assert "difference +41.2 points (+39." in sentence and "at 0.5%" in sentence
    assert "matvec 2x2" in sentence and "recipe paper-tokens" in sentence


def test_one_seed_a_side_decides_beyond_20_points_only() -> None:
    def scenario(svd: float) -> Scenario:
        return lambda a: Fake(accuracy=svd if a.get("task") == "SVD" else 0.95)

    seeds = len(TABLES["table10"].experiments("laptop")) // 5
    assert found("C15", scenario(0.70)).state == "holds"
    expected = "undecided" if seeds < 3 else "holds"
    assert found("C15", scenario(0.80)).state == expected


def test_some_runs_missing_are_named() -> None:
    made = fake_records(TABLES, ("table02",), "laptop", lambda a: Fake(accuracy=0.999))
    absent = [e for e in TABLES["table02"].experiments("laptop") if "fp15" in e.name]
    for experiment in absent:
        del made.found[experiment.identity]
    finding = CLAIMS["C02"].decide(Evidence(TABLES, "laptop", made))
    assert finding.state == "undecided" and "(not run yet: FP15 3x3)" in finding.sentence
    assert finding.would_decide.startswith(
        "1 run of `eigenformer paper run table02 --scale laptop`"
    )
    # The others took a hundredth of a second an example.
    (alone,) = [e for e in absent if "3x3" in e.name]
    assert f"{alone.config.examples:,} examples, about" in finding.would_decide


def test_hours_are_those_of_timed_runs_of_the_same_kind() -> None:
    runs = TABLES["table02"].experiments("laptop")
    timed = {runs[0].identity: record(runs[0], Fake())}
    evidence = Evidence({"table02": TABLES["table02"]}, "laptop", FakeRecords(timed))
    minutes = runs[0].config.examples / 100 / 60
    assert cost.would_cost(evidence, [runs[0], runs[0]]).endswith(f"about {minutes:.0f} min")
    assert cost.would_cost(evidence, [runs[0]], 3).endswith(f"about {3 * minutes:.0f} min")
    hours = cost.would_cost(evidence, [runs[0]] * 3, scale="gpu")
    assert hours.startswith(f"{runs[0].config.examples:,}") and "at most 0.17 H200 hours" in hours


def test_a_shipped_model_shows_that_a_problem_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"inverse": [("inverse-2x2", 9300, 10_000)]}
    monkeypatch.setattr(basics, "shipped_accuracies", lambda: short)
    finding = found("C01", SCENARIOS["C01"][1])
    assert finding.state == "holds" and "inverse-2x2 93.0 (92.5 to 93.5)" in finding.sentence
    monkeypatch.setattr(basics, "shipped_accuracies", lambda: {"inverse": [("x", 930, 1000)][:0]})
    assert found("C01", SCENARIOS["C01"][1]).state == "fails"


def test_shipped_accuracies_are_those_of_their_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    shipped = basics.shipped_accuracies()
    assert set(shipped) == set(basics._candidates(Evidence(TABLES, "laptop", FakeRecords({}))))
    for models in shipped.values():
        assert all(0 <= right <= n for _, right, n in models)


def test_steps_are_told_from_smooth_curves() -> None:
    def curve(loss: Callable[[float], float]) -> list[tuple[int, float]]:
        return [(1000 * k, loss(k / 100)) for k in range(1, 101)]

    assert learning.step_of(curve(lambda s: 2.0 if s < 0.5 else 0.5))[0]
    assert learning.step_of(curve(lambda s: 2 - 0.02 * s if s < 0.7 else 1 - s / 10))[0]
    # Straight, a power law, and a drop without a plateau before it.
    assert not learning.step_of(curve(lambda s: 2 - s))[0]
    assert not learning.step_of(curve(lambda s: s**-0.5))[0]
    assert not learning.step_of(curve(lambda s: 2 - s if s < 0.5 else 1 - s / 10))[0]
    assert learning.step_of(curve(lambda s: 1 + s)) == (False, "the loss does not fall")
    assert learning.step_of([(1, 2.0), (2, 1.0)]) == (False, "the curve has too few points")


def test_examples_between_evaluations_are_on_a_straight_line() -> None:
    run = TABLES["figure1"].experiments("laptop")[0]
    made = record(run, Fake(accuracy=0.8, reached=0.5))
    found_at = learning.examples_to(made, 0.4, "l1")
    step = run.config.examples / 40
    assert found_at == pytest.approx(19.5 * step, abs=1)
    assert learning.examples_to(made, 0.9, "l1") is None


# The claims that no table's runs decide.


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


def failing(model: str, **changes: Any) -> Callable[[], dict[str, Any]]:
    kept = kept_failures()[model]
    return lambda: {model: replace(kept, **changes)}


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
    shares = Proportion(count=round(1000 * share), n=1000)
    better = replace(split, successes_below=shares, failures_above=shares)
    predictors[name] = replace(predictors[name], separation=better)
    return predictors


LIKE_THE_PAPER = {"eigenvalues": 1.0, "column_norms": 0.99, "column_dots": 0.1}


@pytest.mark.parametrize(("shares", "separated", "state"), [
    (LIKE_THE_PAPER, 0.985, "holds"),
    (LIKE_THE_PAPER, 0.8, "fails"),
    (LIKE_THE_PAPER, 0.94, "undecided"),
    (LIKE_THE_PAPER | {"eigenvalues": 0.5}, 0.985, "fails"),
    (LIKE_THE_PAPER | {"column_dots": 0.9}, 0.985, "fails"),
    (LIKE_THE_PAPER | {"column_norms": 0.9}, 0.985, "undecided"),
])  # fmt: skip
def test_failures_of_eigenvectors(
    shares: dict[str, float], separated: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = "eigenvectors-2x2"
    changed = failing(
        model,
        measures=surviving(model, shares),
        predictors=separating(model, "basis_condition", separated),
    )
    monkeypatch.setattr(analyses, "kept_failures", changed)
    finding = found("C11", None)
    assert finding.state == state
    assert f"{100 * shares['eigenvalues']:.1f}" in finding.sentence


@pytest.mark.parametrize(("near", "separated", "state"), [
    (0.985, 0.985, "holds"), (0.985, 0.85, "fails"), (0.985, 0.95, "undecided"),
    (0.88, 0.985, "fails"), (0.93, 0.985, "undecided"),
])  # fmt: skip
def test_failures_of_inversion(
    near: float, separated: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = "inverse-2x2"
    kept = kept_failures()[model]
    right = Proportion(count=round(near * kept.n), n=kept.n)
    distance = replace(kept.measures["distance"], everywhere={"0.05": right})
    changed = failing(
        model,
        measures={**kept.measures, "distance": distance},
        predictors=separating(model, "condition", separated),
        accuracy={**kept.accuracy, "0.05": Proportion(count=9200, n=10_000)},
    )
    monkeypatch.setattr(analyses, "kept_failures", changed)
    assert found("C12", None).state == state


@pytest.mark.parametrize("claim", ["C11", "C12", "C35"])
def test_without_the_analysis_a_claim_is_undecided(
    claim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyses, "kept_failures", dict)
    monkeypatch.setattr(analyses, "kept_memorisation", dict)
    finding = found(claim, None)
    assert finding.state == "undecided" and "not run yet" in finding.sentence
    assert "--scale gpu`" in finding.would_decide and "H200 hours" in finding.would_decide


@pytest.mark.parametrize("model", ["eigenvectors-2x2", "inverse-2x2"])
def test_few_failures_decide_nothing(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nearly = {"0.05": Proportion(count=9990, n=10_000)}
    monkeypatch.setattr(analyses, "kept_failures", failing(model, accuracy=nearly))
    finding = found({"eigenvectors-2x2": "C11", "inverse-2x2": "C12"}[model], None)
    assert finding.state == "undecided" and "10 failures of 10,000" in finding.sentence


@pytest.mark.parametrize(("excess", "lookup", "state"), [
    (0.0, 0.4, "holds"), (0.3, 0.4, "fails"), (0.1, 0.4, "undecided"), (0.0, 0.05, "undecided"),
])  # fmt: skip
def test_memorisation_claim(
    excess: float, lookup: float, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = kept_memorisation().values()

    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value - 0.03, high=value + 0.03)

    changed = replace(kept, excess=estimate(excess), lookup=estimate(lookup))
    monkeypatch.setattr(analyses, "kept_memorisation", lambda: {"model": changed})
    assert found("C35", None).state == state


@pytest.mark.parametrize(("gap", "lift", "state"), [
    (0.0, 0.6, "holds"), (0.2, 0.6, "fails"), (0.1, 0.6, "undecided"),
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


def test_ceilings_are_those_of_the_evaluation() -> None:
    from eigenformer.evaluation import TrainedSolver, evaluate
    from eigenformer.experiments.recipes import fast

    config = fast("inverse", "5x5", width=32, layers=(1, 1))
    task = config.task
    solver = TrainedSolver(config.model.build(task.encoder, task.decoder, seed=0), task)
    reference = evaluate(solver, task.problem, task.ensemble, n=1000, name="ceilings")
    assert dict(ours.ceilings()["P1000"]) == {
        t: reference.ceiling["l1"][t] for t in ours.ceilings()["P1000"]
    }


@pytest.mark.parametrize(("aware", "random", "state"), [
    ((0.96, 2000), (0.5, None), "holds"),
    ((0.96, 20_000), (0.96, 25_000), "fails"),
    ((0.2, None), (0.5, None), "fails"),
    ((0.5, None), (0.45, None), "undecided"),
    ((0.1, None), (0.1, None), "undecided"),
])  # fmt: skip
def test_initialisation_claim(
    aware: tuple[float, int | None],
    random: tuple[float, int | None],
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Final accuracies, and examples at which 96% had been reached."""
    records = load_records()
    given = {
        "fast-without-value-features": aware,
        "fast-without-number-embeddings": random,
        "paper-with-number-embeddings": aware,
        "paper-with-nothing": random,
    }
    for key, kept in records.items():
        if key[1] not in given:
            continue
        final, reached = given[key[1]]
        curve = [EfficiencyPoint(examples=30_016, accuracy=dict.fromkeys(kept.final, final))]
        if reached is not None:
            curve.insert(0, EfficiencyPoint(examples=reached, accuracy=curve[0].accuracy))
        records[key] = replace(kept, curve=tuple(curve))
    monkeypatch.setattr(ours, "load_records", lambda: records)
    finding = found("C33", None)
    assert finding.state == state, finding.sentence
    assert f"{100 * aware[0]:.1f}" in finding.sentence


def test_a_side_may_leave_the_seed_open_and_nothing_else() -> None:
    evidence = Evidence(TABLES, "laptop", FakeRecords({}))
    several = sides.side(
        evidence, "P10", "table04", {"encoding": "P10", "dims": "2x2", "tolerance": 5}
    )
    assert len(several.values) == 3 and several.text == "P10"
    with pytest.raises(ValueError, match="more than the seed of table04"):
        sides.side(evidence, "P10", "table04", {"encoding": "P10"})
    assert sides.side(evidence, "x", "table04", {"encoding": "P7"}).values == ()


def one_sided(values: list[float], name: str = "a") -> sides.Side:
    table: Table = TABLES["table04"]
    template = table.values("laptop", FakeRecords({}))[0]
    return sides.Side(
        name=name,
        table="table04",
        values=tuple(
            replace(template, measured=Measured(value=v, low=v - 0.005, high=v + 0.005))
            for v in values
        ),
    )


@pytest.mark.parametrize(("a", "b", "holds"), [
    ([0.90, 0.91, 0.92], [0.90, 0.91, 0.92], True),
    ([0.90, 0.91, 0.92], [0.60, 0.61, 0.62], False),
    ([0.70, 0.90, 0.80], [0.80, 0.70, 0.90], None),
    ([0.90], [0.90], None),
    ([0.90], [0.60], False),
    ([0.20, 0.21, 0.22], [0.20, 0.21, 0.22], None),
])  # fmt: skip
def test_equality_takes_several_seeds(a: list[float], b: list[float], holds: bool | None) -> None:
    left, right = one_sided(a), one_sided(b, "b")
    assert parts.alike(left, right, "5%").holds is holds
    assert parts.alike(right, left, "5%").holds is holds
    # What is worse by more than the margin is unequal; what is better is no worse.
    assert parts.no_worse(left, right, "5%").holds is (holds if max(a) <= max(b) else True) or (
        len(a) < 3
    )


@pytest.mark.parametrize(("scale", "said"), [
    ("laptop", "`eigenformer paper run table04 --scale gpu`"),
    ("gpu", "`eigenformer paper run table04 --scale paper`"),
    ("paper", "3 training seeds a side, 4 runs more: "),
])  # fmt: skip
def test_what_is_too_easy_is_decided_at_a_larger_scale(scale: Scale, said: str) -> None:
    evidence = Evidence({"table04": TABLES["table04"]}, scale, FakeRecords({}))
    easy = parts.outdoes(one_sided([0.95]), one_sided([0.93], "b"), "5%")
    assert cost.would_decide(evidence, [easy]).startswith(said)


def test_a_close_difference_asks_for_the_seeds_that_it_takes() -> None:
    evidence = Evidence({"table04": TABLES["table04"]}, "laptop", FakeRecords({}))

    def seeds(a: list[float], b: list[float]) -> int:
        undecided = parts.better(one_sided(a), one_sided(b, "b"), "5%")
        assert undecided.why == "close"
        return int(cost.would_decide(evidence, [undecided]).split()[0])

    assert seeds([0.9], [0.8]) == 3
    # Half the difference with the same spread takes four times the seeds.
    few, many = seeds([0.9, 0.8, 0.7], [0.8, 0.7, 0.6]), seeds([0.9, 0.8, 0.7], [0.85, 0.75, 0.65])
    assert 3 < few < many <= 30
    assert seeds([0.9, 0.8, 0.7], [0.9, 0.8, 0.7]) == 30


def test_where_both_succeed_a_shrunk_problem_is_too_easy() -> None:
    good, bad = one_sided([0.95]), one_sided([0.93], "b")
    assert parts.outdoes(good, bad, "5%").why == "strong"
    assert parts.outdoes(good, bad, "5%", shrunk=False).holds is False


def test_answers_to_the_same_question_must_agree() -> None:
    yes, no, unknown = (parts.part(h, "close", "", ()) for h in (True, False, None))
    assert parts.either([unknown, yes]).holds is True
    assert parts.either([no, unknown]).holds is False
    assert parts.either([yes, no]).holds is None
    assert parts.either([unknown, unknown]).holds is None
