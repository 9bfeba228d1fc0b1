"""The scales at which papers are repeated."""

from typing import Literal, get_args

from ..core import unknown

Scale = Literal["laptop", "gpu", "paper"]
"""laptop: sizes at which the finding can show on two CPU cores; gpu: the paper's sizes with our
fast recipe; paper: the paper's own settings."""
SCALES: tuple[Scale, ...] = get_args(Scale)


def check_scale(text: str) -> Scale:
    """`text` as a scale; an `InputError` with the list if it is none."""
    for scale in SCALES:
        if text == scale:
            return scale
    raise unknown("scale", text, SCALES)
