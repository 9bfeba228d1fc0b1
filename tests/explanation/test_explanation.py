"""What is said of learned networks is measured, against closed forms and the networks."""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import eigenformer as ef
from eigenformer.evaluation import TrainedSolver
from eigenformer.explanation import Explanation, Insight, compare_bilinear, compare_blocks
from eigenformer.explanation.block_findings import beside_classical, function_by_layer, heads
from eigenformer.explanation.frame_findings import degrees, lone_pairs, off_diagonal
from eigenformer.explanation.iterations import best_error, chebyshev, minimax, newton
from eigenformer.explanation.rules import RuledLayer, constant, frozen, jacobi, learned, path
from eigenformer.models import BilinearConfig, BlocksConfig, FramesConfig
from eigenformer.models.bilinear import BilinearModel
from eigenformer.models.blocks import BlockModel
from eigenformer.models.frames import FrameModel
from eigenformer.reports import write_figure
from eigenformer.runs.recipes import sizefree


@cache
def blocks(computes: str = "inverse") -> BlockModel:
    model = BlockModel(BlocksConfig(layers=3, computes=computes), seed=3)  # type: ignore[arg-type]
    model.seen.fill_(10**9)  # layers of their own
    return model.eval()


@cache
def frames() -> FrameModel:
    model = FrameModel(FramesConfig(), seed=3)
    torch.nn.init.constant_(model.layer.outer_bias, 0.9)
    return model.eval()


@pytest.mark.parametrize("inverse", [True, False])
def test_the_best_composition_is_best(inverse: bool) -> None:
    """It equioscillates, and no classical iteration of as many steps reaches further."""
    x = np.geomspace(1e-2, 1, 20_001)
    steps = 6
    error = best_error(1e-2, steps, inverse=inverse)
    best = minimax(inverse=inverse, steps=steps, tolerance=error / 0.999)
    *_, last = best.values(x, steps)
    assert np.abs(1 - last).max() == pytest.approx(error, rel=0.02)
    signs = np.sign(1 - last[np.abs(1 - last) > 0.98 * error])
    assert (np.diff(signs) != 0).sum() >= 2**steps // 2
    *_, other = newton(inverse=inverse).values(x, steps)
    assert np.abs(1 - other).max() > error


def test_orders_of_the_classical_iterations() -> None:
    near = np.array([1 - 1e-3])
    for inverse in (True, False):
        start = np.sqrt(near) if inverse else near
        for iteration, order in ((newton(inverse=inverse), 2), (chebyshev(inverse=inverse), 3)):
            first, second = iteration.values(start, 1)
            found = np.log(abs(1 - second)) / np.log(abs(1 - first))
            assert found[0] == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("computes", ["inverse", "polar"])
def test_a_blocks_network_with_held_gates_is_its_program(computes: str) -> None:
    compared = compare_blocks(blocks(computes), count=50, size=4)
    assert compared.error < 1e-10
    assert compared.network.summary().layers == 3


@pytest.mark.parametrize("operands", ["one", "two", "vector"])
def test_a_bilinear_network_is_its_program(operands: str) -> None:
    answer = {"one": ("n", "m"), "two": ("n", "n"), "vector": ("n", "1")}[operands]
    model = BilinearModel(BilinearConfig(operands=operands, answer=answer), seed=1)  # type: ignore[arg-type]
    assert compare_bilinear(model, count=50, size=4).error < 1e-12


def test_findings_about_blocks_are_whole() -> None:
    function, beside = function_by_layer(blocks()), beside_classical(blocks())
    assert function.grid is not None and len(function.grid.rows) == 3
    assert beside.grid is not None and [row[0] for row in beside.grid.rows][:2] == [
        "learned",
        "Newton's",
    ]
    lost = heads(blocks(), count=20)
    assert lost.grid is not None and len(lost.grid.rows[0]) == 1 + 3


def test_jacobis_angle_makes_a_pair_diagonal() -> None:
    generator = torch.Generator().manual_seed(0)
    gap, coupling = torch.randn(2, 40, generator=generator, dtype=torch.float64)
    g = lone_pairs(gap, coupling)
    *_, after = path(RuledLayer(frames(), jacobi()), g, 1)
    assert off_diagonal(after).max() < 1e-12
    assert degrees(jacobi(), lone_pairs(torch.zeros(1).double(), torch.ones(1).double()))[0] == 45


def test_rules_stand_in_for_the_learned_one() -> None:
    a = torch.randn(5, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    a = a + a.mT
    own = list(path(frames().layer, a, 3))
    again = list(path(RuledLayer(frames(), learned(frames())), a, 3))
    torch.testing.assert_close(own, again)
    other = list(path(RuledLayer(frames(), constant()), a, 3))
    assert (other[-1] - own[-1]).abs().max() > 1e-3
    changed = frozen(frames(), 0, [0.5] * 5).mixing(a)
    assert changed.shape == learned(frames()).mixing(a).shape
    assert (changed - learned(frames()).mixing(a)).abs().max() > 1e-6


def test_the_whole_explanation_as_text_data_and_drawings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sizefree("eigenvectors", dims="3", examples=64, batch_size=16)
    solver = TrainedSolver(config.build().eval(), config.task)  # type: ignore[arg-type]
    # The module, not the function of its name; hundreds of answers are not needed here.
    module = sys.modules["eigenformer.explanation.explain"]
    nothing = Insight(name="transfer", title="", says=())
    monkeypatch.setattr(module, "transfer", lambda solver: nothing)
    explanation = ef.explain(solver)
    assert isinstance(explanation, Explanation) and explanation.weights == 57
    data = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    assert [found["name"] for found in data["findings"]][:2] == ["angle", "convergence"]
    sketch = explanation.finding("convergence").sketch
    assert sketch is not None
    pytest.importorskip("matplotlib")
    light = write_figure(sketch.draw, tmp_path, "convergence").read_text()
    dark = (tmp_path / "convergence-dark.svg").read_text()
    assert "<svg" in light and light != dark


def test_other_families_are_refused() -> None:
    with pytest.raises(ef.InputError, match="any size"):
        ef.explain(ef.load("eigenvectors-2x2"))
