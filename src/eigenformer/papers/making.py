"""From the finished runs of a study to its findings, which are kept."""

import time
from collections.abc import Sequence

import torch

from ..core import InputError
from ..incontext import InContextFolder, RunConfig
from ..models.cpu import one_thread
from ..runs import Experiment, Records, Scale
from ..training import RunFolder
from ..training.environment import environment
from .claims import Claim
from .findings import Findings
from .study import Analysis, Kept


def make(study: Analysis, scale: Scale, records: Records, claims: Sequence[Claim]) -> Kept:
    """The findings of a study whose runs are finished; kept ones are returned as they are.

    `claims` are those that it bears on. A run that diverged is an `InputError`, and so are findings
    without a verdict on one of them.
    """
    if (kept := study.kept(scale, records)) is not None:
        return kept
    runs = study.planned(scale)
    folders = {run.name: _folder(study, run) for run in runs}
    diverged = [name for name, folder in folders.items() if folder.status()["state"] == "diverged"]
    if diverged:
        raise InputError(
            f"{study.name}: {', '.join(diverged)} diverged; its settings need another rate"
        )
    begun = time.monotonic()
    with one_thread():
        findings = study.analyse(scale, folders)
    _check(study, findings, [claim.id for claim in claims])
    # Not the time since the beginning: a run may have been made before, or in several sittings.
    each = {folder.path: folder.training_seconds() for folder in folders.values()}
    here = environment(torch.device("cpu"), 1)
    kept = Kept(
        study=study.name,
        scale=scale,
        identity=study.identity(scale),
        version=here["git"] or here["eigenformer"],
        machine=f"{here['device_name']}, one thread a run",
        examples=sum({run.identity: run.config.length for run in runs}.values()),
        seconds=round(time.monotonic() - begun + sum(each.values()), 1),
        findings=findings,
    )
    study.keep(kept, records)
    return kept


def _folder(study: Analysis, run: Experiment) -> RunFolder:
    found = run.folder()
    if found is None or found.status()["state"] not in ("finished", "diverged"):
        raise InputError(f"{study.name}: {run.name} is not finished; run the study again")
    return InContextFolder(found.path) if isinstance(run.config, RunConfig) else found


def _check(study: Analysis, findings: Findings, claims: Sequence[str]) -> None:
    """A study that is silent about a claim would leave its verdict to the others."""
    said = set(findings.verdicts)
    if said != set(claims):
        raise InputError(
            f"{study.name} bears on {', '.join(claims) or 'no claim'}, and its findings have "
            f"verdicts on {', '.join(sorted(said)) or 'none'}; make the two agree"
        )
