"""From tables and records to a report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...models import DirectConfig, ModelConfig, TransformerConfig
from ...papers import Table, Value, Verdict
from ...papers.charton2022.failures import FailureRecord
from ...papers.charton2022.memorisation import Memorisation
from ...papers.charton2022.results import paper_tables
from ...runs import Experiment, Plan, Record, Records, Scale
from ..words import short_version
from .analyses import failure_section, memorisation_section
from .figures import figures_of
from .layout import Found, State, layout
from .tree import Report, Run, Section

_TITLE = "Linear algebra with transformers (Charton 2022), table by table"


def build(
    tables: Sequence[Table],
    scale: Scale,
    records: Records,
    verdicts: Sequence[Verdict] = (),
    *,
    failures: Mapping[str, FailureRecord] | None = None,
    memorisation: Mapping[str, Memorisation] | None = None,
) -> Report:
    """The paper's numbers beside what `records` hold for each table at a scale.

    Nothing is trained; what has no record is shown as missing. Verdicts on claims stand at the top
    and with the tables that decide them. `failures` and `memorisation`, by model, get sections of
    their own. Figures are drawn only when the report is written.
    """
    kept = _Kept(records)
    sections = [_section(table, scale, kept, verdicts) for table in tables]
    if failures:
        sections.append(failure_section(failures, verdicts))
    if memorisation:
        sections.append(memorisation_section(memorisation, verdicts))
    return Report(title=_TITLE, scale=scale, sections=tuple(sections), verdicts=tuple(verdicts))


class _Kept(Records):
    """Records that are read once."""

    def __init__(self, records: Records) -> None:
        super().__init__(records.root)
        self._found: dict[str, Record | None] = {}

    def get(self, experiment: Experiment) -> Record | None:
        identity = experiment.identity
        if identity not in self._found:
            self._found[identity] = super().get(experiment)
        return self._found[identity]


def _section(table: Table, scale: Scale, records: Records, verdicts: Sequence[Verdict]) -> Section:
    paper = paper_tables().get(table.name)
    found = [
        Found(value=value, state=_state(value, records)) for value in table.values(scale, records)
    ]
    experiments = Plan.of(table.experiments(scale)).experiments
    return Section(
        name=table.name,
        number=number_of(table.name),
        title=table.title,
        where=table.section,
        grid=layout(table.rows, table.columns, found, paper),
        figures=figures_of(table, scale, records),
        verdicts=tuple(one for one in verdicts if table.name in one.claim.tables),
        note=table.note,
        paper_note=paper.notes if paper else "",
        runs=tuple(_run(experiment, records.get(experiment)) for experiment in experiments),
    )


def number_of(name: str) -> str:
    """The paper's name of a table or figure: "table06" is Table 6."""
    kind = name.rstrip("0123456789")
    return f"{kind.capitalize()} {int(name[len(kind) :])}" if len(name) > len(kind) else name


def _state(value: Value, records: Records) -> State:
    if value.experiment is None:
        return "finished"
    record = records.get(value.experiment)
    if record is None:
        return "not run"
    return "not finished" if record.state == "running" else record.state


def _run(experiment: Experiment, record: Record | None) -> Run:
    config = experiment.tokens
    run = Run(
        identity=experiment.identity,
        name=experiment.name,
        recipe=config.recipe,
        model=_model(config.model),
        seed=config.seed,
        state="not run",
    )
    if record is None:
        return run
    return replace(
        run,
        state=record.state,
        examples=record.examples,
        seconds=record.seconds,
        version=short_version(record.version),
        machine=record.machine,
    )


def _model(config: ModelConfig) -> str:
    """The size of a transformer, encoder first where the decoder's is another; "" for others."""
    if not isinstance(config, TransformerConfig | DirectConfig):
        return ""
    a, b = config.encoder, config.decoder
    width, heads = (
        f"{x}" if x == y else f"{x}/{y}" for x, y in ((a.width, b.width), (a.heads, b.heads))
    )
    plural = "" if heads == "1" else "s"
    return f"{a.layers}/{b.layers} layers, width {width}, {heads} head{plural}"
