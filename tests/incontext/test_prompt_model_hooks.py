"""Activations of prompt models recorded and replaced by name, every registered family over."""

from functools import cache

import pytest
import torch
from torch import Tensor

from eigenformer.core import InputError
from eigenformer.incontext import (
    ARCHITECTURES,
    Batch,
    BlockAttention,
    Completion,
    Constructed,
    FromRichardson,
    GradientDescent,
    GraphTask,
    GraphTransformer,
    InContextModel,
    LinearAttention,
    OneLayer,
    Patterns,
    Principal,
    PrincipalAttention,
    Regression,
    Transformer,
    gpt,
)

TASK = Regression(dim=4, points=9, noise=(0.3,))
GRAPHS = GraphTask(nodes=6, demands=2)
CASES = {
    "linear-attention": (LinearAttention(layers=3, heads=2, init_std=0.3), TASK),
    "looped": (LinearAttention(layers=3, form="step", looped=True, clip=0.8, init_std=0.3), TASK),
    "relu-scores": (LinearAttention(layers=2, heads=3, scores="relu", init_std=0.3), TASK),
    "softmax-scores": (LinearAttention(layers=2, heads=2, scores="softmax", init_std=0.3), TASK),
    "transformer": (Transformer(layers=2, embedding=12, heads=3, init_std=0.3), TASK),
    "causal": (Transformer(embedding=8, heads=2, prompt="sequence", init_std=0.3), TASK),
    "relu": (Transformer(embedding=8, heads=2, scores="relu", mlp="relu", init_std=0.3), TASK),
    "gpt": (gpt(2, 8, 2), TASK),
    "graph-transformer": (GraphTransformer(layers=2, heads=2, init_std=0.3), GRAPHS),
    "masked": (GraphTransformer(form="masked", normalise="none", start="learned"), GRAPHS),
    "block-attention": (BlockAttention(layers=2, init_std=0.3), Completion()),
    "merged": (LinearAttention(heads=2, form="merged", init_std=0.3), TASK),
    "rank-one": (LinearAttention(layers=2, heads=3, form="rank-one", init_std=0.3), TASK),
    "principal-attention": (PrincipalAttention(layers=3, init_std=0.3), Principal()),
    "without-norm": (PrincipalAttention(norm=False, init_std=0.3), Principal(dim=3)),
    "one-layer": (OneLayer(hidden=6), Patterns()),
    "constructed": (Constructed(entry="gd++"), Regression(dim=5, points=20)),
    "from-richardson": (FromRichardson(layers=2), GRAPHS),
    "constructed-in-stages": (Constructed(entry="least-squares"), Regression(dim=5, points=20)),
}


@cache
def case(name: str, dtype: torch.dtype = torch.float64) -> tuple[InContextModel, Batch]:
    architecture, task = CASES[name]
    model = architecture.build(task, seed=2).to(dtype).requires_grad_(False)
    return model, task.draw(0, 0, 5, dtype=dtype)


def test_every_family_is_here() -> None:
    here = {ARCHITECTURES.name_of(architecture) for architecture, _ in CASES.values()}
    # Papers and plug-ins register more, once they are imported.
    modules = {name: ARCHITECTURES.item(name).__module__ for name in ARCHITECTURES.names()}
    assert here == {name for name in modules if ".incontext." in modules[name]}


@pytest.mark.parametrize("name", CASES)
def test_hooks_that_give_back_what_they_are_given_change_nothing(name: str) -> None:
    model, batch = case(name)
    expected, activations = model.run_with_cache(batch)
    if getattr(CASES[name][0], "affine", False):  # whose prediction has a shorter way
        torch.testing.assert_close(expected, model(batch), rtol=1e-12, atol=1e-12)
    else:
        assert torch.equal(expected, model(batch))
    shapes: list[torch.Size] = []

    def same(value: Tensor) -> Tensor:
        shapes.append(value.shape)
        return value

    hooks = dict.fromkeys(activations, same)
    assert torch.equal(model.run_with_hooks(batch, hooks), expected)
    assert shapes == [value.shape for value in activations.values()]
    states = list(model.states(batch))[-model.depth :]
    for i, state in enumerate(states):
        state = state.mT if model.columns else state
        assert torch.equal(activations[f"layers.{i}.resid_post"], state)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("name", CASES)
def test_the_explicit_way_is_the_usual_one(name: str, dtype: torch.dtype, bound: float) -> None:
    """A pattern with its last bits changed: every product is then computed from patterns."""
    model, batch = case(name, dtype)
    eps = torch.finfo(dtype).eps
    _, activations = model.run_with_cache(batch)
    hooks = {key: lambda v: v * (1 + eps) for key in activations if key.endswith("attn.pattern")}
    found, expected = model.run_with_hooks(batch, hooks), model(batch)
    assert len(hooks) == model.depth
    assert float((found - expected).abs().max()) <= 4 * bound * float(expected.abs().max())


@pytest.mark.parametrize("name", CASES)
def test_every_activation_can_be_replaced(name: str) -> None:
    model, batch = case(name)
    _, activations = model.run_with_cache(batch)
    for key, value in activations.items():
        layer = key[: key.index(".", len("layers."))]
        if layer not in ("layers.0", f"layers.{model.depth - 1}"):
            continue
        after = f"{layer}.resid_post"
        seen: list[Tensor] = []
        shift = 0.25 + torch.rand_like(value)  # which norms do not take away
        found = model.run_with_hooks(batch, {after: seen.append, key: lambda v: v + shift})  # noqa: B023
        if key == after:
            assert not torch.allclose(found, model.run_with_hooks(batch, {}))
        else:
            read = activations.get(f"{layer}.attn.out")
            unread = read is not None and not read.any() and key.endswith("pattern")
            assert unread or not torch.equal(seen[0], activations[after]), key


@pytest.mark.parametrize("name", CASES)
def test_each_head_can_be_ablated(name: str) -> None:
    model, batch = case(name)
    _, activations = model.run_with_cache(batch)
    for i in range(model.depth):
        z = activations[f"layers.{i}.attn.z"]
        out = activations.get(f"layers.{i}.attn.out")
        for head in range(z.shape[1]):

            def without(value: Tensor, head: int = head) -> Tensor:
                value[:, head] = 0
                return value

            after = []
            for point in ("attn.z", "attn.pattern"):
                seen: list[Tensor] = []
                end = "resid_post" if out is None else "attn.out"
                hooks = {f"layers.{i}.{point}": without, f"layers.{i}.{end}": seen.append}
                model.run_with_hooks(batch, hooks)
                after += seen
            torch.testing.assert_close(after[0], after[1], rtol=1e-11, atol=1e-11)
            if out is not None and z.shape[3] == out.shape[2]:
                torch.testing.assert_close(after[0], out - z[:, head], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layer", range(5))
def test_gradient_descent_in_place_of_a_layer(layer: int) -> None:
    """A model that is gradient descent answers as before from any of the algorithm's iterates."""
    model = LinearAttention(layers=5, form="step", looped=True).build(TASK).double()
    torch.nn.init.constant_(model.layers[0].a, 0.4)
    batch = TASK.draw(0, 0, 6, dtype=torch.float64)
    w = GradientDescent(rate=0.4).weights(batch, 5)

    def state(weights: Tensor) -> Tensor:
        """Tokens of the prompt with residuals for labels, and minus the prediction at the query."""
        x = torch.cat([batch.x, batch.query[:, None]], dim=1)
        y = torch.cat([batch.y, torch.zeros(6, 1).double()], dim=1)
        return torch.cat([x, (y - (x @ weights[:, :, None])[:, :, 0])[:, :, None]], dim=2)

    answer = model(batch)
    point = f"layers.{layer}.resid_post"
    replaced = model.run_with_hooks(batch, {point: lambda _: state(w[layer + 1])})
    torch.testing.assert_close(replaced, answer, rtol=1e-12, atol=1e-12)
    # From another iterate it goes on from there.
    early = model.run_with_hooks(batch, {point: lambda _: state(w[0])})
    torch.testing.assert_close(early, (w[4 - layer] * batch.query).sum(dim=1))


def test_gradients_flow_through_hooks() -> None:
    model = LinearAttention(layers=2, init_std=0.3).build(TASK).double()
    batch = TASK.draw(0, 0, 6, dtype=torch.float64)
    model.run_with_hooks(batch, {"layers.0.resid_post": lambda v: v.detach()}).sum().backward()
    grads = [p.grad for p in model.parameters()]
    assert [grad is not None and bool(grad.any()) for grad in grads] == [False] * 2 + [True] * 2


def test_only_names_that_the_model_has() -> None:
    model, batch = case("gpt")
    sentence = "unknown activation 'layers.0.mlp.hiden': did you mean 'layers.0.mlp.hidden'"
    with pytest.raises(InputError, match=sentence):
        model.run_with_hooks(batch, {"layers.0.mlp.hiden": torch.zeros_like})
    looped, batch = case("looped")
    hooks = {"layers.6.resid_post": torch.zeros_like}
    assert not looped.run_with_hooks(batch, hooks, layers=7).any()
    with pytest.raises(InputError, match=r"unknown activation .layers\.6\.resid_post."):
        looped.run_with_hooks(batch, hooks)
