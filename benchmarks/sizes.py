"""How fast do networks of any size answer, beside NumPy and PyTorch?

Run `eigenformer bench inference`. CPU time a matrix, one thread, 5x5 to 50x50, in a batch of 4,096
(fewer of large ones) and one at a time, as a multiple of numpy.linalg's for the same matrices of
U[-10, 10]; torch.linalg beside it. The network stops at a residual of 1%: what it reaches, right
within 1%, is printed with it. `float32` is the network in float32 against float32 LAPACK; the
median of rounds in which all take turns.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

import eigenformer as ef
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import NumericModel

SIZES = (5, 10, 20, 50)
BATCH, LEAST = 4096, 128
ROUNDS = 5
PROBLEMS = {
    "inverse": (np.linalg.inv, torch.linalg.inv, ["tolerance=0.01"]),
    "eigenvectors": (np.linalg.eigh, torch.linalg.eigh, ["tolerance=0.008"]),
    "svd": (np.linalg.svd, torch.linalg.svd, ["polar.tolerance=0.005", "frames.tolerance=0.008"]),
}
"""NumPy's answer, PyTorch's, and the settings of a network that is to be right within 1%."""


def model(problem: str, settings: list[str]) -> TrainedSolver:
    return ef.load(f"{problem}-any", settings=[*settings, "precision=float32"])


def matrices(problem: str, n: int, count: int) -> np.ndarray:
    values = np.random.default_rng(n).uniform(-10, 10, (count, n, n))
    return (values + values.transpose(0, 2, 1)) / 2 if problem == "eigenvectors" else values


def turns(runs: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median CPU seconds of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            begun = time.process_time()
            run()
            times[name].append(time.process_time() - begun)
    return {name: float(np.median(values)) for name, values in times.items()}


def measure(problem: str, n: int) -> dict[str, float]:
    """The figures of a problem at a size."""
    lapack, torched, settings = PROBLEMS[problem]
    solver = model(problem, settings)
    network = solver.model
    assert isinstance(network, NumericModel)
    count = max(LEAST, min(BATCH, 4_000_000 // n**3 // 8 * 8))
    values = matrices(problem, n, count)
    single, few = torch.from_numpy(values).float(), range(min(count, 200))
    with torch.no_grad():
        batch = turns(
            {
                "numpy": lambda: lapack(values),
                "network": lambda: network.solve(single),
                "torch": lambda: torched(single),
            }
        )
        one = turns(
            {
                "numpy": lambda: [lapack(values[i]) for i in few],
                "network": lambda: [network.solve(single[i : i + 1]) for i in few],
                "torch": lambda: [torched(single[i]) for i in few],
            },
            rounds=3,
        )
    ensemble = replace(solver.task.ensemble, dims=f"{n}x{n}")
    result = ef.evaluate(solver, solver.problem, ensemble, n=count)
    return {
        "numpy_us": 1e6 * batch["numpy"] / count,
        "network_over_numpy": batch["network"] / batch["numpy"],
        "torch_over_numpy": batch["torch"] / batch["numpy"],
        "one_network_over_numpy": one["network"] / one["numpy"],
        "one_torch_over_numpy": one["torch"] / one["numpy"],
        "within_1": 100 * result.at(0.01),
    }


def main() -> dict[str, float]:
    figures: dict[str, float] = {}
    print(
        "                     numpy    in a batch, times numpy    one by one, times numpy   right"
    )
    print("problem       size      us        network      torch        network      torch   in 1%")
    for problem in PROBLEMS:
        for n in SIZES:
            found = measure(problem, n)
            figures |= {f"{problem}_{n}_{name}": value for name, value in found.items()}
            a, b, c, d, e, f = found.values()
            print(f"{problem:12} {n:5} {a:8.1f} {b:14.2f} {c:10.2f} {d:14.1f} {e:10.2f} {f:7.1f}")
    return figures


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
