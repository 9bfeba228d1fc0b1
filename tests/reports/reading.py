"""What tests read in reports: blocks of a kind, elements of a page, Markdown as HTML."""

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import TypeVar

from markdown_it import MarkdownIt

from eigenformer.reports.blocks import Block, Document, Folded, Heading, Section

HOSTILE = "<script>alert('&amp;')</script> | *a_b* `c` [d](e) \\ $x$ #1 ~f~"
B = TypeVar("B")


def within(blocks: Iterable[Block], kind: type[B]) -> Iterator[B]:
    """The blocks of a kind, those in sections and folds too."""
    for block in blocks:
        if isinstance(block, kind):
            yield block
        if isinstance(block, Section | Folded):
            yield from within(block.blocks, kind)


def part(document: Document, anchor: str, kind: type[B]) -> list[B]:
    """The blocks of a kind in the section with that name."""
    for section in within(document.blocks, Section):
        match section.blocks:
            case (Heading(anchor=name), *_) if name == anchor:
                return list(within(section.blocks, kind))
    raise KeyError(anchor)


class Parsed(HTMLParser):
    """Elements with their attributes, and texts; fails on a tag that is not closed in its turn."""

    EMPTY = frozenset({"meta", "link", "img", "source", "wbr", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack[-1:] != ["style"]:
            self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """Of an attribute, wherever it is given."""
        return [found for _, attributes in self.elements if (found := attributes.get(name))]


def rendered(markdown: str) -> str:
    """As HTML, tables included, by an independent reader."""
    return str(MarkdownIt("commonmark").enable("table").render(markdown))
