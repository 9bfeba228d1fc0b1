"""Who may ask for the page, and for what."""

import asyncio
import json
import socket
from typing import Any

import pytest

from eigenformer.app.guard import LARGEST_BODY, Guard
from eigenformer.app.server import _free_port, check_host, check_port, start
from eigenformer.core import InputError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_this_machine_is_allowed(host: str) -> None:
    check_host(host, share=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "8.8.8.8"])
def test_other_addresses_need_a_word(host: str) -> None:
    with pytest.raises(InputError, match=f"--host {host} can be reached from other machines"):
        start(host, 0)
    check_host(host, share=True)


@pytest.mark.parametrize("host", ["", "example.org", "127.0.0.1.evil", "1"])
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(InputError, match="is not an address"):
        check_host(host, share=True)


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match=f"--port {port} is not a port"):
        check_port(port)


def _asked(
    path: str, method: str = "GET", host: str = "127.0.0.1:7860", body: tuple[bytes, ...] = (b"",),
    hosts: tuple[str, ...] | None = ("127.0.0.1", "localhost"), events: Any = None,
) -> tuple[int, bytes | None]:  # fmt: skip
    """The status of a request, and the body that the page behind the guard received."""
    got: list[bytes] = []
    sent: list[dict[str, Any]] = []
    left = [
        {"type": "http.request", "body": part, "more_body": i < len(body) - 1}
        for i, part in enumerate(body)
    ]

    async def page(scope: Any, receive: Any, send: Any) -> None:
        got.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "path": path, "method": method, "headers": [(b"host", host.encode())],
    }  # fmt: skip
    asyncio.run(Guard(page, hosts=hosts, events=events)(scope, receive, send))
    return sent[0]["status"], got[0] if got else None


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/theme.css", "/assets/index-aB_1.js", "/gradio_api/queue/data"],
)
def test_the_page_itself_is_served(path: str) -> None:
    assert _asked(path)[0] == 200


def test_events_arrive_whole() -> None:
    parts = (b"one ", b"two")
    assert _asked("/gradio_api/queue/join", "POST", body=parts) == (200, b"one two")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/gradio_api/upload", "POST"),
        ("/gradio_api/upload", "PUT"),
        ("/gradio_api/file=/etc/passwd", "GET"),
        ("/gradio_api/file/etc/passwd", "GET"),
        ("/gradio_api/proxy=http://example.org", "GET"),
        ("/gradio_api/run/answer", "POST"),
        ("/gradio_api/call/answer", "POST"),
        ("/gradio_api/component_server", "POST"),
        ("/gradio_api/stream/a/b/c/playlist.m3u8", "GET"),
        ("/gradio_api/mcp/sse", "GET"),
        ("/static/../../etc/passwd", "GET"),
        ("/assets/../x", "GET"),
        ("/login", "POST"),
        ("/", "POST"),
        ("/", "DELETE"),
    ],
)
def test_nothing_else_is(path: str, method: str) -> None:
    assert _asked(path, method) == (404, None)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:7860", ""])
def test_other_names_of_this_machine_are_refused(host: str) -> None:
    # A page from elsewhere whose name was made to mean 127.0.0.1 would send its own name.
    assert _asked("/", host=host) == (400, None)
    assert _asked("/", host=host, hosts=None)[0] == 200


def test_a_request_too_large_is_refused() -> None:
    whole = b"x" * LARGEST_BODY
    assert _asked("/gradio_api/queue/join", "POST", body=(whole,))[0] == 200
    assert _asked("/gradio_api/queue/join", "POST", body=(whole, b"x")) == (413, None)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"data": [1, 2], "fn_index": 3, "session_hash": "a"}, 200),
        ({"data": [1], "fn_index": 3, "session_hash": "a"}, 422),
        ({"data": [1, 2], "fn_index": 4, "session_hash": "a"}, 422),
        ({"data": [1, 2], "fn_index": [], "session_hash": "a"}, 422),
        ({"data": None, "fn_index": 3, "session_hash": "a"}, 422),
        ({"data": [1, 2], "fn_index": 3}, 422),
        ([], 422),
    ],
)
def test_e5_an_event_that_the_page_cannot_send_is_refused(event: Any, status: int) -> None:
    """Row E5: these ended in the framework's tracebacks."""
    body = (json.dumps(event).encode(),)
    assert _asked("/gradio_api/queue/join", "POST", body=body, events={3: 2})[0] == status


def test_a_free_port_is_one_of_the_systems_choice() -> None:
    """Two pages that started at once took the same, and one said so in the terminal."""
    port = _free_port("127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        assert _free_port("127.0.0.1") != port
