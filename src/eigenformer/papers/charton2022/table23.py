"""Table 23: sums of matrices by universal transformers."""

from collections.abc import Callable, Mapping

from ...runs import Experiment, Label, Scale
from ...training import TrainConfig
from ..study import Table
from .architectures import GATINGS, looped
from .full_size import full_size
from .settings import at_tolerances, paper_tokens, slug
from .small_runs import stacks

_LOOPS = 4
# Loops of the encoder and of the decoder.
_LOOPED = {
    "encoder": (_LOOPS, 1),
    "decoder": (1, _LOOPS),
    "encoder and decoder": (_LOOPS, _LOOPS),
}
_SMALL_WIDTH = 128
Build = Callable[[str, int], TrainConfig]
"""A transformer with given layers and width."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return _small()

    def build(layers: str, width: int) -> TrainConfig:
        return full_size(
            scale,
            "add",
            "10x10",
            encoding="B1999",
            layers=layers,
            dim=width,
            ours=paper_tokens,
        )

    # Looped decoders have one line for all widths and gatings.
    looped_models = [
        _universal(
            build,
            where,
            width,
            gating,
            paper={} if where == "encoder" else {"dim": None, "gating": "any"},
        )
        for where in _LOOPED
        for gating in GATINGS
        for width in (256, 512)
    ]
    return [*looped_models, _plain(build, "2/2", 512, paper={"dim": None})]


def _small() -> list[Experiment]:
    def build(layers: str, width: int) -> TrainConfig:
        return paper_tokens(
            "add",
            "3x3",
            encoding="B1999",
            layers=stacks(layers),
            width=width,
            examples=60_000,
            evaluations=2,
        )

    kinds = [
        *(("encoder", gating) for gating in GATINGS),
        *(("decoder", gating) for gating in GATINGS),
        ("encoder and decoder", "none"),
    ]
    universal = [
        _universal(
            build,
            where,
            _SMALL_WIDTH,
            gating,
            paper={"dim": 512} if where == "encoder" else {"dim": None, "gating": "any"},
        )
        for where, gating in kinds
    ]
    return [
        *universal,
        _plain(build, "1/1", _SMALL_WIDTH),
        _plain(build, "2/2", _SMALL_WIDTH, paper={"dim": None}),
    ]


def _universal(
    build: Build, where: str, width: int, gating: str, paper: Mapping[str, Label]
) -> Experiment:
    encoder_loops, decoder_loops = _LOOPED[where]
    labels: dict[str, Label] = {
        "model": "universal transformer",
        "looped": where,
        "dim": width,
        "loops": _LOOPS,
        "gating": gating,
        "layers": "1/1",
    }
    return Experiment(
        name=slug(where, width, gating),
        config=looped(
            build("1/1", width),
            encoder_loops=encoder_loops,
            decoder_loops=decoder_loops,
            gating=gating,
        ),
        cells=at_tolerances(labels, paper),
    )


def _plain(
    build: Build, layers: str, width: int, paper: Mapping[str, Label] | None = None
) -> Experiment:
    labels: dict[str, Label] = {
        "model": "transformer baseline",
        "looped": "none",
        "dim": width,
        "loops": None,
        "gating": "none",
        "layers": layers,
    }
    return Experiment(
        name=slug("plain", layers, width),
        config=build(layers, width),
        cells=at_tolerances(labels, paper),
    )


TABLE = Table(
    name="table23",
    title="Sums of two matrices by universal transformers",
    section="E.2",
    rows=("model", "looped", "layers", "dim", "loops", "gating"),
    columns=("tolerance",),
    runs=_experiments,
    note="3x3 stands for the paper's 10x10, width 128 for 512. The paper has one line for all "
    "models with looped decoders and does not print the width of its 2/2 baseline; a 1/1 "
    "transformer without loops is ours to add. The paper's tokens.",
)
