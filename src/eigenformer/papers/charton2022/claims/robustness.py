"""C16 to C22: noise, matrices unlike those of the training set, digits."""

from collections.abc import Sequence

from ....runs import accuracy
from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import (
    MARGIN,
    Part,
    against,
    answer,
    better,
    conclude,
    difference_of,
    every,
    gate,
    gated,
    incomplete,
    jointly,
    needs_fewer,
    part,
)
from ...sides import (
    ABSENT,
    Side,
    above,
    larger,
    mean,
    percent,
    reread,
    scaled,
    side,
    welch_half_width,
)
from ..noise import LEVELS
from .basics import scaled_dims

_OF_NOISE = {
    "addition": {"encoding": "B1999", "dim": 512, "layers": "2/2"},
    "eigenvalues": {"encoding": "P1000", "dim": 512, "layers": "4/4"},
}
"""The paper's models in table 11; at scale laptop there is one a task."""
_GAP = 0.2
_AT = "2%"
"""Table 12's tolerance."""
_SETS = tuple(
    (law, ratio) for law in ("Positive", "Uniform", "Gaussian", "Laplace") for ratio in (0.6, 1.0)
)
_WIGNER = tuple(("Wigner", ratio) for ratio in (0.3, 1.0, 1.2))


def _noise(evidence: Evidence) -> Finding:
    def of(task: str, noise: float, tolerance: float) -> Side:
        labels = {"task": task, "noise": noise, "tolerance": tolerance}
        where = {**labels, **scaled(evidence, {}, _OF_NOISE[task])}
        return side(
            evidence, f"{task} with noise of {noise} sigma, {tolerance:g}%:", "table11", where
        )

    def addition(noise: float, tolerance: float) -> Side:
        return of("addition", noise, tolerance)

    learned = above(addition(0.01, 5).measured, 0.9)
    bands = [
        *(_band(addition(*pair), 0.9, 1.0, learned) for pair in ((0.01, 5), (0.02, 5), (0.01, 2))),
        *(_band(addition(level, 100 * level), 0.2, 0.7, learned) for level in LEVELS),
        *(_band(addition(*pair), 0.0, 0.1, learned) for pair in ((0.05, 2), (0.05, 1), (0.02, 1))),
    ]
    more = better(of("eigenvalues", 0.05, 5), addition(0.05, 5), "noise equal to tolerance")
    return conclude(evidence, *bands, more)


def _band(one: Side, low: float, high: float, learned: bool | None) -> Part:
    """Between two accuracies, of which the lower has only to be reached; refuted well outside."""
    text = f"{one.text}, {percent(low)} to {percent(high)} expected"
    if undecided := incomplete(text, [one]):
        return undecided
    if not learned:
        return part(None, "learning", text, [one])
    reached = above(one.measured, low)
    if reached and high >= 1:
        return part(True, "decided", text, [one])
    far = above(one.measured, high + _GAP) or above(one.measured, low - _GAP) is False
    return gated(answer(bool(reached and above(one.measured, high) is False), far), text, [one])


def _size_and_noise(evidence: Evidence) -> Finding:
    full = {
        "table27": {"encoding": "P1000", "layers": "2/2"},
        "table28": {"encoding": "P1000", "layers": "4/4"},
    }
    widths = {
        "table27": (64, 128) if evidence.scale == "laptop" else (256, 512),
        "table28": (64, 128) if evidence.scale == "laptop" else (512, 1024),
    }

    def of(table: str, width: int, noise: float) -> Side:
        labels = {"noise": noise, "tolerance": 5, "dim": width}
        where = {**labels, **scaled(evidence, {}, full[table])}
        return side(evidence, f"width {width}, noise {noise}:", table, where)

    return conclude(
        evidence,
        *(
            _equally_robust(
                [(of(table, width, min(LEVELS)), of(table, width, max(LEVELS))) for width in pair],
                words,
            )
            for (table, pair), words in zip(widths.items(), ("sums", "eigenvalues"), strict=True)
        ),
    )


def _equally_robust(pairs: Sequence[tuple[Side, Side]], words: str) -> Part:
    """Noise costs a narrow model as much accuracy as a wide one, which may be better without."""
    sides = [one for pair in pairs for one in pair]
    text = f"{words}, " + ", ".join(one.text for one in sides) + " at 5%"
    if undecided := incomplete(text, sides):
        return undecided
    lost = [
        [clean.value - noisy.value for clean, noisy in zip(a.measured, b.measured, strict=False)]
        for a, b in pairs
    ]
    text += f"; noise costs {' and '.join(f'{100 * mean(each):.1f}' for each in lost)} points"
    if (stop := gate(sides)) is not None:
        return part(None, stop, text, sides)
    apart, half = abs(mean(lost[0]) - mean(lost[1])), welch_half_width(*lost)
    return part(answer(apart + half < MARGIN, apart - half > MARGIN), "close", text, sides)


def _row(evidence: Evidence, name: str, tests: Sequence[tuple[str, float]]) -> list[Side]:
    """What the models of a line of table 12 reach on some of its test sets."""
    return [
        side(
            evidence,
            f"{law} {ratio:g} sigma",
            "table12",
            {
                "train_distribution": name,
                "test_distribution": law,
                "sigma_ratio": ratio,
                "tolerance": 2,
            }
            if evidence.scale == "laptop"
            else {"train_distribution": name, "test_distribution": law, "sigma_ratio": ratio},
        )
        for law, ratio in tests
    ]


def _confined(name: str, own: Side, others: Sequence[Side]) -> Part:
    """A model that is good on its own test set and more than 20 points worse on all others.

    On one that it reaches 80% of it generalises: smaller matrices than the paper's are easier.
    """
    top = max(others, key=lambda one: one.mean if one.measured else -1.0)
    text = (
        f"trained on {name}: {own.text} against at most {top.text} of "
        f"{', '.join(one.name for one in others)} at {_AT}"
    )
    sides = [own, *others]
    if undecided := incomplete(text, sides):
        return undecided
    if not above(own.measured, 0.8):
        return part(None, gate([own]) or "close", text, sides)
    if above(top.measured, 0.8):
        return part(None, "size", text, sides)
    far = all(larger(own.measured, one.measured) and own.mean - one.mean > _GAP for one in others)
    return gated(far or None, text, sides)


def _narrow(evidence: Evidence) -> Finding:
    name = "Wigner A=10"
    low, own, high = _row(evidence, name, _WIGNER)
    return conclude(evidence, _confined(name, own, [low, high, *_row(evidence, name, _SETS)]))


def _range_of_scales(evidence: Evidence) -> Finding:
    name = "Wigner A in [1,100]"
    scales, positive = (_row(evidence, name, tests) for tests in (_WIGNER, _SETS[:2]))
    return conclude(
        evidence,
        _named(every(scales, 0.8, _AT), name),
        _confined(name, scales[1], positive),
    )


def _laplace(evidence: Evidence) -> Finding:
    parts = [
        _named(every(_row(evidence, name, (*_WIGNER, *_SETS)), 0.9, _AT), name)
        for name in ("Laplace", "Gaussian+Uniform+Laplace")
    ]
    wigner = _row(evidence, "Wigner A=10", [("Wigner", 1.0), *_SETS[-2:]])
    reverse = _confined("Wigner A=10", wigner[0], wigner[1:])
    return conclude(evidence, *parts, reverse)


def _positive(evidence: Evidence) -> Finding:
    def both(tests: Sequence[tuple[str, float]]) -> list[tuple[Side, Side]]:
        added, without = (_row(evidence, n, tests) for n in ("Wigner+Positive", "Wigner A=10"))
        return list(zip(added, without, strict=True))

    what = f"{_AT}, with and without positive matrices"
    helps = jointly([better(a, b, what) for a, b in both(_SETS[:2])])
    only = jointly([_no_gain(a, b, what) for a, b in both((*_WIGNER, *_SETS[2:]))])
    return conclude(evidence, helps, only)


def _no_gain(added: Side, without: Side, what: str) -> Part:
    """That more matrices in the training set do not help on a test set of another kind."""
    text = against(added, without, what)
    if undecided := incomplete(text, (added, without)):
        return undecided
    if min(added.mean, without.mean) >= 0.99:  # nothing is left to gain
        return part(True, "decided", text, (added, without))
    helped = larger(added.measured, without.measured)
    if (stop := gate((added, without))) is not None:
        return part(None, stop, text, (added, without))
    difference, half = difference_of(added, without)
    return part(
        answer(difference + half < MARGIN and not helped, helped is True),
        "close",
        text,
        (added, without),
    )


def _named(one: Part, name: str) -> Part:
    return part(one.holds, one.why, f"trained on {name}: {one.text}", one.sides)


def _digits(evidence: Evidence) -> Finding:
    parts = []
    for table, problem, tolerance in (
        ("table13", "sums", 5),
        ("table13", "sums", 2),
        ("table14", "eigenvalues", 5),
    ):
        sides = [
            side(
                evidence,
                f"{digits} digits",
                table,
                {"precision_digits": digits, "tolerance": tolerance, "metric": ABSENT},
            )
            for digits in (2, 3, 4)
        ]
        parts.append(_by_the_papers_metric(evidence, sides, tolerance, problem))
    target = scaled_dims(evidence, "95%", "99%")
    three, four = (
        side(
            evidence,
            f"{digits} digits",
            "table13",
            {"precision_digits": digits, "metric": f"examples to {target}"},
        )
        for digits in (3, 4)
    )
    goal = f"until {target} of sums are right within 5%"
    return conclude(evidence, *parts, needs_fewer(three, four, goal))


def _by_the_papers_metric(
    evidence: Evidence, sides: Sequence[Side], tolerance: float, problem: str
) -> Part:
    """All reach 90%, by the rounded target where the records have that score.

    By the true answer it is only harder: what is reached by that is reached by the paper's too.
    """
    theirs = [reread(evidence, one, accuracy(tolerance / 100, target="tokens")) for one in sides]
    scored = all(len(a.measured) == len(b.measured) for a, b in zip(theirs, sides, strict=True))
    ours = every(sides, 0.9, f"{tolerance}% of the true answer, {problem}")
    if not any(one.measured for one in sides) or ours.holds:
        return ours
    if scored:
        return every(theirs, 0.9, f"{tolerance}% of the rounded answer, {problem}")
    text = f"{ours.text} (these records lack the paper's metric, which asks for the rounded one)"
    return part(None, ours.why if ours.holds is None else "edge", text, sides)


CLAIMS = (
    Claim(
        id="C16",
        text="Noise below the tolerance costs sums no accuracy, noise equal to it leaves about "
        "40%, noise above it nothing; eigenvalues are more robust.",
        where="section 4.8, tables 11 and 27",
        figures="sums 100, 41.2 and 0%; eigenvalues 99.3 against 41.2% (0.05 sigma, within 5%)",
        studies=("table11",),
        decide=_noise,
    ),
    Claim(
        id="C17",
        text="The size of a model does not change its robustness to noise.",
        where="section 4.8, appendix F.3, tables 27 and 28",
        figures="sums at width 256 and 512: 39.3 and 41.2%; eigenvalues at 512 and 1024: 99.3 and "
        "99.0% (0.05 sigma, within 5%)",
        studies=("table27", "table28"),
        decide=_size_and_noise,
    ),
    Claim(
        id="C18",
        text="A model trained on Wigner matrices does not generalise to other spectra, nor to "
        "Wigner matrices of other scales.",
        where="section 5, table 12",
        figures="100% on its own matrices, 0 to 60% on other spectra, 12 and 7% at 0.3 and 1.2 "
        "sigma",
        studies=("table12",),
        decide=_narrow,
    ),
    Claim(
        id="C19",
        text="A range of scales in the training set mends the scale and not the spectrum.",
        where="section 5, table 12",
        figures="97 to 99% at 0.3 to 1.2 sigma, 0% on positive matrices",
        studies=("table12",),
        decide=_range_of_scales,
    ),
    Claim(
        id="C20",
        text="Training on matrices with Laplace spectra generalises to all test sets, Wigner and "
        "positive ones included; training on Wigner matrices does not generalise back.",
        where="section 5, table 12",
        figures="94 to 100% on all test sets; the reverse 26 to 28%",
        studies=("table12",),
        decide=_laplace,
    ),
    Claim(
        id="C21",
        text="Adding positive matrices to Wigner matrices helps on positive ones only.",
        where="section 5, table 12",
        figures="88 and 99% on positive matrices, 17 to 45% on others",
        studies=("table12",),
        decide=_positive,
    ),
    Claim(
        id="C22",
        text="Above 1% tolerance the number of digits matters little to sums, and to eigenvalues "
        "at 5%; sums in four digits need more examples.",
        where="appendix C, tables 13 and 14",
        figures="sums 99.3 to 100% within 2 and 5%, eigenvalues 100% within 5%; 5 million examples "
        "for sums in three digits, 21 million in four. Its evaluator asks for the rounded answer, "
        "ours for the true one",
        studies=("table13", "table14"),
        decide=_digits,
    ),
)
