"""The claims N01 to N14, and their verdicts by the studies that bear on them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...core import unknown
from .. import Finding, State
from .findings import Findings
from .study import Study


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A finding of one of the papers."""

    id: str
    text: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A claim with what the studies found that bear on it.

    It fails if one says so. It holds if all have been made and all say so.
    """

    claim: Claim
    state: State
    found: dict[str, Finding]
    """By study."""
    missing: tuple[str, ...] = ()
    """The studies that bear on it and have not been made."""


CLAIMS: dict[str, Claim] = {
    claim.id: claim
    for claim in (
        Claim(
            id="N01",
            paper="Giannou et al. (2024), lemma 4.1",
            text="Two layers of linear attention with two heads and width 4d make one step of "
            "Newton's iteration for any matrix; one layer does if it is symmetric.",
        ),
        Claim(
            id="N02",
            paper="Giannou et al. (2024), theorem 4.2",
            text="T + 3 layers of width 4d + 3 predict by T steps of Newton's iteration; the depth "
            "grows as log kappa + log log 1/eps.",
        ),
        Claim(
            id="N03",
            paper="Giannou et al. (2024), theorem 5.1",
            text="Damped Newton on the regularised logistic loss is a transformer of 11 + 2k "
            "layers a step; k + 6 suffice.",
        ),
        Claim(
            id="N04",
            paper="Giannou et al. (2024), figure 8",
            text="Trained linear self-attention lies between Newton's iterations of order 2 and "
            "order 3; gains stop after about four layers.",
        ),
        Claim(
            id="N05",
            paper="Giannou et al. (2024), figure 9",
            text="Layer norm helps in distribution; far out of distribution depth hurts.",
        ),
        Claim(
            id="N06",
            paper="Fu et al. (2024)",
            text="Layers of a trained softmax transformer match steps of Newton's iteration "
            "linearly (about three a layer), and those of gradient descent exponentially.",
        ),
        Claim(
            id="N07",
            paper="Fu et al. (2024)",
            text="On ill-conditioned data transformers keep Newton's rate, where gradient descent "
            "needs about a hundred times as many steps.",
        ),
        Claim(
            id="N08",
            paper="von Oswald et al. (2023)",
            text="A trained layer of linear self-attention is a step of gradient descent; deeper "
            "models are GD++.",
        ),
        Claim(
            id="N09",
            paper="Ahn et al. (2023)",
            text="Trained linear transformers of several layers do preconditioned gradient "
            "descent: Sigma^(1/2) A Sigma^(1/2) tends to a multiple of the identity.",
        ),
        Claim(
            id="N10",
            paper="Ahn et al. (2024)",
            text="Shallow linear transformers show what training of large ones does: Adam far "
            "ahead of SGD, heavy-tailed gradient noise, a larger robust condition number.",
        ),
        Claim(
            id="N11",
            paper="Vladymyrov et al. (2024)",
            text="Linear transformers adapt to mixed noise and match tuned ridge regression with "
            "five layers or more; diagonal ones suffice.",
        ),
        Claim(
            id="N12",
            paper="Gatmiry et al. (2024)",
            text="Looped models learn preconditioned gradient descent of several steps, A near "
            "the inverse covariance; more loops than in training lower the loss.",
        ),
        Claim(
            id="N13",
            paper="Cheng et al. (2025)",
            text="Linear graph transformers solve electric flow and other Laplacian problems, with "
            "the error of the algorithm underneath.",
        ),
        Claim(
            id="N14",
            paper="Li et al. (2024)",
            text="The updates of a one-layer transformer are of low rank and its neurons sparse: "
            "pruning the small ones is free.",
        ),
    )
}
"""The claims by number, in order."""


def verdicts(
    studies: Iterable[Study], found: Mapping[str, Findings], claims: Sequence[str] = ()
) -> list[Verdict]:
    """The verdict on each claim (all of them if none is named).

    `studies` are those that may bear on them, `found` the findings of those that have been made, by
    name.
    """
    for name in claims:
        if name not in CLAIMS:
            raise unknown("claim", name, CLAIMS)
    known = list(studies)
    chosen = [CLAIMS[name] for name in claims] or list(CLAIMS.values())
    return [_verdict(claim, known, found) for claim in chosen]


def _verdict(claim: Claim, studies: Sequence[Study], found: Mapping[str, Findings]) -> Verdict:
    bearing = [study.name for study in studies if claim.id in study.claims]
    said = {name: found[name].verdicts[claim.id] for name in bearing if name in found}
    missing = tuple(name for name in bearing if name not in found)
    states = {finding.state for finding in said.values()}
    state: State = "undecided"
    if "fails" in states:
        state = "fails"
    elif states == {"holds"} and not missing:
        state = "holds"
    return Verdict(claim=claim, state=state, found=said, missing=missing)
