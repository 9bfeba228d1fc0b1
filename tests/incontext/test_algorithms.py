"""Algorithms beside LAPACK, closed forms, `construct`'s references and measured curves."""

import numpy as np
import pytest
import torch

from eigenformer.construct.algorithms.conjugate_gradient import textbook_cg
from eigenformer.construct.algorithms.electric import richardson
from eigenformer.construct.algorithms.fu_newton import fu_newton_reference
from eigenformer.construct.algorithms.gd_plus_plus import gd_plus_plus_reference
from eigenformer.construct.algorithms.laplacian_eigenvectors import subspace_iteration
from eigenformer.construct.algorithms.logistic_reference import damped_newton
from eigenformer.construct.algorithms.newton import iterate
from eigenformer.construct.algorithms.preconditioned import preconditioned_reference
from eigenformer.core import InputError
from eigenformer.incontext import (
    ConjugateGradient,
    DampedNewton,
    GDPlusPlus,
    GradientDescent,
    GraphTask,
    LeastSquares,
    Logistic,
    Newton,
    OnlineGradientDescent,
    PowerIteration,
    Prompts,
    Regression,
    RegressionAlgorithm,
    Richardson,
    Ridge,
    Uniform,
    best_rate,
    best_ridge,
    loss_by_step,
)

TASK = Regression(dim=4, points=12, noise=(0.5,))


def prompts(task: Regression | Logistic = TASK, size: int = 20, index: int = 0) -> Prompts:
    return task.draw(0, index, size, dtype=torch.float64)


def arrays(batch: Prompts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return batch.x.numpy(), batch.y.numpy(), batch.query.numpy()


def least_squares(batch: Prompts) -> np.ndarray:
    return np.stack(
        [np.linalg.lstsq(x, y, rcond=None)[0] for x, y, _ in zip(*arrays(batch), strict=True)]
    )


def test_preconditioned_descent_takes_the_constructions_steps() -> None:
    batch = prompts()
    matrix = 0.1 * np.random.default_rng(0).normal(size=(4, 4)) + 0.3 * np.eye(4)
    rates = [0.5, 1.0, -0.2]
    descent = GradientDescent(rate=rates, preconditioner=torch.from_numpy(matrix))
    found = descent.predictions(batch, 3)
    for k in range(4):
        expected = preconditioned_reference(
            *arrays(batch), preconditioners=[rate * matrix for rate in rates[:k]]
        )
        np.testing.assert_allclose(found[k], expected, atol=1e-12)


def test_gd_plus_plus_takes_the_constructions_steps() -> None:
    batch = prompts()
    rates = [(0.2, 0.3), (0.1, -0.2), (0.25, 0.5)]
    found = GDPlusPlus(rates=rates).predictions(batch, 3)
    for k in range(4):
        expected = gd_plus_plus_reference(*arrays(batch), rates=rates[:k])
        np.testing.assert_allclose(found[k], expected, atol=1e-12)


def test_online_descent_solves_each_pair_in_turn() -> None:
    batch = prompts(Regression(dim=4, points=12))
    found = OnlineGradientDescent().weights(batch, 12)
    for k in range(12):
        label = (found[k + 1] * batch.x[:, k]).sum(dim=1)
        torch.testing.assert_close(label, batch.y[:, k])
    # Kaczmarz's projections never move away from a consistent solution.
    distance = (found - batch.weights).norm(dim=2)
    assert (distance.diff(dim=0) < 1e-12).all()


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize("start", ["extremes", "frobenius", "identity"])
def test_newtons_residual_is_a_power_of_the_one_before(order: int, start: str) -> None:
    batch = prompts()
    newton = Newton(order=order, start=start, ridge=0.2)  # type: ignore[arg-type]
    gram = (batch.x.mT @ batch.x + 0.2 * torch.eye(4)).numpy()
    values = np.linalg.eigvalsh(gram)
    scale = {
        "extremes": values[:, -1] ** 2 + values[:, 0] ** 2,
        "frobenius": np.linalg.norm(gram @ gram, axis=(1, 2)),
        "identity": (values[:, -1] + values[:, 0]) / 2,
    }[start]
    first = (np.eye(4) if start == "identity" else gram) / scale[:, None, None]
    found = newton.weights(batch, 3)
    right = np.einsum("bnd,bn->bd", batch.x.numpy(), batch.y.numpy())
    for k in range(4):
        expected = iterate(gram, first, k, order)
        # The reference adds powers of A X with alternating signs, which costs it digits.
        np.testing.assert_allclose(found[k], np.einsum("bde,be->bd", expected, right), atol=1e-8)


def test_newton_from_fus_start_is_the_constructions() -> None:
    batch = prompts()
    found = Newton(start="frobenius").predictions(batch, 6)
    for steps in (0, 3, 6):
        expected = fu_newton_reference(*arrays(batch), steps=steps)
        np.testing.assert_allclose(found[steps], expected, atol=1e-11)


# Squared error / d at steps 0, 1, ... for d = 10, 50 pairs, kappa = 1: derivations.md, section 1e.
CURVES = {
    2: [4.9e-1, 3.5e-1, 2.2e-1, 1.2e-1, 4.8e-2, 1.3e-2, 1.8e-3, 1.2e-4],
    3: [4.9e-1, 2.7e-1, 1.0e-1, 1.9e-2, 8.0e-4],
    4: [4.9e-1, 2.2e-1, 4.8e-2, 1.8e-3],
}


@pytest.mark.parametrize("order", sorted(CURVES))
def test_newtons_curves_are_the_measured_ones(order: int) -> None:
    task = Regression(dim=10, points=50)
    expected = CURVES[order]
    found = loss_by_step(Newton(order=order), task, len(expected) - 1, size=4000) / 10
    # The figures are means over 400 problems.
    np.testing.assert_allclose(found, expected, rtol=0.15)


def test_order_four_is_order_two_twice() -> None:
    batch = prompts()
    two, four = (Newton(order=order).weights(batch, 8) for order in (2, 4))
    torch.testing.assert_close(four[:5], two[::2], rtol=1e-9, atol=1e-11)


def test_conjugate_gradients_are_the_textbooks_and_end_after_d_steps() -> None:
    batch = prompts()
    found = ConjugateGradient().weights(batch, 6)
    gram, right = batch.x.mT @ batch.x, torch.einsum("bnd,bn->bd", batch.x, batch.y)
    for k in range(5):
        np.testing.assert_allclose(
            found[k], textbook_cg(gram.numpy(), right.numpy(), k), atol=1e-11
        )
    np.testing.assert_allclose(found[4], least_squares(batch), atol=1e-9)
    np.testing.assert_allclose(found[6], least_squares(batch), atol=1e-9)


@pytest.mark.parametrize(
    ("algorithm", "steps"),
    [
        (GradientDescent(rate=0.5), 3000),
        (Newton(order=3), 25),
        (ConjugateGradient(), 4),
        (LeastSquares(), 0),
        (Ridge(strength=0.0), 0),
    ],
    ids=lambda x: type(x).__name__,
)
def test_they_all_end_at_least_squares(algorithm: RegressionAlgorithm, steps: int) -> None:
    batch = prompts()
    np.testing.assert_allclose(
        algorithm.weights(batch, steps)[-1], least_squares(batch), rtol=1e-7, atol=1e-7
    )


def test_fewer_pairs_than_dimensions_give_the_solution_of_least_norm() -> None:
    batch = prompts(Regression(dim=6, points=3))
    for algorithm, steps in ((Newton(), 30), (Ridge(strength=0.0), 0), (ConjugateGradient(), 5)):
        assert isinstance(algorithm, RegressionAlgorithm)
        found = algorithm.weights(batch, steps)[-1]
        np.testing.assert_allclose(found, least_squares(batch), atol=1e-6)


def test_ridge_solves_its_equations() -> None:
    batch = prompts(Regression(dim=3, points=9, noise=(0.3, 2.0)))
    x, y, _ = arrays(batch)
    ls = least_squares(batch)
    rss = ((y - np.einsum("bnd,bd->bn", x, ls)) ** 2).sum(axis=1)
    strengths = {"oracle": batch.noise.numpy() ** 2, "adaptive": rss / 6, 0.7: np.full(20, 0.7)}
    for strength, expected in strengths.items():
        w = Ridge(strength=strength).weights(batch, 0)[0].numpy()  # type: ignore[arg-type]
        left = np.einsum("bnd,bne,be->bd", x, x, w) + expected[:, None] * w
        np.testing.assert_allclose(left, np.einsum("bnd,bn->bd", x, y), atol=1e-9)


def test_tuned_ridge_has_the_least_leave_one_out_error() -> None:
    from eigenformer.incontext.algorithms.ridge import GRID

    batch = prompts(Regression(dim=3, points=6, noise=(1.0,)), size=3)
    tuned = Ridge(strength="tuned").weights(batch, 0)[0].numpy()
    x, y, _ = arrays(batch)

    def solved(a: np.ndarray, b: np.ndarray, s: float) -> np.ndarray:
        found: np.ndarray = np.linalg.solve(a.T @ a + s * np.eye(3), a.T @ b)
        return found

    for i in range(3):
        errors = []
        for s in GRID:
            left_out = [
                y[i, k] - x[i, k] @ solved(np.delete(x[i], k, 0), np.delete(y[i], k), s)
                for k in range(6)
            ]
            errors.append(np.square(left_out).sum())
        best = GRID[int(np.argmin(errors))]
        np.testing.assert_allclose(tuned[i], solved(x[i], y[i], best), atol=1e-9)


def test_the_oracle_beats_every_other_ridge() -> None:
    task = Regression(dim=5, points=10, noise=(0.0, 4.0), noise_law="range")
    losses = {
        strength: float(loss_by_step(Ridge(strength=strength), task, 0, size=8000)[0])
        for strength in ("oracle", "adaptive", "tuned")
    }
    batch = prompts(task, 4000)
    constant = best_ridge(batch)
    losses["constant"] = float(loss_by_step(Ridge(strength=constant), task, 0, size=8000)[0])
    assert losses.pop("oracle") < min(losses.values())
    assert 0.5 < constant < 16


def test_the_best_rate_of_one_step_has_its_closed_form() -> None:
    """E[ab] / E[a^2] for the prediction eta a of label b; 6.06 and 0.2062 of section 3."""
    batch = prompts(Regression(dim=10, points=10, covariates=Uniform()), 20_000)
    rate = best_rate(batch, 1)
    a = GradientDescent(rate=1.0).predictions(batch, 1)[1]
    assert rate == pytest.approx(float((a * batch.target).mean() / (a * a).mean()), rel=1e-5)
    assert rate == pytest.approx(6.06, rel=0.01)
    loss = (GradientDescent(rate=rate).predictions(batch, 1)[1] - batch.target).square().mean() / 2
    assert float(loss) == pytest.approx(0.2062, rel=0.015)


@pytest.mark.parametrize(
    ("points", "steps", "rate"),
    [(5, 1, 0.31), (20, 1, 0.65), (20, 2, 0.64), (100, 2, 0.90), (100, 5, 0.89)],
)
def test_best_rates_are_gatmirys_optima(points: int, steps: int, rate: float) -> None:
    """The table of section 7, d = 10, which has two digits from 600 draws.

    With 5 steps on few pairs the mean is decided by the rarest prompts: a lambda_max above 2 / rate
    counts with (rate lambda_max - 1)^10. There no sample of this size gives two digits.
    """
    batch = prompts(Regression(dim=10, points=points), 6000)
    assert best_rate(batch, steps) == pytest.approx(rate, rel=0.06)


def test_damped_newton_is_the_constructions_and_reaches_the_target() -> None:
    task = Logistic(dim=3, points=10)
    batch = prompts(task)
    found = DampedNewton(mu=0.1).weights(batch, 12)
    x, y, _ = arrays(batch)
    expected = damped_newton(x, y, np.zeros((20, 3)), 0.1, steps=5)
    np.testing.assert_allclose(found[5], expected, atol=1e-12)
    assert (found[-1] - batch.target).abs().max() < 1e-6


def test_graph_algorithms_are_the_constructions() -> None:
    task = GraphTask(nodes=7, demands=3)
    graphs = task.draw(0, 0, 5, dtype=torch.float64)
    b, psi = graphs.incidence.numpy(), graphs.demands.numpy()
    found = Richardson().predictions(graphs, 4)
    np.testing.assert_allclose(found[4], richardson(b, psi, 4), atol=1e-12)
    fixed = Richardson(step=0.05).predictions(graphs, 4)
    np.testing.assert_allclose(fixed[4], richardson(b, psi, 4, 0.05), atol=1e-12)
    vectors = PowerIteration().predictions(graphs, 6)
    np.testing.assert_allclose(vectors[6], subspace_iteration(b, psi, 6), atol=1e-9)
    assert float(loss_by_step(Richardson(), task, 400, size=50)[-1]) < 1e-6


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Newton(order=1), "order is 1; Newton's iteration has order 2 or more"),
        (lambda: Ridge(strength=-1.0), "strength is -1.0; give 0 or more, or a name"),
        (
            lambda: Ridge(strength="adaptive").weights(prompts(Regression(dim=4, points=4)), 0),
            "the prompts have 4 pairs in 4 dimensions, so nothing is left to estimate",
        ),
        (
            lambda: OnlineGradientDescent().weights(prompts(), 13),
            "steps is 13, and the prompts have 12 pairs, one for a step",
        ),
        (
            lambda: GradientDescent(rate=[0.1]).weights(prompts(), 2),
            "rate has 1 numbers for 2 steps; give one a step",
        ),
        (lambda: GDPlusPlus(rates=[]).weights(prompts(), 1), "rates has 0 pairs for 1 steps"),
        (lambda: ConjugateGradient().weights(prompts(), -1), "steps is -1; give 0 or more"),
        (lambda: best_rate(prompts(), 0), "steps is 0; a rate matters from 1 step on"),
        (lambda: DampedNewton(mu=0.0), "mu is 0.0; give a positive weight"),
        (lambda: Richardson(step=0.0), "step is 0.0; give a positive number"),
    ],
)
def test_mistakes_are_named(make: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()  # type: ignore[operator]
