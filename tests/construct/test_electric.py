"""Electric potentials and flows against the recursion, LAPACK, and Kirchhoff's laws."""

import numpy as np
import pytest
import torch
from graph_examples import (
    CONDITION,
    DEMANDS,
    EDGES,
    LAPLACIAN,
    LARGEST,
    NODES,
    SECOND,
    B,
    relative,
)

from eigenformer.construct.algorithms.electric import (
    best_step,
    electric_flow,
    electric_potentials,
    electric_quadratic,
    exact_potentials,
    iterations_for,
    richardson,
    richardson_error,
)
from eigenformer.construct.algorithms.graphs import draw_skip_rings, incidence_matrix
from eigenformer.construct.algorithms.resistive import newton_schulz_error
from eigenformer.construct.blocks import dense
from eigenformer.core import InputError

BEST = best_step(LARGEST, SECOND)


def test_the_scores_are_the_laplacian() -> None:
    network = electric_potentials(NODES, EDGES, 10, 1, step=BEST)
    spec = network.spec
    state = network.start(B, DEMANDS)[0][0].numpy()
    head = spec.layers[0].heads[0]
    key, query = (dense(m, spec.layout.width) @ state for m in (head.key, head.query))
    assert np.array_equal(key.T @ query, B @ B.T)


def test_counts() -> None:
    network = electric_potentials(NODES, EDGES, 3, 7)
    assert network.depth == 7
    assert network.spec.layout.width == EDGES + 2 * 3
    assert {len(layer.heads) for layer in network.spec.layers} == {1}
    assert electric_quadratic(NODES, EDGES, 3, 4).depth == 8
    assert electric_quadratic(NODES, EDGES, 3, 4).spec.layout.width == EDGES + 3


@pytest.mark.parametrize("step", [None, 0.3 * BEST, BEST])
@pytest.mark.parametrize("iterations", [1, 20, 160])
def test_every_iteration_is_richardsons(step: float | None, iterations: int) -> None:
    found = electric_potentials(NODES, EDGES, 10, iterations, step)(B, DEMANDS).numpy()
    assert np.abs(found - richardson(B, DEMANDS, iterations, step)).max() < 1e-13


def test_the_trace_holds_every_iterate() -> None:
    trace = electric_potentials(NODES, EDGES, 10, 5, step=BEST).trace(B, DEMANDS)
    for layer, state in enumerate(trace):
        expected = richardson(B, DEMANDS, layer, BEST)
        assert np.abs(state["phi"][0].numpy() - expected).max() < 1e-14
        assert np.array_equal(state["B"][0].numpy(), B.T)


@pytest.mark.parametrize(("layers", "figure"), [(20, 1.1e-1), (80, 1.7e-4), (160, 3.0e-8)])
def test_convergence_as_in_section_8(layers: int, figure: float) -> None:
    found = electric_potentials(NODES, EDGES, 10, layers)(B, DEMANDS).numpy()
    error = relative(found, exact_potentials(B, DEMANDS))
    assert 0.3 * figure < error < 1.2 * figure
    assert error <= richardson_error(LARGEST / SECOND, layers) * 1.0001
    assert richardson_error(CONDITION, layers) == pytest.approx(figure, rel=0.11)


def test_iterations_for() -> None:
    enough = iterations_for(CONDITION, 1e-6)
    assert richardson_error(CONDITION, enough) <= 1e-6 < richardson_error(CONDITION, enough - 1)


def test_a_demands_mean_is_taken_away() -> None:
    network = electric_potentials(NODES, EDGES, 10, 160)
    unbalanced = DEMANDS + np.arange(10)[:, None]
    assert np.abs(network(B, unbalanced).numpy() - network(B, DEMANDS).numpy()).max() < 1e-12
    assert network(B, unbalanced).sum(dim=-1).abs().max() < 1e-12
    assert network(B, np.ones((10, 10))).abs().max() < 1e-12


def test_flows_go_with_nodes_and_edges() -> None:
    rng = np.random.default_rng(3)
    nodes, edges = rng.permutation(NODES), rng.permutation(EDGES)
    signs = rng.choice([-1.0, 1.0], EDGES)
    moved = (B * signs)[nodes][:, edges]
    flow = electric_flow(NODES, EDGES, 10, 40)
    expected = (flow(B, DEMANDS).numpy() * signs)[:, edges]
    assert np.abs(flow(moved, DEMANDS[:, nodes]).numpy() - expected).max() < 1e-12


def test_flows_meet_the_demands_with_the_least_energy() -> None:
    flow = electric_flow(NODES, EDGES, 10, 600)(B, DEMANDS).numpy()
    balanced = DEMANDS - DEMANDS.mean(axis=1, keepdims=True)
    assert np.abs(flow @ B.T - balanced).max() < 1e-11
    least = np.linalg.lstsq(B, balanced.T, rcond=None)[0].T
    assert np.abs(flow - least).max() < 1e-11


def test_flows_with_a_step_are_the_same() -> None:
    rate = electric_flow(NODES, EDGES, 10, 50, step=BEST)
    found = electric_flow(NODES, EDGES, 10, 50)(B, DEMANDS)
    assert (rate(B, DEMANDS) - found).abs().max() < 1e-13
    assert rate.depth == 51


@pytest.mark.parametrize("demands", [1, 3])
def test_fewer_demands_than_nodes(demands: int) -> None:
    found = electric_flow(NODES, EDGES, demands, 80)(B, DEMANDS[:demands]).numpy()
    assert found.shape == (demands, EDGES)
    assert relative(found, exact_potentials(B, DEMANDS[:demands]) @ B) < 1e-3


@pytest.mark.parametrize(("stages", "figure"), [(6, 2e-3), (7, 3e-6), (8, 9e-12), (9, 9e-15)])
def test_quadratic_convergence_as_in_section_8(stages: int, figure: float) -> None:
    found = electric_quadratic(NODES, EDGES, 10, stages)(B, DEMANDS).numpy()
    error = relative(found, exact_potentials(B, DEMANDS))
    assert 0.3 < error / figure < 1.2
    if stages < 9:
        assert error < newton_schulz_error(LARGEST / SECOND, stages, power=2)


def test_rounding_grows_in_the_null_space_after_convergence() -> None:
    error = {}
    for stages in (20, 30):
        found = electric_quadratic(NODES, EDGES, 10, stages)(B, DEMANDS).numpy()
        error[stages] = relative(found, exact_potentials(B, DEMANDS))
    assert error[30] / error[20] == pytest.approx(2.25**10, rel=0.05)


@pytest.mark.parametrize("bound", [0.5, 1.0, 3.0])
def test_quadratic_with_a_bound(bound: float) -> None:
    network = electric_quadratic(NODES, EDGES, 10, 12, lambda_max=bound * LARGEST)
    assert relative(network(B, DEMANDS).numpy(), exact_potentials(B, DEMANDS)) < 1e-11


def test_batches_and_float32() -> None:
    graphs = draw_skip_rings(np.random.default_rng(4), 6, condition=30)
    demands = np.random.default_rng(5).normal(size=(6, 10, 10))
    network = electric_potentials(NODES, EDGES, 10, 50)
    found = network(graphs, demands)
    for i in range(6):
        assert (found[i] - network(graphs[i], demands[i])).abs().max() < 1e-12
    assert (network(graphs, demands[0])[3] - network(graphs[3], demands[0])).abs().max() < 1e-12
    single = electric_potentials(NODES, EDGES, 10, 50, dtype=torch.float32)(graphs, demands)
    assert single.dtype == torch.float32
    assert (single - found).abs().max() < 1e-4


def test_divergence_is_predicted() -> None:
    edge = 2 / LARGEST
    with pytest.raises(InputError, match="would diverge"):
        electric_potentials(NODES, EDGES, 10, 5, step=edge)(B, DEMANDS)
    with pytest.raises(InputError, match="would diverge"):
        electric_flow(NODES, EDGES, 10, 5, step=1.5 * edge)(B, DEMANDS)
    with pytest.raises(InputError, match="would diverge"):
        electric_quadratic(NODES, EDGES, 10, 5, lambda_max=LARGEST / 3)(B, DEMANDS)
    assert np.abs(richardson(B, DEMANDS, 4000, 1.01 * edge)).max() > 1e6
    inside = electric_potentials(NODES, EDGES, 10, 4000, step=0.99 * edge)(B, DEMANDS).numpy()
    assert relative(inside, exact_potentials(B, DEMANDS)) < 1e-10


def test_the_incidence_matrix() -> None:
    found = incidence_matrix(3, [(0, 1), (2, 1)], np.array([2.0, 3.0]))
    assert np.array_equal(found, [[2, 0], [-2, -3], [0, 3]])
    assert np.abs(LAPLACIAN.sum(axis=0)).max() < 1e-13
