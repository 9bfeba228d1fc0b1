"""What algorithms refuse, when they are built and when they run; each time one sentence."""

import math

import numpy as np
import pytest
from constructed_examples import started
from graph_examples import DEMANDS, EDGES, LARGEST, NODES, TWO_RINGS, B

from eigenformer.construct.algorithms.conjugate_gradient import conjugate_gradient
from eigenformer.construct.algorithms.electric import (
    electric_flow,
    electric_potentials,
    electric_quadratic,
)
from eigenformer.construct.algorithms.fu_newton import fu_newton, fu_newton_steps
from eigenformer.construct.algorithms.gd_plus_plus import gd_plus_plus, newton_schulz_descent
from eigenformer.construct.algorithms.gradient_descent import gradient_descent
from eigenformer.construct.algorithms.graphs import incidence_matrix, skip_ring
from eigenformer.construct.algorithms.heat_kernel import heat_kernel
from eigenformer.construct.algorithms.laplacian_eigenvectors import laplacian_eigenvectors
from eigenformer.construct.algorithms.least_squares import least_squares, ridge
from eigenformer.construct.algorithms.logistic import draw_problems, logistic_newton, rescale
from eigenformer.construct.algorithms.newton import newton_inverse, newton_order, pseudo_inverse
from eigenformer.construct.algorithms.power_iteration import power_iteration
from eigenformer.construct.algorithms.preconditioned import (
    looped_gradient_descent,
    preconditioned_gradient_descent,
)
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.construct.algorithms.resistive import resistive_embedding
from eigenformer.core import InputError, rng

EYE = np.eye(3)
X, Y, QUERY = (part[0] for part in draw_regression(rng(14), 1, 9, 3))
COLUMN = Y[:, None]
STARTS, START = started(rng(0, "starts").normal(size=(3, 9, 3)))
VECTORS = np.random.default_rng(3).normal(size=(2, NODES))

GD = gradient_descent(3, 9, 0.1)
PRECONDITIONED = preconditioned_gradient_descent(3, 9, [EYE])
LEAST_SQUARES = least_squares(3, 9, 2)
FU = fu_newton(3, 9, 2)
FU_STEPS = fu_newton_steps(3, 9, 2)
NEWTON = newton_inverse(3, 5)
ELECTRIC = {
    build: build(NODES, EDGES, 10, 3)
    for build in (electric_potentials, electric_flow, electric_quadratic)
}
EIGENVECTORS = laplacian_eigenvectors(NODES, EDGES, 2, 3)
POWER = power_iteration(2, 3)
CG = conjugate_gradient(2, 3, condition=100)

LOGISTIC = logistic_newton(5, 26, 0.1)
A, LABELS, W = draw_problems(np.random.default_rng(7), 30)


def changed(part, index, value):
    """The logistic problems with another value at one place."""
    problem = [A.copy(), LABELS.copy(), W.copy()]
    problem[part][index] = value
    return problem


OPTIONS = [
    (lambda: gd_plus_plus(3, 5, []), "rates is empty"),
    (lambda: gd_plus_plus(3, 5, [(math.nan, 0.0)]), "rates holds a nan"),
    (lambda: newton_schulz_descent(3, 5, 0), "layers is 0"),
    (lambda: newton_schulz_descent(3, 5, condition=0.1), "condition is 0.1"),
    (lambda: newton_schulz_descent(3, 5, largest=0.0), "largest is 0.0"),
    (lambda: preconditioned_gradient_descent(3, 5, []), "preconditioners is empty"),
    (lambda: preconditioned_gradient_descent(3, 5, [np.eye(2)]), r"must be \(3, 3\)"),
    (lambda: preconditioned_gradient_descent(3, 5, [EYE * np.nan]), "nan or inf"),
    (lambda: looped_gradient_descent(3, 5, 0), "loops is 0"),
    (lambda: looped_gradient_descent(0, 5, 1), "dim is 0"),
    (lambda: gradient_descent(3, 0, 0.1), "tokens is 0"),
    (lambda: gradient_descent(3, 5, 0.1, 0), "steps is 0"),
    (lambda: gradient_descent(3, 5, [0.1, 0.2], 3), "2 step sizes for 3 steps"),
    (lambda: gradient_descent(3, 5, []), "0 step sizes"),
    (lambda: gradient_descent(3, 5, math.nan), "eta holds a nan"),
    (lambda: gradient_descent(3, 5, 0.1, initial=np.full((1, 3), np.inf)), "initial holds"),
    (lambda: gradient_descent(3, 5, 0.1, initial=np.ones((2, 3))), r"must be .* \(1, 3\)"),
    (lambda: least_squares(5, 4, 2), "compile for at least 5"),
    (lambda: least_squares(0, 4, 2), "dim is 0"),
    (lambda: least_squares(3, 4, 0), "steps is 0"),
    (lambda: least_squares(3, 4, 2, eps=-1.0), "eps is -1.0"),
    (lambda: least_squares(3, 4, condition=0.5), "condition is 0.5"),
    (lambda: ridge(3, 4, -1.0), "mu is -1.0"),
    (lambda: ridge(3, 4, 1.0, start="gram"), "needs eps"),
    (lambda: fu_newton_steps(3, 5, 0), "steps is 0"),
    (lambda: fu_newton_steps(3, 0, 1), "tokens is 0"),
    (lambda: fu_newton(3, 5, 0), "steps is 0"),
    (lambda: fu_newton(3, 5, alpha=0.0), "alpha is 0.0"),
    (lambda: fu_newton(3, 5, condition=0.0), "condition is 0.0"),
    (lambda: newton_inverse(0, 3), "dim is 0"),
    (lambda: newton_inverse(3, 0), "steps is 0"),
    (lambda: newton_inverse(3, 3, alpha=-1.0), "alpha is -1.0"),
    (lambda: newton_inverse(3, 3, alpha=math.nan), "alpha is nan"),
    (lambda: newton_order(3, 1, 3), "order is 1"),
    (lambda: pseudo_inverse(3, 0, 3), "is 0"),
    *(
        (lambda counts=counts: electric_potentials(*counts), "give at least")
        for counts in ((1, 20, 10, 5), (10, 0, 10, 5), (10, 20, 0, 5), (10, 20, 10, 0))
    ),
    *(
        (lambda step=step: electric_potentials(10, 20, 10, 5, step), "give a positive number")
        for step in (0.0, -1.0, math.nan, math.inf)
    ),
    (lambda: electric_flow(10, 20, 11, 5), "has room for 10"),
    (lambda: incidence_matrix(10, skip_ring(), np.ones(3)), "give one for each"),
    (lambda: incidence_matrix(5, skip_ring(), np.ones(20)), "nodes are 0 to 4"),
    (lambda: heat_kernel(NODES, EDGES, 10, -1.0, 8), "time is -1"),
    (lambda: heat_kernel(NODES, EDGES, 10, 0.5, 0), "layers is 0"),
    (lambda: resistive_embedding(NODES, EDGES, 10, 0), "layers is 0"),
    (lambda: resistive_embedding(NODES, EDGES, 10, 3, lambda_max=-1.0), "lambda_max is -1"),
    (lambda: laplacian_eigenvectors(NODES, EDGES, 10, 3), "10 nodes have 9"),
    (lambda: laplacian_eigenvectors(NODES, EDGES, 2, 0), "iterations is 0"),
    (lambda: laplacian_eigenvectors(NODES, EDGES, 2, 3, mu=0.0), "mu is 0"),
    (lambda: power_iteration(2, 0), "layers is 0"),
    (lambda: conjugate_gradient(2, 3, condition=0.5), r"condition is 0\.5"),
    (lambda: conjugate_gradient(2, 3, condition=1e9), "too far off to refine"),
    (lambda: conjugate_gradient(2, 3, knots=2), "too far off to refine"),
    (lambda: conjugate_gradient(2, 3, knots=1), "knots is 1"),
    (lambda: conjugate_gradient(2, 3, refinements=-1), "refinements is -1"),
    *(
        (
            lambda option=option: logistic_newton(**{"dim": 5, "tokens": 26, "mu": 0.1, **option}),
            message,
        )
        for option, message in (
            ({"mu": 0.0}, "mu=0"),
            ({"mu": math.inf}, "mu=inf"),
            ({"dim": 0}, "dim=0"),
            ({"steps": 0}, "steps=0"),
            ({"limit": -1.0}, "limit=-1"),
            ({"inverse_steps": 0}, "inverse_steps=0"),
            ({"knots": 1}, "knots=1"),
        )
    ),
]

INPUTS = [
    (lambda: GD(X, COLUMN[:8], QUERY), "x has 9, y has 8"),
    (lambda: GD(X, Y, QUERY), r"y has shape \(9,\)"),
    (lambda: GD(np.ones((10, 3)), np.ones((10, 1)), QUERY), "10 tokens, but .* at most 9"),
    (lambda: GD(X, COLUMN, QUERY * np.nan), "query holds a nan or inf"),
    (lambda: GD(X, COLUMN), "takes x, y, query; 2 inputs"),
    (lambda: GD(X[:0], COLUMN[:0], QUERY), "x has no tokens"),
    (lambda: PRECONDITIONED(X, Y[:4], QUERY), "x has 9, y has 4"),
    (lambda: PRECONDITIONED(np.ones((12, 3)), np.ones(12), QUERY), "compile it for more"),
    (lambda: PRECONDITIONED(np.where(X > 0, np.nan, X), Y, QUERY), "x holds a nan"),
    (lambda: LEAST_SQUARES(X[:, :2], Y, QUERY), r"A has shape \(9, 2\).*compiled for \(9, 3\)"),
    (lambda: LEAST_SQUARES(np.ones((10, 3)), np.ones(10), QUERY), "10 tokens, but .* at most 9"),
    (lambda: LEAST_SQUARES(X, Y[:8], QUERY), "A has 9, y has 8"),
    (lambda: LEAST_SQUARES(X, np.where(Y[4] == Y, np.nan, Y), QUERY), "y holds a nan or inf"),
    (lambda: LEAST_SQUARES(X, Y), "takes A, y, a_test; 2 inputs"),
    (lambda: LEAST_SQUARES(X, Y, "four"), "a_test is not an array"),
    (lambda: LEAST_SQUARES(np.stack([X] * 2), np.stack([Y] * 3), QUERY), "different batch sizes"),
    (lambda: FU(X, Y[:4], QUERY), "x has 9, y has 4"),
    (lambda: FU(np.ones((12, 3)), np.ones(12), QUERY), "compile it for more"),
    (
        lambda: FU_STEPS(STARTS, START * np.array([1, 2.5, 1])[:, None, None]),
        r"eigenvalue 2\.\d+ \(example 1\), at or beyond 2",
    ),
    (lambda: FU_STEPS(STARTS, START + np.triu(np.ones((3, 3)), 1)), "start is not symmetric"),
    (lambda: FU_STEPS(STARTS), "takes x, start; 1 inputs"),
    (lambda: FU_STEPS(STARTS, np.nan * START), "start holds a nan"),
    (lambda: NEWTON(np.stack([X[:3], np.ones((3, 3))])), "matrix 1 is singular to working prec"),
    (lambda: NEWTON(np.zeros((3, 3))), "A is zero; give another"),
    (lambda: NEWTON(np.full((3, 3), np.inf)), "A holds a nan or inf"),
    (lambda: NEWTON(np.ones((3, 4))), "A has shape"),
    (lambda: NEWTON(EYE, EYE, EYE), "newton_inverse takes A, X0; 3 inputs"),
    (lambda: newton_inverse(3, 5, symmetric=True)(X[:3]), "A differs from its transpose"),
    (lambda: LOGISTIC(*changed(0, (3, 4), [2.0, 0, 0, 0, 0])), r"length 2, .*rescale.*mu=0.025"),
    (lambda: LOGISTIC(*changed(1, (3, 4), 0.5)), r"a label is 0\.5"),
    (lambda: LOGISTIC(*changed(2, 3, 50.0)), r"limit 12; compile with limit=\d+"),
    (lambda: LOGISTIC(A[:, :20], LABELS[:, :20], W), r"20 examples.*compiled for 26.*tokens=20"),
    (lambda: LOGISTIC(np.zeros((30, 5)), np.ones(30), np.zeros(5)), "30 examples"),
    (lambda: LOGISTIC(A, LABELS[:, :20], W), "y has shape"),
    (lambda: LOGISTIC(A, LABELS, W[:, :4]), "x has shape"),
    *((lambda part=part: LOGISTIC(*changed(part, 0, math.nan)), "nan") for part in range(3)),
    (lambda: LOGISTIC("features", LABELS, W), "not an array of numbers"),
    (lambda: LOGISTIC(A, LABELS), "2 inputs"),
    (lambda: rescale(np.full((2, 2), math.nan), 0.1), "nan"),
    *(
        (lambda call=call, build=build: call(build), message)
        for build in ELECTRIC
        for call, message in (
            (lambda build: build(NODES, 10, 10, 3)(TWO_RINGS, DEMANDS), "disconnected"),
            (lambda build: ELECTRIC[build](np.zeros_like(B), DEMANDS), "at least one edge"),
            (lambda build: ELECTRIC[build](np.abs(B), DEMANDS), "sum to zero"),
            (lambda build: ELECTRIC[build](np.where(B.max() == B, np.nan, B), DEMANDS), "nan or"),
            (lambda build: ELECTRIC[build](B.T, DEMANDS), r"incidence has shape \(20, 10\)"),
            (lambda build: ELECTRIC[build](B), "takes incidence, demands"),
            (lambda build: ELECTRIC[build](B, DEMANDS[:4]), "demands has shape"),
        )
    ),
    (lambda: heat_kernel(NODES, EDGES, 10, 0.5, 64)(B, DEMANDS * np.nan), "nan or inf"),
    (lambda: heat_kernel(NODES, EDGES, 10, 0.5, 64)(np.abs(B), DEMANDS), "sum to zero"),
    (lambda: resistive_embedding(NODES, 10, 10, 3)(TWO_RINGS, DEMANDS), "disconnected"),
    (
        lambda: resistive_embedding(NODES, EDGES, 10, 5, lambda_max=0.2 * LARGEST)(B, DEMANDS),
        "would diverge",
    ),
    (lambda: resistive_embedding(NODES, EDGES, 10, 3)(B, DEMANDS * np.inf), "nan or inf"),
    (lambda: EIGENVECTORS(B, np.ones((2, 10))), "depend on each other"),
    (lambda: EIGENVECTORS(B, np.tile(VECTORS[:1], (2, 1))), "depend on each other"),
    (
        lambda: laplacian_eigenvectors(NODES, EDGES, 2, 3, mu=0.9 * LARGEST)(B, VECTORS),
        "mu >= lambda_max",
    ),
    (lambda: EIGENVECTORS(np.zeros_like(B), VECTORS), "at least one edge"),
    (lambda: EIGENVECTORS(B, VECTORS * np.nan), "nan or inf"),
    (lambda: POWER([[0.0, 1.0], [1.0, 0.0]], [1.0, 0.5]), "l and -l"),
    (lambda: POWER([[1.0, 1.0], [0.0, 3.0]], [1.0, 0.5]), "not symmetric"),
    (lambda: POWER(np.zeros((2, 2)), [1.0, 0.5]), "matrix is zero"),
    (lambda: POWER(np.eye(2), [0.0, 0.0]), "start is zero"),
    (lambda: POWER(np.eye(2), [np.nan, 0.0]), "nan or inf"),
    (lambda: POWER(EYE, [1.0, 0.0]), "matrix has shape"),
    (lambda: CG([[1.0, 0.0], [0.0, -1.0]], [1.0, 1.0]), "positive definite"),
    (lambda: CG([[1.0, 1.0], [1.0, 1.0 - 1e-14]], [1.0, 1.0]), "positive definite"),
    (lambda: CG([[1.0, 0.0], [0.0, 1e-3]], [1.0, 1.0]), r"condition number of a matrix is 1e\+03"),
    (lambda: CG([[1.0, 0.5], [0.0, 1.0]], [1.0, 1.0]), "not symmetric"),
    (lambda: CG(np.eye(2), [np.inf, 1.0]), "nan or inf"),
]


@pytest.mark.parametrize(("call", "message"), [*OPTIONS, *INPUTS])
def test_it_is_refused_with_a_sentence(call, message):
    with pytest.raises(InputError, match=message):
        call()
