"""Conjugate gradients for A x = b, A symmetric positive definite (Hestenes and Stiefel 1952).

It can be expressed, with two things beyond linear attention: a ReLU network for 1/z, and the
normalisation of one row. Each iteration is

    p = s / ||s||,   q = p A,   y = 1 / (p . q)
    x <- x + (r . p) y p,   r <- r - (r . p) y q
    s <- r - (r . q) y p

which is Hestenes and Stiefel's method with their first formulas for the two coefficients,
alpha = r.p / p.Ap and beta = -r.Ap / p.Ap. In exact arithmetic it is the textbook's
(alpha = r.r / p.Ap, beta = r'.r' / r.r), whatever the length of p.

Why not the textbook's form. Its divisors r.r and p.Ap fall with the square of the residual: to
solve to 1e-12 they pass through 24 decades. A sum of ReLUs that interpolates 1/z on [lo, hi] has
slopes up to 1/lo^2, which cancel at z = hi to a sum of size 1/hi; in float64 that leaves a relative
error of 1e-16 (hi/lo)^2, whatever the knots: nothing is left of 1/z beyond 8 decades (`reciprocal`
and its test). With p of length 1 the only divisor is p.Ap, which lies between A's extreme
eigenvalues, so the range is A's condition number.

How exact. Geometric knots give y = (1 + e)/z with 0 <= e <= `reciprocal_error`; x and r use the
same y, so r = b - A x stays true and an inexact y is only an inexact line search. `refinements`
layers y <- y (2 - z y) (Newton's iteration for a 1 x 1 inverse, exact in linear attention) square e
each.

Measured, ||x - x*||_A / ||x*||_A, median and worst of 300 problems (`draw`: d = 5, condition up
to 100) with 512 knots:

    iterations    no refinement        1                    2                    textbook (NumPy)
    5             2.6e-4   8.6e-2      6.9e-9   1.3e-4      3.1e-15  1.3e-11     2.4e-15  1.2e-11
    6             1.6e-5   3.9e-3      4.3e-10  4.1e-7      5.2e-16  7.0e-14     4.3e-16  4.9e-14
    10            8.3e-8   4.7e-5      2.0e-13  1.1e-9      4.5e-16  3.0e-15     4.1e-16  2.4e-15

so with two refinements the network does what float64 conjugate gradients do. With fewer,
termination after d steps is lost first (it amplifies any error, as the worst cases show), and more
iterations make up for it.
"""

import math
from typing import Unpack

import numpy as np
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Move, Rows
from ..catalogue import Construction
from ..gates import clear, form
from ..network import Network, NetworkOptions
from ..parts import Head, Layer, Unit
from ..scalar import IDENTITY, Scalar
from ..spec import Port, Spec, Stage
from .heads import head
from .spectra import frobenius, symmetric_eigenvalues

SOURCE = "Hestenes and Stiefel 1952 (J. Res. NBS 49), derived here"


def conjugate_gradient(
    dim: int,
    iterations: int,
    *,
    condition: float = 1000.0,
    knots: int = 512,
    refinements: int = 2,
    **options: Unpack[NetworkOptions],
) -> Network:
    """x of A x = b after `iterations` steps: `net(matrix [d, d], rhs [d])` -> [d].

    Blocks [A (d rows); E = I (d); one; x; r; s; p; q; t; z; y], width 2d + 9; t, z, y hold a scalar
    in every column. An iteration is 5 + refinements layers of at most 2 heads, the same each time:

        s <- s + r E^T E - (t y^T/d) p               FFN: p, q, t, z, y <- 0     normalise s
        q <- s E^T A,  t <- r s^T 1                  FFN: p <- s, s <- 0
        z <- p q^T 1                                 FFN: y <- 1/z by ReLUs
        y <- y + y (E_0^T 1 - z^T y/d)               `refinements` times
        x <- x + (t y^T/d) p,  r <- r - (t y^T/d) q  FFN: t <- 0
        t <- r q^T 1

    (E_0 is the first row of E; with t = y = 0 the first layer starts the iteration from s = r = b.)
    The FFN is `knots` + 1 units for the reciprocal, and 2 to clear or move a row. The input map
    divides A and b by ||A||_F, which leaves x as it is and puts A's eigenvalues where the knots
    are: [1/(condition sqrt d), 1].

    A matrix that is not symmetric positive definite, or whose condition number is beyond
    `condition`, is refused. `exact=True` computes 1/z itself. Equivalent to
    `scipy.sparse.linalg.cg` from x = 0; error (in A's norm) at most 2 ((sqrt k - 1)/(sqrt k +
    1))^iterations, k the condition number (`cg_error`), and about eps k after d iterations.
    """
    at_least(1, dim=dim, iterations=iterations)
    at_least(2, knots=knots)
    at_least(0, refinements=refinements)
    if not 1 <= condition < math.inf:
        raise InputError(f"condition is {condition:g}; give a bound on A's condition number")
    smallest = 1 / (condition * math.sqrt(dim) * 1.001)  # room for rounding, and for d = 1
    worst = reciprocal_error(smallest, 1.0, knots)
    if worst > 0.5:
        raise InputError(
            f"ReLUs with {knots} knots compute 1/z on [{smallest:.1e}, 1] to a relative "
            f"{worst:.1e} in float64, too far off to refine; give more knots, or a condition below "
            f"about {3e7 / math.sqrt(dim):.0e}"
        )
    layout = Layout.of(A=dim, E=dim, one=1, x=1, r=1, s=1, p=1, q=1, t=1, z=1, y=1)
    layers = _iteration(layout, reciprocal(smallest, 1.0, knots), refinements)

    def prepare(matrix: Tensor, rhs: Tensor) -> tuple[Tensor, Tensor]:
        values = symmetric_eigenvalues(matrix)
        low, high = values[..., 0], values[..., -1]
        if bool((low <= 0).any()):
            raise InputError(
                f"matrix has the eigenvalue {float(low.min()):.3g}; conjugate gradients need a "
                "positive definite one (solve A^T A x = A^T b instead)"
            )
        worst = float((high / low).max())
        if worst > condition * (1 + 1e-9):
            raise InputError(
                f"the condition number of a matrix is {worst:.3g}, beyond {condition:g}, for which "
                "the network's reciprocal was built; build it with a larger `condition`"
            )
        norm = frobenius(matrix)
        return matrix / norm, rhs / norm[..., 0]

    ports = (
        Port(name="matrix", shape=(dim, dim), block="A"),
        Port(name="rhs", shape=(dim,), block="r"),
    )
    spec = Spec(
        name="conjugate gradient",
        layout=layout,
        tokens=dim,
        stages=(Stage(layers=layers, repeat=iterations),),
        inputs=ports,
        given=ports,
        output=Port(name="x", shape=(dim,), block="x"),
        constants={"E": np.eye(dim), "one": np.ones((1, dim))},
        identities=("E",),
        prepare=prepare,
        notes=(
            "the input map divides the matrix and the right side by ||A||_F, which keeps x",
            f"reciprocal: {knots} knots on [{smallest:.3g}, 1], relative error "
            f"{reciprocal_error(smallest, 1.0, knots, refinements):.1e} after "
            f"{refinements} refinements",
        ),
    )
    return Network(spec, **options)


def _iteration(layout: Layout, inverse: Scalar, refinements: int) -> tuple[Layer, ...]:
    """The layers of one iteration; `inverse` computes 1/z."""
    A, E, one, x, r, s, p, q, t, z, y = (rows for _, rows in layout.items())
    first, second = Rows(0, 1), Rows(1, 1)

    def scaled(into: Rows, vector: Rows, sign: float) -> Head:
        """into += sign t y vector; t y^T sums t y over d columns, hence 1/d."""
        key = (Move(first, y, sign / A.count),)
        return Head(value=(Move(into, t),), key=key, query=(Move(first, vector),))

    def unit(read: Rows, function: Scalar, *write: tuple[Rows, float]) -> Unit:
        width = layout.width
        return Unit(read=form(width, (read, 1.0)), function=function, write=form(width, *write))

    def cleared(*rows: Rows) -> tuple[Unit, ...]:
        return tuple(unit for row in rows for unit in clear(row, layout.width))

    direction = Layer(
        heads=(head(Move(s, r), E, E), scaled(s, p, -1.0)),
        units=cleared(p, q, t, z, y),
        normalise="rows",
        normalised=("s",),
    )
    product = Layer(
        heads=(head(Move(q, s), E, A), head(Move(t, r), s, one)),
        units=(unit(s, IDENTITY, (p, 1.0), (s, -1.0)),),  # p <- s, s <- 0, as p was 0
    )
    divisor = Layer(heads=(head(Move(z, p), q, one),), units=(unit(z, inverse, (y, 1.0)),))
    correction = Head(
        value=(Move(y, y),),
        key=(Move(first, E[0]), Move(second, z, -1.0 / A.count)),
        query=(Move(first, one), Move(second, y)),
    )
    refine = (Layer(heads=(correction,)),) * refinements
    update = Layer(heads=(scaled(x, p, 1.0), scaled(r, q, -1.0)), units=cleared(t))
    overlap = Layer(heads=(head(Move(t, r), q, one),))
    return (direction, product, divisor, *refine, update, overlap)


def reciprocal(lo: float, hi: float, knots: int) -> Scalar:
    """1/z on [lo, hi], with knots in geometric progression: an even relative error."""
    if not 0 < lo < hi:
        raise InputError(f"a reciprocal needs a range 0 < lo < hi, not [{lo:g}, {hi:g}]")
    return Scalar("1/z", lambda z: 1 / z.clamp(lo, hi), np.geomspace(lo, hi, knots))


def reciprocal_error(lo: float, hi: float, knots: int, refinements: int = 0) -> float:
    """A bound on the relative error of `reciprocal`, after Newton refinements.

    (rho - 1)^2 / (4 rho) for knots that grow by rho, where the chord of 1/z is farthest above it,
    and the rounding 2^-52 (hi/lo)^2 of slopes that cancel; squared by each refinement, which itself
    rounds.
    """
    rho = math.exp(math.log(hi / lo) / (knots - 1))
    eps = float(np.finfo(np.float64).eps)
    error = (rho - 1) ** 2 / (4 * rho) + eps * (hi / lo) ** 2
    for _ in range(refinements):
        error = error**2 + 2 * eps
    return error


def cg_error(condition: float, iterations: int) -> float:
    """A bound on ||x - x*||_A / ||x*||_A: 2 ((sqrt k - 1) / (sqrt k + 1))^iterations."""
    root = math.sqrt(condition)
    return 2 * ((root - 1) / (root + 1)) ** iterations


def textbook_cg(
    matrix: Float64[np.ndarray, "*B d d"], rhs: Float64[np.ndarray, "*B d"], iterations: int
) -> Float64[np.ndarray, "*B d"]:
    """The textbook's conjugate gradients in NumPy; a solution that is reached stays."""
    x, r, p = np.zeros_like(rhs), rhs, rhs
    rr = (r * r).sum(axis=-1, keepdims=True)
    for _ in range(iterations):
        q = np.einsum("...ij,...j->...i", matrix, p)
        pq = (p * q).sum(axis=-1, keepdims=True)
        alpha = np.divide(rr, pq, out=np.zeros_like(rr), where=pq > 0)
        x, r = x + alpha * p, r - alpha * q
        before, rr = rr, (r * r).sum(axis=-1, keepdims=True)
        p = r + np.divide(rr, before, out=np.zeros_like(rr), where=before > 0) * p
    return x


def draw(
    rng: np.random.Generator, batch: int, dim: int = 5, condition: float = 100.0
) -> tuple[np.ndarray, np.ndarray]:
    """Positive definite matrices, eigenvalues log-uniform up to the condition number, and b."""
    basis = np.linalg.qr(rng.normal(size=(batch, dim, dim)))[0]
    values = condition ** rng.uniform(-1, 0, (batch, dim)) * rng.uniform(0.1, 10, (batch, 1))
    matrix = (basis * values[:, None, :]) @ basis.swapaxes(1, 2)
    return (matrix + matrix.swapaxes(1, 2)) / 2, rng.normal(size=(batch, dim))


Construction(
    summary="A x = b by conjugate gradients, 1/z by ReLUs and Newton, 6 iterations at d = 5",
    source=SOURCE,
    build=lambda: conjugate_gradient(dim=5, iterations=6, condition=101.0),
    draw=draw,
    reference=lambda matrix, rhs: textbook_cg(matrix, rhs, 6),
    layers=42,
    heads=2,
    width=19,
    error=2.7e-14,
    relative=True,
    limit=lambda matrix, rhs: np.linalg.solve(matrix, rhs[:, :, None])[:, :, 0],
).register("conjugate-gradient")
