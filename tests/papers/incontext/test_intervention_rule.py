"""The rule for claims that a trained model runs an algorithm, and Newton's iteration as layers."""

from dataclasses import replace

import pytest
import torch

from eigenformer.incontext import Intervention, Newton, intervene
from eigenformer.papers.giannou2024 import interventions as giannou2024
from eigenformer.papers.giannou2024.settings import measured, task
from eigenformer.papers.interventions import Subject, failures, findings, verdict

GOOD = Intervention(
    loss=1.0,
    algorithm_loss=1.01,
    similarity=0.99,
    swapped=(1.0, 1.01),
    unexplained=(0.01, 0.02),
    astray=(0.1, 0.01),
    bare=1.01,
    without={"the step": 3.0},
)
BAD = {
    "the swap": [{"swapped": (1.0, 1.2)}, {"swapped": (0.8, 1.0)}, {"unexplained": (0.01, 0.2)}],
    "another step": [{"astray": (0.5, 0.0)}],
    "the rest ablated": [{"bare": 1.2}, {"bare": None}],
    "the used ablated": [{"without": {"the step": 3.0, "u": 1.1}}, {"without": {}}],
}


def state(*each: list[Intervention], algorithms: int = 1) -> str:
    subjects = [
        Subject(name=f"kind {i // algorithms}", algorithm=f"{i}", found=found, tolerance=0.05)
        for i, found in enumerate(each)
    ]
    return verdict(subjects).gated.state


@pytest.mark.parametrize("test", BAD)
def test_each_test_is_needed(test: str) -> None:
    assert failures(GOOD, 0.05) == []
    for change in BAD[test]:
        bad = replace(GOOD, **change)
        assert failures(bad, 0.05) == [test]
        assert state([GOOD, GOOD, bad]) == "undecided"


def test_three_seeds_of_every_kind_pass_or_nothing_holds() -> None:
    bad = replace(GOOD, bare=2.0)
    assert state([GOOD] * 3, [GOOD] * 3) == "holds"
    assert state([GOOD] * 2) == state([GOOD] * 3, [GOOD] * 2) == "undecided"
    # That longer training would change nothing is not known.
    assert state([GOOD] * 3, [bad] * 3) == "undecided"
    subject = Subject(name="kind", algorithm="it", found=[bad] * 3, tolerance=0.05)
    assert verdict([subject]).state == "fails"


def test_one_of_several_algorithms_is_enough() -> None:
    bad = replace(GOOD, bare=2.0)
    assert state([bad] * 3, [GOOD] * 3, algorithms=2) == "holds"
    assert state([bad, GOOD, GOOD], [GOOD, bad, bad], algorithms=2) == "undecided"


def test_what_is_told_has_figures() -> None:
    subject = Subject(name="kind", algorithm="it", found=[GOOD] * 3, tolerance=0.05)
    found = findings("N08", [subject])
    assert "3 of 3 seeds pass" in found.verdicts["N08"].sentence
    assert {"similarity, kind as it", "loss, kind as it"} <= {n.name for n in found.numbers}


@pytest.mark.parametrize("order", [2, 3])
def test_newton_as_layers_is_newton(order: int) -> None:
    """From any state it goes on, so that it passes the swap and the other step by itself."""
    law = task("laptop", 5.0)
    (prompts,) = measured(law, parts=1, laws=3)
    model = giannou2024.NewtonLayers(order, 4)
    expected = Newton(order=order).predictions(prompts, 4)
    torch.testing.assert_close(torch.stack(model.by_layer(prompts))[1:], expected[1:])
    known = replace(giannou2024.newton(order), algorithm=model)
    found = intervene(model, known, law, prompts)
    assert max(*found.unexplained, *found.astray) < 1e-12
