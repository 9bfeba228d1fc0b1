"""From records to ratios: counts, bounds and their means; who counts, what is printed and drawn."""

import io
import json
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
import rekey_efficiency
from efficiency_examples import TINY, TINY_SET, kept, record, three_seeds
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from eigenformer.core import InputError, content_hash, to_json
from eigenformer.evaluation import TrainedSolver, evaluate
from eigenformer.papers.efficiency import (
    ABLATIONS,
    CONTESTANTS,
    LEVERS,
    LIMIT,
    PAPER,
    SETS,
    Amount,
    Case,
    Comparison,
    Contestant,
    PaperCount,
    ablation_of,
    compare,
    experiment,
    geometric_mean,
    needed,
    print_ablation,
    print_comparisons,
    reached_at,
)
from eigenformer.papers.efficiency.amounts import median, smallest
from eigenformer.papers.efficiency.plots import plot_ablations, plot_efficiency
from eigenformer.runs import Point, Record, Records, accuracy
from eigenformer.runs.recipes import paper

TRUE = st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=7)
"""What runs would need if they ran forever."""


def seen(true: list[float], limits: list[float]) -> list[Amount]:
    """What is known of `true` from runs of limited length."""
    return [
        Amount(limit, at_least=True) if value > limit else Amount(value)
        for value, limit in zip(true, limits, strict=True)
    ]


def test_the_count_is_taken_where_the_target_is_first_reached() -> None:
    assert needed(TINY, record([0.1, 0.49, 0.5, 0.8])) == Amount(300)
    # In between it may be lost again.
    assert needed(TINY, record([0.1, 0.5, 0.4, 0.8])) == Amount(200)


@pytest.mark.parametrize("curve", [[0.1, 0.2], [0.1, 0.9, 0.49]])
def test_a_target_not_reached_or_not_held_is_a_bound(curve: list[float]) -> None:
    run = record(curve)
    assert needed(TINY, run) == Amount(100 * len(curve), at_least=True)
    assert reached_at(TINY, run) == (200 if max(curve) > 0.5 else None)


@pytest.mark.parametrize(("state", "running"), [("running", True), ("diverged", False)])
def test_only_a_finished_run_counts(state: str, running: bool) -> None:
    run = record([0.1, 0.9], state=state)
    assert needed(TINY, run) == Amount(200, at_least=True, running=running)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_count_splits_the_curve(curve: list[float]) -> None:
    found = needed(TINY, record(curve))
    before = int(found.value) // 100 - 1
    if found.at_least:
        assert before == len(curve) - 1
        assert curve[-1] < 0.5
    else:
        assert max(curve[:before], default=0.0) < 0.5 <= min(curve[before], curve[-1])


@given(TRUE, st.integers(1, 1000).map(float))
def test_a_median_of_runs_of_one_length(true: list[float], limit: float) -> None:
    found = median(seen(true, [limit] * len(true)))
    whole = statistics.median_high(true)
    assert found.value == limit < whole if found.at_least else found.value == whole


@given(st.lists(st.tuples(*[st.integers(1, 1000).map(float)] * 2), min_size=1, max_size=7))
def test_the_smallest_of_runs_of_any_length(runs: list[tuple[float, float]]) -> None:
    true, limits = [value for value, _ in runs], [limit for _, limit in runs]
    found = smallest(seen(true, limits))
    assert found.value < min(true) if found.at_least else found.value == min(true)


@given(TRUE, st.integers(1, 1000).map(float))
def test_a_geometric_mean_of_bounds_is_a_bound(true: list[float], limit: float) -> None:
    found = geometric_mean(seen(true, [limit] * len(true)))
    whole = statistics.geometric_mean(true)
    assert found.at_least == any(value > limit for value in true)
    if found.at_least:
        assert found.value < whole
    else:
        assert found.value == pytest.approx(whole)


def test_a_mean_with_a_running_member_may_still_grow() -> None:
    amounts = [Amount(2), Amount(8, at_least=True, running=True)]
    found = geometric_mean(amounts)
    assert found.value == pytest.approx(4)
    assert found.at_least
    assert found.running


def test_ratios() -> None:
    assert Amount(30).over(Amount(4)) == Amount(7.5)
    bound = Amount(30, at_least=True, running=True)
    assert bound.over(Amount(4)) == Amount(7.5, at_least=True, running=True)
    assert Amount(30).over(Amount(4, at_least=True)) is None


FAST = three_seeds(1200, 1000, 1500)


@pytest.fixture(autouse=True)
def tiny_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETS, "laptop", TINY_SET)


def identity(case: Case, contestant: Contestant, seed: int = 0) -> str:
    return experiment(case, contestant, seed).identity


def baseline(name: str, examples: int, reached: bool = False, **changes: object) -> Record:
    return record([1.0 if reached else 0.1], step=examples, contestant=name, **changes)


def compared(*records: Record) -> Comparison:
    (found,) = compare(kept(*records), "laptop")
    return found


def shown(*records: Record) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80)
    print_comparisons(compare(kept(*records), "laptop"), TINY_SET, console)
    assert max(len(line.rstrip()) for line in out.getvalue().splitlines()) <= 80
    return out.getvalue()


def test_the_ratio_is_against_the_better_baseline() -> None:
    found = compared(*FAST, baseline("paper", 30_000), baseline("paper-constant", 18_000, True))
    assert found.needed("fast") == Amount(1200)
    assert found.baseline() == Amount(18_000)
    assert found.ratio("fast") == Amount(15)
    assert found.ratio("fast-same-tokens") is None


def test_a_bound_below_the_other_baselines_count_is_what_is_known() -> None:
    found = compared(*FAST, baseline("paper", 12_000), baseline("paper-constant", 18_000, True))
    assert found.ratio("fast") == Amount(10, at_least=True)


def test_flops_are_those_of_each_runs_own_model() -> None:
    found = compared(
        *FAST, baseline("paper", 12_000, True), baseline("paper-constant", 18_000, True)
    )
    ours, theirs = found.entries["fast"].flops(0), found.entries["paper"].flops(0)
    ratio = found.ratio("fast", "flops")
    assert ratio is not None
    assert ratio.value == pytest.approx(10 * theirs / ours)


@pytest.mark.parametrize(
    ("examples", "running", "text"), [(12_000, True, ">= 10.0x*"), (30_000, False, ">= 25.0x")]
)
def test_a_running_baseline_has_lost_after_the_limit(
    examples: int, running: bool, text: str
) -> None:
    found = [
        *FAST,
        baseline("paper", 40_000),
        baseline("paper-constant", examples, state="running"),
    ]
    assert compared(*found).ratio("fast") == Amount(examples / 1200, at_least=True, running=running)
    row = next(line for line in shown(*found).splitlines() if f"{text} " in line + " ")
    assert ("x*" in row) == running
    assert "stopped" in shown(*found)


def test_without_every_seed_there_is_no_count() -> None:
    both = baseline("paper", 12_000, True), baseline("paper-constant", 12_000, True)
    found = compared(*FAST[:2], *both)
    assert found.needed("fast") is None
    assert found.ratio("fast") is None
    assert shown(*FAST[:2], *both).count("not run") == 3


def test_without_both_baselines_there_is_no_ratio() -> None:
    assert compared(*FAST, baseline("paper", 12_000, True)).baseline() is None


def test_a_recipe_that_does_not_hold_in_most_seeds_has_no_ratio() -> None:
    lost = [replace(run, curve=(*run.curve, *record([0.1] * 9).curve)) for run in FAST[:2]]
    found = compared(
        *lost, FAST[2], baseline("paper", 9000, True), baseline("paper-constant", 9000)
    )
    needed = found.needed("fast")
    assert needed is not None
    assert needed.at_least
    assert found.ratio("fast") is None
    assert "not held" in shown(*lost)


@pytest.mark.parametrize(
    "changes", [{"fast": 3_199}, {"width": 64}], ids=lambda changes: next(iter(changes))
)
def test_a_changed_case_has_other_runs(changes: dict[str, object]) -> None:
    other = replace(TINY, **changes)  # type: ignore[arg-type]
    fast = CONTESTANTS["fast"]
    assert identity(other, fast) != identity(TINY, fast) != identity(TINY, fast, 1)


def test_a_shorter_fast_leaves_the_baselines_valid() -> None:
    other = replace(TINY, fast=TINY.fast // 2)
    for name in ("paper", "paper-constant"):
        assert identity(TINY, CONTESTANTS[name]) == identity(other, CONTESTANTS[name])


def test_a_baseline_is_at_least_as_long_as_its_limit() -> None:
    with pytest.raises(InputError, match=f"at least {LIMIT} times those of fast, 80,000"):
        replace(TINY, baselines=79_999)


def test_the_papers_own_counts_stand_in_for_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = (PaperCount(examples=6000, source="Table 0"), PaperCount(examples=None, source="none"))
    cases = [replace(TINY, paper=count) for count in counts]
    found = [
        Comparison(
            case=case,
            entries=compared(*FAST).entries,
        )
        for case in (*cases, cases[0])
    ]
    assert [c.ratio("fast") for c in found] == [Amount(5), None, Amount(5)]
    out = io.StringIO()
    print_comparisons(found, TINY_SET, Console(file=out, width=80))
    mean = next(line for line in out.getvalue().splitlines() if "geometric mean" in line)
    assert mean.split()[2] == "5.0x"
    assert "6,000: Table 0" in out.getvalue()


def test_levers_each_change_something_and_keep_the_number_of_examples() -> None:
    case = TINY
    identities = {name: identity(case, one) for name, one in ABLATIONS.items()}
    assert len(set(identities.values())) == len(ABLATIONS)
    for one in ABLATIONS.values():
        config = one.config(case, 0)
        assert config.examples == case.fast
        assert config.evaluation.target is None
        config.model.build(config.task.encoder, config.task.decoder, seed=0)
    assert all(lever.without or lever.alone for lever in LEVERS)


def test_the_baselines_are_the_papers_recipe() -> None:
    case = SETS["gpu"].case("eigenvalues-5x5")
    exact = CONTESTANTS["paper"].config(case, 0)
    known = paper("eigenvalues", "5x5", layers=(4, 1), examples=25 * case.fast)
    assert replace(exact, evaluation=known.evaluation) == known
    before = CONTESTANTS["paper-from-start"].config(case, 0)
    assert replace(before, schedule=exact.schedule) == exact
    constant = CONTESTANTS["paper-constant"].config(case, 0)
    assert replace(constant, schedule=exact.schedule) == exact
    assert constant.schedule.warmup_steps == 500
    assert constant.schedule.shape == "constant"


def test_same_tokens_changes_neither_tokens_nor_sizes() -> None:
    case = SETS["gpu"].cases[0]
    ours = to_json(CONTESTANTS["fast-same-tokens"].config(case, 0))
    theirs = to_json(CONTESTANTS["paper"].config(case, 0))
    fast = to_json(CONTESTANTS["fast"].config(case, 0))
    assert ours["task"] == theirs["task"]
    assert ours["model"].pop("embedding") == "number"
    assert ours["model"].pop("norm") == "pre"
    for changed in ("embedding", "norm"):
        theirs["model"].pop(changed)
    assert ours["model"] == theirs["model"]
    for part in ("optimizer", "schedule", "loss", "batch_size", "seed"):
        assert ours[part] == fast[part]


def test_ablations_are_means_over_finished_runs() -> None:
    run = record([0.4], contestant=ABLATIONS["fast-without-muon"])
    unfinished = record([0.9], contestant=ABLATIONS["paper-with-muon"], state="running")
    out = io.StringIO()
    print_ablation(
        ablation_of(kept(*FAST, run, unfinished), only=TINY.name), Console(file=out, width=80)
    )
    rows = {line.split()[0]: line for line in out.getvalue().splitlines() if line.strip()}
    assert "40.0 / 20.0 / 10.0" in rows["muon"]
    assert "running" in rows["muon"]
    assert "100.0 / 50.0 / 25.0 (mean of 3)" in rows["(none)"]
    assert rows["pre-norm"].split()[1] == "-"
    assert max(map(len, out.getvalue().splitlines())) <= 80


def test_figures(tmp_path: Path) -> None:
    found = kept(
        *FAST, baseline("paper", 12_000), record([0.4], contestant=ABLATIONS["fast-without-muon"])
    )
    plot_efficiency(compare(found, "laptop"), tmp_path / "curves.png")
    plot_ablations(ablation_of(found, only=TINY.name), tmp_path / "bars.png")
    for name in ("curves.png", "bars.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_tables_have_the_runs_of_all_cases_and_levers() -> None:
    runs = PAPER.studies["efficiency-examples"].planned("laptop")
    ours = ("fast-0", "fast-1", "fast-2", "fast-same-tokens-0")
    assert [run.name for run in runs] == [
        f"{TINY.name}-{one}" for one in (*ours, "paper-0", "paper-from-start-0", "paper-constant-0")
    ]
    first = runs[0].cells[0].read(FAST[0])
    assert first is not None
    assert (first.value, first.unit, first.at_least) == (1200, "examples", False)


def test_old_results_become_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = CONTESTANTS["fast"]
    config = fast.config(TINY, 0)
    old = {
        "case": TINY.name,
        "contestant": "fast",
        "seed": 0,
        "identity": content_hash({"config": to_json(config), "target": TINY.target}),
        "state": "running",
        "version": "1",
        "machine": "a test",
        "seconds": 2.5,
        "flops_per_example": 1.0,
        "curve": [
            {"examples": 128, "accuracy": {"0.05": 0.1}},
            {"examples": 256, "accuracy": {"0.05": 0.3}},
        ],
    }
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "one.json").write_text(json.dumps(old))
    monkeypatch.setitem(rekey_efficiency.CASES, TINY.name, TINY)
    rekey_efficiency.main(tmp_path / "old", tmp_path / "new")
    run = experiment(TINY, fast, 0)
    found = Records(tmp_path / "new").get(run)
    assert found is not None
    assert (found.run, found.examples, found.seconds) == (config.id, 256, 2.5)
    assert found.curve[0] == Point(examples=128, accuracy={"l1": {"0.05": 0.1}}, valid=None)
    measured = accuracy(0.05)(replace(found, state="finished"))
    assert measured is not None
    assert (measured.value, measured.n, measured.ceiling) == (0.3, 100, None)
    uneven = {"curve": [{"examples": 1, "accuracy": {"0.05": 0.333}}]}
    for changes, said in (({"identity": "0"}, "another recipe"), (uneven, "other than 100")):
        with pytest.raises(InputError, match=said):
            rekey_efficiency.record_of({**old, **changes})


@pytest.mark.parametrize("case", SETS["laptop"].cases + SETS["gpu"].cases, ids=lambda c: c.name)
def test_every_case_can_be_trained(case: Case) -> None:
    for name in CONTESTANTS:
        config = CONTESTANTS[name].config(case, 0)
        assert config.task.examples(0, "train", 0, 1).rejected >= 0
        assert config.evaluation.tests[0].size == 10_000


@pytest.mark.parametrize("problem", ["inverse", "eigenvalues"])
def test_the_target_is_a_share_of_the_ceiling_that_evaluate_reports(problem: str) -> None:
    case = replace(TINY, problem=problem, dims="2x2", of_ceiling=True, tolerance=0.01)
    config = CONTESTANTS["fast"].config(case, 0)
    model = config.model.build(config.task.encoder, config.task.decoder, seed=0)
    solver = TrainedSolver(model, config.task)
    result = evaluate(solver, config.task.problem, config.task.ensemble, case.tests.size)
    ceiling = result.ceiling["l1"][case.tolerance].value
    assert case.target == case.accuracy * ceiling
    assert problem == "eigenvalues" or ceiling < 1
