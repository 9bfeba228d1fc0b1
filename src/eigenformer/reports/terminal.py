"""Tables and studies in a terminal: what was found, without figures."""

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.display import print_parts
from . import blocks
from .report import Chapter


def show_chapter(chapter: Chapter, console: Console) -> None:
    """Print each table or study of a chapter: the paper's numbers beside ours, what it found."""
    for topic in chapter.topics:
        console.print(Text(f"{topic.heading} ({topic.where})", style="bold"))
        for block in topic.blocks:
            _show(block, console)


def _show(block: blocks.Block, console: Console) -> None:
    match block:
        case blocks.Section() | blocks.Folded(open=True):
            for inner in block.blocks:
                _show(inner, console)
        case blocks.Heading():
            console.print(Text(block.text, style="bold"))
        case blocks.Prose():
            console.print(Text(block.text))
        case blocks.Cards():
            for card in block.cards:
                console.print(Text(f"{card.claim} {card.state}: {card.text} {card.sentence}"))
        case blocks.DataTable(kind="numbers"):
            _table(console, block.heads, block.rows)
        case blocks.Grid():
            _grid(block, console)


def _grid(grid: blocks.Grid, console: Console) -> None:
    for sentence in grid.common:
        console.print(Text(sentence, style="dim"))
    heads = ["\n".join(label.text for label in column.labels) for column in grid.columns]
    rows = [
        [*(Text(label.text) for label in head.labels), *map(_numbers, slots)]
        for head, slots in zip(grid.rows, grid.slots, strict=True)
    ]
    _table(console, (*grid.row_keys, *heads), rows, keys=len(grid.row_keys))
    console.print(Text("The paper's numbers are dim, ours are bold and below them.", style="dim"))


def _numbers(slot: blocks.GridSlot) -> Text:
    """The paper's numbers and ours, a line each."""
    sides = ((slot.paper, "dim"), (slot.ours, "bold"))
    shown = [(", ".join(entry.text for entry in side), style) for side, style in sides if side]
    return Text("\n").join(Text(text, style=style) for text, style in shown)


def _table(
    console: Console, heads: Iterable[str], rows: Iterable[Iterable[Text | str]], keys: int = 1
) -> None:
    """Print a table; one wider than the terminal in parts, each with the first `keys` columns."""
    table = Table(box=SIMPLE, padding=(0, 1))
    for number, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if number < keys else "right")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    print_parts(table, console, keys)
