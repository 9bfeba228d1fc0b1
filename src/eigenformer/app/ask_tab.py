"""The tab *Ask a model*."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from ..core import InputError
from ..ensembles.reading import matrix_text, parse_matrix
from . import pictures as p
from . import worker
from .answers import ask_model
from .draw import LARGEST_SIDE, draw, ensemble_names, ensemble_of, knob
from .look import QUIET
from .menu import can_polish, models_by_problem, problem_of, sizes_of
from .state import AskState, from_controls


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AskTab:
    """What the rest of the page needs of this tab."""

    controls: tuple[Any, ...]
    """In the order of `AskState`'s fields."""
    triggers: tuple[Any, ...]
    """Event listeners after which `answer` is due."""
    outputs: tuple[Any, ...]
    """What `answer` fills."""


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
    """Updates that put the controls where a state has them; `answer` sets those of attention."""
    special = knob(state.ensemble)
    return [
        state.matrix,
        state.problem,
        gr.update(choices=list(models_by_problem()[state.problem]), value=state.model),
        100 * state.noise,
        gr.update(value=state.polish, interactive=can_polish(state.problem)),
        state.ensemble,
        state.size,
        state.scale,
        _knob_update(state.ensemble) | {"value": state.setting} if special else _knob_update(""),
        state.seed,
    ]


def answer(state: AskState) -> list[Any]:
    """The sentence under the box, the answer, and the attention behind it with its choices."""
    try:
        html, looks, look, heads, head, attention = worker.call(ask_model, state)
    except InputError as error:
        return [p.error_sentence(error), "", gr.skip(), gr.skip(), ""]
    return [
        "",
        html,
        gr.update(choices=looks, value=look),
        gr.update(choices=heads, value=head),
        attention,
    ]


def build_ask() -> AskTab:
    """Lay the tab out; inside of a `gr.Blocks`."""
    usual = AskState()
    with gr.Row(elem_classes="ef-tab"):
        with gr.Column(scale=4, min_width=300):
            with gr.Row():
                problem = gr.Dropdown(
                    list(models_by_problem()), value=usual.problem, label="Problem", min_width=180
                )
                model = gr.Dropdown(
                    list(models_by_problem()[usual.problem]),
                    value=usual.model,
                    label="Model",
                    min_width=210,
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
                solve = gr.Button("Solve", variant="primary", min_width=120, elem_id="ef-solve")
                roll = gr.Button("Draw another", min_width=120, elem_id="ef-draw")
            with gr.Row():
                polish = gr.Checkbox(
                    value=False, label="Polish inverses", min_width=140, interactive=False
                )
                noise = gr.Slider(0, 20, value=0, step=0.5, label="Noise, %", min_width=160)
            with gr.Accordion("What is drawn", open=False):
                with gr.Row():
                    ensemble = gr.Dropdown(
                        list(ensemble_names()),
                        value=usual.ensemble,
                        label="Ensemble",
                        min_width=140,
                    )
                    seed = gr.Number(
                        usual.seed, label="Seed", precision=0, minimum=0, min_width=100
                    )
                size = gr.Slider(1, LARGEST_SIDE, value=usual.size, step=1, label="Size")
                scale = gr.Slider(0.5, 100, value=usual.scale, step=0.5, label="Scale")
                setting = gr.Slider(
                    0, 3, value=1, step=0.1, label="Spread of the spectrum", visible=False
                )
        with gr.Column(scale=7, min_width=300):
            result = gr.HTML(elem_id="ef-answer", padding=False)
            with gr.Row():
                look = gr.Dropdown([], label="Attention", min_width=240, scale=3, elem_id="ef-look")
                head = gr.Dropdown([], label="Head", min_width=160, elem_id="ef-head-choice")
            picture = gr.HTML(elem_id="ef-attention", padding=False)
    controls = (
        matrix, problem, model, noise, polish, ensemble, size, scale, setting, seed, look, head
    )  # fmt: skip
    outputs = (sentence, result, look, head, picture)

    def choose_problem(name: str, *values: Any) -> list[Any]:
        first = models_by_problem().get(name, ("",))[0]
        return [gr.update(choices=list(models_by_problem().get(name, ())), value=first),
                *_fitting(name, first, values)]  # fmt: skip

    def choose_model(name: str, *values: Any) -> list[Any]:
        return _fitting(values[1], name, values)

    fitting = [matrix, polish, size, sentence]
    chosen = problem.input(choose_problem, [problem, *controls], [model, *fitting], **QUIET)
    other = model.input(choose_model, [model, *controls], fitting, **QUIET)
    ensemble.input(_knob_update, ensemble, setting, **QUIET)
    rolled = roll.click(_drawn, list(controls), [matrix, seed, sentence], **QUIET)
    triggers = (
        solve.click, noise.release, polish.input, matrix.input, look.input, head.input,
        chosen.then, other.then, rolled.then,
    )  # fmt: skip
    return AskTab(controls=controls, triggers=triggers, outputs=outputs)


def _fitting(problem: str, model: str, values: tuple[Any, ...]) -> list[Any]:
    """A matrix that the model takes, where the present one is not of its size."""
    try:
        state = read_controls((values[0], problem, model, *values[3:]))
        low, high = sizes_of(model)
        size = min(max(state.size, low), high)
        drawn = _draw(replace(state, size=size))
        try:
            fits = parse_matrix(state.matrix, LARGEST_SIDE).shape == drawn.shape
            problem_of(problem).check(parse_matrix(state.matrix, LARGEST_SIDE)[None])
        except InputError:
            fits = False
        polishes = can_polish(problem)
        polish = gr.update(interactive=polishes, value=polishes)
        return [gr.skip() if fits else matrix_text(drawn), polish, size, ""]
    except InputError as error:
        return [gr.skip(), gr.skip(), gr.skip(), p.error_sentence(error)]


def _drawn(*values: Any) -> list[Any]:
    """The next random matrix, and the seed that it came from."""
    try:
        state = read_controls(values)
        state = replace(state, seed=state.seed + 1)
        return [matrix_text(_draw(state)), state.seed, ""]
    except InputError as error:
        return [gr.skip(), gr.skip(), p.error_sentence(error)]


def _draw(state: AskState) -> Any:
    ensemble = ensemble_of(state.ensemble, state.size, state.scale, state.setting)
    return draw(problem_of(state.problem), ensemble, state.seed)


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
