"""Tables on arithmetic: encodings, sizes, noise, digits; recurrent and looped models; jointly."""

import importlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tiny_tables import check_two_steps

from eigenformer.ensembles import IidUniform
from eigenformer.models import (
    DirectConfig,
    RecurrentConfig,
    StackConfig,
    TransformerConfig,
    UniversalConfig,
)
from eigenformer.papers import Table, Value
from eigenformer.papers.charton2022.results import PaperCell, paper_table
from eigenformer.problems import Joint
from eigenformer.runs import SCALES, Cell, Experiment, Records, Scale

COMPUTED = ("table01", "table18", "table29")
TRAINED = (
    *("table02", "table03", "table04", "table05", "table11", "table13", "table15", "table16"),
    *("table17", "table21", "table23", "table26", "table27"),
)
WITH_BLANKS = ("table16", "table17")
"""Tables of the paper where a cell without a number is a run too: one that did not get there."""


def table(name: str) -> Table:
    found = importlib.import_module(f"eigenformer.papers.charton2022.{name}").TABLE
    assert isinstance(found, Table)
    return found


@cache
def runs(name: str, scale: Scale) -> tuple[Experiment, ...]:
    return tuple(table(name).planned(scale))


def values(name: str, scale: Scale, root: Path) -> list[Value]:
    """All of them, none measured but the computed ones."""
    return table(name).values(scale, Records(root / "no-records"))


def counterparts(name: str, labels: dict[str, Any]) -> list[PaperCell]:
    return paper_table(name).find(labels)


def is_number(cell: PaperCell, name: str) -> bool:
    if cell.value is None:
        return name in WITH_BLANKS
    return not isinstance(cell.value, str)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", (*COMPUTED, *TRAINED))
def test_every_scale_builds(name: str, scale: Scale, tmp_path: Path) -> None:
    found = table(name)
    assert found.name == name
    experiments = found.planned(scale)
    assert bool(experiments) == (name in TRAINED)
    names = [experiment.name for experiment in experiments]
    assert len(set(names)) == len(names)
    assert all(part and part.replace("-", "").isalnum() and part.islower() for part in names)
    identities = [experiment.identity for experiment in experiments]
    assert len(set(identities)) == len(identities)
    every = values(name, scale, tmp_path)
    labels = [tuple(sorted((key, str(label)) for key, label in v.labels.items())) for v in every]
    assert len(set(labels)) == len(labels)
    assert all((value.measured is None) == (name in TRAINED) for value in every)
    if scale == "laptop":
        # The layout's rows and columns tell all values apart, and no key of it is for nothing.
        used = {key for value in every for key in value.labels}
        assert {*found.rows, *found.columns} <= used
        places = [tuple(v.labels.get(k) for k in (*found.rows, *found.columns)) for v in every]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", (*COMPUTED, *TRAINED))
def test_every_number_of_the_paper_has_a_counterpart(name: str, tmp_path: Path) -> None:
    numbers = {id(cell) for cell in paper_table(name).cells if is_number(cell, name)}
    assert numbers
    met: Counter[int] = Counter()
    for value in values(name, "paper", tmp_path):
        if value.paper is not None:
            (cell,) = counterparts(name, value.paper)
            met[id(cell)] += 1
    assert met.keys() == numbers
    if name != "table23":  # which has one line for several models
        assert set(met.values()) == {1}


@pytest.mark.parametrize("scale", ["laptop", "gpu"])
@pytest.mark.parametrize("name", (*COMPUTED, *TRAINED))
def test_counterparts_at_smaller_scales_are_numbers_of_the_paper(
    name: str, scale: Scale, tmp_path: Path
) -> None:
    every = values(name, scale, tmp_path)
    compared = [value for value in every if value.paper is not None]
    assert compared
    for value in compared:
        assert value.paper is not None
        (cell,) = counterparts(name, value.paper)
        assert is_number(cell, name)
        if "tolerance" in cell.labels:
            assert cell.labels["tolerance"] == value.labels["tolerance"]
    if scale == "gpu":
        same = [value.labels for value in values(name, "paper", tmp_path)]
        assert [value.labels for value in every] == same


def at_paper_scale(name: str, labels: dict[str, Any]) -> Experiment:
    """The one run with a cell of these labels that the paper has."""

    def fits(cell: Cell) -> bool:
        same = all(cell.labels.get(key, "absent") == label for key, label in labels.items())
        return same and cell.paper is not None

    experiments = runs(name, "paper")
    found = [one for one in experiments if any(fits(cell) for cell in one.cells)]
    assert len(found) == 1, (labels, [one.name for one in found])
    return found[0]


# Typed from the paper: problem, sizes, encoding, layers, width. All have 8 heads.
SETTINGS = {
    "table02": [
        ({"encoding": "P10", "dims": "20x20"}, "transpose 20x20 P10 1/1 256"),
        ({"encoding": "B1999", "dims": "30x30"}, "transpose 30x30 B1999 1/1 256"),
        ({"encoding": "FP15", "dims": "9x11"}, "transpose 9x11 FP15 1/1 256"),
        ({"encoding": "P1000", "dims": "5-15 rect"}, "transpose 5-15x5-15 P1000 1/1 256"),
        ({"encoding": "FP15", "dims": "5-20 square"}, "transpose 5-20 FP15 1/1 256"),
    ],
    "table03": [
        ({"dims": "3x8"}, "add 3x8 B1999 2/2 512"),
        ({"dims": "20x20"}, "add 20x20 B1999 1/1 512"),
        ({"dims": "5-15 rect", "layers": "1/6"}, "add 5-15x5-15 B1999 1/6 512"),
    ],
    "table04": [
        ({"encoding": "P10"}, "matvec 5x5 P10 2/2 512"),
        ({"dims": "14x2"}, "matvec 14x2 P1000 1/1 512"),
        ({"dims": "5-10 square"}, "matvec 5-10 P1000 4/4 512"),
    ],
    "table05": [
        ({"encoding": "P10"}, "matmul 5x5 P10 2/2 512"),
        ({"dims": "3x8"}, "matmul 3x8 P1000 2/6 512"),
        ({"dims": "12x2"}, "matmul 12x2 P1000 1/6 512"),
    ],
    "table11": [
        ({"encoding": "B1999", "noise": 0.02, "dim": 256}, "add 5x5 B1999 2/2 256"),
        ({"encoding": "FP15", "noise": 0.05, "dim": 1024}, "eigenvalues 5x5 FP15 4/4 1024"),
        ({"encoding": "P1000", "noise": 0.01, "dim": 512}, "eigenvalues 5x5 P1000 4/4 512"),
    ],
    "table13": [
        ({"precision_digits": 2}, "add 10x10 P100 2/2 512"),
        ({"precision_digits": 3}, "add 10x10 P1000 2/2 512"),
        ({"precision_digits": 4}, "add 10x10 P10000 2/2 512"),
    ],
    "table15": [
        ({"layers": "1/1", "encoding": "B1999", "dim": 64}, "add 10x10 B1999 1/1 64"),
        ({"layers": "6/6", "encoding": "P1000", "dim": 512}, "add 10x10 P1000 6/6 512"),
        ({"layers": "4/4", "encoding": "B1999", "dim": 256}, "add 10x10 B1999 4/4 256"),
    ],
    "table16": [
        ({"layers": "2/2", "encoding": "B1999", "dim": 512}, "add 10x10 B1999 2/2 512"),
        ({"layers": "1/1", "encoding": "P1000", "dim": 128}, "add 10x10 P1000 1/1 128"),
        ({"layers": "6/6", "encoding": "B1999", "dim": 64}, "add 10x10 B1999 6/6 64"),
    ],
    "table17": [
        (
            {"layers": "8/8", "task": "matrix-vector product", "dim": 128},
            "matvec 5x5 P1000 8/8 128",
        ),
        ({"layers": "1/1", "task": "eigenvalues", "dim": 1024}, "eigenvalues 5x5 P1000 1/1 1024"),
        ({"layers": "6/6", "task": "eigenvalues", "dim": 256}, "eigenvalues 5x5 P1000 6/6 256"),
    ],
    "table23": [
        ({"looped": "none"}, "add 10x10 B1999 2/2 512"),
        ({"looped": "encoder", "gating": "gated", "dim": 256}, "add 10x10 B1999 1/1 256"),
        ({"looped": "decoder", "gating": "none", "dim": 512}, "add 10x10 B1999 1/1 512"),
    ],
    "table27": [
        (
            {"encoding": "B1999", "layers": "4/4", "dim": 256, "noise": 0.01},
            "add 5x5 B1999 4/4 256",
        ),
        (
            {"encoding": "P1000", "layers": "2/2", "dim": 512, "noise": 0.02},
            "add 5x5 P1000 2/2 512",
        ),
        (
            {"encoding": "P1000", "layers": "4/4", "dim": 512, "noise": 0.05},
            "add 5x5 P1000 4/4 512",
        ),
    ],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_scale_paper(name: str) -> None:
    for labels, expected in SETTINGS[name]:
        problem, dims, encoding, layers, width = expected.split()
        config = at_paper_scale(name, labels).config
        task, model = config.task, config.model
        assert task.problem.registry.name_of(task.problem) == problem
        assert task.ensemble == IidUniform(dims=dims, scale=10)
        assert (task.encoder.label, task.decoder.label) == (encoding, encoding)
        assert task.noise == labels.get("noise", 0)
        assert isinstance(model, TransformerConfig)
        encoder, decoder = (
            StackConfig(layers=int(depth), width=int(width), heads=8) for depth in layers.split("/")
        )
        assert (model.encoder, model.decoder) == (encoder, decoder)


@pytest.mark.parametrize("name", TRAINED)
def test_the_recipe_of_scale_paper(name: str) -> None:
    for experiment in runs(name, "paper"):
        config = experiment.config
        assert config.recipe == "paper"
        optimizer, schedule, evaluation = config.optimizer, config.schedule, config.evaluation
        assert (optimizer.kind, optimizer.rate, optimizer.weight_decay) == ("adamw", 1e-4, 0)
        assert (schedule.warmup_steps, schedule.shape) == (10_000, "cosine")
        assert config.batch_size == 64
        assert evaluation.every == 300_000
        assert [(test.size, test.ensemble) for test in evaluation.tests] == [(10_000, None)]
        assert config.loss.soft_width == 0
        assert (config.precision, config.start, config.data) == ("float32", None, None)
        assert config.examples % 300_000 == 0 or name == "table21"  # of inversion, 250 million
        model = config.model
        if isinstance(model, RecurrentConfig):
            assert model.embedding_init == "random"
        else:
            assert isinstance(model, TransformerConfig)
            assert (model.norm, model.activation, model.embedding) == ("post", "relu", "random")
            assert not model.sum_coefficients


def test_what_the_paper_says_of_the_length_of_runs() -> None:
    assert {run.config.examples for run in runs("table13", "paper")} == {30_000_000}
    # 60 epochs are read of table 15; the largest number of table 16 is 96 epochs, of table 17 244.
    assert {run.config.examples for run in runs("table15", "paper")} == {30_000_000}
    longest = max(run.config.examples for run in runs("table17", "paper"))
    assert longest >= 244 * 300_000


@pytest.mark.parametrize(
    "cell, layers, hidden, embedding", [("LSTM", 2, 1024, 256), ("GRU", 4, 2048, 512)]
)
def test_recurrent_models_of_scale_paper(
    cell: str, layers: int, hidden: int, embedding: int
) -> None:
    labels = {
        "architecture": cell,
        "layers": f"{layers}/{layers}",
        "hidden": hidden,
        "embedding": embedding,
        "tolerance": 5,
    }
    config = at_paper_scale("table21", labels).config
    assert config.task.problem.registry.name_of(config.task.problem) == "add"
    assert config.task.ensemble == IidUniform(dims="5x5", scale=10)
    model = config.model
    assert isinstance(model, RecurrentConfig)
    assert (model.cell, model.hidden, model.embedding) == (cell.lower(), hidden, embedding)
    assert model.encoder_layers == model.decoder_layers == layers


@pytest.mark.parametrize(
    "looped, gating, loops, ours",
    [
        ("encoder", "none", (4, 1), "none"),
        ("encoder", "gated", (4, 1), "copy"),
        ("decoder", "ACT", (1, 4), "act"),
        ("encoder and decoder", "none", (4, 4), "none"),
    ],
)
@pytest.mark.parametrize("scale", SCALES)
def test_loops_and_gates(
    looped: str, gating: str, loops: tuple[int, int], ours: str, scale: Scale
) -> None:
    found = [
        experiment.config.model
        for experiment in runs("table23", scale)
        if (experiment.cells[0].labels["looped"], experiment.cells[0].labels["gating"])
        == (looped, gating)
    ]
    assert len(found) == (1 if scale == "laptop" else 2)
    for model in found:
        assert isinstance(model, UniversalConfig)
        assert (model.encoder_loops, model.decoder_loops) == loops
        assert model.gating == ours
        assert model.encoder.layers == model.decoder.layers == 1


@pytest.mark.parametrize("scale", SCALES)
def test_joint_goals(scale: Scale) -> None:
    letters = {
        "T": "transpose",
        "A": "add",
        "D": "matvec",
        "M": "matmul",
        "E": "eigenvalues",
        "F": "eigenvectors",
        "I": "inverse",
    }
    experiments = runs("table26", scale)
    goals = [str(experiment.cells[0].labels["joint_goal"]) for experiment in experiments]
    assert goals == ["TA", "TAD", "TADM", "TADME", "TADMEF", "TADMEFI", "EFI"]
    for goal, experiment in zip(goals, experiments, strict=True):
        config = experiment.config
        assert isinstance(config.task.problem, Joint)
        assert config.task.problem.problems == tuple(letters[letter] for letter in goal)
        assert [cell.labels["letter"] for cell in experiment.cells] == list(goal)
        # The paper's own criterion for eigenvectors; its other problems have one only.
        assert config.evaluation.score == ("paper" if "F" in goal else "l1")
        if scale == "paper":
            model = config.model
            assert isinstance(model, TransformerConfig)
            assert model.encoder.layers == model.decoder.layers
            assert model.encoder.layers in (4, 6)
            assert (model.encoder.width, model.encoder.heads) == (512, 8)
            assert config.task.ensemble == IidUniform(dims="5x5", scale=10)


@pytest.mark.parametrize("name", TRAINED)
def test_scale_gpu_has_the_papers_sizes(name: str) -> None:
    theirs = {experiment.name: experiment.config for experiment in runs(name, "paper")}
    ours = {experiment.name: experiment.config for experiment in runs(name, "gpu")}
    assert ours.keys() == theirs.keys()
    for key, config in ours.items():
        paper_config = theirs[key]
        assert config.precision == "bfloat16"
        assert config.optimizer.kind == "muon"
        assert config.examples <= min(8_000_000, paper_config.examples)
        assert config.task == paper_config.task
        model, paper_model = config.model, paper_config.model
        if isinstance(model, RecurrentConfig):
            assert isinstance(paper_model, RecurrentConfig)
            assert (model.cell, model.hidden) == (paper_model.cell, paper_model.hidden)
        else:
            assert isinstance(model, DirectConfig | TransformerConfig)
            assert isinstance(paper_model, TransformerConfig)
            assert (model.encoder, model.decoder) == (paper_model.encoder, paper_model.decoder)
            assert isinstance(model, DirectConfig) == (config.recipe == "fast")


@pytest.mark.parametrize("name", TRAINED)
def test_scale_laptop_is_small(name: str) -> None:
    by_fast = {"table11", "table13", "table26", "table27"}
    for experiment in runs(name, "laptop"):
        config = experiment.config
        assert max(config.task.ensemble.dimensions.largest) <= 4
        assert config.examples <= 200_000
        assert config.recipe == ("fast" if name in by_fast else "fast-paper-tokens")
        model = config.model
        if not isinstance(model, RecurrentConfig):
            assert isinstance(model, DirectConfig | TransformerConfig)
            assert max(model.encoder.width, model.decoder.width) <= 128


def shared(scale: Scale, first: str, second: str) -> int:
    """How many runs two tables have in common."""
    one, other = ({run.identity for run in runs(name, scale)} for name in (first, second))
    return len(one & other)


def test_tables_share_runs() -> None:
    for scale in SCALES:
        assert shared(scale, "table15", "table16") == len(runs("table15", scale))
    # Sums in B1999, 2/2 layers, two widths, three levels of noise; here one width.
    assert shared("paper", "table11", "table27") == shared("gpu", "table11", "table27") == 6
    assert shared("laptop", "table11", "table27") == 3


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", TRAINED)
def test_two_steps_at_tiny_size(name: str, scale: Scale, store: Path) -> None:
    check_two_steps(table(name), runs(name, scale), store)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tables: what they share is run once."""
    return tmp_path_factory.mktemp("runs")
