"""LSTM and GRU encoder-decoders: against the equations, and what must not matter."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_stubs import StubEncoding
from test_greedy_decoding import by_hand, some_inputs

from eigenformer.models import Question, RecurrentConfig, RecurrentSeq2Seq, generate

VARIANTS = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "lower": {"encoder_layers": 3},
    "higher": {"cell": "gru", "decoder_layers": 3, "embedding_init": "number"},
}
GATES = {"lstm": 4, "gru": 3}


def small(**fields) -> RecurrentConfig:
    sizes = {"encoder_layers": 2, "decoder_layers": 2, "embedding": 10, "hidden": 14}
    return RecurrentConfig(**{**sizes, **fields})


def built(seed: int = 0, words: int = 40, **fields) -> RecurrentSeq2Seq:
    return small(**fields).build(StubEncoding(words), StubEncoding(words), seed)


def lively(seed: int, **fields) -> RecurrentSeq2Seq:
    """A model whose answers depend on its inputs and end at various lengths."""
    model = built(seed, **fields)
    with torch.no_grad():
        for weight, _ in model.layer_matrices():
            weight *= 5
        model.output_bias[0] = 1.0
        model.output_bias[1] = -9.0
    return model


def assert_close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=1e-5 if a.dtype == torch.float32 else 1e-10)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_cell(x, state, wx, wh, bx, bh):
    """Hochreiter and Schmidhuber (1997) with forget gates; torch's order of gates: i f g o."""
    h, c = state
    i, f, g, o = np.split(wx @ x + bx + wh @ h + bh, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_cell(x, state, wx, wh, bx, bh):
    """Cho et al. (2014), the reset after the product; torch's order of gates: r z n."""
    (h,) = state
    (rx, zx, nx), (rh, zh, nh) = np.split(wx @ x + bx, 3), np.split(wh @ h + bh, 3)
    z = sigmoid(zx + zh)
    return ((1 - z) * np.tanh(nx + sigmoid(rx + rh) * nh) + z * h,)


def reference(model: RecurrentSeq2Seq, inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Logits [T, V] for one example, token by token, in float64."""
    w = {name: value.detach().double().numpy() for name, value in model.named_parameters()}
    config = model.config
    cell, parts = {"lstm": (lstm_cell, 2), "gru": (gru_cell, 1)}[config.cell]

    def embed(side, token):
        x = w[f"{side}_embedding.tokens"][token]
        x = (x - x.mean()) / np.sqrt(x.var() + config.norm_epsilon)
        return x * w[f"{side}_embedding.norm.weight"] + w[f"{side}_embedding.norm.bias"]

    def read(side, token, states):
        x = embed(side, token)
        for k, state in enumerate(states):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            states[k] = cell(x, state, *(w[f"{side}.{name}_l{k}"] for name in names))
            x = states[k][0]
        return x

    states = [(np.zeros(config.hidden),) * parts for _ in range(config.encoder_layers)]
    for token in inputs:
        read("encoder", token, states)
    surplus = config.encoder_layers - config.decoder_layers
    states = [states[max(k + surplus, 0)] for k in range(config.decoder_layers)]
    logits = []
    for token in outputs:
        x = w["out.weight"] @ read("decoder", token, states) + w["out.bias"]
        logits.append(w["decoder_embedding.tokens"] @ x + w["output_bias"])
    return np.stack(logits)


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=10)
@given(seed=st.integers(0, 1000), numbers=st.integers(0, 4), written=st.integers(1, 6))
def test_the_equations(variant, seed, numbers, written):
    model = lively(seed, **VARIANTS[variant]).double()
    inputs, outputs = some_inputs(1, numbers, False, seed), some_inputs(1, written, False, seed + 1)
    found = model(Question(inputs), outputs)[0].detach().numpy()
    expected = reference(model, inputs[0].numpy(), outputs[0].numpy())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=15)
@given(seed=st.integers(0, 1000), padded=st.booleans(), batch=st.integers(1, 6))
def test_decoding_step_by_step(variant, seed, padded, batch):
    model = lively(seed, **VARIANTS[variant])
    inputs = some_inputs(batch, 4, padded, seed)
    with torch.no_grad():
        expected = by_hand(model, inputs, 9, padded)
    assert torch.equal(generate(model, Question(inputs, padded), 9), expected)


@pytest.mark.parametrize("cell", GATES)
@given(
    sizes=st.tuples(*[st.integers(1, 4)] * 2, *[st.integers(1, 20)] * 2), words=st.integers(20, 60)
)
@settings(max_examples=20)
def test_the_number_of_parameters(cell, sizes, words):
    encoder, decoder, d, h = sizes
    config = RecurrentConfig(
        cell=cell, encoder_layers=encoder, decoder_layers=decoder, embedding=d, hidden=h
    )
    model = config.build(StubEncoding(words), StubEncoding(words + 3), 0)
    expected = d * (words + 2) + d * (words + 3 + 2) + d * (h + 1) + words + 3
    for count in (encoder, decoder):
        expected += GATES[cell] * h * ((d + h + 2) + (count - 1) * (2 * h + 2))
    assert sum(p.numel() for p in model.parameters()) == expected


@pytest.mark.parametrize("cell", GATES)
def test_the_matrices_of_the_layers(cell):
    parts = GATES[cell]
    model = built(cell=cell, decoder_layers=1)
    found = [(tuple(weight.shape), fused) for weight, fused in model.layer_matrices()]
    rows = 14 * parts
    first, second = [((rows, 10), parts), ((rows, 14), parts)], [((rows, 14), parts)] * 2
    assert found == [*first, *second, *first, ((10, 14), 1)]
