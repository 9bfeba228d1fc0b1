"""`sizefree`: numbers in, numbers out, one set of weights for matrices of every size."""

from typing import TYPE_CHECKING, Any

from ...core import InputError, unknown
from ...core.lazy import lazy

if TYPE_CHECKING:
    from ...models import ModelConfig
    from ...training import TrainConfig


def sizefree(
    problem: str = "inverse",
    dims: str | None = None,
    ensemble: str = "iid-uniform",
    scale: float = 10.0,
    encoding: str = "P1000",
    output_encoding: str | None = None,
    examples: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    model: str | None = None,
) -> "TrainConfig":
    """Networks that read a matrix as a matrix (docs/size-free.md).

    Which family: linear attention on blocks for inverses, frames for eigenvectors and eigenvalues,
    both for singular vectors and values, bilinear sums for the rest.

    Args:
        problem: name of the problem, such as inverse, eigenvectors, svd.
        dims: shapes of the training matrices, such as 3-8; it answers others too.
        ensemble: name of the ensemble that matrices are drawn from.
        scale: the coefficients' range A; it answers others as well.
        encoding: encoding of the input, where its numbers are written as tokens.
        output_encoding: encoding of the answer, if another.
        examples: length of the run.
        batch_size: examples a step.
        seed: of the initial weights and of the training examples.
        model: name of another model (`eigenformer info` lists them); --model.FIELD sets its fields.
    """
    from ...training import (
        EvaluationConfig,
        OptimizerConfig,
        ScheduleConfig,
        TestSet,
        TrainConfig,
    )
    from .task import make_model, make_task

    usual = _models()
    if problem not in usual:
        raise unknown("problem of the recipe sizefree", problem, usual)
    own = make_model(model, usual[problem])
    settings = _SETTINGS.get(type(own).__name__)
    if settings is None:
        raise InputError(
            f"the recipe sizefree trains models of numbers, not {own.registry.name_of(own)!r}; "
            "use the recipe fast"
        )
    length = settings["examples"] if examples is None else examples
    shapes = settings["dims"] if dims is None else dims
    return TrainConfig(
        recipe="sizefree",
        task=make_task(problem, shapes, ensemble, scale, encoding, output_encoding),
        model=own.trained_on(length),
        optimizer=OptimizerConfig(rate=settings["rate"], betas=(0.9, 0.99)),
        schedule=ScheduleConfig(warmup_steps=50, shape="linear", falls="from-start"),
        evaluation=EvaluationConfig(every=max(length // 10, 1), tests=(TestSet(size=1000),)),
        examples=length,
        batch_size=settings["batch_size"] if batch_size is None else batch_size,
        seed=seed,
    )


_SETTINGS: dict[str, dict[str, Any]] = {
    "BlocksConfig": {"dims": "2-20", "examples": 5_000_000, "batch_size": 512, "rate": 2e-3},
    "FramesConfig": {"dims": "3-12", "examples": 64_000, "batch_size": 320, "rate": 5e-3},
    "PolarFramesConfig": {"dims": "2-12", "examples": 2_500_000, "batch_size": 512, "rate": 2e-3},
    "BilinearConfig": {"dims": "2-20", "examples": 40_000, "batch_size": 64, "rate": 3e-2},
}
"""What the models of each family are trained on, and how long."""


def _models() -> "dict[str, ModelConfig]":
    """The usual model of each problem."""
    from ...models import BilinearConfig, BlocksConfig, FramesConfig, PolarFramesConfig

    return {
        "inverse": BlocksConfig(),
        "symmetric_inverse": BlocksConfig(),
        "pseudo_inverse": BlocksConfig(),
        "eigenvectors": FramesConfig(),
        "eigenvalues": FramesConfig(answer="values"),
        "svd": PolarFramesConfig(),
        "singular_values": PolarFramesConfig(answer="values"),
        "transpose": BilinearConfig(operands="one", answer=("n", "m")),
        "add": BilinearConfig(operands="two", answer=("m", "n")),
        "matmul": BilinearConfig(operands="two", answer=("n", "n")),
        "matvec": BilinearConfig(operands="vector", answer=("n", "1")),
    }


lazy(__name__)
