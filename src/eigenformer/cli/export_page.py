"""`eigenformer export-page`: the networks of any size in a page that needs no Python."""

from pathlib import Path

from ..core import InputError
from .parse import parse


def main(args: list[str]) -> int:
    return parse(export_page, args, prog="export-page")


def export_page(to: Path = Path("explorer.html")) -> int:
    """Write one HTML page that runs the trained and constructed networks in a browser.

    Edit or paste a matrix, see the answers of the networks and their residuals, step through the
    layers. The page needs no Python, no server and no network: send it to somebody, or open it.

    Args:
        to: the file to write, ending in .html.
    """
    if to.suffix != ".html":
        raise InputError(f"--to {to} must end in .html")
    if to.is_dir():
        raise InputError(f"--to {to} is a folder; give the name of a file")
    from ..reports.explorer import export_page as write

    write(to)
    print(f"wrote {to}: {to.stat().st_size / 1e6:.2f} MB")
    return 0
