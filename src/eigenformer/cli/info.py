"""`eigenformer info`: what a bug report needs, and what names can be used."""

import json
import os
import platform
import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import TYPE_CHECKING

from ..core.lazy import lazy
from ..core.registry import PLUGIN_GROUP
from .parse import JsonFlag, parse

if TYPE_CHECKING:
    from torch import device as Device

PACKAGES = ("eigenformer", "torch", "numpy", "tyro", "rich", "safetensors", "jaxtyping")
OPTIONAL_PACKAGES = ("matplotlib", "scipy", "ray", "trackio", "gradio")


def main(args: list[str]) -> int:
    return parse(info, args, prog="info")


def info(as_json: JsonFlag = False) -> int:
    """Show versions, the machine, and the names that are registered.

    Args:
        as_json: print JSON, for programs.
    """
    facts = gather()
    if as_json:
        print(json.dumps(facts, indent=2))
        return 0
    margin = max(map(len, facts)) + 2
    for name, value in facts.items():
        shown = str(value) if isinstance(value, (str, int)) else ", ".join(value) or "none"
        print(
            textwrap.fill(
                shown,
                width=shutil.get_terminal_size().columns,
                initial_indent=name.ljust(margin),
                subsequent_indent=" " * margin,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return 0


def gather() -> dict[str, str | int | Sequence[str]]:
    """Every fact, by name; numbers carry their unit in the name."""
    import torch

    from .. import encodings, ensembles, models, problems
    from ..core.places import shipped_models
    from ..core.version import git_commit
    from ..runs import runs_root, stored_runs

    device = best_device()
    return {
        "versions": [f"{name} {_version(name)}" for name in PACKAGES + OPTIONAL_PACKAGES],
        "git commit": git_commit() or "none",
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        "torch threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "matmul float32 GFLOP/s": round(matmul_peak(device)),
        "ensembles": ensembles.names(),
        "problems": problems.names(),
        "encodings": encodings.names(),
        "models": models.names(),
        "run store": str(runs_root().resolve()),
        "runs": [folder.path.name for folder in stored_runs()],
        "shipped models": list(shipped_models()),
        "plugins": [f"{entry.name} ({entry.value})" for entry in entry_points(group=PLUGIN_GROUP)],
    }


def best_device() -> "Device":
    """The accelerator that torch can use here, or the CPU."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def matmul_peak(device: "Device", size: int = 1024, seconds: float = 0.3) -> float:
    """The fastest of repeated float32 products of `size` x `size` matrices, in GFLOP/s."""
    import torch

    a = torch.ones(size, size, device=device)
    best = float("inf")
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or best == float("inf"):
        start = time.perf_counter()
        # Reading one entry waits for an accelerator to finish.
        (a @ a)[0, 0].item()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


lazy(__name__)
