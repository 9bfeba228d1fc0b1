"""Least depth: no schedule is below it, the compiler's reach it, the integer program agrees."""

import numpy as np
import pytest

from eigenformer import construct
from eigenformer.construct.catalogue import CATALOGUE
from eigenformer.construct.compiler import CompiledNetwork
from eigenformer.construct.depth import least_depth, results, ways
from eigenformer.construct.normalise import normalise
from eigenformer.construct.program import trace

REFINED = {"eigen-refinement": 8, "eigen-refinement-relu": 8, "svd-refinement": 10}
"""Layers at least, of those that are not proved to be the best."""
N = 3
SQUARE = construct.relu_fn(lambda x: x**2, -4.0, 4.0, knots=8)
PROGRAMS = {
    "order 6": lambda A, X: X @ (construct.I + (construct.I - A @ X) @ (A @ X)),
    "Gram": lambda A, X: (A.T @ A) @ (A.T @ A) @ X,
    "cube of a sum": lambda A, X: (A + X) @ (A + X) @ (A + X) @ (A - X),
    "five factors": lambda A, X: A @ X @ A @ X.T @ A,
    "nine factors": lambda A, X: A @ X @ A @ X @ A @ X @ A @ X @ A,
    "ten factors": lambda A, X: A @ X @ A @ X @ A @ X @ A @ X @ A @ X,
    "ReLU between": lambda A, X: SQUARE(A @ X @ A) @ X @ SQUARE(X.T @ A),
}


def normal_of(function, repeat=1, feed=None):
    return normalise(trace(function, {"A": (N, N), "X": (N, N)}, repeat, feed, ()))


def by_integer_program(normal, horizon):
    """Layers at least, by scipy.optimize.milp: is the last result there after h half layers?"""
    optimize = pytest.importorskip("scipy.optimize")
    sparse = pytest.importorskip("scipy.sparse")
    found = ways(normal)
    atoms = list(found)
    times = range(2 * horizon + 1)
    there = {(atom, t): i for i, (atom, t) in enumerate((a, t) for a in atoms for t in times)}
    count = len(there)
    rows, columns, values, most = [], [], [], []

    def at_most(terms, bound):
        for column, value in terms:
            rows.append(len(most))
            columns.append(column)
            values.append(value)
        most.append(bound)

    for atom, made in found.items():
        for t in times:
            chosen = []
            for kind, parts in made:
                # What attention writes by 2l + 1 it read at 2l; ReLUs write at 2l what is there
                # at 2l - 1.
                read = {"sum": t, "attention": 2 * ((t - 1) // 2), "units": 2 * (t // 2) - 1}[kind]
                if read < 0 or (kind == "attention" and t < 1):
                    continue
                chosen.append((count, -1.0))
                for part in set(parts):
                    at_most([(count, 1.0), (there[part, read], -1.0)], 0.0)
                if atom in parts:  # nothing is made of itself
                    at_most([(count, 1.0)], 0.0)
                count += 1
            at_most([(there[atom, t], 1.0), *chosen], 0.0)
    wanted = {atom for form in results(normal) for atom, _ in form.terms}
    done = []
    for layer in range(horizon + 1):
        for atom in wanted:
            at_most([(count, 1.0), (there[atom, 2 * layer], -1.0)], 0.0)
        done.append(count)
        count += 1
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(most), count))
    cost = np.zeros(count)
    cost[done] = -1.0  # as early as possible
    solved = optimize.milp(
        cost, integrality=np.ones(count), bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(matrix, ub=np.array(most)),
        options={"time_limit": 60.0},
    )  # fmt: skip
    assert solved.success
    return horizon + 1 - round(-solved.fun)


def test_compiled_constructions_are_of_least_depth():
    built = {name: CATALOGUE.get(name).build() for name in CATALOGUE.names()}
    compiled = {name: net for name, net in built.items() if isinstance(net, CompiledNetwork)}
    assert len(compiled) >= 10 + len(REFINED)
    for name, network in compiled.items():
        proved = f"{REFINED[name]} at least" if name in REFINED else "optimal"
        assert network.summary().proved == proved, name
        assert f"{network.depth}, {proved}" in str(network.summary())


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_schedule_is_below_the_least_depth(name):
    least = least_depth(normal_of(PROGRAMS[name]))
    network = construct.compile(PROGRAMS[name], {"A": (N, N), "X": (N, N)})
    assert least.complete
    assert 1 <= least.layers <= network.depth


@pytest.mark.parametrize("name", ["Gram", "cube of a sum", "five factors", "ReLU between"])
def test_the_integer_program_agrees(name):
    normal = normal_of(PROGRAMS[name])
    least = least_depth(normal).layers
    assert by_integer_program(normal, least) == least


def test_a_program_that_is_too_large_has_no_proof():
    found = least_depth(normal_of(PROGRAMS["nine factors"]), most=5)
    assert (found.layers, found.complete) == (0, False)
