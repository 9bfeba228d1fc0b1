"""The set of circuits: its truth against runs and against the compiler, methods, the command."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from eigenformer import circuits, cli
from eigenformer.circuits.circuit import Circuit
from eigenformer.circuits.methods import patching, paths, replaced
from eigenformer.circuits.scores import NOISE, auroc, checked
from eigenformer.construct import CATALOGUE, CompiledNetwork
from eigenformer.construct.schedule import Schedule, StoredValue
from eigenformer.core import InputError, rng

NAMES = circuits.names()
LONG = "learned-inverse"
"""Takes seconds to compile."""


@cache
def loaded(name: str, seed: int = 0) -> Circuit:
    return circuits.load(name, seed)


def anything(circuit: Circuit, scale: float) -> list[torch.Tensor]:
    """Noise for the output of each component: where it writes, for any input, something else
    than 0."""
    layout, stream = circuit.network.spec.layout, rng(circuit.seed, "anything")
    found = []
    outputs = zip(*(circuit.outputs(*circuit.draw(3, seed)) for seed in (1, 2)), strict=True)
    for part, (one, two) in zip(circuit.truth.components, outputs, strict=True):
        rows = torch.zeros(layout.width, dtype=torch.bool)
        for written in part.writes:
            start = layout[written.block].start
            rows[start + written.first : start + written.last + 1] = True
        assert not one[..., ~rows].any(), f"{part.name} writes what the truth does not say"
        columns = ((one != 0) | (two != 0)).any(0).any(-1)
        noise = torch.from_numpy(scale * stream.standard_normal(one.shape))
        found.append(noise * columns[:, None] * rows)
    return found


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        pytest.param(name, seed, marks=[pytest.mark.slow] if seed or name == LONG else [])
        for name in NAMES
        for seed in range(4)
    ],
)
def test_the_answer_depends_on_what_is_inside_and_on_nothing_else(name: str, seed: int) -> None:
    circuit = loaded(name, seed)
    inside = np.array([part.inside for part in circuit.truth.components])
    assert inside.any() and not inside.all()
    inputs = circuit.draw(3)
    found = np.maximum(*(replaced(circuit, inputs, anything(circuit, by)) for by in (1.0, 3.0)))
    assert found[~inside].max() < 1e-12
    assert found[inside].min() > 1e-3
    # A constant component is one whose output is the same for other inputs.
    pairs = zip(circuit.outputs(*inputs), circuit.outputs(*circuit.draw(3, 9)), strict=True)
    for part, (one, two) in zip(circuit.truth.components, pairs, strict=True):
        assert not part.constant or torch.equal(one, two)


@pytest.mark.parametrize("number", range(6))
def test_the_compiler_knows_the_same_values_to_be_needed(number: int) -> None:
    circuit = loaded(f"random-{number}")
    network = circuit.network
    assert isinstance(network, CompiledNetwork)
    needed = {value.name for value in needed_values(network.compiled.schedule)}
    for part in circuit.truth.components:
        if part.makes:
            assert part.inside == bool(needed & set(part.makes)), part


def needed_values(schedule: Schedule) -> set[StoredValue]:
    """What the answer is made of, by what the layers were planned to do."""
    made: dict[StoredValue, set[StoredValue]] = {}
    for plan in schedule.layers:
        jobs = [(p.targets, (p.left, p.middle, p.right)) for p in plan.products]
        jobs += [(((copy.target, 1.0),), (copy.source,)) for copy in plan.copies]
        assert not plan.units and not plan.entrywise
        for targets, forms in jobs:
            atoms = [atom for form in forms for atom, _ in form.terms if atom.kind != "identity"]
            for target, _ in targets:
                made.setdefault(target, set()).update(schedule.stored[atom] for atom in atoms)
    found: set[StoredValue] = set()
    waiting = [schedule.answers["result"]]
    while waiting:
        value = waiting.pop()
        if value not in found:
            found.add(value)
            waiting += made.get(value, ())
    return found


def test_there_are_enough_of_every_family() -> None:
    assert len(NAMES) >= 40
    for family in circuits.FAMILIES:
        assert len(circuits.names(family)) >= 5
    with pytest.raises(InputError, match="family is 'invented'"):
        circuits.names("invented")


@pytest.mark.parametrize("name", ["newton", "random-1", "centred"])
def test_the_truth_survives_json(name: str) -> None:
    truth = loaded(name).truth
    text = json.dumps(truth.to_dict())
    assert circuits.Truth.from_dict(json.loads(text)) == truth
    inside = {part.name for part in truth.inside}
    assert {sender for sender, _ in truth.edges} == inside
    assert {receiver for _, receiver in truth.edges} <= inside | {circuits.ANSWER}
    data = truth.to_dict()
    del data["components"][0]["inside"]
    with pytest.raises(InputError, match="lacks or misspells a field"):
        circuits.Truth.from_dict(data)
    with pytest.raises(InputError, match="format 7"):
        circuits.Truth.from_dict({**truth.to_dict(), "format": 7})


def test_a_seed_decides_everything() -> None:
    names = ("random-3", "centred")
    first, again = (circuits.score(names, seeds=(5,)) for _ in range(2))
    assert first == again
    assert circuits.load("random-3", 5).truth != circuits.load("random-3", 6).truth
    assert [part.circuit for part in circuits.summarised(first)][-1] == "all"


def test_half_of_an_average_is_half_of_the_answer() -> None:
    """0.5 (A B) C + 0.5 A (B C): where one head does not see A B, or B C, half is left."""
    circuit = loaded("average-of-two")
    found = paths(circuit, circuit.draw(4), circuit.draw(4))
    truth = circuit.truth
    makers = [truth.names.index(part.name) for part in truth.inside if part.layer == 0]
    halves = [found[place, truth.names.index(r)] for place in makers for r in readers(truth, place)]
    assert halves == pytest.approx([0.5, 0.5])


def readers(truth: circuits.Truth, sender: int) -> list[str]:
    """Who reads it, other than to clear its rows."""
    names = (r for s, r in sorted(truth.edges) if s == truth.names[sender] and r in truth.names)
    return [name for name in names if "+= -" not in truth[name].does]


def test_paths_see_constants_and_patching_does_not() -> None:
    circuit = loaded("centred")
    inputs, others = circuit.draw(4), circuit.draw(4, 1)
    constant = [part.constant and part.inside for part in circuit.truth.components]
    assert any(constant)
    assert patching(circuit, inputs, others)[constant].max() == 0.0
    assert paths(circuit, inputs, others)[constant].max(axis=1).min() > 0.1


@pytest.mark.parametrize("name", ["random-0", "random-1", "spare-copy", "matrix-sqrt"])
def test_every_edge_counts_and_no_path_into_what_is_outside(name: str) -> None:
    circuit = loaded(name)
    truth = circuit.truth
    found = paths(circuit, circuit.draw(2), circuit.draw(2, 1))
    outside = [not part.inside for part in truth.components]
    assert found[:, :-1][:, outside].max() < NOISE
    receivers = (*truth.names, circuits.ANSWER)
    for sender, receiver in truth.edges:
        assert found[truth.names.index(sender), receivers.index(receiver)] > 1e-3


def test_auroc_counts_pairs() -> None:
    stream = rng(0, "auroc")
    effects, inside = stream.integers(0, 4, 30) / 4, stream.random(30) < 0.5
    pairs = [(a, b) for a in effects[inside] for b in effects[~inside]]
    assert auroc(effects, inside) == np.mean([(a > b) + 0.5 * (a == b) for a, b in pairs])
    assert auroc(effects, np.ones(30, dtype=bool)) is None


PLUGIN = """
import numpy as np
from eigenformer.circuits import METHODS
METHODS.register("by-chance", lambda circuit, inputs, others: {effects})
"""


def test_a_method_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EIGENFORMER_PLUGINS", "")
    monkeypatch.setattr(circuits.METHODS, "_by_name", dict(circuits.METHODS._by_name))
    file = tmp_path / "chance_method.py"
    file.write_text(PLUGIN.format(effects="np.arange(float(len(circuit.truth.components)))"))
    words = ["--plugin", str(file), "circuits", "score", "--circuits", "centred", "--seeds", "0"]
    assert cli.main([*words, "--methods", "by-chance", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["circuit"] for row in rows] == ["centred", "redundant", "all"]
    assert rows[0]["method"] == "by-chance" and 0 <= rows[0]["auroc"] <= 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("score --circuits newtn", "unknown circuit 'newtn': did you mean 'newton'?"),
        ("score --methods path", "did you mean 'paths'?"),
        ("score --circuits centred --inputs 0", "inputs is 0"),
        ("list --family odd", "the family is 'odd'"),
        ("show centred --seed -1", "seed is -1"),
    ],
)
def test_what_is_refused(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["circuits", *words.split()]) == 2
    assert says in capsys.readouterr().err


def test_a_network_that_normalises_has_no_truth() -> None:
    spec = CATALOGUE.get("power-iteration").build().spec
    with pytest.raises(InputError, match="normalises rows"):
        circuits.truth_of("power-iteration", 0, spec)


def test_effects_of_the_wrong_shape_are_refused() -> None:
    circuit = loaded("centred")
    count = len(circuit.truth.components)
    for wrong, says in (
        (np.ones(count + 1), f"give \\[{count}\\]"),
        (np.full(count, np.nan), "nan"),
    ):
        with pytest.raises(InputError, match=says):
            checked(circuit, "mine", wrong)


def test_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["circuits", "list", "--family", "redundant"]) == 0
    assert "spare-copy" in capsys.readouterr().out
    assert cli.main(["circuits", "show", "centred"]) == 0
    assert "inside, constant" in capsys.readouterr().out
    assert cli.main(["circuits", "score", "--circuits", "faint", "--seeds", "0", "1"]) == 0
    shown = capsys.readouterr().out
    assert "1 circuits, seeds 0 1" in shown and "paths" in shown
