"""The stream of batches is a pure function of the seed, whoever makes it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from run_kinds import SHORT
from tiny import tiny_config, tiny_task

from eigenformer import rng
from eigenformer.core import InputError
from eigenformer.encodings import PAD, draw_pairs
from eigenformer.training import Share, data_file, save_examples
from eigenformer.training.distributed import Ranks
from eigenformer.training.stream import batches


def take(count: int, **options: Any) -> list[Share]:
    run = options.pop("config", tiny_config())
    stream = batches(run, options.pop("start", 0), **options)
    return [next(stream) for _ in range(count)]


def same(a: Share, b: Share) -> bool:
    return a.weight == b.weight and all(map(torch.equal, ids(a), ids(b)))


def ids(share: Share) -> tuple[torch.Tensor, torch.Tensor]:
    return share.data.question.ids, share.data.truth


@pytest.mark.parametrize("loaders", [1, 2])
def test_loaders_change_nothing(loaders: int) -> None:
    for a, b in zip(take(5), take(5, loaders=loaders), strict=True):
        assert same(a, b)


def test_a_stream_can_start_anywhere() -> None:
    for a, b in zip(take(6)[3:], take(3, start=3), strict=True):
        assert same(a, b)


def test_batches_differ() -> None:
    a, b = take(2)
    assert not torch.equal(a.data.question.ids, b.data.question.ids)
    (other,) = take(1, config=tiny_config(seed=1))
    assert not torch.equal(a.data.question.ids, other.data.question.ids)


@pytest.mark.parametrize("dims", ["2x2", "1-3"])
def test_ranks_share_a_batch(dims: str) -> None:
    config = tiny_config(task=tiny_task(dims=dims))
    (whole,) = take(1, config=config)
    parts = [take(1, config=config, ranks=Ranks(rank=rank, size=4))[0] for rank in range(4)]
    for side, shares in zip(ids(whole), zip(*map(ids, parts), strict=True), strict=True):
        assert torch.equal(side, torch.cat(shares))
    assert {part.weight for part in parts} == {int((whole.data.truth != PAD).sum())}
    assert whole.data.question.padded == (dims != "2x2")


def test_ranks_share_prompts() -> None:
    run = SHORT["prompts"]()
    (whole,) = take(1, config=run)
    parts = [take(1, config=run, ranks=Ranks(rank=rank, size=4))[0] for rank in range(4)]
    assert torch.equal(whole.data.batch.x, torch.cat([part.data.batch.x for part in parts]))
    model = run.build()
    total = sum(run.objective(model)(part.data) for part in parts)
    torch.testing.assert_close(total, run.objective(model)(whole.data))


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
    rows = [
        tuple(row + [PAD] * (width - len(row)))
        for share in found
        for row in share.data.question.ids.tolist()
    ]
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
