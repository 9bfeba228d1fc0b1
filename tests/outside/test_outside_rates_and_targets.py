"""Faults found from outside in what is learned and how it is read (audit of 2026-11, A2 and C3)."""

import json
import math
from pathlib import Path

import pytest

from eigenformer.papers.efficiency import CONTESTANTS, SETS
from eigenformer.runs.recipes import paper
from eigenformer.training import RunFolder, ScheduleConfig
from eigenformer.training.run import run_to_json

OLD = Path(__file__).parents[1] / "training" / "old_runs" / "tokens"


def test_c3_a_warm_up_reaches_the_full_rate_and_old_runs_keep_theirs() -> None:
    """C3: found in the records of `paper`, whose rates peaked at 9 to 31%."""
    run = paper("matvec", "2x2", examples=1_280_000)
    assert run.rate_multiple(9_999) == 1 and run.rate_multiple(15_000) == pytest.approx(0.5)
    cases = SETS["laptop"].cases[:3]
    peaks = {
        name: [max(map(run.rate_multiple, range(0, run.steps, 10))) for run in runs]
        for name in ("paper", "paper-from-start")
        for runs in [[CONTESTANTS[name].config(case, 0) for case in cases]]
    }
    assert peaks["paper-from-start"] == pytest.approx([0.09, 0.25, 0.31], abs=0.01)
    assert peaks["paper"] == pytest.approx([0.35, 0.94, 1.0], abs=0.01)
    # A run of before, by what it wrote then.
    before = RunFolder(OLD).config()
    written = json.loads((OLD / "config.json").read_text())["schedule"]
    assert run_to_json(before)["schedule"] == written and "falls" not in written
    for step in range(before.steps):
        cosine = 0.5 * (1 + math.cos(math.pi * step / before.steps))
        assert before.rate_multiple(step) == pytest.approx(min(1, (step + 1) / 4) * cosine)
    assert ScheduleConfig().falls == "after-warmup"
