"""What is known of a circuit: its components, what each does, and which the answer depends on."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from ..core import InputError, unknown

FORMAT = 1
ANSWER = "answer"
"""The receiver that is no component: what the network returns."""
Kind = Literal["head", "linear", "feed-forward"]
_HOOKS: dict[str, str] = {"head": "attn.z", "linear": "linear.out", "feed-forward": "mlp.out"}


@dataclass(frozen=True, kw_only=True)
class BlockRows:
    """Rows `first` to `last` (included) of a named block of the residual stream."""

    block: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Component:
    """A head, the linear map or the feed-forward network of one layer; numbers count from 0."""

    layer: int
    kind: Kind
    index: int
    """Among the heads of its layer; 0 for the other kinds."""
    does: str
    """In blocks of the residual stream, such as "X += 2 X - X A X"."""
    makes: tuple[str, ...]
    """Matrices of the program that are first there after it; empty where nobody wrote a program."""
    reads: tuple[BlockRows, ...]
    writes: tuple[BlockRows, ...]
    inside: bool
    """Whether the answer changes where its output, in the rows that it writes, is something
    else."""
    constant: bool
    """Whether its output is the same for every input."""

    @property
    def name(self) -> str:
        """Such as "3.head.1", "3.linear" or "3.feed-forward"."""
        return f"{self.layer}.{self.kind}" + f".{self.index}" * (self.kind == "head")

    @property
    def hook(self) -> str:
        """The activation (`Network.run_with_cache`) that holds its output; of heads, [:, index]."""
        return f"layers.{self.layer}.{_HOOKS[self.kind]}"

    def after(self, other: "Component") -> bool:
        """Whether it runs after another one, and not beside it."""
        if self.kind == "feed-forward" and other.kind != "feed-forward":
            return other.layer <= self.layer
        return other.layer < self.layer


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The components of a network in the order in which they run, and who reads whom."""

    circuit: str
    seed: int
    answer: tuple[BlockRows, ...]
    """Where the answer lies after the last layer."""
    components: tuple[Component, ...]
    edges: frozenset[tuple[str, str]]
    """(sender, receiver) by name, within the circuit; `ANSWER` receives what is read at the end."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(component.name for component in self.components)

    @property
    def inside(self) -> tuple[Component, ...]:
        """The circuit: the components that the answer depends on."""
        return tuple(component for component in self.components if component.inside)

    def __getitem__(self, name: str) -> Component:
        if name not in self.names:
            raise unknown("component", name, self.names)
        return self.components[self.names.index(name)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; `from_dict` reads them."""
        found = {"format": FORMAT, **asdict(self), "edges": sorted(map(list, self.edges))}
        for entry, component in zip(found["components"], self.components, strict=True):
            entry |= {"name": component.name, "hook": component.hook}
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Truth":
        if data.get("format") != FORMAT:
            raise InputError(f"the truth has format {data.get('format')!r}; give format {FORMAT}")
        fields = list(Component.__dataclass_fields__)
        try:
            return cls(
                circuit=data["circuit"],
                seed=data["seed"],
                answer=_rows(data["answer"]),
                components=tuple(
                    Component(**{name: _READ.get(name, _same)(part[name]) for name in fields})
                    for part in data["components"]
                ),
                edges=frozenset((sender, receiver) for sender, receiver in data["edges"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the truth lacks or misspells a field ({error}); see docs") from None


def _rows(data: list[dict[str, Any]]) -> tuple[BlockRows, ...]:
    return tuple(BlockRows(**rows) for rows in data)


def _same(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {"reads": _rows, "writes": _rows, "makes": tuple}
