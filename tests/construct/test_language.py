"""Matrix programs as text."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer.construct import I, check, compile, newton_inverse, program
from eigenformer.construct.language import LARGEST_SIDE, MOST_STEPS, read_program
from eigenformer.construct.language.parser import parse_syntax
from eigenformer.core import InputError
from eigenformer.core import rng as stream

NEWTON = """\
# Newton's iteration
A: 4 x 4
start X = A.T / norm(A)^2
repeat 12:
    X = X @ (2*I - A@X)   # squares I - A X
return X
target inv(A)
"""


def test_newton_is_the_same_network_as_in_python() -> None:
    network, reference = read_program(NEWTON).compile(), newton_inverse(dim=4, steps=12)
    a = torch.from_numpy(stream(0, "language").standard_normal((20, 4, 4)))
    assert network.depth == reference.depth
    assert network.spec.layout.width == reference.spec.layout.width
    torch.testing.assert_close(network(a), reference(a), rtol=1e-9, atol=1e-9)


def test_a_start_and_a_target_are_what_numpy_says() -> None:
    found = read_program(NEWTON)
    a = stream(1, "language").standard_normal((4, 4))
    start = found.compile().start(torch.from_numpy(a))[0][0, 4:8].numpy()
    np.testing.assert_allclose(start, a.T / np.linalg.norm(a, 2) ** 2, rtol=1e-12)
    target = found.target(torch.from_numpy(a))
    assert target is not None and found.inverts == "A"
    np.testing.assert_allclose(target.numpy(), np.linalg.inv(a), rtol=1e-8)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("A*B - 2*A", lambda a, b: a @ b - 2 * a),
        ("-A^3/4 + B'", lambda a, b: -(a @ a @ a) / 4 + b.T),
        ("A - (B - A)*B", lambda a, b: a - (b - a) @ b),
        ("2^2*(A + 3*I)*B.T*0.5", lambda a, b: 4 * (a + 3 * np.eye(3)) @ b.T * 0.5),
        ("relu(A*B) - abs(B)", lambda a, b: np.maximum(a @ b, 0) - np.abs(b)),
        ("stored(A - B)^2", lambda a, b: (a - b) @ (a - b)),
        ("- -A*-B", lambda a, b: a @ -b),
    ],
)
def test_an_expression_means_what_numpy_says(text: str, function) -> None:
    found = read_program(f"A: 3x3\nB: 3x3\nreturn {text}")
    a, b = stream(2, "language").standard_normal((2, 3, 3))
    network = found.compile()
    given = network(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(given, function(a, b), atol=1e-10)
    # The same from its own text.
    again = read_program(str(found)).compile()
    torch.testing.assert_close(again(torch.from_numpy(a), torch.from_numpy(b)).numpy(), given)


def test_lines_follow_one_another_and_several_are_fed_back() -> None:
    text = "A: 2x2\nB: 2x2\nrepeat 3:\n  A = A*B\n  C = A + B\n  B = 0.5*C\nreturn C - A"
    a, b = stream(3, "language").standard_normal((2, 2, 2))
    network = read_program(text).compile()
    found = network(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    for _ in range(3):
        a = a @ b
        c = a + b
        b = 0.5 * c
    np.testing.assert_allclose(found, c - a, atol=1e-12)


def test_a_compiled_text_equals_its_interpretation_in_every_layer() -> None:
    for text in (NEWTON, "A: 3x2\nB: 2x3\nP = relu(A*B)\nreturn P*A - B'"):
        assert check(read_program(text).compile(), 50).passed


def test_a_text_compiles_as_the_same_program_in_python_does() -> None:
    @program
    def step(A, X):
        return X + X @ (I - A @ X) @ (2 * I - A @ X)

    text = "A: 3x3 symmetric\nX: 3x3\nrepeat 5:\n  X = X + X*(I - A*X)*(2*I - A*X)\nreturn X"
    one = read_program(text).compile()
    other = compile(
        step, {"A": (3, 3), "X": (3, 3)}, repeat=5, feed={"X": "result"}, symmetric=("A",)
    )
    assert (one.depth, one.spec.layout) == (other.depth, other.spec.layout)


def test_a_symmetric_input_is_checked() -> None:
    network = read_program("A: 2x2 symmetric\nreturn A*A").compile()
    with pytest.raises(InputError, match="differs from its transpose"):
        network(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the program has no input; declare one first, such as A: 4x4"),
        ("A: 2x2", "the program returns nothing; end it with a line such as return X"),
        ("A: 2x2\nreturn B", "line 2: unknown name 'B': known are A, I"),
        ("A: 2x2\nreturn A +", "line 2: a number, a name or a bracket should stand where the end "
         "of the line is"),
        ("A: 2x2\nreturn (A", "line 2: ')' should stand where the end of the line is"),
        ("A: 2x2\nreturn A; B", "line 2: ';' is not part of programs"),
        ("A: 2x3\nreturn A*A", "line 2: A @ A does not conform: A is 2x3 and A is 2x3; the columns "
         "of the first must be as many as the rows of the second"),
        ("A: 2x2\nreturn A + 1", "line 2: A + 1.0 is not part of programs; write 1.0 * I"),
        ("A: 2x2\nreturn A/0", "line 2: it divides by zero"),
        ("A: 2x2\nreturn norm(A)*A", "line 2: norm cannot be used in a line that layers compute; "
         "there, known are relu, abs, stored"),
        ("A: 2x2\nstart X = inv(A)\nreturn X", "line 2: inv cannot be used in a start or target "
         "line; there, known are norm, trace"),
        ("A: 2x2\nstart X = norm(A)\nreturn X", "line 2: X is a number; it must be a matrix"),
        ("A: 2x2\nreturn 2", "line 2: the program returns a number; return a matrix"),
        ("A: 2x2\nreturn A^9", "line 2: ^9: powers go from 1 to 8"),
        ("A: 2x2\nrepeat 3:\nreturn A", "line 3: the lines that repeat repeats must be indented"),
        ("A: 2x2\nrepeat 3:\n  B = A\nreturn A", "nothing that is repeated changes an input or a "
         "start, so that repeating it does nothing; assign one of them below repeat"),
        ("A: 2x2\nrepeat 41:\n  A = A*A\nreturn A", "repeat 41 is too often; at most 40 times"),
        ("A: 13x2\nreturn A", "A is 13x2; at most 12 rows or columns are taken"),
        ("A: 0x2\nreturn A", "line 1: A is 0x2; sizes start at 1"),
        ("A: 2x2\nA: 2x2\nreturn A", "line 2: A is declared twice"),
        ("A: 2x2\nrepeat = A\nreturn A", "line 2: after repeat, write how often should stand where "
         "'=' is"),
        ("A: 2x2\nreturn " + "(" * 30 + "A" + ")" * 30, "line 2: more than 24 brackets inside one "
         "another"),
        ("A: 2x2\nreturn " + "+".join(["A"] * 150), "line 2: the program has more than 200 "
         "operations up to here; shorten it"),
        ("x" * 5000, "the program has 5,000 characters; at most 4,000 are read"),
        ("\n" * 70, "the program has 70 lines; at most 60 are read"),
        ("A: 2x2\nreturn __import__('os')", "line 2: a number, a name or a bracket should stand "
         'where "\'" is'),
        ("A: 2x2\nreturn 1e999*A", "line 2: a number is too large"),
    ],
)  # fmt: skip
def test_a_mistake_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as found:
        read_program(text)
    assert str(found.value) == sentence


def test_a_program_that_grows_without_end_is_refused_before_it_is_compiled() -> None:
    lines = ["A = (A+B)*(A-B)*(B+A')*(A*B+I)", "B = (A*A-B)*(B+A')*(A+2*I)"]
    text = "A: 3x3\nB: 3x3\nrepeat 40:\n" + "\n".join(f"  {line}" for line in lines * 2)
    with pytest.raises(InputError, match=r"comes to about [\d,]+ products, sums and functions"):
        read_program(f"{text}\nreturn A").compile()


@given(st.text(max_size=300))
def test_any_text_is_a_program_or_a_sentence(text: str) -> None:
    _read(text)


WORDS = (
    "A: 2x2\n", "B: 2x3\n", "start X = ", "repeat 3:\n", "  ", "return ", "target ", "X", "A", "B",
    "I", "=", "+", "-", "*", "/", "@", "^", "2", "1e300", "1e-300", "'", ".T", "(", ")", "norm(",
    "relu(", "inv(", "stored(", "trace(", ":", "\n", " ", "0", "\t", "A = A*A\n",
)  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=60))
@settings(max_examples=300)
def test_any_mixture_of_its_words_is_a_program_or_a_sentence(words: list[str]) -> None:
    _read("A: 2x2\n" + "".join(words))
    _read("A: 2x2\nstart X = A\nrepeat 2:\n X = " + "".join(words) + "\nreturn X")


def _read(text: str) -> None:
    try:
        found = read_program(text)
    except InputError as error:
        assert re.match(r"(line \d+: )?\S", str(error))
        return
    # What it prints is the same program.
    assert read_program(str(found)).syntax == found.syntax
    assert max(max(shape) for shape in found.shapes.values()) <= LARGEST_SIDE
    assert 1 <= found.repeat <= MOST_STEPS


numbers = st.sampled_from(["1", "2.5", "0.1", "1e-3"])
expressions = st.recursive(
    numbers | st.sampled_from(["A", "B", "I"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        )
        | inner.map(lambda t: f"-({t})")
        | inner.map(lambda t: f"({t})'")
        | inner.map(lambda t: f"({t})^2")
        | inner.map(lambda t: f"relu({t})")
    ),
    max_leaves=8,
)


@given(expressions)
def test_text_with_the_fewest_brackets_is_the_same_tree(text: str) -> None:
    syntax = parse_syntax(f"A: 2x2\nreturn {text}")
    again = parse_syntax(str(syntax))
    assert again == syntax
    assert len(str(again)) <= len(str(syntax))
