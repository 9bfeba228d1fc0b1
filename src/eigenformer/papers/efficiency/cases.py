"""What is compared: a problem, the size of the models, the accuracy asked, the lengths of runs."""

from dataclasses import dataclass
from functools import cache

from ...core import InputError, rng
from ...encodings import draw_pairs
from ...evaluation import TrainedSolver
from ...runs.recipes import fast
from ...training import EvaluationConfig, TestSet

LIMIT = 25
"""A baseline has lost when it has used this many times the examples that `fast` needed."""


@dataclass(frozen=True, kw_only=True)
class PaperCount:
    """What Charton (2022) says of the examples that its models needed."""

    examples: int | None
    """The smallest count for this problem and size, of any architecture; None if it gives none."""
    source: str
    """Where it says so, and for which accuracy."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One problem at one size, for every contestant; coefficients are iid uniform on [-10, 10]."""

    problem: str
    dims: str
    layers: tuple[int, int] = (2, 1)
    """Layers of the encoder and of the decoder."""
    width: int = 128
    heads: int = 4
    encoding: str = "P1000"
    """Of the input and of the answer."""
    fast: int
    """Length of a run of `fast`, examples: its schedule ends there."""
    same_tokens: int
    """Length of a run of `fast-same-tokens`, examples."""
    baselines: int
    """Length of a run of the baselines, examples; the cosine of `paper` ends there."""
    accuracy: float = 0.95
    """The accuracy to reach, a fraction."""
    tolerance: float = 0.05
    of_ceiling: bool = False
    """The accuracy is a fraction of the rounding ceiling, where that is well below 1."""
    tests: TestSet = TestSet()  # noqa: RUF009  (frozen)
    paper: PaperCount | None = None

    def __post_init__(self) -> None:
        if self.baselines < LIMIT * self.fast:
            raise InputError(
                f"the baselines of {self.name} run for {self.baselines:,} examples; give at least "
                f"{LIMIT} times those of fast, {LIMIT * self.fast:,}"
            )

    @property
    def name(self) -> str:
        return f"{self.problem}-{self.dims}"

    @property
    def target(self) -> float:
        """The accuracy to reach on the test set, as a fraction of all its matrices."""
        return self.accuracy * (_ceiling(self) if self.of_ceiling else 1.0)

    def evaluation(self, every: int, stop: bool) -> EvaluationConfig:
        """Score after each `every` examples; `stop` ends the run when the target is reached."""
        return EvaluationConfig(
            every=max(every, 1),
            tests=(self.tests,),
            target=self.target if stop else None,
            target_tolerance=self.tolerance,
        )


@cache
def _ceiling(case: Case) -> float:
    """The rounding ceiling as `evaluate` finds it: the truth, in the tokens of the case, scored."""
    config = fast(
        case.problem,
        case.dims,
        encoding=case.encoding,
        layers=case.layers,
        width=case.width,
        heads=case.heads,
    )
    task, tests = config.task, case.tests
    inputs, answers = draw_pairs(
        task.problem, task.ensemble, rng(tests.seed, f"test:{tests.name}"), tests.size, task.noise
    )
    # Any model of the task writes the test set with the same tokens.
    model = config.model.build(task.encoder, task.decoder, seed=0)
    written = TrainedSolver(model, task).written(inputs, answers)
    answers, kept = answers[written.ok], written.kept
    errors = task.problem.errors(kept.inputs, answers, kept.answers)
    return float((errors.scores[config.evaluation.score] < case.tolerance).mean())


@dataclass(frozen=True, kw_only=True)
class CaseSet:
    """Cases that are run together, and by which contestants."""

    cases: tuple[Case, ...]
    contestants: tuple[str, ...]
    sentence: str

    def only(self, name: str | None) -> tuple[Case, ...]:
        """The case called `name`, or all of them."""
        return self.cases if name is None else (self.case(name),)

    def case(self, name: str) -> Case:
        by_name = {case.name: case for case in self.cases}
        if name not in by_name:
            raise InputError(f"unknown case {name!r}: this set has {', '.join(by_name)}")
        return by_name[name]


_LAPTOP = (
    Case(problem="add", dims="3x3", fast=9_000, same_tokens=36_000, baselines=225_000),
    Case(problem="matvec", dims="2x2", fast=24_000, same_tokens=400_000, baselines=600_000),
    Case(problem="eigenvalues", dims="3x3", fast=30_000, same_tokens=240_000, baselines=750_000),
    Case(
        problem="inverse",
        dims="2x2",
        fast=800_000,
        same_tokens=1_600_000,
        baselines=20_000_000,
        of_ceiling=True,
    ),
)


def _full(
    problem: str,
    dims: str,
    layers: tuple[int, int],
    examples: int,
    paper: PaperCount,
    of_ceiling: bool = False,
) -> Case:
    """A case at the paper's size: width 512, 8 heads."""
    return Case(
        problem=problem,
        dims=dims,
        layers=layers,
        width=512,
        heads=8,
        fast=examples,
        same_tokens=3 * examples,
        baselines=LIMIT * examples,
        of_ceiling=of_ceiling,
        paper=paper,
    )


# Layers as in the paper's Tables 3 to 10. Lengths are first guesses: none of these has been run.
_GPU = (
    _full(
        *("add", "10x10", (2, 2), 300_000),
        PaperCount(
            examples=1_800_000,
            source="Table 16: 6 epochs to 95% at 5% (B1999, 2/2 layers); P1000 takes 23 or more",
        ),
    ),
    _full(
        *("matvec", "5x5", (2, 2), 300_000),
        PaperCount(
            examples=1_500_000,
            source="Table 17: 5 epochs to 95% at 5% (4/4 layers)",
        ),
    ),
    _full(
        *("matmul", "5x5", (1, 4), 2_000_000),
        PaperCount(examples=None, source="no count is given"),
    ),
    _full(
        *("eigenvalues", "5x5", (4, 1), 1_000_000),
        PaperCount(
            examples=3_900_000,
            source="Table 17: 13 epochs to 95% at 5% (4/4 layers, width 1024); 24 at width 512",
        ),
    ),
    _full(
        *("eigenvalues", "8x8", (6, 1), 4_000_000),
        PaperCount(
            examples=11_100_000,
            source="Tables 7 and 19: to 99% at 5% (1/24 layers); 60 million with 6 layers (4.4)",
        ),
    ),
    _full(
        *("eigenvectors", "5x5", (6, 1), 5_000_000),
        PaperCount(
            examples=50_000_000,
            source="section D.1: the best models (94 to 97% at 5%, Table 8)",
        ),
    ),
    _full(
        *("inverse", "5x5", (6, 1), 12_000_000),
        PaperCount(
            examples=120_000_000,
            source="sections 4.6 and D.1: to 75% at 5% (10 and 12 heads)",
        ),
        of_ceiling=True,
    ),
    _full(
        *("svd", "4x4", (6, 6), 5_000_000),
        PaperCount(examples=None, source="no count is given"),
    ),
)

SETS = {
    "laptop": CaseSet(
        cases=_LAPTOP,
        contestants=("fast", "fast-same-tokens", "paper", "paper-from-start", "paper-constant"),
        sentence="2/1 layers, width 128, 4 heads, P1000",
    ),
    "gpu": CaseSet(
        cases=_GPU,
        contestants=("fast",),
        sentence="the paper's layers, width 512, 8 heads, P1000",
    ),
}
"""The cases by the machine that they are meant for."""
