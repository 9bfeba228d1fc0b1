"""From the parts of a claim to its verdict."""

from collections.abc import Sequence

from ... import Evidence, Finding
from ...claims import State
from .cost import would_decide
from .parts import Part
from .sides import Side, seeds_of


def conclude(evidence: Evidence, *parts: Part, beyond: str = "") -> Finding:
    """A claim holds if all its parts do and fails if one does; else it is undecided.

    `beyond` says how an undecided claim is to be decided if runs of tables don't.
    """
    answers = [part.holds for part in parts]
    state: State = "undecided"
    if False in answers:
        state = "fails"
    elif None not in answers:
        state = "holds"
    sides = [side for part in parts for side in part.sides]
    told = "; ".join(part.sentence for part in parts)
    setting = setting_of(sides)
    return Finding(
        state=state,
        sentence=f"{told}{f' [{setting}]' if setting else ''}",
        would_decide=(beyond or would_decide(evidence, parts)) if state == "undecided" else "",
    )


def setting_of(sides: Sequence[Side]) -> str:
    """What the compared models were trained on, by which recipe, how often."""
    configs = [run.tokens for side in sides for run in side.experiments]
    problems = dict.fromkeys(f"{c.task.problem.name} {c.task.ensemble.dims}" for c in configs)
    recipes = dict.fromkeys(c.recipe for c in configs)
    seeds = seeds_of(sides)
    found = [", ".join(problems), f"recipe {' and '.join(recipes)}" if recipes else "", seeds]
    return "; ".join(text for text in found if text)
