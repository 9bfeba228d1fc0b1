"""The stream of batches is a pure function of the seed, whoever makes it."""

from pathlib import Path

import pytest
import torch
from tiny import tiny_config, tiny_task

from eigenformer import rng
from eigenformer.core import InputError
from eigenformer.encodings import PAD, draw_pairs
from eigenformer.training import data_file, save_examples
from eigenformer.training.stream import TokenBatch, batches


def take(count: int, **options: object) -> list[TokenBatch]:
    config = options.pop("config", tiny_config())
    stream = batches(config, options.pop("start", 0), **{"workers": 0, **options})  # type: ignore
    return [next(stream) for _ in range(count)]


def same(a: TokenBatch, b: TokenBatch) -> bool:
    return (a.index, a.tokens) == (b.index, b.tokens) and all(
        torch.equal(getattr(a, side), getattr(b, side)) for side in ("inputs", "outputs")
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(workers: int) -> None:
    for a, b in zip(take(5), take(5, workers=workers), strict=True):
        assert same(a, b)


def test_a_stream_can_start_anywhere() -> None:
    for a, b in zip(take(6)[3:], take(3, start=3), strict=True):
        assert same(a, b)


def test_batches_differ() -> None:
    a, b = take(2)
    assert not torch.equal(a.inputs, b.inputs)
    (other,) = take(1, config=tiny_config(seed=1))
    assert not torch.equal(a.inputs, other.inputs)


@pytest.mark.parametrize("dims", ["2x2", "1-3"])
def test_ranks_share_a_batch(dims: str) -> None:
    config = tiny_config(task=tiny_task(dims=dims))
    (whole,) = take(1, config=config)
    parts = [take(1, config=config, rank=rank, ranks=4)[0] for rank in range(4)]
    assert torch.equal(whole.inputs, torch.cat([part.inputs for part in parts]))
    assert torch.equal(whole.outputs, torch.cat([part.outputs for part in parts]))
    assert {part.tokens for part in parts} == {int((whole.outputs != PAD).sum())}
    assert whole.padded == (dims != "2x2")


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
@pytest.mark.parametrize("dims", ["2x2", "1-3"])
def test_a_file_is_read_whole_in_every_pass(tmp_path: Path, suffix: str, dims: str) -> None:
    task = tiny_task(dims=dims)
    inputs, answers = draw_pairs(task.problem, task.ensemble, rng(3), 48)
    path = tmp_path / f"examples{suffix}"
    save_examples(path, task, inputs, answers)
    config = tiny_config(task=task, data=data_file(path), batch_size=16)
    found = take(6, config=config)
    width = task.encoder.length(3, 3)
    rows = [tuple(row + [PAD] * (width - len(row))) for b in found for row in b.inputs.tolist()]
    ids = task.encoder.encode(inputs)
    expected = [tuple(row + [PAD] * (width - len(row))) for row in ids.tolist()]
    assert sorted(rows[:48]) == sorted(expected) == sorted(rows[48:])
    assert rows[:48] != rows[48:]


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    task = tiny_task()
    inputs, answers = draw_pairs(task.problem, task.ensemble, rng(3), 8)
    path = tmp_path / "examples.npz"
    save_examples(path, task, inputs, answers)
    config = tiny_config(data=data_file(path))
    save_examples(path, task, inputs[:4], answers[:4])
    with pytest.raises(InputError, match="has changed since the run began"):
        take(1, config=config)


def test_a_file_of_another_problem_is_refused(tmp_path: Path) -> None:
    task = tiny_task("inverse")
    inputs, answers = draw_pairs(task.problem, task.ensemble, rng(3), 8)
    path = tmp_path / "examples.npz"
    save_examples(path, task, inputs, answers)
    with pytest.raises(InputError, match="examples of inverse, not of transpose"):
        take(1, config=tiny_config(data=data_file(path)))
