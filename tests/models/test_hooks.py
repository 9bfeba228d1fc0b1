"""Recorded activations: what the network computed, and that recording changes nothing."""

import pytest
import torch
from model_stubs import VARIANTS, StubEncoding
from test_direct import built as direct
from test_direct import draw, encoding
from test_greedy_decoding import asked, lively, some_inputs
from test_recurrent import lively as recurrent
from test_universal import lively as universal
from torch.nn import functional as F

from eigenformer.encodings import EOS, PAD
from eigenformer.models import LawtConfig, Model, Question, StackConfig
from eigenformer.models.hooked import HookedPass
from eigenformer.models.hooks import hooked
from eigenformer.models.layers import CrossAttention, SelfAttention
from eigenformer.models.seq2seq import teacher_forced

LOOPED = [("both", gating) for gating in ("none", "copy", "act")]
KINDS = [*((variant, "", "") for variant in VARIANTS), *(("pre", *loops) for loops in LOOPED)]


def lawt(seed: int) -> Model:
    stack = StackConfig(layers=2, width=16, heads=2)
    config = LawtConfig(encoder=stack, decoder=stack, max_positions=40, other_words=5)
    return config.build(StubEncoding(), StubEncoding(), seed)


def made(variant: str, loops: str, gating: str) -> Model:
    return universal(1, variant, loops, gating) if loops else lively(1, **VARIANTS[variant])


def cases() -> dict[str, Model]:
    found = {"-".join(kind): made(*kind) for kind in KINDS}
    found["lawt"] = lawt(1)
    found |= {cell: recurrent(1, cell=cell) for cell in ("lstm", "gru")}
    return found


CASES = cases()


def no_hooks(model: Model) -> bool:
    return not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_recording_changes_nothing(name: str, padded: bool) -> None:
    model = CASES[name]
    inputs = some_inputs(5, 4, padded, seed=2)
    answer, cache = model.run_with_cache(Question(inputs, padded), 12)
    assert torch.equal(answer, model.answer(Question(inputs, padded), 12))
    with torch.no_grad():
        logits = model(Question(inputs, padded), teacher_forced(answer, False)[0])
    assert torch.equal(cache["logits"], logits)
    assert no_hooks(model)
    assert not any(tensor.requires_grad for tensor in cache.values())
    assert all(len(tensor) == 5 for tensor in cache.values())
    # The greedy tokens are those that the recorded pass finds most likely.
    most_likely = cache["logits"].argmax(-1)
    real = answer != PAD
    assert torch.equal(most_likely[real], answer[real])


def test_hooks_are_removed_after_an_exception() -> None:
    model = CASES["paper--"]
    with pytest.raises(KeyError), hooked(model, model.points(), HookedPass()):
        raise KeyError
    assert no_hooks(model)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("name", [name for name in CASES if name not in ("lstm", "gru")])
def test_patterns_are_those_of_the_fused_attention(name: str, padded: bool) -> None:
    model = CASES[name]
    inputs = some_inputs(5, 4, padded, seed=3)
    _, cache = model.run_with_cache(Question(inputs, padded), 12)
    names = [key for key in cache if key.endswith(".pattern")]
    stacks = (model.encoder_layers, model.decoder_layers)
    loops = (getattr(model.config, f"{side}_loops", 1) for side in ("encoder", "decoder"))
    encoder, decoder = (len(layers) * n for layers, n in zip(stacks, loops, strict=True))
    assert len(names) == encoder + 2 * decoder
    for key in names:
        side, number, kind, _ = key.split(".")
        layers = getattr(model, f"{side}_layers")
        layer = layers[int(number) % len(layers)]
        module = layer.cross if kind == "cross" else layer.attention
        assert isinstance(module, SelfAttention | CrossAttention)
        pattern = cache[key]
        torch.testing.assert_close(pattern.sum(-1), torch.ones_like(pattern[..., 0]))
        assert (pattern >= 0).all()
        mixed = (pattern @ cache[key.replace("pattern", "v")]).transpose(1, 2).flatten(2)
        out = F.linear(mixed, module.out.weight, module.out.bias)
        torch.testing.assert_close(out, cache[key.replace("pattern", "out")], atol=2e-5, rtol=1e-4)
        if side == "decoder" and kind == "attn":
            assert (pattern.triu(1) == 0).all()
        elif padded and name != "lawt" and not model.config.sum_coefficients:
            assert (pattern[(inputs == PAD)[:, None, None].expand_as(pattern)] == 0).all()


@pytest.mark.parametrize("name", ["pre--", "lawt pre--", "summed--", "pre-both-none"])
def test_a_residual_stream_is_the_sum_of_what_was_added(name: str) -> None:
    _, cache = CASES[name].run_with_cache(asked(4, 4, False, seed=5), 10)
    for side in ("encoder", "decoder"):
        layers = [key for key in cache if key.startswith(side) and key.endswith("resid_pre")]
        stream = cache[f"{side}.embed"]
        for i in range(len(layers)):
            torch.testing.assert_close(cache[f"{side}.{i}.resid_pre"], stream)
            added = [f"{side}.{i}.{part}.out" for part in ("attn", "cross", "mlp")]
            stream = stream + sum(cache[key] for key in added if key in cache)
            torch.testing.assert_close(
                cache[f"{side}.{i}.resid_post"], stream, atol=1e-5, rtol=1e-4
            )


def test_a_post_norm_layer_from_its_parts() -> None:
    model = CASES["paper--"]
    _, cache = model.run_with_cache(asked(4, 4, False, seed=5), 10)
    for i, layer in enumerate(model.decoder_layers):
        name = f"decoder.{i}"
        x = layer.attention_norm(cache[f"{name}.resid_pre"] + cache[f"{name}.attn.out"])
        x = layer.cross_norm(x + cache[f"{name}.cross.out"])
        x = layer.feed_forward_norm(x + cache[f"{name}.mlp.out"])
        torch.testing.assert_close(x, cache[f"{name}.resid_post"])
    hidden = cache["decoder.1.mlp.hidden"]
    assert hidden.shape[2] == 64
    assert (hidden >= 0).all()
    assert hidden.max() > 0


def test_gates_are_shares() -> None:
    _, cache = CASES["pre-both-copy"].run_with_cache(asked(4, 4, False, seed=5), 10)
    gates = [tensor for key, tensor in cache.items() if key.endswith("gate")]
    assert len(gates) == 2 * 2 + 2 * 3
    assert all(((gate > 0) & (gate < 1)).all() for gate in gates)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrent_models_have_their_ends(cell: str) -> None:
    model = CASES[cell]
    inputs = some_inputs(4, 4, True, seed=6)
    _, cache = model.run_with_cache(Question(inputs, True), 10)
    ends = {f"{side}.{end}" for side in ("encoder", "decoder") for end in ("embed", "out")}
    assert set(cache) == {*ends, "encoder.state", "logits"}
    assert cache["encoder.state"].shape == (4, 2 if cell == "lstm" else 1, 2, model.config.hidden)
    length = int((inputs != PAD).sum(1).max())
    assert cache["encoder.out"].shape == (4, length, model.config.hidden)


def test_a_model_that_answers_at_once() -> None:
    enc = encoding("P1000")
    model = direct(enc, enc, embedding="value")
    inputs = torch.from_numpy(enc.encode(draw(0, [(2, 2), (2, 2), (2, 2)])))
    answer, cache = model.run_with_cache(Question(inputs), 40)
    assert torch.equal(answer, model.answer(Question(inputs), 40))
    assert no_hooks(model)
    assert cache["encoder.0.attn.pattern"].shape == (3, 2, 4, 4)
    assert cache["decoder.0.cross.pattern"].shape[-1] == 4
    stream = cache["encoder.embed"] + cache["encoder.0.attn.out"] + cache["encoder.0.mlp.out"]
    torch.testing.assert_close(stream, cache["encoder.0.resid_post"])
    torch.testing.assert_close(model.encoder_norm(stream), cache["encoder.out"])


def test_lawts_inputs_begin_and_end_with_eos() -> None:
    model = lawt(1)
    inputs = some_inputs(3, 2, False, seed=1)
    _, cache = model.run_with_cache(Question(inputs), 5)
    framed = F.pad(inputs, (1, 1), value=EOS)
    torch.testing.assert_close(cache["encoder.embed"], model.encoder_embedding(framed))
    # Padding behind a sequence leaves it as it is.
    padded = F.pad(inputs, (0, 3), value=PAD)
    _, longer = model.run_with_cache(Question(padded, True), 5)
    torch.testing.assert_close(longer["encoder.out"][:, :10], cache["encoder.out"])
