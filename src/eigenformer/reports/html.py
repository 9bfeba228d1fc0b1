"""HTML that is escaped by construction."""

from collections.abc import Iterable
from html import escape

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
