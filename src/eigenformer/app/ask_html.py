"""An answer as the page shows it."""

from collections.abc import Callable, Iterable
from html import escape

import numpy as np
from jaxtyping import Float64

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
    "recomputed": "against the answer computed again",
    "diagonalisation": "off the diagonal",
    "reconstruction": "against the matrix put together again",
    "orthogonality": "columns against orthonormal ones",
}


def answer_html(asked: Asked, *, best: bool = False) -> str:
    """The verdict, the matrices, the errors, the certificate, the tokens.

    `best`: whether the model was chosen as the most accurate for the matrix.
    """
    answer, tokens_in, tokens_out = asked.answer, asked.tokens_in, asked.tokens_out
    m, n = answer.matrix.shape
    parts = [_verdict(answer, f"the best here for {m}x{n}" if best else ""),
             _matrices(answer, asked.noise)]  # fmt: skip
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


def _verdict(answer: Answer, chosen: str) -> str:
    notes = _notes(answer.cautions)
    by = f'<span class="ef-small">by {escape(answer.solver.name)}'
    by += f", {escape(chosen)}</span>" if chosen else "</span>"
    if not answer.valid:
        return f'{notes}<p class="ef-verdict ef-bad">No answer: {escape(answer.reason)}{by}</p>'
    tolerance = answer.right_within()
    kind = "bad" if tolerance is None else "good"
    verdict = "Wrong" if tolerance is None else f"Right within {100 * tolerance:g} %"
    return notes + (
        f'<p class="ef-verdict ef-{kind}">{verdict}'
        f'<span class="ef-small">error {p.percent(answer.error)} against LAPACK</span>{by}</p>'
    )


def named_parts(
    problem: str, shape: tuple[int, int], value: Float64[np.ndarray, "p q"]
) -> list[tuple[str, Float64[np.ndarray, "_ _"]]]:
    """The parts of an answer by name, where it has several: s, U and V of an SVD."""
    if problem == "eigenvectors":
        return [("eigenvalues", value[:1]), ("Q, columns: eigenvectors", value[1:])]
    if problem == "svd":
        rows = shape[0]
        return [("s", value[:1]), ("U", value[1 : 1 + rows]), ("V", value[1 + rows :])]
    return [("", value)]


def _parts(answer: Answer, value: Float64[np.ndarray, "p q"], draw: Callable[..., str]) -> str:
    """An answer's parts one under the other, each drawn by `draw` of it and LAPACK's."""
    problem, shape = answer.solver.problem.name, answer.matrix.shape
    ours = named_parts(problem, shape, value)
    truth = named_parts(problem, shape, answer.truth)
    if len(ours) == 1 or value.shape != answer.truth.shape:
        return draw(value, answer.truth)
    return "".join(
        f"<figure><figcaption>{escape(name)}</figcaption>{draw(part, true)}</figure>"
        for (name, part), (_, true) in zip(ours, truth, strict=True)
    )


def _shown(values: np.ndarray, truth: np.ndarray) -> str:
    return p.matrix(values, largest=float(np.abs(truth).max()))


def _difference(values: np.ndarray, truth: np.ndarray) -> str:
    # Full strength at a tenth of the largest coefficient: smaller errors must not look large.
    largest = 0.1 * float(np.abs(truth).max())
    return p.matrix(np.abs(values - truth), largest=largest, kind="error", digits=2)


def _matrices(answer: Answer, noise: float) -> str:
    shown = [p.card("The matrix", p.matrix(answer.matrix))]
    if noise:
        seen = p.matrix(answer.seen)
        shown.append(p.card("As the model sees it", seen, f"noise {100 * noise:g} %"))
    if answer.valid:
        shown.append(p.card(answer.solver.name, _parts(answer, answer.value, _shown)))
    shown.append(p.card("LAPACK", _parts(answer, answer.truth, _shown)))
    if answer.valid:
        shown.append(p.card("Difference", _parts(answer, answer.value, _difference)))
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
        rows.append(("proved of the unrounded answer", escape(answer.follows)))
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
    found = polished.polishing
    assert found is not None
    rows = [(str(step), p.number(value, 2)) for step, value in enumerate(found.residuals)]
    # The model's own cautions are above.
    notes = _notes(text for text in polished.cautions if text not in answer.cautions)
    return p.cards(
        p.card(
            "Polished",
            p.matrix(polished.value, largest=float(np.abs(answer.truth).max()))
            if polished.valid
            else p.sentence(f"No answer: {polished.reason}."),
            f"error {p.percent(polished.error)}" if polished.valid else "",
        ),
        p.card(
            "A constructed network, step by step",
            notes + p.table(rows, ("step", "residual")),
            found.measure,
        ),
    )


def attention_html(found: Attention, answer: Answer, *, noisy: bool) -> str:
    """The chosen pattern as a grid of grids."""
    if not found.names:
        return ""
    if found.grid is None:
        return p.sentence(
            "The answer is malformed, so that nothing of it looks at anything.", "note"
        )
    rows, columns, keys, across = found.grid.shape
    picture = p.grid_of_grids(
        found.grid.reshape(rows * columns, keys * across),
        (rows, columns),
        (keys, across),
        _coefficients(found, answer),
    )
    what = (
        "a small grid for each coefficient that asks, named; its cells are the coefficients that "
        "are looked at, in their places"
    )
    clean = "; of the matrix without its noise" if noisy else ""
    return p.card("Where it looks", picture, what + clean)


def _coefficients(found: Attention, answer: Answer) -> list[str]:
    """Names of the coefficients that ask: those of the answer's parts, or of the matrix."""
    assert found.grid is not None
    shape = found.grid.shape[:2]
    of_answer = found.name.startswith("decoder") and shape == answer.truth.shape
    names: list[str] = []
    problem = answer.solver.problem.name
    value = answer.truth if of_answer else np.zeros(shape)
    for name, part in named_parts(problem if of_answer else "", answer.matrix.shape, value):
        rows, columns = part.shape
        letter = name[:1] if name != "eigenvalues" else "\u03bb"
        for i in range(rows):
            for j in range(columns):
                at = [str(k + 1) for k, n in ((i, rows), (j, columns)) if n > 1]
                names.append(f"{letter} {','.join(at)}".strip() or "1")
    return names
