"""What is compared: a problem, the size of the models, the accuracy asked, the lengths of runs."""

from dataclasses import dataclass
from functools import cache

from ...core import InputError, rng
from ...encodings import draw_pairs
from ...evaluation import TrainedSolver
from ...runs import Scale
from ...runs.recipes import fast
from ...training import EvaluationConfig, TestSet

LIMIT = 25
"""The untuned baselines run for this many times the length of `fast`."""


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
    """Length of a run of `fast-same-tokens`, and of `paper-tuned`, examples."""
    accuracy: float = 0.95
    """The accuracy to reach, a fraction."""
    tolerance: float = 0.05
    of_ceiling: bool = False
    """The accuracy is a fraction of the rounding ceiling, where that is well below 1."""
    tests: TestSet = TestSet()  # noqa: RUF009  (frozen)
    paper: PaperCount | None = None

    @property
    def name(self) -> str:
        return f"{self.problem.replace('_', '-')}-{self.dims}"

    @property
    def baselines(self) -> int:
        """Length of a run of the untuned baselines, examples; the cosine of `paper` ends there."""
        return LIMIT * self.fast

    @property
    def levels(self) -> tuple[float, ...]:
        """Accuracies whose examples are compared; the last is the one to reach.

        The first was added when no run of `paper-tuned` on a held-out case had come to the second.
        """
        return (0.1, 0.5, 0.8, self.accuracy)

    @property
    def target(self) -> float:
        """The accuracy to reach on the test set, as a fraction of all its matrices."""
        return self.share(self.accuracy)

    def share(self, level: float) -> float:
        """A level as a fraction of all matrices of the test set."""
        return level * (_ceiling(self) if self.of_ceiling else 1.0)

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
    """Cases that are run together, at which scale, and by which contestants."""

    scale: Scale

    cases: tuple[Case, ...]
    contestants: tuple[str, ...]
    sentence: str

    def only(self, name: str | None) -> tuple[Case, ...]:
        """The case called `name`, or all of them."""
        return self.cases if name is None else (self.case(name),)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(case.name for case in self.cases)

    def case(self, name: str) -> Case:
        if name not in self.names:
            raise InputError(f"unknown case {name!r}: this set has {', '.join(self.names)}")
        return self.cases[self.names.index(name)]


# Lengths fixed before a contestant ran. Addition 5x5 would be the other: an example of
# `paper-tuned` costs six times as much there as one of products of 2x2 matrices.
_FEWER = TestSet(size=2_000)
_HELD_OUT = (
    Case(problem="singular_values", dims="2x2", fast=30_000, same_tokens=48_000, tests=_FEWER),
    Case(problem="matmul", dims="2x2", fast=60_000, same_tokens=240_000, tests=_FEWER),
)
# Recipes and lengths of `fast` and `fast-same-tokens` were tuned on these.
_TUNED = (
    Case(problem="add", dims="3x3", fast=9_000, same_tokens=36_000),
    Case(problem="matvec", dims="2x2", fast=24_000, same_tokens=400_000),
    Case(problem="eigenvalues", dims="3x3", fast=30_000, same_tokens=240_000),
    Case(problem="inverse", dims="2x2", fast=800_000, same_tokens=1_600_000, of_ceiling=True),
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

_COMPARED = ("fast", "fast-same-tokens", "paper-tuned")
_SIZE = "2/1 layers, width 128, 4 heads, P1000"
SETS = {
    "held-out": CaseSet(
        scale="laptop",
        cases=_HELD_OUT,
        contestants=_COMPARED,
        sentence=f"{_SIZE}; no recipe was tuned on these",
    ),
    "tuned": CaseSet(
        scale="laptop",
        cases=_TUNED,
        contestants=(*_COMPARED, "paper", "paper-from-start", "paper-constant"),
        sentence=f"{_SIZE}; recipes were tuned on these",
    ),
    "gpu": CaseSet(
        scale="gpu",
        cases=_GPU,
        contestants=("fast",),
        sentence="the paper's layers, width 512, 8 heads, P1000",
    ),
}
"""The cases, by what they are for."""
