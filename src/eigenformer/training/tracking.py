"""Mirrors a run in a tracker: trackio (local SQLite and dashboard) or wandb, by the same calls.

The run folder stays the source of truth. What is in its metrics.jsonl is sent whenever a state has
been saved, so that a run that is killed and goes on tells no step twice.
"""

import io
import uuid
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from ..core import load_json, save_json, to_json
from .execution import Library
from .folder import RunFolder
from .progress import Display

PROJECT = "eigenformer"


class Mirror:
    """Sends the lines of a run's metrics to a tracker, each once.

    How many it has sent is kept in the run folder, tracked.json: a run that goes on continues its
    tracked run, and one that was not tracked from its beginning is sent whole. A tracker that fails
    is given up with one note; it never stops a run.
    """

    def __init__(self, folder: RunFolder, library: Library, display: Display) -> None:
        self.folder = folder
        self.library = library
        self.display = display
        self._file = folder.path / "tracked.json"
        self._tracker: Any = None
        self._failed = library == "none"

    def update(self) -> None:
        """Send what the metrics have gained."""
        self._guarded(self._send)

    def finish(self) -> None:
        """Send the rest, and end the tracked run for this process."""
        self._guarded(self._send)
        if self._tracker is not None:
            with _silenced():
                self._guarded(self._tracker.finish)

    def _guarded(self, action: Any) -> None:
        if self._failed:
            return
        try:
            action()
        except Exception as error:  # whatever a library of others may raise: the run goes on
            self._failed = True
            self.display.note(
                f"{self.library} failed ({type(error).__name__}: {error}); the run goes on without"
            )

    def _send(self) -> None:
        known = load_json(self._file) if self._file.exists() else {}
        tracked = known.get(self.library)
        lines = self.folder.metrics()
        if len(lines) <= (tracked["lines"] if tracked else 0):
            return
        if self._tracker is None:
            begun = tracked is not None
            tracked = tracked or {"id": uuid.uuid4().hex, "lines": 0}
            self._tracker = self._begin(tracked["id"], begun)
            save_json(self._file, {**known, self.library: tracked})
        assert tracked is not None
        with _silenced():
            for line in lines[tracked["lines"] :]:
                self._tracker.log(_flat(line), step=line["step"])
        save_json(self._file, {**known, self.library: {**tracked, "lines": len(lines)}})

    def _begin(self, identity: str, begun: bool) -> Any:
        name = self.folder.path.name
        with _silenced():
            tracker = import_module(self.library)
            tracker.init(
                project=PROJECT,
                name=name,
                config=to_json(self.folder.config()),
                resume="allow" if begun else "never",
                # wandb continues a run by its id; trackio has no ids to give, and takes the latest
                # run of the name.
                **({"id": identity} if self.library == "wandb" else {}),
            )
        self.display.note(f"mirrored by {self.library}: project {PROJECT}, run {name}")
        return tracker


def _silenced() -> redirect_stdout[io.StringIO]:
    """trackio greets on standard output, where commands print their results."""
    return redirect_stdout(io.StringIO())


def _flat(line: dict[str, Any]) -> dict[str, float]:
    """A line of metrics.jsonl as a tracker takes it: names with slashes, and numbers."""
    found: dict[str, float] = {}

    def add(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                add(f"{name}/{key}", inner)
        elif isinstance(value, (int, float)):
            found[name] = value

    for key, value in line.items():
        if key not in ("kind", "step", "time"):  # the step goes with the call, the time is its own
            add(f"{line['kind']}/{key}", value)
    return found
