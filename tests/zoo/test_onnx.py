"""ONNX graphs answer as the networks do: replayed by onnxruntime, where the extra onnx is there."""

import numpy as np
import pytest

import eigenformer as ef
from eigenformer import zoo
from eigenformer.cli import main
from eigenformer.construct import CATALOGUE
from eigenformer.core import InputError
from eigenformer.zoo.onnx_graph import OnnxGraph, constructed_graph, graph_shape, trained_graph

CONSTRUCTED = ("newton-lemma", "newton-order-3", "gd-step", "gd++", "preconditioned-gd")
TOLERANCE = {"float64": 1e-12, "float32": 1e-6, "int64": 0.0}
"""Of the largest coefficient; tokens are the same."""


def replayed(graph: OnnxGraph, inputs: dict[str, np.ndarray]) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(graph.content)
    (answer,) = session.run([graph.output], inputs)
    return np.asarray(answer)


def compare(graph: OnnxGraph) -> None:
    answer = replayed(graph, graph.inputs)
    assert answer.shape == graph.answer.shape and answer.dtype == graph.answer.dtype
    off = np.abs(answer.astype(float) - graph.answer.astype(float)).max()
    assert off <= TOLERANCE[str(answer.dtype)] * np.abs(graph.answer).max()


@pytest.fixture(autouse=True)
def _onnx() -> None:
    pytest.importorskip("onnx")


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_constructed(name: str) -> None:
    entry = CATALOGUE.get(name)
    graph = constructed_graph(entry.build(), entry.draw(ef.rng(0), 2))
    compare(graph)


@pytest.mark.parametrize("name", ["matmul-any", "transpose-5x5-grid", "eigenvectors-2x2"])
def test_trained(name: str) -> None:
    solver = ef.load(name)
    graph = trained_graph(solver, *graph_shape(solver, None), 2)
    compare(graph)
    # Not only what it was made with:
    other = {key: values[::-1].copy() for key, values in graph.inputs.items()}
    np.testing.assert_allclose(replayed(graph, other), graph.answer[::-1], rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["newton", "pseudo-inverse", "least-squares", "logistic"])
def test_larger_constructions(name: str) -> None:
    test_constructed(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.shipped_models())
def test_every_shipped_model(name: str) -> None:
    solver = ef.load(name)
    compare(trained_graph(solver, *graph_shape(solver, None)))


def test_the_command_writes_a_graph(tmp_path, capsys) -> None:
    file = tmp_path / "sum.onnx"
    command = ["models", "export", "add-any", "--to", "onnx", "--dims", "2x3", "--file", str(file)]
    assert main(command) == 0
    assert "float64 [1, 2, 6] -> answer float64 [1, 2, 3]" in capsys.readouterr().out
    assert main(command) == 2
    assert "exists" in capsys.readouterr().err


def test_models_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match="square"):
        trained_graph(ef.load("inverse-any"), 2, 3)
