"""Memorisation: its statistics against references, and solvers that do and do not memorise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.spatial
import scipy.stats
from failing_solvers import Wrong, blurred, exact, task_of
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.core import InputError, rng
from eigenformer.evaluation import Proportion
from eigenformer.papers.charton2022.memorisation import (
    Memorisation,
    analyse,
    keep,
    kept_memorisation,
    memorisation,
)
from eigenformer.papers.charton2022.rank import (
    difference,
    nearest,
    rank_correlations,
    ranks,
    spearman,
)
from eigenformer.runs.recipes import fast
from eigenformer.training import TrainConfig
from eigenformer.training.config import DataFile, StartFrom
from eigenformer.training.stream import batches

few_values = st.lists(
    st.tuples(st.integers(-3, 3).map(float), st.floats(-5, 5)), min_size=2, max_size=40
)


def run_of(problem: str = "eigenvalues", dims: str = "2x2", examples: int = 4000) -> TrainConfig:
    return fast(problem, dims, examples=examples)


def training_matrices(config: TrainConfig) -> np.ndarray:
    """What the run's own stream of batches feeds to the model."""
    found = []
    for share in batches(config, 0):
        decoded = config.task.encoder.decode(share.data.question.ids.numpy())
        assert decoded.valid.all()
        found.append(decoded.matrices.values)
    return np.concatenate(found)


@given(pairs=few_values)
def test_ranks_and_their_correlation_against_scipy(pairs: list[tuple[float, float]]) -> None:
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    assert np.array_equal(ranks(a), scipy.stats.rankdata(a))
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert spearman(a, b) == pytest.approx(scipy.stats.spearmanr(a, b).statistic, abs=1e-12)
    else:
        assert spearman(a, b) == 0.0


@given(points=st.integers(1, 20), others=st.integers(1, 60), blocks=st.integers(1, 5))
def test_nearest_neighbours_against_a_tree(points: int, others: int, blocks: int) -> None:
    generator = rng(points, "tree", others)
    here, there = generator.normal(size=(points, 3)), generator.normal(size=(others, 3))
    here[0] = there[-1]
    distance, neighbours = nearest(here, np.array_split(there, blocks))
    expected, index = scipy.spatial.cKDTree(there).query(here)
    assert distance == pytest.approx(expected)
    assert distance[0] == 0.0
    assert np.array_equal(neighbours, there[index])


def test_intervals_of_correlations_are_those_of_fisher() -> None:
    generator = rng(0, "fisher")
    target = generator.normal(size=1500)
    first = 0.5 * target + generator.normal(size=1500)
    one, two, gap = rank_correlations(first, generator.normal(size=1500), target)
    # Fieller, Hartley and Pearson (1957): atanh of Spearman's has the variance 1.06 / (n - 3).
    half = 1.96 * np.sqrt(1.06 / 1497)
    for found in (one, two):
        centre = np.arctanh(found.value)
        assert found.low == pytest.approx(np.tanh(centre - half), abs=0.02)
        assert found.high == pytest.approx(np.tanh(centre + half), abs=0.02)
    assert gap.value == pytest.approx(one.value - two.value)
    assert 0.3 < gap.low < gap.value < gap.high
    with pytest.raises(InputError, match="resamples is 10"):
        rank_correlations(first, first, target, resamples=10)


def test_the_interval_of_a_difference_against_newcombe() -> None:
    # Newcombe (1998), Table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    first = difference(Proportion(count=56, n=70), Proportion(count=48, n=80))
    assert (first.low, first.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    second = difference(Proportion(count=9, n=10), Proportion(count=3, n=10))
    assert (second.low, second.high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def test_a_solver_that_looks_answers_up_is_found_out() -> None:
    config = run_of()
    known = training_matrices(config).reshape(config.steps * config.batch_size, -1)

    def look_up(inputs, truth, generator):
        _, neighbours = nearest(inputs.reshape(len(inputs), -1), [known])
        return config.task.problem.solve(neighbours.reshape(inputs.shape))

    found = memorisation(Wrong(config.task, look_up, name="table"), config, 600)
    assert found.training_matrices == len(known) == 4000
    assert found.correlation.low > 0.3
    assert found.excess.low > 0.2
    assert found.control.value < 0.2
    assert found.correlation.value == pytest.approx(found.lookup.value, abs=0.02)
    assert found.trained["0.01"].value > 0.98
    assert found.fresh["0.01"].value < 0.3
    assert found.advantage["0.01"].low > 0.6
    assert found.quarters[0].right["0.05"].value > found.quarters[3].right["0.05"].value + 0.3


def test_a_solver_that_does_not_care_for_the_training_set_is_cleared() -> None:
    config = run_of()
    found = memorisation(Wrong(config.task, blurred(0.02)), config, 1000)
    for estimate in (found.correlation, found.excess, found.advantage["0.01"]):
        assert estimate.low < 0 < estimate.high
    assert found.lookup.low > 0.3
    assert sum(quarter.right["0.01"].n for quarter in found.quarters) == found.n == 1000
    counts = [quarter.right["0.01"].count for quarter in found.quarters]
    assert sum(counts) == found.fresh["0.01"].count
    known = training_matrices(config).reshape(4000, -1)
    test = config.task.examples(0, "memorisation", 0, 1000).inputs.values.reshape(1000, -1)
    distance = np.sort(scipy.spatial.cKDTree(known).query(test)[0])
    # The stream's matrices have been through their tokens, which round to three digits.
    assert found.quarters[0].low == pytest.approx(distance[0], abs=0.05)
    assert found.quarters[3].high == pytest.approx(distance[-1], abs=0.05)
    assert found.median_distance == pytest.approx(np.median(distance), rel=0.02)


def test_only_the_examples_that_were_seen_count() -> None:
    config = run_of()
    solver = Wrong(config.task, exact)
    half = memorisation(solver, config, 200, examples=1990)
    assert half.training_matrices == 63 * config.batch_size
    assert half.median_distance > memorisation(solver, config, 200).median_distance


def test_an_ill_formed_answer_is_wrong() -> None:
    config = run_of()
    found = memorisation(Wrong(config.task, exact, malformed=range(10)), config, 100)
    assert found.fresh["0.05"] == Proportion(count=90, n=100)


def test_what_has_no_training_set_or_no_distance_is_refused() -> None:
    config = run_of()
    solver = Wrong(config.task, exact)
    started = replace(config, start=StartFrom(path="elsewhere", sha256="0"))
    read = replace(config, data=DataFile(path="file", sha256="0"))
    for other in (started, read):
        with pytest.raises(InputError, match="`start` nor `data`"):
            memorisation(solver, other, 100)
    for task in (task_of("joint"), task_of("eigenvalues", "2-3")):
        with pytest.raises(InputError, match="no distance"):
            memorisation(solver, replace(config, task=task), 100)
    with pytest.raises(InputError, match="n is 3"):
        memorisation(solver, config, 3)
    with pytest.raises(InputError, match="n is 5000"):
        memorisation(solver, config, 5000)
    for examples in (0, 5000):
        with pytest.raises(InputError, match=f"examples is {examples}"):
            memorisation(solver, config, 100, examples=examples)


def test_a_record_is_a_function_of_the_seed_and_comes_back_from_its_file(tmp_path: Path) -> None:
    config = run_of(examples=500)
    solver = Wrong(config.task, blurred(0.02), name="blurred")
    found = memorisation(solver, config, 100, seed=4)
    assert memorisation(solver, config, 100, seed=4) == found
    assert memorisation(solver, config, 100, seed=5).correlation != found.correlation
    assert keep(found, tmp_path).name == "memorisation-blurred.json"
    assert kept_memorisation(tmp_path) == {"blurred": found}
    assert Memorisation.from_dict(found.to_dict()) == found


def test_the_kept_record_adds_up() -> None:
    found = kept_memorisation()["eigenvalues-3x3"]
    assert (found.n, found.training_matrices) == (10_000, 100_000)
    for tolerance, share in found.fresh.items():
        assert sum(quarter.right[tolerance].count for quarter in found.quarters) == share.count
    assert found.excess.value == pytest.approx(found.correlation.value - found.control.value)


@pytest.mark.slow
def test_the_kept_record_is_what_the_model_gives() -> None:
    kept = kept_memorisation()["eigenvalues-3x3"]
    found = analyse(kept.model, kept.n, kept.seed)
    assert found.median_distance == pytest.approx(kept.median_distance)
    assert found.correlation.value == pytest.approx(kept.correlation.value, abs=0.002)
    assert abs(found.fresh["0.01"].count - kept.fresh["0.01"].count) <= 20
