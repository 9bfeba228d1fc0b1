"""A job in a process of its own."""

import os
import signal
import subprocess
import sys
from subprocess import PIPE, STDOUT

from .jobs import JobFolder, JobResult

_CHILD = f"{__package__}.child"


class JobProcess:
    """A process (or several, started by torchrun) that performs the job in a folder.

    It saves its state and ends when it is stopped or when this process ends.
    """

    def __init__(self, folder: JobFolder, threads: int, processes: int = 1) -> None:
        self.folder = folder
        module = ["-m", _CHILD]
        if processes > 1:
            count = f"--nproc-per-node={processes}"
            module = ["-m", "torch.distributed.run", "--standalone", count, *module]
        threads = max(1, threads // processes)
        with open(folder.log_file, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *module, str(folder.path)],
                stdin=PIPE,
                stdout=log,
                stderr=STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"},
                # Ctrl-C in a terminal reaches the engine, which then stops its processes in order.
                start_new_session=True,
            )

    def poll(self) -> JobResult | None:
        """How it ended; None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        self.stop()
        if result := self.folder.result():
            return result
        ended = f"signal {_name(-status)}" if status < 0 else f"exit status {status}"
        return JobResult(state="killed", message=ended)

    def stop(self) -> None:
        """Ask it to save and end; `poll` says when it has."""
        assert self._process.stdin is not None
        self._process.stdin.close()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
