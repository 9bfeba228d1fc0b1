"""A page that runs, and visits to it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 180_000
"""Milliseconds for what takes a moment: a shared machine stalls now and then."""


@dataclass
class Visit:
    """A page as it was opened, and what it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def text(self, place: str) -> str:
        return str(self.page.locator(place).inner_text())

    def wait(self, place: str, text: str) -> None:
        self.page.locator(place).filter(has_text=re.compile(text)).first.wait_for()

    def choose(self, place: str, name: str) -> None:
        self.page.locator(f"{place} input").click()
        self.page.get_by_role("option", name=name, exact=True).click()


def visit_page(browser: Any, url: str, width: int = 1280, **options: Any) -> Visit:
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    page.set_default_timeout(PATIENCE)
    visit = Visit(page=page)
    page.on("console", lambda message: visit.said.append(message.text))
    page.on("pageerror", lambda error: visit.said.append(str(error)))
    page.on("request", lambda request: visit.asked.append(request.url))
    page.goto(url)
    visit.wait("#ef-answer", "LAPACK")
    return visit


@contextmanager
def served(*command: str, errors: Path | None = None) -> Iterator[tuple[str, int]]:
    """The address of a page that `command` starts, and its process; ended in good order."""
    with (
        open(os.devnull if errors is None else errors, "w") as said,
        subprocess.Popen(
            [sys.executable, "-u", *command],
            stdout=subprocess.PIPE,
            stderr=None if errors is None else said,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found is not None
        yield found.group(), server.pid
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
