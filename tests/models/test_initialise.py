"""The table of initial values in `initialise`, row by row, and the number features."""

import numpy as np
import pytest
import torch
from model_stubs import StubEncoding, built, small
from torch import nn

from eigenformer import encodings
from eigenformer.encodings import TokenNumbers
from eigenformer.models import initialise, layers
from eigenformer.models.initialise import number_embedding


def model(**fields):
    return built(words=500, encoder=(2, 64, 4), decoder=(1, 32, 2), max_positions=300, **fields)


def by_name(**fields):
    return {name: value.detach() for name, value in model(**fields).named_parameters()}


def test_the_table():
    for name, value in by_name().items():
        if name.endswith("tokens"):
            assert not value[1].any()
            assert float(value.std()) == pytest.approx(value.shape[1] ** -0.5, rel=0.05)
        elif name.endswith("positions"):
            assert float(value.std()) == pytest.approx(value.shape[1] ** -0.5, rel=0.05)
        elif name.endswith("norm.weight"):
            assert (value == 1).all()
        elif name.endswith(("norm.bias", "output_bias")):
            assert not value.any()
        elif name.endswith("weight"):
            bound = value.shape[1] ** -0.5
            assert float(value.abs().max()) <= bound
            assert float(value.std()) == pytest.approx(bound / 3**0.5, rel=0.1)
        else:
            weight = by_name()[name.removesuffix("bias") + "weight"]
            bound = weight.shape[1] ** -0.5
            assert 0.5 * bound < float(value.abs().max()) <= bound


class Foreign(nn.Module):
    """Parts of torch's own, under names that say nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(64)
        self.scale = nn.RMSNorm(64)
        self.a, self.b = nn.Linear(64, 200), layers.Linear(64, 200)
        self.open = nn.Linear(64, 200, bias=False)
        self.words = nn.Embedding(400, 64, padding_idx=3)
        self.memory = nn.LSTM(30, 100)
        self.filters = nn.Conv1d(16, 50, 4)
        self.matrix = nn.Parameter(torch.zeros(100, 4, 16))
        self.gain = nn.Parameter(torch.full((5,), 2.0))
        self.tied = nn.Linear(64, 400, bias=False)
        self.tied.weight = self.words.weight


@torch.no_grad()
def test_parts_start_by_their_type() -> None:
    state = torch.get_rng_state()
    part, same = Foreign(), Foreign()
    torch.set_rng_state(state)
    for each in (part, same):
        initialise(each, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(part.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, other)
    for values, constant in ((part.ln.weight, 1), (part.ln.bias, 0), (part.scale.weight, 1)):
        assert (values == constant).all()
    assert (part.gain == 2).all()
    assert not part.words.weight[3].any()
    assert float(part.words.weight.std()) == pytest.approx(1 / 8, rel=0.02)
    uniform = {
        1 / 8: (part.a.weight, part.a.bias, part.b.weight, part.b.bias, part.open.weight),
        1 / 10: tuple(part.memory.parameters()),
        64**-0.5: (part.filters.weight, part.matrix),
    }
    for bound, drawn in uniform.items():
        for values in drawn:
            assert 0.95 * bound < float(values.abs().max()) <= bound
    assert part.filters.bias is not None and float(part.filters.bias.abs().max()) <= 1 / 8


def test_the_layers_matrices_are_the_linear_maps_of_stacks() -> None:
    inner = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 4))
    stack = nn.ModuleList([inner, layers.Linear(4, 4, parts=3)])
    model = nn.ModuleDict({"stack": stack, "words": nn.Linear(4, 99)})
    found = [(tuple(weight.shape), parts) for weight, parts in layers.layer_matrices(model)]
    assert found == [((5, 4), 1), ((4, 5), 1), ((12, 4), 3)]


def test_the_seed_decides_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    first, again, other = built(seed=3), built(seed=3), built(seed=4)
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.decoder_embedding.tokens, other.decoder_embedding.tokens)


def test_number_init_changes_only_the_tokens_of_numbers():
    random, number = by_name(embedding="random"), by_name(embedding="number")
    for name, value in number.items():
        if name.endswith("tokens"):
            assert torch.equal(value[:6], random[name][:6])
            assert not torch.isclose(value[6:], random[name][6:]).all(1).any()
        else:
            assert torch.equal(value, random[name])


def features(numbers: TokenNumbers, width: int = 128) -> torch.Tensor:
    tokens = torch.zeros(len(numbers.sign), width)
    number_embedding(tokens, numbers, torch.Generator().manual_seed(0))
    return tokens


@pytest.mark.parametrize("width", [128, 33])
def test_features_have_the_embedding_s_size(width):
    tokens = features(StubEncoding(1013).token_numbers(), width)
    assert not tokens[:6].any()
    assert float(tokens[6:].std()) == pytest.approx(width**-0.5, rel=0.05)


def test_neighbouring_mantissas_are_alike_and_all_are_distinct():
    mantissas = features(StubEncoding(1013).token_numbers())[6:-7]
    alike = torch.nn.functional.normalize(mantissas, dim=1)
    alike = alike @ alike.T
    near = alike.diagonal(1).mean()
    assert near > 0.7 > 0.5 > alike.diagonal(10).mean() > alike.diagonal(300).mean()
    assert (alike - 2 * torch.eye(1000)).max() < 0.99


def test_signed_mantissas_are_related_but_distinct():
    count = 100
    mantissa = np.tile(np.arange(count, dtype=float), 2)
    sign = np.repeat([1.0, -1.0], count)
    numbers = TokenNumbers(sign, mantissa, np.full(2 * count, np.nan), count)
    tokens = features(numbers)
    mean, half = (tokens[:count] + tokens[count:]) / 2, (tokens[:count] - tokens[count:]) / 2
    # m's features and the sign's: one is the mean of both signs, the other half their difference.
    assert torch.allclose(half, half[:1].expand_as(half), atol=1e-6)
    assert float(mean.norm(dim=1).mean()) == pytest.approx(2**-0.5, rel=0.1)
    assert float(half.norm(dim=1).mean()) == pytest.approx(2**-0.5, rel=0.3)


@pytest.mark.parametrize("name", ["P10", "P1000", "B1999", "FP15"])
def test_the_real_encodings_get_features(name):
    encoding = encodings.get(name)
    config = small(embedding="number", sum_coefficients=True)
    tokens = config.build(encoding, encoding, seed=0).encoder_embedding.tokens.detach()
    numbers = encoding.token_numbers()
    stands = torch.from_numpy(np.isfinite(numbers.mantissa) | np.isfinite(numbers.exponent))
    assert stands.any()
    assert torch.isfinite(tokens).all()
    assert float(tokens[stands].std()) == pytest.approx(16**-0.5, rel=0.3)
