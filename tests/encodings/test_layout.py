"""Sequences: dimensions, coefficients row by row, task tokens, padding, and what has no tokens."""

import re
from dataclasses import replace

import numpy as np
import pytest
from numbers_to_try import ALL

from eigenformer import encodings, ensembles, rng
from eigenformer.core import InputError
from eigenformer.encodings import EOS, PAD, Encoding, with_eos
from eigenformer.ensembles import Matrices


@pytest.mark.parametrize("name", ALL)
def test_vocabulary_has_no_word_twice(name):
    encoding = ALL[name]
    assert len(set(encoding.vocabulary)) == len(encoding.vocabulary)
    assert encoding.vocabulary[EOS] == "<eos>"
    assert encoding.vocabulary[PAD] == "<pad>"
    assert encoding.vocabulary[encoding.first_dim] == "V1"
    ids = np.arange(2, len(encoding.vocabulary))
    np.testing.assert_array_equal(encoding.ids(list(encoding.vocabulary[2:])), ids)


def test_sizes_of_vocabularies():
    words = {name: len(encodings.get(name).vocabulary) - 2 - 100 for name in encodings.COMMON}
    assert words["P10"] == 2 + 10 + 201
    assert words["P1000"] == 2 + 1000 + 201
    assert words["B1999"] == 1999 + 201
    assert words["FP15"] == 2 * (16 * 900 + 99) + 1


def test_rectangular_matrices_are_written_row_by_row():
    matrix = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
    words = ALL["B1999"].words(ALL["B1999"].encode(matrix))[0]
    assert words[:2] == ["V2", "V3"]
    assert words[2::2] == ["100", "200", "300", "400", "500", "600"]
    assert ALL["B1999"].length(2, 3) == len(words)


@pytest.mark.parametrize("name", ["P10", "P1000", "B1999", "FP15"])
def test_mixed_shapes_are_padded_at_the_end_only(name):
    encoding = encodings.get(name)
    drawn = ensembles.get("iid-uniform", dims="1-4x2-6").draw(rng(0), 200)
    ids = encoding.encode(drawn)
    lengths = (ids != PAD).sum(axis=1)
    assert ids.shape[1] == lengths.max()
    for i in range(len(drawn)):
        m, n = int(drawn.rows[i]), int(drawn.columns[i])
        assert lengths[i] == encoding.length(m, n)
        alone = encoding.encode(drawn.values[i : i + 1, :m, :n])
        np.testing.assert_array_equal(ids[i, : lengths[i]], alone[0])
        assert (ids[i, lengths[i] :] == PAD).all()
    decoded = encoding.decode(with_eos(ids))
    assert decoded.valid.all()
    np.testing.assert_array_equal(decoded.matrices.rows, drawn.rows)
    np.testing.assert_array_equal(decoded.matrices.columns, drawn.columns)
    np.testing.assert_allclose(decoded.matrices.values, drawn.values, rtol=5.01e-3, atol=1e-9)
    assert (decoded.matrices.values[~drawn.mask()] == 0).all()


def test_every_sequence_gets_one_eos():
    drawn = ensembles.get("iid-uniform", dims="1-3").draw(rng(0), 50)
    ids = ALL["P1000"].encode(drawn)
    ended = with_eos(ids)
    assert ended.shape == (50, ids.shape[1] + 1)
    assert ((ended == EOS).sum(axis=1) == 1).all()
    np.testing.assert_array_equal(ended.argmin(axis=1), (ids != PAD).sum(axis=1))


def test_task_tokens_come_first():
    encoding = replace(ALL["FP15"], tasks=("transpose", "add"))
    matrices = Matrices.of(np.ones((3, 1, 1)))
    matrices = replace(matrices, kinds=np.array([1, 0, 1]))
    words = encoding.words(encoding.encode(matrices))
    assert [w[0] for w in words] == ["<add>", "<transpose>", "<add>"]
    assert words[0][1:] == ["V1", "V1", "FP100/-2"]
    assert encoding.prefix == 3
    assert encoding.length(2, 2) == 7
    decoded = encoding.decode(encoding.encode(matrices))
    np.testing.assert_array_equal(decoded.matrices.kinds, matrices.kinds)
    with pytest.raises(InputError, match="transpose, add"):
        encoding.encode(np.ones((3, 1, 1)))


def test_no_matrices_are_no_sequences():
    empty = Matrices.of(np.zeros((0, 2, 2)))
    assert ALL["P1000"].encode(empty).shape == (0, 14)
    assert len(ALL["P1000"].decode(np.zeros((0, 14), np.int64)).matrices) == 0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e300, -1e150, 1e120])
def test_what_is_out_of_range_is_an_error_and_flagged(name, value):
    encoding = ALL[name]
    matrices = np.ones((3, 2, 2))
    matrices[1, 1, 0] = value
    ids, ok = encoding.try_encode(Matrices.of(matrices))
    assert ok.tolist() == [True, False, True]
    assert encoding.decode(ids).valid[[0, 2]].all()
    with pytest.raises(InputError, match=re.escape(f"coefficient {value:g} is outside")):
        encoding.encode(matrices)


@pytest.mark.parametrize("name", ["P10", "P1000", "B1999", "P10 with 15 digits"])
def test_exponents_end_at_100(name):
    encoding = ALL[name]
    shift = encoding.digits - 1
    inside = [float(f"1e{-100 + shift}"), float(f"9.9e{100 + shift}")]
    assert encoding.words(encoding.encode(np.array([[inside]])))[0][-1] == "E100"
    for outside in (float(f"9.9e{-101 + shift}"), float(f"1e{101 + shift}"), 5e-324):
        assert not encoding.try_encode(Matrices.of(np.array([[[outside]]])))[1].any()


def test_fp15_ends_where_it_should():
    encoding = ALL["FP15"]
    assert (encoding.lowest, encoding.highest) == (-9, 6)
    words = encoding.words(encoding.encode(np.array([[[9.994e8, -9.994e8, 4.9e-10, 5e-324]]])))
    assert words[0][2:] == ["FP999/6", "FP-999/6", "FP0/0", "FP0/0"]
    assert not encoding.try_encode(Matrices.of(np.array([[[9.996e8]]])))[1].any()


def test_dimensions_without_a_token_are_an_error():
    with pytest.raises(InputError, match=r"up to V3, but a matrix has 4 .* raise max_dim"):
        encodings.get("P10", max_dim=3).encode(np.ones((1, 2, 4)))


def test_unknown_words_are_an_error():
    with pytest.raises(InputError, match=r"unknown word of P1000 'E101': did you mean"):
        ALL["P1000"].ids(["V1", "E101"])


def test_words_end_at_the_first_eos_or_pad():
    ids = np.array([[2, 3, EOS, 2], [2, PAD, 2, 2]])
    assert ALL["P10"].words(ids) == [["V1", "V2"], ["V1"]]


@pytest.mark.parametrize("name", ALL)
def test_the_number_behind_each_token(name):
    encoding = ALL[name]
    numbers = encoding.token_numbers()
    for array in (numbers.sign, numbers.mantissa, numbers.exponent):
        assert array.shape == (len(encoding.vocabulary),)
    first = encoding.first_number
    assert (numbers.sign[:first] == 0).all()
    assert np.isnan(numbers.mantissa[:first]).all()
    assert np.isnan(numbers.exponent[:first]).all()
    assert np.nanmax(numbers.mantissa) == numbers.mantissa_range - 1
    for word, sign, mantissa, exponent in zip(
        encoding.vocabulary[first:],
        numbers.sign[first:],
        numbers.mantissa[first:],
        numbers.exponent[first:],
        strict=True,
    ):
        if word in "+-":
            assert (sign, np.isnan(mantissa), np.isnan(exponent)) == (int(word + "1"), True, True)
        elif word.startswith("E"):
            assert (sign, np.isnan(mantissa), exponent) == (0, True, int(word[1:]))
        elif word.startswith("FP"):
            signed, power = word[2:].split("/")
            assert sign == (-1 if "-" in signed else 1)
            assert (mantissa, exponent) == (abs(int(signed)), int(power))
        else:
            assert (mantissa, np.isnan(exponent)) == (abs(int(word)), True)
            assert sign == (0 if name[0] == "P" else -1 if word[0] == "-" else 1)


@pytest.mark.parametrize("name", [*encodings.COMMON, "B19", "B199", "P100000", "FP6"])
def test_names_give_encodings_of_that_label(name):
    encoding = encodings.get(name)
    assert encoding.label == name
    assert Encoding.registry.name_of(encoding) in ("P", "B", "FP")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("P100O", {}, "unknown encoding 'P100O': did you mean 'P100'"),
        ("P20", {}, "base is 20; give a power of ten"),
        ("B1998", {}, "B takes"),
        ("B0", {}, "unknown encoding"),
        ("FP0", {}, "unknown encoding"),
        ("FP100", {}, "span is 100"),
        ("FP15", {"precision": 5}, "precision is 5"),
        ("P100", {"precision": 3}, "multiple of 2"),
        ("P10", {"precision": 16}, "precision is 16"),
        ("P10", {"digits": 3}, "unknown option of encoding 'P' 'digits'"),
        ("P10", {"max_dim": 0}, "max_dim is 0"),
        ("B1999", {"precision": 4}, "B1999 has precision 3, but the option says 4"),
        ("P10", {"base": 100}, "P10 has base 10, but the option says 100"),
    ],
)
def test_names_and_options_that_are_refused(name, options, message):
    with pytest.raises(InputError, match=message):
        encodings.get(name, **options)


def test_names_of_plug_ins_are_listed_and_found():
    assert encodings.names()[: len(encodings.COMMON)] == encodings.COMMON
    assert encodings.get("P") == encodings.get("P1000")
