"""Files of the page, straight from their folder."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.app.assets import Assets

SCRIPT = b"export const answer = 42;\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("page")
    (outside / "secret.txt").write_bytes(b"not yours")
    inside = outside / "assets"
    (inside / "deep").mkdir(parents=True)
    (inside / "deep" / "a.js").write_bytes(b"")
    (inside / "index-aB_1-x.js").write_bytes(SCRIPT)
    (inside / "index-aB_1.css").write_bytes(b"p {}")
    return inside


def _asked(folder: Path, path: str) -> tuple[dict[bytes, bytes], bytes] | None:
    """The head and the body of the answer; None where the page behind was asked instead."""
    sent: list[Any] = []
    asked_behind = False

    async def page(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked_behind
        asked_behind = True

    async def receive() -> Any:
        raise AssertionError("a request for a file has no body to read")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Assets(page, folder)({"type": "http", "path": path}, receive, send))
    assert asked_behind == (not sent)
    if asked_behind:
        return None
    start, body = sent
    assert start["status"] == 200
    return dict(start["headers"]), body["body"]


def test_a_file_comes_as_it_is(folder: Path) -> None:
    answer = _asked(folder, "/assets/index-aB_1-x.js")
    assert answer is not None
    head, body = answer
    assert body == SCRIPT
    assert head[b"content-length"] == str(len(SCRIPT)).encode()
    assert head[b"content-encoding"] == b"identity"
    assert head[b"content-type"].endswith(b"/javascript")


def test_a_style_is_one(folder: Path) -> None:
    answer = _asked(folder, "/assets/index-aB_1.css")
    assert answer is not None and answer[0][b"content-type"] == b"text/css"


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/assets/", "/assets/gone.js", "/assets/deep", "/assets/deep/a.js",
     "/assets/../secret.txt", "/assets/..", "/assets/.", "/static/index-aB_1-x.js"],
)  # fmt: skip
def test_the_rest_is_for_the_page(folder: Path, path: str) -> None:
    assert _asked(folder, path) is None


@given(st.text(alphabet="./\\-_%\x00~abdeinprstx2", max_size=20))
def test_no_other_folder_is_read(folder: Path, name: str) -> None:
    assert _asked(folder, f"/assets/{name}") is None
