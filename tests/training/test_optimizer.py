"""Muon, the schedule and the loss against their definitions and against torch."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from eigenformer import encodings
from eigenformer.core import InputError
from eigenformer.encodings import soft_targets
from eigenformer.models import Choices
from eigenformer.training import OptimizerConfig, ScheduleConfig
from eigenformer.training.loss import TokenLoss
from eigenformer.training.muon import Muon, orthogonalize
from eigenformer.training.schedule import rate_multiple


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(4, 4), (8, 32), (1, 5)])
def test_orthogonalized_matrices_keep_their_singular_vectors(shape: tuple[int, int]) -> None:
    x = random(3, *shape).double()
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    y = orthogonalize(x)
    found = torch.diagonal(u.mT @ y @ vt.mT, dim1=1, dim2=2)
    torch.testing.assert_close(u @ torch.diag_embed(found) @ vt, y)
    # The quintic's coefficients trade exactness for speed: singular values end near 1, not at it.
    large = s / s.square().sum(1, keepdim=True).sqrt() > 0.02
    assert (found[large] > 0.65).all() and (found[large] < 1.25).all()


def test_muon_is_torch_muon_but_for_precision() -> None:
    start, gradients = random(16, 8), [random(16, 8, seed=s) for s in range(3)]
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    muon = Muon([(ours, 1)], rate=0.02, momentum=0.95)
    reference = torch.optim.Muon([theirs], lr=0.02, momentum=0.95, weight_decay=0.0)
    for gradient in gradients:
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        muon.step()
        reference.step()
    # torch's version orthogonalises in bfloat16: three digits.
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)


def test_a_fused_weight_is_several_matrices() -> None:
    start, gradient = random(24, 8), random(24, 8, seed=1)
    fused = torch.nn.Parameter(start.clone())
    parts = [torch.nn.Parameter(part.clone()) for part in start.chunk(3)]
    fused.grad = gradient.clone()
    for part, g in zip(parts, gradient.chunk(3), strict=True):
        part.grad = g.clone()
    Muon([(fused, 3)], rate=0.1).step()
    Muon([(part, 1) for part in parts], rate=0.1).step()
    torch.testing.assert_close(fused.data, torch.cat([p.data for p in parts]))


def test_schedule() -> None:
    schedule = ScheduleConfig(warmup_steps=10, shape="cosine", floor=0.1)
    rates = [rate_multiple(schedule, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert rates[10] == 1 and all(a > b for a, b in pairwise(rates[10:]))
    assert rate_multiple(schedule, 100, 100) == pytest.approx(0.1)
    middle = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi / 2))
    assert rate_multiple(schedule, 55, 100) == pytest.approx(middle)
    before = replace(schedule, falls="from-start")
    assert rate_multiple(before, 50, 100) == pytest.approx(middle)
    assert max(rate_multiple(before, step, 100) for step in range(100)) < 0.99
    assert rate_multiple(schedule, 5, 6) == pytest.approx(0.6)  # all warm-up
    linear = ScheduleConfig(warmup_steps=0, shape="linear", floor=0.2)
    assert [rate_multiple(linear, s, 4) for s in range(5)] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    constant = ScheduleConfig(warmup_steps=4, shape="constant")
    assert [rate_multiple(constant, s, 9) for s in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


@pytest.mark.parametrize("name", ["P10", "P1000", "B1999"])
def test_hard_loss_is_cross_entropy(name: str) -> None:
    encoding = encodings.get(name)
    size = len(encoding.vocabulary)
    logits, targets = random(7, size), torch.arange(7) + size - 7
    expected = F.cross_entropy(logits, targets, reduction="sum")
    torch.testing.assert_close(TokenLoss(encoding)(Choices(logits, targets)), expected)


@pytest.mark.parametrize("name", ["P10", "P1000", "B1999"])
def test_soft_loss_is_cross_entropy_with_soft_targets(name: str) -> None:
    encoding = encodings.get(name)
    size = len(encoding.vocabulary)
    neighbours, weights = map(torch.from_numpy, soft_targets(encoding, 0.01))
    targets = torch.tensor([0, encoding.first_number, size - 210, size // 2, size - 1])
    dense = torch.zeros(len(targets), size).scatter_add_(1, neighbours[targets], weights[targets])
    logits = random(len(targets), size)
    expected = F.cross_entropy(logits, dense, reduction="sum")
    torch.testing.assert_close(TokenLoss(encoding, 0.01)(Choices(logits, targets)), expected)


def test_a_decision_between_some_words_is_the_loss_over_them() -> None:
    encoding = encodings.get("P1000")
    signs, mantissas, _ = encoding.slots
    loss = TokenLoss(encoding, 0.01)
    for slot in (signs, mantissas):
        targets = torch.tensor([slot.start, slot.stop - 1])
        logits = random(2, len(slot))
        elsewhere = torch.full((2, len(encoding.vocabulary)), -1e4)
        elsewhere[:, slot.start : slot.stop] = logits
        found = loss(Choices(logits, targets, slot.start))
        torch.testing.assert_close(found, loss(Choices(elsewhere, targets)))


def test_soft_targets_of_p1000() -> None:
    encoding = encodings.get("P1000")
    neighbours, weights = map(torch.from_numpy, soft_targets(encoding, 0.01))
    torch.testing.assert_close(weights.sum(1), torch.ones(len(weights)))
    first = encoding.first_number + 2  # the mantissa 0
    dense = np.zeros(1000)
    np.add.at(dense, neighbours[first + 500] - first, weights[first + 500])
    offsets = np.arange(1000) - 500
    expected = np.exp(-0.5 * (offsets / 5) ** 2) * (np.abs(offsets) <= 30)
    np.testing.assert_allclose(dense, expected / expected.sum(), atol=1e-6)
    # The smallest mantissa has neighbours above only; signs and exponents have none.
    low = dict(zip(neighbours[first + 100].tolist(), weights[first + 100].tolist(), strict=True))
    assert min(token for token, weight in low.items() if weight) == first + 100
    for token in (0, 1, encoding.first_number, len(encoding.vocabulary) - 1, first + 99):
        assert set(neighbours[token][weights[token] > 0].tolist()) == {token}


@given(st.floats(max_value=0, allow_nan=False))
def test_rates_must_be_positive(rate: float) -> None:
    with pytest.raises(InputError, match="rate is"):
        OptimizerConfig(rate=rate)
