"""`eigenformer bench start`: what lists and help cost, in starts of NumPy."""

import os
import shlex
import subprocess
import sys

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from . import COMMANDS
from .answers import json_lines
from .parse import JsonFlag, parse

LISTS = (
    "models list",
    "construct list",
    "paper list",
    "paper claims",
    "incontext list",
    "train fast --help",
    "paper run --help",
)


def main(args: list[str]) -> int:
    return parse(start, args, prog="bench start")


def start(repeats: int = 3, as_json: JsonFlag = False) -> int:
    """Processor time of commands that only show something, over that of `import numpy`.

    Each is run in turn with `import numpy`, and of each the least of some times is taken; `import
    torch` stands beside them.

    Args:
        repeats: times that each is run.
        as_json: print JSON instead of a table.
    """
    commands = [*LISTS, *(f"{name} --help" for name in COMMANDS)]
    words = {text: ["-m", "eigenformer", *shlex.split(text)] for text in commands}
    words |= {"import torch": ["-c", "import torch"], "import numpy": ["-c", "import numpy"]}
    least = dict.fromkeys(words, float("inf"))
    for _ in range(max(1, repeats)):
        for text, line in words.items():
            least[text] = min(least[text], _seconds([sys.executable, *line]))
    ratios = {text: least[text] / least["import numpy"] for text in words}
    if as_json:
        print(json_lines([{"command": text, "ratio": ratio} for text, ratio in ratios.items()]))
        return 0
    table = Table(box=SIMPLE)
    table.add_column("command")
    table.add_column("times `import numpy`", justify="right")
    for text, ratio in sorted(ratios.items(), key=lambda each: each[1]):
        table.add_row(text, f"{ratio:.1f}")
    Console(highlight=False).print(table)
    return 0


def _seconds(command: list[str]) -> float:
    """Processor time of a process and those that it started."""
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = os.times()
    return (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
