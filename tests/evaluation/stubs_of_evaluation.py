"""Models and solvers whose answers are known."""

import numpy as np
import torch
from torch import Tensor, nn

from eigenformer import encodings, ensembles, problems
from eigenformer.encodings import PAD, Task, with_eos
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import Predictions, Solver, Written
from eigenformer.models import Question, Seq2Seq, StackConfig, TransformerConfig


def make_task(problem="eigenvalues", encoder="P1000", decoder=None, dims="3x3", **fields):
    return Task(
        problem=problems.get(problem) if isinstance(problem, str) else problem,
        ensemble=ensembles.get("iid-uniform", dims=dims, **fields),
        encoder=encodings.get(encoder),
        decoder=encodings.get(decoder or encoder),
    )


STACK = StackConfig(layers=1, width=32, heads=2)
CONFIG = TransformerConfig(encoder=STACK, decoder=STACK, sum_coefficients=True)


def random_model(task: Task) -> Seq2Seq:
    return CONFIG.build(task.encoder, task.decoder, seed=0)


class Oracle(Seq2Seq):
    """Writes the true answer to the matrix that its tokens spell; `spoil` may change the tokens."""

    def __init__(self, task: Task, spoil=lambda ids: ids) -> None:
        super().__init__()
        self.config = CONFIG  # which it has nothing of
        self.task = task
        self.spoil = spoil
        self.weight = nn.Parameter(torch.zeros(1))  # every model lives on some device

    def forward(self, question, outputs, select=None):
        raise AssertionError("decoding has no use for it")

    def encode(self, question: Question) -> Tensor:
        asked = self.task.encoder.decode(question.ids.numpy())
        assert asked.valid.all()
        assert question.padded == bool((question.ids == PAD).any())
        answers = self.task.problem.solve(asked.matrices)
        return torch.from_numpy(self.spoil(with_eos(self.task.decoder.encode(answers))))

    def start_cache(self, memory: Tensor, max_length: int) -> Tensor:
        assert memory.shape[1] <= max_length
        return memory

    def step(self, tokens: Tensor, position: int, cache: Tensor) -> Tensor:
        logits = torch.zeros(len(tokens), len(self.task.decoder.vocabulary))
        if position < cache.shape[1]:
            logits[torch.arange(len(tokens)), cache[:, position]] = 1.0
        return logits


class Off(Solver):
    """Matrix i of a batch is answered with the truth times 1 + relative[i]; nan is malformed."""

    name = "off"

    def __init__(self, problem, relative) -> None:
        self.problem = problem
        self.relative = np.asarray(relative, np.float64)

    def predict(self, inputs: Matrices) -> Predictions:
        relative = self.relative[np.arange(len(inputs)) % len(self.relative)]
        truth = self.problem.solve(inputs)
        valid = ~np.isnan(relative)
        values = truth.values * np.where(valid, 1 + relative, 0.0)[:, None, None]
        rows, columns = np.where(valid, truth.rows, 0), np.where(valid, truth.columns, 0)
        reasons = ["" if ok else "it says so" for ok in valid]
        return Predictions(Matrices(values, rows, columns, truth.kinds), valid, reasons)


class Rounded(Solver):
    """Exact on what tokens spell of the question, and writes the answer in such tokens again."""

    name = "rounded"

    def __init__(self, problem: str, encoding: str) -> None:
        self.problem = problems.get(problem)
        self.encoding = encodings.get(encoding)

    def written(self, inputs: Matrices, answers: Matrices) -> Written:
        (asked, readable), (best, writable) = map(self.encoding.rounded, (inputs, answers))
        return Written(asked, best, readable & writable)

    def predict(self, inputs: Matrices) -> Predictions:
        asked, _ = self.encoding.rounded(inputs)
        answers, valid = self.encoding.rounded(self.problem.solve(asked))
        return Predictions(answers, valid, [""] * len(inputs))
