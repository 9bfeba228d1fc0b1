"""The model that answers at once: what it decides, in which order, and what must not matter."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer import encodings
from eigenformer.core import InputError
from eigenformer.encodings import EOS, PAD, soft_targets, with_eos
from eigenformer.ensembles import Matrices
from eigenformer.models import DirectConfig, DirectTransformer, Question, StackConfig
from eigenformer.models.values import Cells, ValueEmbedding

NAMES = ["P10", "P1000", "B1999", "FP3"]
TASKS = ("transpose", "eigenvalues")


def encoding(name: str, joint: bool = False) -> encodings.Encoding:
    return encodings.get(name, tasks=TASKS if joint else ())


def built(
    reads: encodings.Encoding, writes: encodings.Encoding, seed: int = 0, **fields
) -> DirectTransformer:
    model = DirectConfig(
        encoder=StackConfig(layers=1, width=16, heads=2),
        decoder=StackConfig(layers=1, width=24, heads=2),
        **fields,
    ).build(reads, writes, seed)
    with torch.no_grad():  # so that one input is not answered like another
        for weight, _ in model.layer_matrices():
            weight.mul_(4)
    return model


def draw(seed: int, shapes: list[tuple[int, int]], kinds: np.ndarray | None = None) -> Matrices:
    generator = np.random.default_rng(seed)
    rows, columns = np.array(shapes).T
    values = generator.uniform(-9, 9, (len(shapes), rows.max(), columns.max()))
    found = Matrices(values, rows, columns, kinds)
    values[~found.mask()] = 0
    return found


def names_dims(model: DirectTransformer, rows: int, columns: int, task: int = 0) -> None:
    """Make every answer of the model that large."""
    header = model.writes.header
    ids = [task + 2, model.writes.first_dim - 1 + rows, model.writes.first_dim - 1 + columns]
    start = 0
    with torch.no_grad():
        model.header.bias.zero_()
        for slot, word in zip(header, ids[-len(header) :], strict=True):
            model.header.bias[start + word - slot.start] = 1e3
            start += len(slot)


def test_every_word_is_in_its_slot():
    for name in NAMES:
        for joint in (False, True):
            spelled = encoding(name, joint)
            kinds = np.array([0, 1]) if joint else None
            ids = spelled.encode(draw(0, [(2, 3), (2, 3)], kinds))
            slots = (*spelled.header, *spelled.slots * 6)
            for row in ids.tolist():
                assert all(word in slot for word, slot in zip(row, slots, strict=True))


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_the_likeliest_choice_at_each_decision(name: str, joint: bool):
    reads, writes = encoding("P1000", joint), encoding(name, joint)
    model = built(reads, writes, mantissa="mode")
    names_dims(model, 2, 2, task=1)
    kinds = np.arange(5) % 2 if joint else None
    inputs = torch.from_numpy(reads.encode(draw(1, [(3, 2)] * 5, kinds)))
    answers = model.answer(Question(inputs), writes.length(2, 2) + 1)
    decoded = writes.decode(answers.numpy())
    assert decoded.valid.all()
    assert len({tuple(row) for row in answers.tolist()}) > 1
    seen = 0
    for found in model.choices(Question(inputs), answers):
        assert torch.equal(found.logits.argmax(1) + found.first, found.targets)
        seen += len(found.targets)
    assert seen == (answers != PAD).sum() - len(answers)  # <eos> takes no decision


@pytest.mark.parametrize("name", NAMES)
def test_a_mantissa_is_the_median_of_its_distribution(name: str):
    reads, writes = encoding("P1000"), encoding(name)
    model = built(reads, writes)
    names_dims(model, 2, 2)
    inputs = torch.from_numpy(reads.encode(draw(1, [(3, 2)] * 5)))
    mantissas = 0
    for found in model.choices(Question(inputs), model.answer(Question(inputs), 99)):
        chosen = (found.targets - found.first).numpy()
        p = found.logits.double().softmax(1).detach().numpy()
        if np.isnan(writes.token_numbers().mantissa[found.first]):
            assert (p.argmax(1) == chosen).all()
            continue
        mantissas += len(p)
        for row, k in zip(p, chosen, strict=True):
            assert row[:k].sum() <= 0.5 + 1e-6 and row[k + 1 :].sum() <= 0.5 + 1e-6
    assert mantissas == 20 * (3 if name == "P10" else 1)


@pytest.mark.parametrize("name", [*encodings.COMMON, "B199"])
def test_what_a_soft_target_says_is_what_is_read_from_it(name: str):
    """Each word that an encoding writes is read from its own target, by either rule."""
    writes = encodings.get(name)
    values = np.concatenate([np.arange(1, 100), np.arange(900, 1001), np.arange(100, 900, 7)])
    ids = writes.encode((values * [[1.0], [-0.01]]).T[:, :, None])[:, writes.prefix :]
    for mantissa, width in (("median", 0.0), ("median", 0.005), ("median", 0.02), ("mode", 0.02)):
        model = built(encoding("P10"), writes, mantissa=mantissa)
        model.aim(width)
        for place, slot in enumerate(writes.slots):
            words = np.unique(ids.reshape(-1, len(writes.slots))[:, place])
            there, weights = map(torch.from_numpy, soft_targets(writes, width, words))
            target = torch.zeros(len(words), len(slot))
            target.scatter_add_(1, there - slot.start, weights)
            read = model.read(place, target.log()) + slot.start
            assert torch.equal(read, torch.from_numpy(words))


@pytest.mark.parametrize("embedding", ["value", "number"])
def test_padding_changes_nothing(embedding: str):
    reads = writes = encoding("P1000")
    model = built(reads, writes, embedding=embedding)
    shapes = [(2, 2), (1, 3), (3, 3), (2, 2)]
    inputs, outputs = draw(1, shapes), draw(2, shapes[::-1])
    ids = torch.from_numpy(reads.encode(inputs))
    truth = torch.from_numpy(with_eos(writes.encode(outputs)))
    together = model.choices(Question(ids, True), truth)
    total = sum(found.logits.square().sum() for found in together)
    alone = 0.0
    for i in range(4):
        one = model.choices(
            Question(torch.from_numpy(reads.encode(inputs[i : i + 1]))),
            torch.from_numpy(with_eos(writes.encode(outputs[i : i + 1]))),
        )
        alone += float(sum(found.logits.square().sum() for found in one).detach())
    assert float(total.detach()) == pytest.approx(alone, rel=1e-5)


def test_padded_inputs_get_the_same_answers():
    reads = writes = encoding("P1000")
    model = built(reads, writes)
    names_dims(model, 3, 1)
    inputs = draw(3, [(1, 1), (3, 3), (2, 3)])
    together = model.answer(Question(torch.from_numpy(reads.encode(inputs)), True), 99)
    for i in range(3):
        alone = model.answer(Question(torch.from_numpy(reads.encode(inputs[i : i + 1]))), 99)
        assert torch.equal(alone[0], together[i])


def test_long_answers_are_cut_off():
    reads = writes = encoding("P1000")
    model = built(reads, writes)
    names_dims(model, 2, 2)
    ids = torch.from_numpy(reads.encode(draw(4, [(2, 2)] * 2)))
    whole = model.answer(Question(ids), 50)
    assert whole.shape == (2, writes.length(2, 2) + 1) and (whole[:, -1] == EOS).all()
    for length in (1, 2, 6, 14):
        cut = model.answer(Question(ids), length)
        assert cut.shape == (2, length) and not (cut == EOS).any()
        assert torch.equal(cut[:, :2], whole[:, :2][:, :length])
    assert model.answer(Question(ids[:0]), 50).shape == (0, 0)
    with pytest.raises(InputError, match="max_length is 0"):
        model.answer(Question(ids), 0)


@pytest.mark.parametrize("embedding", ["value", "number", "random"])
def test_every_weight_learns(embedding: str):
    reads = writes = encoding("P1000", joint=True)
    model = built(reads, writes, embedding=embedding)
    kinds = np.array([0, 1])
    ids = torch.from_numpy(reads.encode(draw(5, [(2, 2)] * 2, kinds)))
    answers = torch.from_numpy(with_eos(writes.encode(draw(6, [(2, 2)] * 2, kinds))))
    sum(found.logits.square().sum() for found in model.choices(Question(ids), answers)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_matrices_beyond_its_cells_are_refused():
    reads = writes = encoding("P1000")
    model = built(reads, writes, max_dim=3)
    ids = torch.from_numpy(reads.encode(draw(7, [(1, 4)])))
    with pytest.raises(InputError, match="4 rows or columns and the model takes 3"):
        model.answer(Question(ids), 9)
    with pytest.raises(InputError, match="max_dim is 0"):
        DirectConfig(encoder=model.config.encoder, decoder=model.config.decoder, max_dim=0)
    with pytest.raises(InputError, match="not 2 and a multiple of 3"):
        built(reads, writes).answer(Question(ids[:, :-1]), 9)


@given(st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 4)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_values_are_what_the_tokens_spell(numbers: list[float]):
    for name in ("P10", "P1000", "B1999", "FP15"):
        spelled = encodings.get(name)
        ids = spelled.encode(np.array([[numbers]]))
        values = ValueEmbedding(spelled.token_numbers(), 4, 10.0).values(
            torch.from_numpy(ids[:, spelled.prefix :]).reshape(1, len(numbers), -1)
        )
        expected = spelled.decode(ids).matrices.values[:, 0]
        np.testing.assert_allclose(values.numpy(), expected, rtol=1e-14, atol=0)


def test_a_cell_is_the_same_in_every_matrix_and_unlike_all_others():
    cells = Cells(7, 5)
    torch.nn.init.normal_(cells.positions)
    torch.nn.init.zeros_(cells.row_positions)
    torch.nn.init.zeros_(cells.column_positions)
    wide = cells(7 * 7, torch.tensor([7]))[0].reshape(7, 7, 5)
    assert len(wide.reshape(49, 5).unique(dim=0)) == 49
    for columns in range(1, 8):
        narrow = cells(7 * columns, torch.tensor([columns]))[0].reshape(7, columns, 5)
        assert torch.equal(narrow, wide[:, :columns])
    square = {tuple(row) for row in wide[:3, :3].reshape(9, 5).tolist()}
    assert square == {tuple(row) for row in cells.positions[:9].tolist()}
