"""Interventions: networks that are an algorithm pass, and those that only answer like it do not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from eigenformer.core import InputError
from eigenformer.incontext import (
    LABELS,
    Batch,
    Constructed,
    GDPlusPlus,
    InContextModel,
    LinearAttention,
    LinearAttentionModel,
    Mechanism,
    Regression,
    changed,
    gd_plus_plus,
    intervene,
    mechanism,
)
from eigenformer.papers.interventions import failures

TASK = Regression(dim=4, points=12)
PROMPTS = TASK.draw(0, 0, 400, dtype=torch.float64)
RATES = ((0.7, 0.2), (0.9, 0.0))
"""(a, b) of GD++."""


def plus(
    rates: tuple[tuple[float, float], ...] = RATES, task: Regression = TASK
) -> LinearAttentionModel:
    """GD++ as layers: P = diag(b I, 1), Q = diag(-a I, 0)."""
    architecture = LinearAttention(layers=len(rates), form="full")
    model = architecture.build(task).double().requires_grad_(False)
    eye = torch.eye(task.dim).double()
    weights = {}
    for i, (a, b) in enumerate(rates):
        p, q = torch.zeros(2, 1, task.dim + 1, task.dim + 1).double()
        p[0, :-1, :-1], p[0, -1, -1], q[0, :-1, :-1] = b * eye, 1, -a * eye
        weights |= {f"layers.{i}.p": p, f"layers.{i}.q": q}
    found = changed(model, weights)
    assert isinstance(found, LinearAttentionModel)
    return found


def test_gd_plus_plus_as_a_network_is_gd_plus_plus() -> None:
    model = plus()
    expected = GDPlusPlus(rates=RATES).predictions(PROMPTS, len(RATES))
    torch.testing.assert_close(torch.stack(model.by_layer(PROMPTS)), expected)
    found = intervene(model, gd_plus_plus(model), TASK, PROMPTS)
    assert found.loss == pytest.approx(found.algorithm_loss)
    assert found.similarity == pytest.approx(1)
    assert found.swapped == pytest.approx((1, 1)) and found.bare == pytest.approx(1)
    assert max(*found.unexplained, *found.astray) < 1e-20
    assert len(found.without) == 5 and not failures(found, tolerance=0.05)


def test_a_gauge_of_the_weights_is_no_other_algorithm() -> None:
    """P gamma and Q / gamma are the same layer."""
    model = plus()
    weights = model.state_dict()
    scaled = {n: v * 3 if n.endswith("p") else v / 3 for n, v in weights.items()}
    other = changed(model, scaled)
    found, expected = (intervene(m, gd_plus_plus(m), TASK, PROMPTS) for m in (other, model))
    assert found.loss == pytest.approx(expected.loss)
    assert max(*found.unexplained, *found.astray) < 1e-20


def test_the_catalogues_network_passes_with_the_layers_of_its_scalars() -> None:
    task = Regression(dim=5, points=20)
    prompts = task.draw(0, 0, 100, dtype=torch.float64)
    model = Constructed(entry="gd++").build(task).double().requires_grad_(False)
    pairs = [
        (float(-task.points * p[0, -1, -1] * q[0, 0, 0]), float(p[0, 0, 0] / p[0, -1, -1]))
        for p, q in model.matrices()
    ]
    known = plus(tuple(pairs), task)
    other = changed(model, {"layers.0.p": 0 * model.layer(0).p})
    described = Mechanism(
        algorithm=known, iterate=LABELS, bare=known, without={"the first layer": other}
    )
    assert not failures(intervene(model, described, task, prompts), tolerance=0.01)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_random_layer_is_no_step(layer: int) -> None:
    model = plus()
    generator = torch.Generator().manual_seed(layer)
    weights = {
        f"layers.{layer}.{name}": torch.randn(1, 5, 5, generator=generator).double() / 5
        for name in "pq"
    }
    random = changed(model, weights)
    assert failures(intervene(random, gd_plus_plus(random), TASK, PROMPTS), tolerance=0.05)
    # Nor is it a step of the descent that the other layer makes.
    beside = intervene(random, Mechanism(algorithm=model, iterate=LABELS), TASK, PROMPTS)
    assert max(beside.unexplained) > 0.05


class Elsewhere(InContextModel):
    """The algorithm's answer, which the last layer works out from the prompt itself."""

    columns = True

    def __init__(self, algorithm: InContextModel) -> None:
        super().__init__()
        self.algorithm, self.depth = algorithm, algorithm.depth

    def start(self, batch: Batch) -> Tensor:
        return self.algorithm.start(batch)

    def steps(self, batch: Batch, layers: int) -> Iterator:
        *_, last = self.algorithm.states(batch)

        for _ in range(layers - 1):
            yield lambda state, run=None: state
        yield lambda state, run=None: last

    def read(self, state: Tensor) -> Tensor:
        return self.algorithm.read(state)


def test_the_same_answer_by_another_route_does_not_pass() -> None:
    algorithm = plus()
    found = intervene(
        Elsewhere(algorithm), Mechanism(algorithm=algorithm, iterate=LABELS), TASK, PROMPTS
    )
    assert {"the swap", "another step"} <= set(failures(found, tolerance=0.05))
    assert found.loss == found.algorithm_loss and found.similarity == pytest.approx(1)
    assert found.swapped == (1, 1)  # for nothing before the last layer matters
    assert found.unexplained[0] == 1 and found.astray == pytest.approx((1, 1))


def test_the_unit_is_the_step_before() -> None:
    """Of one step of descent at twice the rate: as far off as no step at all."""
    model, other = plus(((0.5, 0.0),)), plus(((1.0, 0.0),))
    found = intervene(model, Mechanism(algorithm=other, iterate=LABELS), TASK, PROMPTS)
    assert found.unexplained == pytest.approx((1,)) and found.bare is None


def test_what_does_not_fit_is_refused() -> None:
    model = plus()
    with pytest.raises(InputError, match=r"no parameter layers\.9\.p of shape \[1, 5, 5\]"):
        mechanism(model, {"a": ("layers.9.p", torch.zeros(1, 5, 5))}, iterate=LABELS)
    known = replace(gd_plus_plus(model), algorithm=plus(RATES[:1]))
    with pytest.raises(InputError, match="the algorithm has 1 steps, and the model 2 layers"):
        intervene(model, known, TASK, PROMPTS)
