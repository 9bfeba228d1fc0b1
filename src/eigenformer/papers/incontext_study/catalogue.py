"""The studies by name; those of paper `X` live in `papers/X`."""

import importlib
from functools import cache
from pathlib import Path

from .claims import CLAIMS
from .study import Study

PAPERS = (
    "giannou2024",
    "fu2024",
    "vonoswald2023",
    "ahn2023",
    "ahn2024",
    "vladymyrov2024",
    "gatmiry2024",
    "cheng2025",
    "li2024",
)
"""Packages beside this one, each with a tuple STUDIES."""
RECORDS = Path(__file__).with_name("records")
"""Records of studies that come with the package."""


@cache
def studies() -> dict[str, Study]:
    """Every study, in the order of the papers above."""
    found: dict[str, Study] = {}
    for paper in PAPERS:
        for study in importlib.import_module(f"..{paper}", __package__).STUDIES:
            assert isinstance(study, Study) and study.name.startswith(paper)
            assert study.name not in found and set(study.claims) <= set(CLAIMS)
            found[study.name] = study
    return found
