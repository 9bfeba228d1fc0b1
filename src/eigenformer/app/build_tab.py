"""The tab *Build an algorithm*."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..core import InputError
from . import pictures as p
from . import worker
from .answers import build_network, step_network
from .examples import EXAMPLES
from .look import QUIET
from .state import BuildState, from_controls


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BuildTab:
    """What the rest of the page needs of this tab."""

    controls: tuple[Any, ...]
    """In the order of `BuildState`'s fields."""
    button: Any
    outputs: tuple[Any, ...]
    """The sentence, the network, the layer's slider."""
    layer_outputs: tuple[Any, ...]
    """The residual up to a layer, and the layer."""
    steps: tuple[Any, ...]
    """The buttons for the layer before and after."""


@from_controls
def read_controls(values: tuple[Any, ...]) -> BuildState:
    """The controls' values, checked."""
    program, condition, seed, layer = values
    return BuildState(
        program=str(program or ""),
        condition=float(condition),
        seed=int(seed or 0),
        layer=int(layer or 0),
    )


def build_build() -> BuildTab:
    """Lay the tab out; inside of a `gr.Blocks`."""
    usual = BuildState()
    with gr.Row(elem_classes="ef-tab"):
        with gr.Column(scale=4, min_width=300):
            example = gr.Dropdown(list(EXAMPLES), value=None, label="Begin with")
            program = gr.Textbox(
                value=usual.program,
                label="Matrix program",
                info="Products *, transposes ', powers ^, I; relu, abs, stored of a matrix",
                lines=9,
                max_lines=20,
                max_length=3000,
                elem_id="ef-program",
                elem_classes="ef-mono",
            )
            sentence = gr.HTML(elem_id="ef-build-sentence", elem_classes="ef-may", padding=False)
            compile_ = gr.Button("Compile and run", variant="primary", elem_id="ef-compile")
            condition = gr.Slider(
                0, 6, value=usual.condition, step=0.25, label="Condition number of inputs, 10^"
            )
            seed = gr.Number(usual.seed, label="Seed", precision=0, minimum=0)
            curve = gr.HTML(elem_id="ef-curve", padding=False)
        with gr.Column(scale=7, min_width=300):
            network = gr.HTML(elem_id="ef-network", padding=False)
            with gr.Row(elem_classes="ef-stepper"):
                back = gr.Button("◀ Before", min_width=90, scale=1, size="md", elem_id="ef-back")
                layer = gr.Slider(
                    0, 13, value=usual.layer, step=1, label="Layer", min_width=170, scale=5
                )
                on = gr.Button("Next ▶", min_width=90, scale=1, size="md", elem_id="ef-next")
            detail = gr.HTML(elem_id="ef-layer", padding=False)

    example.input(lambda name: EXAMPLES.get(name, ""), example, program, **QUIET)
    return BuildTab(
        controls=(program, condition, seed, layer),
        button=compile_,
        outputs=(sentence, network, layer),
        layer_outputs=(curve, detail),
        steps=(back, on),
    )


def compiled(state: BuildState) -> list[Any]:
    """Values for the tab's outputs and layer outputs; a sentence where there is a mistake."""
    try:
        network, depth, layer, curve, detail = worker.call(build_network, state)
    except InputError as error:
        return [p.error_sentence(error), "", gr.skip(), "", ""]
    return ["", network, gr.update(maximum=depth, value=layer), curve, detail]


def stepped(state: BuildState) -> list[Any]:
    """Values for the layer's outputs alone."""
    try:
        return list(worker.call(step_network, state))
    except InputError:
        # The program has been edited since; the sentence comes when it is compiled.
        return [gr.skip(), gr.skip()]
