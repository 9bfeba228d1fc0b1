"""The models that come with the package: where they are, and the facts about each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import InputError, load_json
from ..training import TokenFolder, TrainConfig
from .facts import FRESH, in_words

SIZES = ("2x2", "3x3", "4x4", "5x5", "8x8", "10x10", "20x20", "30x30")
"""Shapes of the matrices on which a model of any size is evaluated too."""


@dataclass(frozen=True, kw_only=True)
class ShippedModel:
    """One exported model; everything is read from its folder."""

    folder: TokenFolder
    config: TrainConfig
    parameters: int
    """Numbers in the weights."""
    size: int
    """Bytes of the file of weights."""
    precision: str
    """What its weights are rounded to: float16, or bfloat16 in older exports."""
    status: dict[str, Any]
    """How the training ended, with `training_seconds`."""
    environment: dict[str, Any]
    """Where it was trained: versions, device."""
    result: dict[str, Any]
    """The evaluation of the weights as shipped (`Result.to_dict`)."""
    by_size: dict[str, dict[str, Any]]
    """Of a model of any size: the evaluations on matrices of one shape, by the shape."""
    limits: dict[str, dict[str, Any]]
    """Accuracy at 5% where the matrices are not those it was trained on, by what is different."""

    @property
    def name(self) -> str:
        return self.folder.path.name

    @property
    def problem(self) -> str:
        return str(self.result["problem"])

    @property
    def ensemble(self) -> str:
        ensemble = self.config.task.ensemble
        return ensemble.registry.name_of(ensemble)

    @property
    def examples(self) -> int:
        """Training examples, those of the runs that it started from included."""
        return int(self.status["earlier_examples"] + self.status["examples"])

    def accuracy(self, tolerance: float) -> dict[str, Any]:
        """Share right within `tolerance`: `value`, and the 95% interval from `low` to `high`."""
        proportion: dict[str, Any] = self.result["accuracy"][self.result["score"]][f"{tolerance:g}"]
        return proportion

    def ceiling(self, tolerance: float) -> dict[str, Any]:
        """What the true answers reach after rounding to the model's tokens."""
        proportion: dict[str, Any] = self.result["ceiling"][self.result["score"]][f"{tolerance:g}"]
        return proportion

    @property
    def weight(self) -> str:
        """The size of its file of weights, in words."""
        return in_words(self.size)


def shipped_model(path: Path) -> ShippedModel:
    """The exported model in the folder `path`; `InputError` if it is something else."""
    folder = TokenFolder(path)
    evaluations = folder.evaluations(FRESH)
    if not evaluations:
        raise InputError(f"{path} is not an exported model; see `eigenformer models export`")
    weights = folder.load_model().values()
    return ShippedModel(
        folder=folder,
        config=folder.config(),
        parameters=sum(tensor.numel() for tensor in weights if tensor.is_floating_point()),
        precision=next(
            str(w.dtype).removeprefix("torch.") for w in weights if w.is_floating_point()
        ),
        size=folder.model_file.stat().st_size,
        status=folder.status(),
        environment=load_json(path / "env.json"),
        result=evaluations[max(evaluations)],
        by_size={dims: found[max(found)] for dims in SIZES if (found := folder.evaluations(dims))},
        limits=load_json(path / "limits.json"),
    )
