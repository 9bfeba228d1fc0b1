"""Parts of a run's configuration. What doesn't change the result (device, loaders) is not here."""

from dataclasses import dataclass, field
from typing import Literal

from ..core import COUNT, InputError, at_least, check_tolerances, file_name, fraction, positive
from ..core.serialize import added
from ..ensembles import Ensemble
from ..evaluation import TOLERANCES

LARGEST_SEED = 2**63 - 1
MOST_RATE = 1.0
"""Of a learning rate: from weights of about 0.1 a first step of this size leads nowhere."""


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """AdamW (with weight decay 0: Adam), and Muon for the matrices of the layers if asked for."""

    kind: Literal["adamw", "muon"] = "adamw"
    """muon: Muon for the weight matrices of the layers, AdamW for everything else."""
    rate: float = 1e-4
    """Learning rate of AdamW."""
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    muon_rate: float = 0.02
    """Learning rate of Muon; an update has singular values near this."""
    muon_momentum: float = 0.95
    muon_precision: Literal["auto", "float32"] = "auto"
    """Of the orthogonalisation; auto: bfloat16 where the device multiplies it natively."""
    clip: float = 1.0
    """Largest norm of the gradient; larger ones are scaled down."""

    def __post_init__(self) -> None:
        # The steps of AdamW and Muon are as large as the rates, whatever the gradients.
        positive(most=MOST_RATE, rate=self.rate, muon_rate=self.muon_rate)
        positive(clip=self.clip)
        positive(most=1, epsilon=self.epsilon)
        at_least(0, most=1e6, weight_decay=self.weight_decay)
        momenta = {"betas.0": self.betas[0], "betas.1": self.betas[1]}
        fraction(below=True, muon_momentum=self.muon_momentum, **momenta)


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """The learning rate over a run: a linear warm-up, then constant or falling."""

    warmup_steps: int = 10_000
    shape: Literal["constant", "cosine", "linear"] = "cosine"
    """Cosine and linear fall from the full rate to `floor` times it at the run's last example."""
    floor: float = 0.0
    falls: Literal["after-warmup", "from-start"] = added("after-warmup", before="from-start")
    """From where. "from-start": as if there were no warm-up, whose factor comes on top, so that the
    full rate is never reached; all runs up to November 2026 did so, and the recipes `fast`, `grid`
    and `sizefree` still do, as their records and shipped models were made."""

    def __post_init__(self) -> None:
        at_least(0, COUNT, warmup_steps=self.warmup_steps)
        fraction(floor=self.floor)
        if not self.warmup_steps or self.shape == "constant":
            # The same thing, so it has one form, and the name that such runs have always had.
            object.__setattr__(self, "falls", "from-start")


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Cross-entropy over tokens."""

    soft_width: float = 0.0
    """Standard deviation of Gaussian targets over neighbouring mantissas, as a fraction of the
    mantissa; 0 for the usual one-hot targets."""

    def __post_init__(self) -> None:
        if not 0 <= self.soft_width <= 0.5:
            raise InputError(f"soft width is {self.soft_width}; give a fraction from 0 to 0.5")


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """A named, seeded test set, of the task's ensemble unless another is given."""

    __test__ = False  # not a test for pytest to collect

    name: str = "test"
    ensemble: Ensemble | None = None
    size: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        file_name(name=self.name)
        at_least(1, 10**7, size=self.size)
        at_least(0, LARGEST_SEED, seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """When a run is scored, on what, and what accuracy ends it."""

    every: int = 300_000
    """Examples between evaluations (the paper's epoch)."""
    tests: tuple[TestSet, ...] = field(default_factory=lambda: (TestSet(),))
    """The first decides which checkpoint is the best, and when to stop."""
    tolerances: tuple[float, ...] = TOLERANCES
    score: str = "l1"
    target: float | None = None
    """Stop as soon as this accuracy (a fraction) is reached on the first test set."""
    target_tolerance: float = 0.05

    def __post_init__(self) -> None:
        at_least(1, COUNT, every=self.every)
        check_tolerances(self.tolerances)
        if not self.tests:
            raise InputError("a run needs at least one test set")
        names = [test.name for test in self.tests]
        if len(set(names)) < len(names):
            raise InputError(f"two test sets have the same name; names are {', '.join(names)}")
        if self.target_tolerance not in self.tolerances:
            raise InputError(
                f"target tolerance {self.target_tolerance} is not among the tolerances "
                f"{', '.join(map(str, self.tolerances))}"
            )
        if self.target is not None and not 0 < self.target <= 1:
            raise InputError(
                f"target is {self.target}; give an accuracy as a fraction, such as 0.95"
            )


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """Examples from a file that `eigenformer data export` wrote, in place of random ones."""

    path: str
    sha256: str
    """Checksum of the file: the run is identified by its contents."""


@dataclass(frozen=True, kw_only=True)
class StartFrom:
    """The best model of another run, to start from in place of random weights."""

    path: str
    """The run's folder."""
    sha256: str
    """Checksum of its model file: the run is identified by its contents."""
