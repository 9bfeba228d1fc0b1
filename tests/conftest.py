"""What holds for every test.

Annotations are checked too: the option `--jaxtyping-packages` in pyproject.toml lets beartype check
the types and jaxtyping the shapes of every function of the package, in tests only.
"""

import os
from collections.abc import Iterator

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


@pytest.fixture(autouse=True)
def subnormal_numbers() -> Iterator[None]:
    """Keep them: `tune_cpu`, made for a command's own process, flushes them to zero."""
    yield
    torch.set_flush_denormal(False)
