"""Measures: of models whose weights, and so whose answers, are known."""

import numpy as np
import pytest
import torch

from eigenformer.core import InputError
from eigenformer.incontext import (
    ConjugateGradient,
    Gaussian,
    GradientDescent,
    LeastSquares,
    LinearAttention,
    LinearAttentionModel,
    Newton,
    OneLayer,
    Patterns,
    Prompts,
    Regression,
    Transformer,
    alignment,
    best_match,
    distance_from_identity,
    fit_readouts,
    gpt,
    gradient_noise,
    hessian_eigenvalues,
    induced_weights,
    kurtosis,
    loss_by_layer,
    loss_by_step,
    model_errors,
    prefix,
    prefix_errors,
    pruned,
    response,
    robust_condition,
    sensitivities,
    similarity,
    update_spectrum,
    whitened,
)
from eigenformer.incontext.measures import gradient

TASK = Regression(dim=3, points=8)


def prompts(task: Regression = TASK, size: int = 10) -> Prompts:
    return task.draw(0, 0, size, dtype=torch.float64)


def descent(eta: float, layers: int, looped: bool = False) -> LinearAttentionModel:
    """A model that does gradient descent with step `eta`."""
    model = LinearAttention(form="step", layers=layers, looped=looped).build(TASK).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(eta)
    return model


def test_losses_by_layer_are_those_of_the_algorithm_that_the_model_is() -> None:
    found = loss_by_layer(descent(0.3, 4), TASK, size=1500)
    expected = loss_by_step(GradientDescent(rate=0.3), TASK, 4, size=1500)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    assert float(found[0]) == pytest.approx(3, rel=0.15)  # of predicting 0: E (w . x)^2 = d


def test_loops_beyond_the_trained_number_are_measured_too() -> None:
    found = loss_by_layer(descent(0.3, 2, looped=True), TASK, size=500, layers=6)
    expected = loss_by_step(GradientDescent(rate=0.3), TASK, 6, size=500)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_a_prefix_asks_for_the_next_label() -> None:
    batch = prompts()
    part = prefix(batch, 3)
    assert torch.equal(part.x, batch.x[:, :3])
    assert torch.equal(part.query, batch.x[:, 3])
    assert torch.equal(part.target, batch.y[:, 3])
    assert torch.equal(prefix(batch, 8).target, batch.target)
    with pytest.raises(InputError, match="pairs is 9; give 1 to 8"):
        prefix(batch, 9)


def test_prefix_errors_are_those_of_ever_longer_prompts() -> None:
    batch = prompts()
    found = prefix_errors(LeastSquares(), batch, 0)[0]
    for example in range(10):
        for pairs in range(1, 9):
            x, y = batch.x[example, :pairs].numpy(), batch.y[example, :pairs].numpy()
            w = np.linalg.lstsq(x, y, rcond=None)[0]
            point, label = (
                (batch.x[example, pairs], batch.y[example, pairs])
                if pairs < 8
                else (batch.query[example], batch.target[example])
            )
            expected = w @ point.numpy() - float(label)
            assert float(found[example, pairs - 1]) == pytest.approx(expected, abs=1e-9)


def test_an_algorithm_is_most_like_itself() -> None:
    # Early steps: after convergence errors are rounding, which is like nothing.
    batch = prompts(Regression(dim=6, points=12, noise=(0.5,)))
    errors = prefix_errors(GradientDescent(rate=0.1), batch, 5)
    heat = similarity(errors, errors)
    torch.testing.assert_close(heat.diagonal(), torch.ones(6).double())
    steps, values = best_match(heat)
    assert steps.tolist() == [0, 1, 2, 3, 4, 5]
    assert (values <= 1 + 1e-12).all()


def test_cosines_are_means_over_prompts() -> None:
    a = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    b = torch.tensor([[[1.0, 1.0], [0.0, -1.0]], [[5.0, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(similarity(a, b), torch.tensor([[(0.5**0.5 - 1) / 2, (1 + 0) / 2]]))


def test_descent_needs_ever_more_steps_to_match_newton() -> None:
    """Fu et al. 2024: the matching step grows geometrically with Newton's."""
    task = Regression(dim=6, points=18)
    batch = prompts(task, 60)
    newton = Newton(start="frobenius").weights(batch, 7)[3:]
    steps, _ = best_match(similarity(newton, GradientDescent(rate=0.25).weights(batch, 200)))
    ratios = steps[1:].double() / steps[:-1].double()
    assert steps[0] >= 1
    assert (ratios > 1.5).all(), steps


def test_induced_weights_of_a_model_that_is_linear_in_its_query() -> None:
    batch = prompts()
    model = descent(0.3, 3)
    expected = GradientDescent(rate=0.3).weights(batch, 3)
    torch.testing.assert_close(induced_weights(model, batch), expected[3])
    torch.testing.assert_close(induced_weights(model, batch, layers=1), expected[1])
    part = prefix(batch, 4)
    torch.testing.assert_close(
        induced_weights(model, part), GradientDescent(rate=0.3).weights(part, 3)[3]
    )


def test_sensitivities_are_the_induced_weights() -> None:
    batch, algorithm = prompts(), GradientDescent(rate=0.3)
    model = descent(0.3, 3).requires_grad_(False)
    torch.testing.assert_close(sensitivities(model, batch), algorithm.weights(batch, 3)[3])
    same = alignment(model, algorithm, batch, 3)
    assert same.cosine == pytest.approx(1, abs=1e-12)
    assert same.sensitivity_difference < 1e-12
    assert same.prediction_difference < 1e-12
    other = alignment(model, ConjugateGradient(), batch, 3)
    assert other.cosine < 0.999
    assert other.sensitivity_difference > 0.01
    difference = (model(batch) - ConjugateGradient().predictions(batch, 3)[3]).abs().mean()
    assert other.prediction_difference == pytest.approx(float(difference))


def test_the_response_of_a_linear_model_is_a_line() -> None:
    batch, model = prompts(), descent(0.3, 2)
    values = torch.linspace(-100, 100, 5).double()
    found = response(model, batch, values, coordinate=1)
    slopes = found.diff(dim=0) / 50
    w = GradientDescent(rate=0.3).weights(batch, 2)[2]
    torch.testing.assert_close(slopes, w[:, 1].expand(4, -1))
    rest = batch.query[:, [0, 2]] * w[:, [0, 2]]
    torch.testing.assert_close(found[2], rest.sum(dim=1))


def test_the_distance_from_a_multiple_of_the_identity() -> None:
    assert float(distance_from_identity(-3 * torch.eye(4))) == 0
    matrix = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 4)))
    best = min(
        float((matrix - alpha * torch.eye(4)).norm() / matrix.norm())
        for alpha in np.linspace(-3, 3, 6001)
    )
    assert float(distance_from_identity(matrix)) == pytest.approx(best, rel=1e-5)
    several = distance_from_identity(torch.stack([matrix, 7 * matrix]))
    assert float(several[0]) == pytest.approx(float(several[1]))


def test_whitening_a_preconditioner() -> None:
    root = torch.from_numpy(np.random.default_rng(1).normal(size=(4, 4)))
    covariance = root @ root.T
    found = whitened(2 * torch.linalg.inv(covariance), covariance)
    torch.testing.assert_close(found, 2 * torch.eye(4).double(), rtol=1e-8, atol=1e-8)


def test_a_probe_of_the_embedding_knows_nothing() -> None:
    """x_q alone says nothing of w* . x_q, so a probe of the embedding can only answer about 0."""
    task = Regression(dim=3, points=6)
    model = gpt(2, 16, 2).build(task).double().requires_grad_(False)
    batch = prompts(task)
    probes = fit_readouts(model, task, size=1000)
    found = probes.predictions(batch)
    assert found.shape == (3, 10, 7)
    assert model_errors(found, batch).shape == (3, 10, 6)
    errors = model_errors(found, batch)
    labels = batch.labels[:, 1:]
    assert (errors[0] - -labels).abs().max() < 1.0


def test_a_probe_beats_any_other_read_out() -> None:
    task = Regression(dim=2, points=6)
    options = Transformer(layers=1, embedding=12, heads=2, init_std=0.4, norm=True)
    model = options.build(task).double().requires_grad_(False)
    drawn = [task.draw(0, i, 250, purpose="probe", dtype=torch.float64) for i in range(4)]
    probes = fit_readouts(model, task, size=1000, ridge=0.0)

    def loss() -> float:
        total = 0.0
        for batch in drawn:
            total += float((probes.predictions(batch)[1] - batch.target).square().mean())
        return total

    least = loss()
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        noise = 0.01 * torch.randn(probes.weights.shape, dtype=torch.float64, generator=generator)
        probes.weights.add_(noise)
        assert loss() > least
        probes.weights.sub_(noise)


# Landscape.


def test_the_hessian_of_gradient_descents_step() -> None:
    """The prediction is eta a, so the loss's second derivative in eta is 2 E a^2."""
    batch = prompts(size=50)
    found = hessian_eigenvalues(descent(0.3, 1), TASK, batch)
    a = GradientDescent(rate=1.0).predictions(batch, 1)[1]
    torch.testing.assert_close(found, 2 * (a * a).mean()[None], rtol=1e-8, atol=0)


def test_the_hessian_beside_finite_differences() -> None:
    batch = prompts(size=5)
    model = LinearAttention(form="diagonal", layers=2, init_std=0.3).build(TASK).double()
    found = hessian_eigenvalues(model, TASK, batch).numpy()
    vector = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    rows = []
    for i in range(len(vector)):
        gradients = []
        for sign in (1, -1):
            moved = vector.clone()
            moved[i] += sign * 1e-5
            torch.nn.utils.vector_to_parameters(moved, model.parameters())
            gradients.append(gradient(model, TASK, batch).numpy())
        rows.append((gradients[0] - gradients[1]) / 2e-5)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(np.array(rows)), rtol=1e-4, atol=1e-6)
    assert robust_condition(torch.tensor([-4.0, -1.0, 0.5, 2.0, 9.0])) == 9 / 2


def test_gradient_noise_shrinks_with_the_root_of_the_batch() -> None:
    model = descent(0.1, 2)
    small, large = (
        gradient_noise(model, TASK, batch=size, samples=150).mean() for size in (25, 400)
    )
    assert float(small / large) == pytest.approx(4, rel=0.25)


def test_kurtosis_of_known_laws() -> None:
    rng = np.random.default_rng(0)
    assert kurtosis(torch.from_numpy(rng.normal(size=200_000))) == pytest.approx(3, abs=0.1)
    assert kurtosis(torch.from_numpy(rng.uniform(size=200_000))) == pytest.approx(1.8, abs=0.05)
    assert kurtosis(torch.tensor([-1.0, 1.0])) == 1


def test_a_model_without_gradients_says_what_to_do() -> None:
    model = descent(0.1, 1).requires_grad_(False)
    with pytest.raises(InputError, match=r"call requires_grad_\(True\)"):
        gradient(model, TASK, prompts())


# Weights.


def test_the_spectrum_of_a_rank_two_update() -> None:
    rng = np.random.default_rng(0)
    before = torch.from_numpy(rng.normal(size=(6, 5)))
    update = torch.from_numpy(rng.normal(size=(6, 2)) @ rng.normal(size=(2, 5)))
    values = update_spectrum(before, before + update)
    assert values[2] < 1e-12 < values[1]
    assert float(values.square().sum()) == pytest.approx(float(update.square().sum()))


@pytest.mark.parametrize("largest", [False, True])
def test_pruning_takes_the_neurons_asked_for(largest: bool) -> None:
    task = Patterns()
    model = OneLayer(hidden=10).build(task)
    norms = model.w_o.detach().norm(dim=1)
    found = pruned(model, 0.3, largest=largest)
    gone = (found.w_o == 0).all(dim=1)
    assert int(gone.sum()) == 3
    kept, removed = norms[~gone], norms[gone]
    assert (removed.min() > kept.max()) if largest else (removed.max() < kept.min())
    assert torch.equal(found.w_o[~gone], model.w_o[~gone])
    assert (model.w_o != 0).any(dim=1).all()  # the model itself is left alone
    batch = task.draw(0, 0, 5)
    assert (pruned(model, 1.0)(batch) == 0).all()
    with pytest.raises(InputError, match=r"fraction is 1\.5; give a number from 0 to 1"):
        pruned(model, 1.5)


def test_covariance_shapes_do_not_matter_to_losses() -> None:
    """Preconditioned descent with Sigma^-1 on N(0, Sigma) is plain descent on N(0, I)."""
    spectrum = (4.0, 1.0, 0.25)
    task = Regression(dim=3, points=8, covariates=Gaussian(spectrum=spectrum), weights="whitened")
    inverse = torch.diag(1 / torch.tensor(spectrum, dtype=torch.float64))
    found = loss_by_step(GradientDescent(rate=0.4, preconditioner=inverse), task, 5, size=300)
    expected = loss_by_step(GradientDescent(rate=0.4), TASK, 5, size=300)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
