"""Joint training: each input is asked, answered and scored by its own problem."""

import numpy as np
import pytest

from eigenformer import ensembles, problems
from eigenformer.core import InputError, rng
from eigenformer.ensembles import Matrices

# The seven tasks of Charton 2022, appendix F.2.
NAMES = ("transpose", "add", "matvec", "matmul", "eigenvalues", "eigenvectors", "inverse")


def drawn(dims="4x4", batch=300, names=NAMES):
    joint = problems.get("joint", problems=names)
    inputs = joint.draw(rng(0), batch, ensembles.get("conditioned", dims=dims))
    return joint, inputs, joint.solve(inputs)


def test_problems_are_equally_likely():
    _, inputs, _ = drawn(batch=7000)
    np.testing.assert_allclose(np.bincount(inputs.kinds), 1000, rtol=0.1)


@pytest.mark.parametrize("dims", ["4x4", "2-4"])
def test_each_input_belongs_to_its_problem(dims):
    joint, inputs, answers = drawn(dims)
    joint.check(inputs)
    np.testing.assert_array_equal(answers.kinds, inputs.kinds)
    noisy = ensembles.add_noise(rng(1), answers, 0.1)
    errors = joint.errors(inputs, answers, noisy)
    residuals = joint.residuals(inputs, noisy)
    assert tuple(errors.scores) == joint.score_names
    assert set(errors.scores) == {"l1", "l2", "l2_squared", "max", "paper"}
    for kind, name in enumerate(NAMES):
        index = np.flatnonzero(inputs.kinds == kind)
        problem = problems.get(name)
        assert len(index) > 10
        part = inputs[index]
        alone = problem.solve(part)
        _, p, q = alone.values.shape
        np.testing.assert_array_equal(alone.values, answers.values[index, :p, :q])
        np.testing.assert_array_equal(alone.rows, answers.rows[index])
        np.testing.assert_array_equal(alone.columns, answers.columns[index])
        expected = problem.errors(part, answers[index], noisy[index])
        for key, score in errors.scores.items():
            reference = expected.scores.get(key, expected.scores["l1"])
            np.testing.assert_array_equal(score[index], reference)
        for key, measure in errors.measures.items():
            if key in expected.measures:
                np.testing.assert_array_equal(measure[index], expected.measures[key])
            else:
                assert np.isnan(measure[index]).all()
        width = expected.coefficients.shape[1]
        np.testing.assert_array_equal(errors.coefficients[index, :width], expected.coefficients)
        assert np.isnan(errors.coefficients[index, width:]).all()
        for key, value in problem.residuals(part, noisy[index]).items():
            np.testing.assert_array_equal(residuals[key][index], value)


def test_the_truth_scores_zero_and_wrong_shapes_infinity():
    joint, inputs, answers = drawn()
    scores = joint.errors(inputs, answers, answers).scores
    assert all(score.max() < 1e-12 for score in scores.values())
    # The answer to another problem has, as a rule, another shape.
    other = answers[np.roll(np.arange(300), 1)]
    shapes = (other.rows == answers.rows) & (other.columns == answers.columns)
    scores = joint.errors(inputs, answers, other).scores
    assert all((score[~shapes] == np.inf).all() for score in scores.values())


def test_score_names_do_not_depend_on_the_draw():
    joint, inputs, answers = drawn()
    only = np.flatnonzero(inputs.kinds == 0)
    errors = joint.errors(inputs[only], answers[only], answers[only])
    assert tuple(errors.scores) == joint.score_names
    assert (errors.scores["paper"] == 0).all()
    assert problems.get("joint").score_names == ("l1", "l2", "l2_squared", "max")


def test_shapes_bound_those_of_the_problems():
    joint = problems.get("joint", problems=("transpose", "add", "eigenvectors"))
    assert joint.input_shape(5, 5) == (5, 10)
    assert joint.output_shape(5, 5) == (6, 5)
    assert joint.output_shape(5, 10) == (10, 5)
    with pytest.raises(InputError, match="even"):
        problems.get("joint", problems=("add", "matmul")).output_shape(5, 5)


def test_inputs_without_kinds_are_refused():
    joint, inputs, _ = drawn()
    bare = Matrices(inputs.values, inputs.rows, inputs.columns)
    for wrong in (bare, inputs.values):
        with pytest.raises(InputError, match="kinds"):
            joint.solve(wrong)
        with pytest.raises(InputError, match="kinds"):
            joint.check(wrong)


def test_check_reaches_the_problems():
    joint, inputs, _ = drawn()
    values = inputs.values.copy()
    i = np.flatnonzero(inputs.kinds == NAMES.index("inverse"))[0]
    values[i] = 0
    with pytest.raises(InputError, match="singular"):
        joint.check(Matrices(values, inputs.rows, inputs.columns, inputs.kinds))


@pytest.mark.parametrize(
    "names", [(), ("add",), ("add", "add"), ("add", "joint"), ("add", "ad")], ids=str
)
def test_wrong_problems_are_refused(names):
    with pytest.raises(InputError):
        problems.get("joint", problems=names)


def test_same_stream_same_inputs():
    _, a, _ = drawn("2-4")
    _, b, _ = drawn("2-4")
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.kinds, b.kinds)
