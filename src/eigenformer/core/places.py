"""Where exported models are: known without torch, so that a page can be laid out at once."""

import os
from importlib.resources import files
from pathlib import Path

MODEL_FOLDERS = "EIGENFORMER_MODELS"
"""Variable of the environment: folders that `eigenformer models export --to` filled."""


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
