"""Do answers to matrices that no training drew come with a caution where they are wrong?

python benchmarks/run.py trust [MATRICES] [MODEL ...]

Matrices of twelve kinds, sizes 2 to 5, to every shipped model that takes them, and for every
problem that it answers, through `solve`. Silent is an answer that is off by more than 5% and has
neither a caution nor a shown chance of at most a half. What the problem refuses is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.linalg import hadamard

from eigenformer import rng
from eigenformer.app.chance import chance_of
from eigenformer.core import InputError
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import Answer, TrainedSolver, beside_lapack, takes
from eigenformer.problems import Problem
from eigenformer.zoo import load, shipped_models

MATRICES = 10_000
"""A model and problem."""
SIZES = (2, 3, 4, 5)
WRONG = 0.05
OWN = 500

Kind = Callable[[np.random.Generator, int], np.ndarray]
"""From a stream and n to a symmetric n x n matrix."""


def correlation(stream: np.random.Generator, n: int) -> np.ndarray:
    rows = stream.standard_normal((n, n + int(stream.integers(0, 10))))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    return np.asarray(rows @ rows.T)


def hilbert(stream: np.random.Generator, n: int) -> np.ndarray:
    i = np.arange(n)
    return np.asarray(1.0 / (i[:, None] + i + 1 + stream.integers(0, 5)))


def lehmer(stream: np.random.Generator, n: int) -> np.ndarray:
    i = np.arange(1, n + 1) + stream.integers(0, 3)
    return np.asarray(np.minimum(i[:, None], i) / np.maximum(i[:, None], i))


def pascal(stream: np.random.Generator, n: int) -> np.ndarray:
    out = np.ones((n, n))
    for i in range(1, n):
        out[i] = np.cumsum(out[i - 1])
    return out


def laplacian(stream: np.random.Generator, n: int) -> np.ndarray:
    edges = np.triu(stream.random((n, n)) < stream.uniform(0.3, 1), 1)
    weights = edges * (stream.integers(1, 4, (n, n)) if stream.random() < 0.5 else 1.0)
    weights = weights + weights.T
    return np.asarray(np.diag(weights.sum(axis=1)) - weights)


def signs(stream: np.random.Generator, n: int) -> np.ndarray:
    """Hadamard's where there is one, else of random signs."""
    if n in (2, 4):
        return np.asarray(hadamard(n), float)
    return _mirrored(stream.choice([-1.0, 1.0], (n, n)))


def integers(stream: np.random.Generator, n: int) -> np.ndarray:
    return _mirrored(stream.integers(-2, 3, (n, n)).astype(float))


def diagonal(stream: np.random.Generator, n: int) -> np.ndarray:
    few = stream.integers(-9, 10, n).astype(float)
    return np.diag(few if stream.random() < 0.5 else stream.uniform(-10, 10, n))


def permutation(stream: np.random.Generator, n: int) -> np.ndarray:
    """An involution, which is symmetric."""
    order = stream.permutation(n)
    out = np.eye(n)
    for a, b in zip(order[::2], order[1::2], strict=False):
        if stream.random() < 0.7:
            out[[a, b]] = out[[b, a]]
    return out


def rank_one(stream: np.random.Generator, n: int) -> np.ndarray:
    u = stream.standard_normal(n) if stream.random() < 0.5 else stream.integers(1, 6, n)
    return np.outer(u, u).astype(float)


def graded(stream: np.random.Generator, n: int) -> np.ndarray:
    scale = 10.0 ** -np.arange(n)
    return np.asarray(scale[:, None] * _mirrored(stream.uniform(-10, 10, (n, n))) * scale)


def scaled(stream: np.random.Generator, n: int) -> np.ndarray:
    return _mirrored(stream.uniform(-10, 10, (n, n)) * 10.0 ** stream.uniform(-6, 6))


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        *(correlation, hilbert, lehmer, pascal, laplacian, signs, integers),
        *(diagonal, permutation, rank_one, graded, scaled),
    )
}


def _mirrored(a: np.ndarray) -> np.ndarray:
    return np.asarray(np.tril(a) + np.tril(a, -1).T)


def drawn(kind: str, n: int, count: int, problem: Problem, columns: int) -> np.ndarray:
    """`count` inputs to a problem, of `columns` columns, of n x n matrices of a kind.

    Order and signs of rows and columns are random (of both alike for symmetric ones); half of the
    matrices are multiplied by 2, 5, 10 or 100. Columns beyond n are those of others of the kind.
    """
    stream = rng(n, f"trust {kind}")

    def one() -> np.ndarray:
        a = KINDS[kind](stream, n)
        flips = stream.choice([-1.0, 1.0], (2, n))
        orders = [stream.permutation(n) for _ in range(2)]
        if problem.needs_symmetric:
            flips[1], orders[1] = flips[0], orders[0]
        factor = stream.choice([2.0, 5.0, 10.0, 100.0]) if stream.random() < 0.5 else 1.0
        return np.asarray(factor * flips[0][:, None] * a[orders[0]][:, orders[1]] * flips[1])

    return np.stack(
        [
            np.concatenate([one() for _ in range(-(-columns // n))], 1)[:, :columns]
            for _ in range(count)
        ]
    )


@dataclass
class Counted:
    """Answers of a model: in all, wrong, silent, right with a caution; those to its own kind."""

    answers: int = 0
    wrong: int = 0
    silent: int = 0
    right: int = 0
    right_cautioned: int = 0
    own: int = 0
    """Matrices of the model's own training, and those with a caution."""
    own_cautioned: int = 0

    def add(self, other: "Counted") -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def share(self) -> float:
        """Of the wrong answers, those that are silent."""
        return self.silent / max(self.wrong, 1)


def solvers(names: tuple[str, ...] = ()) -> Iterator[TrainedSolver]:
    """Every shipped model as the solver of each problem that it answers."""
    for name in names or shipped_models():
        solver = load(name)
        for problem in dict.fromkeys((solver.problem.name, *solver.model.config.serves)):
            yield solver.only(problem)


def counted(solver: TrainedSolver, kind: str, n: int, count: int) -> Counted:
    problem = solver.problem
    inputs = drawn(kind, n, count, problem, problem.input_shape(n, n)[1])
    inputs = inputs[[_admitted(problem, matrix) for matrix in inputs]]
    if not len(inputs):
        return Counted()
    out = Counted()
    for answer in beside_lapack(solver, inputs):
        if not answer.valid:
            continue
        out.answers += 1
        if answer.error < WRONG:
            out.right += 1
            out.right_cautioned += bool(answer.cautions)
        else:
            out.wrong += 1
            out.silent += not answer.cautions and _shown(answer) > 0.5
    return out


def _of_training(solver: TrainedSolver) -> Counted:
    """Cautions of answers to matrices that its training would draw."""
    problem = solver.problem
    inputs = problem.draw(rng(0, "trust training"), OWN, solver.task.ensemble)
    out = Counted()
    for _, matrices in inputs.groups():
        cautions = solver.solve(matrices).cautions
        out.own += len(cautions)
        out.own_cautioned += sum(map(bool, cautions))
    return out


def _admitted(problem: Problem, matrix: np.ndarray) -> bool:
    try:
        problem.check(Matrices.of(matrix[None]))
    except InputError:
        return False
    return True


def _shown(answer: Answer) -> float:
    """The chance of being right that the playground shows; 1 where it says unknown."""
    right = chance_of(answer).right
    return 1.0 if right is None else right.value


def taken(solver: TrainedSolver) -> tuple[int, ...]:
    """The sizes that a solver takes."""
    problem, ensemble = solver.problem, solver.task.ensemble
    return tuple(
        n
        for n in SIZES
        if solver.model.config.any_size or takes(problem, ensemble, *problem.input_shape(n, n))
    )


def main(matrices: str = "", *names: str) -> dict[str, float]:
    """Ask, count and print; returns the shares of wrong answers that are silent."""
    count = int(matrices or MATRICES)
    table = Table(
        *("model", "problem", "answers", "wrong, %", "silent, % of wrong"),
        *("cautioned, % of right", "of own"),
        title=f"Answers to {len(KINDS)} kinds of matrices that no training drew",
    )
    whole, figures = Counted(), dict[str, float]()
    by_kind = {kind: Counted() for kind in KINDS}
    for solver in solvers(names):
        found, sizes = Counted(), taken(solver)
        for kind in KINDS if sizes else ():
            for n in sizes:
                part = counted(solver, kind, n, -(-count // (len(KINDS) * len(sizes))))
                found.add(part)
                by_kind[kind].add(part)
        if not sizes:
            continue
        found.add(_of_training(solver))
        whole.add(found)
        figures[f"{solver.name} {solver.problem.name}"] = found.share
        table.add_row(solver.name, solver.problem.name, *_cells(found))
    table.add_section()
    for kind, found in by_kind.items():
        table.add_row("all", kind, *_cells(found), style="dim")
    table.add_section()
    table.add_row("all", "all", *_cells(whole))
    Console(width=110).print(table)
    print("silent: off by more than 5%, no caution, no shown chance of at most a half")
    print(f"of own: cautioned, in percent, of {OWN} matrices as the model's training draws them")
    return {"all": whole.share, **figures}


def _cells(found: Counted) -> tuple[str, ...]:
    return (
        f"{found.answers:,}",
        f"{100 * found.wrong / max(found.answers, 1):.1f}",
        f"{100 * found.share:.2f} ({found.silent})",
        f"{100 * found.right_cautioned / max(found.right, 1):.1f}",
        f"{100 * found.own_cautioned / found.own:.1f}" if found.own else "",
    )


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
