"""The page: three tabs, what their buttons do, and the link that holds its state."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from ..core import InputError
from . import ask_tab, build_tab, compare_tab
from . import pictures as p
from .look import FOOT, HEAD, QUIET
from .state import PageState, decode, encode

# The address follows what the page shows, so that it can be copied, kept and sent.
_REMEMBER = """(html) => {
  const found = /[?]s=([A-Za-z0-9_-]+)/.exec(html || "");
  if (found) window.history.replaceState(null, "", "?s=" + found[1]);
  return [];
}"""


def build_page() -> gr.Blocks:
    """The Gradio page, ready to be launched; all that users share are caches of pure functions."""
    with gr.Blocks(title="eigenformer", analytics_enabled=False) as page:
        gr.HTML(HEAD, padding=False)
        link_error = gr.HTML(elem_id="ef-link-sentence", elem_classes="ef-may", padding=False)
        with gr.Tabs(selected="ask") as tabs:
            with gr.Tab("Ask a model", id="ask"):
                ask = ask_tab.build_ask()
            with gr.Tab("Build an algorithm", id="build") as second:
                build = build_tab.build_build()
            with gr.Tab("Compare", id="compare"):
                compare = compare_tab.build_compare()
        link = gr.HTML(elem_id="ef-link", elem_classes="ef-may", padding=False)
        gr.HTML(FOOT, padding=False)
        state = gr.State(PageState())
        _connect_ask(ask, state, link)
        _connect_build(build, second, state, link)
        _connect_compare(compare, state, link)
        link.change(None, link, None, js=_REMEMBER)
        program, condition, seed, _ = build.controls
        page.load(
            _restore,
            None,
            [
                link_error,
                tabs,
                *ask.controls[:-2],
                *ask.outputs,
                program,
                condition,
                seed,
                *build.outputs,
                *build.layer_outputs,
                *compare.controls,
                state,
            ],
            **QUIET,
        )
    built: gr.Blocks = page
    page.queue(max_size=32, default_concurrency_limit=2)
    return built


def _connect_ask(ask: ask_tab.AskTab, state: gr.State, link: gr.HTML) -> None:
    def answer(before: PageState, *values: Any) -> list[Any]:
        try:
            given = ask_tab.read_controls(values)
        except InputError as error:
            return [p.error_sentence(error), "", gr.skip(), gr.skip(), "", gr.skip(), gr.skip()]
        return [*ask_tab.answer(given), *_linked(before, tab="ask", ask=given)]

    for trigger in ask.triggers:
        trigger(
            answer,
            [state, *ask.controls],
            [*ask.outputs, state, link],
            trigger_mode="always_last",
            **QUIET,
        )


def _connect_build(build: build_tab.BuildTab, tab: gr.Tab, state: gr.State, link: gr.HTML) -> None:
    def compiled(before: PageState, *values: Any) -> list[Any]:
        try:
            given = build_tab.read_controls(values)
        except InputError as error:
            return [p.error_sentence(error), "", gr.skip(), "", "", gr.skip(), gr.skip()]
        return [*build_tab.compiled(given), *_linked(before, tab="build", build=given)]

    def stepped(before: PageState, *values: Any) -> list[Any]:
        try:
            given = build_tab.read_controls(values)
        except InputError:  # the program has become too long to compile, which then says so
            return [gr.skip()] * 4
        return [*build_tab.stepped(given), *_linked(before, tab="build", build=given)]

    _, condition, seed, layer = build.controls
    for trigger in (build.button.click, condition.release, seed.submit, tab.select):
        trigger(
            compiled,
            [state, *build.controls],
            [*build.outputs, *build.layer_outputs, state, link],
            **QUIET | {"show_progress": "minimal"},
        )
    back, on = build.steps
    before = back.click(None, layer, layer, js="(layer) => Math.max(0, layer - 1)", **QUIET)
    after = on.click(None, layer, layer, js="(layer) => layer + 1", **QUIET)
    for trigger in (layer.input, before.then, after.then):
        trigger(
            stepped,
            [state, *build.controls],
            [*build.layer_outputs, state, link],
            trigger_mode="always_last",
            **QUIET,
        )


def _connect_compare(compare: compare_tab.CompareTab, state: gr.State, link: gr.HTML) -> None:
    def compared(before: PageState, *values: Any) -> Iterator[list[Any]]:
        try:
            given = compare_tab.read_controls(values)
        except InputError as error:
            yield [p.error_sentence(error), "", "", gr.skip(), gr.skip()]
            return
        links = _linked(before, tab="compare", compare=given)
        for found in compare_tab.compared(given):
            yield [*found, *links]

    running = compare.button.click(
        compared, [state, *compare.controls], [*compare.outputs, state, link], **QUIET
    )
    _, progress, _ = compare.outputs
    compare.stop.click(lambda: p.sentence("Stopped.", "note"), None, progress, cancels=[running],
                       **QUIET)  # fmt: skip


def _restore(request: gr.Request) -> list[Any]:
    """What the page shows first: what its link says, or the usual."""
    text = str(dict(request.query_params).get("s", ""))
    sentence, state = "", PageState()
    if text:
        try:
            state = decode(text)
        except InputError as error:
            sentence = p.error_sentence(error)
    given = state.build
    return [
        sentence,
        gr.Tabs(selected=state.tab),
        *ask_tab.control_values(state.ask),
        *ask_tab.answer(state.ask),
        given.program,
        given.condition,
        given.seed,
        *(build_tab.compiled(given) if state.tab == "build" else [gr.skip()] * 5),
        *compare_tab.control_values(state.compare),
        state,
    ]


def _linked(before: PageState, **parts: Any) -> list[Any]:
    """The new state of the page, and its link."""
    after = replace(before, **parts)
    try:
        text = encode(after)
    except InputError as error:
        return [after, p.error_sentence(error)]
    return [
        after,
        f'<p class="ef-note"><a href="?s={text}">Link to what the page shows</a>; '
        "the address bar has it too</p>",
    ]
