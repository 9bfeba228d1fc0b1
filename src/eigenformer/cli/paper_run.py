"""Making the studies of papers, and what that is expected to cost."""

import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ..core import InputError, to_json, unknown
from ..papers import Analysis, Paper, Study, Table
from ..papers.incontext_study.cost import cost as prompt_cost
from ..papers.incontext_study.progress import progress as prompt_progress
from ..papers.incontext_study.workers import Workers
from ..papers.making import make
from ..runs import Plan, Records, Scale
from ..runs.cost import confirm, duration, plan_cost
from ..runs.engine import exit_status, unfinished
from ..runs.options import EngineOptions, job_options, make_engine
from ..runs.progress import progress


def expected(study: Study, scale: Scale, records: Records) -> dict[str, Any]:
    """Runs of a study, those made, and their cost; seconds are known where it has been made."""
    runs = study.distinct(scale)
    made = len(study.made(scale, records))
    if isinstance(study, Table):
        return {"runs": len(runs), "made": made, **to_json(plan_cost(runs))}
    kept = study.kept(scale, records)
    seconds = kept.seconds if kept else prompt_cost(runs).seconds if scale == "laptop" else 0.0
    examples = sum(run.examples for run in runs)
    return {"runs": len(runs), "made": made, "examples": examples, "flops": 0, "seconds": seconds}


def run_studies(
    chosen: Mapping[Paper, Sequence[Study]],
    scale: Scale,
    kept: Mapping[str, Records],
    prog: str,
    only: str | None,
    dry_run: bool,
    engine: EngineOptions,
) -> int:
    """Make what is left of the studies; the exit status."""
    status = 0
    for paper, studies in chosen.items():
        tables = [one for one in studies if isinstance(one, Table)]
        analyses = [one for one in studies if isinstance(one, Analysis)]
        records = kept[paper.name]
        if tables:
            status = max(status, _run_tables(tables, scale, records, prog, only, dry_run, engine))
        if analyses:
            status = max(status, _run_analyses(paper, analyses, scale, records, dry_run, engine))
    return status


def _run_tables(
    tables: Sequence[Table],
    scale: Scale,
    records: Records,
    prog: str,
    only: str | None,
    dry_run: bool,
    engine: EngineOptions,
) -> int:
    planned = [run for table in tables for run in table.planned(scale)]
    if not planned:
        shown = f"`eigenformer {prog} report {' '.join(one.name for one in tables)}`"
        print(f"nothing to train: these numbers are computed; {shown} writes them down")
        return 0
    runs = [run for table in tables for run in table.left(scale, records)]
    if only is not None:
        if only not in [run.name for run in planned]:
            raise unknown("run", only, sorted({run.name for run in planned}))
        runs = [run for run in runs if run.name == only]
    plan = Plan.of(runs)
    console = Console()
    left = unfinished(plan)
    cost = plan_cost(left)
    if dry_run:
        for one in left:
            each = plan_cost([one])
            console.print(f"{one.name}: {each}", highlight=False, soft_wrap=True)
        console.print(f"{len(left)} runs to make: {cost}", highlight=False, soft_wrap=True)
        return 0
    confirm(cost, engine.yes)
    if not engine.quiet:
        told = f"{len(left)} runs: {cost}" if left else "all of these runs have been made"
        console.print(told, highlight=False, soft_wrap=True)
    with progress(plan, console, engine.quiet) as watch:
        outcomes = make_engine(engine).run(plan, job_options(engine, records), watch)
    for outcome in outcomes:
        if outcome.message and outcome.state in ("failed", "diverged", "skipped"):
            console.print(f"{outcome.experiment.name}: {outcome.message}", markup=False)
    return exit_status(outcomes)


def _run_analyses(
    paper: Paper,
    analyses: Sequence[Analysis],
    scale: Scale,
    records: Records,
    dry_run: bool,
    engine: EngineOptions,
) -> int:
    left = [study for study in analyses if study.kept(scale, records) is None]
    runs = [run for study in left for run in study.planned(scale)]
    console = Console(highlight=False)
    device = "cuda" if engine.device == "cuda" else "cpu"
    with Workers(engine.workers, device) as workers:
        cost = prompt_cost(runs, device)
        if dry_run:
            for study in left:
                each = prompt_cost(study.planned(scale), device)
                console.print(f"{study.name}: {each}", soft_wrap=True)
            console.print(f"{_count(left)} to make: {cost}", soft_wrap=True)
            return 0
        confirm(cost, engine.yes)
        if not engine.quiet:
            told = f"{_count(left)} to make: {cost}" if left else "all of these have been made"
            console.print(told, soft_wrap=True)
        made = 0
        try:
            with prompt_progress(runs, console, engine.quiet) as heard:
                for study in left:
                    workers.train(study.planned(scale), heard)
                    made += _analyse(paper, study, scale, records, console, engine.quiet)
        except KeyboardInterrupt:
            workers.stop()
            told = f"interrupted: {made} of {_count(left)} made; the same command goes on from here"
            console.print(told, soft_wrap=True)
            return 130
    return 0 if made == len(left) else 1


def _analyse(
    paper: Paper, study: Analysis, scale: Scale, records: Records, console: Console, quiet: bool
) -> bool:
    """Whether the study has its findings now; a mistake in one need not be the others' loss."""
    from .paper import STYLES

    try:
        kept = make(study, scale, records, list(paper.claims.values()))
    except Exception as error:
        told = str(error)
        if not isinstance(error, InputError):
            traceback.print_exc(file=sys.stderr)
            told = f"{study.name}: {type(error).__name__}: {error}"
        console.print(Text(told, style="red"), soft_wrap=True)
        return False
    if not quiet:
        text = Text.assemble((study.name, "bold"), f" {duration(kept.seconds)}")
        for claim, finding in kept.findings.verdicts.items():
            text.append(f", {claim} ")
            text.append(finding.state, STYLES[finding.state])
        console.print(text, soft_wrap=True)
    return True


def _count(chosen: Sequence[Study]) -> str:
    return "1 study" if len(chosen) == 1 else f"{len(chosen)} studies"
