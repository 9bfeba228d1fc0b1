"""A read-out for each layer, fitted to it: what a layer knows that the last read-out can't see."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..batches import Prompts
from ..models import TransformerModel
from ..tasks import Task

# Shapes: L layers + 1, B batch, E embedding, T tokens that are read.


@dataclass(frozen=True, eq=False, slots=True)
class ReadOuts:
    """A model with a linear read-out for each layer, the embedding's included."""

    model: TransformerModel
    weights: Float[Tensor, "L features"]
    """The last of the features is the constant."""

    def predictions(self, prompts: Prompts) -> Float[Tensor, "L B *T"]:
        """[L, B], or [L, B, n + 1] of a causal model."""
        with torch.no_grad():
            found = [
                _features(self.model, state).double() @ weights
                for state, weights in zip(self.model.states(prompts), self.weights, strict=True)
            ]
        return torch.stack(found)


def fit_readouts(
    model: TransformerModel,
    task: Task,
    *,
    seed: int = 0,
    size: int = 4000,
    ridge: float = 1e-6,
) -> ReadOuts:
    """The least-squares read-out of every layer, from `size` prompts of the stream "probe".

    Everything else stays frozen. (Fu et al. 2024 retrain it by SGD; the loss is quadratic in it, so
    its minimum can be computed.) `ridge`, relative to the features' mean square, keeps directions
    that no prompt has from deciding.
    """
    if task.outputs != 1:
        raise InputError(f"probes predict one number, and this task asks for {task.outputs}")
    like = next(model.parameters())
    zero = torch.zeros((), dtype=torch.float64, device=like.device)
    gram, right = zero, zero
    with torch.no_grad():
        for batch in task.parts(seed, size, 250, purpose="probe", dtype=like.dtype):
            prompts = Prompts.of(batch.to(like.device), "a probe")
            labels = (prompts.labels if model.causal else prompts.target).double().flatten()
            states = model.states(prompts)
            each = [_features(model, state).double().flatten(0, -2) for state in states]
            gram = gram + torch.stack([features.T @ features for features in each])
            right = right + torch.stack([features.T @ labels for features in each])
    floor = ridge * gram.diagonal(dim1=1, dim2=2).mean(dim=1)
    eye = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
    solved: Tensor = torch.linalg.solve(gram + floor[:, None, None] * eye, right)
    return ReadOuts(model, solved)


def _features(model: TransformerModel, state: Tensor) -> Float[Tensor, "... features"]:
    features = model.features(state)
    return torch.cat([features, torch.ones_like(features[..., :1])], dim=-1)
