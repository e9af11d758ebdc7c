"""A page as what it shows from top to bottom: its lines, and its tables as grids of text. Pure.

A line knows in which pieces it is set ("<b>Lĩnh vực:</b> Thuế" has two) and in which elements it stands, so that a
reader of labels need not know the layout. A table counts as one where it holds data under column headings; one that
only lays the page out is walked through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scraper import labels, text
from scraper.tables import is_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

    from scraper.tables import Grid

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption "
        "figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main ol p pre section summary table tbody td "
        "tfoot th thead tr ul",
    )
)
_UNSEEN = frozenset(
    re.findall(r"\w+", "script style noscript template head select option textarea iframe object nav footer svg")
)
STRONG = frozenset({"b", "strong", "u", "h1", "h2", "h3", "h4", "h5", "h6", "th", "dt", "summary", "legend"})
_MOST_PARTS = 60
_MOST_COLUMNS = 60
_MOST_CELLS = 200_000


@dataclass(slots=True, eq=False)
class Line:
    """One visible line. `parts` are its texts with the element that each stands in, `holder` is the block around."""

    holder: Element
    parts: list[tuple[str, Element]] = field(default_factory=list)
    text: str = ""

    @property
    def linked(self) -> bool:
        """Whether it is a link and nothing else, as in a menu."""
        return all(element.tag == "a" or any(True for _ in element.iterancestors("a")) for _, element in self.parts)


@dataclass(slots=True, eq=False)
class Table:
    """A table of data: its cells as text, each spanned cell repeated where it spans."""

    element: Element
    grid: Grid


@dataclass(slots=True, eq=False)
class Blocks:
    """The lines and tables of a page in order, and which of them each element holds (`spans`: first, after last).

    `named` are the elements that a link within the page may lead to, by its address ("#tab1").
    """

    pieces: list[Line | Table] = field(default_factory=list)
    spans: dict[Element, tuple[int, int]] = field(default_factory=dict)
    named: dict[str, Element] = field(default_factory=dict)

    def inside(self, element: Element) -> range:
        """The positions of the pieces that an element holds; none for one that shows nothing."""
        return range(*self.spans.get(element, (0, 0)))


def walk(root: Element, *, noise: Iterable[str] = ()) -> Blocks:
    """The lines and tables that an element shows. Navigation, footers, scripts and controls are left out.

    So are lines that `noise` (regular expressions of whole lines) meets.
    """
    walker = _Walker([re.compile(pattern, re.IGNORECASE) for pattern in noise])
    walker.visit(root, root)
    walker.end()
    return walker.blocks


class _Walker:
    def __init__(self, noise: Sequence[re.Pattern[str]] = ()) -> None:
        self.noise = noise
        self.blocks = Blocks()
        self.line: Line | None = None

    def end(self) -> None:
        """Ends the line, and keeps it if it shows anything: as several where labels stand within it."""
        for line in _parted(self.line) if self.line is not None else ():
            line.text = text.clean("".join(said for said, _ in line.parts))
            if line.text and not any(pattern.search(line.text) for pattern in self.noise):
                self.blocks.pieces.append(line)
        self.line = None

    def say(self, said: str | None, element: Element, holder: Element) -> None:
        if said:
            if self.line is None:
                self.line = Line(holder)
            self.line.parts.append((said, element))

    def visit(self, element: Element, holder: Element) -> None:
        block = element.tag in _BLOCKS
        if block:
            self.end()
            holder = element
        begin = len(self.blocks.pieces)
        if element.tag == "table" and (grid := data(element)) is not None:
            self.blocks.pieces.append(Table(element, grid))
        else:
            self.say(element.text, element, holder)
            for child in element:
                if isinstance(child.tag, str) and child.tag not in _UNSEEN:
                    self.visit(child, holder)
                self.say(child.tail, element, holder)
        if block:
            self.end()
        if block or len(self.blocks.pieces) > begin:
            self.blocks.spans[element] = (begin, len(self.blocks.pieces))
            if name := element.get("id"):
                self.blocks.named.setdefault(f"#{name}", element)


def _parted(line: Line) -> Iterator[Line]:
    """A line, or what it consists of: "<span>Mã: 1</span> <span>Lĩnh vực: Thuế</span>"."""
    begin = 0
    for place, (part, _) in enumerate(line.parts if len(line.parts) <= _MOST_PARTS else ()):
        label, colon, _ = part.partition(":")
        if place and colon and labels.field(label) is not None and not labels.is_weak(label):
            before, colon, value = "".join(said for said, _ in line.parts[begin:place]).partition(":")
            if colon and value.strip() and value[-1:].isspace() and labels.field(before) is not None:
                yield Line(line.holder, line.parts[begin:place])
                begin = place
    yield Line(line.holder, line.parts[begin:]) if begin else line


def data(table: Element) -> Grid | None:
    """A table's grid if it holds data under column headings, and no other table."""
    if sum(1 for _ in table.iter("table")) > 1:
        return None
    grid = grid_of(table)
    return grid if is_data(grid) else None


def grid_of(table: Element) -> Grid:
    """A table as rows of text, each spanned cell repeated where it spans (HTML, "forming a table")."""
    rows: list[list[str]] = []
    left = _MOST_CELLS
    below: dict[int, tuple[int, str]] = {}  # column → for how many rows yet, and what
    for row in table.iter("tr"):
        cells: list[str] = []
        own = (cell for cell in row if cell.tag in {"td", "th"})
        for cell in own:
            _fill(cells, below)
            said = "\n".join(lines_of(cell))
            down = _span(cell, "rowspan") - 1
            for _ in range(min(_span(cell, "colspan"), _MOST_COLUMNS - len(cells))):
                if down > 0:
                    below[len(cells)] = (down, said)
                cells.append(said)
        _fill(cells, below)
        rows.append(cells)
        left -= len(cells) + 1
        if left < 0:
            break
    width = max(map(len, rows), default=0)
    return tuple(tuple(cells) + ("",) * (width - len(cells)) for cells in rows if any(cells))


def _fill(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Goes on with the cells that reach down from the rows above."""
    while len(cells) in below:
        left, said = below.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, said)
        cells.append(said)


def _span(cell: Element, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return max(1, min(int(value), 1000)) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def lines_of(element: Element) -> Iterator[str]:
    """The lines that an element shows, tables within it cell by cell."""
    walker = _Walker()
    walker.visit(element, element)
    walker.end()
    for piece in walker.blocks.pieces:
        if isinstance(piece, Line):
            yield piece.text
        else:
            yield from said(piece.grid)


def said(grid: Grid) -> Iterator[str]:
    """A grid as lines: a row each, what is spanned once."""
    for row in grid:
        cells = [cell for place, cell in enumerate(row) if cell and (not place or row[place - 1] != cell)]
        if cells:
            yield " | ".join(cell.replace("\n", " ") for cell in cells)
