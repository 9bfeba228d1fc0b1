"""Activations of solvers and constructed networks, and attention on the matrices' own grids."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import eigenformer as ef
from eigenformer import construct, encodings, ensembles, problems
from eigenformer.construct import CATALOGUE
from eigenformer.construct.blocks import dense
from eigenformer.core import InputError
from eigenformer.encodings import Task
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import LawtConfig, RecurrentConfig, StackConfig, TransformerConfig

STACK = StackConfig(layers=2, width=16, heads=2)


def task(encoder: str = "P1000", decoder: str = "P1000", problem: str = "matmul") -> Task:
    return Task(
        problem=problems.get(problem),
        ensemble=ensembles.get("iid-uniform", dims="2x2"),
        encoder=encodings.get(encoder),
        decoder=encodings.get(decoder),
    )


def solver(asked: Task, config=None) -> TrainedSolver:
    config = config or TransformerConfig(encoder=STACK, decoder=STACK)
    return TrainedSolver(config.build(asked.encoder, asked.decoder, 0).eval(), asked)


def spell(made: TrainedSolver, answers: np.ndarray) -> None:
    """Make the model write `answers`, whatever it computes, so that all of them are well-formed."""
    ids = encodings.with_eos(made.task.decoder.encode(answers))

    def answer(question, max_length):
        return torch.from_numpy(ids)

    made.model.answer = answer


@pytest.mark.parametrize("name", ["eigenvalues-3x3", "transpose-5x5", "inverse-2x2"])
def test_answers_are_those_of_solve(name: str) -> None:
    made = ef.load(name)
    rows, columns = made.task.ensemble.dimensions.largest
    a = np.random.default_rng(0).uniform(-10, 10, (3, rows, columns))
    a = a + a.transpose(0, 2, 1)
    solution, cache = made.run_with_cache(a)
    expected = made.solve(a)
    np.testing.assert_array_equal(solution.value, expected.value)
    assert solution.valid.tolist() == expected.valid.tolist()
    assert cache.shapes == ((rows, columns), made.problem.output_shape(rows, columns))
    alone, one = made.run_with_cache(a[0].tolist())
    np.testing.assert_array_equal(alone.value, expected.value[0])
    for key in one:
        torch.testing.assert_close(one[key], cache[key][:1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("encoder", ["P10", "P1000", "B1999", "FP15"])
@pytest.mark.parametrize("kind", ["plain", "summed", "lawt"])
def test_the_grid_of_an_input(kind: str, encoder: str) -> None:
    asked = task(encoder, "P1000")
    fields = {"sum_coefficients": True} if kind == "summed" else {}
    config = LawtConfig if kind == "lawt" else TransformerConfig
    made = solver(asked, config(encoder=STACK, decoder=STACK, **fields))
    a = np.random.default_rng(1).uniform(-10, 10, (3, 2, 4))
    _, cache = made.run_with_cache(a)
    grid = cache.grid("encoder.1.attn.pattern")
    assert grid.shape == (3, 2, 2, 4, 2, 4)
    # One coefficient after the other, told by hand which positions are whose.
    pattern = cache["encoder.1.attn.pattern"].double().numpy()
    tokens = {"P10": 5, "P1000": 3, "B1999": 2, "FP15": 1}[encoder] if kind != "summed" else 1
    positions, coefficient = (["<eos>"] if kind == "lawt" else []) + ["V", "V"], 0
    for i in range(2):
        for j in range(4):
            positions += [(i, j)] * tokens
            coefficient += 1
    positions += ["<eos>"] if kind == "lawt" else []
    assert len(positions) == pattern.shape[2]
    for p, q, m, n in ((0, 0, 0, 0), (0, 3, 1, 0), (1, 2, 0, 1)):
        asks = [i for i, place in enumerate(positions) if place == (p, q)]
        reads = [i for i, place in enumerate(positions) if place == (m, n)]
        expected = pattern[:, :, asks][:, :, :, reads].sum(3).mean(2)
        np.testing.assert_allclose(grid[:, :, p, q, m, n], expected)
    outside = [i for i, place in enumerate(positions) if isinstance(place, str)]
    rest = pattern[:, :, :, outside].sum(3)
    asks = [i for i, place in enumerate(positions) if place == (1, 3)]
    missing = 1 - grid[:, :, 1, 3].sum(axis=(2, 3))
    np.testing.assert_allclose(missing, rest[:, :, asks].mean(2), atol=1e-6)


def test_the_grid_of_an_answer() -> None:
    made = solver(task("P1000", "B1999"))
    a = np.random.default_rng(1).uniform(-10, 10, (2, 2, 4))
    answers = made.problem.solve(a)
    spell(made, answers)
    solution, cache = made.run_with_cache(a)
    assert solution.valid.all()
    cross, own = cache.grid("decoder.0.cross.pattern"), cache.grid("decoder.0.attn.pattern")
    assert cross.shape == (2, 2, 2, 2, 2, 4)
    assert own.shape == (2, 2, 2, 2, 2, 2)
    # B1999: V V, then two tokens a coefficient. Position t asks for token t and reads token t - 1.
    reading = cache["decoder.0.attn.pattern"].double().numpy()
    asks, reads = [2 + 2 * 2, 2 + 2 * 2 + 1], [1 + 2 + 2 * 1, 1 + 2 + 2 * 1 + 1]  # (1, 0), (0, 1)
    expected = reading[:, :, asks][:, :, :, reads].sum(3).mean(2)
    np.testing.assert_allclose(own[:, :, 1, 0, 0, 1], expected)
    # What is not written yet is not read: of (1, 1) by (0, 0) and of itself only its first token.
    assert (own[:, :, 0, 0, 1, 1] == 0).all()
    assert (own[:, :, 1, 0, 1, 1] == 0).all()
    assert (own[:, :, 1, 1, 1, 1] > 0).all()
    whole = cache["decoder.0.cross.pattern"].double().numpy()
    expected = whole[:, :, [2, 3]][:, :, :, 2 + 3 * 7 : 2 + 3 * 8].sum(3).mean(2)
    np.testing.assert_allclose(cross[:, :, 0, 0, 1, 3], expected)


def test_malformed_answers_have_no_grid() -> None:
    made = solver(task())
    _, cache = made.run_with_cache(np.ones((2, 2, 4)) / 3)
    assert not cache.valid.any()
    assert np.isnan(cache.grid("decoder.0.cross.pattern")).all()
    assert not np.isnan(cache.grid("encoder.0.attn.pattern")).any()


def test_joint_models_show_the_coefficients_behind_the_task() -> None:
    joint = problems.get("joint", problems=("transpose", "add"))
    made = solver(replace(task(), problem=joint)).only("transpose")
    _, cache = made.run_with_cache(np.ones((2, 3)) / 3)
    pattern = cache["encoder.0.attn.pattern"].double().numpy()
    assert pattern.shape[2] == 3 + 3 * 6
    grid = cache.grid("encoder.0.attn.pattern")
    np.testing.assert_allclose(grid[0, :, 0, 0, 0, 0], pattern[0, :, 3:6, 3:6].sum(2).mean(1))


def test_the_cache_is_a_mapping() -> None:
    _, cache = solver(task()).run_with_cache(np.ones((2, 4)) / 3)
    assert "encoder.embed" in cache
    assert "nothing" not in cache
    assert len(dict(cache)) == len(cache)
    assert "encoder.0.attn.pattern" in repr(cache)
    assert cache.patterns == (
        *(f"encoder.{i}.attn.pattern" for i in range(2)),
        *(f"decoder.{i}.{kind}.pattern" for i in range(2) for kind in ("attn", "cross")),
    )
    with pytest.raises(InputError, match=r"did you mean 'encoder.0.attn.pattern'"):
        cache.grid("encoder.0.attn.patern")
    with pytest.raises(InputError, match=r"unknown attention pattern 'encoder.0.attn.out'"):
        cache.grid("encoder.0.attn.out")


def test_recurrent_models_have_no_attention() -> None:
    config = RecurrentConfig(encoder_layers=1, decoder_layers=1, embedding=8, hidden=8)
    _, cache = solver(task(), config).run_with_cache(np.ones((2, 4)) / 3)
    assert cache.patterns == ()
    assert "encoder.out" in cache
    with pytest.raises(InputError, match="known are none"):
        cache.grid("encoder.0.attn.pattern")


def test_bad_matrices_are_refused_as_in_solve() -> None:
    with pytest.raises(InputError, match="values of type <U1"):
        solver(task()).run_with_cache([["a"]])


# Constructed networks.


CONSTRUCTED = [
    *("newton", "newton-lemma", "gd-step", "gd++", "conjugate-gradient", "power-iteration"),
    *("fu-newton-relu", "preconditioned-gd", "looped-gd"),
]


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_constructed_networks(name: str) -> None:
    entry = CATALOGUE.get(name)
    network = entry.build()
    inputs = entry.draw(np.random.default_rng(0), 2)
    output, cache = network.run_with_cache(*inputs)
    assert torch.equal(output, network(*inputs))
    traced = network.trace(*inputs)
    width = network.spec.layout.width
    for i, layer in enumerate(network.spec.layers[:12]):
        before, after = cache[f"layers.{i}.resid_pre"], cache[f"layers.{i}.resid_post"]
        for block, rows in network.spec.layout.items():
            assert torch.equal(before[:, :, rows.slice].mT, traced[i][block])
            assert torch.equal(after[:, :, rows.slice].mT, traced[i + 1][block])
        if layer.heads:
            pattern = cache[f"layers.{i}.attn.pattern"]
            # H is [w, n]; V H M f((K H)^T (Q H)), a column for each token that asks.
            state = before.mT
            kept = torch.ones(state.shape[2])
            kept[state.shape[2] - layer.masked_keys :] = 0
            total = torch.zeros_like(state)
            for h, head in enumerate(layer.heads):
                v, k, q = (
                    torch.as_tensor(dense(moves, width))
                    for moves in (head.value, head.key, head.query)
                )
                scores = (k @ state).mT @ (q @ state)
                scores = scores.relu() if layer.scores == "relu" else scores
                scores = scores * kept[:, None]
                torch.testing.assert_close(pattern[:, h].mT, scores)
                total += layer.scale * (v @ state @ scores)
            torch.testing.assert_close(cache[f"layers.{i}.attn.out"].mT, total)
        if layer.normalise == "none" and not layer.normalised:
            parts = (f"layers.{i}.{part}.out" for part in ("attn", "linear", "mlp"))
            added = sum(cache[part] for part in parts if part in cache)
            size = float(after.abs().max())
            torch.testing.assert_close(before + added, after, atol=1e-12 * size, rtol=1e-9)
    one = tuple(x[0] for x in inputs)
    single, alone = network.run_with_cache(*one)
    torch.testing.assert_close(single, output[0])
    assert alone["layers.0.resid_pre"].shape == (1, *before.shape[1:])


def test_parts_that_a_layer_lacks_have_no_names() -> None:
    _, cache = construct.newton_inverse(dim=2, steps=2).run_with_cache(np.eye(2))
    names = {name.split(".", 2)[2] for name in cache if name.startswith("layers.")}
    assert {name for name in names if not name.startswith("blocks.")} == {
        *("resid_pre", "resid_post", "attn.pattern", "attn.z", "attn.out"),
    }
