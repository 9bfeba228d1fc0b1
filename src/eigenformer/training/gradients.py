"""What is done to gradients before a step."""

from collections.abc import Sequence

from torch import Tensor, nn


def clip_gradients(
    parameters: Sequence[nn.Parameter], most: float | None, *, each: bool = False
) -> Tensor:
    """Shorten gradients to norm `most`, all as one vector or each by itself; the norm before."""
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if most is None:
        return norm
    if each:
        for parameter in parameters:
            nn.utils.clip_grad_norm_([parameter], most)
    else:
        nn.utils.clip_grads_with_norm_(parameters, most, norm)
    return norm
