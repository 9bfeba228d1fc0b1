"""The text form of matrix programs, from characters to a tree.

A tokenizer and a recursive-descent parser of its own, so that text from strangers is only ever
read, never run. `language` says what the tree means.

    program    = { line }
    line       = NAME ":" rows "x" columns [ "symmetric" ]        an input
               | "start" NAME "=" expression                      computed before the first layer
               | "repeat" COUNT ":" ( assignment | indented block )
               | assignment | "return" expression | "target" expression
    expression = term { ("+" | "-") term }        term   = sign { ("*" | "@" | "/") sign }
    sign       = [ "-" | "+" ] power              power  = postfix [ "^" COUNT ]
    postfix    = atom { "'" | ".T" }
    atom       = NUMBER | NAME | NAME "(" expression ")" | "(" expression ")"
"""

from ...core import InputError
from .tokens import KEYWORDS, Tokens, wrong
from .tree import (
    Assignment,
    Binary,
    Call,
    Input,
    Name,
    Negated,
    Node,
    NumberNode,
    Power,
    Syntax,
    Transposed,
    cost,
)

MOST_CHARACTERS = 4000
MOST_LINES = 60
DEEPEST = 24
"""Parentheses, signs and calls inside one another."""
MOST_NODES = 200
"""Operations and operands of a program, those of a power being counted as often as they run."""
HIGHEST_POWER = 8


def parse_syntax(text: str) -> Syntax:
    """The tree of a program's text; an `InputError` says which line is wrong, and how."""
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the program has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read"
        )
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise InputError(f"the program has {len(lines)} lines; at most {MOST_LINES} are read")
    return _Program(lines).parse()


class _Program:
    """Lines, and what has been read of them."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.inputs: list[Input] = []
        self.starts: list[Assignment] = []
        self.body: list[Assignment] = []
        self.repeat: int | None = None
        self.endings: dict[str, Assignment] = {}
        """What stands after return, and after target."""
        self.nodes = 0
        self.indent: int | None = None
        """Of the block of `repeat`; None outside of it."""
        self.open_block = False

    def parse(self) -> Syntax:
        for number, raw in enumerate(self.lines, start=1):
            line = raw.split("#")[0].expandtabs(4).rstrip()
            if line.strip():
                self._line(number, line)
        if self.open_block:
            raise wrong(len(self.lines), "repeat has nothing to repeat; write X = ... below it")
        if not self.inputs:
            raise InputError("the program has no input; declare one first, such as A: 4x4")
        if "return" not in self.endings:
            raise InputError("the program returns nothing; end it with a line such as return X")
        return Syntax(
            inputs=tuple(self.inputs),
            starts=tuple(self.starts),
            body=tuple(self.body),
            repeat=self.repeat or 1,
            answer=self.endings["return"],
            target=self.endings.get("target"),
        )

    def _line(self, number: int, line: str) -> None:
        margin = len(line) - len(line.lstrip())
        if self.open_block:
            if margin == 0:
                raise wrong(number, "the lines that repeat repeats must be indented")
            self.indent, self.open_block = margin, False
        elif self.indent is not None and margin < self.indent:
            if margin:
                raise wrong(number, "it is indented less than the line above, but not to the edge")
            self.indent = None
        elif (self.indent is None and margin) or (self.indent is not None and margin > self.indent):
            raise wrong(number, "it is indented; only the lines below repeat are")
        tokens = Tokens(number, line.strip())
        inside = self.indent is not None
        first = tokens.peek()
        if inside and first in ("start", "return", "target", "repeat"):
            raise wrong(number, f"{first} cannot stand inside repeat; write it at the edge")
        if first == "start":
            tokens.next()
            if self.body or self.repeat is not None:
                raise wrong(number, "start comes before the program's own lines")
            self.starts.append(self._assignment(tokens))
        elif first == "repeat":
            self._repeat(tokens)
        elif first in ("return", "target"):
            self._ending(first, tokens)
        elif tokens.peek(1) == ":":
            self._input(tokens)
        else:
            self._add(tokens)
        tokens.end()

    def _add(self, tokens: Tokens) -> None:
        if self.repeat is not None and self.indent is None and not tokens.inline:
            raise tokens.wrong("nothing but return and target can follow repeat; indent this line")
        self.body.append(self._assignment(tokens))

    def _repeat(self, tokens: Tokens) -> None:
        tokens.next()
        if self.repeat is not None:
            raise tokens.wrong("a program has one repeat; this is the second")
        if self.body:
            raise tokens.wrong("nothing but inputs and start can come before repeat; indent it all")
        self.repeat = tokens.count("after repeat, write how often")
        if self.repeat < 1:
            raise tokens.wrong("repeat 0 never runs; write a number from 1 on")
        tokens.expect(":")
        if tokens.peek():
            tokens.inline = True
            self._add(tokens)
        else:
            self.open_block = True

    def _ending(self, keyword: str, tokens: Tokens) -> None:
        tokens.next()
        if keyword in self.endings:
            raise tokens.wrong(f"a program has one {keyword}; this is the second")
        self.endings[keyword] = Assignment(keyword, self._expression(tokens), tokens.line)

    def _input(self, tokens: Tokens) -> None:
        if self.starts or self.body or self.repeat is not None:
            raise tokens.wrong("inputs are declared first; move this line up")
        name = tokens.new_name()
        if any(name == each.name for each in self.inputs):
            raise tokens.wrong(f"{name} is declared twice")
        tokens.expect(":")
        rows, columns = tokens.size()
        symmetric = tokens.peek() == "symmetric"
        if symmetric:
            tokens.next()
        if min(rows, columns) < 1:
            raise tokens.wrong(f"{name} is {rows}x{columns}; sizes start at 1")
        if symmetric and rows != columns:
            raise tokens.wrong(f"{name} is {rows}x{columns} and cannot be symmetric")
        self.inputs.append(Input(name, rows, columns, symmetric))

    def _assignment(self, tokens: Tokens) -> Assignment:
        name = tokens.new_name()
        tokens.expect("=")
        return Assignment(name, self._expression(tokens), tokens.line)

    def _expression(self, tokens: Tokens) -> Node:
        node = _Expression(tokens).sum()
        self.nodes += cost(node)
        if self.nodes > MOST_NODES:
            raise tokens.wrong(
                f"the program has more than {MOST_NODES} operations up to here; shorten it"
            )
        return node


class _Expression:
    """Recursive descent over the tokens of one line."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.depth = 0

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.tokens.wrong(f"more than {DEEPEST} brackets inside one another")
        node = self.term()
        while self.tokens.peek() in ("+", "-"):
            node = Binary(self.tokens.next(), node, self.term())
        self.depth -= 1
        return node

    def term(self) -> Node:
        node = self.sign()
        while self.tokens.peek() in ("*", "@", "/"):
            operator = self.tokens.next()
            node = Binary("/" if operator == "/" else "*", node, self.sign())
        return node

    def sign(self) -> Node:
        negative = False
        while self.tokens.peek() in ("-", "+"):
            negative ^= self.tokens.next() == "-"
        node = self.power()
        return Negated(node) if negative else node

    def power(self) -> Node:
        node = self.postfix()
        if self.tokens.peek() == "^":
            self.tokens.next()
            exponent = self.tokens.count("after ^, write a whole number")
            if not 1 <= exponent <= HIGHEST_POWER:
                raise self.tokens.wrong(f"^{exponent}: powers go from 1 to {HIGHEST_POWER}")
            node = Power(node, exponent)
        return node

    def postfix(self) -> Node:
        node = self.atom()
        while self.tokens.peek() in ("'", ".T"):
            self.tokens.next()
            # A'' is A, and a tree of many marks would be as deep as they are many.
            node = node.of if isinstance(node, Transposed) else Transposed(node)
        return node

    def atom(self) -> Node:
        tokens = self.tokens
        if tokens.peek() == "(":
            tokens.next()
            node = self.sum()
            tokens.expect(")")
            return node
        if tokens.kind() == "number":
            value = float(tokens.next())
            if value == float("inf"):
                raise tokens.wrong("a number is too large")
            return NumberNode(value)
        if tokens.kind() == "name":
            name = tokens.next()
            if name in KEYWORDS and name != "I":
                raise tokens.wrong(f"{name} has a meaning of its own and cannot be used here")
            if tokens.peek() != "(":
                return Name(name)
            tokens.next()
            argument = self.sum()
            tokens.expect(")")
            return Call(name, argument)
        raise tokens.unexpected("a number, a name or a bracket")
