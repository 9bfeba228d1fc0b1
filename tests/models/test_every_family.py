"""What holds for every family that writes token by token, and for every family's configuration."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from model_stubs import VARIANTS
from short_training import check_training
from test_greedy_decoding import asked, some_inputs
from test_greedy_decoding import lively as transformer
from test_recurrent import VARIANTS as CELLS
from test_recurrent import lively as recurrent
from test_recurrent import small as small_recurrent
from test_universal import GATINGS, KINDS, LOOPS, universal
from test_universal import lively as looped
from torch.nn import functional as F

from eigenformer import models
from eigenformer.core import InputError, from_json, to_json
from eigenformer.models import (
    LawtConfig,
    ModelConfig,
    Question,
    Seq2Seq,
    StackConfig,
    TransformerConfig,
    generate,
)

STACK = StackConfig(layers=1, width=8, heads=2)
STACKS = {"encoder": STACK, "decoder": STACK}
FAMILIES: dict[str, Callable[[int], Seq2Seq]] = {
    **{f"transformer, {name}": partial(transformer, **VARIANTS[name]) for name in VARIANTS},
    **{f"recurrent, {name}": partial(recurrent, **CELLS[name]) for name in CELLS},
    **{
        f"universal, {', '.join(kind)}": partial(
            looped, **dict(zip(("variant", "loops", "gating"), kind, strict=True))
        )
        for kind in KINDS
    },
}
"""By name, a model of a seed whose answers end at various lengths."""
EVERY_FAMILY = pytest.mark.parametrize("family", FAMILIES)


def assert_close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@EVERY_FAMILY
def test_padding_company_and_what_is_ahead_change_nothing(family):
    model = FAMILIES[family](0).double()
    inputs, outputs = some_inputs(3, 2, False, 0), some_inputs(3, 2, False, 1)
    alone = model(Question(inputs), outputs)
    assert alone.shape == (3, 8, 40)
    padded = torch.cat([inputs, torch.ones(3, 6, dtype=torch.int64)], 1)
    assert_close(model(Question(padded, True), outputs), alone)
    assert_close(model(Question(inputs, True), outputs), alone)
    assert not torch.allclose(model(Question(padded), outputs), alone, atol=1e-3)
    # Nor does the padding of the answers, nor the company of longer rows.
    mixed, written = some_inputs(5, 4, True, 3), some_inputs(5, 2, True, 4)
    together = model(Question(mixed, True), written)
    for row, read, answer in zip(together, mixed, written, strict=True):
        read, answer = read[read != 1][None], answer[answer != 1][None]
        assert_close(row[: answer.shape[1]], model(Question(read), answer)[0])
    changed = outputs.clone()
    changed[:, 4] = (changed[:, 4] - 1) % 38 + 2
    after = model(Question(inputs), changed)
    assert_close(after[:, :4], alone[:, :4])
    assert (after[:, 4:] - alone[:, 4:]).abs().max() > 1e-3
    select = some_inputs(3, 2, False, 2) % 2 == 0
    assert_close(model(Question(inputs), outputs, select), alone[select])


@pytest.mark.parametrize(
    "family", ["transformer, paper", "recurrent, lstm", "universal, summed, both, act"]
)
def test_float32_agrees_with_float64(family):
    model = FAMILIES[family](0)
    question, outputs = asked(2, 4, True, 0), some_inputs(2, 2, False, 1)
    single = model(question, outputs)
    double = model.double()(question, outputs)
    torch.testing.assert_close(double.float(), single, rtol=0, atol=1e-5)


@EVERY_FAMILY
def test_every_parameter_learns(family):
    model = FAMILIES[family](0)
    (found,) = model.choices(asked(4, 4, True, 0), some_inputs(4, 2, True, 1))
    assert (found.penalty is None) == (not family.endswith("act"))
    F.cross_entropy(found.logits, found.targets).backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@EVERY_FAMILY
def test_answers_do_end_at_various_lengths(family):
    # So that it is seen in tests of decoding what an end does.
    lengths: set[int] = set()
    for seed in range(20):
        rows = generate(FAMILIES[family](seed), asked(6, 4, False, seed), 9)
        lengths |= set((rows != 1).sum(1).tolist())
        if len(lengths) >= 4 and len(rows.unique(dim=0)) > 1:
            return
    raise AssertionError(f"the only lengths are {lengths}")


@pytest.mark.parametrize(
    "config",
    [
        *(small_recurrent(cell=cell) for cell in ("lstm", "gru")),
        *(
            universal(**LOOPS["both"], gating=gating, embedding="number", max_positions=64)
            for gating in GATINGS
        ),
    ],
    ids=lambda config: f"{to_json(config)['name']}, {getattr(config, 'cell', config)}"[:20],
)
def test_it_trains_and_resumes(config: ModelConfig, tmp_path: Path):
    check_training(config, tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("transformer", TransformerConfig(**STACKS, norm="pre")),
        ("universal", universal(norm="pre", **LOOPS["both"], gating="act", ponder_cost=0.02)),
        ("recurrent", small_recurrent(cell="gru", decoder_layers=4)),
    ],
)
def test_it_is_registered_and_survives_json(name, config):
    data = to_json(config)
    assert data["name"] == name
    assert from_json(ModelConfig, data) == config


@pytest.mark.parametrize(
    ("build", "message"),
    [
        *(
            (lambda f=field: StackConfig(**{"layers": 1, "width": 8, "heads": 2, f: 0}), field)
            for field in ("layers", "width", "heads", "hidden")
        ),
        (lambda: StackConfig(layers=1, width=10, heads=4), "10 cannot be split into 4 heads"),
        (lambda: TransformerConfig(**STACKS, max_positions=0), "max_positions"),
        (lambda: TransformerConfig(**STACKS, norm_epsilon=0.0), "norm_epsilon"),
        (lambda: universal(encoder_loops=0), "encoder_loops is 0"),
        (lambda: universal(decoder_loops=-1), "decoder_loops is -1"),
        (lambda: universal(gating="copy"), "neither stack is looped"),
        (lambda: universal(halting_threshold=0.0), "halting_threshold is 0"),
        (lambda: universal(halting_threshold=1.5), "halting_threshold is 1.5"),
        (lambda: universal(ponder_cost=-1.0), "ponder_cost is -1"),
        (lambda: universal(max_positions=0), "max_positions is 0"),
        *(
            (lambda f=field: small_recurrent(**{f: 0}), f"{field} is 0")
            for field in ("encoder_layers", "decoder_layers", "embedding", "hidden", "norm_epsilon")
        ),
        (lambda: LawtConfig(**STACKS, other_words=-1), "other_words is -1"),
        (
            lambda: LawtConfig(**STACKS, embedding="number"),
            "embedding is 'number'; the LAWT code has only 'random'",
        ),
        (
            lambda: LawtConfig(**STACKS, sum_coefficients=True),
            "sum_coefficients is True; the LAWT code has only False",
        ),
    ],
)
def test_what_no_model_can_have_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_an_unknown_model_is_named():
    with pytest.raises(InputError, match="transformer"):
        models.get("transfomer")


def test_hidden_defaults_to_four_widths():
    assert STACK.feed_forward_width == 32
    assert StackConfig(layers=1, width=8, heads=2, hidden=5).feed_forward_width == 5
