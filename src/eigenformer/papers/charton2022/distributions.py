"""Training and test sets of section 5 and appendix D.4: symmetric matrices of several spectra."""

from dataclasses import replace

from ... import ensembles
from ...ensembles import Ensemble, Mixture
from ...training import TestSet, TrainConfig

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
