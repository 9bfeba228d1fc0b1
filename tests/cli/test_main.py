"""The command line's front door: overview, errors in one sentence, exit statuses."""

import errno
import json
import subprocess
import sys
import types
from collections.abc import Callable

import pytest

from eigenformer import cli
from eigenformer.core import InputError


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "eigenformer", *args], capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[list[str]], int]], None]:
    """Makes a function the sub-command `fake`."""

    def install(main: Callable[[list[str]], int]) -> None:
        module = types.ModuleType("eigenformer.cli.fake")
        module.main = main  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "eigenformer.cli.fake", module)
        monkeypatch.setitem(cli.COMMANDS, "fake", "a test's command")

    return install


def raising(error: BaseException) -> Callable[[list[str]], int]:
    def main(args: list[str]) -> int:
        raise error

    return main


def test_the_overview_imports_nothing_heavy() -> None:
    code = (
        "import sys; from eigenformer.cli import main; main(['--help']);"
        "print({'torch', 'numpy', 'tyro', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("args", [(), ("--help",), ("-h",), ("help",)])
def test_overview(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(args) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: eigenformer COMMAND")
    columns = {line.index(cli.COMMANDS[line.split()[0]]) for line in out.splitlines()[5:13]}
    assert len(columns) == 1, "the summaries should line up"
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_of_the_overview_exists(name: str) -> None:
    assert callable(cli.module_of(name).main)


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("eigenformer 0.")


def test_unknown_command_names_the_nearest() -> None:
    done = run("evalute")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        "eigenformer: error: unknown command 'evalute': did you mean 'evaluate'?"
    )
    assert done.stderr.count("\n") == 1


def test_a_users_mistake_is_one_sentence(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(raising(InputError("seed is -1; give a positive integer")))
    assert cli.main(["fake"]) == 2
    assert capsys.readouterr().err == "eigenformer: error: seed is -1; give a positive integer\n"


@pytest.mark.parametrize(
    "error",
    [InputError("x"), PermissionError(errno.EACCES, "Permission denied", "f"), KeyboardInterrupt()],
)
@pytest.mark.parametrize("args", [["fake", "--debug", "a"], ["--debug", "fake", "a"]])
def test_debug_lets_the_error_through(
    command: Callable[..., None], error: BaseException, args: list[str]
) -> None:
    seen = []

    def main(rest: list[str]) -> int:
        seen.append(rest)
        raise error

    command(main)
    with pytest.raises(type(error)):
        cli.main(args)
    assert seen == [["a"]]


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "error: the disk is full; free some space: nothing already saved is lost",
        ),
        (
            OSError(errno.EDQUOT, "Disk quota exceeded", "runs/a"),
            1,
            "error: the disk is full (writing runs/a); free some space: "
            "nothing already saved is lost",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "runs/a"),
            1,
            "error: cannot use runs/a: permission denied; check who owns it, or name another place",
        ),
        (
            IsADirectoryError(errno.EISDIR, "Is a directory", "runs"),
            1,
            "error: cannot use runs: is a directory; check the path",
        ),
        (
            OSError(errno.EFBIG, "File too large"),
            1,
            "error: the system refuses to read or write: file too large; "
            "nothing already saved is lost",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_trouble_outside_the_program_is_one_sentence(
    command: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    sentence: str,
) -> None:
    command(raising(error))
    assert cli.main(["fake"]) == status
    assert capsys.readouterr().err == f"eigenformer: {sentence}\n"


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), ValueError("ours"), OSError("ours")])
def test_our_own_mistakes_keep_their_traceback(
    command: Callable[..., None], error: Exception
) -> None:
    command(raising(error))
    with pytest.raises(type(error), match="ours"):
        cli.main(["fake"])


def test_a_closed_pipe_is_quiet() -> None:
    code = "import sys; from eigenformer.cli import main; sys.stdin.read(); sys.exit(main([]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()  # The reader leaves before the overview is written.
    process.stdin.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


def test_threads_do_not_spin() -> None:
    code = (
        "import os; from eigenformer.cli import main; main(['help']); print(os.environ.get('{}'))"
    )
    code = code.format("OMP_WAIT_POLICY")
    for given, expected in [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")]:
        env = {"OMP_WAIT_POLICY": given} if given else {}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
        )
        assert done.stdout.splitlines()[-1] == expected


def test_info_shows_versions_machine_and_names() -> None:
    done = run("info", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["cores"] >= 1
    assert facts["matmul float32 GFLOP/s"] > 0
    assert "P1000" in facts["encodings"]
    assert "iid-uniform" in facts["ensembles"]
    assert "eigenvalues" in facts["problems"]
    assert any(line.startswith("torch 2") for line in facts["versions"])
