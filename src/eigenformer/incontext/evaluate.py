"""A trained model's loss on prompts that it has not seen."""

import math
from dataclasses import dataclass

from .measures.losses import errors_by_layer
from .run import InContextFolder


@dataclass(frozen=True, kw_only=True)
class PromptResult:
    """The mean loss of a run's model on `n` fresh prompts."""

    run: str
    task: str
    n: int
    seed: int
    loss: float
    low: float
    high: float
    """Ends of the 95% interval of the mean loss, by the prompts' own spread."""
    by_layer: tuple[float, ...]
    """The mean loss of what can be read before the first layer and after each."""


def evaluate_prompts(folder: InContextFolder, n: int = 10_000, seed: int = 1) -> PromptResult:
    """Score a run's model on `n` prompts of its task, of the stream "measure" of `seed`.

    Training and its tests never draw from that stream.
    """
    task, model = folder.config().task, folder.model()
    errors_LB = errors_by_layer(model, task, seed=seed, size=n)
    last = errors_LB[-1]
    mean = float(last.mean())
    half = 1.959964 * float(last.std()) / math.sqrt(n) if n > 1 else math.inf
    return PromptResult(
        run=folder.path.name,
        task=task.registry.name_of(task),
        n=n,
        seed=seed,
        loss=mean,
        low=mean - half,
        high=mean + half,
        by_layer=tuple(errors_LB.mean(dim=1).tolist()),
    )
