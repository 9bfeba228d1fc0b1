"""The layers of a grid transformer: what an update of one grid reads, and adds.

Shapes: P, Q indices of the grid's axes, B batch, C channels.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .grid_paths import RANK, Grid, GridAxis, GridPlan, diagonal, mean, product, weights
from .layers import FeedForward, Linear

_RANK_FEATURES = 6


class PathLayer(nn.Module):
    """Updates each grid in turn, from itself and those that paths lead from."""

    def __init__(self, plan: GridPlan, width: int, hidden: int, epsilon: float) -> None:
        super().__init__()
        self.updates = nn.ModuleDict(
            {name: Update(plan, name, width, hidden, epsilon) for name in plan.axes}
        )

    def points(self) -> dict[str, nn.Module]:
        """What the state of each grid passes through after its update, as [B, P, Q, C]."""
        updates = self.updates.items()
        return {name: update.state for name, update in updates if isinstance(update, Update)}

    def forward(self, states: dict[str, Grid], axes: dict[str, GridAxis]) -> dict[str, Grid]:
        states = dict(states)
        for name, update in self.updates.items():
            states[name] = update(states, axes)
        return states


class Update(nn.Module):
    """z + gate * W (paths to z) + V (means of what it reads), then a feed-forward block per cell.

    Everything read is normalised first. The means are over rows, columns and all of each grid that
    it reads, and those of square ones' diagonals, each broadcast along what it is a mean of.
    """

    def __init__(self, plan: GridPlan, name: str, width: int, hidden: int, epsilon: float) -> None:
        super().__init__()
        self.plan, self.name = plan, name
        self.paths, self.sources = plan.into(name), plan.sources(name)
        self.square, self.ranked = plan.square(name), RANK in plan.axes[name]
        read = [factor.rstrip("'") for path in self.paths for factor in path.factors]
        self.norms = nn.ModuleDict({s: nn.LayerNorm(width, eps=epsilon) for s in self.sources})
        # Of the grid itself also the gate, and what is read at the mirrored cell.
        read += [name] * (bool(self.paths) + self.square)
        self.maps = nn.ModuleDict(
            {s: Linear(width, width, read.count(s)) for s in self.sources if s in read}
        )
        triples = sum(len(path.factors) == 3 for path in self.paths)
        self.inner_norms = nn.ModuleList(nn.LayerNorm(width, eps=epsilon) for _ in range(triples))
        mixed = width * len(self.paths)
        self.path_norm = nn.LayerNorm(mixed, eps=epsilon) if mixed else None
        self.out = Linear(mixed, width) if mixed else None
        self.fit_norm = nn.LayerNorm(mixed, eps=epsilon) if mixed and self.ranked else None
        self.places = [self._places(axis) for axis in (*plan.axes[name], "")]
        inputs = [width * len(places) for places in self.places]
        inputs[0] += mixed if self.fit_norm is not None else 0
        self.pools = nn.ModuleList(Linear(size, width) for size in inputs)
        self.feed_norm = nn.LayerNorm(width, eps=epsilon)
        self.feed_forward = FeedForward(width, hidden, "gelu")
        self.state = nn.Identity()

    def _places(self, axis: str) -> list[tuple[str, str]]:
        """What is broadcast from this axis of the target ("": to all of its cells): grid, kind."""
        found = []
        for source in self.sources:
            first, second = self.plan.axes[source]
            if not axis:
                found += [(source, "all")] + [(source, "trace")] * (first == second)
            else:
                found += [(source, "rows")] * (first == axis)
                found += [(source, "columns")] * (second == axis)
                found += [(source, "diagonal")] * (first == second == axis)
        return found

    def forward(self, states: dict[str, Grid], axes: dict[str, GridAxis]) -> Grid:
        name, z = self.name, states[self.name]
        kept = {s: weights(*(axes[a] for a in self.plan.axes[s])) for s in self.sources}
        y = {s: self.norms[s](states[s]) for s in self.sources}
        parts = {s: list(part(y[s]).chunk(part.parts, -1)) for s, part in self.maps.items()}
        gate = parts[name].pop() if self.paths else None
        mirrored = parts[name].pop() if self.square else None
        pooled = self._pooled(y, kept)
        if gate is not None and self.out is not None and self.path_norm is not None:
            mixed = torch.cat(self._mixed(parts, kept), -1)
            z = z + torch.sigmoid(gate) * self.out(self.path_norm(mixed))
            if self.fit_norm is not None:  # how each rank's row fits what paths bring to it
                fit = y[name].repeat(1, 1, 1, len(self.paths)) * mixed
                pooled[0].append(self.fit_norm(mean(fit, (1,), kept[name])))
        for pool, values in zip(self.pools, pooled, strict=True):
            z = z + pool(torch.cat(values, -1))
        if mirrored is not None:
            z = z + mirrored.transpose(0, 1)
        z = z + self.feed_forward(self.feed_norm(z))
        named: Tensor = self.state(z.permute(2, 0, 1, 3))  # with the batch first, for who looks in
        return named.permute(1, 2, 0, 3)

    def _mixed(
        self, parts: dict[str, list[Tensor]], kept: dict[str, Tensor | None]
    ) -> list[Tensor]:
        """What each path brings; uses up the factors in `parts`."""
        found, inner = [], iter(self.inner_norms)
        for path in self.paths:
            factors = []
            for factor in path.factors:
                source = factor.rstrip("'")
                part, real = parts[source].pop(), kept[source]
                part = part if real is None else part * real
                factors.append(part.transpose(0, 1) if factor.endswith("'") else part)
            total = product(factors[0], factors[1])
            for last in factors[2:]:
                total = product(next(inner)(total), last)
            found.append(total)
        return found

    def _pooled(self, y: dict[str, Grid], kept: dict[str, Tensor | None]) -> list[list[Grid]]:
        """For each of `places` the means, as a column, a row or a single cell."""
        found: dict[tuple[str, str], Tensor] = {}
        for source, kind in dict.fromkeys(place for places in self.places for place in places):
            values, real = y[source], kept[source]
            if kind in ("diagonal", "trace"):
                values = diagonal(values)[:, None]
                real = None if real is None else diagonal(real)[:, None]
            over = {"rows": (1,), "columns": (0,), "all": (0, 1), "trace": (0,), "diagonal": ()}
            found[source, kind] = mean(values, over[kind], real) if over[kind] else values
        shapes = ((-1, 1), (1, -1), (1, 1))
        return [
            [found[place].reshape(*shape, *found[place].shape[2:]) for place in places]
            for places, shape in zip(self.places, shapes, strict=True)
        ]


class Marks(nn.Module):
    """Learned vectors for the cells on the diagonal and beside it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(2, width))

    def start_parameters(self, generator: torch.Generator) -> None:
        self.vectors.normal_(0.0, 0.3, generator=generator)

    def forward(self, size: int) -> Float[Tensor, "P P 1 C"]:
        eye = torch.eye(size, device=self.vectors.device)[:, :, None, None]
        return eye * self.vectors[0] + (1 - eye) * self.vectors[1]


class RankStates(nn.Module):
    """A frame's first state: a function of where a rank stands among the ranks, same in its row."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up, self.down = Linear(_RANK_FEATURES, width), Linear(width, width)

    def forward(self, axis: GridAxis) -> Float[Tensor, "P 1 B C"]:
        n_B = axis.sizes_B.float()
        k_P1 = torch.arange(axis.size, device=n_B.device).float()[:, None]
        along_PB = (k_P1 + 0.5) / n_B
        features = [
            along_PB * 2 - 1,
            (along_PB * math.pi).cos(),
            (k_P1 == 0).float().expand_as(along_PB),
            (k_P1 == n_B - 1).float(),
            (1 / (k_P1 + 1)).expand_as(along_PB),
            1 / (n_B - k_P1).clamp_min(1),
        ]
        first: Tensor = self.down(F.gelu(self.up(torch.stack(features, -1))))
        return first[:, None]


class PooledRows(nn.Module):
    """A state for each rank: of the means of its rows in the frames, and of their squares."""

    def __init__(self, plan: GridPlan, width: int) -> None:
        super().__init__()
        self.plan = plan
        self.map = Linear(2 * width * len(plan.frames), width)

    def forward(
        self, states: dict[str, Grid], axes: dict[str, GridAxis]
    ) -> Float[Tensor, "K 1 B C"]:
        pooled = []
        for name in self.plan.frames:
            v = states[name]
            real = weights(*(axes[letter] for letter in self.plan.axes[name]))
            pooled += [mean(v, (1,), real), mean(v.square(), (1,), real)]
        rows: Tensor = self.map(torch.cat(pooled, -1))
        return rows
