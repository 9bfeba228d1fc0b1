"""Parts of claims: what each says, or why it says nothing, and which runs would decide them.

An answer is yes, no, or None: not decided.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..runs import Experiment, Plan, Scale
from ..runs.cost import duration
from .claims import Evidence
from .findings import Finding, State
from .sides import (
    ONE_SEED_RATIO,
    SEEDS,
    Side,
    above,
    best,
    few_seeds,
    fewer,
    larger,
    mean,
    percent,
    seeds_of,
    welch_half_width,
)

MARGIN = 0.10
"""Accuracies that differ by less count as equal, where equality is claimed."""
_STRONG = 0.99
_LONGER = 4
"""Times as many examples for models that were too weak."""
_MOST_SEEDS = 30
_GPU_HOURS = 1 / 6
"""What a run of scale gpu takes at most."""
Why = Literal["decided", "missing", "absent", "weak", "strong", "close", "edge"]
REASONS: dict[Why, str] = {
    "missing": "not run yet",
    "absent": "this scale has no such run",
    "weak": "too weak for it to show",
    "strong": "too strong for it to show",
    "close": "too close to call",
    "edge": "between what would hold and what would fail",
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One comparison, or one bound, of those that a claim consists of."""

    holds: bool | None
    text: str
    """What was compared, with its figures."""
    why: Why = "decided"
    sides: tuple[Side, ...]

    @property
    def sentence(self) -> str:
        """The text, with the reason where nothing is decided."""
        if self.holds is not None:
            return self.text
        missing = [side.name.rstrip(",:") for side in self.sides if not side.measured]
        some = self.why == "missing" and 0 < len(missing) < len(self.sides)
        names = f": {', '.join(dict.fromkeys(missing))}" if some else ""
        return f"{self.text} ({REASONS[self.why]}{names})"


def answer(yes: bool, no: bool) -> bool | None:
    """Yes, no, or neither; yes where both are true."""
    return True if yes else False if no else None


def agreed(answers: Iterable[bool]) -> bool | None:
    """What all say; neither where they differ."""
    given = set(answers)
    return given.pop() if len(given) == 1 else None


def word(holds: bool | None) -> str:
    return {True: "yes", False: "no", None: "undecided"}[holds]


def together(answers: Iterable[bool | None]) -> bool | None:
    """All must be yes; one no is enough for a no."""
    given = list(answers)
    return answer(all(given), False in given)


def finding(holds: bool | None, sentence: str, would_decide: str = "") -> Finding:
    """A finding by an answer; `would_decide` counts only where nothing was decided."""
    state: State = "undecided" if holds is None else "holds" if holds else "fails"
    return Finding(
        state=state, sentence=sentence, would_decide=would_decide if holds is None else ""
    )


def part(holds: bool | None, why: Why, text: str, sides: Sequence[Side]) -> Part:
    """`why` counts only where nothing was decided."""
    return Part(holds=holds, text=text, why=why if holds is None else "decided", sides=tuple(sides))


def bounded(text: str, holds: bool, fails: bool) -> Part:
    """A number that is beyond one bound, beyond another, or undecided between them."""
    return part(answer(holds, fails), "edge", text, ())


def incomplete(text: str, sides: Sequence[Side]) -> Part | None:
    """The undecided part where a side has no number at all; None where each has one."""
    if any(not one.values for one in sides):
        return part(None, "absent", text, sides)
    return None if all(one.measured for one in sides) else part(None, "missing", text, sides)


def every(sides: Sequence[Side], bound: float, at: str) -> Part:
    """All sides reach `bound`.

    One that falls short of it refutes that only if another's success shows that the examples do
    suffice, and the two differ as trained models must; else it may just be too weak.
    """
    listed = ", ".join(one.text for one in sides)
    text = f"{listed} at {at}, of which {percent(bound)} is asked"
    reached = [above(one.measured, bound) for one in sides]
    top, bottom = best(sides), min(sides, key=lambda one: one.mean if one.measured else 2.0)
    if above(top.measured, bound) and larger(top.measured, bottom.measured):
        return part(False, "decided", text, sides)
    if undecided := incomplete(text, sides):
        return undecided
    return part(True if all(reached) else None, "weak" if False in reached else "edge", text, sides)


def better(a: Side, b: Side, at: str, floor: float = 0.5) -> Part:
    """`a` is more accurate than `b`; decided only if the better one reaches `floor`."""
    text = against(a, b, at)
    if undecided := incomplete(text, (a, b)):
        return undecided
    high, low = max(a.mean, b.mean), min(a.mean, b.mean)
    if high < floor:
        return part(None, "weak", text, (a, b))
    why: Why = "strong" if low >= _STRONG else "close"
    return part(larger(a.measured, b.measured), why, text, (a, b))


def outdoes(good: Side, bad: Side, at: str, floor: float = 0.9, *, shrunk: bool = True) -> Part:
    """`good` succeeds, which is to reach `floor`, and `bad` does not.

    Where both succeed, the problem is too easy to tell if it was `shrunk`, and else the claim is
    wrong.
    """
    text = against(good, bad, at)
    if undecided := incomplete(text, (good, bad)):
        return undecided
    difference = larger(good.measured, bad.measured)
    succeeds, too = above(good.measured, floor), above(bad.measured, floor)
    if too:
        refuted = difference is False or not shrunk
        return part(False if refuted else None, "strong", text, (good, bad))
    if succeeds and too is False:
        return part(difference or None, "close", text, (good, bad))
    return part(None, "weak" if succeeds is False else "close", text, (good, bad))


def needs_fewer(a: Side, b: Side, what: str) -> Part:
    """`a` gets there, `what` says where, with fewer examples than `b`."""
    text = f"{a.text} against {b.text} {what}"
    if undecided := incomplete(text, (a, b)):
        return undecided
    nowhere = all(one.at_least for one in (*a.measured, *b.measured))
    return part(fewer(a.measured, b.measured), "weak" if nowhere else "close", text, (a, b))


def no_worse(a: Side, b: Side, at: str, floor: float = 0.5) -> Part:
    """`a` is as accurate as `b`, but for `MARGIN`.

    That takes the interval of several training seeds; with few, it can only be refuted.
    """
    text = against(a, b, at)
    if undecided := incomplete(text, (a, b)):
        return undecided
    if max(a.mean, b.mean) < floor:
        return part(None, "weak", text, (a, b))
    if few_seeds((a, b)):
        return part(False if larger(b.measured, a.measured) else None, "close", text, (a, b))
    difference, half = difference_of(a, b)
    if difference - half > -MARGIN:
        return part(True, "decided", text, (a, b))
    return part(False if difference + half < -MARGIN else None, "close", text, (a, b))


def alike(a: Side, b: Side, at: str, floor: float = 0.5) -> Part:
    """`a` and `b` are equally accurate, but for `MARGIN`."""
    one, other = no_worse(a, b, at, floor), no_worse(b, a, at, floor)
    if one.holds and other.holds:
        return one
    refuted = one.holds is False or other.holds is False
    return part(
        False if refuted else None, one.why if one.holds is None else other.why, one.text, (a, b)
    )


def alike_in_examples(a: Side, b: Side, what: str) -> Part:
    """`a` and `b` need equally many examples, but for a factor of `ONE_SEED_RATIO`."""
    text = f"{a.text} against {b.text} {what}"
    if undecided := incomplete(text, (a, b)):
        return undecided
    sides = (a, b)
    logs = [[math.log(one.value) for one in found.measured] for found in sides]
    bounded = [any(one.at_least for one in found.measured) for found in sides]
    if all(bounded):
        return part(None, "weak", text, sides)
    limit = math.log(ONE_SEED_RATIO)
    differ = fewer(a.measured, b.measured) is not None
    far = abs(mean(logs[0]) - mean(logs[1])) >= limit
    if differ and far:
        return part(False, "decided", text, sides)
    if few_seeds(sides) or any(bounded):
        return part(None, "close", text, sides)
    half = welch_half_width(*logs)
    near = abs(mean(logs[0]) - mean(logs[1])) + half < limit
    return part(near or None, "close", text, sides)


def either(parts: Sequence[Part]) -> Part:
    """Several ways to ask the same: those that have an answer must agree."""
    answers = {one.holds for one in parts if one.holds is not None}
    open_parts = [one for one in parts if one.holds is None]
    why: Why = open_parts[0].why if open_parts else "close"
    text = "; ".join(one.text for one in parts)
    sides = [each for one in parts for each in one.sides]
    return part(answers.pop() if len(answers) == 1 else None, why, text, sides)


def against(a: Side, b: Side, at: str) -> str:
    """Both numbers; with several seeds a side also the interval of their difference."""
    text = f"{a.text} against {b.text} at {at}"
    if few_seeds((a, b)):
        return text
    difference, half = difference_of(a, b)
    low, high = 100 * (difference - half), 100 * (difference + half)
    return f"{text}, difference {100 * difference:+.1f} points ({low:+.1f} to {high:+.1f})"


def difference_of(a: Side, b: Side) -> tuple[float, float]:
    """Difference of means and half its 95% interval, where there are `SEEDS` a side."""
    assert min(len(a.measured), len(b.measured)) >= SEEDS
    x, y = ([one.value for one in found.measured] for found in (a, b))
    return mean(x) - mean(y), welch_half_width(x, y)


def conclude(evidence: Evidence, *parts: Part, beyond: str = "") -> Finding:
    """A claim holds if all its parts do and fails if one does; else it is undecided.

    `beyond` says how an undecided claim is to be decided if runs of tables don't.
    """
    holds = together(part.holds for part in parts)
    told = "; ".join(part.sentence for part in parts)
    setting = setting_of([side for part in parts for side in part.sides])
    more = (beyond or would_decide(evidence, parts)) if holds is None else ""
    return finding(holds, f"{told}{f' [{setting}]' if setting else ''}", more)


def setting_of(sides: Sequence[Side]) -> str:
    """What the compared models were trained on, by which recipe, how often."""
    configs = [run.tokens for side in sides for run in side.experiments]
    problems = dict.fromkeys(f"{c.task.problem.name} {c.task.ensemble.dims}" for c in configs)
    recipes = dict.fromkeys(c.recipe for c in configs)
    known = [
        ", ".join(problems),
        f"recipe {' and '.join(recipes)}" if recipes else "",
        seeds_of(sides),
    ]
    return "; ".join(text for text in known if text)


def would_decide(evidence: Evidence, parts: Sequence[Part]) -> str:
    """Runs, examples and hours that would decide those of `parts` that are undecided."""
    undecided = [one for one in parts if one.holds is None]
    missing = [side for one in undecided if one.why == "missing" for side in one.sides]
    texts = [runs_to_make(evidence, missing)] if missing else []
    for one in undecided:
        if one.why == "absent":
            tables = sorted({side.table for side in one.sides if not side.values})
            texts.append(whole_tables(evidence, tables, "laptop"))
        elif one.why == "strong" and evidence.scale != "paper":
            tables = sorted({side.table for side in one.sides})
            scale: Scale = "gpu" if evidence.scale == "laptop" else "paper"
            texts.append(whole_tables(evidence, tables, scale))
        elif one.why in ("close", "strong"):
            texts.append(_more_seeds(evidence, one))
        elif one.why != "missing":
            texts.append(longer(evidence, one.sides))
    return "; ".join(dict.fromkeys(text for text in texts if text))


def runs_to_make(evidence: Evidence, sides: Iterable[Side]) -> str:
    """The runs that are missing on these sides, with the command that makes them."""
    sides = list(sides)
    tables = sorted({side.table for side in sides if side.missing})
    runs = [run for side in sides for run in side.missing]
    count = len(Plan.of(runs).experiments)
    command = f"`eigenformer paper run {' '.join(tables)} --scale {evidence.scale}`"
    return f"{_runs(count)} of {command}: {would_cost(evidence, runs)}"


def longer(evidence: Evidence, sides: Iterable[Side]) -> str:
    """The same runs, `_LONGER` times as long."""
    runs = [run for side in sides for run in side.experiments]
    return f"the same runs, each {_LONGER} times as long: {would_cost(evidence, runs, _LONGER)}"


def whole_tables(evidence: Evidence, tables: Sequence[str], scale: Scale) -> str:
    """The runs of another scale; "" where that is this one, or a larger one, or there are none."""
    if evidence.scale == scale or (scale == "gpu" and evidence.scale == "paper"):
        return ""
    if any(scale not in evidence.table(name).scales for name in tables):
        return ""
    runs = [run for name in tables for run in evidence.table(name).planned(scale)]
    count = len(Plan.of(runs).experiments)
    command = f"`eigenformer paper run {' '.join(tables)} --scale {scale}`"
    return f"{command}: {_runs(count)}, {would_cost(evidence, runs, scale=scale)}"


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def of_full_size(evidence: Evidence, table: str) -> str:
    """What kept analyses of small models leave open: the same of models of the paper's size."""
    runs = whole_tables(evidence, [table], "gpu")
    return f"the same analysis of models of the paper's size{f' ({runs})' if runs else ''}"


def _more_seeds(evidence: Evidence, one: Part) -> str:
    wanted = _seeds_wanted(one)
    runs = [
        side.experiments[0]
        for side in one.sides
        for _ in range(wanted - len(side.measured))
        if side.experiments
    ]
    return (
        f"{wanted} training seeds a side, {_runs(len(runs))} more: "
        f"{would_cost(evidence, runs, distinct=False)}"
    )


def _seeds_wanted(one: Part) -> int:
    """As many as a difference of this size, if it is real, takes to be seen."""
    if few_seeds(one.sides):
        return SEEDS
    if len(one.sides) != 2:
        return 2 * SEEDS
    a, b = one.sides
    if a.measured[0].unit == "accuracy":
        difference, half = difference_of(a, b)
    else:
        x, y = ([math.log(m.value) for m in side.measured] for side in (a, b))
        difference, half = mean(x) - mean(y), welch_half_width(x, y)
    now = min(len(a.measured), len(b.measured))
    if abs(difference) * math.sqrt(_MOST_SEEDS / now) <= half:
        return _MOST_SEEDS
    return max(math.ceil(now * (half / difference) ** 2), now + 1)


def would_cost(
    evidence: Evidence,
    experiments: Iterable[Experiment],
    times: float = 1.0,
    *,
    scale: Scale | None = None,
    distinct: bool = True,
) -> str:
    """How many examples and hours `experiments` are.

    Each run counts once, and with it those that it starts from, unless `distinct` is false. Hours
    are those of the claim's own runs of the same kind, or else `runs.cost`'s; `times` multiplies
    both.
    """
    runs = tuple(experiments)
    if distinct:
        runs = Plan.of(runs).experiments
    text = f"{times * sum(run.config.length for run in runs):,.0f} examples"
    if (scale or evidence.scale) == "gpu":
        return f"{text}, at most {times * len(runs) * _GPU_HOURS:.2g} H200 hours"
    spent = sum(evidence.seconds(run.config) for run in runs)
    return f"{text}, about {duration(times * spent)}"
