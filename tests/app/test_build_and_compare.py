"""Programs that are built, and solvers that are compared."""

import csv
import io
import threading

import numpy as np
import pytest

from eigenformer.app.build import build, iteration_order, weights
from eigenformer.app.build_html import built_html, layer_html
from eigenformer.app.compare import ComparisonPoint, csv_text, point
from eigenformer.app.comparison import SWEEPS, CompareState
from eigenformer.app.examples import EXAMPLES, FIRST_PROGRAM
from eigenformer.app.figures import comparison_figure, image, png
from eigenformer.app.state import BuildState
from eigenformer.construct import check
from eigenformer.construct.blocks import dense
from eigenformer.construct.language import read_program
from eigenformer.core import InputError
from eigenformer.ensembles.reading import parse_matrix
from eigenformer.evaluation import Proportion, evaluate, numpy_solver


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_compiles_to_what_it_says(name: str) -> None:
    # Gradient descent takes the square of the condition number in steps.
    found = build(EXAMPLES[name], condition=0.25)
    assert check(found.network, 30).passed
    assert len(found.states) == len(found.residuals) == found.depth + 1
    if found.text.syntax.target is not None:
        assert found.residuals[-1] < 1e-2 * found.residuals[0]
    for layer in (0, 1, found.depth):
        assert all(layer_html(found, layer))
    assert built_html(found)


def test_the_residual_is_that_of_the_inverse_and_falls_along_theorys_line() -> None:
    found = build(FIRST_PROGRAM, condition=1.0)
    a = found.inputs["A"]
    assert np.linalg.cond(a) == pytest.approx(10.0)
    np.testing.assert_allclose(found.output, np.linalg.inv(a), atol=1e-12)
    assert found.residuals[-1] == pytest.approx(np.linalg.norm(np.eye(4) - a @ found.output, 2))
    assert found.order == 2 and found.expected is not None
    above = found.expected > 1e-12
    np.testing.assert_allclose(found.residuals[above], found.expected[above], rtol=1e-3)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("X = X*(2*I - A*X)", 2),
        ("X = X*(3*I - 3*A*X + (A*X)^2)", 3),
        ("X = X + X*(I - A*X) + X*(I - A*X)^2 + X*(I - A*X)^3", 4),
        ("X = X + 0.1*A'*(I - A*X)", None),
        ("X = 1.1*X*(2*I - A*X)", None),
        ("X = relu(X)", None),
    ],
)
def test_the_order_of_an_iteration_is_found_where_there_is_one(line, order) -> None:
    text = f"A: 3x3\nstart X = A'/norm(A)^2\nrepeat 3:\n  {line}\nreturn X\ntarget inv(A)"
    assert iteration_order(read_program(text)) == order


def test_the_weights_are_the_networks() -> None:
    found = build(FIRST_PROGRAM)
    shown = {weight.name: weight.matrix for weight in weights(found, 2)}
    head = found.network.spec.layers[1].heads[0]
    np.testing.assert_array_equal(shown["head 1, key"], dense(head.key, 16))
    assert weights(found, 0) == [] == weights(found, 99)


def test_a_mistake_in_a_program_is_a_sentence_under_the_box() -> None:
    pytest.importorskip("gradio")
    from eigenformer.app.build_tab import compiled

    sentence, network, *_ = compiled(BuildState(program="A: 2x2\nreturn <b>"))
    assert "Line 2: &#x27;&lt;&#x27; is not part of programs." in sentence and network == ""
    with pytest.raises(InputError, match="take a power from 0 to 12"):
        build(FIRST_PROGRAM, condition=13)


def test_a_comparison_is_evaluate_at_each_place() -> None:
    asked = CompareState(
        problem="inverse", solvers=("constructed Newton", "LAPACK"), sweep="condition number",
        size=3, matrices=20, steps=10, seed=4,
    )  # fmt: skip
    found = [point(asked, *each) for each in asked.points()]
    lapack = [each for each in found if each.solver == "LAPACK"]
    assert all(each.right is not None and each.right.value == 1 for each in lapack[:9])
    newton = [each.right.value for each in found if each.solver == "constructed Newton"]
    # Ten steps are enough for a condition number of 10 and not for one of a million.
    assert newton[0] == newton[2] == 1.0 and newton[-1] == 0.0
    ensemble, _, _ = asked.setting(10.0)
    own = evaluate(
        numpy_solver("inverse"), numpy_solver("inverse").problem, ensemble, n=20, seed=4,
        tolerances=(0.05,), name="compare",
    )  # fmt: skip
    assert own.accuracy["l1"][0.05] == next(p.right for p in lapack if p.place == 10.0)


@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_sweep_runs_and_its_csv_has_every_point(sweep: str) -> None:
    asked = CompareState(
        problem="eigenvalues", solvers=("eigenvalues-3x3", "LAPACK"), sweep=sweep, size=3,
        matrices=10,
    )  # fmt: skip
    found = [point(asked, *each) for each in asked.points()]
    rows = list(csv.DictReader(io.StringIO(csv_text(asked, found))))
    assert len(rows) == 2 * len(asked.places())
    for row, each in zip(rows, found, strict=True):
        assert (row["solver"], row[sweep]) == (each.solver, str(each.place))
        if each.right is not None:
            assert float(row["low"]) <= float(row["share"]) <= float(row["high"])
    assert png(comparison_figure(asked, found)).startswith(b"\x89PNG")


def test_a_point_that_cannot_be_had_says_why_and_the_others_are_shown() -> None:
    asked = CompareState(problem="inverse", solvers=("LAPACK",), sweep="noise")
    points = [
        ComparisonPoint(solver="LAPACK", place=0.0, right=Proportion(count=3, n=4)),
        ComparisonPoint(solver="LAPACK", place=0.005, right=None, reason="because, of this"),
    ]
    rows = list(csv.DictReader(io.StringIO(csv_text(asked, points))))
    assert rows[1]["reason"] == "because, of this" and rows[1]["share"] == ""
    assert image(comparison_figure(asked, points), "x").startswith('<img class="ef-figure"')


def test_progress_comes_before_the_result() -> None:
    pytest.importorskip("gradio")
    from eigenformer.app.compare_tab import compared

    state = CompareState(solvers=("LAPACK",), sweep="noise", matrices=10)
    *partly, (sentence, progress, result, code) = compared(state, threading.Event())
    assert partly and all("<progress" in each[1] for each in partly)
    assert (sentence, progress) == ("", "") and 'download="comparison.csv"' in result
    assert "ef.evaluate(" in code


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"solvers": ()}, "there are 0 solvers; choose from 1 to 3, each once"),
        ({"solvers": ("LAPACK", "LAPACK")}, "there are 2 solvers; choose from 1 to 3, each once"),
        ({"solvers": ("x",)}, "unknown solver of inverse 'x'"),
        ({"sweep": "x"}, "unknown sweep 'x'"),
        ({"size": 1}, "the size is 1; it goes from 2 to 10"),
        ({"size": 50}, "the size is 50; it goes from 2 to 10"),
        ({"matrices": 10**6}, "1000000 matrices at each point; take 10 to 2,000"),
        ({"steps": 99}, "99 steps; a construction takes 1 to 40 here"),
        ({"tolerance": float("nan")}, "the tolerance is nan; give a positive number"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(given: dict, sentence: str) -> None:
    usual = {"problem": "inverse", "solvers": ("LAPACK",), "sweep": "condition number"}
    with pytest.raises(InputError) as found:
        CompareState(**(usual | given))
    assert str(found.value).startswith(sentence)


def test_d13_two_programs_share_inputs_and_a_figure_and_the_matrix_may_be_mine() -> None:
    """Row D13: Build could do neither."""
    mine = "4 1 0 0; 1 4 1 0; 0 1 4 1; 0 0 1 4"
    cubic = EXAMPLES["An iteration of order 3"]
    found = build(FIRST_PROGRAM, matrix=mine, other=cubic)
    assert found.other is not None
    for each in (found, found.other):
        np.testing.assert_array_equal(each.inputs["A"], parse_matrix(mine))
    with pytest.raises(InputError, match="A is 4x4 in the program and your matrix 2x2"):
        build(FIRST_PROGRAM, matrix="1 2; 3 4")
    with pytest.raises(InputError, match="in the other program: "):
        build(FIRST_PROGRAM, other="A: 2x2\nreturn B")
