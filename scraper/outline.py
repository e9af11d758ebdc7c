"""Labels of a page and what stands under each, in any layout. Pure.

Layouts differ, but a label is always a whole cell, heading or line, or the beginning of one, and its value is what
follows. So labels are known by their words first (scraper.labels); what is set like several known labels is a label,
too. A label in a cell of its own has the cell beside it as its value, and nothing in there is a label; any other has
all up to the next label.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper import labels
from scraper.blocks import Line, Table, said
from scraper.labelled import MARKED, PLAIN, SET_APART, alike, candidates
from scraper.text import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from lxml.etree import _Element as Element

    from scraper.blocks import Blocks
    from scraper.labelled import Label
    from scraper.tables import Grid

_SHARE = 0.8
_BRIEF = frozenset({"code", "name", "field", "levels", "kind", "decision", "effective_from", "status", ""})
"""Fields whose value is a line."""
_FEWEST_ALIKE = 2
_FIRM = 3
_LONGEST_END = 60


@dataclass(slots=True, eq=False)
class Item:
    """A label of the page with what stands under it: lines and tables in order. `field` is as `labels.field` has it."""

    label: str
    field: str
    value: list[str | Grid]

    def lines(self) -> list[str]:
        """The value as lines, a table's rows one a line."""
        return [line for part in self.value for line in ([part] if isinstance(part, str) else said(part))]


def read(blocks: Blocks, *, ends: Collection[str] = ()) -> tuple[Element | None, list[Item]]:
    """The element that holds the page's labels, and its items in order; what no label stands over has an empty one.

    At a line that says (folded) one of `ends`, as above a list of other pages, all is over.
    """
    found = candidates(blocks)
    place = _place(blocks, found)
    if place is None:
        return None, []
    inside = blocks.inside(place)
    inside = range(inside.start, _end(blocks, inside, ends))
    found = [one for one in found if one.at in inside]
    chosen = _chosen(found)
    chosen = _chosen([*found, *_set_alike(blocks, inside, chosen)], {one.style for one in chosen})
    return place, _items(blocks, inside, chosen)


def _end(blocks: Blocks, inside: range, ends: Collection[str]) -> int:
    """The position of the first line that says one of `ends`, else the end of all."""
    for at in inside if ends else ():
        line = blocks.pieces[at]
        if isinstance(line, Line) and len(line.text) <= _LONGEST_END and fold(line.text).strip(" :.") in ends:
            return at
    return inside.stop


def rows(blocks: Blocks) -> list[tuple[list[Item], str]]:
    """The rows of a list that is no table, if each tells a code under a label: their items, and what stands first."""
    found = candidates(blocks)
    coded = [one for one in found if one.field == "code"]
    held: Counter[Element] = Counter()
    for one in coded:
        held.update(_around(blocks, one))
    told = []
    for one in coded if len(coded) > 1 else ():
        row = next((element for element in reversed(_around(blocks, one)) if held[element] == 1), None)
        if row is None:
            continue
        inside = blocks.inside(row)
        items = _items(blocks, inside, [label for label in found if label.at in inside])
        first = next((item.lines() for item in items if not item.label), [""])
        told.append((items, first[0]))
    return told


def _around(blocks: Blocks, one: Label) -> list[Element]:
    piece = blocks.pieces[one.at]
    assert isinstance(piece, Line)
    return [piece.holder, *piece.holder.iterancestors()]


def _place(blocks: Blocks, found: Sequence[Label]) -> Element | None:
    """The smallest element that holds nearly all labels, or all of them if that takes little more."""
    known: defaultdict[Element, set[str]] = defaultdict(set)
    starts = {one.at for one in found}
    for one in found:
        # A menu has labels, too, one after the other.
        if one.rest or one.cell is not None or one.at + 1 not in starts:
            for element in _around(blocks, one):
                known[element].add(one.field or labels.key(one.text))
    most = max(map(len, known.values()), default=0)
    if most < 2:
        return None
    enough = [element for element, keys in known.items() if len(keys) >= _SHARE * most]
    place = min(enough, key=lambda element: (len(blocks.inside(element)) or 1 << 30, len(known[element])))
    for wider in place.iterancestors():
        size = len(blocks.inside(wider))
        if wider.tag in {"body", "html"} or size > 2 * len(blocks.inside(place)) + 20:
            break
        if len(known[wider]) > len(known[place]):
            place = wider
    return _whole(place)


def _whole(place: Element) -> Element:
    """The table around where labels fill only a part of one: its rows are one list."""
    while place.tag in {"tr", "tbody", "thead", "td", "th"} and (parent := place.getparent()) is not None:
        place = parent
        if place.tag == "table":
            break
    return place


def _chosen(found: Iterable[Label], styles: Collection[tuple[object, ...]] = ()) -> list[Label]:
    """The labels among the candidates: those set apart first, and others only where none of those says the same."""
    in_order = sorted(found, key=lambda one: one.at)
    strong = {one.style for one in in_order if one.rank == SET_APART and not labels.is_weak(one.text)}.union(styles)
    kept: list[Label] = []
    held: set[int] = set()
    for one in in_order:
        if one.rank == SET_APART and one.style in strong and one.at not in held:
            kept.append(one)
            held.update(one.cell or ())
    fields = {one.field for one in kept if one.field}
    for rank in (MARKED, PLAIN):
        above = set(fields)
        for one in in_order:
            if one.rank != rank or (one.field and one.field in above) or one.at in held:
                continue
            if rank == PLAIN and len(above) >= _FIRM and one.field not in _BRIEF and _within(one, kept):
                continue
            kept.append(one)
            fields.add(one.field)
        fields.discard("")
    return sorted(kept, key=lambda one: one.at)


def _within(one: Label, kept: Sequence[Label]) -> bool:
    """Whether a line stands below a label whose value has no bounds."""
    above = [other for other in kept if other.at < one.at]
    return bool(above) and above[-1].cell is None


def _set_alike(blocks: Blocks, inside: range, chosen: Sequence[Label]) -> list[Label]:
    """Further lines that are set like at least two of the labels."""
    known: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for one in chosen:
        known[one.style].add(labels.key(one.text))
    styles = {style for style, keys in known.items() if len(keys) >= _FEWEST_ALIKE}
    taken = {one.at: one for one in chosen}
    held = {at for one in chosen for at in one.cell or ()}
    fields = {one.field for one in chosen}
    above = ""
    found = []
    for at in inside if styles else ():
        if at in taken:
            above = taken[at].field
            continue
        new = alike(blocks, at, above) if at not in held else None
        if new and new.style in styles and taken.keys().isdisjoint(new.cell or ()):
            new.field = "" if new.field in fields else new.field
            fields.add(new.field)
            found.append(new)
    return found


def _items(blocks: Blocks, inside: range, chosen: Sequence[Label]) -> list[Item]:
    starts = {one.at: one for one in chosen}
    held = {at for one in chosen for at in one.cell or ()}
    items = [Item("", "", [])]
    bounded = False
    for at in inside:
        if one := starts.get(at):
            value = [one.rest] if one.rest else []
            items.append(
                Item(
                    labels.bare(one.text),
                    one.field,
                    [*value, *map(_shown, map(blocks.pieces.__getitem__, one.cell or ()))],
                )
            )
            bounded = one.cell is not None
        elif at not in held:
            if bounded:
                items.append(Item("", "", []))
                bounded = False
            items[-1].value.append(_shown(blocks.pieces[at]))
    return [item for item in items if item.label or item.value]


def _shown(piece: Line | Table) -> str | Grid:
    return piece.grid if isinstance(piece, Table) else piece.text
