"""Constructed networks with activations replaced by name, the whole catalogue over."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from eigenformer.construct import CATALOGUE, Network
from eigenformer.core import InputError

NAMES = CATALOGUE.names()


@cache
def case(name: str) -> tuple[Network, tuple[np.ndarray, ...]]:
    """The network, its loops at most twice round where they are long, and inputs."""
    entry = CATALOGUE.get(name)
    spec = entry.build().spec
    if len(spec.layers) > 20:
        short = (replace(stage, repeat=min(stage.repeat, 2)) for stage in spec.stages)
        spec = replace(spec, stages=tuple(short))
    return Network(spec), entry.draw(np.random.default_rng(0), 2)


@pytest.mark.parametrize("name", NAMES)
def test_hooks_that_give_back_what_they_are_given_change_nothing(name: str) -> None:
    network, inputs = case(name)
    output, activations = network.run_with_cache(*inputs)
    assert torch.equal(output, network(*inputs))
    assert {f"blocks.{block}" for block in network.summary().blocks} < activations.keys()
    calls: list[Tensor] = []

    def same(value: Tensor) -> Tensor:
        calls.append(value)
        return value

    hooks = dict.fromkeys(activations, same)
    assert torch.equal(network.run_with_hooks(*inputs, hooks=hooks), output)
    assert [value.shape for value in calls] == [value.shape for value in activations.values()]
    # What was recorded, patched into a run on the same inputs, is no change either.
    patches = {key: lambda _, value=value: value for key, value in activations.items()}
    assert torch.equal(network.run_with_hooks(*inputs, hooks=patches), output)


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_of_a_layer_can_be_replaced(name: str) -> None:
    network, inputs = case(name)
    output, activations = network.run_with_cache(*inputs)
    layer = f"layers.{network.depth - 1}"
    for key in activations:
        start = key.startswith("blocks.")
        # A pattern counts for nothing where all that is read is zero.
        unread = key == f"{layer}.attn.pattern" and not activations[f"{layer}.attn.z"].any()
        if not (start or key.startswith(f"{layer}.")) or unread:
            continue
        after = "layers.0.resid_pre" if start else f"{layer}.resid_post"
        seen: list[Tensor] = []
        hooks = {after: seen.append, key: lambda value: value + 1}
        found = network.run_with_hooks(*inputs, hooks=hooks)
        if key == after:
            assert not torch.allclose(found, output)
        else:
            assert not torch.equal(seen[0], activations[after]), key


@pytest.mark.parametrize(
    ("name", "dense"), [*((name, False) for name in NAMES), ("newton", True), ("fu-newton", True)]
)
def test_a_head_can_be_ablated(name: str, dense: bool) -> None:
    network, inputs = case(name)
    network = Network(network.spec, dense=dense)
    _, activations = network.run_with_cache(*inputs)
    i = next(i for i, layer in enumerate(network.spec.layers) if layer.heads)
    z, out = activations[f"layers.{i}.attn.z"], activations[f"layers.{i}.attn.out"]
    torch.testing.assert_close(z.sum(dim=1), out, rtol=1e-12, atol=1e-12)
    for head in range(z.shape[1]):
        for ablated in ("attn.z", "attn.pattern"):
            seen: list[Tensor] = []

            def without(value: Tensor, head: int = head) -> Tensor:
                value[:, head] = 0
                return value

            hooks = {f"layers.{i}.{ablated}": without, f"layers.{i}.attn.out": seen.append}
            network.run_with_hooks(*inputs, hooks=hooks)
            torch.testing.assert_close(seen[0], out - z[:, head], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["newton", "fu-newton-relu", "conjugate-gradient", "looped-gd"])
def test_a_pattern_says_all_that_attention_takes_of_the_tokens(name: str) -> None:
    """Put into a run where every head would see something else, it gives the same sum."""
    network, inputs = case(name)
    _, activations = network.run_with_cache(*inputs)
    seen: list[Tensor] = []
    pattern = activations["layers.0.attn.pattern"]
    hooks = {"layers.0.attn.pattern": lambda _: 2 * pattern, "layers.0.attn.out": seen.append}
    network.run_with_hooks(*inputs, hooks=hooks)
    torch.testing.assert_close(seen[0], 2 * activations["layers.0.attn.out"])


def test_newton_is_broken_by_zeroing_one_block() -> None:
    entry = CATALOGUE.get("newton")
    network, inputs = case("newton")
    expected = torch.as_tensor(entry.reference(*inputs))

    def error(hooks: dict) -> float:
        return float((network.run_with_hooks(*inputs, hooks=hooks) - expected).abs().max())

    assert error({}) < entry.allowed
    for layer in (0, 5, network.depth - 1):
        assert error({f"layers.{layer}.blocks.X": torch.zeros_like}) > 1e6 * entry.allowed
    # The first layer copies A to A^T, and the others read that.
    assert error({"blocks.A": torch.zeros_like}) > 1e6 * entry.allowed
    assert error({"layers.5.blocks.A": torch.zeros_like}) < entry.allowed
    assert error({"layers.5.blocks.A.T": torch.zeros_like}) > 1e6 * entry.allowed


def test_patching_the_block_of_another_matrix_gives_its_answer() -> None:
    network, (a,) = case("newton")
    _, other = network.run_with_cache(a[1])
    names = [f"layers.5.blocks.{name}" for name in network.summary().blocks]
    hooks = {name: lambda _, value=other[name]: value for name in names}
    torch.testing.assert_close(network.run_with_hooks(a[0], hooks=hooks), network(a[1]))


def test_hooks_that_do_not_fit_are_refused() -> None:
    network, inputs = case("newton")
    cases = [
        (
            {"layers.5.blocks.Y": torch.zeros_like},
            "unknown activation 'layers.5.blocks.Y': did you",
        ),
        ({"layers.13.resid_post": torch.zeros_like}, "unknown activation"),
        ({"layers.0.attn.z": lambda value: value[:1]}, r"attn.z gave \[1, 1, 5, 20\]; give a"),
        ({"layers.0.attn.z": lambda value: 0.0}, "attn.z gave float; give a tensor"),
    ]
    for hooks, message in cases:
        with pytest.raises(InputError, match=message):
            network.run_with_hooks(*inputs, hooks=hooks)
    # A hook may write into what it is given without giving it back: nothing changes.
    kept = network.run_with_hooks(*inputs, hooks={"layers.3.blocks.X": _spoil})
    assert torch.equal(kept, network(*inputs))


def _spoil(value: Tensor) -> None:
    value.zero_()
