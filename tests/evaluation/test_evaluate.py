"""Scores of solvers whose answers are known, and the rounding ceiling."""

import io
import json

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import binomtest
from stubs_of_evaluation import Off, Oracle, Rounded, make_task, random_model

from eigenformer import ensembles, evaluate, numpy_solver, problems
from eigenformer.core import InputError
from eigenformer.evaluation import (
    Predictions,
    Proportion,
    Solver,
    TrainedSolver,
    binomial_interval,
    result_table,
)

TOLERANCES = (0.05, 0.02, 0.01, 0.005)
JOINT = problems.get("joint", problems=("transpose", "add"))


@pytest.mark.parametrize(
    ("count", "n"), [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (977, 1000), (1, 100_000)]
)
def test_intervals_are_wilsons(count, n):
    expected = binomtest(count, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(binomial_interval(count, n), tuple(expected), rtol=1e-6, atol=1e-12)


def test_no_trials_say_nothing():
    assert binomial_interval(0, 0) == (0.0, 1.0)
    assert Proportion(count=0, n=0).value == 0.0


@pytest.mark.parametrize("problem", sorted({*problems.names()} - {"joint"}))
@pytest.mark.parametrize("dims", ["4x4", "2-4"])
def test_numpy_is_always_right(problem, dims):
    solver = numpy_solver(problem)
    ensemble = ensembles.get("conditioned", dims=dims)
    result = evaluate(solver, solver.problem, ensemble, n=100)
    for scores in (result.accuracy, result.ceiling):
        assert tuple(scores) == solver.problem.score_names
        for by_tolerance in scores.values():
            assert {p.value for p in by_tolerance.values()} == {1.0}
    assert set(result.coefficients.values()) == {1.0}
    assert result.valid.count == result.exact.count == result.n == 100
    assert result.rejected == 0
    assert result.reasons == {}
    assert bool(result.shapes) == (dims == "2-4")


def test_numpy_is_right_about_joint_problems():
    result = evaluate(numpy_solver(JOINT), JOINT, ensembles.get("iid-uniform"), n=100)
    assert result.at(0.005) == 1.0
    assert set(result.problems) == {"transpose", "add"}
    assert sum(p[0.05].n for p in result.problems.values()) == 100


def test_wrong_answers_get_the_accuracy_that_they_deserve():
    # Half of them malformed; of ten, errors of 0 (2), 0.7, 1.5, 3, 30%.
    off = [0.0, 0.0, 0.007, 0.015, 0.03, 0.3, *4 * [np.nan]]
    problem = problems.get("eigenvalues")
    result = evaluate(Off(problem, off), problem, ensembles.get("iid-uniform"), n=1000)
    expected = {0.25: 0.5, 0.1: 0.5, 0.05: 0.5, 0.02: 0.4, 0.01: 0.3, 0.005: 0.2}
    for score in ("l1", "l2", "max"):
        assert {t: p.value for t, p in result.accuracy[score].items()} == expected
    # Squared norms: 22% of error counts as 5%.
    assert result.at(0.1, "l2_squared") == 0.6
    assert result.at(0.05, "l2_squared") == 0.5
    assert result.coefficients == expected
    assert result.valid.value == 0.6
    assert result.exact.value == 0.2
    assert result.reasons == {"it says so": 400}
    assert result.measures["condition"]["p1"] >= 1
    assert list(result.measures["condition"]) == ["p1", "p25", "median", "p75", "p99"]
    low, high = result.accuracy["l1"][0.05].interval
    assert low < 0.5 < high


def test_shapes_are_scored_apart():
    class Small(Off):
        """Right for 2x2 matrices only."""

        def predict(self, inputs):
            self.relative = np.where(inputs.rows == 2, 0.0, 0.5)
            return super().predict(inputs)

    problem = problems.get("inverse")
    ensemble = ensembles.get("conditioned", dims="2-4")
    result = evaluate(Small(problem, [0.0]), problem, ensemble, n=300)
    shares = {shape: p[0.05].value for shape, p in result.shapes.items()}
    assert shares == {"2x2": 1.0, "3x3": 0.0, "4x4": 0.0}
    assert sum(p[0.05].n for p in result.shapes.values()) == 300


def test_joint_problems_are_scored_apart():
    class Adder(Off):
        def predict(self, inputs):
            self.relative = np.where(inputs.kinds == 1, 0.0, np.nan)
            return super().predict(inputs)

    result = evaluate(Adder(JOINT, [0.0]), JOINT, ensembles.get("iid-uniform"), n=200)
    assert result.problems["add"][0.005].value == 1.0
    assert result.problems["transpose"][0.25].value == 0.0
    assert result.valid.count == result.problems["add"][0.05].n


def test_a_valid_answer_of_the_wrong_shape_is_wrong():
    class Flat(Solver):
        name, problem = "flat", problems.get("eigenvalues")

        def predict(self, inputs):
            answers = self.problem.solve(inputs).map(lambda values: values.transpose(0, 2, 1))
            return Predictions(answers, np.ones(len(inputs), bool), [""] * len(inputs))

    result = evaluate(Flat(), Flat.problem, ensembles.get("iid-uniform"), n=20)
    assert result.valid.value == 1.0
    assert result.at(0.25) == 0.0
    assert result.exact.value == 0.0
    assert result.coefficients[0.25] == 0.0


def test_the_rounding_ceiling_of_inversion():
    task = make_task("inverse", "FP15", "P1000", dims="5x5")

    class Silent(TrainedSolver):
        """Writes nothing: what matters is the ceiling."""

        def tokens(self, inputs):
            return np.zeros((len(inputs), 1), np.int64)

    solver = Silent(random_model(task), task)
    result = evaluate(solver, task.problem, task.ensemble, n=10_000, cautions=False)
    ceiling = {t: p.value for t, p in result.ceiling["l1"].items()}
    for tolerance, expected, within in (
        (0.05, 0.92, 0.015),
        (0.02, 0.84, 0.015),
        (0.01, 0.60, 0.02),
        (0.005, 0.225, 0.02),
    ):
        assert abs(ceiling[tolerance] - expected) < within
    assert result.valid.count == 0
    assert result.at(0.05) == 0.0
    assert list(result.reasons.values()) == [10_000 - result.rejected]


@pytest.mark.parametrize("problem", ["transpose", "eigenvalues", "svd", "inverse"])
def test_rounding_the_truth_is_what_the_ceiling_allows(problem):
    # The oracle sees the rounded input, so it may miss the ceiling a little but for transposition.
    task = make_task(problem, "P1000")
    result = evaluate(TrainedSolver(Oracle(task), task), task.problem, task.ensemble, n=300)
    assert result.valid.value == 1.0
    if problem == "transpose":
        assert result.exact.value == 1.0
        assert result.accuracy == result.ceiling
    else:
        assert abs(result.at(0.05) - result.ceiling["l1"][0.05].value) < 0.05


def test_what_a_solver_cannot_write_is_counted_and_left_out():
    task = make_task("transpose", "FP15", scale=2e9)
    solver = TrainedSolver(Oracle(task), task)
    result = evaluate(solver, task.problem, task.ensemble, n=1000)
    assert result.n + result.rejected == 1000
    assert result.n == result.valid.n == result.exact.count > 0
    with pytest.raises(InputError, match="can write none of the 5"):
        evaluate(solver, task.problem, ensembles.get("iid-uniform", scale=1e15), n=5)


def test_the_test_set_is_named_and_seeded():
    class Spy(Off):
        def predict(self, inputs):
            self.seen = inputs.values
            return super().predict(inputs)

    problem = problems.get("eigenvalues")

    def drawn(**options):
        spy = Spy(problem, [0.0])
        result = evaluate(spy, problem, ensembles.get("iid-uniform"), n=10, **options)
        return spy.seen, result.settings

    first, settings = drawn()
    assert settings == {
        "ensemble": {"name": "iid-uniform", "dims": "5x5", "scale": 10.0},
        "test": "test",
        "seed": 0,
        "noise": 0.0,
    }
    np.testing.assert_array_equal(first, drawn()[0])
    for options in ({"seed": 1}, {"name": "other"}, {"noise": 0.1}):
        assert not np.array_equal(first, drawn(**options)[0])


def test_noise_is_added_after_the_answer():
    problem = problems.get("transpose")
    ensemble = ensembles.get("iid-uniform")
    result = evaluate(numpy_solver(problem), problem, ensemble, n=200, noise=0.05)
    assert result.at(0.005) == 0.0  # it transposes the noise too
    assert result.at(0.1) == 1.0


@pytest.mark.parametrize("problem", ["eigenvectors", "joint"])
def test_results_are_json(problem):
    chosen = problems.get(problem)
    ensemble = ensembles.get("iid-uniform", dims="2-3")
    result = evaluate(Off(chosen, [0.0, 0.5, np.nan]), chosen, ensemble, n=60)
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data == result.to_dict()
    assert data["accuracy"]["l1"]["0.05"]["value"] == result.at(0.05)
    assert set(data["accuracy"]["l1"]) == {"0.25", "0.1", "0.05", "0.02", "0.01", "0.005"}
    assert data["problem"] == problem
    assert data["ensemble"]["name"] == "iid-uniform"
    assert data["reasons"] == {"it says so": 20}


def test_the_deciding_score_can_be_chosen():
    problem = problems.get("eigenvectors")
    ensemble = ensembles.get("iid-uniform", dims="2-3")
    # -Q and -d: each column is still an eigenvector, but no eigenvalue is right.
    solver = Off(problem, [-2.0])
    strict = evaluate(solver, problem, ensemble, n=50)
    paper = evaluate(solver, problem, ensemble, n=50, score="paper")
    assert strict.at(0.05) == paper.at(0.05) == 0.0
    assert paper.shapes["2x2"][0.05].count == 0
    with pytest.raises(InputError, match="unknown score 'L1': did you mean 'l1'"):
        evaluate(solver, problem, ensemble, n=50, score="L1")
    with pytest.raises(InputError, match="unknown score 'papers'"):
        paper.at(0.05, "papers")
    with pytest.raises(InputError, match=r"0.03 was not evaluated; evaluated are 0.25"):
        paper.at(0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n is 0"),
        ({"tolerances": ()}, "tolerances are"),
        ({"tolerances": (0.1, 0.0)}, "give positive numbers"),
        ({"tolerances": (float("nan"),)}, "give positive numbers"),
    ],
)
def test_senseless_settings_are_refused(options, message):
    problem = problems.get("transpose")
    with pytest.raises(InputError, match=message):
        evaluate(numpy_solver(problem), problem, ensembles.get("iid-uniform"), **options)


def test_the_table_shows_accuracy_interval_and_ceiling():
    ensemble = ensembles.get("iid-uniform", dims="2-3")
    result = evaluate(Off(JOINT, [0.0, 0.03, np.nan, 0.5]), JOINT, ensemble, n=400)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(result_table(result))
    text = console.export_text()
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert lines["5%"][1:3] == ["50.0", "45.1"]
    assert lines["2%"][1] == "25.0"
    assert lines["exact"][1] == "25.0"
    assert "well-formed 75.0%" in text
    assert "transpose" in text
    assert "2x2" in text


def test_the_rounded_target_gives_the_papers_table_of_two_digits():
    """Row F2: the paper's table 13 has 100, 100, 99.4, 60.8 and 0 at 10x10, which exact sums of
    rounded operands have against the rounded sum, and not against the true one."""
    solver, tolerances = Rounded("add", "P100"), (*TOLERANCES, 0.001)
    ensemble = ensembles.get("iid-uniform", dims="10x10")
    n = 4000

    def shares(**options):
        result = evaluate(solver, solver.problem, ensemble, n, tolerances=tolerances, **options)
        return result, [100 * result.at(t) for t in tolerances]

    theirs, rounded = shares(target="tokens")
    ours, true = shares()
    np.testing.assert_allclose(rounded, (100, 100, 99.3, 60.2, 0), atol=2.5)
    np.testing.assert_allclose(true, (100, 100, 1.2, 0, 0), atol=1)
    assert ours.tokens == theirs.tokens == theirs.accuracy and ours.accuracy != theirs.accuracy
    assert (
        theirs.ceiling["l1"][0.001].value == 1.0
        and "rounded answer" in result_table(theirs).caption
    )
    assert (
        ours.to_dict()["tokens"]["l1"]["0.01"]["count"]
        > ours.to_dict()["accuracy"]["l1"]["0.01"]["count"]
    )


def test_a_target_that_is_none_is_refused():
    with pytest.raises(InputError, match="target 'token': did you mean 'tokens'"):
        evaluate(
            numpy_solver("add"), problems.get("add"), ensembles.get("iid-uniform"), target="token"
        )


def test_lapacks_test_ratios_are_a_measure_where_asked_for():
    found = evaluate("numpy", "svd", dims="4x3", n=50, ratios=True)
    assert found.ratios is not None and found.ratios["below 30"] == 1.0
    assert found.ratios["median"] <= found.ratios["largest"] < 30
    assert "ratios" in found.to_dict()
    assert "ratios" not in evaluate("numpy", "svd", n=50).to_dict()
