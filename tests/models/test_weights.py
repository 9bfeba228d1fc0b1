"""Weights fit a configuration or are refused, whatever numbers the configuration holds."""

import resource
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from eigenformer import encodings
from eigenformer.core import InputError
from eigenformer.encodings import Encoding
from eigenformer.models import (
    DirectConfig,
    Model,
    ModelConfig,
    RecurrentConfig,
    StackConfig,
    TransformerConfig,
)
from eigenformer.models.weights import built_with

P1000 = encodings.get("P1000")
SIZE = {"layers": 1, "width": 8, "heads": 2}
STACKS = {"encoder": StackConfig(**SIZE), "decoder": StackConfig(**SIZE)}
CONFIGS = {
    "direct": DirectConfig(**STACKS),
    "transformer": TransformerConfig(**STACKS),
    "recurrent": RecurrentConfig(encoder_layers=1, decoder_layers=1, embedding=4, hidden=4),
}
DAMAGES: list[tuple[str, dict[str, Any]]] = [
    *(
        (name, {"encoder": StackConfig(**{**SIZE, field: value})})
        for name in ("direct", "transformer")
        for field, values in (("layers", (9, 1000)), ("width", (10**5,)), ("hidden", (9, 10**5)))
        for value in values
    ),
    *(("direct", {"max_dim": value}) for value in (33, 10**4, 10**6)),
    *(("transformer", {"max_positions": value}) for value in (33, 10**6)),
    *(("recurrent", {field: 10**5}) for field in ("embedding", "hidden")),
]


def weights(config: ModelConfig) -> dict[str, Tensor]:
    return dict(config.build(P1000, P1000, seed=3).state_dict())


@pytest.mark.parametrize("name", CONFIGS)
def test_weights_that_fit(name: str) -> None:
    config = CONFIGS[name]
    saved = weights(config)
    model = built_with(saved, config, P1000, P1000, "a misfit")
    assert not model.training
    assert all(torch.equal(tensor, saved[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_sizes_that_the_weights_do_not_have(name: str, damage: dict[str, Any]) -> None:
    config = CONFIGS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="a misfit"):
        built_with(weights(config), config.changed(**damage), P1000, P1000, "a misfit")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18  # KiB


@dataclass(frozen=True, kw_only=True)
class Patient(TransformerConfig):
    """Has a number that is not the size of anything."""

    repeats: int = 4096

    def build(self, input_encoding: Encoding, output_encoding: Encoding, seed: int) -> Model:
        # Made and thrown away, as a subclass may.
        TransformerConfig.build(self, input_encoding, output_encoding, seed)
        return TransformerConfig.build(self, input_encoding, output_encoding, seed)


def test_numbers_that_are_no_sizes_are_nobodys_business() -> None:
    config = Patient(**STACKS)
    built_with(weights(config), config, P1000, P1000, "a misfit")
