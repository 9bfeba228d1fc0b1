"""C10, C14, C15 and C34: eigenvectors, inversion and singular value decomposition."""

from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import Part, alike, alike_in_examples, better, conclude, every, needs_fewer
from ...sides import Side, side
from ..table10 import GRID
from .basics import scaled_dims


def _asymmetric(evidence: Evidence) -> Finding:
    def of(encoding: str, table: str, tolerance: float, labels: dict[str, object]) -> Side:
        where = {"encoding": encoding, "tolerance": tolerance, **labels}
        return side(evidence, encoding, table, where)

    def vectors(tolerance: float) -> list[Side]:
        full = {"FP15/P1000": "6/1", "P1000": "6/6"}
        return [
            of(
                encoding,
                "table08",
                tolerance,
                {
                    "dims": scaled_dims(evidence, "2x2", "5x5"),
                    "layers": scaled_dims(evidence, "4/1", layers),
                    "score": "paper",
                },
            )
            for encoding, layers in full.items()
        ]

    def inverses(tolerance: float) -> list[Side]:
        full = {"FP15/P1000": "12/8", "P1000": "8/8"}
        return [
            of(encoding, "table09", tolerance, {"heads": scaled_dims(evidence, "4/4", heads)})
            for encoding, heads in full.items()
        ]

    parts = []
    for name, pick in (("eigenvectors", vectors), ("inverse", inverses)):
        mixed, plain = pick(2)
        parts.append(better(mixed, plain, f"2%, {name}"))
    return conclude(evidence, *parts)


def _heads(evidence: Evidence) -> Finding:
    many, few = (
        side(
            evidence,
            f"{heads} heads",
            "table09",
            {"encoding": "P1000", "heads": f"{heads}/{heads}", "metric": "examples to 50%"},
        )
        for heads in (8, 2)
    )
    return conclude(evidence, needs_fewer(many, few, "until 50% are right within 5%"))


def _svd(evidence: Evidence) -> Finding:
    def of(task: str, **where: object) -> Side:
        if task == "eigenvectors" and evidence.scale != "laptop":
            vectors = {**where, "dims": "5x5", "layers": "6/6", "score": "paper"}
            return side(evidence, "eigenvectors 5x5", "table08", vectors)
        layers = {"layers": GRID} if evidence.scale == "laptop" else {}
        return side(evidence, task, "table10", {**where, **layers, "task": task})

    easy = every([of("singular values", encoding="P1000", tolerance=5)], 0.9, "5%")
    if evidence.scale != "laptop":
        vectors, svd = (of(t, encoding="P1000", tolerance=5) for t in ("eigenvectors", "SVD"))
        return conclude(evidence, easy, better(vectors, svd, "5%"))
    vectors, svd = (
        of(task, encoding="P1000", metric="examples to 50%") for task in ("eigenvectors", "SVD")
    )
    return conclude(evidence, easy, needs_fewer(vectors, svd, "until 50% are right within 5%"))


def _depth_of_either(evidence: Evidence) -> Finding:
    def layers(table: str, labels: dict[str, object]) -> list[Side]:
        names = ("4/1", "1/4") if evidence.scale == "laptop" else ("6/1", "1/6")
        return [
            side(evidence, f"{name} layers", table, {"layers": name, "encoding": "P1000", **labels})
            for name in names
        ]

    size = {"dims": scaled_dims(evidence, "3x3", "8x8")}
    values = layers("table19", {**size, "metric": "examples to 95%"})
    dims = scaled_dims(evidence, "2x2", "5x5")
    vectors = layers("table08", {"dims": dims, "tolerance": 5, "score": "paper"})
    parts: list[Part] = [
        alike_in_examples(values[0], values[1], "until 95% of eigenvalues are right within 5%"),
        alike(vectors[0], vectors[1], "5%, eigenvectors"),
    ]
    return conclude(evidence, *parts)


CLAIMS = (
    Claim(
        id="C10",
        text="On eigenvectors and inversion the best encoding is FP15 for the input and P1000 for "
        "the answer.",
        where="sections 4.5 and 4.6, tables 8 and 9",
        figures="87.4 against 77.9% within 2% (eigenvectors), 81.8 against 61.0% (inversion)",
        limits="embeddings that start at random, as the paper's do: these start from the numbers "
        "that tokens stand for",
        studies=("table08", "table09"),
        decide=_asymmetric,
    ),
    Claim(
        id="C14",
        text="With more attention heads inversion is learned from fewer examples.",
        where="section 4.6, table 9",
        figures="250 million examples until 75% with 8 heads, 120 million with 10 or 12",
        studies=("table09",),
        decide=_heads,
    ),
    Claim(
        id="C15",
        text="Singular value decomposition is harder than eigenvectors, singular values are easy.",
        where="section 4.7, table 10",
        figures="4x4 within 5%: singular values 100%, SVD 98.9%; no SVD of 5x5, whose eigenvectors "
        "reach 94.0% (P1000)",
        studies=("table08", "table10"),
        decide=_svd,
    ),
    Claim(
        id="C34",
        text="On eigenvalues and eigenvectors a deep encoder and a deep decoder are equally good.",
        where="section 7",
        figures="no number; 6/1 and 1/6 layers “seem equally efficient”",
        studies=("table08", "table19"),
        decide=_depth_of_either,
    ),
)
