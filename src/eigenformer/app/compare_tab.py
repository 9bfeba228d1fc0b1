"""The tab *Compare*."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..core import InputError
from . import pictures as p
from . import worker
from .answers import compare_point, comparison_html
from .comparison import MOST_MATRICES, MOST_SOLVERS, MOST_STEPS, SWEEPS, CompareState
from .controls import CheckboxGroup, Dropdown, NumberField, Radio, Slider
from .draw import LARGEST_SIDE
from .look import QUIET
from .menu import models_by_problem, solver_names
from .snippet import compare_python
from .state import from_controls
from .worker import StoppedWork

TOLERANCES = (0.25, 0.10, 0.05, 0.02, 0.01, 0.005)
_EMPTY = (
    '<p class="ef-note">Each point is the share of random matrices that a solver gets right, with '
    "its 95 % interval; every solver meets the same matrices.</p>"
)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class CompareTab:
    """What the rest of the page needs of this tab."""

    controls: tuple[Any, ...]
    """In the order of `CompareState`'s fields."""
    button: Any
    stop: Any
    outputs: tuple[Any, ...]
    """What `compared` fills."""
    listed: Any
    """The problem whose solvers are listed."""


@from_controls
def read_controls(values: tuple[Any, ...]) -> CompareState:
    """The controls' values, checked."""
    problem, solvers, sweep, size, tolerance, matrices, steps, seed = values
    return CompareState(
        problem=str(problem),
        solvers=tuple(str(name) for name in solvers or ()),
        sweep=str(sweep),
        size=int(size),
        tolerance=float(tolerance),
        matrices=int(matrices),
        steps=int(steps),
        seed=int(seed or 0),
    )


def control_values(state: CompareState) -> list[Any]:
    """Updates that put the controls where a state has them."""
    names = list(solver_names(state.problem))
    return [
        state.problem,
        gr.update(choices=names, value=list(state.solvers)),
        state.sweep,
        state.size,
        state.tolerance,
        state.matrices,
        state.steps,
        state.seed,
    ]


def build_compare() -> CompareTab:
    """Lay the tab out; inside of a `gr.Blocks`."""
    usual = CompareState()
    with gr.Row(elem_classes="ef-tab"):
        with gr.Column(scale=4, min_width=300):
            problem = Dropdown(list(models_by_problem()), value=usual.problem, label="Problem")
            solvers = CheckboxGroup(
                list(solver_names(usual.problem)),
                value=list(usual.solvers),
                label=f"Solvers, up to {MOST_SOLVERS}",
                elem_id="ef-solvers",
            )
            sweep = Radio(list(SWEEPS), value=usual.sweep, label="Sweep", elem_id="ef-sweep")
            with gr.Row():
                size = Slider(1, LARGEST_SIDE, value=usual.size, step=1, label="Size",
                                 min_width=150)  # fmt: skip
                tolerance = Dropdown(
                    [(f"{100 * t:g} %", t) for t in TOLERANCES],
                    value=usual.tolerance,
                    label="Right within",
                    min_width=110,
                )
            with gr.Row():
                matrices = Slider(10, MOST_MATRICES, value=usual.matrices, step=10,
                                     label="Matrices a point", min_width=150)  # fmt: skip
                steps = Slider(1, MOST_STEPS, value=usual.steps, step=1, label="Newton steps",
                                  min_width=150)  # fmt: skip
            seed = NumberField(usual.seed, label="Seed", precision=0, minimum=0)
            with gr.Row():
                run = gr.Button("Compare", variant="primary", elem_id="ef-compare")
                stop = gr.Button("Stop", variant="stop", elem_id="ef-stop")
            sentence = gr.HTML(elem_id="ef-compare-sentence", elem_classes="ef-may", padding=False)
            with gr.Accordion("As Python", open=False):
                code = gr.Textbox(
                    "", show_label=False, lines=8, max_lines=20, interactive=False,
                    buttons=["copy"], elem_id="ef-compare-python", elem_classes="ef-mono",
                )  # fmt: skip
        with gr.Column(scale=7, min_width=300):
            progress = gr.HTML(_EMPTY, elem_id="ef-progress", padding=False)
            result = gr.HTML(elem_id="ef-comparison", padding=False)

    listed = gr.State(usual.problem)
    problem.input(_choose, [problem, solvers, listed], [solvers, listed],
                  trigger_mode="always_last", **QUIET)  # fmt: skip
    return CompareTab(
        controls=(problem, solvers, sweep, size, tolerance, matrices, steps, seed),
        button=run,
        stop=stop,
        outputs=(sentence, progress, result, code),
        listed=listed,
    )


def _choose(problem: Any, solvers: Any, listed: str) -> list[Any]:
    """The solvers of a problem, where another one was chosen; those that stay chosen do."""
    if problem == listed or not isinstance(problem, str) or problem not in models_by_problem():
        return [gr.skip(), gr.skip()]
    names = list(solver_names(problem))
    kept = [name for name in solvers if name in names] if isinstance(solvers, list) else []
    return [gr.update(choices=names, value=list(dict.fromkeys([*names[:1], *kept]))), problem]


def compared(asked: CompareState, stop: threading.Event) -> Iterator[list[Any]]:
    """Values for the outputs, again and again as points come in, until all are or `stop` is set."""
    total, places = len(asked.points()), len(asked.solvers)
    known: list[Any] = []
    code = compare_python(asked)
    try:
        yield ["", _progress(0, total), gr.skip(), code]
        while len(known) < total:
            known.append(worker.work(stop, compare_point, asked, known))
            done = len(known)
            if done % places == 0 or done == total:
                shown = worker.work(stop, comparison_html, asked, known)
                yield ["", _progress(done, total) if done < total else "", shown, code]
    except StoppedWork:
        yield ["", p.sentence("Stopped.", "note"), gr.skip(), code]
    except InputError as error:
        yield refused(error)


def refused(error: InputError) -> list[Any]:
    """Values for the outputs where there is a mistake."""
    return [p.error_sentence(error), "", "", ""]


def _progress(done: int, total: int) -> str:
    return (
        f'<label class="ef-progress">{done} of {total} points'
        f'<progress max="{total}" value="{done}"></progress></label>'
    )
