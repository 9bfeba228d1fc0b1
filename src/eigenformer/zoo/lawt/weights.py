"""LAWT's weights under our names."""

import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...core import InputError
from .settings import Settings

_FUSED = {"q": ("q",), "kv": ("k", "v"), "qkv": ("q", "k", "v")}
"""Which of LAWT's maps each of ours fuses, in order."""


def read_checkpoint(file: Path) -> dict[str, dict[str, Tensor]]:
    """The tensors of `encoder` and `decoder` in a checkpoint.pth, by LAWT's names.

    Read with `weights_only`, so that no code in it runs. Raises `InputError` for anything else.
    """
    if not file.is_file():
        raise InputError(f"{file} does not exist; give the folder that a LAWT run wrote")
    if not zipfile.is_zipfile(file):
        raise InputError(f"{file} is not a checkpoint of torch 1.6 or newer, or is damaged")
    try:
        with zipfile.ZipFile(file) as archive:
            # torch stores without compression: more than the file has would be a trap.
            if sum(entry.file_size for entry in archive.infolist()) > file.stat().st_size:
                raise InputError(f"{file} is compressed, as no checkpoint of torch is")
        found = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{file} holds more than tensors and plain values, which is not loaded as it can run "
            "code; save it again without"
        ) from None
    except (RuntimeError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        raise InputError(f"{file} is damaged") from None
    stacks = {}
    for side in ("encoder", "decoder"):
        state = found.get(side) if isinstance(found, dict) else None
        if not isinstance(state, dict) or not all(
            isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in state.items()
        ):
            raise InputError(f"{file} has no weights of the {side}; it is not a LAWT checkpoint")
        # What is trained on several devices has this before every name.
        stacks[side] = {name.removeprefix("module."): t.float() for name, t in state.items()}
    return stacks


def our_weights(
    stacks: dict[str, dict[str, Tensor]], settings: Settings, file: Path
) -> dict[str, Tensor]:
    """The state dict of the `LawtTransformer` that `settings` describe.

    Raises `InputError` (about `file`) for a tensor that is missing, has another shape than the
    settings say, or belongs to no part of the network.
    """
    found: dict[str, Tensor] = {}
    for side, words in (("encoder", settings.input_words), ("decoder", settings.output_words)):
        stack = _Stack(side, stacks[side], settings, file)
        found |= stack.embeddings(words)
        for i in range(stack.config.layers):
            found |= stack.layer(i)
        if side == "decoder":
            found |= stack.output(words)
        stack.check_empty()
    return found


class _Stack:
    """One side's tensors, taken out one after the other."""

    def __init__(
        self, side: str, tensors: dict[str, Tensor], settings: Settings, file: Path
    ) -> None:
        self.side = side
        self.tensors = dict(tensors)
        self.config = settings.model.encoder if side == "encoder" else settings.model.decoder
        self.memory = settings.model.encoder.width
        self.positions = settings.model.max_positions
        self.vocabulary = {word: i for i, word in enumerate(settings.vocabulary)}
        self.file = file

    def take(self, name: str, *shape: int) -> Tensor:
        if name not in self.tensors:
            raise InputError(
                f"{self.file} lacks {name} of the {self.side}, which its settings ask for"
            )
        tensor = self.tensors.pop(name)
        if tensor.shape != shape:
            raise InputError(
                f"{self.file}: {name} of the {self.side} has shape {tuple(tensor.shape)}, and its "
                f"settings ask for {shape}"
            )
        return tensor

    def check_empty(self) -> None:
        if self.tensors:
            raise InputError(
                f"{self.file}: {min(self.tensors)} of the {self.side} belongs to no part that its "
                "settings ask for"
            )

    def embeddings(self, words: Sequence[str]) -> dict[str, Tensor]:
        width, prefix = self.config.width, f"{self.side}_embedding"
        self.tokens = self.take("embeddings.weight", len(self.vocabulary), width)
        return {
            f"{prefix}.tokens": self.tokens[self._places(words)],
            f"{prefix}.positions": self.take("position_embeddings.weight", self.positions, width),
            **self._norm("layer_norm_emb", f"{prefix}.norm"),
        }

    def output(self, words: Sequence[str]) -> dict[str, Tensor]:
        # Kept although it is the embedding once more.
        if not torch.equal(
            self.take("proj.weight", len(self.vocabulary), self.config.width), self.tokens
        ):
            raise InputError(
                f"{self.file}: proj.weight of the decoder differs from its embedding, although "
                "its settings have share_inout_emb"
            )
        bias = self.take("proj.bias", len(self.vocabulary))
        return {"output_bias": bias[self._places(words)]}

    def layer(self, i: int) -> dict[str, Tensor]:
        width, hidden = self.config.width, self.config.feed_forward_width
        ours, theirs = f"{self.side}_layers.{i}", f"layers.{i}"
        found = {
            **self._attention(f"{theirs}.self_attention", f"{ours}.attention", ("qkv",), width),
            **self._norm(f"{theirs}.layer_norm1", f"{ours}.attention_norm"),
            **self._map(f"{theirs}.ffn.lin1", f"{ours}.feed_forward.up", hidden, width),
            **self._map(f"{theirs}.ffn.lin2", f"{ours}.feed_forward.down", width, hidden),
            **self._norm(f"{theirs}.layer_norm2", f"{ours}.feed_forward_norm"),
        }
        if self.side == "decoder":
            cross = f"{theirs}.cross_attention"
            found |= self._attention(cross, f"{ours}.cross", ("q", "kv"), self.memory)
            found |= self._norm(f"{theirs}.layer_norm15", f"{ours}.cross_norm")
        return found

    def _places(self, words: Sequence[str]) -> list[int]:
        return [self.vocabulary[word] for word in words]

    def _attention(
        self, theirs: str, ours: str, fused: Sequence[str], source: int
    ) -> dict[str, Tensor]:
        width = self.config.width
        found = self._map(f"{theirs}.out_lin", f"{ours}.out", width, width)
        for name in fused:
            inputs = {"q": width, "k": source, "v": source}
            parts = [
                self._map(f"{theirs}.{part}_lin", f"{ours}.{name}", width, inputs[part])
                for part in _FUSED[name]
            ]
            for key in parts[0]:
                found[key] = torch.cat([part[key] for part in parts])
        return found

    def _map(self, theirs: str, ours: str, outputs: int, inputs: int) -> dict[str, Tensor]:
        return {
            f"{ours}.weight": self.take(f"{theirs}.weight", outputs, inputs),
            f"{ours}.bias": self.take(f"{theirs}.bias", outputs),
        }

    def _norm(self, theirs: str, ours: str) -> dict[str, Tensor]:
        width = self.config.width
        return {
            f"{ours}.{kind}": self.take(f"{theirs}.{kind}", width) for kind in ("weight", "bias")
        }
