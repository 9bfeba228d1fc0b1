"""Which code this is."""

import subprocess
from pathlib import Path


def git_commit() -> str | None:
    """The commit that this code runs from ("-dirty" if changed), where it is a source tree.

    None where it was installed, into the tree of another repository too.
    """
    here = Path(__file__)
    if _git(here, "ls-files", "--error-unmatch", here.name) is None:
        return None
    return _git(here, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(file: Path, *words: str) -> str | None:
    """What git says in the folder of a file; None where it fails, or is not there."""
    try:
        found = subprocess.run(
            ["git", *words], cwd=file.parent, capture_output=True, text=True, timeout=10
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None
