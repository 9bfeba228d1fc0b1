"""A transformer on the grid of a matrix: a state for each pair of a row and a column.

It reads tokens and chooses tokens, all of an answer at once (see `at_once`). Its layers mix the
states along paths (see `grid_paths`); nothing else tells it what a matrix is, and nothing what the
problem is. No weight belongs to a size or to a place, but for the diagonal of a square matrix and
the ranks of a frame: matrices of other sizes than those trained on can be asked about, and
permuting rows and columns permutes the answer.

Shapes: B batch, L input tokens, G input coefficients, N output coefficients, P rows, Q columns,
C channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..core import InputError
from ..core.checks import MOST_LAYERS, MOST_WIDTH, at_least, positive
from ..encodings import PAD, Encoding
from .at_once import AtOnce
from .base import ModelConfig
from .grid_layers import Marks, PathLayer, PooledRows, RankStates
from .grid_paths import RANK, SINGLE, VALUES, Grid, GridAxis, GridPlan
from .initialise import initialise, number_embedding, start_vectors
from .layers import Memory
from .layout import TokenLayout
from .question import Question
from .values import ValueEmbedding

Operands = Literal["one", "halves", "last-column"]
_SURE = 30.0
"""A logit that leaves nothing to the others."""
Answer = Literal["cells", "transposed", "product", "values", "frames"]


@dataclass(frozen=True, kw_only=True)
class GridConfig(ModelConfig):
    """Grids of states that are mixed along paths.

    | answer       | shape           | where the states of its coefficients come from            |
    |--------------|-----------------|-----------------------------------------------------------|
    | `cells`      | m x n           | the cells of the input                                    |
    | `transposed` | n x m           | the same, mirrored                                        |
    | `product`    | n x q           | pairs of columns of the operands, m x n and m x q         |
    | `frames`     | (1 + m + n) x k | two frames of k = min(m, n) ranks: a pooled row, u^T, v^T |
    | `values`     | k x 1           | their pooled rows alone                                   |

    Where the matrix is square there is one frame, of n ranks by n components, and the answer with
    its values is (1 + n) x n.
    """

    at_once: ClassVar[bool] = True

    layers: int = 6
    width: int = 48
    """Channels of a state."""
    hidden: int | None = None
    """Units of a feed-forward block; 4 times the width if not given."""
    operands: Operands = "one"
    """What the input holds: one matrix, two of a shape side by side, or one and a column."""
    answer: Answer = "cells"
    square: bool = True
    """Whether row i and column i belong together: then there are paths between all cells, and the
    diagonal is known. Else rows and columns are permuted on their own."""
    mantissa: Literal["median", "mode"] = "median"
    """As `DirectConfig.mantissa`."""
    scale: float = 10.0
    """The usual size of the input's coefficients."""
    norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers)
        at_least(1, MOST_WIDTH, width=self.width, hidden=self.hidden)
        positive(scale=self.scale, norm_epsilon=self.norm_epsilon)
        fitting = {"product": ("halves", "last-column"), "values": ("one",), "frames": ("one",)}
        if self.operands not in fitting.get(self.answer, ("one", "halves")):
            raise InputError(
                f"operands is {self.operands!r} and answer {self.answer!r}; a product has two "
                "operands (halves, last-column), values and frames have one, others one or halves"
            )

    @property
    def plan(self) -> GridPlan:
        """The grids, the paths between them, and where the answer is."""
        if self.answer == "product":
            return GridPlan.of({"x": "mn", "y": "mq", "z": "nq"}, ["z: x' y"], ["z"])
        axes = {"z": "nn" if self.square else "mn"}
        paths = ["z: z z", "z: z' z"] if self.square else ["z: z z' z"]
        if self.answer in ("cells", "transposed"):
            return GridPlan.of(axes, paths, ["z" if self.answer == "cells" else "z'"])
        if self.square:
            axes |= {"v": RANK + "n"}
            paths += ["v: v z", "v: v v' v"]
        else:
            axes |= {"u": RANK + "m", "v": RANK + "n"}
            paths += ["u: v z'", "u: u u' u", "v: u z", "v: v v' v"]
        frames = [f"{name}'" for name in axes if name != "z"]
        answer = [VALUES] if self.answer == "values" else [VALUES + "'", *frames]
        return GridPlan.of(axes, paths, answer)

    @property
    def operand_axes(self) -> dict[str, tuple[str, str]]:
        """The grids that begin with the coefficients of the input, and their axes."""
        axes = self.plan.axes
        names = ["z"] if self.operands == "one" else ["x", "y"]
        return {name: axes.get(name, axes["z"]) for name in names}

    def describe(self) -> str:
        return f"{self.layers} layers, {self.width} channels"

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "GridTransformer":
        return GridTransformer(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("grid", GridConfig)


@dataclass(frozen=True)
class GridMemory(Memory):
    """The states of the answer's coefficients, row by row, padding included."""

    rows: tuple[GridAxis, ...]
    """Of each of its parts."""
    columns: GridAxis


def shape_of(rows: Sequence[GridAxis], columns: GridAxis) -> Int[Tensor, "B 2"]:
    """Rows and columns of each answer, from the axes of its parts."""
    return torch.stack([torch.stack([axis.sizes_B for axis in rows]).sum(0), columns.sizes_B], 1)


class GridTransformer(AtOnce):
    """Answers at once, from a state for each cell; see `GridConfig`."""

    config: GridConfig

    def __init__(
        self,
        config: GridConfig,
        input_encoding: Encoding,
        output_encoding: Encoding,
        seed: int,
    ) -> None:
        super().__init__(output_encoding, config.mantissa)
        width, epsilon, plan = config.width, config.norm_epsilon, config.plan
        self.config = config
        self.reads = TokenLayout(input_encoding)
        if len(self.reads.header) > 2:
            raise InputError("a grid transformer answers one problem; train another for each")
        self.plan, self.operands = plan, config.operand_axes
        numbers = input_encoding.token_numbers()
        self.embed = nn.ModuleDict(
            {name: ValueEmbedding(numbers, width, config.scale) for name in self.operands}
        )
        # Of all tokens, so that what they spell is there to the last digit.
        self.input_tokens = nn.Parameter(torch.empty(self.reads.words, width))
        self.embedded = nn.ModuleDict({name: nn.Identity() for name in self.operands})
        self.marks = Marks(width) if config.square and config.answer != "product" else None
        # What a grid begins with where nothing is given.
        self.blank = nn.Parameter(torch.zeros(width)) if config.answer == "product" else None
        self.ranks = nn.ModuleDict({name: RankStates(width) for name in plan.frames})
        self.frame_norms = nn.ModuleDict(
            {name: nn.LayerNorm(width, eps=epsilon) for name in plan.frames}
        )
        self.rows = PooledRows(plan, width) if plan.frames else None
        self.layers = nn.ModuleList(
            PathLayer(plan, width, config.hidden or 4 * width, epsilon)
            for _ in range(config.layers)
        )
        self.add_choices(width, epsilon)
        generator = torch.Generator().manual_seed(seed)
        initialise(self, generator)
        number_embedding(self.input_tokens, numbers, generator)
        number_embedding(self.output_tokens, output_encoding.token_numbers(), generator)

    def start_parameters(self, generator: torch.Generator) -> None:
        super().start_parameters(generator)
        start_vectors(self.input_tokens, generator, zero=PAD)
        if self.blank is not None:
            self.blank.normal_(generator=generator)

    def points(self) -> dict[str, nn.Module]:
        """States [B, P, Q, C] of the grids: as embedded, and after each layer."""
        named = {f"embed.{name}": part for name, part in self.embedded.items()}
        for i, layer in enumerate(self.layers):
            if isinstance(layer, PathLayer):
                named |= {f"{i}.{name}": part for name, part in layer.points().items()}
        return {**{f"grid.{name}": part for name, part in named.items()}, **super().points()}

    def check(self, question: Question, outputs: Int[Tensor, "B T"] | None) -> None:
        """Whether the matrices have the shape that the configuration speaks of."""
        config, dims_B2 = self.config, self.reads.dims(question.ids)
        odd_B = torch.zeros_like(dims_B2[:, 0], dtype=torch.bool)
        wanted = ""
        if config.operands == "halves":
            odd_B, wanted = dims_B2[:, 1] % 2 == 1, "an even number of columns, for two operands"
        elif config.operands == "last-column":
            odd_B, wanted = dims_B2[:, 1] < 2, "a matrix and a column beside it"
        elif config.square:
            odd_B, wanted = dims_B2[:, 0] != dims_B2[:, 1], "a square matrix"
        if odd_B.any():
            rows, columns = dims_B2[odd_B][0].tolist()
            raise InputError(f"the input is {rows}x{columns}; this model takes {wanted}")
        ours_B2 = shape_of(*self._outline(self._axes(question)))
        largest, most = int(ours_B2.max()), len(self.writes.header[-1])
        if largest > most:
            raise InputError(
                f"an answer has {largest} rows or columns and the encoding names up to {most}; "
                "give smaller matrices, or train with an encoding of a larger max_dim"
            )
        if outputs is None:
            return
        theirs_B2 = self.writes.dims(outputs)
        other_B = (ours_B2 != theirs_B2).any(1)
        if other_B.any():
            ours, theirs = (f"{d[other_B][0, 0]}x{d[other_B][0, 1]}" for d in (ours_B2, theirs_B2))
            raise InputError(
                f"the answer is {theirs}, but a grid model with answer {config.answer!r} gives "
                f"{ours}; train with the recipe grid, or set the model's fields operands, answer "
                "and square"
            )

    def encode(self, question: Question) -> Memory:
        axes = self._axes(question)
        states = self._embedded(question, axes)
        for layer in self.layers:
            states = layer(states, axes)
        states |= {name: norm(states[name]) for name, norm in self.frame_norms.items()}
        if self.rows is not None:
            states[VALUES] = self.rows(states, axes)
        parts = [states[part.rstrip("'")] for part in self.plan.answer]
        mirrored = [part.endswith("'") for part in self.plan.answer]
        blocks = [z.transpose(0, 1) if turn else z for z, turn in zip(parts, mirrored, strict=True)]
        hidden_BND = torch.cat(blocks).permute(2, 0, 1, 3).flatten(1, 2)
        return GridMemory(hidden_BND, None, *self._outline(axes))

    def header_logits(self, memory: Memory) -> tuple[Tensor, ...]:
        """The size of the answer follows from that of the input: nothing to be learned."""
        assert isinstance(memory, GridMemory)
        dims_B2 = shape_of(memory.rows, memory.columns)
        return tuple(
            _SURE * F.one_hot(size_B - 1, len(slot)).float()
            for size_B, slot in zip(dims_B2.unbind(1), self.writes.header, strict=True)
        )

    def decode(
        self,
        memory: Memory,
        dims_B2: Int[Tensor, "B 2"],
        count: int,
        real_BN: Bool[Tensor, "B N"] | None,
    ) -> Float[Tensor, "B N D"]:
        assert isinstance(memory, GridMemory)
        real = [axis.real_QB for axis in memory.rows if axis.real_QB is not None]
        if not real:
            return memory.hidden_BGD[:, :count]
        # Each block is padded below its last row: the rows of an answer are those that are real.
        order_BR = torch.cat(real).int().argsort(dim=0, descending=True, stable=True).T
        place_N = torch.arange(count, device=dims_B2.device)
        columns_B1 = memory.columns.sizes_B[:, None]
        row_BN = (place_N // columns_B1).clamp_max(order_BR.shape[1] - 1)
        place_BN = order_BR.gather(1, row_BN) * memory.columns.size + place_N % columns_B1
        width = memory.hidden_BGD.shape[2]
        return memory.hidden_BGD.gather(1, place_BN[..., None].expand(-1, -1, width))

    def _axes(self, question: Question) -> dict[str, GridAxis]:
        """By letter, those of the plan and of the answer."""
        m_B, n_B = self.reads.dims(question.ids).unbind(1)
        one_B = torch.ones_like(n_B)
        q_B = n_B
        if self.config.operands == "halves":
            q_B = n_B = n_B // 2
        elif self.config.operands == "last-column":
            q_B, n_B = one_B, n_B - 1
        sizes = {"m": m_B, "n": n_B, "q": q_B, RANK: torch.minimum(m_B, n_B), SINGLE: one_B}
        return {letter: GridAxis.of(size_B, question.padded) for letter, size_B in sizes.items()}

    def _outline(self, axes: dict[str, GridAxis]) -> tuple[tuple[GridAxis, ...], GridAxis]:
        rows, columns = self.plan.outline()
        return tuple(axes[letter] for letter in rows), axes[columns]

    def _embedded(self, question: Question, axes: dict[str, GridAxis]) -> dict[str, Grid]:
        """The grids before the first layer."""
        numbers_BGS = self.reads.numbers(question.ids)
        columns_B = self.reads.dims(question.ids)[:, 1]
        batch_B = torch.arange(len(columns_B), device=columns_B.device)
        states: dict[str, Grid] = {}
        for name, (first, second) in self.operands.items():
            row_P11 = torch.arange(axes[first].size, device=columns_B.device)[:, None, None]
            column_Q1 = torch.arange(axes[second].size, device=columns_B.device)[:, None]
            # The second operand stands to the right of the first.
            column_QB = column_Q1 + (axes["n"].sizes_B if name == "y" else 0 * columns_B)
            place_PQB = (row_P11 * columns_B + column_QB).clamp_max(numbers_BGS.shape[1] - 1)
            ids_PQBS = numbers_BGS[batch_B, place_PQB]
            z = self.embed[name](ids_PQBS.flatten(0, 1)).unflatten(0, ids_PQBS.shape[:2])
            z = z + F.embedding(ids_PQBS, self.input_tokens).sum(3)
            states[name] = self.embedded[name](z.permute(2, 0, 1, 3)).permute(1, 2, 0, 3)
        if not states.keys() <= self.plan.axes.keys():  # operands of the same cells
            states = {"z": torch.stack(list(states.values())).sum(0)}
        if self.marks is not None:
            states["z"] = states["z"] + self.marks(axes["n"].size)
        if self.blank is not None:
            shape = [axes[letter].size for letter in self.plan.axes["z"]]
            states["z"] = self.blank.expand(*shape, len(columns_B), -1)
        for name, ranks in self.ranks.items():
            states[name] = ranks(axes[RANK]).expand(-1, axes[self.plan.axes[name][1]].size, -1, -1)
        return states
