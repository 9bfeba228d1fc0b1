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

    class Number(gr.Number):
        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload
