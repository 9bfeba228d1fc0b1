"""A report as Markdown (GitHub's), with its figures beside it."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import blocks
from .blocks import STATES, counted
from .drawing import dark


def write_markdown(document: blocks.Document, folder: Path) -> None:
    """Write `folder`/README.md and the figures, each for light and for dark pages.

    The same report gives the same bytes. Figures need matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for picture in document.pictures:
        name = picture.figure.name
        _write(folder / f"{name}.svg", picture.svg)
        _write(folder / f"{name}-dark.svg", dark(picture.svg))
    _write(folder / "README.md", markdown(document))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def markdown(document: blocks.Document) -> str:
    """The text of README.md."""
    blocks = [f"# {prose(document.title)}", prose(document.lead), *_blocks(document.blocks)]
    return "\n\n".join(text for text in blocks if text) + "\n"


def escape(text: str) -> str:
    """`text` so that it is read as it stands, on one line."""
    return _no_list(_literal(" ".join(text.split())))


def prose(text: str) -> str:
    """`text` on one line, with what stands between backticks as code."""
    pieces = " ".join(text.split()).split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return _no_list(
        "`".join(one if place % 2 else _literal(one) for place, one in enumerate(pieces))
    )


def _literal(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)


def _no_list(line: str) -> str:
    """At its start these would begin a list, or underline a heading."""
    return re.sub(r"^(\d*)([-+=.)])(?=[-=\s]|$)", r"\1\\\2", line)


def _blocks(blocks: Iterable[blocks.Block]) -> list[str]:
    return [text for block in blocks for text in _block(block)]


def _block(block: blocks.Block) -> list[str]:
    """Its pieces, between which an empty line stands; those that are empty don't count."""
    match block:
        case blocks.Section():
            return _blocks(block.blocks)
        case blocks.Heading():
            # A heading has its own text for a name, if that is one word.
            anchor = [] if block.text.lower() == block.anchor else [f'<a id="{block.anchor}"></a>']
            title = f"{'#' * block.level} {prose(block.text)}"
            return [*anchor, title, prose(block.where or "")]
        case blocks.Prose():
            return [prose(block.text)]
        case blocks.Counts():
            shown = " · ".join(f"{number} {word}" for _, number, word in counted(block.states))
            return [f"**{shown}** of {len(block.states)} claims"]
        case blocks.Cards():
            return [_bullets(map(_card, block.cards))]
        case blocks.ClaimTable():
            return [_table(("claim", "", "verdict", "studies"), map(_claim, block.cards))]
        case blocks.Facts():
            strong = "**" if block.main else ""
            return [_bullets(f"{strong}{t}{strong}: {prose(text)}" for t, text in block.terms)]
        case blocks.Guide():
            items = (f"**{prose(term)}**: {prose(text)}" for term, text in block.terms)
            return ["## How to read the numbers", _bullets(items)]
        case blocks.Contents():
            return ["## Contents", _contents(block)]
        case blocks.DataTable():
            return [_table(block.heads, (map(prose, row) for row in block.rows))]
        case blocks.Grid():
            return [prose(" ".join(block.common)), _grid(block)]
        case blocks.Picture():
            return [_picture(block), prose(block.figure.caption)]
        case blocks.Pictures():
            notes = (
                f"*{prose(one.title)}*: {prose(one.figure.caption)}"
                for one in block.pictures
                if one.figure.caption
            )
            return ["\n".join(map(_picture, block.pictures)), _bullets(notes)]
        case blocks.Folded():
            if block.open:
                return [f"### {prose(block.title)}", *_blocks(block.blocks)]
            opening = f"<details><summary>{prose(block.title)}</summary>"
            return [opening, *_blocks(block.blocks), "</details>"]


def _table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _lines(*texts: str) -> str:
    """In one cell or item, those that are empty left out."""
    return "<br>".join(text for text in texts if text)


def _card(card: blocks.Card) -> str:
    title = f"**{prose(card.claim)} {STATES[card.state]}.**"
    title = f'<a id="{card.anchor}"></a>{title}' if card.home else f"[{title}](#{card.anchor})"
    where = f" ({prose(card.where)})" if card.where else ""
    return _lines(
        f"{title} {prose(card.text)}{where}",
        f"**{prose(card.summary)}.** {prose(card.setting)}" if card.summary else "",
        *(f"*{prose(one.verdict)}* · {prose(one.text)}" for one in card.parts),
        prose(card.sentence),
        f"**Not about:** {prose(card.limits)}" if card.limits else "",
        f"**Would decide it:** {prose(card.would_decide)}" if card.would_decide else "",
        f"The paper: {prose(card.figures)}" if card.figures else "",
        ", ".join(map(_link, card.links)),
        *(f"<sub>{prose(one)}</sub>" for one in card.changes),
    )


def _claim(card: blocks.Card) -> list[str]:
    return [
        f'<a id="{card.anchor}"></a>{card.claim}',
        _lines(
            f"{prose(card.text)} *{prose(card.where)}*",
            f"**Not about:** {prose(card.limits)}" if card.limits else "",
            *(f"<sub>{prose(one)}</sub>" for one in card.changes),
        ),
        f"**{STATES[card.state]}**",
        _lines(*map(_link, card.links)) or "no study bears on it",
    ]


def _link(link: blocks.Link) -> str:
    name = prose(link.text)
    name = name if link.anchor is None else f"[{name}](#{link.anchor})"
    return f"{name}: {prose(link.said)}" if link.said else name


def _contents(contents: blocks.Contents) -> str:
    rows = [
        [
            f"[{prose(line.label)}](#{line.anchor})",
            prose(line.title),
            *(prose(line.columns.get(key, "")) for key in contents.columns),
        ]
        for line in contents.lines
    ]
    return _table(("", "", *contents.columns), rows)


def _picture(picture: blocks.Picture) -> str:
    """The drawing as files beside the text."""
    figure = picture.figure
    alt = figure.alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{figure.name}-dark.svg">'
        f'<img src="{figure.name}.svg" alt="{alt}"></picture>'
    )


def _grid(grid: blocks.Grid) -> str:
    heads = [prose(key) for key in grid.row_keys]
    for column in grid.columns:
        name = _lines(*_column_head(grid.column_keys, column))
        for side in column.sides:
            plain = "paper" if column.paper_only or len(column.sides) > 1 else ""
            heads.append(_lines(name, "**ours**" if side == "ours" else plain))
    rows = []
    before: blocks.GridHead | None = None
    for row, slots in zip(grid.rows, grid.slots, strict=True):
        cells = _row_head(row, before)
        before = row
        for column, slot in zip(grid.columns, slots, strict=True):
            for side in column.sides:
                strong = "**" if side == "ours" else ""
                cells.append(_lines(*(_entry(entry, strong) for entry in slot.of(side))))
        rows.append(cells)
    return _table(heads, rows)


def _column_head(keys: Sequence[str], head: blocks.GridHead) -> list[str]:
    """The labels of a column; a number alone says little, so it has its key with it."""
    found = []
    for key, label in zip(keys, head.labels, strict=True):
        if label.text:
            bare = re.fullmatch(r"[\d./%σ –]+|yes|no", label.text) is not None
            text = prose(f"{key} {label.text}" if bare else label.text)
            found.append(text + _paper_label(label.paper))
    return found


def _row_head(row: blocks.GridHead, before: blocks.GridHead | None) -> list[str]:
    """The labels of a row, those that the row before has too left out."""
    texts = []
    same = before is not None
    for place, label in enumerate(row.labels):
        same = same and before is not None and before.labels[place] == label
        last = place == len(row.labels) - 1
        texts.append("" if same and not last else prose(label.text) + _paper_label(label.paper))
    return texts


def _paper_label(paper: str | None) -> str:
    return "" if paper is None else f"<br><sub>{_unbroken(f'paper: {paper}')}</sub>"


def _entry(entry: blocks.GridEntry, strong: str) -> str:
    mark = "*" if entry.missing else strong
    number = f"{mark}{prose(entry.text)}{mark}"
    details = "<br>".join(_unbroken(text) for text in entry.details)
    return f"{number}<br><sub>{details}</sub>" if details else number


def _unbroken(text: str) -> str:
    """With spaces at which a narrow column does not break it."""
    return prose(text).replace(" ", "\N{NO-BREAK SPACE}")
