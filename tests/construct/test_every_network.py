"""What holds for every algorithm: its entry's figures, dense weights like sparse, symmetries."""

import numpy as np
import pytest
from constructed_checks import difference
from graph_examples import DEMANDS, EDGES, NODES, B

from eigenformer.construct import CATALOGUE, check_entry
from eigenformer.construct.algorithms import power_iteration as power
from eigenformer.construct.algorithms.electric import (
    electric_flow,
    electric_potentials,
    electric_quadratic,
)
from eigenformer.construct.algorithms.fu_newton import fu_newton
from eigenformer.construct.algorithms.gd_plus_plus import gd_plus_plus, newton_schulz_descent
from eigenformer.construct.algorithms.gradient_descent import gradient_descent
from eigenformer.construct.algorithms.heat_kernel import heat_kernel
from eigenformer.construct.algorithms.laplacian_eigenvectors import laplacian_eigenvectors
from eigenformer.construct.algorithms.least_squares import least_squares, ridge
from eigenformer.construct.algorithms.power_iteration import dominant_eigenvalue, power_iteration
from eigenformer.construct.algorithms.preconditioned import (
    looped_gradient_descent,
    preconditioned_gradient_descent,
)
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.construct.algorithms.resistive import resistive_embedding
from eigenformer.core import rng

# As many samples as take a moment; the others are in a slow test of the command line.
CHECKED = {
    "newton-lemma": 1000,
    "newton": 1000,
    "newton-symmetric": 1000,
    "pseudo-inverse": 1000,
    **{f"newton-order-{order}": 1000 for order in (2, 3, 4, 5)},
    "logistic": None,
    "logistic-small-mu": None,
    "logistic-exact": None,
    "electric": 100,
    "electric-flow": 100,
    "electric-quadratic": 100,
    "heat-kernel": 100,
    "resistive": 100,
    "laplacian-eigenvectors": 5,
    "power-iteration": 200,
    "dominant-eigenvalue": 200,
    "conjugate-gradient": 200,
}


@pytest.mark.parametrize("name", CHECKED)
def test_the_entry_of_the_catalogue(name):
    found = check_entry(CATALOGUE.get(name), rng(0, name), CHECKED[name])
    assert found.passed, found


REGRESSION = draw_regression(rng(7), 50, 9, 3)
SEVERAL = tuple(rng(5).normal(size=shape) for shape in ((20, 6, 3), (20, 6, 2), (20, 3)))
MATRICES = 0.3 * rng(11).normal(size=(4, 3, 3))
INITIAL = rng(6).normal(size=(2, 3))
SYMMETRIC = power.draw(np.random.default_rng(0), 50)
VECTORS = np.random.default_rng(3).normal(size=(9, 10))
FEW = (B, DEMANDS[:4])


@pytest.mark.parametrize(
    ("build", "inputs", "allowed"),
    [
        (lambda d: gd_plus_plus(3, 9, [(0.2, 0.3), (0.1, 0.0)], dense=d), REGRESSION, 1e-12),
        (lambda d: newton_schulz_descent(3, 9, dense=d), REGRESSION, 1e-12),
        (lambda d: newton_schulz_descent(3, 9, schedule="minimax", dense=d), REGRESSION, 1e-12),
        (lambda d: preconditioned_gradient_descent(3, 9, MATRICES, dense=d), REGRESSION, 1e-13),
        (lambda d: looped_gradient_descent(3, 9, 3, 0.1, dense=d), REGRESSION, 1e-13),
        (
            lambda d: gradient_descent(3, 6, 0.1, 3, outputs=2, initial=INITIAL, dense=d),
            SEVERAL,
            1e-14,
        ),
        (lambda d: least_squares(3, 9, 4, dense=d), REGRESSION, 1e-13),
        (lambda d: least_squares(3, 9, 4, start="identity", dense=d), REGRESSION, 1e-13),
        (lambda d: ridge(3, 9, 0.5, 4, dense=d), REGRESSION, 1e-13),
        (lambda d: ridge(3, 9, 0.5, 4, start="gram", eps=1e-4, dense=d), REGRESSION, 1e-13),
        *(
            (
                lambda d, s=scores, t=start: fu_newton(3, 9, 4, scores=s, start=t, dense=d),
                REGRESSION,
                1e-13,
            )
            for scores in ("relu", "linear")
            for start in ("gram", "identity")
        ),
        (lambda d: electric_potentials(NODES, EDGES, 4, 30, dense=d), FEW, 1e-13),
        (lambda d: electric_flow(NODES, EDGES, 4, 30, dense=d), FEW, 1e-13),
        (lambda d: electric_quadratic(NODES, EDGES, 4, 8, dense=d), FEW, 1e-13),
        (lambda d: heat_kernel(NODES, EDGES, 10, 0.5, 32, dense=d), (B, DEMANDS), 1e-14),
        (lambda d: resistive_embedding(NODES, EDGES, 10, 9, dense=d), (B, DEMANDS), 1e-13),
        (lambda d: laplacian_eigenvectors(NODES, EDGES, 9, 40, dense=d), (B, VECTORS), 1e-12),
        (lambda d: power_iteration(6, 20, dense=d), SYMMETRIC, 1e-13),
        (lambda d: dominant_eigenvalue(6, 20, dense=d), SYMMETRIC, 1e-12),
    ],
)
def test_dense_equals_sparse(build, inputs, allowed):
    assert difference(build(True)(*inputs), build(False)(*inputs)) < allowed


@pytest.mark.parametrize(
    ("network", "given", "allowed"),
    [
        (electric_potentials(NODES, EDGES, 10, 40), DEMANDS, 1e-12),
        (electric_quadratic(NODES, EDGES, 10, 7), DEMANDS, 1e-12),
        (heat_kernel(NODES, EDGES, 10, 0.5, 32), DEMANDS, 1e-13),
        (resistive_embedding(NODES, EDGES, 10, 9), DEMANDS, 1e-13),
        (laplacian_eigenvectors(NODES, EDGES, 4, 100), VECTORS[:4], 1e-12),
    ],
    ids=lambda value: getattr(getattr(value, "spec", None), "name", ""),
)
def test_nodes_are_equivariant_and_edges_invariant(network, given, allowed):
    draw = np.random.default_rng(3)
    nodes, edges = draw.permutation(NODES), draw.permutation(EDGES)
    moved = (B * draw.choice([-1.0, 1.0], EDGES))[nodes][:, edges]
    assert difference(network(moved, given[:, nodes]), network(B, given)[:, nodes]) < allowed
