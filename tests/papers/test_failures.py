"""Failures: thresholds against brute force, solvers that fail in a known way, kept files."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from failing_solvers import Wrong, blurred, exact, sheared, task_of
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.core import InputError, load_json, rng
from eigenformer.evaluation import Proportion
from eigenformer.papers.charton2022.failures import (
    FailureRecord,
    analyse,
    failures,
    keep,
    kept_failures,
)
from eigenformer.papers.charton2022.separate import LARGEST, condition_profile, separation

SHIPPED = ("eigenvalues-3x3", "eigenvectors-2x2", "inverse-2x2", "svd-2x2")
# Few distinct values, so that ties are frequent, and any others.
values = st.lists(
    st.one_of(st.integers(1, 6).map(float), st.floats(1, 1e6)), min_size=1, max_size=30
)


def smaller_share(successes: np.ndarray, wrong: np.ndarray, threshold: float) -> float:
    return min(float((successes < threshold).mean()), float((wrong >= threshold).mean()))


@given(successes=values, wrong=values, other=st.floats(0, 1e7))
def test_no_threshold_separates_better(
    successes: list[float], wrong: list[float], other: float
) -> None:
    a, b = np.array(successes), np.array(wrong)
    found = separation(a, b)
    assert found is not None
    candidates = sorted({*successes, *wrong})
    best = max(smaller_share(a, b, t) for t in candidates)
    assert found.smaller == best
    assert found.threshold == next(t for t in candidates if smaller_share(a, b, t) == best)
    assert smaller_share(a, b, other) <= best
    assert found.successes_below == Proportion(count=int((a < found.threshold).sum()), n=len(a))
    assert found.failures_above == Proportion(count=int((b >= found.threshold).sum()), n=len(b))


@given(successes=values, wrong=values)
def test_98_percent_lie_on_their_side(successes: list[float], wrong: list[float]) -> None:
    a, b = np.array(successes), np.array(wrong)
    found = separation(a, b)
    assert found is not None
    assert found.successes_98 == min(x for x in successes if (a <= x).mean() >= 0.98)
    assert found.failures_98 == max(x for x in wrong if (b >= x).mean() >= 0.98)


def test_there_is_no_threshold_without_two_sides() -> None:
    some, none = np.array([1.0, 2.0]), np.array([])
    assert separation(some, none) is None
    assert separation(none, some) is None
    with pytest.raises(InputError, match="not finite"):
        separation(some, np.array([np.inf]))


@given(
    answers=st.lists(st.tuples(st.floats(1, 1e9), st.booleans()), min_size=1, max_size=60),
    groups=st.integers(1, 12),
)
def test_a_profile_splits_all_matrices_evenly(
    answers: list[tuple[float, bool]], groups: int
) -> None:
    condition, right = (np.array(side) for side in zip(*answers, strict=True))
    found = condition_profile(condition, right, groups)
    sizes = [group.right.n for group in found]
    assert len(found) == min(groups, len(answers))
    assert sum(sizes) == len(answers) and max(sizes) - min(sizes) <= 1
    assert sum(group.right.count for group in found) == right.sum()
    assert all(group.low <= group.high for group in found)
    assert all(a.high <= b.low for a, b in itertools.pairwise(found))
    assert found[0].low == condition.min() and found[-1].high == condition.max()


def test_a_profile_of_failures_beyond_a_condition_number() -> None:
    condition = rng(0, "conditions").permutation(np.geomspace(1, 1024, 100))
    found = condition_profile(condition, condition < 32.5)
    assert [group.right.value for group in found] == [1.0] * 5 + [0.0] * 5
    with pytest.raises(InputError, match="groups is 0"):
        condition_profile(condition, condition < 2, 0)


def test_an_inverse_with_small_errors_fails_where_the_condition_number_is_large() -> None:
    task = task_of("inverse")
    found = failures(Wrong(task, blurred(0.005)), task, 3000, seed=1)
    # Drawn again, and scored by the formulas of the paper.
    drawn = task.problem.draw(rng(1, "failures"), 3000, task.ensemble).values
    truth = np.linalg.inv(drawn)
    predicted = blurred(0.005)(drawn, truth, rng(7, "wrong"))
    residual = np.abs(predicted @ drawn - np.eye(3)).sum(axis=(1, 2)) / 3
    distance = np.abs(predicted - truth).sum(axis=(1, 2)) / np.abs(truth).sum(axis=(1, 2))
    condition = np.linalg.cond(drawn)
    right = residual < 0.05
    assert 0.1 < right.mean() < 0.9
    assert found.score == "l1"
    assert found.right == Proportion(count=int(right.sum()), n=3000)
    assert found.measures["distance"].everywhere["0.05"].count == (distance < 0.05).sum()
    assert found.measures["distance"].failures["0.01"] == Proportion(
        count=int((distance[~right] < 0.01).sum()), n=int((~right).sum())
    )
    predictor = found.predictors["condition"]
    assert predictor.separation is not None
    assert predictor.separation.smaller == pytest.approx(
        max(smaller_share(condition[right], condition[~right], t) for t in condition)
    )
    assert predictor.separation.smaller > 0.9
    assert sum(predictor.successes) == right.sum()
    assert sum(predictor.failures) == (~right).sum()
    # 10 falls on an edge of the bins.
    below = np.searchsorted(predictor.edges, 10.0 - 1e-9)
    assert sum(predictor.successes[:below]) == (condition[right] < 10).sum()
    assert found.profile[0].right.value == 1.0
    assert found.profile[-1].right.value < 0.1


def test_a_basis_that_is_not_orthogonal_keeps_its_eigenvalues_and_norms() -> None:
    task = task_of("eigenvectors")
    found = failures(Wrong(task, sheared), task, 2000)
    assert found.score == "paper"
    assert 0.1 < found.right.value < 0.9
    wrong = {name: measure.failures for name, measure in found.measures.items()}
    assert wrong["eigenvalues"]["0.005"].value == 1.0
    assert wrong["column_norms"]["0.005"].value == 1.0
    assert wrong["column_dots"]["0.005"].value < 0.5
    basis = found.predictors["basis_condition"].separation
    given = found.predictors["condition"].separation
    assert basis is not None and given is not None
    assert basis.smaller > 0.8 > given.smaller


def test_an_ill_formed_answer_is_wrong_in_everything_but_has_an_input() -> None:
    task = task_of("eigenvectors")
    found = failures(Wrong(task, exact, malformed=range(30)), task, 100)
    assert found.well_formed == found.right == Proportion(count=70, n=100)
    for measure in found.measures.values():
        assert measure.everywhere["0.05"].count == 70
        assert measure.failures["0.25"] == Proportion(count=0, n=30)
    basis = found.predictors["basis_condition"]
    assert basis.separation is not None
    assert basis.separation.threshold == LARGEST and basis.separation.smaller == 1.0
    assert basis.failures[-1] == 30 and basis.successes[0] == 70
    given = found.predictors["condition"].separation
    assert given is not None and given.threshold < LARGEST


def test_a_solver_that_is_always_right_has_nothing_to_separate(tmp_path: Path) -> None:
    task = task_of("svd", "3x2")
    found = failures(Wrong(task, exact, name="lapack"), task, 50)
    assert found.right.value == 1.0
    assert all(predictor.separation is None for predictor in found.predictors.values())
    assert found.dims == "3x2" and found.answers == "token by token"


def test_a_problem_without_condition_numbers_has_no_predictors() -> None:
    task = task_of("transpose", "2x3")
    found = failures(Wrong(task, blurred(0.1)), task, 50)
    assert found.predictors == {} and found.profile == () and found.measures == {}
    assert found.right.value < 1.0


def test_a_record_is_a_function_of_the_seed_and_comes_back_from_its_file(tmp_path: Path) -> None:
    task = task_of("inverse", "2x2")
    solver = Wrong(task, blurred(0.02), malformed=[3], name="blurred")
    found = failures(solver, task, 200, seed=5)
    assert failures(solver, task, 200, seed=5) == found
    assert failures(solver, task, 200, seed=6).profile != found.profile
    path = keep(found, tmp_path / "new")
    assert path.name == "failures-blurred.json"
    assert kept_failures(tmp_path / "new") == {"blurred": found}
    assert FailureRecord.from_dict(load_json(path)) == found


def test_other_scores_and_tolerances() -> None:
    task = task_of("eigenvectors")
    solver = Wrong(task, sheared)
    paper, ours = failures(solver, task, 500), failures(solver, task, 500, score="l1")
    assert ours.right.count <= ours.measures["orthogonality"].everywhere["0.05"].count
    assert ours.score == "l1" and paper.score == "paper"
    loose = failures(solver, task, 500, tolerance=0.07)
    assert loose.right == loose.accuracy["0.07"]
    assert paper.accuracy["0.05"].count <= loose.right.count <= paper.accuracy["0.1"].count


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n": 0}, "n is 0"),
        ({"tolerance": 0.0}, "tolerance is 0"),
        ({"tolerance": float("nan")}, "tolerance is nan"),
        ({"score": "l3"}, "unknown score 'l3'"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], says: str) -> None:
    task = task_of("inverse", "2x2")
    with pytest.raises(InputError, match=says):
        failures(Wrong(task, exact), task, **{"n": 10, **options})


def test_a_jointly_trained_model_is_refused() -> None:
    task = task_of("joint", problems=("add", "transpose"))
    with pytest.raises(InputError, match="several problems"):
        failures(Wrong(task, exact, name="both"), task, 10)


def test_a_shipped_model_by_name() -> None:
    found = analyse("inverse-2x2", 400, seed=2)
    assert (found.model, found.problem, found.dims, found.n) == (
        "inverse-2x2",
        "inverse",
        "2x2",
        400,
    )
    assert found.answers == "at once"
    assert found.well_formed.value == 1.0
    assert found.profile[0].right.value > 0.95 > found.profile[-1].right.value
    with pytest.raises(InputError, match="inverse-9x9"):
        analyse("inverse-9x9")


@pytest.mark.parametrize("name", SHIPPED)
def test_kept_records_add_up(name: str) -> None:
    found = kept_failures()[name]
    assert (found.n + found.rejected, found.tolerance) == (10_000, 0.05)
    assert sum(group.right.n for group in found.profile) == found.n
    assert sum(group.right.count for group in found.profile) == found.right.count
    for predictor in found.predictors.values():
        assert sum(predictor.successes) == found.right.count
        assert sum(predictor.failures) == found.n - found.right.count


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_kept_records_are_what_the_models_give(name: str) -> None:
    kept = kept_failures()[name]
    found = analyse(name, kept.n + kept.rejected, kept.seed)
    # Another processor rounds otherwise, which moves an answer across a tolerance now and then.
    assert found.well_formed == kept.well_formed
    for tolerance, share in kept.accuracy.items():
        assert abs(found.accuracy[tolerance].count - share.count) <= 20
