"""Runs of scale laptop that several tables and figures share; all with the paper's tokens."""

from ...training import TestSet, TrainConfig
from .full_size import pair
from .settings import paper_tokens, with_tests


def followed(config: TrainConfig) -> TrainConfig:
    """`config` scored 25 times on 2,000 matrices of its ensemble: a learning curve."""
    score = config.evaluation.score
    return with_tests(config, TestSet(size=2000), evaluations=25, score=score)


def stacks(layers: str) -> tuple[int, int]:
    """Layers as the paper's tables spell them, "6/1", as recipes take them."""
    encoder, decoder = pair(layers)
    return int(encoder), int(decoder)


def eigenvalues_2x2(encoding: str = "P1000", layers: str = "2/1", seed: int = 0) -> TrainConfig:
    """2x2 eigenvalues, for tables 6, 20, 22 and 24."""
    return paper_tokens(
        "eigenvalues",
        "2x2",
        encoding=encoding,
        layers=stacks(layers),
        examples=60_000,
        evaluations=5,
        seed=seed,
    )


def eigenvalues_3x3(encoding: str = "P1000", layers: str = "2/1", seed: int = 0) -> TrainConfig:
    """3x3 eigenvalues, followed closely, for tables 6, 7 and 19 and figures 1 and 2."""
    return followed(
        paper_tokens(
            "eigenvalues",
            "3x3",
            encoding=encoding,
            layers=stacks(layers),
            examples=100_000,
            seed=seed,
        )
    )


def inverse_2x2(
    encoding: str = "P1000", layers: str = "3/1", heads: int = 4, seed: int = 0
) -> TrainConfig:
    """2x2 inversion, for tables 9 and 24."""
    reads, writes = pair(encoding)
    return paper_tokens(
        "inverse",
        "2x2",
        encoding=reads,
        output_encoding=writes,
        layers=stacks(layers),
        heads=heads,
        examples=150_000,
        evaluations=10,
        seed=seed,
    )
