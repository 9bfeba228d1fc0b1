"""What the runs of a scale share."""

from dataclasses import replace
from typing import Any

from ...models import TransformerConfig
from ...runs.recipes import fast
from ...training import EvaluationConfig, LossConfig, TestSet, TrainConfig


def paper_tokens(
    problem: str,
    dims: str,
    *,
    encoding: str = "P1000",
    layers: tuple[int, int] = (2, 1),
    width: int = 128,
    heads: int | None = None,
    examples: int = 60_000,
    evaluations: int = 10,
    **others: Any,
) -> TrainConfig:
    """`fast` with the paper's tokens: one position a token, an answer token by token, hard targets.

    For claims about encodings, architectures, norms or learning curves, which `fast`'s one position
    a coefficient and soft targets would decide in another way. Number-aware initialisation, Muon,
    small batches, layer norms before each block, GELU and the short schedule stay. `others` are
    parameters of `fast`.
    """
    config = fast(
        problem,
        dims,
        encoding=encoding,
        layers=layers,
        width=width,
        heads=heads,
        examples=examples,
        **others,
    )
    return replace(
        with_tests(config, evaluations=evaluations),
        recipe="paper-tokens",
        model=TransformerConfig.like(config.model, norm="pre", embedding="number"),
        loss=LossConfig(soft_width=0.0),
    )


def with_tests(
    config: TrainConfig, *tests: TestSet, evaluations: int = 1, score: str | None = None
) -> TrainConfig:
    """`config` scored `evaluations` times on `tests`, or on 10,000 matrices of its ensemble."""
    return replace(
        config,
        evaluation=EvaluationConfig(
            every=max(1, -(-config.examples // evaluations)),
            tests=tests or (TestSet(),),
            score=score or config.evaluation.score,
        ),
    )
