"""Rows for every value: the fourth pass of the compiler.

Values that are not needed at the same time share rows: attention reads a layer's input, so rows
that are read for the last time by the attention of a layer can take a new value in the same layer,
by adding new - old.
"""

from bisect import insort
from dataclasses import dataclass, field
from itertools import count

from .blocks import Layout, Rows
from .schedule import Schedule, StoredValue

IDENTITY_BLOCK, ONES, OFF = "I", "one", "off"


class RowsInUse(Exception):
    """A final value's rows are still read by the ReLU network of the layer that writes it."""


@dataclass(frozen=True, slots=True, order=True)
class Stay:
    """A value's stay in a block: from the layer that writes it to the one that may replace it."""

    start: int
    end: int
    value: StoredValue = field(compare=False)


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Rows and who has them when, in order of time."""

    name: str
    rows: int
    stays: list[Stay]

    def is_free(self, start: int, end: int) -> bool:
        return all(stay.end <= start or end <= stay.start for stay in self.stays)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Allocation:
    """Blocks of rows, and what is where."""

    schedule: Schedule
    blocks: tuple[Block, ...]
    clean: bool
    """Whether rows of their own that values leave behind are zero at the end."""
    layout: Layout
    """Of the blocks alone; the constants come below."""

    def rows(self) -> dict[StoredValue, Rows]:
        """The rows of every value."""
        found = {}
        for block in self.blocks:
            whole = self.layout[block.name]
            for stay in block.stays:
                found[stay.value] = whole.first(stay.value.shape[0])
        return found

    def __str__(self) -> str:
        lines = [f"rows: {self.layout.width} for {len(self.blocks)} blocks"]
        for block in self.blocks:
            stays = ", ".join(f"{s.value.name} [{s.start}, {s.end})" for s in block.stays)
            lines.append(f"  {block.name} ({block.rows} rows): {stays}")
        return "\n".join(lines)


def allocate(schedule: Schedule, keep: tuple[str, ...] | None) -> Allocation:
    """Place every value; `keep` names inputs that stay (None: all, and nothing else is left)."""
    return _Allocator(schedule, keep).run()


class _Allocator:
    def __init__(self, schedule: Schedule, keep: tuple[str, ...] | None) -> None:
        self.schedule = schedule
        self.keep = keep
        self.depth = len(schedule.layers)
        self.blocks: list[Block] = []

    def run(self) -> Allocation:
        traced = self.schedule.normal.traced
        values = self.schedule.values
        homes = {name: Block(name, shape[0], []) for name, shape in traced.shapes.items()}
        self.blocks = list(homes.values())
        free = []
        for value in values:
            if value.home is None:
                free.append(value)
            else:
                self._put(value, homes[value.home])
        near = [value for value in free if value.near is not None]
        placed = set()
        for value in sorted(near, key=lambda value: self.schedule.born[value]):
            assert value.near is not None
            block = homes[value.near]
            if value.shape[0] <= block.rows and block.is_free(*self._stay(value)):
                self._put(value, block)
                placed.add(value)
        rest = (value for value in free if value not in placed)
        for value in sorted(rest, key=lambda v: (-v.shape[0], self.schedule.born[v])):
            self._place(value)
        names = self._names()
        self.blocks = [
            Block(name, block.rows, block.stays)
            for name, block in zip(names, self.blocks, strict=True)
        ]
        return Allocation(
            schedule=self.schedule,
            blocks=tuple(self.blocks),
            clean=self.keep is None,
            layout=Layout.of(**{block.name: block.rows for block in self.blocks}),
        )

    def _stay(self, value: StoredValue) -> tuple[int, int]:
        born = self.schedule.born[value]
        forever = self.depth + 2
        if value in self.schedule.finals:
            return born, forever
        is_input = born == 0 and value.home not in (None, *self.schedule.normal.traced.feed)
        if is_input and (self.keep is None or value.home in self.keep):
            return born, forever
        last = self.schedule.last[value]
        return born, max(born + 1, (last + 1) // 2 + 1)

    def _put(self, value: StoredValue, block: Block) -> None:
        start, end = self._stay(value)
        if not block.is_free(start, end):
            raise RowsInUse
        insort(block.stays, Stay(start, end, value))

    def _place(self, value: StoredValue) -> None:
        """Into free rows: best those of a term of it, then the smallest block, or a new one."""
        start, end = self._stay(value)
        fitting = [b for b in self.blocks if b.rows >= value.shape[0] and b.is_free(start, end)]
        if not fitting:
            fitting = [Block("", value.shape[0], [])]
            self.blocks += fitting
        block = min(fitting, key=lambda block: (not self._follows(value, block, start), block.rows))
        self._put(value, block)

    def _follows(self, value: StoredValue, block: Block, start: int) -> bool:
        """Whether the value that the block has before is a term of this one."""
        before = [stay.value for stay in block.stays if stay.end <= start]
        if not before:
            return False
        return before[-1] in self.schedule.terms.get(value, ())

    def _names(self) -> list[str]:
        """Inputs keep their names; other blocks are called after what they hold, or Z, Z1, ..."""
        results = {value: name for name, value in self.schedule.answers.items()}
        found: list[str] = []
        taken = {IDENTITY_BLOCK, OFF, *(block.name for block in self.blocks)}
        for block in self.blocks:
            name = block.name
            if not name:
                outputs = [results[s.value] for s in block.stays if s.value in results]
                single = {stay.value.name for stay in block.stays}
                plain = len(single) == 1 and "%" not in min(single)
                stem = outputs[-1] if outputs else min(single) if plain else "Z"
                tried = (f"{stem}{number or ''}" for number in count())
                name = next(name for name in tried if name not in taken)
                taken.add(name)
            found.append(name)
        return found
