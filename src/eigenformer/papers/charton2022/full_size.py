"""Runs at the paper's sizes: with its own recipe (scale paper) or with ours on one GPU (gpu)."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from ... import problems
from ...encodings import Encoding
from ...ensembles import Ensemble
from ...models import StackConfig
from ...runs import Scale
from ...runs.recipes import fast, paper
from ...training import TrainConfig
from .settings import with_tests
from .shapes import dims_of, roomy

EPOCH = 300_000
LENGTHS = {
    "transpose": 140 * EPOCH,
    "add": 140 * EPOCH,
    "matvec": 25 * EPOCH,
    "eigenvalues": 200 * EPOCH,
    "eigenvectors": 500 * EPOCH,
    "singular_values": 300 * EPOCH,
    "svd": 500 * EPOCH,
    "inverse": 250_000_000,
}
"""Examples of a run at scale paper where its table gives none: as long as the curves in figure 2,
or else figure 1; for inversion section 4.6 says more. SVD has no figure: as eigenvectors."""
GPU_EXAMPLES = 8_000_000
GPU_FLOPS = 7e16
"""What ten minutes of one H200 are taken to do: 8,000,000 examples of a 6/1-layer model of width
512 on 5x5 matrices in P1000, and fewer of a larger one."""
GPU_BATCH = 256
_GPU_EVALUATIONS = 20


def full_size(
    scale: Scale,
    problem: str,
    dims: str,
    *,
    encoding: str = "P1000",
    layers: str = "4/1",
    dim: int | tuple[int, int] = 512,
    heads: str = "8/8",
    examples: int | None = None,
    ours: Callable[..., TrainConfig] = fast,
    ensemble: Ensemble | None = None,
    score: str = "l1",
    noise: float = 0.0,
    **options: Any,
) -> TrainConfig:
    """A run with the settings of the paper's text; arguments are spelled as in its tables.

    `encoding`, `layers`, `dim` and `heads` may differ between encoder and decoder ("FP15/P1000",
    "6/1"). `ours` is the recipe of scale gpu: `fast`, or `paper_tokens` where a claim needs the
    paper's tokens. `ensemble` replaces uniform coefficients of [-10, 10], `options` are the
    problem's. `examples` are LENGTHS where not given; at scale gpu they are a limit.
    """
    config = _base(scale, problem, dims, encoding, examples or LENGTHS[problem], ours)
    task = replace(config.task, noise=noise)
    if options:
        task = replace(task, problem=problems.get(problem, **options))
    if ensemble is not None:
        task = replace(task, ensemble=ensemble)
    widths = dim if isinstance(dim, tuple) else (dim, dim)
    stacks = [
        StackConfig(layers=int(depth), width=divisible(width, int(count)), heads=int(count))
        for depth, width, count in zip(pair(layers), widths, pair(heads), strict=True)
    ]
    config = replace(
        config,
        task=task,
        model=config.model.changed(encoder=stacks[0], decoder=stacks[1]),
        evaluation=replace(config.evaluation, score=score),
    )
    return roomy(config if scale == "paper" else _on_gpu(config))


def pair(text: str) -> tuple[str, str]:
    """Encoder's and decoder's part: of "6/1" 6 and 1, of "P1000" P1000 twice."""
    first, _, second = text.partition("/")
    return first, second or first


def divisible(width: int, heads: int) -> int:
    """The multiple of `heads` nearest to `width`, the larger of two.

    The paper has 512 dimensions with 10 and with 12 heads, and 510 with 12, which no split in equal
    heads allows; these become 510, 516 and 516 (its table 19 has 516 with 12).
    """
    return (2 * width + heads) // (2 * heads) * heads


def _base(
    scale: Scale,
    problem: str,
    dims: str,
    encoding: str,
    examples: int,
    ours: Callable[..., TrainConfig],
) -> TrainConfig:
    reads, writes = pair(encoding)
    shape = dims_of(dims)
    if scale == "paper":
        return paper(problem, shape, encoding=reads, output_encoding=writes, examples=examples)
    config = ours(
        problem,
        shape,
        encoding=reads,
        output_encoding=writes,
        examples=examples,
        batch_size=GPU_BATCH,
    )
    return replace(config, precision="bfloat16")


def _on_gpu(config: TrainConfig) -> TrainConfig:
    """`config` as long as ten minutes of one H200 allow, scored 20 times on its way."""
    affordable = int(GPU_FLOPS / _flops(config)) // GPU_BATCH * GPU_BATCH
    config = replace(config, examples=min(config.examples, GPU_EXAMPLES, affordable))
    return with_tests(config, evaluations=_GPU_EVALUATIONS, score=config.evaluation.score)


def _flops(config: TrainConfig) -> float:
    """Of a training example of the largest size: six for each weight that a position meets."""
    model, task = config.model, config.task
    shape = task.problem.input_shape(*task.ensemble.dimensions.largest)
    rows, columns = task.problem.output_shape(*shape)
    places = model.positions(task.encoder, task.decoder)
    inputs = places.inputs.end(shape[0] * shape[1])
    outputs = places.asks.end(rows * columns)
    first, second = model.stacks
    de, d = first.width, second.width
    encoder = first.layers * 12 * de**2
    memory = second.layers * 2 * d * de
    decoder = second.layers * 14 * d**2 + d * _words(task.decoder)
    return 6.0 * (inputs * (encoder + memory) + outputs * decoder)


@cache
def _words(encoding: Encoding) -> int:
    return len(encoding.vocabulary)
