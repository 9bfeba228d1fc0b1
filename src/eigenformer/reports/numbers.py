"""Numbers, labels and states as text."""

import math
from collections.abc import Sequence
from typing import Literal

from ..papers import PaperCell
from ..runs import Label, Measured
from .blocks import GridEntry

RunState = Literal["not run", "not finished", "diverged", "finished"]
"""Of a run, in words."""

_KEYS = {
    "dims": "size",
    "train_dims": "trained on size",
    "dim": "width",
    "enc_dim": "encoder width",
    "dec_dim": "decoder width",
    "train_distribution": "trained on",
    "test_distribution": "tested on",
    "sigma_ratio": "σ of test / training",
    "precision_digits": "digits",
    "deep_layers": "deeper side, layers",
}
_METRICS = {
    "sample_size_millions_to_99": "examples to 99%",
    "epochs_to_95": "epochs to 95%",
    "retrain_examples_millions": "examples to retrain",
}
NOTHING = "–"
"""Stands for what the paper does not say."""


def key_text(key: str) -> str:
    """A key of labels in words."""
    return _KEYS.get(key, key.replace("_", " "))


def label_text(key: str, value: Label) -> str:
    """A label in words; tolerances are in percent, noise in standard deviations."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "tolerance":
        return f"{value}%"
    if key == "noise":
        return f"{value}σ"
    text = str(value)
    return _METRICS.get(text, text.replace("_", " "))


def percent(fraction: float) -> str:
    """An accuracy as it is printed: percent with one decimal, "100" only if nothing is wrong."""
    if fraction in (0, 1):
        return f"{100 * fraction:.0f}"
    return f"{100 * fraction:.1f}"


def count(value: float) -> str:
    """A whole number with thousands separators, another with five digits, below 1 with two."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:#,.5g}" if abs(value) >= 1 else f"{value:.2g}"


def our_entry(
    measured: Sequence[Measured | None], state: str = "not run", labels: Sequence[str] = ()
) -> GridEntry:
    """The entry of a number measured by one run, or by one for each training seed.

    One run: its 95% interval and rounding ceiling. Several: their mean and range. `state` says why
    nothing was measured; `labels` stand under the number.
    """
    known = [one for one in measured if one is not None]
    if not known:
        return GridEntry(text=state, details=tuple(labels), missing=True)
    mean = sum(one.value for one in known) / len(known)
    details: list[str] = []
    if known[0].unit == "examples":
        details.append("examples")
    if len(measured) > 1:
        of = "" if len(known) == len(measured) else f" of {len(measured)}"
        details.append(f"{len(known)}{of} seeds")
    if len(known) > 1:
        ends = sorted(known, key=lambda one: (one.value, one.at_least))
        details.append(f"{_text(ends[0])} to {_text(ends[-1])}")
    elif known[0].low is not None and known[0].high is not None:
        details.append(_interval(known[0], known[0].low, known[0].high))
    ceilings = [one.ceiling for one in known if one.ceiling is not None]
    ceiling = sum(ceilings) / len(ceilings) if ceilings else None
    if ceiling is not None:
        details.append(f"ceiling {percent(ceiling)}")
    rounded = [one.tokens for one in known if one.tokens is not None]
    if len(rounded) == len(known):
        theirs = percent(sum(rounded) / len(rounded))
        if theirs != percent(mean):
            details.append(f"paper's metric {theirs}")
    whole = Measured(
        value=mean,
        unit=known[0].unit,
        low=known[0].low if len(known) == 1 else None,
        high=known[0].high if len(known) == 1 else None,
        at_least=any(one.at_least for one in known),
    )
    return GridEntry(
        text=_text(whole),
        details=(*details, *labels),
        share=mean if whole.unit == "accuracy" else None,
        ceiling=ceiling,
    )


def paper_entry(cell: PaperCell, labels: Sequence[str] = ()) -> GridEntry:
    """The entry of a number of the paper, printed as there; `labels` stand under it."""
    if cell.value is None:
        return GridEntry(text=NOTHING, details=tuple(labels), missing=True)
    number = cell.value if isinstance(cell.value, str) else f"{cell.value:,}"
    details = (cell.detail, *labels) if cell.detail else tuple(labels)
    return GridEntry(text=f"{number} {cell.unit}".rstrip(), details=details)


def _text(one: Measured) -> str:
    bound = "> " if one.at_least else ""
    if one.unit == "accuracy":
        return bound + percent(one.value)
    if one.unit == "examples":
        return bound + count(round(one.value))
    return bound + _number(one, one.value)


def _interval(one: Measured, low: float, high: float) -> str:
    if one.unit == "accuracy":
        return f"{percent(low)} to {percent(high)}"
    return f"{_number(one, low)} to {_number(one, high)}"


def _number(one: Measured, value: float) -> str:
    """`value` with as many decimals as the interval of `one` bears: two digits of its half."""
    if one.low is None or one.high is None or not one.high > one.low:
        return count(value)
    decimals = 1 - math.floor(math.log10((one.high - one.low) / 2))
    return f"{value:z,.{min(max(decimals, 0), 9)}f}"
