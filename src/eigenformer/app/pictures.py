"""Matrices, tokens and tables as HTML; every number and name goes through `escape`."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from jaxtyping import Float64

from ..core import InputError


def sentence(text: str, kind: str = "wrong") -> str:
    """A sentence under a box: what is wrong, or (kind "note") what to know."""
    return f'<p class="ef-{kind}" role="status">{escape(text)}</p>' if text else ""


def error_sentence(error: InputError) -> str:
    """An error as a sentence: with a capital and a full stop."""
    text = str(error)
    return sentence(text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else "."))


def card(title: str, body: str, note: str = "") -> str:
    """A titled box."""
    small = f'<span class="ef-small">{escape(note)}</span>' if note else ""
    return f'<section class="ef-card"><h3>{escape(title)}{small}</h3>{body}</section>'


def cards(*parts: str) -> str:
    """Boxes side by side, where there is room."""
    return f'<div class="ef-cards">{"".join(part for part in parts if part)}</div>'


def number(value: float, digits: int = 4) -> str:
    """A number in few characters, with a true minus sign."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, power = text.split("e")
        text = f"{mantissa}e{int(power)}"
    return text.replace("-", "−")


def percent(value: float) -> str:
    """A share or a relative error as a percentage."""
    if not np.isfinite(value):
        return number(value)
    shown = 100 * value
    if shown >= 1e4:
        return f"{number(shown, 2)} %"
    return f"{shown:.0f} %" if shown >= 10 else f"{number(shown, 2)} %"


def matrix(
    values: Float64[np.ndarray, "m n"],
    *,
    largest: float | None = None,
    kind: str = "signed",
    digits: int = 4,
) -> str:
    """A matrix as a table of coloured cells.

    The stronger the colour, the nearer a coefficient is to `largest` in size (by default the
    largest that there is); "signed" has a colour for each sign, "error" one.
    """
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max(initial=0.0)) if largest is None else largest
    rows = []
    for row in values:
        cells = []
        for value in row:
            share = min(1.0, abs(value) / top) if top > 0 and np.isfinite(value) else 0.0
            colour = kind if kind != "signed" else "plus" if value >= 0 else "minus"
            cells.append(
                f'<td class="ef-{colour}" style="--a:{share:.2f}" title="{value:.17g}">'
                f"{number(value, digits)}</td>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    size = f"{values.shape[0]} by {values.shape[1]} matrix"
    return (
        f'<div class="ef-scroll"><table class="ef-matrix" aria-label="{size}">'
        f"{''.join(rows)}</table></div>"
    )


def tokens(words: Iterable[str]) -> str:
    """Tokens as chips, coloured by what they are: dimension, sign, mantissa, exponent."""
    chips = []
    for word in words:
        if word.startswith("V"):
            kind = "dim"
        elif word.startswith("E"):
            kind = "exp"
        else:
            kind = "sign" if word in "+-" else "digits"
        chips.append(f'<span class="ef-token ef-{kind}">{escape(word.replace("-", "−"))}</span>')
    return f'<div class="ef-tokens">{"".join(chips)}</div>'


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = (), kind: str = "ef-facts") -> str:
    """A table of ready HTML cells; the first column holds names."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    header = f"<thead><tr>{top}</tr></thead>" if head else ""
    return (
        f'<div class="ef-scroll"><table class="{kind}">{header}<tbody>{body}</tbody></table></div>'
    )


def mark(right: bool) -> str:
    """Right or wrong, for the eye and for a screen reader."""
    return '<b class="ef-yes">yes</b>' if right else '<b class="ef-no">no</b>'


def sparse_matrix(
    values: Float64[np.ndarray, "r c"], rows: dict[str, int], columns: dict[str, int], side: int = 7
) -> str:
    """A weight matrix as a drawing: coloured cells where it is not zero, lines between blocks."""
    r, c = values.shape
    across, down = side, side
    if max(r, c) > 60:
        across, down = max(1.5, 420 / c), max(1.5, 420 / r)
        across = down = min(side, across, down)
    left, top = (10 + 5.5 * max(len(_short(name)) for name in names) for names in (rows, columns))
    width, height = left + c * across + 4, top + r * down + 4
    parts = [
        f'<svg class="ef-weight" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'style="max-width:{width:.0f}px" aria-label="{r} by {c} weights">'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{c * across:.1f}" height="{r * down:.1f}" '
        'class="ef-paper"/>'
    ]
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    for i, j in np.argwhere(values):
        value = values[i, j]
        parts.append(
            f'<rect class="ef-{"plus" if value > 0 else "minus"}-ink" x="{left + j * across:.1f}" '
            f'y="{top + i * down:.1f}" width="{across:.1f}" height="{down:.1f}" '
            f'style="--a:{0.35 + 0.65 * abs(value) / largest:.2f}">'
            f"<title>{value:.4g}</title></rect>"
        )
    for names, step, row in ((columns, across, False), (rows, down, True)):
        at = 0
        for name, count in names.items():
            middle = (at + count / 2) * step
            at += count
            end = at * step
            if row:
                parts.append(
                    f'<text x="{left - 5:.1f}" y="{top + middle + 3.5:.1f}" text-anchor="end">'
                    f"{escape(_short(name))}</text>"
                    f'<line x1="{left:.1f}" x2="{left + c * across:.1f}" y1="{top + end:.1f}" '
                    f'y2="{top + end:.1f}"/>'
                )
            else:
                x = left + middle + 3.5
                parts.append(
                    f'<text transform="translate({x:.1f} {top - 5:.1f}) rotate(-90)">'
                    f"{escape(_short(name))}</text>"
                    f'<line y1="{top:.1f}" y2="{top + r * down:.1f}" x1="{left + end:.1f}" '
                    f'x2="{left + end:.1f}"/>'
                )
    return "".join([*parts, "</svg>"])


def grid_of_grids(
    pattern: Float64[np.ndarray, "q k"],
    queries: tuple[int, int],
    keys: tuple[int, int],
    names: Sequence[str],
) -> str:
    """Attention over a matrix's own grid: for each query coefficient, where it looks.

    The small grids stand where their query stands in its matrix (those of a column vector in a
    line), each under its name; each is the keys' matrix, the weights as the strength of the colour,
    on one scale for all.
    """
    if queries[1] == 1:  # a vector's grids fill a line better than a column
        queries = (1, queries[0])
    cell = max(4.0, min(14.0, 520 / (queries[1] * (keys[1] + 1))))
    head, gap = 12.0, cell * 0.8
    wide = max(keys[1] * cell, 5.2 * max(len(name) for name in names))
    width = max(queries[1] * (wide + gap) + gap, 150.0)
    height = queries[0] * (keys[0] * cell + gap + head) + gap + 26
    parts = [
        f'<svg class="ef-attention" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'style="max-width:{width:.0f}px" aria-label="attention of {len(pattern)} coefficients">'
    ]
    top = float(pattern.max(initial=0.0)) or 1.0
    for q, weights in enumerate(pattern):
        i, j = divmod(q, queries[1])
        x, y = gap + j * (wide + gap), gap + head + i * (keys[0] * cell + gap + head)
        parts.append(
            f'<text x="{x:.1f}" y="{y - 3:.1f}">{escape(names[q])}</text>'
            f'<rect class="ef-paper" x="{x:.1f}" y="{y:.1f}" width="{keys[1] * cell:.1f}" '
            f'height="{keys[0] * cell:.1f}"/>'
        )
        for k, weight in enumerate(weights):
            row, column = divmod(k, keys[1])
            parts.append(
                f'<rect class="ef-look" x="{x + column * cell:.1f}" y="{y + row * cell:.1f}" '
                f'width="{cell:.1f}" height="{cell:.1f}" style="--a:{weight / top:.2f}">'
                f"<title>{escape(names[q])} looks at ({row + 1}, {column + 1}): {weight:.3f}"
                "</title></rect>"
            )
    parts.append(_scale(top, gap, height - 18))
    return "".join([*parts, "</svg>"])


def _scale(top: float, x: float, y: float) -> str:
    """What the strength of the colour stands for: from nothing to the largest weight."""
    steps = "".join(
        f'<rect class="ef-scale" x="{x + 18 + 8 * step:.1f}" y="{y:.1f}" width="8" height="10" '
        f'style="--a:{step / 7:.2f}"/>'
        for step in range(8)
    )
    return (
        f'<text x="{x:.1f}" y="{y + 9:.1f}">0</text>{steps}'
        f'<text x="{x + 88:.1f}" y="{y + 9:.1f}">{top:.2g}</text>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 9 else f"{name[:8]}…"
