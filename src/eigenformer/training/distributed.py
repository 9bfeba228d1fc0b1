"""One process, or several started by torchrun that average their gradients."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed as dist
from torch import nn

from ..core import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranks:
    """This process among those that train one model together."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def agree(self, value: bool) -> bool:
        """The first rank's value, on every rank."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return bool(box[0])

    def any(self, value: bool) -> bool:
        """Whether the value is true on some rank."""
        if self.size == 1:
            return value
        found: list[bool] = [False] * self.size
        dist.all_gather_object(found, value)
        return any(found)

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """`model` with gradients averaged over the ranks."""
        if self.size == 1:
            return model
        ids = [device.index] if device.type == "cuda" else None
        # A model with a curriculum leaves weights out at first.
        return nn.parallel.DistributedDataParallel(
            model, device_ids=ids, find_unused_parameters=True
        )


def _launched(name: str, least: int) -> int:
    """A number that a launcher such as torchrun sets; `least` where it is not set."""
    text = os.environ.get(name)
    if text is None:
        return least
    if not text.isdecimal() or int(text) < least:
        raise InputError(
            f"{name} is {text!r} in the environment, where torchrun sets a number; unset it"
        )
    return int(text)


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The ranks that torchrun started, or just this process."""
    if _launched("WORLD_SIZE", 1) == 1:
        yield Ranks()
        return
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        if not os.environ.get(name):
            raise InputError(
                f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, but {name} is not set; start with "
                "torchrun, or unset WORLD_SIZE"
            )
    _launched("RANK", 0)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(rank=dist.get_rank(), size=dist.get_world_size())
        # A rank that leaves while another still talks to it makes that one abort.
        dist.barrier()
    finally:
        gc.collect()  # the wrapped model is in a cycle, and holds the group's threads
        dist.destroy_process_group()


def pick_device(name: str) -> torch.device:
    """The device called `name`: "auto" takes this process's GPU if there is one, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda"):
        raise InputError(f"unknown device {name!r}: give auto, cpu or cuda")
    if name == "cuda":
        if not torch.cuda.is_available():
            raise InputError("no CUDA device is available here; use --device cpu")
        index = _launched("LOCAL_RANK", 0)
        torch.cuda.set_device(index)
        return torch.device("cuda", index)
    return torch.device("cpu")
