"""The playground with every event held back: python slow_page.py SECONDS."""

import asyncio
import signal
import sys
import threading
from typing import Any

from eigenformer.app import guard, server

if __name__ == "__main__":
    inner, seconds = guard.Guard.__call__, float(sys.argv[1])

    async def held(self: guard.Guard, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/queue/join"):
            await asyncio.sleep(seconds)
        await inner(self, scope, receive, send)

    guard.Guard.__call__ = held  # type: ignore[method-assign]
    page = server.start(port=0)
    print(page.local_url, flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    server.stop(page)
