"""Make studies: train what has not been trained, analyse, keep the findings."""

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from ...core import InputError
from ...incontext import load_run
from ...models.cpu import one_thread
from ...training.environment import environment
from .findings import Findings
from .records import Record, Records
from .study import Run, Scale, Study
from .workers import Told, Workers


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a study."""

    study: Study
    record: Record | None = None
    message: str = ""
    """Why there is no record, in a sentence."""
    trace: str = ""
    """The traceback of an error that is no user's."""


def _ignore(run: Run, state: str) -> None:
    pass


def make(
    study: Study,
    scale: Scale,
    records: Records,
    *,
    jobs: int = 1,
    device: str = "cpu",
    told: Told = _ignore,
) -> Record:
    """The record of a study at a scale; one that is kept as it is now is returned as it is.

    Runs lie in the run store: a finished one is not made again, an interrupted one goes on where it
    stood. `jobs` of them train side by side, each on one thread; nothing depends on it. A run that
    diverged is an `InputError`.
    """
    with Workers(jobs, device) as workers:
        return _make(study, scale, records, workers, told)


def make_all(
    studies: Sequence[Study],
    scale: Scale,
    records: Records,
    workers: Workers,
    told: Told = _ignore,
) -> Iterator[Outcome]:
    """Make studies one after the other, as `make` does; one that fails does not stop the others."""
    for study in studies:
        try:
            record = _make(study, scale, records, workers, told)
        except InputError as error:
            yield Outcome(study=study, message=str(error))
        except Exception as error:
            # A mistake in one study; hours of the others need not be lost to it.
            text = f"{study.name}: {type(error).__name__}: {error}"
            yield Outcome(study=study, message=text, trace=traceback.format_exc())
        else:
            yield Outcome(study=study, record=record)


def _make(study: Study, scale: Scale, records: Records, workers: Workers, told: Told) -> Record:
    kept = records.get(study, scale)
    if kept is not None:
        return kept
    runs = study.planned(scale)
    workers.train(runs, told)
    folders = {run.name: load_run(run.path) for run in runs}
    diverged = [name for name, folder in folders.items() if folder.status()["state"] == "diverged"]
    if diverged:
        raise InputError(
            f"{study.name}: {', '.join(diverged)} diverged; its settings need another rate"
        )
    begun = time.monotonic()
    with one_thread():
        findings = study.analyse(scale, folders)
    _check(study, findings)
    # Not the time since the beginning: a run may have been made before, or in several sittings.
    each = {folder.path: folder.training_seconds() for folder in folders.values()}
    here = environment(torch.device(workers.device), 1)
    record = Record(
        study=study.name,
        scale=scale,
        identity=study.identity(scale),
        version=here["git"] or here["eigenformer"],
        machine=f"{here['device_name']}, one thread a run",
        examples=sum({run.path: run.examples for run in runs}.values()),
        seconds=round(time.monotonic() - begun + sum(each.values()), 1),
        findings=findings,
    )
    records.save(study, record)
    return record


def _check(study: Study, findings: Findings) -> None:
    """A study that is silent about a claim would leave its verdict to the others."""
    said = set(findings.verdicts)
    if said != set(study.claims):
        raise InputError(
            f"{study.name} bears on {', '.join(study.claims) or 'no claim'}, and its findings have "
            f"verdicts on {', '.join(sorted(said)) or 'none'}; make the two agree"
        )
