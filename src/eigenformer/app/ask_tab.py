"""The tab *Ask a model*."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from ..core import InputError
from ..ensembles.reading import matrix_text, parse_matrix
from . import pictures as p
from . import worker
from .answers import ask_model
from .controls import Dropdown, NumberField, Signs, Slider
from .draw import LARGEST_SIDE, draw, ensemble_names, ensemble_of, knob
from .look import QUIET, WAIT
from .menu import (
    BEST,
    can_polish,
    model_choices,
    models_by_problem,
    models_of,
    problem_of,
    sizes_of,
)
from .presets import PRESETS
from .scripts import offer, take, undo
from .snippet import ask_python
from .state import FIRST_MATRIX, AskState, from_controls


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AskTab:
    """What the rest of the page needs of this tab."""

    controls: tuple[Any, ...]
    """In the order of `AskState`'s fields."""
    triggers: tuple[Any, ...]
    """Event listeners after which `answer` is due."""
    outputs: tuple[Any, ...]
    """What `answer` fills."""
    settled: tuple[Any, ...]
    """What `settled` fills."""
    rolled: Any
    """The matrix that was drawn last on request."""
    knobbed: Any
    """The ensemble whose slider is shown."""


@from_controls
def read_controls(values: tuple[Any, ...]) -> AskState:
    """The controls' values, checked; an `InputError` for what the page cannot have sent."""
    matrix, problem, model, noise, polish, ensemble, size, scale, setting, seed, look, head = values
    return AskState(
        matrix=str(matrix or ""),
        problem=str(problem),
        model=str(model),
        noise=float(noise or 0.0) / 100,
        polish=bool(polish),
        ensemble=str(ensemble),
        size=int(size),
        scale=float(scale),
        setting=float(setting),
        seed=int(seed or 0),
        look=str(look or ""),
        head=int(head or 0),
    )


def control_values(state: AskState) -> list[Any]:
    """Updates that put the controls after the matrix, which is offered, where a state has them."""
    special = knob(state.ensemble)
    return [
        state.problem,
        gr.update(choices=model_choices(state.problem), value=state.model),
        100 * state.noise,
        gr.update(value=state.polish, interactive=can_polish(state.problem)),
        state.ensemble,
        state.size,
        state.scale,
        _knob_update(state.ensemble) | {"value": state.setting} if special else _knob_update(""),
        state.seed,
        state.look or None,
        state.head,
    ]


def answer(state: AskState) -> list[Any]:
    """Values for the tab's outputs: what answers, or the sentence under the box."""
    try:
        html, looks, look, heads, head, attention, model = worker.call(ask_model, state)
        code = ask_python(state, model)
    except InputError as error:
        return refused(error)
    shown = bool(looks)
    return [
        "",
        html,
        gr.update(choices=looks, value=look, visible=shown),
        gr.update(choices=heads, value=head, visible=shown),
        attention,
        code,
    ]


def refused(error: InputError) -> list[Any]:
    """Values for the tab's outputs where there is a mistake."""
    return [p.error_sentence(error), "", gr.skip(), gr.skip(), "", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the server knows of a page: what it answered, and the matrix that it drew."""

    answered: AskState | None = None
    listed: str = AskState().problem
    """The problem whose models are listed."""
    drawn: str = FIRST_MATRIX


def settled(asking: Asking, state: AskState, rolled: str) -> tuple[Asking, list[Any]]:
    """The controls put in order, as far as they do not fit one another, and what is known then.

    Values for the outputs `settled`: the model with its choices, polishing, size, an offered
    matrix, why a preset fails. A model of another problem gives way to the best; a matrix
    that was drawn (`rolled`, on request) to one that fits. What was typed stays.
    """
    model, polish, size, offered = gr.skip(), gr.skip(), gr.skip(), gr.skip()
    problem = state.problem
    if problem != asking.listed:
        polishes = can_polish(problem)
        polish = gr.update(interactive=polishes, value=polishes)
        state = replace(state, polish=polishes)
        fits = state.model in models_of(problem)
        state = state if fits else replace(state, model=BEST)
        model = gr.update(choices=model_choices(problem), value=state.model)
    before = asking.answered
    moved = before is None or (before.problem, before.model) != (problem, state.model)
    if moved and state.matrix in (asking.drawn, rolled) and (other := _fitting(state)) is not None:
        text, side = other
        offered, size = offer(text, seen=state.matrix, quiet=True), side
        asking = replace(asking, drawn=text)
        state = replace(state, matrix=text, size=side)
    found = replace(asking, answered=state, listed=problem)
    return found, [model, polish, size, offered, _why(state)]


def _why(state: AskState) -> str:
    """Why the model fails, where this is a preset."""
    shown = (state.problem, state.model, state.matrix)
    for name, each in PRESETS.items():
        if shown == (each.problem, each.model, each.matrix):
            return p.sentence(f"{name}: {each.why}", "note")
    return ""


def _fitting(state: AskState) -> tuple[str, int] | None:
    """A matrix that problem and model take, and its side; None where the present one is taken."""
    low, high = _sizes(state.model)
    side = min(max(state.size, low), high)
    other = draw_matrix(replace(state, size=side))
    try:
        present = parse_matrix(state.matrix, LARGEST_SIDE)
        problem_of(state.problem).check(present[None])
        if present.shape == other.shape or state.model == BEST:
            return None
    except InputError:
        pass
    return matrix_text(other), side


def _sizes(model: str) -> tuple[int, int]:
    return (1, LARGEST_SIDE) if model == BEST else sizes_of(model)


def build_ask(signs: Signs) -> AskTab:
    """Lay the tab out; inside of a `gr.Blocks`."""
    usual = AskState()
    with gr.Row(elem_classes="ef-tab"):
        with gr.Column(scale=4, min_width=300):
            with gr.Row():
                problem = Dropdown(
                    list(models_by_problem()),
                    value=usual.problem,
                    label="Problem",
                    min_width=180,
                    elem_id="ef-problem",
                )
                model = Dropdown(
                    model_choices(usual.problem),
                    value=usual.model,
                    label="Model",
                    min_width=210,
                    elem_id="ef-model",
                )
            matrix = gr.Textbox(
                value=usual.matrix,
                label="Matrix",
                info="Type or paste: rows as lines or after ;  MATLAB, NumPy, LaTeX and CSV work",
                lines=5,
                max_lines=10,
                max_length=3000,
                elem_id="ef-matrix",
                elem_classes="ef-mono",
            )
            sentence = gr.HTML(elem_id="ef-ask-sentence", elem_classes="ef-may", padding=False)
            with gr.Row():
                solve = gr.Button("Solve", variant="primary", min_width=100, elem_id="ef-solve")
                roll = gr.Button("Draw another", min_width=140, elem_id="ef-draw")
                undo_ = gr.Button(
                    "Undo", min_width=60, scale=0, interactive=False, elem_id="ef-undo"
                )
            with gr.Row():
                polish = gr.Checkbox(value=False, label="Polish", min_width=140, interactive=True)
                noise = Slider(0, 20, value=0, step=0.5, label="Noise, %", min_width=160)
            preset = Dropdown(
                [("choose an example", ""), *((name, name) for name in PRESETS)],
                value="",
                label="Where models fail",
                elem_id="ef-preset",
            )
            why = gr.HTML(elem_id="ef-why", elem_classes="ef-may", padding=False)
            with gr.Accordion("What is drawn", open=False):
                with gr.Row():
                    ensemble = Dropdown(
                        list(ensemble_names()),
                        value=usual.ensemble,
                        label="Ensemble",
                        min_width=140,
                    )
                    seed = NumberField(
                        usual.seed, label="Seed", precision=0, minimum=0, min_width=100
                    )
                size = Slider(1, LARGEST_SIDE, value=usual.size, step=1, label="Size")
                scale = Slider(0.5, 100, value=usual.scale, step=0.5, label="Scale")
                setting = Slider(
                    0, 3, value=1, step=0.1, label="Spread of the spectrum", visible=False
                )
            with gr.Accordion("As Python", open=False):
                code = gr.Textbox(
                    "", show_label=False, lines=8, max_lines=20, interactive=False,
                    buttons=["copy"], elem_id="ef-ask-python", elem_classes="ef-mono",
                )  # fmt: skip
        with gr.Column(scale=7, min_width=300):
            result = gr.HTML(WAIT, elem_id="ef-answer", padding=False)
            with gr.Row():
                look = Dropdown([], label="Attention", min_width=240, scale=3, visible=False,
                                elem_id="ef-look")  # fmt: skip
                head = Dropdown([], label="Head", min_width=160, visible=False,
                                elem_id="ef-head-choice")  # fmt: skip
            picture = gr.HTML(elem_id="ef-attention", padding=False)
    (offered,), due = signs.offers, signs.due
    controls = (
        matrix, problem, model, noise, polish, ensemble, size, scale, setting, seed, look, head
    )  # fmt: skip
    rolled = gr.State("")
    knobbed = gr.State(usual.ensemble)
    ensemble.input(_turn_knob, [ensemble, knobbed], [setting, knobbed],
                   trigger_mode="always_last", **QUIET)  # fmt: skip
    roll.click(_rolled, list(controls), [offered, seed, rolled, sentence], **QUIET)
    offered.change(None, [offered, matrix, due], [matrix, due, undo_], js=take("ask"), **QUIET)
    undo_.click(None, [matrix, due], [matrix, due, undo_], js=undo("ask"), **QUIET)
    preset.input(_preset, preset, [preset, problem, model, offered], **QUIET)
    return AskTab(
        controls=controls,
        # The text's `change`: Gradio says `input` of keys alone, not of what is pasted or deleted.
        triggers=(
            solve.click, noise.release, polish.input, matrix.change, look.input, head.input,
            problem.input, model.input, due.change,
        ),
        outputs=(sentence, result, look, head, picture, code),
        settled=(model, polish, size, offered, why),
        rolled=rolled,
        knobbed=knobbed,
    )  # fmt: skip


def _preset(name: Any) -> list[Any]:
    """Its question; the list goes back to none, so that leaving it later does nothing."""
    found = PRESETS.get(name) if isinstance(name, str) else None
    if found is None:
        return [gr.skip()] * 4
    model = gr.update(choices=model_choices(found.problem), value=found.model)
    return ["", found.problem, model, offer(found.matrix)]


def _rolled(*values: Any) -> list[Any]:
    """The next random matrix as an offer, the seed that it came from, itself."""
    try:
        state = read_controls(values)
        low, high = _sizes(state.model)
        size = min(max(state.size, low), high)
        state = replace(state, seed=state.seed + 1, size=size)
        text = matrix_text(draw_matrix(state))
    except InputError as error:
        return [gr.skip(), gr.skip(), gr.skip(), p.error_sentence(error)]
    return [offer(text), state.seed, text, ""]


def draw_matrix(state: AskState) -> Any:
    """The random matrix of a state's ensemble, size and seed."""
    ensemble = ensemble_of(state.ensemble, state.size, state.scale, state.setting)
    return draw(problem_of(state.problem), ensemble, state.seed)


def _turn_knob(ensemble: Any, shown: str) -> list[Any]:
    """The slider of what is special to an ensemble, where another one was chosen."""
    if ensemble == shown or ensemble not in ensemble_names():
        return [gr.skip(), gr.skip()]
    return [_knob_update(ensemble), ensemble]


def _knob_update(ensemble: str) -> Any:
    special = knob(ensemble)
    if special is None:
        return gr.update(visible=False)
    return gr.update(
        visible=True,
        label=special.label,
        minimum=special.low,
        maximum=special.high,
        step=special.step,
        value=special.default,
    )
