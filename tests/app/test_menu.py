"""What can be chosen on the page is what answers, and is known before torch is imported."""

import subprocess
import sys

from eigenformer.app import menu
from eigenformer.app.solvers import trained
from eigenformer.problems.inverse import InverseProblem
from eigenformer.zoo import shipped_model, shipped_models


def test_models_on_the_menu_are_the_shipped_ones() -> None:
    offered = menu.models_by_problem()
    assert {name for names in offered.values() for name in names} == set(shipped_models())
    for problem, names in offered.items():
        for name in names:
            dims = shipped_model(shipped_models()[name]).config.task.ensemble.dimensions
            assert menu.sizes_of(name) == dims.rows
            assert type(trained(name, problem).problem) is type(menu.problem_of(problem))


def test_answers_to_inverse_can_be_polished() -> None:
    for problem, names in menu.models_by_problem().items():
        found = trained(names[0], problem).problem
        assert menu.can_polish(problem) == isinstance(found, InverseProblem)


def test_the_page_is_laid_out_before_torch_is_imported() -> None:
    code = """
import sys
from eigenformer.app import answers, comparison, draw, examples, menu, pictures, state, worker
from eigenformer.app.guard import Guard
state.decode(state.encode(state.PageState()))
print([name for name in ("torch", "scipy", "matplotlib") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
