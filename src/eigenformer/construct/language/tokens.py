"""The tokens of one line of a program."""

import re
from collections.abc import Iterator

from ...core import InputError

KEYWORDS = ("start", "repeat", "return", "target", "symmetric", "I")

_TOKEN = re.compile(
    r"(?P<number>(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]{0,29})"
    r"|(?P<mark>\.T\b|[-+*/@^'():=])",
    re.ASCII,
)


def wrong(line: int, sentence: str) -> InputError:
    """The error of one line."""
    return InputError(f"line {line}: {sentence}")


class Tokens:
    """The tokens of one line, one after the other."""

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        self.text = text
        self.inline = False
        self.place = 0
        self.found = list(self._scan())

    def _scan(self) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(self.text):
            if self.text[at].isspace():
                at += 1
                continue
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise self.wrong(f"{self.text[at]!r} is not part of programs")
            assert match.lastgroup is not None
            yield match.lastgroup, match.group()
            at = match.end()

    def wrong(self, sentence: str) -> InputError:
        return wrong(self.line, sentence)

    def peek(self, ahead: int = 0) -> str:
        """A token to come; empty at the end."""
        at = self.place + ahead
        return self.found[at][1] if at < len(self.found) else ""

    def kind(self) -> str:
        return self.found[self.place][0] if self.place < len(self.found) else "end"

    def next(self) -> str:
        self.place += 1
        return self.found[self.place - 1][1]

    def unexpected(self, wanted: str) -> InputError:
        got = repr(self.peek()) if self.peek() else "the end of the line"
        return self.wrong(f"{wanted} should stand where {got} is")

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise self.unexpected(repr(token))
        self.next()

    def end(self) -> None:
        if self.peek():
            raise self.unexpected("the end of the line")

    def count(self, wanted: str) -> int:
        if self.kind() != "number" or not self.peek().isdigit():
            raise self.unexpected(wanted)
        return int(self.next())

    def size(self) -> tuple[int, int]:
        """`4x4` or `4 x 4`: a number, and a name that begins with x."""
        rows = self.count("a size such as 4x4")
        rest = self.peek()
        if self.kind() == "name" and re.fullmatch(r"x\d{1,9}", rest):
            self.next()
            return rows, int(rest[1:])
        self.expect("x")
        return rows, self.count("a size such as 4x4")

    def new_name(self) -> str:
        if self.kind() != "name":
            raise self.unexpected("a name")
        if self.peek() in KEYWORDS:
            raise self.wrong(f"{self.peek()} has a meaning of its own; choose another name")
        return self.next()
