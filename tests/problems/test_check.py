"""What a user may get wrong is refused with a sentence that says what."""

import numpy as np
import pytest

from eigenformer import ensembles, problems
from eigenformer.core import InputError, rng

SYMMETRIC = ("eigenvalues", "eigenvectors", "symmetric_inverse")
SINGLE = tuple(name for name in problems.names() if name != "joint")


def good(name, batch=4):
    return problems.get(name).draw(rng(0), batch, ensembles.get("iid-uniform")).values


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_a_number(name, value):
    x = good(name)
    x[2, 1, 1] = value
    with pytest.raises(InputError, match="input 2 holds a nan or inf"):
        problems.get(name).check(x)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("shape", [(0, 5, 5), (3, 0, 5), (3, 5, 0)])
def test_empty(name, shape):
    with pytest.raises(InputError, match="empty"):
        problems.get(name).check(np.zeros(shape))


@pytest.mark.parametrize("name", [*SYMMETRIC, "inverse"])
def test_not_square(name):
    with pytest.raises(InputError, match=rf"5x4, but {name} needs a square"):
        problems.get(name).check(good("transpose")[:, :, :4])
    with pytest.raises(InputError, match="square"):
        problems.get(name).output_shape(5, 4)
    with pytest.raises(InputError, match="square"):
        problems.get(name).input_shape(5, 4)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_not_symmetric(name):
    x = good(name)
    x[3, 0, 1] += 1e-12
    problems.get(name).check(x)
    x[3, 0, 1] += 0.25
    with pytest.raises(InputError, match=r"input 3 is not symmetric.*0\.25"):
        problems.get(name).check(x)


@pytest.mark.parametrize("name", ["add", "matmul"])
def test_odd_columns(name):
    with pytest.raises(InputError, match=f"7 columns; {name}"):
        problems.get(name).check(np.ones((2, 5, 7)))


def test_matvec_needs_a_matrix():
    with pytest.raises(InputError, match="at least 2"):
        problems.get("matvec").check(np.ones((2, 5, 1)))


@pytest.mark.parametrize("name", ["inverse", "symmetric_inverse"])
def test_singular(name):
    problem, x = problems.get(name), good(name)
    x[1] = 1
    for refuse in (problem.check, problem.solve):
        with pytest.raises(InputError, match=r"input 1 is singular.*condition number"):
            refuse(x)
    x[1] = 0
    for refuse in (problem.check, problem.solve):
        with pytest.raises(InputError, match=r"input 1 .*condition number inf"):
            refuse(x)


def test_nearly_singular_laplacians_are_refused():
    x = ensembles.get("graph-laplacian", dims="7x7").sample(rng(1), 20)
    with pytest.raises(InputError, match="singular"):
        problems.get("symmetric_inverse").solve(x)


def test_ill_conditioned_is_not_singular():
    x = ensembles.get("conditioned", condition=1e12).sample(rng(0), 20)
    problems.get("inverse").check(x)
    problems.get("inverse").solve(x)


def test_in_a_mixed_batch_the_number_is_that_of_the_batch():
    x = problems.get("inverse").draw(rng(0), 50, ensembles.get("iid-uniform", dims="2-5"))
    m = x.rows[37]
    x.values[37, :m, :m] = 1.0
    with pytest.raises(InputError, match="input 37 is singular"):
        problems.get("inverse").check(x)


def test_complex_is_refused():
    # In tests the annotation would refuse it first.
    check = problems.ShapedProblem.check
    unannotated = getattr(check, "__wrapped__", check)
    with pytest.raises(InputError, match="real"):
        unannotated(problems.get("transpose"), np.ones((1, 2, 2), np.complex128))


@pytest.mark.parametrize(
    ("name", "matrix", "why"),
    [
        ("matrix_sign", [[0, 1], [1, 0.0]], None),
        ("matrix_sign", [[0, 1], [-1, 0.0]], "imaginary axis"),
        ("matrix_sign", [[0.0]], "imaginary axis"),
        ("matrix_sqrt", [[-1.0]], "negative axis"),
        ("matrix_sqrt", [[0.0, 0], [0, 0]], None),
        ("matrix_sqrt", [[0.0, 1], [0, 0]], "singular"),
        ("matrix_sqrt", [[0, 1], [-1, 0.0]], None),
        ("matrix_inverse_sqrt", [[1, 1], [1, 1.0]], "singular"),
        ("matrix_logarithm", [[2, 1], [1, -2.0]], "negative axis"),
        ("matrix_logarithm", [[0.0]], "singular"),
        ("matrix_exponential", [[710.0]], r"eigenvalue of 710: above 709\.8 the answer overflows"),
        ("matrix_exponential", [[700.0]], None),
        ("matrix_cosine", [[0.0, 0], [0, 0]], None),
        ("polar_factor", [[1, 1], [1, 1.0]], "full rank"),
    ],
)
def test_functions_that_do_not_exist(name, matrix, why):
    problem, x = problems.get(name), np.array([matrix])
    if why is None:
        problem.check(x)
        return
    for refuse in (problem.check, problem.solve):
        with pytest.raises(InputError, match=f"input 0 .*{why}"):
            refuse(x)
