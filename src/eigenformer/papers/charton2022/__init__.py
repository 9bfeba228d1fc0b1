"""Linear algebra with transformers (Charton 2022), table by table.

What the paper reports, as data (`results`), what would repeat it, at its own size and shrunk to
the laptop's scale, the claims, and what models do beyond their accuracy (`failures`,
`memorisation`).
"""

import importlib
from dataclasses import replace
from pathlib import Path

from ..claims import Claim
from ..paper import Lazy, Paper
from ..references import REFERENCES
from ..study import Study, Table
from .failures import FailureRecord as FailureRecord
from .failures import Predictor as Predictor
from .failures import kept_failures as kept_failures
from .results import paper_tables

TABLES = tuple(f"table{number:02d}" for number in range(1, 30))
FIGURES = ("figure1", "figure2", "figure3")
ANALYSES = ("failures", "memorisation")
JUDGED = ("random-embeddings", "grid-failures")


def _study(name: str) -> Study:
    place = "analyses" if name in ANALYSES else name.replace("-", "_")
    module = importlib.import_module(f".{place}", __name__)
    found: Study = getattr(module, name.upper() if name in ANALYSES else "TABLE")
    return replace(found, printed=paper_tables().get(name)) if isinstance(found, Table) else found


def _claim(id: str) -> Claim:
    found: Claim = importlib.import_module(".claims", __name__).CLAIMS[id]
    return found


PAPER = Paper(
    name="charton2022",
    title="Linear algebra with transformers (Charton 2022)",
    citation="François Charton's “Linear algebra with transformers” (TMLR 2022)",
    reference=REFERENCES["charton2022"],
    studies=Lazy((*TABLES, *FIGURES, *ANALYSES, *JUDGED), _study),
    claims=Lazy((f"C{number:02d}" for number in range(1, 37)), _claim),
    records=Path(__file__).with_name("records"),
)
"""A table or figure lives in a module of its name, what models do beyond them in `analyses`."""
