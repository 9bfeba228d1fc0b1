"""`eigenformer bench training`: how much of this machine a training run uses."""

import time
from dataclasses import replace
from typing import Literal

import torch
from rich.console import Console

from ..core import InputError
from ..models import tune_cpu
from ..models.cpu import linear
from ..runs.cost import training_flops
from ..runs.recipes import fast
from ..training import TrainConfig, Trainer
from ..training.distributed import pick_device
from .answers import json_lines
from .parse import JsonFlag, parse

_WARM = 5
_PEAK_SIZE = {"cpu": 2048, "cuda": 8192}


def main(args: list[str]) -> int:
    return parse(training, args, prog="bench training")


def training(
    problem: str = "eigenvalues",
    dims: str = "5x5",
    layers: tuple[int, int] = (4, 1),
    width: int = 512,
    batch_size: int = 1024,
    steps: int = 50,
    precision: Literal["float32", "bfloat16"] = "float32",
    compile: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    workers: int = 1,
    as_json: JsonFlag = False,
) -> int:
    """Time training steps of `fast`, data included, against a large matrix product of the same run.

    Utilisation is the share of the product's rate in that precision that the products of a whole
    step reach, forward, backward and optimizer.

    Args:
        problem: name of the problem.
        dims: shape of the matrices.
        layers: layers of the encoder and of the decoder.
        width: width of both.
        batch_size: examples a step.
        steps: steps to time, after a few to warm up.
        precision: bfloat16 for autocast, as in training.
        compile: run the model through torch.compile.
        device: auto takes a CUDA device if there is one.
        workers: background processes that make batches ahead.
        as_json: print the figures as JSON.
    """
    if steps < 1:
        raise InputError(f"steps is {steps}; give the number of steps to time, at least 1")
    config = replace(
        fast(
            problem,
            dims,
            layers=layers,
            width=width,
            batch_size=batch_size,
            examples=batch_size * (_WARM + steps),
        ),
        precision=precision,
        compile=compile,
    )
    where = pick_device(device)
    tune_cpu()
    seconds = _seconds(config, where, workers)
    flops = sum(training_flops(config))
    peak = _peak(where, torch.bfloat16 if precision == "bfloat16" else torch.float32)
    rate = batch_size * steps / seconds
    figures = {
        "examples_per_second": rate,
        "tflop_per_second": rate * flops / 1e12,
        "peak_tflop_per_second": peak / 1e12,
        "utilisation": rate * flops / peak,
    }
    if as_json:
        print(json_lines([figures]))
        return 0
    Console().print(
        f"{rate:,.0f} examples a second, {figures['tflop_per_second']:.3g} TFLOP/s: "
        f"{100 * figures['utilisation']:.0f}% of a large {precision} product's "
        f"{figures['peak_tflop_per_second']:.3g} on {where.type}",
        highlight=False,
    )
    return 0


def _seconds(config: TrainConfig, device: torch.device, workers: int) -> float:
    """Seconds of the steps after the first `_WARM`, batches made as in training."""
    trainer = Trainer(config, device)
    stream = trainer.batches(workers)
    begun = 0.0
    for step in range(config.steps):
        if step == _WARM:
            _wait(device)
            begun = time.perf_counter()
        trainer.step(next(stream))
    _wait(device)
    return time.perf_counter() - begun


def _peak(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of a large square product: the best of several."""
    size = _PEAK_SIZE[device.type]
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        _wait(device)
        begun = time.perf_counter()
        linear(a, b)
        _wait(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
