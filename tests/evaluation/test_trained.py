"""A network as a solver: through its tokens and back, whatever it writes."""

from dataclasses import replace

import numpy as np
import pytest
from stubs_of_evaluation import Oracle, make_task, random_model

from eigenformer import ensembles, evaluate, problems, rng
from eigenformer.core import InputError
from eigenformer.encodings import EOS, Task
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import TrainedSolver, TrainingStatistics, takes

JOINT = problems.get("joint", problems=("transpose", "add"))


@pytest.mark.parametrize("problem", ["eigenvalues", "svd", "inverse"])
def test_a_random_network_answers_something_well_typed(problem):
    task = make_task(problem, dims="2x2")
    solver = TrainedSolver(random_model(task), task, name="random", batch=7)
    matrices = np.array([[[2.0, 1.0], [1.0, 3.0]]] * 20)
    solution = solver.solve(matrices)
    m, n = task.problem.output_shape(2, 2)
    assert solution.value.shape == (20, m, n)
    assert solution.valid.shape == (20,)
    for valid, value, reason in zip(solution.valid, solution.value, solution.reason, strict=True):
        assert valid == bool(np.isfinite(value).all()) == (reason == "")
    assert {len(values) for values in solution.certificate.values()} == {20}
    single = solver.solve(matrices[0])
    assert isinstance(single.valid, bool)
    assert isinstance(single.reason, str)
    result = evaluate(solver, task.problem, task.ensemble, n=50)
    assert result.solver == "random"
    assert sum(result.reasons.values()) == 50 - result.valid.count


@pytest.mark.parametrize("dims", ["3x2", "1-4", "1-3x2-4"])
@pytest.mark.parametrize("encodings", [("P1000", "P1000"), ("FP15", "P10"), ("B1999", "FP15")])
def test_right_tokens_are_read_as_right_answers(dims, encodings):
    task = make_task("transpose", *encodings, dims=dims)
    solver = TrainedSolver(Oracle(task), task, batch=13)
    inputs = task.ensemble.draw(rng(0), 40)
    predictions = solver.predict(inputs)
    assert predictions.valid.all()
    assert predictions.reasons == [""] * 40
    np.testing.assert_array_equal(predictions.matrices.rows, inputs.columns)
    expected = inputs.values.transpose(0, 2, 1)
    np.testing.assert_allclose(predictions.matrices.values, expected, rtol=0.011)


def test_an_answer_without_end_or_cut_short_is_malformed():
    task = make_task("transpose", dims="2x2")
    inputs = task.ensemble.draw(rng(0), 3)

    def never_ends(ids):
        return np.where(ids == EOS, 5, ids)

    def ends_early(ids):
        ids[:, -3] = EOS
        return ids

    for spoil in (never_ends, ends_early):
        predictions = TrainedSolver(Oracle(task, spoil), task).predict(inputs)
        assert not predictions.valid.any()
        assert set(predictions.reasons) == {"the number of tokens does not fit the dimensions"}
        assert predictions.matrices.values.size == 0


def joint_solver(spoil=lambda ids: ids) -> TrainedSolver:
    task = make_task(JOINT, dims="2x2")
    return TrainedSolver(Oracle(task, spoil), task, name="both")


def test_a_joint_network_is_scored_on_all_its_problems():
    solver = joint_solver()
    result = evaluate(solver, JOINT, solver.task.ensemble, n=100)
    assert result.valid.value == 1.0
    assert result.problems["transpose"][0.005].value > 0.9
    assert result.problems["add"][0.05].value > 0.9


def test_a_joint_network_answers_one_of_its_problems():
    left, right = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    added = joint_solver().only("add").solve(np.hstack([left, right]))
    np.testing.assert_allclose(added.value, left + right)
    transposed = joint_solver().only("transpose")
    np.testing.assert_allclose(transposed.solve(left).value, left.T)
    result = evaluate(transposed, transposed.problem, transposed.task.ensemble, n=20)
    assert result.exact.value == 1.0
    assert result.problem == "transpose"


def test_a_joint_network_asked_for_nothing_in_particular_refuses():
    solver = joint_solver()
    with pytest.raises(InputError, match="both answers transpose, add; name one of them"):
        solver.solve(np.ones((2, 2)))
    with pytest.raises(InputError, match="matrices name none"):
        solver.predict(Matrices.of(np.ones((1, 2, 2))))
    with pytest.raises(InputError, match="unknown problem of both 'inverse'"):
        solver.only("inverse")
    task = make_task("add")
    single = TrainedSolver(Oracle(task), task)
    assert single.only("add") is single
    with pytest.raises(InputError, match="was trained on add, not on inverse; choose another"):
        single.only("inverse")


def test_an_answer_to_another_task_is_refused():
    def other(ids):
        return np.concatenate([5 - ids[:, :1], ids[:, 1:]], axis=1)  # ids 2 and 3 are the tasks

    solution = joint_solver(other).only("transpose").solve(np.ones((2, 2)))
    assert solution.valid is False
    assert solution.reason == "the answer names another task"


def cautions(inputs, problem="transpose", rescale=False, **fields):
    task = make_task(problem, **fields)
    return TrainedSolver(Oracle(task), task, name="it").rescaling(rescale).cautions(inputs)


def like(task: Task, count: int = 200) -> np.ndarray:
    return task.problem.draw(rng(0), count, task.ensemble).values


@pytest.mark.parametrize("problem", ["eigenvalues", "add", "inverse"])
def test_inputs_like_those_of_training_need_no_caution(problem):
    found = cautions(like(make_task(problem)), problem)
    assert np.any([np.zeros(200), *(caution.where for caution in found)], axis=0).mean() < 0.1


def test_other_shapes_and_scales_deserve_a_caution():
    drawn = like(make_task("transpose"))
    (shape,) = cautions(like(make_task("transpose", dims="4x4")))
    assert shape.startswith("it was trained on 3x3 matrices, not on an input of 4x4")
    scale, size = cautions(10 * drawn)
    assert (
        scale.startswith("the largest coefficient of an input is") and "it was trained on" in scale
    )
    assert scale.where.all() and size.where.any()
    assert len(cautions(drawn / 10)) == 2
    assert cautions(1e6 * drawn[:1], rescale=True) == cautions(1e-6 * drawn[:1], rescale=True) == []
    assert cautions(drawn[:1], scale=(1.0, 100.0)) == []
    found = cautions(np.where(np.eye(3, dtype=bool), 0.0, drawn[:1]))
    zeros = "the share of coefficients that are exactly zero of an input is 0.333"
    assert any(text.startswith(zeros) for text in found)


def test_what_training_drew_of_a_mixture_and_of_several_problems():
    components = (
        ensembles.get("iid-uniform", dims="3x3", scale=1.0),
        ensembles.get("iid-gaussian", dims="3x3", scale=100.0),
    )
    mixture = ensembles.get("mixture", components=components)
    task = replace(make_task("transpose"), ensemble=mixture)
    low, high = TrainedSolver(Oracle(task), task).statistics.of(task.problem, 3, 3).usual("largest")
    assert low < 0.9 and high > 150
    joint = joint_solver()
    shapes = joint.statistics.shapes
    assert set(shapes) == {"transpose", "add"} and set(shapes["add"]) == {"2x4"}
    kept = TrainingStatistics.from_dict(joint.statistics.to_dict())
    assert kept == joint.statistics
    assert len(joint.only("add").cautions(np.full((1, 2, 2), 5.0))) == 1


@pytest.mark.parametrize("problem", ["eigenvalues", "eigenvectors", "inverse", "matmul", "svd"])
def test_an_answer_does_not_depend_on_the_scale(problem):
    task = make_task(problem)
    solver, inputs = TrainedSolver(Oracle(task), task), like(task, 5)
    solver, inputs = TrainedSolver(Oracle(task), task), like(task, 20)
    for factor in (1e-120, 1e-3, 1, 1e120):
        asked = factor * inputs
        found = solver.solve(asked)
        errors = task.problem.errors(asked, task.problem.solve(asked), found.value).scores["l1"]
        assert found.valid.all() and np.median(errors) < 0.02
        assert factor == 1 or (found.factor != 1).all()
    result = evaluate(solver, task.problem, replace(task.ensemble, scale=1e-3), n=50)
    assert any("largest coefficient" in text for text in result.cautions)
    again = evaluate(solver, task.problem, replace(task.ensemble, scale=1e-3), n=50, rescale=True)
    assert not any("largest coefficient" in text for text in again.cautions)


@pytest.mark.parametrize(
    ("problem", "dims", "yes", "no"),
    [
        ("transpose", "5x5", (5, 5), (5, 4)),
        ("eigenvalues", "5-8", (8, 8), (5, 8)),
        ("transpose", "2-3x4-6", (3, 6), (6, 3)),
        ("add", "2-3", (3, 6), (3, 3)),
        ("matvec", "4x4", (4, 5), (4, 4)),
        ("joint", "4x4", (4, 8), (8, 8)),
    ],
)
def test_which_shapes_occur_among_a_problems_inputs(problem, dims, yes, no):
    task: Task = make_task(problem, dims=dims)
    assert takes(task.problem, task.ensemble, *yes)
    assert not takes(task.problem, task.ensemble, *no)
