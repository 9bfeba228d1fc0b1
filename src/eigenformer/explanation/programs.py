"""Learned weights written out as matrix programs, and compiled to attention weights.

A program has sums, products and transposes with fixed coefficients. Bilinear sums are programs as
they stand. Of linear attention on blocks the gates are not, as they depend on norms: each is held
at its median over random matrices, which leaves a polynomial, the same for all matrices.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add, matmul
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..construct import CompiledNetwork, Expression, Program, compile, program, stored
from ..core import rng
from ..ensembles import Matrices
from ..models import Question
from ..models.bilinear import BilinearModel
from ..models.blocks import BlockModel
from .spectra import matrices, once

_NEGLIGIBLE = 1e-7
"""Of the largest weight of a bilinear model: what is left out of a program."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProgramMatch:
    """A learned network beside the network compiled from its program."""

    network: CompiledNetwork
    count: int
    """Matrices that both ran on."""
    error: float
    """The largest ||difference||_F / ||answer||_F."""


def bilinear_program(model: BilinearModel) -> Program:
    """The learned sum as a program, of the weights that count."""
    terms = _terms(model)

    def total(*operands: Expression) -> Expression:
        factors = [*operands, *(operand.T for operand in operands)]
        return _sum(
            weight * reduce(matmul, (factors[i] for i in term)) for term, weight in terms.items()
        )

    def one(M: Expression) -> Expression:
        return total(M)

    def two(M: Expression, N: Expression) -> Expression:
        return total(M, N)

    def vector(M: Expression, v: Expression) -> Expression:
        return total(M, v)

    functions: dict[str, Callable[..., Expression]] = {"one": one, "two": two, "vector": vector}
    return program(functions[model.config.operands])


def written(model: BilinearModel) -> str:
    """The learned sum as a line of text, without what is negligible."""
    names = factor_names(model)
    parts = [
        f"{weight:.6g} {' '.join(names[i] for i in term)}" for term, weight in _terms(model).items()
    ]
    return " + ".join(parts).replace("+ -", "- ")


def factor_names(model: BilinearModel) -> list[str]:
    operands = {"one": ["M"], "two": ["M", "N"], "vector": ["M", "v"]}[model.config.operands]
    return [*operands, *(f"{name}^T" for name in operands)]


def _terms(model: BilinearModel) -> dict[tuple[int, ...], float]:
    """The weights that count, by term."""
    weights = model.weights.detach().double().numpy()
    large = np.abs(weights) > _NEGLIGIBLE * np.abs(weights).max()
    pairs = zip(model.config.terms, weights, large, strict=True)
    return {term: float(weight) for term, weight, counts in pairs if counts}


def compare_bilinear(model: BilinearModel, count: int = 1000, size: int = 5) -> ProgramMatch:
    """On matrices of coefficients U[-10, 10]."""
    columns = {"one": size, "two": 2 * size, "vector": size + 1}[model.config.operands]
    a = rng(0, "explain-program").uniform(-10, 10, (count, size, columns))
    operands = [part for part in (a[:, :, :size], a[:, :, size:]) if part.shape[2]]
    names = factor_names(model)[: len(operands)]
    shapes = {name: part.shape[1:] for name, part in zip(names, operands, strict=True)}
    network = compile(bilinear_program(model), shapes=shapes)
    question = Question.of("values", Matrices.of(a), None, False)
    learned = model.answer(question, 0).values
    return ProgramMatch(network=network, count=count, error=_distance(network(*operands), learned))


def held_gates(model: BlockModel) -> list[Float64[np.ndarray, " g"]]:
    """The median of each layer's gates over random 10x10 matrices, in one pass."""
    question = Question.of("values", Matrices.of(matrices(300)), None, False)
    _, cache = model.run_with_cache(question, 0)
    depth = model.config.layers
    gates = [cache[f"pass.0.layer.{i}.gates"].flatten(1) for i in range(depth)]
    return [gate.median(0).values.double().numpy() for gate in gates]


def gate_hooks(gates: Iterable[Float64[np.ndarray, " g"]]) -> dict[str, Callable[[Tensor], Tensor]]:
    """Hooks that hold the gates of the first pass."""

    def hold(gate: Float64[np.ndarray, " g"]) -> Callable[[Tensor], Tensor]:
        return lambda value: torch.from_numpy(gate).to(value).expand_as(value)

    return {f"pass.0.layer.{i}.gates": hold(gate) for i, gate in enumerate(gates)}


def block_program(model: BlockModel, gates: list[Float64[np.ndarray, " g"]]) -> Program:
    """X = A / scale -> f(X) of one pass, with the gates held at `gates`."""
    heads = model.config.heads
    layers = [
        {name: weight.detach().double().numpy() for name, weight in layer.named_parameters()}
        for layer in model.layers
    ]
    start, result = (part.detach().double().numpy() for part in (model.start, model.result))

    def learned(X: Expression) -> Expression:
        blocks = [stored(weight * X) for weight in start]
        for weights, gate in zip(layers, gates, strict=True):
            seen = [*blocks, X]
            p, q, r = weights["read"].reshape(3, heads, -1)
            added = [
                gate[j] * (_mix(p[j], seen) @ (_mix(q[j], seen).T @ _mix(r[j], seen)))
                for j in range(heads)
            ]
            blocks = [
                stored(
                    gate[heads + b] * (block + _mix(weights["keep"][b], seen))
                    + _mix(weights["write"][b], added)
                )
                for b, block in enumerate(blocks)
            ]
        return _mix(result, blocks)

    return program(learned)


def compare_blocks(model: BlockModel, count: int = 1000, size: int = 5) -> ProgramMatch:
    """With held gates, hooked into the learned network, on matrices of coefficients U[-10, 10]."""
    gates, a = held_gates(model), matrices(count, size, "explain-program")
    question = Question.of("values", Matrices.of(a), None, False)
    learned = once(model).run_with_hooks(question, gate_hooks(gates), 0).values
    scale = (np.linalg.svd(a, compute_uv=False) ** 4).sum(1)[:, None, None] ** 0.25
    network = compile(block_program(model, gates), shapes={"X": (size, size)})
    answer = network(a / scale)
    if model.config.computes == "inverse":
        answer, learned = answer / torch.from_numpy(scale), learned.mT
    return ProgramMatch(network=network, count=count, error=_distance(answer, learned))


def _mix(weights: Float64[np.ndarray, " k"], blocks: list[Expression]) -> Expression:
    return _sum(float(weight) * block for weight, block in zip(weights, blocks, strict=True))


def _sum(parts: Iterable[Any]) -> Expression:
    total: Expression = reduce(add, parts)  # `sum` begins with 0, which is no matrix
    return total


def _distance(found: Tensor, wanted: Tensor) -> float:
    found, wanted = found.double(), wanted.double()
    error = torch.linalg.matrix_norm(found - wanted) / torch.linalg.matrix_norm(wanted)
    return float(error.max())
