"""`train --model`: any registered model in place of a recipe's own, from the package or a file."""

import json
import os
import shlex
from pathlib import Path

import pytest
from command_line import TINY, complaint, run

from eigenformer import models
from eigenformer.core import InputError, from_json
from eigenformer.core.registry import PLUGIN_FILES
from eigenformer.models import ModelConfig, StackConfig
from eigenformer.runs.recipes import fast, paper
from eigenformer.training import TrainConfig
from eigenformer.zoo.load import load
from eigenformer.zoo.rebuild import rebuild_command

OWN = """
from dataclasses import dataclass

from eigenformer.models import TransformerConfig, register


@dataclass(frozen=True, kw_only=True)
class OwnConfig(TransformerConfig):
    repeats: int = 4096


register("own-of-a-file", OwnConfig)
"""


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> TrainConfig:
    assert run("train", *words, "--show") == 0
    return from_json(TrainConfig, json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("name", ["direct", "transformer", "universal", "recurrent", "lawt"])
@pytest.mark.parametrize("recipe", ["fast", "paper"])
def test_every_family_takes_the_recipes_sizes(
    recipe: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--layers", "3", "2", "--width", "64", "--problem", "add", "--dims", "2x2")
    config = shown(capsys, recipe, "--model", name, *sizes)
    model = config.model
    assert model.registry.name_of(model) == name
    if model.stacks:
        assert [stack.layers for stack in model.stacks] == [3, 2]
        assert {stack.width for stack in model.stacks} == {64}
    else:
        assert model == models.get(
            name,
            encoder_layers=3,
            decoder_layers=2,
            embedding=64,
            hidden=64,
            embedding_init="number" if recipe == "fast" else "random",
        )
    own = fast(layers=(3, 2), width=64) if recipe == "fast" else paper(layers=(3, 2), width=64)
    if name == own.model.registry.name_of(own.model):
        assert model == own.model
    words = shlex.split(rebuild_command(config))
    assert shown(capsys, *words[2:]) == config


def test_fields_of_a_chosen_model(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--model", "recurrent", "--model.cell", "gru", "--model.hidden", "24")
    model = shown(capsys, "fast", *words).model
    assert (getattr(model, "cell"), getattr(model, "hidden")) == ("gru", 24)  # noqa: B009
    error = complaint(["train", "fast", "--model", "transformr"], capsys)
    assert "unknown model 'transformr': did you mean 'transformer'?" in error
    error = complaint(["train", "fast", "--model", "zzz"], capsys)
    assert "known are bilinear" in error and "--plugin FILE adds those of a file" in error
    error = complaint(["train", "fast", "--model", "recurrent", "--model.width", "8"], capsys)
    assert "--model.width" in error


def test_a_model_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PLUGIN_FILES, "")
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    words = ["--model", "own-of-a-file", *TINY, "--examples", "64", "--folder", "run", "--quiet"]
    assert run("train", "fast", *words, "--plugin", "own.py") == 0
    # What is started from here knows the file too.
    assert os.environ[PLUGIN_FILES] == str((tmp_path / "own.py").resolve())
    # A number that is no size is no reason to refuse the weights.
    assert load("run").task.problem.name == "transpose"
    assert run("evaluate", "--plugin=own.py", "run", "--n", "5") == 0
    capsys.readouterr()
    assert run("info", "--json") == 0
    assert "own-of-a-file" in json.loads(capsys.readouterr().out)["models"]
    for words in (["--plugin", "nothing.py", "info"], ["info", "--plugin"]):
        assert "give a Python file that exists" in complaint(words, capsys)


def test_a_field_without_a_value_is_named() -> None:
    stack = StackConfig(layers=1, width=8, heads=2)
    small = models.get("transformer", encoder=stack, decoder=stack)
    recurrent = models.get("recurrent", encoder_layers=1, decoder_layers=1, embedding=4, hidden=4)
    with pytest.raises(InputError, match="has no default for its field 'encoder'"):
        type(small).like(recurrent)
    with pytest.raises(InputError, match="field of the model 'transformer' 'widht'"):
        small.changed(widht=3)
    assert small.adapted(scale=3.0, norm="pre") == small.changed(norm="pre")
    assert isinstance(small, ModelConfig)
