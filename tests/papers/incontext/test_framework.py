"""Studies of in-context papers: identity, records, verdicts, and how they are made."""

import dataclasses
import itertools
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping, Sequence
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
from eigenformer.papers import Finding
from eigenformer.papers.incontext_study import (
    CLAIMS,
    Findings,
    HeatMap,
    Line,
    Number,
    Panel,
    Record,
    Records,
    Run,
    Scale,
    Study,
    Workers,
    make,
    make_all,
    studies,
    verdicts,
)
from eigenformer.papers.incontext_study.cost import cost

TINY = RunConfig(
    task=Regression(dim=2, points=4),
    model=LinearAttention(layers=1),
    steps=6,
    batch=8,
    evaluation=Evaluation(every=3, size=16),
)


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


def study(runs: Sequence[Run] | None = None, **changes: Any) -> Study:
    found = runs
    if found is None:
        found = [Run(name=f"seed-{seed}", config=config(seed=seed)) for seed in (0, 1)]
    given = Study(
        name="tiny",
        title="Tiny",
        paper="Nobody (2024)",
        section="1",
        claims=("N08",),
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


# The catalogue and identities.


def test_every_study_has_runs_of_its_own_names_at_both_scales() -> None:
    for one in studies().values():
        for scale in ("laptop", "paper"):
            one.planned(scale)


def test_the_claims_are_numbered() -> None:
    assert list(CLAIMS) == [f"N{number:02}" for number in range(1, 15)]


CHANGES: dict[str, Callable[[], Study]] = {
    "steps": lambda: study([Run(name="a", config=config(steps=7))]),
    "batch": lambda: study([Run(name="a", config=config(batch=9))]),
    "seed": lambda: study([Run(name="a", config=config(seed=5))]),
    "rate": lambda: study([Run(name="a", config=config(optimizer=Optimizer(rate=2e-3)))]),
    "task": lambda: study([Run(name="a", config=config(task=Regression(dim=3, points=4)))]),
    "model": lambda: study([Run(name="a", config=config(model=LinearAttention(layers=2)))]),
    "name of a run": lambda: study([Run(name="b", config=TINY)]),
    "another run": lambda: study(
        [Run(name="a", config=TINY), Run(name="b", config=config(seed=5))]
    ),
    "version": lambda: study([Run(name="a", config=TINY)], version=2),
    "name": lambda: study([Run(name="a", config=TINY)], name="other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_findings_changes_the_identity(change: Callable[[], Study]) -> None:
    plain = study([Run(name="a", config=TINY)])
    assert change().identity("laptop") != plain.identity("laptop")


def test_words_do_not_change_the_identity() -> None:
    plain, told = study(), study(title="Other", note="Other", section="2")
    assert told.identity("laptop") == plain.identity("laptop")


@pytest.mark.parametrize("name", ["", "Seed", "seed 0", "seed_0", "-seed", "seed--0", "../seed"])
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    for build in (lambda: Run(name=name, config=TINY), lambda: study(name=name)):
        with pytest.raises(InputError, match="lower-case letters and digits, with hyphens"):
            build()


def test_two_runs_of_one_name_are_refused() -> None:
    twice = study([Run(name="a", config=TINY), Run(name="a", config=config(seed=1))])
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
        verdicts={claim: finding() for claim in random.sample(list(CLAIMS), 2)},
    )


def record(one: Study, findings: Findings, scale: Scale = "laptop") -> Record:
    return Record(
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
    assert records.get(first, "laptop") is None
    kept = record(first, Findings(verdicts={}))
    records.save(first, kept)
    assert records.get(first, "laptop") == kept
    assert records.get(first, "paper") is None
    assert records.get(dataclasses.replace(first, version=2), "laptop") is None


def test_a_file_that_is_no_record_is_named(records: Records) -> None:
    records.root.mkdir()
    (records.root / "tiny-laptop.json").write_text("[]")
    with pytest.raises(InputError, match=r"tiny-laptop\.json does not hold a record; delete it"):
        records.get(study(), "laptop")


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
def test_a_verdict_needs_all_studies_to_hold_and_one_to_fail(states: tuple[Any, ...]) -> None:
    bearing = [study(name=f"study-{place}") for place in range(len(states))]
    other = study(name="other", claims=("N01",))
    made = {
        one.name: Findings(verdicts={"N08": Finding(state=state, sentence="")})
        for one, state in zip(bearing, states, strict=True)
        if state is not None
    }
    (verdict,) = verdicts([*bearing, other], made, ["N08"])
    if "fails" in states:
        assert verdict.state == "fails"
    else:
        assert (verdict.state == "holds") == (set(states) == {"holds"})
    assert set(verdict.found) == set(made)
    assert set(verdict.missing) == {one.name for one in bearing} - set(made)


def test_all_claims_have_a_verdict_and_unknown_ones_are_refused() -> None:
    assert [one.claim.id for one in verdicts([], {})] == list(CLAIMS)
    assert {one.state for one in verdicts([], {})} == {"undecided"}
    with pytest.raises(InputError, match="unknown claim 'N99'"):
        verdicts([], {}, ["N99"])


# Making them.


def metrics(one: Study) -> list[bytes]:
    """They hold times, so a run that is made again has others."""
    return [InContextFolder(run.path).metrics_file.read_bytes() for run in one.planned("laptop")]


def test_a_study_is_made_once_and_its_runs_too(records: Records) -> None:
    one = study()
    first = make(one, "laptop", records)
    assert first.examples == 2 * 6 * 8
    assert [number.name for number in first.findings.numbers] == ["seed-0", "seed-1"]
    before = metrics(one)
    told: list[str] = []
    assert make(one, "laptop", records, told=lambda run, state: told.append(state)) == first
    assert told == []
    # With another way to analyse the record is made again, and from the same runs.
    again = make(dataclasses.replace(one, version=2), "laptop", records)
    assert again.findings == first.findings
    assert metrics(one) == before


def test_an_interrupted_study_goes_on(records: Records) -> None:
    one = study()

    def interrupt(run: Run, state: str) -> None:
        if (run.name, state) == ("seed-1", "begun"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(one, "laptop", records, told=interrupt)
    assert records.get(one, "laptop") is None
    finished = InContextFolder(one.planned("laptop")[0].path).metrics_file
    before = finished.read_bytes()
    make(one, "laptop", records)
    assert finished.read_bytes() == before


def test_a_configuration_under_two_names_is_trained_once(records: Records) -> None:
    told: list[str] = []
    one = study([Run(name="a", config=TINY), Run(name="b", config=TINY)])
    kept = make(one, "laptop", records, told=lambda run, state: told.append(state))
    assert told == ["begun", "finished"]
    assert kept.examples == 6 * 8
    first, second = kept.findings.numbers
    assert (first.name, second.name) == ("a", "b")
    assert first.value == second.value


def diverging() -> Study:
    far = Optimizer(kind="sgd", rate=1e30)
    runs = [Run(name="far", config=config(optimizer=far)), Run(name="near", config=TINY)]
    return study(runs, name="far-away")


def test_a_diverged_run_is_one_sentence(records: Records) -> None:
    with pytest.raises(InputError) as caught:
        make(diverging(), "laptop", records)
    assert str(caught.value) == "far-away: far diverged; its settings need another rate"


def test_one_that_fails_does_not_stop_the_others(records: Records) -> None:
    def broken(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
        raise RuntimeError("no such thing")

    silent = study(name="silent", analyse=lambda scale, folders: Findings(verdicts={}))
    chosen = [diverging(), study(name="broken", analyse=broken), silent, study()]
    with Workers() as workers:
        outcomes = list(make_all(chosen, "laptop", records, workers))
    assert [one.record is not None for one in outcomes] == [False, False, False, True]
    assert "diverged" in outcomes[0].message and not outcomes[0].trace
    assert outcomes[1].message == "broken: RuntimeError: no such thing"
    assert "Traceback" in outcomes[1].trace
    assert outcomes[2].message == (
        "silent bears on N08, and its findings have verdicts on none; make the two agree"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"jobs": 0}, "jobs is 0; give 1 or more"), ({"device": "cuda"}, "device is cuda, and torch")],
)
def test_workers_refuse_what_they_cannot_do(
    options: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match=sentence):
        Workers(**options)


def children() -> set[Any]:
    return set(multiprocessing.active_children())


LONG = Run(name="long", config=config(steps=10_000_000))


def test_a_killed_process_is_one_sentence_and_the_next_study_is_made_side_by_side(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = children()

    def kill() -> None:
        while not children() - before:
            time.sleep(0.01)
        for process in children() - before:
            process.kill()

    with Workers(jobs=2) as workers:
        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(InputError, match="killed, for want of memory perhaps; give fewer jobs"):
            workers.train([LONG], lambda run, state: None)
        killer.join()
        (side_by_side,) = make_all([study()], "laptop", records, workers)
    assert side_by_side.record is not None
    monkeypatch.setenv("EIGENFORMER_RUNS", str(tmp_path / "others"))
    alone = make(study(), "laptop", Records(tmp_path / "alone"))
    assert side_by_side.record.findings == alone.findings


def test_after_an_interrupt_no_process_is_left() -> None:
    before = children()

    def interrupt(run: Run, state: str) -> None:
        raise KeyboardInterrupt

    short = Run(name="short", config=TINY)
    with pytest.raises(KeyboardInterrupt), Workers(jobs=2) as workers:
        workers.train([short, LONG], interrupt)
    assert children() <= before
    assert InContextFolder(short.path).finished
    assert not InContextFolder(LONG.path).finished


def test_costs_are_those_of_what_is_left(records: Records) -> None:
    one = study()
    runs = one.planned("laptop")
    before = cost([*runs, *runs])
    assert (before.runs, before.prompts) == (2, 96)
    assert before.seconds > 0
    longer = cost([Run(name="longer", config=config(steps=6000))])
    assert longer.seconds > before.seconds
    make(one, "laptop", records)
    after = cost(runs)
    assert (after.runs, after.prompts, after.seconds) == (0, 0, 0)
    assert str(after) == "0 runs, 0 prompts, about 0 s on this machine"
