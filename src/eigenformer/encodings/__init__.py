"""Numbers and matrices to token ids and back, and what that rounding costs.

In: batches of matrices. Out: int64 token ids (and, decoding, matrices with validity and a reason).
A `Task` joins a problem, an ensemble and the two encodings into a stream of token batches.
"""

import re
from typing import Any

from ..core import InputError, unknown
from .balanced import Balanced as Balanced
from .base import EOS as EOS
from .base import PAD as PAD
from .base import Decoded as Decoded
from .base import Encoding as Encoding
from .base import Reason as Reason
from .base import TokenNumbers as TokenNumbers
from .floating import Floating as Floating
from .positional import Positional as Positional
from .task import Examples as Examples
from .task import Task as Task
from .task import draw_pairs as draw_pairs
from .task import with_eos as with_eos

register = Encoding.registry.register
register("P", Positional)
register("B", Balanced)
register("FP", Floating)

COMMON = ("P10", "P100", "P1000", "P10000", "B1999", "FP15")


def names() -> tuple[str, ...]:
    """The encodings of the paper, then those that plug-ins registered."""
    return (*COMMON, *(n for n in Encoding.registry.names() if n not in ("P", "B", "FP")))


def get(name: str, **options: Any) -> Encoding:
    """The encoding called `name`: P{base}, B{2*10^p-1}, FP{span}, or a registered one.

    `options` are its other fields, such as `max_dim`, or `precision` (digits) of P and FP.
    """
    match = re.fullmatch(r"(P|B|FP)([1-9]\d*)", name)
    if match is None:
        if name in Encoding.registry.names():
            return Encoding.registry.get(name, **options)
        raise unknown("encoding", name, names())
    family, number = match[1], int(match[2])
    digits = len(match[2]) - 1
    if family == "B" and number != 2 * 10**digits - 1:
        raise InputError(
            f"unknown encoding {name!r}: B takes 2*10^p - 1, such as B199, B1999 or B19999"
        )
    field, value = {"P": ("base", number), "B": ("precision", digits), "FP": ("span", number)}[
        family
    ]
    if field in options:
        raise InputError(
            f"{name} has {field} {value}, but the option says {options[field]}; drop the option"
        )
    if family == "P" and number != 10:
        options.setdefault("precision", digits)
    return Encoding.registry.get(family, **{field: value}, **options)
