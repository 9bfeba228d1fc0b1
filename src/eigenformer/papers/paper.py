"""Papers: their studies and claims by name, those that come along and those from outside."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TypeVar

from ..core import InputError, unknown
from ..runs.experiment import Experiment, Scale
from ..runs.records import Records
from .claims import Claim, Verdict, decide_all, history
from .names import BUILT_IN
from .names import GROUP as GROUP
from .references import Reference
from .study import Analysis, Study, Table, check_name

T = TypeVar("T")


class Lazy(Mapping[str, T]):
    """What some names stand for, imported only when it is asked for."""

    def __init__(self, names: Iterable[str], load: Callable[[str], T]) -> None:
        self._names = tuple(names)
        self._load = load
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


@dataclass(frozen=True, kw_only=True, eq=False)
class Paper:
    """A paper: what it reports, what it claims, and where the records of our runs are kept."""

    name: str
    """As on the command line: charton2022."""
    title: str
    citation: str
    """As sentences name it, with its authors: "Fu et al. (2024)"; "" for what is only ours."""
    reference: Reference | None = None
    """How a bibliography names it; None for what is only ours."""
    studies: Mapping[str, Study]
    """By name, in its order. Names begin with the paper's: mine2025, mine2025-table1, ..."""
    claims: Mapping[str, Claim]
    """By id, in its order."""
    records: Path
    """Folder of the records that come along, or are to be kept."""

    def __post_init__(self) -> None:
        check_name("paper", self.name)

    def excerpt(self, names: Sequence[str], records: Path | None = None) -> "Excerpt":
        """Its studies called so, all of them where it is named itself, in its order.

        `records` is a folder in place of its own.
        """
        whole = self.name in names or "all" in names
        return Excerpt(
            paper=self,
            studies=tuple(self.studies[name] for name in self.studies if whole or name in names),
            records=Records(records or self.records),
        )

    def claims_on(self, *names: str) -> list[Claim]:
        """The claims that studies of these names bear on."""
        return [claim for claim in self.claims.values() if set(names).intersection(claim.studies)]


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Some studies of a paper, and what is kept of them."""

    paper: Paper
    studies: tuple[Study, ...]
    records: Records

    @property
    def tables(self) -> list[Table]:
        return [one for one in self.studies if isinstance(one, Table)]

    @property
    def analyses(self) -> list[Analysis]:
        return [one for one in self.studies if isinstance(one, Analysis)]

    def runs(self, scale: Scale) -> list[Experiment]:
        return [run for study in self.studies for run in study.planned(scale)]

    def left(self, scale: Scale) -> list[Experiment]:
        """The runs to make before all its numbers at a scale are there."""
        return [run for study in self.studies for run in study.left(scale, self.records)]

    def repeats(self, scale: Scale, seeds: int, gate: bool) -> list[Experiment]:
        """More of the runs of its tables that were made: see `Study.repeats`."""
        found = [one.repeats(scale, self.records, seeds, gate) for one in self.tables]
        return [run for runs in found for run in runs]

    def verdicts(self, scale: Scale) -> list[Verdict]:
        """On the claims that the studies bear on; on all claims if these are all studies."""
        claims = list(self.paper.claims.values())
        if len(self.studies) < len(self.paper.studies):
            claims = self.paper.claims_on(*(study.name for study in self.studies))
        return decide_all(claims, self.paper.studies, scale, self.records)


def by_name(*studies: Study) -> dict[str, Study]:
    """The studies of a paper, as `Paper` takes them."""
    return {study.name: study for study in studies}


def by_id(*claims: Claim) -> dict[str, Claim]:
    """The claims of a paper, as `Paper` takes them."""
    return {claim.id: claim for claim in claims}


def papers(only: Sequence[str] = ()) -> Mapping[str, Paper]:
    """Every paper by name, those from outside last; or `only` some."""
    outside = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name in outside:
        if name in BUILT_IN:
            raise InputError(f"a paper from outside is called {name}, as one of ours; rename it")

    def load(name: str) -> Paper:
        if name in outside:
            return _checked(outside[name])
        paper: Paper = importlib.import_module(f".{name}", __package__).PAPER
        return paper

    return Lazy(only or (*BUILT_IN, *outside), load)


def _checked(entry: EntryPoint) -> Paper:
    """The paper that an entry point of another package leads to."""
    found = entry.load()
    where = f"the entry point {entry.name} of {GROUP} ({entry.value})"
    if not isinstance(found, Paper) or found.name != entry.name:
        raise InputError(f"{where} is to lead to a Paper of that name, and leads to {found!r:.80}")
    for name, study in found.studies.items():
        if name != study.name or not f"{name}-".startswith(f"{found.name}-"):
            raise InputError(
                f"{where} has a study {study.name!r} as {name!r}; let both be {found.name}-..."
            )
    for id, claim in found.claims.items():
        if id in history():  # reports would show what was changed in ours
            raise InputError(f"{where} has a claim {id}, as one of ours is called; rename it")
        if id != claim.id or not set(claim.studies) <= {*found.studies}:
            raise InputError(
                f"{where} has a claim {claim.id!r} as {id!r}, on {', '.join(claim.studies)}; "
                f"its studies are {', '.join(found.studies)}"
            )
    return found


def paper_of(name: str, known: Mapping[str, Paper]) -> Paper:
    """The paper called so, or the one with the study called so."""
    named = [known[one] for one in known if name == one or name.startswith(f"{one}-")]
    for paper in named or known.values():
        if name == paper.name or name in paper.studies:
            return paper
    every = [study for paper in known.values() for study in paper.studies]
    raise unknown("table or study", name, (*every, *known, "all"))
