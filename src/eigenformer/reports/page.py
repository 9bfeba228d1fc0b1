"""HTML pages that need nothing from elsewhere: what all reports share."""

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from .drawing import Figure, dark
from .html import Child, Html, tag

# A browser that obeys it asks nobody for anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def document(title: str, lead: str, *main: Child) -> str:
    """A whole page: no scripts, no requests; light and dark, screen and print."""
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", title), tag("p", lead, class_="lead")),
        tag("main", *main),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def fact_list(lines: Sequence[tuple[str, str]]) -> Html | None:
    """Terms with their texts, in a row; None if there are none."""
    if not lines:
        return None
    items = [tag("div", tag("dt", term), tag("dd", text)) for term, text in lines]
    return tag("dl", *items, class_="facts")


def guide(lines: Sequence[tuple[str, str]]) -> Html:
    """How to read what follows, folded away."""
    items = [part for term, text in lines for part in (tag("dt", term), tag("dd", text))]
    return tag(
        "details", tag("summary", "How to read the numbers"), tag("dl", *items), class_="guide"
    )


def scrolling(table: Html, label: str) -> Html:
    """A table in a box of its own, which scrolls sideways where the page is too narrow."""
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=label)


def picture(figure: Figure) -> Html:
    """A drawing with its caption, recoloured on a dark screen."""
    return tag(
        "figure",
        tag(
            "picture",
            tag(
                "source",
                media="screen and (prefers-color-scheme: dark)",
                srcset=_data(dark(figure.svg)),
            ),
            tag("img", src=_data(figure.svg), alt=figure.alt),
        ),
        tag("figcaption", figure.caption) if figure.caption else None,
    )


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode('ascii')}"
