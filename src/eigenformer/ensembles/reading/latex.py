"""LaTeX's matrices and arrays, as typed or as OCR writes them, with blanks everywhere."""

import re

from ...core import InputError
from .cells import NUMBER, short

Rows = list[list[str]]

_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_MATRICES = r"(?:[pbB]?matrix|[pbB]?smallmatrix|smallmatrix|array|tabular)\*?"
_BEGIN = re.compile(rf"\\begin\s*\{{\s*({_MATRICES})\s*\}}")
_END = re.compile(rf"\\end\s*\{{\s*({_MATRICES})\s*\}}")
_NORMS = re.compile(
    r"\\begin\s*\{\s*[vV]matrix\*?\s*\}|\\left\s*(?:\||\\\||\\[lr]?[vV]ert\b)|\\[lr][vV]ert\b"
)
_OPTIONAL = re.compile(r"\s*\[\s*[lcrtb]\s*\]")
_COLUMNS = re.compile(_GROUP)
_OF_COLUMNS = re.compile(r"\{(?:[lcrpmbXS|\s:.]|[@!*>]|\{[^{}]*\})+\}")
_DIMENSION = r"\[\s*-?\s*[\d.]+\s*(?:pt|em|ex|mm|cm|in|bp|pc|sp|\\\w+)\s*\]"
_ROW_END = re.compile(rf"\\\\\s?\*?(?:\s*{_DIMENSION})?|\\cr\b|\\tabularnewline\b")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|cline\s*\{[^{}]*\}|displaystyle|textstyle|scriptstyle)"
    r"(?![A-Za-z])"
)
_SPACES = re.compile(
    r"\\(?:[,;:! ]|q?quad(?![A-Za-z])|[vh]?phantom\s*\{[^{}]*\}|hspace\*?\s*\{[^{}]*\}"
    r"|(?:enspace|thinspace|hfill|allowbreak|limits|nonumber|notag)(?![A-Za-z]))|~"
)
_STYLES = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathsf|mathtt|boldsymbol|bm|text|textbf|textrm|mbox|boxed|num)"
    r"\s*\{([^{}]*)\}"
)
_ARGUMENT = r"\s*(?:\{([^{}]*)\}|(\d))"
_FRACTION = re.compile(rf"\\[dtc]?frac(?![A-Za-z]){_ARGUMENT}{_ARGUMENT}")
_POWER = re.compile(
    r"(?:\\times|\\cdot|\*)?\s*(?<![\d.])10\s*\^\s*(?:\{\s*([+-]?\s*\d{1,4})\s*\}|(\d)(?!\s*\d))"
)
_PAPER = re.compile(
    r"\\(?:begin|end)\s*\{\s*(?:equation|displaymath|math|gather|gathered|align|aligned|split|center"
    r"|document|tiny|small)\*?\s*\}|(?<!\\)\\[\[\]()]|\\label\s*\{[^{}]*\}"
)
_DELIMITERS = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?)\s*(?:\\[{}]|\\[lr](?:brack|brace|paren)\b|[\[\](){}.])"
)
_NAME = (
    r"\\?[A-Za-z]+(?:\s*\{\s*\\?[A-Za-z]+\s*\})?"
    r"(?:\s*[_^]\s*(?:\{[^{}]*\}|\\?[A-Za-z]+|\d))*\s*'*"
)
_BEFORE = re.compile(
    rf"\s*(?:{_NAME}\s*(?::=|=|&=|:|\\coloneqq|\\equiv)\s*&?\s*)?"
    rf"(?P<factor>[+-]?\s*(?:{NUMBER}(?:\s*/\s*{NUMBER})?)?)\s*(?:\\times|\\cdot|\*)?\s*",
    re.ASCII,
)
_AFTER = re.compile(rf"\s*(?:(?:\\times|\\cdot|\*)\s*(?P<factor>{NUMBER}))?[\s.,;]*", re.ASCII)


def looks_like_latex(text: str) -> bool:
    return "&" in text or re.search(r"\\\\|\\[A-Za-z]|\\[\[(]", text) is not None


def latex(text: str) -> tuple[Rows, float, float]:
    """The cells of a matrix in LaTeX, and what it is multiplied and divided by."""
    text = " ".join(text.split())
    if found := _NORMS.search(text):
        raise InputError(
            f"{short(found[0])} is a determinant or a norm, not a matrix; for the matrix itself "
            "write bmatrix"
        )
    text = re.sub(rf"\\([pbB]?matrix)\s*({_GROUP})", _plain_tex, text)
    text = _PAPER.sub(" ", text).strip()
    if dollars := re.fullmatch(r"(\$\$?)([^$]*)\1([.,;]?)", text):  # within a cell they are refused
        text = dollars[2] + dollars[3]
    before, body, after = _parts(text)
    rows = [row for row in _ROW_END.split(_RULES.sub(" ", body))]
    if rows and not rows[-1].strip():
        rows.pop()
    cells = [[_cell(cell) for cell in row.split("&")] for row in rows]
    (times, over), (times2, _) = _factor(before, _BEFORE), _factor(after, _AFTER)
    return cells, times * times2, over


def _plain_tex(found: re.Match[str]) -> str:
    r"""`\pmatrix{1 & 2 \cr 3 & 4}` as an environment."""
    return rf"\begin{{{found[1]}}}{found[2][1:-1]}\end{{{found[1]}}}"


def _parts(text: str) -> tuple[str, str, str]:
    """What stands before, in and after the one matrix."""
    begins, ends = list(_BEGIN.finditer(text)), list(_END.finditer(text))
    if len(begins) > 1:
        raise InputError(f"there are {len(begins)} matrices; give one at a time")
    if not begins and not ends:
        bare = text.strip()
        bare = bare[1:-1] if bare[:1] + bare[-1:] in ("[]", "()") else bare
        return "", bare, ""
    if len(ends) != 1 or not begins or ends[0].start() < begins[0].end():
        raise InputError(r"a \begin has no \end, or the other way round; copy the whole matrix")
    begin, end = begins[0], ends[0]
    if begin[1] != end[1]:
        raise InputError(f"\\begin{{{begin[1]}}} ends as \\end{{{end[1]}}}; make both alike")
    start = begin.end()
    if found := _OPTIONAL.match(text, start):
        start = found.end()
    if begin[1].startswith(("array", "tabular")):
        skipped = len(text[start:]) - len(text[start:].lstrip())
        columns = _COLUMNS.match(text, start + skipped)
        if columns is None or not _OF_COLUMNS.fullmatch(columns[0]):
            raise InputError(
                f"\\begin{{{begin[1]}}} needs its columns first, such as {{cc}}; without them its "
                "first cell would be taken for them"
            )
        start = columns.end()
    before, after = (
        _DELIMITERS.sub(" ", part) for part in (text[: begin.start()], text[end.end() :])
    )
    if before.rstrip()[-1:] + after.lstrip()[:1] in ("[]", "()"):
        before, after = before.rstrip()[:-1], after.lstrip()[1:]
    return before, text[start : end.start()], after


def _factor(text: str, pattern: re.Pattern[str]) -> tuple[float, float]:
    plain = _FRACTION.sub(_slash, _RULES.sub(" ", _SPACES.sub(" ", text)))
    found = pattern.fullmatch(plain)
    if found is None:
        raise InputError(
            f"{short(text)} stands beside the matrix, and what it does to it is not computed here; "
            "give the resulting matrix"
        )
    factor = (found["factor"] or "").replace(" ", "")
    top, _, bottom = factor.partition("/")
    if top in ("", "+", "-"):
        top += "1"
    top, bottom = (re.sub(r"[dD]|\*\^", "e", part) for part in (top, bottom or "1"))
    if float(bottom) == 0:
        raise InputError(f"{short(text)} divides by zero")
    return float(top), float(bottom)


def _slash(found: re.Match[str]) -> str:
    top, bottom = (found[1] or found[2] or ""), (found[3] or found[4] or "")
    # Blanks around it: what stands beside a fraction is another number.
    return f" {' '.join(top.split())}/{' '.join(bottom.split())} "


def _cell(cell: str) -> str:
    if math := re.fullmatch(r"\s*\$([^$]*)\$\s*", cell):
        cell = math[1]
    cell = _SPACES.sub(" ", _STYLES.sub(r" \1 ", cell))
    cell = re.sub(r"\{\s*,\s*\}", ",", cell)
    cell = _FRACTION.sub(_slash, cell)
    cell = _POWER.sub(
        lambda found: ("*" if found[0].lstrip()[0] in "\\*" else " ")
        + "10^" + (found[1] or found[2]).replace(" ", ""),
        cell,
    )  # fmt: skip
    if left := re.search(r"\\[a-zA-Z]{0,20}", cell):
        if left[0][1:] in ("dots", "cdots", "ldots", "vdots", "ddots"):
            raise InputError(f"{left[0]} stands for numbers that were left out; give all of them")
        raise InputError(
            f"the LaTeX command {left[0]} is not part of a matrix of numbers; give the numbers "
            "between & and \\\\"
        )
    return " ".join(re.sub(r"[{}]", " ", cell).split())
