"""Polish of every problem: right by LAPACK's test from rough answers, whatever the matrix."""

import numpy as np
import pytest
import torch

import eigenformer as ef
from eigenformer.construct.algorithms.refinement import draw_eigenvectors
from eigenformer.construct.polish import POLISHERS, polish
from eigenformer.construct.polish_spectral import EigenvectorsPolisher, foretold
from eigenformer.core import rng
from eigenformer.evaluation import Predictions, Solver

DIMS = {
    "inverse": "4x4",
    "symmetric_inverse": "4x4",
    "pseudo_inverse": "5x3",
    "least_squares": "6x3",
    "logistic_regression": "12x3",
    "eigenvectors": "5x5",
    "eigenvalues": "4x4",
    "svd": "3x5",
    "singular_values": "5x3",
}


class Rough(Solver):
    """The truth, off by a factor of 1 + `off` times a Gaussian in each coefficient."""

    name = "rough"

    def __init__(self, problem, off):
        self.problem, self.off = ef.problems.get(problem), off

    def predict(self, inputs):
        def answer(a):
            true = self.problem.solve(a)
            return true * (1 + self.off * rng(3).standard_normal(true.shape))

        return Predictions(inputs.map(answer), np.ones(len(inputs), bool), [""] * len(inputs))


def test_the_registry_is_what_problems_say():
    names = {n for n in ef.problems.names() if ef.problems.get(n).polishable}
    assert set(POLISHERS) == names == set(DIMS)


@pytest.mark.parametrize("off", [0.03, 30.0])
@pytest.mark.parametrize("problem", DIMS)
def test_rough_answers_end_right(problem, off):
    found = ef.problems.get(problem)
    inputs = found.draw(rng(1), 20, ef.ensembles.get("iid-uniform", dims=DIMS[problem])).values
    solution = polish(Rough(problem, off)).solve(inputs)
    assert solution.valid.all()
    assert found.ratios(inputs, solution.value).max() < 30
    true = found.solve(inputs)
    assert found.errors(inputs, true, solution.value).scores["l1"].max() < 1e-9
    told = solution.polishing(0)
    assert told.residuals[-1] < 1e-10 and told.steps == len(told.residuals) - 1
    assert told.unpolished.shape == true[0].shape


def symmetric(values, batch=5):
    q = np.linalg.qr(rng(5).standard_normal((batch, len(values), len(values))))[0]
    a = (q * np.array(values)) @ q.swapaxes(1, 2)
    return (a + a.swapaxes(1, 2)) / 2


@pytest.mark.parametrize("problem", ["eigenvectors", "eigenvalues", "svd", "singular_values"])
@pytest.mark.parametrize(
    "matrices",
    [
        np.zeros((1, 3, 3)),
        np.array([[[-4.0]]]),
        np.ones((1, 4, 4)),
        symmetric([1.0, 1.0, 1.0, -0.5]),
        symmetric([1.0, 1 + 1e-15, 1 + 1e-8, 0.3]),
        symmetric([1.0, 1e-8, 0.0, 0.0]),
        symmetric([3.0, 2.0, -2.0]) * 1e-200,
        symmetric([3.0, 2.0, -2.0]) * 1e200,
    ],
    ids=["zero", "1x1", "ones", "repeated", "close", "deficient", "tiny", "huge"],
)
def test_clusters_and_scales(problem, matrices):
    for off in (1e-3, 0.1):
        solution = polish(Rough(problem, off)).solve(matrices)
        ratios = ef.problems.get(problem).ratios(matrices, solution.value)
        assert solution.valid.all() and ratios.max() < 30


def test_a_cluster_is_finished_inside_of_it():
    # The subspace of the first three is right, the vectors in it are turned.
    a = symmetric([1.0, 1 + 1e-10, 1 - 1e-10, -0.5, 0.2], batch=20)
    true = np.linalg.eigh(a)[1]
    turn = np.eye(5)
    turn[2:, 2:] = np.linalg.qr(rng(6).standard_normal((3, 3)))[0]
    polisher = EigenvectorsPolisher(ef.problems.get("eigenvectors"))
    start = polisher.state(a, true @ turn)
    *_, last = polisher.iterates(a, start, 3, torch.float64)
    assert polisher.residual(a, last).max() < 1e-14
    assert polisher.right(a, last).all()


def test_the_guard_foretells_what_does_not_converge():
    polisher = EigenvectorsPolisher(ef.problems.get("eigenvectors"))
    for off in (0.1, 0.5, 1.0):
        a, x = draw_eigenvectors(rng(7), 100, 5, off)
        start = polisher.state(a, x)
        needed = polisher.outlook(a, start, torch.float64).needed
        *_, last = polisher.iterates(a, start, 16, torch.float64)
        converged = polisher.residual(a, last) < 1e-12
        assert not (np.isfinite(needed) & ~converged).any()
        assert off > 0.1 or np.isfinite(needed).all()
    assert foretold([(np.zeros((1, 2, 2)), np.ones((1, 2, 2)))], np.zeros((1, 2, 2)),
                    np.zeros((1, 2, 2)), torch.float64)[0] < 4  # fmt: skip


class Silent(Rough):
    """Says the same nonsense of everything."""

    def predict(self, inputs):
        shape = self.problem.output_shape(*inputs.values.shape[1:])
        values = np.full((len(inputs), *shape), 7.0)
        return Predictions(ef.ensembles.Matrices.of(values), np.ones(len(inputs), bool), [""])


@pytest.mark.parametrize("problem", DIMS)
def test_nonsense_starts_over(problem):
    found = ef.problems.get(problem)
    inputs = found.draw(rng(2), 1, ef.ensembles.get("iid-uniform", dims=DIMS[problem])).values
    solution = polish(Silent(problem, 0.0)).solve(inputs)
    assert solution.valid.all() and found.ratios(inputs, solution.value).max() < 30
    assert solution.restarted.all() or problem in ("least_squares", "logistic_regression")


def test_the_public_function():
    solution = ef.solve("svd", [[3.0, 1.0], [0.0, 2.0]], polish=True)
    s = np.linalg.svd([[3.0, 1.0], [0.0, 2.0]], compute_uv=False)
    np.testing.assert_allclose(solution.parts["s"], s, rtol=1e-14)
    assert solution.valid and solution.polishing(0).residuals[-1] < 1e-14
    rough = ef.solve("svd", [[3.0, 1.0], [0.0, 2.0]])
    assert rough.polishing(0) is None
    with pytest.raises(ef.InputError, match="nan"):
        ef.solve("eigenvectors", [[np.nan, 0], [0, 1]], polish=True)
    with pytest.raises(ef.InputError, match="is 41x41, and polish of eigenvectors is compiled for"):
        ef.solve("eigenvectors", np.eye(41), polish=True)
    with pytest.raises(ef.InputError, match="only answers to inverse"):
        ef.solve("transpose", [[1.0, 2.0]], polish=True)
