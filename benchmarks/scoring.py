"""What does scoring predictions cost, against decoding them?

Run `python benchmarks/scoring.py`. Decoding: greedy, 2/1 layers of width 128 with random weights,
3x3 eigenvalues and inverses in P1000, 2,000 matrices, made to write as many tokens as an answer
has. Scoring: all that `evaluate` does with 10,000 predictions, the rounding ceiling included. The
predictions scored are the true answers with errors of a percent or so, as a random network's are
malformed and quicker to score. Both are scaled to one prediction.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from eigenformer import encodings, ensembles, problems, rng
from eigenformer.encodings import Task, draw_pairs, with_eos
from eigenformer.evaluation import TOLERANCES, TrainedSolver
from eigenformer.evaluation.evaluate import score_predictions
from eigenformer.models import StackConfig, TransformerConfig, tune_cpu

DECODED, SCORED = 2_000, 10_000


def solver_of(problem: str) -> TrainedSolver:
    """A network with random weights that never ends its answer."""
    encoding = encodings.get("P1000")
    config = TransformerConfig(
        encoder=StackConfig(layers=2, width=128, heads=4),
        decoder=StackConfig(layers=1, width=128, heads=4),
        norm="pre",
        sum_coefficients=True,
    )
    model = config.build(encoding, encoding, seed=0).eval()
    with torch.no_grad():
        model.get_parameter("output_bias")[encodings.EOS] = -1e9
    task = Task(
        problem=problems.get(problem),
        ensemble=ensembles.get("iid-uniform", dims="3x3"),
        encoder=encoding,
        decoder=encoding,
    )
    return TrainedSolver(model, task)


def seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """The median time of `run`, after a first that doesn't count."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(problem: str) -> dict[str, float]:
    """Microseconds a prediction to decode and to score, and their ratio."""
    solver = solver_of(problem)
    task = solver.task
    inputs, answers = draw_pairs(task.problem, task.ensemble, rng(0, "scoring"), SCORED)
    relative = 0.01 * rng(1, "scoring").standard_normal(answers.values.shape)
    guesses = answers.map(lambda values: values * (1 + relative))
    tokens = with_eos(task.decoder.encode(guesses))

    def score() -> object:
        written = solver.written(inputs, answers)
        predictions = solver.read(tokens, inputs)
        return score_predictions(task.problem, written, answers, predictions, TOLERANCES, "l1")

    asked = inputs[np.arange(DECODED)]
    decoding = seconds(lambda: solver.tokens(asked)) / DECODED
    scoring = seconds(score) / SCORED
    return {
        f"{problem}_decode_us": 1e6 * decoding,
        f"{problem}_score_us": 1e6 * scoring,
        f"{problem}_score_over_decode": scoring / decoding,
    }


def main() -> dict[str, float]:
    """Measure and print; returns the figures by name."""
    tune_cpu()
    figures: dict[str, float] = {}
    table = Table("3x3, P1000", "decoding, µs", "scoring, µs", "share", title="One prediction")
    for problem in ("eigenvalues", "inverse"):
        found = measure(problem)
        decoding, scoring, share = found.values()
        table.add_row(problem, f"{decoding:.0f}", f"{scoring:.2f}", f"{100 * share:.2f}%")
        figures.update(found)
    Console().print(table)
    return figures


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
