"""`eigenformer app`: the playground, a page on this machine."""

import signal
import threading
from pathlib import Path

from ..core.places import add_models
from .parse import parse

PORT = 7860


def main(args: list[str]) -> int:
    return parse(app, args, prog="app")


def app(
    port: int = PORT,
    host: str = "127.0.0.1",
    share_i_know: bool = False,
    models: Path | None = None,
) -> int:
    """Open the playground: ask a model, build an algorithm, compare solvers.

    The page is served on this machine alone, fetches nothing from outside and writes nothing.
    Ctrl-C ends it. Needs the extra: pip install 'eigenformer[app]'.

    Args:
        port: where to serve it; 0 takes any that is free.
        host: an address of this machine; others need --share-i-know.
        share_i_know: allow an address that other machines can reach; there is no password.
        models: a folder of models of your own (`eigenformer models export --to`), shown too.
    """
    from ..app.server import start, stop

    if models is not None:
        add_models(models)
    page = start(host, port, share=share_i_know)
    print(f"the playground is at {page.local_url} (Ctrl-C ends it)", flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        ended.wait()
    finally:
        stop(page)
    return 0
