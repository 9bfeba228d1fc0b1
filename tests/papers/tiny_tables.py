"""The runs of tables, shrunk until two steps of them take a moment."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from eigenformer.ensembles import Dims, Ensemble, Mixture
from eigenformer.models import GridConfig, ModelConfig, RecurrentConfig, StackConfig
from eigenformer.papers import Table
from eigenformer.problems import Joint
from eigenformer.runs import Cell, Experiment, Record, Records
from eigenformer.runs.store import run
from eigenformer.training import Execution, TrainConfig

BATCH, STEPS, TESTS = 4, 2, 8


def distinct(experiments: Iterable[Experiment]) -> list[Experiment]:
    """The first of each kind: of the same architecture, problem, encodings, and readings."""
    found: dict[str, Experiment] = {}
    for experiment in experiments:
        found.setdefault(repr(_kind(experiment)), experiment)
    return list(found.values())


def shrunk(experiment: Experiment) -> Experiment:
    """Two steps of four examples, 1/1 layers of width 16, matrices up to 3x3; all cells."""
    return replace(
        experiment,
        config=_shrunk(experiment.config),
        after=None if experiment.after is None else shrunk(experiment.after),
    )


def two_steps(experiment: Experiment, root: Path) -> Record:
    """The record of a shrunk run, and of those before it, trained in the store `root`."""
    for part in experiment.chain:
        folder = run(part.resolved(root), Execution(device="cpu", workers=0, quiet=True), root)
        assert folder.finished
    record = Records(root / "records").collect(experiment, root)
    assert record is not None
    return record


def check_two_steps(table: Table, experiments: Iterable[Experiment], root: Path) -> None:
    """Every kind of run trains, and every cell of it reads its record."""
    for experiment in distinct(experiments):
        tiny = shrunk(experiment)
        record = two_steps(tiny, root)
        assert record.state == "finished", (table.name, experiment.name)
        assert record.examples == STEPS * BATCH
        assert Records(root / "records").get(tiny) == record
        for cell in tiny.cells:
            _check(cell, record)


def _check(cell: Cell, record: Record) -> None:
    measured = cell.read(record)
    if measured is not None:
        assert measured.unit != "accuracy" or 0 <= measured.value <= 1
        assert measured.unit != "examples" or measured.value == record.examples


def _kind(experiment: Experiment) -> tuple[Any, ...]:
    config, before = experiment.config, experiment.after
    task, model = config.task, config.model
    problem = task.problem
    return (
        type(model),
        [getattr(model, name, None) for name in ("cell", "gating", "norm", "embedding")],
        [getattr(model, f"{side}_loops", 1) > 1 for side in ("encoder", "decoder")],
        problem.problems if isinstance(problem, Joint) else problem,
        [encoding.label for encoding in (task.encoder, task.decoder)],
        _type(task.ensemble),
        task.ensemble.dimensions.fixed,
        bool(task.noise),
        [test.ensemble is None for test in config.evaluation.tests],
        [cell.read.__qualname__ for cell in experiment.cells],
        None if before is None else _kind(before),
    )


def _type(ensemble: Ensemble) -> Any:
    if isinstance(ensemble, Mixture):
        return [_type(part) for part in ensemble.parts]
    return type(ensemble)


def _shrunk(config: TrainConfig) -> TrainConfig:
    tests = tuple(
        replace(
            test,
            ensemble=None if test.ensemble is None else _small(test.ensemble),
            size=min(test.size, TESTS),
        )
        for test in config.evaluation.tests
    )
    return replace(
        config,
        task=replace(config.task, ensemble=_small(config.task.ensemble)),
        model=_smallest(config.model),
        evaluation=replace(config.evaluation, every=STEPS * BATCH, tests=tests),
        examples=STEPS * BATCH,
        batch_size=BATCH,
        # The CPU's bfloat16 is another story.
        precision="float32",
    )


def _small(ensemble: Ensemble) -> Ensemble:
    dims = Dims.parse(ensemble.dims)
    rows, columns = (_clipped(bounds) for bounds in (dims.rows, dims.columns))
    dims_text = str(replace(dims, rows=rows, columns=columns))
    if isinstance(ensemble, Mixture):
        parts = tuple(replace(part, dims=dims_text) for part in ensemble.parts)
        return replace(ensemble, components=parts, dims=dims_text)
    return replace(ensemble, dims=dims_text)


def _clipped(bounds: tuple[int, int]) -> tuple[int, int]:
    """Sizes up to 3; a range stays one."""
    low, high = bounds
    return (min(low, 3), min(high, 3)) if low == high or low < 3 else (2, 3)


def _smallest(model: ModelConfig) -> ModelConfig:
    if isinstance(model, RecurrentConfig):
        return replace(model, encoder_layers=1, decoder_layers=1, embedding=16, hidden=16)
    if isinstance(model, GridConfig):
        return replace(model, layers=1, width=16)
    stack = StackConfig(layers=1, width=16, heads=2)
    return replace(model, encoder=stack, decoder=stack)
