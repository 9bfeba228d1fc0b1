"""Charton (2022), table by table: what it reports, and the runs that repeat it at three scales.

In: nothing. Out: tables and figures whose runs an engine makes, records of those already made at
the laptop's scale, the claims, and what decides them.
"""

import importlib
from pathlib import Path

from ..claims import Claim
from ..paper import Lazy, Paper
from ..study import Study
from .failures import FailureRecord as FailureRecord
from .failures import Predictor as Predictor
from .failures import kept_failures as kept_failures


def _study(name: str) -> Study:
    found: Study = importlib.import_module(f".{name}", __name__).TABLE
    return found


def _claim(id: str) -> Claim:
    found: Claim = importlib.import_module(".claims", __name__).CLAIMS[id]
    return found


PAPER = Paper(
    name="charton2022",
    title="Linear algebra with transformers (Charton 2022), table by table",
    studies=Lazy(
        (*(f"table{number:02d}" for number in range(1, 30)), "figure1", "figure2", "figure3"),
        _study,
    ),
    claims=Lazy((f"C{number:02d}" for number in range(1, 37)), _claim),
    records=Path(__file__).with_name("records"),
)
"""`X` of its studies lives in `charton2022/X.py`."""
