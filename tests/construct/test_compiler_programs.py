"""Random programs: conforming ones equal the interpreter, others are refused with a reason."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_programs import conforming, wrong

from eigenformer.construct import check, compile
from eigenformer.construct.interpret import interpreted
from eigenformer.core import InputError, rng

SEEDS = st.integers(0, 2**32)


def small(traced):
    """Inputs of a 2-norm of about 1/2, so that few products grow beyond measure."""

    def draw(rng, n):
        found = {}
        for name, (rows, columns) in traced.shapes.items():
            a = rng.standard_normal((n, rows, columns)) / (2 * rows**0.5 + 2 * columns**0.5)
            found[name] = (a + a.swapaxes(1, 2)) / 2**0.5 if name in traced.symmetric else a
        return found

    return draw


@settings(max_examples=500)
@given(SEEDS)
def test_conforming_programs_equal_the_interpreter(seed):
    case = conforming(seed)
    net = case.network()
    found = check(net, n=4, seed=seed, draw=small(net.compiled.traced))
    assert found.passed, str(found)


@settings(max_examples=100)
@given(SEEDS)
def test_programs_with_scalar_functions(seed):
    case = conforming(seed, functions=True)
    net = case.network()
    traced = net.compiled.traced
    draw = small(traced)
    # ReLUs round to the size of what they are applied to, and their values are of size 1.
    largest = interpreted(traced, draw(rng(seed, "construct check"), 4), exact=False).largest
    assume(largest.max() < 1e3)
    assert check(net, n=4, seed=seed, draw=draw).passed


@settings(max_examples=500)
@given(SEEDS)
def test_other_programs_are_refused_with_a_reason(seed):
    case, operands = wrong(seed)
    with pytest.raises(InputError) as refused:
        compile(case.program, case.shapes)
    left, right = operands
    for node in (left, right):
        assert f"{node} is {node.shape[0]}x{node.shape[1]}" in str(refused.value)
