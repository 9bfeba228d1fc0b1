"""`eigenformer models`, and the commands that rebuild models."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import complaint, run

from eigenformer import encodings, ensembles
from eigenformer.core import InputError, to_json
from eigenformer.models import StackConfig, TransformerConfig
from eigenformer.runs.recipes import fast, paper
from eigenformer.training import DataFile, EvaluationConfig, OptimizerConfig, TestSet, TrainConfig
from eigenformer.zoo import shipped_model, shipped_models
from eigenformer.zoo.rebuild import rebuild_command

_STACK = StackConfig(layers=2, width=64, heads=4)
CONFIGS = [
    fast(),
    paper(),
    fast(problem="inverse", dims="2x2", encoding="FP15", output_encoding="P10000", seed=3),
    fast(problem="transpose,add", dims="2-4x3", ensemble="iid-gaussian", scale=3.5),
    fast(ensemble="spectrum-laplace", width=48, heads=6, layers=(3, 2), examples=12_345),
    paper(width=256, heads=(4, 8), batch_size=32),
    replace(fast(), optimizer=OptimizerConfig(rate=3e-3, betas=(0.8, 0.9), weight_decay=0.1)),
    replace(
        fast(),
        evaluation=EvaluationConfig(
            every=7, tests=(TestSet(name="own", seed=4),), tolerances=(0.1, 0.05), target=0.95
        ),
    ),
    replace(fast(), precision="bfloat16", compile=True),
    replace(
        fast(),
        model=TransformerConfig(
            encoder=_STACK, decoder=_STACK, norm="pre", sum_coefficients=True, max_positions=64
        ),
    ),
    replace(
        fast(),
        task=replace(fast().task, encoder=encodings.get("P10", precision=4), noise=0.02),
    ),
]


def resolved(words: list[str], capsys: pytest.CaptureFixture[str]) -> object:
    """The configuration that `eigenformer train ...` resolves to."""
    capsys.readouterr()
    assert run(*words, "--show") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("config", CONFIGS, ids=map(str, range(len(CONFIGS))))
def test_the_rebuild_command_resolves_to_the_run(
    config: TrainConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *words = shlex.split(rebuild_command(config))
    assert program == "eigenformer"
    assert resolved(words, capsys) == to_json(config)


def test_it_says_no_more_than_needed() -> None:
    assert rebuild_command(fast(problem="inverse", dims="2x2")) == (
        "eigenformer train fast --problem inverse --dims 2x2"
    )


def test_runs_that_no_command_rebuilds() -> None:
    two = ("iid-uniform", "iid-gaussian")
    mixture = ensembles.get("mixture", dims="3x3", components=two)
    mixed = replace(fast(), task=replace(fast().task, ensemble=mixture))
    filed = replace(fast(), data=DataFile(path="a.npz", sha256="0"))
    for config in (mixed, filed):
        with pytest.raises(InputError, match="no options of `eigenformer train` lead"):
            rebuild_command(config)


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_models_card_has_the_command_of_its_run(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "card", name) == 0
    card = capsys.readouterr().out
    found = re.search(r"```\n(eigenformer train .*?)\n```", card, re.DOTALL)
    assert found is not None
    model = shipped_model(shipped_models()[name])
    _, *words = shlex.split(found[1].replace("\\\n", "").splitlines()[-1])
    if model.config.start is None:
        assert f"`{model.config.id}`" in card
    else:  # the run that it started from is not here
        assert words[-2:] == ["--start-from", model.config.start.path]
        words = words[:-2]
    assert resolved(words, capsys) == to_json(replace(model.config, start=None))


def test_list(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run("models", "list", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [fact["name"] for fact in facts] == list(shipped_models())
    assert run("models", "list") == 0
    shown = capsys.readouterr().out
    for fact in facts:
        line = next(line for line in shown.splitlines() if f" {fact['name']} " in f" {line} ")
        assert line.split()[:2] == [fact["name"], fact["ensemble"]]
        assert f"{100 * fact['accuracy_5']:.1f}" in line.split()
        assert f"{fact['examples']:,}" in line.split()


def test_export(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "export", trained, "turn-2x2", "--to", "models") == 0
    model = shipped_model(Path("models/turn-2x2"))
    shown = capsys.readouterr().out
    assert f"models/turn-2x2: {100 * model.accuracy(0.05)['value']:.1f}% right within 5%" in shown
    assert run("evaluate", model.folder.path, "--n", "20") == 0
    capsys.readouterr()
    words = ["models", "export", str(trained), "turn-2x2", "--to", "models"]
    assert "exists; choose another name, or give --replace" in complaint(words, capsys)


@pytest.mark.parametrize(
    "command", ["models list", "models card", "models export", "bench inference"]
)
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command.split(), "--help") == 0
    assert f"usage: eigenformer {command}" in capsys.readouterr().out


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models") == 2
    assert capsys.readouterr().out.startswith("usage: eigenformer models list")
