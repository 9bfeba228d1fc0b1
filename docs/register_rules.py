"""Registers the rules of claims that have changed: papers/history.json.

    python docs/register_rules.py --why "what a run showed, or a referee asked"

A rule is a claim's text, the code that decides it and the runs that it judges
(`eigenformer.papers.registered`). A test keeps those in force to those registered. Commit the file
before the runs that a new rule judges.
"""

import argparse
import datetime
import json
import subprocess
from pathlib import Path

from eigenformer.core import to_json
from eigenformer.papers import papers
from eigenformer.papers.claims import HISTORY, Change, history
from eigenformer.papers.registered import rule_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--why", required=True, help="why the rules have changed, in a sentence")
    why = parser.parse_args().why.strip()
    if len(why.split()) < 3:
        parser.error(f"--why says {why!r}; say in a few words what made the change necessary")
    known = {claim: list(changes) for claim, changes in history().items()}
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()[:7]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    changed = []
    for paper in papers().values():
        for claim in paper.claims.values():
            changes = known.setdefault(claim.id, [])
            rule = rule_of(claim, paper.studies)
            before = next((one.rule for one in reversed(changes) if one.rule), "")
            if rule != before:
                what = "rule changed" if before else "rule registered"
                changes.append(Change(date=today, commit=commit, changed=what, why=why, rule=rule))
                changed.append(claim.id)
    data = {claim: to_json(tuple(changes)) for claim, changes in sorted(known.items())}
    HISTORY.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(changed)} rules registered: {', '.join(changed) or 'none had changed'}")


if __name__ == "__main__":
    main()
