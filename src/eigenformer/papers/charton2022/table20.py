"""Table 20: eigenvalues within the distribution of the training set."""

from ...runs import Cell, Experiment, Label, Scale, accuracy
from ..study import Table
from .full_size import full_size
from .settings import PaperModel, models_of, paper_tokens, slug
from .small_runs import eigenvalues_2x2
from .table12 import LAYERS, TRAINING_SETS, tested_outside, trained_on, training_run, training_set

_HARD = ("Uniform iid", "Positive", "Uniform")
"""Training sets that FP15 and P1000 are compared on at scale laptop; the first is the reference."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [*_as_table_12(), *_encodings()]
    return [_full(scale, model) for model in models_of("table20")]


def _full(scale: Scale, model: PaperModel) -> Experiment:
    name, a = model["train_distribution"], model["A"]
    config = full_size(
        scale,
        "eigenvalues",
        "5x5",
        encoding=model["encoding"],
        layers=model["layers"],
        ours=paper_tokens,
    )
    config = trained_on(config, training_set(name, a, "5x5"))
    of_table_12 = (model["encoding"], model["layers"]) == ("P1000", LAYERS)
    if scale == "paper" and of_table_12 and (name, a) in TRAINING_SETS.values():
        config = tested_outside(config)
    return Experiment(
        name=slug(name, "a", a, model["encoding"], model["layers"]),
        config=config,
        cells=(Cell(labels=model.labels, read=accuracy(0.02), paper={}),),
    )


def _as_table_12() -> list[Experiment]:
    """The runs of table 12, on the test set like the training set."""
    printed = {(m["train_distribution"], m["A"]): m["class"] for m in models_of("table20")}
    found = []
    for title, (name, a) in TRAINING_SETS.items():
        labels: dict[str, Label] = {
            "train_distribution": name,
            "A": a,
            "class": printed[name, a],
            "encoding": "P1000",
            "layers": "2/1",
            "dims": "3x3",
        }
        cell = Cell(labels=labels, read=accuracy(0.02), paper={"layers": LAYERS})
        found.append(training_run("laptop", title, (cell,)))
    return found


def _encodings() -> list[Experiment]:
    """Training sets that the paper finds hard in FP15, with the runs of table 6 beside them."""
    found = []
    for encoding in ("FP15", "P1000"):
        for name in _HARD:
            labels: dict[str, Label] = {
                "train_distribution": name,
                "A": "10",
                "class": "Wigner" if name == _HARD[0] else "non-Wigner",
                "encoding": encoding,
                "layers": "2/1",
                "dims": "2x2",
            }
            config = eigenvalues_2x2(encoding)
            found.append(
                Experiment(
                    name=slug("2x2", name, encoding),
                    config=trained_on(config, training_set(name, "10", "2x2")),
                    cells=(Cell(labels=labels, read=accuracy(0.02), paper={"layers": LAYERS}),),
                )
            )
    return found


TABLE = Table(
    name="table20",
    title="Eigenvalues in distribution",
    section="D.4",
    rows=("dims", "class", "train_distribution", "A"),
    columns=("encoding", "layers"),
    runs=_experiments,
    note="At 3x3 the runs of table 12, with `fast`; at 2x2, FP15 and P1000 with the paper's tokens "
    "on the two training sets that the paper finds hard in FP15, and on Wigner matrices.",
)
