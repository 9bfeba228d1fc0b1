"""The process of one job: `python -m eigenformer.runs.child JOB_FOLDER`.

It ends, with its state saved, as soon as its standard input does: so it never outlives the process
that started it, however that one ends. Under torchrun each rank runs this.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from .jobs import JobFolder, JobResult, perform


def main(path: Path) -> int:
    threading.Thread(target=_end_with_input, daemon=True).start()
    folder = JobFolder(path)
    first = os.environ.get("RANK", "0") == "0"
    try:
        result = perform(folder.job())
    except Exception as error:
        # Said here, because only a process that says nothing is taken for killed and begun again.
        if first:
            text = f"{type(error).__name__}: {error}; see {folder.log_file}"
            folder.save_result(JobResult(state="failed", message=text))
        raise
    if first:
        folder.save_result(result)
    return 0 if result.state == "finished" else 1


def _end_with_input() -> None:
    # Not by sys.stdin, whose lock is held while it waits: the loaders, which are forked, would wait
    # for it forever as they close theirs.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
