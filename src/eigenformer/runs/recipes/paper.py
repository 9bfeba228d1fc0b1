"""`paper`: the settings of Charton (2022), section 3 and the text of each experiment.

`paper-tuned`: the same model with the rate, batch and schedule that suit a small one.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.lazy import lazy

if TYPE_CHECKING:
    from ...training import TrainConfig


def paper(
    problem: str = "eigenvalues",
    dims: str = "5x5",
    ensemble: str = "iid-uniform",
    scale: float = 10.0,
    encoding: str = "P1000",
    output_encoding: str | None = None,
    layers: tuple[int, int] = (4, 1),
    width: int = 512,
    heads: tuple[int, int] = (8, 8),
    examples: int = 60_000_000,
    batch_size: int = 64,
    seed: int = 0,
    model: str | None = None,
) -> "TrainConfig":
    """The paper's transformer and optimizer, exactly.

    Post-norm, ReLU, random embeddings, one position a token; Adam at 1e-4, a linear warm-up of
    10,000 steps, then a cosine over the run (the paper gives no length for it), batches of 64, an
    epoch of 300,000 examples, test sets of 10,000.

    Args:
        problem: name of the problem, such as eigenvalues, inverse, add.
        dims: shape of the matrices: 5x5, a range of squares 5-15, or of rectangles 5-15x2-6.
        ensemble: name of the ensemble that matrices are drawn from.
        scale: the coefficients' range A.
        encoding: encoding of the input.
        output_encoding: encoding of the answer, if another.
        layers: layers of the encoder and of the decoder.
        width: width of both.
        heads: attention heads of the encoder and of the decoder.
        examples: length of the run.
        batch_size: examples a step.
        seed: of the initial weights and of the training examples.
        model: name of another model (`eigenformer info` lists them); --model.FIELD sets its fields.
    """
    from ...models import StackConfig, TransformerConfig
    from ...training import EvaluationConfig, OptimizerConfig, ScheduleConfig, TrainConfig
    from .task import make_model, make_task

    return TrainConfig(
        recipe="paper",
        task=make_task(problem, dims, ensemble, scale, encoding, output_encoding),
        model=make_model(
            model,
            TransformerConfig(
                encoder=StackConfig(layers=layers[0], width=width, heads=heads[0]),
                decoder=StackConfig(layers=layers[1], width=width, heads=heads[1]),
                norm="post",
                activation="relu",
                embedding="random",
                sum_coefficients=False,
            ),
        ),
        optimizer=OptimizerConfig(kind="adamw", rate=1e-4, betas=(0.9, 0.999), clip=5.0),
        schedule=ScheduleConfig(warmup_steps=10_000, shape="cosine"),
        evaluation=EvaluationConfig(every=300_000),
        examples=examples,
        batch_size=batch_size,
        seed=seed,
    )


def paper_tuned(
    problem: str = "eigenvalues",
    dims: str = "3x3",
    ensemble: str = "iid-uniform",
    scale: float = 10.0,
    encoding: str = "P1000",
    output_encoding: str | None = None,
    layers: tuple[int, int] = (2, 1),
    width: int = 128,
    heads: tuple[int, int] = (4, 4),
    examples: int = 240_000,
    batch_size: int = 32,
    seed: int = 0,
    model: str | None = None,
) -> "TrainConfig":
    """The paper's tokens, transformer and Adam; rate, batch and schedule searched for.

    At 2/1 layers and width 128 (docs/efficiency.md, section "The baseline"): what a recipe is to be
    compared with at such a size. The warm-up is a tenth of the run, then the rate falls to zero.

    Args:
        problem: name of the problem, such as eigenvalues, inverse, add.
        dims: shape of the matrices: 5x5, a range of squares 5-15, or of rectangles 5-15x2-6.
        ensemble: name of the ensemble that matrices are drawn from.
        scale: the coefficients' range A.
        encoding: encoding of the input.
        output_encoding: encoding of the answer, if another.
        layers: layers of the encoder and of the decoder.
        width: width of both.
        heads: attention heads of the encoder and of the decoder.
        examples: length of the run.
        batch_size: examples a step.
        seed: of the initial weights and of the training examples.
        model: name of another model (`eigenformer info` lists them); --model.FIELD sets its fields.
    """
    from ...core import COUNT
    from ...training import EvaluationConfig, ScheduleConfig, TestSet

    config = paper(
        *(problem, dims, ensemble, scale, encoding, output_encoding, layers, width, heads),
        *(examples, batch_size, seed, model),
    )
    steps = examples // batch_size
    return replace(
        config,
        recipe="paper-tuned",
        optimizer=replace(config.optimizer, rate=1e-3),
        schedule=ScheduleConfig(warmup_steps=steps // 10, shape="linear"),
        evaluation=EvaluationConfig(
            every=min(max(examples // 10, 1), COUNT), tests=(TestSet(size=2000),)
        ),
    )


lazy(__name__)
