"""An answer as the page shows it."""

from html import escape

import numpy as np

from . import pictures as p
from .ask import ASKED_TOLERANCES, Answer
from .attention import Attention

_RESIDUALS = {
    "identity": "A X against I",
    "trace": "trace against their sum",
    "frobenius": "norm against theirs",
    "recomputed": "against the answer computed again",
    "diagonalisation": "off the diagonal",
    "reconstruction": "against the matrix put together again",
    "orthogonality": "columns against orthonormal ones",
}


def answer_html(answer: Answer) -> str:
    """The verdict, the matrices, the errors, the certificate, the tokens."""
    parts = [_verdict(answer), _matrices(answer)]
    parts.append(p.cards(_errors(answer), _certificate(answer)))
    if answer.polished is not None:
        parts.append(_polished(answer))
    parts.append(
        p.cards(
            p.card("Tokens in", p.tokens(answer.tokens_in), f"{len(answer.tokens_in)}"),
            p.card("Tokens out", p.tokens(answer.tokens_out), f"{len(answer.tokens_out)}"),
        )
    )
    return "".join(parts)


def _verdict(answer: Answer) -> str:
    notes = "".join(
        p.sentence(f"{text[:1].upper()}{text[1:]}.", "note") for text in answer.cautions
    )
    if answer.value is None:
        return notes + (f'<p class="ef-verdict ef-bad">No answer: {escape(answer.reason)}.</p>')
    within = [t for t in ASKED_TOLERANCES if answer.error < t]
    if within:
        verdict = f"Right within {100 * min(within):g} %"
        kind = "good"
    else:
        verdict, kind = "Wrong", "bad"
    return notes + (
        f'<p class="ef-verdict ef-{kind}">{verdict}'
        f'<span class="ef-small">error {p.percent(answer.error)} against LAPACK</span></p>'
    )


def _matrices(answer: Answer) -> str:
    truth = answer.truth
    shown = [p.card("The matrix", p.matrix(answer.matrix))]
    if answer.noise:
        shown.append(
            p.card("As the model sees it", p.matrix(answer.seen), f"noise {100 * answer.noise:g} %")
        )
    largest = float(np.abs(truth).max())
    if answer.value is not None:
        shown.append(p.card(answer.model, p.matrix(answer.value, largest=largest)))
    shown.append(p.card("LAPACK", p.matrix(truth, largest=largest)))
    if answer.value is not None:
        difference = np.abs(answer.value - truth)
        # Full strength at a tenth of the largest coefficient: smaller errors must not look large.
        shown.append(
            p.card(
                "Difference",
                p.matrix(difference, largest=0.1 * largest, kind="error", digits=2),
            )
        )
    return p.cards(*shown)


def _errors(answer: Answer) -> str:
    if answer.value is None:
        return ""
    names = {"l1": "error", "paper": "paper's score"}
    rows = [
        (
            f"{100 * tolerance:g} %",
            *(p.mark(answer.scores[name] < tolerance) for name in answer.scores),
        )
        for tolerance in ASKED_TOLERANCES
    ]
    head = ("within", *(f"{names[n]} {p.percent(v)}" for n, v in answer.scores.items()))
    return p.card("Error against each tolerance", p.table(rows, head))


def _certificate(answer: Answer) -> str:
    rows = []
    for name, value in answer.certificate.items():
        if name == "condition_number":
            rows.append(("condition number of the input", p.number(value)))
        elif answer.value is not None:
            rows.append((escape(_RESIDUALS.get(name, name.replace("_", " "))), p.percent(value)))
    right = answer.chance.right
    chance = escape(answer.chance.text)
    if right is not None:
        low, high = right.interval
        chance = (
            f"<b>{100 * right.value:.1f} %</b> (95 % interval {100 * low:.1f} to {100 * high:.1f}) "
            f'<span class="ef-small">{chance}</span>'
        )
    rows.append(("predicted chance of being right", chance))
    return p.card("Certificate", p.table(rows), "what can be known without LAPACK")


def _polished(answer: Answer) -> str:
    found = answer.polished
    assert found is not None
    rows = [(str(step), p.number(value, 2)) for step, value in enumerate(found.residuals)]
    notes = "".join(p.sentence(f"{text[:1].upper()}{text[1:]}.", "note") for text in found.remarks)
    return p.cards(
        p.card(
            "Polished",
            p.matrix(found.value, largest=float(np.abs(answer.truth).max())),
            f"error {p.percent(found.error)}",
        ),
        p.card(
            "Newton's network from there",
            notes + p.table(rows, ("step", "||I − A X||")),
        ),
    )


def attention_html(found: Attention, *, noisy: bool) -> str:
    """The chosen pattern as a grid of grids."""
    if not found.names:
        return p.sentence("This model has no attention.", "note")
    if found.grid is None:
        return p.sentence(
            "The answer is malformed, so that nothing of it looks at anything.", "note"
        )
    rows, columns, keys, across = found.grid.shape
    picture = p.grid_of_grids(
        found.grid.reshape(rows * columns, keys * across), (rows, columns), (keys, across)
    )
    what = (
        "a small grid for each coefficient that asks, in its place; the darker a cell, the more it "
        "looks there"
    )
    clean = "; of the matrix without its noise" if noisy else ""
    return p.card("Where it looks", picture, what + clean)
