"""Parts of claims: what each says, or why it says nothing, and which runs would decide them.

An answer is yes, no, or None: not decided. Two gates stand before an answer on models that did not
reach what is asked. Longer training must change nothing (`Side.settled`), and there must be `SEEDS`
training seeds a side. What has been reached is shown by one model. An effect that consists in a
failure must show somewhere: where nothing fails it does not show at this size.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..core.display import duration
from ..runs import Experiment, Plan, Scale
from .claims import Evidence
from .findings import REASONS, Finding, PartFinding, State, Why
from .sides import (
    DOUBLINGS,
    FACTOR,
    SEEDS,
    Side,
    above,
    doublings,
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
_MOST_SEEDS = 30
_GPU_HOURS = 1 / 6
"""What a run of scale gpu takes at most."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One comparison, or one bound, of those that a claim consists of."""

    holds: bool | None
    text: str
    """What was compared, with its figures."""
    why: Why = "decided"
    sides: tuple[Side, ...]

    @property
    def state(self) -> State:
        if self.holds is None:
            return "size" if self.why == "size" else "undecided"
        return "holds" if self.holds else "fails"

    @property
    def found(self) -> PartFinding:
        return PartFinding(state=self.state, why=self.why, text=f"{self.text}{self._missing}")

    @property
    def sentence(self) -> str:
        """The text, with the reason where nothing is decided."""
        return self.text if self.holds is not None else f"{self.text} ({self._reason})"

    @property
    def _reason(self) -> str:
        return f"{REASONS[self.why]}{self._missing}"

    @property
    def _missing(self) -> str:
        """Which sides have no number, where only some have none."""
        missing = [side.name.rstrip(",:") for side in self.sides if not side.measured]
        some = self.why == "missing" and 0 < len(missing) < len(self.sides)
        return f": {', '.join(dict.fromkeys(missing))}" if some else ""


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


def finding(holds: bool | None, sentence: str, would_decide: str = "", gate: str = "") -> Finding:
    """A finding by an answer; `would_decide` counts only where nothing was decided.

    `gate` is what shows, where the answer is no, that longer training would not turn it.
    """
    state: State = "undecided" if holds is None else "holds" if holds else "fails"
    more = would_decide if holds is None else ""
    return Finding(state=state, sentence=sentence, would_decide=more, gate=gate)


def part(holds: bool | None, why: Why, text: str, sides: Sequence[Side]) -> Part:
    """`why` counts only where nothing was decided."""
    return Part(holds=holds, text=text, why=why if holds is None else "decided", sides=tuple(sides))


def bounded(text: str, holds: bool, fails: bool, why: Why | None = None) -> Part:
    """A computed number that is beyond one bound, beyond another, or undecided between them.

    `why` is what keeps one from failing that comes from a model, which no gate was passed with.
    """
    return part(answer(holds, fails and why is None), (fails and why) or "edge", text, ())


def incomplete(text: str, sides: Sequence[Side]) -> Part | None:
    """The undecided part where a side has no number at all; None where each has one."""
    if any(not one.values for one in sides):
        return part(None, "absent", text, sides)
    return None if all(one.measured for one in sides) else part(None, "missing", text, sides)


def gate(sides: Iterable[Side]) -> Why | None:
    """What keeps accuracies that fell short, or differ, from deciding anything; None: nothing."""
    sides = list(sides)
    if not all(one.settled for one in sides):
        return "learning"
    return "seeds" if few_seeds(sides) else None


def gated(holds: bool | None, text: str, sides: Sequence[Side], why: Why = "close") -> Part:
    """A part decided only if its sides pass the gate; `why` counts where it is open all the same"""
    stop = gate(sides)
    return part(None, stop, text, sides) if stop else part(holds, why, text, sides)


def every(sides: Sequence[Side], bound: float, at: str) -> Part:
    """All sides reach `bound`, for which one model each is enough."""
    listed = ", ".join(one.text for one in sides)
    text = f"{listed} at {at}, of which {percent(bound)} is asked"
    reached = [above(one.measured, bound) for one in sides]
    short = [one for one, yes in zip(sides, reached, strict=True) if yes is False]
    if any(_stays_below(one, bound) for one in short):
        return part(False, "decided", text, sides)
    if undecided := incomplete(text, sides):
        return undecided
    if text_later := "; ".join(_later(one, bound) for one in short if _creeps(one, bound)):
        return part(None, "learning", f"{text}; {text_later}", sides)
    return part(True if all(reached) else None, gate(short) or "close", text, sides)


def _stays_below(one: Side, bound: float) -> bool:
    """Whether a side that fell short of a bound does so for good: at twice the length too, and at
    the pace of that doubling after `DOUBLINGS` more."""
    again = [other for other in one.again if other is not None]
    below = gate([one]) is None and above([*one.measured, *again], bound) is False
    return below and doublings(one, bound) > DOUBLINGS


def _creeps(one: Side, bound: float) -> bool:
    """Whether a side passes the gate of convergence, and may reach a bound all the same."""
    return one.settled and doublings(one, bound) <= DOUBLINGS


def _later(one: Side, bound: float) -> str:
    times = 2 ** math.ceil(max(doublings(one, bound), 0.0))
    examples = max(run.tokens.examples for run in one.experiments)
    return (
        f"at the pace of its last doubling {one.name} has {percent(bound)} after {times:,} times "
        f"its examples, {times * examples:,}"
    )


def better(a: Side, b: Side, at: str) -> Part:
    """`a` is more accurate than `b`; where both are nearly perfect, that can't show."""
    text = against(a, b, at)
    if undecided := incomplete(text, (a, b)):
        return undecided
    if min(a.mean, b.mean) >= _STRONG:
        return part(None, "size", text, (a, b))
    return gated(larger(a.measured, b.measured), text, (a, b))


def outdoes(good: Side, bad: Side, at: str, floor: float = 0.9, *, shrunk: bool = True) -> Part:
    """`good` succeeds, which is to reach `floor`, and `bad` does not.

    Where `bad` succeeds too, the problem is too easy to tell if it was `shrunk`, and else the claim
    is wrong.
    """
    text = against(good, bad, at)
    if undecided := incomplete(text, (good, bad)):
        return undecided
    succeeds, too = above(good.measured, floor), above(bad.measured, floor)
    if too:
        return part(None if shrunk else False, "size", text, (good, bad))
    for one in (good, bad):
        if above(one.measured, floor) is False and _creeps(one, floor):
            return part(None, "learning", f"{text}; {_later(one, floor)}", (good, bad))
    if succeeds is False:
        return gated(False, text, (good, bad))
    holds = succeeds and too is False and larger(good.measured, bad.measured)
    return gated(True if holds else None, text, (good, bad))


def needs_fewer(a: Side, b: Side, what: str) -> Part:
    """`a` gets there, `what` says where, with fewer examples than `b`.

    Examples until a level compare models that still learn, so that only the seeds are a gate.
    """
    text = f"{a.text} against {b.text} {what}"
    if undecided := incomplete(text, (a, b)):
        return undecided
    if a.times != b.times:  # under schedules of different lengths
        return part(None, "learning", text, (a, b))
    return part(fewer(a.measured, b.measured), _open(a, b), text, (a, b))


def _open(a: Side, b: Side) -> Why:
    """Why a comparison of examples is open, if it is."""
    waits = any(one.at_least for one in (*a.measured, *b.measured))
    nowhere = all(one.at_least for one in (*a.measured, *b.measured))
    if nowhere or (waits and not few_seeds((a, b))):
        return "learning"
    return "seeds" if few_seeds((a, b)) else "close"


def no_worse(a: Side, b: Side, at: str) -> Part:
    """`a` is as accurate as `b`, but for `MARGIN`, by the interval of their difference."""
    text = against(a, b, at)
    if undecided := incomplete(text, (a, b)):
        return undecided
    if (stop := gate((a, b))) is not None:
        return part(None, stop, text, (a, b))
    difference, half = difference_of(a, b)
    return part(
        answer(difference - half > -MARGIN, difference + half < -MARGIN), "close", text, (a, b)
    )


def alike(a: Side, b: Side, at: str) -> Part:
    """`a` and `b` are equally accurate, but for `MARGIN`."""
    one, other = no_worse(a, b, at), no_worse(b, a, at)
    both = answer(one.holds is True and other.holds is True, False in (one.holds, other.holds))
    return part(both, one.why if one.holds is None else other.why, one.text, (a, b))


def alike_in_examples(a: Side, b: Side, what: str) -> Part:
    """`a` and `b` need equally many examples, but for a factor of `FACTOR`."""
    text = f"{a.text} against {b.text} {what}"
    if undecided := incomplete(text, (a, b)):
        return undecided
    sides = (a, b)
    logs = [[math.log(one.value) for one in found.measured] for found in sides]
    bounded = [any(one.at_least for one in found.measured) for found in sides]
    if few_seeds(sides) or any(bounded) or a.times != b.times:
        return part(None, _open(a, b) if a.times == b.times else "learning", text, sides)
    limit = math.log(FACTOR)
    apart, half = abs(mean(logs[0]) - mean(logs[1])), welch_half_width(*logs)
    return part(answer(apart + half < limit, apart - half > limit), "close", text, sides)


def jointly(parts: Sequence[Part]) -> Part:
    """One part of several that must all hold."""
    holds = together(one.holds for one in parts)
    waiting = [one.why for one in parts if one.holds is None]
    sides = [each for one in parts for each in one.sides]
    text = "; ".join(one.text for one in parts)
    return part(holds, waiting[0] if waiting else "decided", text, sides)


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
    low, high = (max(-100, min(100, 100 * end)) for end in (difference - half, difference + half))
    return f"{text}, difference {100 * difference:+.1f} points ({low:+.1f} to {high:+.1f})"


def difference_of(a: Side, b: Side) -> tuple[float, float]:
    """Difference of means and half its 95% interval, where there are `SEEDS` a side."""
    assert min(len(a.measured), len(b.measured)) >= SEEDS
    x, y = ([one.value for one in found.measured] for found in (a, b))
    return mean(x) - mean(y), welch_half_width(x, y)


def conclude(evidence: Evidence, *parts: Part, beyond: str = "") -> Finding:
    """A verdict for each part; the claim holds if all do, and fails if one does, else it is open.

    `beyond` says how open parts are to be decided if runs of tables don't.
    """
    told = "; ".join(part.sentence for part in parts)
    setting = setting_of([side for part in parts for side in part.sides])
    states = {part.state for part in parts}
    state: State = "fails" if "fails" in states else "undecided"
    if len(states) == 1:
        (state,) = states
    elif states <= {"holds", "size"}:
        state = "size"
    waiting = states & {"undecided", "size"}
    return Finding(
        state=state,
        sentence=f"{told}{f' [{setting}]' if setting else ''}",
        would_decide=(beyond or would_decide(evidence, parts)) if waiting else "",
        parts=tuple(part.found for part in parts),
        setting=setting,
    )


def setting_of(sides: Sequence[Side]) -> str:
    """What the compared models were trained on, by which recipe, how often."""
    configs = [run.tokens for side in sides for run in side.experiments]
    problems = dict.fromkeys(f"{c.task.problem.name} {c.task.ensemble.dims}" for c in configs)
    recipes = dict.fromkeys(c.recipe for c in configs)
    known = [
        ", ".join(problems),
        f"recipe {' and '.join(recipes)}" if recipes else "",
        seeds_of(sides),
        ", ".join(
            f"{n} times the table's length" for n in sorted({s.times for s in sides}) if n > 1
        ),
    ]
    return "; ".join(text for text in known if text)


def would_decide(evidence: Evidence, parts: Sequence[Part]) -> str:
    """Runs, examples and hours that would decide those of `parts` that are undecided."""
    undecided = [one for one in parts if one.holds is None]

    def sides(*reasons: Why) -> list[Side]:
        return [side for one in undecided if one.why in reasons for side in one.sides]

    texts = []
    if missing := sides("missing"):
        texts.append(runs_to_make(evidence, missing))
    if open_sides := sides("learning", "seeds"):
        texts.append(_through_the_gate(evidence, open_sides))
    for one in undecided:
        if one.why == "absent":
            tables = sorted({side.table for side in one.sides if not side.values})
            texts.append(whole_tables(evidence, tables, "laptop"))
        elif one.why == "size":
            tables = sorted({side.table for side in one.sides})
            scale: Scale = "gpu" if evidence.scale == "laptop" else "paper"
            texts.append(whole_tables(evidence, tables, scale))
        elif one.why in ("close", "edge") and one.sides:
            texts.append(_more_seeds(evidence, one))
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _through_the_gate(evidence: Evidence, sides: Sequence[Side]) -> str:
    """The further seeds, and the same runs at twice the length, that the gate asks for."""
    runs: dict[str, Experiment] = {}
    for side in sides:
        have = {run.tokens.seed: run for run in side.experiments}
        if not have:
            continue
        first = next(iter(have.values()))
        seeds = [seed for seed in range(SEEDS) if seed not in have][: max(0, SEEDS - len(have))]
        new = [first.repeated(seed=seed) for seed in seeds]
        counted = side.measured and side.measured[0].unit == "accuracy"
        longer = [*side.unsettled, *([] if side.settled else new)]
        if not counted and any(one.at_least for one in side.measured):
            longer = [*have.values(), *new]
        for run in (*new, *(run.repeated(times=Fraction(2)) for run in longer)):
            if not evidence.records.finished(run):
                runs.setdefault(run.identity, run)
    tables = " ".join(sorted({side.table for side in sides}))
    command = f"`eigenformer paper run {tables} --scale {evidence.scale} --seeds {SEEDS} --gate`"
    if not runs:
        return "longer runs: each part says how much longer"
    return f"{_runs(len(runs))} of {command}: {would_cost(evidence, tuple(runs.values()))}"


def runs_to_make(evidence: Evidence, sides: Iterable[Side]) -> str:
    """The runs that are missing on these sides, with the command that makes them."""
    sides = list(sides)
    tables = sorted({side.table for side in sides if side.missing})
    runs = [run for side in sides for run in side.missing]
    count = len(Plan.of(runs).experiments)
    command = f"`eigenformer paper run {' '.join(tables)} --scale {evidence.scale}`"
    return f"{_runs(count)} of {command}: {would_cost(evidence, runs)}"


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
    *,
    scale: Scale | None = None,
    distinct: bool = True,
) -> str:
    """How many examples and hours `experiments` are.

    Each run counts once, and with it those that it starts from, unless `distinct` is false. Hours
    are those of the claim's own runs of the same kind, or else `runs.cost`'s.
    """
    runs = tuple(experiments)
    if distinct:
        runs = Plan.of(runs).experiments
    text = f"{sum(run.config.length for run in runs):,} examples"
    if (scale or evidence.scale) == "gpu":
        return f"{text}, at most {len(runs) * _GPU_HOURS:.2g} H200 hours"
    return f"{text}, about {duration(sum(evidence.seconds(run.config) for run in runs))}"
