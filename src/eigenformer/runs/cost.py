"""What a run is expected to cost, before it begins."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, Protocol, runtime_checkable

import torch

from ..core import InputError, content_hash, to_json
from ..core.display import duration
from ..models import Products
from ..models.cpu import linear, one_thread
from ..training import Run, TrainConfig
from ..training.muon import fast_precision
from .experiment import Experiment
from .timing import least_seconds, timed_seconds

_ORTHOGONALISATION_STEPS = 5
_SAMPLE = 64
_PRODUCTS = 5
"""At least so many are timed."""
_ASKED_ABOVE = 3600.0
"""Seconds from which a cost is to be agreed to."""
# The share of a large product's rate that the products of a step reach. It and the next two were
# chosen on 11 models of all kinds, width 32 to 512, on one thread of an AMD EPYC with AVX-512: the
# seconds that they give a step are 0.7 to 1.6 times the processor time that was measured.
# (benchmarks/results.json has 0.77 for a width of 512 in batches of 1024.)
_UTILISATION = 0.6
_LAYER_SECONDS = 2.5e-3
"""Of a step, for each layer: what does not depend on its size, forward, backward and optimizer."""
_RECURRENT_SECONDS = 0.2e-3
"""The same for each layer of a recurrent model and each token."""
_DECODING = 0.3
"""As `_UTILISATION`, for answers token by token."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run or several take, one after the other."""

    examples: int = 0
    """Training examples."""
    flops: float = 0.0
    """Floating-point operations of matrix products, two a multiplication and addition: those of
    training and of answering the test sets. 0 for runs whose steps are timed and not counted."""
    seconds: float = 0.0
    """On this machine: an estimate, good to a factor of two or three, from a product timed now."""

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            examples=self.examples + other.examples,
            flops=self.flops + other.flops,
            seconds=self.seconds + other.seconds,
        )

    def __str__(self) -> str:
        flops = f"{self.flops:.1e} FLOPs, " if self.flops else ""
        return f"{self.examples:,} examples, {flops}about {duration(self.seconds)} on this machine"


def cost(run: Run) -> Cost:
    """Of a whole run; one that stops at a target accuracy takes less.

    The products of token models are counted; of other kinds a few steps are timed.
    """
    if isinstance(run, TrainConfig):
        return _counted(run)
    return Cost(examples=run.length, seconds=timed_seconds(run))


def _counted(config: TrainConfig) -> Cost:
    found = products(config)
    passes, muon = training_flops(config)
    answering = _answering(config)
    rate = matmul_rate(config.precision)
    each = (passes + muon / _muon_speed(config)) * config.batch_size / (_UTILISATION * rate)
    each += found.depth * _LAYER_SECONDS + found.steps * _RECURRENT_SECONDS
    return Cost(
        examples=config.examples,
        flops=config.examples * (passes + muon) + answering,
        seconds=config.steps * each + answering / (_DECODING * rate),
    )


def products(config: TrainConfig) -> Products:
    """Of one example of a run's task; what has the same key is counted once in a process."""
    batch = min(config.batch_size, _SAMPLE)
    key = content_hash([to_json(config.model), to_json(config.task), batch])
    if key not in _known:
        _known[key] = config.model.products(config.task, batch)
    return _known[key]


_known: dict[str, Products] = {}


def training_flops(config: TrainConfig) -> tuple[float, float]:
    """Operations an example: of the forward and backward passes, and of Muon's share of a step.

    A backward pass is twice a forward pass, but for products with numbers of the input. A step of
    Newton-Schulz on an m x n matrix (m <= n) is two products of 2 m^2 n and one of 2 m^3.
    """
    found = products(config)
    muon = 0.0
    if config.optimizer.kind == "muon":
        for shape in found.matrices:
            m, n = min(shape), max(shape)
            muon += _ORTHOGONALISATION_STEPS * (4.0 * m * m * n + 2.0 * m**3)
    return 3 * found.forward - found.of_data, muon / config.batch_size


def plan_cost(experiments: Iterable[Experiment]) -> Cost:
    """Of the runs given, such as `plan.experiments`, or `unfinished(plan)`."""
    return sum((cost(experiment.config) for experiment in experiments), Cost())


@runtime_checkable
class Expected(Protocol):
    """A cost, which can say itself in words."""

    @property
    def seconds(self) -> float:
        """On this machine."""


def confirm(cost: Expected, yes: bool) -> None:
    """Refuse to begin what takes more than an hour without a yes: an `InputError` that says so."""
    if cost.seconds > _ASKED_ABOVE and not yes:
        raise InputError(f"this would take {cost}; add --yes to begin all the same")


@cache
def matmul_rate(precision: Literal["float32", "bfloat16"] = "float32") -> float:
    """Floating-point operations a second of a large product here, measured once in a process.

    On a GPU if there is one. The best of repeated products for a tenth of a second, after one to
    warm up, on one thread: small models are no faster on two, and threads that wait for a busy core
    say nothing.
    """
    gpu = torch.cuda.is_available()
    # bfloat16 is for GPUs; a CPU may emulate it at a hundredth of the speed.
    dtype = torch.bfloat16 if gpu and precision == "bfloat16" else torch.float32
    # Small enough on a CPU to be done between two turns of a process that shares its core.
    size = 4096 if gpu else 384
    a = torch.ones(size, size, dtype=dtype, device="cuda" if gpu else "cpu")
    with one_thread():
        best = least_seconds(
            lambda: linear(a, a)[0, 0].item(),  # reading an entry waits for an accelerator
            time.perf_counter,
            enough=0.1,
            least=_PRODUCTS,
        )
    return 2 * size**3 / best


def _muon_speed(config: TrainConfig) -> float:
    """How much faster than in float32 Muon's products are."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    native = fast_precision(device) is torch.bfloat16
    return 2.0 if native and config.optimizer.muon_precision == "auto" else 1.0


def _answering(config: TrainConfig) -> float:
    """Operations of all evaluations."""
    times = -(-config.examples // config.evaluation.every)
    total = 0.0
    for test in config.evaluation.tests:
        ensemble = test.ensemble or config.task.ensemble
        asked = replace(config, task=replace(config.task, ensemble=ensemble))
        total += test.size * products(asked).forward
    return times * total
