"""SVG that is the same in every run, for light pages and, recoloured, for dark ones."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..core.plot import COLOURS, MORE_COLOURS, pyplot

INK = "#24313a"
"""Of text, axes and ticks."""
_DARK = {
    INK: "#d7e0e6",
    COLOURS[0]: "#86bfe0",
    COLOURS[1]: "#4cc9b8",
    COLOURS[2]: "#f2bd6b",
    COLOURS[3]: "#f28c9a",
    MORE_COLOURS[4]: "#b59be0",
    MORE_COLOURS[5]: "#5f8fe8",
    MORE_COLOURS[6]: "#c9936f",
    MORE_COLOURS[7]: "#b3c65a",
    "#333333": "#d7e0e6",
    "#555555": "#b4bfc6",
    "#999999": "#8d989f",
    "#b0b0b0": "#5b666d",
    "#ffffff": "#14191d",
}
_STYLE = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "patch.edgecolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.transparent": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "eigenformer",
}


def svg(draw: Callable[[Path], None]) -> str:
    """What `draw` writes to a file, as SVG without its date. Needs matplotlib."""
    plt = pyplot()
    with tempfile.TemporaryDirectory() as folder, plt.rc_context(_STYLE):
        path = Path(folder) / "figure.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    # The metadata are the date and matplotlib's version; the document type is an address.
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"<!DOCTYPE.*?>\s*", "", text, flags=re.DOTALL)


def dark(light: str) -> str:
    """The same drawing for a dark page."""
    return re.sub("|".join(_DARK), lambda match: _DARK[match[0]], light)


def write_figure(draw: Callable[[Path], None], folder: Path, name: str) -> Path:
    """Write NAME.svg for light pages and NAME-dark.svg for dark ones; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    light = svg(draw)
    (folder / f"{name}-dark.svg").write_text(dark(light), encoding="utf-8")
    (folder / f"{name}.svg").write_text(light, encoding="utf-8")
    return folder / f"{name}.svg"
