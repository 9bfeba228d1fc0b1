"""A built network as the page shows it."""

from html import escape

from . import pictures as p
from .build import Built, weights
from .figures import image, residual_figure


def built_html(found: Built) -> str:
    """The network as a whole: its counts, its layers."""
    summary = found.network.summary()
    rows = [(name, escape(ours)) for name, ours, _ in summary.counts() if ours]
    layers = [
        (group.label, "<br>".join(escape(text) for text in group.text)) for group in summary.groups
    ]
    notes = "".join(p.sentence(f"{text[:1].upper()}{text[1:]}.", "note") for text in summary.notes)
    return p.cards(
        p.card("The network", p.table(rows) + notes),
        p.card("What its layers do", p.table(layers, ("layer", "adds")), "blocks by name"),
    )


def layer_html(found: Built, layer: int) -> tuple[str, str]:
    """The residual up to a layer; its words, its weights and the state after it."""
    layer = min(max(layer, 0), found.depth)
    last = found.residuals[layer]
    other = found.other
    beside = "" if other is None else f"; the other {p.number(float(other.residuals[-1]), 2)}"
    curve = p.card(
        "Residual",
        image(residual_figure(found, layer), f"{found.measure} after each layer"),
        f"{p.number(float(last), 2)} after layer {layer}; condition number "
        f"{p.number(found.condition, 3)}{beside}",
    )
    words = "".join(f"<p><code>{escape(text)}</code></p>" for text in found.words(layer))
    state = found.states[layer]
    largest = max(float(abs(block).max()) for block in found.states[0].values()) or 1.0
    blocks = "".join(
        f"<figure><figcaption>{escape(name)}</figcaption>"
        f"{p.matrix(block, largest=largest, digits=3)}</figure>"
        for name, block in state.items()
    )
    pictures = "".join(
        f"<figure><figcaption>{escape(weight.name)}</figcaption>"
        f"{p.sparse_matrix(weight.matrix, weight.rows, weight.columns)}</figure>"
        for weight in weights(found, layer)
    )
    title = f"Layer {layer}" if layer else "The input"
    parts = [
        p.card(title, words),
        p.card(
            "The state after it" if layer else "Its blocks",
            f'<div class="ef-blocks">{blocks}</div>',
        ),
    ]
    if pictures:
        parts.append(
            p.card(
                "Its weights",
                f'<div class="ef-blocks">{pictures}</div>',
                "rows: to; columns: from; coloured where not zero",
            )
        )
    return curve, "".join(parts)
