"""What the tabs ask for, as text and plain values, so that another process can answer (`worker`).

Everything here is a function of its arguments alone. Input that cannot be answered is an
`InputError`. What computes is imported when it is asked: the page's own process names these
functions, and should not wait for torch.
"""

from typing import TYPE_CHECKING

from ..ensembles.reading import parse_matrix
from .comparison import CompareState
from .draw import LARGEST_SIDE
from .menu import BEST
from .state import AskState, BuildState

if TYPE_CHECKING:
    from .build import Built
    from .compare import ComparisonPoint

Choices = list[tuple[str, str | int]]
"""Labels and values of a drop-down list."""


def ask_model(state: AskState) -> tuple[str, Choices, str, Choices, int, str, str]:
    """The answer, the attention patterns and the one shown, its heads and the one shown, itself.

    And the name of the model that answered.
    """
    from .ask import ask
    from .ask_html import answer_html, attention_html
    from .attention import attention, called

    matrix = parse_matrix(state.matrix, LARGEST_SIDE)
    asked = ask(
        state.problem,
        state.model,
        matrix,
        noise=state.noise,
        polished=state.polish,
        seed=state.seed,
    )
    model = asked.answer.solver.name
    seen = attention(state.problem, model, matrix, state.look, state.head)
    looks: Choices = [(called(name), name) for name in seen.names]
    heads: Choices = [("average of all", 0), *((str(n), n) for n in range(1, seen.heads + 1))]
    picture = attention_html(seen, asked.answer, noisy=state.noise > 0)
    best = state.model == BEST
    return answer_html(asked, best=best), looks, seen.name, heads, seen.head, picture, model


def build_network(state: BuildState) -> tuple[str, int, int, str, str, str]:
    """The network, its depth, the layer shown, the residual up to it, the layer, the Python."""
    from .build_html import built_html, layer_html
    from .snippet import build_python

    built = _built(state)
    layer = min(state.layer, built.depth)
    code = build_python(state)
    return built_html(built), built.depth, layer, *layer_html(built, layer), code


def step_network(state: BuildState) -> tuple[str, str]:
    """The residual up to a layer; the layer."""
    from .build_html import layer_html

    return layer_html(_built(state), state.layer)


def _built(state: BuildState) -> "Built":
    from .build import build

    return build(state.program, state.condition, state.seed, state.matrix, state.other)


def compare_point(asked: CompareState, known: "list[ComparisonPoint]") -> "ComparisonPoint":
    """The next point after those known."""
    from .compare import point

    return point(asked, *asked.points()[len(known)])


def comparison_html(asked: CompareState, known: "list[ComparisonPoint]") -> str:
    """What is shown of the points so far; the whole if those are all."""
    from .compare_html import partly_html, whole_html

    return (whole_html if len(known) == len(asked.points()) else partly_html)(asked, known)
