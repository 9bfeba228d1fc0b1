"""The circuits by name; none is built here, so that lists need no torch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from ..construct.facts import construction_facts
from ..core import InputError, Registry

if TYPE_CHECKING:
    from .circuit import Circuit


@dataclass(frozen=True, kw_only=True)
class Member:
    """One circuit of the set, not built yet."""

    family: str
    summary: str
    make: "Callable[[int], Circuit]"
    """Takes a seed: of the random program, of the distractors."""

    def register(self, name: str) -> None:
        CIRCUITS.register(name, lambda: self)


CIRCUITS: Registry[Member] = Registry("circuit", homes=(__name__,))
FAMILIES = {
    "constructed": "networks of `eigenformer construct` beside distractors",
    "random": "random matrix programs, compiled together with results that nobody asked for",
    "redundant": "programs that compute something twice, correct themselves, or hold constants",
    "learned": "programs that trained models learned, their weights compiled, beside distractors",
}
CONSTRUCTED = (
    *("transpose", "add", "matvec", "matmul"),
    *("newton-lemma", "newton", "inverse", "newton-symmetric", "pseudo-inverse"),
    *(f"newton-order-{order}" for order in (2, 3, 4, 5)),
    *("matrix-exponential", "matrix-sine", "matrix-cosine", "matrix-power-3"),
    *("matrix-sign", "matrix-sqrt", "matrix-inverse-sqrt", "polar-factor"),
    *("least-squares", "fu-newton", "gd-step", "gd++", "gd++-newton-schulz", "gd++-minimax"),
    *("preconditioned-gd", "looped-gd", "resistive", "electric-quadratic"),
)
RANDOM = 12
"""Random programs of each seed."""
_DRAWN = "8 to 14 sums, products, transposes and Newton steps; another --seed draws others"
REDUNDANT = {
    "average-of-two": "A B C as (A B) C and as A (B C), averaged: each copy counts for half",
    "spare-copy": "A B C as (A B) C; A (B C) is computed too, and nobody reads it",
    "two-newtons": "the inverse by two Newton iterations from two starts, averaged",
    "spare-newton": "the inverse by one Newton iteration; another runs along and nobody reads it",
    "faint": "A B plus a millionth of C D: the answer depends on it, hardly",
    "centred": "A without the means of its columns: a matrix of ones, the same for every input",
    "constants": "A times a product of constant matrices, which two layers of heads compute",
}
LEARNED = {
    "learned-inverse": ("inverse-any", "the inverse: an odd polynomial of 18 layers"),
    "learned-polar": ("svd-any", "the polar factor: an odd polynomial of 14 layers"),
    "learned-matmul": ("matmul-any", "M^T N: a sum of products of two operands"),
    "learned-matvec": ("matvec-any", "M^T v: a sum of products of two operands"),
    "learned-transpose": ("transpose-any", "M^T: a sum of one term"),
}


def names(family: str | None = None) -> tuple[str, ...]:
    """Every circuit, or those of one family."""
    if family is not None and family not in FAMILIES:
        raise InputError(f"the family is {family!r}; give one of {', '.join(FAMILIES)}")
    every = CIRCUITS.names()
    return tuple(name for name in every if family in (None, CIRCUITS.get(name).family))


def load(name: str, seed: int = 0) -> "Circuit":
    """The circuit called `name`, with its truth; another `seed` has other distractors, and a
    random program is another one.

    An `InputError` for a name that is not in the set (`names`).
    """
    return CIRCUITS.get(name).make(seed)


def _made(file: str, *arguments: object) -> "Callable[[int], Circuit]":
    def make(seed: int) -> "Circuit":
        found: Circuit = import_module(f".{file}", __package__).make(*arguments, seed)
        return found

    return make


def _register() -> None:
    summaries = {fact["name"]: fact["summary"] for fact in construction_facts()}
    for name in CONSTRUCTED:
        member = partial(Member, family="constructed", summary=summaries[name])
        member(make=_made("constructed", name)).register(name)
    for number in range(RANDOM):
        made = _made("random_programs", number)
        Member(family="random", summary=_DRAWN, make=made).register(f"random-{number}")
    for name, summary in REDUNDANT.items():
        Member(family="redundant", summary=summary, make=_made("redundant", name)).register(name)
    for name, (model, summary) in LEARNED.items():
        made = _made("learned", name, model)
        Member(family="learned", summary=f"{summary} ({model})", make=made).register(name)


_register()
