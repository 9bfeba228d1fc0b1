"""Fixtures of the tests of experiments."""

import pytest
from claim_evidence import panels

from eigenformer.papers.charton2022 import figure3
from eigenformer.papers.charton2022.claims import basics, ours


@pytest.fixture
def few_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figure 3 with few matrices, ceilings with few, no models that come with the package."""
    monkeypatch.setattr(figure3, "spectra", lambda: panels(2000))
    all_ceilings = ours.ceilings
    monkeypatch.setattr(ours, "ceilings", lambda: all_ceilings(n=1000))
    monkeypatch.setattr(basics, "shipped_accuracies", dict)
