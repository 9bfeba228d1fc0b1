"""Scalar functions by ReLUs: the predicted bound holds, errors fall as N^-2, gates are exact."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.construct import Head, Layer, Layout, Network, Port, Scalar, Spec, Stage, Unit
from eigenformer.construct.feed_forward import feed_forward
from eigenformer.construct.gates import (
    clear,
    form,
    overwrite,
    product,
    signed,
    signed_positive,
    square,
)
from eigenformer.construct.relu import relu_fn
from eigenformer.construct.scalar import ABSOLUTE, IDENTITY, POSITIVE, second_derivative
from eigenformer.core import InputError

# Each with the ranges on which it is defined.
SMOOTH = {
    "sigmoid": (torch.sigmoid, -15.0, 15.0),
    "slope": (lambda z: torch.sigmoid(z) * torch.sigmoid(-z), -15.0, 15.0),
    "sin": (torch.sin, -6.0, 6.0),
    "exp": (torch.exp, -4.0, 4.0),
    "cube": (lambda z: z**3 - z, -2.0, 2.0),
    "bump": (lambda z: torch.exp(-20 * z * z), -2.0, 2.0),
    "softplus": (torch.nn.functional.softplus, -8.0, 8.0),
    "line": (lambda z: 2.5 * z - 1, -3.0, 3.0),
    "constant": (lambda z: 0 * z + 7, -3.0, 3.0),
}
SINGULAR = {
    "sqrt": torch.sqrt,
    "cube root": lambda z: z ** (1 / 3),
    "damping": lambda z: 0.6 / (0.6 + z.sqrt()),
    "z log z": torch.special.entr,
    "power 3/2": lambda z: z**1.5,
}
KINKED = {
    "|z - 0.3|": lambda z: (z - 0.3).abs(),
    "clamp": lambda z: z.clamp(-0.4, 0.7),
    "max": lambda z: torch.maximum(z.sin(), 0.2 + 0 * z),
}
SPACINGS = st.sampled_from(["curvature", "uniform", "geometric"])


def true_error(scalar, points=40_001):
    """Against NumPy's interpolation, on a grid that is as fine near both ends as in the middle."""
    lo, hi = scalar.knots[0], scalar.knots[-1]
    near = np.logspace(-18, 0, points) * (hi - lo)
    z = np.unique(
        np.clip(np.concatenate([lo + near, hi - near, np.linspace(lo, hi, points)]), lo, hi)
    )
    exact = scalar.function(torch.from_numpy(z)).numpy()
    return np.abs(np.interp(z, scalar.knots, scalar.values) - exact).max()


def sum_of_relus(scalar, z):
    scale, bias, weight = scalar.relus().T
    return np.maximum(np.multiply.outer(z, scale) + bias, 0) @ weight


@given(
    st.sampled_from(sorted(SMOOTH)),
    st.floats(0, 1),
    st.floats(0.02, 1),
    st.integers(2, 300),
    SPACINGS,
)
def test_the_error_is_below_its_bound_for_smooth_functions(name, left, width, knots, spacing):
    f, least, most = SMOOTH[name]
    span = width * (most - least)
    lo = least + left * (most - least - span)
    scalar = relu_fn(f, lo, lo + span, knots=knots, spacing=spacing)
    assert len(scalar.knots) == knots
    assert true_error(scalar) <= scalar.error_bound + 1e-15 * np.abs(scalar.values).max()
    assert scalar.measured_error() <= scalar.error_bound + 1e-15 * np.abs(scalar.values).max()


@given(st.sampled_from(sorted(SINGULAR)), st.floats(-6, 4), st.integers(3, 300), SPACINGS)
def test_the_bound_holds_where_the_curvature_blows_up(name, decade, knots, spacing):
    scalar = relu_fn(SINGULAR[name], 0.0, 10.0**decade, knots=knots, spacing=spacing)
    assert true_error(scalar) <= scalar.error_bound


@given(st.sampled_from(sorted(KINKED)), st.floats(-3, -0.5), st.floats(0.8, 3), st.integers(4, 200))
def test_the_bound_holds_at_kinks(name, lo, hi, knots):
    scalar = relu_fn(KINKED[name], lo, hi, knots=knots)
    assert true_error(scalar) <= scalar.error_bound


@pytest.mark.slow
@given(
    st.sampled_from(sorted({**SINGULAR, **SMOOTH})),
    st.floats(-6, -1),
    st.sampled_from(["curvature", "geometric"]),
)
def test_a_wanted_error_is_reached(name, decade, spacing):
    f = SINGULAR[name] if name in SINGULAR else SMOOTH[name][0]
    # Steep slopes leave a cube root a rounding error of some 1e-5.
    coarse = spacing == "geometric" or name == "cube root"
    error = 10.0 ** max(decade, -4.0 if coarse else -6.0)
    scalar = relu_fn(f, 0.0, 2.0, error=error, spacing=spacing)
    assert true_error(scalar) <= scalar.error_bound <= error


@pytest.mark.parametrize("name", ["sigmoid", "sin", "exp", "sqrt", "damping"])
def test_errors_fall_as_the_square_of_the_number_of_knots(name):
    f, lo, hi = SMOOTH[name] if name in SMOOTH else (SINGULAR[name], 0.0, 10.0)
    sizes = np.array([32, 64, 128, 256, 512])
    for kind in (true_error, lambda scalar: scalar.error_bound):
        errors = [kind(relu_fn(f, lo, hi, knots=int(n))) for n in sizes]
        slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
        assert -2.35 < slope < -1.9


def test_the_bound_is_tight():
    for name, (f, lo, hi) in SMOOTH.items():
        for spacing in ("curvature", "uniform"):
            scalar = relu_fn(f, lo, hi, knots=200, spacing=spacing)
            if name not in ("line", "constant"):
                assert scalar.error_bound < 1.1 * true_error(scalar), name
    for f in SINGULAR.values():
        scalar = relu_fn(f, 0.0, 5.0, knots=200)
        assert scalar.error_bound < 1.6 * true_error(scalar)


def test_curvature_knots_beat_uniform_ones():
    f, lo, hi = SMOOTH["slope"]
    errors = {
        s: relu_fn(f, lo, hi, knots=512, spacing=s).error_bound for s in ("curvature", "uniform")
    }
    assert errors["curvature"] < errors["uniform"] / 10
    sqrt = {
        s: relu_fn(torch.sqrt, 0.0, 1.0, knots=512, spacing=s).error_bound
        for s in ("curvature", "uniform", "geometric")
    }
    assert sqrt["curvature"] < sqrt["geometric"] / 10 < sqrt["uniform"] / 1000


def test_known_bounds():
    # h^2 max|f''| / 8 with max|f''| = 2, 1/8 and 1/(6 sqrt 3) (derivations.md, section 1d).
    h = 24 / 511
    slope = relu_fn(SMOOTH["slope"][0], -12.0, 12.0, knots=512, spacing="uniform")
    sigmoid = relu_fn(torch.sigmoid, -12.0, 12.0, knots=512, spacing="uniform")
    assert square(1.3, knots=512).error_bound == pytest.approx((2.6 / 511) ** 2 / 4, rel=1e-6)
    assert slope.error_bound == pytest.approx(h**2 / 64, rel=2e-3)
    assert sigmoid.error_bound == pytest.approx(h**2 / (48 * math.sqrt(3)), rel=2e-3)


@given(st.sampled_from(sorted(SMOOTH)), st.integers(2, 100))
def test_the_relus_are_the_interpolation_and_constant_outside(name, knots):
    f, lo, hi = SMOOTH[name]
    scalar = relu_fn(f, lo, hi, knots=knots)
    z = np.linspace(lo - 5, hi + 5, 501)
    expected = np.interp(z, scalar.knots, scalar.values)
    scale = np.abs(scalar.values).max()
    assert np.abs(scalar(torch.from_numpy(z)).numpy() - expected).max() <= 1e-13 * scale
    assert np.abs(sum_of_relus(scalar, z) - expected).max() <= 1e-11 * scale
    assert scalar.hidden == len(scalar.relus()) == knots + 1


def test_the_bound_covers_the_rounding_of_a_sum_of_steep_relus():
    knots = np.concatenate([[0.0], np.geomspace(1e-16, 1.0, 511)])
    scalar = Scalar("sqrt", torch.sqrt, knots)
    z = np.linspace(0, 1, 10_001)
    error = np.abs(sum_of_relus(scalar, z) - np.sqrt(z)).max()
    assert error <= scalar.error_bound
    assert (
        scalar.error_bound > 1e-6 > np.abs(np.interp(z, knots, np.sqrt(knots)) - np.sqrt(z)).min()
    )


def test_errors_on_a_range():
    scalar = relu_fn(torch.sigmoid, -12.0, 12.0, knots=64, spacing="uniform")
    rng = np.random.default_rng(0)
    low = rng.uniform(-20, 20, 500)
    high = low + rng.exponential(1.0, 500) * (rng.random(500) < 0.7)
    bound = scalar.error_between(low, high)
    for a, b, e in zip(low, high, bound, strict=True):
        z = np.linspace(a, b, 201)
        exact = 1 / (1 + np.exp(-z))
        assert np.abs(np.interp(z, scalar.knots, scalar.values) - exact).max() <= e
    flat = scalar.error_between(np.array([-11.9]), np.array([-11.5]))
    assert flat[0] < scalar.error_bound / 1000
    assert IDENTITY.error_between(low, high).max() == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_gates_are_exact(values):
    z = np.array(values)
    for gate, expected in (
        (IDENTITY, z),
        (ABSOLUTE, np.abs(z)),
        (POSITIVE, np.maximum(z, 0)),
    ):
        assert (gate(torch.from_numpy(z)).numpy() == expected).all()
        assert (sum_of_relus(gate, z) == expected).all()
        assert gate.error_bound == gate.measured_error() == 0
        assert gate.hidden == len(gate.relus())


def test_scalars_apply_to_nodes_of_a_program():
    class Node:
        def apply_scalar(self, scalar):
            return "applied", scalar

    assert ABSOLUTE(Node()) == ("applied", ABSOLUTE)


def test_both_errors_are_printed():
    text = str(relu_fn(torch.sigmoid, -12.0, 12.0, error=1e-4, name="sigma(z)"))
    assert "sigma(z) on [-12, 12]: 93 knots, 94 hidden units" in text
    assert "predicted" in text and "measured" in text
    assert str(ABSOLUTE) == "|z|: 2 hidden units, exact"


def test_second_derivatives():
    z = np.linspace(0.1, 3, 50)
    assert np.abs(second_derivative(torch.sin, z) + np.sin(z)).max() < 1e-15
    assert np.abs(second_derivative(torch.sqrt, z) + z**-1.5 / 4).max() < 1e-13
    assert not second_derivative(lambda x: 3 * x, z).any()
    assert not second_derivative(torch.abs, z).any()


def test_breaks_become_knots():
    scalar = relu_fn(lambda z: (z - 0.3).abs(), -1.0, 1.0, knots=3, breaks=(0.3,))
    assert 0.3 in scalar.knots
    assert scalar.error_bound < 1e-14


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.log, 0.0, 1.0, {"knots": 9}), "not finite at 0"),
        ((torch.sin, 1.0, 0.0, {"knots": 9}), "lo < hi"),
        ((torch.sin, 0.0, math.inf, {"knots": 9}), "both finite"),
        ((torch.sin, 0.0, 1.0, {}), "either error= or knots="),
        ((torch.sin, 0.0, 1.0, {"knots": 9, "error": 0.1}), "either error= or knots="),
        ((torch.sin, 0.0, 1.0, {"knots": 1}), "must be from 2"),
        ((torch.sin, 0.0, 1.0, {"error": -1.0}), "must be positive"),
        ((torch.sin, 0.0, 1.0, {"error": 1e-13}), "does not reach"),
        ((torch.sin, 0.0, 1.0, {"knots": 5, "breaks": (2.0,)}), "not inside"),
        ((torch.sum, 0.0, 1.0, {"knots": 5}), "elementwise"),
    ],
)
def test_bad_input(arguments, message):
    *positional, options = arguments
    with pytest.raises(InputError, match=message):
        relu_fn(*positional, **options)


def test_bad_knots():
    with pytest.raises(InputError, match="increasing"):
        Scalar("f", torch.sin, np.array([0.0, 0.0, 1.0]))
    with pytest.raises(InputError, match="not a number at 0"):
        Scalar("f", torch.log, np.array([0.0, 1.0]))


LAYOUT = Layout.of(u=1, v=1, out=1, one=1)
U, V, OUT, ONE = (rows for _, rows in LAYOUT.items())


def run(units, u, v, **options):
    """Rows u, v and out after a layer of these units; out starts with 5."""
    n = len(u)
    spec = Spec(
        name="gate",
        layout=LAYOUT,
        tokens=n,
        stages=(Stage(layers=(Layer(units=tuple(units)),)),),
        inputs=(Port(name="u", shape=(n,), block="u"), Port(name="v", shape=(n,), block="v")),
        output=Port(name="out", shape=(n,), block="out"),
        constants={"one": np.ones((1, n)), "out": np.full((1, n), 5.0)},
    )
    traced = Network(spec, **options).trace(u, v)[-1]
    return [traced[name][0, 0].numpy() for name in ("u", "v", "out")]


def row(rows, factor=1.0):
    return form(4, (rows, factor))


@pytest.mark.parametrize("options", [{}, {"dense": True}, {"exact": True}], ids=str)
def test_units_of_gates(options):
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 100))
    y = rng.choice([-1.0, 1.0], 100)

    found = run([overwrite(OUT, form(4, (U, 2.0), (V, -1.0), (ONE, 3.0)))], u, v, **options)
    assert (found[0] == u).all() and (found[1] == v).all()
    assert np.abs(found[2] - (2 * u - v + 3)).max() < 1e-15 * 30
    assert not run([*clear(OUT, 4), *clear(U, 4)], u, v, **options)[2].any()
    assert not run([*clear(OUT, 4), *clear(U, 4)], u, v, **options)[0].any()

    # Powers of two as limits and inputs add without rounding, so the gates are exact there.
    w = np.round(u * 64) / 64
    for sign in (y, np.zeros(100)):
        units = [*clear(OUT, 4), *signed(row(U), row(V), row(OUT), limit=8.0)]
        assert (run(units, w, sign, **options)[2] == sign * w).all()
    units = [*clear(OUT, 4), *signed_positive(row(U), row(V), row(ONE), row(OUT), limit=8.0)]
    assert (run(units, np.abs(w), y, **options)[2] == y * np.abs(w)).all()
    with pytest.raises(InputError, match="positive"):
        signed(row(U), row(V), row(OUT), limit=0.0)


@given(st.integers(2, 400), st.floats(0.1, 10))
def test_the_product_gate_is_within_its_bound(knots, limit):
    rng = np.random.default_rng(knots)
    u, v = rng.uniform(-limit / 2, limit / 2, (2, 200))
    gate = product(row(U), row(V), row(OUT), square(limit, knots=knots))
    h = 2 * limit / (knots - 1)
    error = np.abs(run([*clear(OUT, 4), *gate], u, v)[2] - u * v).max()
    assert error <= gate[0].function.error_bound / 4 <= h**2 / 16 * 1.001 + 1e-12 * limit**2
    exact = run([*clear(OUT, 4), *gate], u, v, exact=True)[2]
    assert np.abs(exact - u * v).max() < 2e-15 * (1 + limit**2)


def test_only_interpolation_needs_a_row_of_ones():
    layout = Layout.of(u=2)
    read = np.array([1.0, 0.0])
    layer = Layer(heads=(), units=(Unit(read=read, function=ABSOLUTE, write=read[::-1].copy()),))
    port = Port(name="u", shape=(2, 3), block="u")
    stages = (Stage(layers=(layer,)),)
    spec = Spec(name="f", layout=layout, tokens=3, stages=stages, inputs=(port,), output=port)
    up, down = feed_forward(layer, spec)
    assert up.tolist() == [[1.0, 0.0], [-1.0, 0.0]] and down.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert Network(spec)([[1.0, -2, 3], [0, 0, 0]])[1].tolist() == [1, 2, 3]
    unit = Unit(read=read, function=square(1.0, knots=3), write=read)
    with pytest.raises(InputError, match="one"):
        feed_forward(Layer(heads=tuple[Head, ...](), units=(unit,)), spec)
