"""What verdicts are made of: sides, comparisons, and what would decide one that is open."""

from dataclasses import replace

import pytest
from claim_evidence import TABLES
from fake_records import FakeRecords

from eigenformer.papers import Evidence, Table, judging, sides
from eigenformer.runs import Measured, Scale


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
    assert judging.alike(left, right, "5%").holds is holds
    assert judging.alike(right, left, "5%").holds is holds
    # What is worse by more than the margin is unequal; what is better is no worse.
    assert judging.no_worse(left, right, "5%").holds is (holds if max(a) <= max(b) else True) or (
        len(a) < 3
    )


@pytest.mark.parametrize(("scale", "said"), [
    ("laptop", "`eigenformer paper run table04 --scale gpu`"),
    ("gpu", "`eigenformer paper run table04 --scale paper`"),
    ("paper", "3 training seeds a side, 4 runs more: "),
])  # fmt: skip
def test_what_is_too_easy_is_decided_at_a_larger_scale(scale: Scale, said: str) -> None:
    evidence = Evidence({"table04": TABLES["table04"]}, scale, FakeRecords({}))
    easy = judging.outdoes(one_sided([0.95]), one_sided([0.93], "b"), "5%")
    assert judging.would_decide(evidence, [easy]).startswith(said)


def test_a_close_difference_asks_for_the_seeds_that_it_takes() -> None:
    evidence = Evidence({"table04": TABLES["table04"]}, "laptop", FakeRecords({}))

    def seeds(a: list[float], b: list[float]) -> int:
        undecided = judging.better(one_sided(a), one_sided(b, "b"), "5%")
        assert undecided.why == "close"
        return int(judging.would_decide(evidence, [undecided]).split()[0])

    assert seeds([0.9], [0.8]) == 3
    # Half the difference with the same spread takes four times the seeds.
    few, many = seeds([0.9, 0.8, 0.7], [0.8, 0.7, 0.6]), seeds([0.9, 0.8, 0.7], [0.85, 0.75, 0.65])
    assert 3 < few < many <= 30
    assert seeds([0.9, 0.8, 0.7], [0.9, 0.8, 0.7]) == 30


def test_where_both_succeed_a_shrunk_problem_is_too_easy() -> None:
    good, bad = one_sided([0.95]), one_sided([0.93], "b")
    assert judging.outdoes(good, bad, "5%").why == "strong"
    assert judging.outdoes(good, bad, "5%", shrunk=False).holds is False


def test_answers_to_the_same_question_must_agree() -> None:
    yes, no, unknown = (judging.part(h, "close", "", ()) for h in (True, False, None))
    assert judging.either([unknown, yes]).holds is True
    assert judging.either([no, unknown]).holds is False
    assert judging.either([yes, no]).holds is None
    assert judging.either([unknown, unknown]).holds is None
