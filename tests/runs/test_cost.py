"""Costs before a run: operations as counted one by one, sums, and the question above an hour."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from engine_examples import chain, experiment
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.core import InputError
from eigenformer.core.display import duration
from eigenformer.models import ModelConfig, Products, RecurrentConfig, StackConfig, UniversalConfig
from eigenformer.models.products import counted_flops
from eigenformer.papers.charton2022.settings import paper_tokens
from eigenformer.runs import Plan
from eigenformer.runs import cost as runs_cost
from eigenformer.runs.cost import (
    Cost,
    confirm,
    cost,
    matmul_rate,
    plan_cost,
    products,
    training_flops,
)
from eigenformer.runs.recipes import fast, paper
from eigenformer.training import TestSet, TrainConfig, Trainer

SMALL: dict[str, Any] = {"width": 32, "layers": (2, 1), "batch_size": 8}


def universal(gating: str, loops: tuple[int, int]) -> TrainConfig:
    stack = StackConfig(layers=1, width=32, heads=2)
    model = UniversalConfig(
        encoder=stack,
        decoder=stack,
        encoder_loops=loops[0],
        decoder_loops=loops[1],
        gating=gating,  # type: ignore[arg-type]
    )
    return replace(fast("add", "2x2", **SMALL), model=model)


def recurrent(cell: str) -> TrainConfig:
    model = RecurrentConfig(
        cell=cell,  # type: ignore[arg-type]
        encoder_layers=2,
        decoder_layers=3,
        embedding=16,
        hidden=24,
    )
    return replace(fast("add", "2x2", **SMALL), model=model)


def uneven(config: TrainConfig) -> TrainConfig:
    """Encoder and decoder of different widths, and hidden units that are not 4 widths."""
    return replace(
        config,
        model=replace(
            config.model,
            encoder=StackConfig(layers=1, width=48, heads=2, hidden=80),
            decoder=StackConfig(layers=3, width=32, heads=4, hidden=40),
        ),
    )


CONFIGS = {
    "fast": fast("eigenvalues", "3x3", **SMALL),
    "fast, uneven": uneven(fast("eigenvalues", "3x3", **SMALL)),
    "fast, vectors": fast("eigenvectors", "2x2", encoding="P10", output_encoding="FP15", **SMALL),
    "fast, rectangular": fast("transpose", "2x4", encoding="B1999", **SMALL),
    "fast, of sizes": fast("eigenvalues", "1-4", **SMALL),
    "fast, joint": fast("transpose,add", "2x2", **SMALL),
    "paper": paper("add", "2x2", heads=(2, 2), **SMALL),
    "paper, uneven": uneven(paper("matmul", "2x2", heads=(2, 2), **SMALL)),
    "paper, of sizes": paper("transpose", "1-4", heads=(2, 2), **SMALL),
    "paper's tokens": paper_tokens("inverse", "2x2", encoding="FP15", **SMALL),
    "looped": universal("none", (3, 1)),
    "copy gates": universal("copy", (2, 3)),
    "adaptive": universal("act", (1, 3)),
    "lstm": recurrent("lstm"),
    "gru": recurrent("gru"),
}


def flops_per_example(config: TrainConfig) -> float:
    """Counted one by one, over a step."""
    trainer = Trainer(config)
    batch = next(trainer.batches())
    with counted_flops() as counter:
        trainer.step(batch)
    return float(counter.get_total_flops()) / config.batch_size


@pytest.mark.parametrize("name", CONFIGS)
def test_operations_are_those_counted_one_by_one(name: str) -> None:
    assert sum(training_flops(CONFIGS[name])) == pytest.approx(
        flops_per_example(CONFIGS[name]), rel=0.05
    )


def shapes(found: Products) -> list[list[int]]:
    return sorted(sorted(shape) for shape in found.matrices)


@pytest.mark.parametrize("name", ["fast", "paper, uneven", "gru"])
def test_a_model_without_a_formula_is_counted(name: str) -> None:
    config = CONFIGS[name]
    found = ModelConfig.products(config.model, config.task, 8)
    assert found.forward == pytest.approx(products(config).forward, rel=0.05)
    assert shapes(found) == shapes(products(config))


def test_the_cost_of_a_run() -> None:
    config = CONFIGS["fast"]
    whole = cost(config)
    assert whole.examples == config.examples
    each = sum(training_flops(config))
    assert config.examples * each < whole.flops < 2 * config.examples * each
    # Test matrices of twice the size cost more than the training's own.
    larger = replace(config.task.ensemble, dims="6x6")
    tests = (TestSet(size=2000), TestSet(name="larger", ensemble=larger, size=2000))
    more = replace(config, evaluation=replace(config.evaluation, tests=tests))
    once = 10 * 2000 * products(config).forward
    assert cost(more).flops - whole.flops > 2 * once
    assert whole.flops == pytest.approx(config.examples * each + once)


def test_seconds_grow_with_the_work() -> None:
    config = CONFIGS["fast"]
    assert 0 < cost(config).seconds < cost(replace(config, examples=10 * config.examples)).seconds
    assert cost(config).seconds < cost(CONFIGS["fast, uneven"]).seconds
    assert matmul_rate() == matmul_rate() > 1e8


def test_products_that_waited_for_a_core_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stops but for products: one to warm up, and one of five that did not wait.

    A first product of seconds was the only one, and days were expected where hours would do.
    """
    durations = iter([9.0, 8.0, 8.0, 8.0, 0.002, 8.0])
    now = 0.0

    def product(a: Any, b: Any) -> Any:
        nonlocal now
        now += next(durations)
        return a

    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(runs_cost, "linear", product)
    monkeypatch.setattr(runs_cost, "time", SimpleNamespace(perf_counter=lambda: now))
    assert 2 * 384**3 / matmul_rate.__wrapped__() == pytest.approx(0.002)
    assert next(durations, None) is None


def test_a_large_model_is_not_built() -> None:
    # 24 layers of width 1024 take gigabytes to train.
    large = paper("eigenvalues", "8x8", layers=(24, 24), width=1024, heads=(16, 16))
    found = cost(large)
    assert found.flops > 60e6 * 3 * 2 * 24 * 12 * 1024**2 * 100
    assert "years on this machine" in str(found)


def test_a_plan_costs_what_its_runs_cost() -> None:
    plan = chain()
    assert len(plan.experiments) == 4
    total = plan_cost(plan.experiments)
    assert total.examples == sum(one.config.examples for one in plan.experiments)
    assert total.flops == pytest.approx(4 * cost(plan.experiments[0].config).flops)
    shared = Plan.of([experiment("one"), experiment("the-same")])
    assert plan_cost(shared.experiments) == cost(experiment("one").config)
    assert plan_cost(()) == Cost()


@given(st.floats(0, 1e7), st.booleans())
def test_above_an_hour_a_yes_is_asked(seconds: float, yes: bool) -> None:
    found = Cost(examples=1_000_000, flops=1e15, seconds=seconds)
    if yes or seconds <= 3600:
        confirm(found, yes)
        return
    with pytest.raises(InputError, match=r"1,000,000 examples.* on this machine; add --yes"):
        confirm(found, yes)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.6, "60 s"),
        (100, "2 min"),
        (5400, "1.5 h"),
        (100_000, "28 h"),
        (2e6, "23 days"),
        (1e9, "32 years"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
