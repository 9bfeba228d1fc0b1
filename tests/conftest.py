"""What holds for every test. `make test-types` checks annotations too, shapes included."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

# As the command line does, and before torch is imported: threads that spin for a core that somebody
# else has cost up to 10x.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
import torch
from hypothesis import settings

# The same examples in every run, or a failure could not be repeated. A shared machine stalls now
# and then, so how long an example takes decides nothing.
settings.register_profile("repeatable", derandomize=True, deadline=None)
# `pytest --hypothesis-profile=explore` looks for new failures.
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("repeatable")

BROWSERS = ("chromium", "google-chrome")
# Chromium asks its maker for many things at each start; on a machine without a way out these fail.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(autouse=True)
def subnormal_numbers() -> Iterator[None]:
    """Keep them: `tune_cpu`, made for a command's own process, flushes them to zero."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """For the tests of pages, which have markers of their own."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert path is not None, f"install one of {', '.join(BROWSERS)}; `make test-browser` does"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield running
        running.close()
