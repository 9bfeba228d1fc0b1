"""Turns results of the efficiency study as they were kept up to November 2026 into records of runs.

    python docs/rekey_efficiency.py OLD NEW

OLD is a folder of such results, a file for each case, contestant and seed; NEW gets the record of
each. A record is known by its run's configuration, which is made again from these names; the
identity of a result says whether it is still the one that was trained. What results did not keep
stays unknown: rounding ceilings, losses, and the shares of well-formed and of exact answers.
"""

import sys
from pathlib import Path
from typing import Any

from eigenformer.core import InputError, content_hash, load_json, to_json
from eigenformer.evaluation import Proportion
from eigenformer.papers.efficiency import ABLATIONS, CONTESTANTS, SETS, experiment
from eigenformer.runs import Point, Record, Records

CASES = {case.name: case for cases in SETS.values() for case in cases.cases}


def record_of(old: dict[str, Any]) -> Record:
    """The record of the run that a result is of; `InputError` if that has changed since."""
    case = CASES[old["case"]]
    run = experiment(case, {**CONTESTANTS, **ABLATIONS}[old["contestant"]], old["seed"])
    config = run.tokens
    name = f"{old['case']}-{old['contestant']}-{old['seed']}"
    if content_hash({"config": to_json(config), "target": case.target}) != old["identity"]:
        raise InputError(f"{name} has another recipe or case now; train it again")
    score, (test,) = config.evaluation.score, config.evaluation.tests
    last = old["curve"][-1]
    return Record(
        identity=run.identity,
        run=config.id,
        state=old["state"],
        version=old["version"],
        machine=old["machine"],
        seconds=old["seconds"],
        examples=last["examples"],
        score=score,
        config=to_json(config),
        tests={
            test.name: {
                "examples": last["examples"],
                "n": test.size,
                "score": score,
                "accuracy": {
                    score: {
                        tolerance: proportion(name, share, test.size)
                        for tolerance, share in last["accuracy"].items()
                    }
                },
            }
        },
        curve=tuple(
            Point(examples=point["examples"], accuracy={score: point["accuracy"]}, valid=None)
            for point in old["curve"]
        ),
        losses=(),
    )


def proportion(name: str, share: float, n: int) -> dict[str, Any]:
    """Of `n` matrices, with its interval; an `InputError` if it is a share of another number."""
    count = round(share * n)
    if abs(count - share * n) > 1e-6:
        raise InputError(f"{name} was scored on other than {n} matrices: {share}")
    return Proportion(count=count, n=n).to_dict()


def main(old: str, new: str) -> None:
    files = sorted(Path(old).glob("*.json"))
    for file in files:
        Records(Path(new)).save(record_of(load_json(file)))
    print(f"{len(files)} records in {new}")


if __name__ == "__main__":
    main(*sys.argv[1:])
