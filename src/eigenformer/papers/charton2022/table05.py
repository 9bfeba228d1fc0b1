"""Table 5: products of two matrices."""

from ...runs import Experiment, Scale
from ..study import Table
from .full_size import EPOCH, full_size
from .settings import as_printed, at_tolerances, models_of, paper_tokens, slug

_LENGTH = 200 * EPOCH
"""The paper only says that products of matrices need more training time than with a vector."""
_SMALL = {"P10": "2/2", "P1000": "1/4"}
"""The paper's 5x5 models, by encoding."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [_small(encoding) for encoding in _SMALL]
    return [
        Experiment(
            name=slug(model["dims"], model["encoding"], model["layers"]),
            config=full_size(
                scale,
                "matmul",
                model["dims"],
                encoding=model["encoding"],
                layers=model["layers"],
                examples=_LENGTH,
                ours=paper_tokens,
            ),
            cells=as_printed(model),
        )
        for model in models_of("table05", "tolerance")
    ]


def _small(encoding: str) -> Experiment:
    return Experiment(
        name=slug("2x2", encoding),
        config=paper_tokens(
            "matmul",
            "2x2",
            encoding=encoding,
            layers=(2, 2),
            examples=200_000,
            evaluations=4,
        ),
        cells=at_tolerances(
            {"encoding": encoding, "dims": "2x2", "layers": "2/2"},
            {"dims": "5x5", "layers": _SMALL[encoding]},
        ),
    )


TABLE = Table(
    name="table05",
    title="Products of two matrices, for different sizes",
    section="4.3",
    rows=("tolerance",),
    columns=("encoding", "dims", "layers"),
    runs=_experiments,
    note="2x2 stands for the paper's 5x5, 2/2 layers of width 128 for 2/2 (P10) and 1/4 (P1000) of "
    "512, so that only the encodings differ. Both factors are m x n as printed and the answer is "
    "M^T N. The paper's tokens.",
)
