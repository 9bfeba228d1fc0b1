"""A LAWT run made up on the spot, and its greedy decoding written down a second time.

The network follows the description of LAWT (its README of the format) tensor by tensor in float64,
without a cache and one matrix at a time: nothing is shared with the package.
"""

import argparse
import json
import math
import pickle
from pathlib import Path

import numpy as np
import torch

SPECIAL = ["<s>", "</s>", "<pad>", "(", ")", *(f"<SPECIAL_{i}>" for i in range(10))]
SPECIAL += [*"TADMEFI", "+", "-", "10^", ".", "|"]
EXPONENTS = [f"E{e}" for e in range(-100, 101)]
DEFAULTS = {
    "share_inout_emb": True,
    "operation": "transpose",
    "cotraining_tasks": "TADMEFI",
    "generator": "uniform",
    "max_input_coeff": 10,
    "min_input_coeff": -1,
    "force_dim": False,
    "first_dimension": 5,
    "second_dimension": 5,
    "min_dimension": 2,
    "max_dimension": 2,
    "rectangular": False,
    "eigen_distribution": "semicircle",
    "noisy_input": False,
    "sigma": 0.05,
    "max_encoder_dimension": 100,
    "input_encoding": "float,2,1000",
    "output_encoding": "float,2,1000",
    "enc_emb_dim": 16,
    "dec_emb_dim": 16,
    "n_enc_layers": 1,
    "n_dec_layers": 1,
    "n_enc_heads": 2,
    "n_dec_heads": 2,
    "tasks": ["numeric"],
    "optimizer": "adam,lr=0.001",
    "reload_model": "",
}


def settings(**changes) -> dict:
    assert set(changes) <= set(DEFAULTS)
    return {**DEFAULTS, **changes}


def symbols(encoding: str, most: int = 100) -> set[str]:
    """The words of one of LAWT's encoders."""
    kind, *options = encoding.split(",")
    found = {f"V{i}" for i in range(1, most + 1)}
    if kind == "float":
        return found | {str(i) for i in range(int(options[1]))} | set(EXPONENTS)
    top = 10 ** (int(options[0]) + 1)
    if kind == "floatsymbol":
        return found | {f"N{i}" for i in range(-top, top + 1)} | set(EXPONENTS)
    found |= {"NaN", "-NaN"} | {f"N{i}e0" for i in range(1 - top // 10, top // 10)}
    for e in range(int(options[1])):
        for m in range(top // 10, top):
            found |= {f"N{m}e{e}", f"N-{m}e{e}"}
    return found


def vocabulary(params: dict) -> list[str]:
    most = params["max_encoder_dimension"]
    words = symbols(params["input_encoding"], most) | symbols(params["output_encoding"], most)
    return SPECIAL + sorted(words)


def spell(value: float, encoding: str) -> list[str]:
    """A number in LAWT's words; none of the numbers here is zero or out of range."""
    kind, *options = encoding.split(",")
    digits = int(options[0]) + 1
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    whole, power = int(mantissa.replace(".", "")), int(exponent) - digits + 1
    if kind == "floatsymbol":
        return [f"N{whole if value > 0 else -whole}", f"E{power}"]
    if kind == "float":
        base, parts = int(options[1]), []
        while whole:
            whole, part = divmod(whole, base)
            parts.insert(0, str(part))
        return ["+" if value > 0 else "-", *parts, f"E{power}"]
    lowest = -(int(options[0]) + int(options[1])) // 2
    return [f"N{'-' if value < 0 else ''}{whole}e{power - lowest}"]


def random_states(params: dict, seed: int) -> dict[str, dict[str, torch.Tensor]]:
    """Weights of the shapes that LAWT's modules have, of a size that makes answers vary."""
    generator = torch.Generator().manual_seed(seed)
    words = len(vocabulary(params))
    source = params["enc_emb_dim"]
    states = {}
    for side, key in (("encoder", "enc"), ("decoder", "dec")):
        width = params[f"{key}_emb_dim"]
        shapes = {"position_embeddings": (4096, width), "embeddings": (words, width)}
        norms = {"layer_norm_emb": width}
        maps = {}
        for i in range(params[f"n_{key}_layers"]):
            blocks = {"self_attention": width} | (
                {"cross_attention": source} if side == "decoder" else {}
            )
            for block, read in blocks.items():
                for part in ("q", "k", "v", "out"):
                    inputs = read if part in ("k", "v") else width
                    maps[f"layers.{i}.{block}.{part}_lin"] = (width, inputs)
            maps[f"layers.{i}.ffn.lin1"] = (4 * width, width)
            maps[f"layers.{i}.ffn.lin2"] = (width, 4 * width)
            for n in ("1", "2", *(("15",) if side == "decoder" else ())):
                norms[f"layers.{i}.layer_norm{n}"] = width
        state = {
            f"{name}.weight": torch.randn(shape, generator=generator)
            for name, shape in shapes.items()
        }
        for name, (outputs, inputs) in maps.items():
            matrix = torch.randn(outputs, inputs, generator=generator)
            state[f"{name}.weight"] = 2 * matrix / math.sqrt(inputs)
            state[f"{name}.bias"] = torch.randn(outputs, generator=generator) / 4
        for name, width_of_norm in norms.items():
            state[f"{name}.weight"] = 1 + torch.randn(width_of_norm, generator=generator) / 4
            state[f"{name}.bias"] = torch.randn(width_of_norm, generator=generator) / 10
        if side == "decoder":
            state["proj.weight"] = state["embeddings.weight"]
            state["proj.bias"] = torch.randn(words, generator=generator) / 10
        states[side] = state
    return states


def write_run(folder: Path, params: dict, states: dict, protocol: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "params.pkl", "wb") as file:
        pickle.dump(argparse.Namespace(**params), file, protocol=protocol)
    torch.save(
        {"epoch": 1, "best_metrics": {}, "params": params, **states}, folder / "checkpoint.pth"
    )
    return folder


class Reference:
    """LAWT's network in NumPy, float64."""

    def __init__(self, params: dict, states: dict) -> None:
        self.params = params
        self.words = vocabulary(params)
        self.states = {
            side: {name: tensor.double().numpy() for name, tensor in state.items()}
            for side, state in states.items()
        }

    def greedy(self, matrix: np.ndarray, length: int, task: str = "") -> list[str]:
        """The words of at most `length` steps, before the end-of-sequence word."""
        asked = [*task, f"V{matrix.shape[0]}", f"V{matrix.shape[1]}"]
        for value in matrix.flatten():
            asked += spell(float(value), self.params["input_encoding"])
        ids = [0, *(self.words.index(word) for word in asked), 0]
        memory = self._run("encoder", ids, None)
        state, written = self.states["decoder"], [0]
        for _ in range(length):
            last = self._run("decoder", written, memory)[-1]
            written.append(int((state["proj.weight"] @ last + state["proj.bias"]).argmax()))
            if written[-1] == 0:
                break
        return [self.words[i] for i in written[1:] if i]

    def _run(self, side: str, ids: list[int], memory: np.ndarray | None) -> np.ndarray:
        state = self.states[side]
        x = state["embeddings.weight"][ids] + state["position_embeddings.weight"][: len(ids)]
        x = self._norm(side, "layer_norm_emb", x)
        heads = self.params["n_enc_heads" if side == "encoder" else "n_dec_heads"]
        for i in range(self.params["n_enc_layers" if side == "encoder" else "n_dec_layers"]):
            name = f"layers.{i}"
            own = self._attend(side, f"{name}.self_attention", x, x, heads, memory is not None)
            y = self._norm(side, f"{name}.layer_norm1", x + own)
            if memory is not None:
                read = self._attend(side, f"{name}.cross_attention", x, memory, heads, False)
                y = self._norm(side, f"{name}.layer_norm15", y + read)
            hidden = np.maximum(self._map(side, f"{name}.ffn.lin1", y), 0)
            x = self._norm(
                side, f"{name}.layer_norm2", y + self._map(side, f"{name}.ffn.lin2", hidden)
            )
        return x

    def _attend(
        self, side: str, name: str, x: np.ndarray, read: np.ndarray, heads: int, causal: bool
    ) -> np.ndarray:
        parts = []
        q, k, v = (
            self._map(side, f"{name}.{part}_lin", source)
            for part, source in (("q", x), ("k", read), ("v", read))
        )
        size = q.shape[1] // heads
        for head in range(heads):
            at = slice(head * size, (head + 1) * size)
            scores = q[:, at] / math.sqrt(size) @ k[:, at].T
            if causal:
                scores[np.triu_indices(len(x), 1)] = -np.inf
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            parts.append(weights / weights.sum(axis=1, keepdims=True) @ v[:, at])
        return self._map(side, f"{name}.out_lin", np.concatenate(parts, axis=1))

    def _map(self, side: str, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.states[side][f"{name}.weight"].T + self.states[side][f"{name}.bias"]

    def _norm(self, side: str, name: str, x: np.ndarray) -> np.ndarray:
        centred = x - x.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return scaled * self.states[side][f"{name}.weight"] + self.states[side][f"{name}.bias"]


def words_of_sample(file: Path) -> tuple[np.ndarray, list[list[str]]]:
    """The matrices of a greedy.json and the words that LAWT wrote."""
    rows = json.loads(file.read_text())["rows"]
    matrices = [[[float.fromhex(x) for x in line] for line in row["matrix"]] for row in rows]
    return np.array(matrices), [row["lawt_tokens"] for row in rows]
