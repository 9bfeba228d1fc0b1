"""What takes seconds to compute and seldom changes, kept beside what it was computed from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .serialize import load_json, save_json


def read_kept(file: Path, sources: Iterable[Path]) -> Any:
    """What `keep` wrote into `file`; None if there is none, or a source has changed since."""
    if not file.exists():
        return None
    found = load_json(file)
    return found["value"] if found["sources"] == _fingerprint(sources) else None


def keep(file: Path, sources: Iterable[Path], value: Any) -> None:
    """Keep a JSON value that was computed from `sources`, as long as none of them changes."""
    save_json(file, {"sources": _fingerprint(sources), "value": value})


def _fingerprint(sources: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for source in sorted(sources):
        whole.update(f"{source.parent.name}/{source.name}\n".encode())
        whole.update(hashlib.sha256(source.read_bytes()).digest())
    return whole.hexdigest()[:16]
