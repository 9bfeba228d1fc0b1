"""Gradio's scripts and styles, as they are.

The page asks for some seventy of them before it shows anything. Gradio opens each in a thread and
compresses it anew: worth it over a network, 0.4 seconds of the first answer to a browser on the
same machine.
"""

import mimetypes
import re
from pathlib import Path

from .guard import Application, Receive, Scope, Send

_NAME = re.compile(r"/assets/(\w[\w.-]*)")


class Assets:
    """ASGI middleware: `/assets/NAME` is the file of that name in a folder without folders."""

    def __init__(self, app: Application, folder: Path) -> None:
        self.app = app
        self.folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = _NAME.fullmatch(scope["path"]) if scope["type"] == "http" else None
        path = self.folder / named[1] if named else None
        if path is None or not path.is_file():
            await self.app(scope, receive, send)
            return
        content = path.read_bytes()
        kind, _ = mimetypes.guess_type(path.name)
        head = [
            (b"content-type", (kind or "application/octet-stream").encode()),
            (b"content-length", str(len(content)).encode()),
            (b"content-encoding", b"identity"),  # or Gradio's own middleware compresses it
            # Their names change when they do.
            (b"cache-control", b"public, max-age=31536000, immutable"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": content})
