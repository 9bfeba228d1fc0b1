"""What it takes to say that a trained model runs an algorithm: one rule for all claims of the kind.

Of three training seeds each must pass all of these, at every layer (`incontext.measures`):

- swap: with the algorithm's state after a layer the loss stays within the claim's tolerance, and
  the answer changes by at most `UNEXPLAINED` of what a step less would change, in squares;
- another step: with that step's iterate in the state the answer comes nearer to what the algorithm
  makes of it than half the way, `ASTRAY` in squares: a model that has its answer by another route
  does not move, which is 1. Such states no training has drawn, so that it is a weaker demand;
- ablation: without the rest the loss stays within the tolerance, and without any one thing that
  the algorithm uses it rises by more than `USED` times the tolerance.

The bounds were chosen with models of other seeds than those that are judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..incontext import Intervention
from .findings import Finding, Findings, Number, Panel
from .judging import answer, finding
from .seeds import RANGE, curve, geometric_mean, line, number, panel, spread
from .sides import SEEDS

UNEXPLAINED = 0.05
"""The algorithm's state stands for 95% of what the layer's step does to the answer."""
ASTRAY = 0.25
USED = 5.0
"""What counts as something is five times what counts as nothing."""
SEED_RANGE = range(SEEDS)
RULE = (
    "Verdict: each of three seeds passes at every layer. With the algorithm's state after a layer "
    "the loss stays within the tolerance, and the answer changes by at most "
    f"{UNEXPLAINED:g} of what a step less would change, in squares. With another step's iterate "
    f"the answer comes within {ASTRAY:g}, in squares, of where the algorithm goes from there. "
    "Without what the algorithm does not use the loss stays within the tolerance, and without any "
    f"one thing that it uses it rises by more than {USED:g} times the tolerance."
)
"""For the notes of studies."""
_LEAST = 1e-16
"""What a logarithm has a place for."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Models that differ in the seed alone, and an algorithm that they may run."""

    name: str
    """Of the models, such as "recurrent, 2 layers"."""
    algorithm: str
    found: Sequence[Intervention]
    """One a seed."""
    tolerance: float
    """Change of the loss, relative to it, that counts as none."""
    judged: bool = True
    """Whether the claim is about this algorithm. If not, it is there to compare with."""

    @property
    def called(self) -> str:
        return f"{self.name} as {self.algorithm}"


def failures(found: Intervention, tolerance: float) -> list[str]:
    """The tests that a model does not pass."""
    tests = {
        "the swap": _apart(found.swapped) <= tolerance and max(found.unexplained) <= UNEXPLAINED,
        "another step": max(found.astray) <= ASTRAY,
        "the rest ablated": found.bare is not None and _apart([found.bare]) <= tolerance,
        "the used ablated": bool(found.without)
        and min(found.without.values()) > 1 + USED * tolerance,
    }
    return [name for name, passed in tests.items() if not passed]


def _apart(ratios: Sequence[float]) -> float:
    return max(abs(ratio - 1) for ratio in ratios)


def verdict(subjects: Sequence[Subject]) -> Finding:
    """Holds if of all models every seed passes, by one of the algorithms that they may run.

    Fails if of some no seed passes, by any. By `Finding.gated` that is undecided all the same until
    longer training is known to change nothing.
    """
    passed: dict[str, list[list[bool]]] = {}
    for each in subjects:
        if each.judged:
            seeds = [not failures(found, each.tolerance) for found in each.found]
            passed.setdefault(each.name, []).append(seeds)
    enough = all(len(each.found) >= SEEDS for each in subjects)
    holds = all(any(map(all, algorithms)) for algorithms in passed.values())
    fails = any(not any(map(any, algorithms)) for algorithms in passed.values())
    return finding(
        answer(enough and holds, enough and fails),
        " ".join(_told(each) for each in subjects),
        "the same models trained longer, from the same seeds",
    )


def _told(each: Subject) -> str:
    failed = [failures(found, each.tolerance) for found in each.found]
    passed = sum(not tests for tests in failed)
    which = ", ".join(dict.fromkeys(test for tests in failed for test in tests))
    outcome = f"{passed} of {len(failed)} seeds pass{f' (what fails: {which})' if which else ''}"
    aside = "" if each.judged else " (to compare with, not judged)"
    rest = ""
    if each.found[0].bare is not None:
        rest = (
            f"; without the rest the loss changes by {_percent(_most(each, _bare))} at most, "
            f"without one thing that is used it rises by {_percent(_least_without(each) - 1)} or "
            "more"
        )
    return (
        f"{each.called[0].upper()}{each.called[1:]}{aside}: {outcome}. Loss "
        f"{spread([f.loss for f in each.found], '.4g')}, the algorithm's "
        f"{spread([f.algorithm_loss for f in each.found], '.4g')}, similarity "
        f"{spread([f.similarity for f in each.found])}. At most: its state changes the loss by "
        f"{_percent(_most(each, _swapped))} and the answer by {_most(each, _unexplained):.2g} of "
        f"a step, in squares; another step's iterate leaves it {_most(each, _astray):.2g} from the "
        f"algorithm's{rest}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.2g}%"


def _swapped(found: Intervention) -> float:
    return _apart(found.swapped)


def _unexplained(found: Intervention) -> float:
    return max(found.unexplained)


def _astray(found: Intervention) -> float:
    return max(found.astray)


def _bare(found: Intervention) -> float:
    return 0.0 if found.bare is None else _apart([found.bare])


def _most(each: Subject, of: Callable[[Intervention], float]) -> float:
    return max(map(of, each.found))


def _least_without(each: Subject) -> float:
    return min(min(found.without.values(), default=1.0) for found in each.found)


def findings(claim: str, subjects: Sequence[Subject]) -> Findings:
    """The verdict on a claim, with what it rests on."""
    return Findings(
        panels=(
            _panel(
                "The algorithm's state in place of the model's",
                "squared change of the answer / that by a step less",
                {each.called: [f.unexplained for f in each.found] for each in subjects},
                UNEXPLAINED,
                first=1,
            ),
            _panel(
                "Another step's iterate in the state",
                "squared distance from the algorithm's answer / its move",
                {each.called: [f.astray for f in each.found] for each in subjects},
                ASTRAY,
                first=0,
            ),
        ),
        numbers=tuple(number for each in subjects for number in _numbers(each)),
        verdicts={claim: verdict(subjects)},
    )


def _panel(
    title: str,
    y: str,
    found: Mapping[str, Sequence[Sequence[float]]],
    bound: float,
    *,
    first: int,
) -> Panel:
    rows = {
        name: {
            first + place: [max(value, _LEAST) for value in values]
            for place, values in enumerate(zip(*seeds, strict=True))
        }
        for name, seeds in found.items()
    }
    lines = [line(name, row, centre=geometric_mean) for name, row in rows.items()]
    steps = sorted({step for row in rows.values() for step in row})
    lines.append(curve("passes at most", dict.fromkeys(steps, bound), "theory"))
    return panel(title, "after layer", y, lines, log="y", note=RANGE)


def _numbers(each: Subject) -> list[Number]:
    name, found = each.called, each.found
    losses = [f.algorithm_loss for f in found]
    numbers = [
        number(
            f"loss, {name}",
            [f.loss for f in found],
            reference=sum(losses) / len(losses),
            source="the algorithm, same prompts",
        ),
        number(f"similarity, {name}", [f.similarity for f in found], reference=1.0),
        number(f"largest change of the loss by a swap, {name}", [_swapped(f) for f in found]),
        number(f"largest change of the answer by a swap, {name}", [_unexplained(f) for f in found]),
        number(f"largest distance, another step's iterate, {name}", [_astray(f) for f in found]),
    ]
    if found[0].bare is not None:
        bare = [f.bare for f in found if f.bare is not None]
        numbers.append(number(f"loss without the rest, as a ratio, {name}", bare, reference=1.0))
    for what in found[0].without:
        ratios = [f.without[what] for f in found]
        numbers.append(number(f"loss without {what}, as a ratio, {name}", ratios))
    return numbers
