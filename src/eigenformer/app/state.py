"""Everything that is set on the page, as a short text for its link, and back.

The text is base64url of JSON, with a version, of what differs from the defaults. It comes from
strangers: it is limited in size, and every field is checked before anything is done with it.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ..core import InputError, from_json, to_json, unknown
from .comparison import CompareState
from .draw import LARGEST_SIDE, ensemble_names
from .examples import FIRST_PROGRAM
from .menu import BEST, check_problem_model

T = TypeVar("T")
TabName = Literal["ask", "build", "compare"]
VERSION = 1
MOST_CHARACTERS = 6000
MOST_TEXT = 3000
LARGEST_SEED = 10**9

FIRST_MATRIX = """\
 4.1  -2.6   0.3   1.9  -5.2
-2.6   7.4  -1.1   3.0   0.8
 0.3  -1.1  -6.3   2.2   4.7
 1.9   3.0   2.2   9.5  -0.4
-5.2   0.8   4.7  -0.4   1.6
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskState:
    """The tab *Ask a model*."""

    matrix: str = FIRST_MATRIX
    problem: str = "eigenvalues"
    model: str = BEST
    noise: float = 0.0
    polish: bool = False
    ensemble: str = "iid-uniform"
    size: int = 5
    scale: float = 10.0
    setting: float = 1.0
    seed: int = 0
    look: str = ""
    """The attention pattern that is shown; empty for the usual one."""
    head: int = 0
    """0 is the average."""

    def __post_init__(self) -> None:
        _text("the matrix", self.matrix)
        check_problem_model(self.problem, self.model)
        _within("the noise", self.noise, 0, 1)
        _known("ensemble", self.ensemble, ensemble_names())
        _within("the size", self.size, 1, LARGEST_SIDE)
        _within("the scale", self.scale, 1e-3, 1e6)
        _within("the ensemble's setting", self.setting, -100, 100)
        _within("the seed", self.seed, 0, LARGEST_SEED)
        if len(self.look) > 40:
            raise InputError(f"there is no attention pattern {self.look[:40]!r}")
        _within("the head", self.head, 0, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildState:
    """The tab *Build an algorithm*."""

    program: str = FIRST_PROGRAM
    condition: float = 1.0
    """Of the random inputs, as a power of ten."""
    seed: int = 0
    layer: int = 1
    matrix: str = ""
    """The first input; a random one where it is empty."""
    other: str = ""
    """A program to run beside it, on the same inputs; none where it is empty."""

    def __post_init__(self) -> None:
        _text("the program", self.program)
        _text("the other program", self.other)
        _text("the matrix", self.matrix)
        _within("the condition number's power of ten", self.condition, 0, 12)
        _within("the seed", self.seed, 0, LARGEST_SEED)
        _within("the layer", self.layer, 0, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """The whole page."""

    tab: TabName = "ask"
    ask: AskState = field(default_factory=AskState)
    build: BuildState = field(default_factory=BuildState)
    compare: CompareState = field(default_factory=CompareState)


def from_controls(read: Callable[[tuple[Any, ...]], T]) -> Callable[[tuple[Any, ...]], T]:
    """`read`, from the values of a tab's controls to its state, with `InputError` alone.

    A request made by hand may send values of any type.
    """

    def checked(values: tuple[Any, ...]) -> T:
        try:
            return read(values)
        except InputError:
            raise
        except (TypeError, ValueError, OverflowError):
            raise InputError("a control holds something else than a number; set it again") from None

    return checked


def encode(state: PageState) -> str:
    """The state as text for a link; raises `InputError` where it is too long for one."""
    data: dict[str, Any] = {"v": VERSION, "tab": state.tab}
    for name in ("ask", "build", "compare"):
        part = getattr(state, name)
        given, usual = to_json(part), to_json(type(part)())
        if changed := {key: value for key, value in given.items() if value != usual[key]}:
            data[name] = changed
    packed = json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the link would have {len(text):,} characters, more than {MOST_CHARACTERS:,}; shorten "
            "the matrix or the program"
        )
    return text


def decode(text: str) -> PageState:
    """The state that a link holds; anything else is an `InputError`."""
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the link has {len(text):,} characters; one of this page has at most "
            f"{MOST_CHARACTERS:,}"
        )
    data = _unpacked(text)
    if not isinstance(data, dict) or data.pop("v", None) != VERSION:
        raise InputError(
            f"the link is not of this page's version {VERSION}; set the page up again and copy "
            "its link"
        )
    kinds: dict[str, type[Any]] = {"ask": AskState, "build": BuildState, "compare": CompareState}
    full: dict[str, Any] = {"tab": data.pop("tab", "ask")}
    for name, kind in kinds.items():
        part = data.pop(name, {})
        if not isinstance(part, dict):
            raise InputError(f"the link's {name} is not a set of fields; copy the link again")
        full[name] = to_json(kind()) | part
    if data:
        raise unknown("part of the link", str(next(iter(data)))[:40], (*kinds, "tab"))
    try:
        return from_json(PageState, full, "link")
    except OverflowError:
        raise InputError("the link holds a number that is too large; copy the link again") from None


def _unpacked(text: str) -> Any:
    try:
        packed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        return json.loads(packed.decode("utf-8"))
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        raise InputError("the link is damaged or not one of this page; copy it again") from None


def _text(name: str, text: str) -> None:
    if len(text) > MOST_TEXT:
        raise InputError(
            f"{name} has {len(text):,} characters; the page takes at most {MOST_TEXT:,}"
        )


def _within(name: str, value: float, low: float, high: float) -> None:
    # Written so that nan, which is less than nothing and more than nothing, is refused.
    if not (math.isfinite(value) and low <= value <= high):
        raise InputError(f"{name} is {value:g}; it goes from {low:g} to {high:g}")


def _known(kind: str, name: str, names: Any) -> None:
    if name not in names:
        raise unknown(kind, name[:40], names)
