"""One layer of a constructed network as a torch module, its activations by name if asked for.

Attention here is linear, so its patterns are the scores themselves: rows do not sum to 1.
"""

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ..models.hooked import HookedPass
from .blocks import Layout, Rows, apply, dense, span, unit_length
from .feed_forward import feed_forward
from .parts import Head, Layer, Unit
from .spec import Spec

# Shapes: B batch, w width, n tokens, H heads, D hidden units.

HIDDEN_VALUES = 2**20
"""Hidden values, over a batch and its tokens, that a layer computes at once."""
Change = tuple[Rows, Tensor]
"""Rows of the state, and what is added to them [B, rows, columns from the first on]."""


class LayerModule(nn.Module):
    """One layer (see `parts`) of a network of `spec`; `is_dense` and `exact` as for `Network`."""

    def __init__(
        self, layer: Layer, spec: Spec, is_dense: bool, exact: bool, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.layer = layer
        self.is_dense = is_dense
        self.exact = exact
        width = spec.layout.width
        self.layout = spec.layout
        self.keys = spec.tokens - layer.masked_keys
        self.identities = {spec.layout[name] for name in spec.identities}
        if is_dense:
            for i, head in enumerate(layer.heads):
                for role in ("value", "key", "query"):
                    self._buffer(f"{role}_{i}", dense(getattr(head, role), width), dtype)
            self._buffer("linear", dense(layer.linear, width), dtype)
        if layer.units:
            if exact:
                self._gathered(layer.units, dtype)
                self.writes: np.ndarray | slice = slice(None)
            else:
                up, down = feed_forward(layer, spec)
                every = np.ones(width, dtype=bool)
                self.reads = np.flatnonzero(every if is_dense else up.any(axis=0))
                self.writes = np.flatnonzero(every if is_dense else down.any(axis=1))
                self._buffer("up", up[:, self.reads], dtype)
                self._buffer("down", down[self.writes], dtype)
        # Rows of ones that end before the last token, where functions are left out.
        self.masks = {
            unit.bias: spec.layout[unit.bias].start
            for unit in layer.units
            if unit.bias in spec.constants and not spec.constants[unit.bias].all()
        }
        self.normalised = [spec.layout[name] for name in layer.normalised]

    def _gathered(self, units: tuple[Unit, ...], dtype: torch.dtype) -> None:
        """What units read and write, as few rows each: their places, and the factors there."""
        runs = groupby(range(len(units)), lambda i: (id(units[i].function), units[i].bias))
        places = [list(run) for _, run in runs]
        self._runs = [(slice(at[0], at[-1] + 1), units[at[0]]) for at in places]
        for name, forms in (("read", [u.read for u in units]), ("write", [u.write for u in units])):
            found = [np.flatnonzero(form) for form in forms]
            most = max(1, max(map(len, found)))
            rows, factors = np.zeros((2, most, len(units)))
            for i, (form, at) in enumerate(zip(forms, found, strict=True)):
                rows[: len(at), i], factors[: len(at), i] = at, form[at]
            self._buffer(f"{name}_rows", rows, torch.long)
            self._buffer(name, factors, dtype)

    def _buffer(self, name: str, value: np.ndarray, dtype: torch.dtype) -> None:
        self.register_buffer(name, torch.as_tensor(value, dtype=dtype))

    def forward(
        self, state: Float[Tensor, "B w n"], run: HookedPass | None = None
    ) -> Float[Tensor, "B w n"]:
        """The state after the layer; with `run`, each activation goes through that pass."""
        heads = range(len(self.layer.heads))
        if run is None:
            changes = [self._head(i, state) for i in heads]
        else:
            state = run("resid_pre", state.mT).mT
            changes = self._hooked_heads(state, run) if heads else []
        if self.layer.linear:
            moved = [self._linear(state)]
            changes += moved if run is None else _replaced(run, "linear.out", moved, state)
        new = _add(changes, state.clone())
        if self.layer.units:
            new = self._add_units(new, run)
        for rows in self.normalised:
            unit = unit_length(new[:, rows.slice], dim=2)
            new = torch.cat([new[:, : rows.start], unit, new[:, rows.stop :]], 1)
        if run is not None:
            new = run("resid_post", named_blocks(new, self.layout, run).mT).mT
        return new

    def _hooked_heads(self, state: Tensor, run: HookedPass) -> list[Change]:
        heads = range(len(self.layer.heads))
        pattern = run.changed("attn.pattern", lambda: self._pattern(state))
        scores = pattern.mT.unbind(1) if pattern is not None else [None] * len(heads)
        changes = [self._head(i, state, scores[i]) for i in heads]
        added = run.changed("attn.z", lambda: _each(changes, state))
        if added is not None:
            changes = [(Rows(0, state.shape[1]), change) for change in added.mT.unbind(1)]
        return _replaced(run, "attn.out", changes, state)

    def _head(self, i: int, state: Tensor, scores: Tensor | None = None) -> Change:
        """What a head adds; with `scores` [B, n read, n asking] in place of its own."""
        head, scale = self.layer.heads[i], self.layer.scale
        if self.is_dense:
            rows = Rows(0, state.shape[1])
            value = getattr(self, f"value_{i}") @ state
        else:
            rows = span(head.value)
            value = apply(head.value, state, rows)
        if scores is not None:
            change = value @ scores
        elif copied := self._copied(head):
            change = value[:, :, :copied]
        else:
            key, query = self._key_query(i, state)
            value = value[:, :, : self.keys]
            if self.layer.scores == "relu" or key.shape[2] <= key.shape[1]:
                # Scores first, as attention is written, and where that is no dearer: for Newton's
                # X (A X) an error of eps cond(A), where (X A) X has eps cond(A)^2.
                change = value @ self._scores(key, query)
            else:
                change = (value @ key.mT) @ query
        return rows, scale * change if scale != 1.0 else change

    def _key_query(self, i: int, state: Tensor) -> tuple[Tensor, Tensor]:
        """The columns that may be keys, and those that ask: all."""
        if self.is_dense:
            key, query = (getattr(self, f"{role}_{i}") @ state for role in ("key", "query"))
        else:
            head = self.layer.heads[i]
            inner = Rows(0, max(span(head.key).stop, span(head.query).stop))
            key, query = apply(head.key, state, inner), apply(head.query, state, inner)
        return key[:, :, : self.keys], query

    def _scores(self, key: Tensor, query: Tensor) -> Tensor:
        """What each token (columns) takes of each that may be a key (rows) [B, keys, n]."""
        scores = key.mT @ query
        return scores.relu() if self.layer.scores == "relu" else scores

    def _pattern(self, state: Tensor) -> Float[Tensor, "B H n n"]:
        """What each token (rows) takes of each (columns), 0 of those that are masked."""
        heads = range(len(self.layer.heads))
        scores = torch.stack([self._scores(*self._key_query(i, state)) for i in heads], dim=1)
        return functional.pad(scores.mT, (0, self.layer.masked_keys))

    def _copied(self, head: Head) -> int:
        """Columns r that a head merely copies: for keys and queries [I_r | 0] it adds [P_r | 0]."""
        if (
            self.is_dense
            or self.layer.scores != "linear"
            or len(head.key) != 1
            or len(head.query) != 1
        ):
            return 0
        key, query = head.key[0], head.query[0]
        plain = (
            key.source == query.source
            and key.into == query.into
            and not isinstance(key.scale, np.ndarray)
            and not isinstance(query.scale, np.ndarray)
            and key.scale == query.scale == 1.0
        )
        inside = key.source in self.identities and key.source.count <= self.keys
        return key.source.count if plain and inside else 0

    def _linear(self, state: Tensor) -> tuple[Rows, Tensor]:
        if self.is_dense:
            return Rows(0, state.shape[1]), self.get_buffer("linear") @ state
        rows = span(self.layer.linear)
        return rows, apply(self.layer.linear, state, rows)

    def _exactly(self, unit: Unit, forms: Float[Tensor, "B u n"], state: Tensor) -> Tensor:
        values = unit.function.function(forms)
        if unit.bias in self.masks:
            values = values * state[:, self.masks[unit.bias], None]
        return values

    def _add_units(self, state: Tensor, run: HookedPass | None) -> Tensor:
        if torch.onnx.is_in_onnx_export():  # a small batch, and nothing is written in place
            changes = torch.cat([change for _, change in self._units(state)])
            place = torch.eye(state.shape[1], dtype=state.dtype)[:, self.writes]
            return state + place @ changes
        if run is None:
            for part, change in self._units(state):
                state[part, self.writes] += change
            return state
        added = torch.zeros_like(state)
        for part, change in self._units(state):
            added[part, self.writes] = change
        state += run("mlp.out", added.mT).mT
        return state

    def _units(self, state: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """What the ReLU network adds to the rows `writes` of each part of the batch."""
        if self.exact:
            read = zip(self.get_buffer("read_rows"), self.get_buffer("read"), strict=True)
            forms = sum(state[:, rows] * factors[:, None] for rows, factors in read)
            change = torch.zeros_like(state)
            values = torch.cat([self._exactly(u, forms[:, at], state) for at, u in self._runs], 1)
            write = zip(self.get_buffer("write_rows"), self.get_buffer("write"), strict=True)
            for rows, factors in write:
                change.index_add_(1, rows, values * factors[:, None])
            yield slice(None), change
            return
        up, down = self.get_buffer("up"), self.get_buffer("down")
        # Thousands of hidden units: a part of the batch at a time keeps them in a few megabytes.
        size = max(1, HIDDEN_VALUES // (len(up) * state.shape[2]))
        for start in range(0, len(state), size):
            part = slice(start, start + size)
            yield part, down @ (up @ state[part, self.reads]).relu_()


def named_blocks(
    state: Float[Tensor, "B w n"], layout: Layout, run: HookedPass
) -> Float[Tensor, "B w n"]:
    """The state after each of its blocks went through the pass."""
    for name, rows in layout.items():
        before = state[:, rows.slice].mT
        after = run(f"blocks.{name}", before)
        if after is not before:
            state = state.clone()
            state[:, rows.slice] = after.mT
    return state


def _add(changes: list[Change], state: Float[Tensor, "B w n"]) -> Float[Tensor, "B w n"]:
    """`state`, in place, plus what was to be added to its rows (and first columns)."""
    for rows, change in changes:
        if torch.onnx.is_in_onnx_export():  # graphs have no places to write to
            width, tokens = state.shape[1:]
            beside = (0, tokens - change.shape[2], rows.start, width - rows.stop)
            state = state + functional.pad(change, [int(n) for n in beside])
        else:
            state[:, rows.slice, : change.shape[2]] += change
    return state


def _each(changes: list[Change], state: Tensor) -> Float[Tensor, "B H n w"]:
    return torch.stack([_add([change], torch.zeros_like(state)).mT for change in changes], dim=1)


def _replaced(run: HookedPass, name: str, changes: list[Change], state: Tensor) -> list[Change]:
    """The changes, or in place of all of them what a hook makes of their sum."""
    changed = run.changed(name, lambda: _add(changes, torch.zeros_like(state)).mT)
    return changes if changed is None else [(Rows(0, state.shape[1]), changed.mT)]
