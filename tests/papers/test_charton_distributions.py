"""Training and test sets of tables 12 and 20."""

from dataclasses import replace

import numpy as np
import pytest

from eigenformer import ensembles, rng
from eigenformer.ensembles import Ensemble
from eigenformer.papers.charton2022 import table12, table20
from eigenformer.papers.charton2022.table12 import test_set as outside_set
from eigenformer.papers.charton2022.table12 import training_set
from eigenformer.runs import SCALES, Scale

TABLES = {"table12": table12.TABLE, "table20": table20.TABLE}


@pytest.mark.parametrize(
    ("name", "a", "laws", "scale"),
    [
        ("Uniform iid", "10", ["iid-uniform"], 10.0),
        ("Gaussian iid", "10", ["iid-gaussian"], 10.0),
        ("Uniform iid", "[1,1000]", ["iid-uniform"], (1.0, 1000.0)),
        ("Uniform", "10", ["spectrum-uniform"], 10.0),
        (
            "iid+positive+Laplace",
            "10",
            ["iid-uniform", "spectrum-positive", "spectrum-laplace"],
            10,
        ),
        (
            "Gaussian+uniform+Laplace",
            "10",
            ["spectrum-gaussian", "spectrum-uniform", "spectrum-laplace"],
            10.0,
        ),
    ],
)
def test_training_sets(
    name: str, a: str, laws: list[str], scale: float | tuple[float, float]
) -> None:
    found = training_set(name, a, "5x5")
    parts = [found]
    if isinstance(found, ensembles.Mixture):
        parts = list(found.parts)
        assert set(found.weights) == {1.0}
    assert parts == [ensembles.get(law, dims="5x5", scale=scale) for law in laws]


@pytest.mark.parametrize(
    ("distribution", "ratio"),
    [
        *(("Wigner", 0.3), ("Wigner", 1.0), ("Wigner", 1.2), ("Positive", 0.6), ("Positive", 1.0)),
        *(("Uniform", 0.6), ("Gaussian", 1.0), ("Laplace", 0.6), ("Laplace", 1.0)),
    ],
)
def test_test_sets_have_their_spread(distribution: str, ratio: float) -> None:
    ensemble = outside_set(distribution, ratio, "5x5").ensemble
    assert ensemble is not None
    eigenvalues = np.linalg.eigvalsh(symmetric(ensemble, 20_000))
    # 10 sqrt(5 / 3), section 2.2; the sampling error is below 1%.
    assert np.sqrt(np.mean(eigenvalues**2)) == pytest.approx(12.91 * ratio, rel=0.02)
    assert bool((eigenvalues > -1e-9).all()) == (distribution == "Positive")


def symmetric(ensemble: Ensemble, count: int) -> np.ndarray:
    return np.asarray(ensemble.draw(rng(0, "spread"), count, symmetric=True).values)


def test_the_same_eleven_test_sets_for_every_training_set() -> None:
    for scale in SCALES:
        tests = [one.config.evaluation.tests for one in TABLES["table12"].planned(scale)]
        assert len(tests) == 7
        assert all(found == tests[0] for found in tests)
        assert tests[0][0].ensemble is None
        assert len(tests[0]) == 12


@pytest.mark.parametrize("name", ["table12", "table20"])
@pytest.mark.parametrize("scale", SCALES)
def test_every_training_and_test_set_can_be_written(name: str, scale: Scale) -> None:
    drawn: set[str] = set()
    for one in TABLES[name].planned(scale):
        task = one.config.task
        for test in (None, *one.config.evaluation.tests):
            ensemble = task.ensemble if test is None or test.ensemble is None else test.ensemble
            key = f"{ensemble} {task.encoder.label}"
            if key not in drawn:
                drawn.add(key)
                examples = replace(task, ensemble=ensemble).examples(0, "train", 0, 32)
                assert examples.rejected == 0
                assert np.isfinite(examples.answers.values).all()
    assert len(drawn) >= 14
