"""Table 12: eigenvalues of matrices unlike those of the training set."""

from collections.abc import Iterator

from ...runs import Cell, Experiment, Scale, accuracy
from ...runs.recipes import fast
from ..study import Table
from .cells import PaperModel, models_of, slug
from .distributions import TRAINING_SETS, test_name, tested_outside, trained_on, training_set
from .full_size import full_size
from .settings import with_tests

LAYERS = "4/1"
"""At the paper's size; table 12 does not say, and table 6 has these for 5x5 in P1000."""
_EXAMPLES = 240_000
"""With 60,000 only the set of one law and scale is learned, to 93% within 2%; others stand at 40 to
67% on their own matrices, which says nothing about matrices of another law."""


def _experiments(scale: Scale) -> list[Experiment]:
    return [
        training_run(scale, model["train_distribution"], tuple(_cells(scale, model)))
        for model in models_of("table12", "test_distribution", "sigma_ratio")
    ]


def training_run(scale: Scale, name: str, cells: tuple[Cell, ...]) -> Experiment:
    """The run on the training set that table 12 calls `name`, scored on all its test sets."""
    dims = "3x3" if scale == "laptop" else "5x5"
    ensemble = training_set(*TRAINING_SETS[name], dims)
    if scale == "laptop":
        config = with_tests(fast("eigenvalues", dims, examples=_EXAMPLES))
    else:
        config = full_size(scale, "eigenvalues", dims, layers=LAYERS)
    return Experiment(
        name=slug(name), config=tested_outside(trained_on(config, ensemble)), cells=cells
    )


def _cells(scale: Scale, model: PaperModel) -> Iterator[Cell]:
    for labels in model.cells:
        distribution, ratio = labels["test_distribution"], labels["sigma_ratio"]
        assert isinstance(distribution, str) and isinstance(ratio, float)
        test = test_name(distribution, ratio)
        yield Cell(labels={**labels, "tolerance": 2}, read=accuracy(0.02, test), paper={})
        if scale == "laptop":
            # Small models are less exact on their own training set too.
            yield Cell(labels={**labels, "tolerance": 5}, read=accuracy(0.05, test))


TABLE = Table(
    name="table12",
    title="Eigenvalues out of distribution",
    section="5",
    rows=("tolerance", "train_distribution"),
    columns=("test_distribution", "sigma_ratio"),
    runs=_experiments,
    note="3x3 in place of 5x5, 2/1 layers of width 128 with `fast`; 5% stands beside the paper's "
    "2%, where small models fall short within their training set too.",
)
