"""Runs that train a model on the tokens of matrices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..core import InputError, to_json
from ..encodings import PAD, Task
from ..evaluation import TrainedSolver, evaluate
from ..models import Model, ModelConfig, Numbers, Question
from ..models.question import TensorBatch, true_answers
from .config import (
    DataFile,
    EvaluationConfig,
    LossConfig,
    OptimizerConfig,
    ScheduleConfig,
    StartFrom,
    positive,
)
from .data_file import FileExamples
from .folder import RunFolder
from .gradients import clip_gradients
from .loss import TokenLoss
from .muon import Muon, fast_precision
from .run import KINDS, Run, Score, Share
from .schedule import rate_multiple
from .start import begin


@dataclass(frozen=True, eq=False, slots=True)
class Pairs(TensorBatch):
    """Questions, and the true answers in the form that the model writes."""

    question: Question
    truth: Int64[Tensor, "B T"] | Numbers


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Run):
    """A complete training run; the hash of its JSON form is the run's identity."""

    recipe: str
    """The recipe that this configuration started from."""
    task: Task
    model: ModelConfig
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    examples: int = 10_000_000
    """Length of the run: training examples, a repeated one counted again."""
    batch_size: int = 64
    """Examples a step, over all processes together."""
    seed: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: autocast of the forward and backward pass (weights stay float32); for GPUs."""
    compile: bool = False
    """Run the model through torch.compile."""
    start: StartFrom | None = None
    """Start from these weights (with a new optimizer and schedule), not from random ones."""
    data: DataFile | None = None
    """Train on this file instead of freshly drawn examples."""

    def __post_init__(self) -> None:
        positive(self, "examples", "batch_size")
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; give 0 or more")

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole run."""
        return -(-self.examples // self.batch_size)

    @property
    def step_examples(self) -> int:
        return self.batch_size

    @property
    def length(self) -> int:
        return self.examples

    @property
    def label(self) -> str:
        return f"{self.recipe}-{self.task.problem.name}-{self.task.ensemble.dims}"

    def identity(self) -> Any:
        identity = to_json(self)
        # A data file, or another run's model, is the same file wherever it lies.
        if self.data is not None:
            identity["data"] = self.data.sha256
        if self.start is not None:
            identity["start"] = self.start.sha256
        return identity

    def check(self) -> None:
        self.task.examples(self.seed, "train", 0, 1, self._in_tokens)

    def build(self) -> Model:
        model = self.model.build(self.task.encoder, self.task.decoder, seed=self.seed)
        if self.start is not None:
            begin(model, self.start)
        return model

    def optimizers(self, model: nn.Module) -> list[torch.optim.Optimizer]:
        options = self.optimizer
        matrices: list[tuple[nn.Parameter, int]] = []
        if options.kind == "muon":
            assert isinstance(model, Model)
            matrices = list(model.layer_matrices())
        taken = {id(weight) for weight, _ in matrices}
        rest = [p for p in model.parameters() if id(p) not in taken]
        adam = torch.optim.AdamW(
            rest,
            lr=options.rate,
            betas=options.betas,
            eps=options.epsilon,
            weight_decay=options.weight_decay,
            fused=True,
        )
        if not matrices:
            return [adam]
        device = matrices[0][0].device
        auto = options.muon_precision == "auto"
        precision = fast_precision(device) if auto else torch.float32
        return [Muon(matrices, options.muon_rate, options.muon_momentum, precision), adam]

    def rate_multiple(self, step: int) -> float:
        return rate_multiple(self.schedule, step, self.steps)

    def clip(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        return clip_gradients(parameters, self.optimizer.clip)

    def objective(self, model: nn.Module) -> nn.Module:
        return _Objective(model, TokenLoss(self.task.decoder, self.loss.soft_width))

    @property
    def _in_tokens(self) -> bool:
        """Whether the model has to do with tokens at all."""
        return "tokens" in (self.model.reads, self.model.writes)

    @cached_property
    def _file(self) -> FileExamples | None:
        return None if self.data is None else FileExamples(self.data, self.task)

    def draw(self, index: int, rank: int, ranks: int, dtype: torch.dtype) -> Share:
        size = self.batch_size
        if self._file is None:
            examples = self.task.examples(self.seed, "train", index, size, self._in_tokens)
        else:
            examples = self._file.batch(self.seed, index, size)
        share = slice(rank * size // ranks, (rank + 1) * size // ranks)
        part, model = examples[share], self.model
        pairs = Pairs(
            Question.of(model.reads, part.inputs, part.input_ids, examples.padded),
            true_answers(model.writes, part.answers, part.output_ids),
        )
        weight = int((examples.output_ids != PAD).sum()) if model.writes == "tokens" else size
        return Share(data=pairs, weight=weight, rejected=examples.rejected)

    def evaluates(self, step: int) -> bool:
        every, size = self.evaluation.every, self.batch_size
        return step > 0 and step * size // every > (step - 1) * size // every

    def score(self, model: nn.Module) -> Score:
        assert isinstance(model, Model)
        options, task = self.evaluation, self.task
        results = {
            test.name: evaluate(
                TrainedSolver(model, task),
                task.problem,
                test.ensemble or task.ensemble,
                test.size,
                test.seed,
                options.tolerances,
                noise=task.noise,
                score=options.score,
                name=test.name,
            )
            for test in options.tests
        }
        first = next(iter(results.values()))
        target = options.target
        reached = target is not None and first.at(options.target_tolerance) >= target
        return Score(
            line={
                "accuracy": {
                    name: {f"{t:g}": result.at(t) for t in options.tolerances}
                    for name, result in results.items()
                },
                "valid": {name: result.valid.value for name, result in results.items()},
            },
            results={name: result.to_dict() for name, result in results.items()},
            quality=sum(first.at(t) for t in options.tolerances) / len(options.tolerances),
            done="target reached" if reached else "",
        )


KINDS.register("tokens", TrainConfig)


class TokenFolder(RunFolder[TrainConfig]):
    """The folder of a run on tokens."""

    kind = TrainConfig


class _Objective(nn.Module):
    """The model's loss; the cross-entropy of decisions between words is the run's."""

    def __init__(self, model: nn.Module, loss: TokenLoss) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, pairs: Pairs) -> Float[Tensor, ""]:
        assert isinstance(self.model, Model)
        return self.model.loss(pairs.question, pairs.truth, self.loss)
