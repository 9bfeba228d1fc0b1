"""A comparison as the page shows it, while it runs and when it is done."""

from . import pictures as p
from .compare import ComparisonPoint, csv_text
from .comparison import CompareState
from .figures import comparison_figure, download, image, png


def partly_html(asked: CompareState, points: list[ComparisonPoint]) -> str:
    """The figure of the points so far."""
    return image(comparison_figure(asked, points), "so far")


def whole_html(asked: CompareState, points: list[ComparisonPoint]) -> str:
    """The figure, its downloads, and its numbers as a table."""
    figure = comparison_figure(asked, points)
    text = f"share right of {', '.join(asked.solvers)} against {asked.sweep}"
    saved = download("comparison.csv", "text/csv", csv_text(asked, points).encode()) + download(
        "comparison.png", "image/png", png(figure)
    )
    failed = [f"{point.solver} at {point.place}: {point.reason}" for point in points
              if point.right is None]  # fmt: skip
    cautioned = [text for name in asked.solvers for text in _cautions(name, points)]
    notes = "".join(p.sentence(text, "note") for text in (*failed[:3], *cautioned))
    rows = []
    for place in asked.places():
        here = {point.solver: point for point in points if point.place == place}
        shown = place if isinstance(place, str) else p.number(place, 3)
        rows.append((shown, *(_cell(here[name]) for name in asked.solvers)))
    table = p.table(rows, (asked.sweep, *asked.solvers))
    return (
        f'{image(figure, text)}<p class="ef-downloads">{saved}</p>{notes}'
        f'<details class="ef-card ef-more"><summary>As a table</summary>{table}</details>'
    )


def _cautions(solver: str, points: list[ComparisonPoint]) -> list[str]:
    """The first caution about a solver's points, and how many of them have one."""
    mine = [point for point in points if point.solver == solver and point.right is not None]
    some = [point for point in mine if point.cautions]
    if not some:
        return []
    first = some[0]
    place = first.place if isinstance(first.place, str) else f"{first.place:.3g}"
    return [
        f"Caution at {len(some)} of {len(mine)} points of {solver}, such as at {place}: "
        f"{first.cautions[0]}"
    ]


def _cell(point: ComparisonPoint) -> str:
    if point.right is None:
        return "–"
    low, high = point.right.interval
    return (
        f"{100 * point.right.value:.1f} %"
        f'<span class="ef-small">{100 * low:.1f} to {100 * high:.1f}</span>'
    )
