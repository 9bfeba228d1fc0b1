"""Cross-entropy over tokens, with one-hot or soft targets.

Letters: K target tokens, V vocabulary, W neighbours.
"""

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from ..encodings import Encoding
from ..models import Choices


class TokenLoss(nn.Module):
    """The sum over decisions of the cross-entropy.

    With `soft_width` w > 0 the target of a mantissa token m is a Gaussian of standard deviation
    max(w m, 0.3) over the mantissas of the same sign and exponent within 3 w of the largest; an
    answer one unit off is then nearly right. Other tokens keep one-hot targets.
    """

    neighbours: Tensor
    weights: Tensor

    def __init__(self, encoding: Encoding, soft_width: float = 0.0) -> None:
        super().__init__()
        self._soft_words: frozenset[int] = frozenset()
        if soft_width > 0:
            neighbours, weights = soft_targets(encoding, soft_width)
            self._soft_words = frozenset(np.flatnonzero(weights.amax(dim=1).numpy() < 1).tolist())
            self.register_buffer("neighbours", neighbours)
            self.register_buffer("weights", weights)

    def forward(self, choices: Choices) -> Float[Tensor, ""]:
        logits, targets, first = choices.logits.float(), choices.targets, choices.first
        if self._soft_words.isdisjoint(range(first, first + logits.shape[1])):
            return F.cross_entropy(logits, targets - first, reduction="sum")
        near = logits.gather(1, self.neighbours[targets] - first)
        expected = (near * self.weights[targets]).sum()
        return torch.logsumexp(logits, dim=1).sum() - expected


def soft_targets(
    encoding: Encoding, width: float
) -> tuple[Int64[Tensor, "V W"], Float[Tensor, "V W"]]:
    """For each token the tokens that share its target, and their weights (rows sum to 1)."""
    numbers = encoding.token_numbers()
    size = len(numbers.sign)
    reach = math.ceil(3 * width * (numbers.mantissa_range - 1))
    # Normalised mantissas only; digits of a longer mantissa (P10) have no neighbours in this sense.
    smallest = numbers.mantissa_range // 10
    soft = (numbers.mantissa >= smallest) & (numbers.mantissa_range > 10)
    exponent = np.nan_to_num(numbers.exponent, nan=0.0)
    key = {
        (numbers.sign[i], numbers.mantissa[i], exponent[i]): i
        for i in np.flatnonzero(soft).tolist()
    }
    neighbours = np.repeat(np.arange(size)[:, None], 2 * reach + 1, axis=1)
    weights = np.zeros((size, 2 * reach + 1), np.float32)
    weights[~soft, reach] = 1
    offsets = np.arange(-reach, reach + 1)
    for i in np.flatnonzero(soft).tolist():
        m = numbers.mantissa[i]
        for j, offset in enumerate(offsets):
            other = key.get((numbers.sign[i], m + offset, exponent[i]))
            if other is not None:
                neighbours[i, j] = other
                weights[i, j] = math.exp(-0.5 * (offset / max(width * m, 0.3)) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return torch.from_numpy(neighbours), torch.from_numpy(weights)
