"""The race: who may enter, what is measured, and how records are kept and compared."""

import shlex
from dataclasses import replace
from pathlib import Path

import page as page_module
import pytest

from eigenformer import cli
from eigenformer.cli.speedrun import configured_entry
from eigenformer.core import InputError, to_json
from eigenformer.core.serialize import with_fields
from eigenformer.runs.recipes import sizefree
from eigenformer.runs.speedrun import Lap, Standing, Track, read_standings, referee, save_standing
from eigenformer.runs.speedrun.entries import checked
from eigenformer.runs.speedrun.standings import FOLDER, best
from eigenformer.runs.speedrun.tracks import TRACKS, track_of
from eigenformer.training import TrainConfig

LAP = Lap(
    seed=1,
    test_seed=2,
    reached=True,
    why="reached",
    accuracy=0.96,
    matrices=10_000,
    examples=640,
    seconds=2.0,
    wall_seconds=3.0,
    product_seconds=0.01,
)
TINY = Track(problem="transpose", dims="2x2", accuracy=0.5)
QUICK = """
import eigenformer as ef
from eigenformer.runs.recipes import register, sizefree

def quick(problem="add", dims="2x2", examples=40_000):
    return sizefree(problem, dims, examples=examples, batch_size=16)

register("{name}", quick)
"""
"""A complete entry file."""
NAN = """
from dataclasses import dataclass, replace

import eigenformer as ef
from eigenformer.models import BilinearConfig
from eigenformer.models.bilinear import BilinearModel
from eigenformer.runs.recipes import register, sizefree

class Lost(BilinearModel):
    def loss(self, *given):
        return super().loss(*given) * float("nan")

class LostConfig(BilinearConfig):
    def build(self, *encodings, seed):
        return Lost(self, seed)

ef.models.register("lost-{name}", LostConfig)

def lost(problem="add", dims="2x2"):
    return replace(sizefree(problem, dims), model=LostConfig(operands="two", answer=("m", "n")))

register("{name}", lost)
"""
"""A network whose loss is never finite."""


def standing(*seconds: float, reached: bool = True, entry: str = "mine") -> Standing:
    laps = tuple(replace(LAP, seconds=each, reached=reached) for each in seconds)
    return Standing(
        track="add-10x10",
        entry=entry,
        who="a test",
        date="2026-11-29",
        commit="abc",
        machine="none",
        command=f"eigenformer speedrun add-10x10 {entry}",
        seed=0,
        told="",
        source=None,
        config={},
        laps=laps,
    )


def transposing() -> TrainConfig:
    """One weight, which becomes 1 within some 20 steps."""
    config = sizefree("transpose", "2x2", examples=2_000, batch_size=16)
    return checked(with_fields(config, {"optimizer.rate": 0.3}), TINY, "sizefree")


@pytest.fixture
def few_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referee, "JUDGE", 200)
    monkeypatch.setattr(referee, "LOOK", 100)


def entry_file(folder: Path, name: str, text: str = QUICK) -> Path:
    file = folder / f"{name}.py"
    file.write_text(text.replace("{name}", name))
    return file


@pytest.fixture(autouse=True)
def own_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGENFORMER_PLUGINS", "")


def test_a_recipe_is_entered_from_a_file(
    tmp_path: Path, few_matrices: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = entry_file(tmp_path, "a_third_recipe")
    words = ["speedrun", "add-10x10", str(file), "--save", str(tmp_path / "own"), "--who", "me"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert out.count(": reached, ") == 3
    assert "add-10x10: 99% right within 1%: reached by all 3" in out
    [kept] = read_standings(tmp_path / "own")
    assert kept.reached and kept.who == "me" and kept.source == file.read_text()
    assert len({lap.seed for lap in kept.laps} | {lap.test_seed for lap in kept.laps}) == 6
    assert cli.main(["speedrun", "add-10x10", "--records", str(tmp_path / "own")]) == 0
    assert "a_third_recipe.py: me, " in capsys.readouterr().out


def test_what_is_not_reached_has_no_score(
    tmp_path: Path, few_matrices: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(entry_file(tmp_path, "too_short")), "--examples", "32"]
    assert cli.main(["speedrun", "add-10x10", *words]) == 0
    out = capsys.readouterr().out
    assert "seed 1: not reached by its 32 examples" in out
    assert "seed 2" not in out and "add-10x10: 99% right within 1%: not reached\n" in out
    assert cli.main(["speedrun", "add-10x10", "fast", "--limit", "0.01", "--width", "32"]) == 0
    assert "not reached in 0.01 seconds" in capsys.readouterr().out


def test_a_seed_gives_the_same_race_again(few_matrices: None) -> None:
    config = transposing()
    one, other, new = (referee.race(TINY, config, seed=seed, laps=1)[1][0] for seed in (5, 5, None))
    assert one.reached
    assert (one.examples, one.accuracy, one.seed) == (other.examples, other.accuracy, other.seed)
    assert new.seed != one.seed and new.test_seed != new.seed


def test_who_knows_the_answer_untrained_is_refused(few_matrices: None) -> None:
    with pytest.raises(InputError, match="before any training"):
        referee.race(replace(TINY, accuracy=0.0), transposing(), seed=0, laps=1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.py"], "the entry 'none.py' does not exist"),
        (["silent.py"], "registers no recipe"),
        (["broken.py"], "cannot be imported, ZeroDivisionError"),
        (["fats"], "did you mean 'fast'"),
        (["linear-attention"], "takes runs of tokens"),
        (["other.py"], "trains transpose, and the track add-10x10 asks for add"),
        (["fast", "--evaluation.every", "1"], "evaluated 50,000 times"),
        (["fast", "--compile"], "sets compile"),
        (["fast", "--limit", "-1"], "limit is -1.0; give a positive number"),
        (["fast", "--trial", "--save", "here"], "leave out --trial and --seed"),
        (["fast", "--optimizer.rate", "nan"], "rate is nan"),
        (["data.py"], "begins with a file's examples (test.npz); a race is from nothing"),
        (["nan.py"], "not finite up to step 10"),
    ],
)
def test_bad_entries_get_one_sentence(
    words: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "silent": "x = 1",
        "broken": "1 / 0",
        "other": QUICK.replace("sizefree(problem", "sizefree('transpose'"),
        "nan": NAN,
        "data": QUICK.replace(
            "    return ",
            "    from dataclasses import replace\n    from eigenformer.training import DataFile\n"
            "    return replace(",
        ).replace("=16)", "=16), data=DataFile(path='test.npz', sha256='0'))"),
    }
    name = words[0].removesuffix(".py")
    if name in files:
        words = [entry_file(tmp_path, f"{name}_entry", files[name]).name, *words[1:]]
    assert cli.main(["speedrun", "add-10x10", *words]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("eigenformer: error: ") and shown.err.count("\n") == 1
    assert says in shown.err


def test_what_counts_as_reproduced() -> None:
    record = standing(2.0, 2.2, 2.4)
    assert (record.products, record.spread) == (220.0, (200.0, 240.0))
    assert record.reproduced_by(standing(2.3, 2.6, 3.0))
    assert not record.reproduced_by(standing(2.5, 2.6, 3.0))
    assert not record.reproduced_by(standing(1.0, 1.1, 1.9))
    missed = standing(2.0, reached=False)
    assert not record.reproduced_by(missed) and missed.reproduced_by(missed)
    assert not standing(2.0, 2.0).reached, "a record takes three seeds"


def test_records_are_kept_in_the_order_in_which_they_were_broken(tmp_path: Path) -> None:
    for name, seconds in (("b", 3.0), ("a", 2.0)):
        save_standing(standing(seconds, seconds, seconds, entry=name), tmp_path)
    save_standing(standing(1.0, reached=False, entry="c"), tmp_path)
    found = read_standings(tmp_path)
    assert [one.entry for one in found] == ["c", "b", "a"]
    record = best(found, track_of("add-10x10"))
    assert record is not None and record.entry == "a"


def test_the_records_that_come_along() -> None:
    """Each is complete, and of the configuration that its command gives today."""
    found = read_standings(FOLDER)
    for asked in TRACKS:
        rows = [one for one in found if one.track == asked.name]
        record = best(rows, asked)
        assert record is not None and record is rows[-1]
    assert found[0].entry == "paper" and not found[0].reached
    for one in found:
        assert "dirty" not in one.commit
        _, _, track, name, *words = shlex.split(one.command)
        assert (track, name) == (one.track, one.entry)
        _, config, _ = configured_entry(track_of(track), name, words)
        assert to_json(config) == one.config


def test_the_page_shows_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = (Path(page_module.__file__).parent / "speedrun.md").read_text(encoding="utf-8")
    [block] = [b for b in page_module.blocks(page) if b.commands == ["eigenformer speedrun"]]
    shown = page_module.Session().run(block)
    assert shown.strip() == block.body.strip(), "run python docs/page.py docs/speedrun.md"
