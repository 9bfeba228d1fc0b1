"""The server of the page: on this machine, for this machine."""

import importlib.util
import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

from ..core import InputError
from . import worker
from .startup import no_collection, no_stubs

PORT = 7860


def check_host(host: str, *, share: bool) -> None:
    """Refuse an address that others can reach, unless the user says to know."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        local = ipaddress.ip_address(name).is_loopback
    except ValueError:
        raise InputError(
            f"--host {host} is not an address; give 127.0.0.1, or leave it out"
        ) from None
    if not local and not share:
        raise InputError(
            f"--host {host} can be reached from other machines, and the page has no password; "
            "give 127.0.0.1, or --share-i-know if that is what you want"
        )


def check_port(port: int) -> None:
    """Refuse what is not a port; 0 takes any that is free."""
    if not 0 <= port < 2**16:
        raise InputError(f"--port {port} is not a port; give a number from 0 to 65535")


def start(host: str = "127.0.0.1", port: int = PORT, *, share: bool = False) -> Any:
    """Start the page in the background; returns the Gradio page, whose `local_url` is its address.

    Raises `InputError` for an address that others can reach unless `share`, for a port that is
    taken, and where Gradio is not installed.
    """
    check_host(host, share=share)
    check_port(port)
    if importlib.util.find_spec("gradio") is None:
        raise InputError("the page needs Gradio: pip install 'eigenformer[app]'")
    worker.start()
    try:
        return _served(host, port, share=share)
    except BaseException:
        worker.stop()
        raise


def stop(page: Any) -> None:
    """End a page that `start` returned, and the process that computes its answers."""
    page.close(verbose=False)
    worker.stop()


def _free_port(host: str) -> int:
    # Gradio tries one after the other, and two pages that start at once take the same.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])


def _served(host: str, port: int, *, share: bool) -> Any:
    # Before Gradio is imported, which asks its maker for news otherwise.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    # Gradio asks for matplotlib's at every event, and to find one out imports half of matplotlib.
    os.environ.setdefault("MPLBACKEND", "agg")
    with no_collection():
        with no_stubs():
            from .look import CSS, NARROW, theme
            from .scripts import START
        from gradio.route_utils import BUILD_PATH_LIB
        from starlette.middleware import Middleware

        from .assets import Assets
        from .guard import Guard
        from .page import build_page

        page = build_page()
    events = {index: len(event.inputs) for index, event in page.fns.items() if event.fn is not None}
    guard = Middleware(Guard, events=events, **({"hosts": None} if share else {}))
    assets = Middleware(Assets, folder=Path(BUILD_PATH_LIB))
    try:
        page.launch(
            server_name=host,
            server_port=port or _free_port(host),
            share=False,
            inbrowser=False,
            prevent_thread_lock=True,
            quiet=True,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            run_history=False,
            enable_monitoring=False,
            show_error=False,
            max_file_size=1,
            allowed_paths=[],
            footer_links=[],
            state_session_capacity=200,
            max_threads=60,
            theme=theme(),
            css=CSS,
            head=NARROW + START,
            app_kwargs={"middleware": [guard, assets], "docs_url": None, "redoc_url": None},
        )
    except OSError as error:
        raise InputError(
            f"port {port} cannot be used ({error}); give another with --port"
        ) from None
    return page
