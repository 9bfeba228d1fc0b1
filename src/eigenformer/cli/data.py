"""`eigenformer data export|inspect`: typed files of problems and answers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import tyro
from rich.console import Console
from rich.table import Table

from ..core import InputError
from .parse import check_output, run_one_of

USAGE = """\
usage: eigenformer data export PROBLEM --output FILE [options]
       eigenformer data inspect FILE

Write examples to a file that `eigenformer train RECIPE --data FILE` reads: .npz (float64 matrices),
or .jsonl (a line of tokens an example). More: eigenformer data export --help
"""


def main(args: list[str]) -> int:
    commands: dict[str, Callable[..., int]] = {"export": export, "inspect": inspect}
    return run_one_of(commands, args, prog="data", usage=USAGE)


def export(
    problem: tyro.conf.Positional[str],
    output: Path,
    n: int = 10_000,
    dims: str = "5x5",
    ensemble: str = "iid-uniform",
    scale: float = 10.0,
    noise: float = 0.0,
    seed: int = 0,
    encoding: str = "P1000",
    output_encoding: str | None = None,
) -> int:
    """Draw examples and write them to a file.

    Those that the encodings cannot write are drawn again, as in training.

    Args:
        problem: name of the problem; several joined by commas for joint training.
        output: .npz for float64 matrices, .jsonl for a line of tokens an example.
        n: number of examples.
        dims: shape of the matrices, such as 5x5 or 5-15.
        ensemble: name of the ensemble.
        scale: the coefficients' range A.
        noise: noise on the input, as a fraction of the coefficients' standard deviation.
        seed: seed of the examples.
        encoding: encoding of the input, in which a .jsonl file is written.
        output_encoding: encoding of the answer, if another.
    """
    from ..runs.recipes.task import make_task
    from ..training import save_examples

    check_output(output, ".npz", ".jsonl")
    if n < 1:
        raise InputError(f"n is {n}; give the number of examples, at least 1")
    task = make_task(problem, dims, ensemble, scale, encoding, output_encoding)
    examples = replace(task, noise=noise).examples(seed, "export", 0, n)
    save_examples(output, task, examples.inputs, examples.answers)
    print(f"wrote {n:,} examples of {problem} to {output}")
    if examples.rejected:
        print(
            f"{examples.rejected:,} more could not be written in these encodings and were left out"
        )
    return 0


def inspect(file: tyro.conf.Positional[Path], show: int = 1) -> int:
    """Say what a file of examples holds, and show some.

    Args:
        file: a file that `eigenformer data export` wrote.
        show: how many examples to show.
    """
    from ..training import load_examples

    stored = load_examples(file)
    console = Console()
    table = Table(show_header=False, box=None)
    table.add_row("problem", stored.problem)
    table.add_row("examples", f"{len(stored.inputs):,}")
    for side, matrices in (("inputs", stored.inputs), ("answers", stored.answers)):
        shapes = ", ".join(
            f"{matrices.rows[index[0]]}x{matrices.columns[index[0]]}"
            for index, _ in matrices.groups()
        )
        table.add_row(side, shapes)
        table.add_row(
            "", f"coefficients from {matrices.values.min():.4g} to {matrices.values.max():.4g}"
        )
    console.print(table)
    for i in range(min(show, len(stored.inputs))):
        for side, matrices in (("input", stored.inputs), ("answer", stored.answers)):
            value = matrices.values[i, : matrices.rows[i], : matrices.columns[i]]
            console.print(f"{side} {i}:", style="bold", highlight=False)
            for row in value:
                console.print("  " + " ".join(f"{x:>10.4g}" for x in row), highlight=False)
    return 0
