"""C13, C23, C24, C28 and C29: how models learn, and what they learn together."""

from collections.abc import Sequence

from ....evaluation import binomial_interval
from ....runs import Record
from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import Part, conclude, every, incomplete, needs_fewer, part
from ...sides import Side, above, percent, records_of, scaled, side
from .basics import scaled_dims

_STEP = 0.1
"""Part of a run in which a plateau, and then a step, takes place."""
_DROP, _PLATEAU = 0.4, 0.04
"""What the loss falls by in a step and on the plateau before it, of its fall over the run."""
_FEWEST = 20
"""Points of a curve."""
_EARLY = 0.05
"""Part of a run that is left out: losses fall at its beginning for any model."""
_LONG_BEFORE, _TOGETHER = 0.5, 0.8
"""One norm rises long before the other if it takes at most half the examples to get to 50%; the two
agree if it takes at least four fifths."""


def _well_formed(evidence: Evidence) -> Finding:
    labels: dict[str, object] = {"encoding": "P1000", "tolerance": 5, "score": "paper"}
    size = scaled(evidence, {"dims": "2x2", "layers": "4/1"}, {"dims": "5x5", "layers": "6/6"})
    one = side(evidence, "eigenvectors", "table08", {**labels, **size})
    records = records_of(evidence, one)
    if not records:
        return conclude(
            evidence, incomplete(one.text, [one]) or part(None, "missing", one.text, [one])
        )
    finals = [next(iter(record.tests.values()))["valid"] for record in records]
    first = [record.curve[0] for record in records]
    sizes = [int(next(iter(record.tests.values()))["n"]) for record in records]
    valid = [point.valid or 0.0 for point in first]
    early = [binomial_interval(round(v * n), n) for v, n in zip(valid, sizes, strict=True)]
    least = min(finals, key=lambda found: float(found["value"]))
    earliest = valid.index(min(valid))
    text = (
        f"well-formed answers: at least {percent(least['value'], least['low'], least['high'])} at "
        f"the end, {percent(valid[earliest], *early[earliest])} at the first evaluation, "
        f"after {first[earliest].examples:,} of {records[earliest].examples:,} examples "
        f"({len(records)} seed{'s' * (len(records) > 1)})"
    )
    if least["low"] >= 0.999 and all(low >= 0.99 for low, _ in early):
        return conclude(evidence, part(True, "decided", text, [one]))
    refuted = least["high"] < 0.99 or any(high < 0.9 for _, high in early)
    # Between the two: syntax is there, but not as nearly perfect, or not as early.
    return conclude(evidence, part(False if refuted else None, "edge", text, [one]))


def _norms(evidence: Evidence) -> Finding:
    panels = (
        scaled_dims(evidence, "eigenvalues 3x3", "eigenvalues 5x5"),
        scaled_dims(evidence, "addition 3x3", "addition 10x10"),
    )
    eigenvalues, addition = (
        side(evidence, panel, "figure1", {"panel": panel, "norm": "L1"}) for panel in panels
    )
    return conclude(
        evidence,
        _rises(evidence, eigenvalues, early=True),
        _rises(evidence, addition, early=False),
    )


def _rises(evidence: Evidence, one: Side, *, early: bool) -> Part:
    """Whether accuracy by squared L2 rises long before that by L1, or together with it."""
    records = records_of(evidence, one)
    if not records:
        return incomplete(one.text, [one]) or part(None, "missing", one.text, [one])
    record = records[0]
    to_half = {score: examples_to(record, 0.5, score) for score in ("l1", "l2_squared", "l2")}
    l1, squared, root = (to_half[score] for score in ("l1", "l2_squared", "l2"))
    words = {
        score: f"{found:,.0f}" if found is not None else f"more than {record.examples:,}"
        for score, found in to_half.items()
    }
    text = (
        f"{one.name}: 50% are right within 5% after {words['l2_squared']} examples by squared L2, "
        f"{words['l2']} by L2, {words['l1']} by L1"
    )
    if squared is None:
        return part(None, "weak", text, [one])
    ratio = squared / (record.examples if l1 is None else l1)
    text += f"; squared L2 takes {'less than ' if l1 is None else ''}{ratio:.2f} of L1's examples"
    if l1 is not None and root is not None:
        text += f", L2 {root / l1:.2f}"
    if early and ratio <= _LONG_BEFORE:
        return part(True, "decided", text, [one])
    if l1 is None:
        return part(None, "weak", text, [one])
    if early:
        return part(False if ratio >= _TOGETHER else None, "edge", text, [one])
    if ratio >= _TOGETHER:
        return part(True, "decided", text, [one])
    return part(False if ratio <= _LONG_BEFORE else None, "edge", text, [one])


def examples_to(record: Record, target: float, score: str) -> float | None:
    """Examples until `target` is right within 5% by `score`; None where that has not happened.

    Between evaluations, accuracies are on a straight line.
    """
    before, reached = 0, 0.0
    for point in record.curve:
        value = point.accuracy[score]["0.05"]
        if value >= target:
            share = (target - reached) / (value - reached) if value > reached else 1.0
            return before + share * (point.examples - before)
        before, reached = point.examples, value
    return None


def _steps(evidence: Evidence) -> Finding:
    panel = scaled_dims(evidence, "eigenvalues 3x3", "eigenvalues 5x5")
    models = dict.fromkeys(
        str(value.labels["model"])
        for value in evidence.values("figure2")
        if value.labels["panel"] == panel
    )
    sides = [
        side(evidence, model, "figure2", {"panel": panel, "model": model, "tolerance": 5})
        for model in models
    ]
    found = {
        one.name: step_of([(p.examples, p.loss) for p in record.losses])
        for one in sides
        for record in records_of(evidence, one)
    }
    text = "; ".join(
        f"{one.text} within 5%: " + (found[one.name][1] if one.name in found else "no curve yet")
        for one in sides
    )
    learned = [one for one in sides if above(one.measured, 0.5)]
    if any(found[one.name][0] for one in learned if one.name in found):
        return conclude(evidence, part(True, "decided", text, sides))
    if undecided := incomplete(text, sides):
        return conclude(evidence, undecided)
    # A model that has learned little may have its step still to come.
    refuted = len(learned) == len(sides)
    return conclude(evidence, part(False if refuted else None, "weak", text, sides))


def step_of(losses: Sequence[tuple[int, float]]) -> tuple[bool, str]:
    """Whether a curve (examples, loss) has a plateau and then a drop, and its steepest tenth."""
    late = [loss for examples, loss in losses if examples >= _EARLY * losses[-1][0]]
    # Means of three, as the loss of a few hundred batches still has noise.
    kept = [sum(three) / 3 for three in zip(late, late[1:], late[2:], strict=False)]
    if len(kept) < _FEWEST:
        return False, "the curve has too few points"
    width = round(_STEP * len(kept))
    fall = kept[0] - kept[-1]
    if fall <= 0:
        return False, "the loss does not fall"
    drops = [(kept[i] - kept[i + width]) / fall for i in range(len(kept) - width)]
    steepest = max(range(len(drops)), key=drops.__getitem__)
    # The flattest tenth of the run that ends before the steepest begins.
    calm = min(drops[: max(0, steepest - width) + 1]) if steepest >= width else 1.0
    text = (
        f"the steepest {_STEP:.0%} of the run has {100 * drops[steepest]:.0f}% of the loss's fall"
    )
    if steepest >= width:
        text += f", the flattest before it {100 * calm:.0f}%"
    return drops[steepest] >= _DROP and calm <= _PLATEAU, text


def _retraining(evidence: Evidence) -> Finding:
    goal = scaled_dims(evidence, "95%", "99%")
    metric = f"examples to {goal}"
    again, scratch = (
        side(evidence, name, "table25", {"encoding": "P1000", **labels})
        for name, labels in (
            (
                "retrained",
                scaled(
                    evidence,
                    {"after": "3x3", "metric": metric},
                    {"dims": "5-6 square", "metric": "retrain_examples_millions"},
                ),
            ),
            ("from scratch", {"after": "nothing", "metric": metric}),
        )
    )
    return conclude(evidence, needs_fewer(again, scratch, f"until {goal} are right within 5%"))


def _joint(evidence: Evidence) -> Finding:
    def of(goal: str, letter: str) -> Side:
        where = {"joint_goal": goal, "letter": letter}
        return side(evidence, f"{letter} of {goal}", "table26", where)

    # Each operation by itself: that sums are learned does not show that products had the examples.
    basic = [
        every([of(goal, letter) for goal in ("TA", "TAD", "TADM") if letter in goal], 0.95, "5%")
        for letter in "TADM"
    ]
    hard = [of(*pair) for pair in (("TADMEF", "F"), ("TADMEFI", "F"), ("TADMEFI", "I"))]
    text = f"{', '.join(one.text for one in hard)} at 5%, below 50% expected"
    learned = [above(one.measured, 0.5) for one in hard]
    late = incomplete(text, hard)
    if late is None and True in learned:
        # Smaller matrices than the paper's may just be easy; all of them learned well are not.
        refuted = evidence.scale != "laptop" or all(above(one.measured, 0.8) for one in hard)
        late = part(False if refuted else None, "strong", text, hard)
    elif late is None:
        late = part(None if None in learned else True, "edge", text, hard)
    return conclude(evidence, *basic, late)


CLAIMS = (
    Claim(
        id="C13",
        text="Nearly all answers are well-formed, from early in training.",
        where="section 4.5",
        figures="9,999 of 10,000 answers",
        studies=("table08",),
        decide=_well_formed,
    ),
    Claim(
        id="C23",
        text="On eigenvalues the accuracy by (squared) L2 rises long before that by L1, and "
        "misleads; on sums the norms agree.",
        where="appendix B, figure 1",
        figures="curves without numbers",
        studies=("figure1",),
        decide=_norms,
    ),
    Claim(
        id="C24",
        text="Learning happens in steps: the loss rests on a plateau, then drops.",
        where="appendix D.1, figure 2",
        figures="curves without numbers; “some” show steps",
        studies=("figure2",),
        decide=_steps,
    ),
    Claim(
        id="C28",
        text="Retraining a model on other sizes takes fewer examples than training from scratch.",
        where="appendix F.1, table 25",
        figures="10 to 25 million examples against 40 million",
        studies=("table25",),
        decide=_retraining,
    ),
    Claim(
        id="C29",
        text="The four basic operations are learned perfectly together; eigenvectors and inversion "
        "added to them are not learned.",
        where="appendix F.2, table 26",
        figures="100% each; eigenvectors and inversion 0%",
        studies=("table26",),
        decide=_joint,
    ),
)
