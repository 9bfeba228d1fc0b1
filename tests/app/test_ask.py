"""What the page says of an answer."""

import re
from typing import Any

import numpy as np
import pytest

from eigenformer.app.ask import ask
from eigenformer.app.ask_html import answer_html, attention_html, named_parts
from eigenformer.app.attention import attention, called
from eigenformer.app.chance import chance
from eigenformer.app.comparison import CompareState
from eigenformer.app.draw import draw, ensemble_names, ensemble_of
from eigenformer.app.menu import BEST, models_by_problem, problem_of, sizes_of
from eigenformer.app.presets import PRESETS
from eigenformer.app.snippet import ask_python, build_python, compare_python
from eigenformer.app.state import AskState, BuildState
from eigenformer.core import InputError
from eigenformer.ensembles.reading import parse_matrix
from eigenformer.evaluation import evaluate
from eigenformer.zoo import default_model, load

EVERY = [(problem, model) for problem, models in models_by_problem().items() for model in models]


def _matrix(problem: str, model: str) -> np.ndarray:
    size = sizes_of(model)[0]
    return draw(problem_of(problem), ensemble_of("iid-uniform", size, 10.0, 1.0), 3)


@pytest.mark.parametrize(("problem", "model"), EVERY)
def test_an_answer_is_the_solvers_own_beside_lapacks(problem: str, model: str) -> None:
    matrix = _matrix(problem, model)
    asked, own = ask(problem, model, matrix), load(model).only(problem).solve(matrix)
    assert asked.answer.valid
    np.testing.assert_array_equal(asked.answer.value, own.value)
    assert asked.answer.certificate == own.certificate
    page = answer_html(asked)
    # Every token, and as many cells as the matrices have coefficients.
    assert page.count("ef-token ") == len(asked.tokens_in) + len(asked.tokens_out)
    assert page.count("<td class=") == matrix.size + 3 * asked.answer.truth.size


def test_the_truth_is_numpys() -> None:
    matrix = _matrix("eigenvalues", "eigenvalues-5x5")
    answer = ask("eigenvalues", "eigenvalues-5x5", matrix).answer
    np.testing.assert_allclose(answer.truth[::-1, 0], np.linalg.eigvalsh(matrix))
    assert answer.error == pytest.approx(
        np.abs(answer.value - answer.truth).sum() / np.abs(answer.truth).sum()
    )


def test_a_polished_inverse_is_the_inverse() -> None:
    matrix = np.array([[4.0, 1.0], [2.0, 3.0]])
    asked = ask("inverse", "inverse-2x2", matrix, polished=True)
    polished = asked.polished
    assert polished is not None and polished.error < 1e-14
    np.testing.assert_allclose(polished.value, np.linalg.inv(matrix), rtol=1e-12)
    first = np.linalg.norm(np.eye(2) - matrix @ asked.answer.value, 2)
    assert polished.polishing is not None
    assert polished.polishing.residuals[0] == pytest.approx(first)
    assert "Polished" in answer_html(asked)


def test_noise_is_seen_by_the_model_and_not_by_the_truth() -> None:
    matrix = _matrix("eigenvalues", "eigenvalues-5x5")
    clean = ask("eigenvalues", "eigenvalues-5x5", matrix)
    noisy = ask("eigenvalues", "eigenvalues-5x5", matrix, noise=0.05)
    np.testing.assert_array_equal(noisy.answer.truth, clean.answer.truth)
    size = np.sqrt(np.mean(matrix**2))
    assert 0.02 * size < np.std(noisy.answer.seen - matrix) < 0.1 * size
    assert noisy.chance.right is None


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((2, 2)), np.eye(2), np.eye(1), np.ones((10, 10)), np.full((3, 3), 1e-90),
     np.array([[1e99, 1.0], [1.0, 1e-99]])],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize(("problem", "model"), EVERY)
def test_odd_matrices_get_an_answer_a_reason_or_a_sentence(
    problem: str, model: str, matrix: np.ndarray
) -> None:
    try:
        asked = ask(problem, model, matrix, polished=True)
    except InputError:
        return
    assert asked.answer.valid or asked.answer.reason
    assert "nan" not in re.sub(r'title="[^"]*"', "", answer_html(asked))
    assert "chance" in answer_html(asked)
    seen = attention(problem, model, matrix)
    assert attention_html(seen, asked.answer, noisy=False) or not seen.names


@pytest.mark.parametrize(
    ("problem", "model", "matrix", "sentence"),
    [
        ("nothing", "x", np.eye(2), "unknown problem 'nothing'"),
        ("inverse", "add-5x5", np.eye(2), "add-5x5 does not answer inverse; choose one of"),
        ("inverse", "inverse-2x2", np.ones((2, 2)), "singular to working precision"),
        ("inverse", "inverse-2x2", np.ones((2, 3)), "inverse needs a square matrix"),
        ("eigenvalues", "eigenvalues-5x5", np.triu(np.ones((5, 5))), "is not symmetric"),
        ("eigenvalues", "eigenvalues-5x5", np.diag([1, 1, 1, 1, 1e-200]), "the range of P1000"),
        ("eigenvalues", "eigenvalues-5x5", np.full((2, 2), np.nan), "holds a nan or inf"),
    ],
)
def test_a_mistake_gets_a_sentence(problem, model, matrix, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ask(problem, model, matrix)


def test_the_chance_is_what_fresh_matrices_show() -> None:
    # By condition number, from the kept analysis; the test set here is another.
    well = chance("inverse-2x2", 3.0, None)
    ill = chance("inverse-2x2", 300.0, None)
    assert well.right is not None and ill.right is not None
    assert well.right.value > 0.99 and ill.right.value < 0.7
    solver = load("inverse-2x2")
    for found, condition in ((well, 3.0), (ill, 300.0)):
        ensemble = ensemble_of("conditioned", 2, 10.0, np.log10(condition))
        measured = evaluate(solver, solver.problem, ensemble, n=500, seed=5).at(0.05)
        # Matrices of one condition number are not those of a bin of an iid ensemble.
        assert abs(measured - found.right.value) < 0.35


def test_a_model_whose_failures_were_not_analysed_has_its_accuracy_as_a_whole() -> None:
    found = chance("add-5x5", 5.0, None)
    assert found.right is not None and found.right.n == 10_000
    assert "was not counted for this model" in found.text


def test_a_matrix_unlike_the_training_has_an_unknown_chance() -> None:
    for problem, model in (
        ("eigenvalues", "eigenvalues-5x5"),
        ("eigenvectors", "eigenvectors-any"),
    ):
        unlike = ask(problem, model, np.diag([5.0, 4.0, 3.0, 2.0, 1.0]))
        assert unlike.chance.right is None and unlike.chance.text.startswith("unknown")
        drawn = draw(problem_of(problem), ensemble_of("iid-uniform", 5, 10.0, 1.0), 4)
        like = ask(problem, model, 1e6 * drawn)
        assert like.chance.right is not None and not like.answer.cautions


def test_attention_is_a_distribution_over_the_matrix() -> None:
    matrix = _matrix("eigenvalues", "eigenvalues-5x5")
    seen = attention("eigenvalues", "eigenvalues-5x5", matrix)
    assert seen.grid is not None and seen.grid.shape == (5, 1, 5, 5)
    np.testing.assert_allclose(seen.grid.sum(axis=(2, 3)), 1.0, atol=1e-5)
    heads = [
        attention("eigenvalues", "eigenvalues-5x5", matrix, seen.name, head).grid
        for head in range(1, seen.heads + 1)
    ]
    np.testing.assert_allclose(np.mean(heads, axis=0), seen.grid, atol=1e-6)
    answer = ask("eigenvalues", "eigenvalues-5x5", matrix).answer
    picture = attention_html(seen, answer, noisy=False)
    assert picture.count("ef-look") == 125
    # Every small grid has its name, and the strength of the colour a scale.
    assert [f">{n}</text>" in picture for n in range(1, 6)] == [True] * 5
    assert "ef-scale" in picture and f"{seen.grid.max():.2g}</text>" in picture
    assert called(seen.name) == "decoder layer 1: the answer looks at the matrix"


@pytest.mark.parametrize("name", ensemble_names())
@pytest.mark.parametrize("size", [1, 2, 7])
def test_every_ensemble_can_be_drawn(name: str, size: int) -> None:
    if name == "graph-laplacian" and size == 1:
        with pytest.raises(InputError, match="at least 2 nodes"):
            ensemble_of(name, size, 10.0, 1.0)
        return
    matrix = draw(problem_of("eigenvalues"), ensemble_of(name, size, 10.0, 1.0), 0)
    assert matrix.shape == (size, size) and np.isfinite(matrix).all()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)


@pytest.mark.parametrize("name", PRESETS)
def test_d13_a_preset_makes_its_model_fail(name: str) -> None:
    """Row D13: there was none; the answer is wrong, or comes with a caution."""
    preset = PRESETS[name]
    answer = ask(preset.problem, preset.model, parse_matrix(preset.matrix)).answer
    assert answer.right_within() is None or answer.cautions


def test_d3_the_best_model_answers_and_is_named() -> None:
    """Row D3: the menu began with the first name by the alphabet, the answer named nobody."""
    matrix = _matrix("inverse", "inverse-2x2")
    asked = ask("inverse", BEST, matrix)
    best = default_model("inverse", 2, 2).name
    assert asked.answer.solver.name == best == models_by_problem()["inverse"][0]
    assert f"by {best}, the best here for 2x2" in answer_html(asked, best=True)


def test_d8_the_parts_of_an_svd_have_their_names() -> None:
    """Row D8: it came as one block of numbers."""
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    asked = ask("svd", BEST, matrix)
    (_, s), (_, u), (_, v) = named_parts("svd", (3, 2), asked.answer.truth)
    np.testing.assert_allclose(u * s @ v.T, matrix, atol=1e-12)
    page = answer_html(asked)
    assert all(f"<figcaption>{name}</figcaption>" in page for name in ("s", "U", "V"))


def test_d13_the_copied_python_gives_the_pages_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D13: there was no way from the page to Python."""
    state = AskState(matrix="4 1; 1 3", problem="eigenvalues")
    asked = ask("eigenvalues", BEST, parse_matrix(state.matrix))
    found: dict[str, Any] = {}
    exec(ask_python(state, asked.answer.solver.name), found)
    np.testing.assert_array_equal(found["solution"].value, asked.answer.value)
    exec(build_python(BuildState(matrix="4 1 0 0; 1 4 1 0; 0 1 4 1; 0 0 1 4")), {})
    exec(compare_python(CompareState(matrices=10, solvers=("LAPACK", "inverse-2x2"))), {})
    assert "numpy 1.0" in capsys.readouterr().out
