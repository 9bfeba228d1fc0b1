"""Greedy decoding with caches gives what decoding anew at each position gives."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_stubs import VARIANTS, built
from torch import Tensor, nn

from eigenformer.core import InputError
from eigenformer.models import Question, Seq2Seq, generate


def by_hand(model: Seq2Seq, inputs: Tensor, max_length: int, padded: bool) -> Tensor:
    """The whole prefix through `forward` for each token, one row at a time, without padding."""
    rows = []
    for row in inputs:
        row = row[row != 1][None] if padded else row[None]
        written = torch.zeros(1, 1, dtype=torch.int64)
        while written.shape[1] <= max_length and (written.shape[1] == 1 or written[0, -1] != 0):
            token = model(Question(row), written)[:, -1].argmax(-1)
            written = torch.cat([written, token[:, None]], 1)
        rows.append(written[0, 1:])
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=1)


def some_inputs(batch: int, numbers: int, padded: bool, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(2, 40, (batch, 2 + 3 * numbers), generator=generator)
    if padded:
        lengths = 2 + 3 * torch.randint(0, numbers + 1, (batch, 1), generator=generator)
        inputs[torch.arange(inputs.shape[1]) >= lengths] = 1
    return inputs


def asked(batch: int, numbers: int, padded: bool, seed: int) -> Question:
    return Question(some_inputs(batch, numbers, padded, seed), padded)


def lively(seed: int, **fields) -> Seq2Seq:
    """A model that ends its sequences at various lengths."""
    model = built(seed=seed, **fields)
    with torch.no_grad():
        model.decoder_embedding.positions *= 3
        for layer in model.decoder_layers:
            layer.cross.kv.weight *= 6
            layer.cross.out.weight *= 6
        model.output_bias[0] = 1.0
        model.output_bias[1] = -9.0
    return model


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=25)
@given(seed=st.integers(0, 1000), padded=st.booleans(), batch=st.integers(1, 6))
def test_caches_change_nothing(variant, seed, padded, batch):
    model = lively(seed, **VARIANTS[variant])
    inputs = some_inputs(batch, 4, padded, seed)
    with torch.no_grad():
        expected = by_hand(model, inputs, 9, padded)
    assert torch.equal(generate(model, Question(inputs, padded), 9), expected)


class Script(Seq2Seq):
    """Row b writes b threes, then <eos>, then fours; counts its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))  # every model lives on some device
        self.steps = 0

    def forward(self, question, outputs, select=None):
        raise NotImplementedError

    def encode(self, question):
        return question.ids[:, 0]

    def start_cache(self, memory, max_length):
        return memory

    def step(self, tokens, position, cache):
        self.steps += 1
        following = torch.where(position < cache, 3, torch.where(position == cache, 0, 4))
        return nn.functional.one_hot(following, 5).float()


def test_it_stops_when_every_row_has_ended():
    model = Script()
    tokens = generate(model, Question(torch.tensor([[2], [0], [1]])), 20)
    assert tokens.tolist() == [[3, 3, 0], [0, 1, 1], [3, 0, 1]]
    assert model.steps == 3


def test_it_stops_at_the_longest_length():
    tokens = generate(Script(), Question(torch.tensor([[9], [1]])), 4)
    assert tokens.tolist() == [[3, 3, 3, 3], [3, 0, 1, 1]]


def test_an_empty_batch():
    assert generate(Script(), Question(torch.empty(0, 1, dtype=torch.int64)), 4).shape == (0, 0)


def test_the_length_is_positive():
    with pytest.raises(InputError, match="max_length is 0"):
        generate(Script(), Question(torch.zeros(1, 1, dtype=torch.int64)), 0)


def test_gradients_are_not_kept():
    model = built()
    generate(model, asked(2, 2, False, 0), 3)
    assert all(parameter.grad is None for parameter in model.parameters())
