"""`eigenformer speedrun [TRACK [ENTRY]]`: the race, its records, and how to enter."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..core import InputError, to_json
from ..runs.speedrun.standings import (
    FOLDER,
    SEEDS,
    Lap,
    Standing,
    best,
    read_standings,
    save_standing,
)
from ..runs.speedrun.tracks import TRACKS, Track, track_of
from .answers import json_lines
from .parse import JsonFlag, option_names, override, parse, parse_known
from .train import command_of

if TYPE_CHECKING:
    from ..runs.speedrun.entries import Entrant
    from ..training import TrainConfig

USAGE = """\
usage: eigenformer speedrun [TRACK] [--records FOLDER] [--json]
       eigenformer speedrun TRACK ENTRY [options] [--any.field value]
       eigenformer speedrun TRACK --again

Who trains from nothing to an accuracy in the least processor time? Without an
entry: the records. An entry is a recipe, or a Python file that registers one.

tracks: {tracks}
options of a race: eigenformer speedrun TRACK ENTRY --help
"""
_HELP = """
    who: your name, for the record.
    save: folder for the record's file.
    limit: give a lap up after so many seconds of processor time.
    trial: one lap, to try something; no record.
    seed: of the seeds, in place of drawn ones, to see a race again; no record.
"""

_SAID = (
    "products: processor time until the accuracy is reached, in products of two 512x512 float32 "
    f"matrices timed in the same run, median and range of {SEEDS} seeds; s, examples: those of the "
    "median; right: of the worst seed."
)


@dataclass(frozen=True, kw_only=True)
class RaceOptions:
    """What a race takes beside its recipe."""

    who: str = "anonymous"
    save: Path | None = None
    limit: float | None = None
    trial: bool = False
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.save is not None and (self.trial or self.seed is not None):
            raise InputError(
                f"--save {self.save} keeps a record, whose {SEEDS} seeds the command draws; leave "
                "out --trial and --seed"
            )
        if self.save is not None and self.save.exists() and not self.save.is_dir():
            raise InputError(f"--save {self.save} is a file; give a folder")


def main(args: list[str]) -> int:
    if args and args[0] in ("--help", "-h"):
        print(USAGE.format(tracks=", ".join(track.name for track in TRACKS)), end="")
        return 0
    track = track_of(args[0]) if args and not args[0].startswith("-") else None
    rest = args if track is None else args[1:]
    if track is not None and rest and not rest[0].startswith("-"):
        return _race(track, rest[0], rest[1:])
    if track is not None and rest == ["--again"]:
        return _again(track)
    chosen = TRACKS if track is None else (track,)

    def speedrun(records: tuple[Path, ...] = (), as_json: JsonFlag = False) -> int:
        """The records of the race.

        Args:
            records: folders of records to show too, beside those that come with the package.
            as_json: print them as JSON instead of tables.
        """
        return _show([*chosen], records, as_json)

    return parse(speedrun, rest, prog="speedrun")


def _show(tracks: list[Track], folders: tuple[Path, ...], as_json: bool) -> int:
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"--records {folder} is no folder; give one with records")
    names = {track.name for track in tracks}
    found = [s for s in read_standings(FOLDER, *folders) if s.track in names]
    if as_json:
        print(json_lines([to_json(standing) for standing in found]))
        return 0
    console = Console(highlight=False)
    for track in tracks:
        own = [standing for standing in found if standing.track == track.name]
        console.print(table_of(track, own))
        for s in own:
            made = f"{s.entry}: {s.who}, {s.date}, {s.commit[:9]}, {s.machine}, one thread"
            console.print(f"{made}; told {s.told or 'nothing'}.", markup=False)
            console.print(f"  {s.command}", soft_wrap=True, markup=False)
        console.print()
    console.print(_SAID)
    return 0


def table_of(track: Track, standings: list[Standing]) -> Table:
    """The rows of a track."""
    table = Table(title=str(track), title_justify="left", box=SIMPLE, padding=(0, 0))
    table.add_column("entry")
    for name in ("products", "range", "s", "examples", "right", "seeds"):
        table.add_column(name, justify="right")
    for s in standings:
        more = "" if s.reached else "> "
        low, high = s.spread
        middle = sorted(s.laps, key=lambda lap: lap.products)[len(s.laps) // 2]
        table.add_row(
            s.entry,
            f"{s.products:,.0f}" if s.reached else "not reached",
            f"{low:,.0f} to {high:,.0f}" if s.reached else "",
            f"{more}{middle.seconds:.3g}",
            f"{more}{middle.examples:,}",
            f"{100 * min(lap.accuracy for lap in s.laps):.1f}",
            str(len(s.laps)),
        )
    return table


def _again(track: Track) -> int:
    """Run the track's record with fresh seeds, by its own command."""
    record = best(read_standings(FOLDER), track)
    if record is None:
        raise InputError(f"nobody has reached {track} yet; enter with a recipe")
    if record.source is not None:
        raise InputError(f"{record.entry} is a file; have it here, and give: {record.command}")
    print(record.command)
    _, _, _, entry, *words = shlex.split(record.command)
    return _race(track, entry, words)


def configured_entry(
    track: Track, text: str, words: list[str]
) -> "tuple[Entrant, TrainConfig, RaceOptions]":
    """The entry, the run that it races with, and what is asked beside."""
    from ..runs.speedrun.entries import Entrant, checked

    entry = Entrant.named(text)
    prog = f"speedrun {track.name} {text}"
    command = command_of(
        entry.recipe,
        RaceOptions,
        _HELP,
        fixed={"problem": track.problem},
        defaults={"dims": track.dims},
    )
    (run, options), overrides = parse_known(command, words, prog=prog)
    run = override(run, overrides, prog=prog, also=option_names(command))
    return entry, checked(run, track, entry.name), options


def _race(track: Track, text: str, words: list[str]) -> int:
    entry, config, options = configured_entry(track, text, words)
    from ..runs.speedrun.referee import standing_of

    console = Console(highlight=False)
    standing = standing_of(
        track,
        entry,
        config,
        seed=options.seed,
        laps=1 if options.trial else SEEDS,
        limit=options.limit,
        who=options.who,
        command=shlex.join(["eigenformer", "speedrun", track.name, text, *_kept(words)]),
        told=lambda number, lap: console.print(_line(number, lap), soft_wrap=True),
    )
    _verdict(track, standing, options, console)
    return 0


def _kept(words: list[str]) -> list[str]:
    """The words of a command without what is not the entry's: --save and --who."""
    kept: list[str] = []
    skipping = False
    for word in words:
        if word.startswith("--"):
            skipping = word.split("=")[0] in ("--save", "--who")
        if not skipping:
            kept.append(word)
    return kept


def _line(number: int, lap: Lap) -> str:
    right = f"{100 * lap.accuracy:.1f}% right of {lap.matrices:,}"
    time = f"{lap.seconds:.3g} s, {lap.products:,.0f} products"
    return f"seed {number}: {lap.why}, {lap.examples:,} examples, {time}, {right}"


def _verdict(track: Track, standing: Standing, options: RaceOptions, console: Console) -> None:
    low, high = standing.spread
    if standing.reached:
        score = f"{standing.products:,.0f} products ({low:,.0f} to {high:,.0f})"
        console.print(f"{track}: reached by all {len(standing.laps)}, {score}")
    elif all(lap.reached for lap in standing.laps):
        console.print(f"{track}: reached; a trial, a record takes {SEEDS} seeds")
    else:
        console.print(f"{track}: not reached")
    record = best(read_standings(FOLDER), track)
    if record is not None and standing.reached:
        least, most = record.spread
        own = f"{record.entry}, {record.products:,.0f} ({least:,.0f} to {most:,.0f})"
        if record.command == standing.command:
            verb = "reproduced" if record.reproduced_by(standing) else "not reproduced"
            console.print(f"the record, {own}: {verb}")
        else:
            broken = "broken" if high < least else "not broken"
            console.print(f"the record, {own}: {broken}")
    if options.save is not None:
        console.print(f"kept as {save_standing(standing, options.save)}", soft_wrap=True)
