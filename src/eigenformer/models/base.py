"""What every model is made from: a registered config, and two encodings to size it."""

import dataclasses
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..core import InputError, Registry, from_json, to_json, unknown
from ..core.serialize import type_hints
from ..encodings import Encoding, Task
from .hooked import HookedPass, Hooks
from .hooks import hooked
from .layers import layer_matrices
from .layout import Positions
from .products import Products, counted_flops
from .question import Medium, Numbers, Question, true_answers
from .stack import StackConfig

_MATRICES_A_LAYER = 6
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Choices:
    """K decisions between the words `first`, `first` + 1, ..., and what they should have been."""

    logits: Float[Tensor, "K W"]
    targets: Int[Tensor, " K"]
    """Word ids, in `first` to `first` + W - 1."""
    first: int = 0
    penalty: Float[Tensor, ""] | None = None
    """What training adds to the sum of the K cross-entropies: a cost of how the model decided."""


class Model(nn.Module, ABC):
    """A network that answers questions about matrices, in tokens (`TokenModel`) or in numbers.

    A model that answers in numbers says `writes = "values"` in its configuration, and writes `loss`
    and `answer`.
    """

    config: "ModelConfig"
    """What it was built from."""
    soft_width: float = 0.0
    """Of the targets that it is trained on (see `encodings.soft_targets`); set by `aim`."""

    def aim(self, soft_width: float) -> None:
        """Say which targets it is trained on: its answers are read from distributions like them."""
        self.soft_width = soft_width

    @abstractmethod
    def loss(
        self,
        question: Question,
        truth: Int[Tensor, "B T"] | Numbers,
        cross_entropy: Callable[[Choices], Tensor],
    ) -> Float[Tensor, ""]:
        """What training makes small.

        `truth` is in the form that the model writes: tokens with <eos>, for which this is a sum
        over them, or numbers, a sum over matrices. `cross_entropy` is the run's, of decisions
        between words.
        """

    @abstractmethod
    def answer(self, question: Question, max_length: int) -> Int[Tensor, "B T"] | Numbers:
        """The answers: tokens (see `TokenModel`), or numbers."""

    def points(self) -> dict[str, nn.Module]:
        """Modules whose output has a name, beside the layers of this package, which name theirs."""
        return {}

    @torch.no_grad()
    def run_with_cache(
        self, question: Question, max_length: int
    ) -> tuple[Int[Tensor, "B T"] | Numbers, dict[str, Tensor]]:
        """`answer`, and the activations that lead to it by name.

        | name                                    | shape        |                                |
        |-----------------------------------------|--------------|--------------------------------|
        | `encoder.embed`                         | [B, G, D]    | what the first layer reads     |
        | `encoder.{i}.resid_pre`, `.resid_post`  | [B, G, D]    | a layer's input and output     |
        | `encoder.{i}.attn.q`, `.k`, `.v`        | [B, H, G, E] | of each head                   |
        | `encoder.{i}.attn.pattern`              | [B, H, G, G] | asking, read; rows sum to 1    |
        | `encoder.{i}.attn.z`                    | [B, H, G, E] | what each head reads           |
        | `encoder.{i}.attn.out`                  | [B, G, D]    | what attention adds            |
        | `encoder.{i}.mlp.hidden`                | [B, G, F]    | after the activation           |
        | `encoder.{i}.mlp.out`                   | [B, G, D]    | what the feed-forward adds     |
        | `encoder.{i}.gate`                      | [B, G, D]    | of layers with a copy gate     |
        | `encoder.out`                           | [B, G, D]    | what the decoder reads         |
        | `decoder. ...`                          | T for G      | the same, and                  |
        | `decoder.{i}.cross.pattern`             | [B, H, T, G] | `.q`, `.k`, `.v`, `.z`, `.out` |
        | `logits`                                | [B, T, V]    | of models that write in turn   |

        Layers of a looped stack are counted on from loop to loop. Recurrent models have `embed`,
        `out` (the top layer's hidden units), `logits` and `encoder.state` [B, P, N, H] alone, the P
        states of N layers, all that the decoder gets. A model that answers at once has no
        `decoder.embed`. Other models have `points`, and the names of their `EncoderLayer`s and
        `DecoderLayer`s: those in a list `blocks` are `blocks.{i}`.

        Raises `InputError` for a model that has neither.
        """
        run = HookedPass()
        with hooked(self, self.points(), run):
            answer = self.answer(question, max_length)
        return answer, recorded(self, run)

    @torch.no_grad()
    def run_with_hooks(
        self, question: Question, hooks: Hooks, max_length: int
    ) -> Int[Tensor, "B T"] | Numbers:
        """`answer`, with activations replaced as it computes them.

        `hooks` are functions by the names of `run_with_cache`. Each is given the activation and
        returns what takes its place, of the same shape, or None: then it stays as it is, bit for
        bit. A model that writes in turn computes everything anew for each token, hooks and all:
        a function is called at each step, with activations of the answer that grow by one position.

        Raises `InputError` for a name that does not occur.
        """
        run = HookedPass(hooks)
        with hooked(self, self.points(), run):
            answer = self.answer(question, max_length)
        run.finish()
        return answer

    def layer_matrices(self) -> Iterator[tuple[nn.Parameter, int]]:
        """The layers' weight matrices, for optimizers that treat matrices as such (Muon).

        With each the number of maps that it fuses, one above the other in equal parts: 3 for
        queries, keys and values. These are the linear maps within a `ModuleList` or `Sequential`;
        what embeds and what projects to words, which stand outside, are not among them.
        """
        return layer_matrices(self)


def recorded(model: Model, run: HookedPass) -> dict[str, Tensor]:
    """What a pass of `model` recorded; an `InputError` if that is nothing."""
    if not run.cache:
        raise InputError(
            f"{type(model).__name__} computes nothing that has a name: build it from the layers of "
            "eigenformer.models, or give it a method points that names modules"
        )
    return run.cache


def check_length(max_length: int) -> None:
    """Refuse answers of no tokens."""
    if max_length < 1:
        raise InputError(f"max_length is {max_length}; give at least 1, the <eos> included")


class TokenModel(Model):
    """A network that writes the tokens of an answer."""

    @abstractmethod
    def choices(self, question: Question, outputs: Int[Tensor, "B T"]) -> list[Choices]:
        """Every decision that writing `outputs` (the true answers, <eos> included) takes.

        Each is made knowing only what would be known when answering. Where the question is padded,
        so may the outputs be.
        """

    @abstractmethod
    def answer(self, question: Question, max_length: int) -> Int[Tensor, "B T"]:
        """The greedy answers: tokens, <eos> if it came within `max_length`, then <pad>.

        Raises `InputError` if `max_length` is not positive or more than the model can write.
        """

    def read(self, place: int, logits: Float[Tensor, "*N W"]) -> Int[Tensor, "*N"]:
        """The answers' token at `place` of a coefficient, from logits of the words of its slot.

        As indices into the slot. It is the likeliest, unless a model has another rule; of its own
        target, each word must be read as itself.
        """
        return logits.argmax(-1)

    def loss(
        self,
        question: Question,
        truth: Int[Tensor, "B T"] | Numbers,
        cross_entropy: Callable[[Choices], Tensor],
    ) -> Float[Tensor, ""]:
        assert isinstance(truth, Tensor)  # it writes tokens
        decisions = self.choices(question, truth)
        losses = [cross_entropy(choices) for choices in decisions]
        losses += [choices.penalty for choices in decisions if choices.penalty is not None]
        return torch.stack(losses).sum()


@dataclass(frozen=True, kw_only=True)
class ModelConfig(ABC):
    """A model before it is built; concrete classes register themselves under one name.

    Only `build` has to be written. The other members say what is asked of a model before it is
    built, or of its kind; a model that does not say is none the worse.
    """

    registry: ClassVar[Registry["ModelConfig"]] = Registry("model")
    reads: ClassVar[Medium] = "tokens"
    """What it is given of a question."""
    writes: ClassVar[Medium] = "tokens"
    """In what form it answers."""
    at_once: ClassVar[bool] = False
    """Whether no coefficient of an answer waits for another."""
    any_size: ClassVar[bool] = False
    """Whether its weights depend on no size and no scale, and it is meant for all of them."""
    told: ClassVar[str] = ""
    """What its architecture knows of the problem before it has seen an example."""

    @abstractmethod
    def build(self, input_encoding: Encoding, output_encoding: Encoding, seed: int) -> Model:
        """The module, initialised from `seed` alone (torch's global generator is not touched)."""

    @property
    def serves(self) -> Mapping[str, "ModelConfig"]:
        """Problems by name that the same weights answer, each by a model like this one."""
        return {}

    def trained_on(self, examples: int) -> "ModelConfig":
        """With the curriculum, if it has one, of a training of so many examples."""
        return self

    # Its size.

    @property
    def stacks(self) -> tuple[StackConfig, ...]:
        """The sizes of encoder and decoder; none where there are no such stacks."""
        return ()

    @property
    def widest(self) -> int:
        """Of the vectors that its layers pass on; 0 where that is not known before it is built."""
        return max((stack.width for stack in self.stacks), default=0)

    @property
    def learned_positions(self) -> int:
        """How many vectors of positions it learns."""
        return 0

    def describe(self) -> str:
        """The size in words, for a table of runs."""
        return ""

    def products(self, task: Task, batch: int) -> Products:
        """What an example of `task` costs in batches of `batch`.

        Without a formula, which other families have, a model is built and its operations are
        counted on one example.
        """
        model = self.build(task.encoder, task.decoder, seed=0)
        found = task.examples(0, "cost", 0, 1)
        question = Question.of(self.reads, found.inputs, found.input_ids, found.padded)
        truth = true_answers(self.writes, found.answers, found.output_ids)
        with counted_flops() as counter, torch.no_grad():
            model.loss(question, truth, lambda choices: choices.logits.sum())
        matrices = [
            (part.shape[0], part.shape[1])
            for weight, parts in model.layer_matrices()
            for part in weight.chunk(parts)
        ]
        return Products(
            forward=float(counter.get_total_flops()),
            matrices=tuple(matrices),
            depth=len(matrices) / _MATRICES_A_LAYER,
        )

    # Its positions.

    def positions(self, reads: Encoding, writes: Encoding) -> Positions:
        """Where coefficients stand, for the encodings of question and answer."""
        raise InputError(
            f"a model {self.registry.name_of(self)!r} has no attention to show on a grid; its "
            "configuration would need the method positions"
        )

    def with_room(
        self, reads: Encoding, writes: Encoding, largest: Sequence[tuple[Shape, Shape]]
    ) -> "ModelConfig":
        """With whatever questions and answers of these shapes need, and no less than before."""
        return self

    # Others made of it.

    def changed(self, **fields: Any) -> "ModelConfig":
        """With these fields; an `InputError` if it has no such field."""
        known = [field.name for field in dataclasses.fields(self)]
        for name in fields:
            if name not in known:
                raise unknown(f"field of the model {self.registry.name_of(self)!r}", name, known)
        return dataclasses.replace(self, **fields)

    def with_settings(self, settings: Sequence[str]) -> "ModelConfig":
        """With fields as texts such as "passes=1" say, nested ones with dots ("frames.loops=9").

        Raises `InputError` for a field that it does not have, or a value of another type.
        """
        data: dict[str, Any] = to_json(self)
        name = self.registry.name_of(self)
        for text in settings:
            path, equals, value = text.partition("=")
            *parents, field = path.split(".")
            into: Any = data
            for parent in parents:
                into = into.get(parent) if isinstance(into, dict) else None
            if not equals or not isinstance(into, dict) or field not in into or field == "name":
                raise unknown(
                    f"setting of the model {name!r}", text, [k for k in data if k != "name"]
                )
            try:
                into[field] = json.loads(value)
            except json.JSONDecodeError:
                into[field] = value
        changed: ModelConfig = from_json(ModelConfig, data, f"a setting of the model {name!r}")
        return changed

    def adapted(self, **fields: Any) -> "ModelConfig":
        """With those of these fields that it has."""
        known = {field.name for field in dataclasses.fields(self)}
        return dataclasses.replace(self, **{k: v for k, v in fields.items() if k in known})

    @classmethod
    def like(cls, other: "ModelConfig", **fields: Any) -> "ModelConfig":
        """A model of this class as much as possible like another, but for `fields`.

        Taken over are the fields that have the same name and type in both classes, and in this
        class and the `StackConfig` of the other's encoder, such as `width`. Raises `InputError` if
        that leaves a field without a value.
        """
        hints = type_hints(cls)
        sources: list[StackConfig | ModelConfig] = [*other.stacks[:1], other]
        given = {
            field.name: getattr(source, field.name)
            for source in sources
            for field in dataclasses.fields(source)
            if hints.get(field.name) == type_hints(type(source))[field.name]
        } | fields
        for field in dataclasses.fields(cls):
            missing = dataclasses.MISSING
            if field.name not in given and field.default is field.default_factory is missing:
                raise InputError(
                    f"the model {cls.__name__} has no default for its field {field.name!r}, and "
                    f"nothing in {type(other).__name__} to take; give the field a default"
                )
        return cls(**given)


@dataclass(frozen=True, kw_only=True)
class StackedConfig(ModelConfig):
    """An encoder and a decoder of attention layers."""

    encoder: StackConfig
    decoder: StackConfig

    @property
    def stacks(self) -> tuple[StackConfig, ...]:
        return self.encoder, self.decoder

    def describe(self) -> str:
        a, b = self.stacks
        width, heads = (
            f"{x}" if x == y else f"{x}/{y}" for x, y in ((a.width, b.width), (a.heads, b.heads))
        )
        plural = "" if heads == "1" else "s"
        return f"{a.layers}/{b.layers} layers, width {width}, {heads} head{plural}"
