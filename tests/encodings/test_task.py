"""Examples: a pure function of seed, purpose and index; what can't be written is drawn again."""

from dataclasses import replace

import numpy as np
import pytest

from eigenformer import encodings, ensembles, problems, rng
from eigenformer.core import InputError, from_json, to_json
from eigenformer.encodings import EOS, Task, draw_pairs, with_eos


def make(problem="eigenvalues", name="P1000", *, noise=0.0, output=None, **fields):
    return Task(
        problem=problems.get(problem),
        ensemble=ensembles.get("iid-uniform", **fields),
        encoder=encodings.get(name),
        decoder=encodings.get(output or name),
        noise=noise,
    )


def same(a, b):
    return np.array_equal(a.input_ids, b.input_ids) and np.array_equal(a.output_ids, b.output_ids)


@pytest.mark.parametrize("dims", ["5x5", "2-6"])
def test_examples_are_a_pure_function_of_the_arguments(dims):
    task = make(dims=dims)
    first = task.examples(1, "train", 7, 64)
    task.examples(1, "train", 8, 64)
    assert same(first, make(dims=dims).examples(1, "train", 7, 64))
    for other in ((2, "train", 7), (1, "valid", 7), (1, "train", 8)):
        assert not same(first, task.examples(*other, 64))
    assert first.rejected == 0
    assert first.padded == (dims != "5x5")


def test_ids_are_those_of_the_matrices():
    task = make("inverse", "FP15", output="P1000")
    found = task.examples(0, "train", 0, 16)
    np.testing.assert_array_equal(found.input_ids, task.encoder.encode(found.inputs))
    np.testing.assert_array_equal(found.output_ids, with_eos(task.decoder.encode(found.answers)))
    np.testing.assert_array_equal(found.answers.values, np.linalg.inv(found.inputs.values))
    assert (found.output_ids[:, -1] == EOS).all()


def test_what_cannot_be_written_is_drawn_again():
    task = make("transpose", "FP15", dims="2x2", scale=2e9)  # FP15 ends at 999.5e6
    found = task.examples(3, "train", 5, 40)
    assert found.inputs.values.shape == (40, 2, 2)
    assert np.abs(found.inputs.values).max() < 9.995e8
    assert found.rejected > 40
    assert task.encoder.decode(found.input_ids).valid.all()
    assert same(found, task.examples(3, "train", 5, 40))
    # The same stream, without those that cannot be written.
    generator, drawn, missing = rng(3, "train", 5), [], 40
    while missing:
        inputs, _ = draw_pairs(task.problem, task.ensemble, generator, missing)
        kept = inputs.values[(np.abs(inputs.values) < 9.995e8).all(axis=(1, 2))]
        drawn.append(kept)
        missing -= len(kept)
    np.testing.assert_array_equal(found.inputs.values, np.concatenate(drawn))


def test_rejected_draws_are_counted_when_none_of_the_first_is_kept():
    task = make("transpose", "FP15", dims="2x2", scale=2e9)
    counts = [task.examples(0, "train", index, 1).rejected for index in range(40)]
    assert 0 in counts
    assert max(counts) > 3


def test_rejection_works_with_mixed_shapes_and_tasks():
    joint = replace(
        make("transpose", "FP15", dims="1-3", scale=1.2e9),
        problem=problems.get("joint", problems=("transpose", "add")),
    )
    found = joint.examples(0, "train", 0, 50)
    assert found.rejected > 0
    assert len(found.inputs) == len(found.answers) == len(found.output_ids) == 50
    decoded = joint.decoder.decode(found.output_ids)
    assert decoded.valid.all()
    np.testing.assert_array_equal(decoded.matrices.kinds, found.inputs.kinds)
    np.testing.assert_array_equal(decoded.matrices.rows, found.answers.rows)


def test_a_task_that_can_hardly_ever_be_written_is_an_error():
    with pytest.raises(InputError, match="outside the range of FP15 in or FP15 out"):
        make("transpose", "FP15", dims="5x5", scale=1e15).examples(0, "train", 0, 2)
    with pytest.raises(InputError, match="size is 0"):
        make().examples(0, "train", 0, 0)


def test_noise_is_on_the_inputs_only():
    clean, noisy = (make(noise=noise).examples(0, "train", 0, 2000) for noise in (0.0, 0.05))
    np.testing.assert_array_equal(clean.answers.values, noisy.answers.values)
    difference = noisy.inputs.values - clean.inputs.values
    np.testing.assert_allclose(difference.std(), 0.05 * 10 / np.sqrt(3), rtol=0.02)
    assert abs(difference.mean()) < 0.005
    assert not np.allclose(difference, difference.transpose(0, 2, 1))


def test_noise_is_refused_where_it_has_no_size():
    with pytest.raises(InputError, match="range"):
        make(noise=0.1, scale=(1.0, 100.0))
    with pytest.raises(InputError, match="noise is -1"):
        make(noise=-1.0)


def test_joint_tasks_have_task_tokens_on_both_sides():
    task = replace(make(), problem=problems.get("joint", problems=("transpose", "add")))
    assert task.encoder.tasks == task.decoder.tasks == ("transpose", "add")
    assert replace(task, problem=problems.get("add")).encoder.tasks == ()


def test_a_task_is_the_same_after_json():
    task = make("svd", "FP15", output="P10", dims="3x4")
    assert from_json(Task, to_json(task)) == task
