"""Commands of the documentation, made small enough to be run with every test run.

What is cut is how much is computed, never what: trainings keep their recipe, problem, encodings and
stages, and lose width and examples; sweeps keep one combination; scores lose matrices. Commands for
GPUs, for Ray and for the paper's tables have their options read and their runs planned, and nothing
is trained.
"""

import contextlib
import io
import re
from collections.abc import Mapping

from torch.distributed.run import get_args_parser

TINY = {
    "--examples": "64",
    "--width": "32",
    "--layers": "1 1",
    "--batch-size": "32",
    "--evaluation.tests.0.size": "20",
}
"""Of every training on tokens."""
TINY_GRIDS = {name: TINY[name] for name in TINY if name not in ("--width", "--layers")}
"""Of models whose size is their own."""
TINY_PROMPTS = {"--steps": "20", "--batch": "16"}
"""Of every training on prompts."""
SLOW = {
    ("construct", "check", "--all"): ("construct", "check", "newton", "--samples", "20"),
    ("paper", "list"): ("paper", "list", "--scale", "laptop"),
    ("paper", "claims"): ("paper", "claims", "C02"),
    ("paper", "report"): ("paper", "report", "table02"),
    ("demo",): ("demo", "--help"),
    ("bench", "speed"): ("bench", "speed", "--help"),
    ("bench", "inference"): ("bench", "inference", "--help"),
    ("app",): ("app", "--help"),
    ("circuits", "score", "--families"): ("circuits", "score", "--circuits", "faint"),
}
"""Commands that take minutes, by how they begin, and what is run in their place."""


def reduced(words: list[str]) -> list[str]:
    """What to run in place of a command of a page."""
    if words[0] == "torchrun":
        return _without_torchrun(words)
    if words[0] != "eigenformer":
        return words
    for beginning, instead in SLOW.items():
        if tuple(words[1 : 1 + len(beginning)]) == beginning:
            return ["eigenformer", *instead]
    if words[1:3] == ["paper", "run"]:
        return [*words, "--dry-run"]
    if words[1] == "speedrun" and len(words) > 3 and not words[3].startswith("--"):
        return _with(words, {"--limit": "0.1"})
    if words[1] == "train":
        return _training(words)
    if words[1] == "sweep":
        return _sweep(words)
    if words[1] == "evaluate":
        return _with(words, {"--n": "50"})
    if words[1:3] == ["data", "export"]:
        return _with(words, {"--n": "50"})
    if words[1:3] == ["construct", "check"]:
        return _with(words, {"--samples": "20"})
    return words


def _training(words: list[str]) -> list[str]:
    if "--show" in words:
        return words
    if "cuda" in words:
        return [*words, "--show"]
    words = _with(words, {**_tiny(words), "--workers": "0"})
    return [re.sub(r"^(\d+x\d+):\d+$", r"\1:64", word) for word in words]  # stages


def _without_torchrun(words: list[str]) -> list[str]:
    """The command that torchrun would start; its own options are read by its own parser."""
    with contextlib.redirect_stderr(io.StringIO()):
        read = get_args_parser().parse_args(words[1:])
    assert read.module and read.training_script == "eigenformer", words
    return reduced(["eigenformer", *read.training_script_args])


def _sweep(words: list[str]) -> list[str]:
    """One combination of its values; only planned if it needs a GPU or Ray."""
    axes = {f"--{word.partition('=')[0]}" for word in words if "=" in word}
    words = [word.partition(",")[0] if "=" in word else word for word in words]
    tiny = {name: value for name, value in _tiny(words).items() if name not in axes}
    planned = "ray" in words or "cuda" in words
    return [*_with(words, tiny), "--dry-run" if planned else "--quiet"]


def _tiny(words: list[str]) -> dict[str, str]:
    if words[2] in ("fast", "paper"):
        return TINY
    return TINY_GRIDS if words[2] in ("grid", "sizefree") else TINY_PROMPTS


def _with(words: list[str], options: Mapping[str, str]) -> list[str]:
    """`words` with these options in place of their own."""
    kept: list[str] = []
    skipping = False
    for word in words:
        if word.startswith("--"):
            skipping = word in options
        if not skipping:
            kept.append(word)
    return [*kept, *(part for name, value in options.items() for part in (name, *value.split()))]
