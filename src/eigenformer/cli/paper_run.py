"""Making the studies of papers, and what that is expected to cost."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from ..core import InputError, unknown
from ..core.display import duration
from ..papers import Analysis, Excerpt
from ..papers.making import make
from ..runs import Experiment, Plan, Scale
from ..runs.cost import confirm, plan_cost
from ..runs.engine import exit_status, unfinished
from ..runs.options import EngineOptions, job_options, make_engine
from ..runs.progress import progress
from .answers import STYLES


def run_studies(
    chosen: Sequence[Excerpt],
    scale: Scale,
    only: str | None,
    dry_run: bool,
    engine: EngineOptions,
    *,
    seeds: int = 0,
    gate: bool = False,
) -> int:
    """Make what is left of the studies, or repeat what was made; the exit status."""
    console = Console(highlight=False)
    repeat = bool(seeds or gate)
    wants = {
        excerpt.paper.name: excerpt.repeats(scale, seeds, gate) if repeat else excerpt.left(scale)
        for excerpt in chosen
    }
    runs = [run for these in wants.values() for run in these]
    if only is not None:
        names = {run.name for run in runs}
        names |= {run.name for excerpt in chosen for run in excerpt.runs(scale)}
        if only not in names:
            raise unknown("run", only, names)
        runs = [run for run in runs if run.name == only]
    plan = Plan.of(runs)
    waiting = unfinished(plan)
    cost = plan_cost(waiting)
    if dry_run:
        for run in waiting:
            console.print(f"{run.name}: {plan_cost([run])}", soft_wrap=True)
        console.print(f"{len(waiting)} runs to make: {cost}", soft_wrap=True)
        return 0
    confirm(cost, engine.yes)
    if not engine.quiet:
        told = f"{len(waiting)} runs: {cost}" if waiting else "all of these runs have been made"
        console.print(told, soft_wrap=True)
    wanted, worst = {run.identity for run in runs}, 0
    for excerpt in _batches(chosen):
        ours = [] if repeat else excerpt.left(scale)
        if repeat and excerpt.tables:
            ours = wants[excerpt.paper.name]
        status = _train(excerpt, [run for run in ours if run.identity in wanted], console, engine)
        if status > 128:
            return status
        if only is None and not repeat:
            for study in excerpt.analyses:
                status |= not _analysed(excerpt, study, scale, console, engine.quiet)
        worst = max(worst, status)
    return worst


def _batches(chosen: Sequence[Excerpt]) -> Iterator[Excerpt]:
    """Tables of a paper together; other studies each alone, so that what has been made is kept."""
    for excerpt in chosen:
        yield replace(excerpt, studies=tuple(excerpt.tables))
        for study in excerpt.analyses:
            yield replace(excerpt, studies=(study,))


def _train(
    excerpt: Excerpt, runs: Sequence[Experiment], console: Console, engine: EngineOptions
) -> int:
    """Make some runs of tables, or of a study; an exit status."""
    plan = Plan.of(runs)
    if not plan.experiments:
        return 0
    # The findings are kept of what is analysed, not its runs.
    options = job_options(engine, None if excerpt.analyses else excerpt.records)
    with progress(plan, console, engine.quiet) as watch:
        outcomes = make_engine(engine).run(plan, options, watch)
    for outcome in outcomes:
        if outcome.message and outcome.state in ("failed", "diverged", "skipped"):
            console.print(f"{outcome.experiment.name}: {outcome.message}", markup=False)
    return exit_status(outcomes)


def _analysed(
    excerpt: Excerpt, study: Analysis, scale: Scale, console: Console, quiet: bool
) -> bool:
    """Whether the study has its findings now; a mistake in one is not the others' loss."""
    try:
        kept = make(study, scale, excerpt.records, excerpt.paper.claims_on(study.name))
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
