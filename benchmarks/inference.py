"""What does an answer cost: a shipped model, the paper's architecture, NumPy?

Run `python benchmarks/inference.py [RUN [MODEL]]`. 10,000 symmetric 3x3 matrices to eigenvalues,
from matrices to tokens of answers. All are run in turns on batches of 1,000, so a busy machine
slows them alike; then on one matrix at a time.

shipped       the shipped model eigenvalues-3x3, or MODEL, a run of its architecture: to compare at
              equal accuracy, since RUN may have been trained for less long than what is shipped
own           the paper's architecture (one position a token, written one by one) with the same
              layers and width: RUN if there is one, else random weights
paper         4/1 layers, 512 wide, P1000, the paper's architecture, random weights
numpy         numpy.linalg.eigvalsh, in batches
numpy looped  numpy.linalg.eigvalsh, matrix by matrix

Networks that write one by one are kept from ending early: each writes as many tokens as the true
answer has, <eos> included.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from eigenformer import encodings, ensembles, evaluate, load, problems, rng
from eigenformer.encodings import EOS, Task
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import StackConfig, TransformerConfig, tune_cpu

SHIPPED = "eigenvalues-3x3"
MATRICES, BATCH, SINGLE, WARM_UP = 10_000, 1_000, 100, 5


def endless(solver: TrainedSolver) -> TrainedSolver:
    """`solver`, made to write until it is stopped."""
    with torch.no_grad():
        solver.model.get_parameter("output_bias")[EOS] = -1e9
    return solver


def untrained(task: Task, encoder: StackConfig, decoder: StackConfig) -> TrainedSolver:
    """The paper's architecture with random weights."""
    config = TransformerConfig(encoder=encoder, decoder=decoder)
    return TrainedSolver(config.build(task.encoder, task.decoder, seed=0).eval(), task)


def paper_task() -> Task:
    """3x3 eigenvalues in P1000."""
    p1000 = encodings.get("P1000")
    return Task(
        problem=problems.get("eigenvalues"),
        ensemble=ensembles.get("iid-uniform", dims="3x3"),
        encoder=p1000,
        decoder=p1000,
    )


def check_length(solver: TrainedSolver, inputs: Matrices) -> None:
    """Each answer has the true one's tokens and one in place of its <eos>."""
    length = solver.task.decoder.length(3, 1) + 1
    tokens = solver.tokens(inputs)
    assert tokens.shape == (len(inputs), length)
    assert not (tokens == EOS).any()


def looped(values: np.ndarray) -> None:
    for matrix in values:
        np.linalg.eigvalsh(matrix)


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of this process's CPU time and of wall time."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(runs: dict[str, Callable[[Matrices], object]], inputs: Matrices) -> dict[str, float]:
    """For each of `runs` the seconds for all `inputs`, and the median ones of one matrix."""
    batches = [inputs[slice(start, start + BATCH)] for start in range(0, len(inputs), BATCH)]
    totals = {name: np.zeros(2) for name in runs}
    for run in runs.values():
        run(batches[0])
    for batch in batches:
        for name, run in runs.items():
            totals[name] += timed(lambda run=run, batch=batch: run(batch))
    singles: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(WARM_UP + SINGLE):
        one = inputs[slice(i, i + 1)]
        for name, run in runs.items():
            singles[name].append(timed(lambda run=run, one=one: run(one))[1])
    figures = {}
    for name in runs:
        key = name.replace(" ", "_")
        figures[f"{key}_cpu_s"], figures[f"{key}_wall_s"] = map(float, totals[name])
        figures[f"{key}_one_matrix_ms"] = 1e3 * statistics.median(singles[name][WARM_UP:])
    return figures


def main(trained: str | None = None, model: str = SHIPPED) -> dict[str, float]:
    """Measure and print; returns the figures by name. `trained` is a run for `own`."""
    tune_cpu()
    console = Console()
    shipped = load(model)
    config = shipped.model.config
    own = load(trained) if trained else untrained(shipped.task, config.encoder, config.decoder)
    figures: dict[str, float] = {}
    if trained:
        stacks = config.encoder, config.decoder
        for name, solver in (("shipped", shipped), ("own", own)):
            if (solver.model.config.encoder, solver.model.config.decoder) != stacks:
                sys.exit(f"{name} has other layers or widths than the one that it is compared with")
            result = evaluate(solver, solver.problem, shipped.task.ensemble, MATRICES, seed=1)
            right = result.accuracy["l1"][0.05]
            figures[f"{name}_accuracy"], (low, high) = right.value, right.interval
            console.print(
                f"{name}: {100 * right.value:.1f}% right within 5% "
                f"({100 * low:.1f} to {100 * high:.1f}), {MATRICES:,} matrices"
            )
    wide = StackConfig(layers=4, width=512, heads=8), StackConfig(layers=1, width=512, heads=8)
    networks = {"own": endless(own), "paper": endless(untrained(paper_task(), *wide))}
    inputs = shipped.problem.draw(rng(0, "inference"), MATRICES, shipped.task.ensemble)
    for solver in networks.values():
        check_length(solver, inputs[slice(0, BATCH)])
    runs: dict[str, Callable[[Matrices], object]] = {
        "shipped": shipped.tokens,
        **{name: solver.tokens for name, solver in networks.items()},
        "numpy": lambda batch: np.linalg.eigvalsh(batch.values),
        "numpy looped": lambda batch: looped(batch.values),
    }
    figures |= measure(runs, inputs)
    table = Table(
        title=f"{MATRICES:,} eigenvalue problems of 3x3, {torch.get_num_threads()} thread(s)",
    )
    table.add_column("")
    for heading in ("CPU, s", "wall, s", "CPU, times shipped", "one matrix, ms"):
        table.add_column(heading, justify="right")
    for name in runs:
        key = name.replace(" ", "_")
        ratio = figures[f"{key}_cpu_s"] / figures["shipped_cpu_s"]
        figures[f"{key}_over_shipped"] = ratio
        table.add_row(
            name,
            f"{figures[f'{key}_cpu_s']:.3g}",
            f"{figures[f'{key}_wall_s']:.3g}",
            f"{ratio:.3g}",
            f"{figures[f'{key}_one_matrix_ms']:.3g}",
        )
    console.print(table)
    weights = "trained" if trained else "random"
    console.print(f"own: {weights} weights, layers and width of {SHIPPED}; batches of {BATCH:,}")
    return figures


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
