"""Whatever a network writes: decoded, or refused for the right reason; never an exception."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numbers_to_try import ALL

from eigenformer.encodings import EOS, PAD, Encoding, Reason

TASKS = ("transpose", "add")
WITH_TASKS = {name: replace(encoding, tasks=TASKS) for name, encoding in ALL.items()}


def read(encoding: Encoding, text: str):
    decoded = encoding.decode(encoding.ids(text.split())[None])
    return Reason(decoded.reason[0]), decoded


def one(name: str) -> str:
    """3.14 in words."""
    encoding = ALL[name]
    return " ".join(encoding.words(encoding.encode(np.full((1, 1, 1), 3.14)))[0][2:])


@pytest.mark.parametrize("name", ALL)
def test_each_kind_of_malformed_answer_has_its_reason(name):
    x = one(name)
    cases = {
        "": Reason.NO_DIMENSIONS,
        "V1": Reason.NO_DIMENSIONS,
        x: Reason.NO_DIMENSIONS,
        f"V1 {x}": Reason.NO_DIMENSIONS,
        f"<eos> V1 V1 {x}": Reason.NO_DIMENSIONS,
        "V1 V1": Reason.WRONG_LENGTH,
        f"V1 V2 {x}": Reason.WRONG_LENGTH,
        f"V1 V1 {x} {x}": Reason.WRONG_LENGTH,
        f"V1 V2 {x} <eos> {x}": Reason.WRONG_LENGTH,
        f"V100 V100 {x}": Reason.WRONG_LENGTH,
        f"V1 V2 {x} " + " ".join(["V1"] * len(x.split())): Reason.NOT_A_NUMBER,
        f"V1 V1 {x}": Reason.OK,
        f"V1 V1 {x} <eos>": Reason.OK,
        f"V1 V1 {x} <eos> V1 V1 {x}": Reason.OK,
        f"V1 V1 {x} <pad> <pad>": Reason.OK,
        f"V2 V1 {x} {x}": Reason.OK,
    }
    for text, expected in cases.items():
        reason, decoded = read(ALL[name], text)
        assert reason == expected, text
        assert decoded.valid[0] == (reason == Reason.OK)
        assert bool(reason.text) == (reason != Reason.OK)
        if decoded.valid[0]:
            np.testing.assert_allclose(decoded.matrices.values, 3.14, rtol=0.05)
        else:
            assert decoded.matrices.values.size == 0
            assert decoded.matrices.rows[0] == decoded.matrices.columns[0] == 0


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("P1000", "314 + E-2"),
        ("P1000", "+ E-2 314"),
        ("P1000", "+ + E-2"),
        ("P1000", "+ 314 314"),
        ("P1000", "314 314 E-2"),
        ("P10", "+ 3 1 E-2 4"),
        ("P10", "+ 3 - 4 E-2"),
        ("B1999", "E-2 314"),
        ("B1999", "314 314"),
        ("B1999", "E-2 E-2"),
    ],
)
def test_words_in_the_wrong_place_are_no_number(name, spelling):
    assert read(ALL[name], f"V1 V1 {spelling}")[0] == Reason.NOT_A_NUMBER


@pytest.mark.parametrize("name", ALL)
def test_a_missing_or_misplaced_task_is_a_reason(name):
    x, encoding = one(name), WITH_TASKS[name]
    assert read(encoding, f"V1 V1 {x}")[0] == Reason.NO_TASK
    assert read(encoding, "")[0] == Reason.NO_TASK
    assert read(encoding, "<add> V1")[0] == Reason.NO_DIMENSIONS
    assert read(encoding, f"<add> <add> V1 {x}")[0] == Reason.NO_DIMENSIONS
    reason, decoded = read(encoding, f"<add> V1 V1 {x}")
    assert reason == Reason.OK
    assert decoded.matrices.kinds.tolist() == [1]
    assert read(encoding, "<add>")[1].matrices.kinds.tolist() == [-1]


def test_only_the_malformed_of_a_batch_are_refused():
    encoding = ALL["FP15"]
    ids = np.full((3, 6), PAD)
    for row, text in zip(
        ids, ["V1 V2 FP100/0 FP200/0", "V3", "V2 V2" + 4 * " FP5/-9"], strict=True
    ):
        words = encoding.ids(text.split())
        row[: len(words)] = words
    decoded = encoding.decode(ids)
    assert decoded.valid.tolist() == [True, False, True]
    np.testing.assert_array_equal(decoded.matrices.values[0], [[100, 200], [0, 0]])
    np.testing.assert_array_equal(decoded.matrices.values[1], np.zeros((2, 2)))
    np.testing.assert_array_equal(decoded.matrices.values[2], np.full((2, 2), 5e-9))
    assert decoded.matrices.rows.tolist() == [1, 0, 2]
    assert decoded.matrices.columns.tolist() == [2, 0, 2]


INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize("name", ALL)
@given(st.data())
@settings(max_examples=60)
def test_any_ids_at_all_are_decoded_without_an_exception(name, data):
    encoding = data.draw(st.sampled_from([ALL[name], WITH_TASKS[name]]))
    ids = data.draw(
        arrays(
            np.int64,
            st.tuples(st.integers(0, 4), st.integers(0, 12)),
            elements=st.one_of(st.integers(-2, len(encoding.vocabulary) + 2), INT64),
        )
    )
    decoded = encoding.decode(ids)
    np.testing.assert_array_equal(decoded.valid, decoded.reason == Reason.OK)
    assert (decoded.matrices.rows[~decoded.valid] == 0).all()
    assert np.isfinite(decoded.matrices.values).all()
    assert len(decoded.matrices) == len(ids)


def canonical(encoding: Encoding, words: list[str]) -> bool:
    """Whether the words of one coefficient are those that encoding it would give."""
    if encoding.label.startswith("FP"):
        return True
    if encoding.label.startswith("B"):
        mantissa = words[0].removeprefix("-")
        return len(mantissa) == encoding.digits or words == ["0", "E0"]
    digits = words[1:-1]
    return (digits[0] >= "1" and len(digits[0]) == encoding.digits // len(digits)) or (
        words == ["+", *("0" for _ in digits), "E0"]
    )


@pytest.mark.parametrize("name", ALL)
@given(st.data())
@settings(max_examples=40)
def test_valid_ids_are_encoded_again_to_the_same_if_canonical(name, data):
    encoding = ALL[name]
    words = encoding.vocabulary[encoding.first_number :]
    spelled = [data.draw(st.sampled_from(words)) for _ in range(2 * encoding.tokens_per_number)]
    if name[0] != "F" and data.draw(st.booleans()):  # seldom a number by chance
        mantissas = [word for word in words if word[0] not in "+E" and word != "-"]
        exponents = [word for word in words if word[0] == "E"]
        for i in range(len(spelled)):
            place = i % encoding.tokens_per_number
            kind = mantissas
            if place == encoding.tokens_per_number - 1:
                kind = exponents
            elif name[0] == "P" and place == 0:
                kind = ["+", "-"]
            spelled[i] = data.draw(st.sampled_from(kind))
    ids = encoding.ids(["V1", "V2", *spelled])[None]
    decoded = encoding.decode(ids)
    if not decoded.valid[0]:
        assert decoded.reason[0] == Reason.NOT_A_NUMBER
        return
    half = encoding.tokens_per_number
    if canonical(encoding, spelled[:half]) and canonical(encoding, spelled[half:]):
        np.testing.assert_array_equal(encoding.encode(decoded.matrices), ids)
    else:
        again, ok = encoding.try_encode(decoded.matrices)
        if ok[0]:  # 5 E-100 would be 500 E-102
            values = encoding.decode(again).matrices.values
            np.testing.assert_allclose(values, decoded.matrices.values, rtol=1e-14)


@pytest.mark.parametrize("name", ["P1000", "B1999", "FP15"])
@given(st.data())
@settings(max_examples=30)
def test_a_sequence_cut_short_or_run_on_is_refused(name, data):
    encoding = ALL[name]
    ids = encoding.encode(np.full((1, 2, 3), -2.5))[0]
    cut = data.draw(st.integers(0, len(ids) - 1))
    more = data.draw(st.lists(st.integers(2, len(encoding.vocabulary) - 1), min_size=1, max_size=8))
    for sequence in (ids[:cut], np.append(ids[:cut], EOS), np.concatenate([ids, more])):
        decoded = encoding.decode(sequence[None])
        expected = Reason.NO_DIMENSIONS if len(sequence) <= 2 and cut < 2 else Reason.WRONG_LENGTH
        assert decoded.reason[0] == expected
