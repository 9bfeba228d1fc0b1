"""Weights into models, only where they fit."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ..core import InputError
from ..encodings import Encoding
from .base import Model, ModelConfig

_SLACK = 4
"""A model may have made parts that it replaced by others."""


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], misfit: str) -> None:
    """`model.load_state_dict(weights)`; `InputError(misfit)` if names or sizes differ."""
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if {name: tensor.shape for name, tensor in weights.items()} != wanted:
        raise InputError(misfit)
    model.load_state_dict(weights)


def built_with(
    weights: Mapping[str, Tensor],
    config: ModelConfig,
    input_encoding: Encoding,
    output_encoding: Encoding,
    misfit: str,
) -> Model:
    """The model that has these weights, ready to answer; `InputError(misfit)` if they don't fit.

    A damaged configuration may ask for more than there is memory, so building ends as soon as the
    model has become several times as large as the weights.
    """
    with _at_most(_SLACK * sum(tensor.numel() for tensor in weights.values()), misfit):
        model = config.build(input_encoding, output_encoding, seed=0)
    put_weights(model, weights, misfit)
    return model.eval()


@contextmanager
def _at_most(numbers: int, misfit: str) -> Iterator[None]:
    """No more parameters than that may be made within, by this thread."""
    left, thread = numbers, threading.get_ident()

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        if parameter is not None and threading.get_ident() == thread:
            left -= parameter.numel()
            if left < 0:
                raise InputError(misfit)

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    except (RuntimeError, TypeError, OverflowError) as error:  # torch's for impossible sizes
        raise InputError(f"{misfit} ({str(error).splitlines()[0]})") from error
    finally:
        hook.remove()
