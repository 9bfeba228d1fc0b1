"""Options: overrides, help, and one sentence for each mistake."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from eigenformer import cli
from eigenformer.cli.parse import JsonFlag, check_output, override, parse, parse_known
from eigenformer.core import InputError

HINT = "`eigenformer fake --help` lists the options"


@dataclass(frozen=True, kw_only=True)
class Slow:
    rate: float = 1e-4
    """How fast."""

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise InputError(f"rate is {self.rate}; give a positive number")


@dataclass(frozen=True, kw_only=True)
class Fast:
    rate: float = 1e-2
    momentum: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Config:
    optimizer: Slow | Fast = field(default_factory=Slow)
    # This comment is for developers.
    batch_size: int = 64
    tests: tuple[Slow, ...] = (Slow(), Slow())
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False
    target: float | None = None


def command(
    path: Path,
    scale: float | None = None,
    layers: tuple[int, int] = (1, 2),
    tolerances: tuple[float, ...] = (0.5,),
    as_json: JsonFlag = False,
) -> int:
    """Does nothing.

    Args:
        path: where.
        scale: how much.
    """
    seen.append((path, scale, layers, tolerances, as_json))
    return 7


seen: list[tuple[object, ...]] = []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", Config()),
        ("--optimizer.rate 0.5 --batch-size 8", Config(optimizer=Slow(rate=0.5), batch_size=8)),
        ("--batch_size=8", Config(batch_size=8)),
        ("--tests.1.rate 3", Config(tests=(Slow(), Slow(rate=3)))),
        ("--compile --target 0.5", Config(compile=True, target=0.5)),
        ("--precision bfloat16", Config(precision="bfloat16")),
    ],
)
def test_options_override_a_default(words: str, expected: Config) -> None:
    assert override(Config(), words.split(), prog="fake") == expected


def test_a_union_keeps_the_type_of_its_default() -> None:
    found = override(Config(optimizer=Fast()), ["--optimizer.momentum", "0.5"], prog="fake")
    assert found.optimizer == Fast(momentum=0.5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--nothing 8", f"unknown option --nothing: {HINT}"),
        ("--batch-siez 8", f"unknown option --batch-siez: did you mean --batch-size? {HINT}"),
        (
            "--optimizer.rat=1",
            f"unknown option --optimizer.rat: did you mean --optimizer.rate? {HINT}",
        ),
        ("--optimizer.rate -1", "optimizer: rate is -1.0; give a positive number"),
        ("--tests.0.rate 0", "tests.0: rate is 0.0; give a positive number"),
        ("--batch-size many", f"--batch-size is 'many', but it takes whole numbers; {HINT}"),
        ("--optimizer.rate x", f"--optimizer.rate is 'x', but it takes numbers; {HINT}"),
        ("--batch-size", f"--batch-size needs a value; {HINT}"),
        ("--precision half", "--precision is 'half', but it takes one of 'float32', 'bfloat16'"),
        ("stray words", f"stray, words is more than this command takes; {HINT}"),
    ],
)
@pytest.mark.parametrize("columns", ["80", "200"])
def test_a_wrong_override_is_one_sentence(
    words: str, sentence: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(InputError) as error:
        override(Config(), words.split(), prog="fake")
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", f"--path PATH must be given; {HINT}"),
        ("--path", f"--path needs a value; {HINT}"),
        ("--path a --scale", f"--scale needs a value; {HINT}"),
        ("--path a --scale x", f"--scale is 'x', but it takes numbers; {HINT}"),
        ("--path a --layers 2", f"--layers needs 2 values; {HINT}"),
        ("--path a --tolerances 1 b", f"--tolerances is '1 b', but it takes numbers; {HINT}"),
        ("--path a b", f"b is more than this command takes; {HINT}"),
        ("--pat a", f"unknown option --pat: did you mean --path? {HINT}"),
        ("--path a --as-json", f"unknown option --as-json: did you mean --json? {HINT}"),
        ("--path a --no-json", f"unknown option --no-json: did you mean --json? {HINT}"),
    ],
)
def test_a_wrong_option_is_one_sentence(words: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse(command, words.split(), prog="fake")
    assert str(error.value) == sentence


def test_words_for_another_reader_come_back() -> None:
    seen.clear()
    words = ["--path", "a", "--batch-size", "3", "--scale", "2", "--optimizer.rate=1"]
    assert parse_known(command, words, prog="fake") == (
        7,
        ["--batch-size", "3", "--optimizer.rate=1"],
    )
    assert seen == [(Path("a"), 2.0, (1, 2), (0.5,), False)]
    with pytest.raises(InputError, match=r"^--scale is 'x', but it takes numbers"):
        parse_known(command, ["--path", "a", "--scale", "x"], prog="fake")


def test_a_command_gets_its_options() -> None:
    seen.clear()
    assert parse(command, ["--path", "a", "--json", "--tolerances", "1", "2"], prog="fake") == 7
    assert seen == [(Path("a"), None, (1, 2), (1.0, 2.0), True)]


def test_a_commands_own_error_comes_through() -> None:
    def fails(path: str) -> int:
        raise ValueError(f"{path} is ours")

    with pytest.raises(ValueError, match="a is ours"):
        parse(fails, ["--path", "a"], prog="fake")


@pytest.mark.parametrize("columns", ["50", "80", "200"])
def test_help(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit) as done:
        override(Config(), ["--help"], prog="fake")
    assert done.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: eigenformer fake")
    assert "How fast." in out
    assert "developers" not in out


COMMANDS = [
    "demo",
    "train fast",
    "train paper",
    "resume",
    "evaluate",
    "solve",
    "data export",
    "data inspect",
    "info",
    "speedrun",
    "bench speed",
    "bench training",
    "bench inference",
    "bench efficiency",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith(f"usage: eigenformer {name} ")
    assert max(map(len, shown.out.splitlines())) <= 80
    for ugly in ("\x1b", "default: None", "{None}", "--no-json", "as-json", "MISSING"):
        assert ugly not in shown.out


@pytest.mark.parametrize("name", ["train", "data", "bench"])
def test_commands_of_commands_show_their_usage(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([name]) == 2
    assert cli.main([name, "--help"]) == 0
    usage = f"usage: eigenformer {name} "
    assert capsys.readouterr().out.count(usage) == 2


def test_an_output_is_refused_before_the_work(tmp_path: Path) -> None:
    check_output(None, ".json")
    check_output(tmp_path / "a.json", ".npy", ".json")
    (tmp_path / "b.json").mkdir()
    for name, reason in [
        ("a.txt", r"must end in \.npy or \.json"),
        ("b.json", "is a folder"),
        ("no/a.json", "no does not exist"),
    ]:
        with pytest.raises(InputError, match=reason):
            check_output(tmp_path / name, ".npy", ".json")
