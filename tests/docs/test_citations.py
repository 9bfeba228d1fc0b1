"""What docstrings, comments and pages cite exists: files, and sections of pages."""

import ast
import functools
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("src", "tests", "docs", "benchmarks")
CODE = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
ELSEWHERE = {
    "charton2022/X.py": "a pattern",
    "cli/X.py": "a pattern",
    "encoders.py": "LAWT's",
    "generators.py": "LAWT's",
    "src/envs/numeric.py": "LAWT's",
    "src/model/lstm.py": "LAWT's",
    "src/model/transformer.py": "LAWT's",
    "model/transformer.py": "LAWT's",
    "square.py": "an example's",
    "eigenformer/models/inner/some_file.py": "an example's",
}
"""Files that are named and are not to be here."""
_NUMBERS = r"(?:\d+[a-z]?(?: ?\([ivx]+\))?|\([ivx]+\))"
_CITATION = re.compile(
    rf"([\w./-]+\.md), sections? (?:\"([^\"]+)\"|({_NUMBERS}(?:(?:, | and | to ){_NUMBERS})*))"
)
_FILE = re.compile(r"[\w./-]*\w\.(?:md|py)\b")


@functools.cache
def comments(path: Path) -> tuple[str, ...]:
    """The docstrings of a module, and its comments, each on one line."""
    source = path.read_text(encoding="utf-8")
    if not _FILE.search(source):
        return ()
    found = [
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
    ]
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line, text = token.start[0], token.string.lstrip("# ")
            if line == last + 1:
                found[-1] += f" {text}"
            else:
                found.append(text)
            last = line
    return tuple(" ".join(text.split()) for text in found)


def written(path: Path) -> list[str]:
    """The text of a page, or all strings and comments of a module: some strings are printed."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md" or ".md" not in source:
        return [" ".join(source.split())]
    nodes = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    strings = [" ".join(value.split()) for value in nodes if isinstance(value, str)]
    return [*strings, *comments(path)]


def sections(numbers: str) -> list[str]:
    """What "3 to 5, 1d (i) and (ii)" names: 3, 4, 5, 1d (i), 1d (ii)."""
    found: list[str] = []
    for joint, word in re.findall(rf"(, | and | to |)({_NUMBERS})", numbers):
        word = re.sub(r" ?\(", " (", word).strip()
        if word.startswith("("):
            word = f"{found[-1].partition(' ')[0]} {word}"
        if joint == " to " and found[-1].isdigit() and word.isdigit():
            found += [str(n) for n in range(int(found[-1]) + 1, int(word))]
        found.append(word)
    return found


def headings(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.findall(r"^#+ (.*)$", text, flags=re.M)


def missing(text: str) -> list[str]:
    """The citations of pages in a text that lead nowhere."""
    found = []
    for name, heading, numbers in _CITATION.findall(text):
        page = DOCS / name.removeprefix("docs/")
        if not page.exists():
            found.append(f"{name}: no such page")
        elif heading and heading not in headings(page):
            found.append(f'{name}: no section "{heading}"')
        else:
            titles = headings(page)
            found += [
                f"{name}: no section {number}"
                for number in sections(numbers)
                if not any(re.match(rf"{re.escape(number)}(?:\.| |$)", title) for title in titles)
            ]
    return found


def test_sections_that_are_cited_exist() -> None:
    broken = {
        str(path.relative_to(ROOT)): lost
        for path in [*CODE, *PAGES]
        if path != Path(__file__)
        for text in written(path)
        if (lost := missing(text))
    }
    assert broken == {}


def test_pages_are_cited_by_section() -> None:
    """So that the test above sees every citation of the derivations."""
    loose = [
        f"{path.relative_to(ROOT)}: {text[max(0, match.start() - 20) : match.end() + 20]}"
        for path in CODE
        if path != Path(__file__)
        for text in written(path)
        for match in re.finditer(r"(?<![\[(])derivations\.md(?!, section)|\bDESIGN\b", text)
    ]
    assert loose == []


def test_files_that_are_named_exist() -> None:
    paths = {f"/{path.relative_to(ROOT).as_posix()}" for path in [*CODE, *PAGES]}
    ends = {path[i:] for path in paths for i, sign in enumerate(path) if sign == "/"}
    lost = {
        f"{path.relative_to(ROOT)}: {named}"
        for path in CODE
        for text in comments(path)
        for named in _FILE.findall(text)
        if named not in ELSEWHERE and f"/{named.lstrip('./')}" not in ends
    }
    assert lost == set()


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ("3", ["3"]),
        ("3 to 5", ["3", "4", "5"]),
        ("1b and 10", ["1b", "10"]),
        ("1d (i) and (ii)", ["1d (i)", "1d (ii)"]),
        ("1d(iv)", ["1d (iv)"]),
        ("3, 4 and 7", ["3", "4", "7"]),
    ],
)
def test_how_sections_are_read(numbers: str, named: list[str]) -> None:
    assert sections(numbers) == named


def test_what_leads_nowhere_is_seen() -> None:
    assert missing("(Somebody; derivations.md, section 1d (iv).)") == []
    assert missing("derivations.md, sections 8 to 10 and 99") == ["derivations.md: no section 99"]
    assert missing("derivations.md, section 1d (vi)") == ["derivations.md: no section 1d (vi)"]
    assert missing("notes.md, section 3") == ["notes.md: no such page"]
    assert missing('efficiency.md, section "Rules"') == ['efficiency.md: no section "Rules"']
