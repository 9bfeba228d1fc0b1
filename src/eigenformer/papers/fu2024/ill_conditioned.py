"""The steps of Newton's iteration and of descent that a model equals on ill-conditioned data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from ...incontext import InContextFolder
from ...runs import Experiment, Scale
from ..findings import Finding, Findings, Number
from ..judging import answer, finding
from ..study import Analysis
from .settings import (
    CITED,
    SEEDS,
    Data,
    Matched,
    heat_maps,
    loss_panel,
    matched,
    run,
    small_part,
    task,
)
from .similarity import LIKE

DATA: tuple[Data, ...] = get_args(Data)
MORE = 30.0
"""Descent's steps over Newton's, at least, where the paper has about a hundred."""
SLOWER = 1.5
"""Newton's steps on ill-conditioned data over those on isotropic data, at most."""


@dataclass(frozen=True, kw_only=True)
class Last:
    """What a model's last layer equals."""

    similarity: float
    """The best with a step of Newton's iteration."""
    newton: int
    descent: int
    loss: float
    """At the query, over the mean square of the targets."""


def runs(scale: Scale) -> Sequence[Experiment]:
    return [run(scale, data, seed) for data in DATA for seed in SEEDS[scale]]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    found = {
        data: [
            matched(task(scale, data), folders[run(scale, data, seed).name])
            for seed in SEEDS[scale]
        ]
        for data in DATA
    }
    ends = {data: [last(each) for each in found[data]] for data in DATA}
    ill = found["ill-conditioned"][0]
    return Findings(
        panels=tuple(
            loss_panel(f"Loss at the query, {data} data", found[data][0]) for data in DATA
        ),
        maps=heat_maps(ill, "Ill-conditioned: Newton", "Ill-conditioned: descent"),
        numbers=tuple(_numbers(ends)),
        verdicts={"N07": verdict(ends["isotropic"], ends["ill-conditioned"], small_part(scale))},
    )


def last(found: Matched) -> Last:
    return Last(
        similarity=float(found.newton[-1].max()),
        newton=found.newton_steps[-1],
        descent=found.descent_steps[-1],
        loss=float(found.losses[-1]),
    )


def _numbers(ends: Mapping[Data, Sequence[Last]]) -> list[Number]:
    source = f"{CITED}, layers 10 to 12 of 12, d = 20"
    numbers = []
    for data, models in ends.items():
        for seed, each in enumerate(models):
            where = f"last layer, {data} data, seed {seed}"
            numbers += [
                Number(
                    name=f"matching Newton steps, {where}",
                    value=float(each.newton),
                    reference=21.0,
                    source=source,
                ),
                Number(
                    name=f"matching descent steps, {where}",
                    value=float(each.descent),
                    reference=2000.0 if data == "ill-conditioned" else None,
                    source=source if data == "ill-conditioned" else "",
                ),
                Number(
                    name=f"best similarity with Newton's iteration, {where}", value=each.similarity
                ),
                Number(name=f"relative loss, {where}", value=each.loss),
            ]
    return numbers


def verdict(isotropic: Sequence[Last], ill: Sequence[Last], small: float) -> Finding:
    """By every seed: models that have learned, Newton's steps, descent's steps.

    Learned: all last layers have a similarity of 0.9 or more with some Newton step, and the
    ill-conditioned ones half or less of the loss that ignoring the small directions leaves, which
    is `small`; otherwise undecided. Then it holds if on ill-conditioned data Newton's steps are at
    most 1.5 times those on isotropic data and descent's at least 30 times Newton's; it fails if no
    pair of seeds has both; undecided in between.
    """
    shown = "; ".join(
        f"seed {seed}: {a.newton} Newton steps isotropic, {b.newton} ill-conditioned, there "
        f"{b.descent} of descent (similarity {a.similarity:.3f} and {b.similarity:.3f}, relative "
        f"loss {b.loss:.2g})"
        for seed, (a, b) in enumerate(zip(isotropic, ill, strict=True))
    )
    learned = all(each.similarity >= LIKE for each in (*isotropic, *ill)) and all(
        each.loss <= small / 2 for each in ill
    )
    kept = [
        b.newton <= SLOWER * a.newton and b.descent >= MORE * b.newton
        for a, b in zip(isotropic, ill, strict=True)
    ]
    not_learned = (
        f" The models have not learned enough to judge: similarity below {LIKE:g}, or a loss above "
        f"{small / 2:.2g}, half of what the small directions hold. Not at this size."
    )
    more = (
        "A model of 12 layers and embedding 64 at d = 8 on 20 million sequences of either kind: "
        "about 40 hours of a core."
    )
    sentence = f"Last layers match, {shown}." + ("" if learned else not_learned)
    return finding(answer(learned and all(kept), learned and not any(kept)), sentence, more)


STUDY = Analysis(
    name="fu2024-ill-conditioned",
    title="Newton's rate on ill-conditioned data",
    section="5, ill-conditioned data",
    runs=runs,
    analyse=analyse,
    note=(
        "As fu2024-similarity, whose runs it shares. Half of the covariance's eigenvalues (one of "
        "three on the laptop) are 100 times the others, in a basis of its own for each prompt; its "
        "trace is d as in the authors' sampler."
    ),
)
