"""The papers that come along: identities, kept records, claims; and papers from outside."""

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from eigenformer.core import InputError
from eigenformer.papers import Analysis, Finding, Study, Table, papers, registered
from eigenformer.papers.charton2022.failures import kept_failures
from eigenformer.papers.charton2022.memorisation import kept_memorisation
from eigenformer.papers.claims import history
from eigenformer.papers.paper import Lazy, paper_of
from eigenformer.papers.registered import rule_of
from eigenformer.papers.sides import SEEDS
from eigenformer.runs import Records, Scale

PAPERS = papers()
IDENTITIES = json.loads(Path(__file__).with_name("identities.json").read_text())
"""By study and scale, a hash of the names and identities of its runs (and of its findings)."""


@pytest.fixture(scope="module")
def planned() -> dict[tuple[str, Scale], list[Any]]:
    """The runs of all studies at all scales, once for all tests."""
    return {
        (study.name, scale): study.planned(scale)
        for paper in PAPERS.values()
        for study in paper.studies.values()
        for scale in study.scales
    }


def every_study() -> dict[str, Study]:
    return {name: study for paper in PAPERS.values() for name, study in paper.studies.items()}


def test_identities_are_those_that_records_were_made_with(
    planned: Mapping[tuple[str, Scale], list[Any]],
) -> None:
    found: dict[str, dict[str, str]] = {}
    studies = every_study()
    for (name, scale), runs in planned.items():
        study = studies[name]
        own = [f"{name} {study.identity(scale)}"] if isinstance(study, Analysis) else []
        lines = [*own, *(f"{run.name} {run.identity}" for run in runs)]
        if lines:
            digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
            found.setdefault(name, {})[scale] = digest
    assert found == IDENTITIES


def test_every_kept_record_is_that_of_a_run_or_study(
    planned: Mapping[tuple[str, Scale], list[Any]],
) -> None:
    count = 0
    for paper in PAPERS.values():
        records = Records(paper.records)
        known = set()
        for study in paper.studies.values():
            for scale in study.scales:
                runs = [part for run in planned[study.name, scale] for part in run.chain]
                known |= {f"{run.identity}.json" for run in runs}
                if isinstance(study, Table) and scale == "laptop":  # further seeds, and lengths
                    more = [
                        run.repeated(seed=seed, times=times)
                        for run in planned[study.name, scale]
                        for seed in range(SEEDS)
                        for times in (Fraction(1), Fraction(2))
                    ]
                    known |= {f"{part.identity}.json" for run in more for part in run.chain}
                if isinstance(study, Analysis) and study.kept(scale, records):
                    known.add(study.file(scale, records).name)
        if paper.name == "charton2022":  # analyses of trained models, which are no runs
            known |= {f"failures-{name}.json" for name in kept_failures()}
            known |= {f"memorisation-{name}.json" for name in kept_memorisation()}
        files = {file.name for file in paper.records.glob("*.json")}
        assert files <= known, paper.name
        count += len(files)
    assert count >= 317  # none is ever lost


def test_the_rules_in_force_are_those_registered() -> None:
    """Row F8: a rule that changes after a result has to be registered, with a reason."""
    known = history()
    for paper in PAPERS.values():
        for id, claim in paper.claims.items():
            rules = [change for change in known[id] if change.rule]
            assert rules[-1].rule == rule_of(claim, paper.studies), (
                f"the rule of {id} has changed: run docs/register_rules.py --why '...'"
            )
    for change in (change for changes in known.values() for change in changes):
        assert change.changed and change.why and len(change.date) == 10


def test_a_rule_is_its_code_and_not_its_comments(tmp_path: Path, monkeypatch: Any) -> None:
    source = (
        '"""Doc."""\nBOUND = 1\n"""Doc."""\nOTHER = 2\n\n\ndef helper(x):\n    return x + BOUND\n'
        '\n\ndef decide(x):\n    """Doc."""\n    return helper(x)  # why\n'
    )

    def code(text: str, name: str) -> dict[str, str]:
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(registered, "_ROOM", name)
        found = registered._code([importlib.import_module(name).decide])
        return {key.removeprefix(f"{name}."): value for key, value in found.items()}

    first = code(source, "rule_one")
    assert set(first) == {"decide", "helper", "BOUND"}
    same = source.replace("# why", "# why not").replace("Doc.", "Other.").replace("OTHER = 2", "")
    assert code(same, "rule_two") == first
    assert code(source.replace("BOUND = 1", "BOUND = 3"), "rule_three") != first


def test_a_study_that_fails_without_a_gate_leaves_its_claim_open() -> None:
    fails = Finding(state="fails", sentence="Worse.")
    assert fails.gated.state == "undecided" and "twice the length" in fails.gated.would_decide
    assert replace(fails, gate="twice as long, the same").gated.state == "fails"


def test_a_claim_has_an_id_of_its_own_and_rests_on_what_there_is() -> None:
    studies = {*every_study(), *PAPERS}
    ids = [id for paper in PAPERS.values() for id in paper.claims]
    assert len(set(ids)) == len(ids) == 36 + 17 + 2 + 5
    for paper in PAPERS.values():
        for id, claim in paper.claims.items():
            assert id == claim.id and set(claim.studies) <= studies
            assert claim.text.endswith(".") and claim.studies


def test_studies_are_found_by_their_names() -> None:
    for name, study in every_study().items():
        assert name == study.name
        assert paper_of(name, PAPERS).studies[name] is study
    assert paper_of("fu2024", PAPERS).name == "fu2024"
    with pytest.raises(InputError, match="study 'tabel12': did you mean 'table12'"):
        paper_of("tabel12", PAPERS)


def test_what_is_not_asked_for_is_not_imported() -> None:
    asked: list[str] = []
    lazy = Lazy(("a", "b"), lambda name: asked.append(name) or name)
    assert list(lazy) == ["a", "b"] and len(lazy) == 2 and "c" not in lazy
    assert lazy["b"] == lazy["b"] == "b" and asked == ["b"]
    with pytest.raises(KeyError):
        lazy["c"]
