"""What is kept of a study that has been made: one JSON file, without weights."""

from dataclasses import dataclass
from pathlib import Path

from ...core import InputError, from_json, load_json, save_json, to_json
from .findings import Findings
from .study import Scale, Study


@dataclass(frozen=True, kw_only=True)
class Record:
    """The findings of a study at a scale, and what they cost."""

    study: str
    scale: Scale
    identity: str
    """`Study.identity`: a study that has changed since has another one."""
    version: str
    """The commit that it was made with ("-dirty" if changed), or the package's version."""
    machine: str
    examples: int
    """Prompts that the runs processed."""
    seconds: float
    """Of the runs, as if one after the other, and of the analysis: a note on the machine above, no
    result."""
    findings: Findings


class Records:
    """A folder of records, a file a study and scale."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, study: Study, scale: Scale) -> Record | None:
        """The record of a study; None if it has not been made, or not as it is now."""
        file = self._file(study, scale)
        if not file.exists():
            return None
        data = load_json(file)
        if not isinstance(data, dict):
            raise InputError(f"{file} does not hold a record; delete it and make the study again")
        if data.get("identity") != study.identity(scale):
            return None
        return from_json(Record, data, str(file))

    def save(self, study: Study, record: Record) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        save_json(self._file(study, record.scale), to_json(record))

    def _file(self, study: Study, scale: Scale) -> Path:
        return self.root / f"{study.name}-{scale}.json"
