"""A shorter way through linear attention with read-in: tokens stay affine in what was read in.

Without norms, MLP, clipping and positions every layer maps all tokens of a prompt by one affine
map, H = [Z 1] T with T [w + 1, E] of the prompt alone, and attention needs only the moments
[Z 1]^T [Z 1] (derivations.md, section 6, Theorem 4.1). So a layer works on the w + 1 rows of T
instead of the n tokens, the last one on the token that is read: the same function as
`TransformerModel.states`, with another order of summation.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

# Shapes: B batch, n tokens, w features of a token, r = w + 1, E embedding, h heads, k of a head.


def affine_last_token(
    tokens: Float[Tensor, "B n w"],
    read_in: nn.Linear,
    layers: list[tuple[nn.Linear, nn.Linear]],
    heads: int,
) -> Float[Tensor, "B 1 E"]:
    """The last token after `layers`, (projection to queries, keys and values; out) of each."""
    z = torch.cat([tokens, torch.ones_like(tokens[:, :, :1])], dim=2)
    moments = (z.mT @ z)[:, None]
    # Before the first layer T is the same for every prompt: a batch of one, until it is not.
    t = torch.cat([read_in.weight.T, read_in.bias[None]])[None]
    for projection, out in layers[:-1]:
        query, key, value = _split(_affine(projection, t), heads)
        t = t + _affine(out, _mixed(query, key, value, moments))
    projection, out = layers[-1]
    _, key, value = _split(_affine(projection, t), heads)
    last = z[:, -1:] @ t
    query, _, _ = _split(projection(last), heads)
    found: Tensor = last + out(_mixed(query, key, value, moments))
    return found


def _affine(linear: nn.Linear, t: Float[Tensor, "B r E"]) -> Float[Tensor, "B r F"]:
    """`linear` applied to the tokens [Z 1] T, as a map T: the bias goes to the row of ones."""
    shift = nn.functional.pad(linear.bias[None], (0, 0, t.shape[1] - 1, 0))
    found: Tensor = t @ linear.weight.T + shift
    return found


def _split(parts: Float[Tensor, "B r E"], heads: int) -> list[Float[Tensor, "B h r k"]]:
    """Queries, keys and values of each head."""
    batch, rows, width = parts.shape
    shape = (batch, rows, heads, width // (3 * heads))
    return [part.reshape(shape).transpose(1, 2) for part in parts.chunk(3, dim=2)]


def _mixed(
    query: Float[Tensor, "#B h q k"],
    key: Float[Tensor, "#B h r k"],
    value: Float[Tensor, "#B h r k"],
    moments: Float[Tensor, "B 1 r r"],
) -> Float[Tensor, "B q E"]:
    products = key.mT @ (moments @ value) / math.sqrt(key.shape[3])
    return (query @ products).transpose(1, 2).flatten(2)
