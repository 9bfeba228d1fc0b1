"""The activations behind an answer, and attention as coefficients of matrices attend to others."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from ..core import unknown
from ..encodings import Encoding
from ..models import Model


class ActivationCache(Mapping[str, Tensor]):
    """Activations by name (`Model.run_with_cache` lists the names), the first axis the matrices'.

    `shapes` are those of each input and of its answer; `valid` says whose answers are well-formed.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        solver: tuple[Model, Encoding, Encoding],
        shapes: tuple[tuple[int, int], tuple[int, int]],
        valid: Bool[np.ndarray, " B"],
    ) -> None:
        self._tensors = dict(tensors)
        self._solver = solver
        self.shapes = shapes
        self.valid = valid

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"ActivationCache({len(self)} activations: {', '.join(self)})"

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names of the attention patterns, in the order of the layers."""
        return tuple(name for name in self if name.endswith(".pattern"))

    def grid(self, name: str) -> Float64[np.ndarray, "B H p q m n"]:
        """How much coefficient (p, q) of the asking matrix attends to (m, n) of the one it reads.

        `name` is one of `patterns`. The input attends to itself (`encoder.i.attn`), the answer to
        what is written of it (`decoder.i.attn`) and to the input (`decoder.i.cross`). Summed over
        the tokens of the coefficient that is read, averaged over those of the one that asks; what
        is missing to 1 went to tokens that belong to no coefficient, such as dimensions. nan for
        an answer that is malformed.
        """
        if name not in self.patterns:
            raise unknown("attention pattern", name, self.patterns)
        model, reads_as, writes_as = self._solver
        places = model.config.positions(reads_as, writes_as)
        layer, kind, _ = name.rsplit(".", 2)
        side = layer.partition(".")[0]
        inputs, answers = self.shapes
        answering = side == "decoder"
        asking, asks = (answers, places.asks) if answering else (inputs, places.inputs)
        own = answering and kind == "attn"
        read, reads = (answers, places.reads) if own else (inputs, places.inputs)
        queries, keys = asking[0] * asking[1], read[0] * read[1]
        pattern = self._tensors[name].to(torch.float64).cpu().numpy()
        known = self.valid if answering else np.ones(len(pattern), bool)
        grid = np.full((*pattern.shape[:2], queries, keys), np.nan)
        if known.any():
            cut = pattern[known][:, :, asks.of(queries), reads.of(keys)]
            split = cut.reshape(*cut.shape[:2], queries, asks.each, keys, reads.each)
            grid[known] = split.mean(axis=3).sum(axis=4)
        return grid.reshape(*pattern.shape[:2], *asking, *read)
