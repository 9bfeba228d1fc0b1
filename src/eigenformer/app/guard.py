"""What the server lets through: requests of the page itself, and nothing that touches files.

Gradio serves uploads, files, proxies and an interface for programs beside the page. This page needs
none of them, so only the paths that it does need are answered, for hosts that are this machine, and
with bodies of a limited size.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 64 * 1024
"""Bytes of a request; the page's largest, a matrix and a program as text, are far below."""

_GET = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/assets/[\w.-]+|/static/[\w./-]+"
    r"|/(?:gradio_api/)?(?:startup-events|info|app_id|heartbeat/\w+|queue/data|queue/status)/?"
)
_POST = re.compile(r"/(?:gradio_api/)?(?:queue/join|cancel|reset)/?")
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware.

    `hosts` are the names by which the page may be asked, None for any; `events` how many values
    each event of the page comes with, None for anything.
    """

    def __init__(
        self,
        app: Application,
        hosts: tuple[str, ...] | None = _LOCAL,
        events: Mapping[int, int] | None = None,
    ) -> None:
        self.app = app
        self.hosts = hosts
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        body, too_large = await _read(receive)
        if too_large:
            await _refuse(send, 413, f"a request has at most {LARGEST_BODY:,} bytes")
            return
        joins = scope["method"] == "POST" and "/queue/join" in scope["path"]
        if joins and self.events is not None and (wrong := _wrong(body, self.events)):
            await _refuse(send, 422, wrong)
            return
        replayed = False

        async def again() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1")
        name = re.sub(r":\d+$", "", host)
        if self.hosts is not None and name not in self.hosts:
            return 400, "this page answers to the name of this machine only"
        path, method = scope["path"], scope["method"]
        allowed = _POST if method == "POST" else _GET
        if method not in ("GET", "HEAD", "POST") or not allowed.fullmatch(path) or ".." in path:
            return 404, "there is nothing here"
        return None


def _wrong(body: bytes, events: Mapping[int, int]) -> str:
    """What is wrong with an event that the page cannot have sent; nothing if it can."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return "an event is JSON; this is not"
    if not isinstance(event, dict) or not isinstance(event.get("session_hash"), str):
        return "an event says which page it is of, as session_hash"
    index, data = event.get("fn_index"), event.get("data")
    if not isinstance(index, int) or index not in events:
        return "there is no such event on this page; fn_index says which"
    if not isinstance(data, list) or len(data) != events[index]:
        return f"this event comes with {events[index]} values, as data"
    return ""


async def _read(receive: Receive) -> tuple[bytes, bool]:
    """A request's body, and whether it is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"", False
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            return b"", True
        if not message.get("more_body", False):
            return b"".join(parts), False


async def _refuse(send: Send, status: int, text: str) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": text.encode()})
