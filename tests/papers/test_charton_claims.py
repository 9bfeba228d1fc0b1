"""The claims C01 to C36: each can hold, fail and stay open, and says what it was decided by."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from claim_evidence import TABLES, found
from claim_scenarios import EASY, SCENARIOS, still_learning
from fake_records import Fake, FakeRecords, fake_records, record

from eigenformer.papers import Evidence, decide_all, judging
from eigenformer.papers.charton2022 import PAPER
from eigenformer.papers.charton2022.claims import CLAIMS, basics, learning
from eigenformer.runs import SCALES, Scale

pytestmark = pytest.mark.usefixtures("few_matrices")

SAID = ("C11", "C12")
"""Those that findings of a study decide."""
KEPT = (*SAID, "C30", "C32", "C33", "C35")
STATES = ("holds", "fails")


def test_the_claims_are_the_36_of_the_paper() -> None:
    assert list(CLAIMS) == list(PAPER.claims) == [f"C{number:02d}" for number in range(1, 37)]
    assert {*SCENARIOS, *KEPT} == set(CLAIMS)
    assert all(claim.where and claim.figures for claim in CLAIMS.values())


@pytest.mark.parametrize("claim", SCENARIOS)
@pytest.mark.parametrize("state", STATES)
def test_runs_decide_a_claim_either_way(claim: str, state: str) -> None:
    finding = found(claim, SCENARIOS[claim][STATES.index(state)])
    # A model that generalises where the paper's does not shows no more than that the size is small.
    assert finding.state == ("size" if (claim, state) == ("C18", "fails") else state), (
        finding.sentence
    )
    assert "recipe" in finding.sentence and "None" not in finding.sentence
    assert "not run" not in finding.sentence and "no such run" not in finding.sentence
    assert "nan" not in finding.sentence
    if all(part.state in STATES for part in finding.parts):
        assert finding.would_decide == ""


@pytest.mark.parametrize("claim", SCENARIOS)
def test_models_that_still_learn_decide_nothing(claim: str) -> None:
    """Rows F1, F3: twice the length changes every accuracy, and no level that is asked is reached.

    No part fails, and none holds that says that something is not learned.
    """
    finding = found(claim, still_learning(0.3), later=still_learning(0.45))
    assert finding.state == "undecided", finding.sentence
    assert {part.state for part in finding.parts} <= {"undecided", "size"}, finding.parts
    assert "undecided: still learning" in [part.verdict for part in finding.parts]
    assert "still learning" in finding.summary
    assert re.search(r"--seeds 3 --gate`: [\d,]{5,} examples, about", finding.would_decide)


@pytest.mark.parametrize("claim", sorted({*SCENARIOS} - {"C13"}))  # which is about all models
def test_one_seed_decides_nothing_but_what_is_reached(claim: str) -> None:
    """Row F5: a side with one training seed neither fails nor differs."""
    fails = SCENARIOS[claim][1]
    tables = {name: TABLES[name] for name in CLAIMS[claim].studies if name in TABLES}
    records = fake_records(tables, tuple(tables), "laptop", fails)
    for table in tables.values():
        for run in table.planned("laptop"):
            for seed in (1, 2):
                records.found.pop(run.repeated(seed=seed).identity, None)
    finding = CLAIMS[claim].decide(Evidence(TABLES, "laptop", records))
    assert finding.state in ("undecided", "size"), finding.sentence


@pytest.mark.parametrize("claim", EASY)
def test_a_failure_that_shows_at_no_size_is_no_refutation(claim: str) -> None:
    finding = found(claim, EASY[claim])
    assert "size" in {part.state for part in finding.parts}
    assert finding.state == "size", finding.sentence
    assert "--scale gpu`" in finding.would_decide


@pytest.mark.parametrize("claim", SCENARIOS)
def test_without_runs_a_claim_is_undecided_and_names_them(claim: str) -> None:
    finding = found(claim, None)
    assert finding.state == "undecided" and "not run yet" in finding.sentence
    # Nothing was measured, so there is nothing to print but what is asked for.
    assert "seed a side" not in finding.sentence
    assert "this scale has no such run" not in finding.sentence
    named = re.findall(
        r"\d+ runs? of `eigenformer paper run ([\w -]+?) --scale laptop`", finding.would_decide
    )
    assert len(named) == 1 and set(named[0].split()) <= set(CLAIMS[claim].studies)
    assert re.search(r": [\d,]{5,} examples, about \d", finding.would_decide)


@pytest.mark.parametrize("scale", SCALES)
def test_every_claim_has_a_verdict_at_every_scale(scale: Scale) -> None:
    computed = [claim for id, claim in CLAIMS.items() if id not in SAID]
    verdicts = decide_all(computed, TABLES, scale, FakeRecords({}))
    assert [verdict.claim.id for verdict in verdicts] == [claim.id for claim in computed]
    for verdict in verdicts:
        assert verdict.sentence and verdict.scale == scale
        open_parts = [p for p in verdict.finding.parts if p.state in ("undecided", "size")]
        assert (verdict.would_decide != "") == bool(open_parts), verdict.claim.id


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
    assert "matvec 2x2" in sentence and "recipe fast-paper-tokens" in sentence


def test_some_runs_missing_are_named() -> None:
    tables = ("table02", "random-embeddings")
    made = fake_records(TABLES, tables, "laptop", lambda a: Fake(accuracy=0.999))
    absent = [e for e in TABLES["table02"].planned("laptop") if "fp15" in e.name]
    for experiment in absent:
        for seed in range(3):
            made.found.pop(experiment.repeated(seed=seed).identity, None)
    finding = CLAIMS["C02"].decide(Evidence(TABLES, "laptop", made))
    (missing,) = [part for part in finding.parts if part.state == "undecided"]
    assert finding.state == "undecided" and missing.verdict == "undecided: not run yet"
    assert missing.text.startswith("FP15 3x3")
    assert finding.would_decide.startswith(
        "1 run of `eigenformer paper run table02 --scale laptop`"
    )
    # The others took a hundredth of a second an example.
    (alone,) = [e for e in absent if "3x3" in e.name]
    assert f"{alone.config.examples:,} examples, about" in finding.would_decide


def test_hours_are_those_of_timed_runs_of_the_same_kind() -> None:
    runs = TABLES["table02"].planned("laptop")
    timed = {runs[0].identity: record(runs[0], Fake())}
    evidence = Evidence({"table02": TABLES["table02"]}, "laptop", FakeRecords(timed))
    minutes = runs[0].config.examples / 100 / 60
    assert judging.would_cost(evidence, [runs[0], runs[0]]).endswith(f"about {minutes:.0f} min")
    hours = judging.would_cost(evidence, [runs[0]] * 3, scale="gpu")
    assert hours.startswith(f"{runs[0].config.examples:,}") and "at most 0.17 H200 hours" in hours


def test_a_shipped_model_shows_that_a_problem_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"inverse": [("inverse-2x2 (recipe fast)", 9300, 10_000)]}
    monkeypatch.setattr(basics, "shipped_accuracies", lambda: short)
    finding = found("C01", SCENARIOS["C01"][1])
    assert finding.state == "holds" and "inverse-2x2 (recipe fast) 93.0 (92.5" in finding.sentence
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
    run = TABLES["figure1"].planned("laptop")[0]
    made = record(run, Fake(accuracy=0.8, reached=0.5))
    found_at = learning.examples_to(made, 0.4, "l1")
    step = run.config.examples / 40
    assert found_at == pytest.approx(19.5 * step, abs=1)
    assert learning.examples_to(made, 0.9, "l1") is None
