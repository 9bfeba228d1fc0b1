"""One layer and two with the states of GD++ in place of their own, and without other weights."""

from collections.abc import Mapping, Sequence

from ...incontext import InContextFolder, RunConfig, gd_plus_plus, intervene
from ...runs import Experiment, Scale
from ..findings import Findings
from ..interventions import RULE, SEED_RANGE, Subject, findings
from ..seeds import grouped
from ..study import Analysis
from . import deeper, one_layer
from .deeper import kind_name, of_kind
from .settings import TASK

LAYERS = (1, 2)


def runs(scale: Scale) -> Sequence[Experiment]:
    """Those of the two other studies, of one layer and two."""
    every = [*one_layer.runs(scale), *deeper.runs(scale)]
    configs = [RunConfig.of(run.config, run.name) for run in every]
    return [
        run
        for run, config in zip(every, configs, strict=True)
        if of_kind(config)[0] in LAYERS and config.seed in SEED_RANGE
    ]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    prompts = one_layer.held_out()
    subjects = []
    for (layers, looped), row in grouped(folders, of_kind).items():
        models = [folder.model().double() for folder in row]
        subjects.append(
            Subject(
                name="one layer" if layers == 1 else f"{kind_name(looped)}, {layers} layers",
                algorithm="gradient descent" if layers == 1 else "GD++",
                found=[intervene(each, gd_plus_plus(each), TASK, prompts) for each in models],
                tolerance=one_layer.CLOSE if layers == 1 else deeper.CLOSE,
            )
        )
    return findings("N08", subjects)


INTERVENTIONS = Analysis(
    name="vonoswald2023-interventions",
    title="States of gradient descent and GD++ in place of a trained layer's",
    section="3",
    runs=runs,
    analyse=analyse,
    note="The runs of one layer and of two of the other studies. GD++ has the model's own scalars: "
    "P = diag(p_x I, p_y) and Q = diag(q_x I, 0), each the mean of the entries; all others are "
    f"what it does not use. Tolerance: that of those studies, 1% and 5%. {RULE}",
)
