"""Networks as ONNX graphs, to be run without torch: trained ones and constructed ones.

A graph answers a fixed number of matrices of one shape, as everything that hangs on the shape is
worked out beforehand. It reads `matrix` [B, m, n] (the inputs of a constructed network, by their
names) or `tokens` [B, L], and gives `answer` or `answer_tokens`, those of the greedy answer.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.onnx import symbolic_helper

from ..construct.network import Network
from ..core import InputError, rng
from ..ensembles import Matrices
from ..ensembles.dims import Dims
from ..evaluation import TrainedSolver
from ..models import Question, TokenModel
from ..models.numeric import NumericModel, unrolled
from ..problems import Problem

_OPSET = 17


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class OnnxGraph:
    """An ONNX graph, with inputs that it was tried on and the answer of the network to them."""

    content: bytes
    inputs: dict[str, np.ndarray]
    output: str
    """`answer`, or `answer_tokens`."""
    answer: np.ndarray


def trained_graph(solver: TrainedSolver, m: int, n: int, batch: int = 1) -> OnnxGraph:
    """The network of `solver` for `batch` inputs of m x n, in the precision that it answers in.

    What `solve` does around it stays outside: rescaling, tokens, and, for networks of any size, a
    second try for matrices without full rank. Loops run to their end. Raises `InputError` for a
    model that writes token after token, or a shape that is not the problem's.
    """
    model, task, problem = solver.model, solver.task, solver.problem
    p, q = problem.output_shape(m, n)
    values = _tried(problem, batch, m, n)
    if isinstance(model, NumericModel):
        dtype = torch.float64 if model.config.precision == "float64" else torch.float32
        given = torch.from_numpy(values).to(dtype)
        return _graph(_Numeric(model), {"matrix": given}, "answer")
    if not isinstance(model, TokenModel) or not model.config.at_once:
        raise InputError(
            f"{solver.name} writes an answer token after token; a graph is made of models that "
            "answer at once, or in numbers"
        )
    if model.config.reads != "tokens" or problem.tasks or task.problem.tasks:
        raise InputError(f"{solver.name} answers several problems; give a model of one")
    ids = torch.from_numpy(task.encoder.encode(Matrices.of(values)))
    length = task.decoder.length(p, q) + 1
    graph = _graph(_Tokens(model, length), {"tokens": ids}, "answer_tokens")
    if graph.answer.shape[1] != length:
        raise InputError(
            f"{solver.name} does not answer {m}x{n} by {p}x{q}; give a shape that it was trained on"
        )
    return graph


def graph_shape(solver: TrainedSolver, dims: str | None) -> tuple[int, int]:
    """The inputs' shape for matrices of `dims`; without it, for the largest in training."""
    dimensions = solver.task.ensemble.dimensions if dims is None else Dims.parse(dims)
    return solver.problem.input_shape(dimensions.rows[1], dimensions.columns[1])


def constructed_graph(network: Network, inputs: tuple[np.ndarray, ...]) -> OnnxGraph:
    """A constructed network in its own precision, for as many matrices as `inputs` [B, ...] hold.

    What is computed of inputs before the first layer is left outside where there is such: the
    graph's inputs are then those of the layers (`network.spec.inputs`).
    """
    given = tuple(torch.from_numpy(np.asarray(x, np.float64)) for x in inputs)
    if network.spec.prepare is not None:
        given = network.spec.prepare(*given)
    ports = network.spec.inputs
    tensors = {
        port.name: torch.as_tensor(x).to(network.dtype)
        for port, x in zip(ports, given, strict=True)
    }
    return _graph(_Constructed(network, len(inputs[0])), tensors, "answer")


def _tried(problem: Problem, batch: int, m: int, n: int) -> np.ndarray:
    """Well-conditioned inputs, symmetric where they have to be."""
    values = rng(0, "onnx").uniform(-1, 1, (batch, m, n))
    values[:, np.arange(min(m, n)), np.arange(min(m, n))] += 3 * np.arange(1, min(m, n) + 1)
    return (values + values.transpose(0, 2, 1)) / 2 if problem.needs_symmetric else values


class _Numeric(nn.Module):
    def __init__(self, model: NumericModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, matrix: Tensor) -> Tensor:
        return self.model.solve(matrix, unrolled)


class _Tokens(nn.Module):
    def __init__(self, model: TokenModel, length: int) -> None:
        super().__init__()
        self.model, self.length = model, length

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model.answer(Question(tokens=tokens), self.length)


class _Constructed(nn.Module):
    def __init__(self, network: Network, batch: int) -> None:
        super().__init__()
        self.network, self.batch = network, batch

    def forward(self, *inputs: Tensor) -> Tensor:
        *_, state = self.network.states(self.network.filled(inputs, self.batch))
        return self.network.read(state)


def _graph(module: nn.Module, inputs: dict[str, Tensor], output: str) -> OnnxGraph:
    content = io.BytesIO()
    module.eval()
    try:
        import onnx  # noqa: F401  (what torch writes with)
    except ImportError:
        raise InputError("this needs the package onnx: pip install 'eigenformer[onnx]'") from None
    with torch.no_grad(), _more_operations(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that shapes become constants, which is what is meant
        answer = module(*inputs.values())  # which also makes tables that are made but once
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            content,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(inputs),
            output_names=[output],
        )
    arrays = {name: tensor.numpy() for name, tensor in inputs.items()}
    return OnnxGraph(
        content=content.getvalue(), inputs=arrays, output=output, answer=answer.numpy()
    )


@contextmanager
def _more_operations() -> Iterator[None]:
    """Operations that torch writes into no graph by itself."""
    added: dict[str, Callable[..., Any]] = {
        "mT": _transposed,
        "searchsorted": _searched,
        "diagonal": _diagonal,
    }
    for name, symbolic in added.items():
        torch.onnx.register_custom_op_symbolic(  # type: ignore[attr-defined]
            f"aten::{name}", symbolic, _OPSET
        )
    try:
        yield
    finally:
        for name in added:
            torch.onnx.unregister_custom_op_symbolic(  # type: ignore[attr-defined]
                f"aten::{name}", _OPSET
            )


def _transposed(g: Any, x: Any) -> Any:
    axes = list(range(x.type().dim()))
    return g.op("Transpose", x, perm_i=[*axes[:-2], axes[-1], axes[-2]])


@symbolic_helper.parse_args("v", "i", "i", "i")
def _diagonal(g: Any, x: Any, offset: int, first: int, second: int) -> Any:
    """Of a square pair of axes, which becomes the last axis."""
    sizes = x.type().sizes()
    assert offset == 0 and sizes[first] == sizes[second]
    n, others = sizes[first], [i for i in range(len(sizes)) if i not in (first, second)]
    shape = torch.tensor([n * n, *(sizes[i] for i in others)])
    turned = g.op("Transpose", x, perm_i=[first, second, *others])
    flat = g.op("Reshape", turned, g.op("Constant", value_t=shape))
    place = g.op("Constant", value_t=torch.arange(n) * (n + 1))
    found = g.op("Gather", flat, place, axis_i=0)
    return g.op("Transpose", found, perm_i=[*range(1, len(others) + 1), 0])


def _searched(g: Any, bounds: Any, values: Any, *_: Any) -> Any:
    """How many of the sorted bounds are below each value."""

    def apart(x: Any, axis: int) -> Any:
        return g.op("Unsqueeze", x, g.op("Constant", value_t=torch.tensor([axis])))

    rows = bounds if bounds.type().dim() == 1 else apart(bounds, -2)
    below = g.op("Cast", g.op("Less", rows, apart(values, -1)), to_i=7)
    return g.op("ReduceSum", below, g.op("Constant", value_t=torch.tensor([-1])), keepdims_i=0)
