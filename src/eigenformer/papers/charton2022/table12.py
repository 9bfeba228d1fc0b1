"""Table 12: eigenvalues of matrices unlike those of the training set.

Training and test sets of section 5 and appendix D.4: symmetric matrices of several spectra.
"""

from collections.abc import Iterator
from dataclasses import replace

from ... import ensembles
from ...ensembles import Ensemble, Mixture
from ...runs import Cell, Experiment, Scale, accuracy
from ...runs.recipes import fast
from ...training import TestSet, TrainConfig
from ..study import Table
from .full_size import full_size
from .settings import PaperModel, models_of, slug, with_tests

_LAWS = {
    "wigner": "iid-uniform",
    "iid": "iid-uniform",
    "uniform iid": "iid-uniform",
    "gaussian iid": "iid-gaussian",
    "positive": "spectrum-positive",
    "uniform": "spectrum-uniform",
    "gaussian": "spectrum-gaussian",
    "laplace": "spectrum-laplace",
}
TRAINING_SETS = {
    "Wigner A=10": ("Uniform iid", "10"),
    "Wigner A in [1,100]": ("Uniform iid", "[1,100]"),
    "Wigner+Positive": ("iid+positive", "10"),
    "Wigner+Gaussian": ("iid+gaussian", "10"),
    "Wigner+Laplace": ("iid+Laplace", "10"),
    "Laplace": ("Laplace", "10"),
    "Gaussian+Uniform+Laplace": ("Gaussian+uniform+Laplace", "10"),
}
"""What table 20 calls the training sets of table 12, and the range A of their coefficients."""
_RATIOS = {
    "Wigner": (0.3, 1.0, 1.2),
    "Positive": (0.6, 1.0),
    "Uniform": (0.6, 1.0),
    "Gaussian": (0.6, 1.0),
    "Laplace": (0.6, 1.0),
}
"""Standard deviations of the coefficients of table 12's test sets, over those of A = 10."""
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


def training_set(name: str, a: str, dims: str) -> Ensemble:
    """The training set called `name` in table 20, such as iid+Laplace, in equal parts.

    `a` is its label A: "10", or a range such as "[1,100]" that A is drawn from for each matrix.
    """
    bounds = [float(bound) for bound in a.strip("[]").split(",")]
    scale = (bounds[0], bounds[1]) if len(bounds) > 1 else bounds[0]
    laws = tuple(_LAWS[part] for part in name.lower().split("+"))
    if len(laws) > 1:
        return Mixture(components=laws, dims=dims, scale=scale)
    return ensembles.get(laws[0], dims=dims, scale=scale)


def test_set(distribution: str, ratio: float, dims: str) -> TestSet:
    """A test set of table 12, with coefficients of `ratio` times the baseline's deviation."""
    law = _LAWS[distribution.lower()]
    scaled = {"scale": 10 * ratio} if distribution == "Wigner" else {"sigma_ratio": ratio}
    return TestSet(
        name=test_name(distribution, ratio), ensemble=ensembles.get(law, dims=dims, **scaled)
    )


def test_name(distribution: str, ratio: float) -> str:
    return f"{distribution.lower()}-{ratio:g}"


def trained_on(config: TrainConfig, ensemble: Ensemble) -> TrainConfig:
    """`config` with another training set; `fast` is told how large its coefficients are."""
    scale = ensemble.scale
    model = config.model.adapted(scale=sum(scale) / 2 if isinstance(scale, tuple) else scale)
    return replace(config, task=replace(config.task, ensemble=ensemble), model=model)


def tested_outside(config: TrainConfig) -> TrainConfig:
    """`config` scored on the test sets of table 12 too, after the one like its training set."""
    dims = str(config.task.ensemble.dims)
    outside = [
        test_set(distribution, ratio, dims)
        for distribution, ratios in _RATIOS.items()
        for ratio in ratios
    ]
    evaluation = replace(config.evaluation, tests=(TestSet(), *outside))
    return replace(config, evaluation=evaluation)


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
