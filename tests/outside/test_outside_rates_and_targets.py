"""Faults found from outside in what is learned and how it is read (audit of 2026-11, A2 and C3)."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from eigenformer.encodings import soft_targets
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import TokenModel
from eigenformer.papers.efficiency import CONTESTANTS, SETS
from eigenformer.runs.recipes import fast, paper
from eigenformer.training import RunFolder, ScheduleConfig
from eigenformer.training.run import run_to_json
from eigenformer.zoo import load

OLD = Path(__file__).parents[1] / "training" / "old_runs" / "tokens"


def test_a2_a_perfect_model_writes_the_coefficients_of_its_targets() -> None:
    """A2: found by asking for 0.9998; 1.01 was answered, and 986 is the median of 999's target."""
    run = fast("transpose", "30x30", layers=(1, 1), width=32)
    solver = TrainedSolver(run.build(), run.task)
    every = Matrices.of(np.arange(100.0, 1000.0).reshape(1, 30, 30))
    written = solver.written(every, every)
    assert written.ok.all() and (written.answers.values == every.values).all()
    solver.model.aim(0.0)  # read as before: what the printed ceiling did not know
    neighbours, weights = soft_targets(run.task.decoder, run.loss.soft_width)
    place, slot = 1, run.task.decoder.slots[1]
    words = np.arange(slot.start + 100, slot.stop)
    target = torch.zeros(len(words), len(slot))
    there = torch.from_numpy(neighbours[words] - slot.start)
    target.scatter_add_(1, there, torch.from_numpy(weights[words]))
    assert isinstance(solver.model, TokenModel)
    assert solver.model.read(place, target.log())[[0, -1]].tolist() == [101, 986]
    found = load("eigenvectors-2x2").solve([[7, 0.2], [0.2, -4]]).value
    np.testing.assert_allclose(np.abs(found[1:]).max(0), 0.9998, atol=5e-4)


def test_c3_a_warm_up_reaches_the_full_rate_and_old_runs_keep_theirs() -> None:
    """C3: found in the records of `paper`, whose rates peaked at 9 to 31%."""
    run = paper("matvec", "2x2", examples=1_280_000)
    assert run.rate_multiple(9_999) == 1 and run.rate_multiple(15_000) == pytest.approx(0.5)
    cases = SETS["tuned"].cases[:3]
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
