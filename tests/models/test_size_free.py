"""Models of numbers: what must not matter to them does not, at any size and scale."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import eigenformer as ef
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import BlocksConfig, FramesConfig, ModelConfig, Numbers, Question
from eigenformer.models.blocks import BlockModel
from eigenformer.models.frames import FrameModel
from eigenformer.runs.recipes import sizefree
from eigenformer.training import TrainConfig, fit

SIZES = st.integers(1, 8)
SEEDS = st.integers(0, 2**31)
TOLERANCES = [(torch.float32, 1e-5), (torch.float64, 1e-12)]


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.set_grad_enabled(False):
        yield


def blocks(**fields: object) -> BlockModel:
    return BlockModel(BlocksConfig(layers=4, **fields), seed=3).eval()  # type: ignore[arg-type]


@cache
def frames() -> FrameModel:
    """With weights that turn a frame, as trained ones do."""
    model = FrameModel(FramesConfig(loops=4), seed=3)
    torch.nn.init.constant_(model.layer.outer_bias, 0.9)
    return model.eval()


def matrix(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=torch.float64) * 20 - 10


def rotation(generator: torch.Generator, n: int) -> Tensor:
    return torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))[0]


def conditioned(generator: torch.Generator, m: int, n: int) -> Tensor:
    """Singular values from 1 to 2."""
    k = min(m, n)
    values = 1 + torch.rand(k, generator=generator, dtype=torch.float64)
    left, right = rotation(generator, m)[:, :k], rotation(generator, n)[:, :k]
    return (left * values) @ right.mT


def distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max().clamp_min(1e-300))


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("computes", ["inverse", "polar"])
@settings(max_examples=15)
@given(m=SIZES, n=SIZES, seed=SEEDS)
def test_blocks_turn_with_rows_and_columns(
    computes: str, dtype: torch.dtype, tolerance: float, m: int, n: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    model, a = blocks(computes=computes), conditioned(generator, m, n)
    u, v = rotation(generator, m), rotation(generator, n)
    turned = model.once((u @ a @ v.mT).to(dtype)[None])[0].double()
    assert distance(turned, u @ model.once(a.to(dtype)[None])[0].double() @ v.mT) < tolerance
    transposed = model.once(a.mT.to(dtype)[None])[0].double()
    assert distance(transposed, model.once(a.to(dtype)[None])[0].double().mT) < tolerance


@settings(max_examples=15)
@given(seed=SEEDS, exponent=st.integers(-290, 290))
def test_blocks_scale_with_the_matrix(seed: int, exponent: int) -> None:
    a = conditioned(torch.Generator().manual_seed(seed), 4, 4)[None]
    factor = 10.0**exponent
    for computes, power in (("inverse", -1), ("polar", 0)):
        model = blocks(computes=computes)
        assert distance(model.once(a * factor) * factor**-power, model.once(a)) < 1e-12


@settings(max_examples=15)
@given(m=SIZES, n=SIZES, seed=SEEDS)
def test_blocks_compute_a_function_of_singular_values(m: int, n: int, seed: int) -> None:
    a = conditioned(torch.Generator().manual_seed(seed), m, n)
    u, s, vt = torch.linalg.svd(a, full_matrices=False)
    for computes in ("inverse", "polar"):
        model = blocks(computes=computes)
        f = model.spectrum(s[None])[-1][0]
        assert distance(model.once(a[None])[0], (u * f) @ vt) < 1e-11


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@settings(max_examples=15)
@given(n=st.integers(2, 8), seed=SEEDS)
def test_frames_turn_with_the_matrix(
    dtype: torch.dtype, tolerance: float, n: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    a = matrix(generator, n, n)
    a = (a + a.mT) / 2
    q, turn = rotation(generator, n), rotation(generator, n)
    layer = frames().layer

    def step(a: Tensor, q: Tensor) -> Tensor:
        q, a = q.to(dtype)[None], a.to(dtype)[None]
        return layer(q, q.mT @ (a @ q))[0].double()

    plain = step(a, q)
    scores = (q.mT @ a @ q).abs()
    gaps = (scores.diagonal()[:, None] - scores.diagonal()).abs() + torch.eye(n) * 100
    if float(gaps.min()) < 1e-3:  # the sign of a gap of rounding size is anybody's guess
        return
    assert distance(step(turn @ a @ turn.mT, turn @ q), turn @ plain) < tolerance * 10
    assert distance(step(1000 * a, q), plain) < tolerance * 10
    assert distance(step(a + 3 * torch.eye(n), q), plain) < tolerance * 100
    order = torch.randperm(n, generator=generator)
    assert distance(step(a, q[:, order]), plain[:, order]) < tolerance * 10


@pytest.mark.parametrize("problem", ["inverse", "eigenvectors", "svd", "transpose", "matmul"])
def test_a_batch_of_mixed_sizes_is_answered_as_each_matrix_alone(problem: str) -> None:
    config = small(problem)
    solver = TrainedSolver(config.build().eval(), config.task)
    examples = config.task.examples(1, "test", 0, 12)
    together = solver.predict(examples.inputs)
    for i in range(12):
        alone = solver.predict(examples.inputs[i : i + 1])
        p, q = int(alone.matrices.rows[0]), int(alone.matrices.columns[0])
        assert (together.matrices.rows[i], together.matrices.columns[i]) == (p, q)
        np.testing.assert_allclose(
            together.matrices.values[i, :p, :q], alone.matrices.values[0], rtol=1e-9, atol=1e-12
        )


def small(problem: str, **changes: object) -> TrainConfig:
    return sizefree(problem, dims="2-4", examples=64, batch_size=16, **changes)  # type: ignore[arg-type]


def test_frames_learn_eigenvectors_and_answer_other_sizes() -> None:
    torch.set_grad_enabled(True)
    run = sizefree("eigenvectors", dims="4", examples=9_600, batch_size=32)
    solver = TrainedSolver(fit(run), run.task)  # type: ignore[arg-type]
    generator = np.random.default_rng(0)
    for n in (2, 7):
        a = generator.uniform(-10, 10, (200, n, n))
        solution = solver.solve(a + a.transpose(0, 2, 1))
        assert (solution.certificate["diagonalisation"] < 0.01).mean() > 0.9


def test_a_pass_that_repeats_never_makes_a_residual_larger() -> None:
    model = blocks(passes=6)
    a = matrix(torch.Generator().manual_seed(0), 80, 5, 5)
    once, many = model.once(a), model.repeated(a)
    assert (many[1] <= model.residual(a, once) + 1e-12).all()
    torch.testing.assert_close(many[1], model.residual(a, many[0]))


@pytest.mark.parametrize("problem", ["inverse", "eigenvectors", "svd", "matmul"])
def test_training_goes_on_where_it_stopped(problem: str) -> None:
    """What is random in a loss is a function of the batch alone."""
    config = small(problem)
    model = config.build().train()
    numbers = Numbers.of(config.task.examples(0, "train", 0, 16).inputs)
    truth = Numbers.of(config.task.examples(0, "train", 0, 16).answers)
    question = Question(matrices=numbers)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    first = model.loss(question, truth, lambda choices: choices.logits.sum())
    model.load_state_dict(before)
    torch.manual_seed(1)
    again = model.loss(question, truth, lambda choices: choices.logits.sum())
    assert torch.equal(first, again)


@pytest.mark.parametrize("problem", sorted({"inverse", "eigenvectors", "svd", "singular_values"}))
@pytest.mark.parametrize("kind", ["zero", "identity", "ones", "huge", "tiny", "1x1"])
def test_odd_matrices_get_an_answer(problem: str, kind: str) -> None:
    a = {
        "zero": np.zeros((3, 3)),
        "identity": np.eye(3),
        "ones": np.ones((3, 3)),
        "huge": 1e300 * np.diag([3.0, 2.0, 1.0]),
        "tiny": 1e-300 * np.diag([3.0, 2.0, 1.0]),
        "1x1": np.array([[-4.0]]),
    }[kind]
    config = small(problem)
    solver = TrainedSolver(config.build().eval(), config.task)
    if problem == "inverse" and kind in ("zero", "ones"):
        with pytest.raises(ef.InputError, match="singular"):
            solver.solve(a)
        return
    assert np.isfinite(solver.solve(a).value).all()


def test_the_model_of_a_problem_that_has_none_is_refused() -> None:
    with pytest.raises(ef.InputError, match="logistic_regression"):
        sizefree("logistic_regression")
    with pytest.raises(ef.InputError, match="no default"):
        sizefree("inverse", model="direct")


def test_names_of_activations_count_passes_and_layers() -> None:
    config = small("svd")
    solver = TrainedSolver(config.build().eval(), config.task)
    a = np.random.default_rng(1).uniform(-10, 10, (4, 3))
    solution, cache = solver.run_with_cache(a)
    np.testing.assert_array_equal(solution.value, solver.solve(a).value)
    assert cache["polar.pass.0.layer.3.heads"].shape == (1, 3, 4, 3)
    assert cache["frames.loop.0.scores"].shape == (1, 3, 3)
    silent = solver.run_with_hooks(a, {"polar.pass.0.layer.0.blocks": torch.zeros_like})
    assert not np.array_equal(silent.value, solution.value)


def test_configurations_refuse_what_is_not_positive() -> None:
    for config in (BlocksConfig, FramesConfig):
        with pytest.raises(ef.InputError, match="tolerance"):
            config(tolerance=0.0)
    assert ModelConfig.registry.item("blocks") is BlocksConfig
