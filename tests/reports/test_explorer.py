"""The explorable page as a file; what it computes is tested in a browser."""

import re
from pathlib import Path

import pytest

from eigenformer.cli import main
from eigenformer.reports.explorer.export import explorer_page

COMMITTED = Path(__file__).parents[2] / "docs" / "explorer" / "index.html"


def test_the_committed_page_is_what_the_command_writes(tmp_path: Path) -> None:
    assert main(["export-page", "--to", str(tmp_path / "page.html")]) == 0
    fresh = (tmp_path / "page.html").read_bytes()
    assert len(fresh) < 5_000_000
    assert fresh == COMMITTED.read_bytes(), (
        "run `eigenformer export-page --to docs/explorer/index.html`"
    )


def test_it_names_nothing_outside() -> None:
    assert not re.search(
        r"""(src|href)=["'](?!data:|#)|url\((?!#)|fetch\(|https?://""", explorer_page()
    )


@pytest.mark.parametrize("name", ["page.txt", "."])
def test_only_a_page_is_written(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export-page", "--to", name]) == 2
    assert "must end in .html" in capsys.readouterr().err
