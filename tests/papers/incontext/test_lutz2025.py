"""Block completion: the task, the algorithms beside it, and the network that descends."""

import pytest
import torch

import eigenformer as ef
from eigenformer.incontext import BlockAttention, Completion, Completions
from eigenformer.papers.lutz2025.algorithms import conjugate_gradient, gradient_descent, newton
from eigenformer.papers.lutz2025.study import one_rule, scalar_share, second_order

TASK = Completion(size=4, missing=2, condition=5.0)


def batch() -> Completions:
    return TASK.draw(0, 0, 30, dtype=torch.float64)


def test_the_missing_block_follows_from_the_others() -> None:
    given = batch()
    torch.testing.assert_close(given.b @ torch.linalg.inv(given.a) @ given.c, given.target)
    sigma = torch.linalg.svdvals(given.a)
    torch.testing.assert_close(sigma[:, 0] / sigma[:, -1], torch.full((30,), 5.0).double())


def test_algorithms_arrive() -> None:
    given = batch()
    torch.testing.assert_close(conjugate_gradient(given, 4)[-1], given.target, rtol=0, atol=1e-6)
    errors = [(found - given.target).abs().max() for found in newton(given, 12)]
    assert errors[-1] < 1e-9 < errors[4]
    slow = gradient_descent(given, 400, 1.0)
    assert (slow[-1] - given.target).abs().max() < 1e-3


def test_scalar_weights_descend() -> None:
    """One head: A, C <- (I - eta A A^T) (A, C), B <- B (I - eta A^T A), and D takes eta B A^T C."""
    given, eta = batch(), 0.7
    model = BlockAttention(layers=1, heads=1, form="scalar").build(TASK).double()
    with torch.no_grad():
        model.layers[0].score.copy_(torch.tensor([[1.0, 0.0]]))
        model.layers[0].value.copy_(torch.tensor([[-eta, -eta]]))
        torch.testing.assert_close(model(given), gradient_descent(given, 1, eta)[-1])
    assert scalar_share(model) == pytest.approx(1)


def test_rows_of_other_machines_are_not_seen() -> None:
    given = batch()
    model = BlockAttention(layers=1, machines=2, init_std=0.3).build(TASK).double()
    _, cache = model.run_with_cache(given)
    pattern = cache["layers.0.attn.pattern"]
    assert (pattern[:, :, :2, 2:] == 0).all() and (pattern[:, :, 4:] != 0).any()
    with pytest.raises(ef.InputError, match="divide"):
        BlockAttention(machines=3).build(TASK)


def test_verdicts_need_seeds() -> None:
    ahead = {(10.0, 3): ([0.01, 0.01], 0.1)}
    assert second_order(ahead, 2).state == "undecided"
    assert second_order(ahead, 3).state == "holds"
    assert second_order({(10.0, 3): ([0.2], 0.1)}, 3).state == "undecided"
    assert one_rule({"full": [0.5]}, 3).state == "undecided"
