"""From records to ratios: who counts, who is outdated, what is printed and drawn."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from efficiency_examples import TINY, TINY_SET, by_key, record, three_seeds
from rich.console import Console

from eigenformer.core import InputError, load_json, save_json, to_json
from eigenformer.papers.efficiency import (
    ABLATIONS,
    CONTESTANTS,
    LEVERS,
    LIMIT,
    RESULTS,
    SETS,
    Amount,
    Case,
    Comparison,
    PaperCount,
    Record,
    ablation_of,
    choices,
    compare,
    load_records,
    print_ablation,
    print_comparisons,
)
from eigenformer.papers.efficiency.plots import plot_ablations, plot_efficiency
from eigenformer.papers.efficiency.records import identity_of
from eigenformer.runs.recipes import paper

FAST = three_seeds(1200, 1000, 1500)


@pytest.fixture(autouse=True)
def tiny_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETS, "laptop", TINY_SET)


def baseline(name: str, examples: int, reached: bool = False, **changes: object) -> Record:
    return record([1.0 if reached else 0.1], step=examples, contestant=name, **changes)


def compared(*records: Record) -> Comparison:
    (found,) = compare(by_key(*records), "laptop")
    return found


def shown(*records: Record) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80)
    print_comparisons(compare(by_key(*records), "laptop"), TINY_SET, console)
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


def test_flops_are_counted_with_each_runs_own_cost() -> None:
    found = compared(
        *FAST,
        baseline("paper", 12_000, True, flops_per_example=1e6),
        baseline("paper-constant", 12_000, True, flops_per_example=8e6),
    )
    assert found.ratio("fast", "flops") == Amount(5)


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
    assert "still running" in shown(*found)


def test_without_every_seed_there_is_no_count() -> None:
    both = baseline("paper", 12_000, True), baseline("paper-constant", 12_000, True)
    found = compared(*FAST[:2], *both)
    assert found.needed("fast") is None
    assert found.ratio("fast") is None
    assert shown(*FAST[:2], *both).count("not run") == 2


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


def test_an_outdated_record_counts_for_nothing() -> None:
    old = replace(FAST[1], identity="0123456789ab")
    found = compared(FAST[0], old, FAST[2])
    assert found.entries["fast"].outdated == (1,)
    assert found.entries["fast"].records == (FAST[0], FAST[2])
    assert found.needed("fast") is None
    assert "outdated" in shown(FAST[0], old, FAST[2])


@pytest.mark.parametrize(
    "changes",
    [{"fast": 3_199}, {"accuracy": 0.6}, {"width": 64}, {"of_ceiling": True}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_changed_case_makes_its_records_outdated(changes: dict[str, object]) -> None:
    # 95% of 2x2 inverses within 5% is more than three digits allow.
    case = replace(TINY, problem="inverse", dims="2x2")
    other = replace(case, **changes)  # type: ignore[arg-type]
    fast = CONTESTANTS["fast"]
    assert identity_of(case, fast, 0) != identity_of(other, fast, 0)
    assert identity_of(case, fast, 0) != identity_of(case, fast, 1)


def test_a_shorter_fast_leaves_the_baselines_valid() -> None:
    other = replace(TINY, fast=TINY.fast // 2)
    for name in ("paper", "paper-constant"):
        assert identity_of(TINY, CONTESTANTS[name], 0) == identity_of(other, CONTESTANTS[name], 0)


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
    identities = {name: identity_of(case, one, 0) for name, one in ABLATIONS.items()}
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
    name = "fast-without-muon"
    runs = [
        record([value], contestant=ABLATIONS[name], seed=i) for i, value in enumerate((0.4, 0.2))
    ]
    unfinished = record([0.9], contestant=ABLATIONS["paper-with-muon"], state="running")
    out = io.StringIO()
    print_ablation(
        ablation_of(by_key(*FAST, *runs, unfinished), only=TINY.name), Console(file=out, width=80)
    )
    rows = {line.split()[0]: line for line in out.getvalue().splitlines() if line.strip()}
    assert "30.0 / 15.0 / 7.5 (mean of 2)" in rows["muon"]
    assert "running" in rows["muon"]
    assert "100.0 / 50.0 / 25.0 (mean of 3)" in rows["(none)"]
    assert rows["pre-norm"].split()[1] == "-"
    assert max(map(len, out.getvalue().splitlines())) <= 80


def test_figures(tmp_path: Path) -> None:
    found = by_key(
        *FAST, baseline("paper", 12_000), record([0.4], contestant=ABLATIONS["fast-without-muon"])
    )
    plot_efficiency(compare(found, "laptop"), tmp_path / "curves.png")
    plot_ablations(ablation_of(found, only=TINY.name), tmp_path / "bars.png")
    for name in ("curves.png", "bars.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_the_runs_of_a_choice() -> None:
    chosen = choices(TINY_SET)
    assert [(one.contestant.name, one.seed) for one in chosen] == [
        ("fast", 0),
        ("fast", 1),
        ("fast", 2),
        ("fast-same-tokens", 0),
        ("paper", 0),
        ("paper-constant", 0),
    ]
    (one,) = choices(TINY_SET, TINY.name, "paper", 7)
    assert (one.contestant.name, one.seed) == ("paper", 7)
    assert len(choices(TINY_SET, TINY.name, ablations=True)) == len(ABLATIONS)
    with pytest.raises(InputError, match="unknown contestant 'papre': did you mean 'paper'"):
        choices(TINY_SET, contestant="papre")
    with pytest.raises(InputError, match="unknown case 'x': this set has transpose-1x1"):
        choices(TINY_SET, "x")


def test_a_record_is_read_back_as_it_was(tmp_path: Path) -> None:
    FAST[0].save(tmp_path / "new")
    assert load_records(tmp_path / "new") == by_key(FAST[0])
    saved = load_json(tmp_path / "new" / "transpose-1x1-fast-0.json")
    assert saved["reached_at"] == 1200
    assert saved["final"]["0.05"] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [("[]", "not a record"), ('{"case": "x"}', "has no"), ("{", "not valid JSON")],
)
def test_a_damaged_record_is_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=reason):
        load_records(tmp_path)


def test_a_record_without_evaluations_is_refused(tmp_path: Path) -> None:
    replace(FAST[0], curve=FAST[0].curve[:1]).save(tmp_path)
    file = tmp_path / FAST[0].file_name
    data = load_json(file)
    data["curve"] = []
    save_json(file, data)
    with pytest.raises(InputError, match="empty curve"):
        load_records(tmp_path)


def test_the_records_of_the_package_are_well_named() -> None:
    names = sorted(record.file_name for record in load_records().values())
    assert names == sorted(path.name for path in RESULTS.glob("*.json"))


@pytest.mark.parametrize("case", SETS["laptop"].cases + SETS["gpu"].cases, ids=lambda c: c.name)
def test_every_case_can_be_trained(case: Case) -> None:
    for name in CONTESTANTS:
        config = CONTESTANTS[name].config(case, 0)
        assert config.task.examples(0, "train", 0, 1).rejected >= 0
        assert config.evaluation.tests[0].size == 10_000
