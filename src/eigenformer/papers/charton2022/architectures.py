"""Other architectures in place of a run's transformer (appendix E): for tables 21 to 24."""

from dataclasses import replace
from typing import Literal

from ...models import RecurrentConfig, UniversalConfig
from ...training import TrainConfig
from .full_size import pair

CELLS: dict[str, Literal["lstm", "gru"]] = {"LSTM": "lstm", "GRU": "gru"}
"""The paper's names, and ours."""
GATINGS: dict[str, Literal["none", "copy", "act"]] = {"none": "none", "gated": "copy", "ACT": "act"}
"""The paper's names, and ours."""
_GPU_EXAMPLES = 500_000
"""At scale gpu: 4 layers of 2,048 units have 8 times the weights of a 2/2-layer transformer."""


def recurrent(
    config: TrainConfig, cell: str, *, layers: str, hidden: int, embedding: int
) -> TrainConfig:
    """`config` with an LSTM or GRU, whose embeddings start as its transformer's do.

    `cell` and `layers` are spelled as in the paper's tables. At scale gpu the run becomes shorter,
    as recurrent models of the paper's sizes have several times the weights of its transformers.
    """
    encoder, decoder = map(int, pair(layers))
    ours = RecurrentConfig.like(
        config.model,
        cell=CELLS[cell],
        encoder_layers=encoder,
        decoder_layers=decoder,
        embedding=embedding,
        hidden=hidden,
    )
    return _shortened(replace(config, model=ours), _GPU_EXAMPLES)


def looped(
    config: TrainConfig, *, encoder_loops: int = 1, decoder_loops: int = 1, gating: str = "none"
) -> TrainConfig:
    """`config` with the stacks of its transformer looped; `gating` is a name of the paper's.

    At scale gpu the run becomes as many times shorter.
    """
    ours = UniversalConfig.like(
        config.model,
        encoder_loops=encoder_loops,
        decoder_loops=decoder_loops,
        gating=GATINGS[gating],
    )
    loops = max(encoder_loops, decoder_loops)
    return _shortened(replace(config, model=ours), config.examples // loops)


def _shortened(config: TrainConfig, examples: int) -> TrainConfig:
    """A run of scale gpu, which is in bfloat16, of at most as many examples; other runs stay."""
    if config.precision == "float32" or config.examples <= examples:
        return config
    evaluations = -(-config.examples // config.evaluation.every)
    every = -(-examples // evaluations)
    return replace(config, examples=examples, evaluation=replace(config.evaluation, every=every))
