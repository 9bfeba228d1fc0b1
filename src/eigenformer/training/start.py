"""Weights to start a run from: those of another run."""

from pathlib import Path

from torch import nn

from ..core import InputError
from ..core.serialize import checksum
from ..models.weights import put_weights
from .config import StartFrom
from .folder import RunFolder


def start_from(folder: RunFolder) -> StartFrom:
    """The config of starting from the best model of the run in `folder`."""
    folder.load_model()  # refused here if it is missing or damaged
    return StartFrom(path=str(folder.path.resolve()), sha256=checksum(folder.model_file))


def begin(model: nn.Module, config: StartFrom) -> None:
    """Give `model` the weights; an `InputError` if they changed or belong to another model."""
    folder = RunFolder(Path(config.path))
    if not folder.model_file.exists() or checksum(folder.model_file) != config.sha256:
        raise InputError(
            f"the model in {folder.path} is gone or has changed since this run was configured; "
            "restore it, or begin a new run from what is there"
        )
    misfit = (
        f"the model in {folder.path} has other weights than the one to train; "
        "give both runs the same architecture and encodings"
    )
    put_weights(model, folder.load_model(), misfit)
