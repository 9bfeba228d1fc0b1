"""Matrix programs as trees, and from trees back to text."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NumberNode:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Negated:
    of: "Node"


@dataclass(frozen=True, slots=True)
class Transposed:
    of: "Node"


@dataclass(frozen=True, slots=True)
class Power:
    of: "Node"
    exponent: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    """One of + - * /"""
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    argument: "Node"


Node = NumberNode | Name | Negated | Transposed | Power | Binary | Call


@dataclass(frozen=True, slots=True)
class Input:
    """`A: 4x4 symmetric`"""

    name: str
    rows: int
    columns: int
    symmetric: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.rows}x{self.columns}{' symmetric' * self.symmetric}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """`X = ...` on a line, which errors name."""

    name: str
    value: Node
    line: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.name} = {text_of(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """A whole program as it is written; `str` gives it back in one canonical form."""

    inputs: tuple[Input, ...]
    starts: tuple[Assignment, ...]
    body: tuple[Assignment, ...]
    repeat: int
    answer: Assignment
    target: Assignment | None

    def __str__(self) -> str:
        lines = [str(each) for each in self.inputs]
        lines += [f"start {each}" for each in self.starts]
        margin = "    " if self.repeat > 1 else ""
        lines += [f"repeat {self.repeat}:"] if self.repeat > 1 else []
        lines += [margin + str(each) for each in self.body]
        lines.append(f"return {text_of(self.answer.value)}")
        if self.target is not None:
            lines.append(f"target {text_of(self.target.value)}")
        return "\n".join(lines) + "\n"


def text_of(node: Node, strength: int = 0) -> str:
    """An expression as text; `strength` is how tightly its place binds (0 sum ... 4 postfix)."""
    match node:
        case NumberNode(value):
            text, own = f"{value:.17g}", 5
            text = min(
                (f"{value:.{n}g}" for n in (6, 15, 17) if float(f"{value:.{n}g}") == value), key=len
            )
        case Name(name):
            text, own = name, 5
        case Call(function, argument):
            text, own = f"{function}({text_of(argument)})", 5
        case Transposed(of):
            text, own = f"{text_of(of, 4)}'", 4
        case Power(of, exponent):
            text, own = f"{text_of(of, 4)}^{exponent}", 3
        case Negated(of):
            text, own = f"-{text_of(of, 3)}", 2
        case Binary(operator, left, right):
            own = 0 if operator in "+-" else 1
            space = " " if own == 0 else ""
            # The right side of an operator is closed one level earlier: a - (b - c).
            text = f"{text_of(left, own)}{space}{operator}{space}{text_of(right, own + 1)}"
    return f"({text})" if own < strength else text


def cost(node: Node) -> int:
    """Nodes of a tree, those below a power as often as it multiplies them."""
    match node:
        case NumberNode() | Name():
            return 1
        case Negated(of) | Transposed(of) | Call(_, of):
            return 1 + cost(of)
        case Power(of, exponent):
            return max(1, exponent) * (1 + cost(of))
        case Binary(_, left, right):
            return 1 + cost(left) + cost(right)
