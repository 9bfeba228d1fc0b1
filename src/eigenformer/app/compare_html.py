"""A comparison as the page shows it, while it runs and when it is done."""

from collections.abc import Iterator

from ..core import InputError
from . import pictures as p
from .compare import Comparison, Point, compare, csv_text
from .figures import comparison_figure, download, image, png
from .state import CompareState


def compared(state: CompareState) -> Iterator[list[str]]:
    """The sentence, the progress and the figure, again and again as points come in."""
    try:
        asked = Comparison(
            problem=state.problem,
            solvers=state.solvers,
            sweep=state.sweep,
            size=state.size,
            tolerance=state.tolerance,
            matrices=state.matrices,
            steps=state.steps,
            seed=state.seed,
        )
        points: list[Point] = []
        for point, done, total in compare(asked):
            points.append(point)
            if done == total:
                yield ["", "", _result(asked, points)]
            elif done % len(asked.solvers) == 0:
                yield [
                    "",
                    _progress(done, total),
                    image(comparison_figure(asked, points), "so far"),
                ]
    except InputError as error:
        yield [p.error_sentence(error), "", ""]


def _progress(done: int, total: int) -> str:
    return (
        f'<label class="ef-progress">{done} of {total} points'
        f'<progress max="{total}" value="{done}"></progress></label>'
    )


def _result(asked: Comparison, points: list[Point]) -> str:
    figure = comparison_figure(asked, points)
    text = f"share right of {', '.join(asked.solvers)} against {asked.sweep}"
    saved = download("comparison.csv", "text/csv", csv_text(asked, points).encode()) + download(
        "comparison.png", "image/png", png(figure)
    )
    failed = [f"{point.solver} at {point.place}: {point.reason}" for point in points
              if point.right is None]  # fmt: skip
    notes = "".join(p.sentence(text, "note") for text in failed[:3])
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


def _cell(point: Point) -> str:
    if point.right is None:
        return "–"
    low, high = point.right.interval
    return (
        f"{100 * point.right.value:.1f} %"
        f'<span class="ef-small">{100 * low:.1f} to {100 * high:.1f}</span>'
    )
