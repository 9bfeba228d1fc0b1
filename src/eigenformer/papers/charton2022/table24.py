"""Table 24: eigenvalues by universal transformers."""

from collections.abc import Iterator, Mapping

from ...runs import Experiment, Label, Scale
from ...training import TrainConfig
from ..study import Table
from .architectures import GATINGS, looped
from .full_size import full_size
from .settings import PaperModel, as_printed, at_tolerances, models_of, paper_tokens, slug
from .small_runs import eigenvalues_2x2, inverse_2x2

_SEEDS = {"4/1": 3, "none": 3, "gated": 3, "plain inversion": 3}
"""In P1000, where universal transformers are said to equal deep ones; others have one."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [*_eigenvalues(), *_inversion()]
    return [
        Experiment(
            name=slug(model["encoding"], model["loops"], "loops", model["gating"], model["layers"]),
            config=_full(scale, model),
            cells=as_printed(model),
        )
        for model in models_of("table24", "tolerance")
    ]


def _full(scale: Scale, model: PaperModel) -> TrainConfig:
    """The baselines are runs of table 6."""
    config = full_size(
        scale,
        "eigenvalues",
        "5x5",
        encoding=model["encoding"],
        layers=model["layers"],
        ours=paper_tokens,
    )
    if model.labels["loops"] is None:
        return config
    return looped(config, encoder_loops=int(model["loops"]), gating=model["gating"])


def _eigenvalues() -> Iterator[Experiment]:
    for layers, paper in (("1/1", None), ("4/1", {"layers": "4/1"})):
        for seed in range(_SEEDS.get(layers, 1)):
            config = eigenvalues_2x2("P1000", layers, seed)
            yield _experiment("eigenvalues", "P1000", config, None, layers, seed, paper)
    yield _experiment(
        "eigenvalues", "FP15", eigenvalues_2x2("FP15"), None, "2/1", 0, {"layers": "6/1"}
    )
    for encoding, gatings in (("P1000", tuple(GATINGS)), ("FP15", ("none", "gated"))):
        for gating in gatings:
            for seed in range(_SEEDS.get(gating, 1) if encoding == "P1000" else 1):
                config = eigenvalues_2x2(encoding, "1/1", seed)
                config = looped(config, encoder_loops=4, gating=gating)
                yield _experiment("eigenvalues", encoding, config, gating, "1/1", seed, {})


def _inversion() -> Iterator[Experiment]:
    """The paper's text has these; the plain ones are those of table 9."""
    for seed in range(_SEEDS["plain inversion"]):
        yield _experiment("inversion", "P1000", inverse_2x2(seed=seed), None, "3/1", seed, None)
    config = looped(inverse_2x2(layers="1/1"), encoder_loops=4, gating="gated")
    yield _experiment("inversion", "P1000", config, "gated", "1/1", 0, None)


def _experiment(
    task: str,
    encoding: str,
    config: TrainConfig,
    gating: str | None,
    layers: str,
    seed: int,
    paper: Mapping[str, Label] | None,
) -> Experiment:
    """A run of scale laptop, of a plain transformer where `gating` is None."""
    plain = gating is None
    labels: dict[str, Label] = {
        "task": task,
        "model": "transformer baseline" if plain else "universal transformer",
        "encoding": encoding,
        "loops": None if plain else 4,
        "gating": gating or "none",
        "layers": layers,
        "seed": seed,
    }
    kind = layers if plain else f"looped {gating}"
    return Experiment(
        name=slug(task, encoding, kind, *([f"seed{seed}"] if seed else [])),
        config=config,
        cells=at_tolerances(labels, paper),
    )


TABLE = Table(
    name="table24",
    title="Eigenvalues by universal transformers",
    section="E.2",
    rows=("task", "model", "encoding", "loops", "gating", "layers", "seed"),
    columns=("tolerance",),
    runs=_experiments,
    note="2x2 in place of 5x5, width 128, with the paper's tokens; loops of the encoder only. The "
    "plain transformers in FP15 and for inversion are runs of tables 6 (2/1 layers) and 9 (3/1). "
    "The width at the paper's size, 512, is not said for this table.",
)
