"""Verdicts of claims by records that have not been run, on fewer matrices than in earnest."""

from dataclasses import replace
from functools import cache

from fake_records import FakeRecords, Scenario, fake_records

from eigenformer.papers import Evidence, Finding
from eigenformer.papers.charton2022 import PAPER
from eigenformer.papers.charton2022.claims import CLAIMS
from eigenformer.papers.charton2022.wigner import LAWS, Spectrum, spectrum
from eigenformer.runs import Scale

TABLES = {name: replace(table, runs=cache(table.runs)) for name, table in PAPER.studies.items()}


def panels(matrices: int) -> tuple[Spectrum, ...]:
    return tuple(spectrum(law, 5, matrices) for law in LAWS)


def found(
    claim: str,
    scenario: Scenario | None,
    scale: Scale = "laptop",
    later: Scenario | None = None,
) -> Finding:
    """The verdict by runs of the claim's tables, or by none; `later` is twice their length."""
    tables = {name: TABLES[name] for name in CLAIMS[claim].studies if name in TABLES}
    records = FakeRecords({})
    if scenario is not None:
        records = fake_records(tables, tuple(tables), scale, scenario, later)
    # Kept analyses refer to the tables of models that could be analysed too.
    more = {name: TABLES[name] for name in ("table06", "table08", "table09")}
    return CLAIMS[claim].decide(Evidence({**more, **tables}, scale, records))
