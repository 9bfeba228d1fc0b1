"""The network against torch's own layers, and what its options must and must not change."""

import pytest
import torch
from model_stubs import built
from torch import nn

from eigenformer.core import InputError
from eigenformer.models import Question
from eigenformer.models.layers import DecoderLayer, EncoderLayer


def ids(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(2, 40, shape, generator=torch.Generator().manual_seed(seed))


def assert_close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=3e-6)


def filled(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(1))
    return module


def copy_attention(theirs: nn.MultiheadAttention, weight: torch.Tensor, bias: torch.Tensor, out):
    theirs.in_proj_weight.copy_(weight)
    theirs.in_proj_bias.copy_(bias)
    theirs.out_proj.weight.copy_(out.weight)
    theirs.out_proj.bias.copy_(out.bias)


def copy_rest(theirs, ours):
    attention = ours.attention
    copy_attention(theirs.self_attn, attention.qkv.weight, attention.qkv.bias, attention.out)
    norms = [ours.attention_norm, ours.feed_forward_norm]
    if isinstance(ours, DecoderLayer):
        cross = ours.cross
        weight = torch.cat([cross.q.weight, cross.kv.weight])
        copy_attention(
            theirs.multihead_attn, weight, torch.cat([cross.q.bias, cross.kv.bias]), cross.out
        )
        norms.insert(1, ours.cross_norm)
    for k, norm in enumerate(norms, 1):
        getattr(theirs, f"norm{k}").load_state_dict(norm.state_dict())
    for name, linear in (("linear1", ours.feed_forward.up), ("linear2", ours.feed_forward.down)):
        getattr(theirs, name).load_state_dict(linear.state_dict())


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_layers_are_torch_s(norm, activation):
    options = {"activation": activation, "batch_first": True, "dropout": 0.0}
    options |= {"norm_first": norm == "pre"}
    shared = {"width": 12, "heads": 3, "hidden": 20, "activation": activation, "norm": norm}
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(2, length, 12, generator=generator) for length in (5, 4))
    real = torch.tensor([[True] * 5, [True, True, True, False, False]])
    with torch.no_grad():
        ours = filled(EncoderLayer(**shared, epsilon=1e-5))
        theirs = nn.TransformerEncoderLayer(12, 3, 20, **options)
        copy_rest(theirs, ours)
        memory = ours(x, real[:, None, None, :])
        assert_close(memory[real], theirs(x, src_key_padding_mask=~real)[real])

        ours = filled(
            DecoderLayer(**shared, memory_width=12, query_layer_input=False, epsilon=1e-5)
        )
        theirs = nn.TransformerDecoderLayer(12, 3, 20, **options)
        copy_rest(theirs, ours)
        causal = nn.Transformer.generate_square_subsequent_mask(4)
        assert_close(
            ours(y, ours.cross.keys_values(x), real[:, None, None, :]),
            theirs(y, x, tgt_mask=causal, memory_key_padding_mask=~real),
        )


def test_layer_input_is_another_network():
    question, outputs = Question(ids(2, 8)), ids(2, 5)
    usual, lawt = built(), built(cross_attention_input="layer_input")
    assert not torch.allclose(usual(question, outputs), lawt(question, outputs), atol=1e-3)


def test_layer_input_queries_ignore_the_self_attention():
    """Take the residual from self-attention away: then only the queries could carry it."""
    model = built(decoder=(1, 16, 4), cross_attention_input="layer_input", norm="pre")
    layer = model.decoder_layers[0]
    seen = []
    layer.cross.q.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    outputs = ids(2, 5)
    changed = outputs.clone()
    changed[:, 0] += 1
    for given in (outputs, changed):
        model(Question(ids(2, 8)), given)
    assert torch.equal(seen[0][:, 1:], seen[1][:, 1:])


def test_summed_tokens_share_a_position():
    model = built(sum_coefficients=True)
    inputs = ids(2, 2 + 9)
    memory = model.encode(Question(inputs))
    assert memory.hidden_BGD.shape == (2, 2 + 3, 16)
    embedding = model.encoder_embedding
    third = embedding.tokens[inputs[:, 5:8]].sum(1) + embedding.positions[3]
    x = embedding(inputs, 0, 2, 3)
    assert_close(x[:, 3], embedding.norm(third))
    # Their order within a coefficient carries nothing more.
    swapped = inputs[:, [0, 1, 4, 3, 2, *range(5, 11)]]
    assert_close(model.encode(Question(swapped)).hidden_BGD, memory.hidden_BGD)


def test_broken_coefficients_are_refused():
    with pytest.raises(InputError, match="10 tokens"):
        built(sum_coefficients=True).encode(Question(ids(1, 10)))


def test_too_many_positions():
    model = built(max_positions=10)
    with pytest.raises(InputError, match="11 positions"):
        model.encode(Question(ids(1, 11)))
    with pytest.raises(InputError, match="max_length is 11"):
        model.start_cache(model.encode(Question(ids(1, 5))), 11)


def test_the_matrices_of_the_layers():
    model = built(encoder=(2, 24, 3), decoder=(1, 8, 1))
    found = [(tuple(weight.shape), parts) for weight, parts in model.layer_matrices()]
    encoder = [((72, 24), 3), ((24, 24), 1), ((96, 24), 1), ((24, 96), 1)]
    decoder = [((24, 8), 3), ((8, 8), 1), ((8, 8), 1), ((16, 24), 2), ((8, 8), 1)]
    assert found == encoder * 2 + decoder + [((32, 8), 1), ((8, 32), 1)]
