"""What keeps the start short: imports are most of it, and do work that this page has no use for."""

import gc
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_collection() -> Iterator[None]:
    """Imports without looks for garbage, of which they make none: a fifth of their time.

    What was made stays out of later looks too, which would go through all of it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def no_stubs() -> Iterator[None]:
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
