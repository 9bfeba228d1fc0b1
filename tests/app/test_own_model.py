"""The model of docs/own-model.md on the page: offered, asked, and without attention to show."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page import blocks

from eigenformer.app import menu
from eigenformer.app.ask import ask
from eigenformer.app.attention import attention
from eigenformer.core import places, registry
from eigenformer.runs.recipes import fast
from eigenformer.training import Execution, train
from eigenformer.zoo import export

PAGE = Path(__file__).parents[2] / "docs" / "own-model.md"


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The model, hardly trained, in a folder of the reader's."""
    (source,) = (block for block in blocks(PAGE.read_text()) if block.title == "cells.py")
    assert len(source.body.splitlines()) <= 100
    (tmp_path / "cells.py").write_text(source.body)
    monkeypatch.setenv(registry.PLUGIN_FILES, "")
    registry.add_plugin_file(tmp_path / "cells.py")
    config = fast("inverse", "2x2", model="cells", width=32, examples=64)
    run = train(config, tmp_path / "run", Execution(quiet=True))
    export(run, "inverse-cells", tmp_path / "models", matrices=20)
    monkeypatch.setenv(places.MODEL_FOLDERS, "")
    places.add_models(tmp_path / "models")
    for known in (menu._tasks, menu.models_by_problem):
        known.cache_clear()
    yield
    for known in (menu._tasks, menu.models_by_problem):
        known.cache_clear()


def test_it_is_asked_as_any_other(offered: None) -> None:
    assert "inverse-cells" in menu.models_by_problem()["inverse"]
    assert "inverse-2x2" in menu.models_by_problem()["inverse"]
    matrix = np.array([[3.0, -1.0], [2.0, 7.0]])
    asked = ask("inverse", "inverse-cells", matrix)
    assert asked.tokens_in == ()  # it reads the numbers
    assert asked.tokens_out
    np.testing.assert_allclose(asked.answer.truth @ matrix, np.eye(2), atol=1e-12)
    assert attention("inverse", "inverse-cells", matrix).names == ()
