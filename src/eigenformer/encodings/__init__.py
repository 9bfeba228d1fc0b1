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
from .ceiling import seen_inputs as seen_inputs
from .ceiling import truth_errors as truth_errors
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

    `options` are its fields, such as `precision` (digits) and `max_dim`.
    """
    match = re.fullmatch(r"(P|B|FP)(\d+)", name)
    if match is None:
        if name in Encoding.registry.names():
            return Encoding.registry.get(name, **options)
        raise unknown("encoding", name, names())
    family, number = match[1], int(match[2])
    if family == "FP":
        return Encoding.registry.get("FP", span=number, **options)
    if family == "P":
        if number != 10 and "precision" not in options:
            options["precision"] = len(str(number)) - 1
        return Encoding.registry.get("P", base=number, **options)
    precision = len(str(number)) - 1
    if number != 2 * 10**precision - 1:
        raise InputError(
            f"unknown encoding {name!r}: B takes 2*10^p - 1, such as B199, B1999 or B19999"
        )
    return Encoding.registry.get("B", precision=precision, **options)
