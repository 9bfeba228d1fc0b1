"""Where and with what a run was made."""

import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from ..core.version import git_commit


def environment(device: torch.device, ranks: int) -> dict[str, Any]:
    """Versions, git commit and device, for `env.json`."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    return {
        "eigenformer": version("eigenformer"),
        "git": git_commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "device": device.type,
        "device_name": name or platform.machine(),
        "threads": torch.get_num_threads(),
        "processes": ranks,
    }
