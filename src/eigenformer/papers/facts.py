"""What lists say of studies and claims, as plain values; kept, as computing it takes long.

Nothing here imports torch unless it has to compute.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import to_json
from ..core.kept import keep, read_kept
from ..core.lazy import lazy
from ..runs.scale import SCALES, Scale
from .names import GROUP

if TYPE_CHECKING:
    from ..runs.records import Records
    from .claims import Claim, Verdict
    from .findings import Finding
    from .paper import Excerpt, Paper
    from .study import Kept, Study

FILE = Path(__file__).with_name("kept.json")


def kept_facts() -> dict[str, Any] | None:
    """ "studies", and "claims" by scale, of the papers that come along, with their own records.

    None if their code or records have changed since, or where there are papers from outside.
    """
    if entry_points(group=GROUP):
        return None
    found: dict[str, Any] | None = read_kept(FILE, _sources())
    return found


def keep_facts() -> None:
    """Compute them, and keep them."""
    from .paper import papers

    every = [paper.excerpt(("all",)) for paper in papers().values()]
    facts = {
        "studies": [study_facts(one, study, SCALES) for one in every for study in one.studies],
        "claims": {
            scale: [fact for one in every for fact in claim_facts(one, scale)] for scale in SCALES
        },
    }
    keep(FILE, _sources(), facts)


def _sources() -> Iterator[Path]:
    """What the facts depend on: the papers, their records, and what makes runs."""
    rooms = Path(__file__).parents[1]
    for folder in ("papers", "runs"):
        for file in (rooms / folder).rglob("*"):
            race = rooms / "runs" / "speedrun" in file.parents  # nothing of it is a paper's
            if file.suffix in (".py", ".json") and file.name != FILE.name and not race:
                yield file
    yield from (rooms / "zoo" / "models").glob("*/evals/*.json")


def study_facts(excerpt: "Excerpt", study: "Study", scales: Sequence[Scale]) -> dict[str, Any]:
    """Where a study is in its paper, what it bears on, and its runs and their cost by scale."""
    return {
        "name": study.name,
        "from": excerpt.paper.name,
        "title": study.title,
        "cited": excerpt.paper.citation or excerpt.paper.title,
        "section": study.section,
        "claims": [claim.id for claim in excerpt.paper.claims_on(study.name)],
        **{
            scale: expected(study, scale, excerpt.records) if scale in study.scales else {"runs": 0}
            for scale in scales
        },
    }


def expected(study: "Study", scale: Scale, records: "Records") -> dict[str, Any]:
    """Runs of a study, those made, and their cost; its seconds are known where it has been made."""
    from ..runs.cost import Cost, plan_cost
    from .study import Table

    runs = study.distinct(scale)
    kept = study.kept(scale, records)
    if kept is None and (isinstance(study, Table) or scale == "laptop"):
        cost = plan_cost(runs)
    else:  # runs that are not counted are timed, and large ones take long
        examples = sum(run.config.length for run in runs)
        cost = Cost(examples=examples, seconds=kept.seconds if kept else 0.0)
    return {"runs": len(runs), "made": len(study.made(scale, records)), **to_json(cost)}


def claim_facts(
    excerpt: "Excerpt", scale: Scale, claims: "Sequence[Claim] | None" = None
) -> list[dict[str, Any]]:
    """The verdict on each of `claims`, or on all of the paper's, and what it rests on."""
    from .claims import decide_all

    paper, found = excerpt.paper, []
    asked = list(paper.claims.values()) if claims is None else claims
    for verdict in decide_all(asked, paper.studies, scale, excerpt.records):
        made = {name: paper.studies[name].kept(scale, excerpt.records) for name in verdict.said}
        found.append(_facts(paper, verdict, {name: one for name, one in made.items() if one}))
    return found


def _facts(paper: "Paper", verdict: "Verdict", made: "Mapping[str, Kept]") -> dict[str, Any]:
    claim = verdict.claim
    return {
        "id": claim.id,
        "state": verdict.state,
        "claim": claim.text,
        "where": ", ".join(part for part in (paper.citation, claim.where) if part),
        "paper": claim.figures,
        "from": paper.name,
        "found": verdict.sentence,
        "summary": verdict.finding.summary,
        "setting": verdict.finding.setting,
        "parts": _parts(verdict.finding),
        "limits": claim.limits,
        "changes": [{**to_json(one), "text": one.text} for one in claim.changes],
        "by_table": claim.decide is not None,
        "would_decide": verdict.would_decide,
        "scale": verdict.scale,
        "studies": [
            {
                "study": name,
                "state": said.state,
                "sentence": said.sentence,
                "parts": _parts(said),
                "would_decide": said.would_decide,
                "examples": made[name].examples,
                "seconds": made[name].seconds,
            }
            for name, said in verdict.said.items()
        ],
        "missing": list(verdict.missing),
    }


def _parts(finding: "Finding") -> list[dict[str, str]]:
    return [
        {"state": part.state, "verdict": part.verdict, "text": part.text} for part in finding.parts
    ]


lazy(__name__)
