"""Studies whose runs are analysed: identity, what is kept, verdicts, and how they are made."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from eigenformer.core import InputError, from_json, to_json
from eigenformer.incontext import (
    Evaluation,
    InContextFolder,
    LinearAttention,
    Optimizer,
    Regression,
    RunConfig,
)
from eigenformer.papers import (
    Analysis,
    Claim,
    Finding,
    Findings,
    HeatMap,
    Kept,
    Line,
    Number,
    Panel,
    by_name,
    decide_all,
)
from eigenformer.papers.making import make
from eigenformer.runs import Experiment, Records, Scale, run
from eigenformer.training import Execution

TINY = RunConfig(
    task=Regression(dim=2, points=4),
    model=LinearAttention(layers=1),
    steps=6,
    batch=8,
    evaluation=Evaluation(every=3, size=16),
)
CLAIM = Claim(id="N08", text="Losses fall.", studies=("tiny",))


def config(**changes: Any) -> RunConfig:
    return dataclasses.replace(TINY, **changes)


def losses(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    """The last test loss of each run."""
    numbers = [
        Number(name=name, value=list(folder.test_losses().values())[-1])
        for name, folder in folders.items()
    ]
    finding = Finding(state="holds", sentence=f"{len(numbers)} runs.")
    return Findings(numbers=tuple(numbers), verdicts={"N08": finding})


def study(runs: Sequence[Experiment] | None = None, **changes: Any) -> Analysis:
    found = runs
    if found is None:
        found = [Experiment(name=f"seed-{seed}", config=config(seed=seed)) for seed in (0, 1)]
    given = Analysis(
        name="tiny",
        title="Tiny",
        section="1",
        runs=lambda scale: found,
        analyse=losses,
    )
    return dataclasses.replace(given, **changes)


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "records")


CHANGES: dict[str, Callable[[], Analysis]] = {
    "steps": lambda: study([Experiment(name="a", config=config(steps=7))]),
    "batch": lambda: study([Experiment(name="a", config=config(batch=9))]),
    "seed": lambda: study([Experiment(name="a", config=config(seed=5))]),
    "rate": lambda: study([Experiment(name="a", config=config(optimizer=Optimizer(rate=2e-3)))]),
    "task": lambda: study([Experiment(name="a", config=config(task=Regression(dim=3, points=4)))]),
    "model": lambda: study([Experiment(name="a", config=config(model=LinearAttention(layers=2)))]),
    "name of a run": lambda: study([Experiment(name="b", config=TINY)]),
    "another run": lambda: study(
        [Experiment(name="a", config=TINY), Experiment(name="b", config=config(seed=5))]
    ),
    "version": lambda: study([Experiment(name="a", config=TINY)], version=2),
    "name": lambda: study([Experiment(name="a", config=TINY)], name="other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_findings_changes_the_identity(change: Callable[[], Analysis]) -> None:
    plain = study([Experiment(name="a", config=TINY)])
    assert change().identity("laptop") != plain.identity("laptop")


def test_words_do_not_change_the_identity() -> None:
    plain, told = study(), study(title="Other", note="Other", section="2")
    assert told.identity("laptop") == plain.identity("laptop")


@pytest.mark.parametrize("name", ["", "Seed", "seed 0", "seed_0", "-seed", "seed--0", "../seed"])
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    runs = [Experiment(name=name, config=TINY)]
    for build in (lambda: study(runs).planned("laptop"), lambda: study(name=name)):
        with pytest.raises(InputError, match="lower-case letters and digits, with hyphens"):
            build()


def test_two_runs_of_one_name_are_refused() -> None:
    twice = study([Experiment(name="a", config=TINY), Experiment(name="a", config=config(seed=1))])
    with pytest.raises(InputError, match="tiny has two runs of one name at scale laptop"):
        twice.planned("laptop")


# Findings and records.

VALUES = (0.0, -0.0, 1.0, -3.5, 1e-300, 1e300, 0.1, 1 / 3, 5e-324)
WORDS = ("", "a", "loss, \u03ba \u2264 3", "two\nlines", 'quote "', "{}")


def random_findings(random: Random) -> Findings:
    def row(size: int) -> tuple[float, ...]:
        return tuple(random.choice(VALUES) for _ in range(size))

    def word() -> str:
        return random.choice(WORDS)

    def line() -> Line:
        size = random.randint(1, 4)
        ends = {"low": row(size), "high": row(size)} if random.random() < 0.5 else {}
        kind = random.choice(("model", "algorithm", "theory"))
        return Line(label=word(), kind=kind, x=row(size), y=row(size), **ends)

    def panel() -> Panel:
        logs = {"log_x": random.random() < 0.5, "log_y": random.random() < 0.5}
        lines = tuple(line() for _ in range(random.randint(0, 2)))
        return Panel(title=word(), x=word(), y=word(), note=word(), lines=lines, **logs)

    def heat_map() -> HeatMap:
        high, wide = random.randint(1, 3), random.randint(1, 3)
        return HeatMap(
            title=word(),
            row=word(),
            column=word(),
            rows=row(high),
            columns=row(wide),
            values=tuple(row(wide) for _ in range(high)),
            value=word(),
            marked=random.choice(((), (wide - 1,) * high)),
        )

    def number() -> Number:
        low, high = random.choice(((None, None), row(2)))
        reference = random.choice((None, *VALUES))
        return Number(name=word(), value=row(1)[0], low=low, high=high, reference=reference)

    def finding() -> Finding:
        state = random.choice(("holds", "fails", "undecided"))
        return Finding(state=state, sentence=word(), would_decide=word())

    return Findings(
        panels=tuple(panel() for _ in range(random.randint(0, 2))),
        maps=tuple(heat_map() for _ in range(random.randint(0, 2))),
        numbers=tuple(number() for _ in range(random.randint(0, 2))),
        verdicts={claim: finding() for claim in random.sample([f"N{i}" for i in range(9)], 2)},
    )


def record(one: Analysis, findings: Findings, scale: Scale = "laptop") -> Kept:
    return Kept(
        study=one.name,
        scale=scale,
        identity=one.identity(scale),
        version="1",
        machine="abacus",
        examples=1,
        seconds=1.0,
        findings=findings,
    )


@pytest.mark.parametrize("seed", range(20))
def test_findings_come_back_as_they_were(seed: int) -> None:
    findings = random_findings(Random(seed))
    assert from_json(Findings, json.loads(json.dumps(to_json(findings)))) == findings


def test_records_come_back_and_outdated_ones_do_not(records: Records) -> None:
    first = study()
    assert first.kept("laptop", records) is None
    kept = record(first, Findings(verdicts={}))
    first.keep(kept, records)
    assert first.kept("laptop", records) == kept
    assert first.kept("paper", records) is None
    assert dataclasses.replace(first, version=2).kept("laptop", records) is None


def test_a_file_that_is_no_record_is_named(records: Records) -> None:
    records.root.mkdir()
    (records.root / "tiny-laptop.json").write_text("[]")
    with pytest.raises(InputError, match=r"tiny-laptop\.json does not hold a record; delete it"):
        study().kept("laptop", records)


NAN = float("nan")
_MAP: dict[str, Any] = {"title": "m", "row": "r", "column": "c", "value": "v"}
WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: Line(label="a", x=(1,), y=(1, 2)), "line 'a' has parts of different lengths"),
    (lambda: Line(label="a", x=(), y=()), "line 'a' has parts of different lengths, or is empty"),
    (lambda: Line(label="a", x=(1,), y=(1,), low=(1,)), "line 'a' has parts of different"),
    (lambda: Line(label="a", x=(1,), y=(NAN,)), "line 'a' has the value nan"),
    (
        lambda: Line(label="a", x=(1,), y=(1,), low=(0,), high=(float("inf"),)),
        "line 'a' has the value inf",
    ),
    (lambda: Number(name="n", value=NAN), "number 'n' has the value nan"),
    (lambda: Number(name="n", value=1, low=0), "number 'n' has one end of an interval"),
    (
        lambda: HeatMap(rows=(1,), columns=(1, 2), values=((1,),), **_MAP),
        "map 'm' has not one value for each",
    ),
    (
        lambda: HeatMap(rows=(1,), columns=(1,), values=((NAN,),), **_MAP),
        "map 'm' has the value nan",
    ),
    (
        lambda: HeatMap(rows=(1,), columns=(1,), values=((1,),), marked=(1,), **_MAP),
        "map 'm' marks a column that it has not got",
    ),
    (
        lambda: HeatMap(rows=(1,), columns=(1,), values=((1,),), marked=(0, 0), **_MAP),
        "map 'm' does not mark one column of each row",
    ),
    (
        lambda: HeatMap(rows=(1,), columns=(0,), values=((1,),), log_columns=True, **_MAP),
        "map 'm' has the column 0, which a log axis cannot show",
    ),
]


@pytest.mark.parametrize(("build", "sentence"), WRONG)
def test_findings_that_cannot_be_shown_are_refused(
    build: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        build()


# Verdicts.

STATES = ("holds", "fails", "undecided", None)


@pytest.mark.parametrize("states", [*itertools.product(STATES, repeat=2), ()], ids=str)
def test_a_verdict_needs_all_studies_to_hold_and_one_to_fail(
    states: tuple[Any, ...], records: Records
) -> None:
    bearing = [study(name=f"study-{place}") for place in range(len(states))]
    made = [one for one, state in zip(bearing, states, strict=True) if state is not None]
    for one, state in zip(bearing, states, strict=True):
        if state is not None:
            said = Finding(state=state, sentence=f"So says {one.name}.", gate="computed")
            one.keep(record(one, Findings(verdicts={"N08": said})), records)
    claim = dataclasses.replace(CLAIM, studies=tuple(one.name for one in bearing))
    studies = by_name(*bearing, study(name="other"))
    (verdict,) = decide_all([claim], studies, "laptop", records)
    if "fails" in states:
        assert verdict.state == "fails"
    else:
        assert (verdict.state == "holds") == (set(states) == {"holds"})
    assert set(verdict.said) == {one.name for one in made}
    assert set(verdict.missing) == {one.name for one in bearing} - set(verdict.said)
    assert all(f"So says {one.name}." in verdict.sentence for one in made)
    # These have no settings for the scale between.
    (verdict,) = decide_all([claim], studies, "gpu", records)
    assert (verdict.state, verdict.missing) == ("undecided", ())


# Making them.


def trained(one: Analysis) -> Analysis:
    for each in one.planned("laptop"):
        with suppress(InputError):  # of one that diverges its folder says so
            run(each.config, Execution(quiet=True))
    return one


def test_a_study_is_made_once(records: Records) -> None:
    one = trained(study())
    assert [run.name for run in one.left("laptop", records)] == ["seed-0", "seed-1"]
    first = make(one, "laptop", records, [CLAIM])
    assert first.examples == 2 * 6 * 8
    assert [number.name for number in first.findings.numbers] == ["seed-0", "seed-1"]
    assert one.left("laptop", records) == []
    assert make(one, "laptop", records, [CLAIM]) == first
    # With another way to analyse the record is made again, and from the same runs.
    again = make(dataclasses.replace(one, version=2), "laptop", records, [CLAIM])
    assert again.findings == first.findings


def test_a_configuration_under_two_names_counts_once(records: Records) -> None:
    one = trained(study([Experiment(name="a", config=TINY), Experiment(name="b", config=TINY)]))
    kept = make(one, "laptop", records, [CLAIM])
    assert kept.examples == 6 * 8
    first, second = kept.findings.numbers
    assert (first.name, second.name) == ("a", "b")
    assert first.value == second.value


def test_a_diverged_run_is_one_sentence(records: Records) -> None:
    far = Optimizer(kind="sgd", rate=1e19)
    runs = [
        Experiment(name="far", config=config(optimizer=far)),
        Experiment(name="near", config=TINY),
    ]
    with pytest.raises(InputError, match="far-away: far diverged; its settings need another rate"):
        make(trained(study(runs, name="far-away")), "laptop", records, [])


def test_findings_and_claims_have_to_agree(records: Records) -> None:
    silent = study([], name="tiny", analyse=lambda scale, folders: Findings(verdicts={}))
    with pytest.raises(InputError, match="tiny bears on N08, and its findings have verdicts on no"):
        make(silent, "laptop", records, [CLAIM])
    with pytest.raises(InputError, match="tiny bears on no claim, and its findings have"):
        make(trained(study()), "laptop", records, [])


def test_a_scale_without_settings_is_refused() -> None:
    with pytest.raises(InputError, match="tiny has no settings for scale gpu; give laptop and pa"):
        study().planned("gpu")
