"""`eigenformer bench inference`: what it runs; and that what it times writes whole answers."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from command_line import complaint, run

from eigenformer.encodings import EOS
from eigenformer.models import StackConfig

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def benchmark(name: str) -> ModuleType:
    """A file of benchmarks/ as a module."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    commands: list[list[str]] = []

    def record(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", record)
    return commands


def test_it_runs_the_benchmark(started: list[list[str]], trained: Path) -> None:
    assert run("bench", "inference") == 3
    assert run("bench", "inference", "--run", trained, "--save") == 3
    assert run("bench", "inference", "--run", trained, "--model", trained) == 3
    script = str(BENCHMARKS / "run.py")
    assert [command[1:] for command in started] == [
        [script, "inference"],
        [script, "inference", str(trained), "--save"],
        [script, "inference", str(trained), str(trained)],
    ]


def test_a_run_that_is_not_there(
    started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no run folder 'nowhere'" in complaint(
        ["bench", "inference", "--run", "nowhere"], capsys
    )
    said = complaint(["bench", "inference", "--model", "nowhere"], capsys)
    assert "give that with --run" in said
    assert not started


def test_saved_figures_join_those_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = benchmark("run")
    monkeypatch.setattr(runner, "HERE", tmp_path)
    given = []

    def figures(name: str, arguments: list[str]) -> dict[str, float]:
        given.append((name, arguments))
        return {"seconds": 1.0}

    monkeypatch.setattr(runner, "run", figures)
    old = {"figures": {"step": {"seconds": 2.0}, "inference": {"seconds": 3.0, "gone": 4.0}}}
    (tmp_path / "results.json").write_text(json.dumps(old))
    assert runner.main(["inference", "RUN", "--save"]) == 0
    assert given == [("inference", ["RUN"])]
    saved = json.loads((tmp_path / "results.json").read_text())
    assert saved["figures"] == {"step": {"seconds": 2.0}, "inference": {"seconds": 1.0}}
    assert runner.main([]) == 0
    assert [name for name, _ in given[1:]] == ["data", "step", "scoring", "construct"]


def test_networks_write_as_much_as_an_answer_has() -> None:
    inference = benchmark("inference")
    stack = StackConfig(layers=1, width=32, heads=2)
    solver = inference.untrained(inference.paper_task(), stack, stack)
    inputs = solver.problem.draw(np.random.default_rng(0), 4, solver.task.ensemble)
    tokens = inference.endless(solver).tokens(inputs)
    truth = solver.task.decoder.encode(solver.problem.solve(inputs))
    assert tokens.shape == (4, truth.shape[1] + 1)
    assert not (tokens == EOS).any()
    inference.check_length(solver, inputs)


def test_every_contestant_gets_every_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    inference = benchmark("inference")
    monkeypatch.setattr(inference, "BATCH", 4)
    monkeypatch.setattr(inference, "SINGLE", 3)
    monkeypatch.setattr(inference, "WARM_UP", 1)
    task = inference.paper_task()
    inputs = task.problem.draw(np.random.default_rng(0), 10, task.ensemble)
    seen: dict[str, list[int]] = {"a": [], "b c": []}
    figures = inference.measure(
        {name: lambda batch, sizes=sizes: sizes.append(len(batch)) for name, sizes in seen.items()},
        inputs,
    )
    # The first batch once more, to warm up; then single matrices.
    assert seen == {name: [4, 4, 4, 2, 1, 1, 1, 1] for name in seen}
    assert set(figures) == {
        f"{name}_{key}" for name in ("a", "b_c") for key in ("cpu_s", "wall_s", "one_matrix_ms")
    }
