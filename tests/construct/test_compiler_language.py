"""The language of programs, what is refused, and what the passes make of special cases."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.construct import (
    CompiledNetwork,
    I,
    check,
    compile,
    interpret,
    program,
    relu_fn,
    stored,
)
from eigenformer.construct.compiler import compiled_program
from eigenformer.construct.program import trace
from eigenformer.construct.scalar import ABSOLUTE
from eigenformer.construct.timing import Policy
from eigenformer.core import InputError, rng

SQUARE = {"A": (3, 3), "B": (3, 3)}
COS = relu_fn(torch.cos, -6.0, 6.0, knots=30, name="cos")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda A, B: A @ B, "A @ B does not conform: A is 2x3 and B is 2x4; the columns"),
        (lambda A, B: A + B, r"A \+ B does not conform: A is 2x3 and B is 2x4; terms of a sum"),
        (lambda A, B: A.T @ (A @ B), "A @ B does not conform"),
        (
            lambda A, B: (A.T @ A) @ (2 * B),
            r"A.T @ A @ \(2 \* B\) .*: A.T @ A is 3x3 and 2 \* B is 2x4",
        ),
        (lambda A, B: A - I, "A - I does not conform: I is square and A is 2x3"),
        (lambda A, B: A * B, r"A \* B is not part of programs; write @ for"),
        (lambda A, B: A + 2, r"A \+ 2 is not part of programs; write 2 \* I"),
        (lambda A, B: 2 - A, r"2 - A is not part|A - 2 is not part"),
        (lambda A, B: A / B, "A / B is not part of programs; programs divide by numbers only"),
        (lambda A, B: 2 / A, "2 / A divides by a matrix"),
        (lambda A, B: A / 0, "A / 0 divides by zero"),
        (lambda A, B: A**2, r"A \*\* 2 is not part of programs"),
        (lambda A, B: np.ones((2, 2)) @ A, "ndarray|is not part of programs"),
        (lambda A, B: A * float("nan"), r"A \* nan is not finite"),
        (lambda A, B: 3 * I, r"result = 3 \* I is an identity whose size nothing tells"),
        (lambda A, B: None, "returned a NoneType as result; return an expression"),
        (lambda A, B: {}, "returned no expression"),
    ],
)
def test_mistakes_in_programs(function, message):
    with pytest.raises(InputError, match=message):
        compile(function, {"A": (2, 3), "B": (2, 4)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeat": 0}, "repeat is 0"),
        ({"repeat": 3}, "repeat is 3 and nothing is fed back"),
        ({"feed": {"C": "result"}}, "unknown symbol of step 'C'"),
        ({"feed": {"A": "out"}}, "unknown result of step 'out'"),
        ({"symmetric": ("Q",)}, "unknown symbol of step 'Q'"),
        ({"keep": ("Q",)}, "unknown symbol of step 'Q'"),
        ({"tokens": 2}, "tokens is 2, but step takes 3 columns"),
    ],
)
def test_mistakes_in_options(options, message):
    def step(A, B):
        return A @ B + I

    with pytest.raises(InputError, match=message):
        compile(step, SQUARE, **options)


def test_mistakes_in_shapes():
    def step(A, B):
        return A @ B

    with pytest.raises(InputError, match="the shape of B is missing"):
        compile(step, {"A": (3, 3)})
    with pytest.raises(InputError, match="unknown symbol of step 'C'"):
        compile(step, {**SQUARE, "C": (1, 1)})
    with pytest.raises(InputError, match="result = A @ B is 2x4 and cannot be fed to A"):
        compile(step, {"A": (2, 3), "B": (3, 4)}, feed={"A": "result"})
    with pytest.raises(InputError, match="A is 2x3 and cannot be symmetric"):
        compile(step, {"A": (2, 3), "B": (3, 4)}, symmetric=("A",))
    with pytest.raises(InputError, match="must be a single symbol"):
        program(lambda *symbols: symbols[0])
    net = compile(step, SQUARE)
    with pytest.raises(InputError, match="A has shape"):
        net(np.ones((3, 4)), np.ones((3, 3)))
    with pytest.raises(InputError, match="B holds a nan"):
        net(np.ones((3, 3)), np.full((3, 3), np.nan))


def heads(net):
    return [len(layer.heads) for layer in net.spec.layers]


@pytest.mark.parametrize(
    ("function", "layers", "total"),
    [
        (lambda A, B: A, 0, 0),
        (lambda A, B: A - A, 0, 0),
        (lambda A, B: A.T, 1, 1),
        (lambda A, B: A + 2 * B - I, 1, 1),
        (lambda A, B: A @ B, 1, 1),
        (lambda A, B: A @ B.T @ A, 1, 1),
        (lambda A, B: A.T @ B, 1, 1),
        (lambda A, B: (A + B) @ (A - B).T @ (2 * A), 1, 1),
        (lambda A, B: A @ B.T @ A @ A.T @ B @ A.T @ A @ B.T @ A, 2, 2),
        (lambda A, B: A @ (B + A.T @ B), 1, 1),
        (lambda A, B: (A @ B) @ (A @ B), 2, 2),
    ],
)
def test_fewest_layers_and_heads(function, layers, total):
    net = compile(function, SQUARE)
    assert (net.depth, sum(heads(net))) == (layers, total), str(net.compiled)
    assert check(net, n=50).passed


def test_equal_subexpressions_are_computed_once():
    net = compile(lambda A, B: (A @ B) @ (A @ B) + 3 * (A @ B).T, SQUARE)
    products = [job for layer in net.compiled.schedule.layers for job in layer.products]
    assert len([job for job in products if str(job.left) == "A"]) == 1
    assert check(net, n=50).passed


def test_a_sum_is_recomputed_where_that_saves_a_layer():
    assert compile(lambda A, B: A @ (2 * I - B.T @ A), SQUARE).depth == 1
    kept = compile(lambda A, B: A @ stored(2 * I - B.T @ A), SQUARE)
    assert kept.depth == 2
    assert check(kept, n=50).passed


def test_several_results_and_fed_symbols():
    def fibonacci(X, Y):
        return {"sum": X + Y @ X.T, "old": X}

    options = {"repeat": 3, "feed": {"X": "sum", "Y": "old"}}
    net = compile(fibonacci, {"X": (2, 2), "Y": (2, 2)}, **options)
    assert check(net, n=50).passed
    swap = compile(
        lambda X, Y: {"x": Y, "y": X},
        {"X": (2, 3), "Y": (2, 3)},
        repeat=3,
        feed={"X": "x", "Y": "y"},
    )
    x, y = rng(0).standard_normal((2, 2, 3))
    last = swap.trace(x, y)[-1]
    # x + (y - x) rounds.
    np.testing.assert_allclose(last["X"][0, :, :3].numpy(), y, atol=1e-15)
    np.testing.assert_allclose(last["Y"][0, :, :3].numpy(), x, atol=1e-15)


def test_inputs_that_need_not_be_kept_make_room():
    def step(A, X):
        return A.T @ X @ A.T @ X

    shapes = {"A": (3, 3), "X": (3, 3)}
    kept = compile(step, shapes)
    free = compile(step, shapes, keep=())
    assert free.spec.layout.width < kept.spec.layout.width
    for net in (kept, free):
        assert check(net, n=50).passed


def test_more_tokens_than_needed():
    net = compile(lambda A, B: COS(A @ B) + A, SQUARE, tokens=8)
    assert net.spec.tokens == 8
    found = check(net, n=50)
    assert found.passed and found.residue <= 1e-15


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    "function",
    [
        lambda A, B: COS(A),
        lambda A, B: COS(A @ B).T @ A + ABSOLUTE(A @ B),
        lambda A, B: COS(COS(A) - COS(B.T)),
        lambda A, B: COS(A - A) @ B,
        lambda A, B: A + COS(2 * A - 3 * B.T) - ABSOLUTE(A),
    ],
)
def test_scalar_functions_leave_other_columns_at_zero(function, dense, exact):
    net = compile(
        function,
        {"A": (2, 2), "B": (2, 2)},
        tokens=5,
        dense=dense,
        exact=exact,
    )
    found = check(net, n=50)
    assert found.passed and found.residue <= 1e-15, str(found)


def test_the_interpreter_can_use_the_relu_form():
    a = rng(0).standard_normal((4, 3, 2))
    exact = interpret(lambda A: COS(A), {"A": a})
    np.testing.assert_allclose(exact, np.cos(a), atol=1e-15)
    relu = interpret(lambda A: COS(A), {"A": a}, exact=False)
    assert 1e-4 < np.abs(relu - exact).max() <= COS.error_bound


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_result_that_cannot_take_its_rows_at_once(steps):
    # f(X) reads X after attention, which would already have added A X to its rows.
    net = compile(
        lambda A, X: ABSOLUTE(X) + A @ X,
        {"A": (3, 3), "X": (3, 2)},
        repeat=steps,
        feed={"X": "result"},
    )
    assert net.depth <= max(2, steps)
    assert check(net, n=50).passed


def test_merged_heads_have_no_more_rows_than_the_state():
    # Four products of one value: stacked, their keys would be wider than the state.
    net = compile(
        lambda A: A @ (4 * I - 2 * A @ A + A @ (A - 3 * I)),
        {"A": (1, 1)},
        repeat=2,
        feed={"A": "result"},
        dense=True,
    )
    for layer in net.spec.layers:
        for head in layer.heads:
            assert max(move.into.stop for move in head.key) <= net.spec.layout.width
    assert check(net, n=50).passed


@pytest.mark.parametrize("distribute", [False, True])
@pytest.mark.parametrize("gather", [False, True])
def test_a_sum_and_its_transpose_may_leave_out_different_identities(distribute, gather):
    def step(A, B, C):
        b = ABSOLUTE(B)
        c = ABSOLUTE(b.T)
        m = (b + c) @ C.T - 1.5 * I
        d = I - C.T
        terms = (d + b.T) @ (-0.25 * (A + I)) + (b @ (c.T + d.T) + (c.T @ B.T - (A + m)))
        return (m @ terms).T

    traced = trace(step, dict.fromkeys("ABC", (2, 2)), 3, {"B": "result"})
    policy = Policy(distribute=distribute, gather=gather)
    compiled = compiled_program(traced, policy=policy)
    assert check(CompiledNetwork(compiled), n=50, draw=small).passed


def small(rng, n):
    return {name: 0.2 * rng.standard_normal((n, 2, 2)) for name in "ABC"}


@given(st.integers(1, 4), st.integers(1, 4))
def test_numbers_of_numpy_are_numbers(rows, columns):
    a = np.ones((rows, columns))
    found = interpret(lambda A: np.float64(2) * A - A * np.int64(3) + A / 2, {"A": a})
    np.testing.assert_array_equal(found, -0.5 * a)


def test_programs_call_programs():
    @program
    def half(A):
        return A / 2

    net = compile(lambda A, B: half(A) @ half(B), SQUARE)
    a, b = rng(1).standard_normal((2, 3, 3))
    np.testing.assert_allclose(net(a, b).numpy(), a @ b / 4, atol=1e-14)


def test_identities_as_blocks_and_results():
    net = compile(lambda A, B: (I + I) @ I.T - ABSOLUTE(-I) + A @ I, SQUARE)
    a, b = rng(2).standard_normal((2, 3, 3))
    np.testing.assert_allclose(net(a, b).numpy(), a + np.eye(3), atol=1e-15)
    reset = compile(lambda X: 2 * I, {"X": (3, 3)}, feed={"X": "result"})
    np.testing.assert_array_equal(reset(a).numpy(), 2 * np.eye(3))


def test_symbols_may_have_any_name():
    def step(I, one, Z):  # noqa: E741
        return I @ one @ COS(Z) + 0 * Z

    net = compile(step, {"I": (2, 2), "one": (2, 2), "Z": (2, 2)}, tokens=4)
    assert check(net, n=20).passed


def test_every_pass_prints():
    shapes = {"A": (2, 2), "X": (2, 2)}
    traced = trace(lambda A, X: X @ (2 * I - A @ X), shapes, feed={"X": "result"})
    text = str(compiled_program(traced))
    for words in (
        "program <lambda>(A 2x2, X 2x2), 1 times",
        "normal form of <lambda>",
        "2 X - X A X",
        "schedule of 2 layers",
        "layer 1: A.T += 1 (I2) (A)^T (I2)",
        "A.T (2 rows): A.T [1, 2)",
    ):
        assert words in text


@pytest.mark.slow
def test_long_programs_compile_without_deep_recursion():
    def power(A, X):
        for _ in range(30):
            X = X @ (2 * I - A @ X)
        return X

    shapes = {"A": (2, 2), "X": (2, 2)}
    assert compile(power, shapes).depth == 31
    fed = compile(lambda A, X: A @ X.T, shapes, repeat=300, feed={"X": "result"})
    assert fed.depth == 300


def test_check_skips_what_overflows():
    def square(X):
        return X @ X

    def large(rng, n):
        return {
            "X": rng.standard_normal((n, 2, 2))
            * np.array([1.0, 1e40])[np.arange(n) % 2, None, None]
        }

    net = compile(square, {"X": (2, 2)}, repeat=3, feed={"X": "result"})
    found = check(net, n=10, draw=large)
    assert (found.examples, found.skipped, found.passed) == (5, 5, True)
    with pytest.raises(InputError, match="overflows on all of 4 random inputs"):
        check(net, n=4, draw=lambda rng, n: {"X": np.full((n, 2, 2), 1e60)})
    with pytest.raises(InputError, match="n is 0"):
        check(net, n=0)
