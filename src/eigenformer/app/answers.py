"""What the tabs ask for, as text and plain values, so that another process can answer (`worker`).

Everything here is a function of its arguments alone. Input that cannot be answered is an
`InputError`.
"""

from ..ensembles.matrix_text import parse_matrix
from .ask import ask
from .ask_html import answer_html, attention_html
from .attention import attention, called
from .build import Built, build
from .build_html import built_html, layer_html
from .compare import points
from .compare_html import partly_html, whole_html
from .comparison import Comparison
from .draw import LARGEST_SIDE
from .state import AskState, BuildState

Choices = list[tuple[str, str | int]]
"""Labels and values of a drop-down list."""


def ask_model(state: AskState) -> tuple[str, Choices, str, Choices, int, str]:
    """The answer; the attention patterns and the one shown; its heads and the one shown; itself."""
    matrix = parse_matrix(state.matrix, LARGEST_SIDE)
    found = ask(
        state.problem,
        state.model,
        matrix,
        noise=state.noise,
        polished=state.polish,
        seed=state.seed,
    )
    seen = attention(state.problem, state.model, matrix, state.look, state.head)
    looks: Choices = [(called(name), name) for name in seen.names]
    heads: Choices = [("average of all", 0), *((str(n), n) for n in range(1, seen.heads + 1))]
    picture = attention_html(seen, noisy=state.noise > 0)
    return answer_html(found), looks, seen.name, heads, seen.head, picture


def build_network(state: BuildState) -> tuple[str, int, int, str, str]:
    """The network, its depth, the layer shown, the residual up to that layer, the layer."""
    found = _built(state)
    layer = min(state.layer, found.depth)
    return built_html(found), found.depth, layer, *layer_html(found, layer)


def step_network(state: BuildState) -> tuple[str, str]:
    """The residual up to a layer; the layer."""
    return layer_html(_built(state), state.layer)


def _built(state: BuildState) -> Built:
    return build(state.program, state.condition, state.seed)


def compare_solvers(asked: Comparison, done: int) -> str | None:
    """What is shown after `done` points, the whole if that is all; None within a place."""
    known = points(asked, done)
    if done == len(asked.points()):
        return whole_html(asked, known)
    return partly_html(asked, known) if done % len(asked.solvers) == 0 else None
