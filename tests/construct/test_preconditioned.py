"""Lemma 1 of Ahn et al.: a layer is a preconditioned step; with A_l^T, if A_l is not symmetric."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from constructed_checks import difference

from eigenformer.construct.algorithms.gradient_descent import gradient_descent
from eigenformer.construct.algorithms.preconditioned import (
    looped_gradient_descent,
    preconditioned_gradient_descent,
    preconditioned_reference,
)
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.core import InputError, rng


def test_six_layers_of_matrices_that_are_not_symmetric():
    numbers = rng(0, "preconditioned")
    worst = 0.0
    for case in range(30):
        dim, tokens = int(numbers.integers(1, 7)), int(numbers.integers(5, 25))
        matrices = 0.2 * numbers.normal(size=(6, dim, dim))
        network = preconditioned_gradient_descent(dim, tokens, matrices)
        assert network.depth == 6
        assert network.spec.layout.width == dim + 1
        assert all(len(layer.heads) == 1 for layer in network.spec.layers)
        inputs = draw_regression(rng(0, "lemma 1", case), 10, tokens, dim)
        expected = preconditioned_reference(*inputs, preconditioners=matrices)
        scale = 1 + np.abs(expected)
        worst = max(worst, (np.abs(network(*inputs).numpy() - expected) / scale).max())
    assert worst < 1e-12


def test_the_step_is_with_the_transpose():
    x, y, query = draw_regression(rng(1), 20, 12, 4)
    matrix = rng(2).normal(size=(4, 4))
    found = preconditioned_gradient_descent(4, 12, [matrix])(x, y, query)
    gradient = -np.einsum("bn,bnd->bd", y, x) / 12
    transposed = -np.einsum("de,bd,be->b", matrix, gradient, query)
    plain = -np.einsum("ed,bd,be->b", matrix, gradient, query)
    assert difference(found, transposed) < 1e-13
    assert difference(found, plain) > 0.1


def test_the_trace_holds_residuals_and_the_data_stay():
    x, y, query = draw_regression(rng(3), 10, 9, 3)
    matrices = 0.3 * rng(4).normal(size=(3, 3, 3))
    trace = preconditioned_gradient_descent(3, 9, matrices).trace(x, y, query)
    eye = np.eye(3)[None].repeat(10, axis=0)
    for count, layer in enumerate(trace):
        assert torch.equal(layer["x"], trace[0]["x"])
        w = np.stack(
            [
                preconditioned_reference(x, y, eye[:, i], preconditioners=matrices[:count])
                for i in range(3)
            ],
            axis=1,
        )
        residual = y - np.einsum("bnd,bd->bn", x, w)
        assert difference(layer["y"][:, 0, :9], residual) < 1e-13


def test_multiples_of_the_identity_are_gradient_descent():
    x, y, query = draw_regression(rng(5), 10, 12, 4)
    etas = [0.1, 0.5, 0.2]
    found = preconditioned_gradient_descent(4, 12, [eta * np.eye(4) for eta in etas])(x, y, query)
    other = gradient_descent(4, 12, etas, 3)(x, y[:, :, None], query)
    assert difference(found, other.numpy()[:, 0]) < 1e-14


def test_newton_in_one_layer_if_the_covariance_is_known():
    # A = (X^T X / n)^{-1} solves least squares in one step: the idea of Theorem 3.
    x, y, query = draw_regression(rng(6), 1, 12, 4)
    matrix = np.linalg.inv(x[0].T @ x[0] / 12)
    found = preconditioned_gradient_descent(4, 12, [matrix])(x, y, query)
    w = np.linalg.lstsq(x[0], y[0], rcond=None)[0]
    assert abs(found - w @ query[0]) < 1e-13


def test_looped_equals_steps_and_shares_its_weights():
    inputs = draw_regression(rng(7), 100, 20, 5)
    matrix = 0.2 * np.eye(5) + 0.02 * rng(8).normal(size=(5, 5))
    network = looped_gradient_descent(5, 20, 9, matrix)
    expected = preconditioned_reference(*inputs, preconditioners=[matrix] * 9)
    assert difference(network(*inputs), expected) < 1e-13
    assert network.depth == 9
    assert len({id(layer) for layer in network.spec.layers}) == 1
    # More loops keep lowering the distance to least squares.
    w = np.linalg.pinv(inputs[0]) @ inputs[1][:, :, None]
    target = (w[:, :, 0] * inputs[2]).sum(1)
    errors = [
        np.abs(looped_gradient_descent(5, 20, loops, 0.3)(*inputs).numpy() - target).mean()
        for loops in (2, 5, 10, 20, 40)
    ]
    assert all(after < before for before, after in pairwise(errors))


@pytest.mark.parametrize("loops", [1, 5])
def test_fewer_tokens_take_their_own_mean(loops):
    inputs = draw_regression(rng(9), 20, 7, 3)
    found = looped_gradient_descent(3, 18, loops, 0.1)(*inputs)
    expected = preconditioned_reference(*inputs, preconditioners=[0.1 * np.eye(3)] * loops)
    assert difference(found, expected) < 1e-13
    exact = looped_gradient_descent(3, 7, loops, 0.1)(*inputs)
    assert difference(found, exact.numpy()) < 1e-13


def test_divergence_is_said_before_it_happens():
    inputs = draw_regression(rng(12), 2, 10, 3)
    limit = 2 / np.linalg.norm(inputs[0][1].T @ inputs[0][1] / 10, 2)
    good = [x[1] for x in inputs]
    with pytest.raises(InputError, match=r"the loop diverges: an error grows by the factor 1\.0"):
        looped_gradient_descent(3, 10, 2, 1.01 * limit)(*good)
    looped_gradient_descent(3, 10, 2, 0.99 * limit)(*good)
    looped_gradient_descent(3, 10, 2, 1.01 * limit, guard=False)(*good)
    # Fewer tokens than dimensions: a factor of exactly 1 is no divergence.
    few = [inputs[0][1][:2], inputs[1][1][:2], inputs[2][1]]
    looped_gradient_descent(3, 10, 50, 0.1)(*few)
