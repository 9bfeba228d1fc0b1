"""Eigenvalues of matrices unlike those of the training set: other spectra, scales and sizes."""

from collections.abc import Sequence
from dataclasses import replace

from ... import ensembles
from ...runs import Cell, Experiment, Scale, accuracy
from ...runs.recipes import grid, sizefree
from ...training import EvaluationConfig, TestSet, TrainConfig
from ..charton2022.table12 import test_set, training_set
from ..study import Table

MODELS = ("grid", "frames")
LAWS = {"Wigner": "Uniform iid", "Laplace": "Laplace"}
"""What table 12 trains on, and what table 20 calls it."""
DIMS = "5x5"
"""The paper's, of table 12 and of the size that models of one size do not learn."""
SPECTRA = (
    ("Wigner", 0.3),
    ("Wigner", 1.0),
    ("Wigner", 1.2),
    ("Positive", 0.6),
    ("Positive", 1.0),
    ("Uniform", 0.6),
    ("Uniform", 1.0),
    ("Gaussian", 0.6),
    ("Gaussian", 1.0),
    ("Laplace", 0.6),
    ("Laplace", 1.0),
)
"""The test sets of table 12, with their deviations over that of the training set."""
SIZES = ("2x2", "3x3", "4x4", "6x6", "8x8")
TOLERANCE = 5
"""Percent."""
_MATRICES = 2_000
_EXAMPLES = {"grid": 60_000, "frames": 64_000}
_LAYERS = 4


def run(model: str, law: str) -> Experiment:
    """Trained on one law at one size, and scored on all test sets."""
    spectra = [test_set(name, ratio, DIMS) for name, ratio in SPECTRA]
    sizes = [TestSet(name=dims, ensemble=ensembles.get("iid-uniform", dims=dims)) for dims in SIZES]
    tests = [replace(one, size=_MATRICES) for one in (TestSet(), *spectra, *sizes)]
    config = _config(model)
    trained = replace(config.task, ensemble=training_set(LAWS[law], "10", DIMS))
    names = [spectrum(*one) for one in SPECTRA]
    cells = [
        Cell(
            labels={"model": model, "trained_on": law, "test": name, "tolerance": TOLERANCE},
            read=accuracy(TOLERANCE / 100, one.name),
        )
        for name, one in zip([f"{law}, as trained", *names, *SIZES], tests, strict=True)
    ]
    return Experiment(
        name=f"{model}-{law.lower()}",
        config=replace(
            config,
            task=trained,
            evaluation=EvaluationConfig(every=config.examples, tests=tuple(tests)),
        ),
        cells=cells,
    )


def spectrum(law: str, ratio: float) -> str:
    """What tables and sentences call a test set: Positive 0.6 sigma."""
    return f"{law} {ratio:g} sigma"


def _config(model: str) -> TrainConfig:
    examples = _EXAMPLES[model]
    if model == "grid":
        return grid("eigenvalues", DIMS, layers=_LAYERS, examples=examples)
    return sizefree("eigenvalues", DIMS, examples=examples)


def _runs(scale: Scale) -> Sequence[Experiment]:
    return [run(model, law) for model in MODELS for law in LAWS]


STUDY = Table(
    name="matrices-data",
    label="Data",
    title="Eigenvalues of other spectra, scales and sizes, by networks that read a matrix",
    section="",
    rows=("test",),
    columns=("model", "trained_on"),
    runs=_runs,  # the same at every scale: the paper's sizes fit on a laptop
    note=f"Trained on {DIMS} alone; `grid` reads tokens in a grid of rows and columns, `frames` "
    "(of `sizefree`) is told that eigenvectors turn with the matrix, and repeats its layer.",
)
