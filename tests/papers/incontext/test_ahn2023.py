"""Studies of Ahn et al. (2023): theory against simulation, verdicts."""

import dataclasses

import numpy as np
import pytest
import torch

from eigenformer.incontext import Prompts, Regression, Uniform
from eigenformer.incontext.algorithms import GDPlusPlus, GradientDescent
from eigenformer.papers import scalars, seeds
from eigenformer.papers.ahn2023 import (
    depth,
    minimiser,
    preconditioner,
    settings,
)

SPECTRUM = (1.0, 1.0, 0.25, 0.0625, 1.0)  # derivations.md, section 4


def test_covariance_is_that_of_the_prompts() -> None:
    for seed in (0, 1):
        sigma = settings.covariance(settings.TASK, seed)
        np.testing.assert_allclose(np.linalg.eigvalsh(sigma.numpy()), sorted(SPECTRUM), atol=1e-6)
        prompts = settings.held_out(settings.TASK, seed, 20_000)
        x = prompts.query.numpy()
        np.testing.assert_allclose(x.T @ x / len(x), sigma.numpy(), atol=0.05)
        w = prompts.weights.numpy()
        precision = np.linalg.inv(sigma.numpy())
        np.testing.assert_allclose(w.T @ w / len(w), precision, atol=0.8)


def test_whitened_prompts_are_the_isotropic_ones_with_the_same_labels() -> None:
    sigma = settings.covariance(settings.TASK, 0)
    prompts = depth.whiten(settings.held_out(settings.TASK, 0, 20_000), sigma)
    target = (prompts.query * prompts.weights).sum(dim=1)
    torch.testing.assert_close(target, prompts.target)
    for values in (prompts.query, prompts.weights):
        moment = values.T @ values / len(values)
        torch.testing.assert_close(moment, torch.eye(5).double(), rtol=0, atol=0.05)


# Scalars.


def test_scalar_losses_are_those_of_gd_plus_plus_on_prompts() -> None:
    task = Regression(dim=4, points=6, covariates=Uniform())
    batch = task.draw(0, 0, 500, dtype=torch.float64)
    assert isinstance(batch, Prompts)
    a, g = torch.tensor([3.0, 8.0, 10.0]).double(), torch.tensor([1.0, 2.0, 0.0]).double()
    values = torch.linalg.eigvalsh(batch.x.mT @ batch.x / 6)
    schedule = scalars.RateSchedule(rates=tuple(a.tolist()), data_rates=tuple(g.tolist()), loss=0.0)
    # ||I - (map of w* to w)||_F^2, column by column: w* runs through the unit vectors.
    total = torch.zeros(500, dtype=torch.float64)
    for unit in torch.eye(4, dtype=torch.float64):
        each = dataclasses.replace(batch, y=batch.x @ unit)
        found = GDPlusPlus(rates=schedule.pairs).weights(each, 3)[-1]
        total += (found - unit).square().sum(dim=1)
    loss = scalars.mean_loss(values, a, g)
    torch.testing.assert_close(loss, total.mean(), rtol=1e-10, atol=0)


def test_eigenvalues_are_lapacks_of_the_drawn_prompts() -> None:
    task = Regression(dim=3, points=4)
    found = scalars.eigenvalues(task, size=2500)
    last = task.draw(0, 1, 500, purpose="scalars", dtype=torch.float64)
    assert isinstance(last, Prompts) and len(found) == 2500
    x = last.x.numpy()
    np.testing.assert_allclose(
        found[2000:], np.linalg.eigvalsh(np.einsum("bni,bnj->bij", x, x) / 4), atol=1e-12
    )


@pytest.mark.parametrize("scheme", ["gd", "gd++"])
@pytest.mark.parametrize("shared", [False, True])
def test_no_neighbour_of_the_best_schedule_is_better(scheme: scalars.Scheme, shared: bool) -> None:
    values = scalars.eigenvalues(Regression(dim=5, points=20), size=500)
    best = scalars.best_schedule(values, 2, scheme, shared=shared)
    rates, data = torch.tensor(best.rates).double(), torch.tensor(best.data_rates).double()
    assert float(scalars.mean_loss(values, rates, data)) == pytest.approx(best.loss)
    assert data[-1] == 0
    assert not shared or rates[0] == rates[1]
    for factor in (0.97, 1.03):
        assert scalars.mean_loss(values, factor * rates, data) > best.loss
        if scheme == "gd++":
            assert scalars.mean_loss(values, rates, factor * data) > best.loss


def test_one_step_is_known_in_closed_form() -> None:
    # n / (n + d + 1) for N(0, I).
    values = scalars.eigenvalues(Regression(dim=5, points=20), size=20_000)
    assert scalars.best_one_step(values) == pytest.approx(20 / 26, rel=0.01)
    found = scalars.best_schedule(values, 1, "gd")
    assert found.rates[0] == pytest.approx(scalars.best_one_step(values), rel=1e-6)


def test_best_rates_of_three_steps_are_the_papers_figure() -> None:
    values = scalars.eigenvalues(settings.ISOTROPIC, size=5000)
    found = sorted(scalars.best_schedule(values, 3, "gd").rates)
    np.testing.assert_allclose(found, preconditioner.PAPER_STEPS, rtol=0.03)


def test_a_line_holds_means_and_ranges() -> None:
    found = seeds.line("x", {1: [1.0, 3.0], 2: [5.0, 5.0]})
    assert (found.x, found.y, found.low, found.high) == ((1, 2), (2, 5), (1, 5), (3, 5))
    assert seeds.number("x", [1.0, 3.0]).value == 2.0
    assert seeds.spread([0.1, 0.3], ".1f") == "0.2 (0.1 to 0.3)"


# Theorem 1.


def test_population_loss_is_that_of_simulated_prompts() -> None:
    sigma = settings.covariance(minimiser.TASK, 0)
    a = minimiser.minimiser(sigma, 20) + 0.1 * torch.randn(
        5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    rng = np.random.default_rng(0)
    x = rng.multivariate_normal(np.zeros(5), sigma.numpy(), (50_000, 21))
    w = rng.normal(size=(50_000, 5))
    s = np.einsum("bni,bnj->bij", x[:, :20], x[:, :20]) / 20
    prediction = np.einsum("bi,ji,bjk,bk->b", x[:, 20], a.numpy(), s, w, optimize=True)
    errors = (prediction - (x[:, 20] * w).sum(axis=1)) ** 2
    loss = float(minimiser.population_loss(a, sigma, 20))
    assert loss == pytest.approx(errors.mean(), abs=4 * errors.std() / len(errors) ** 0.5)


def test_the_closed_form_is_stationary_and_scalar_when_isotropic() -> None:
    sigma = settings.covariance(minimiser.TASK, 0)
    a = minimiser.minimiser(sigma, 20).requires_grad_()
    (gradient,) = torch.autograd.grad(minimiser.population_loss(a, sigma, 20), a)
    assert float(gradient.abs().max()) < 1e-12
    eye = torch.eye(5, dtype=torch.float64)
    torch.testing.assert_close(minimiser.minimiser(eye, 20), 20 / 26 * eye)


def test_the_constructed_layer_does_the_preconditioned_step() -> None:
    sigma = settings.covariance(minimiser.TASK, 0)
    a = minimiser.minimiser(sigma, 20)
    prompts = settings.held_out(minimiser.TASK, 0, 100)
    step = GradientDescent(rate=1.0, preconditioner=a).predictions(prompts, 1)[-1]
    torch.testing.assert_close(minimiser.layer(a)(prompts), step, rtol=1e-12, atol=1e-12)


def test_perturbations_grow_quadratically() -> None:
    found = minimiser.perturbations(directions=3, prompts=200)
    exact = np.array([each.exact for each in found])
    assert (exact > 0).all()
    sizes = np.array(minimiser.SIZES)
    np.testing.assert_allclose(exact / sizes[:, None] ** 2, exact[-1:].repeat(5, 0), rtol=1e-6)


def test_minimiser_is_judged_by_its_neighbours() -> None:
    def state(exact: float, small: float, large: float) -> str:
        rows = [(0.01, small), (0.1, large)]
        return minimiser.verdict(
            [
                minimiser.Excess(size=size, exact=[exact], sampled=[value], errors=[1.0])
                for size, value in rows
            ]
        ).state

    assert state(0.1, -1.0, 3.0) == "holds"
    assert state(0.1, -1.0, 1.0) == "undecided"
    assert state(0.1, -5.0, 3.0) == "fails"
    assert state(-0.1, 1.0, 3.0) == "fails"


# Trained layers.


def test_preconditioners_are_judged_by_the_farthest_layer() -> None:
    raw = [[0.6, 0.6]]
    assert preconditioner.verdict([[0.01, 0.04], [0.02, 0.03]], raw).state == "holds"
    assert preconditioner.verdict([[0.01, 0.06], [0.02, 0.03]], raw).state == "undecided"
    assert preconditioner.verdict([[0.01, 0.06], [0.07, 0.03]], raw).state == "fails"


def _compared(model: float, margins: tuple[float, float]) -> depth.LayersCompared:
    return depth.LayersCompared(model=model, gd=2.0, preconditioned=1.0, plus=0.1, margins=margins)


def test_depths_are_judged_by_paired_differences() -> None:
    tie, win = _compared(1.005, (9.0, -3.0)), _compared(0.5, (9.0, 9.0))
    assert depth.verdict({1: [tie], 2: [win, win]}).state == "holds"
    assert depth.verdict({1: [_compared(1.02, (9.0, -3.0))], 2: [win]}).state == "fails"
    close = _compared(0.99, (9.0, 1.0))
    assert depth.verdict({1: [tie], 2: [win, close]}).state == "undecided"
    lost = _compared(1.5, (9.0, -9.0))
    assert depth.verdict({1: [tie], 2: [win, lost]}).state == "undecided"
    assert depth.verdict({1: [tie], 2: [lost, lost]}).state == "fails"
