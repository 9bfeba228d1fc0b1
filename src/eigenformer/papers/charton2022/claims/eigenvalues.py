"""C07 to C09, C30 and C31: eigenvalues."""

from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import better, conclude, every, needs_fewer, outdoes, part
from ...sides import Side, scaled, side
from ...study import Value
from .basics import ENCODINGS, at_random, scaled_dims

_SIGMAS = 4.0
"""Standard errors from theory that chance takes none of a dozen numbers to (1 in 1,300)."""
_PRECISE = 0.01
"""Standard errors, over the number itself, at which a deviation would show."""


def _eigenvalue_encodings(evidence: Evidence) -> Finding:
    small, large = scaled_dims(evidence, "2x2", "5x5"), scaled_dims(evidence, "3x3", "8x8")

    def of(encoding: str, dims: str, tolerance: float) -> Side:
        where = {"encoding": encoding, "dims": dims, "tolerance": tolerance}
        return side(evidence, encoding, "table06", where)

    a, b = (of(encoding, large, 2) for encoding in ("P1000", "FP15"))
    return conclude(
        evidence,
        *(
            every([one], 0.99, "2%")
            for one in (
                *(of(encoding, small, 2) for encoding in ENCODINGS),
                *at_random(evidence, "eigenvalues", 2, ENCODINGS),
            )
        ),
        better(a, b, f"2%, {large}"),
    )


def _sizes(evidence: Evidence) -> Finding:
    alone, mixed = (
        side(evidence, name, "table06", {**where, "tolerance": 5})
        for name, where in (
            (
                f"trained on {scaled_dims(evidence, '4x4', '10x10')} alone",
                scaled(evidence, {"dims": "4x4"}, {"dims": "10x10"}),
            ),
            (
                f"trained on {scaled_dims(evidence, '2 to 4', '5 to 10')} rows",
                scaled(
                    evidence, {"dims": "2-4 square", "test_dims": "4x4"}, {"dims": "5-10 square"}
                ),
            ),
        )
    )
    return conclude(evidence, outdoes(mixed, alone, "5%", 0.8, shrunk=evidence.scale == "laptop"))


def _deeper(evidence: Evidence) -> Finding:
    deep, shallow = (
        side(
            evidence,
            f"{layers} layers",
            "table07",
            {
                "layers": layers,
                **scaled(
                    evidence,
                    {"dims": "3x3", "metric": "examples to 95%"},
                    {"dims": "8x8", "metric": "sample_size_millions_to_99"},
                ),
            },
        )
        for layers in (("1/6", "1/1") if evidence.scale == "laptop" else ("1/24", "1/8"))
    )
    goal = "until 95% are right within 5%" if evidence.scale == "laptop" else "until 99% are"
    return conclude(evidence, needs_fewer(deep, shallow, goal))


def _wigner(evidence: Evidence) -> Finding:
    """Computed from random matrices, without training."""
    panels: dict[tuple[object, object], dict[object, Value]] = {}
    for value in evidence.values("figure3"):
        key = value.labels["law"], value.labels["dims"]
        panels.setdefault(key, {})[value.labels["quantity"]] = value

    def number(panel: dict[object, Value], quantity: str) -> float:
        measured = panel[quantity].measured
        assert measured is not None
        return measured.value

    def deviation(key: tuple[object, object]) -> float:
        return abs(number(panels[key], "standard errors from theory"))

    worst = max(panels, key=deviation)
    law, dims = worst
    found = panels[worst]
    errors = [number(p, "standard error") / number(p, "theory") for p in panels.values()]
    text = (
        f"a theorem (E tr M^2 = n^2 sigma^2), checked: of {len(panels)} deviations "
        f"{law} {dims} is farthest from theory: "
        f"{number(found, 'measured'):.3f} (standard error {number(found, 'standard error'):.3f}) "
        f"against sigma sqrt(n) = {number(found, 'theory'):.3f}, {deviation(worst):.1f} standard "
        f"errors"
    )
    precise = max(errors) < _PRECISE
    holds = False if deviation(worst) >= _SIGMAS else precise or None
    more = "100,000 matrices for each law and size, in under a minute, without training"
    return conclude(evidence, part(holds, "edge", text, ()), beyond=more)


def _hard_spectra(evidence: Evidence) -> Finding:
    size: dict[str, object] = scaled(evidence, {"dims": "2x2"}, {"layers": "4/1"})

    def of(encoding: str, law: str) -> Side:
        where = {"encoding": encoding, "train_distribution": law, "A": "10", **size}
        return side(evidence, f"{encoding} {law.lower()}", "table20", where)

    shrunk = evidence.scale == "laptop"
    hard = [
        outdoes(of("P1000", law), of("FP15", law), "2%", shrunk=shrunk)
        for law in ("Positive", "Uniform")
    ]
    return conclude(evidence, every([of("FP15", "Uniform iid")], 0.8, "2%"), *hard)


CLAIMS = (
    Claim(
        id="C07",
        text="Eigenvalues of small matrices are learned to 99% within 2% with every encoding; "
        "P1000 is the most accurate at a larger size.",
        where="section 4.4, table 6",
        figures="5x5: 99.9 to 100% within 2%; 8x8: P1000 99.2, FP15 97.7%",
        studies=("table06", "random-embeddings"),
        decide=_eigenvalue_encodings,
    ),
    Claim(
        id="C08",
        text="Training on one size fails as the size grows, where training on a mixture of sizes "
        "succeeds.",
        where="section 4.4, table 6",
        figures="10x10 25.3% within 5%; mixtures of 5-10, 5-15 and 5-20 100%",
        studies=("table06",),
        decide=_sizes,
    ),
    Claim(
        id="C09",
        text="Deeper models learn eigenvalues with fewer examples.",
        where="section 4.4, tables 7 and 19",
        figures="8x8: 28.8 million examples with 1/8 layers, 11.4 with 1/12, 11.1 with 1/24",
        studies=("table07",),
        decide=_deeper,
    ),
    Claim(
        id="C30",
        text="The standard deviation of a symmetric matrix's eigenvalues is sigma sqrt(n), "
        "whatever law its independent coefficients have.",
        where="appendix H, figure 3",
        figures="within 0.01 of theory in 12 panels",
        studies=("figure3",),
        decide=_wigner,
    ),
    Claim(
        id="C31",
        text="Matrices with positive or uniform spectra are hard to learn for small models in FP15 "
        "and easy in P1000.",
        where="appendix D.4, table 20",
        figures="4/1 layers within 2%: FP15 12.7% (positive) and 8.2% (uniform), P1000 100 and "
        "99.9%; with 6/1 layers FP15 has 100 and 10.8%",
        studies=("table20",),
        decide=_hard_spectra,
    ),
)
