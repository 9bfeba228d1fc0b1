"""`eigenformer solve PROBLEM FILE`: a model's answer beside NumPy's, with a certificate."""

from pathlib import Path

import numpy as np
import tyro
from rich.console import Console

from ..core import InputError
from .answers import MANY, json_lines, show, write
from .parse import JsonFlag, check_output, parse


def main(args: list[str]) -> int:
    return parse(solve, args, prog="solve")


def solve(
    problem: tyro.conf.Positional[str],
    source: tyro.conf.Positional[str | None] = None,
    input: str | None = None,
    matrix: str | None = None,
    model: str | None = None,
    polish: bool = False,
    rescale: bool = True,
    output: Path | None = None,
    as_json: JsonFlag = False,
) -> int:
    """Answer one matrix or many, beside NumPy's answer, with what can be checked without it.

    The operands of add, matvec and matmul stand side by side in one matrix. Exits with 0 if every
    matrix got a well-formed answer, with 1 otherwise.

    Args:
        problem: eigenvalues, inverse, add, ... (`eigenformer info` lists them).
        source: a file, - for standard input, or the matrix itself: what --input or --matrix takes.
        input: a file (.csv, .tsv, .npy, .npz, .mtx, .mat, .json, text), or - for standard input.
        matrix: a matrix, written out: '2 1; 1 3', or as NumPy, MATLAB or LaTeX write it.
        model: a run, a shipped model, or numpy; without it the most accurate one for the size.
        rescale: ask for a multiple of the matrix, of the size that the model was trained on.
        polish: refine the answers by a constructed network, to rounding, and show every residual:
            inverses, eigenvalues and -vectors, SVD, least squares, logistic regression.
        output: write the answers to this .npy or .json file too.
        as_json: print JSON instead of text.
    """
    from .. import construct, problems
    from ..evaluation import Solver, TrainedSolver, beside_lapack, parse_batches, read_batches
    from ..evaluation.read import names_a_file
    from ..zoo import default_model, named_solver

    asked = problems.get(problem)
    problem = asked.name  # of several spellings
    if asked.tasks:
        raise InputError(
            f"{problem} stands for several problems; name one, such as {asked.tasks[0]}"
        )
    check_output(output, ".npy", ".json")
    if sum(given is not None for given in (source, input, matrix)) != 1:
        raise InputError(
            "give one file or matrix: a name, --input with a file, or --matrix with numbers: "
            "'2 1; 1 3'"
        )
    if source is not None:
        input, matrix = (source, None) if names_a_file(source) else (None, source)
    batches = read_batches(input, asked) if input else parse_batches(str(matrix), asked)
    if len(batches) > 1 and output is not None and output.suffix == ".npy":
        raise InputError(f"{output}: matrices of several shapes do not fit one array; use .json")
    shape = batches[0].shape[1:]
    solver: Solver = named_solver(model, problem) if model else default_model(problem, *shape)
    solver = solver.rescaling(rescale)
    if polish:
        solver = construct.polish(solver)
    by_shape = [beside_lapack(solver, batch) for batch in batches]
    answers = [answer for batch in by_shape for answer in batch]
    entries = [answer.to_dict() for answer in answers]
    if as_json:
        print(json_lines(entries))
    else:
        for batch in by_shape:
            show(batch, Console())
        if isinstance(solver, TrainedSolver) and not any(answer.valid for answer in answers):
            print(_instead(problem, *shape))
    # Last, so that a full disk does not cost the answer.
    write(output, entries, np.stack([answer.value for answer in by_shape[0]]))
    if output is not None and not as_json:
        print(f"wrote {output}")
    elif len(answers) > MANY and not as_json:
        print("--output FILE (.npy or .json) keeps the answers")
    return 0 if all(answer.valid for answer in answers) else 1


def _instead(problem: str, rows: int, columns: int) -> str:
    """Who answers where a model that was named cannot."""
    from ..zoo import default_model

    try:
        name = default_model(problem, rows, columns).name
    except InputError as error:
        return str(error)
    return f"for {rows}x{columns} there are --model {name} and --model numpy"
