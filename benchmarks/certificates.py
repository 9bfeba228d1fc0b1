"""Does a proved bound ever miss the truth, and how much larger than the error is it?

python benchmarks/run.py certificates [MATRICES]

Adversarial matrices whose true answers are known: integer matrices G diag(d) H with G and H
multiples of orthogonal ones (I v^T v - 2 v v^T), so that values are exact and vectors and inverses
rounded once; clusters, ties, zeros, graded spectra and blocks, scales from 2^-498 to 2^498 (1e-150
to 1e150). Beside each stands an answer: the true one, LAPACK's, one off by 1e-16 to 1, one with
columns in another order, or numbers that are no answer. A few hundred more, random, graded and
named matrices and logistic regressions, have their truth from mpmath.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mpmath
import numpy as np
from rich.console import Console
from rich.table import Table

import eigenformer as ef
from eigenformer import problems

MATRICES = 100_000
BATCH = 100
SIZES = (1, 2, 3, 4, 5, 8, 10, 20)

_MOST = 2**34
"""The largest d: with it all integers on the way are below 2^53."""
_U = 2.0**-53
_WELL = 100.0
"""Well-conditioned: condition number, and largest value over smallest gap, at most that; answers
off by at most 1e-3 of it."""
_TOLD = 100.0
KINDS = ("random", "cluster", "ties", "near-singular", "singular", "graded", "blocks")

Stream = np.random.Generator
PROVED = tuple(name for name in problems.names() if problems.get(name).proved)
EXACT = tuple(name for name in PROVED if name != "logistic_regression")


@dataclass(frozen=True, eq=False, kw_only=True)
class Cases:
    """B inputs of one problem and shape with true answers, and answers to be judged."""

    problem: problems.Problem
    inputs: np.ndarray
    truth: np.ndarray
    rounded: float
    """Error of `truth`, over the largest coefficient of an answer (over 1 for vectors)."""
    answers: np.ndarray
    off: np.ndarray
    """How far they were moved, over their size; inf for what is no answer."""
    well: np.ndarray
    loose: np.ndarray | None = None
    """Which vectors [B, k] are not determined."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """A row of the table for each part of an answer."""

    part: str
    missed: np.ndarray
    known: np.ndarray
    ratio: np.ndarray
    """The largest bound over the largest error, which counts as u of the answer's size at least."""
    well: np.ndarray
    exact: np.ndarray
    """Answers off by rounding alone."""


def integer_orthogonal(stream: Stream, batch: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """G [B, n, n] of integers with G G^T = c^2 I, and c [B]."""
    v = stream.integers(-2, 3, (batch, n)).astype(float)
    v[~v.any(axis=1), 0] = 1
    c = (v * v).sum(axis=1)
    return c[:, None, None] * np.eye(n) - 2 * v[:, :, None] * v[:, None, :], c


def spectrum(stream: Stream, kind: str, batch: int, k: int, most: int) -> np.ndarray:
    """Integers d [B, k], descending, of at most `most`."""
    d = stream.integers(1, 1 + min(most, 100), (batch, k))
    if kind == "cluster":
        d = most - stream.integers(0, 4, (batch, k)) * 2 ** stream.integers(0, 20, (batch, 1))
    if kind == "ties":
        d = stream.integers(1, 4, (batch, k))
    if kind in ("near-singular", "singular"):
        d = stream.integers(most // 2, most, (batch, k))
        d[:, -1] = 1 if kind == "near-singular" else 0
    if kind == "graded":
        d = most // 2 ** (np.arange(k) * int(np.log2(most)) // max(k, 2))[None].repeat(batch, 0)
    return -np.sort(-np.maximum(d, 0), axis=1).astype(float)


def scales(stream: Stream, batch: int) -> np.ndarray:
    """Powers of two, half of them 1."""
    power = stream.integers(-498, 499, batch) * (stream.random(batch) < 0.5)
    return np.ldexp(1.0, power)


def decomposed(stream: Stream, kind: str, batch: int, m: int, n: int, most: int, *,
               symmetric: bool = False) -> tuple[np.ndarray, ...]:  # fmt: skip
    """M = L diag(d) R^T, d, L and R as integers (before their division by c), and c_L, c_R."""
    k = min(m, n)
    d = spectrum(stream, kind, batch, k, most)
    left, cl = integer_orthogonal(stream, batch, m)
    right, cr = (left, cl) if symmetric else integer_orthogonal(stream, batch, n)
    if symmetric:
        d = -np.sort(-d * stream.choice([-1, 1], (batch, k)), axis=1)
    if kind == "blocks" and m == n and m > 1:  # two blocks, each of its own scale
        half = m // 2
        small, c = integer_orthogonal(stream, batch, half)
        large, e = integer_orthogonal(stream, batch, m - half)
        left = np.zeros((batch, m, m))
        left[:, :half, :half] = small * e[:, None, None]
        left[:, half:, half:] = large * c[:, None, None]
        cl = c * e
        right, cr = left, cl
    left, right = left[:, :, :k], right[:, :, :k]
    return left * d[:, None, :] @ right.transpose(0, 2, 1), d, left, right, cl, cr


def moved(stream: Stream, truth: np.ndarray, lapack: Callable[[], np.ndarray],
          rows: dict[str, int | slice]) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Answers near `truth`, and how far each was moved."""
    batch = len(truth)
    off = 10.0 ** stream.uniform(-16, 0, batch)
    off[stream.random(batch) < 0.1] = 0.0
    answers = truth.copy()
    for at in rows.values():
        part = truth[:, at].reshape(batch, -1)
        size = np.abs(part).max(axis=1, initial=0)[:, None]
        # Half of them relative to each coefficient, half to the largest.
        by = np.where(stream.random((batch, 1)) < 0.5, size, np.abs(part))
        noise = by * stream.uniform(-1, 1, part.shape) * off[:, None]
        answers[:, at] = (part + noise).reshape(answers[:, at].shape)
    which = stream.random(batch)
    own = which < 0.25
    if own.any():
        with (
            np.errstate(all="ignore"),
            contextlib.suppress(ef.core.InputError, np.linalg.LinAlgError),
        ):
            answers[own], off[own] = lapack()[own], 0.0
    swapped = (which > 0.9) & (which < 0.95)
    answers[swapped] = answers[swapped][:, :, ::-1]
    off[swapped] = np.inf
    wild = which > 0.97
    answers[wild] *= stream.standard_normal((int(wild.sum()), *truth.shape[1:])) * 3
    off[wild] = np.inf
    return answers, off


def cases(stream: Stream, name: str, kind: str, batch: int, n: int) -> Cases:
    """Of one problem, kind and size."""
    problem = problems.get(name)
    scale = scales(stream, batch)
    s = scale[:, None, None]
    loose, well = None, np.ones(batch, bool)
    m, rounded = n, _U
    if name in ("eigenvalues", "eigenvectors"):
        a, d, left, _, c, _ = decomposed(stream, kind, batch, n, n, _MOST, symmetric=True)
        inputs, values, basis = a * s, d * (c * c * scale)[:, None], left / c[:, None, None]
        order = np.argsort(-values, axis=1, kind="stable")
        truth = values[:, :, None]
        loose, well = determined(values, np.inf)
        if name == "eigenvectors":
            truth = np.concatenate([values[:, None, :], basis], axis=1)
        else:
            well = np.abs(d).max(axis=1) < _WELL * np.maximum(np.abs(d).min(axis=1), 1e-9)
        assert (order == np.arange(n)).all()
    elif name in ("singular_values", "svd"):
        m = n + int(stream.integers(-1, 3)) if n > 1 else n
        a, d, left, right, c, e = decomposed(stream, kind, batch, m, n, _MOST // 16)
        inputs, values = a * s, d * (c * e * scale)[:, None]
        loose, well = determined(values, values)
        truth = values[:, :, None]
        if name == "svd":
            bases = [left / c[:, None, None], right / e[:, None, None]]
            truth = np.concatenate([values[:, None, :], *bases], axis=1)
        else:
            well = d.max(axis=1) < _WELL * np.maximum(d.min(axis=1), 1e-9)
    elif name in ("inverse", "symmetric_inverse", "pseudo_inverse"):
        m = n if name != "pseudo_inverse" else max(1, n + int(stream.integers(-2, 3)))
        k, symmetric = min(m, n), name == "symmetric_inverse"
        kept = "graded" if kind in ("singular", "ties") else kind
        powers = {"near-singular": 20, "cluster": 1, "graded": 20}.get(kept, 6)
        d = np.ldexp(1.0, stream.integers(0, powers + 1, (batch, k)))
        left, c = integer_orthogonal(stream, batch, m)
        right, e = (left, c) if symmetric else integer_orthogonal(stream, batch, n)
        left, right = left[:, :, :k], right[:, :, :k]
        inputs = left * d[:, None, :] @ right.transpose(0, 2, 1) * s
        above = right * (2.0**powers / d)[:, None, :] @ left.transpose(0, 2, 1)
        below = (c * c) * (e * e)
        truth = above / below[:, None, None] / 2.0**powers / s
        well = d.max(axis=1) <= _WELL * d.min(axis=1)
    elif name == "least_squares":
        n = min(n, 10)
        m = max(1, n + int(stream.integers(-2, 5)))
        k = min(m, n)
        d = stream.integers(1, 2 + 2 ** (2 if kind == "random" else 9), (batch, k)).astype(float)
        left, _ = integer_orthogonal(stream, batch, m)
        right, _ = integer_orthogonal(stream, batch, n)
        a = left[:, :, :k] * d[:, None, :] @ right[:, :, :k].transpose(0, 2, 1)
        truth = right[:, :, :k] @ stream.integers(-9, 10, (batch, k, 1)).astype(float)
        y = a @ truth + left[:, :, k:] @ stream.integers(-9, 10, (batch, m - k, 1))
        other = scales(stream, batch)[:, None, None] if kind == "blocks" else s
        inputs = np.concatenate([a * s, y * other], axis=2)
        truth, rounded = truth * (other / s), 0.0
        well = d.max(axis=1) <= _WELL * d.min(axis=1)
    else:
        wide = {"add": 2 * n, "matmul": 2 * n, "matvec": n + 1, "transpose": n}[name]
        m = n + 1
        low = 2.0 ** stream.integers(0, 24, (batch, m, wide)) if kind == "graded" else 1.0
        small = np.minimum(np.abs(s), 2.0**240) if problem.degree == 2 else s
        small = np.maximum(small, 2.0**-240) if problem.degree == 2 else small
        inputs = stream.integers(-9, 10, (batch, m, wide)) * low * small
        truth, rounded = problem.solve(inputs), 0.0
    rows = problem.rows(*inputs.shape[1:])
    answers, off = moved(stream, truth, lambda: problem.solve(inputs), rows)
    well = well & truth.any(axis=(1, 2)) & inputs.any(axis=(1, 2))
    return Cases(problem=problem, inputs=inputs, truth=truth, rounded=rounded, answers=answers,
                 off=off, well=well & (off <= 1e-3), loose=loose)  # fmt: skip


def determined(values: np.ndarray, most: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Which vectors are not determined [B, k], and whose gaps, `most` at most, are large [B]."""
    k = values.shape[1]
    apart = np.abs(values[:, :, None] - values[:, None, :]) + np.where(np.eye(k), np.inf, 0)
    nearest = np.minimum(apart.min(axis=2), most)
    largest = np.abs(values).max(axis=1)
    return nearest == 0, largest < _WELL * nearest.min(axis=1)


def judged(found: Cases) -> list[Judged]:
    """Whether any bound is below the error, and how much above it they are."""
    given = found.problem.prove(found.inputs, found.answers)
    rows = found.problem.rows(*found.inputs.shape[1:])
    batch = len(found.inputs)
    sign = np.zeros((batch, 1))
    out = []
    for part, bound in given.items():
        with np.errstate(all="ignore"):
            true, answer = found.truth[:, rows[part]], found.answers[:, rows[part]]
            vectors = part in ("eigenvectors", "U", "V")
            if vectors:
                if part != "V":  # whose signs are U's
                    one, other = (norms(answer - true), norms(answer + true))
                    sign = np.where(one <= other, 1.0, -1.0)
                error, size = norms(answer - sign[:, None, :] * true), np.ones((batch, 1))
                slack = 4 * true.shape[1] * _U
            else:
                error = np.abs(answer - true).reshape(bound.shape)
                size = np.abs(true).reshape(batch, -1).max(axis=1, initial=0)[:, None]
                slack = found.rounded if part not in ("eigenvalues", "s") else 0.0
            flat, errors = bound.reshape(batch, -1), error.reshape(batch, -1)
            below = errors * (1 - 8 * _U) - 2 * slack * size > flat
            if vectors and found.loose is not None:
                below |= found.loose & np.isfinite(flat)
            least = np.maximum(errors.max(axis=1), _U * size[:, 0])
            largest = flat.max(axis=1)
            ratio = np.where(largest == 0, 0.0, largest / least)
        out.append(
            Judged(
                part=f"{found.problem.name}: {part}",
                missed=below.any(axis=1),
                known=np.isfinite(flat).all(axis=1),
                ratio=ratio,
                well=found.well,
                exact=found.off < 1e-14,
            )
        )
    return out


def norms(columns: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((columns * columns).sum(axis=1)))


def groups(matrices: int, seed: int = 0, batch: int = BATCH) -> Iterator[Cases]:
    """`matrices` of all problems, kinds and sizes; larger ones more rarely."""
    plan = [(name, kind, n) for n in SIZES for kind in KINDS for name in EXACT
            for _ in range(1 if n > 5 else 3)]  # fmt: skip
    plan = [plan[i] for i in ef.rng(seed, "certificates").permutation(len(plan))]
    made, turn = 0, 0
    while made < matrices:
        name, kind, n = plan[turn % len(plan)]
        size = min(batch if n < 20 else max(batch // 4, 1), matrices - made)
        yield cases(ef.rng(seed, "certificates", turn), name, kind, size, n)
        made, turn = made + size, turn + 1


def precise(count: int, seed: int = 0) -> Iterator[tuple[str, bool, bool]]:
    """(problem, missed, known) of matrices whose truth mpmath computes with 80 to 700 digits."""
    for i in range(count):
        stream = ef.rng(seed, "certificates, precise", i)
        n = int(stream.integers(1, 6))
        name = ("eigenvectors", "singular_values", "inverse", "logistic_regression")[i % 4]
        a = stream.standard_normal((n, n))
        extreme = i % 3 == 0
        if extreme:
            reach = 500 // (1 if name != "inverse" else 40)
            a = a * np.ldexp(1.0, stream.integers(-reach, reach // 2, n))
            a = a.T * np.ldexp(1.0, stream.integers(-reach, reach // 2, n))
        if i % 7 == 0:
            a = 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)
        problem = problems.get(name)
        with mpmath.workdps(700 if extreme else 80):
            missed, known = _precise(stream, problem, a, name)
        yield name, missed, known


def _precise(
    stream: Stream, problem: problems.Problem, a: np.ndarray, name: str
) -> tuple[bool, bool]:
    n = len(a)
    off = 10.0 ** stream.uniform(-17, -1)
    if name == "eigenvectors":
        inputs = np.tril(a) + np.tril(a, -1).T
        order = [float(x) for x in problem.solve(inputs[None])[0, 0]]
        true = sorted(mpmath.eigsy(mpmath.matrix(inputs.tolist()), eigvals_only=True), reverse=True)
        guess = problem.solve(inputs[None])
        guess[0] *= 1 + off * stream.uniform(-1, 1, guess[0].shape)
        bounds = problem.prove(inputs[None], guess)
        assert len(order) == len(true)
        pairs = [(guess[0, 0, i], true[i], bounds["eigenvalues"][0, i]) for i in range(n)]
    elif name == "singular_values":
        inputs = a
        gram = mpmath.matrix(a.tolist()).T * mpmath.matrix(a.tolist())
        squares = sorted(mpmath.eigsy(gram, eigvals_only=True), reverse=True)
        guess = problem.solve(a[None]) * (1 + off * stream.uniform(-1, 1, (1, n, 1)))
        bound = problem.prove(a[None], guess)["s"]
        pairs = [(guess[0, i, 0], mpmath.sqrt(max(squares[i], 0)), bound[0, i]) for i in range(n)]
    elif name == "inverse":
        true = mpmath.inverse(mpmath.matrix(a.tolist()))
        guess = np.array(true.tolist(), float)[None] * (1 + off * stream.uniform(-1, 1, (1, n, n)))
        bound = problem.prove(a[None], guess)["answer"]
        pairs = [(guess[0, i, j], true[i, j], bound[0, i, j]) for i in range(n) for j in range(n)]
    else:
        m = n + 3
        x = stream.standard_normal((m, n)) / np.sqrt(n)
        y = np.where(stream.random(m) < 0.5, -1.0, 1.0)
        inputs = np.concatenate([x, y[:, None]], axis=1)[None]
        true = _logistic(x, y, problem.solve(inputs)[0, :, 0], 0.1)
        guess = np.array([[float(w)] for w in true])[None]
        guess = guess * (1 + off * stream.uniform(-1, 1, guess.shape))
        bound = problem.prove(inputs, guess)["answer"]
        pairs = [(guess[0, i, 0], true[i], bound[0, i, 0]) for i in range(n)]
    missed = any(abs(mpmath.mpf(float(x)) - t) > mpmath.mpf(float(b)) for x, t, b in pairs
                 if np.isfinite(b))  # fmt: skip
    return missed, all(np.isfinite(b) for _, _, b in pairs)


def _logistic(x: np.ndarray, y: np.ndarray, start: np.ndarray, mu: float) -> list[mpmath.mpf]:
    """The minimum of the loss by Newton steps in as many digits as mpmath is set to."""
    a, w = mpmath.matrix(x.tolist()), mpmath.matrix(start.tolist())
    m, n = x.shape
    for _ in range(8):
        p = [1 / (1 + mpmath.exp(float(y[i]) * (a[i, :] * w)[0])) for i in range(m)]
        gradient = mpmath.mpf(mu) * w
        hessian = mpmath.eye(n) * mpmath.mpf(mu)
        for i in range(m):
            row = a[i, :].T
            gradient -= row * (float(y[i]) * p[i] / m)
            hessian += row * row.T * (p[i] * (1 - p[i]) / m)
        w = w - mpmath.lu_solve(hessian, gradient)
    return [w[i] for i in range(n)]


def main(matrices: str = "", *_: str) -> dict[str, float]:
    """Print the table; its figures."""
    count = int(matrices or MATRICES)
    found: dict[str, list[Judged]] = {}
    for group in groups(count):
        for part in judged(group):
            found.setdefault(part.part, []).append(part)
    table = Table(title=f"{count:,} matrices and answers", title_justify="left")
    heads = ("answer: part", "answers", "bounds that miss", "% known",
             "% of well-conditioned within 100 times the error", "their median ratio",
             "median ratio of rounding-level ones")  # fmt: skip
    for name in heads:
        table.add_column(name, justify="right" if name != heads[0] else "left")
    misses, tight, of = 0, 0, 0
    for name, parts in found.items():
        missed, known, ratio, well, exact = (
            np.concatenate([getattr(part, field) for part in parts])
            for field in ("missed", "known", "ratio", "well", "exact")
        )
        misses, of = misses + missed.sum(), of + well.sum()
        tight += (ratio[well] <= _TOLD).sum()
        table.add_row(
            name, f"{len(missed):,}", str(missed.sum()), f"{100 * known.mean():.1f}",
            f"{100 * (ratio[well] <= _TOLD).mean():.1f} of {well.sum():,}",
            f"{np.median(ratio[well]):.1f}", f"{np.median(ratio[well & exact]):.1f}",
        )  # fmt: skip
    console = Console(width=150)
    console.print(table)
    share = 100 * tight / of
    console.print(f"bounds that miss the truth: {misses}; within {_TOLD:g} times the error in "
                  f"{share:.1f}% of {of:,} well-conditioned cases")  # fmt: skip
    checked = list(precise(max(count // 250, 8)))
    wrong = sum(missed for _, missed, _ in checked)
    known = sum(known for _, _, known in checked)
    console.print(f"by mpmath: {len(checked)} answers, {known} with bounds, {wrong} miss")
    return {"certificates missed": float(misses + wrong), "certificates within 100": share}
