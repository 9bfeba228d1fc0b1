"""params.pkl: settings are read, and nothing in the file is run, looked up or made."""

import argparse
import collections
import contextlib
import os
import pickle
import pickletools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from lawt_reference import random_states, settings, write_run

from eigenformer.core import InputError
from eigenformer.zoo.lawt import import_run
from eigenformer.zoo.lawt.params import read_params

# Each example writes the same file of the same folder anew.
FOLDER = [HealthCheck.function_scoped_fixture]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=5),
    st.lists(SCALARS, max_size=5).map(tuple),
    st.dictionaries(st.text(max_size=5), SCALARS, max_size=5),
)


def write(folder: Path, content: bytes) -> Path:
    file = folder / "params.pkl"
    file.write_bytes(content)
    return file


@given(st.dictionaries(st.text(min_size=1, max_size=10), VALUES, max_size=12), st.integers(2, 5))
@examples(max_examples=60, deadline=None, suppress_health_check=FOLDER)
def test_namespaces_of_plain_values_come_back(tmp_path: Path, values: dict, protocol: int) -> None:
    namespace = argparse.Namespace()
    namespace.__dict__.update(values)
    assert read_params(write(tmp_path, pickle.dumps(namespace, protocol))) == values


class Command:
    """Runs a command when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Argument(argparse.Namespace):
    pass


HOSTILE = {
    "posix.system": lambda: Command(os.system, "touch HIT"),
    "_*builtins?_*.eval": lambda: Command(eval, "open('HIT', 'w')"),
    "_*builtins?_*.exec": lambda: argparse.Namespace(a=Command(exec, "open('HIT', 'w')")),
    "_*builtins?_*.getattr": lambda: argparse.Namespace(a=[Command(getattr, "a", "upper")]),
    "(_reconstruct|_frombuffer)": lambda: argparse.Namespace(a=np.zeros(3)),
    "scalar": lambda: argparse.Namespace(lr=np.float64(1.0)),
    "torch._utils._rebuild_tensor": lambda: argparse.Namespace(a=torch.zeros(2)),
    "collections.OrderedDict": lambda: argparse.Namespace(a=collections.OrderedDict(b=1)),
    "pathlib": lambda: argparse.Namespace(dump_path=Path("a")),
    "Argument": lambda: Argument(a=1),
    "_*builtins?_*.print": lambda: argparse.Namespace(a=print),
    "argparse.ArgumentParser": lambda: argparse.Namespace(a=argparse.ArgumentParser),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", HOSTILE)
def test_other_classes_are_named_and_refused(
    name: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path, pickle.dumps(HOSTILE[name](), protocol))
    with pytest.raises(InputError, match=f"of the class .*{name}.*, which is not loaded"):
        read_params(file)
    assert not (tmp_path / "HIT").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'touch HIT'\ntR.",
        b"\x80\x02cbuiltins\neval\n(X\x0e\x00\x00\x00open('HIT','w')tR.",
        # Attributes of the class itself.
        b"\x80\x02cargparse\nNamespace\nN}X\x08\x00\x00\x00__init__Ns\x86b.",
        # An object within its own attributes.
        b"\x80\x02cargparse\nNamespace\n)\x81q\x00}X\x01\x00\x00\x00ah\x00sb.",
    ],
)
def test_written_by_hand(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = dict(vars(argparse.Namespace))
    with pytest.raises(InputError):
        read_params(write(tmp_path, content))
    assert not (tmp_path / "HIT").exists()
    assert dict(vars(argparse.Namespace)) == before


NESTED = b"\x80\x04" + b"(" * 3 + b"]" + b"\x85" * 50_000 + b"."
MEMO = b"\x80\x04}r\xff\xff\xff\xff."
SHARED = b"\x80\x02]q\x00(" + b"h\x00" * 20 + b"e."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a pickle, or is damaged"),
        (b"PK\x03\x04 not a pickle", "is not a pickle, or is damaged"),
        (b"\x80\x04.", "is not a pickle, or is damaged"),
        (pickle.dumps(settings(), 4), "holds a dict, not the argparse.Namespace of a LAWT run"),
        (pickle.dumps([1, 2], 4), "holds a list, not the argparse.Namespace of a LAWT run"),
        (pickle.dumps(argparse.Namespace(a=[[1]]), 4), "holds a list within a list"),
        (pickle.dumps(argparse.Namespace(a=b"1"), 4), "instruction SHORT_BINBYTES"),
        (pickle.dumps(argparse.Namespace(a={1, 2}), 4), "instruction EMPTY_SET"),
        (pickle.dumps(argparse.Namespace(a=1), 0), "copy_?reg._reconstructor"),
        (pickle.dumps(argparse.Namespace(a=1), 4)[:-9], "is not a pickle, or is damaged"),
        (b" " * 200_000, "has 200,000 bytes; the settings of a LAWT run have about 2,000"),
        (NESTED, "holds a list within a list"),
        (MEMO, "holds a dict, not the argparse.Namespace"),
        (SHARED, "holds a list within a list"),
        (b"\x80\x02\x82\x01.", "instruction EXT1"),
        (b"\x80\x02Q.", "instruction BINPERSID"),
    ],
)
def test_other_files_are_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        read_params(write(tmp_path, content))


OPCODES = st.sampled_from([opcode.code.encode("latin1") for opcode in pickletools.opcodes])
PIECES = st.one_of(
    OPCODES,
    st.binary(max_size=6),
    st.just(b"cargparse\nNamespace\n)\x81"),
    st.just(b"X\x01\x00\x00\x00a"),
    st.just(b"cos\nsystem\n"),
)


@given(st.lists(PIECES, max_size=40).map(b"".join), st.booleans())
@examples(max_examples=300, deadline=1000, suppress_health_check=FOLDER)
def test_any_bytes_give_settings_or_a_sentence(tmp_path: Path, body: bytes, whole: bool) -> None:
    content = b"\x80\x04" + body + b"." if whole else body
    try:
        found = read_params(write(tmp_path, content))
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(found, dict)


@given(st.data())
@examples(max_examples=150, deadline=1000, suppress_health_check=FOLDER)
def test_a_changed_byte_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(pickle.dumps(argparse.Namespace(**settings()), 4))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        assert isinstance(read_params(write(tmp_path, bytes(content))), dict)


def test_a_hostile_checkpoint_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    states = random_states(settings(), 0)
    folder = write_run(tmp_path / "run", settings(), states)
    torch.save({"x": Command(os.system, "touch HIT"), **states}, folder / "checkpoint.pth")
    with pytest.raises(InputError, match="holds more than tensors and plain values"):
        import_run(folder)
    assert not (tmp_path / "HIT").exists()


@pytest.mark.parametrize("change", ["cut", "text", "other"])
def test_checkpoints_that_are_damaged(change: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", settings(), random_states(settings(), 0))
    file = folder / "checkpoint.pth"
    if change == "cut":
        file.write_bytes(file.read_bytes()[:-1000])
    elif change == "text":
        file.write_text("hello")
    else:
        torch.save([1, 2, 3], file)
    with pytest.raises(InputError, match=r"is damaged|no weights of the encoder"):
        import_run(folder)
