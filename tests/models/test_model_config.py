"""Configs: checks, the registry, and the way through JSON."""

import pytest

from eigenformer import models
from eigenformer.core import InputError
from eigenformer.models import StackConfig, TransformerConfig

STACK = StackConfig(layers=1, width=8, heads=2)


@pytest.mark.parametrize("fields", [{"layers": 0}, {"width": 0}, {"heads": 0}, {"hidden": 0}])
def test_sizes_are_positive(fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        StackConfig(**{"layers": 1, "width": 8, "heads": 2, **fields})


def test_heads_divide_the_width():
    with pytest.raises(InputError, match="10 cannot be split into 4 heads"):
        StackConfig(layers=1, width=10, heads=4)


@pytest.mark.parametrize("fields", [{"max_positions": 0}, {"norm_epsilon": 0.0}])
def test_the_model_is_checked(fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        TransformerConfig(encoder=STACK, decoder=STACK, **fields)


def test_an_unknown_model_is_named():
    with pytest.raises(InputError, match="transformer"):
        models.get("transfomer")


def test_hidden_defaults_to_four_widths():
    assert STACK.feed_forward_width == 32
    assert StackConfig(layers=1, width=8, heads=2, hidden=5).feed_forward_width == 5
