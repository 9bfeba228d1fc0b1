"""The faster linear map is a linear map, on either route."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.models import cpu


def both(shape: tuple[int, ...], outputs: int, bias: bool, dtype: torch.dtype):
    generator = torch.Generator().manual_seed(0)

    def leaf(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=generator, dtype=dtype).requires_grad_()

    leaves = [leaf(*shape), leaf(outputs, shape[-1])] + ([leaf(outputs)] if bias else [])
    weights = torch.randn(*shape[:-1], outputs, generator=generator, dtype=dtype)
    results = []
    for function in (cpu.linear, F.linear):
        y = function(*leaves)
        results.append([y, *torch.autograd.grad(y, leaves, weights)])
    return results


@given(
    rows=st.sampled_from([(0,), (1,), (5,), (3, 4), (0, 4), (2, 3, 4)]),
    inputs=st.integers(1, 9),
    outputs=st.integers(1, 9),
    bias=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_any_shape(rows, inputs, outputs, bias, dtype):
    for ours, torchs in zip(*both((*rows, inputs), outputs, bias, dtype), strict=True):
        assert ours.shape == torchs.shape
        torch.testing.assert_close(ours, torchs)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rows", [(64, 77), (7, 101), (641,)])
def test_large_products(rows, threads, monkeypatch):
    monkeypatch.setattr(cpu, "_ONEDNN_PAYS", True)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for ours, torchs in zip(*both((*rows, 64), 200, True, torch.float32), strict=True):
            assert ours.is_contiguous()
            scale = float(torchs.detach().abs().max())
            torch.testing.assert_close(ours, torchs, rtol=0, atol=1e-5 * scale)
    finally:
        torch.set_num_threads(before)


def test_float32_is_kept_in_full(monkeypatch):
    """Errors beside float64 are those of float32, not of a shorter format."""
    monkeypatch.setattr(cpu, "_ONEDNN_PAYS", True)
    x, w = torch.rand(1000, 128), torch.rand(128, 128)
    exact = x.double() @ w.double().T
    assert float(((cpu.linear(x, w).double() - exact) / exact).abs().max()) < 1e-6


def test_tune_cpu_can_be_called_twice():
    cpu.tune_cpu()
    cpu.tune_cpu()
    assert float(torch.tensor([1e-39]) * 1.0) == 0.0
    torch.set_flush_denormal(False)
