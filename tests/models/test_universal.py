"""Looped transformers: against unrolled ones, gates, adaptive halting and what it costs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_stubs import VARIANTS, StubEncoding, built, small
from short_training import short_config
from test_greedy_decoding import asked, by_hand, some_inputs
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from eigenformer.encodings import PAD
from eigenformer.models import (
    Question,
    UniversalConfig,
    UniversalTransformer,
    generate,
    parameter_count,
)
from eigenformer.models.halting import Halting, Looped, loop_adaptively
from eigenformer.training.trainer import Trainer

LOOPS = {
    "encoder": {"encoder_loops": 3},
    "decoder": {"decoder_loops": 2},
    "both": {"encoder_loops": 2, "decoder_loops": 3},
}
GATINGS = ("none", "copy", "act")
KINDS = [(variant, loops, gating) for variant in VARIANTS for loops in LOOPS for gating in GATINGS]


def universal(**fields) -> UniversalConfig:
    plain = {k: fields.pop(k) for k in ("encoder", "decoder") if k in fields}
    sizes = small(**plain)
    fields.setdefault("max_positions", 40)
    return UniversalConfig(encoder=sizes.encoder, decoder=sizes.decoder, **fields)


def looped(seed: int = 0, **fields) -> UniversalTransformer:
    return universal(**fields).build(StubEncoding(), StubEncoding(), seed)


def lively(seed: int, variant: str, loops: str, gating: str) -> UniversalTransformer:
    """Gates half open, tokens that halt at various loops, answers of various lengths."""
    model = looped(seed, **VARIANTS[variant], **LOOPS[loops], gating=gating, gate_bias=0.0)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.decoder_embedding.positions *= 3
        for layer in model.decoder_layers:
            layer.cross.kv.weight *= 6
            layer.cross.out.weight *= 6
        for halting in halting_units(model):
            halting.weight.normal_(generator=generator)
            halting.bias.zero_()
        model.output_bias[0] = 2.0
        model.output_bias[1] = -9.0
    return model


def halting_units(model: UniversalTransformer) -> list[Halting]:
    return [part for part in model.modules() if isinstance(part, Halting)]


def unrolled(model: UniversalTransformer) -> nn.Module:
    """The plain transformer that has every loop's layers, with the same weights in each."""
    config = model.config
    sizes = {
        side: (getattr(config, side).layers * loops, size.width, size.heads)
        for side, size, loops in (
            ("encoder", config.encoder, config.encoder_loops),
            ("decoder", config.decoder, config.decoder_loops),
        )
    }
    fields = ("norm", "activation", "cross_attention_input", "sum_coefficients")
    plain = built(**sizes, **{name: getattr(config, name) for name in fields})
    weights = model.state_dict()
    for name in plain.state_dict():
        part, *rest = name.split(".")
        if part in ("encoder_layers", "decoder_layers"):
            shared = int(rest[0]) % len(getattr(model, part))
            weights[name] = weights[".".join((part, str(shared), *rest[1:]))]
    plain.load_state_dict(weights)
    return plain


def assert_close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_loop_is_the_plain_transformer(variant):
    plain, one = built(seed=3, **VARIANTS[variant]), looped(seed=3, **VARIANTS[variant])
    weights = plain.state_dict()
    assert list(weights) == list(one.state_dict())
    assert all(torch.equal(weights[name], found) for name, found in one.state_dict().items())
    question, outputs = asked(4, 4, True, 0), some_inputs(4, 2, True, 1)
    assert torch.equal(one(question, outputs), plain(question, outputs))
    assert torch.equal(generate(one, question, 9), generate(plain, question, 9))


@pytest.mark.parametrize("loops", LOOPS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_loops_are_layers_that_share_their_weights(variant, loops):
    model = lively(0, variant, loops, "none")
    plain = unrolled(model)
    question, outputs = asked(4, 4, True, 0), some_inputs(4, 2, True, 1)
    assert torch.equal(model(question, outputs), plain(question, outputs))
    assert torch.equal(generate(model, question, 9), generate(plain, question, 9))


@pytest.mark.parametrize("loops", LOOPS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_number_of_parameters(variant, loops):
    def count(gating: str) -> int:
        model = looped(**VARIANTS[variant], **LOOPS[loops], gating=gating)
        return sum(p.numel() for p in model.parameters())

    config = universal(**VARIANTS[variant], **LOOPS[loops])
    plain = parameter_count(config, 40, 40)
    stacks = (config.encoder, config.encoder_loops), (config.decoder, config.decoder_loops)
    repeated = [size for size, passes in stacks if passes > 1]
    assert count("none") == plain
    assert count("act") == plain + sum(size.width + 1 for size in repeated)
    gates = sum(size.layers * (8 * size.width**2 + 5 * size.width) for size in repeated)
    assert count("copy") == plain + gates


@pytest.mark.parametrize("variant, loops, gating", KINDS)
@settings(max_examples=5)
@given(seed=st.integers(0, 1000), padded=st.booleans(), batch=st.integers(1, 6))
def test_caches_change_nothing(variant, loops, gating, seed, padded, batch):
    model = lively(seed, variant, loops, gating)
    inputs = some_inputs(batch, 4, padded, seed)
    with torch.no_grad():
        expected = by_hand(model, inputs, 9, padded)
    assert torch.equal(generate(model, Question(inputs, padded), 9), expected)


# Gates.


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_a_gate_chooses_between_old_and_new(norm):
    def built_with(gate_bias: float) -> UniversalTransformer:
        return looped(norm=norm, **LOOPS["both"], gating="copy", gate_bias=gate_bias)

    inputs, outputs = some_inputs(3, 4, False, 0), some_inputs(3, 2, False, 1)
    shut, ajar, wide = map(built_with, (-50.0, -3.0, 50.0))
    ungated = looped(norm=norm, **LOOPS["both"])
    ungated.load_state_dict(wide.state_dict(), strict=False)
    assert_close(wide(Question(inputs), outputs), ungated(Question(inputs), outputs))
    embedded = shut.encoder_embedding(inputs)
    assert_close(shut.encode(Question(inputs)).hidden_BGD, shut.encoder_norm(embedded))

    layer = ajar.encoder_layers[0]
    x = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    gate, layer.gate = layer.gate, None
    new, seen = layer(x, None), []
    hook = layer.feed_forward.register_forward_hook(lambda _, args, output: seen.append(args[0]))
    layer(x, None)
    hook.remove()
    layer.gate = gate
    hidden = torch.relu(seen[0] @ gate.up.weight.T + gate.up.bias)
    share = torch.sigmoid(hidden @ gate.down.weight.T + gate.down.bias)
    assert 0.02 < share.mean() < 0.1
    assert_close(layer(x, None), share * new + (1 - share) * x)


def test_only_looped_stacks_are_gated():
    for gating, part in (("copy", "gate"), ("act", "halting")):
        names = [name for name, _ in looped(**LOOPS["encoder"], gating=gating).named_parameters()]
        assert any(part in name for name in names)
        assert not any(part in name and name.startswith("decoder") for name in names)


def test_the_matrices_of_the_layers():
    gated = looped(encoder=(1, 24, 3), decoder=(1, 8, 1), **LOOPS["encoder"], gating="copy")
    shapes = [(tuple(weight.shape), parts) for weight, parts in gated.layer_matrices()]
    plain = built(encoder=(1, 24, 3), decoder=(1, 8, 1))
    expected = [(tuple(weight.shape), parts) for weight, parts in plain.layer_matrices()]
    assert shapes == [*expected[:4], ((96, 24), 1), ((24, 96), 1), *expected[4:]]
    halting = looped(encoder=(1, 24, 3), decoder=(1, 8, 1), **LOOPS["encoder"], gating="act")
    assert [(tuple(w.shape), parts) for w, parts in halting.layer_matrices()] == expected


# Adaptive computation time.


def mixing(x: Tensor) -> Tensor:
    """A step in which every token looks at the others."""
    return torch.tanh(2 * x + x.mean(1, keepdim=True) + torch.arange(x.shape[-1]) / 5)


def token_by_token(
    x: Tensor, loops: int, halting: Halting, threshold: float
) -> tuple[Tensor, Tensor]:
    """Weights [N, B, L] and state, as Graves (2016) and Dehghani et al. (2018) put it in words."""
    weights = torch.zeros(loops, *x.shape[:2])
    state, x = torch.zeros_like(x), x.clone()
    spent = {(b, i): 0.0 for b in range(x.shape[0]) for i in range(x.shape[1])}
    for n in range(loops):
        probability, new = halting(x), mixing(x)
        for (b, i), before in list(spent.items()):
            p = float(probability[b, i])
            halts = before + p >= threshold or n == loops - 1
            weights[n, b, i] = 1 - before if halts else p
            state[b, i] += weights[n, b, i] * new[b, i]
            x[b, i] = new[b, i]
            spent[b, i] = before + p
            if halts:
                del spent[b, i]
    return weights, state


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    loops=st.integers(1, 7),
    bias=st.floats(-4, 4),
    threshold=st.floats(0.05, 1.0),
)
def test_halting_token_by_token(seed, loops, bias, threshold):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 5, 6, generator=generator, dtype=torch.float64)
    halting = Halting(6, bias).double()
    with torch.no_grad():
        halting.start_parameters(generator)
        halting.weight.normal_(generator=generator)
        calls: list[int] = []

        def once(n: int, x: Tensor) -> Tensor:
            calls.append(n)
            return mixing(x)

        found: Looped = loop_adaptively(x, once, loops, halting, threshold)
        weights, state = token_by_token(x, loops, halting, threshold)
    assert calls == list(range(loops))
    assert found.weights_NBL.shape == (loops, 2, 5)
    torch.testing.assert_close(found.weights_NBL.sum(0), torch.ones(2, 5, dtype=torch.float64))
    assert (found.weights_NBL >= 0).all()
    torch.testing.assert_close(found.weights_NBL.float(), weights)
    torch.testing.assert_close(found.state_BLD, state)
    used = (weights > 0).sum(0)
    assert ((used >= 1) & (used <= loops)).all()
    last = weights.gather(0, used[None] - 1)[0]
    torch.testing.assert_close(found.remainder_BL.float(), last)


def test_tokens_do_halt_at_different_loops():
    model = lively(0, "paper", "encoder", "act")
    found = model._loop(
        model.encoder_embedding(some_inputs(8, 4, False, 0)),
        lambda _, x: model._encode(x, None),
        3,
        model.encoder_halting,
    )
    assert set((found.weights_NBL > 0).sum(0).flatten().tolist()) == {1, 2, 3}


def test_at_first_all_tokens_halt_alike():
    model = looped(encoder_loops=4, gating="act")
    p = 1 / (1 + torch.tensor(-1.0).exp())
    memory = model.encode(asked(2, 4, False, 0))
    torch.testing.assert_close(memory.remainder, 1 - p)
    never = looped(encoder_loops=4, gating="act", halting_bias=-40.0)
    assert_close(never.encode(asked(2, 4, False, 0)).remainder, torch.tensor(1.0))
    plain = looped(encoder_loops=4)
    plain.load_state_dict(never.state_dict(), strict=False)
    inputs, outputs = some_inputs(2, 4, False, 0), some_inputs(2, 2, False, 1)
    assert_close(never(Question(inputs), outputs), plain(Question(inputs), outputs))


def remainders(model: UniversalTransformer, inputs: Tensor, outputs: Tensor) -> Tensor:
    """Of every token of one example, both stacks, without padding."""
    found: list[Tensor] = []
    original = model._loop

    def spy(*args) -> Looped:
        result = original(*args)
        if result.remainder_BL is not None:
            found.append(result.remainder_BL.mean())
        return result

    model._loop = spy
    try:
        model.choices(Question(inputs), outputs)
    finally:
        del model._loop
    return torch.stack(found)


@pytest.mark.parametrize("loops", LOOPS)
def test_the_penalty_is_the_mean_remainder(loops):
    model = lively(0, "paper", loops, "act")
    inputs, outputs = some_inputs(1, 4, False, 0), some_inputs(1, 2, False, 1)
    (found,) = model.choices(Question(inputs), outputs)
    expected = 0.01 * outputs.numel() * remainders(model, inputs, outputs).sum()
    torch.testing.assert_close(found.penalty, expected)

    # Padding costs nothing.
    def widened(ids: Tensor, count: int) -> Tensor:
        return torch.cat([ids, torch.full((1, count), PAD)], 1)

    (padded,) = model.choices(Question(widened(inputs, 6), True), widened(outputs, 3))
    torch.testing.assert_close(padded.penalty, found.penalty)
    # Halting earlier costs less.
    found.penalty.backward()
    assert all(halting.bias.grad < 0 for halting in halting_units(model))


def test_without_adaptive_halting_there_is_no_penalty():
    question, outputs = asked(2, 4, False, 0), some_inputs(2, 2, False, 1)
    for gating in ("none", "copy"):
        (found,) = looped(**LOOPS["both"], gating=gating).choices(question, outputs)
        assert found.penalty is None


def test_training_pays_the_penalty():
    def loss(ponder_cost: float) -> tuple[float, float]:
        model = universal(**LOOPS["both"], gating="act", ponder_cost=ponder_cost, max_positions=64)
        config = short_config(model)
        trainer = Trainer(config)
        share = next(trainer.batches())
        pairs = share.data
        (found,) = trainer.model.choices(pairs.question, pairs.truth)
        penalty = found.penalty.item() / share.weight
        trainer.step(share)
        return trainer.take_loss(), penalty

    free, nothing = loss(0.0)
    paid, penalty = loss(0.5)
    assert nothing == 0 and penalty > 0.1
    assert abs(paid - free - penalty) < 1e-5


# The model among models.


@pytest.mark.parametrize("gating", GATINGS)
def test_flops_are_those_of_the_layers_passed(gating):
    def flops(model: nn.Module) -> int:
        with FlopCounterMode(display=False) as counter:
            model(asked(2, 4, False, 0), some_inputs(2, 2, False, 1))
        return counter.get_total_flops()

    layers = built(encoder=(8, 16, 2), decoder=(2, 16, 4))
    gate = 2 * 2 * 16 * 64 * (2 * 14) * 8 if gating == "copy" else 0
    assert flops(looped(encoder_loops=4, gating=gating)) == flops(layers) + gate
