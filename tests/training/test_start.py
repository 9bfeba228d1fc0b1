"""A run that starts from the weights of another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import tiny_config, tiny_task

from eigenformer.core import InputError
from eigenformer.training import Execution, RunFolder, StartFrom, TrainConfig, start_from, train

QUIET = Execution(workers=0, quiet=True, device="cpu")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train(tiny_config(examples=960), tmp_path_factory.mktemp("first") / "run", QUIET)


def following(start: StartFrom, **changes: object) -> TrainConfig:
    return tiny_config(examples=32, start=start, **changes)


def losses(folder: RunFolder) -> list[float]:
    lines = map(json.loads, folder.metrics_file.read_text().splitlines())
    return [line["loss"] for line in lines if line["kind"] == "train"]


def test_it_begins_where_the_other_ended(first: RunFolder, tmp_path: Path) -> None:
    cold = train(tiny_config(examples=32), tmp_path / "cold", QUIET)
    warm = train(following(start_from(first)), tmp_path / "warm", QUIET)
    assert losses(warm)[0] < losses(first)[-1] + 0.2 < losses(cold)[0]
    # Larger matrices of the same problem take the same weights.
    train(following(start_from(first), task=tiny_task(dims="3x3")), tmp_path / "larger", QUIET)


def test_the_run_is_named_after_the_weights_not_their_place(
    first: RunFolder, tmp_path: Path
) -> None:
    start = start_from(first)
    config = following(start)
    assert config.id == following(replace(start, path=str(tmp_path))).id
    assert config.id != following(replace(start, sha256="0")).id
    assert config.id != tiny_config(examples=32).id


def test_weights_that_changed_or_do_not_fit(first: RunFolder, tmp_path: Path) -> None:
    start = start_from(first)
    with pytest.raises(InputError, match="has changed"):
        train(following(replace(start, sha256="0")), tmp_path / "changed", QUIET)
    with pytest.raises(InputError, match="gone"):
        train(following(replace(start, path=str(tmp_path))), tmp_path / "gone", QUIET)
    wider = replace(tiny_config().model, max_positions=65)
    with pytest.raises(InputError, match="same architecture"):
        train(following(start, model=wider), tmp_path / "wider", QUIET)
