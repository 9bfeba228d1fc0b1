"""Where exported models are: known without torch, so that a page can be laid out at once."""

import os
from importlib.resources import files
from pathlib import Path

from .errors import InputError

MODEL_FOLDERS = "EIGENFORMER_MODELS"
"""Variable of the environment: folders that `eigenformer models export --to` filled."""


def add_models(folder: Path) -> None:
    """Let this process, and those that it starts, know the models in `folder`."""
    if not any(folder.glob("*/config.json")):
        raise InputError(f"{folder} has no models; `eigenformer models export --to` makes some")
    known = os.environ.get(MODEL_FOLDERS)
    os.environ[MODEL_FOLDERS] = os.pathsep.join(filter(None, (known, str(folder.resolve()))))


def models_root() -> Path:
    """The folder of the package that its models are in."""
    return Path(str(files("eigenformer"))) / "zoo" / "models"


def shipped_models() -> dict[str, Path]:
    """The models that come with the package or lie in MODEL_FOLDERS, by name.

    Each is a run folder without its state.
    """
    others = map(Path, filter(None, os.environ.get(MODEL_FOLDERS, "").split(os.pathsep)))
    configs = (path for root in (models_root(), *others) for path in root.glob("*/config.json"))
    return {path.parent.name: path.parent for path in sorted(configs)}
