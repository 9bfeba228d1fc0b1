"""The command line as tests use it: in this process, one call a command."""

from pathlib import Path

import pytest

from eigenformer import cli

TINY = [
    *("--width", "32", "--layers", "1", "1", "--batch-size", "32", "--examples", "1280"),
    *("--evaluation.every", "640", "--evaluation.tests.0.size", "50"),
    *("--problem", "transpose", "--dims", "2x2", "--optimizer.rate", "1e-3"),
    *("--schedule.warmup-steps", "10", "--workers", "0"),
]
"""40 steps, two evaluations, overrides at every depth."""


def run(*words: str | Path) -> int:
    return cli.main([str(word) for word in words])


def complaint(
    words: list[str], capsys: pytest.CaptureFixture[str], status: int = 2, out: str | None = ""
) -> str:
    """The one sentence on standard error of a command that fails.

    Standard output must be `out`; None for anything.
    """
    assert run(*words) == status
    shown = capsys.readouterr()
    assert out is None or shown.out == out
    assert shown.err.startswith("eigenformer: error: ")
    assert shown.err.endswith("\n")
    assert shown.err.count("\n") == 1
    assert "Traceback" not in shown.err
    return shown.err
