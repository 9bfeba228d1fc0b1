"""Studies of Cheng et al. (2025): the iterations compared with, warm start, verdict."""

import dataclasses

import numpy as np
import pytest
import torch

from eigenformer.construct.algorithms.electric import electric_potentials
from eigenformer.construct.algorithms.resistive import resistive_embedding
from eigenformer.core import InputError
from eigenformer.incontext import FromRichardson, Graphs, GraphTask, GraphTransformer, Regression
from eigenformer.incontext.algorithms import Richardson
from eigenformer.papers.cheng2025.algorithms import (
    algorithm_loss,
    best_multiplier,
    iterate,
    mean_spectrum,
)
from eigenformer.papers.cheng2025.settings import QUANTITIES, task
from eigenformer.papers.cheng2025.study import equivariance, verdict


def graphs(quantity, size: int = 20) -> tuple[GraphTask, Graphs]:
    problem = task(quantity)
    found = problem.draw(0, 0, size, dtype=torch.float64)
    assert isinstance(found, Graphs)
    return problem, found


# The iterations compared with.


def test_multiplier_1_is_the_construction_for_potentials() -> None:
    problem, batch = graphs("potentials")
    net = electric_potentials(10, 20, 10, 6)
    expected = net(batch.incidence, batch.demands)
    found = iterate(problem, batch, 6)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(found, Richardson().predictions(batch, 6)[-1])


def test_multiplier_1_is_the_construction_for_the_embedding_up_to_a_factor() -> None:
    problem, batch = graphs("embedding")
    expected = resistive_embedding(10, 20, 10, 4)(batch.incidence, batch.demands)
    found = iterate(problem, batch, 4)
    factors = (expected / found).flatten(1)
    assert (factors.std(dim=1) / factors.mean(dim=1).abs()).max() < 1e-6


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_iterations_converge_to_lapacks_answer(quantity) -> None:
    problem, batch = graphs(quantity)
    layers = {"potentials": 1000, "embedding": 10, "heat": 4000}[quantity]
    assert algorithm_loss(problem, batch, layers) < 1e-4
    assert algorithm_loss(problem, batch, 1) > 1e-2


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_best_multiplier_is_no_worse_than_the_construction(quantity) -> None:
    problem, batch = graphs(quantity)
    best = best_multiplier(problem, batch, 3)
    plain = algorithm_loss(problem, batch, 3)
    assert algorithm_loss(problem, batch, 3, multiplier=best) <= plain * (1 + 1e-9)


@pytest.mark.parametrize("quantity", ["potentials", "embedding"])
def test_fixed_weights_are_the_construction_on_a_graph_with_that_spectrum(quantity) -> None:
    problem, batch = graphs(quantity, 1)
    found = iterate(problem, batch, 3, spectrum=mean_spectrum(batch))
    torch.testing.assert_close(found, iterate(problem, batch, 3))
    # And of another graph the answer is the same linear map of its own L, with no look at it.
    double = dataclasses.replace(batch, incidence=batch.incidence * 2**0.5)
    again = iterate(problem, double, 3, multiplier=0.5, spectrum=mean_spectrum(batch))
    factor = 0.5 if quantity == "potentials" else 1.0
    torch.testing.assert_close(again, factor * found, rtol=1e-9, atol=1e-9)


# Trained models.


def test_training_from_the_construction_starts_at_its_answer() -> None:
    problem, batch = graphs("potentials")
    model = FromRichardson(layers=3).build(problem).double()
    with torch.no_grad():
        found = model(batch)
    expected = Richardson().predictions(batch, 3)[-1]
    # The weights are small integers, which float32 holds exactly.
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    "wrong", [GraphTask(quantity="heat"), Regression()], ids=["heat", "regression"]
)
def test_the_construction_is_for_potentials_alone(wrong) -> None:
    with pytest.raises(InputError, match="the construction is one for electric potentials"):
        FromRichardson().build(wrong)


def test_a_construction_without_layers_is_refused() -> None:
    with pytest.raises(InputError, match="layers is 0; give at least 1"):
        FromRichardson(layers=0)


@pytest.mark.parametrize("form", ["full", "masked", "scalar"])
def test_answers_move_with_the_nodes(form) -> None:
    problem = task("embedding")
    model = GraphTransformer(layers=3, form=form, start="demands", init_std=0.1).build(problem)
    for number in equivariance(model, problem, scalar=form == "scalar"):
        assert number.value < 1e-12


def test_a_start_that_tells_the_nodes_apart_shows_in_the_measure() -> None:
    problem = task("embedding")
    model = GraphTransformer(layers=2, start="learned", init_std=0.1).build(problem)
    (number,) = equivariance(model, problem, scalar=False)
    assert number.value > 1e-2


@pytest.mark.parametrize(
    ("deepest", "in_full", "state"),
    [
        ([0.01, 0.02], False, "holds"),
        ([0.3, 0.25], True, "fails"),
        ([0.3, 0.25], False, "undecided"),
        ([0.3, 0.15], True, "undecided"),
        ([0.12, 0.05], True, "undecided"),
    ],
)
def test_the_claim_is_judged_by_every_seed(deepest: list[float], in_full: bool, state: str) -> None:
    finding = verdict("heat", (1, 2), [[0.4, 0.41], deepest], [0.4, 0.1], in_full=in_full)
    assert finding.state == state
    assert f"{sum(deepest) / 2:.2g} against 0.1 at 2" in finding.sentence
    assert ("graphs" in finding.would_decide) == (state == "undecided")


def test_losses_of_the_iteration_fall_as_theory_says_for_one_graph() -> None:
    # One eigenvector as demand: after l steps the relative error is the factor of its eigenvalue
    # to the l-th power; the loss ignores factors, so it vanishes at once.
    problem, batch = graphs("potentials", 1)
    values, vectors = np.linalg.eigh(batch.laplacian[0].numpy())
    psi = torch.from_numpy(np.tile(vectors[:, 4], (10, 1)))[None]
    one = dataclasses.replace(batch, demands=psi, target=psi / values[4])
    found = iterate(problem, one, 3)
    factor = 1 - values[4] * 2 / (values[-1] + values[1])
    torch.testing.assert_close(found, one.target * (1 - factor**3), rtol=1e-9, atol=1e-12)
    assert float(problem.loss(found, one)) < 1e-20
