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
from scraper.blocks import STRONG, Line, Table, said
from scraper.text import clean, fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from lxml.etree import _Element as Element

    from scraper.blocks import Blocks
    from scraper.tables import Grid

_MARKS = frozenset({"label", "i", "em", "cite"})
_CELLS = frozenset({"td", "th", "dt", "dd"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SHARE = 0.8
_SHORTEST = 3
_NO_LABEL = ("buoc ", "truong hop", "doi voi", "luu y", "ghi chu", "giai doan", "tai ", "noi nhan", "phu luc", "dieu ")
_BRIEF = frozenset({"code", "name", "field", "levels", "kind", "decision", "effective_from", "status", ""})
"""Fields whose value is a line."""
_LONG = frozenset({"steps", "ways", "dossier", "result", "conditions", "legal_basis"})
"""Fields whose value may have headings of its own."""
_FEWEST_ALIKE = 2
_SET_APART, _MARKED, _PLAIN = 0, 1, 2
"""A label in an element of its own or in bold throughout; marked in its line by an element; plain words."""
_MOST_LABELS = 2_000
_MOST_CELLS = 8
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


@dataclass(slots=True, eq=False)
class _Label:
    """A line that may be a label, or begin with one; `cell` are the pieces of the value where it has a cell."""

    at: int
    field: str
    text: str
    rest: str
    rank: int
    style: tuple[object, ...]
    cell: range | None = None


def read(blocks: Blocks, *, ends: Collection[str] = ()) -> tuple[Element | None, list[Item]]:
    """The element that holds the page's labels, and its items in order; what no label stands over has an empty one.

    At a line that says (folded) one of `ends`, as above a list of other pages, all is over.
    """
    found = _candidates(blocks)
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
    found = _candidates(blocks)
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


def _around(blocks: Blocks, one: _Label) -> list[Element]:
    piece = blocks.pieces[one.at]
    assert isinstance(piece, Line)
    return [piece.holder, *piece.holder.iterancestors()]


def _candidates(blocks: Blocks) -> list[_Label]:
    found: list[_Label] = []
    for at, piece in enumerate(blocks.pieces):
        if not isinstance(piece, Line) or _is_of_control(piece) or _is_of_menu(blocks, at, piece):
            continue
        if one := _label(blocks, at, piece):
            found.append(one)
            if len(found) == _MOST_LABELS:
                break
    return found


def _is_of_menu(blocks: Blocks, at: int, line: Line) -> bool:
    """Whether a line is a link, and the next one, too."""
    after = blocks.pieces[at + 1] if at + 1 < len(blocks.pieces) else line
    return line.linked and isinstance(after, Line) and after.linked


def _is_of_control(line: Line) -> bool:
    """Whether a line belongs to a control that asks for something, and tells nothing."""
    return any(element.tag in {"label", "button"} and _asks(element) for _, element in line.parts)


def _asks(label: Element) -> bool:
    after = label.getnext()
    return (label.tag == "button" and label.get("type") == "submit") or any(
        one is not None and next(one.iter("select", "input", "textarea"), None) is not None for one in (label, after)
    )


def _label(blocks: Blocks, at: int, line: Line) -> _Label | None:
    """The label that a line is or begins with."""
    whole = labels.field(line.text)
    if whole is not None:
        own = _own(blocks, at, line.holder)
        cell = _cell_beside(blocks, own)
        apart = cell is not None or own.tag in _CELLS or _is_strong(line)
        if not apart and (not _is_capital(line.text) or (labels.is_weak(line.text) and not line.text.endswith(":"))):
            return None
        rank = _SET_APART if apart else _MARKED if _is_marked(line) else _PLAIN
        return _Label(at, whole, line.text, "", rank, _style(line, own, cell), cell)
    for place in range(1, min(len(line.parts), 5)):
        begin = clean("".join(text for text, _ in line.parts[:place]))
        rest = clean("".join(text for text, _ in line.parts[place:]))
        parted = line.parts[place - 1][1] is not line.holder or begin.endswith(":") or rest.startswith(":")
        if parted and rest and (known := labels.field(begin)) is not None:
            if labels.is_weak(begin) and not (begin.endswith(":") or rest.startswith(":")):
                continue
            return _Label(at, known, begin, rest.lstrip(" :"), _MARKED, (line.holder.tag, "marked"))
    begin, colon, rest = line.text.partition(":")
    if colon and _is_capital(begin) and (known := labels.field(begin)) is not None:
        weak = labels.is_weak(begin) and not (begin[:1].isalnum() and labels.numbered(begin))
        return None if weak else _Label(at, known, begin, rest.strip(), _PLAIN, (line.holder.tag, "plain"))
    return None


def _is_capital(said: str) -> bool:
    """Whether a label begins as labels do, with a capital letter; numbering and bullets aside."""
    first = next(filter(str.isalpha, labels.bare(said)), "")
    return first.isupper()


def _is_strong(line: Line) -> bool:
    """Whether all of a line is set in bold, or as a heading."""
    if line.holder.tag in STRONG:
        return True
    return all(_emphasised(element, line.holder) for text, element in line.parts if _letters(text))


def _is_marked(line: Line) -> bool:
    """Whether all of a line is set in elements that set it apart: with a class, in italics, as a label."""
    return all(
        element is not line.holder and (element.tag in _MARKS or (element.tag != "a" and element.get("class")))
        for text, element in line.parts
        if _letters(text)
    )


def _emphasised(element: Element, holder: Element) -> bool:
    while element is not holder:
        if element.tag in STRONG or "bold" in (element.get("style") or "") or "bold" in (element.get("class") or ""):
            return True
        parent = element.getparent()
        if parent is None:
            return False
        element = parent
    return "bold" in (holder.get("style") or "")


def _own(blocks: Blocks, at: int, holder: Element) -> Element:
    """The largest element that holds this line and nothing else."""
    while (parent := holder.getparent()) is not None and holder.tag not in _CELLS:
        if parent.tag in {"body", "html"} or blocks.spans.get(parent) != (at, at + 1):
            break
        holder = parent
    return holder


def _cell_beside(blocks: Blocks, own: Element) -> range | None:
    """The pieces of the cell that belongs to a label's own element; None where it has no such cell."""
    row = own.getparent()
    if row is None or row.tag in {"body", "html"}:
        return None
    after = blocks.inside(own).stop
    if own.tag in _CELLS:
        wanted = {"dd"} if own.tag == "dt" else {"td", "th"}
        beside: list[Element] = []
        for cell in own.itersiblings():
            if cell.tag not in wanted or (beside and own.tag != "dt"):
                break
            beside.append(cell)
    else:
        if len(row) > 2 * _MOST_CELLS:
            return None
        cells = [child for child in row if blocks.inside(child)]
        if cells == [own] and len(row) == 2 and row[0] is own:
            return range(after, after)
        place = cells.index(own) if own in cells else 1
        if len(cells) % 2 or len(cells) > _MOST_CELLS or place % 2 or not _is_row(blocks, row, cells):
            return None
        beside = [cells[place + 1]]
    held = [inside for cell in beside if (inside := blocks.inside(cell))]
    if held:
        return range(held[0].start, held[-1].stop)
    return range(after, after) if beside else None


def _is_row(blocks: Blocks, row: Element, cells: Sequence[Element]) -> bool:
    """Whether an element is a row of label and value: its odd parts are short lines, and it has no loose text."""
    if sum(len(blocks.inside(cell)) for cell in cells) != len(blocks.inside(row)):
        return False
    for cell in cells[::2]:
        inside = blocks.inside(cell)
        first = blocks.pieces[inside.start]
        if len(inside) != 1 or not isinstance(first, Line) or len(first.text) > labels.LONGEST:
            return False
    return True


def _style(line: Line, own: Element, cell: range | None) -> tuple[object, ...]:
    """How a label is set: two labels of one kind have the same."""
    parent = own.getparent()
    around = (parent.tag, parent.get("class")) if parent is not None else ()
    return (own.tag, own.get("class"), *around, _is_strong(line), cell is not None)


def _place(blocks: Blocks, found: Sequence[_Label]) -> Element | None:
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


def _chosen(found: Iterable[_Label], styles: set[tuple[object, ...]] | None = None) -> list[_Label]:
    """The labels among the candidates: those set apart first, and others only where none of those says the same."""
    kept: list[_Label] = []
    by_rank = sorted(found, key=lambda one: one.at)
    strong = {one.style for one in by_rank if one.rank == _SET_APART and not labels.is_weak(one.text)}
    apart = []
    end = -1
    for one in by_rank:
        if one.rank == _SET_APART and one.at >= end and (one.style in strong or one.style in (styles or ())):
            apart.append(one)
            end = max(end, one.cell.stop) if one.cell is not None else end
    fields = {one.field for one in apart if one.field}
    kept = list(apart)
    cells = [one.cell for one in apart if one.cell]
    for rank in (_MARKED, _PLAIN):
        above = set(fields)
        firm = sum(1 for name in above if name)
        for one in by_rank:
            if one.rank != rank or (one.field and one.field in above) or any(one.at in cell for cell in cells):
                continue
            if rank == _PLAIN and firm >= 3 and one.field not in _BRIEF and _within(one, kept):
                continue
            kept.append(one)
            fields.add(one.field)
    return sorted(kept, key=lambda one: one.at)


def _within(one: _Label, kept: Sequence[_Label]) -> bool:
    """Whether a line stands below a label whose value has no bounds."""
    above = [other for other in kept if other.at < one.at]
    return bool(above) and above[-1].cell is None


def _set_alike(blocks: Blocks, inside: range, chosen: Sequence[_Label]) -> list[_Label]:
    """Further lines that are set like at least two of the labels."""
    known: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for one in chosen:
        if one.rank == _SET_APART:
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
        new = _alike(blocks, at, above) if at not in held else None
        if new and new.style in styles and taken.keys().isdisjoint(new.cell or ()):
            new.field = "" if new.field in fields else new.field
            fields.add(new.field)
            found.append(new)
    return found


def _alike(blocks: Blocks, at: int, above: str) -> _Label | None:
    """A line as a label of unknown words; `above` is the field of the label before: a long value has headings, too."""
    line = blocks.pieces[at]
    if not isinstance(line, Line) or len(line.text) > labels.LONGEST or _letters(line.text) < _SHORTEST:
        return None
    if line.text.endswith((".", ";", ",")):
        return None
    own = _own(blocks, at, line.holder)
    cell = _cell_beside(blocks, own)
    if cell is None:
        loose = own.tag in _HEADINGS or (_is_strong(line) and above not in _LONG)
        if not loose or fold(line.text).startswith(_NO_LABEL):
            return None
    return _Label(at, labels.near(line.text), line.text, "", _SET_APART, _style(line, own, cell), cell)


def _letters(said: str) -> int:
    return sum(map(str.isalpha, said))


def _items(blocks: Blocks, inside: range, chosen: Sequence[_Label]) -> list[Item]:
    items: list[Item] = []
    stops = {one.at: one for one in chosen}
    current = Item("", "", [])
    items.append(current)
    bound: range | None = None
    for at in inside:
        piece = blocks.pieces[at]
        if at in stops:
            one = stops[at]
            current = Item(labels.bare(one.text), one.field, [one.rest] if one.rest else [])
            items.append(current)
            bound = one.cell
            continue
        if bound is not None and at not in bound:
            current, bound = Item("", "", []), None
            items.append(current)
        current.value.append(piece.grid if isinstance(piece, Table) else piece.text)
    return [item for item in items if item.label or item.value]
