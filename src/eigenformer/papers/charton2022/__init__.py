"""Charton (2022), table by table: what it reports, and the runs that repeat it at three scales.

In: nothing. Out: tables and figures whose runs an engine makes, records of those already made at
the laptop's scale, the claims, and what decides them.
"""

import importlib
from dataclasses import replace
from pathlib import Path

from .. import Table
from .failures import FailureRecord as FailureRecord
from .failures import Predictor as Predictor
from .failures import kept_failures as kept_failures
from .results import paper_table as paper_table
from .results import paper_tables as paper_tables

NAMES = (*(f"table{number:02d}" for number in range(1, 30)), "figure1", "figure2", "figure3")


def _table(name: str) -> Table:
    found = importlib.import_module(f".{name}", __name__).TABLE
    assert isinstance(found, Table) and found.name == name
    return replace(found, printed=paper_tables().get(name))


TITLE = "Linear algebra with transformers (Charton 2022)"
CITATION = "François Charton's “Linear algebra with transformers” (TMLR 2022)"
TABLES: dict[str, Table] = {name: _table(name) for name in NAMES}
"""Every table and figure of the paper, by name; `X` lives in `charton2022/X.py`."""
RECORDS = Path(__file__).with_name("records")
"""Records of runs that come with the package."""
