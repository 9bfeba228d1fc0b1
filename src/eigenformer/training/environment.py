"""Where and with what a run was made."""

import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..core.version import git_commit


def environment(device: torch.device, ranks: int) -> dict[str, Any]:
    """Versions, git commit and device, for `env.json`."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor_name()
    return {
        "eigenformer": version("eigenformer"),
        "git": git_commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "device": device.type,
        "device_name": name,
        "threads": torch.get_num_threads(),
        "processes": ranks,
    }


def processor_name() -> str:
    """What the system calls its processor; where it does not say, its architecture."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()
