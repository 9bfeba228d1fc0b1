"""Answers that look right and are not, a test a kind; the audit of 2026-11, part A and row D4."""

import importlib.util
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import eigenformer as ef
from eigenformer import cli
from eigenformer.core import InputError
from eigenformer.problems.spectral import canonical_signs
from eigenformer.training.config import OptimizerConfig

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "trust.py"
CORRELATION = np.array([[1, 0.5, 0.2], [0.5, 1, -0.3], [0.2, -0.3, 1]])


def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_trust", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a1_wrong_answers_to_odd_matrices_are_cautioned() -> None:
    """Row A1: correlation matrices and others, to models that were confident of all of them."""
    trust = benchmark()
    found = trust.Counted()
    for solver in trust.solvers(("eigenvalues-3x3", "eigenvectors-2x2", "inverse-2x2", "svd-any")):
        n = trust.taken(solver)[0]
        for kind in trust.KINDS:
            found.add(trust.counted(solver, kind, n, 4))
    assert found.answers > 200 and found.wrong > 20
    assert found.silent <= max(1, 0.01 * found.wrong)


def test_a1_inputs_are_rescaled_and_the_answer_back() -> None:
    """Row A1: 42% off with a predicted chance of 99.6%, for want of a factor of 9."""
    solver = ef.load("eigenvalues-3x3")
    solution = solver.solve(CORRELATION)
    errors = np.abs(solution.value[:, 0] - np.linalg.eigvalsh(CORRELATION)[::-1])
    assert errors.sum() < 0.05 * 3 and solution.factor > 4 and solution.cautions
    strict = solver.rescaling(False).solve(CORRELATION)
    assert strict.factor == 1 and any("largest coefficient" in text for text in strict.cautions)


def test_a1_what_is_kept_of_training_is_what_it_draws() -> None:
    """Row A1: the least largest coefficient of 20,000 training matrices is 2, not 0.1 A."""
    solver = ef.load("eigenvalues-3x3")
    drawn = solver.statistics.of(solver.problem, 3, 3)
    assert drawn is not None and drawn.ranges["largest"][0] > 1.5
    again = ef.evaluation.training_statistics(solver.task)
    assert again == solver.statistics


@pytest.mark.parametrize("name", ["eigenvalues", "eigenvectors", "svd", "inverse"])
def test_a1_bounds_hold(name: str) -> None:
    """Row A1: what an answer is said to be within, it is within (tests/problems has hard cases)."""
    problem = ef.problems.get(name)
    for n in (1, 2, 4):
        inputs = problem.draw(ef.rng(n), 200, ef.ensembles.get("iid-uniform", dims=(n, n))).values
        truth = problem.solve(inputs)
        off = ef.rng(5).uniform(-0.3, 0.3, (200, 1, 1)) * ef.rng(6).standard_normal(truth.shape)
        part, bound = next(iter(problem.prove(inputs, truth * (1 + off)).items()))
        error = np.abs(off * truth)[:, problem.rows(n, n)[part]].reshape(bound.shape)
        size = np.abs(truth).max(axis=(1, 2)).reshape(-1, *(1,) * (bound.ndim - 1))
        condition = np.linalg.cond(inputs).reshape(size.shape)
        assert (error <= bound * (1 + 1e-12) + 1e-13 * size * condition).all()
        exact = problem.prove(inputs, truth)[part]
        assert (exact < 1e-12 * condition * size).all()


# Of a logarithm a factor is a term, to which errors are not relative.
SCALED = {n for n in ef.problems.names() if n != "joint" and ef.problems.get(n).degree is not None}


@pytest.mark.parametrize("name", sorted(SCALED - {"matrix_logarithm"}))
@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_a4_nothing_is_squared_before_it_is_divided(name: str, factor: float) -> None:
    """Row A4: residuals were inf for right answers above 1e154, 0 for wrong ones below 1e-160."""
    problem = ef.problems.get(name)
    if problem.degree == 2:
        factor = factor**0.5
    for dims in ("1x1", "3x3"):
        inputs = problem.draw(ef.rng(0), 20, ef.ensembles.get("iid-uniform", dims=dims)).values
        guess = problem.solve(inputs) * (1 + 0.1 * ef.rng(1).uniform(0.5, 1, (20, 1, 1)))
        scaled = problem.scaled(guess, np.full(20, factor))
        truth = problem.scaled(problem.solve(inputs), np.full(20, factor))
        pairs = [
            (problem.residuals(inputs, guess), problem.residuals(factor * inputs, scaled)),
            (
                problem.errors(inputs, problem.solve(inputs), guess).scores,
                problem.errors(factor * inputs, truth, scaled).scores,
            ),
        ]
        for before, after in pairs:
            for key in before:
                np.testing.assert_allclose(after[key], before[key], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("dtype", "factor"), [
    (torch.float64, 1e200), (torch.float64, 1e-200), (torch.float32, 1e20), (torch.float32, 1e-20),
])  # fmt: skip
def test_a4_newtons_network_takes_any_size_of_entries(dtype: torch.dtype, factor: float) -> None:
    """Row A4: 0 with valid=True for 1e20 in float32, and "X holds a nan" for A alone."""
    net = ef.construct.newton_inverse(dim=2, steps=20, dtype=dtype)
    matrix = np.array([[4.0, 1.0], [2.0, 3.0]])
    expected = np.linalg.inv(matrix)
    direct = net(torch.as_tensor(factor * matrix, dtype=dtype)).double().numpy() * factor
    np.testing.assert_allclose(direct, expected, rtol=1e-5)
    solution = net.as_solver().solve(factor * matrix)
    assert solution.valid and solution.cautions == ()
    np.testing.assert_allclose(solution.value * factor, expected, rtol=1e-5)


def test_a4_a_1x1_inverse_is_polished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row A4: an AssertionError."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("4"))
    words = ["solve", "inverse", "--input", "-", "--model", "numpy", "--polish", "--json"]
    assert cli.main(words) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["answer"] == [[0.25]] and entry["cautions"] == []


@pytest.mark.parametrize(("problem", "matrix"), [
    ("eigenvalues", "2 1; 1 3"), ("transpose", "1 2; 3 4"), ("add", "1 2 5 6; 3 4 7 8"),
    ("inverse", "4 1 0; 2 3 1; 0 1 5"),
])  # fmt: skip
def test_a5_first_examples_are_answered(
    problem: str,
    matrix: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Row A5: the help's own example ended in "no answer"."""
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path))
    assert cli.main(["solve", problem, "--matrix", matrix, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["valid"] and entry["error"] < 0.01


def test_a5_where_no_model_fits_others_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row A5: which sizes there are, what would train one, who else answers."""
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path))
    assert cli.main(["solve", "least_squares", "--matrix", "2 1 1; 1 3 2; 1 1 1"]) == 2
    said = capsys.readouterr().err
    assert "eigenformer train fast --problem least_squares --dims 3x2" in said
    assert "--model numpy" in said and "eigenformer construct list" in said
    assert (
        cli.main(["solve", "eigenvalues", "--matrix", "2 1; 1 3", "--model", "eigenvalues-3x3"])
        == 1
    )
    assert "for 2x2 there are --model eigenvectors-any" in capsys.readouterr().out


@pytest.mark.parametrize("n", range(3, 9))
def test_a6_rounding_decides_no_sign(n: int) -> None:
    """Row A6: second differences, whose eigenvectors have components that tie."""
    matrix = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    problem = ef.problems.get("eigenvectors")
    answers = [problem.solve(factor * matrix[None])[0, 1:] for factor in (1, 3, 0.7, 1e-5)]
    for other in answers[1:]:
        np.testing.assert_allclose(other, answers[0], atol=1e-9)
    tied = np.array([[[1.0, -1.0], [-1.0 - 1e-12, 1.0]]])
    assert canonical_signs(tied).tolist() == [[1.0, -1.0]]


def test_a7_numbers_that_cannot_be_meant_are_questioned() -> None:
    """Row A7: a tolerance of 5 was 500%, and rates of 10 trained to the end."""
    solver = ef.numpy_solver("inverse")
    ensemble = ef.ensembles.get("iid-uniform", dims="2x2")
    with pytest.raises(InputError, match=r"a tolerance is 5, .*for 5% give 0\.05"):
        ef.evaluate(solver, solver.problem, ensemble, n=5, tolerances=(5,))
    with pytest.raises(InputError, match="rate is 10"):
        OptimizerConfig(rate=10)


def test_a7_d4_results_and_solutions_carry_cautions() -> None:
    """Rows A7 and D4: silent in Python, and in `evaluate` of sizes that no training drew."""
    model = ef.load("eigenvalues-3x3")
    ensemble = ef.ensembles.get("iid-uniform", dims="4x4")
    result = ef.evaluate(model, model.problem, ensemble, n=10)
    assert any("3x3 matrices, not on an input of 4x4" in text for text in result.cautions)
    assert result.to_dict()["cautions"] == list(result.cautions)
    same = ef.evaluate(model, model.problem, model.task.ensemble, n=500)
    assert same.cautions == ()
    assert ef.load("inverse-2x2").solve(np.eye(2)).cautions


def test_d4_what_is_not_determined_says_so_whoever_answers() -> None:
    """Row D4: repeated eigenvalues, almost singular matrices; singular ones are refused."""
    (text,) = ef.numpy_solver("eigenvectors").solve(np.eye(3)).cautions
    assert "not determined" in text
    almost = ef.numpy_solver("inverse").solve([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    assert any("almost singular" in text for text in almost.cautions)
    with pytest.raises(InputError, match="singular"):
        ef.numpy_solver("inverse").solve(np.ones((2, 2)))
