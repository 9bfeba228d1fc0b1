"""Table 3: sums of two matrices."""

from ...runs import Experiment, Scale
from ..study import Table
from .full_size import full_size
from .settings import as_printed, at_tolerances, models_of, paper_tokens, slug
from .small_runs import stacks

_EXAMPLES = 60_000
_SEEDS = (0, 1, 2)
_OTHERS = ("P10", "P1000", "FP15")
"""The paper's text says that these add as well, its table doesn't show it."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        depths = [_small_depth(layers, seed) for layers in ("1/1", "1/6") for seed in _SEEDS]
        return [*(_small(encoding) for encoding in ("B1999", *_OTHERS)), *depths]
    printed = [
        Experiment(
            name=slug(model["dims"], model["layers"]),
            config=full_size(
                scale,
                "add",
                model["dims"],
                encoding="B1999",
                layers=model["layers"],
                ours=paper_tokens,
            ),
            cells=as_printed(model),
        )
        for model in models_of("table03", "tolerance")
    ]
    return [*printed, *(_other(scale, encoding) for encoding in _OTHERS)]


def _other(scale: Scale, encoding: str) -> Experiment:
    return Experiment(
        name=slug("5x5", "2/2", encoding),
        config=full_size(scale, "add", "5x5", encoding=encoding, layers="2/2", ours=paper_tokens),
        cells=at_tolerances(
            {"dims": "5x5", "layers": "2/2", "variable": False, "encoding": encoding}
        ),
    )


def _small(encoding: str) -> Experiment:
    return Experiment(
        name=slug("3x3", "2/2", encoding),
        config=paper_tokens(
            "add", "3x3", encoding=encoding, layers=(2, 2), examples=_EXAMPLES, evaluations=2
        ),
        cells=at_tolerances(
            {"dims": "3x3", "layers": "2/2", "variable": False, "encoding": encoding},
            {"dims": "5x5"} if encoding == "B1999" else None,
        ),
    )


def _small_depth(layers: str, seed: int) -> Experiment:
    return Experiment(
        name=slug("2-4", layers, "seed", seed),
        config=paper_tokens(
            "add",
            "2-4",
            encoding="B1999",
            layers=stacks(layers),
            examples=_EXAMPLES,
            evaluations=2,
            seed=seed,
        ),
        cells=at_tolerances(
            {
                "dims": "2-4 square",
                "layers": layers,
                "variable": True,
                "encoding": "B1999",
                "seed": seed,
            },
            {"dims": "5-15 square"},
        ),
    )


TABLE = Table(
    name="table03",
    title="Sums of two matrices, for different sizes",
    section="4.2",
    rows=("tolerance",),
    columns=("encoding", "dims", "layers", "seed"),
    runs=_experiments,
    note="3x3 stands for the paper's 5x5, 2 to 4 rows and columns for 5 to 15; width 128 in place "
    "of 512. Encodings other than B1999 are ours to add: the paper's text speaks of them. Shallow "
    "and deep decoders have three training seeds each. The paper's tokens.",
)
