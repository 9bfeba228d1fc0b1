"""Numbers of a table, ours and the paper's, put into rows and columns."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..papers import PaperCell, PaperTable, Value
from ..runs import Label
from .blocks import SIDES, Grid, GridEntry, GridHead, GridLabel, GridSlot
from .numbers import NOTHING, RunState, key_text, label_text, our_entry, paper_entry

SEED = "seed"
"""The label that tells repetitions of a run apart."""
Key = tuple[str, ...]
"""The texts of the labels that make a row or column."""


@dataclass(frozen=True, kw_only=True)
class OurNumber:
    """A number of ours and the state of the run that it comes from."""

    value: Value
    state: RunState
    counterpart: PaperCell | None = None
    """The number of the paper that it repeats; `layout` finds it."""

    @property
    def labels(self) -> dict[str, Label]:
        return self.value.labels


def layout(
    row_keys: Sequence[str],
    column_keys: Sequence[str],
    numbers: Sequence[OurNumber],
    paper: PaperTable | None,
    name: str = "",
) -> Grid | None:
    """Our numbers, the paper's beside those that they repeat, and what only the paper has.

    Rows and columns stand in the paper's order, those that share their first labels together;
    repetitions with other seeds share a place. A row (or column) of ours all of whose counterparts
    lie in one row of the paper is that row: what is left of the paper's row joins it, and its head
    gives both labels. None if there is nothing to show.
    """
    if not numbers and not (paper and paper.cells):
        return None
    ours = [replace(one, counterpart=_counterpart(one.value, paper)) for one in numbers]
    rows = _Axis(row_keys, ours, paper)
    columns = _Axis(column_keys, ours, paper)
    slots: dict[tuple[int, int], _Slot] = {}
    for one in ours:
        slot = slots.setdefault((rows.place(one), columns.place(one)), _Slot())
        slot.ours.append(one)
        if one.counterpart is not None and one.counterpart not in slot.paper:
            slot.paper.append(one.counterpart)
    repeated = {id(one.counterpart) for one in ours}
    for cell in paper.cells if paper else ():
        if id(cell) not in repeated:
            for row in rows.places(cell):
                for column in columns.places(cell):
                    slots.setdefault((row, column), _Slot()).paper.append(cell)
    return _grid(name, rows, columns, slots, paper)


def _counterpart(value: Value, paper: PaperTable | None) -> PaperCell | None:
    cells = paper.find(value.paper) if paper is not None and value.paper is not None else []
    return cells[0] if len(cells) == 1 else None


@dataclass(kw_only=True)
class _Head:
    ours: Key | None = None
    paper: Key | None = None
    """None: several rows of the paper, or none."""
    position: float = 0
    """The place of the paper's row; without one, that of the row of ours before it."""

    @property
    def label(self) -> Key:
        found = self.ours if self.ours is not None else self.paper
        assert found is not None
        return found


def _together(heads: Sequence[_Head], level: int = 0) -> list[_Head]:
    """Heads with the same label next to each other, at each level in order of appearance."""
    if len(heads) < 2 or level == len(heads[0].label):
        return list(heads)
    groups: dict[str, list[_Head]] = {}
    for head in heads:
        groups.setdefault(head.label[level], []).append(head)
    return [head for group in groups.values() for head in _together(group, level + 1)]


class _Axis:
    """The rows, or the columns."""

    def __init__(self, keys: Sequence[str], ours: Sequence[OurNumber], paper: PaperTable | None):
        self.keys = tuple(key for key in keys if key != SEED)
        self._common: dict[str, Label] = dict(paper.common) if paper else {}
        cells = paper.cells if paper else ()
        papers = list(dict.fromkeys(self.of_paper(cell) for cell in cells))
        heads: dict[Key, _Head] = {}
        met: dict[Key, set[Key]] = {}
        for one in ours:
            key = self.of_ours(one)
            heads.setdefault(key, _Head(ours=key))
            if one.counterpart is not None:
                met.setdefault(key, set()).add(self.of_paper(one.counterpart))
        for key, head in heads.items():
            # Without any counterpart it stands for the paper's row of the same labels, if any.
            same = met.get(key, {key} & set(papers))
            if len(same) == 1:
                head.paper = next(iter(same))
        known = [papers.index(head.paper) for head in heads.values() if head.paper is not None]
        position: float = min(known, default=0) - 0.5
        for head in heads.values():
            if head.paper is not None:
                position = papers.index(head.paper)
            head.position = position
        taken = {head.paper for head in heads.values()}
        repeated = {id(one.counterpart) for one in ours}
        left = dict.fromkeys(self.of_paper(cell) for cell in cells if id(cell) not in repeated)
        only = [_Head(paper=p, position=papers.index(p)) for p in left if p not in taken]
        self.heads = _together(sorted([*heads.values(), *only], key=lambda one: one.position))

    def of_ours(self, one: OurNumber) -> Key:
        return tuple(label_text(k, one.labels[k]) if k in one.labels else "" for k in self.keys)

    def of_paper(self, cell: PaperCell) -> Key:
        labels = {**self._common, **cell.labels}
        return tuple(label_text(k, labels[k]) if k in labels else "" for k in self.keys)

    def place(self, one: OurNumber) -> int:
        key = self.of_ours(one)
        return next(i for i, head in enumerate(self.heads) if head.ours == key)

    def places(self, cell: PaperCell) -> list[int]:
        """Where a number that only the paper has belongs."""
        key = self.of_paper(cell)
        return [i for i, head in enumerate(self.heads) if head.paper == key]

    def labels(self, place: int) -> tuple[GridLabel, ...]:
        head = self.heads[place]
        if head.ours is None:
            return tuple(GridLabel(text=text) for text in head.label)
        return tuple(
            GridLabel(text=text, paper=self._paper_label(head, level))
            for level, text in enumerate(head.ours)
        )

    def _paper_label(self, head: _Head, level: int) -> str | None:
        """The paper's label where it is another; without a counterpart, the label of the group."""
        assert head.ours is not None
        group = [head]
        if head.paper is None and level < len(head.ours) - 1:
            upper = head.ours[: level + 1]
            group = [one for one in self.heads if one.ours and one.ours[: level + 1] == upper]
        found = {one.paper[level] for one in group if one.paper is not None}
        text = found.pop() if len(found) == 1 else ""
        return text if text not in ("", NOTHING, head.ours[level]) else None

    def elsewhere(self, place: int, cell: PaperCell) -> list[str]:
        """The labels of a counterpart that the head does not give."""
        head, key = self.heads[place], self.of_paper(cell)
        shown = head.paper or head.ours or key
        return [
            f"{key_text(name)} {text}"
            for name, text, seen in zip(self.keys, key, shown, strict=True)
            if text not in ("", NOTHING, seen)
        ]


@dataclass(kw_only=True)
class _Slot:
    paper: list[PaperCell] = field(default_factory=list)
    ours: list[OurNumber] = field(default_factory=list)


def _grid(
    name: str,
    rows: _Axis,
    columns: _Axis,
    slots: dict[tuple[int, int], _Slot],
    paper: PaperTable | None,
) -> Grid:
    shown = {*rows.keys, *columns.keys, SEED}
    our_rest = _rest(
        ((at, one.labels) for at, slot in slots.items() for one in slot.ours), exclude=shown
    )
    paper_rest = _rest(
        ((at, cell.labels) for at, slot in slots.items() for cell in slot.paper),
        exclude={*shown, "metric"},
    )
    common = {
        key: value
        for key, value in (paper.common if paper else {}).items()
        if key not in {*shown, "metric"}
    }
    shared = {
        "The paper's": _texts_of({**common, **paper_rest.constant}),
        "Ours": _texts_of(our_rest.constant),
    }

    def slot(row: int, column: int) -> GridSlot:
        found = slots.get((row, column), _Slot())
        return GridSlot(
            paper=tuple(
                paper_entry(
                    cell,
                    [
                        *rows.elsewhere(row, cell),
                        *columns.elsewhere(column, cell),
                        *_texts(paper_rest.telling, cell.labels),
                    ],
                )
                for cell in found.paper
            ),
            ours=tuple(_entries(found.ours, our_rest.telling)),
        )

    whole = tuple(
        tuple(slot(row, column) for column in range(len(columns.heads)))
        for row in range(len(rows.heads))
    )
    return Grid(
        name=name,
        row_keys=tuple(key_text(key) for key in rows.keys),
        column_keys=tuple(key_text(key) for key in columns.keys),
        rows=tuple(
            GridHead(labels=rows.labels(row), paper_only=head.ours is None)
            for row, head in enumerate(rows.heads)
        ),
        columns=tuple(
            GridHead(
                labels=columns.labels(column),
                paper_only=head.ours is None,
                sides=tuple(side for side in SIDES if any(line[column].of(side) for line in whole)),
            )
            for column, head in enumerate(columns.heads)
        ),
        slots=whole,
        common=tuple(f"{whose}: {', '.join(texts)}." for whose, texts in shared.items() if texts),
    )


def _entries(ours: Sequence[OurNumber], telling: Sequence[str]) -> list[GridEntry]:
    """An entry for each group of numbers that differ in the seed only."""
    groups: dict[Hashable, list[OurNumber]] = {}
    for one in ours:
        groups.setdefault(tuple(_texts(telling, one.labels)), []).append(one)
    found = []
    for group in groups.values():
        states = {one.state for one in group}
        state = "not finished" if "not finished" in states else "not run"
        labels = _texts(telling, group[0].labels)
        if "diverged" in states:
            labels.append("diverged")
        found.append(our_entry([one.value.measured for one in group], state, labels))
    return found


@dataclass(frozen=True, kw_only=True)
class _Rest:
    constant: dict[str, Label]
    """Labels that all numbers have, and have the same."""
    telling: tuple[str, ...]
    """Keys that neither row nor column decides: they have to stand beside the number."""


def _rest(numbers: Iterable[tuple[tuple[int, int], dict[str, Label]]], exclude: set[str]) -> _Rest:
    """What is to be said of the labels that make neither rows nor columns."""
    known = list(numbers)
    keys = dict.fromkeys(key for _, labels in known for key in labels if key not in exclude)
    constant: dict[str, Label] = {}
    telling = []
    for key in keys:
        if _decided((0, labels.get(key)) for _, labels in known):
            constant[key] = next(labels[key] for _, labels in known if key in labels)
        elif not any(
            _decided((at[side], labels.get(key)) for at, labels in known) for side in (0, 1)
        ):
            telling.append(key)
    return _Rest(constant=constant, telling=tuple(telling))


def _decided(labels: Iterable[tuple[int, Label]]) -> bool:
    """Whether the label is a function of the row, or whatever stands before it."""
    met: dict[int, Label] = {}
    return all(met.setdefault(place, label) == label for place, label in labels)


def _texts(keys: Iterable[str], labels: Mapping[str, Label]) -> list[str]:
    return [f"{key_text(key)} {label_text(key, labels[key])}" for key in keys if key in labels]


def _texts_of(labels: Mapping[str, Label]) -> list[str]:
    """What can be said of labels; the paper's that are null are not stated in it."""
    return _texts([key for key, value in labels.items() if value is not None], labels)
