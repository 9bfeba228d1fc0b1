"""Firefox by its own protocol, Marionette: Playwright drives only a build of its own."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class FirefoxPage:
    """A page with `goto` and `evaluate`, as in Playwright."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=500)
        self._file = self._socket.makefile("rb")
        self._read()
        self._ask("NewSession")
        self._ask("SetTimeouts", script=400_000)

    def goto(self, url: str) -> None:
        self._ask("Navigate", url=url)

    def evaluate(self, function: str, *arguments: Any) -> Any:
        script = f"return ({function})(...arguments)"
        return self._ask("ExecuteScript", script=script, args=arguments, sandbox=None)["value"]

    def screenshot(self) -> str:
        """The whole page as PNG in base64."""
        return str(self._ask("TakeScreenshot", full=True)["value"])

    def close(self) -> None:
        self._socket.close()

    def _ask(self, command: str, **parameters: Any) -> Any:
        message = json.dumps([0, 1, f"WebDriver:{command}", parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def _read(self) -> Any:
        size = b""
        while (byte := self._file.read(1)) != b":":
            size += byte
        return json.loads(self._file.read(int(size)))


@contextmanager
def firefox_page(program: str, profile: Path) -> Iterator[FirefoxPage]:
    """A page of a Firefox of its own, which ends with it."""
    (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')
    words = [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        at = profile / "MarionetteActivePort"
        for _ in range(600):
            if at.exists() and at.read_text().strip():
                break
            time.sleep(0.1)
        page = FirefoxPage(int(at.read_text()))
        yield page
        page.close()
    finally:
        running.terminate()
        running.wait()
