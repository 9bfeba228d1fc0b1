"""Real runs, seconds long: counting operations, the ceiling, interrupted and resumed training."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from efficiency_examples import TINY
from rich.console import Console

from eigenformer.evaluation import TrainedSolver, evaluate
from eigenformer.papers.efficiency import (
    CONTESTANTS,
    Amount,
    Choice,
    Record,
    collect,
    flops_per_example,
    load_records,
    train_choices,
)
from eigenformer.training import Execution, Interrupted, RunFolder

QUIET = Execution(workers=0, quiet=True)
# Low enough that a change of the recipe is not a failure of the benchmark.
EASY = replace(TINY, accuracy=0.05)
FAST = Choice(case=EASY, contestant=CONTESTANTS["fast"], seed=0)


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path / "runs"))


class Impatient(Console):
    """Sends this process a SIGINT at the first evaluation that is reported."""

    def print(self, *objects: Any, **options: Any) -> None:
        if "right within" in str(objects[0]):
            os.kill(os.getpid(), signal.SIGINT)


def only(results: Path) -> Record:
    (found,) = load_records(results).values()
    return found


def test_a_run_interrupted_is_the_run_not_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, results = FAST, tmp_path / "results"
    assert collect(chosen, results) is None
    with pytest.raises(Interrupted):
        train_choices([chosen], results, Execution(workers=0), Impatient())
    begun = only(results)
    assert begun.state == "running"
    assert len(begun.curve) == 1
    assert begun.needed == Amount(begun.examples, at_least=True, running=True)

    train_choices([chosen], results, QUIET)
    resumed = only(results)
    assert resumed.state == "finished"
    assert resumed.examples == TINY.fast == resumed.length
    assert len(resumed.curve) == 25
    assert resumed.final["0.05"] >= EASY.target
    assert not resumed.needed.at_least
    assert 0 < resumed.needed.value < TINY.fast
    assert resumed.seconds > 0
    assert resumed.curve[0] == begun.curve[0]

    # Finished, it is not run again; from the beginning, it comes out the same.
    weights = chosen.folder.model_file
    before = weights.stat().st_mtime_ns
    train_choices([chosen], results, QUIET)
    assert weights.stat().st_mtime_ns == before
    train_choices([chosen], results, QUIET, fresh=True)
    assert weights.stat().st_mtime_ns != before
    assert replace(only(results), seconds=0.0) == replace(resumed, seconds=0.0)


def test_a_baseline_ends_where_it_reaches_the_target(tmp_path: Path) -> None:
    # The baseline's way of ending, with what learns in this time.
    paper, fast = CONTESTANTS["paper"], CONTESTANTS["fast"]
    evaluation = paper.config(EASY, 0).evaluation
    quick = replace(fast.config(EASY, 0), evaluation=replace(evaluation, every=320))
    contestant = replace(paper, config=lambda case, seed: quick)
    train_choices([Choice(case=EASY, contestant=contestant, seed=0)], tmp_path, QUIET)
    found = only(tmp_path)
    assert found.state == "finished"
    assert found.needed == Amount(found.examples)
    assert found.examples < found.length


def test_collecting_trains_nothing(tmp_path: Path) -> None:
    chosen = FAST
    folder = chosen.folder
    folder.create(chosen.config, {"git": None, "eigenformer": "1"})
    assert collect(chosen, tmp_path) is None
    assert load_records(tmp_path) == {}
    assert RunFolder(folder.path).status()["state"] == "new"


@pytest.mark.parametrize("problem", ["inverse", "eigenvalues"])
def test_the_target_is_a_share_of_the_ceiling_that_evaluate_reports(problem: str) -> None:
    case = replace(TINY, problem=problem, dims="2x2", of_ceiling=True, tolerance=0.01)
    config = CONTESTANTS["fast"].config(case, 0)
    model = config.model.build(config.task.encoder, config.task.decoder, seed=0)
    solver = TrainedSolver(model, config.task)
    result = evaluate(solver, config.task.problem, config.task.ensemble, case.tests.size)
    ceiling = result.ceiling["l1"][case.tolerance].value
    assert case.target == case.accuracy * ceiling
    assert problem == "eigenvalues" or ceiling < 1


def products(batch: int, inputs: int, outputs: int, width: int, words: int) -> int:
    """Multiplications of the forward pass of a 1/1-layer model of the paper's architecture."""
    block = 2 * 4 * width * width
    encoder = inputs * (4 * width * width + block) + 2 * inputs * inputs * width
    own = outputs * 4 * width * width + 2 * outputs * outputs * width
    cross = (2 * outputs + 2 * inputs) * width * width + 2 * outputs * inputs * width
    return batch * (encoder + own + cross + outputs * block + outputs * width * words)


def test_operations_are_those_counted_by_hand() -> None:
    config = CONTESTANTS["paper"].config(TINY, 0)
    task = config.task
    batch = task.examples(0, "train", 0, config.batch_size)
    length = batch.input_ids.shape[1], batch.output_ids.shape[1]
    forward = products(config.batch_size, *length, TINY.width, len(task.decoder.vocabulary))
    # Two operations each; the backward pass has two products for each of the forward pass.
    assert flops_per_example(config) == 3 * 2 * forward / config.batch_size


def test_operations_of_the_optimizer_count() -> None:
    config = CONTESTANTS["fast-same-tokens"].config(TINY, 0)
    adamw = replace(config, optimizer=replace(config.optimizer, kind="adamw"))
    n = TINY.width
    # A Newton-Schulz step on an n x m matrix, n <= m: two products n x n x m and one n x n x n.
    square, oblong = 2 * 3 * n**3, 2 * (2 * n * n * 4 * n + n**3)
    # Attention has 4 square matrices, three times; feed-forward blocks have 2, twice.
    muon = 5 * (12 * square + 4 * oblong)
    difference = flops_per_example(config) - flops_per_example(adamw)
    assert difference * config.batch_size == pytest.approx(muon)
