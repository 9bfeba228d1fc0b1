"""A report as one HTML page that needs nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from ..papers import PartFinding
from . import blocks
from .blocks import STATES, counted
from .drawing import dark

# A browser that obeys it asks nobody for anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SHORT = 12
"""Letters of a label up to which a narrow column of the contents holds it."""
_EMPTY = frozenset({"br", "img", "link", "meta", "source", "wbr"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = Html | str | None


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """An element; text is escaped, `Html` is not.

    An attribute may end in an underscore, has its other ones turned into hyphens, stands alone if
    True, and is left out if None or False.
    """
    texts = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        texts.append(f" {key}" if value is True else f' {key}="{escape(str(value))}"')
    opening = f"<{name}{''.join(texts)}>"
    if name in _EMPTY:
        return Html(opening)
    return Html(f"{opening}{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Html:
    """Children after each other."""
    texts = (child if isinstance(child, Html) else escape(child) for child in children if child)
    return Html(between.join(texts))


def prose(text: str) -> Html:
    """`text` with what stands between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return join([text])
    return join(tag("code", one) if place % 2 else one for place, one in enumerate(pieces))


def write_page(document: blocks.Document, file: Path) -> None:
    """Write the report to `file`: no scripts, no requests; light and dark, screen and print.

    The same report gives the same bytes. Figures need matplotlib.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(document), encoding="utf-8", newline="\n")


def page(document: blocks.Document) -> str:
    """The text of the page."""
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", document.title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", document.title), tag("p", prose(document.lead), class_="lead")),
        tag("main", *map(_block, document.blocks)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _block(block: blocks.Block) -> Html:
    match block:
        case blocks.Section():
            inside = map(_block, block.blocks)
            return (
                tag("article", *inside, class_="study") if block.inner else tag("section", *inside)
            )
        case blocks.Heading():
            return _heading(block)
        case blocks.Prose():
            return tag("p", prose(block.text), class_=block.kind or None)
        case blocks.Counts():
            return _counts(block)
        case blocks.Cards():
            return join(map(_card, block.cards))
        case blocks.Links():
            links = join(map(_link, block.links), ", ")
            return tag("p", "On to ", links, ".", class_="where")
        case blocks.Facts():
            items = [tag("div", *_term(term, text)) for term, text in block.terms]
            return tag("dl", *items, class_="facts")
        case blocks.Guide():
            parts = [part for term, text in block.terms for part in _term(term, text)]
            summary = tag("summary", "How to read the numbers")
            return tag("details", summary, tag("dl", *parts), class_="guide")
        case blocks.Contents():
            return _contents(block)
        case blocks.DataTable():
            rows = [
                [tag("th", prose(first), scope="row"), *(tag("td", prose(text)) for text in rest)]
                for first, *rest in block.rows
            ]
            return _table(block.heads, rows, block.kind, block.kind.capitalize())
        case blocks.Grid():
            common = [tag("p", prose(text), class_="common") for text in block.common]
            table = tag(
                "table",
                tag("thead", *_grid_heads(block)),
                tag("tbody", *_grid_rows(block)),
                class_="grid",
            )
            return join([*common, _scrolling(table, block.name)])
        case blocks.Picture():
            return _picture(block)
        case blocks.Pictures():
            return tag("div", *map(_picture, block.pictures), class_="figures")
        case blocks.Folded():
            return tag(
                "details",
                tag("summary", prose(block.title)),
                *map(_block, block.blocks),
                open=block.open,
                class_="titled" if block.open else None,
            )


def _counts(block: blocks.Counts) -> Html:
    """Of claims as tiles, of parts as a line."""
    tiles = [
        tag("li", tag("b", number), f" {word}", class_=state)
        for state, number, word in counted(block.states)
    ]
    claims = tag("ul", *tiles, class_="counts", aria_label="Verdicts on the claims")
    parts = [
        tag("li", tag("span", f"{number} {words}", class_="badge"), class_=state)
        for state, number, words in block.reasons
    ]
    name = f"Of {len(block.parts)} parts of these {len(block.states)} claims"
    shown = tag("ul", *parts, class_="reasons", aria_label=name)
    return join([claims, tag("p", f"{name}:"), shown] if block.parts else [claims])


def _heading(heading: blocks.Heading) -> Html:
    title = tag(f"h{heading.level}", prose(heading.text), id=heading.anchor)
    if heading.where is None:
        return title
    back = tag("a", "contents", href="#contents")
    where = [prose(heading.where), " · "] if heading.where else []
    return join([title, tag("p", *where, back, class_="where")])


def _term(term: str, text: str) -> tuple[Html, Html]:
    return tag("dt", prose(term)), tag("dd", prose(text))


def _badge(card: blocks.Card) -> Html:
    return tag("span", STATES[card.state], class_="badge")


def _card(card: blocks.Card) -> Html:
    where = tag("span", f"({card.where})", class_="where") if card.where else None
    name = tag("b", card.claim) if card.home else tag("a", card.claim, href=f"#{card.anchor}")
    title = [_badge(card), name, prose(card.text), where]
    found: list[Html | None] = [
        tag("p", join(title, " ")),
        tag("p", tag("b", f"{card.summary}. "), card.setting) if card.summary else None,
        tag("ul", *map(_part, card.parts), class_="parts") if card.parts else None,
        tag("p", prose(card.sentence)) if card.sentence else None,
        tag("p", tag("b", "Not about: "), prose(card.limits)) if card.limits else None,
        tag("p", tag("b", "Would decide it: "), prose(card.would_decide))
        if card.would_decide
        else None,
        tag("p", "The paper: ", prose(card.figures), class_="where") if card.figures else None,
        tag("p", join(map(_link, card.links), ", "), class_="where") if card.links else None,
    ]
    found += map(_block, card.more)
    name_of_it = card.anchor if card.home else None
    return tag("article", *found, class_=f"verdict {card.state}", id=name_of_it)


def _part(part: PartFinding) -> Html:
    badge = tag("span", part.verdict, class_="badge")
    return tag("li", badge, " ", prose(part.text), class_=part.state)


def _link(link: blocks.Link) -> Html:
    name = tag("a", link.text, href=f"#{link.anchor}") if link.anchor is not None else link.text
    return join([name, f": {link.said}" if link.said else None])


def _contents(contents: blocks.Contents) -> Html:
    lines = [
        tag(
            "li",
            tag("a", line.label, href=f"#{line.anchor}"),
            tag("span", line.title, class_="title"),
            *(tag("span", line.columns.get(key), class_="runs") for key in contents.columns),
        )
        for line in contents.lines
    ]
    wide = any(len(line.label) > _SHORT for line in contents.lines)
    return tag(
        "nav",
        tag("h2", "Contents", id="contents"),
        tag("ol", *lines, class_="contents wide" if wide else "contents"),
        aria_labelledby="contents",
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[Html]], kind: str, label: str) -> Html:
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *(tag("tr", *row) for row in rows)),
        class_=kind,
    )
    return _scrolling(table, label)


def _scrolling(table: Html, label: str) -> Html:
    """A table in a box of its own, which scrolls sideways where the page is too narrow."""
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=label)


def _picture(picture: blocks.Picture) -> Html:
    """Recoloured on a dark screen."""
    figure = picture.figure
    return tag(
        "figure",
        tag(
            "picture",
            tag(
                "source",
                media="screen and (prefers-color-scheme: dark)",
                srcset=_data(dark(picture.svg)),
            ),
            tag("img", src=_data(picture.svg), alt=figure.alt),
        ),
        tag("figcaption", prose(figure.caption)) if figure.caption else None,
    )


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode('ascii')}"


def _grid_heads(grid: blocks.Grid) -> list[Html]:
    stub = max(1, len(grid.row_keys))
    lines = []
    for level, key in enumerate(grid.column_keys):
        cells = [tag("th", key, colspan=stub, class_="key stub")]
        # Neighbours with the same label, and the same ones above, stand under one head.
        for labels, group in groupby(grid.columns, key=lambda column: column.labels[: level + 1]):
            columns = list(group)
            cells.append(
                tag(
                    "th",
                    _label(labels[-1]),
                    scope="colgroup" if len(columns) > 1 else "col",
                    colspan=sum(len(column.sides) for column in columns),
                    class_="muted" if all(column.paper_only for column in columns) else None,
                )
            )
        lines.append(tag("tr", *cells))
    sides = [
        tag("th", side, scope="col", class_=side)
        for column in grid.columns
        for side in column.sides
    ]
    keys = [
        tag("th", key, class_="key" if level else "key stub")
        for level, key in enumerate(grid.row_keys)
    ] or [tag("td")]
    return [*lines, tag("tr", *keys, *sides)]


def _grid_rows(grid: blocks.Grid) -> list[Html]:
    lines = []
    for place, (row, slots) in enumerate(zip(grid.rows, grid.slots, strict=True)):
        cells = [
            tag(
                "th",
                _label(label),
                scope="row",
                rowspan=_height(grid.rows, place, level),
                class_=_row_class(row, level),
            )
            for level, label in enumerate(row.labels)
            if not (place and _same(grid.rows[place - 1], row, level))
        ] or ([] if grid.row_keys else [tag("th", scope="row")])
        for column, slot in zip(grid.columns, slots, strict=True):
            cells += [tag("td", *map(_entry, slot.of(side)), class_=side) for side in column.sides]
        lines.append(tag("tr", *cells))
    return lines


def _row_class(row: blocks.GridHead, level: int) -> str | None:
    names = [*(["stub"] if level == 0 else []), *(["muted"] if row.paper_only else [])]
    return " ".join(names) or None


def _entry(entry: blocks.GridEntry) -> Html:
    number = tag("span", entry.text, class_="missing" if entry.missing else "number")
    bar = None
    if entry.share is not None:
        mark = None if entry.ceiling is None else tag("i", style=f"left:{100 * entry.ceiling:.1f}%")
        bar = tag(
            "span",
            tag("span", style=f"width:{100 * entry.share:.1f}%"),
            mark,
            class_="bar",
            aria_hidden="true",
        )
    return tag("div", number, bar, *(tag("small", text) for text in entry.details), class_="entry")


def _label(label: blocks.GridLabel) -> Html:
    paper = None if label.paper is None else tag("small", f"paper: {label.paper}")
    # Names such as Gaussian+Uniform+Laplace may be broken after the sign.
    pieces = label.text.replace("+", "+\0").split("\0")
    return tag("span", join(pieces, tag("wbr")), paper, class_="label")


def _same(a: blocks.GridHead, b: blocks.GridHead, level: int) -> bool:
    """Whether the labels agree down to a level; the last level is never merged."""
    return a.labels[: level + 1] == b.labels[: level + 1]


def _height(rows: Sequence[blocks.GridHead], place: int, level: int) -> int:
    below = rows[place + 1 :]
    return 1 + next(
        (i for i, row in enumerate(below) if not _same(rows[place], row, level)), len(below)
    )
