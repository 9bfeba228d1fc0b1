"""The page: three tabs, what their buttons do, and the link that holds its state."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from ..core import InputError
from . import ask_tab, build_tab, compare_tab, worker
from . import pictures as p
from .ask_tab import Asking
from .comparison import CompareState
from .controls import LayerSigns, Signs
from .look import FOOT, HEAD, QUIET
from .scripts import REMEMBER, WHERE, offer
from .state import FIRST_MATRIX, AskState, BuildState, PageState, TabName, decode, encode

LAST = {"trigger_mode": "always_last", **QUIET}
"""Of an event of which one runs at a time; of those that come meanwhile, the last one runs then."""
_TABS: dict[TabName, str] = {
    "ask": "Ask a model",
    "build": "Build an algorithm",
    "compare": "Compare",
}
_TYPED = ("matrix", "noise", "layer", "look", "head")
"""Fields whose change is no step of its own for the browser's Back."""


def build_page() -> gr.Blocks:
    """The Gradio page, ready to be launched; all that users share are caches of pure functions."""
    with gr.Blocks(title="eigenformer", analytics_enabled=False) as page:
        gr.HTML(HEAD, padding=False)
        link_error = gr.HTML(elem_id="ef-link-sentence", elem_classes="ef-may", padding=False)
        signs, layers = Signs(1), LayerSigns(3, depth=13)
        with gr.Tabs(selected="ask") as tabs:
            with gr.Tab(_TABS["ask"], id="ask") as first:
                ask = ask_tab.build_ask(signs)
            with gr.Tab(_TABS["build"], id="build") as second:
                build = build_tab.build_build(layers, ask.controls[0])
            with gr.Tab(_TABS["compare"], id="compare") as third:
                compare = compare_tab.build_compare()
        link = gr.HTML(elem_id="ef-link", elem_classes="ef-may", padding=False)
        gr.HTML(FOOT, padding=False)
        where = gr.Textbox(visible="hidden")
        restore = gr.Button(visible="hidden", elem_id="ef-restore")
        # Each part is written by its own events alone, of which one runs at a time.
        parts = (gr.State("ask"), gr.State(AskState()), gr.State(BuildState()),
                 gr.State(CompareState()))  # fmt: skip
        asking = gr.State(Asking())
        _connect_ask(ask, asking, parts, link)
        _connect_build(build, parts, link)
        _connect_compare(compare, parts, link)
        for name, tab in zip(_TABS, (first, second, third), strict=True):
            tab.select(_turned(name), [*parts], [parts[0], link], **LAST)
        second.select(None, [layers.due, build.outputs[1]], layers.due, js=_FIRST_SIGHT, **QUIET)
        link.change(None, link, None, js=REMEMBER, **QUIET)
        outputs = [
            link_error, tabs, *signs.offers, *ask.controls[1:], asking, ask.knobbed,
            *layers.offers, *build.controls[1:4], *compare.controls, compare.listed, *parts,
        ]  # fmt: skip
        page.load(_opened, where, outputs, js=WHERE, **QUIET)
        restore.click(_restored, where, outputs, js=WHERE, **LAST)
        page.unload(_left)
    built: gr.Blocks = page
    # Nobody queues behind another: questions take turns in `worker`, so many of a visitor.
    page.queue(max_size=200, default_concurrency_limit=None)
    return built


# (due, network) -> due: the first time that the tab is seen, its program is compiled.
_FIRST_SIGHT = "(due, network) => [network && network.includes('ef-card') ? due : due + 1]"


def _connect_ask(
    ask: ask_tab.AskTab, asking: gr.State, parts: tuple[gr.State, ...], link: gr.HTML
) -> None:
    skipped = [gr.skip()] * (len(ask.outputs) + len(ask.settled))

    def answer(
        request: gr.Request,
        known: Asking,
        rolled: str,
        tab: TabName,
        before: AskState,
        build: BuildState,
        compare: CompareState,
        *values: Any,
    ) -> list[Any]:
        try:
            given = ask_tab.read_controls(values)
            if given == known.answered:
                mark = _linked(tab, given, build, compare, "step")
                return [*skipped, gr.skip(), gr.skip(), mark]
            known, settled = ask_tab.settled(known, given, rolled)
            assert known.answered is not None
            with worker.a_question(_session(request)):
                answered = ask_tab.answer(known.answered)
        except InputError as error:
            empty = [gr.skip()] * (len(ask.settled) - 1)
            unanswered = replace(known, answered=None)
            return [*ask_tab.refused(error), *empty, "", unanswered, gr.skip(), gr.skip()]
        now = known.answered
        if answered[0]:  # a sentence: to ask the same again is no repetition
            known = replace(known, answered=None)
        shown = _linked(tab, now, build, compare, _kind(before, now))
        return [*answered, *settled, known, now, shown]

    gr.on(
        [*ask.triggers],
        answer,
        [asking, ask.rolled, *parts, *ask.controls],
        [*ask.outputs, *ask.settled, asking, parts[1], link],
        **LAST,
    )


def _connect_build(build: build_tab.BuildTab, parts: tuple[gr.State, ...], link: gr.HTML) -> None:
    def compiled(
        request: gr.Request,
        tab: TabName,
        ask: AskState,
        before: BuildState,
        compare: CompareState,
        *values: Any,
    ) -> list[Any]:
        try:
            given = build_tab.read_controls(values)
            with worker.a_question(_session(request)):
                found = build_tab.compiled(given)
        except InputError as error:
            return [*build_tab.refused(error), gr.skip(), gr.skip()]
        return [*found, given, _linked(tab, ask, given, compare, "step")]

    def stepped(
        request: gr.Request,
        tab: TabName,
        ask: AskState,
        before: BuildState,
        compare: CompareState,
        *values: Any,
    ) -> list[Any]:
        try:
            given = build_tab.read_controls(values)
            with worker.a_question(_session(request)):
                found = build_tab.stepped(given)
        except InputError:  # the program has been edited since, and compiling it says what is wrong
            return [gr.skip()] * 4
        return [*found, given, _linked(tab, ask, given, compare, "typing")]

    gr.on(
        [*build.compiling],
        compiled,
        [*parts, *build.controls],
        [*build.outputs, *build.layer_outputs, parts[2], link],
        **LAST | {"show_progress": "minimal"},
    )
    gr.on(
        [*build.stepping],
        stepped,
        [*parts, *build.controls],
        [*build.layer_outputs, parts[2], link],
        **LAST,
    )


def _connect_compare(
    compare: compare_tab.CompareTab, parts: tuple[gr.State, ...], link: gr.HTML
) -> None:
    def compared(
        request: gr.Request,
        tab: TabName,
        ask: AskState,
        build: BuildState,
        before: CompareState,
        *values: Any,
    ) -> Iterator[list[Any]]:
        try:
            given = compare_tab.read_controls(values)
        except InputError as error:
            yield [*compare_tab.refused(error), gr.skip(), gr.skip()]
            return
        shown = _linked(tab, ask, build, given, "step")
        with worker.some_work(_session(request)) as stop:
            for found in compare_tab.compared(given, stop):
                yield [*found, given, shown]

    # Those that run share a process; of a visitor there is one.
    compare.button.click(
        compared,
        [*parts, *compare.controls],
        [*compare.outputs, parts[3], link],
        concurrency_limit=8,
        trigger_mode="multiple",
        **QUIET,
    )
    compare.stop.click(_stopped, None, None, **QUIET)


def _stopped(request: gr.Request) -> None:
    worker.stop_work(_session(request))


_left = _stopped
"""Work for a page that was closed is ended too."""


def _session(request: gr.Request) -> str:
    return str(request.session_hash)


def _turned(name: TabName) -> Any:
    """What follows when a tab is shown."""

    def turned(tab: TabName, ask: AskState, build: BuildState, compare: CompareState) -> list[Any]:
        if tab == name:
            return [gr.skip(), gr.skip()]
        return [name, _linked(name, ask, build, compare, "step")]

    return turned


def _opened(search: Any) -> list[Any]:
    """What the page shows first: what its link says; the usual is there already."""
    if "s=" not in str(search):
        skipped = [gr.skip()] * (len(_restored("")) - 3)
        return [gr.skip(), gr.skip(), offer(None), *skipped]
    return _restored(search)


def _restored(search: Any) -> list[Any]:
    """What a link says, in every control; texts as offers."""
    sentence, state = "", PageState()
    text = _link_text(str(search))
    if text:
        try:
            state = decode(text)
        except InputError as error:
            sentence = p.error_sentence(error)
    build = state.build
    due = {"quiet": state.tab != "build"}
    return [
        sentence,
        gr.Tabs(selected=state.tab),
        offer(state.ask.matrix, usual=FIRST_MATRIX),
        *ask_tab.control_values(state.ask),
        Asking(listed=state.ask.problem),
        state.ask.ensemble,
        offer(build.program, usual=BuildState().program, **due),
        offer(build.matrix, quiet=True),
        offer(build.other, quiet=True),
        build.condition,
        build.seed,
        build.layer,
        *compare_tab.control_values(state.compare),
        state.compare.problem,
        state.tab,
        state.ask,
        build,
        state.compare,
    ]


def _link_text(search: str) -> str:
    """The state in an address's query."""
    fields = (field.partition("=") for field in search.lstrip("?").split("&"))
    return next((value for name, _, value in fields if name == "s"), "")


def _kind(before: AskState, after: AskState) -> str:
    """Whether a change is a step, to which Back goes back, or typing, which goes on."""
    changed = [name for name in AskState.__slots__ if getattr(before, name) != getattr(after, name)]
    return "typing" if changed and all(name in _TYPED for name in changed) else "step"


def _linked(
    tab: TabName, ask: AskState, build: BuildState, compare: CompareState, kind: str
) -> str:
    """The page's link, with what kind of change led to it."""
    try:
        text = encode(PageState(tab=tab, ask=ask, build=build, compare=compare))
    except InputError as error:
        return p.error_sentence(error)
    return (
        f'<p class="ef-note"><a href="?s={text}" data-kind="{kind}">Link to what the page shows</a>'
        "; the address bar has it too</p>"
    )
