"""A curriculum is a chain of runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from eigenformer.core import InputError
from eigenformer.runs import Stage, run, run_stages
from eigenformer.runs.recipes import fast
from eigenformer.training import EvaluationConfig, Execution, TestSet, TrainConfig, start_from

QUIET = Execution(workers=0, quiet=True)


def config() -> TrainConfig:
    made = fast(problem="transpose", dims="3x3", width=32, layers=(1, 1), examples=64)
    return replace(made, evaluation=EvaluationConfig(every=64, tests=(TestSet(size=20),)))


def test_each_stage_starts_from_the_one_before(tmp_path: Path) -> None:
    stages = [Stage.parse("1x1:32"), Stage.parse("2x2:96")]
    last = run_stages(config(), stages, QUIET, tmp_path)
    assert {path.name.rpartition("-")[0] for path in tmp_path.iterdir()} == {
        *("fast-transpose-1x1", "fast-transpose-2x2", "fast-transpose-3x3"),
    }
    (second,) = (path for path in tmp_path.iterdir() if "2x2" in path.name)
    assert last.config().start is not None
    assert Path(last.config().start.path) == second
    # Again, nothing is trained: no file is newer than before.
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("metrics.jsonl")}
    assert run_stages(config(), stages, QUIET, tmp_path).path == last.path
    assert times == {file: file.stat().st_mtime_ns for file in tmp_path.rglob("metrics.jsonl")}
    by_hand = replace(config(), start=last.config().start)
    assert by_hand.id == last.path.name


def test_no_stages_are_just_a_run(tmp_path: Path) -> None:
    alone = run(config(), QUIET, tmp_path)
    assert run_stages(config(), (), QUIET, tmp_path).path == alone.path
    assert start_from(alone).path == str(alone.path)


@pytest.mark.parametrize("text", ["", "3x3", "3x3:", ":100", "3x3:many", "3x3:0", "3x3:-1"])
def test_a_bad_stage(text: str) -> None:
    with pytest.raises(InputError, match="no stage"):
        Stage.parse(text)
