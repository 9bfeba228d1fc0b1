"""Runs that train a model on the tokens of matrices."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..core import COUNT, InputError, at_least, file_name, to_json, unknown
from ..core.checks import check_memory
from ..encodings import PAD, Task
from ..evaluation import TrainedSolver, evaluate
from ..models import Model, ModelConfig, Numbers, Question
from ..models.question import TensorBatch, true_answers
from .config import (
    LARGEST_SEED,
    DataFile,
    EvaluationConfig,
    LossConfig,
    OptimizerConfig,
    ScheduleConfig,
    StartFrom,
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
        file_name(recipe=self.recipe)
        at_least(1, COUNT, examples=self.examples)
        at_least(1, 10**7, batch_size=self.batch_size)
        at_least(0, LARGEST_SEED, seed=self.seed)

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
        for part in self.task.problem.parts:
            part.check_dims(self.task.ensemble)
        for what, needed in self._memory().items():
            check_memory(needed, what)
        if self._in_tokens:
            self.task.check_vocabulary()
        if self.evaluation.score not in self.task.problem.score_names:
            raise unknown("score", self.evaluation.score, self.task.problem.score_names)
        self.task.examples(self.seed, "train", 0, 1, self._in_tokens)
        if self.data is not None:
            _ = self._file  # another problem's or a changed one
        if self.compile:
            check_compiler()

    def _memory(self) -> dict[str, float]:
        """Bytes that the largest parts take at least, estimated before any of them is made."""
        task, model = self.task, self.model
        dims, (m, n) = task.ensemble.dims, task.ensemble.dimensions.largest
        given = task.problem.input_shape(m, n)
        asked = task.problem.output_shape(*given)
        tokens = {
            side: shape[0] * shape[1] * encoding.tokens_per_number
            for side, shape, encoding in (
                ("input", given, task.encoder),
                ("output", asked, task.decoder),
            )
        }
        numbers = 8.0 * (given[0] * given[1] + asked[0] * asked[1])
        sizes = [(stack.layers, stack.width, stack.feed_forward_width) for stack in model.stacks]
        weights = sum(layers * (4.0 * width**2 + 2 * width * ff) for layers, width, ff in sizes)
        widest = model.widest
        weights += 0 if sizes else 8.0 * widest**2
        weights += model.learned_positions * widest
        layers = sum(count for count, _, _ in sizes)
        sequence = sum(tokens.values()) if not model.at_once else given[0] * given[1]
        state = 4.0 * self.batch_size * sequence * max(widest * max(layers, 1), 1)
        tests = max(test.size for test in self.evaluation.tests)
        return {
            f"the model's {weights:,.0f} weights, with gradients and moments": 16 * weights,
            f"a batch of {self.batch_size:,} matrices of {m}x{n}": numbers * self.batch_size,
            f"a step on {self.batch_size:,} times {sequence:,} positions (dims {dims})": state,
            f"a test set of {tests:,} matrices of {m}x{n}": numbers * tests,
        }

    def build(self) -> Model:
        model = self.model.build(self.task.encoder, self.task.decoder, seed=self.seed)
        model.aim(self.loss.soft_width)
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
            # After another run its matrices would come again, one by one.
            after = "" if self.start is None else f" after {self.start.sha256}"
            stream = f"train{after}"
            examples = self.task.examples(self.seed, stream, index, size, self._in_tokens)
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
                cautions=False,
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


def check_compiler() -> None:
    """Refuse torch.compile where there is no C++ compiler: it would fail within the first step."""
    if not any(map(shutil.which, filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++")))):
        raise InputError(
            "--compile needs a C++ compiler, and this machine has none; install one (g++), or "
            "leave --compile out"
        )


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
