"""A model that reads matrices and answers with matrices, no tokens in between."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from short_training import QUIET, short_config
from torch import Tensor, nn

from eigenformer import ensembles, evaluate, problems
from eigenformer.core import InputError
from eigenformer.encodings import Encoding
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import Model, ModelConfig, Numbers, Question, initialise, register
from eigenformer.runs.cost import cost
from eigenformer.training import OptimizerConfig, TrainConfig, train
from eigenformer.zoo.load import load


@dataclass(frozen=True, kw_only=True)
class PowersConfig(ModelConfig):
    """X <- a X + b X A X + c X A X A X, the factors of each layer learned, from A^T / ||A||^2."""

    layers: int = 4

    reads = "values"
    writes = "values"

    def build(self, input_encoding: Encoding, output_encoding: Encoding, seed: int) -> Model:
        return Powers(self, seed)


class Step(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.tensor([1.5, -0.5, 0.0]))

    def forward(self, x: Tensor, a: Tensor) -> Tensor:
        first, second, third = self.factors
        y = x @ a
        return first * x + second * y @ x + third * y @ y @ x


class Powers(Model):
    def __init__(self, config: PowersConfig, seed: int) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.ModuleList(Step() for _ in range(config.layers))
        initialise(self, torch.Generator().manual_seed(seed))

    def points(self) -> dict[str, nn.Module]:
        return {f"layers.{i}": layer for i, layer in enumerate(self.layers)}

    def states(self, asked: Numbers) -> Iterator[Tensor]:
        a = asked.values.float()
        x = a.mT / a.square().sum((1, 2), keepdim=True)
        for layer in self.layers:
            x = layer(x, a)
            yield x

    def loss(self, question, truth, cross_entropy) -> Tensor:
        (*_, x) = self.states(question.numbers)
        errors = (x - truth.values.float()).square().sum((1, 2))
        return (errors / truth.values.float().square().sum((1, 2)) + 1e-6).log().sum()

    @torch.no_grad()
    def answer(self, question: Question, max_length: int) -> Numbers:
        asked = question.numbers
        (*_, x) = self.states(asked)
        return Numbers(x, asked.columns, asked.rows, asked.kinds)


register("powers-of-a-test", PowersConfig)
CONFIG = PowersConfig()


def config(dims: str = "2-3", **changes: object) -> TrainConfig:
    task = replace(short_config(CONFIG).task, problem=problems.get("inverse"))
    task = replace(task, ensemble=ensembles.get("conditioned", dims=dims, condition=3.0))
    return short_config(CONFIG, task=task, **changes)


def test_it_trains_loads_and_is_scored(tmp_path: Path) -> None:
    optimizer = OptimizerConfig(kind="adamw", rate=0.02)
    made = config(optimizer=optimizer, examples=800, batch_size=16)
    run = train(made, tmp_path / "run", QUIET)
    assert cost(made).flops > 0
    solver, task = load(str(run.path)), made.task
    assert isinstance(solver, TrainedSolver)
    before = TrainedSolver(CONFIG.build(task.encoder, task.decoder, 0), task)
    scores = [
        evaluate(each, task.problem, task.ensemble, n=200, tolerances=(0.25,))
        for each in (before, solver)
    ]
    assert scores[0].at(0.25) < 0.2 < 0.5 < scores[1].at(0.25)
    for score in scores:  # nothing is rounded, and nothing is left out
        assert score.n == 200 and score.ceiling["l1"][0.25].value == 1.0


def test_its_answers_are_its_own_numbers_whatever_they_are_asked_with() -> None:
    task = config().task
    solver = TrainedSolver(CONFIG.build(task.encoder, task.decoder, 0), task, batch=3)
    inputs = task.problem.draw(np.random.default_rng(0), 8, task.ensemble)
    assert len(set(inputs.rows.tolist())) == 2
    found = solver.predict(inputs)
    assert found.valid.all()
    for i in range(8):
        n = inputs.rows[i]
        alone = solver.solve(inputs.values[i, :n, :n]).value
        np.testing.assert_allclose(found.matrices.values[i, :n, :n], alone, rtol=1e-5)
        assert not found.matrices.values[i, n:].any()
    read = solver.read(solver.tokens(inputs), inputs)
    np.testing.assert_allclose(read.matrices.values, found.matrices.values, rtol=0.01)


def test_it_is_recorded_and_patched() -> None:
    task = config("2x2").task
    solver = TrainedSolver(CONFIG.build(task.encoder, task.decoder, 0), task).rescaling(False)
    a, b = np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([[1.0, -4.0], [2.0, 2.0]])
    solution, cache = solver.run_with_cache(b)
    assert list(cache) == [f"layers.{i}" for i in range(4)]
    patched = solver.run_with_hooks(a, {"layers.3": lambda x: cache["layers.3"]})
    np.testing.assert_array_equal(patched.value, solution.value)
    broken = solver.run_with_hooks(a, {"layers.1": lambda x: x * torch.nan})
    assert not broken.valid and broken.reason == "the answer is not finite"
    assert np.isnan(broken.value).all()


def test_a_question_has_only_what_is_read() -> None:
    matrices = Matrices.of(np.ones((3, 2, 4)))
    ids = np.zeros((3, 5), np.int64)
    tokens = Question.of("tokens", matrices, ids, padded=True)
    numbers = Question.of("values", matrices[:2], None, padded=True)
    assert (len(tokens), len(numbers)) == (3, 2)
    assert tokens.padded and not numbers.padded
    with pytest.raises(InputError, match=r"the question has no values: .* says reads = 'values'"):
        tokens.numbers  # noqa: B018
    with pytest.raises(InputError, match="the question has no tokens"):
        numbers.ids  # noqa: B018


def test_numbers_are_matrices_as_tensors() -> None:
    values = np.zeros((3, 4, 5))
    matrices = Matrices(values, np.array([2, 1, 2]), np.array([3, 3, 1]), np.array([0, 1, 0]))
    values[matrices.mask()] = np.arange(1.0, 12.0)
    numbers = Numbers.of(matrices)
    assert numbers.values.shape == (3, 2, 3) and numbers.values.dtype == torch.float64
    assert torch.equal(numbers.mask, numbers.values != 0)
    picked = Question(matrices=numbers)[[2, 0]].to(torch.device("cpu")).numbers
    back = picked.matrices()
    np.testing.assert_array_equal(back.values, values[[2, 0], :2, :3])
    np.testing.assert_array_equal(back.rows, [2, 2])
    np.testing.assert_array_equal(back.columns, [1, 3])
    np.testing.assert_array_equal(back.kinds, [0, 0])
