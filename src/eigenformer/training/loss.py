"""Cross-entropy over tokens, with one-hot or soft targets.

Letters: K target tokens, V vocabulary, W neighbours.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ..encodings import Encoding, soft_targets
from ..models import Choices


class TokenLoss(nn.Module):
    """The sum over decisions of the cross-entropy.

    With `soft_width` > 0 mantissas have the targets of `encodings.soft_targets`, so that an answer
    one unit off is nearly right. Other tokens keep one-hot targets.
    """

    neighbours: Tensor
    weights: Tensor

    def __init__(self, encoding: Encoding, soft_width: float = 0.0) -> None:
        super().__init__()
        self._soft_words: frozenset[int] = frozenset()
        if soft_width > 0:
            neighbours, weights = map(torch.from_numpy, soft_targets(encoding, soft_width))
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
