"""Linear self-attention on the prompt's own matrix Z [d + 1, n + 1], without embedding or norms.

    Z <- Z + c sum_h P_h Z M (Z^T Q_h Z),    M = diag(I_n, 0),    c = 1/n or 1

(Ahn et al. 2023, section 2; derivations.md, sections 3 to 7.) Forms of P and Q: `forms`. Scores
may go through a ReLU (Ahn et al. 2023, Theorem 5) or a softmax over keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from ...core import InputError, at_least, positive
from ...core.checks import MOST_LAYERS
from ...models.hooked import HookedPass
from ..batches import Batch, Prompts, read_prediction
from ..tasks import Task
from .attention import Scores, attend
from .base import ARCHITECTURES, Architecture, InContextModel, Step
from .forms import Form, Weights, weights


@final
@dataclass(frozen=True, kw_only=True)
class LinearAttention(Architecture):
    """Layers of linear attention, the weights of each its own or all shared (`looped`)."""

    layers: int = 1
    heads: int = 1
    form: Form = "full"
    looped: bool = False
    scores: Scores = "linear"
    mean: bool = True
    """A factor 1/n, n the pairs in the context; False: sums (derivations.md, section 6)."""
    clip: float | None = None
    """States are clamped to [-clip, clip] after each layer (von Oswald et al. 2023: 10)."""
    init_std: float = 0.02

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers, heads=self.heads)
        positive(clip=self.clip)
        at_least(0, init_std=self.init_std)

    def module(self, task: Task) -> "LinearAttentionModel":
        if task.outputs != 1:
            raise InputError(
                f"linear attention on Z predicts one number, and this task asks for "
                f"{task.outputs}; use the architecture Transformer"
            )
        return LinearAttentionModel(self, task.width - 1)


class LinearAttentionModel(InContextModel):
    """Runs a `LinearAttention` on prompts with `dim` features and any number of pairs."""

    columns = True

    def __init__(self, architecture: LinearAttention, dim: int) -> None:
        super().__init__()
        self.architecture = architecture
        self.dim = dim
        self.depth, self.looped = architecture.layers, architecture.looped
        distinct = 1 if self.looped else self.depth
        self.layers = nn.ModuleList(
            weights(architecture.form, architecture.heads, dim, architecture.init_std)
            for _ in range(distinct)
        )

    def layer(self, number: int) -> Weights:
        """The weights of layer `number` from 0 (in a loop always the same)."""
        found = self.layers[0 if self.looped else number]
        assert isinstance(found, Weights)
        return found

    def matrices(self) -> list[tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]]:
        """P and Q of each layer, in the order in which they run."""
        return [self.layer(i).matrices() for i in range(self.depth)]

    def start(self, batch: Batch) -> Float[Tensor, "B w tokens"]:
        return Prompts.of(batch, "linear attention").with_features(self.dim).state

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        shared = self.layer(0).matrices() if self.looped else None
        for number in range(layers):
            yield partial(self._step, *(shared or self.layer(number).matrices()))

    def _step(
        self,
        p: Float[Tensor, "h w w"],
        q: Float[Tensor, "h w w"],
        state: Float[Tensor, "B w tokens"],
        run: HookedPass | None = None,
    ) -> Float[Tensor, "B w tokens"]:
        options = self.architecture
        keys = state.shape[2] - 1
        scale = 1 / keys if options.mean else 1.0
        state = state + attend(state, scale * p, q, keys=keys, scores=options.scores, run=run)
        return state if options.clip is None else state.clamp(-options.clip, options.clip)

    def read(self, state: Float[Tensor, "B w tokens"]) -> Float[Tensor, " B"]:
        return read_prediction(state)


ARCHITECTURES.register("linear-attention", LinearAttention)
