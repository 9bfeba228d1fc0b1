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
from ..encodings import PAD, Encoding
from .at_once import AtOnce
from .base import ModelConfig
from .grid_layers import RANK, Marks, PathLayer, Ranks
from .grid_paths import Axis, Grid, Plan, mean, weights
from .initialise import initialise, number_embedding, start_vectors
from .layers import Linear, Memory
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

    | answer       | shape             | where the states of its coefficients come from             |
    |--------------|-------------------|------------------------------------------------------------|
    | `cells`      | m x n             | the cells of the input                                     |
    | `transposed` | n x m             | the same, mirrored                                         |
    | `product`    | n x q             | pairs of columns of the operands, m x n and m x q          |
    | `frames`     | (1 + m + n) x k   | two frames of k = min(m, n) ranks: a pooled row, u^T, v^T  |
    | `values`     | k x 1             | their pooled rows alone                                    |

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
        for name in ("layers", "width", "scale", "norm_epsilon"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; give a positive number")
        if (self.operands == "one") == (self.answer == "product"):
            if self.answer == "product" or self.operands == "last-column":
                raise InputError(
                    f"operands is {self.operands!r} and answer {self.answer!r}; a product has two "
                    "operands (halves, last-column), and other answers have one, or halves"
                )

    @property
    def plan(self) -> Plan:
        """The grids, and the paths between them."""
        if self.answer == "product":
            return Plan.of({"x": "mn", "y": "mq", "z": "nq"}, "z: x' y")
        axes, paths = {"z": "nn" if self.square else "mn"}, ["z: z z' z"]
        if self.square:
            paths = ["z: z z", "z: z' z"]
        if self.framed:
            axes |= {"v": RANK + "n"} if self.square else {"u": RANK + "m", "v": RANK + "n"}
            paths += [] if self.square else ["u: v z'", "u: u u' u"]
            paths += ["v: v z" if self.square else "v: u z", "v: v v' v"]
        return Plan.of(axes, *paths)

    @property
    def framed(self) -> bool:
        """Whether the answer has a grid of its own."""
        return self.answer in ("values", "frames")

    @property
    def blocks(self) -> tuple[str, ...]:
        """What the answer is made of from top to bottom: grids, or "", the row of values."""
        if self.answer == "frames":
            return ("", *(f"{name}'" for name in self.plan.axes if name != "z"))
        return {"transposed": ("z'",), "values": ("",)}.get(self.answer, ("z",))

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

    rows: tuple[Axis, ...]
    """Of each of its blocks."""
    columns: Axis


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
        given = ["z"] if config.operands == "one" else ["x", "y"]
        numbers = input_encoding.token_numbers()
        self.embed = nn.ModuleDict(
            {name: ValueEmbedding(numbers, width, config.scale) for name in given}
        )
        # Of all tokens, so that what they spell is there to the last digit.
        self.input_tokens = nn.Parameter(torch.empty(self.reads.words, width))
        self.embedded = nn.ModuleDict({name: nn.Identity() for name in given})
        self.marks = Marks(width) if config.square and config.answer != "product" else None
        # What a grid begins with where nothing is given.
        self.blank = nn.Parameter(torch.zeros(width)) if config.answer == "product" else None
        frames = [name for name, axes in plan.axes.items() if axes[0] == RANK]
        self.ranks = nn.ModuleDict({name: Ranks(width) for name in frames})
        self.frame_norms = nn.ModuleDict({name: nn.LayerNorm(width, eps=epsilon) for name in frames})
        self.row = Linear(2 * width * len(frames), width) if frames else None
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
        embedded = {f"grid.embed.{name}": part for name, part in self.embedded.items()}
        after = {
            f"grid.{i}.{name}": update.state
            for i, layer in enumerate(self.layers)
            for name, update in layer.updates.items()
        }
        return {**embedded, **after, **super().points()}

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
        if outputs is None:
            return
        axes = self._axes(question)
        ours_B2 = torch.stack(self._dims(*self._outline(axes)), 1)
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
        frames = {name: norm(states[name]) for name, norm in self.frame_norms.items()}
        states = {**states, **frames}
        if self.row is not None:
            states[""] = self._values(frames, axes)
        blocks = [states[block.rstrip("'")] for block in self.config.blocks]
        turned = [block.endswith("'") for block in self.config.blocks]
        blocks = [z.transpose(0, 1) if turn else z for z, turn in zip(blocks, turned, strict=True)]
        rows, columns = self._outline(axes)
        hidden_BND = torch.cat(blocks).permute(2, 0, 1, 3).flatten(1, 2)
        return GridMemory(hidden_BND, None, tuple(rows), columns)

    def header_logits(self, memory: Memory) -> tuple[Tensor, ...]:
        """The size of the answer follows from that of the input: nothing to be learned."""
        assert isinstance(memory, GridMemory)
        dims = self._dims(memory.rows, memory.columns)
        return tuple(
            _SURE * F.one_hot(size_B - 1, len(slot)).float()
            for size_B, slot in zip(dims, self.writes.header, strict=True)
        )

    def decode(
        self,
        memory: Memory,
        dims_B2: Int[Tensor, "B 2"],
        count: int,
        real_BN: Bool[Tensor, "B N"] | None,
    ) -> Float[Tensor, "B N D"]:
        assert isinstance(memory, GridMemory)
        if memory.columns.real_QB is None:
            return memory.hidden_BGD[:, :count]
        # Each block is padded below its last row: the rows of an answer are those that are real.
        real_RB = torch.cat([axis.real() for axis in memory.rows])
        order_BR = real_RB.int().argsort(dim=0, descending=True, stable=True).T
        place_N = torch.arange(count, device=dims_B2.device)
        columns_B1 = memory.columns.sizes_B[:, None]
        row_BN = (place_N // columns_B1).clamp_max(order_BR.shape[1] - 1)
        place_BN = order_BR.gather(1, row_BN) * memory.columns.size + place_N % columns_B1
        width = memory.hidden_BGD.shape[2]
        return memory.hidden_BGD.gather(1, place_BN[..., None].expand(-1, -1, width))

    def _axes(self, question: Question) -> dict[str, Axis]:
        """By letter, those of the plan, and "1" of a single index."""
        m_B, n_B = self.reads.dims(question.ids).unbind(1)
        one_B = torch.ones_like(n_B)
        q_B = n_B
        if self.config.operands == "halves":
            q_B = n_B = n_B // 2
        elif self.config.operands == "last-column":
            q_B, n_B = one_B, n_B - 1
        sizes = {"m": m_B, "n": n_B, "q": q_B, RANK: torch.minimum(m_B, n_B), "1": one_B}
        return {letter: Axis.of(size_B, question.padded) for letter, size_B in sizes.items()}

    def _embedded(self, question: Question, axes: dict[str, Axis]) -> dict[str, Grid]:
        """The grids before the first layer."""
        plan, numbers_BGS = self.config.plan, self.reads.numbers(question.ids)
        width_B = self.reads.dims(question.ids)[:, 1]
        batch_B = torch.arange(len(width_B), device=width_B.device)
        states: dict[str, Grid] = {}
        for name, embed in self.embed.items():
            second = "q" if name == "y" else "n"
            rows, columns = axes["n" if plan.axes.get("z") == "nn" else "m"], axes[second]
            row_P11 = torch.arange(rows.size, device=width_B.device)[:, None, None]
            column_Q1 = torch.arange(columns.size, device=width_B.device)[:, None]
            # The second operand stands to the right of the first.
            place_PQB = row_P11 * width_B + column_Q1 + (axes["n"].sizes_B if name == "y" else 0)
            ids_PQBS = numbers_BGS[batch_B, place_PQB.clamp_max(numbers_BGS.shape[1] - 1)]
            z = embed(ids_PQBS.flatten(0, 1)).unflatten(0, ids_PQBS.shape[:2])
            z = z + F.embedding(ids_PQBS, self.input_tokens).sum(3)
            states[name] = self.embedded[name](z.permute(2, 0, 1, 3)).permute(1, 2, 0, 3)
        if "x" not in plan.axes and "x" in states:  # operands that lie one upon the other
            states = {"z": states["x"] + states["y"]}
        if self.marks is not None:
            states["z"] = states["z"] + self.marks(axes["n"].size)
        if self.blank is not None:
            shape = [axes[letter].size for letter in plan.axes["z"]]
            states["z"] = self.blank.expand(*shape, len(width_B), -1)
        for name, ranks in self.ranks.items():
            states[name] = ranks(axes[RANK]).expand(-1, axes[plan.axes[name][1]].size, -1, -1)
        return states

    def _values(self, frames: dict[str, Grid], axes: dict[str, Axis]) -> Float[Tensor, "1 K B C"]:
        """A state for each rank, of the rows of the frames."""
        pooled = []
        for name, v in frames.items():
            real = weights(*(axes[letter] for letter in self.config.plan.axes[name]))
            pooled += [mean(v, (1,), real), mean(v.square(), (1,), real)]
        assert self.row is not None
        row: Tensor = self.row(torch.cat(pooled, -1))
        return row.transpose(0, 1)

    def _outline(self, axes: dict[str, Axis]) -> tuple[list[Axis], Axis]:
        """The rows of each block of the answer, and its columns."""
        config, rows = self.config, []
        columns = axes["n"]
        for block in config.blocks:
            if not block:
                rows.append(axes["1"])
                columns = axes[RANK]
                continue
            first, second = config.plan.axes[block.rstrip("'")]
            if block.endswith("'"):
                first, second = second, first
            rows.append(axes[first])
            columns = axes[second]
        if config.answer == "values":  # they stand in a column
            return [columns], axes["1"]
        return rows, columns

    def _dims(self, rows: Sequence[Axis], columns: Axis) -> tuple[Tensor, Tensor]:
        return torch.stack([axis.sizes_B for axis in rows]).sum(0), columns.sizes_B
