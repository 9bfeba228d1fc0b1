"""C01 to C06: what is learned, and transposition, sums and products."""

from collections.abc import Mapping, Sequence

from ....core.places import shipped_models
from ....evaluation import binomial_interval
from ....training import RunFolder, TrainConfig
from ....zoo.facts import FRESH
from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import Part, better, conclude, either, every, needs_fewer, outdoes, part
from ...sides import ABSENT, Side, best, few_seeds, percent, scaled, side, until
from ..table10 import GRID

ENCODINGS = ("P10", "P1000", "B1999", "FP15")
_POSITIONAL, _OTHERS = ENCODINGS[:2], ENCODINGS[2:]
_LEARNED = 0.9
_HALF = 0.5
_EXACT = 0.99


def shipped_accuracies() -> dict[str, list[tuple[str, int, int]]]:
    """Of the models that come with the package, by problem: what it is, right within 5%, of how
    many.

    Each is from the evaluation on fresh matrices that it was exported with.
    """
    found: dict[str, list[tuple[str, int, int]]] = {}
    for name, path in shipped_models().items():
        evaluations = RunFolder(path).evaluations(FRESH)
        result = evaluations[max(evaluations)]
        right = result["accuracy"][result["score"]]["0.05"]
        recipe = TrainConfig.of(RunFolder(path).config(), name).recipe
        what = f"{name} (recipe {recipe})"
        found.setdefault(result["problem"], []).append((what, right["count"], right["n"]))
    return found


def _candidates(evidence: Evidence) -> dict[str, list[Side]]:
    """The models of the tables by problem, all in P1000 but for asymmetric ones; at the laptop's
    scale the grid transformers of 3x3 too."""

    def of(
        table: str, laptop: dict[str, object], full: dict[str, object], name: str = "P1000"
    ) -> Side:
        return side(evidence, f"{name} ({table})", table, scaled(evidence, laptop, full))

    p1000: dict[str, object] = {"encoding": "P1000"}
    five: dict[str, object] = {**p1000, "tolerance": 5}
    mixed: dict[str, object] = {"encoding": "FP15/P1000", "tolerance": 5}
    small, large = {**five, "dims": "2x2"}, {**five, "dims": "5x5"}
    singular, decomposed = {**five, "task": "singular values"}, {**five, "task": "SVD"}

    def of_grid(task: str) -> list[Side]:
        if evidence.scale != "laptop":
            return []
        labels = {**five, "task": task, "layers": GRID}
        return [side(evidence, "grid of 3x3 (table10)", "table10", labels)]

    summed: dict[str, object] = {**five, "layers": "2/2"}
    return {
        "transpose": [of("table02", {**p1000, "dims": "3x3"}, {**p1000, "dims": "5x5"})],
        "add": [of("table03", {**summed, "dims": "3x3"}, {**summed, "dims": "5x5"})],
        "matvec": [of("table04", small, large)],
        "matmul": [of("table05", small, large)],
        "eigenvalues": [of("table06", small, large)],
        "eigenvectors": [
            of(
                "table08",
                {**small, "layers": "4/1", "score": "paper"},
                {**large, "layers": "6/6", "score": "paper"},
            ),
            of(
                "table08",
                {**mixed, "dims": "2x2", "score": "paper"},
                {**mixed, "dims": "5x5", "score": "paper"},
                "FP15/P1000",
            ),
            *of_grid("eigenvectors"),
        ],
        "inverse": [
            of("table09", {**five, "heads": "4/4"}, {**five, "heads": "8/8"}),
            of("table09", {**mixed, "heads": "4/4"}, {**mixed, "heads": "12/8"}, "FP15/P1000"),
        ],
        "singular_values": [
            *of_grid("singular values"),
            of("table10", {**singular, "layers": "2/1"}, singular),
        ],
        "svd": [
            of("table10", {**decomposed, "layers": "2/1"}, decomposed),
            *of_grid("SVD"),
        ],
    }


def _every_problem(evidence: Evidence) -> Finding:
    shipped = shipped_accuracies() if evidence.scale == "laptop" else {}
    return conclude(
        evidence,
        *(
            _learned(problem, sides, shipped.get(problem, []))
            for problem, sides in _candidates(evidence).items()
        ),
    )


def _learned(problem: str, sides: list[Side], shipped: list[tuple[str, int, int]]) -> Part:
    """That it is learned the training seeds of a table's model show; where they are too few, or
    fall short, one model that comes with the package does."""
    learned = every([best(sides)], _LEARNED, "5%")
    of_seeds = learned.holds and not few_seeds(learned.sides)
    for name, right, n in () if of_seeds else shipped:
        low, high = binomial_interval(right, n)
        if low >= _LEARNED:
            text = f"{problem}: the shipped {name} {percent(right / n, low, high)}"
            return part(True, "decided", text, ())
    return part(learned.holds, learned.why, f"{problem}: {learned.text}", learned.sides)


def at_random(
    evidence: Evidence, task: str, tolerance: float, encodings: Sequence[str]
) -> list[Side]:
    """The same encodings with embeddings that start at random, where a scale has them apart."""
    if evidence.scale != "laptop":
        return []
    return [
        side(
            evidence,
            f"{encoding}, embeddings at random",
            "random-embeddings",
            {"encoding": encoding, "task": task, "tolerance": tolerance},
        )
        for encoding in encodings
    ]


def _transposition(evidence: Evidence) -> Finding:
    sizes = ("3x3",) if evidence.scale == "laptop" else ("5x5", "10x10")
    sides = [
        side(evidence, f"{encoding} {dims}", "table02", {"encoding": encoding, "dims": dims})
        for dims in sizes
        for encoding in ENCODINGS
    ]
    sides += at_random(evidence, "transposition", 0, ENCODINGS)
    return conclude(evidence, *(every([one], _EXACT, "0% tolerance") for one in sides))


def _variable_transposition(evidence: Evidence) -> Finding:
    fixed, variable = (
        ("3x3", ("2-4 square", "2-4 rect"))
        if evidence.scale == "laptop"
        else ("5x5", ("5-15 square", "5-15 rect"))
    )
    parts = []
    for encoding in ENCODINGS:
        for dims in variable:
            a, b = (
                side(
                    evidence, f"{encoding} {size}", "table02", {"encoding": encoding, "dims": size}
                )
                for size in (fixed, dims)
            )
            if a.values and b.values:
                parts.append(better(a, b, "0% tolerance"))
    return conclude(evidence, either(parts))


def _addition(evidence: Evidence) -> Finding:
    dims, several = (
        scaled_dims(evidence, "3x3", "5x5"),
        scaled_dims(evidence, "2-4 square", "5-15 square"),
    )
    sides = []
    for encoding in ENCODINGS:
        named: object = encoding
        if encoding == "B1999" and evidence.scale != "laptop":
            named = ABSENT  # all of the paper's own cells are in B1999
        where = {"encoding": named, "dims": dims, "layers": "2/2", "tolerance": 1}
        sides.append(side(evidence, encoding, "table03", where))

    deep, shallow = (
        until(
            evidence,
            side(
                evidence,
                f"{layers} layers",
                "table03",
                {"dims": several, "layers": layers, "tolerance": 1},
            ),
            _HALF,
            0.01,
        )
        for layers in ("1/6", "1/1")
    )
    helps = needs_fewer(deep, shallow, "until half of the sums are right within 1%")
    return conclude(evidence, *(every([one], _EXACT, "1%") for one in sides), helps)


def _products_need_positions(evidence: Evidence) -> Finding:
    dims = scaled_dims(evidence, "2x2", "5x5")
    sides = {
        encoding: side(
            evidence,
            encoding,
            "table04",
            {"encoding": encoding, "dims": dims, "tolerance": 5},
        )
        for encoding in ENCODINGS
    }
    parts = [every([sides[good]], _LEARNED, "5%") for good in _POSITIONAL]
    parts += _without(evidence, best(sides[good] for good in _POSITIONAL), sides)
    # One encoding that has positions is enough to compare the others with.
    same = at_random(evidence, "matrix-vector product", 5, ("P1000", *_OTHERS))
    if same:
        named = dict(zip(("P1000", *_OTHERS), same, strict=True))
        parts += [every([same[0]], _LEARNED, "5%"), *_without(evidence, same[0], named)]
    return conclude(evidence, *parts)


def _without(evidence: Evidence, good: Side, sides: Mapping[str, Side]) -> list[Part]:
    """That encodings without positions fail where `good` succeeds."""
    shrunk = evidence.scale == "laptop"
    return [outdoes(good, sides[bad], "5%", _LEARNED, shrunk=shrunk) for bad in _OTHERS]


def _p1000_beats_p10(evidence: Evidence) -> Finding:
    dims = scaled_dims(evidence, "2x2", "5x5")

    def encodings(table: str) -> Part:
        a, b = (
            side(evidence, encoding, table, {"encoding": encoding, "dims": dims, "tolerance": 0.5})
            for encoding in ("P1000", "P10")
        )
        return better(a, b, "0.5%")

    return conclude(evidence, either([encodings("table04"), encodings("table05")]))


def scaled_dims(evidence: Evidence, laptop: str, full: str) -> str:
    """A size of matrices, at scale laptop and at the two others."""
    return laptop if evidence.scale == "laptop" else full


CLAIMS = (
    Claim(
        id="C01",
        text="A small transformer learns each of the nine problems: at least 90% of its answers "
        "are within 5%.",
        where="abstract, tables 2 to 10",
        figures="90 (inversion) to 100% within 5%",
        limits="the paper's architecture and sizes: what shows it are models of our own recipes, "
        "some of them at 2x2",
        studies=(
            *("table02", "table03", "table04", "table05", "table06"),
            *("table08", "table09", "table10"),
        ),
        decide=_every_problem,
    ),
    Claim(
        id="C02",
        text="Transposition of matrices of one size is learned exactly with every encoding.",
        where="section 4.1, table 2",
        figures="99.3 to 100% at 0% tolerance",
        studies=("table02", "random-embeddings"),
        decide=_transposition,
    ),
    Claim(
        id="C03",
        text="Transposition is harder where sizes vary than where all matrices have the same.",
        where="section 4.1, table 2",
        figures="91.4 to 99.6% for 5 to 20 rows and columns, 97.0 to 99.6% for 5-15 rectangular, "
        "against 99.3 to 100% for one size",
        studies=("table02",),
        decide=_variable_transposition,
    ),
    Claim(
        id="C04",
        text="Sums of matrices of one size are learned to 99% within 1% with every encoding; where "
        "sizes vary, a deeper decoder helps.",
        where="section 4.2, table 3",
        figures="99.3 to 100% within 1%; 1/6 layers 77.2% against 47.9% with 1/1 (5-15 square)",
        studies=("table03",),
        decide=_addition,
    ),
    Claim(
        id="C05",
        text="Products are learned with the positional encodings P10 and P1000, and not to high "
        "accuracy with B1999 and FP15.",
        where="section 4.3",
        figures="P10 and P1000 100% within 5%; no number for the others",
        studies=("table04", "random-embeddings"),
        decide=_products_need_positions,
    ),
    Claim(
        id="C06",
        text="At tight tolerance products are more accurate in P1000 than in P10.",
        where="section 4.3, tables 4 and 5",
        figures="99.5 against 81.6% within 0.5% (vector), 99.9 against 64.5% (matrix)",
        limits="embeddings that start at random, as the paper's do: these start from the numbers "
        "that tokens stand for",
        studies=("table04", "table05"),
        decide=_p1000_beats_p10,
    ),
)
