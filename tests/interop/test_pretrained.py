"""`save_pretrained` and `from_pretrained`: the layout of Hugging Face, and the same answers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import eigenformer as ef
from eigenformer import encodings, ensembles, problems
from eigenformer.cli import main
from eigenformer.core import InputError
from eigenformer.encodings import Task
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import (
    DirectConfig,
    GridConfig,
    LawtConfig,
    ModelConfig,
    RecurrentConfig,
    StackConfig,
    TransformerConfig,
    UniversalConfig,
)

STACK = StackConfig(layers=1, width=16, heads=2)
CONFIGS: dict[str, ModelConfig] = {
    "transformer": TransformerConfig(encoder=STACK, decoder=STACK, norm="pre"),
    "universal": UniversalConfig(encoder=STACK, decoder=STACK, encoder_loops=2, gating="act"),
    "lawt": LawtConfig(encoder=STACK, decoder=STACK, other_words=3),
    "recurrent": RecurrentConfig(encoder_layers=1, decoder_layers=1, embedding=8, hidden=8),
    "direct": DirectConfig(encoder=STACK, decoder=STACK),
    "grid": GridConfig(layers=1, width=8, answer="transposed", square=False),
}
TASK = Task(
    problem=problems.get("transpose"),
    ensemble=ensembles.get("iid-uniform", dims="2x2"),
    encoder=encodings.get("P1000"),
    decoder=encodings.get("FP15"),
)
MATRICES = np.random.default_rng(0).uniform(-10, 10, (20, 2, 2))


def solver(config: ModelConfig, task: Task = TASK) -> TrainedSolver:
    return TrainedSolver(config.build(task.encoder, task.decoder, 3).eval(), task)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    solver(CONFIGS["transformer"]).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("name", CONFIGS)
def test_every_kind_of_network_comes_back(name: str, tmp_path: Path) -> None:
    made = solver(CONFIGS[name])
    made.save_pretrained(tmp_path / "model")
    for found in (ef.from_pretrained(tmp_path / "model"), ef.load(str(tmp_path / "model"))):
        assert (found.task, found.model.config, found.name) == (TASK, CONFIGS[name], "model")
        assert not found.model.training
        weights = found.model.state_dict()
        assert set(weights) == set(made.model.state_dict())
        for key, tensor in made.model.state_dict().items():
            assert torch.equal(weights[key], tensor)
        inputs = ef.ensembles.Matrices.of(MATRICES)
        np.testing.assert_array_equal(found.tokens(inputs), made.tokens(inputs))


def test_a_shipped_models_answers_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    made = ef.load("inverse-2x2")
    made.save_pretrained(tmp_path / "inverse")
    a, b = made.solve(MATRICES), ef.from_pretrained(tmp_path / "inverse").solve(MATRICES)
    np.testing.assert_array_equal(a.value, b.value)
    assert a.valid.any()


def test_the_files_are_those_of_hugging_face(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "generation_config.json", "model.safetensors"}
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "eigenformer"
    assert config["architectures"] == ["Seq2SeqTransformer"]
    assert (config["decoder_start_token_id"], config["eos_token_id"]) == (0, 0)
    assert config["pad_token_id"] == 1
    assert load_file(folder / "model.safetensors")["output_bias"].dtype == torch.float32


def test_a_joint_model_and_one_of_its_problems(tmp_path: Path) -> None:
    joint = problems.get("joint", problems=("transpose", "add"))
    made = solver(CONFIGS["transformer"], replace(TASK, problem=joint))
    made.save_pretrained(tmp_path / "both")
    assert ef.from_pretrained(tmp_path / "both").problem == joint
    made.only("add").save_pretrained(tmp_path / "one")
    assert ef.from_pretrained(tmp_path / "one").problem == problems.get("add")


def test_saving_again_replaces_an_earlier_model_and_nothing_else(
    folder: Path, tmp_path: Path
) -> None:
    solver(CONFIGS["recurrent"]).save_pretrained(folder)
    assert ef.from_pretrained(folder).model.config == CONFIGS["recurrent"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("important")
    with pytest.raises(InputError, match="mine holds other files; name a new folder"):
        ef.from_pretrained(folder).save_pretrained(tmp_path / "mine")
    with pytest.raises(InputError, match=r"notes.txt is a file; name a folder"):
        ef.from_pretrained(folder).save_pretrained(tmp_path / "mine" / "notes.txt")
    run = tmp_path / "run"
    shutil.copytree(ef.zoo.shipped_models()["transpose-5x5"], run)
    before = (run / "config.json").read_bytes()
    with pytest.raises(InputError, match="run holds other files"):
        ef.from_pretrained(folder).save_pretrained(run)
    assert (run / "config.json").read_bytes() == before


def test_other_tools_may_add_keys_and_halve_the_weights(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"transformers_version": "5.0", "dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(config))
    file = folder / "model.safetensors"
    save_file({k: v.bfloat16() for k, v in load_file(file).items()}, file)
    found = ef.from_pretrained(folder)
    assert {p.dtype for p in found.model.parameters()} == {torch.float32}


def test_the_command_line_takes_such_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(folder), "--n", "20"]) == 0
    assert "transpose, 20 matrices" in " ".join(capsys.readouterr().out.split())


def change(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["eigenformer"].update(changes)
    (folder / "config.json").write_text(json.dumps(config))


def test_damaged_folders_get_a_sentence(folder: Path, tmp_path: Path) -> None:
    def refused(sentence: str, where: Path = folder) -> None:
        with pytest.raises(InputError, match=sentence) as caught:
            ef.from_pretrained(where)
        assert "\n" not in str(caught.value)

    refused("nothing is no folder of save_pretrained", tmp_path / "nothing")
    refused("no folder of save_pretrained", ef.zoo.shipped_models()["transpose-5x5"])
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-50])
    refused("is not a safetensors file, or is damaged")
    (folder / "model.safetensors").unlink()
    refused("copied without its weights")
    (folder / "model.safetensors").write_bytes(weights)
    assert ef.from_pretrained(folder)
    smaller = json.loads((folder / "config.json").read_text())["eigenformer"]["model"]
    smaller["encoder"]["width"] = 8
    change(folder, model=smaller)
    refused("do not fit")
    change(folder, model={"name": "transformre"})
    refused("did you mean 'transformer'")
    change(folder, schema=99)
    refused("has schema version 99, and this version reads 2")
    change(folder, extra=1)
    refused("does not say under 'eigenformer' what the model is")
    (folder / "config.json").write_text("{")
    refused("is not valid JSON")
