"""Table 19: eigenvalues by deep models, with one layer in the encoder or in the decoder."""

from collections.abc import Iterator, Mapping

from ...runs import Cell, Experiment, Label, Reading, Scale, accuracy, examples_until
from ...training import TrainConfig
from ..study import Table
from .full_size import full_size
from .settings import PaperModel, as_fraction, at_tolerances, models_of, paper_tokens, slug
from .small_runs import eigenvalues_3x3

_EXAMPLES = 200_000_000
"""At scale paper: as long as the longest count of examples in the table, 194.7 million."""
_DEPTHS = ("1/1", "1/2", "1/4", "1/6", "2/1", "4/1", "6/1")
_SEEDS = {"1/4": 3, "4/1": 3}
"""Where equal efficiency is claimed, which takes several runs a side to see."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            Experiment(
                name=slug("3x3", layers, *([f"seed{seed}"] if seed else [])),
                config=config,
                cells=_laptop_cells(layers, seed),
            )
            for layers, seed, config in depths()
        ]
    return [deep(scale, model) for model in models_of("table19", "tolerance", "metric")]


def deep(scale: Scale, model: PaperModel) -> Experiment:
    """The run of a model of table 19 at scale paper or gpu."""
    widths = model["enc_dim"], model["dec_dim"]
    return Experiment(
        name=slug(
            model["dims"], model["layers"], *widths, "heads", model["heads"], model["encoding"]
        ),
        config=full_size(
            scale,
            "eigenvalues",
            model["dims"],
            encoding=model["encoding"],
            layers=model["layers"],
            dim=(int(widths[0]), int(widths[1])),
            heads=model["heads"],
            examples=_EXAMPLES,
            ours=paper_tokens,
        ),
        cells=printed_or_waited_for(model),
    )


def printed_or_waited_for(model: PaperModel) -> tuple[Cell, ...]:
    """A cell for each of the model's: accuracies, and examples until 99% within 5%."""
    return tuple(Cell(labels=labels, read=_reading(labels), paper={}) for labels in model.cells)


def depths() -> Iterator[tuple[str, int, TrainConfig]]:
    """Layers, seed and run of the models at scale laptop."""
    for layers in _DEPTHS:
        for seed in range(_SEEDS.get(layers, 1)):
            yield layers, seed, eigenvalues_3x3(layers=layers, seed=seed)


def until_95(labels: Mapping[str, Label], paper: Mapping[str, Label] | None = None) -> Cell:
    """Examples until 95% are right within 5%, beside the paper's until 99%."""
    return Cell(
        labels={**labels, "metric": "examples to 95%"},
        read=examples_until(0.95, 0.05),
        paper=None if paper is None else {**paper, "metric": "sample_size_millions_to_99"},
    )


def _reading(labels: Mapping[str, Label]) -> Reading:
    if labels["metric"] == "accuracy":
        return accuracy(as_fraction(labels["tolerance"]))
    return examples_until(0.99, 0.05)


def _laptop_cells(layers: str, seed: int) -> tuple[Cell, ...]:
    labels: dict[str, Label] = {
        "layers": layers,
        "encoding": "P1000",
        "dims": "3x3",
        "seed": seed,
    }
    counterparts: dict[str, dict[str, Label]] = {
        "1/6": {"enc_dim": 512, "dec_dim": 512, "encoding": "FP15/P1000", "dims": "8x8"},
        "6/1": {"enc_dim": 768, "dec_dim": 512, "dims": "8x8"},
    }
    paper = counterparts.get(layers)
    return (
        *at_tolerances({**labels, "metric": "accuracy"}, paper),
        until_95(labels, paper),
    )


TABLE = Table(
    name="table19",
    title="Eigenvalues by deep models",
    section="D.3",
    rows=("model_size", "layers", "enc_dim", "dec_dim", "heads", "encoding", "dims", "seed"),
    columns=("metric", "tolerance"),
    runs=_experiments,
    note="3x3 in place of 8x8 to 12x12, one to six layers of width 128 in place of 6 to 24 wider "
    "ones, all P1000 with the paper's tokens; 2,000 test matrices. Counted are examples until 95% "
    "in place of 99%.",
)
