"""What can be chosen on the page is what answers, and is known before torch is imported."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eigenformer.app import menu
from eigenformer.app.ask import ask
from eigenformer.app.solvers import chosen, trained
from eigenformer.construct.polish import POLISHERS
from eigenformer.core import save_json
from eigenformer.runs.recipes import fast
from eigenformer.training import Execution, train
from eigenformer.zoo import shipped_model, shipped_models


def test_models_on_the_menu_are_the_shipped_ones() -> None:
    offered = menu.models_by_problem()
    assert {name for names in offered.values() for name in names} == set(shipped_models())
    for problem, names in offered.items():
        for name in names:
            dims = shipped_model(shipped_models()[name]).config.task.ensemble.dimensions
            assert menu.sizes_of(name) == dims.rows
            assert type(trained(name, problem).problem) is type(menu.problem_of(problem))


def test_what_has_an_iteration_can_be_polished() -> None:
    for problem in menu.models_by_problem():
        assert menu.can_polish(problem) == (problem in POLISHERS)


def test_the_page_is_laid_out_before_torch_is_imported() -> None:
    code = """
import sys
from eigenformer.app import answers, comparison, draw, examples, menu, pictures, presets, worker
from eigenformer.app import scripts, snippet, state
from eigenformer.app.guard import Guard
state.decode(state.encode(state.PageState()))
print([name for name in ("torch", "scipy", "matplotlib") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_a_family_serves_is_what_its_configuration_says() -> None:
    for path in shipped_models().values():
        model = shipped_model(path).config.model
        name = model.registry.name_of(model)
        assert set(model.serves) == set(menu.SERVED.get(name, ())) or not model.serves


def test_d13_a_finished_run_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row D13: only shipped models could; what is unfinished or foreign is not shown."""
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path))
    run = train(fast("inverse", "2x2", width=32, examples=64), tmp_path / "mine",
                Execution(quiet=True))  # fmt: skip
    shutil.copytree(run.path, tmp_path / "other")
    save_json(tmp_path / "other" / "status.json", {"state": "running"})
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "config.json").write_text("[]")
    assert list(menu.runs()) == ["mine"]
    assert ("run mine", "mine") in menu.model_choices("inverse")
    assert "mine" not in menu.models_of("eigenvalues")
    asked = ask("inverse", "mine", np.array([[3.0, -1.0], [2.0, 7.0]]))
    assert asked.answer.solver.name == "mine" and asked.chance.right is None
    # The best is not the newest.
    assert chosen(menu.BEST, "inverse", (2, 2)).name == "inverse-any"
