"""Findings of Charton (2022) asked again of networks that read a matrix as a matrix.

Which of them are about numbers and training data, and which about reading tokens one by one?
Claims O01 to O05 say what was expected, written down before the runs that judge them.
"""

import importlib
from pathlib import Path

from ..claims import Claim
from ..paper import Lazy, Paper
from ..study import Study


def _study(name: str) -> Study:
    module = importlib.import_module(f".{name.removeprefix('matrices-')}", __name__)
    found: Study = module.STUDY
    return found


def _claim(id: str) -> Claim:
    found: Claim = importlib.import_module(".claims", __name__).CLAIMS[id]
    return found


PAPER = Paper(
    name="matrices",
    title="What reading a matrix as a matrix changes",
    citation="",
    studies=Lazy(("matrices-data", "matrices-failures"), _study),
    claims=Lazy((f"O{number:02d}" for number in range(1, 6)), _claim),
    records=Path(__file__).with_name("records"),
)
"""Ours: the models of `grid` and of `sizefree`, three training seeds each."""
