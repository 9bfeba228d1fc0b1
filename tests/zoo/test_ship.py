"""Finished runs become models that come with the package, and those that do are what they say."""

import fnmatch
import json
import shutil
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import eigenformer as ef
from eigenformer.core import InputError
from eigenformer.papers.charton2022.reported import reported
from eigenformer.runs.recipes import fast
from eigenformer.training import (
    EvaluationConfig,
    Execution,
    RunFolder,
    TestSet,
    start_from,
    train,
)
from eigenformer.zoo import ShippedModel, export, shipped_model, shipped_models
from eigenformer.zoo.load import solver_of
from eigenformer.zoo.rebuild import rebuild_commands

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """20 steps on transpose, 2x2; two evaluations."""
    config = fast(problem="transpose", dims="2x2", width=32, layers=(1, 1), examples=640)
    evaluation = EvaluationConfig(every=320, tests=(TestSet(size=50, seed=7),))
    config = replace(config, evaluation=evaluation)
    path = tmp_path_factory.mktemp("runs") / "run"
    return train(config, path, Execution(workers=0, quiet=True))


@pytest.fixture(scope="module")
def exported(finished: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> ShippedModel:
    root = tmp_path_factory.mktemp("models")
    return export(finished, "turn-2x2", root, matrices=200, reported=reported)


def test_weights_are_the_runs_in_float16(finished: RunFolder, exported: ShippedModel) -> None:
    ours, theirs = exported.folder.load_model(), finished.load_model()
    assert set(ours) == set(theirs)
    for name, tensor in ours.items():
        assert tensor.dtype == torch.float16
        assert torch.equal(tensor, theirs[name].to(torch.float16))
    assert exported.parameters == sum(tensor.numel() for tensor in theirs.values())
    assert exported.size < 0.6 * finished.model_file.stat().st_size


def test_it_computes_in_float32(exported: ShippedModel) -> None:
    model = solver_of(exported.folder).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    stored = load_file(exported.folder.model_file)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, stored[name].float())


def test_the_score_is_that_of_the_shipped_weights(exported: ShippedModel) -> None:
    solver, task = solver_of(exported.folder), exported.config.task
    result = ef.evaluate(solver, task.problem, task.ensemble, n=200, seed=8)
    assert exported.result == json.loads(json.dumps(result.to_dict()))


def test_the_seed_is_none_of_the_trainings(exported: ShippedModel) -> None:
    used = {test.seed for test in exported.config.evaluation.tests}
    assert exported.result["seed"] not in used


def test_what_is_kept(finished: RunFolder, exported: ShippedModel) -> None:
    path = exported.folder.path
    assert {file.name for file in path.iterdir()} == {
        *("README.md", "config.json", "env.json", "evals", "limits.json", "metrics.jsonl"),
        *("model.safetensors", "status.json", "drawn.json"),
    }
    assert exported.config == finished.config()
    curve = [line for line in finished.metrics() if line["kind"] == "evaluation"]
    assert exported.folder.metrics() == curve
    assert len(curve) == 2
    assert [child.name for child in path.parent.iterdir()] == ["turn-2x2"]


def test_seconds_are_of_training_alone(finished: RunFolder, exported: ShippedModel) -> None:
    lines = [line for line in finished.metrics() if line["kind"] == "train"]
    expected = lines[0]["examples"] / lines[0]["examples_per_second"]
    expected += sum(
        (b["examples"] - a["examples"]) / b["examples_per_second"] for a, b in pairwise(lines)
    )
    assert exported.status["training_seconds"] == pytest.approx(expected)


def test_exported_again_from_itself_it_stays_the_same(
    exported: ShippedModel, tmp_path: Path
) -> None:
    again = export(exported.folder, "turn-2x2", tmp_path, matrices=200, reported=reported)
    for file in ("README.md", "config.json", "limits.json", "metrics.jsonl", "status.json"):
        assert (again.folder.path / file).read_bytes() == (
            exported.folder.path / file
        ).read_bytes(), file


def test_a_run_in_stages(finished: RunFolder, tmp_path: Path) -> None:
    config = replace(finished.config(), examples=320, start=start_from(finished))
    second = train(config, tmp_path / "second", Execution(workers=0, quiet=True))
    model = export(second, "staged-2x2", tmp_path / "models", matrices=50)
    assert model.examples == 640 + 320
    assert model.status["commands"][0].startswith("eigenformer train fast")
    assert model.status["commands"][0].endswith(" --folder runs/stage-1")
    assert "start-from" not in model.status["commands"][0]
    assert model.status["commands"][1].endswith(" --start-from runs/stage-1")
    assert "in 2 stages" in (model.folder.path / "README.md").read_text()
    assert str(tmp_path) not in model.folder.config_file.read_text()
    again = export(model.folder, "staged-2x2", tmp_path / "again", matrices=50)
    assert (again.status, again.config) == (model.status, model.config)


def test_a_stage_that_was_stopped_says_so(finished: RunFolder, tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "first")
    shutil.copytree(finished.path, first.path)
    first.save_status("stopped", examples=320)
    config = replace(finished.config(), examples=320, start=start_from(first))
    second = train(config, tmp_path / "second", Execution(workers=0, quiet=True))
    stopped, finish = rebuild_commands(second)
    assert stopped.endswith("  # stopped after 320 examples")
    assert "#" not in finish


def test_limits_are_measured(exported: ShippedModel) -> None:
    texts = set(exported.limits)
    assert {"a zero among the coefficients", "coefficients ten times as large"} <= texts
    assert "ensemble iid-gaussian" in texts
    assert "ensemble iid-uniform" not in texts  # its own


def test_the_card(exported: ShippedModel) -> None:
    card = (exported.folder.path / "README.md").read_text()
    right = exported.accuracy(0.05)
    interval = f"{100 * right['low']:.1f} to {100 * right['high']:.1f}"
    assert f"| 5% | {100 * right['value']:.1f} | {interval} | 100.0 |" in card
    assert "eigenformer evaluate turn-2x2 --seed 8 --n 200" in card
    assert "The paper has no 2x2 model of this problem; 5x5 is nearest." in card
    assert "Table 2" in card
    assert f"{exported.parameters:,} parameters" in card


@pytest.mark.parametrize("name", ["", "Upper", "a b", "../up", "-a", "a--b"])
def test_names_that_are_none(finished: RunFolder, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is no name for a model"):
        export(finished, name, tmp_path)


def test_an_unfinished_run(finished: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(finished.path, tmp_path / "copy")))
    copy.save_status("stopped", examples=320)
    with pytest.raises(InputError, match="is not finished"):
        export(copy, "unfinished", tmp_path)


def test_a_model_is_replaced_only_on_request(finished: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old").touch()
    with pytest.raises(InputError, match=r"exists; choose another name, or give --replace"):
        export(finished, "there", tmp_path, matrices=10)
    assert (tmp_path / "there" / "old").exists()
    export(finished, "there", tmp_path, replace_existing=True, matrices=10)
    assert not (tmp_path / "there" / "old").exists()


def test_damaged_weights_are_seen(exported: ShippedModel, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(exported.folder.path, tmp_path / "copy")))
    content = bytearray(copy.model_file.read_bytes())
    content[-1] ^= 1
    copy.model_file.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        solver_of(copy)


def test_a_run_is_no_exported_model(finished: RunFolder) -> None:
    with pytest.raises(InputError, match="is not an exported model"):
        shipped_model(finished.path)


# The models that do come with the package.


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_is_what_its_card_says(name: str) -> None:
    model = shipped_model(shipped_models()[name])
    solver, task = ef.load(name), model.config.task
    seed = model.result["seed"]
    result = ef.evaluate(solver, task.problem, task.ensemble, n=1000, seed=seed, noise=task.noise)
    low, high = result.accuracy[model.result["score"]][0.05].interval
    assert low <= model.accuracy(0.05)["value"] <= high
    assert model.result["n"] + model.result["rejected"] == 10_000
    assert model.status["state"] == "finished"


def test_shipped_weights_are_small() -> None:
    paths = shipped_models().values()
    assert paths
    assert sum(shipped_model(path).size for path in paths) <= 60e6


def test_a_wheel_has_every_file() -> None:
    """Hatchling takes whole packages, less what .gitignore lists."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert wheel == {"targets": {"wheel": {"packages": ["src/eigenformer"]}}}
    ignored = (ROOT / ".gitignore").read_text().split()
    package = ROOT / "src" / "eigenformer" / "zoo"
    data = list((package / "models").rglob("*"))
    assert len(data) > 1
    for file in data:
        assert file.exists()
        for part in file.relative_to(ROOT).parts:
            wrong = [p for p in ignored if fnmatch.fnmatch(part, p.strip("/"))]
            assert not [p for p in wrong if not p.startswith("/")], file


def test_the_papers_figures() -> None:
    # Table 9, the best column; Table 6 prints 100 / 100 / 99.8 / 93.7 for P10.
    inverse = reported("inverse", "5x5")
    assert inverse is not None
    assert inverse.accuracy == {"0.05": 90.0, "0.02": 81.8, "0.01": 60.0, "0.005": 24.7}
    assert "FP15/P1000" in inverse.row
    eigenvalues = reported("eigenvalues", "3x3")
    assert eigenvalues is not None
    assert (eigenvalues.dims, eigenvalues.table) == ("5x5", 6)
    assert eigenvalues.accuracy["0.005"] == 93.7
    svd = reported("svd", "4x4")
    assert svd is not None
    assert svd.accuracy["0.01"] == 75.3
    assert reported("svd", "2-4") is None
    assert reported("least_squares", "4x4") is None
