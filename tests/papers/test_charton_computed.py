"""Tables 1, 18 and 29, which are computed, and the parts that tables on arithmetic share."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer import encodings
from eigenformer.ensembles import Dims
from eigenformer.models import DirectConfig, TransformerConfig
from eigenformer.papers.charton2022.grids import accuracy_after
from eigenformer.papers.charton2022.large_models import LARGE_MODELS, SHALLOW
from eigenformer.papers.charton2022.results import paper_table
from eigenformer.papers.charton2022.shapes import dims_of, roomy
from eigenformer.papers.charton2022.table01 import TABLE as TABLE_1
from eigenformer.papers.charton2022.table18 import TABLE as TABLE_18
from eigenformer.papers.charton2022.table29 import TABLE as TABLE_29
from eigenformer.runs import Point, Record
from eigenformer.runs.recipes import fast, paper


def test_words_of_table_1() -> None:
    found = {
        (value.labels["encoding"], value.labels["field"]): value
        for value in TABLE_1.computed("laptop")
    }
    for name, tokens, words, pi, many in (
        ("P10", 5, 2 + 10 + 201, "+ 3 1 4 E-2", "- 6 0 2 E21"),
        ("P1000", 3, 2 + 1000 + 201, "+ 314 E-2", "- 602 E21"),
        ("B1999", 2, 1999 + 201, "314 E-2", "-602 E21"),
        ("FP15", 1, 2 * (99 + 16 * 900) + 1, "FP314/-2", "out of range"),
    ):
        for field, count in (("tokens_per_coefficient", tokens), ("vocabulary_size", words)):
            value = found[name, field]
            assert value.measured is not None and value.measured.value == count
            assert value.labels["example_3.14"] == pi
            assert value.labels["example_-6.02e23"] == many


def test_table_18_is_the_papers() -> None:
    for value in TABLE_18.computed("gpu"):
        if value.paper is not None:
            assert value.measured is not None
            assert value.measured.value == paper_table("table18").value(value.paper)


def test_the_models_of_table_19_are_among_those_of_table_18() -> None:
    deep = {
        (stack.layers, stack.width, stack.heads)
        for model in LARGE_MODELS
        for stack in (model.base, model.wider, model.more_heads)
    }
    shallow = (SHALLOW.layers, SHALLOW.width, SHALLOW.heads)
    for cell in paper_table("table19").cells:
        layers, heads = (str(cell.labels[key]).split("/") for key in ("layers", "heads"))
        widths = cell.labels["enc_dim"], cell.labels["dec_dim"]
        sides = [
            (int(depth), width, int(count))
            for depth, width, count in zip(layers, widths, heads, strict=True)
        ]
        assert shallow in sides
        assert any(side in deep for side in sides), sides


def test_table_29_is_the_papers_to_the_last_digit() -> None:
    compared = [value for value in TABLE_29.computed("paper") if value.paper is not None]
    assert len(compared) == 15
    for value in compared:
        assert value.paper is not None and value.measured is not None
        assert value.measured.value == paper_table("table29").value(value.paper)


def test_our_count_is_that_of_a_built_model() -> None:
    ours = {
        (value.labels["task"], value.labels["encoding"]): value.measured
        for value in TABLE_29.computed("paper")
        if value.paper is None
    }
    config = paper("transpose", "5x5", encoding="B1999", layers=(1, 1), width=256)
    model = config.model.build(config.task.encoder, config.task.decoder, seed=0)
    measured = ours["transposition", "B1999"]
    assert measured is not None
    assert measured.value == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    "label, rows, columns, square",
    [
        ("5x6", (5, 5), (6, 6), False),
        ("5-15 square", (5, 15), (5, 15), True),
        ("5-20 rect", (5, 20), (5, 20), False),
        ("2-4", (2, 4), (2, 4), True),
    ],
)
def test_sizes_as_the_paper_spells_them(
    label: str, rows: tuple[int, int], columns: tuple[int, int], square: bool
) -> None:
    dims = Dims.parse(dims_of(label))
    assert (dims.rows, dims.columns, dims.square) == (rows, columns, square)


@settings(max_examples=30)
@given(
    problem=st.sampled_from(["transpose", "add", "matvec", "matmul", "transpose,matmul,inverse"]),
    size=st.integers(1, 25),
    encoding=st.sampled_from(["P10", "P1000", "B1999", "FP15"]),
)
def test_models_have_room_for_their_matrices(problem: str, size: int, encoding: str) -> None:
    dims = f"{size}x{size}"
    spacious = roomy(paper(problem, dims, encoding=encoding))
    drawn = spacious.task.examples(0, "train", 0, 20)
    longest = max(drawn.input_ids.shape[1], drawn.output_ids.shape[1])
    assert isinstance(spacious.model, TransformerConfig)
    assert spacious.model.max_positions == max(512, longest)
    direct = roomy(fast(problem, dims, encoding=encoding)).model
    assert isinstance(direct, DirectConfig)
    largest = max(drawn.inputs.values.shape[1:] + drawn.answers.values.shape[1:])
    assert direct.max_dim == max(32, largest)


def record(*points: tuple[int, float], n: int) -> Record:
    """Of a run with these accuracies within 5% after so many examples."""
    return Record(
        identity="",
        run="",
        state="finished",
        version="",
        machine="",
        seconds=0.0,
        examples=points[-1][0],
        score="l1",
        config={},
        tests={"test": {"n": n}},
        curve=tuple(
            Point(examples=examples, accuracy={"l1": {"0.05": value}}, valid=1.0)
            for examples, value in points
        ),
        losses=(),
    )


def test_accuracy_in_the_middle_of_a_run() -> None:
    found = record((100, 0.25), (200, 0.5), (300, 0.75), n=400)
    measured = accuracy_after(150, 0.05)(found)
    assert measured is not None
    assert measured.value == 0.5
    assert measured.n == 400
    # Wilson's interval of 200 of 400.
    z = 1.959964
    half = z * (0.25 / 400 + z**2 / (4 * 400**2)) ** 0.5 / (1 + z**2 / 400)
    assert measured.low == pytest.approx(0.5 - half, abs=1e-6)
    assert measured.high == pytest.approx(0.5 + half, abs=1e-6)
    at_the_end = accuracy_after(300, 0.05)(found)
    assert at_the_end is not None and at_the_end.value == 0.75
    assert accuracy_after(301, 0.05)(found) is None


def test_the_papers_vocabularies_are_not_ours() -> None:
    # Or table 29 would need no sizes of its own.
    assert len(encodings.get("P1000").vocabulary) != 1231
