"""How many examples a second does one core make, tokens included, for every problem and encoding?

Run `python benchmarks/data.py`. Examples of 5x5 matrices (4x4 for the SVD) in batches of 256,
against a generator of the usual kind that makes them one at a time: draw a matrix, call LAPACK,
write each coefficient with Python's string formatting, look the words up. The figures are the best
of several short runs, taken in turn, so that a busy machine hits all alike.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core; before NumPy starts its threads

import math
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from eigenformer import encodings, ensembles, problems
from eigenformer.encodings import Encoding, Task
from eigenformer.models import tune_cpu

BATCH, ROUNDS, SECONDS = 256, 8, 0.03
ENCODINGS = ("P10", "P1000", "B1999", "FP15")
REFERENCE = ("eigenvalues", "P1000")


def _eigenvectors(m: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(m)
    return np.vstack([values[::-1], vectors[:, ::-1]])


def _svd(m: np.ndarray) -> np.ndarray:
    left, values, right = np.linalg.svd(m)
    return np.vstack([values, left, right.T])


# Operands (two matrices, or a matrix and a vector, are drawn as one), and the answer to them.
ANSWERS: dict[str, tuple[int, bool, Callable[[np.ndarray], np.ndarray]]] = {
    "transpose": (5, False, lambda m: m.T),
    "add": (10, False, lambda m: m[:, :5] + m[:, 5:]),
    "matvec": (6, False, lambda m: m[:, :5].T @ m[:, 5:]),
    "matmul": (10, False, lambda m: m[:, :5].T @ m[:, 5:]),
    "eigenvalues": (5, True, lambda m: np.linalg.eigvalsh(m)[::-1, None]),
    "eigenvectors": (5, True, _eigenvectors),
    "singular_values": (5, False, lambda m: np.linalg.svd(m, compute_uv=False)[:, None]),
    "svd": (4, False, _svd),
    "inverse": (5, False, np.linalg.inv),
    "symmetric_inverse": (5, True, np.linalg.inv),
}


def _words(value: float, encoding: str) -> list[str]:
    """A coefficient in words, by Python's own formatting."""
    number, power = f"{abs(value):.2e}".split("e")
    mantissa, exponent = number.replace(".", ""), int(power) - 2
    if value == 0:
        mantissa, exponent = "0", 0
    sign = "-" if value < 0 else "+"
    if encoding == "FP15":
        if mantissa != "0" and exponent < -9:
            mantissa, exponent = str(math.floor(abs(value) * 1e9 + 0.5)), -9
        return [f"FP{'-' if value < 0 else ''}{mantissa}/{exponent}"]
    if encoding == "B1999":
        return [f"{'-' if value < 0 else ''}{mantissa}", f"E{exponent}"]
    if encoding == "P10":
        return [sign, *mantissa.rjust(3, "0"), f"E{exponent}"]
    return [sign, mantissa, f"E{exponent}"]


def one_at_a_time(problem: str, encoding: str) -> Callable[[], object]:
    """A function that makes one example the plain way."""
    columns, symmetric, answer = ANSWERS[problem]
    rows = min(columns, 5)
    generator = np.random.default_rng(0)
    index = {word: i for i, word in enumerate(encodings.get(encoding).vocabulary)}

    def ids(matrix: np.ndarray) -> list[int]:
        words = [f"V{matrix.shape[0]}", f"V{matrix.shape[1]}"]
        for row in matrix:
            for value in row:
                words += _words(value, encoding)
        # A few tiny or huge values have no word in FP15; whoever trained with it would redraw.
        return [index.get(word, 1) for word in words]

    def example() -> object:
        matrix = generator.uniform(-10, 10, (rows, columns))
        if symmetric:
            matrix = np.tril(matrix) + np.tril(matrix, -1).T
        return ids(matrix), [*ids(answer(matrix)), 0]

    return example


def in_batches(problem: str, encoding: Encoding) -> Callable[[], object]:
    """A function that makes one batch."""
    dims = "4x4" if problem == "svd" else "5x5"
    task = Task(
        problem=problems.get(problem),
        ensemble=ensembles.get("iid-uniform", dims=dims, scale=10.0),
        encoder=encoding,
        decoder=encoding,
    )
    done = 0

    def batch() -> object:
        nonlocal done
        done += 1
        return task.examples(0, "benchmark", done, BATCH)

    return batch


def rate(run: Callable[[], object]) -> float:
    """Calls a second, over a short run."""
    calls, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < SECONDS:
        run()
        calls += 1
    return calls / passed


def main() -> dict[str, float]:
    """Measure and print; returns the figures by name.

    For each problem and encoding `{problem}_{encoding}_per_s`, its ratio to 5x5 eigenvalues in
    P1000 (`..._over_reference`), and its ratio to the plain generator (`..._over_plain`).
    """
    tune_cpu()  # as training does
    cases = [(problem, encoding) for problem in ANSWERS for encoding in ENCODINGS]
    fast = {case: in_batches(case[0], encodings.get(case[1])) for case in cases}
    plain = {case: one_at_a_time(*case) for case in cases}
    per_second = dict.fromkeys(cases, 0.0)
    plain_per_second = dict.fromkeys(cases, 0.0)
    for _ in range(ROUNDS):
        for case in cases:
            per_second[case] = max(per_second[case], BATCH * rate(fast[case]))
            plain_per_second[case] = max(plain_per_second[case], rate(plain[case]))
    figures: dict[str, float] = {}
    table = Table(title=f"Examples a second on one core; ratio to {' in '.join(REFERENCE)}")
    table.add_column("problem")
    for encoding in ENCODINGS:
        for heading in (encoding, "ratio", "plain"):
            table.add_column(heading, justify="right", style=None if heading == encoding else "dim")
    for problem in ANSWERS:
        row = [problem]
        for encoding in ENCODINGS:
            case = problem, encoding
            ratio = per_second[case] / per_second[REFERENCE]
            name = f"{problem}_{encoding}"
            figures[f"{name}_per_s"] = per_second[case]
            figures[f"{name}_over_reference"] = ratio
            figures[f"{name}_over_plain"] = per_second[case] / plain_per_second[case]
            row += [f"{per_second[case]:,.0f}", f"{ratio:.2f}", f"{plain_per_second[case]:,.0f}"]
        table.add_row(*row)
    Console(width=132).print(table)
    return figures


if __name__ == "__main__":
    main()
