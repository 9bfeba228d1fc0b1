"""The transformer on a grid: what it must not know, what must not matter, what it is asked."""

import shlex
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from eigenformer import encodings, ensembles, problems
from eigenformer.cli.train import configured
from eigenformer.core import InputError, rng
from eigenformer.encodings import Encoding, with_eos
from eigenformer.ensembles import Matrices
from eigenformer.models import GridConfig, GridTransformer, Question
from eigenformer.runs.recipes import grid
from eigenformer.training import LossConfig, TrainConfig
from eigenformer.training.trainer import Trainer
from eigenformer.zoo.rebuild import rebuild_command

P1000 = encodings.get("P1000")
PROBLEMS = [
    "inverse",
    "transpose",
    "add",
    "matmul",
    "matvec",
    "eigenvalues",
    "eigenvectors",
    "singular_values",
    "svd",
]
SQUARE = ("inverse", "eigenvalues", "eigenvectors")


def built(name: str, reads: Encoding = P1000, writes: Encoding = P1000) -> GridTransformer:
    config = grid(name, layers=2, width=16).model
    model = config.build(reads, writes, seed=1)
    assert isinstance(model, GridTransformer)
    with torch.no_grad():  # so that one input is not answered like another
        for weight, _ in model.layer_matrices():
            weight.mul_(2)
    return model.eval()


def draw(name: str, dims: str, count: int = 3) -> tuple[Matrices, Matrices]:
    problem = problems.get(name)
    inputs = problem.draw(rng(5), count, ensembles.get("iid-uniform", dims=dims))
    return inputs, problem.solve(inputs)


def logits(model: GridTransformer, inputs: Matrices, answers: Matrices) -> list[Tensor]:
    """Of each decision about a coefficient, the true ones before it given: [K, W]."""
    ids, truth = P1000.encode(inputs), with_eos(P1000.encode(answers))
    padded = bool((ids == 1).any())
    question = Question(torch.from_numpy(ids), padded)
    with torch.no_grad():
        return [made.logits for made in model.choices(question, torch.from_numpy(truth))]


def permuted(
    name: str, values: np.ndarray, answers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Another order of rows and of columns; the same of the answer, and of its places."""
    generator = np.random.default_rng(3)
    m, n = values.shape[1:]
    rows, columns = generator.permutation(m), generator.permutation(n)
    places = np.arange(answers[0].size).reshape(answers.shape[1:])
    one, zero = np.ones(1, int), np.zeros(1, int)
    if name in SQUARE:
        columns = rows
    if name in ("add", "matmul"):
        columns = generator.permutation(n // 2)
    if name == "matvec":
        columns = generator.permutation(n - 1)
    given = {
        "add": np.concatenate([columns, columns + n // 2]),
        "matmul": np.concatenate([columns, np.arange(n // 2, n)]),
        "matvec": np.concatenate([columns, one * (n - 1)]),
    }.get(name, columns)
    left, right = {
        "inverse": (columns, columns),
        "transpose": (columns, rows),
        "add": (rows, columns),
        "matmul": (columns, np.arange(n // 2)),
        "matvec": (columns, zero),
        "eigenvectors": (np.concatenate([zero, 1 + rows]), np.arange(n)),
        "svd": (np.concatenate([zero, 1 + rows, 1 + m + columns]), np.arange(min(m, n))),
    }.get(name, (np.arange(answers.shape[1]), zero))
    take = np.ix_(left, right)
    return values[:, rows][:, :, given], answers[:, left][:, :, right], places[take].ravel()


@pytest.mark.parametrize("name", PROBLEMS)
def test_permuting_rows_and_columns_permutes_the_answer(name: str) -> None:
    model = built(name)
    inputs, answers = draw(name, "4x4" if name in SQUARE else "4x3")
    shuffled, same, places = permuted(name, inputs.values, answers.values)
    before = logits(model, inputs, answers)
    after = logits(model, Matrices.of(shuffled), Matrices.of(same))
    count = answers.values[0].size
    differ = 0.0
    for a, b in zip(before[2:], after[2:], strict=True):
        a, b = a.unflatten(0, (-1, count)), b.unflatten(0, (-1, count))
        torch.testing.assert_close(a[:, places], b, rtol=0, atol=2e-4)
        differ += float((b[:, 0] - b[:, 1]).abs().max())
    assert differ > 1e-2  # or else there was nothing to see


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_padded_batch_says_what_its_matrices_say_alone(name: str) -> None:
    model = built(name)
    inputs, answers = draw(name, "2-5" if name in SQUARE else "2-5x2-4", count=6)
    assert len(set(zip(inputs.rows.tolist(), inputs.columns.tolist(), strict=True))) > 2
    alone: list[list[Tensor]] = []
    for i in range(6):
        one = np.array([i])
        alone.append(logits(model, cut(inputs[one]), cut(answers[one])))
    for k, together in enumerate(logits(model, inputs, answers)):
        torch.testing.assert_close(together, torch.cat([a[k] for a in alone]), rtol=0, atol=2e-4)
    ids = torch.from_numpy(P1000.encode(inputs))
    written = model.answer(Question(ids, True), 400)
    decoded = P1000.decode(written.numpy())
    assert decoded.valid.all()
    assert (decoded.matrices.rows == answers.rows).all()
    assert (decoded.matrices.columns == answers.columns).all()


def cut(matrices: Matrices) -> Matrices:
    """One matrix without its padding."""
    return Matrices.of(matrices.values[:, : matrices.rows[0], : matrices.columns[0]])


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_step_of_training_and_an_answer_of_a_size_never_seen(name: str) -> None:
    run = grid(name, "3x3", layers=1, width=16, batch_size=4)
    trainer = Trainer(replace(run, loss=LossConfig(soft_width=0.01)))
    before = {key: value.clone() for key, value in trainer.weights().items()}
    batches = trainer.batches()
    for _ in range(2):  # the first is of rate 0
        assert trainer.step(next(batches))
    moved = [not torch.equal(value, before[key]) for key, value in trainer.weights().items()]
    assert all(moved)
    for dims in ("2x2", "7x7"):
        inputs, answers = draw(name, dims, count=2)
        ids = torch.from_numpy(P1000.encode(inputs))
        model = trainer.model
        assert isinstance(model, GridTransformer)
        decoded = P1000.decode(model.answer(Question(ids), 1000).numpy())
        assert decoded.valid.all()
        assert decoded.matrices.values.shape == answers.values.shape


@pytest.mark.parametrize("name", ["P10", "B1999", "FP15"])
def test_every_encoding(name: str) -> None:
    encoding = encodings.get(name)
    model = built("eigenvectors", encoding, encoding)
    ids = torch.from_numpy(encoding.encode(draw("eigenvectors", "3x3")[0]))
    written = model.answer(Question(ids), 100)
    assert encoding.decode(written.numpy()).valid.all()
    made = model.choices(Question(ids), written)
    assert sum(len(each.targets) for each in made) == written.numel() - len(written)


def test_states_have_names_and_can_be_replaced() -> None:
    model = built("svd")
    inputs = torch.from_numpy(P1000.encode(draw("svd", "4x3", count=2)[0]))
    question, other = Question(inputs[:1]), Question(inputs[1:])
    answer, cache = model.run_with_cache(question, 100)
    wanted = {"grid.embed.z", "decoder.out"}
    wanted |= {f"grid.{i}.{name}" for i in range(2) for name in "zuv"}
    assert set(cache) == wanted
    assert cache["grid.0.z"].shape == (1, 4, 3, 16)
    assert cache["grid.1.u"].shape == (1, 3, 4, 16)
    assert torch.equal(model.run_with_hooks(question, {"grid.0.z": lambda z: z}, 100), answer)
    last = {f"grid.1.{name}": lambda _, name=name: cache[f"grid.1.{name}"] for name in "uv"}
    assert not torch.equal(model.answer(other, 100), answer)
    assert torch.equal(model.run_with_hooks(other, last, 100), answer)


@pytest.mark.parametrize(
    ("name", "dims", "complaint"),
    [
        ("inverse", "2x3", "the input is 2x3; this model takes a square matrix"),
        ("add", "2x3", "the input is 2x3; this model takes an even number of columns"),
        ("svd", "60x40", "an answer has 101 rows or columns and the encoding names up to 100"),
        ("matvec", "2x1", "the input is 2x1; this model takes a matrix and a column beside it"),
    ],
)
def test_matrices_that_do_not_fit(name: str, dims: str, complaint: str) -> None:
    inputs = ensembles.get("iid-uniform", dims=dims).draw(rng(0), 2)
    with pytest.raises(InputError, match=complaint):
        built(name).answer(Question(torch.from_numpy(P1000.encode(inputs))), 100)


def test_configurations_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="a product has two operands"):
        GridConfig(answer="product")
    with pytest.raises(InputError, match="a product has two operands"):
        GridConfig(operands="last-column")
    with pytest.raises(InputError, match="width is 0"):
        GridConfig(width=0)
    with pytest.raises(InputError, match="answers one problem"):
        grid("transpose,add")
    inputs, answers = draw("transpose", "2x3")
    model = GridConfig(layers=1, width=8, square=False).build(P1000, P1000, seed=0)
    with pytest.raises(InputError, match=r"the answer is 3x2, but .* 'cells' gives 2x3"):
        logits(model, inputs, answers)


@pytest.mark.parametrize("run", [grid("svd", "4x3", layers=4), grid("matvec", encoding="FP15")])
def test_the_command_that_trains_it_again(run: TrainConfig) -> None:
    words = shlex.split(rebuild_command(run))
    assert words[:3] == ["eigenformer", "train", "grid"]
    assert configured(words[2], words[3:])[0] == run
