"""Batches: pure functions of (seed, index), with the laws and the answers that they claim."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from eigenformer.core import InputError, from_json, to_json
from eigenformer.incontext import (
    Completion,
    Conditioned,
    Covariates,
    Gaussian,
    Graphs,
    GraphTask,
    HeavyTailed,
    Logistic,
    Patterns,
    Principal,
    Prompts,
    Regression,
    Task,
    Uniform,
)

TASKS = [
    Regression(dim=3, points=7),
    Regression(dim=4, covariates=Conditioned(), noise=(0.1, 2.0), weights="whitened"),
    Regression(dim=2, covariates=HeavyTailed(), noise=(0.0, 3.0), noise_law="range"),
    Logistic(dim=3, points=8),
    GraphTask(nodes=6, demands=3),
    Completion(size=4, missing=2),
    Patterns(),
    Principal(dim=3),
]
SPECTRUM = (4.0, 1.0, 0.25)


def tensors(batch: object) -> list[torch.Tensor]:
    return [getattr(batch, field.name) for field in fields(batch)]  # type: ignore[arg-type]


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_a_batch_is_a_pure_function_of_seed_and_index(task: Task) -> None:
    first = task.draw(3, 5, 4)
    task.draw(3, 6, 4)
    for a, b in zip(tensors(first), tensors(task.draw(3, 5, 4)), strict=True):
        assert torch.equal(a, b)
    for other in (task.draw(3, 6, 4), task.draw(4, 5, 4), task.draw(3, 5, 4, purpose="test")):
        assert not torch.equal(tensors(first)[0], tensors(other)[0])


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_precision_changes_no_number(task: Task) -> None:
    single, double = task.draw(1, 2, 6), task.draw(1, 2, 6, dtype=torch.float64)
    for a, b in zip(tensors(single), tensors(double), strict=True):
        assert (a.dtype, b.dtype) == (torch.float32, torch.float64)
        torch.testing.assert_close(a.double(), b, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_a_task_survives_json(task: Task) -> None:
    assert from_json(Task, to_json(task)) == task


def regression(task: Regression, size: int = 20_000, seed: int = 0) -> Prompts:
    return task.draw(seed, 0, size, dtype=torch.float64)


def test_labels_are_the_weights_products_and_noise_is_what_it_says() -> None:
    batch = regression(Regression(dim=3, points=40, noise=(0.5, 2.0)), 2000)
    clean = torch.einsum("bnd,bd->bn", batch.x, batch.weights)
    residual = (batch.y - clean).std(dim=1)
    for level in (0.5, 2.0):
        chosen = batch.noise == level
        assert 0.4 < chosen.double().mean() < 0.6
        assert residual[chosen].mean() == pytest.approx(level, rel=0.05)
    torch.testing.assert_close(batch.target, (batch.query * batch.weights).sum(dim=1))


def test_a_range_of_noise_is_uniform() -> None:
    noise = regression(Regression(dim=1, points=1, noise=(1.0, 3.0), noise_law="range")).noise
    assert 1 <= noise.min() < 1.01
    assert 2.99 < noise.max() <= 3
    assert noise.mean() == pytest.approx(2.0, abs=0.02)


LAWS: list[tuple[Covariates, np.ndarray]] = [
    (Gaussian(), np.eye(3)),
    (Gaussian(spectrum=SPECTRUM), np.diag(SPECTRUM)),
    (Uniform(width=2.0), np.eye(3) / 3),
    (HeavyTailed(shape=2.0, scale=1.5), np.eye(3)),
]


@pytest.mark.parametrize(("law", "covariance"), LAWS, ids=lambda x: type(x).__name__)
def test_the_covariance_is_the_laws(law: Covariates, covariance: np.ndarray) -> None:
    x = regression(Regression(dim=3, points=9, covariates=law)).x.flatten(0, 1).numpy()
    np.testing.assert_allclose(x.T @ x / len(x), covariance, atol=0.04 * covariance.max())


def test_a_basis_of_the_run_is_one_rotation_for_all_batches() -> None:
    task = Regression(
        dim=3, points=9, covariates=Gaussian(spectrum=SPECTRUM, basis="run"), weights="whitened"
    )
    drawn = []
    for index in (0, 1):
        batch = task.draw(7, index, 20_000, dtype=torch.float64)
        x = batch.x.flatten(0, 1).numpy()
        drawn.append(x.T @ x / len(x))
        precision = np.linalg.inv(drawn[-1])
        weights = batch.weights.numpy().T @ batch.weights.numpy() / len(batch.weights)
        np.testing.assert_allclose(weights, precision, atol=0.2)
    np.testing.assert_allclose(np.linalg.eigvalsh(drawn[0]), sorted(SPECTRUM), rtol=0.05)
    np.testing.assert_allclose(drawn[0], drawn[1], atol=0.1)
    assert abs(drawn[0][0, 1]) > 0.1  # it is a rotation


def test_a_basis_of_the_prompt_differs_between_prompts() -> None:
    law = Gaussian(spectrum=(100.0, 1.0), basis="prompt")
    batch = regression(Regression(dim=2, points=400, covariates=law), 30)
    grams = batch.x.mT @ batch.x / 400
    values = torch.linalg.eigvalsh(grams)
    assert values[:, 1].mean() == pytest.approx(100, rel=0.1)
    assert values[:, 0].mean() == pytest.approx(1, rel=0.1)
    assert grams[:, 0, 0].min() < 20 < 80 < grams[:, 0, 0].max()


def test_the_condition_number_is_the_one_asked_for() -> None:
    law = Conditioned(condition=10.0, largest=(2.0, 3.0))
    for index in range(5):
        batch = Regression(dim=4, points=9, covariates=law).draw(0, index, 30_000)
        x = batch.x.flatten(0, 1).double()
        values = torch.linalg.eigvalsh(x.T @ x / len(x))
        assert values[-1] / values[0] == pytest.approx(10, rel=0.05)
        assert 1.95 < values[-1] < 3.05


def test_inactive_coordinates_are_zero() -> None:
    batch = regression(Regression(dim=4, points=3, active=2), 5)
    assert (batch.x[:, :, 2:] == 0).all()
    assert (batch.query[:, 2:] == 0).all()
    assert (batch.x[:, :, :2] != 0).all()


@pytest.mark.parametrize("bounded", [True, False])
def test_logistic_targets_minimise_the_loss(bounded: bool) -> None:
    task = Logistic(dim=4, points=15, mu=0.1, bounded=bounded)
    batch = task.draw(0, 0, 50, dtype=torch.float64)
    w = batch.target.clone().requires_grad_(True)
    margin = batch.y * torch.einsum("bnd,bd->bn", batch.x, w)
    loss = torch.nn.functional.softplus(-margin).mean(dim=1) + 0.05 * w.square().sum(dim=1)
    (gradient,) = torch.autograd.grad(loss.sum(), w)
    assert gradient.abs().max() < 1e-12
    longest = batch.x.norm(dim=2).amax(dim=1)
    if bounded:
        torch.testing.assert_close(longest, torch.ones_like(longest))
    else:
        assert longest.min() > 1
    assert (batch.query == 0).all()


def graphs(task: GraphTask, size: int = 20) -> Graphs:
    return task.draw(0, 0, size, dtype=torch.float64)


@pytest.mark.parametrize("graph", ["skip-ring", "complete"])
def test_incidence_columns_are_edges(graph: str) -> None:
    task = GraphTask(graph=graph, nodes=7, demands=2)  # type: ignore[arg-type]
    incidence = graphs(task).incidence
    assert incidence.shape[2] == {"skip-ring": 14, "complete": 21}[graph]
    assert ((incidence != 0).sum(dim=1) == 2).all()
    assert incidence.sum(dim=1).abs().max() == 0
    assert ((incidence != 0).sum(dim=2) == task.edges * 2 // 7).all()  # regular graphs
    weights = incidence.abs().amax(dim=1)
    assert np.exp(-1) <= weights.min() < weights.max() <= np.exp(1)


def test_graph_targets_solve_their_equations() -> None:
    phi = graphs(GraphTask(quantity="potentials"))
    torch.testing.assert_close(phi.target @ phi.laplacian, phi.demands)
    root = graphs(GraphTask(quantity="embedding"))
    for each, laplacian, psi in zip(root.target, root.laplacian, root.demands, strict=True):
        torch.testing.assert_close(each @ laplacian @ each.T, psi @ psi.T)
    heat = graphs(GraphTask(quantity="heat", time=0.3))
    torch.testing.assert_close(
        heat.target, heat.demands @ torch.linalg.matrix_exp(-0.3 * heat.laplacian)
    )
    vectors = graphs(GraphTask(quantity="eigenvectors", demands=4))
    image = vectors.target @ vectors.laplacian
    values = (image * vectors.target).sum(dim=2)
    torch.testing.assert_close(image, values[:, :, None] * vectors.target)
    torch.testing.assert_close(values, torch.linalg.eigvalsh(vectors.laplacian)[:, 1:5])


def test_graph_losses_ignore_what_they_should() -> None:
    task = GraphTask(quantity="eigenvectors", nodes=6, demands=3)
    batch = graphs(task)
    signs = torch.tensor([1.0, -1.0, -1.0])[:, None]
    assert task.errors(3 * signs * batch.target, batch).max() < 1e-24
    assert (task.errors(batch.target.roll(1, dims=1), batch) > 5.9).all()  # orthogonal: 2 a row
    scaled = GraphTask(nodes=6, demands=3)
    potentials = graphs(scaled)
    assert scaled.errors(5 * potentials.target, potentials).max() < 1e-24
    torch.testing.assert_close(
        scaled.errors(-potentials.target, potentials), torch.full((20,), 4.0).double()
    )


def test_the_majority_of_the_patterns_that_count_is_the_label() -> None:
    task = Patterns(noise=0.05)
    batch = task.draw(2, 0, 200)
    basis = task.basis(2)
    torch.testing.assert_close(basis @ basis.T, torch.eye(10), atol=1e-5, rtol=0)
    nearest = (batch.tokens @ basis.T).argmax(dim=2)
    votes = (nearest == 0).sum(dim=1) - (nearest == 1).sum(dim=1)
    assert set(votes[batch.target > 0].tolist()) == {4}
    assert set(votes[batch.target < 0].tolist()) == {-4}
    assert task.errors(2 * batch.target, batch).max() == 0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Regression(dim=0), "dim is 0; give at least 1"),
        (lambda: Regression(noise=(-1.0,)), "noise.* is -1.0; give "),
        (lambda: Regression(noise=(1.0,), noise_law="range"), "'range' needs its two ends"),
        (lambda: Regression(active=9), "active is 9; give 1 to 5"),
        (lambda: Conditioned(condition=0.5), "condition is 0.5; give at least 1"),
        (lambda: Uniform(width=0.0), "width is 0.0; give a positive number"),
        (lambda: Gaussian(spectrum=(1.0, 0.0)), "spectrum is .*; eigenvalues must be positive"),
        (lambda: HeavyTailed(scale=-1.0), "scale is -1.0; give a positive number"),
        (lambda: Logistic(mu=0.0), "mu is 0.0; give a positive weight"),
        (
            lambda: GraphTask(quantity="eigenvectors"),
            "demands is 10; 10 nodes have 9 eigenvectors beside the constant",
        ),
        (lambda: Patterns(patterns=21), "patterns is 21; at most dim = 20 can be orthogonal"),
        (lambda: Patterns(confusing=8), "confusing is 8; give fewer than relevant = 8"),
        (lambda: Regression().draw(0, 0, 0), "size is 0; give at least 1"),
        (
            lambda: Regression(covariates=Gaussian(spectrum=(1.0,))).draw(0, 0, 1),
            "spectrum has 1 eigenvalues for 5 features; give 5",
        ),
        (
            lambda: Regression().errors(torch.zeros(1), Patterns().draw(0, 0, 1)),
            r"Regression reads prompts \(x, y\), not Sequences; give another task",
        ),
    ],
)
def test_mistakes_are_named(make: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()  # type: ignore[operator]
