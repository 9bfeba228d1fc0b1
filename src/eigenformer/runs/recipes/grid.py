"""`grid`: tokens in and out, and between them a network that knows what a matrix is.

What it is told: which cells share a row or a column. What it isn't: anything of the problem but the
shape of its answer. Optimizer and targets are those of `fast`.
"""

from typing import TYPE_CHECKING

from ...core import InputError
from ...core.lazy import lazy

if TYPE_CHECKING:
    from ...problems import Problem
    from ...training import TrainConfig

_ANSWERS: dict[str, dict[str, str]] = {
    "transpose": {"answer": "transposed"},
    "add": {"operands": "halves"},
    "matmul": {"operands": "halves", "answer": "product"},
    "matvec": {"operands": "last-column", "answer": "product"},
    "eigenvalues": {"answer": "values"},
    "singular_values": {"answer": "values"},
    "eigenvectors": {"answer": "frames"},
    "svd": {"answer": "frames"},
}
"""By the name of a problem, what its input holds and where its answer lies; of others, and by
default, an answer on the cells of one matrix."""


def grid(
    problem: str = "eigenvectors",
    dims: str = "5x5",
    ensemble: str = "iid-uniform",
    scale: float = 10.0,
    encoding: str = "P1000",
    output_encoding: str | None = None,
    layers: int = 6,
    width: int = 48,
    examples: int = 300_000,
    batch_size: int = 64,
    seed: int = 0,
) -> "TrainConfig":
    """A transformer on the grid of the matrix, with weights for every size.

    Args:
        problem: name of the problem, such as eigenvectors, inverse, add.
        dims: shape of the matrices: 5x5, a range of squares 5-15, or of rectangles 5-15x2-6.
        ensemble: name of the ensemble that matrices are drawn from.
        scale: the coefficients' range A.
        encoding: encoding of the input.
        output_encoding: encoding of the answer, if another.
        layers: layers of the network.
        width: channels of a state.
        examples: length of the run.
        batch_size: examples a step.
        seed: of the initial weights and of the training examples.
    """
    from ...models import GridConfig
    from ...training import (
        EvaluationConfig,
        LossConfig,
        OptimizerConfig,
        ScheduleConfig,
        TestSet,
        TrainConfig,
    )
    from .task import make_task

    task = make_task(problem, dims, ensemble, scale, encoding, output_encoding)
    asked: "Problem" = task.problem
    if asked.tasks:
        raise InputError("a grid transformer answers one problem; train another for each")
    return TrainConfig(
        recipe="grid",
        task=task,
        model=GridConfig(
            layers=layers,
            width=width,
            scale=scale,
            square=asked.needs_square,
            **_ANSWERS.get(asked.name, {}),  # type: ignore[arg-type]
        ),
        optimizer=OptimizerConfig(
            kind="muon", rate=3e-3, betas=(0.9, 0.98), muon_rate=0.02, muon_momentum=0.9
        ),
        schedule=ScheduleConfig(warmup_steps=100, shape="linear", falls="from-start"),
        loss=LossConfig(soft_width=0.02),
        evaluation=EvaluationConfig(every=max(examples // 10, 1), tests=(TestSet(size=2000),)),
        examples=examples,
        batch_size=batch_size,
        seed=seed,
    )


lazy(__name__)
