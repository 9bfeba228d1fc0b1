"""The page's state in its link."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.app.comparison import SWEEPS, CompareState
from eigenformer.app.draw import ensemble_names
from eigenformer.app.menu import models_by_problem, models_of
from eigenformer.app.state import AskState, BuildState, PageState, decode, encode
from eigenformer.core import InputError

pairs = [(problem, model) for problem, models in models_by_problem().items() for model in models]
# As plain values: the tests' type checks use random numbers, which strategies must not.
asks = st.fixed_dictionaries(
    {
        "pair": st.sampled_from(pairs),
        "matrix": st.text(max_size=200),
        "noise": st.floats(0, 1),
        "polish": st.booleans(),
        "ensemble": st.sampled_from(ensemble_names()),
        "size": st.integers(1, 10),
        "scale": st.floats(0.5, 100),
        "setting": st.floats(0, 3),
        "seed": st.integers(0, 10**9),
    }
)
builds = st.fixed_dictionaries(
    {
        "program": st.text(max_size=200),
        "condition": st.floats(0, 6),
        "layer": st.integers(0, 99),
    }
)
compares = st.fixed_dictionaries(
    {
        "solvers": st.sampled_from([("LAPACK",), ("inverse-2x2", "constructed Newton")]),
        "sweep": st.sampled_from(SWEEPS),
        "matrices": st.integers(10, 2000),
    }
)


def _link(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


@given(st.sampled_from(["ask", "build", "compare"]), asks, builds, compares)
def test_a_link_restores_the_state(tab: Any, ask: dict, build: dict, compare: dict) -> None:
    problem, model = ask.pop("pair")
    state = PageState(
        tab=tab,
        ask=AskState(problem=problem, model=model, **ask),
        build=BuildState(**build),
        compare=CompareState(**compare),
    )
    assert decode(encode(state)) == state


def test_the_usual_state_has_a_short_link() -> None:
    assert len(encode(PageState())) < 40


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_state_or_a_sentence(text: str) -> None:
    _decode(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)
fields = st.dictionaries(
    st.sampled_from(
        ["matrix", "problem", "model", "noise", "size", "seed", "program", "layer", "solvers",
         "sweep", "tolerance", "look", "head", "more"]
    ),
    values | st.sampled_from([10**400, -1, 1e308, float("nan"), "../../etc/passwd"]),
    max_size=4,
)  # fmt: skip


@given(st.fixed_dictionaries({"v": st.just(1)}, optional={
    "tab": values, "ask": fields | values, "build": fields | values, "compare": fields | values,
}))  # fmt: skip
def test_any_json_is_a_state_or_a_sentence(data: object) -> None:
    _decode(_link(data))


def _decode(text: str) -> None:
    try:
        state = decode(text)
    except InputError as error:
        assert str(error)
        return
    assert decode(encode(state)) == state


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("!", "the link is damaged or not one of this page; copy it again"),
        ("\u00e9", "the link is damaged or not one of this page; copy it again"),
        ("W1tb" * 1400, "the link is damaged or not one of this page; copy it again"),
        (_link([]), "the link is not of this page's version 1; set the page up again and copy its "
         "link"),
        (_link({"v": 2}), "the link is not of this page's version 1; set the page up again and "
         "copy its link"),
        (_link({"v": 1, "x": 1}), "unknown part of the link 'x': known are ask, build, compare, "
         "tab"),
        (_link({"v": 1, "ask": 3}), "the link's ask is not a set of fields; copy the link again"),
        (_link({"v": 1, "ask": {"noise": 10**400}}), "the link holds a number that is too large; "
         "copy the link again"),
        (_link({"v": 1, "ask": {"noise": 7}}), "the noise is 7; it goes from 0 to 1"),
        (_link({"v": 1, "ask": {"noise": float("nan")}}), "the noise is nan; it goes from 0 to 1"),
        (_link({"v": 1, "ask": {"size": 50}}), "the size is 50; it goes from 1 to 10"),
        (_link({"v": 1, "ask": {"model": "inverse-2x2"}}), "inverse-2x2 does not answer "
         f"eigenvalues; choose one of {', '.join(models_of('eigenvalues'))}"),
        (_link({"v": 1, "compare": {"solvers": []}}), "there are 0 solvers; choose "
         "from 1 to 3, each once"),
        ("A" * 7000, "the link has 7,000 characters; one of this page has at most 6,000"),
    ],
)  # fmt: skip
def test_a_hostile_link_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as found:
        decode(text)
    assert str(found.value) == sentence


def test_a_state_too_long_for_a_link_says_so() -> None:
    long = PageState(
        ask=AskState(matrix="\u2003" * 3000), build=BuildState(program="\u2003" * 3000)
    )
    with pytest.raises(InputError, match="shorten the matrix or the program"):
        encode(long)
