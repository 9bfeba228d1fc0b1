"""Benchmarks, each in a process of its own; figures are ratios measured in one run.

python benchmarks/run.py                      all but inference, printed
python benchmarks/run.py inference [RUN]      one, with its arguments
python benchmarks/run.py ... --save           and kept in benchmarks/results.json
"""

import json
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
THREADS = {
    "data": 1,
    "step": 2,
    "scoring": 2,
    "construct": 1,
    "inference": 1,
    "sizes": 1,
    "trust": 1,
    "certificates": 1,
}
"""Each benchmark and its threads: data is generated on one core, models train on two."""
SPEED = ("data", "step", "scoring", "construct")
"""Run where none is named."""


def run(name: str, arguments: list[str]) -> dict[str, float]:
    """The figures of one benchmark, which prints its own table."""
    threads = THREADS[name]
    print(f"\n== {name} ({threads} thread{'s' if threads > 1 else ''})", flush=True)
    code = (
        "import json, sys, torch; sys.path.insert(0, sys.argv[1]);"
        f"torch.set_num_threads({threads}); import {name};"
        f"figures = {name}.main(*sys.argv[3:]); open(sys.argv[2], 'w').write(json.dumps(figures))"
    )
    result = HERE / f".{name}.json"
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    command = [sys.executable, "-c", code, str(HERE), str(result), *arguments]
    subprocess.run(command, env=environment, check=True)
    figures: dict[str, float] = json.loads(result.read_text())
    result.unlink()
    return figures


def main(args: list[str]) -> int:
    save = "--save" in args
    name, *arguments = [word for word in args if word != "--save"] or [""]
    figures = {one: run(one, arguments) for one in ([name] if name else SPEED)}
    if save:
        file = HERE / "results.json"
        kept = json.loads(file.read_text())["figures"] if file.exists() else {}
        record = {
            "date": date.today().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "figures": kept | figures,
        }
        file.write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
