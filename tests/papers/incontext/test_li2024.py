"""Studies of Li et al. (2024): what is measured of updates and neurons, and the verdict."""

from pathlib import Path

import pytest
import torch
from tiny_studies import shrunk, there_and_back

from eigenformer.papers.li2024 import UPDATES, updates
from eigenformer.papers.li2024.updates import FRACTIONS, TrainedLayer, verdict

FLAT = (1.0,) * (len(FRACTIONS) - 1) + (0.5,)
FALLING = (1.0, 0.85) + (0.5,) * (len(FRACTIONS) - 2)


def trained(third: float = 0.02, smallest=FLAT, largest=FALLING) -> TrainedLayer:
    return TrainedLayer(
        spectra=dict.fromkeys(("w_q", "w_k", "w_v"), (1.0, 0.5, third)),
        smallest=smallest,
        largest=largest,
        relevant=0.99,
        before=(0.1, 0.2),
        after=(0.1, 0.9),
    )


def test_findings_of_tiny_runs_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "TEST_SEQUENCES", 100)
    folders = shrunk(UPDATES.planned("laptop"), tmp_path)
    findings = UPDATES.analyse("laptop", folders)
    assert there_and_back(findings) == findings
    spectra, pruning, lengths = findings.panels
    assert all(line.y[0] == 1.0 and min(line.y) >= 0 for line in spectra.lines)
    # Without neurons there is no vote, and half of the ties are right; without pruning both agree.
    shortest, longest = pruning.lines
    assert shortest.y[-1] == longest.y[-1] == 0.5
    assert shortest.y[0] == longest.y[0]
    assert all(list(line.y) == sorted(line.y) for line in lengths.lines)


def test_updates_of_a_real_run_act_on_the_patterns_that_count(tmp_path: Path) -> None:
    runs = UPDATES.planned("laptop")[:1]
    folder = shrunk(runs, tmp_path, steps=30, batch=64)["seed-0"]
    before, after = folder.model(0), folder.model(30)
    update = (after.w_v - before.w_v).double()
    directions = torch.linalg.svd(update).Vh[:2]
    basis = folder.config().task.basis(0, torch.float64)[:2]
    # Cosines of the principal angles between the update's plane and that of the two patterns.
    assert torch.linalg.svdvals(directions @ basis.T).min() > 0.9


def test_the_claim_holds_with_low_rank_and_free_pruning() -> None:
    finding = verdict([trained(), trained(0.04)])
    assert finding.state == "holds"
    assert "at most 0.080 in 2 runs" in finding.sentence
    assert "shortest 90%" in finding.sentence


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([trained(0.3)] * 2, "fails"),
        ([trained(smallest=FALLING, largest=FLAT)] * 2, "fails"),
        ([trained(0.1)], "undecided"),
        ([trained(largest=FLAT)], "undecided"),
        ([trained(), trained(smallest=FALLING)], "undecided"),
    ],
    ids=[
        "no rank",
        "pruning short neurons hurts",
        "rank in between",
        "long neurons are not missed",
        "seeds disagree",
    ],
)
def test_the_claim_fails_or_is_undecided(runs: list[TrainedLayer], state: str) -> None:
    finding = verdict(runs)
    assert finding.state == state
    assert bool(finding.would_decide) == (state == "undecided")
