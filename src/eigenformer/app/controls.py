"""Gradio's controls without checks: what they send is checked once, by the states of the tabs.

Gradio refuses values by toasts and tracebacks, and by what the server believes to be on the page,
which may be a moment behind. These hand on what came; `state.from_controls` says what is wrong.
"""

from typing import Any

import gradio as gr

from .startup import no_stubs

# Gradio takes the name of the base class for the control's kind where this is set.
with no_stubs():

    class Dropdown(gr.Dropdown):
        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload

        def postprocess(self, value: Any) -> Any:
            return value

    class Radio(gr.Radio):
        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload

    class CheckboxGroup(gr.CheckboxGroup):
        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload

    class Slider(gr.Slider):
        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload

    class NumberField(gr.Number):
        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload


class Signs:
    """Hidden values by which the server and the browser's scripts say that something is due.

    To be made outside of the tabs: what is in a tab that is not shown is not there yet, and its
    changes go unnoticed. `offers` are of `texts` boxes; `due` counts answers that are due.
    """

    def __init__(self, texts: int) -> None:
        self.offers = tuple(gr.Textbox(visible="hidden") for _ in range(texts))
        self.due = gr.Number(0, visible="hidden")


class LayerSigns(Signs):
    """Those of layers, too: `moved` counts moves of their slider, `depth` says how far it goes."""

    def __init__(self, texts: int, depth: int) -> None:
        super().__init__(texts)
        self.moved = gr.Number(0, visible="hidden")
        self.depth = gr.Number(depth, visible="hidden")
        self.playing = gr.Checkbox(False, visible="hidden")
        self.timer = gr.Timer(0.9, active=False)
