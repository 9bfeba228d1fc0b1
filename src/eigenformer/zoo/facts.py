"""What lists say of the models that come along, read from their files without torch."""

import json
import math
from pathlib import Path
from typing import Any

from ..core import InputError, load_json, unknown
from ..core.places import shipped_models

FRESH = "fresh"
"""Name of the evaluation that a shipped model comes with."""


def find_shipped(name: str) -> Path:
    """The folder of the shipped model `name`."""
    shipped = shipped_models()
    if name not in shipped:
        raise unknown("shipped model", name, shipped)
    return shipped[name]


def shipped_facts() -> list[dict[str, Any]]:
    """A line of `eigenformer models list` for every shipped model."""
    return [model_facts(path) for path in shipped_models().values()]


def model_facts(path: Path) -> dict[str, Any]:
    """What an exported model answers, how large it is, how often it is right."""
    evaluations = sorted((path / "evals").glob(f"*-{FRESH}.json"))
    if not evaluations:
        raise InputError(f"{path} is not an exported model; see `eigenformer models export`")
    result, status = load_json(evaluations[-1]), load_json(path / "status.json")
    ensemble = load_json(path / "config.json")["task"]["ensemble"]
    file = path / "model.safetensors"

    def share(kind: str, tolerance: str) -> float:
        return float(result[kind][result["score"]][tolerance]["value"])

    return {
        "name": path.name,
        "problem": result["problem"],
        "dims": ensemble["dims"],
        "ensemble": ensemble["name"],
        "examples": status["earlier_examples"] + status["examples"],
        "parameters": _parameters(file),
        "megabytes": file.stat().st_size / 1e6,
        "size": in_words(file.stat().st_size),
        "accuracy_5": share("accuracy", "0.05"),
        "accuracy_2": share("accuracy", "0.02"),
        "ceiling_5": share("ceiling", "0.05"),
    }


def in_words(size: int) -> str:
    """Bytes such as 3.1 MB."""
    return f"{size / 1e6:.1f} MB" if size > 5e4 else f"{size / 1e3:.2g} kB"


def _parameters(file: Path) -> int:
    """Numbers in the weights, from the file's header: its length, then JSON."""
    with open(file, "rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
    return sum(
        math.prod(tensor["shape"])
        for name, tensor in header.items()
        if name != "__metadata__" and tensor["dtype"].startswith(("F", "BF"))
    )
