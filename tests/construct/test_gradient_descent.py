"""One layer is one step of gradient descent, from any W0 (von Oswald et al., Proposition 1)."""

import numpy as np
import pytest
import torch
from constructed_checks import difference

from eigenformer.construct.algorithms.gradient_descent import (
    gradient_descent,
    gradient_descent_reference,
)
from eigenformer.core import InputError, rng


def draw(numbers, batch, tokens, dim, outputs):
    return (
        numbers.normal(size=(batch, tokens, dim)),
        numbers.normal(size=(batch, tokens, outputs)),
        numbers.normal(size=(batch, dim)),
    )


def test_a_thousand_single_steps():
    numbers = rng(0, "gradient descent")
    worst = 0.0
    for _ in range(50):
        dim, outputs, tokens = (int(numbers.integers(1, high)) for high in (8, 4, 21))
        initial = numbers.normal(size=(outputs, dim))
        eta = float(numbers.uniform(0.01, 2))
        network = gradient_descent(dim, tokens, eta, outputs=outputs, initial=initial)
        assert network.depth == 1
        assert network.spec.layout.width == dim + outputs
        assert [len(layer.heads) for layer in network.spec.layers] == [1]
        inputs = draw(numbers, 20, tokens, dim, outputs)
        expected = gradient_descent_reference(*inputs, etas=[eta], initial=initial)
        worst = max(worst, difference(network(*inputs), expected))
    assert worst < 1e-12


@pytest.mark.parametrize("from_zero", [True, False])
def test_many_steps(from_zero):
    numbers = rng(1)
    initial = None if from_zero else numbers.normal(size=(2, 4))
    inputs = draw(numbers, 100, 15, 4, 2)
    network = gradient_descent(4, 15, 0.3, 7, outputs=2, initial=initial)
    expected = gradient_descent_reference(*inputs, etas=[0.3] * 7, initial=initial)
    assert difference(network(*inputs), expected) < 1e-13
    assert network.depth == 7
    assert len({id(layer) for layer in network.spec.layers}) == 1  # shared weights
    etas = [0.1, 1.5, 0.4]
    network = gradient_descent(4, 15, etas, 3, outputs=2, initial=initial)
    expected = gradient_descent_reference(*inputs, etas=etas, initial=initial)
    assert difference(network(*inputs), expected) < 1e-12


def test_targets_become_residuals():
    numbers = rng(2)
    x, y, query = draw(numbers, 10, 8, 3, 1)
    initial = numbers.normal(size=(1, 3))
    trace = gradient_descent(3, 8, 0.2, 2, initial=initial).trace(x, y, query)
    for layer in trace:
        assert torch.equal(layer["x"], trace[0]["x"])
    step = -0.2 / 8 * (x @ initial.T - y).swapaxes(1, 2) @ x
    residual = y - x @ step.swapaxes(1, 2)
    assert difference(trace[1]["y"][:, :, :8], residual.swapaxes(1, 2)) < 1e-14


def test_convergence_to_least_squares():
    x, y, query = draw(rng(3), 20, 40, 3, 2)
    w = np.linalg.pinv(x) @ y
    found = gradient_descent(3, 40, 0.6, 200, outputs=2)(x, y, query)
    assert difference(found, np.einsum("bio,bi->bo", w, query)) < 1e-12


@pytest.mark.parametrize("with_initial", [False, True])
def test_fewer_tokens_take_their_own_mean(with_initial):
    numbers = rng(4)
    inputs = draw(numbers, 20, 6, 3, 2)
    initial = numbers.normal(size=(2, 3)) if with_initial else None
    network = gradient_descent(3, 13, 0.2, 4, outputs=2, initial=initial)
    expected = gradient_descent_reference(*inputs, etas=[0.2] * 4, initial=initial)
    assert difference(network(*inputs), expected) < 1e-14 * 100


def test_divergence_is_said_before_it_happens():
    x, y, query = draw(rng(6), 1, 10, 3, 1)
    limit = 2 / np.linalg.norm(x[0].T @ x[0] / 10, 2)
    with pytest.raises(InputError, match=r"at or beyond 2 / lambda_max.*example 0"):
        gradient_descent(3, 10, 1.01 * limit, 2)(x, y, query)
    # One step, and a schedule, may be as large as they like.
    gradient_descent(3, 10, 1.01 * limit)(x, y, query)
    gradient_descent(3, 10, [1.01 * limit, 0.1], 2)(x, y, query)
    grown = gradient_descent(3, 10, 1.1 * limit, 300, guard=False)(x, y, query)
    assert abs(grown) > 1e6
    assert abs(gradient_descent(3, 10, 0.99 * limit, 300)(x, y, query)) < 100
    # The limit is that of the tokens that are there, not of those compiled for.
    with pytest.raises(InputError, match="repeated steps diverge"):
        gradient_descent(3, 30, 1.01 * limit, 2)(x, y, query)
    gradient_descent(3, 30, 0.99 * limit, 2)(x, y, query)
