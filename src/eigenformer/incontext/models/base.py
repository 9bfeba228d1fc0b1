"""What a model of this room is: a configuration that builds it, and states that can be read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import InputError, Registry, rng
from ...models.hooked import HookedPass, Hooks
from ..batches import Batch
from ..tasks import Task
from .attention import column_tokens


class Step(Protocol):
    """A layer as a function of the state; with `run`, its activations go through that pass."""

    def __call__(self, state: Tensor, run: HookedPass | None = None, /) -> Tensor: ...


T = TypeVar("T")


class Family:
    """Classes of which there are several kinds, and a caller that needs one of them."""

    @classmethod
    def of(cls: type[T], found: object) -> T:
        """`found`, if it is of this class; `InputError` otherwise."""
        if not isinstance(found, cls):
            raise InputError(f"this needs a {cls.__name__}, and got a {type(found).__name__}")
        return found


class InContextModel(nn.Module, Family, ABC):
    """A network over prompts. Its state after any layer can be read as a prediction."""

    depth: int
    """Its own layers."""
    looped: bool = False
    """Whether it can run any number of layers, as all are the same."""
    columns: bool = False
    """Whether a token is a column of a state."""

    @abstractmethod
    def start(self, batch: Batch) -> Float[Tensor, "B ..."]:
        """The state before the first layer."""

    @abstractmethod
    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        """The first `layers` layers, in the order in which they run; they may read the batch."""

    @abstractmethod
    def read(self, state: Float[Tensor, "B ..."]) -> Float[Tensor, "B ..."]:
        """The prediction in a state."""

    def states(
        self, batch: Batch, layers: int | None = None, run: HookedPass | None = None
    ) -> Iterator[Float[Tensor, "B ..."]]:
        """The state before the first layer, and after each of `layers` (all, if left out).

        Looped models run any number of them; others raise `InputError` beyond their own. With
        `run`, every activation goes through that pass.
        """
        count = self.depth if layers is None else layers
        if count > self.depth and not self.looped:
            raise InputError(
                f"layers is {count}, and the model has {self.depth}; only a looped one can run more"
            )
        state = self.start(batch)
        yield state
        for number, step in enumerate(self.steps(batch, count)):
            if run is None:
                state = step(state)
            else:
                layer = run.within(f"layers.{number}")
                state = self._state(layer, "resid_pre", state)
                state = self._state(layer, "resid_post", step(state, layer))
            yield state

    def _state(self, run: HookedPass, name: str, state: Tensor) -> Tensor:
        return column_tokens(run, name, state) if self.columns else run(name, state)

    @torch.no_grad()
    def run_with_cache(
        self, batch: Batch, layers: int | None = None
    ) -> tuple[Float[Tensor, "B ..."], dict[str, Tensor]]:
        """The prediction, and activations by name. Tokens are rows here, whatever they are in
        states (then the state is `activation.mT`).

        | name                                  | shape        |                                   |
        |---------------------------------------|--------------|-----------------------------------|
        | `layers.{i}.resid_pre`, `.resid_post` | [B, n, w]    | the state before, after the layer |
        | `layers.{i}.attn.q`, `.k`, `.v`       | [B, H, n, k] | of models with a read-in          |
        | `layers.{i}.attn.pattern`             | [B, H, n, n] | asking, read; 0 for no keys       |
        | `layers.{i}.attn.z`                   | [B, H, n, k] | each head's output; w for k in    |
        |                                       |              | models without a read-in          |
        | `layers.{i}.attn.out`                 | [B, n, w]    | what attention adds               |
        | `layers.{i}.linear.out`               | [B, n, w]    | of a linear map beside attention  |
        | `layers.{i}.mlp.hidden`               | [B, n, F]    | after the activation function     |
        | `layers.{i}.mlp.out`                  | [B, n, w]    | what the MLP adds                 |

        A model has the names of its parts. Where the prediction is usually had in a shorter way,
        it is taken the long way here: the same up to the order of summation.
        """
        run = HookedPass()
        *_, last = self.states(batch, layers, run)
        return self.read(last), run.cache

    def run_with_hooks(
        self, batch: Batch, hooks: Hooks, layers: int | None = None
    ) -> Float[Tensor, "B ..."]:
        """The prediction where some activations are replaced, by the names of `run_with_cache`.

        A hook takes an activation and gives another of its shape, or None to leave it. Gradients
        flow. Raises `InputError` for a name that this model lacks.
        """
        run = HookedPass(hooks)
        *_, last = self.states(batch, layers, run)
        run.finish()
        return self.read(last)

    def forward(self, batch: Batch, layers: int | None = None) -> Float[Tensor, "B ..."]:
        """The prediction after the last layer, or after `layers` of them."""
        *_, last = self.states(batch, layers)
        return self.read(last)

    def by_layer(self, batch: Batch, layers: int | None = None) -> list[Float[Tensor, "B ..."]]:
        """The prediction before the first layer and after each."""
        return [self.read(state) for state in self.states(batch, layers)]


ModelT = TypeVar("ModelT", bound=InContextModel)
BuiltT = TypeVar("BuiltT", bound=InContextModel, covariant=True)


@runtime_checkable
class _Builds(Protocol[BuiltT]):
    """An architecture whose models are of one class, so that `build` has that type too."""

    def module(self, task: Task) -> BuiltT: ...


@dataclass(frozen=True, kw_only=True)
class Architecture(Family, ABC):
    """The configuration of a model. Subclass it and `ARCHITECTURES.register` the class."""

    registry: ClassVar[Registry["Architecture"]] = Registry("in-context architecture")
    usual_task: ClassVar[str] = "regression"
    """Name of the task that it is trained on unless another is asked for."""

    @abstractmethod
    def module(self, task: Task) -> InContextModel:
        """The model for prompts of `task`, its weights drawn from torch's global generator."""

    def build(self: _Builds[ModelT], task: Task, seed: int = 0) -> ModelT:
        """The model with the initial weights of `seed`, on the CPU in float32."""
        state = int(rng(seed, "in-context weights").integers(2**63))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(state)
            return self.module(task)


ARCHITECTURES = Architecture.registry
