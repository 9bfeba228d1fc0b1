"""What holds for every algorithm: its entry's figures, dense weights like sparse, symmetries."""

import numpy as np
import pytest
import torch
from constructed_examples import difference, started
from graph_examples import DEMANDS, EDGES, NODES, B

from eigenformer.construct import CATALOGUE, check_entry
from eigenformer.construct.algorithms import power_iteration as power
from eigenformer.construct.algorithms.conjugate_gradient import conjugate_gradient
from eigenformer.construct.algorithms.electric import (
    electric_flow,
    electric_potentials,
    electric_quadratic,
)
from eigenformer.construct.algorithms.fu_newton import (
    fu_newton,
    fu_newton_steps,
    fu_newton_steps_reference,
)
from eigenformer.construct.algorithms.gd_plus_plus import (
    draw_conditioned,
    gd_plus_plus,
    gd_plus_plus_reference,
    newton_schulz_descent,
)
from eigenformer.construct.algorithms.gradient_descent import (
    gradient_descent,
    gradient_descent_reference,
)
from eigenformer.construct.algorithms.heat_kernel import heat_kernel
from eigenformer.construct.algorithms.laplacian_eigenvectors import laplacian_eigenvectors
from eigenformer.construct.algorithms.least_squares import (
    least_squares,
    least_squares_reference,
    ridge,
    solve_least_squares,
)
from eigenformer.construct.algorithms.logistic import draw_problems, logistic_newton
from eigenformer.construct.algorithms.power_iteration import dominant_eigenvalue, power_iteration
from eigenformer.construct.algorithms.preconditioned import (
    looped_gradient_descent,
    preconditioned_gradient_descent,
    preconditioned_reference,
)
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.construct.algorithms.resistive import resistive_embedding
from eigenformer.construct.algorithms.spectra import ConditionWarning
from eigenformer.core import rng

FEW_SAMPLES = {"laplacian-eigenvectors": 5, "svd": 50, "singular-values": 50}
"""Of 8000 and of 243 layers; other entries are checked on 300."""


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_the_entry_of_the_catalogue(name):
    found = check_entry(CATALOGUE.get(name), rng(0, name), FEW_SAMPLES.get(name, 300), hard=False)
    assert found.passed, found


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in CATALOGUE.names() if CATALOGUE.get(name).suits is not None]
)
def test_the_gallery(name):
    found = check_entry(CATALOGUE.get(name), rng(0, name), 300)
    assert found.passed and found.ratio is not None, found


def test_the_papers_nine_problems_and_nine_functions_have_a_construction():
    problems = "transpose add matvec matmul eigenvalues eigenvectors inverse singular_values svd"
    functions = "sign sqrt inverse_sqrt exponential logarithm sine cosine power"
    asked = {*problems.split(), *(f"matrix_{name}" for name in functions.split()), "polar_factor"}
    assert asked <= {CATALOGUE.get(name).problem for name in CATALOGUE.names()}


def a_gradient_step(draw):
    dim, outputs, tokens = (int(draw.integers(1, high)) for high in (8, 4, 21))
    initial, eta = draw.normal(size=(outputs, dim)), float(draw.uniform(0.01, 2))
    network = gradient_descent(dim, tokens, eta, outputs=outputs, initial=initial)
    inputs = [draw.normal(size=(20, *n)) for n in ((tokens, dim), (tokens, outputs), (dim,))]
    expected = gradient_descent_reference(*inputs, etas=[eta], initial=initial)
    return network, (1, 1, dim + outputs), inputs, expected


def preconditioned_steps(draw):
    dim, tokens = int(draw.integers(1, 7)), int(draw.integers(5, 25))
    matrices = 0.2 * draw.normal(size=(6, dim, dim))  # not symmetric
    inputs = draw_regression(draw, 20, tokens, dim)
    expected = preconditioned_reference(*inputs, preconditioners=matrices)
    network = preconditioned_gradient_descent(dim, tokens, matrices)
    return network, (6, 1, dim + 1), inputs, expected


def any_rates(draw):
    dim, tokens = int(draw.integers(1, 7)), int(draw.integers(5, 25))
    rates = [(a, b) for a, b in draw.uniform(-0.3, 0.6, size=(5, 2)).tolist()]
    inputs = draw_regression(draw, 20, tokens, dim)
    expected = gd_plus_plus_reference(*inputs, rates=rates)
    return gd_plus_plus(dim, tokens, rates), (5, 1, dim + 1), inputs, expected


def newton_on_the_gram_matrix(draw):
    tokens, dim, steps = (int(draw.integers(*ends)) for ends in ((8, 30), (2, 8), (1, 9)))
    inputs = draw_regression(draw, 20, tokens, dim)
    expected = least_squares_reference(*inputs, steps=steps)
    return least_squares(dim, tokens, steps), (steps + 3, 2, 4 * dim + 3), inputs, expected


def newton_on_tokens(draw):
    dim, tokens = int(draw.integers(2, 8)), int(draw.integers(8, 28))
    scores, heads = (("relu", 2), ("linear", 1))[int(draw.integers(2))]
    inputs = started(draw.normal(size=(10, tokens, dim)))
    expected = fu_newton_steps_reference(*inputs, steps=1)
    return fu_newton_steps(dim, tokens, 1, scores=scores), (1, heads, 2 * dim), inputs, expected


@pytest.mark.parametrize(
    ("case", "allowed"),
    [
        (a_gradient_step, 1e-13),
        (preconditioned_steps, 1e-12),
        (any_rates, 1e-12),
        (newton_on_the_gram_matrix, 1e-12),
        (newton_on_tokens, 1e-14),
    ],
)
def test_random_shapes_follow_the_reference(case, allowed):
    draw = rng(0, case.__name__)
    for _ in range(50):
        network, counts, inputs, expected = case(draw)
        summary = network.summary()
        assert (summary.layers, summary.heads, summary.width) == counts
        error = np.abs(network(*inputs).numpy() - expected) / (1 + np.abs(expected))
        assert error.max() < allowed


REGRESSION = draw_regression(rng(7), 50, 9, 3)
SEVERAL = tuple(rng(5).normal(size=shape) for shape in ((20, 6, 3), (20, 6, 2), (20, 3)))
STARTED = started(rng(4).normal(size=(20, 9, 3)))
MATRICES = 0.3 * rng(11).normal(size=(4, 3, 3))
INITIAL = rng(6).normal(size=(2, 3))
SYMMETRIC = power.draw(np.random.default_rng(0), 50)
VECTORS = np.random.default_rng(3).normal(size=(9, 10))
FEW = (B, DEMANDS[:4])


@pytest.mark.parametrize(
    ("network", "layers", "distinct", "heads", "width"),
    [
        (gradient_descent(4, 15, 0.3, 7, outputs=2), 7, 1, 1, 6),
        (looped_gradient_descent(5, 20, 9), 9, 1, 1, 6),
        (newton_schulz_descent(10, 50, 9), 9, 9, 1, 11),
        (fu_newton_steps(5, 20, 4), 4, 1, 2, 10),
        (fu_newton_steps(5, 20, 4, scores="linear"), 4, 1, 1, 10),
        (fu_newton(4, 16, 8), 10, 3, 2, 9),  # the theorem: k + 8 layers
        (ridge(4, 12, 0.1, 3), 6, 4, 2, 19),
        (solve_least_squares(5, 20, 12), 14, 3, 2, 22),
        (electric_potentials(NODES, EDGES, 3, 7), 7, 1, 1, EDGES + 6),
        (electric_flow(NODES, EDGES, 3, 7), 8, 2, 1, EDGES + 9),
        (electric_quadratic(NODES, EDGES, 3, 4), 8, 8, 1, EDGES + 3),
        (heat_kernel(NODES, EDGES, 10, 0.5, 16), 16, 1, 1, EDGES + 10),
        (resistive_embedding(NODES, EDGES, 10, 9), 9, 9, 1, EDGES + 10),
        (laplacian_eigenvectors(NODES, EDGES, 3, 5), 20, 4, 1, EDGES + 4),
        (power_iteration(6, 7), 7, 1, 1, 7),
        (dominant_eigenvalue(6, 7), 9, 3, 1, 16),
        (conjugate_gradient(5, 3, refinements=2), 21, 6, 2, 19),
        (conjugate_gradient(5, 3, refinements=0), 15, 5, 2, 19),
    ],
    ids=lambda value: getattr(getattr(value, "spec", None), "name", ""),
)
def test_counts(network, layers, distinct, heads, width):
    found = network.summary()
    counts = (found.layers, found.distinct_layers, found.heads, found.width)
    assert counts == (layers, distinct, heads, width)


def test_whitening_is_linear_attention_alone():
    for network, extras in (
        (resistive_embedding(NODES, EDGES, 10, 9), ()),
        (laplacian_eigenvectors(NODES, EDGES, 3, 5), ("normalisation of rows",)),
    ):
        assert (network.summary().extras, network.summary().feed_forward) == (extras, 0)


@pytest.mark.parametrize(
    ("build", "inputs"),
    [
        (lambda n: gradient_descent(3, n, 0.2, 4, outputs=2), SEVERAL),
        (lambda n: gradient_descent(3, n, 0.2, 4, outputs=2, initial=INITIAL), SEVERAL),
        (lambda n: looped_gradient_descent(3, n, 1, 0.1), REGRESSION),
        (lambda n: looped_gradient_descent(3, n, 5, 0.1), REGRESSION),
        (lambda n: gd_plus_plus(3, n, [(0.2, 0.3), (0.1, 0.2)]), REGRESSION),
        (lambda n: newton_schulz_descent(3, n, condition=1e3), REGRESSION),
        (lambda n: fu_newton(3, n, 6), REGRESSION),
        (lambda n: fu_newton(3, n, 6, scores="linear"), REGRESSION),
        (lambda n: least_squares(3, n, 5), REGRESSION),
    ],
)
def test_fewer_tokens_than_compiled_for(build, inputs):
    """Those with factors 1/N take the mean over the tokens that are there."""
    count = inputs[0].shape[1]
    assert difference(build(count + 7)(*inputs), build(count)(*inputs)) < 1e-12


@pytest.mark.parametrize(
    ("network", "blocks"),
    [
        (fu_newton(3, 9, 4), {"Mx": 9}),
        (least_squares(3, 9, 4), {"inverse": 10, "data": 10, "identity": 10, "gram": 9}),
    ],
)
def test_the_query_changes_no_step(network, blocks):
    x, y, query = REGRESSION
    for one, other in zip(network.trace(x, y, query), network.trace(x, y, 50 * query), strict=True):
        for name, columns in blocks.items():
            assert (one[name] == other[name])[:, :, :columns].all()


@pytest.mark.parametrize(
    ("network", "inputs", "message"),
    [
        (newton_schulz_descent(4, 20, condition=1e9), 1e9, r"X\^T X is 1\.0e\+09"),
        (newton_schulz_descent(4, 20), 3, "singular to working precision"),
        (fu_newton(4, 20, 2), 1e9, r"S = X\^T X is 1\.0e\+09"),
        (fu_newton(4, 20, 2), 3, "singular"),
        (least_squares(4, 20, 5), 1e10, r"A\^T A is 1\.0e\+10.*relative 2e-06 at best"),
        (
            least_squares(4, 20, 5, dtype=torch.float32),
            1e4,
            "relative 1e-03 at best; use float64",
        ),
        (least_squares(4, 20, 3), 0, "singular"),
    ],
)
def test_ill_conditioned_data_say_what_is_possible(network, inputs, message):
    """Data of a condition number, or of so few rows."""
    x, y, query = draw_conditioned(rng(8), 2, 20, 4, inputs if inputs > 4 else 10.0)
    rows = 20 if inputs > 4 else inputs
    with pytest.warns(ConditionWarning, match=message):
        network(x[:, :rows], y[:, :rows], query)


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
        (lambda d: fu_newton_steps(3, 9, 3, dense=d), STARTED, 1e-14),
        (lambda d: fu_newton_steps(3, 9, 3, scores="linear", dense=d), STARTED, 1e-14),
        (lambda d: electric_potentials(NODES, EDGES, 4, 30, dense=d), FEW, 1e-13),
        (lambda d: electric_flow(NODES, EDGES, 4, 30, dense=d), FEW, 1e-13),
        (lambda d: electric_quadratic(NODES, EDGES, 4, 8, dense=d), FEW, 1e-13),
        (lambda d: heat_kernel(NODES, EDGES, 10, 0.5, 32, dense=d), (B, DEMANDS), 1e-14),
        (lambda d: resistive_embedding(NODES, EDGES, 10, 9, dense=d), (B, DEMANDS), 1e-13),
        (lambda d: laplacian_eigenvectors(NODES, EDGES, 9, 40, dense=d), (B, VECTORS), 1e-12),
        # Steep slopes amplify rounding.
        (lambda d: logistic_newton(5, 26, 0.1, dense=d), draw_problems(rng(7), 30), 1e-9),
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
