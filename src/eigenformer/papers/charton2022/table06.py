"""Table 6: eigenvalues, by encoding and by size."""

from collections.abc import Mapping

from ... import ensembles
from ...runs import Experiment, Label, Scale
from ...runs.recipes import fast
from ...training import TestSet, TrainConfig
from ..study import Table
from .full_size import EPOCH, full_size
from .settings import as_printed, at_tolerances, models_of, paper_tokens, slug, with_tests
from .small_runs import eigenvalues_2x2, eigenvalues_3x3

_EPOCHS = {"10x10": 1200, "5-10 square": 800, "5-15 square": 800, "5-20 square": 800}
"""As long as the curves of figure 1; the other models have the usual length."""
_LAYERS = {"P10": "6/6", "P1000": "4/1", "B1999": "6/6", "FP15": "6/1"}
"""The paper's, at 5x5."""
_SIZES_EXAMPLES = 100_000


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [*_encodings(), *_sizes()]
    return [
        Experiment(
            name=slug(model["dims"], model["encoding"], model["layers"]),
            config=full_size(
                scale,
                "eigenvalues",
                model["dims"],
                encoding=model["encoding"],
                layers=model["layers"],
                dim=int(model["dim"]),
                heads=model["heads"],
                examples=_EPOCHS[model["dims"]] * EPOCH if model["dims"] in _EPOCHS else None,
                # Encodings are compared at the sizes that all are taught; sizes are not about them.
                ours=fast if model["dims"] in _EPOCHS else paper_tokens,
            ),
            cells=as_printed(model),
        )
        for model in models_of("table06", "tolerance")
    ]


def _encodings() -> list[Experiment]:
    """All encodings at the size that all are taught, and the paper's two at a larger one."""
    return [
        *(
            _encoding("2x2", encoding, eigenvalues_2x2(encoding), {"dims": "5x5", "layers": layers})
            for encoding, layers in _LAYERS.items()
        ),
        *(
            _encoding("3x3", encoding, eigenvalues_3x3(encoding), {"dims": "8x8", "layers": layers})
            for encoding, layers in (("P1000", "6/1"), ("FP15", "1/6"))
        ),
    ]


def _encoding(
    dims: str, encoding: str, config: TrainConfig, paper: Mapping[str, Label]
) -> Experiment:
    labels = {"dims": dims, "encoding": encoding, "layers": "2/1"}
    return Experiment(name=slug(dims, encoding), config=config, cells=at_tolerances(labels, paper))


def _sizes() -> list[Experiment]:
    """A size that is hard from scratch, and the same size learned among smaller ones."""
    alone, mixed = (fast("eigenvalues", dims, examples=_SIZES_EXAMPLES) for dims in ("4x4", "2-4"))
    only_4x4 = TestSet(name="4x4", ensemble=ensembles.get("iid-uniform", dims="4x4"))
    largest = {"dims": "10x10", "encoding": "FP15", "layers": "1/6"}
    mixture = {"dims": "5-10 square", "encoding": "FP15", "layers": "4/4"}
    model = {"encoding": "P1000", "layers": "2/1"}
    return [
        Experiment(
            name="size-4x4",
            config=with_tests(alone),
            cells=at_tolerances({"dims": "4x4", "test_dims": "4x4", **model}, largest),
        ),
        Experiment(
            name="sizes-2-4",
            config=with_tests(mixed, TestSet(), only_4x4),
            cells=(
                *at_tolerances({"dims": "2-4 square", "test_dims": "2-4", **model}, mixture),
                *at_tolerances({"dims": "2-4 square", "test_dims": "4x4", **model}, test="4x4"),
            ),
        ),
    ]


TABLE = Table(
    name="table06",
    title="Eigenvalues, for different encodings and sizes",
    section="4.4",
    rows=("tolerance",),
    columns=("dims", "test_dims", "encoding", "layers"),
    runs=_experiments,
    note="2x2 stands for the paper's 5x5, 3x3 for 8x8, and 4x4 against a mixture of 2x2 to 4x4 for "
    "10x10 against mixtures from 5x5 on; width 128 in place of 512. The sizes 4x4 and 2-4 are "
    "trained with `fast`, the others with the paper's tokens.",
)
