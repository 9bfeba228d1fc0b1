"""Weights to start a run from: those of another run."""

from pathlib import Path

from torch import Tensor, nn

from ..core import InputError
from ..core.serialize import checksum
from .config import StartFrom
from .folder import RunFolder


def start_from(folder: RunFolder) -> StartFrom:
    """The config of starting from the best model of the run in `folder`."""
    folder.load_model()  # refused here if it is missing or damaged
    return StartFrom(path=str(folder.path.resolve()), sha256=checksum(folder.model_file))


def starting_weights(config: StartFrom, model: nn.Module) -> dict[str, Tensor]:
    """The weights, for `model`; an `InputError` if they changed or belong to another model."""
    folder = RunFolder(Path(config.path))
    if not folder.model_file.exists() or checksum(folder.model_file) != config.sha256:
        raise InputError(
            f"the model in {folder.path} is gone or has changed since this run was configured; "
            "restore it, or begin a new run from what is there"
        )
    weights = folder.load_model()
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if {name: tensor.shape for name, tensor in weights.items()} != wanted:
        raise InputError(
            f"the model in {folder.path} has other weights than the one to train; "
            "give both runs the same architecture and encodings"
        )
    return weights
