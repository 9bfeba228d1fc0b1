"""What a program's text means: a `Program` for the compiler, and what is computed around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError, unknown
from ...core import rng as stream
from ..compiler import TRIAL, Compiled, CompiledNetwork, check_symmetric, compiled_program
from ..expression import Expression, I, Shape, stored, symbol
from ..program import RESULT, Program, trace
from ..scalar import ABSOLUTE, POSITIVE
from ..spec import Port
from .operands import START_FUNCTIONS, TARGET_FUNCTIONS, Operand, call, number, unit
from .parser import parse_syntax
from .tokens import wrong
from .tree import (
    Assignment,
    Binary,
    Call,
    Name,
    Negated,
    Node,
    NumberNode,
    Power,
    Syntax,
    Transposed,
)

LARGEST_SIDE = 12
MOST_INPUTS = 6
MOST_STEPS = 40
MOST_ATOMS = 4000
"""Products, sums and functions that the compiler arranges: about a second's work."""

_ENTRYWISE = {"relu": POSITIVE, "abs": ABSOLUTE}
NETWORK_FUNCTIONS = (*_ENTRYWISE, "stored")
"""What a network's layers can compute of a matrix."""


@dataclass(frozen=True, slots=True)
class ProgramText:
    """A program that was read; `str` gives its text in canonical form."""

    syntax: Syntax
    shapes: dict[str, Shape]
    """Of the inputs, then of what start lines compute."""
    feed: dict[str, str]
    """As `compile` takes it."""

    def __str__(self) -> str:
        return str(self.syntax)

    @property
    def repeat(self) -> int:
        return self.syntax.repeat

    @property
    def given(self) -> dict[str, Shape]:
        """The shapes of the inputs: what a caller of the network gives."""
        return {each.name: (each.rows, each.columns) for each in self.syntax.inputs}

    @property
    def symmetric(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.syntax.inputs if each.symmetric)

    def program(self) -> Program:
        """The lines that the network's layers compute, as `program` makes it of a function."""

        def run(**symbols: Expression) -> dict[str, Expression]:
            return self._results(symbols)

        return Program("program", run, tuple(self.shapes))

    def compile(self) -> CompiledNetwork:
        """The network: `net(*inputs)`, with the start lines computed by its input map.

        A program whose products would take long to arrange is an `InputError`.
        """
        # A repetition takes as much as another, so that a few of them tell what all will take.
        few = min(self.repeat, TRIAL)
        compiled = self._compiled(few)
        atoms = len(compiled.normal.graph.atoms) * self.repeat // few
        if atoms > MOST_ATOMS:
            raise InputError(
                f"the program comes to about {atoms:,} products, sums and functions in all; "
                f"shorten it or repeat it less, to at most {MOST_ATOMS:,}"
            )
        if few < self.repeat:
            compiled = self._compiled(self.repeat)
        notes = tuple(
            f"the input map computes {each}: no layer does" for each in self.syntax.starts
        )
        given = tuple(Port(name=n, shape=shape, block=n) for n, shape in self.given.items())
        spec = replace(
            compiled.spec, given=given, prepare=self._prepare, notes=notes, steps=self.repeat
        )
        return CompiledNetwork(replace(compiled, spec=spec))

    def _compiled(self, repeat: int) -> Compiled:
        return compiled_program(
            trace(self.program(), self.shapes, repeat, self.feed, self.symmetric)
        )

    def target(self, *inputs: Float[Tensor, "*B _ _"]) -> Float[Tensor, "*B p q"] | None:
        """What the result should approach, for these inputs; None without a target line."""
        if self.syntax.target is None:
            return None
        values = self._given(inputs)
        return _compute(self.syntax.target, values, TARGET_FUNCTIONS)

    @property
    def inverts(self) -> str | None:
        """The input whose inverse is the target, if that is what the target line says."""
        target = self.syntax.target.value if self.syntax.target else None
        match target:
            case Call("inv" | "pinv", Name(name)):
                return name
        return None

    def _given(self, inputs: tuple[Tensor, ...]) -> dict[str, Operand]:
        return {n: Operand("matrix", x) for n, x in zip(self.given, inputs, strict=True)}

    def _prepare(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        values = self._given(inputs)
        for name in self.symmetric:
            check_symmetric(name, values[name].value)
        for start in self.syntax.starts:
            values[start.name] = Operand("matrix", _compute(start, values, START_FUNCTIONS))
        return tuple(value.value for value in values.values())

    def _results(self, symbols: Mapping[str, Expression]) -> dict[str, Expression]:
        names: dict[str, Any] = {**symbols, "I": I}
        for line in self.syntax.body:
            names[line.name] = _expression(line, names)
            if line.name in symbols and not isinstance(names[line.name], Expression):
                raise wrong(line.line, f"{line.name} becomes a number; it is a matrix")
        answer = _expression(self.syntax.answer, names)
        if not isinstance(answer, Expression):
            raise wrong(self.syntax.answer.line, "the program returns a number; return a matrix")
        results = {RESULT: answer}
        return results | {name: names[name] for name, fed in self.feed.items() if fed != RESULT}


def read_program(text: str) -> ProgramText:
    """A matrix program from its text; an `InputError` names the line that is wrong.

        A: 4x4
        start X = A' / norm(A)^2
        repeat 12:
            X = X*(2*I - A*X)
        return X
        target inv(A)

    Inputs come first. `start` lines are computed by the input map, before the first layer, and may
    use `norm` and `trace`. The other lines become layers: sums, products (`*` or `@`), multiples,
    transposes (`'` or `.T`), powers, `relu` and `abs` of each entry, and `stored` (see
    `construct.stored`). Below `repeat`, a name of an input or start that is assigned is fed back.
    The text is parsed, never evaluated. Limits: `LARGEST_SIDE`, `MOST_INPUTS`, `MOST_STEPS`, and
    those of the parser.
    """
    syntax = parse_syntax(text)
    _check_limits(syntax)
    shapes: dict[str, Shape] = {each.name: (each.rows, each.columns) for each in syntax.inputs}
    for start in syntax.starts:
        if start.name in shapes:
            raise wrong(start.line, f"{start.name} is there already; start a name of its own")
        shapes[start.name] = _start_shape(start, shapes)
        _check_limits_of(start.name, shapes[start.name], start.line)
    fed = [name for name in shapes if any(name == line.name for line in syntax.body)]
    if syntax.repeat > 1 and not fed:
        raise InputError(
            "nothing that is repeated changes an input or a start, so that repeating it does "
            "nothing; assign one of them below repeat"
        )
    # What is returned as it is needs no rows beside those of its symbol.
    feed = {name: RESULT if syntax.answer.value == Name(name) else name for name in fed}
    found = ProgramText(syntax, shapes, feed if syntax.repeat > 1 else {})
    # Which raises for what cannot be.
    found._results({name: symbol(name, shape) for name, shape in shapes.items()})
    return found


def _check_limits(syntax: Syntax) -> None:
    if syntax.repeat > MOST_STEPS:
        raise InputError(f"repeat {syntax.repeat} is too often; at most {MOST_STEPS} times")
    if len(syntax.inputs) + len(syntax.starts) > MOST_INPUTS:
        raise InputError(f"the program has more than {MOST_INPUTS} inputs and starts; use fewer")
    for each in syntax.inputs:
        _check_limits_of(each.name, (each.rows, each.columns), 0)


def _check_limits_of(name: str, shape: Shape, line: int) -> None:
    if max(shape) > LARGEST_SIDE:
        text = f"{name} is {shape[0]}x{shape[1]}; at most {LARGEST_SIDE} rows or columns are taken"
        raise wrong(line, text) if line else InputError(text)


def _start_shape(start: Assignment, shapes: Mapping[str, Shape]) -> Shape:
    """By computing it once, of random matrices."""
    generator = stream(0, "shape of a start")
    values = {
        name: Operand("matrix", torch.from_numpy(generator.standard_normal(shape)))
        for name, shape in shapes.items()
    }
    rows, columns = _compute(start, values, START_FUNCTIONS).shape
    return rows, columns


def _compute(line: Assignment, names: Mapping[str, Operand], functions: tuple[str, ...]) -> Tensor:
    """The matrix of a start or target line."""

    def function(name: str, argument: Any) -> Operand:
        if name not in functions:
            raise _no_function(name, functions, "a start or target line")
        return call(name, argument)

    with torch.no_grad():
        found: Operand = _value(line, {**names, "I": unit()}, number, function)
    if found.kind != "matrix":
        what = "a number" if found.kind == "number" else "an identity of no known size"
        raise wrong(line.line, f"{line.name} is {what}; it must be a matrix")
    return found.value


def _expression(line: Assignment, names: Mapping[str, Any]) -> Any:
    """The expression of a line that layers compute; a float where it is a number."""

    def function(name: str, argument: Any) -> Expression:
        if name not in NETWORK_FUNCTIONS:
            raise _no_function(name, NETWORK_FUNCTIONS, "a line that layers compute")
        if not isinstance(argument, Expression):
            raise InputError(f"{name} takes a matrix, not a number")
        return stored(argument) if name == "stored" else argument.apply_scalar(_ENTRYWISE[name])

    return _value(line, names, float, function)


def _no_function(name: str, known: tuple[str, ...], where: str) -> InputError:
    if name in (*TARGET_FUNCTIONS, *NETWORK_FUNCTIONS):
        return InputError(f"{name} cannot be used in {where}; there, known are {', '.join(known)}")
    return unknown("function", name, known)


def _value(
    line: Assignment,
    names: Mapping[str, Any],
    constant: Callable[[float], Any],
    function: Callable[[str, Any], Any],
) -> Any:
    """A tree's value, by the operators of whatever the names stand for."""

    def value(node: Node) -> Any:
        match node:
            case NumberNode(x):
                return constant(x)
            case Name(name):
                if name not in names:
                    raise unknown("name", name, names)
                return names[name]
            case Negated(of):
                return -value(of)
            case Transposed(of):
                if isinstance(found := value(of), float):
                    raise InputError("a number has no transpose")
                return found.T
            case Call(name, argument):
                return function(name, value(argument))
            case Power(of, exponent):
                base = found = value(of)
                for _ in range(exponent - 1):
                    found = product(found, base)
                return found
            case Binary(operator, left, right):
                first, second = value(left), value(right)
                if operator == "+":
                    return first + second
                if operator == "-":
                    return first - second
                return quotient(first, second) if operator == "/" else product(first, second)

    def product(first: Any, second: Any) -> Any:
        scales = isinstance(first, float) or isinstance(second, float)
        return first * second if scales else first @ second

    def quotient(first: Any, second: Any) -> Any:
        if isinstance(second, float) and second == 0.0:
            raise InputError("it divides by zero")
        return first / second

    try:
        return value(line.value)
    except InputError as error:
        raise wrong(line.line, str(error)) from None
    except OverflowError:
        raise wrong(line.line, "a number becomes too large") from None
