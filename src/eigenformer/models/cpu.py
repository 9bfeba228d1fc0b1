"""What makes torch on a CPU about twice as fast without changing what it computes; one thread."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

# torch's own float32 products go to MKL, which uses AVX2 on processors not made by Intel; its
# convolutions go to oneDNN, which uses AVX-512 wherever there is any. Measured on an AMD EPYC with
# AVX-512, two threads: 185 against 400 GFLOP/s. Elsewhere F.linear is left alone.
_has_onednn: Callable[[], bool] = torch.backends.mkldnn.is_available
_ONEDNN_PAYS = _has_onednn() and torch.backends.cpu.get_cpu_capability() == "AVX512"
# Below this many multiplications a convolution's fixed cost (some 10 microseconds) outweighs it;
# with fewer inputs torch would not take a single image to oneDNN.
_ONEDNN_MIN_PRODUCT, _ONEDNN_MIN_INPUTS = 2**22, 20481

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # names from glibc's malloc.h


def linear(
    x: Float[Tensor, "*rows inputs"],
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, "outputs"] | None = None,
) -> Float[Tensor, "*rows outputs"]:
    """x @ weight.T + bias, as `torch.nn.functional.linear`, by the faster of two public routes.

    On a CPU with AVX-512 a large float32 product is computed as a 1x1 convolution over one "image"
    in channels-last layout, which is a view of `x`. The same products are summed in full float32;
    only the order of summation may differ.
    """
    if (
        _ONEDNN_PAYS
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.numel() >= _ONEDNN_MIN_INPUTS
        and x.numel() * weight.shape[0] >= _ONEDNN_MIN_PRODUCT
    ):
        image = x.reshape(1, -1, 1, x.shape[-1]).permute(0, 3, 1, 2)
        # One pixel cannot be dilated, but by asking for it torch takes oneDNN with one thread too.
        y = F.conv2d(image, weight[:, :, None, None], bias, dilation=2)
        return y.permute(0, 2, 3, 1).reshape(*x.shape[:-1], weight.shape[0])
    return F.linear(x, weight, bias)


def tune_cpu() -> None:
    """Set up this process for training on a CPU; call it once, at the start of a program.

    Flushes denormal numbers to zero, and, where the C library is glibc, makes malloc keep large
    blocks: by default each activation above 32 MiB is mapped and unmapped anew, and clearing its
    pages takes several times longer than computing it (17 ms against 2 ms for a ReLU of 40 MB).
    """
    torch.set_flush_denormal(True)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 2**30)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread: results don't depend on the machine's cores, nor on runs side by side.

    Small models are no slower for it.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
