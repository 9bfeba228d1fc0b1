"""What the server lets through: requests of the page itself, and nothing that touches files.

Gradio serves uploads, files, proxies and an interface for programs beside the page. This page needs
none of them, so only the paths that it does need are answered, for hosts that are this machine, and
with bodies of a limited size.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
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
    """ASGI middleware; `hosts` are the names by which the page may be asked, None for any."""

    def __init__(self, app: Application, hosts: tuple[str, ...] | None = _LOCAL) -> None:
        self.app = app
        self.hosts = hosts

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
