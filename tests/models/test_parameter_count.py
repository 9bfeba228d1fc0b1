"""The number of parameters: the paper's formula, its table, and the real modules."""

import pytest
from model_stubs import VARIANTS, StubEncoding, small

from eigenformer.models import StackConfig, TransformerConfig, parameter_count

WORDS = {"P10": 331, "P1000": 1231, "B1999": 2322, "FP15": 29121}

# Charton (2022), Table 29: encoder layers, decoder layers, width, encodings in and out, parameters.
TABLE_29 = [
    (1, 1, 256, "P10", "P10", 2276171),
    (1, 1, 256, "P1000", "P1000", 2737871),
    (1, 1, 256, "B1999", "B1999", 3297554),
    (1, 1, 256, "FP15", "FP15", 17045441),
    (2, 2, 512, "B1999", "B1999", 17619218),
    (2, 2, 512, "P10", "P10", 15578443),
    (2, 2, 512, "P1000", "P1000", 16500943),
    (4, 4, 512, "P1000", "P1000", 31213775),
    (1, 4, 512, "P1000", "P1000", 21756623),
    (1, 6, 512, "P1000", "P1000", 30164687),
    (1, 6, 512, "FP15", "FP15", 58751937),
    (6, 1, 512, "FP15", "FP15", 53493697),
    (6, 1, 512, "P1000", "P1000", 24906447),
    (6, 6, 512, "P1000", "P1000", 45926607),
    (6, 1, 512, "FP15", "P1000", 39186127),
]


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("encoder, decoder, width, given, answered, expected", TABLE_29)
def test_table_29(encoder, decoder, width, given, answered, expected):
    config = TransformerConfig(
        encoder=StackConfig(layers=encoder, width=width, heads=8),
        decoder=StackConfig(layers=decoder, width=width, heads=8),
    )
    assert parameter_count(config, WORDS[given], WORDS[answered]) == expected


def test_a_model_of_table_29_has_that_many():
    config = TransformerConfig(
        encoder=StackConfig(layers=1, width=256, heads=8),
        decoder=StackConfig(layers=1, width=256, heads=8),
    )
    model = config.build(StubEncoding(1231), StubEncoding(1231), seed=0)
    assert count(model) == 2737871


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_formula_counts_the_module(variant):
    config = small(**VARIANTS[variant])
    model = config.build(StubEncoding(50), StubEncoding(33), seed=0)
    assert parameter_count(config, 50, 33) == count(model)


def test_other_hidden_sizes_count_too():
    config = TransformerConfig(
        encoder=StackConfig(layers=1, width=8, heads=2, hidden=5),
        decoder=StackConfig(layers=1, width=12, heads=2, hidden=7),
    )
    model = config.build(StubEncoding(), StubEncoding(), seed=0)
    assert parameter_count(config, 40, 40) == count(model)
