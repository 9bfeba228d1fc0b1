"""How fast is a compiled network, against the same algorithm in torch; how fast is the compiler?

Run `python benchmarks/construct.py [SECONDS]`. All are run in turn in one process, so a busy
machine slows them alike; figures are medians and their ratios.
"""

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import torch
from torch import Tensor

from eigenformer.construct import CompiledNetwork, I, compile, newton_inverse, program

BATCH, DIM, STEPS = 1024, 5, 12


@program
def newton(A, X):
    return X @ (2 * I - A @ X)


def iterate(a: Tensor, x: Tensor) -> Tensor:
    """Newton's iteration as one would write it in torch."""
    double = 2 * torch.eye(DIM, dtype=a.dtype)
    for _ in range(STEPS):
        x = x @ (double - a @ x)
    return x


def started(a: Tensor) -> Tensor:
    norm = torch.linalg.matrix_norm(a, 2)
    return iterate(a, a.mT / norm.square()[:, None, None])


def running_times(seconds: float) -> dict[str, float]:
    """Seconds for a batch of 1,024 5x5 matrices and 12 steps, and their ratios."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(BATCH, DIM, DIM, dtype=torch.float64, generator=generator)
    symmetric = a + a.mT
    x = a.mT / torch.linalg.matrix_norm(a, 2).square()[:, None, None]
    sparse, dense = newton_inverse(DIM, STEPS), newton_inverse(DIM, STEPS, dense=True)
    merged = newton_inverse(DIM, STEPS, symmetric=True)
    runs: dict[str, Callable[[], Tensor]] = {
        "torch": lambda: iterate(a, x),
        "network": lambda: sparse(a, x),
        "network, symmetric": lambda: merged(symmetric, x),
        "network, dense": lambda: dense(a, x),
        "torch, with its start": lambda: started(a),
        "network, with its start": lambda: sparse(a),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    with torch.no_grad():
        while time.perf_counter() < end or len(times["torch"]) < 5:
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values[1:]) for name, values in times.items()}
    found = {f"{name}: ms": 1e3 * value for name, value in median.items()}
    for name in ("network", "network, symmetric", "network, dense"):
        found[f"{name}: times torch"] = median[name] / median["torch"]
    own = "network, with its start"
    found[f"{own}: times torch"] = median[own] / median["torch, with its start"]
    return found


def compiled(steps: int, dense: bool = False) -> CompiledNetwork:
    shapes = {"A": (10, 10), "X": (10, 10)}
    return compile(newton, shapes, repeat=steps, feed={"X": "result"}, dense=dense)


def compile_times() -> dict[str, float]:
    """Seconds to compile Newton's iteration at d = 10."""
    found = {}
    for steps in (30, 300):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            compiled(steps)
            times.append(time.perf_counter() - start)
        found[f"compile {steps} steps: s"] = statistics.median(times)
    return found


def memory() -> dict[str, float]:
    """Megabytes that a network keeps, weights as full matrices included, by its layers."""
    found = {}
    for steps in (15, 30, 60, 120):
        tracemalloc.start()
        network = compiled(steps, dense=True)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        weights = sum(buffer.numel() * buffer.element_size() for buffer in network.buffers())
        found[f"memory of {network.depth} layers: MB"] = (held + weights) / 1e6
        found[f"weights of {network.depth} layers: MB"] = weights / 1e6
    return found


def main(seconds: float = 10.0) -> dict[str, float]:
    """Measure for about `seconds` and print; returns the figures by name."""
    figures = {**running_times(seconds), **compile_times(), **memory()}
    for name, value in figures.items():
        print(f"{name:40s} {value:.4g}")
    return figures


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*map(float, sys.argv[1:]))
