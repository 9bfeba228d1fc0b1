"""Tables of eigenvalues, eigenvectors, inverses and SVD: settings, labels, and two steps of each.

What the paper says of single models is in `spectral_settings`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from spectral_settings import FROM_THE_PAPER, Typed
from tiny_tables import check_two_steps

from eigenformer import ensembles
from eigenformer.models import (
    DirectConfig,
    GridConfig,
    RecurrentConfig,
    StackConfig,
    TransformerConfig,
    UniversalConfig,
)
from eigenformer.papers import Table
from eigenformer.papers.charton2022 import (
    figure1,
    figure2,
    table06,
    table07,
    table08,
    table09,
    table10,
    table11,
    table12,
    table14,
    table19,
    table20,
    table22,
    table24,
    table25,
    table28,
)
from eigenformer.papers.charton2022.full_size import divisible
from eigenformer.papers.charton2022.results import paper_table
from eigenformer.runs import SCALES, Experiment, Scale
from eigenformer.training import TrainConfig

TABLES = {
    module.TABLE.name: module.TABLE
    for module in (
        *(table06, table07, table08, table09, table10, table12, table14, table19, table20),
        *(table22, table24, table25, table28, figure1, figure2),
    )
}
EVERY = [(name, scale) for name in TABLES for scale in SCALES]
OF_THE_PAPER = [name for name in TABLES if name.startswith("table")]
# Claims on encodings, architectures, norms and learning curves: the paper's tokens.
PAPER_TOKENS = {"table07", "table08", "table09", "table10", "table19", "table22", "table24"}
PAPER_TOKENS |= {"figure1", "figure2"}


def runs(name: str, scale: Scale) -> list[Experiment]:
    """The runs of a table, those included that others start from."""
    return [part for one in TABLES[name].planned(scale) for part in one.chain]


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_names_and_labels_are_unique(name: str, scale: Scale) -> None:
    table = TABLES[name]
    experiments = table.planned(scale)
    names = [one.name for one in experiments]
    assert experiments and len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", text) for text in names)
    labels = [tuple(sorted(cell.labels.items(), key=str)) for e in experiments for cell in e.cells]
    assert len(set(labels)) == len(labels)
    shown = {*table.rows, *table.columns}
    where = [tuple(cell.labels.get(key) for key in shown) for e in experiments for cell in e.cells]
    assert len(set(where)) == len(where), "two numbers share a place in the layout"
    assert all(one.cells for one in experiments)


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_runs_of_a_table_differ(name: str, scale: Scale) -> None:
    identities = [one.identity for one in TABLES[name].planned(scale)]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("name", OF_THE_PAPER)
@pytest.mark.parametrize("scale", ["paper", "gpu"])
def test_every_cell_of_the_paper_has_one_counterpart(name: str, scale: Scale) -> None:
    theirs = paper_table(name)
    ours = [
        theirs.find({**cell.labels, **cell.paper})
        for one in TABLES[name].planned(scale)
        for cell in one.cells
        if cell.paper is not None
    ]
    assert [len(found) for found in ours] == [1] * len(theirs.cells)
    assert {str(found[0].labels) for found in ours} == {str(cell.labels) for cell in theirs.cells}


@pytest.mark.parametrize("name", OF_THE_PAPER)
def test_counterparts_at_laptop_scale_are_single_cells(name: str) -> None:
    theirs = paper_table(name)
    counterparts = [
        theirs.find({**cell.labels, **cell.paper})
        for one in TABLES[name].planned("laptop")
        for cell in one.cells
        if cell.paper is not None
    ]
    assert counterparts and all(len(found) == 1 for found in counterparts)


# Settings of scale paper.


def all_at_the_papers_size() -> Iterator[tuple[str, Experiment]]:
    for name in TABLES:
        for one in runs(name, "paper"):
            yield name, one


def test_what_all_runs_of_the_paper_share() -> None:
    for name, one in all_at_the_papers_size():
        config = one.config
        assert config.recipe == "paper", name
        assert (config.batch_size, config.evaluation.every) == (64, 300_000)
        assert all(test.size == 10_000 for test in config.evaluation.tests)
        optimizer, schedule = config.optimizer, config.schedule
        assert (optimizer.kind, optimizer.rate, optimizer.weight_decay) == ("adamw", 1e-4, 0.0)
        assert (schedule.warmup_steps, schedule.shape) == (10_000, "cosine")
        assert config.loss.soft_width == 0.0
        assert config.precision == "float32"
        if isinstance(config.model, TransformerConfig):
            assert (config.model.norm, config.model.activation) == ("post", "relu")
            assert config.model.embedding == "random"
            assert not config.model.sum_coefficients
            assert config.model.encoder.hidden is config.model.decoder.hidden is None


@pytest.mark.parametrize("typed", FROM_THE_PAPER, ids=lambda typed: f"{typed.table}-{typed.name}")
def test_settings_of_the_paper(typed: Typed) -> None:
    (config,) = [e.config for e in TABLES[typed.table].planned("paper") if e.name == typed.name]
    task, model = config.task, config.model
    assert type(model) is TransformerConfig
    assert task.problem.registry.name_of(task.problem) == typed.problem
    assert {name: getattr(task.problem, name) for name in typed.options} == typed.options
    assert (task.encoder.label, task.decoder.label) == typed.encodings
    assert task.ensemble == ensembles.get(typed.law, dims=typed.dims, scale=typed.scale)
    assert task.noise == typed.noise
    stacks = (model.encoder, model.decoder)
    assert tuple(stack.layers for stack in stacks) == typed.layers
    assert tuple(stack.width for stack in stacks) == typed.widths
    assert tuple(stack.heads for stack in stacks) == typed.heads
    if typed.examples is not None:
        assert config.examples == typed.examples


def test_table_24_loops_one_layer() -> None:
    found = {one.name: one.config.model for one in TABLES["table24"].planned("paper")}
    universal = {name: model for name, model in found.items() if type(model) is UniversalConfig}
    kinds = {(m.encoder_loops, m.decoder_loops, m.gating) for m in universal.values()}
    assert kinds == {(n, 1, gate) for n in (4, 8) for gate in ("none", "copy", "act")}
    assert len(universal) == 12
    for model in universal.values():
        assert model.encoder == model.decoder == StackConfig(layers=1, width=512, heads=8)
        assert model.norm == "post"
    rest = {name: found[name] for name in found.keys() - universal.keys()}
    assert len(rest) == 2
    six = TABLES["table06"].planned("paper")
    assert {str(model) for model in rest.values()} == {
        str(one.config.model) for one in six if one.name in ("5x5-p1000-4-1", "5x5-fp15-6-1")
    }


def test_table_22_has_recurrent_models() -> None:
    for one in TABLES["table22"].planned("paper"):
        model = one.config.model
        assert isinstance(model, RecurrentConfig)
        cell, encoding, hidden, encoder, decoder = one.name.split("-")
        assert (model.cell, one.config.task.encoder.label.lower()) == (cell, encoding)
        assert (model.hidden, model.encoder_layers, model.decoder_layers) == (
            *(int(hidden), int(encoder), int(decoder)),
        )
        assert model.hidden in (1024, 2048) and model.encoder_layers in (4, 6, 8)
        assert model.embedding in (256, 512) and model.embedding_init == "random"
        assert one.config.task.ensemble.dims == "5x5"


def test_decompositions_are_judged_by_the_papers_score() -> None:
    for scale in SCALES:
        for name in ("table08", "table10", "figure2"):
            for one in TABLES[name].planned(scale):
                problem = one.config.task.problem
                asked = problem.registry.name_of(problem)
                loose = asked in ("eigenvectors", "svd") and one.config.recipe != "grid"
                expected = "paper" if loose else "l1"
                assert one.config.evaluation.score == expected, (name, one.name)


def test_table_14_asks_for_a_thousandth() -> None:
    for scale in SCALES:
        for one in TABLES["table14"].planned(scale):
            assert {0.1, 0.05, 0.02, 0.01, 0.005, 0.001} <= set(one.config.evaluation.tolerances)


# Runs that tables share.


def identities(name: str, scale: Scale = "paper", table: Table | None = None) -> set[str]:
    return {one.identity for one in (table or TABLES[name]).planned(scale)}


@pytest.mark.parametrize(
    ("name", "of", "scale", "count"),
    [
        ("table07", "table19", "paper", 9),
        ("table07", "table19", "laptop", 11),
        ("table12", "table20", "paper", 7),
        ("table12", "table20", "laptop", 7),
        ("table24", "table06", "paper", 2),
        ("table22", "table06", "laptop", 1),
        ("table24", "table09", "laptop", 3),
        ("table20", "table06", "laptop", 2),
        ("figure1", "table06", "paper", 3),
        ("figure1", "table08", "paper", 1),
        ("figure1", "table09", "paper", 1),
        ("figure1", "table10", "paper", 1),
        ("figure2", "table09", "paper", 6),
        ("figure2", "table08", "paper", 2),
        ("figure2", "table06", "paper", 4),
        ("figure2", "table19", "laptop", 2),
        ("figure1", "figure2", "laptop", 1),
    ],
)
def test_tables_share_runs(name: str, of: str, scale: Scale, count: int) -> None:
    assert len(identities(name, scale) & identities(of, scale)) == count


@pytest.mark.parametrize("scale", SCALES)
def test_noisy_eigenvalues_are_those_of_table_11(scale: Scale) -> None:
    eigenvalues = {
        one.identity
        for one in table11.TABLE.planned(scale)
        if one.cells[0].labels["task"] == "eigenvalues"
    }
    shared = eigenvalues & identities("table28", scale)
    assert shared == eigenvalues and eigenvalues


@pytest.mark.parametrize("scale", ["paper", "gpu"])
def test_retraining_goes_on_from_table_6(scale: Scale) -> None:
    first = {one.after.identity for one in TABLES["table25"].planned(scale) if one.after}
    assert len(first) == 2 and first <= identities("table06", scale)


def test_retrained_and_from_scratch_differ_in_the_start_alone() -> None:
    again, scratch = TABLES["table25"].planned("laptop")
    assert again.after is not None and scratch.after is None
    assert again.config == scratch.config
    assert again.after.config.task.ensemble.dims == "3x3"
    assert again.after.config.model == again.config.model


# The smaller scales.


@pytest.mark.parametrize("name", list(TABLES))
def test_a_gpu_run_fits_ten_minutes(name: str) -> None:
    for one in runs(name, "gpu"):
        config = one.config
        assert 100_000 < config.examples <= 8_000_000
        assert (config.precision, config.batch_size) == ("bfloat16", 256)
        assert 15 <= config.examples / config.evaluation.every <= 21
        assert all(test.size == 10_000 for test in config.evaluation.tests)


@pytest.mark.parametrize("name", list(TABLES))
def test_sizes_at_gpu_scale_are_the_papers(name: str) -> None:
    def sizes(scale: Scale) -> list[tuple[str, ...]]:
        return [
            (one.name, str(one.config.task.ensemble.dims), *layers_and_widths(one.config))
            for one in TABLES[name].planned(scale)
        ]

    assert set(sizes("paper")) <= set(sizes("gpu"))


def layers_and_widths(config: TrainConfig) -> tuple[str, ...]:
    model = config.model
    if isinstance(model, RecurrentConfig):
        return (f"{model.encoder_layers}", f"{model.decoder_layers}", f"{model.hidden}")
    assert isinstance(model, DirectConfig | TransformerConfig)
    return (str(model.encoder), str(model.decoder))


@pytest.mark.parametrize(("name", "scale"), [(name, s) for name, s in EVERY if s != "paper"])
def test_claims_about_models_use_the_papers_tokens(name: str, scale: Scale) -> None:
    for one in runs(name, scale):
        config = one.config
        assert config.recipe in ("fast", "fast-paper-tokens", "grid")
        if name in PAPER_TOKENS and config.recipe != "grid":  # table 10 has grids beside
            assert config.recipe == "fast-paper-tokens", one.name
        if config.recipe == "fast-paper-tokens":
            assert config.loss.soft_width == 0.0
            assert not isinstance(config.model, DirectConfig)


def test_encodings_are_compared_with_the_papers_tokens() -> None:
    for scale in ("laptop", "gpu"):
        for one in TABLES["table06"].planned(scale):
            if one.config.task.ensemble.dims in ("2x2", "3x3", "5x5", "8x8"):
                assert one.config.recipe == "fast-paper-tokens"
        for one in TABLES["table20"].planned(scale):
            if one.config.task.encoder.label == "FP15":
                assert one.config.recipe == "fast-paper-tokens"


@pytest.mark.parametrize("name", list(TABLES))
def test_a_laptop_run_is_small(name: str) -> None:
    for one in runs(name, "laptop"):
        config, model = one.config, one.config.model
        assert max(config.task.ensemble.dimensions.largest) <= 4
        assert config.examples <= 240_000
        width = 0
        if isinstance(model, RecurrentConfig):
            width = model.embedding
        elif isinstance(model, DirectConfig | TransformerConfig):
            width = max(model.encoder.width, model.decoder.width)
        elif isinstance(model, GridConfig):
            assert model.width == 48
            continue
        assert 64 <= width <= 128


@pytest.mark.parametrize(
    ("width", "heads", "expected"),
    [(512, 8, 512), (512, 12, 516), (512, 10, 510), (510, 12, 516), (645, 15, 645), (7, 10, 10)],
)
def test_divisible(width: int, heads: int, expected: int) -> None:
    assert divisible(width, heads) == expected


# Two steps of every kind.


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: many runs are the same once they are shrunk, and are made once."""
    return tmp_path_factory.mktemp("store")


def kind(experiment: Experiment) -> tuple[str, ...]:
    """Architecture, problem and encodings; training sets are drawn from below."""
    config, before = experiment.config, experiment.after
    task, model = config.task, config.model
    return (
        type(model).__name__,
        *(str(getattr(model, name, "")) for name in ("cell", "gating", "norm")),
        str(task.problem),
        task.encoder.label,
        task.decoder.label,
        str(task.noise > 0),
        *(() if before is None else kind(before)),
    )


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_every_kind_of_run_takes_two_steps(name: str, scale: Scale, store: Path) -> None:
    first: dict[tuple[str, ...], Experiment] = {}
    for one in TABLES[name].planned(scale):
        first.setdefault(kind(one), one)
    check_two_steps(TABLES[name], first.values(), store)
