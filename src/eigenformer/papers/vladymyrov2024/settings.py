"""What is trained on mixed noise (derivations.md, section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ...incontext import Evaluation, LinearAttention, Optimizer, Regression, RunConfig
from ...runs import Experiment, Scale
from ..seeds import COSINE

Form = Literal["full", "diagonal", "gd++"]
FORMS: tuple[Form, ...] = get_args(Form)
NAMES: dict[Form, str] = {"full": "FULL", "diagonal": "DIAG", "gd++": "GD++"}
HEADS: dict[Form, int] = {"full": 2, "diagonal": 2, "gd++": 1}
"""The fewest that leave the four (GD++: two) products of a diagonal layer free."""


@dataclass(frozen=True, kw_only=True)
class NoiseSize:
    """What differs between the scales."""

    dim: int
    points: int
    tops: tuple[float, ...]
    """sigma_max: the noise of a prompt is uniform on [0, sigma_max]."""
    top: float
    """The one that the verdict is about."""
    depths: dict[Form, tuple[int, ...]]
    seeds: int
    steps: int
    batch: int
    test_prompts: int


SIZES: dict[Scale, NoiseSize] = {
    "laptop": NoiseSize(
        dim=5,
        points=10,
        tops=(5.0,),
        top=5.0,
        depths={"full": (2, 3), "diagonal": (1, 2, 3, 5), "gd++": (1, 3, 5)},
        seeds=2,
        steps=800,
        batch=256,
        test_prompts=20_000,
    ),
    "paper": NoiseSize(
        dim=10,
        points=20,
        tops=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),
        top=5.0,
        depths={form: (1, 2, 3, 4, 5, 6, 7) for form in FORMS},
        seeds=5,
        steps=200_000,
        batch=2048,
        test_prompts=100_000,
    ),
}


def task(size: NoiseSize, top: float) -> Regression:
    return Regression(dim=size.dim, points=size.points, noise=(0.0, top), noise_law="range")


Kind = tuple[str, float, int]
"""The form of a model, sigma_max and its layers."""


def kind_of(config: RunConfig) -> Kind:
    assert isinstance(config.task, Regression)
    model = LinearAttention.of(config.model)
    return model.form, config.task.noise[1], model.layers


def runs(scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    return [
        Experiment(
            name=f"{form.replace('+', 'p')}-noise-{top:g}-{depth}-layers-seed-{seed}",
            config=_config(scale, form, top, depth, seed),
        )
        for top in size.tops
        for form in FORMS
        for depth in size.depths[form]
        for seed in range(size.seeds)
    ]


def _config(scale: Scale, form: Form, top: float, depth: int, seed: int) -> RunConfig:
    size = SIZES[scale]
    model = LinearAttention(layers=depth, heads=HEADS[form], form=form, mean=False)
    optimizer = Optimizer(rate=1e-4)
    evaluation = Evaluation(every=10_000, size=10_000)
    if scale == "laptop":
        # A rare prompt grows as the third power of itself in each layer, beyond float32.
        model = replace(model, mean=True, clip=50.0, init_std=0.1)
        optimizer = Optimizer(rate=0.003, clip=0.1, schedule=COSINE)
        evaluation = Evaluation(every=size.steps, size=2000)
    return RunConfig(
        task=task(size, top),
        model=model,
        optimizer=optimizer,
        steps=size.steps,
        batch=size.batch,
        seed=seed,
        evaluation=evaluation,
    )
