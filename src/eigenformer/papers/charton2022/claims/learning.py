"""C13, C23, C24, C28 and C29: how models learn, and what they learn together."""

from collections.abc import Sequence
from fractions import Fraction

from ....evaluation import binomial_interval
from ....models import RecurrentConfig, TransformerConfig, UniversalConfig
from ....runs import Measured, Record, valid
from ...claims import Claim, Evidence
from ...findings import Finding, Why
from ...judging import Part, answer, conclude, every, gate, gated, incomplete, needs_fewer, part
from ...sides import SEEDS, Side, above, percent, records_of, reread, scaled, settled, side
from ...study import Table, Value
from .basics import scaled_dims

_ALL, _NEARLY_ALL = 0.999, 0.99
"""Shares of well-formed answers."""
_BY_TOKEN = (TransformerConfig, UniversalConfig, RecurrentConfig)
"""Models that can write an answer that is none."""

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
    labels: dict[str, object] = {"tolerance": 5, "score": "paper"}
    sizes = (
        (
            "P1000",
            scaled(evidence, {"dims": "2x2", "layers": "4/1"}, {"dims": "5x5", "layers": "6/6"}),
        ),
        ("FP15/P1000", scaled(evidence, {"dims": "2x2"}, {"dims": "5x5"})),
    )
    parts = []
    for encoding, size in sizes:
        one = side(evidence, encoding, "table08", {**labels, **size, "encoding": encoding})
        parts += [
            every([reread(evidence, one, valid())], _NEARLY_ALL, "the end, well-formed"),
            _early(reread(evidence, one, _first_valid)),
        ]
    return conclude(evidence, *parts, _everywhere(evidence))


def _first_valid(record: Record) -> Measured | None:
    """The share of well-formed answers at the first evaluation."""
    if not record.curve or record.curve[0].valid is None:
        return None
    value, n = record.curve[0].valid, int(next(iter(record.tests.values()))["n"])
    low, high = binomial_interval(round(value * n), n)
    return Measured(value=value, low=low, high=high, n=n)


def _early(one: Side) -> Part:
    """All our runs are shorter than an epoch of the paper, so that none shows what is not early."""
    records = one.experiments
    share = f"of {records[0].tokens.examples:,} examples" if records else ""
    early = every([one], _NEARLY_ALL, f"the first evaluation, well-formed, {share}")
    why: Why = "learning" if early.why in ("decided", "seeds") else early.why
    return part(early.holds or None, why, early.text, early.sides)


def _everywhere(evidence: Evidence) -> Part:
    """All kept models that answer token by token, each as it ends."""
    values: dict[str, Value] = {}
    for table in evidence.studies.values():
        for run in table.planned(evidence.scale) if isinstance(table, Table) else ():
            record = evidence.records.get(run)
            if record is not None and isinstance(run.tokens.model, _BY_TOKEN):
                measured = valid()(record)
                values[run.identity] = Value(
                    labels={}, measured=measured, paper=None, experiment=run, read=valid()
                )
    found = [one for one in values.values() if one.measured is not None]
    if not found:
        return part(None, "missing", "every model that answers token by token", ())
    shares = [one.measured.value for one in found if one.measured is not None]
    text = (
        f"of {len(found)} models that answer token by token "
        f"{sum(share >= _ALL for share in shares)} end with {percent(_ALL)}% well-formed answers "
        f"or more, {sum(share < _NEARLY_ALL for share in shares)} with less than "
        f"{percent(_NEARLY_ALL)}%, the least with {percent(min(shares))}%"
    )
    if min(shares) >= _NEARLY_ALL:
        return part(True, "decided", text, ())
    final = 0
    for one in found:
        now, later = one.measured, evidence.repeated(one, times=Fraction(2))
        if now is not None and later is not None and above([now, later], _NEARLY_ALL) is False:
            final += settled(now, later)
    return part(None if final < SEEDS else False, "learning", text, ())


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
    found = [_order(record, early=early) for record in records]
    text = f"{one.name}: 50% are right within 5% after " + "; ".join(text for _, _, text in found)
    answers = {holds for holds, _, _ in found}
    if len(answers) > 1 or None in answers:
        return part(
            None, next((why for holds, why, _ in found if holds is None), "close"), text, [one]
        )
    return part(answers.pop() if len(found) >= SEEDS else None, "seeds", text, [one])


def _order(record: Record, *, early: bool) -> tuple[bool | None, Why, str]:
    """The same of one run: an answer, or why there is none, and its figures."""
    to_half = {score: examples_to(record, 0.5, score) for score in ("l1", "l2_squared", "l2")}
    l1, squared, root = (to_half[score] for score in ("l1", "l2_squared", "l2"))
    words = {
        score: f"{found:,.0f}" if found is not None else f"more than {record.examples:,}"
        for score, found in to_half.items()
    }
    text = f"{words['l2_squared']} examples by squared L2, {words['l2']} by L2, {words['l1']} by L1"
    if squared is None:
        return None, "learning", text
    ratio = squared / (record.examples if l1 is None else l1)
    text += f", squared L2 takes {'less than ' if l1 is None else ''}{ratio:.2f} of L1's examples"
    if l1 is not None and root is not None:
        text += f", L2 {root / l1:.2f}"
    if early and ratio <= _LONG_BEFORE:
        return True, "decided", text
    if l1 is None:
        return None, "learning", text
    together, apart = ratio >= _TOGETHER, ratio <= _LONG_BEFORE
    return answer(apart, together) if early else answer(together, apart), "edge", text


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
    stop: Why | None = "learning" if len(learned) < len(sides) else gate(sides)
    return conclude(evidence, part(None if stop else False, stop or "decided", text, sides))


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
    goal = scaled_dims(evidence, "50%", "99%")
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
    # Smaller matrices than the paper's may just be easy.
    easy = True in [above(one.measured, 0.5) for one in hard]
    late = incomplete(text, hard)
    if late is None and easy:
        late = part(None if evidence.scale == "laptop" else False, "size", text, hard)
    elif late is None:
        late = gated(None not in [above(one.measured, 0.5) for one in hard] or None, text, hard)
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
