"""Batches: what a task draws and what a model reads, each with the answer beside it.

The prompt of regression as a matrix, a token a column (derivations.md, sections 3 to 7):

    Z = [x_1 .. x_n  x_q]     the query last; no layer uses it as a key
        [y_1 .. y_n   0 ]     prediction = MINUS the query's y slot after the last layer

`Prompts.state` and `read_prediction` are the only places that know the sign and the slot.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from ..core import InputError

BatchT = TypeVar("BatchT", bound="Batch")

# Shapes: B batch, n context tokens, d features, k rows of demands, m edges, w = d + 1 rows.


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Batch:
    """Tensors whose first dimension is the batch; subclasses say which."""

    called: ClassVar[str]
    """What a model or a task that needs such a batch reads."""
    instead: ClassVar[str] = "another task"
    """What to give where it got a batch of another kind."""

    @classmethod
    def of(cls: type[BatchT], batch: "Batch", who: str) -> BatchT:
        """The batch, if it is of this kind; `who` is who asks."""
        if isinstance(batch, cls):
            return batch
        raise InputError(
            f"{who} reads {cls.called}, not {type(batch).__name__}; give {cls.instead}"
        )

    def to(self: BatchT, to: torch.dtype | torch.device) -> BatchT:
        """The same batch in another precision, or on another device."""
        return self._mapped(lambda tensor: tensor.to(to))

    def pin_memory(self: BatchT) -> BatchT:
        return self._mapped(Tensor.pin_memory)

    def __getitem__(self: BatchT, rows: slice) -> BatchT:
        """Some of its prompts."""
        return self._mapped(lambda tensor: tensor[rows])

    def _mapped(self: BatchT, change: Callable[[Tensor], Tensor]) -> BatchT:
        return type(self)(
            **{field.name: change(getattr(self, field.name)) for field in fields(self)}
        )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Prompts(Batch):
    """(a_1, y_1, ..., a_n, y_n, a_query) and what is to be predicted."""

    called = "prompts (x, y)"

    x: Float[Tensor, "B n d"]
    y: Float[Tensor, "B n"]
    query: Float[Tensor, "B d"]
    """Logistic regression asks for w itself: then the query token is zero, and only a place."""
    target: Float[Tensor, "B *outputs"]
    """[B], the query's answer, or [B, d], the weights asked for."""
    weights: Float[Tensor, "B d"]
    """w* that the labels were made with."""
    noise: Float[Tensor, " B"]
    """Standard deviation of the labels' noise in each prompt."""

    def with_features(self, dim: int) -> "Prompts":
        """Themselves, if they have `dim` features; `InputError` otherwise."""
        if self.x.shape[2] != dim:
            raise InputError(
                f"the prompts have {self.x.shape[2]} features, and the model was built for {dim}; "
                "build it for this task"
            )
        return self

    @property
    def state(self) -> Float[Tensor, "B w tokens"]:
        """Z_0 [B, d + 1, n + 1]."""
        x = torch.cat([self.x, self.query[:, None]], dim=1)
        y = torch.cat([self.y, self.y.new_zeros(len(self.y), 1)], dim=1)
        return torch.cat([x, y[:, :, None]], dim=2).mT

    @property
    def labels(self) -> Float[Tensor, "B tokens"]:
        """y_1 .. y_n and the query's answer: what a causal model predicts, position by position."""
        if self.target.ndim != 1:
            raise InputError(
                "this task asks for weights, not for labels; a model that predicts every label "
                "needs a regression task"
            )
        return torch.cat([self.y, self.target[:, None]], dim=1)


def read_prediction(state: Float[Tensor, "B w tokens"]) -> Float[Tensor, " B"]:
    """The prediction in a state of the form Z: minus the query's y."""
    return -state[:, -1, -1]


def at_query(prediction: Float[Tensor, "B *tokens"]) -> Float[Tensor, " B"]:
    """The prediction at the query, also of a model that predicts every label."""
    return prediction[:, -1] if prediction.ndim == 2 else prediction


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Graphs(Batch):
    """Weighted graphs with n nodes, demands on the nodes, and the answer for each."""

    called = "graphs"
    instead = "a graph task"

    incidence: Float[Tensor, "B n m"]
    """Column e holds +w_e and -w_e at the two ends of edge e; the Laplacian is L = B B^T."""
    demands: Float[Tensor, "B k n"]
    target: Float[Tensor, "B k n"]

    @property
    def laplacian(self) -> Float[Tensor, "B n n"]:
        return self.incidence @ self.incidence.mT


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sequences(Batch):
    """Sequences of tokens to classify."""

    called = "sequences of patterns"
    instead = "a pattern task"

    tokens: Float[Tensor, "B n d"]
    target: Float[Tensor, " B"]
    """-1 or 1."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Completions(Batch):
    """Matrices [A C; B D] of low rank whose block D = B A^+ C is to be found."""

    called = "block completions"
    instead = "a completion task"

    a: Float[Tensor, "B m n"]
    b: Float[Tensor, "B p n"]
    c: Float[Tensor, "B m q"]
    target: Float[Tensor, "B p q"]
    """D."""

    @property
    def state(self) -> Float[Tensor, "B tokens w"]:
        """[A C; B 0], a token a row."""
        top = torch.cat([self.a, self.c], dim=2)
        bottom = torch.cat([self.b, torch.zeros_like(self.target)], dim=2)
        return torch.cat([top, bottom], dim=1)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Components(Batch):
    """Points x_1 .. x_n whose covariance S = sum x x^T / n has a dominant eigenvector to find."""

    called = "points with a dominant direction"
    instead = "the task Principal"

    x: Float[Tensor, "B n d"]
    start: Float[Tensor, "B d"]
    """Of unit length: where an iteration begins."""
    target: Float[Tensor, "B d"]
    """Of unit length."""

    @property
    def covariance(self) -> Float[Tensor, "B d d"]:
        return self.x.mT @ self.x / self.x.shape[1]
