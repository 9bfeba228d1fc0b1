"""A report as Markdown (GitHub's), with its figures beside it."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..papers import PartFinding
from . import blocks
from .blocks import STATES, counted
from .drawing import dark

_REPORT = "README.md"
_CLAIMS = "claims"
"""The folder of the pages of claims, beside the report."""


def write_markdown(document: blocks.Document, folder: Path) -> None:
    """Write `folder`/README.md, a page a claim, and the figures, for light and for dark pages.

    The same report gives the same bytes. Figures need matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for picture in document.pictures:
        name = picture.figure.name
        _write(folder / f"{name}.svg", picture.svg)
        _write(folder / f"{name}-dark.svg", dark(picture.svg))
    _write(folder / _REPORT, markdown(document))
    for card in document.claims:
        (folder / _CLAIMS).mkdir(exist_ok=True)
        _write(folder / _CLAIMS / f"{card.claim}.md", claim_page(card))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def markdown(document: blocks.Document) -> str:
    """The text of README.md."""
    blocks = [f"# {prose(document.title)}", prose(document.lead), *_blocks(document.blocks)]
    return "\n\n".join(text for text in blocks if text) + "\n"


def claim_page(card: blocks.Card) -> str:
    """The text of a page on one claim, a level below the report."""
    report = f"../{_REPORT}"
    back = f"[The report]({report}#{card.anchor}) · [all claims]({report}#claims)"
    source = ", ".join(part for part in (card.paper, card.where) if part)
    more = [text for one in card.more for text in (f"## {prose(one.title)}", *_blocks(one.blocks))]
    links = [_link(link) if link.anchor is None else _link(link, report) for link in card.links]
    parts = (
        f"# Claim {card.claim}",
        prose(card.text),
        f"*{prose(source)}*" if source else "",
        f"The paper: {prose(card.figures)}" if card.figures else "",
        f"## {STATES[card.state].capitalize()}",
        f"**{prose(card.summary)}.** {prose(card.setting)}" if card.summary else "",
        _bullets(map(_part, card.parts)) or prose(card.sentence),
        f"**Not about:** {prose(card.limits)}" if card.limits else "",
        f"**Would decide it:** {prose(card.would_decide)}" if card.would_decide else "",
        f"From {', '.join(links)}" if links else "",
        *more,
        back,
    )
    return "\n\n".join(text for text in parts if text) + "\n"


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
            claims = " · ".join(f"{number} {word}" for _, number, word in counted(block.states))
            parts = " · ".join(f"{number} {words}" for _, number, words in block.reasons)
            return [
                f"**{claims}** of {len(block.states)} claims",
                f"**{parts}** of {len(block.parts)} parts of them" if block.parts else "",
            ]
        case blocks.Cards():
            return [_bullets(map(_card, block.cards))]
        case blocks.Links():
            return [f"On to {', '.join(map(_link, block.links))}."]
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
    if card.home:
        title = f'<a id="{card.anchor}"></a>[{title}]({_CLAIMS}/{card.claim}.md)'
    else:
        title = f"[{title}](#{card.anchor})"
    where = f" ({prose(card.where)})" if card.where else ""
    return _lines(
        f"{title} {prose(card.text)}{where}",
        f"**{prose(card.summary)}.** {prose(card.setting)}" if card.summary else "",
        *map(_part, card.parts),
        prose(card.sentence),
        f"**Not about:** {prose(card.limits)}" if card.limits else "",
        f"**Would decide it:** {prose(card.would_decide)}" if card.would_decide else "",
        f"The paper: {prose(card.figures)}" if card.figures else "",
        ", ".join(map(_link, card.links)),
    )


def _part(part: PartFinding) -> str:
    return f"*{prose(part.verdict)}* · {prose(part.text)}"


def _link(link: blocks.Link, page: str = "") -> str:
    name = prose(link.text)
    name = name if link.anchor is None else f"[{name}]({page}#{link.anchor})"
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
