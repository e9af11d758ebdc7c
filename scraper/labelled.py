"""Which lines of a page may be labels: by their words, and by how they are set. Pure.

A label is a whole cell, heading or line, or the beginning of one. Where it has a cell of its own, the cell beside it
(or the panel that it opens) is its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper import labels
from scraper.blocks import STRONG, Line
from scraper.text import clean, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

    from scraper.blocks import Blocks

_MARKS = frozenset({"label", "i", "em", "cite"})
_CELLS = frozenset({"td", "th", "dt", "dd"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NO_LABEL = ("buoc ", "truong hop", "doi voi", "luu y", "ghi chu", "giai doan", "tai ", "noi nhan", "phu luc", "dieu ")
_BULLETS = ("-", "+", "–", "•")
_LONG = frozenset({"steps", "ways", "dossier", "result", "conditions", "legal_basis"})
"""Fields whose value may have headings of its own."""
SET_APART, MARKED, PLAIN = 0, 1, 2
"""A label in an element of its own or in bold throughout; marked in its line by an element; plain words."""
_MOST_LABELS = 2_000
_MOST_CELLS = 8
_MOST_PARTS = 5
_SHORTEST = 3
_LONGEST_BEGINNING = 60


@dataclass(slots=True, eq=False)
class Label:
    """A line that may be a label, or begin with one; `cell` are the pieces of the value where it has a cell."""

    at: int
    field: str
    text: str
    rest: str
    rank: int
    style: tuple[object, ...]
    cell: range | None = None


def candidates(blocks: Blocks) -> list[Label]:
    """The lines that are labels by their words, or begin with one, in order."""
    found: list[Label] = []
    for at, piece in enumerate(blocks.pieces):
        if not isinstance(piece, Line) or _is_of_control(piece):
            continue
        panel = _panel(blocks, at, piece)
        after = blocks.pieces[at + 1] if at + 1 < len(blocks.pieces) else None
        if panel is None and piece.linked and isinstance(after, Line) and after.linked:
            continue  # a menu
        if one := _label(blocks, at, piece, panel):
            found.append(one)
            if len(found) == _MOST_LABELS:
                break
    return found


def _panel(blocks: Blocks, at: int, line: Line) -> range | None:
    """The pieces of the panel that a tab opens; None for no tab, or where the panel begins with the same words."""
    element = line.parts[0][1]
    if not blocks.named or not line.linked:
        return None
    link = element if element.tag == "a" else next(element.iterancestors("a"))
    panel = blocks.named.get(link.get("href") or "")
    cell = blocks.inside(panel) if panel is not None else range(0)
    first = blocks.pieces[cell.start] if cell and at not in cell else line
    return None if isinstance(first, Line) and labels.key(first.text) == labels.key(line.text) else cell


def _is_of_control(line: Line) -> bool:
    """Whether a line belongs to a control that asks for something, and tells nothing."""
    return any(element.tag in {"label", "button"} and _asks(element) for _, element in line.parts)


def _asks(label: Element) -> bool:
    after = label.getnext()
    return (label.tag == "button" and label.get("type") == "submit") or any(
        one is not None and next(one.iter("select", "input", "textarea"), None) is not None for one in (label, after)
    )


def _label(blocks: Blocks, at: int, line: Line, panel: range | None) -> Label | None:
    """The label that a line is or begins with."""
    whole = labels.field(line.text)
    if whole is not None:
        own = _own(blocks, at, line.holder)
        cell = panel or _cell_beside(blocks, own)
        apart = cell is not None or own.tag in _CELLS or _is_strong(line)
        if not apart and (not _is_capital(line.text) or (labels.is_weak(line.text) and not line.text.endswith(":"))):
            return None
        rank = SET_APART if apart else MARKED if _is_marked(line) else PLAIN
        return Label(at, whole, line.text, "", rank, _style(line, own, cell), cell)
    for begin, rest, place in _beginnings(line):
        if (known := labels.field(begin)) is not None:
            if labels.is_weak(begin) and not begin.endswith(":"):
                continue
            return Label(at, known, begin, rest, MARKED, _style_of_beginning(line, place))
    begin, colon, rest = line.text.partition(":")
    if colon and _is_capital(begin) and (known := labels.field(begin)) is not None:
        weak = labels.is_weak(begin) and not (begin[:1].isalnum() and labels.numbered(begin))
        return None if weak else Label(at, known, begin, rest.strip(), PLAIN, (line.holder.tag, "plain"))
    return None


def _beginnings(line: Line) -> Iterator[tuple[str, str, int]]:
    """What a line may begin with as a label, with its colon; what follows, and of how many parts the beginning is."""
    for place in range(1, min(len(line.parts), _MOST_PARTS)):
        begin = clean("".join(text for text, _ in line.parts[:place]))
        rest = clean("".join(text for text, _ in line.parts[place:]))
        if rest.startswith(":"):
            begin, rest = f"{begin}:", rest.lstrip(" :")
        if begin and rest and (line.parts[place - 1][1] is not line.holder or begin.endswith(":")):
            yield begin, rest, place


def _style_of_beginning(line: Line, place: int) -> tuple[object, ...]:
    element = line.parts[place - 1][1]
    return (line.holder.tag, "marked", element.tag, element.get("class"))


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
            if not _is_colon(blocks, cell):
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


def _is_colon(blocks: Blocks, cell: Element) -> bool:
    inside = blocks.inside(cell)
    first = blocks.pieces[inside.start] if len(inside) == 1 else None
    return isinstance(first, Line) and first.text == ":"


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
    inner = next((element for text, element in line.parts if _letters(text)), own)
    return (own.tag, own.get("class"), *around, inner.tag, inner.get("class"), _is_strong(line), cell is not None)


def alike(blocks: Blocks, at: int, above: str) -> Label | None:
    """A line as a label of unknown words; `above` is the field of the label before: a long value has headings, too."""
    line = blocks.pieces[at]
    if not isinstance(line, Line) or line.text.startswith(_BULLETS) or fold(line.text[:20]).startswith(_NO_LABEL):
        return None
    if (
        len(line.text) <= labels.LONGEST
        and _letters(line.text) >= _SHORTEST
        and not line.text.endswith((".", ";", ","))
    ):
        own = _own(blocks, at, line.holder)
        cell = _panel(blocks, at, line) or _cell_beside(blocks, own)
        apart = _is_strong(line) or _is_marked(line) or own.get("class")
        if cell is not None or own.tag in _HEADINGS or (apart and above not in _LONG):
            return Label(at, labels.near(line.text), line.text, "", SET_APART, _style(line, own, cell), cell)
    if above in _LONG:
        return None
    begins = ((begin, rest, place) for begin, rest, place in _beginnings(line) if line.parts[place - 1][1].tag != "a")
    for begin, rest, place in begins:
        if _letters(begin) >= _SHORTEST and len(begin) <= _LONGEST_BEGINNING and _is_capital(begin):
            return Label(at, labels.near(begin), begin, rest, MARKED, _style_of_beginning(line, place))
    return None


def _letters(said: str) -> int:
    return sum(map(str.isalpha, said))
