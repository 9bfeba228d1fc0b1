"""Newton's iteration on tokens, one layer a step (Fu et al. 2024, Theorem 5.1).

    S = sum_j x_j x_j^T,    M_{k+1} = 2 M_k - M_k S M_k,    w = M_k sum_j y_j x_j

Token j holds [M x_j; x_j]: 2d rows and no identity. One layer:

    attention    M x_t -= (1/2) sum_j (M x_j) (M x_j)^T x_t = (1/2) M S M x_t
    FFN          M x_t doubles, by 2d ReLU units

The source's attention is (1/n) ReLU: two heads with scores of opposite signs and *values of
opposite signs*, as relu(z) - relu(-z) = z. (Its text has equal values, which gives |z|:
derivations.md, section 2.) Linear attention needs one head.

Rounding doubles each step where the tokens M x_j leave the form M x_j with a symmetric M (the
attention sees M x_j only through sums over j): 2^k machine epsilon in the end, which Newton's
iteration with the original matrix at hand does not have. Fewer steps are more accurate here.
"""

import math
from functools import partial
from typing import Literal, Unpack

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Move, Rows
from ..catalogue import Construction
from ..network import Network, NetworkOptions
from ..parts import Layer, Unit
from ..scalar import IDENTITY
from ..spec import Port, Spec, Stage
from .heads import head
from .least_squares import Start, newton_steps
from .prompts import LEAST_SQUARES, Prompt, draw_regression
from .spectra import gram_eigenvalues, positive, refuse, warn_if_ill_conditioned

Scores = Literal["relu", "linear"]


def fu_newton_steps(
    dim: int,
    tokens: int,
    steps: int,
    *,
    scores: Scores = "relu",
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """The core: from M_0, `steps` Newton steps; output M_k x_t for every token, [tokens, dim].

    Inputs x [tokens, dim] and a symmetric start [dim, dim] = M_0 (or batches). The input map puts
    M_0 x_t into the tokens; the source spends 3 layers on that and 5 on reading out, which are not
    here: see `fu_newton` for a network from (x, y) to a prediction.

    1 layer a step with the same weights each time, 2 heads with ReLU scores or 1 with linear ones,
    width 2 dim, 2 dim hidden units. M_0 whose eigenvalues with S are at or beyond 2 diverge and are
    refused unless `guard` is False.
    Source: Fu et al. 2024, Theorem 5.1 (one step); derivations.md, section 2.
    """
    at_least(1, dim=dim, tokens=tokens, steps=steps)
    layout = Layout.of(Mx=dim, x=dim)
    mx_port, x_port = (
        Port(name=name, shape=(tokens, dim), block=name, transposed=True) for name in ("Mx", "x")
    )

    def prepare(x: Tensor, start: Tensor) -> tuple[Tensor, ...]:
        size = start.abs().amax(dim=(-2, -1))
        skew = (start - start.mT).abs().amax(dim=(-2, -1))
        refuse(
            skew > 1e-8 * size,
            skew,
            "start is not symmetric: M and M^T differ by {}; give (M + M^T)/2",
        )
        if guard:
            # The eigenvalues of M S, S = X^T X, are those of X M X^T (and zeros).
            top = torch.linalg.eigvalsh(x @ start @ x.mT)[..., -1]
            refuse(
                top >= 2,
                top,
                "M_0 S has the eigenvalue {}, at or beyond 2: Newton's iteration would diverge; "
                "scale the start down, or guard=False to watch it",
            )
        return x @ start, x

    spec = Spec(
        name="fu_newton_steps",
        layout=layout,
        tokens=tokens,
        stages=(Stage(layers=(_step(layout, tokens, scores),), repeat=steps),),
        inputs=(mx_port, x_port),
        output=mx_port,
        prepare=prepare,
        given=(x_port, Port(name="start", shape=(dim, dim), block="Mx")),
        steps=steps,
        notes=(
            "the input map computes M_0 x_t; set-up and read-out (3 + 5 layers in the source) are "
            "not part of this network",
        ),
        theorem={"layers": "1 a step (+ 8)", "heads": "2", "width": "O(d)"},
    )
    return Network(spec, **options)


def fu_newton(
    dim: int,
    tokens: int,
    steps: int | None = None,
    *,
    scores: Scores = "relu",
    start: Start = "gram",
    alpha: float | None = None,
    condition: float = 100.0,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Least-squares prediction by k = `steps` Newton steps from M_0 = alpha S.

    Inputs x [n, dim], y [n], query [dim] (or batches), n <= `tokens`; output one number.
    Equivalent for large k: `query @ numpy.linalg.lstsq(x, y)[0]`, up to rounding of 2^k epsilon.

    k + 2 layers, 2 heads (ReLU) or 1 (linear), width 2 dim + 1, tokens + 1 columns:

        layer 1       Mx_t += alpha sum_j x_j (x_j . x_t)    the set-up: M_0 x_t, M_0 = alpha S;
                      or, by the FFN, Mx_t += alpha x_t      M_0 = alpha I (`start="identity"`)
        layers 2..k+1 the core's step
        layer k+2     y_t += sum_j y_j (M x_j . x_t)         the read-out, in the query's y

    against the source's k + 8: its prompt has x_j and y_j in different tokens, and most of its 3
    set-up and 5 read-out layers move them together. Here a token holds both, and its query is not
    a key.

    `alpha` is a weight, refused at or beyond 2 / lambda_max(S)^2 (for `start="identity"` 2 /
    lambda_max(S)), where Newton's iteration does not converge, unless `guard` is False. (The
    source's text has alpha = 2 / ||S S^T||_2, on that boundary; its code 1 / ||S S^T||_F.) Without
    it the input map scales x and the query, and the weight is 1: the prediction is that of alpha =
    1 / ||S S^T||_F (1 / ||S||_F), the code's choice. `steps` is by default `newton_steps(condition,
    start)` and what the Frobenius norm costs, log2(dim) / 2. `start="identity"`, not in the source,
    needs half as many.
    """
    prompt = Prompt(dim=dim, tokens=tokens)
    if start not in ("gram", "identity"):
        raise InputError(f"start is {start!r}; it is 'gram' or 'identity'")
    if steps is None:
        # ||S S^T||_F is at most sqrt(dim) ||S S^T||_2, which costs log2 of that more.
        steps = newton_steps(condition, start) + math.ceil(math.log2(dim) / 2)
    at_least(1, steps=steps)
    if alpha is not None and not 0 < alpha < math.inf:
        raise InputError(f"alpha is {alpha}; it must be positive")
    layout = Layout.of(Mx=dim, x=dim, y=1)
    mx, x_rows, y_rows = (rows for _, rows in layout.items())
    factor = 1.0 if alpha is None else alpha
    if start == "gram":
        set_up = _layer((mx, x_rows), x_rows, x_rows, factor, tokens, scores)
    else:
        set_up = Layer(units=_copies(layout, "x", factor))
    read_out = _layer((y_rows, y_rows), mx, x_rows, 1.0, tokens, scores)
    step = _step(layout, tokens, scores, masked_keys=1)
    power, norm, root = (2, "||S S^T||_F", "1/4") if start == "gram" else (1, "||S||_F", "1/2")
    if alpha is None:
        note = (
            f"the input map divides x_i and x_q by {norm}^({root}) and alpha is 1: the prediction "
            f"of alpha = 1 / {norm}"
        )
    else:
        note = f"alpha = {alpha:g} is a weight of layer 1"

    def prepare(x: Tensor, y: Tensor, query: Tensor) -> tuple[Tensor, ...]:
        values = gram_eigenvalues(x)
        if guard:
            warn_if_ill_conditioned(values, "S = X^T X")
        if alpha is None:
            # The Frobenius norm of S^power, which is divided into the data 2 power times.
            scale = positive(values.pow(2 * power).sum(-1).sqrt()) ** (0.5 / power)
            return x / scale[..., None, None], y, query / scale[..., None]
        limit = 2 / positive(values[..., -1]) ** power
        if guard:
            refuse(
                alpha >= limit,
                limit,
                f"alpha = {alpha:.6g} is at or beyond 2 / ||S||_2^{power} = {{}}: Newton's "
                "iteration would not converge; compile with a smaller alpha, or without one",
            )
        return x, y, query

    spec = Spec(
        name="fu_newton",
        layout=layout,
        tokens=tokens + 1,
        stages=(
            Stage(layers=(set_up,)),
            Stage(layers=(step,), repeat=steps),
            Stage(layers=(read_out,)),
        ),
        inputs=prompt.ports,
        output=Port(name="prediction", shape=(), block="y", column=tokens),
        prepare=prepare,
        given=prompt.ports,
        problem=LEAST_SQUARES,
        steps=steps,
        notes=(note, "x_j and y_j share a token, so 2 layers do what the source's 3 + 5 do"),
        theorem={"layers": "k + 8", "heads": "O(1)", "width": "O(d)"},
    )
    return Network(spec, **options)


def _layer(
    value: tuple[Rows, Rows],
    key: Rows,
    query: Rows,
    factor: float,
    tokens: int,
    scores: Scores,
    units: tuple[Unit, ...] = (),
    masked_keys: int = 1,
) -> Layer:
    """Adds factor * value (key^T query): one linear head, or two with (1/n) ReLU scores."""
    if scores not in ("relu", "linear"):
        raise InputError(f"scores is {scores!r}; it is 'relu' or 'linear'")
    signs = (1.0, -1.0) if scores == "relu" else (1.0,)
    scale = tokens if scores == "relu" else 1
    heads = tuple(head(Move(*value, sign), key, query, sign * factor * scale) for sign in signs)
    return Layer(heads=heads, units=units, scale=1 / scale, scores=scores, masked_keys=masked_keys)


def _copies(layout: Layout, source: str, factor: float = 1.0) -> tuple[Unit, ...]:
    """Mx += factor * source, by the FFN."""
    eye = np.eye(layout.width)
    pairs = zip(eye[layout[source].slice], eye[layout["Mx"].slice], strict=True)
    return tuple(Unit(read=s, function=IDENTITY, write=factor * m) for s, m in pairs)


def _step(layout: Layout, tokens: int, scores: Scores, masked_keys: int = 0) -> Layer:
    """Mx <- 2 Mx - M S M x."""
    mx, doubling = layout["Mx"], _copies(layout, "Mx")
    return _layer((mx, mx), mx, layout["x"], -0.5, tokens, scores, doubling, masked_keys)


def fu_newton_steps_reference(
    x: Float64[np.ndarray, "B n d"], start: Float64[np.ndarray, "B d d"], *, steps: int
) -> Float64[np.ndarray, "B n d"]:
    """M <- 2M - M S M in NumPy, then M x_t for every token."""
    gram = x.swapaxes(1, 2) @ x
    for _ in range(steps):
        start = 2 * start - start @ gram @ start
    return np.asarray(x @ start)


def fu_newton_reference(
    x: Float64[np.ndarray, "B n d"],
    y: Float64[np.ndarray, "B n"],
    query: Float64[np.ndarray, "B d"],
    *,
    steps: int,
    start: Start = "gram",
    alpha: float | None = None,
) -> Float64[np.ndarray, " B"]:
    """M_0 = alpha S or alpha I, k Newton steps, then query^T M_k X^T y, in NumPy."""
    gram = x.swapaxes(1, 2) @ x
    norm = np.linalg.norm(gram @ gram if start == "gram" else gram, axis=(1, 2))
    scale = 1 / norm if alpha is None else np.full(len(x), alpha)
    inverse = scale[:, None, None] * (gram if start == "gram" else np.eye(x.shape[2]))
    for _ in range(steps):
        inverse = 2 * inverse - inverse @ gram @ inverse
    return np.asarray(np.einsum("bd,bde,bne,bn->b", query, inverse, x, y, optimize=True))


def _draw(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    x, _, _ = draw_regression(rng, batch)
    gram = x.swapaxes(1, 2) @ x
    return x, gram / np.linalg.norm(gram @ gram, axis=(1, 2))[:, None, None]


def _register_core(scores: Scores, heads: int, error: float) -> None:
    Construction(
        summary=f"Newton steps on tokens [Mx; x], {scores} attention: the core, 2 steps",
        source="Fu et al. 2024, Theorem 5.1",
        build=lambda: fu_newton_steps(5, 20, 2, scores=scores),
        draw=_draw,
        reference=partial(fu_newton_steps_reference, steps=2),
        layers=2,
        heads=heads,
        width=10,
        error=error,
        samples=300,
        relative=True,
        theorem={"layers": "1 a step (+ 8) = 2 (+ 8)", "heads": str(heads), "width": "O(d)"},
    ).register(f"fu-newton-{scores}")


_register_core("relu", 2, 4e-16)
_register_core("linear", 1, 4.4e-16)
Construction(
    summary="least-squares prediction by Newton steps on tokens, set-up and read-out included",
    source="Fu et al. 2024, Theorem 5.1",
    build=lambda: fu_newton(5, 20, 12),
    draw=draw_regression,
    reference=partial(fu_newton_reference, steps=12),
    layers=14,
    heads=2,
    width=11,
    error=1e-12,  # 2^12 machine epsilon: see the module's docstring
    theorem={"layers": "k + 8 = 20", "heads": "O(1)", "width": "O(d)"},
).register("fu-newton")
