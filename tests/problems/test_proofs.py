"""Proved bounds: never below the error, whatever the matrix; inf where nothing can be said."""

import importlib.util
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer import core, problems
from eigenformer.evaluation.bounds import above, sentences
from eigenformer.problems.proofs.rounding import length, norm, products

PROVED = [name for name in problems.names() if problems.get(name).proved]
numbers = st.floats(-(2.0**300), 2.0**300, allow_subnormal=True)


@pytest.fixture(scope="module")
def benchmark():
    """benchmarks/certificates.py."""
    path = Path(__file__).parents[2] / "benchmarks" / "certificates.py"
    spec = importlib.util.spec_from_file_location("certificates_of_benchmarks", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_no_bound_misses_the_truth(benchmark):
    # `eigenformer bench certificates` does so with 100,000.
    ratios = []
    for cases in benchmark.groups(2000, seed=1, batch=25):
        for found in benchmark.judged(cases):
            assert not found.missed.any(), found.part
            ratios.append(found.ratio[found.well])
    assert (np.concatenate(ratios) <= 100).mean() > 0.9


def test_no_bound_misses_what_mpmath_says(benchmark):
    assert not any(missed for _, missed, _ in benchmark.precise(24, seed=1))


@settings(max_examples=50)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_a_sum_of_products_is_where_it_is_said_to_be(pairs):
    left = np.array([[a for a, _ in pairs]])[None]
    right = np.array([[b] for _, b in pairs])[None]
    found = products(left, right)
    exact = sum(Fraction(a) * Fraction(b) for a, b in pairs)
    high, low, radius = (part[0, 0, 0] for part in (found.high, found.low, found.radius))
    if np.isfinite(radius):
        assert abs(exact - Fraction(high) - Fraction(low)) <= Fraction(radius)
        assert abs(exact) <= Fraction(found.size[0, 0, 0])


@given(st.lists(st.floats(0, 1e300), min_size=4, max_size=4))
def test_norms_are_from_above(entries):
    squares = sum(Fraction(x) ** 2 for x in entries)
    sizes = np.array(entries).reshape(1, 2, 2)
    assert Fraction(float(length(sizes, (1, 2))[0])) ** 2 >= squares
    exact = np.linalg.norm(sizes[0] / max(max(entries), 1e-300), 2) * max(entries)
    assert norm(sizes)[0] >= exact * (1 - 1e-14)


@given(st.floats(5e-324, 1e300))
def test_numbers_are_printed_from_above(value):
    assert float(above(value)) >= value
    if value > 1e-280:
        assert float(above(value)) <= value * 1.2


@pytest.mark.parametrize("name", PROVED)
@pytest.mark.parametrize("filling", [np.nan, np.inf, 0.0, 1e200])
def test_no_answer_is_proved_by_being_strange(name, filling):
    problem = problems.get(name)
    m, n = problem.input_shape(3, 3)
    inputs = core.rng(2).standard_normal((4, m, n))
    inputs = inputs + inputs.transpose(0, 2, 1) if problem.needs_symmetric else inputs
    if name == "logistic_regression":
        inputs[:, :, -1] = np.sign(inputs[:, :, -1])
    truth = problem.solve(inputs)
    found = problem.prove(inputs, np.full_like(truth, filling))
    assert set(found) == set(problem.proved)
    for part, bound in found.items():
        size = np.abs(truth[:, problem.rows(m, n)[part]]).max() if filling < 1e100 else 1e199
        assert (bound.max() > 0.5 * size) if np.isfinite(filling) else np.isinf(bound).all()
    assert len(sentences(problem, {part: bound[0] for part, bound in found.items()})) == len(found)


def test_nothing_is_said_where_nothing_can_be():
    tied = np.eye(3)[None]
    found = problems.get("eigenvectors").prove(tied, problems.get("eigenvectors").solve(tied))
    assert (found["eigenvalues"] < 1e-15).all() and np.isinf(found["eigenvectors"]).all()
    for rank_one in (np.ones((1, 4, 2)), np.zeros((1, 4, 2))):
        pinv = problems.get("pseudo_inverse")
        assert np.isinf(pinv.prove(rank_one, pinv.solve(rank_one))["answer"]).all()
        question = np.concatenate([rank_one, np.ones((1, 4, 1))], axis=2)
        lstsq = problems.get("least_squares")
        assert np.isinf(lstsq.prove(question, lstsq.solve(question))["answer"]).all()
    far = problems.get("inverse").prove(np.diag([1.0, 2.0])[None], np.zeros((1, 2, 2)))
    assert np.isinf(far["answer"]).all()


def test_a_pair_out_of_place_is_not_proved():
    problem = problems.get("eigenvectors")
    matrix = np.diag([3.0, 2.0, 1.0])[None]
    swapped = problem.solve(matrix)[:, :, [1, 0, 2]]
    found = problem.prove(matrix, swapped)
    assert np.isinf(found["eigenvectors"][0]).tolist() == [True, True, False]
    np.testing.assert_allclose(found["eigenvalues"][0], [1, 1, 0], atol=1e-15)
    texts = sentences(problem, {name: bound[0] for name, bound in found.items()})
    assert texts[0].startswith("each eigenvalue is within 1")
    assert texts[1].startswith("eigenvector, up to sign, 3 is within")
