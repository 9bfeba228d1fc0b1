"""Random programs: conforming ones equal the interpreter, others are refused with a reason."""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from random import Random

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eigenformer.construct import CompiledNetwork, I, check, compile, program, relu_fn, stored
from eigenformer.construct.compiler import compiled_program
from eigenformer.construct.interpret import interpreted
from eigenformer.construct.program import trace
from eigenformer.construct.scalar import ABSOLUTE
from eigenformer.construct.timing import Policy
from eigenformer.core import InputError, rng

SHIFTED = relu_fn(lambda z: 0.5 * torch.tanh(z) + 0.3, -4.0, 4.0, knots=20, name="shifted")
"""Not 0 at 0, so that columns beside a matrix have to be left out."""
FUNCTIONS = (SHIFTED, ABSOLUTE)
FACTORS = (-2.0, -1.0, -0.25, 0.5, 1.5)
MOST_NODES = 20
DEEPEST = 6


@dataclass
class Case:
    """A program and how to compile it."""

    program: object
    shapes: dict[str, tuple[int, int]]
    repeated: dict[str, object]
    """How often, what is fed back, and what is symmetric."""
    options: dict[str, object]
    """Of the compiler's passes."""
    module: dict[str, object]
    """Options of the network, such as dense."""

    def network(self):
        traced = trace(self.program, self.shapes, **self.repeated)
        return CompiledNetwork(compiled_program(traced, **self.options), **self.module)


class Writer:
    """Writes an expression of a wanted shape; what it wrote before may be used again."""

    def __init__(self, random, symbols, functions=True):
        self.random = random
        self.functions = functions
        self.pool = list(symbols)
        self.sizes = sorted({size for node in symbols for size in node.shape})
        self.nodes = 0

    def leaf(self, shape):
        found = [node for node in self.pool if node.shape == shape]
        found += [node.T for node in self.pool if node.shape == shape[::-1]]
        if shape[0] == shape[1]:
            found += [I, 2 * I]
        return self.random.choice(found)

    def write(self, shape, depth):
        self.nodes += 1
        if depth == 0 or self.nodes > MOST_NODES or self.random.random() < 0.1:
            return self.leaf(shape)
        made = self.operation(shape, depth - 1)
        if made.shape is not None:
            self.pool.append(made)
        return made

    def operation(self, shape, depth):
        kind = self.random.random()
        if kind < 0.4:
            inner = self.random.choice(self.sizes)
            return self.write((shape[0], inner), depth) @ self.write((inner, shape[1]), depth)
        if kind < 0.7:
            left, right = self.write(shape, depth), self.write(shape, depth)
            return left + right if self.random.random() < 0.5 else left - right
        if kind < 0.8:
            return self.write(shape[::-1], depth).T
        if kind < 0.9 or not self.functions:
            return self.random.choice(FACTORS) * self.write(shape, depth)
        if kind < 0.93:
            return stored(self.write(shape, depth))
        return self.random.choice(FUNCTIONS)(self.write(shape, depth))


def random_shapes(random):
    """A symbol for every pair of some sizes, so that every shape can be written."""
    sizes = random.sample([1, 2, 3, 4, 5], random.randint(1, 3))
    pairs = combinations_with_replacement(sizes, 2)
    shapes = [pair if random.random() < 0.5 else pair[::-1] for pair in pairs]
    return dict(zip("ABCDXY", shapes, strict=False))


def conforming(seed, functions=False):
    """A program that compiles, of depth at most 6."""
    random = Random(seed)
    shapes = random_shapes(random)
    repeated, options = {}, {"tokens": random.choice([None, None, 7])}
    policies = [Policy(distribute=d, gather=g) for d in (True, False) for g in (True, False)]
    options["policy"] = random.choice([None, None, *policies])  # None: the best of them
    target = random.choice(list(shapes.values()))
    if random.random() < 0.5:
        fed = random.choice(list(shapes))
        target = shapes[fed]
        repeated |= {"feed": {fed: "result"}, "repeat": random.randint(1, 3)}
    repeated["symmetric"] = tuple(
        name
        for name, (rows, columns) in shapes.items()
        if rows == columns and random.random() < 0.2 and name not in repeated.get("feed", {})
    )
    options["keep"] = random.choice([None, None, (), ("A",)])
    depth, inner = random.randint(1, DEEPEST), random.random()

    def name_of(shape):
        return next(name for name in shapes if shapes[name] == shape)

    def write(**symbols):
        made = Writer(Random(inner), symbols.values(), functions).write(target, depth)
        # Nothing tells the size of a program in I alone.
        return made if made.shape else made @ symbols[name_of(target)]

    module = {"dense": random.random() < 0.3}
    return Case(_with_parameters(write, shapes), shapes, repeated, options, module)


def wrong(seed):
    """A program with one operation that does not conform, and its operands as text."""
    random = Random(seed)
    shapes = random_shapes(random)
    while len({size for shape in shapes.values() for size in shape}) == 1:
        shapes = random_shapes(random)
    depth, operands = random.randint(0, DEEPEST - 2), []

    def write(**symbols):
        writer = Writer(Random(seed), symbols.values())
        draw, sizes = writer.random, writer.sizes
        shape = (draw.choice(sizes), draw.choice(sizes))
        good = writer.leaf(shape) if draw.random() < 0.2 else writer.write(shape, depth)
        left = good if good.shape else symbols["A"]
        product = draw.random() < 0.5
        meets = left.shape[1:] if product else left.shape
        right = next(
            node for node in _shuffled(draw, writer.pool) if node.shape[: len(meets)] != meets
        )
        operands.extend((left, right))
        bad = left @ right if product else left + right if draw.random() < 0.5 else left - right
        return bad.T @ bad

    return Case(_with_parameters(write, shapes), shapes, {}, {}, {}), operands


def _shuffled(random, nodes):
    both = [n for node in nodes for n in (node, node.T)]
    random.shuffle(both)
    return both


def _with_parameters(write, shapes):
    """`write` as a program whose parameters are the symbols."""
    names = ", ".join(shapes)
    given = ", ".join(f"{name}={name}" for name in shapes)
    return program(eval(f"lambda {names}: write({given})", {"write": write}))


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


@settings(max_examples=250)
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
