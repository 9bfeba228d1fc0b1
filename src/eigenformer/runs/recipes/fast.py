"""`fast`: the same tokens' worth of learning from far fewer examples.

Small batches, Muon, number-aware embeddings, one position a coefficient, answers at once, soft
targets; what each of them adds is in docs/efficiency.md.
"""

from typing import TYPE_CHECKING

from ...core import COUNT, InputError
from ...core.lazy import lazy

if TYPE_CHECKING:
    from ...training import TrainConfig


def fast(
    problem: str = "eigenvalues",
    dims: str = "3x3",
    ensemble: str = "iid-uniform",
    scale: float = 10.0,
    encoding: str = "P1000",
    output_encoding: str | None = None,
    layers: tuple[int, int] = (2, 1),
    width: int = 128,
    heads: int | None = None,
    examples: int = 50_000,
    batch_size: int = 32,
    seed: int = 0,
    model: str | None = None,
) -> "TrainConfig":
    """The sample-efficient recipe (efficiency.md, section "Where `fast` came from").

    Args:
        problem: name of the problem, such as eigenvalues, inverse, add.
        dims: shape of the matrices: 5x5, a range of squares 5-15, or of rectangles 5-15x2-6.
        ensemble: name of the ensemble that matrices are drawn from.
        scale: the coefficients' range A.
        encoding: encoding of the input.
        output_encoding: encoding of the answer, if another.
        layers: layers of the encoder and of the decoder.
        width: width of both.
        heads: attention heads; one for 32 of width if not given.
        examples: length of the run.
        batch_size: examples a step.
        seed: of the initial weights and of the training examples.
        model: name of another model (`eigenformer info` lists them); --model.FIELD sets its fields.
    """
    from ...models import DirectConfig, StackConfig
    from ...training import (
        EvaluationConfig,
        LossConfig,
        OptimizerConfig,
        ScheduleConfig,
        TestSet,
        TrainConfig,
    )
    from .task import make_model, make_task

    if width % 32 and heads is None:
        raise InputError(f"width {width} is not a multiple of 32; give the number of heads too")
    heads = max(1, width // 32) if heads is None else heads
    return TrainConfig(
        recipe="fast",
        task=make_task(problem, dims, ensemble, scale, encoding, output_encoding),
        model=make_model(
            model,
            DirectConfig(
                encoder=StackConfig(layers=layers[0], width=width, heads=heads),
                decoder=StackConfig(layers=layers[1], width=width, heads=heads),
                scale=scale,
            ),
        ),
        optimizer=OptimizerConfig(
            kind="muon", rate=6e-3, betas=(0.9, 0.98), muon_rate=0.03, muon_momentum=0.9
        ),
        schedule=ScheduleConfig(warmup_steps=100, shape="linear", falls="from-start"),
        loss=LossConfig(soft_width=0.02),
        evaluation=EvaluationConfig(
            every=min(max(examples // 10, 1), COUNT), tests=(TestSet(size=2000),)
        ),
        examples=examples,
        batch_size=batch_size,
        seed=seed,
    )


lazy(__name__)
