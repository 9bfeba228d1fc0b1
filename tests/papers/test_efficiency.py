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
    needed,
    print_ablation,
    print_comparisons,
    reached_at,
)
from eigenformer.papers.efficiency.amounts import median
from eigenformer.papers.efficiency.plots import plot_ablations, plot_efficiency
from eigenformer.papers.efficiency.search import TRIALS, last_loss
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


@pytest.mark.parametrize("state", ["running", "diverged"])
def test_only_a_finished_run_counts(state: str) -> None:
    assert needed(TINY, record([0.1, 0.9], state=state)) == Amount(200, at_least=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0.05, 1), st.floats(0.05, 1))
def test_a_higher_level_takes_no_fewer_examples(curve: list[float], a: float, b: float) -> None:
    low, high = sorted((a, b))
    first, second = (needed(TINY, record(curve), level) for level in (low, high))
    assert second.at_least or (not first.at_least and first.value <= second.value)


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


def test_ratios() -> None:
    assert Amount(30).over(Amount(4)) == Amount(7.5)
    assert Amount(30, at_least=True).over(Amount(4)) == Amount(7.5, at_least=True)
    assert Amount(30).over(Amount(4, at_least=True)) is None


FAST = three_seeds(1200, 1000, 1500)


@pytest.fixture(autouse=True)
def tiny_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETS, "tuned", TINY_SET)
    monkeypatch.delitem(SETS, "held-out")


def identity(case: Case, contestant: Contestant, seed: int = 0) -> str:
    return experiment(case, contestant, seed).identity


def tuned(*reached: int, **changes: object) -> list[Record]:
    """Runs of `paper-tuned`, as `three_seeds`; 0 for one that never gets there in 40,000."""
    return [
        record(
            [1.0] if at else [0.1],
            step=at or 40_000,
            contestant="paper-tuned",
            seed=seed,
            **changes,
        )
        for seed, at in enumerate(reached)
    ]


def compared(*records: Record) -> Comparison:
    (found,) = compare(kept(*records), "tuned")
    return found


def shown(*records: Record) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80)
    print_comparisons(compare(kept(*records), "tuned"), TINY_SET, console)
    assert max(len(line.rstrip()) for line in out.getvalue().splitlines()) <= 80
    return out.getvalue()


def test_the_ratio_is_against_the_tuned_baseline() -> None:
    untuned = record([0.1], step=90_000, contestant="paper-constant")
    found = compared(*FAST, untuned, *tuned(18_000, 9_000, 30_000))
    assert found.needed("fast") == Amount(1200)
    assert found.baseline() == Amount(18_000)
    assert found.ratio("fast") == Amount(15)
    assert found.ratio("fast-same-tokens") is None
    assert compared(*FAST, untuned).baseline() is None
    assert compared(*FAST, *tuned(0, 9_000, 0)).ratio("fast") == Amount(
        40_000 / 1200, at_least=True
    )


def test_each_level_has_a_ratio() -> None:
    half = [record([0.6], step=6000, contestant="paper-tuned", seed=seed) for seed in range(3)]
    case = replace(TINY, accuracy=0.95)
    entries = {name: replace(e, case=case) for name, e in compared(*FAST, *half).entries.items()}
    found = Comparison(case=case, entries=entries)
    assert found.ratio("fast", level=0.5) == Amount(5)
    assert found.ratio("fast", level=0.8) == Amount(5, at_least=True)
    out = io.StringIO()
    print_comparisons([found], TINY_SET, Console(file=out, width=80))
    lines = [line.split() for line in out.getvalue().splitlines()]
    rows = [line for line in lines if line[:1] == [TINY.name] != line]
    assert (rows[1][1], rows[1][2], rows[1][5]) == ("50%", "6k", "5.0x")
    assert rows[2][:4] == [TINY.name, "80%", ">", "6k"]


def test_flops_are_those_of_each_runs_own_model() -> None:
    found = compared(*FAST, *tuned(12_000, 12_000, 12_000))
    ours, theirs = found.entries["fast"].flops(0), found.entries["paper-tuned"].flops(0)
    ratio = found.ratio("fast", "flops")
    assert ratio is not None
    assert ratio.value == pytest.approx(10 * theirs / ours)


def test_a_run_that_was_stopped_says_so() -> None:
    assert "stopped" in shown(*FAST, *tuned(0, 0, 0, state="running"))


def test_without_every_seed_there_is_no_count_and_the_cost_of_the_rest_is_said() -> None:
    found = compared(*FAST[:2], *tuned(12_000, 12_000, 12_000))
    assert found.needed("fast") is None
    assert found.ratio("fast") is None
    said = " ".join(shown(*FAST[:2], *tuned(12_000, 12_000, 12_000)).split())
    assert "fast 2 not run" in said
    left = 3_200 + 3 * 3_200 + 3 * 80_000
    assert f"Not run, {TINY.name}: {left:,} examples" in said
    assert f"--only {TINY.name}-fast-2 and 6 more" in said


def test_a_recipe_that_does_not_hold_in_most_seeds_has_no_ratio() -> None:
    lost = [replace(run, curve=(*run.curve, *record([0.1] * 9).curve)) for run in FAST[:2]]
    found = compared(*lost, FAST[2], *tuned(9000, 9000, 9000))
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


def test_the_tuned_baseline_changes_rate_batch_and_schedule_alone() -> None:
    case = SETS["tuned"].cases[0]
    ours, theirs = (CONTESTANTS[name].config(case, 1) for name in ("paper-tuned", "paper"))
    assert ours.examples == CONTESTANTS["fast-same-tokens"].config(case, 1).examples
    shared = ("model", "task", "loss", "seed")
    assert all(getattr(ours, part) == getattr(theirs, part) for part in shared)
    assert replace(ours.optimizer, rate=theirs.optimizer.rate) == theirs.optimizer


@pytest.mark.parametrize("dims", ["2x2", "3x3"])
def test_the_tuned_baseline_is_the_best_of_its_search(dims: str) -> None:
    config = CONTESTANTS["paper-tuned"].config(SETS["tuned"].cases[0], 0)
    share = config.schedule.warmup_steps / config.steps
    chosen = (config.optimizer.rate, config.batch_size, config.schedule.shape, round(share, 2))
    losses = {}
    for trial in TRIALS:
        record = Records(PAPER.records).get(trial.experiment)
        loss = None if record is None or trial.dims != dims else last_loss(record)
        if loss is not None:
            losses[trial.rate, trial.batch, trial.shape, trial.warmup] = loss.value
    assert losses[chosen] <= min(losses.values()) + 0.02  # what settings differ by for no reason


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
    found = kept(*FAST, *tuned(12_000), record([0.4], contestant=ABLATIONS["fast-without-muon"]))
    plot_efficiency(compare(found, "tuned"), tmp_path / "curves.png")
    plot_ablations(ablation_of(found, only=TINY.name), tmp_path / "bars.png")
    for name in ("curves.png", "bars.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_tables_have_the_runs_of_all_cases_and_levers() -> None:
    runs = PAPER.studies["efficiency-examples"].planned("laptop")
    three = [f"{n}-{i}" for n in ("fast", "fast-same-tokens", "paper-tuned") for i in range(3)]
    assert [run.name for run in runs] == [
        f"{TINY.name}-{one}"
        for one in (*three, "paper-0", "paper-from-start-0", "paper-constant-0")
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


@pytest.mark.parametrize(
    "case", [case for cases in SETS.values() for case in cases.cases], ids=lambda case: case.name
)
def test_every_case_can_be_trained(case: Case) -> None:
    for name in CONTESTANTS:
        config = CONTESTANTS[name].config(case, 0)
        assert config.task.examples(0, "train", 0, 1).rejected >= 0
        assert config.evaluation.tests[0].size == case.tests.size >= 2_000


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
