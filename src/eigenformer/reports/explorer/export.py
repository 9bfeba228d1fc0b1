"""The explorable page as one file: weights as float32, layers of constructed networks, scripts."""

import json
from base64 import b64encode
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...construct.algorithms.newton import newton_inverse
from ...construct.algorithms.power_iteration import power_iteration
from ...construct.blocks import Layout, Move, RowMap, Rows
from ...construct.compiler import CompiledNetwork, compile
from ...construct.expression import Expression
from ...construct.network import Network
from ...construct.program import program
from ...core import load_json
from ...zoo.facts import find_shipped, model_facts
from ...zoo.load import load

MODELS = {"inverse": "inverse-any", "eigenvectors": "eigenvectors-any", "svd": "svd-any"}
"""The trained network that the page runs for each problem."""
SCRIPTS = ("algebra", "networks", "reading", "films", "pictures", "charts", "page")
"""In this order, as one script."""


def export_page(file: Path) -> None:
    """Write the page to `file`: no requests, no outside scripts. Equal packages, equal bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(explorer_page(), encoding="utf-8", newline="\n")


def explorer_page() -> str:
    """The text of the page."""
    data = {
        "models": {problem: _trained(name) for problem, name in MODELS.items()},
        "constructed": {
            "newton": _newton(),
            "polar": {"step": _layer(polar_network(2, 2, 1), 1)},
            "power": {"step": _layer(power_iteration(2, 1), 1)},
        },
    }
    parts = {
        "style": _source("explorer.css"),
        "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
        "script": "\n".join(_source(f"{name}.js") for name in SCRIPTS),
    }
    page = _source("explorer.html")
    for name, text in parts.items():
        page = page.replace(f"<!-- {name} -->", text)
    return page


@program
def polar_step(X: Expression) -> Expression:
    """X (3 I - X^T X) / 2, by Newton and Schulz."""
    return 1.5 * X - 0.5 * (X @ X.T @ X)


def polar_network(rows: int, columns: int, steps: int) -> CompiledNetwork:
    """U V^T of A = U S V^T from A / ||A||_2, rows >= columns: a layer a step, one head."""
    return compile(polar_step, {"X": (rows, columns)}, repeat=steps, feed={"X": "result"})


def _source(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _trained(name: str) -> dict[str, Any]:
    """A shipped model: its configuration, and its weights in the order of `tensors`."""
    folder = find_shipped(name)
    model, facts = load(name).model, model_facts(folder)
    weights = {
        key: tensor
        for key, tensor in sorted(model.state_dict().items())
        if tensor.is_floating_point()
    }
    data = b"".join(tensor.numpy().astype("<f4").tobytes() for tensor in weights.values())
    return {
        "name": name,
        "told": model.config.told,
        "config": load_json(folder / "config.json")["model"],
        "examples": facts["examples"],
        "parameters": facts["parameters"],
        "tensors": [[key, list(tensor.shape)] for key, tensor in weights.items()],
        "weights": b64encode(data).decode("ascii"),
    }


def _newton() -> dict[str, Any]:
    """The compiled network for the inverse: its first, repeated and last layer."""
    network = newton_inverse(2, 4)
    first, step, last = (_layer(network, group.first) for group in network.summary().groups)
    return {"first": first, "step": step, "last": last}


def _layer(network: Network, number: int) -> dict[str, Any]:
    """A layer, counted from 1, on whole blocks by name: the same for matrices of every size."""
    layer, layout = network.spec.layers[number - 1], network.spec.layout
    assert layer.scale == 1 and layer.scores == "linear" and not layer.units
    (text,) = (
        group.text for group in network.summary().groups if group.first <= number <= group.last
    )
    return {
        "says": "; ".join(text),
        "heads": [
            {
                "value": _moves(head.value, layout),
                # Rows of their own, which are multiplied pairwise.
                "key": [[move.into.start, *_from(move, layout)] for move in head.key],
                "query": [[move.into.start, *_from(move, layout)] for move in head.query],
            }
            for head in layer.heads
        ],
        "linear": _moves(layer.linear, layout),
        "normalised": list(layer.normalised),
    }


def _moves(moves: RowMap, layout: Layout) -> list[list[Any]]:
    return [[_block(move.into, layout), *_from(move, layout)] for move in moves]


def _from(move: Move, layout: Layout) -> tuple[str, float]:
    return _block(move.source, layout), float(move.scale)


def _block(rows: Rows, layout: Layout) -> str:
    """The name of the block that has just these rows."""
    (name,) = (name for name in layout.names if layout[name] == rows)
    return name
