"""A network that takes damped Newton steps for regularised logistic regression in context.

Tokens are the examples. With d = dim, n = tokens, and one column per example, the state is

    bA = A^T   bE = [I_d 0]   bX = 0   bB = 0   bx = [x ... x]   bg = 0   y   r1 = 0   r2 = 0   one

6d + 4 rows; e1 is the first row of bE. A step is k + 6 layers (P Q^T R has values P, keys Q and
queries R):

    1      r1 += e1 bx^T bA           x^T a_i; then r1 <- sigma(r1) - (1 + y)/2, r2 <- sigma'(r1)
    2      bg += bA r1^T one / n      the gradient in every column: y_i p_i = (1 + y_i)/2 - sigma,
           bg += mu bx e1^T one       so no product is needed; then bB += r2 a_j / n (product gates)
    3      bX += bB bA^T bE           A^T D A / n; then bB <- bX + mu bE, bX <- c bE, r1, r2 <- 0
    4..3+k bX += bX bE^T bE - bX bB^T bX    Newton-Schulz from c I; after the last, bB <- 0
    4+k    bB += bX bE^T bg           s = Hess^-1 grad in every column
    5+k    r2 += e1 bg^T bB           lambda^2; then r2 <- eta(lambda^2)
    6+k    bx -= bB r2^T one / cols   x - eta s; then bX, bB, bg, r2 <- 0: the layers can be looped

The Hessian's spectrum lies in [mu, mu + 1/4] as ||a_i|| <= 1, so c = 2 / (2 mu + 1/4) leaves
||I - c Hess|| <= r = (1/4) / (2 mu + 1/4), and k Newton-Schulz steps leave r^(2^k).

Source: Giannou et al. 2024 (arXiv 2403.03183), theorem 5.2, whose construction takes 11 + 2k
layers; the derivation is derivations.md, section 1d (v). In layer 6 + k the mean of eta s over the
columns (which all hold it) is added with `one` as the query, so that the columns of bx stay equal
to the last bit although a matrix product may sum its columns in different orders. 1/n is a
weight and columns of zeros change nothing, so n < d is allowed too: the state then has d columns.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import torch

from ...core import InputError
from ..blocks import Layout, Move, Rows
from ..catalogue import Construction
from ..gates import clear, form, overwrite, product, square
from ..network import Network, NetworkOptions
from ..parts import Layer, Unit
from ..relu import Spacing, relu_fn
from ..scalar import IDENTITY, Scalar
from ..spec import Port, Spec, Stage
from .heads import head
from .logistic_reference import damped_newton as damped_newton
from .logistic_reference import rescale as rescale

LENGTH_TOLERANCE = 1e-9
"""How much longer than 1 a row may be by rounding."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LogisticScalars:
    """The scalar functions of the network. `str` shows each error, predicted and measured."""

    sigmoid: Scalar
    slope: Scalar
    """sigma' = sigma (1 - sigma), the Hessian's weights p_i (1 - p_i)."""
    squares: Scalar
    """z^2, for the products 2 r2 * a_j / 2."""
    damping: Scalar
    """eta as a function of lambda_f^2: 2 sqrt(mu) / (2 sqrt(mu) + sqrt(z))."""

    def __str__(self) -> str:
        return "\n".join(map(str, (self.sigmoid, self.slope, self.squares, self.damping)))


@functools.lru_cache(maxsize=64)
def logistic_scalars(
    mu: float, knots: int = 512, limit: float = 12.0, spacing: Spacing = "curvature"
) -> LogisticScalars:
    """The network's scalar functions with `knots` knots each, sigma's on [-limit, limit].

    eta is interpolated up to (1 + mu limit)^2 / mu, which lambda_f^2 cannot exceed while ||x|| is
    at most `limit`: ||grad|| <= 1 + mu ||x|| and Hess >= mu. Uniform knots would leave it an error
    of the order of their distance near 0, so it takes geometric ones where `spacing` is uniform.
    """
    c = 2 * math.sqrt(mu)
    scalar = functools.partial(relu_fn, knots=knots)
    on_margins = functools.partial(scalar, lo=-limit, hi=limit, spacing=spacing)
    return LogisticScalars(
        sigmoid=on_margins(torch.sigmoid, name="sigma(z)"),
        slope=on_margins(lambda z: torch.sigmoid(z) * torch.sigmoid(-z), name="sigma'(z)"),
        squares=square(1 + 2 * LENGTH_TOLERANCE, knots=knots),
        damping=scalar(
            lambda z: c / (c + z.clamp(min=0.0).sqrt()),
            lo=0.0,
            hi=(1 + mu * limit) ** 2 / mu,
            spacing="geometric" if spacing == "uniform" else spacing,
            name="eta(z)",
        ),
    )


def inverse_steps_for(mu: float, error: float = 1e-12) -> int:
    """The least k with r^(2^k) <= error, r = (1/4) / (2 mu + 1/4).

    4, 6, 9 and 12 for mu = 1, 0.1, 0.01 and 0.001.
    """
    r = 0.25 / (2 * mu + 0.25)
    return max(1, math.ceil(math.log2(math.log(error) / math.log(r))))


def logistic_newton(
    dim: int,
    tokens: int,
    mu: float,
    *,
    knots: int = 512,
    limit: float = 12.0,
    inverse_steps: int | None = None,
    steps: int = 1,
    spacing: Spacing = "curvature",
    **options: Unpack[NetworkOptions],
) -> Network:
    """`steps` damped Newton steps for the regularised logistic loss, k + 6 layers each.

    Inputs: features A [tokens, dim] with ||a_i|| <= 1, labels y [tokens] in {-1, 1}, start x [dim];
    output x [dim] after the steps: `damped_newton(A, y, x, mu, steps=steps)`. 1/tokens and mu are
    weights, so the network takes exactly `tokens` examples.

    The four scalar functions are interpolated at `knots` knots, sigma and sigma' on
    [-limit, limit]: `limit` must be at least max_i |x^T a_i|, which is checked for the start. The
    one-step error is O(1/knots^2); `logistic_error.step_error` bounds it for given data.
    `spacing="uniform"` takes evenly spaced knots; the error is then 3 to 8 times as large.
    `inverse_steps` is k, by default as many as bring r^(2^k) below 1e-12 (see the module).
    `exact=True` evaluates the scalar functions themselves: then only rounding remains.

    Depth steps (k + 6), at most 2 heads, width 6 dim + 4, at most 2 dim (knots + 1) hidden units,
    beside 11 + 2k layers in the source's theorem 5.2.
    """
    if dim < 1 or tokens < 1 or steps < 1:
        raise InputError(f"dim={dim}, tokens={tokens} and steps={steps} must be positive")
    if not (mu > 0 and math.isfinite(mu)):
        raise InputError(f"mu={mu:g} must be positive: without it the Hessian may be singular")
    if not (limit > 0 and math.isfinite(limit)):
        raise InputError(f"limit={limit:g} must be positive")
    k = inverse_steps_for(mu) if inverse_steps is None else inverse_steps
    if k < 1:
        raise InputError(f"inverse_steps={k} must be at least 1")
    columns = max(tokens, dim)
    blocks = dict.fromkeys(("bA", "bE", "bX", "bB", "bx", "bg"), dim)
    layout = Layout.of(**blocks, y=1, r1=1, r2=1, one=1)
    scalars = logistic_scalars(float(mu), knots, float(limit), spacing)
    reach = math.inf if options.get("exact") else limit
    times = "11 + 2k" if steps == 1 else f"{steps} (11 + 2k)"
    spec = Spec(
        name="logistic_newton",
        layout=layout,
        tokens=columns,
        stages=(Stage(layers=_step(layout, tokens, mu, k, scalars), repeat=steps),),
        inputs=(
            Port(name="A", shape=(tokens, dim), block="bA", transposed=True),
            Port(name="y", shape=(tokens,), block="y"),
            Port(name="x", shape=(dim,), block="bx", transposed=True, repeated=True),
        ),
        output=Port(name="x", shape=(dim,), block="bx", transposed=True, repeated=True),
        constants={"bE": np.eye(dim, columns), "one": np.ones((1, columns))},
        identities=("bE",),
        prepare=functools.partial(_checked, tokens, mu, reach),
        notes=(
            f"1/{tokens} and mu = {mu:g} are weights; the input map copies x into every column",
            f"k = {k} Newton-Schulz steps invert the Hessian, whose spectrum is in [mu, mu + 1/4]",
        ),
        theorem={"layers": f"{times} = {steps * (11 + 2 * k)}", "width": f"6d + 4 = {6 * dim + 4}"},
        problem=("logistic_regression", {"mu": float(mu)}),
        steps=steps,
    )
    return Network(spec, **options)


def _step(layout: Layout, n: int, mu: float, k: int, scalars: LogisticScalars) -> tuple[Layer, ...]:
    width = layout.width
    columns = max(n, layout["bE"].count)
    bA, bE, bX, bB, bx, bg, y, r1, r2, one = (rows for _, rows in layout.items())
    e1 = bE[0]

    def rows(block: Rows) -> list[Rows]:
        return [block[i] for i in range(block.count)]

    def assign(block: Rows, *terms: tuple[Rows, float]) -> list[Unit]:
        """block <- sum of scaled blocks, row by row."""
        return [
            overwrite(row, form(width, *((source[i], factor) for source, factor in terms)))
            for i, row in enumerate(rows(block))
        ]

    at_r1, at_r2 = form(width, (r1, 1.0)), form(width, (r2, 1.0))
    residual = Unit(
        read=form(width, (r1, -1.0), (y, -0.5), (one, -0.5)), function=IDENTITY, write=at_r1
    )
    margins = Layer(
        heads=(head(Move(r1, e1), bx, bA),),
        units=(
            Unit(read=at_r1, function=scalars.sigmoid, write=at_r1),
            residual,
            Unit(read=at_r1, function=scalars.slope, write=at_r2),
        ),
    )
    # 2 r2 <= 1/2 and |a_j| / 2 <= 1/2: the scales that keep their sum smallest, at most 1.
    half = form(width, (r2, 2.0))
    products = (
        product(half, form(width, (a, 0.5)), form(width, (b, 1 / n)), scalars.squares)
        for a, b in zip(rows(bA), rows(bB), strict=True)
    )
    gradient = Layer(
        heads=(head(Move(bg, bA, 1 / n), r1, one), head(Move(bg, bx, float(mu)), e1, one)),
        units=tuple(unit for pair in products for unit in pair),
    )
    start = 2 / (2 * mu + 0.25)
    hessian = Layer(
        heads=(head(Move(bX, bB), bA, bE),),
        units=(
            *assign(bB, (bX, 1.0), (bE, float(mu))),
            *assign(bX, (bE, start)),
            *clear(r1, width),
            *clear(r2, width),
        ),
    )
    schulz = (head(Move(bX, bX), bB, bX, -1.0), head(Move(bX, bX), bE, bE))
    inverse = (Layer(heads=schulz),) * (k - 1)
    direction = Layer(heads=(head(Move(bB, bX), bE, bg),))
    damping = Layer(
        heads=(head(Move(r2, e1), bg, bB),),
        units=(
            Unit(read=at_r2, function=scalars.damping, write=at_r2),
            *clear(r2, width),  # takes the old value away; the unit before adds the new one
        ),
    )
    update = Layer(
        heads=(head(Move(bx, bB, -1 / columns), r2, one),),
        units=tuple(unit for block in (bX, bB, bg, r2) for unit in clear(block, width)),
    )
    last = Layer(heads=schulz, units=clear(bB, width))
    return (margins, gradient, hessian, *inverse, last, direction, damping, update)


def _checked(tokens: int, mu: float, limit: float, *inputs: Any) -> tuple[Any, ...]:
    """Refuse what the weights are not made for; shapes and numbers are the ports' business."""
    try:
        features, labels, x = (torch.as_tensor(np.asarray(value)).double() for value in inputs)
    except (TypeError, ValueError, RuntimeError):
        return inputs
    if features.ndim < 2 or x.ndim < 1 or features.shape[-1] != x.shape[-1]:
        return inputs
    if (n := features.shape[-2]) != tokens:
        raise InputError(
            f"A has {n} examples, but the network was compiled for {tokens}, and 1/{tokens} is one "
            f"of its weights; compile it with tokens={n}"
        )
    lengths = features.norm(dim=-1)
    if lengths.numel() and (longest := float(lengths.max())) > 1 + LENGTH_TOLERANCE:
        raise InputError(
            f"a row of A has length {longest:.4g}, but the network needs lengths of at most 1; "
            f"rescale(A, mu) divides A by that, and a network with mu={mu / longest**2:.4g} then "
            f"finds {longest:.4g} times the weights"
        )
    if not torch.isin(labels, torch.tensor([-1.0, 1.0]).double()).all():
        odd = float(labels[(labels != 1) & (labels != -1)][0])
        raise InputError(f"a label is {odd:g}, but labels must be -1 or 1")
    reach = float((features @ x[..., None]).abs().max()) if x.numel() else 0.0
    if reach > limit:
        raise InputError(
            f"|x^T a| reaches {reach:.4g}, where sigma is cut off at the limit {limit:g}; "
            f"compile with limit={math.ceil(reach)} or more, or start nearer to zero"
        )
    return inputs


def draw_problems(
    rng: np.random.Generator, batch: int, dim: int = 5, tokens: int = 26, start: float = 0.5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian features, scaled until the longest row has length 1, labels sign(A w), and a start.

    The sizes are those of the source's experiments; the start is `start` times a Gaussian vector.
    """
    features = rng.standard_normal((batch, tokens, dim))
    features /= np.linalg.norm(features, axis=2).max(axis=1)[:, None, None]
    labels = np.where((features @ rng.standard_normal((batch, dim, 1)))[:, :, 0] < 0, -1.0, 1.0)
    return features, labels, start * rng.standard_normal((batch, dim))


def _register(name: str, summary: str, mu: float, layers: int, error: float, exact: bool) -> None:
    k = inverse_steps_for(mu)
    Construction(
        summary=summary,
        source="Giannou et al. 2024, theorem 5.2",
        build=functools.partial(logistic_newton, 5, 26, mu, exact=exact),
        draw=draw_problems,
        reference=functools.partial(damped_newton, mu=mu),
        layers=layers,
        heads=2,
        width=34,
        error=error,
        kind="rounding" if exact else "approximation",
        samples=300,
        theorem={"layers": f"11 + 2k = {11 + 2 * k}", "width": "6d + 4 = 34"},
    ).register(name)


_STEP = "a damped Newton step, logistic regression, mu = 0.1"
_register("logistic", _STEP, 0.1, 13, 2.1e-4, False)
_register("logistic-small-mu", "the same, mu = 0.01", 0.01, 16, 5.3e-4, False)
_register("logistic-exact", "the same, mu = 0.1, exact scalar functions", 0.1, 13, 8.5e-16, True)
