"""Whether a model interpolates between training matrices (Charton 2022, section 7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from ...core import InputError, from_json, load_json, save_json, to_json
from ...encodings import Examples, Task
from ...ensembles import Matrices
from ...evaluation import TOLERANCES, Proportion, Solver
from ...training import TokenFolder, TrainConfig
from ...zoo.load import load, run_folder
from .rank import Estimate, difference, nearest, rank_correlations

RECORDS = Path(__file__).with_name("records")


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """A quarter of the test matrices, by their distance to the nearest training matrix."""

    low: float
    """Least distance among them: Frobenius norm of the difference."""
    high: float
    right: dict[str, Proportion]
    """By tolerance, such as "0.05"."""


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """Errors of a model beside distances to its training matrices; kept as JSON.

    The error of a model that interpolates between training matrices grows with the distance to the
    nearest. But distance also goes with size and with how crowded a region is, for any model: hence
    the same distance to matrices of the same law that the model has not seen, as a control.
    """

    model: str
    problem: str
    dims: str
    seed: int
    n: int
    """Fresh test matrices."""
    training_matrices: int
    """Those that the weights come from."""
    median_distance: float
    median_norm: float
    """Frobenius norm of a test matrix, the scale of distances."""
    correlation: Estimate
    """Spearman's, of distance and error, over the test matrices."""
    control: Estimate
    """The same with as many matrices that the model was not trained on."""
    excess: Estimate
    """`correlation` - `control`: above 0 if nearby training matrices helped."""
    lookup: Estimate
    """The correlation of a model that has memorised: the answer to the nearest training matrix."""
    lookup_accuracy: dict[str, Proportion]
    """Of that answer, by tolerance."""
    quarters: tuple[Quarter, ...]
    """Nearest first."""
    fresh: dict[str, Proportion]
    """Accuracy on the test matrices, by tolerance."""
    trained: dict[str, Proportion]
    """Accuracy on as many training matrices, spread over the run."""
    advantage: dict[str, Estimate]
    """`trained` - `fresh`: above 0 if training matrices are answered better than others."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON; `from_dict` reads them."""
        found: dict[str, Any] = to_json(self)
        return found

    @staticmethod
    def from_dict(data: Any, where: str = "memorisation") -> "Memorisation":
        return from_json(Memorisation, data, where)


def memorisation(
    solver: Solver,
    config: TrainConfig,
    n: int = 2000,
    seed: int = 0,
    *,
    examples: int | None = None,
    resamples: int = 1000,
) -> Memorisation:
    """Compare `n` fresh matrices with the training set of `config`, which is drawn again.

    `examples` is how much of the run the weights come from; all of it unless given. Intervals of
    correlations are bootstrapped from `resamples` resamples of the test matrices. Raises
    `InputError` for a run that started from another one or from a file, whose training set is not
    a function of the configuration, and for inputs of several shapes or problems.
    """
    task = config.task
    if config.start is not None or config.data is not None:
        raise InputError(
            f"{solver.name} was not trained on matrices drawn for it alone; "
            "give a run with neither `start` nor `data`"
        )
    if task.problem.tasks or not task.ensemble.dimensions.fixed:
        raise InputError(
            f"{solver.name} takes inputs of several kinds, between which there is no distance; "
            "give a run on one problem and one shape"
        )
    seen = config.steps if examples is None else -(-examples // config.batch_size)
    if not 0 < seen <= config.steps:
        raise InputError(f"examples is {examples}; give 1 to the run's {config.examples}")
    if not 4 <= n <= seen * config.batch_size:
        raise InputError(
            f"n is {n}; give at least 4, and no more than the {seen * config.batch_size} "
            "matrices that the model was trained on"
        )
    test = task.examples(seed, "memorisation", 0, n)
    error = _errors(solver, test.inputs, test.answers)
    points = _points(test)
    distance, neighbours = nearest(points, _training_points(config, "train", seen))
    elsewhere, _ = nearest(points, _training_points(config, "memorisation control", seen))
    looked_up = _lookup_errors(task, test, neighbours)
    order = np.argsort(distance, kind="stable")
    correlation, control, excess = rank_correlations(distance, elsewhere, error, seed, resamples)
    lookup, _, _ = rank_correlations(distance, elsewhere, looked_up, seed, resamples)
    fresh = _accuracy(error)
    trained = _accuracy(_errors(solver, *_sample(config, seen, n)))
    return Memorisation(
        model=solver.name,
        problem=task.problem.name,
        dims=str(task.ensemble.dims),
        seed=seed,
        n=n,
        training_matrices=seen * config.batch_size,
        median_distance=float(np.median(distance)),
        median_norm=float(np.median(np.linalg.norm(points, axis=1))),
        correlation=correlation,
        control=control,
        excess=excess,
        lookup=lookup,
        lookup_accuracy=_accuracy(looked_up),
        quarters=tuple(
            Quarter(
                low=float(distance[part[0]]),
                high=float(distance[part[-1]]),
                right=_accuracy(error[part]),
            )
            for part in np.array_split(order, 4)
        ),
        fresh=fresh,
        trained=trained,
        advantage={key: difference(trained[key], fresh[key]) for key in fresh},
    )


def analyse(name: str, n: int = 2000, seed: int = 0) -> Memorisation:
    """`memorisation` of a shipped model, or of a run (folder, name or hash)."""
    folder = TokenFolder(run_folder(name).path)
    return memorisation(
        load(name), folder.config(), n, seed, examples=folder.status().get("best_at")
    )


def keep(record: Memorisation, root: Path = RECORDS) -> Path:
    """Write the record to its file, memorisation-MODEL.json."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / f"memorisation-{record.model}.json"
    save_json(path, record.to_dict())
    return path


def kept_memorisation(root: Path = RECORDS) -> dict[str, Memorisation]:
    """The records in a folder, by model."""
    found = [
        Memorisation.from_dict(load_json(path), str(path))
        for path in sorted(root.glob("memorisation-*.json"))
    ]
    return {record.model: record for record in found}


def _points(examples: Examples) -> Float64[np.ndarray, "B K"]:
    """Inputs as vectors of all their coefficients; Euclidean distance is Frobenius'."""
    return examples.inputs.values.reshape(len(examples.inputs), -1)


def _training_points(config: TrainConfig, purpose: str, batches: int) -> Iterator[np.ndarray]:
    """The batches of the stream `purpose`, some together."""
    group: list[np.ndarray] = []
    for index in range(batches):
        batch = config.task.examples(config.seed, purpose, index, config.batch_size)
        group.append(_points(batch))
        if sum(map(len, group)) >= 4096 or index == batches - 1:
            yield np.concatenate(group)
            group = []


def _sample(config: TrainConfig, batches: int, n: int) -> tuple[Matrices, Matrices]:
    """`n` training matrices, of batches evenly spread over the run, and their true answers."""
    count = -(-n // config.batch_size)
    places = np.linspace(0, batches - 1, count).round().astype(int)
    found = [
        config.task.examples(config.seed, "train", index, config.batch_size)
        for index in places.tolist()
    ]
    inputs = Matrices.concatenate([batch.inputs for batch in found])
    answers = Matrices.concatenate([batch.answers for batch in found])
    return inputs[:n], answers[:n]


def _errors(solver: Solver, inputs: Matrices, answers: Matrices) -> Float64[np.ndarray, " B"]:
    """L1 errors, as `evaluate` finds them; inf for an ill-formed answer."""
    written = solver.written(inputs, answers)
    predictions = solver.predict(inputs)
    errors = solver.problem.errors(written.inputs, answers, predictions.matrices)
    return np.where(predictions.valid, errors.scores["l1"], np.inf)


def _lookup_errors(
    task: Task, test: Examples, neighbours: Float64[np.ndarray, "B K"]
) -> Float64[np.ndarray, " B"]:
    """L1 errors of the true answers to the nearest training matrices."""
    near = Matrices.of(neighbours.reshape(test.inputs.values.shape))
    errors = task.problem.errors(test.inputs, test.answers, task.problem.solve(near))
    return errors.scores["l1"]


def _accuracy(error: Float64[np.ndarray, " B"]) -> dict[str, Proportion]:
    return {
        f"{tolerance:g}": Proportion(count=int((error < tolerance).sum()), n=len(error))
        for tolerance in TOLERANCES
    }
