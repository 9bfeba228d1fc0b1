"""What was changed in claims' rules and runs after results were known, and the rules as registered.

`history.json` has them by claim. A rule is registered by a hash, before the runs that it judges;
`docs/register_rules.py` registers one that has changed, and asks why it has.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..core import from_json

HISTORY = Path(__file__).with_name("history.json")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a rule, a length or a setting."""

    date: str
    """YYYY-MM-DD."""
    commit: str = ""
    """The one that made it, or, of a rule that is registered, the one before."""
    changed: str
    why: str
    rule: str = ""
    """The hash of the rule from then on; "" for changes from before rules were registered."""

    @property
    def text(self) -> str:
        """One line, for reports."""
        commit = f" ({self.commit[:7]})" if self.commit else ""
        rule = f", rule {self.rule}" if self.rule else ""
        return f"{self.date}{commit}: {self.changed}, {self.why}{rule}"


@cache
def history() -> Mapping[str, tuple[Change, ...]]:
    """The changes by claim, the oldest first."""
    data = json.loads(HISTORY.read_text(encoding="utf-8"))
    return {
        claim: tuple(from_json(Change, change, f"{HISTORY.name}, {claim}") for change in changes)
        for claim, changes in data.items()
    }
