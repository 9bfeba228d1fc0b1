"""The pages of claims in docs say what `paper claims` says, whose answers are kept."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eigenformer.papers.facts import FILE
from eigenformer.papers.findings import verdict_words
from eigenformer.reports.blocks import STATES
from eigenformer.reports.markdown import prose

DOCS = Path(__file__).parents[2] / "docs"
FACTS = {
    fact["id"]: fact
    for fact in json.loads(FILE.read_text(encoding="utf-8"))["value"]["claims"]["laptop"]
}
"""Kept to what they are computed from by another test."""


def page_of(fact: dict[str, Any]) -> Path:
    report = "paper" if fact["from"] in ("charton2022", "matrices") else "incontext"
    return DOCS / report / "claims" / f"{fact['id']}.md"


def timeless(text: str) -> str:
    """Without times, which are those of the machine that estimated them."""
    return re.sub(r"about [\d.]+ (s|min|h|days|years)", "some time", text)


def test_every_claim_has_a_page_and_every_page_a_claim() -> None:
    pages = {page for report in ("paper", "incontext") for page in DOCS.glob(f"{report}/claims/*")}
    assert pages == {page_of(fact) for fact in FACTS.values()}


@pytest.mark.parametrize("claim", FACTS)
def test_the_page_of_a_claim_is_in_step(claim: str) -> None:
    fact, text = FACTS[claim], page_of(FACTS[claim]).read_text(encoding="utf-8")
    again = "a claim has changed: run `make docs`, or `eigenformer paper report`"
    assert f"# Claim {claim}\n\n{prose(fact['claim'])}" in text, again
    assert f"## {STATES[fact['state']].capitalize()}\n" in text, again
    for part in fact["parts"]:
        assert f"- *{part['verdict']}* · {prose(part['text'])}" in text, again
    for study in fact["studies"]:
        whole = {"verdict": verdict_words(study["state"]), "text": study["sentence"]}
        for part in study["parts"] or [whole]:
            said = f"- *{part['verdict']}* · {study['study']}: {prose(part['text'])}"
            assert said in text, again
    assert prose(fact["limits"]) in text and prose(fact["paper"]) in text, again
    assert timeless(prose(fact["would_decide"])) in timeless(text), again
    for change in fact["changes"]:
        row = (
            change["date"],
            change["commit"][:7],
            *map(prose, (change["changed"], change["why"])),
        )
        assert f"| {' | '.join(row)} | {change['rule']} |" in text, again
