"""Python functions as matrix programs."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core import InputError, unknown
from .expression import Expression, Shape, in_order, sized, symbol

RESULT = "result"
"""The name of what a program returns, where it returns one expression."""


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """A function of symbols that returns an expression, or a dict of named ones."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    """Parameters with a default, which need not be symbols."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)


def program(function: Callable[..., Any]) -> Program:
    """Declare a matrix program: its parameters are symbols, whose shapes `compile` is told."""
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise InputError(f"the parameter {parameter} of a program must be a single symbol")
    return Program(
        getattr(function, "__name__", "program"),
        function,
        tuple(parameter.name for parameter in parameters),
        frozenset(p.name for p in parameters if p.default is not p.empty),
    )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Traced:
    """A program with shapes: its symbols, its results, and what is fed back."""

    name: str
    symbols: dict[str, Expression]
    results: dict[str, Expression]
    feed: dict[str, str]
    """Symbols and the results that replace them after each repetition."""
    repeat: int
    symmetric: frozenset[str]

    @property
    def shapes(self) -> dict[str, Shape]:
        return {name: shape_of(node) for name, node in self.symbols.items()}

    @property
    def answer(self) -> str:
        """The result that the network returns."""
        return RESULT if RESULT in self.results else next(iter(self.results))

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {r}x{c}" for name, (r, c) in self.shapes.items())
        lines = [f"program {self.name}({shapes}), {self.repeat} times"]
        numbers: dict[int, str] = {}
        for node in in_order(*self.results.values()):
            if node.kind in ("symbol", "identity"):
                numbers[id(node)] = node.name or "I"
                continue
            parts = tuple(
                symbol(numbers[id(argument)], shape_of(argument)) for argument in node.arguments
            )
            numbers[id(node)] = f"%{len(numbers)}"
            rows, columns = shape_of(node)
            lines.append(
                f"  {numbers[id(node)]} [{rows}x{columns}] = {replace(node, arguments=parts)}"
            )
        lines += [f"  {name} = {numbers[id(node)]}" for name, node in self.results.items()]
        return "\n".join(lines + [f"  {name} <- {result}" for name, result in self.feed.items()])


def trace(
    source: Program | Callable[..., Any],
    shapes: Mapping[str, Shape],
    repeat: int = 1,
    feed: Mapping[str, str] | None = None,
    symmetric: tuple[str, ...] = (),
) -> Traced:
    """Run a program on symbols of the given shapes."""
    source = source if isinstance(source, Program) else program(source)
    symbols = _symbols(source, shapes)
    feed = dict(feed or {})
    if not isinstance(repeat, int) or repeat < 1:
        raise InputError(f"repeat is {repeat}; it must be a whole number of at least 1")
    if repeat > 1 and not feed:
        raise InputError(
            f'repeat is {repeat} and nothing is fed back; give feed={{"symbol": "result"}}'
        )
    for name in (*feed, *symmetric):
        if name not in symbols:
            raise unknown(f"symbol of {source.name}", name, symbols)
    for name in symmetric:
        rows, columns = shape_of(symbols[name])
        if rows != columns:
            raise InputError(f"{name} is {rows}x{columns} and cannot be symmetric")
    results = _results(source, source.function(**symbols))
    for name, result in feed.items():
        if result not in results:
            raise unknown(f"result of {source.name}", result, results)
        given, found = shape_of(symbols[name]), results[result].shape
        if found is None and given[0] == given[1]:
            results[result] = sized(results[result], given[0])
        elif found != given:
            what = "an identity" if found is None else f"{found[0]}x{found[1]}"
            raise InputError(
                f"{result} = {results[result]} is {what} and cannot be fed to {name}, which is "
                f"{given[0]}x{given[1]}"
            )
    for result, node in results.items():
        if node.shape is None:
            raise InputError(f"{result} = {node} is an identity whose size nothing tells")
    return Traced(
        name=source.name,
        symbols=symbols,
        results=results,
        feed=feed,
        repeat=repeat,
        symmetric=frozenset(symmetric),
    )


def shape_of(node: Expression) -> Shape:
    """The shape of a node of a traced program."""
    assert node.shape is not None
    return node.shape


def _symbols(source: Program, shapes: Mapping[str, Shape]) -> dict[str, Expression]:
    for name in shapes:
        if name not in source.parameters:
            raise unknown(f"symbol of {source.name}", name, source.parameters)
    found = {}
    for name in source.parameters:
        if name not in shapes:
            if name in source.optional:
                continue
            raise InputError(f'the shape of {name} is missing; give shapes={{"{name}": (rows, ...')
        shape = tuple(shapes[name])
        if len(shape) != 2 or not all(isinstance(n, int) and n > 0 for n in shape):
            raise InputError(
                f"the shape of {name} is {shapes[name]}; give (rows, columns), a column vector "
                "being (rows, 1)"
            )
        found[name] = symbol(name, (shape[0], shape[1]))
    return found


def _results(source: Program, returned: Any) -> dict[str, Expression]:
    results = dict(returned) if isinstance(returned, Mapping) else {RESULT: returned}
    for name, node in results.items():
        if not isinstance(node, Expression):
            raise InputError(
                f"{source.name} returned a {type(node).__name__} as {name}; return an expression "
                "in its symbols, or a dict of named ones"
            )
    if not results:
        raise InputError(f"{source.name} returned no expression")
    return results
