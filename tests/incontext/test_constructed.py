"""A model made from a constructed network: its outputs, its training, its weights."""

import numpy as np
import pytest
import torch

from eigenformer.construct import CATALOGUE, Network
from eigenformer.construct.algorithms.gradient_descent import gradient_descent
from eigenformer.core import InputError, rng
from eigenformer.incontext import (
    Batch,
    Constructed,
    Graphs,
    LinearAttention,
    Optimizer,
    Prompts,
    Regression,
    RunConfig,
    from_construction,
    layer_distance,
)
from eigenformer.training import fit

NAMES = [
    "preconditioned-gd",
    "looped-gd",
    "gd++",
    "gd++-newton-schulz",
    "least-squares",
    "electric",
    "electric-flow",
    "electric-quadratic",
    "resistive",
    "heat-kernel",
]


def batch_of(inputs: tuple[np.ndarray, ...]) -> Batch:
    tensors = [torch.as_tensor(each) for each in inputs]
    if len(tensors) == 2:
        return Graphs(incidence=tensors[0], demands=tensors[1], target=tensors[1])
    x, y, query = tensors
    return Prompts(
        x=x, y=y, query=query, target=query[:, 0], weights=query, noise=torch.zeros(len(x))
    )


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_the_constructed_networks(name: str) -> None:
    entry = CATALOGUE.get(name)
    network = entry.build()
    assert isinstance(network, Network)
    inputs = entry.draw(rng(0, "warm start"), 20)
    expected = network(*inputs)
    found = from_construction(network)(batch_of(inputs)).detach()
    assert float((found - expected).abs().max()) <= 1e-12 * float(expected.abs().max())


def test_gradient_descent_with_fewer_tokens_than_compiled_for() -> None:
    network = gradient_descent(4, 20, eta=0.3, steps=3)
    task = Regression(dim=4, points=7)
    batch = task.draw(0, 0, 10, dtype=torch.float64)
    expected = network(batch.x, batch.y[:, :, None], batch.query)[:, 0]
    torch.testing.assert_close(from_construction(network)(batch), expected, rtol=1e-12, atol=1e-12)


def test_shared_layers_stay_shared_and_every_weight_trains() -> None:
    entry = CATALOGUE.get("looped-gd")
    model = from_construction(entry.build())
    assert len(model.layers) == 1
    assert len(model.matrices()) == 6
    task = Regression(dim=5, points=20)
    before = [p.detach().clone() for p in model.parameters()]
    config = RunConfig(
        task=task, model=Constructed(entry="looped-gd"), steps=5, optimizer=Optimizer(rate=1e-3)
    )
    trained = fit(config, model)
    assert trained is model
    for old, new in zip(before, model.parameters(), strict=True):
        assert (old != new).any()


def test_training_from_a_construction_lowers_its_loss() -> None:
    task = Regression(dim=5, points=20)
    config = RunConfig(
        task=task,
        model=Constructed(entry="preconditioned-gd"),
        steps=60,
        batch=64,
        optimizer=Optimizer(rate=1e-3, clip=1.0),
    )
    test = task.draw(0, 0, 2000, purpose="test")
    start = config.model.build(task)
    trained = fit(config)
    with torch.no_grad():
        assert task.loss(trained(test), test) < 0.8 * task.loss(start(test), test)


def test_layers_can_be_compared_weight_by_weight() -> None:
    """A trained form and a construction of the same rates are the same layer, up to scaling."""
    network = gradient_descent(4, 10, eta=0.3)
    constructed = from_construction(network).requires_grad_(False).matrices()[0]
    model = LinearAttention(form="step").build(Regression(dim=4)).double().requires_grad_(False)
    model.layer(0).a.fill_(0.3)  # type: ignore[union-attr, operator]
    p, q = model.matrices()[0]
    assert layer_distance((p / 10, q), constructed) < 1e-12
    assert layer_distance((p / 10 * 7, q / 7), constructed) < 1e-12
    assert layer_distance((p / 5, q), constructed) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("logistic", "has a layer with ReLU units, which models of this room lack"),
        ("newton-lemma", r"takes A \[5, 5\], X0 \[5, 5\]; only networks that read prompts"),
        ("gd-step", r"takes x \[20, 5\], y \[20, 2\], query \[5\]; only networks"),
    ],
)
def test_other_networks_are_refused(name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        from_construction(CATALOGUE.get(name).build())
