"""What a run is: all that identifies it, and what the one loop asks of it."""

import tomllib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import Tensor, nn

from ..core import InputError, Registry, content_hash, from_json, load_json, to_json
from ..core.serialize import completed

SCHEMA = 1
KindT = TypeVar("KindT", bound="Run")


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Share:
    """One rank's share of a batch."""

    data: Any
    """What `Run.objective` takes; it has `to(device)`, and `pin_memory()` if loaders make it."""
    weight: float = 1.0
    """Of the whole batch, over all ranks: what the ranks' objectives together are divided by."""
    rejected: int = 0
    """Draws that could not be used, and were drawn again."""

    def pin_memory(self) -> "Share":
        return Share(data=self.data.pin_memory(), weight=self.weight, rejected=self.rejected)


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good a model is, by its run's own tests."""

    line: dict[str, Any]
    """For metrics.jsonl: "accuracy" (by test set and tolerance) and "valid", or "loss"."""
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Complete results by test set, for evals/."""
    quality: float | None = None
    """The model with the highest is kept; None: the last one is."""
    done: str = ""
    """Why the run may end now, in a few words."""


class Run(ABC):
    """A training run. Concrete ones are frozen dataclasses, and `KINDS.register`ed.

    Share k is a pure function of the run and k, so that the stream is the same for any number of
    loaders or ranks, and a resumed run goes on exactly where it stopped.
    """

    seed: int
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: autocast of the forward and backward pass."""
    compile: bool = False
    loaders: ClassVar[int] = 0
    """Background processes that make batches, unless the caller says how many."""
    threads: ClassVar[int | None] = None
    """Of torch, where results shall not depend on the machine's cores; None: as it is set."""
    group: ClassVar[str] = ""
    """Folder of the run store in which runs of this kind lie."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Updates of the whole run."""

    @property
    @abstractmethod
    def step_examples(self) -> int:
        """Examples of a step, over all ranks together."""

    @property
    def length(self) -> int:
        """Training examples of the whole run, a repeated one counted again."""
        return self.steps * self.step_examples

    @property
    @abstractmethod
    def label(self) -> str:
        """The readable part of the run's name in the store."""

    def identity(self) -> Any:
        """What the result depends on, as JSON."""
        return to_json(self)

    @property
    def id(self) -> str:
        """The run's name in the store: equal runs, equal names."""
        return f"{self.label}-{content_hash(self.identity())}"

    @property
    def snapshot_steps(self) -> Sequence[int]:
        """Steps after which the weights are kept, for a look at the way; 0 is the beginning."""
        return ()

    @property
    def repeats(self) -> int:
        """Steps in a row that use the same batch."""
        return 1

    @property
    def score_examples(self) -> int:
        """Test examples of an evaluation."""
        return 0

    @property
    def alike(self) -> "Run":
        """A run whose steps take as long, the same one for all such: timed in their place."""
        return self

    def check(self) -> None:  # noqa: B027  (not all kinds have something to refuse)
        """Refuse, before there is a folder, what the first batch would."""

    @abstractmethod
    def build(self) -> nn.Module:
        """The model before training, on the CPU."""

    @abstractmethod
    def optimizers(self, model: nn.Module) -> list[torch.optim.Optimizer]:
        """What updates the model; the rates of their groups are the full ones."""

    @abstractmethod
    def rate_multiple(self, step: int) -> float:
        """The multiple of the full learning rates at step `step`, from 0."""

    @abstractmethod
    def clip(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Shorten the gradients in place, if at all; the norm of all before that."""

    @abstractmethod
    def objective(self, model: nn.Module) -> nn.Module:
        """A module that maps `Share.data` to the share of the loss that this rank adds.

        The sum over the ranks, divided by `Share.weight`, is the loss. It is one module with the
        model because what is called on every rank, and compiled, is the loss.
        """

    @abstractmethod
    def draw(self, index: int, rank: int, ranks: int, dtype: torch.dtype) -> Share:
        """A rank's share of batch `index`, which step `index` (from 0) takes, on the CPU.

        Values, where a kind has them, are in `dtype`.
        """

    @abstractmethod
    def evaluates(self, step: int) -> bool:
        """Whether the model is scored after `step` steps; it always is after the last one."""

    @abstractmethod
    def score(self, model: nn.Module) -> Score | None:
        """How good the model is; None if it computes nothing finite."""

    @classmethod
    def of(cls: type[KindT], run: "Run", name: object, what: str = "this") -> KindT:
        """`run`, checked to be of this kind; if not, an `InputError` says its `name` and `what`."""
        if isinstance(run, cls):
            return run
        raise InputError(
            f"{name} is a run of {KINDS.name_of(run)}; {what} takes runs of "
            f"{' or '.join(kind for kind in KINDS.names() if KINDS.item(kind) is cls)}"
        )


KINDS: Registry[Run] = Registry("kind of run", homes=(f"{__package__}.tokens",))
"""The kinds of runs by name: what the key "kind" of a config.json says."""


def run_to_json(run: Run) -> dict[str, Any]:
    """A run with the name of its kind, as config.json holds it."""
    return {"schema": SCHEMA, "kind": KINDS.name_of(run), **to_json(run)}


def read_run(path: Path) -> Run:
    """The run that a file of people's describes, as `train --show` prints it: JSON or TOML.

    What is left out has its class's default. `InputError` for what is wrong or unknown in it.
    """
    if path.suffix == ".toml":
        try:
            data: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not valid TOML: {error}") from None
    else:
        data = load_json(path)
    if isinstance(data, dict):
        data = {"schema": SCHEMA, **data}
        kind = KINDS.item(str(data.get("kind", "tokens" if "recipe" in data else "prompts")))
        data = {**completed(kind, data)}
    return run_from_json(data, str(path))


def run_from_json(data: Any, where: str) -> Run:
    """The run that `run_to_json` turned into `data`; `InputError` if it is none, or of another age.

    Files from before there were kinds say none: a recipe is a thing of token models.
    """
    if not isinstance(data, dict):
        raise InputError(f"{where} does not hold a configuration")
    fields = dict(data)
    schema = fields.pop("schema", None)
    if schema != SCHEMA:
        raise InputError(
            f"{where} has schema version {schema}, this version reads {SCHEMA}; "
            "use the version of eigenformer that wrote it (env.json names it)"
        )
    kind = fields.pop("kind", "tokens" if "recipe" in fields else "prompts")
    if not isinstance(kind, str):
        raise InputError(f"{where} has the kind {kind!r}; known are {', '.join(KINDS.names())}")
    item: Any = KINDS.item(kind)
    run: Run = from_json(item, fields, where)
    return run
