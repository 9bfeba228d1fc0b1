"""Summaries: counts against the definition, products in words."""

import numpy as np
from constructed_examples import everything, newton

from eigenformer.construct import Network
from eigenformer.construct.blocks import dense


def test_counts_of_newtons_network():
    summary = Network(newton(d=4, steps=12)).summary()
    assert (summary.layers, summary.distinct_layers) == (13, 2)
    assert (summary.heads, summary.total_heads) == (2, 25)
    assert (summary.width, summary.tokens, summary.feed_forward) == (16, 4, 0)
    # Three heads, three matrices each, of which each has an identity.
    assert (summary.parameters, summary.nonzeros) == (9 * 16**2, 9 * 4)


def test_nonzeros_are_those_of_the_dense_weights():
    spec = everything()
    network = Network(spec, dense=True)
    summary = network.summary()
    modules = {id(layer): layer for layer in network._layers}.values()
    weights = [
        buffer
        for layer in modules
        for name, buffer in layer.named_buffers()
        if name != "linear" or layer.layer.linear
    ]
    assert summary.parameters == sum(w.numel() for w in weights)
    assert summary.nonzeros == sum(int((w != 0).sum()) for w in weights)
    assert summary.feed_forward == 12
    head = spec.layers[0].heads[0]
    assert np.count_nonzero(dense(head.value, 11)) == 3 + 9


def test_products_in_words():
    groups = Network(newton(steps=12)).summary().groups
    assert [group.label for group in groups] == ["1", "2-13"]
    assert groups[0].text == ("head 1: Z += A^T",)
    assert groups[1].text == ("head 1: X += -X Z^T X", "head 2: X += X")
    lines = Network(everything()).summary().groups[0].text
    assert lines[0] == "head 1: X += 0.5 X (-Y^T X + I^T I), Y += M X (-Y^T X + I^T I)"
    assert lines[1] == "head 2: r += 0.7 one (one^T r + X[0]^T Y[2])"


def test_extras_are_named():
    extras = Network(everything("relu")).summary().extras
    for word in ("the last token is never a key", "ReLU scores", "times 0.2", "linear map", "rows"):
        assert any(word in extra for extra in extras), word
    assert any("exact" in extra for extra in Network(everything(), exact=True).summary().extras)
    assert Network(newton()).summary().extras == ()


def test_the_page_fits_and_shows_the_theorem():
    for spec in (newton(), everything(), newton(d=9, steps=40)):
        text = str(Network(spec).summary())
        assert max(map(len, text.splitlines())) <= 80
        assert not any(line != line.rstrip() for line in text.splitlines())
    text = str(Network(newton()).summary())
    assert "theorem: T + 1" in text
    assert "give X0" in text
    assert repr(Network(newton()).summary()) == text
