"""The server of the page: on this machine, for this machine."""

import inspect
import ipaddress
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core import InputError

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
    # Before Gradio is imported, which asks its maker for news otherwise.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    warming = threading.Thread(target=_warm, daemon=True)
    warming.start()
    try:
        with _no_stubs():
            import gradio  # noqa: F401  to tell whether it is there
        from starlette.middleware import Middleware
    except ImportError:
        raise InputError("the page needs Gradio: pip install 'eigenformer[app]'") from None
    warming.join()
    from .guard import Guard
    from .look import CSS, NARROW, theme
    from .page import build_page

    page = build_page()
    guard = Middleware(Guard, hosts=None) if share else Middleware(Guard)
    try:
        page.launch(
            server_name=host,
            server_port=port or None,
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
            max_threads=8,
            theme=theme(),
            css=CSS,
            head=NARROW,
            app_kwargs={"middleware": [guard], "docs_url": None, "redoc_url": None},
        )
    except OSError as error:
        raise InputError(
            f"port {port} cannot be used ({error}); give another with --port"
        ) from None
    return page


@contextmanager
def _no_stubs() -> Iterator[None]:
    """Gradio's import without the type stubs that it writes into its own package each time.

    They are for editors, and half of the time that its import takes. It leaves out classes that are
    in no file, so for the moment its components say that they are in none.
    """
    getfile = inspect.getfile

    def of_others(thing: Any) -> str:
        if type(thing).__name__ == "ComponentMeta":
            raise OSError
        return getfile(thing)

    inspect.getfile = of_others  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile


def _warm() -> None:
    """Load what the first answer needs while Gradio is imported."""
    import torch

    # The matrices are small: a second thread would only wait for the first.
    torch.set_num_threads(1)
    from .ask import ask
    from .matrix_text import parse_matrix
    from .state import AskState

    usual = AskState()
    ask(usual.problem, usual.model, parse_matrix(usual.matrix))
