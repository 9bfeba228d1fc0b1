"""The tab *Build an algorithm*."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..core import InputError
from . import pictures as p
from . import worker
from .answers import build_network, step_network
from .controls import Dropdown, LayerSigns, NumberField, Slider
from .examples import EXAMPLES
from .look import QUIET
from .scripts import CALLED, COPY, PLAY, STEP, begin, take, undo
from .state import BuildState, from_controls


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BuildTab:
    """What the rest of the page needs of this tab."""

    controls: tuple[Any, ...]
    """In the order of `BuildState`'s fields."""
    compiling: tuple[Any, ...]
    """Event listeners after which `compiled` is due."""
    stepping: tuple[Any, ...]
    """Event listeners after which `stepped` is due."""
    outputs: tuple[Any, ...]
    """The sentence, the network, the layer's slider, the Python."""
    layer_outputs: tuple[Any, ...]
    """The residual up to a layer, and the layer."""


@from_controls
def read_controls(values: tuple[Any, ...]) -> BuildState:
    """The controls' values, checked."""
    program, condition, seed, layer, matrix, other = values
    return BuildState(
        program=str(program or ""),
        condition=float(condition),
        seed=int(seed or 0),
        layer=int(layer or 0),
        matrix=str(matrix or ""),
        other=str(other or ""),
    )


def build_build(signs: LayerSigns, asked: Any) -> BuildTab:
    """Lay the tab out; inside of a `gr.Blocks`. `asked` is the box of the tab *Ask*."""
    usual = BuildState()
    with gr.Row(elem_classes="ef-tab"):
        with gr.Column(scale=4, min_width=300):
            example, program = _program("Begin with", "Matrix program", usual.program, "program", 9)
            sentence = gr.HTML(elem_id="ef-build-sentence", elem_classes="ef-may", padding=False)
            with gr.Row():
                compile_ = gr.Button(
                    "Compile and run", variant="primary", min_width=140, elem_id="ef-compile"
                )
                undo_ = gr.Button(
                    "Undo", min_width=60, scale=0, interactive=False, elem_id="ef-build-undo"
                )
            condition = Slider(
                0, 6, value=usual.condition, step=0.25, label="Condition number of inputs, 10^"
            )
            seed = NumberField(usual.seed, label="Seed", precision=0, minimum=0)
            with gr.Accordion("My matrix", open=False):
                matrix = gr.Textbox(
                    "", label="The first input", info="A random one where this is empty", lines=3,
                    max_lines=8, max_length=3000, elem_id="ef-own", elem_classes="ef-mono",
                )  # fmt: skip
                with gr.Row():
                    take_ = gr.Button("Take that of Ask a model", min_width=170, elem_id="ef-take")
                    undo_own = gr.Button("Undo", min_width=60, scale=0, interactive=False)
            with gr.Accordion("Beside another program", open=False):
                example_2, other = _program("Begin with", "The other program", "", "other", 5)
                undo_other = gr.Button("Undo", min_width=60, scale=0, interactive=False)
            with gr.Accordion("As Python", open=False):
                code = gr.Textbox(
                    "", show_label=False, lines=8, max_lines=20, interactive=False,
                    buttons=["copy"], elem_id="ef-build-python", elem_classes="ef-mono",
                )  # fmt: skip
            curve = gr.HTML(elem_id="ef-curve", padding=False)
        with gr.Column(scale=7, min_width=300):
            network = gr.HTML(
                '<p class="ef-note" role="status">The program is being compiled.</p>',
                elem_id="ef-network",
                padding=False,
            )
            with gr.Row(elem_classes="ef-stepper"):
                back = gr.Button(
                    "\u25c0 Before", min_width=90, scale=1, size="md", elem_id="ef-back"
                )
                layer = Slider(
                    0, 13, value=usual.layer, step=1, label="Layer", min_width=170, scale=5
                )
                on = gr.Button("Next \u25b6", min_width=90, scale=1, size="md", elem_id="ef-next")
                play = gr.Button("Play", min_width=70, scale=1, size="md", elem_id="ef-play")
            detail = gr.HTML(elem_id="ef-layer", padding=False)

    due, moved, depth, playing = signs.due, signs.moved, signs.depth, signs.playing
    timer = signs.timer
    boxes = (
        (program, undo_, "build"), (matrix, undo_own, "own"), (other, undo_other, "other")
    )  # fmt: skip
    for given, (box, button, name) in zip(signs.offers, boxes, strict=True):
        given.change(None, [given, box, due], [box, due, button], js=take(name), **QUIET)
        button.click(None, [box, due], [box, due, button], js=undo(name), **QUIET)
    for listed, (box, button, name) in ((example, boxes[0]), (example_2, boxes[2])):
        listed.input(None, [listed, box], [box, button], js=begin(name), **QUIET)
        box.change(None, box, listed, js=CALLED, **QUIET)
    take_.click(None, [asked, matrix], [matrix, undo_own], js=COPY, **QUIET)
    # What is beside the slider moves it, and says so by a counter.
    for button, by in ((back, "Math.max(0, layer - 1)"), (on, "Math.min(depth, layer + 1)")):
        button.click(None, [layer, depth, moved], [layer, moved],
                     js=f"(layer, depth, moved) => [{by}, moved + 1]", **QUIET)  # fmt: skip
    play.click(None, playing, [playing, timer, play], js=PLAY, **QUIET)
    timer.tick(None, [layer, depth, moved], [layer, moved, playing, timer, play], js=STEP, **QUIET)
    return BuildTab(
        controls=(program, condition, seed, layer, matrix, other),
        compiling=(compile_.click, condition.release, seed.submit, due.change),
        stepping=(layer.input, moved.change),
        outputs=(sentence, network, layer, depth, code),
        layer_outputs=(curve, detail),
    )


def _program(begin_with: str, label: str, text: str, name: str, lines: int) -> tuple[Any, Any]:
    """A list of programs, and the box of one."""
    called = next((name for name, each in EXAMPLES.items() if each == text), None)
    listed = Dropdown(list(EXAMPLES), value=called, label=begin_with, elem_id=f"ef-begin-{name}")
    box = gr.Textbox(
        value=text,
        label=label,
        info="Products *, transposes ', powers ^, I; relu, abs, stored of a matrix",
        lines=lines,
        max_lines=20,
        max_length=3000,
        elem_id=f"ef-{name}",
        elem_classes="ef-mono",
    )
    return listed, box


def compiled(state: BuildState) -> list[Any]:
    """Values for the tab's outputs and layer outputs; a sentence where there is a mistake."""
    try:
        network, depth, layer, curve, detail, code = worker.call(build_network, state)
    except InputError as error:
        return refused(error)
    shown = gr.update(maximum=depth, value=layer)
    return ["", network, shown, depth, code, curve, detail]


def refused(error: InputError) -> list[Any]:
    """Values for the tab's outputs where there is a mistake."""
    return [p.error_sentence(error), "", gr.skip(), gr.skip(), "", "", ""]


def stepped(state: BuildState) -> list[Any]:
    """Values for the layer's outputs alone."""
    return list(worker.call(step_network, state))
