"""From a LAWT run folder to a solver."""

from dataclasses import dataclass
from pathlib import Path

from ...core import InputError
from ...core.serialize import checksum
from ...evaluation import TrainedSolver
from ...runs.store import runs_root
from .params import read_params
from .settings import read_settings
from .weights import our_weights, read_checkpoint


@dataclass(frozen=True, kw_only=True)
class ImportedRun:
    """A model of LAWT's as a solver, and what to know about it."""

    solver: TrainedSolver
    notes: tuple[str, ...]
    """Sentences on what is not as it was in LAWT; empty if nothing is known to differ."""
    sha256: str
    """Checksum of the checkpoint."""

    @property
    def default_folder(self) -> Path:
        """Its place in the run store, where its name finds it."""
        return runs_root() / f"{self.solver.name}-{self.sha256[:12]}"


def import_run(folder: str | Path) -> ImportedRun:
    """The model in the LAWT run `folder`: params.pkl and checkpoint.pth, as LAWT writes them.

    Its answers have the tokens that LAWT's greedy decoding gives. Raises `InputError` for a folder
    that lacks one of the files, whose pickle holds anything but an argparse.Namespace of plain
    values, whose settings have no counterpart, or whose weights do not fit them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the one that a LAWT run wrote")
    settings = read_settings(read_params(folder / "params.pkl"), folder / "params.pkl")
    checkpoint = folder / "checkpoint.pth"
    weights = our_weights(read_checkpoint(checkpoint), settings, checkpoint)
    task = settings.task
    model = settings.model.build(task.encoder, task.decoder, seed=0)
    model.load_state_dict(weights)
    return ImportedRun(
        solver=TrainedSolver(model.eval(), task, name=settings.name),
        notes=settings.notes,
        sha256=checksum(checkpoint),
    )
