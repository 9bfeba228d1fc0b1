"""Every benchmark, each in a process of its own; figures are ratios measured in one run.

python benchmarks/run.py                 print
python benchmarks/run.py --save          and keep the figures in benchmarks/results.json
"""

import json
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
THREADS = {"data": 1, "step": 2, "scoring": 2, "construct": 1}
"""Each benchmark and its threads: data is generated on one core, models run on two."""


def run(name: str, threads: int) -> dict[str, float]:
    """The figures of one benchmark, which prints its own table."""
    print(f"\n== {name} ({threads} thread{'s' if threads > 1 else ''})", flush=True)
    code = (
        "import json, sys, torch; sys.path.insert(0, sys.argv[1]);"
        f"torch.set_num_threads({threads}); import {name};"
        f"figures = {name}.main(); open(sys.argv[2], 'w').write(json.dumps(figures))"
    )
    result = HERE / f".{name}.json"
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    subprocess.run(
        [sys.executable, "-c", code, str(HERE), str(result)], env=environment, check=True
    )
    figures: dict[str, float] = json.loads(result.read_text())
    result.unlink()
    return figures


def main(args: list[str]) -> int:
    figures = {name: run(name, threads) for name, threads in THREADS.items()}
    if "--save" in args:
        record = {
            "date": date.today().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "figures": figures,
        }
        (HERE / "results.json").write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
