"""Models beside the papers' formulas, written out token by token or taken from `construct`."""

import numpy as np
import pytest
import torch
from torch import Tensor

from eigenformer.construct.algorithms.gd_plus_plus import gd_plus_plus_reference
from eigenformer.construct.algorithms.preconditioned import preconditioned_reference
from eigenformer.core import InputError, from_json, to_json
from eigenformer.incontext import (
    Architecture,
    BlockAttention,
    Constructed,
    Graphs,
    GraphTask,
    GraphTransformer,
    LinearAttention,
    LinearAttentionModel,
    OneLayer,
    Patterns,
    PrincipalAttention,
    Prompts,
    Regression,
    Transformer,
    gpt,
)
from eigenformer.incontext.models import attend

TASK = Regression(dim=4, points=9, noise=(0.3,))


def prompts(task: Regression = TASK, size: int = 6) -> Prompts:
    return task.draw(0, 0, size, dtype=torch.float64)


def linear(**options: object) -> LinearAttentionModel:
    found = LinearAttention(**options).build(TASK, seed=1).double()  # type: ignore[arg-type]
    return found.requires_grad_(False)


def set_to(parameter: Tensor | None, value: Tensor | list[list[float]]) -> None:
    assert parameter is not None
    parameter.copy_(torch.as_tensor(value, dtype=torch.float64))


# Attention.


def by_tokens(state: Tensor, p: Tensor, q: Tensor, keys: int, scores: str) -> Tensor:
    """sum_h P_h Z M f(Z^T Q_h Z), one query token at a time."""
    update = torch.zeros_like(state)
    for column in range(state.shape[2]):
        query = state[:, :, column]
        for p_h, q_h in zip(p, q, strict=True):
            weights = torch.einsum("bik,ij,bj->bk", state[:, :, :keys], q_h, query)
            if scores == "relu":
                weights = weights * (weights > 0)
            if scores == "softmax":
                weights = weights.exp() / weights.exp().sum(dim=1, keepdim=True)
            update[:, :, column] += torch.einsum("ij,bjk,bk->bi", p_h, state[:, :, :keys], weights)
    return update


@pytest.mark.parametrize("scores", ["linear", "relu", "softmax"])
@pytest.mark.parametrize("shape", [(3, 20, 1), (9, 4, 2), (3, 20, 3)])
def test_attention_is_its_formula(scores: str, shape: tuple[int, int, int]) -> None:
    # Longer than wide, where moments are the shorter way, and wider than long.
    width, columns, heads = shape
    torch.manual_seed(0)
    state = torch.randn(5, width, columns, dtype=torch.float64)
    p, q = torch.randn(2, heads, width, width, dtype=torch.float64)
    found = attend(state, p, q, keys=columns - 1, scores=scores)  # type: ignore[arg-type]
    expected = by_tokens(state, p, q, columns - 1, scores)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


# Linear attention on Z.


def test_preconditioned_layers_are_preconditioned_steps() -> None:
    batch, model = prompts(), linear(layers=3, form="preconditioned", init_std=0.3)
    matrices = [model.layer(i).preconditioner[0].numpy() for i in range(3)]
    expected = preconditioned_reference(
        batch.x.numpy(), batch.y.numpy(), batch.query.numpy(), preconditioners=matrices
    )
    np.testing.assert_allclose(model(batch), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("form", ["sparse", "gd++"])
def test_gd_plus_plus_is_in_two_forms(form: str) -> None:
    rates = [(0.2, 0.3), (0.1, -0.2), (0.25, 0.5)]
    batch, model = prompts(), linear(layers=3, form=form)
    for i, (a, b) in enumerate(rates):
        layer = model.layer(i)
        if form == "sparse":
            set_to(layer.a, a * torch.eye(4).double())
            set_to(layer.b, b * torch.eye(4).double())
        else:
            set_to(layer.p, [[b, 1.0]])
            set_to(layer.q, [[-a]])
    expected = gd_plus_plus_reference(
        batch.x.numpy(), batch.y.numpy(), batch.query.numpy(), rates=rates
    )
    np.testing.assert_allclose(model(batch), expected, rtol=1e-12, atol=1e-12)


def test_u_is_what_row_adds() -> None:
    batch, model = prompts(), linear(layers=2, form="row", init_std=0.3)
    plain = linear(layers=2, form="preconditioned")
    for i in range(2):
        set_to(plain.layer(i).a, model.layer(i).a)
    assert (model(batch) - plain(batch)).abs().max() > 0.01
    for i in range(2):
        set_to(model.layer(i).u, torch.zeros(1, 4))
    torch.testing.assert_close(model(batch), plain(batch))
    p, _ = model.matrices()[0]
    assert p[0, :4].abs().max() == 0


def test_a_loop_is_its_layer_again_and_again() -> None:
    batch = prompts()
    looped = linear(layers=3, looped=True, init_std=0.2)
    separate = linear(layers=5, init_std=0.2)
    assert len(list(looped.parameters())) == 2
    for i in range(5):
        separate.layer(i).load_state_dict(looped.layer(0).state_dict())
    torch.testing.assert_close(looped(batch), separate(batch, layers=3))
    torch.testing.assert_close(looped(batch, layers=5), separate(batch))
    assert len(looped.by_layer(batch, layers=5)) == 6


def test_the_query_is_no_key_and_its_answer_is_not_seen() -> None:
    batch, model = prompts(), linear(layers=3, init_std=0.3)
    *_, state = model.states(batch)
    other = prompts(size=12)
    changed = Prompts(
        x=batch.x,
        y=batch.y,
        query=other.query[6:],
        target=other.target[6:],
        weights=batch.weights,
        noise=batch.noise,
    )
    *_, moved = model.states(changed)
    torch.testing.assert_close(state[:, :, :-1], moved[:, :, :-1])
    assert (model(batch) - model(changed)).abs().max() > 1e-3


def test_clipping_bounds_every_state() -> None:
    batch, model = prompts(), linear(layers=4, init_std=3.0, clip=1.5)
    for state in list(model.states(batch))[1:]:
        assert state.abs().max() <= 1.5


# With a read-in.


def test_the_affine_way_is_the_same_function() -> None:
    architecture = Transformer(layers=3, embedding=16, heads=4, init_std=0.1)
    assert architecture.affine
    model = architecture.build(TASK).double()
    for parameter in model.parameters():  # biases too
        torch.nn.init.normal_(parameter, std=0.1)
    batch = prompts()
    torch.testing.assert_close(model(batch), model.by_layer(batch)[-1], rtol=1e-11, atol=1e-12)
    grads = []
    for way in (model(batch), model.by_layer(batch)[-1]):
        model.zero_grad()
        TASK.loss(way, batch).backward()
        grads.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "options", [{"norm": True}, {"clip": 10.0}, {"mlp": "relu"}, {"positions": True}]
)
def test_what_is_not_affine_does_not_go_that_way(options: dict) -> None:
    assert not Transformer(**options).affine


@pytest.mark.parametrize("scores", ["linear", "relu", "softmax"])
def test_scores_beside_plain_loops(scores: str) -> None:
    options = Transformer(layers=1, embedding=8, heads=2, scores=scores, clip=1e9, init_std=0.5)  # type: ignore[arg-type]
    model = options.build(TASK).double().requires_grad_(False)
    batch = prompts(size=2)
    block = model.blocks[0]
    for example in range(2):
        state = model.read_in(batch.state.mT)[example]
        query, key, value = block.projection(state).chunk(3, dim=1)  # type: ignore[operator, union-attr]
        mixed = torch.zeros(10, 8, dtype=torch.float64)
        for token in range(10):
            for head in (slice(0, 4), slice(4, 8)):
                products = key[:, head] @ query[token, head] / 2
                weights = {
                    "linear": products,
                    "relu": products.clamp_min(0),
                    "softmax": products.exp() / products.exp().sum(),
                }[scores]
                mixed[token, head] = weights @ value[:, head]
        *_, last = model.states(batch)
        torch.testing.assert_close(last[example], state + block.out(mixed))  # type: ignore[operator, union-attr]


@pytest.mark.parametrize("scores", ["linear", "relu", "softmax"])
def test_a_sequence_model_sees_only_what_came_before(scores: str) -> None:
    options = Transformer(
        layers=2,
        embedding=16,
        heads=2,
        scores=scores,
        prompt="sequence",
        positions=True,
        norm=True,  # type: ignore[arg-type]
    )
    model = options.build(TASK).double().requires_grad_(False)
    batch = prompts()
    y = batch.y.clone()
    y[:, 5] += 1  # y_6, which the predictions of y_7 and later may use
    x = batch.x.clone()
    x[:, 7] -= 1  # x_8
    changed = Prompts(
        x=x, y=y, query=batch.query, target=batch.target, weights=batch.weights, noise=batch.noise
    )
    difference = (model(batch) - model(changed)).abs()
    assert difference.shape == (6, 10)
    assert difference[:, :6].max() < 1e-12
    assert difference[:, 6:].min() > 1e-9


def test_gpt_trains_on_every_label() -> None:
    batch = prompts()
    model = gpt(2, 32, 4).build(TASK).double()
    errors = TASK.errors(model(batch), batch)
    labels = torch.cat([batch.y, batch.target[:, None]], dim=1)
    torch.testing.assert_close(errors, ((model(batch) - labels) ** 2).mean(dim=1))


# Graphs.


@pytest.fixture
def graphs() -> Graphs:
    return GRAPH.draw(0, 0, 4, dtype=torch.float64)


GRAPH = GraphTask(nodes=7, demands=3)


@pytest.mark.parametrize("form", ["full", "masked", "scalar"])
@pytest.mark.parametrize("normalise", ["none", "blocks", "rows"])
def test_relabelled_nodes_relabel_the_answer(graphs: Graphs, form: str, normalise: str) -> None:
    options = GraphTransformer(form=form, normalise=normalise, heads=2, init_std=0.2)  # type: ignore[arg-type]
    model = options.build(GRAPH).double().requires_grad_(False)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(0))
    relabelled = Graphs(
        incidence=graphs.incidence[:, order],
        demands=graphs.demands[:, :, order],
        target=graphs.target[:, :, order],
    )
    torch.testing.assert_close(model(relabelled), model(graphs)[:, :, order])


def test_only_the_scalar_form_ignores_order_and_direction_of_edges(graphs: Graphs) -> None:
    order = torch.randperm(14, generator=torch.Generator().manual_seed(1))
    signs = torch.tensor([1.0, -1.0] * 7).double()
    changed = Graphs(
        incidence=graphs.incidence[:, :, order] * signs,
        demands=graphs.demands,
        target=graphs.target,
    )
    for form, same in (("scalar", True), ("full", False)):
        model = GraphTransformer(form=form, init_std=0.3).build(GRAPH).double()  # type: ignore[arg-type]
        difference = (model(changed) - model(graphs)).abs().max()
        assert bool(difference < 1e-12) is same


def test_a_scalar_graph_layer_is_richardsons_step(graphs: Graphs) -> None:
    model = GraphTransformer(layers=6, form="scalar", normalise="none").build(GRAPH).double()
    phi, step = torch.zeros_like(graphs.demands), 0.05
    for i in range(6):
        layer = model.layer(i)  # type: ignore[operator]
        with torch.no_grad():
            layer.p.copy_(torch.tensor([[0.0, 0.0, -7 * step]]))
            layer.q.copy_(torch.tensor([[1.0, 0.0, 0.0]]))
            layer.r.copy_(torch.tensor([0.0, 0.0, 0.0, step]))
        phi = phi - step * (phi @ graphs.laplacian - graphs.demands)
    torch.testing.assert_close(model(graphs), phi)


def test_normalised_blocks_have_norm_one(graphs: Graphs) -> None:
    model = GraphTransformer(layers=2, init_std=0.3).build(GRAPH).double()
    *_, last = model.states(graphs)
    one = torch.ones(4, dtype=torch.float64)
    torch.testing.assert_close(last[:, :14].norm(dim=(1, 2)), one)
    torch.testing.assert_close(last[:, 14:].norm(dim=(1, 2)), one)


# Patterns.


def test_the_one_layer_model_is_its_formula() -> None:
    task = Patterns()
    batch = task.draw(0, 0, 3, dtype=torch.float64)
    model = OneLayer(hidden=6, init_std=0.5).build(task).double().requires_grad_(False)
    w_q, w_k, w_v, w_o = (getattr(model, name).numpy() for name in ("w_q", "w_k", "w_v", "w_o"))
    a = np.array([1, 1, 1, -1, -1, -1]) / 6**0.5
    for tokens, found in zip(batch.tokens.numpy(), model(batch), strict=True):
        x, votes = tokens.T, []
        for token in tokens:
            scores = np.exp(x.T @ w_k.T @ w_q @ token)
            hidden = np.maximum(0, w_o @ w_v @ x @ (scores / scores.sum()))
            votes.append(a @ hidden)
        assert float(found) == pytest.approx(np.mean(votes), rel=1e-6)  # a is float32


# Configurations.


@pytest.mark.parametrize(
    "architecture",
    [
        LinearAttention(layers=2, form="gd++", clip=10.0),
        gpt(),
        GraphTransformer(),
        BlockAttention(rank=2),
        OneLayer(),
        PrincipalAttention(norm=False),
        Constructed(entry="looped-gd"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_an_architecture_survives_json(architecture: Architecture) -> None:
    assert from_json(Architecture, to_json(architecture)) == architecture


def test_initial_weights_are_the_seeds() -> None:
    first, second, other = (LinearAttention().build(TASK, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_initial_entries_have_the_standard_deviation_asked_for() -> None:
    model = LinearAttention(layers=8, init_std=0.3).build(Regression(dim=30))
    entries = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert float(entries.std()) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LinearAttention(layers=0), "layers is 0; give at least 1"),
        (lambda: LinearAttention(clip=0.0), "clip is 0.0; give a positive number"),
        (lambda: Transformer(embedding=10), "embedding is 10; it must be a multiple of heads = 4"),
        (lambda: OneLayer(hidden=3), "hidden is 3; give an even number"),
        (lambda: Constructed(entry="gd+"), "unknown construction 'gd.'.*did you mean 'gd..'"),
        (
            lambda: LinearAttention(layers=2).build(TASK)(TASK.draw(0, 0, 1), layers=3),
            "layers is 3, and the model has 2; only a looped one can run more",
        ),
        (
            lambda: LinearAttention().build(TASK)(Regression(dim=3).draw(0, 0, 1)),
            "the prompts have 3 features, and the model was built for 4",
        ),
        (lambda: GraphTransformer().build(TASK), "a graph transformer needs a graph task"),
        (
            lambda: OneLayer().build(Patterns())(TASK.draw(0, 0, 1)),
            "the one-layer transformer reads sequences of patterns, not Prompts",
        ),
        (
            lambda: gpt(1, 8, 2).build(Regression(dim=4, points=5))(TASK.draw(0, 0, 1)),
            "the prompt has 19 tokens, and the model learned 11 positions",
        ),
    ],
)
def test_mistakes_are_named(make: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()  # type: ignore[operator]
