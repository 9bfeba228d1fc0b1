"""The models of any size that come along: what `solve` takes, and how right it is."""

import numpy as np
import pytest

import eigenformer as ef
from eigenformer.core import rng
from eigenformer.zoo import default_model, shipped_model, shipped_models

SIZES = (2, 3, 5, 8, 13, 20)
SQUARE = (
    *("transpose", "add", "matvec", "matmul", "eigenvalues", "eigenvectors", "singular_values"),
    *("svd", "inverse", "symmetric_inverse"),
)


@pytest.fixture(autouse=True)
def no_runs(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path))


@pytest.mark.parametrize("problem", SQUARE)
def test_every_problem_is_answered_at_every_size(problem: str) -> None:
    for n in SIZES:
        question = ef.problems.get(problem)
        inputs = question.draw(rng(n), 10, ef.ensembles.get("iid-uniform", dims=f"{n}x{n}"))
        m, columns = inputs.values.shape[1:]
        solver = default_model(problem, m, columns)
        answers = solver.solve(inputs.values)
        truth = question.solve(inputs.values)
        errors = question.errors(inputs.values, truth, answers.value).scores["l1"]
        assert (errors < 0.01).mean() >= 0.9, (n, solver.name)
        assert solver.cautions(inputs.values) == []


@pytest.mark.parametrize(("problem", "shape"), [
    ("pseudo_inverse", (6, 4)), ("pseudo_inverse", (3, 9)), ("svd", (6, 4)), ("svd", (2, 7)),
    ("singular_values", (12, 5)),
])  # fmt: skip
def test_rectangular_matrices(problem: str, shape: tuple[int, int]) -> None:
    question, (m, n) = ef.problems.get(problem), shape
    inputs = question.draw(rng(1), 50, ef.ensembles.get("iid-uniform", dims=f"{m}x{n}")).values
    answers = default_model(problem, m, n).solve(inputs)
    errors = question.errors(inputs, question.solve(inputs), answers.value).scores["l1"]
    assert (errors < 0.01).all()


def test_what_scale_matrices_have_does_not_matter() -> None:
    a = rng(2).uniform(-1, 1, (20, 4, 4))
    for scale in (1e-300, 1e-6, 1e6, 1e300):
        solution = ef.load("inverse-any").solve(a * scale)
        np.testing.assert_array_less(solution.certificate["identity"], 0.01)


@pytest.mark.parametrize("factor", [1, 4])
def test_sizes_beyond_those_trained_come_with_a_caution(factor: int) -> None:
    a = rng(3).uniform(-10, 10, (1, 20 * factor, 20 * factor))
    cautions = ef.load("inverse-any").cautions(a)
    assert bool(cautions) == (factor == 4)
    assert all("80x80" in sentence and "residuals" in sentence for sentence in cautions)


def test_singular_values_that_are_zero_have_orthonormal_vectors_too() -> None:
    a = np.outer([1.0, 2.0, 3.0, -1.0], [2.0, -1.0, 0.5])
    solution = ef.load("svd-any").solve(a)
    assert solution.certificate["orthogonality"] < 0.01
    assert solution.certificate["reconstruction"] < 0.01


def test_settings_change_what_weights_do_not_depend_on() -> None:
    a = rng(4).uniform(-10, 10, (200, 10, 10))
    once = ef.load("inverse-any", settings=["passes=1"]).solve(a).certificate["identity"]
    looped = ef.load("inverse-any").solve(a).certificate["identity"]
    assert (looped <= once + 1e-12).all() and (looped < once).any()
    with pytest.raises(ef.InputError, match="passez"):
        ef.load("inverse-any", settings=["passez=1"])
    with pytest.raises(ef.InputError, match="layers"):
        ef.load("inverse-any", settings=["layers=none"])
    with pytest.raises(ef.InputError, match="do not fit"):
        ef.load("inverse-any", settings=["layers=3"])


def test_a_card_says_what_the_network_is_told_and_what_it_reaches_by_size() -> None:
    model = shipped_model(shipped_models()["svd-any"])
    assert model.config.model.told and "20x20" in model.by_size
    card = (model.folder.path / "README.md").read_text()
    assert model.config.model.told in card and "| 20x20 |" in card
