"""Activations replaced while a model answers: nothing, a head, a pattern, everything."""

import copy
from collections.abc import Iterator

import pytest
import torch
from test_direct import built as direct
from test_direct import draw, encoding, names_dims
from test_greedy_decoding import asked
from test_hooks import CASES, no_hooks
from torch import Tensor, nn

from eigenformer.core import InputError
from eigenformer.models import AtOnce, EncoderLayer, Hooks, Model, Question
from eigenformer.models.hooked import HookedPass
from eigenformer.models.hooks import hooked
from eigenformer.models.layers import Attend, DecoderLayer

P1000 = encoding("P1000")
LENGTH = 14


def models() -> dict[str, Model]:
    found = {name: copy.deepcopy(model) for name, model in CASES.items()}
    for model in found.values():
        with torch.no_grad():
            model.output_bias[0] = -1.0  # else some end with their first token
    found["at once"] = direct(P1000, P1000)
    names_dims(found["at once"], 2, 2)
    return found


MODELS = models()
ATTENDING = [name for name in MODELS if name not in ("lstm", "gru")]


def questions(name: str) -> tuple[Question, Question]:
    """Two of the same shapes, answered in different ways."""
    if name == "at once":
        pairs = (draw(seed, [(2, 3)] * 4) for seed in (0, 1))
        first, second = (Question(torch.from_numpy(P1000.encode(pair))) for pair in pairs)
    else:
        first, second = asked(4, 4, False, 2), asked(4, 4, False, 3)
    return first, second


@pytest.mark.parametrize("name", MODELS)
def test_hooks_that_give_back_what_they_get_change_nothing(name: str) -> None:
    model = MODELS[name]
    question, _ = questions(name)
    answer, cache = model.run_with_cache(question, LENGTH)
    called: set[str] = set()

    def same(key: str, value: Tensor) -> Tensor | None:
        called.add(key)
        return value if len(called) % 2 else None

    hooks = {key: lambda value, key=key: same(key, value) for key in cache}
    assert torch.equal(model.run_with_hooks(question, hooks, LENGTH), answer)
    assert called == set(cache)
    assert no_hooks(model)


@pytest.mark.parametrize("name", MODELS)
def test_what_the_decoder_gets_decides_the_answer(name: str) -> None:
    model = MODELS[name]
    question, other = questions(name)
    own, answer = model.answer(question, LENGTH), model.answer(other, LENGTH)
    assert not torch.equal(own, answer)
    cut = "encoder.state" if name in ("lstm", "gru") else "encoder.out"
    _, cache = model.run_with_cache(other, LENGTH)
    patched = model.run_with_hooks(question, {cut: lambda _: cache[cut]}, LENGTH)
    assert torch.equal(patched, answer)
    # What is asked last decides too; of a model that writes in turn it grows from step to step.
    hooks = {"decoder.out": lambda value: cache["decoder.out"][:, : value.shape[1]]}
    assert torch.equal(model.run_with_hooks(question, hooks, answer.shape[1]), answer)


def heads(model: Model) -> Iterator[tuple[str, nn.Module, int]]:
    """The name of each attention (in all loops), the module, and its number of heads."""
    for side in ("encoder", "decoder"):
        layers = getattr(model, f"{side}_layers")
        for i, layer in enumerate(layers):
            for kind, part in (("attn", layer.attention), ("cross", getattr(layer, "cross", None))):
                if part is not None:
                    yield f"{side}.{i}.{kind}", part, len(layers)


def decisions(model: Model, question: Question, hooks: Hooks) -> list[Tensor]:
    """The logits behind the first tokens of an answer, or the states of the first coefficient."""
    seen: list[Tensor] = []
    last = "decoder.out" if isinstance(model, AtOnce) else "logits"
    model.run_with_hooks(question, {**hooks, last: seen.append}, 3)
    return seen


@pytest.mark.parametrize("name", ATTENDING)
def test_a_head_without_its_output_is_one_without_its_weights(name: str) -> None:
    model = MODELS[name]
    question, _ = questions(name)
    _, cache = model.run_with_cache(question, LENGTH)
    untouched = decisions(model, question, {})
    for place, part, count in heads(model):
        side, first, kind = place.split(".")
        for head in range(part.heads):

            def without(z: Tensor, head: int = head) -> Tensor:
                z[:, head] = 0
                return z

            names = [
                key
                for key in cache
                if key.startswith(side)
                and key.endswith(f"{kind}.z")
                and int(key.split(".")[1]) % count == int(first)
            ]
            found = decisions(model, question, dict.fromkeys(names, without))
            ablated = copy.deepcopy(model)
            module = ablated.get_submodule(f"{side}_layers.{first}.{part_name(kind)}.out")
            width = module.weight.shape[1] // part.heads
            with torch.no_grad():
                module.weight[:, head * width : (head + 1) * width] = 0
            expected = decisions(ablated, question, {})
            for one, other in zip(found, expected, strict=True):
                torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
            assert not all(map(torch.equal, found, untouched)), f"{place}, head {head}"


def part_name(kind: str) -> str:
    return "attention" if kind == "attn" else "cross"


@pytest.mark.parametrize("name", ["paper--", "lawt", "pre-both-act", "at once"])
def test_patterns_can_be_replaced(name: str) -> None:
    model = MODELS[name]
    question, _ = questions(name)
    _, cache = model.run_with_cache(question, LENGTH)
    for key in [key for key in cache if key.endswith(".pattern") and key.startswith("encoder")]:
        seen: list[Tensor] = []
        hooks = {key: lambda pattern: torch.full_like(pattern, 1 / pattern.shape[-1])}
        hooks[key.replace("pattern", "z")] = seen.append
        model.run_with_hooks(question, hooks, LENGTH)
        mean = cache[key.replace("pattern", "v")].mean(2, keepdim=True)
        torch.testing.assert_close(seen[0], mean.expand_as(seen[0]), atol=1e-5, rtol=1e-4)


def test_a_padded_question_is_masked_in_patterns_that_are_changed() -> None:
    model = MODELS["pre--"]
    question = asked(5, 4, True, 1)
    answer = model.answer(question, LENGTH)
    hooks = {f"encoder.{i}.attn.pattern": lambda pattern: pattern * (1 + 1e-7) for i in range(2)}
    hooks |= {f"decoder.{i}.attn.pattern": hooks["encoder.0.attn.pattern"] for i in range(2)}
    assert torch.equal(model.run_with_hooks(question, hooks, LENGTH), answer)


def test_unknown_names_and_shapes() -> None:
    for name in ("paper--", "at once"):
        question, _ = questions(name)
        with pytest.raises(InputError, match=r"did you mean 'encoder\.0\.attn\.z'"):
            MODELS[name].run_with_hooks(question, {"encoder.0.attn.zz": lambda z: z}, LENGTH)
        with pytest.raises(InputError, match=r"the hook of encoder.out gave \[4\]"):
            hooks = {"encoder.out": lambda x: x[:, 0, 0]}
            MODELS[name].run_with_hooks(question, hooks, LENGTH)
        assert no_hooks(MODELS[name])


class Own(nn.Module):
    """Layers of the package under names of somebody's own."""

    def __init__(self) -> None:
        super().__init__()
        sizes = {"width": 8, "heads": 2, "hidden": 8, "activation": "relu", "norm": "pre"}
        self.blocks = nn.ModuleList(EncoderLayer(**sizes, epsilon=1e-5) for _ in range(2))
        self.mixer = EncoderLayer(**sizes, epsilon=1e-5)
        for parameter in self.parameters():
            nn.init.normal_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        for block in (*self.blocks, *self.blocks):
            x = block(x, None)
        return self.mixer(x, None)


def test_layers_of_the_package_have_names_in_any_model() -> None:
    model, run = Own(), HookedPass()
    with torch.no_grad(), hooked(model, {"ends": model.mixer}, run):
        out = model(torch.ones(1, 3, 8))
    assert torch.equal(run.cache["ends"], out)
    names = {name.removesuffix(".attn.z") for name in run.cache if name.endswith(".attn.z")}
    assert names == {*(f"blocks.{i}" for i in range(4)), "mixer.0"}
    assert not any(isinstance(part, DecoderLayer) for part in model.modules())
    assert sum(isinstance(part, Attend) for part in model.modules()) == 3
