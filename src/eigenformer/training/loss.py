"""Cross-entropy over tokens, with one-hot or soft targets.

Letters: K target tokens, V vocabulary, W neighbours.
"""

import math
from typing import Any

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
        loss: Tensor = _SoftCrossEntropy.apply(  # type: ignore[no-untyped-call]
            logits, self.neighbours[targets] - first, self.weights[targets]
        )
        return loss


class _SoftCrossEntropy(torch.autograd.Function):
    """The sum of cross-entropies of logits [K, V] with targets of W weights at `index` [K, W].

    The softmax is computed once and becomes the gradient in place: with thousands of mantissas
    this, not the layers, is where memory is read and written.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, index: Tensor, weights: Tensor) -> Tensor:
        expected = (logits.gather(1, index) * weights).sum()
        largest_K1, at_K1 = logits.max(dim=1, keepdim=True)
        softmax = logits.softmax(dim=1)
        ctx.save_for_backward(softmax, index, weights)
        return (largest_K1 - softmax.gather(1, at_K1).log()).sum() - expected

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        softmax, index, weights = ctx.saved_tensors
        (gradient,) = gradients
        return softmax.scatter_add_(1, index, -weights).mul_(gradient), None, None


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
    mantissa = np.nan_to_num(numbers.mantissa, nan=0.0).astype(np.int64)
    # Words with the same sign and exponent share a row of this table: word by mantissa, or -1.
    _, row = np.unique(np.stack([numbers.sign, exponent]), axis=1, return_inverse=True)
    row = row.reshape(-1)
    words = np.full((row.max() + 1, numbers.mantissa_range + 2 * reach), -1)
    words[row[soft], mantissa[soft] + reach] = np.flatnonzero(soft)
    neighbours = np.repeat(np.arange(size)[:, None], 2 * reach + 1, axis=1)
    weights = np.zeros((size, 2 * reach + 1), np.float32)
    weights[~soft, reach] = 1
    offsets = np.arange(-reach, reach + 1)
    near = words[row[soft][:, None], mantissa[soft][:, None] + offsets + reach]
    spread = np.maximum(width * mantissa[soft], 0.3)[:, None]
    neighbours[soft] = np.where(near >= 0, near, neighbours[soft])
    weights[soft] = np.where(near >= 0, np.exp(-0.5 * (offsets / spread) ** 2), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return torch.from_numpy(neighbours), torch.from_numpy(weights)
