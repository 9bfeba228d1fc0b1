"""An answer as the page shows it."""

from collections.abc import Iterable
from html import escape

import numpy as np

from ..evaluation import Answer
from . import pictures as p
from .ask import ASKED_TOLERANCES, Asked
from .attention import Attention
from .chance import Chance

_RESIDUALS = {
    "identity": "A X against I",
    "trace": "trace against their sum",
    "frobenius": "norm against theirs",
    "moments": "higher powers against theirs",
    "bound": "bound that follows",
    "recomputed": "against the answer computed again",
    "diagonalisation": "off the diagonal",
    "reconstruction": "against the matrix put together again",
    "orthogonality": "columns against orthonormal ones",
}


def answer_html(asked: Asked) -> str:
    """The verdict, the matrices, the errors, the certificate, the tokens."""
    answer, tokens_in, tokens_out = asked.answer, asked.tokens_in, asked.tokens_out
    parts = [_verdict(answer), _matrices(answer, asked.noise)]
    parts.append(p.cards(_errors(answer), _certificate(answer, asked.chance)))
    if asked.polished is not None:
        parts.append(_polished(answer, asked.polished))
    written = [
        p.card(title, p.tokens(tokens), f"{len(tokens)}")
        for title, tokens in (("Tokens in", tokens_in), ("Tokens out", tokens_out))
        if tokens
    ]
    if written:
        parts.append(p.cards(*written))
    return "".join(parts)


def _notes(sentences: Iterable[str]) -> str:
    return "".join(p.sentence(f"{text[:1].upper()}{text[1:]}.", "note") for text in sentences)


def _verdict(answer: Answer) -> str:
    notes = _notes(answer.cautions)
    if not answer.valid:
        return notes + (f'<p class="ef-verdict ef-bad">No answer: {escape(answer.reason)}.</p>')
    tolerance = answer.right_within(ASKED_TOLERANCES)
    kind = "bad" if tolerance is None else "good"
    verdict = "Wrong" if tolerance is None else f"Right within {100 * tolerance:g} %"
    return notes + (
        f'<p class="ef-verdict ef-{kind}">{verdict}'
        f'<span class="ef-small">error {p.percent(answer.error)} against LAPACK</span></p>'
    )


def _matrices(answer: Answer, noise: float) -> str:
    truth = answer.truth
    shown = [p.card("The matrix", p.matrix(answer.matrix))]
    if noise:
        seen = p.matrix(answer.seen)
        shown.append(p.card("As the model sees it", seen, f"noise {100 * noise:g} %"))
    largest = float(np.abs(truth).max())
    if answer.valid:
        shown.append(p.card(answer.solver.name, p.matrix(answer.value, largest=largest)))
    shown.append(p.card("LAPACK", p.matrix(truth, largest=largest)))
    if answer.valid:
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
    if not answer.valid:
        return ""
    names = {"l1": "error", "paper": "paper's score"}
    errors = {text: answer.scores[name] for name, text in names.items() if name in answer.scores}
    rows = [
        (f"{100 * tolerance:g} %", *(p.mark(error < tolerance) for error in errors.values()))
        for tolerance in ASKED_TOLERANCES
    ]
    head = ("within", *(f"{text} {p.percent(error)}" for text, error in errors.items()))
    return p.card("Error against each tolerance", p.table(rows, head))


def _certificate(answer: Answer, chance: Chance) -> str:
    rows = []
    for name, value in answer.certificate.items():
        if name == "condition_number":
            rows.append(("condition number of the input", p.number(value)))
        elif answer.valid:
            rows.append((escape(_RESIDUALS.get(name, name.replace("_", " "))), p.percent(value)))
    if answer.follows:
        rows.append(("what follows", escape(answer.follows)))
    if answer.factor != 1:
        rows.append(("asked about", f"{p.number(answer.factor)} times the matrix"))
    text, right = escape(chance.text), chance.right
    if right is not None:
        low, high = right.interval
        text = (
            f"<b>{100 * right.value:.1f} %</b> (95 % interval {100 * low:.1f} to {100 * high:.1f}) "
            f'<span class="ef-small">{text}</span>'
        )
    rows.append(("predicted chance of being right", text))
    return p.card("Certificate", p.table(rows), "what can be known without LAPACK")


def _polished(answer: Answer, polished: Answer) -> str:
    rows = [(str(step), p.number(value, 2)) for step, value in enumerate(polished.residuals)]
    # The model's own cautions are above.
    notes = _notes(text for text in polished.cautions if text not in answer.cautions)
    return p.cards(
        p.card(
            "Polished",
            p.matrix(polished.value, largest=float(np.abs(answer.truth).max())),
            f"error {p.percent(polished.error)}",
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
