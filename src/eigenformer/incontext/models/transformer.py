"""Transformers with a read-in and a read-out: Giannou's linear attention, softmax, and GPT-style.

Rows are tokens here, as in torch: H [B, n, E], the transpose of the papers' columns. A layer is

    H <- H + Attn(norm(H)),    H <- H + MLP(norm(H))

with biases; norms, the MLP and learned positions are there if asked for. Differences from GPT-2
(Fu et al. 2024): no dropout, and scores may be linear or ReLU.

- prompt "pairs": a token [x_i; y_i] for each pair and [x_q; 0] for the query, every token sees all
  (the query itself too, as in Giannou's code), and the last token is read.
- prompt "sequence": tokens x_1, y_1, x_2, ... with y padded by zeros, each sees those before it and
  itself, and every x token is read: a prediction of every label from the pairs before.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ...core import InputError, at_least, positive
from ...core.checks import MOST_LAYERS, MOST_WIDTH
from ...models.hooked import HookedPass
from ..batches import Batch, Prompts
from ..tasks import Task
from .affine import affine_last_token
from .attention import Scores
from .base import ARCHITECTURES, Architecture, InContextModel, Step

# Shapes: B batch, n tokens, E embedding, h heads, k features of a head.


@final
@dataclass(frozen=True, kw_only=True)
class Transformer(Architecture):
    """The defaults are Giannou et al.'s linear attention; see `gpt` for Fu et al.'s model."""

    layers: int = 1
    embedding: int = 64
    heads: int = 4
    scores: Scores = "linear"
    norm: bool = False
    """Layer norm before attention and before the MLP, and at the end."""
    mlp: Literal["none", "relu", "gelu"] = "none"
    """A hidden layer of 4 E units."""
    prompt: Literal["pairs", "sequence"] = "pairs"
    positions: bool = False
    """Learned embeddings of positions; the model then takes no longer prompts than the task's."""
    clip: float | None = None
    """States are clamped to [-clip, clip] after each layer (Giannou's code: 10, without norm)."""
    init_std: float = 0.02
    """Of every weight; biases start at 0 (Giannou's code: 0.0002 without norm)."""

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers, heads=self.heads)
        at_least(1, MOST_WIDTH, embedding=self.embedding)
        if self.embedding % self.heads:
            raise InputError(
                f"embedding is {self.embedding}; it must be a multiple of heads = {self.heads}"
            )
        positive(clip=self.clip)
        at_least(0, init_std=self.init_std)

    @property
    def affine(self) -> bool:
        """Whether every layer maps a prompt's tokens by one affine map (see `affine`)."""
        plain = self.scores == "linear" and self.prompt == "pairs" and self.mlp == "none"
        return plain and not self.norm and not self.positions and self.clip is None

    def module(self, task: Task) -> "TransformerModel":
        if self.prompt == "sequence" and task.outputs != 1:
            raise InputError(
                f"a sequence prompt predicts labels, one number each, and this task asks for "
                f"{task.outputs}; use prompt 'pairs'"
            )
        return TransformerModel(self, task.width - 1, task.outputs, task.tokens)


def gpt(layers: int = 12, embedding: int = 256, heads: int = 8) -> Transformer:
    """The causal model of Fu et al. 2024 (section 5; embedding 256 is Garg et al.'s)."""
    return Transformer(
        layers=layers,
        embedding=embedding,
        heads=heads,
        scores="softmax",
        norm=True,
        mlp="gelu",
        prompt="sequence",
        positions=True,
    )


class TransformerModel(InContextModel):
    """Runs a `Transformer` on prompts with `dim` features."""

    def __init__(self, architecture: Transformer, dim: int, outputs: int, tokens: int) -> None:
        super().__init__()
        self.architecture = architecture
        options, width = architecture, architecture.embedding
        self.depth = options.layers
        self.causal = options.prompt == "sequence"
        self.dim = dim
        self.read_in = nn.Linear(dim if self.causal else dim + 1, width)
        self.blocks = nn.ModuleList(_Block(options) for _ in range(options.layers))
        self.final = nn.LayerNorm(width) if options.norm else nn.Identity()
        self.read_out = nn.Linear(width, outputs)
        places = 2 * tokens - 1 if self.causal else tokens
        self.positions = nn.Embedding(places, width) if options.positions else None
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=options.init_std)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def tokens(self, batch: Batch) -> Float[Tensor, "B n w"]:
        """The prompt as tokens, before the read-in."""
        prompts = Prompts.of(batch, "a transformer").with_features(self.dim)
        if not self.causal:
            return prompts.state.mT
        x = torch.cat([prompts.x, prompts.query[:, None]], dim=1)
        tokens = x.new_zeros(len(x), 2 * x.shape[1] - 1, self.dim)
        tokens[:, ::2] = x
        tokens[:, 1::2, 0] = prompts.y
        return tokens

    def start(self, batch: Batch) -> Float[Tensor, "B n E"]:
        state: Tensor = self.read_in(self.tokens(batch))
        if self.positions is not None:
            if state.shape[1] > self.positions.num_embeddings:
                raise InputError(
                    f"the prompt has {state.shape[1]} tokens, and the model learned "
                    f"{self.positions.num_embeddings} positions; train it on longer prompts"
                )
            state = state + self.positions.weight[: state.shape[1]]
        return state

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        yield from self._blocks()[:layers]

    def forward(self, batch: Batch, layers: int | None = None) -> Float[Tensor, "B ..."]:
        """As `states` and `read`; where tokens stay affine, in a few times less time."""
        if not self.architecture.affine or layers is not None:
            return super().forward(batch, layers)
        tokens = self.tokens(batch)
        maps = [(block.projection, block.out) for block in self._blocks()]
        return self.read(affine_last_token(tokens, self.read_in, maps, self.architecture.heads))

    def _blocks(self) -> list["_Block"]:
        return [block for block in self.blocks if isinstance(block, _Block)]

    def features(self, state: Float[Tensor, "B n E"]) -> Float[Tensor, "B ... E"]:
        """What is read out, [B, E], or [B, n + 1, E] of a sequence: after the final norm."""
        read = state[:, ::2] if self.causal else state[:, -1]
        found: Tensor = self.final(read)
        return found

    def read(self, state: Float[Tensor, "B n E"]) -> Float[Tensor, "B ..."]:
        """[B], or [B, outputs] of several; [B, n + 1] of a sequence."""
        found: Tensor = self.read_out(self.features(state))
        return found[..., 0] if found.shape[-1] == 1 else found


class _Block(nn.Module):
    """Attention, then the MLP, each on the residual stream."""

    def __init__(self, options: Transformer) -> None:
        super().__init__()
        self.options = options
        width = options.embedding
        self.norm = nn.LayerNorm(width) if options.norm else nn.Identity()
        self.projection = nn.Linear(width, 3 * width)
        """Queries, keys and values of all heads."""
        self.out = nn.Linear(width, width)
        self.mlp = None
        if options.mlp != "none":
            self.mlp = nn.Sequential(
                nn.LayerNorm(width) if options.norm else nn.Identity(),
                nn.Linear(width, 4 * width),
                nn.ReLU() if options.mlp == "relu" else nn.GELU(),
                nn.Linear(4 * width, width),
            )

    def forward(
        self, state: Float[Tensor, "B n E"], run: HookedPass | None = None
    ) -> Float[Tensor, "B n E"]:
        options = self.options
        parts = self.projection(self.norm(state)).chunk(3, dim=2)
        query, key, value = (
            part.unflatten(2, (options.heads, -1)).transpose(1, 2) for part in parts
        )
        mixed = mix(query, key, value, options.scores, options.prompt == "sequence", run)
        attended = self.out(mixed.transpose(1, 2).flatten(2))
        state = state + (attended if run is None else run("attn.out", attended))
        if self.mlp is not None:
            norm, up, activation, down = self.mlp
            hidden = activation(up(norm(state)))
            added = down(hidden if run is None else run("mlp.hidden", hidden))
            state = state + (added if run is None else run("mlp.out", added))
        if options.clip is not None:
            state = state.clamp(-options.clip, options.clip)
        return state


def mix(
    query: Float[Tensor, "B h n k"],
    key: Float[Tensor, "B h n k"],
    value: Float[Tensor, "B h n k"],
    scores: Scores,
    causal: bool,
    run: HookedPass | None = None,
) -> Float[Tensor, "B h n k"]:
    """Values mixed by f(query . key / sqrt(k)), f the identity, ReLU, or a softmax over keys."""
    if run is not None:
        query, key, value = run("attn.q", query), run("attn.k", key), run("attn.v", value)
        pattern = run.changed("attn.pattern", lambda: _pattern(query, key, scores, causal))
        if pattern is None:
            return run("attn.z", mix(query, key, value, scores, causal))
        return run("attn.z", pattern @ value)
    if scores == "softmax":
        return functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
    if scores == "linear" and not causal and key.shape[2] > key.shape[3]:
        return query @ (key.mT @ value * (1 / math.sqrt(query.shape[3])))
    return _pattern(query, key, scores, causal) @ value


def _pattern(
    query: Float[Tensor, "B h n k"], key: Float[Tensor, "B h n k"], scores: Scores, causal: bool
) -> Float[Tensor, "B h n n"]:
    """What each token (rows) takes of each (columns)."""
    products = query @ key.mT * (1 / math.sqrt(query.shape[3]))
    if scores == "softmax":
        later = torch.ones(products.shape[2:], dtype=torch.bool, device=query.device).triu(1)
        return products.masked_fill(later & causal, -torch.inf).softmax(dim=3)
    products = products.relu() if scores == "relu" else products
    return products.tril() if causal else products


ARCHITECTURES.register("transformer", Transformer)
