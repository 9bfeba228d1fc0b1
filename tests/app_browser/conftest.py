"""A page that runs, for the tests of this folder."""

from collections.abc import Iterator

import pytest
from visits import served


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with served("-m", "eigenformer", "app", "--port", "0") as found:
        yield found


@pytest.fixture
def address(server: tuple[str, int]) -> str:
    return server[0]
