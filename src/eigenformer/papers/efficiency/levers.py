"""What `fast` changes, piece by piece: each taken out of it, and each put alone into the baseline.

Taken out, a piece is as in `paper-constant` unless its sentence says otherwise. Every run has as
many examples as `fast`, so that what differs is the accuracy at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...models import DirectConfig, TransformerConfig
from ...runs.recipes import fast
from ...training import LossConfig, OptimizerConfig, TrainConfig
from .cases import Case
from .contestants import CONSTANT, Contestant, constant_config, fast_config

ABLATED = "eigenvalues-3x3"
"""The case on which the pieces are taken apart."""
_EVALUATIONS = 4
Change = Callable[[TrainConfig], TrainConfig]


@dataclass(frozen=True, kw_only=True)
class Lever:
    """One thing that `fast` does differently."""

    name: str
    sentence: str
    without: Change | None
    """Takes it out of `fast`; None where fast's architecture has no way to do without."""
    alone: Change | None
    """Puts it into `paper-constant`; None where it means nothing there."""


def _model(**changes: object) -> Change:
    """Changes fields of the model."""
    return lambda config: replace(config, model=config.model.changed(**changes))


def _token_by_token(sum_coefficients: bool) -> Change:
    """`fast`'s model as one that decodes token by token, and embeds tokens, not values."""

    def change(config: TrainConfig) -> TrainConfig:
        model = TransformerConfig.like(
            config.model, norm="pre", embedding="number", sum_coefficients=sum_coefficients
        )
        return replace(config, model=model)

    return change


def _at_once(config: TrainConfig) -> TrainConfig:
    """The paper's model as one that answers at once, with nothing else of `fast`'s."""
    return replace(config, model=DirectConfig.like(config.model, embedding="random"))


def _adamw(config: TrainConfig) -> TrainConfig:
    betas = config.optimizer.betas
    return replace(config, optimizer=OptimizerConfig(kind="adamw", rate=1e-3, betas=betas))


LEVERS = (
    Lever(
        name="value-features",
        sentence="the input's coefficients are embedded by features of their values; without it, "
        "by the sum of their tokens' vectors, which start as Fourier features",
        without=_model(embedding="number"),
        alone=None,
    ),
    Lever(
        name="number-embeddings",
        sentence="tokens' vectors start as Fourier features of the number that a token stands for; "
        "taken out together with value features",
        without=_model(embedding="random"),
        alone=_model(embedding="number"),
    ),
    Lever(
        name="summed-tokens",
        sentence="the tokens of a coefficient share one encoder position; taken out together with "
        "answers at once and value features, which need it",
        without=_token_by_token(sum_coefficients=False),
        alone=_model(sum_coefficients=True),
    ),
    Lever(
        name="answers-at-once",
        sentence="the answer's coefficients are decoded together, not token by token; taken out "
        "together with value features, put in together with pre-norm and summed tokens",
        without=_token_by_token(sum_coefficients=True),
        alone=_at_once,
    ),
    Lever(
        name="median",
        sentence="the answer's mantissas are medians of the model's distributions, not modes; the "
        "training is the same",
        without=_model(mantissa="mode"),
        alone=None,
    ),
    Lever(
        name="gelu",
        sentence="GELU in place of ReLU",
        without=_model(activation="relu"),
        alone=_model(activation="gelu"),
    ),
    Lever(
        name="pre-norm",
        sentence="layer norm before each block, not after it",
        without=None,
        alone=_model(norm="pre"),
    ),
    Lever(
        name="muon",
        sentence="Muon for the layers' matrices, AdamW at 6e-3 for the rest; without it AdamW at "
        "1e-3 for all",
        without=_adamw,
        alone=lambda config: replace(config, optimizer=fast().optimizer),
    ),
    Lever(
        name="batch-32",
        sentence="batches of 32, not 64",
        without=lambda config: replace(config, batch_size=64),
        alone=lambda config: replace(config, batch_size=fast().batch_size),
    ),
    Lever(
        name="schedule",
        sentence="a warm-up of 100 steps, then linearly to zero",
        without=lambda config: replace(config, schedule=CONSTANT),
        alone=lambda config: replace(config, schedule=fast().schedule),
    ),
    Lever(
        name="soft-targets",
        sentence="Gaussian targets over neighbouring mantissas",
        without=lambda config: replace(config, loss=LossConfig()),
        alone=lambda config: replace(config, loss=fast().loss),
    ),
)


def _ablation(
    name: str, sentence: str, base: Callable[[Case, int], TrainConfig], change: Change | None
) -> Contestant:
    """`base` changed, for as many examples as `fast` takes."""

    def config(case: Case, seed: int) -> TrainConfig:
        made = replace(
            base(case, seed),
            examples=case.fast,
            evaluation=case.evaluation(case.fast // _EVALUATIONS, stop=False),
        )
        return made if change is None else change(made)

    return Contestant(name=name, sentence=sentence, seeds=(0,), config=config)


def without_name(lever: Lever) -> str:
    return f"fast-without-{lever.name}"


def alone_name(lever: Lever) -> str:
    return f"paper-with-{lever.name}"


NOTHING = "paper-with-nothing"
"""The baseline itself, for as many examples as `fast`."""
ABLATIONS = {
    one.name: one
    for one in (
        _ablation(NOTHING, "paper-constant as it is", constant_config, None),
        *(
            _ablation(without_name(lever), lever.sentence, fast_config, lever.without)
            for lever in LEVERS
            if lever.without is not None
        ),
        *(
            _ablation(alone_name(lever), lever.sentence, constant_config, lever.alone)
            for lever in LEVERS
            if lever.alone is not None
        ),
    )
}
"""The contestants of the ablations, by name."""
