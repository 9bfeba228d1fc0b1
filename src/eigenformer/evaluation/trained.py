"""A trained network as a solver."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from ..core import InputError, unknown
from ..encodings import PAD, Encoding, Reason, Task, soft_targets, with_eos
from ..ensembles import Ensemble, Matrices
from ..models import Hooks, Model, Question, TokenModel
from ..problems import Problem
from .activations import ActivationCache
from .cautions import Caution, of_training
from .drawn import TrainingStatistics, training_statistics
from .solver import Predictions, Solution, Solver, Written, as_batch, binary_factor, multiplied

_MOST = 1e300
"""Of a factor: what is smaller than its inverse stays too small."""


class TrainedSolver(Solver):
    """Writes inputs as tokens, decodes greedily, reads the answer back.

    `problem` differs from the task's only for a jointly trained model that answers one of its
    problems (see `only`).
    """

    def __init__(
        self,
        model: Model,
        task: Task,
        name: str = "model",
        problem: Problem | None = None,
        batch: int = 1024,
        statistics: Callable[[], TrainingStatistics | None] = lambda: None,
    ) -> None:
        self.model = model
        self.task = task
        self.name = name
        self.problem = task.problem if problem is None else problem
        self.batch = batch
        self._kept = statistics

    @cached_property
    def statistics(self) -> TrainingStatistics:
        """What its training drew: kept with the model, or drawn again by its task."""
        return self._kept() or training_statistics(self.task)

    def only(self, problem: str) -> "TrainedSolver":
        """The model as the solver of one problem: its own, or another that it answers too.

        That is one of a jointly trained model's, or one that the same weights serve.
        """
        if problem == self.problem.name:
            return self
        served = self.model.config.serves.get(problem)
        if served is not None:
            task = replace(self.task, problem=Problem.registry.get(problem))
            model = served.build(task.encoder, task.decoder, seed=0)
            model.load_state_dict(self.model.state_dict())
            model.aim(self.model.soft_width)
            device = next(self.model.parameters()).device
            return TrainedSolver(model.eval().to(device), task, self.name, batch=self.batch)
        tasks = self.task.problem.tasks
        if not tasks:
            raise InputError(
                f"{self.name} was trained on {self.problem.name}, not on {problem}; choose another "
                "model"
            )
        if problem not in tasks:
            raise unknown(f"problem of {self.name}", problem, tasks)
        part = self.task.problem.parts[tasks.index(problem)]
        return TrainedSolver(self.model, self.task, self.name, part, self.batch, self._kept)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json, model.safetensors, ... to `folder`, as Hugging Face lays them out.

        `ef.from_pretrained` and `ef.load` read it.
        """
        from .pretrained import save_pretrained  # which is about solvers

        save_pretrained(self, folder)

    def run_with_cache(self, matrix: Any) -> tuple[Solution, ActivationCache]:
        """`solve`, and the activations behind its answers; see `Model.run_with_cache`.

        The answers are those of `solve`, bit for bit. Activations of all matrices are kept, so give
        few. Attention that is drawn over the matrices' own coefficients: `ActivationCache.grid`.
        """
        solution = self.solve(matrix)
        inputs = Matrices.of(as_batch(matrix))
        inputs = self._with_kinds(multiplied(inputs, self.factor(inputs)))
        ((_, question),) = self._asked(inputs, len(inputs))
        _, tensors = self.model.run_with_cache(question, self._longest_answer(inputs))
        shape = inputs.values.shape[1:]
        return solution, ActivationCache(
            tensors,
            (self.model, self.task.encoder, self.task.decoder),
            ((shape[0], shape[1]), self.problem.output_shape(*shape)),
            np.atleast_1d(np.asarray(solution.valid)),
        )

    def run_with_hooks(self, matrix: Any, hooks: Hooks) -> Solution:
        """`solve`, with activations replaced: `hooks` are functions by the names of the cache.

        What a function gives takes the place of the activation that it is given; None leaves it as
        it is. See `Model.run_with_hooks`. An unknown name is an `InputError`. Activations are those
        of the multiple that `solve` asks about: to patch from one matrix to another, take the
        solver's `rescaling(False)`.
        """
        answer = partial(self.model.run_with_hooks, hooks=hooks)
        return self._solution(matrix, partial(self._predict, answer=answer))

    def _with_kinds(self, matrices: Matrices) -> Matrices:
        """With the task token of `problem`, where it is one of a joint task's."""
        if self.problem == self.task.problem:
            return matrices
        kind = self.task.problem.parts.index(self.problem)
        return replace(matrices, kinds=np.full(len(matrices), kind))

    def predict(self, inputs: Matrices) -> Predictions:
        return self._predict(inputs, self.model.answer)

    def _predict(self, inputs: Matrices, answer: Callable[..., Any]) -> Predictions:
        """With `answer` in place of the model's own."""
        inputs = self._with_kinds(inputs)
        if self.model.config.writes == "tokens":
            return self.read(self._tokens(inputs, answer), inputs)
        order, parts = [], []
        for rows, question in self._asked(inputs, self.batch):
            order.append(rows)
            parts.append(answer(question, max_length=0).matrices())
        return _finite(Matrices.concatenate(parts)[np.argsort(np.concatenate(order))])

    def tokens(self, inputs: Matrices) -> Int64[np.ndarray, "B T"]:
        """The ids of the greedy answers, with <eos> where there is one, padded with <pad>.

        Those of a model that answers in numbers are what the task's encoding writes of them;
        nothing of what it cannot write.
        """
        inputs = self._with_kinds(inputs)
        if self.model.config.writes == "tokens":
            return self._tokens(inputs, self.model.answer)
        predictions = self.predict(inputs)
        ids, writable = self.task.decoder.try_encode(predictions.matrices)
        return np.where((writable & predictions.valid)[:, None], with_eos(ids), PAD)

    def _tokens(self, inputs: Matrices, answer: Callable[..., Any]) -> Int64[np.ndarray, "B T"]:
        outputs = np.full((len(inputs), self._longest_answer(inputs)), PAD)
        for rows, question in self._asked(inputs, self.batch):
            ids = answer(question, max_length=self._longest_answer(inputs[rows]))
            outputs[rows, : ids.shape[1]] = ids.cpu().numpy()
        return outputs

    def _asked(self, inputs: Matrices, batch: int) -> Iterator[tuple[np.ndarray, Question]]:
        """Questions of at most `batch` matrices, and which ones; the smallest first.

        So there is little padding to read, and none to write.
        """
        reads, device = self.model.config.reads, next(self.model.parameters()).device
        ids = self.task.encoder.encode(inputs) if reads == "tokens" else None
        sizes = inputs.rows * inputs.columns if ids is None else (ids != PAD).sum(axis=1)
        order = np.argsort(sizes, kind="stable")
        for start in range(0, len(inputs), batch):
            rows = order[start : start + batch]
            part, longest = inputs[rows], sizes[rows[-1]]
            asked = None if ids is None else ids[rows, :longest]
            padded = bool(sizes[rows[0]] < longest)
            yield rows, Question.of(reads, part, asked, padded).to(device)

    def read(self, tokens: Int64[np.ndarray, "B T"], inputs: Matrices) -> Predictions:
        """What the `tokens` of answers to `inputs` mean."""
        decoded = self.task.decoder.decode(tokens)
        matrices, valid = decoded.matrices, decoded.valid
        texts = [reason.text for reason in Reason]
        reasons = [texts[code] for code in decoded.reason.tolist()]
        if inputs.kinds is not None and matrices.kinds is not None:
            other = valid & (matrices.kinds != inputs.kinds)
            for i in np.flatnonzero(other):
                reasons[i] = "the answer names another task"
            valid = valid & ~other
        return Predictions(matrices, valid, reasons)

    def _longest_answer(self, inputs: Matrices) -> int:
        """Tokens of the longest well-formed answer, <eos> included."""
        parts, kinds = self.problem.parts, inputs.kinds
        if kinds is None or not self.problem.tasks:
            kinds = np.zeros(len(inputs), np.int64)
        asked = np.unique(np.stack([kinds, inputs.rows, inputs.columns], axis=1), axis=0)
        shapes = [parts[kind].output_shape(m, n) for kind, m, n in asked.tolist()]
        return max(self.task.decoder.length(*shape) for shape in shapes) + 1

    def written(self, inputs: Matrices, answers: Matrices) -> Written:
        inputs, answers = self._with_kinds(inputs), self._with_kinds(answers)
        model, ok = self.model.config, np.ones(len(inputs), bool)
        if model.reads == "tokens" and self.problem.reconstructs:
            inputs, ok = self.task.encoder.rounded(inputs)
        elif model.reads == "tokens":
            _, ok = self.task.encoder.try_encode(inputs)
        if model.writes == "tokens":
            assert isinstance(self.model, TokenModel)
            ids, writable = self.task.decoder.try_encode(answers)
            answers = self.task.decoder.decode(
                _read_back(self.model, self.task.decoder, ids)
            ).matrices
            ok = ok & writable
        return Written(inputs, answers, ok)

    def factor(self, inputs: Matrices) -> Float64[np.ndarray, " B"]:
        """Ones for matrices whose largest coefficient is as in training, or without a scale.

        Others are multiplied until it is the median of training. A network of any size divides by
        the largest coefficient itself, and gets powers of two where float32 would not hold them.
        """
        factor = np.ones(len(inputs))
        if not self.rescale or self.problem.degree is None:
            return factor
        largest = np.abs(inputs.values).max(axis=(1, 2), initial=0.0)
        if self.model.config.any_size:
            return binary_factor(largest)
        for m, n in np.unique(np.stack([inputs.rows, inputs.columns], axis=1), axis=0).tolist():
            drawn = self.statistics.of(self.problem, m, n) or self.statistics.typical(self.problem)
            if drawn is None:
                continue
            low, high = drawn.usual("largest")
            here = (inputs.rows == m) & (inputs.columns == n)
            other = here & (largest > 0) & ((largest < low) | (largest > high))
            with np.errstate(over="ignore"):
                factor[other] = np.minimum(drawn.median("largest") / largest[other], _MOST)
        return factor

    def rescaling(self, on: bool) -> "TrainedSolver":
        made = copy.copy(self)
        made.rescale = on
        made._kept = lambda: self.statistics  # which are drawn but once
        return made

    def like_training(self, inputs: Float64[np.ndarray, "B M N"]) -> Bool[np.ndarray, " B"]:
        """Which inputs are, at some scale, like those that training drew: what was measured on
        these holds for them."""
        _, m, n = inputs.shape
        drawn = self.statistics.of(self.problem, m, n)
        if drawn is None:
            return np.zeros(len(inputs), bool)
        asked = inputs * self.factor(Matrices.of(inputs))[:, None, None]
        if self.model.config.any_size and self.problem.degree is not None:
            # Its answers don't depend on the scale.
            largest = np.abs(asked).max(axis=(1, 2), initial=0.0)
            factor = drawn.median("largest") / np.where(largest > 0, largest, 1.0)
            asked = asked * factor[:, None, None]
        unusual = of_training(self.name, self.problem, asked, drawn, False)
        usual = np.ones(len(inputs), bool)
        for caution in unusual:
            usual &= ~caution.where
        return usual

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        ensemble, (batch, m, n) = self.task.ensemble, inputs.shape
        everywhere = np.ones(batch, bool)
        if self.model.config.any_size:
            if max(m, n) <= 2 * max(ensemble.dimensions.largest):
                return []
            text = (
                f"{self.name} is made for all sizes but was trained on {ensemble.dims}, and "
                f"this is {m}x{n}: look at the residuals"
            )
            return [Caution(text, everywhere)]
        factor = self.factor(Matrices.of(inputs))
        found = []
        if not takes(self.problem, ensemble, m, n):
            text = (
                f"{self.name} was trained on {ensemble.dims} matrices, not on an input of {m}x{n}: "
                "do not expect a right answer"
            )
            found.append(Caution(text, everywhere))
        drawn = self.statistics.of(self.problem, m, n)
        asked = inputs * factor[:, None, None]
        rescaled = bool((factor != 1).any())
        return found + of_training(self.name, self.problem, asked, drawn, rescaled)


def _read_back(
    model: TokenModel, encoding: Encoding, ids: Int64[np.ndarray, "B L"]
) -> Int64[np.ndarray, "B L"]:
    """True answers as a perfect model gives them, whose distributions are its targets."""
    if not model.soft_width:  # the likeliest and the median of one word are that word
        return ids
    device = next(model.parameters()).device
    prefix, each = encoding.prefix, encoding.tokens_per_number
    numbers = ids[:, prefix:].reshape(len(ids), (ids.shape[1] - prefix) // each, each).copy()
    for place, slot in enumerate(encoding.slots):
        words, where = np.unique(numbers[..., place], return_inverse=True)
        inside = np.flatnonzero((slot.start <= words) & (words < slot.stop))
        for some in np.array_split(inside, len(inside) // 1024 + 1):
            there, weights = soft_targets(encoding, model.soft_width, words[some])
            target = torch.zeros(len(some), len(slot))
            target.scatter_add_(1, torch.from_numpy(there - slot.start), torch.from_numpy(weights))
            words[some] = model.read(place, target.log().to(device)).cpu().numpy() + slot.start
        numbers[..., place] = words[where].reshape(numbers.shape[:2])
    parts = ids[:, :prefix], numbers.reshape(len(ids), ids.shape[1] - prefix)
    read: Int64[np.ndarray, "B L"] = np.concatenate(parts, axis=1)
    return read


def _finite(answers: Matrices) -> Predictions:
    """`answers` as they are, but for those that hold nan or infinities."""
    valid = np.isfinite(answers.values).all(axis=(1, 2))
    values = np.where(valid[:, None, None], answers.values, 0.0)
    rows, columns = np.where(valid, answers.rows, 0), np.where(valid, answers.columns, 0)
    reasons = ["" if ok else "the answer is not finite" for ok in valid]
    return Predictions(Matrices(values, rows, columns, answers.kinds), valid, reasons)


def takes(problem: Problem, ensemble: Ensemble, m: int, n: int) -> bool:
    """Whether inputs of m x n are among what `problem` makes of the ensemble's matrices."""
    dims = ensemble.dimensions
    return any(
        part.input_shape(rows, columns) == (m, n)
        for part in problem.parts
        for rows in range(dims.rows[0], dims.rows[1] + 1)
        for columns in range(dims.columns[0], dims.columns[1] + 1)
        if dims.contains(rows, columns)
    )
