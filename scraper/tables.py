"""Tables of procedures, as grids of text: which column holds what, what the rows say. Pure.

The same for a page's tables and for those of documents: a grid is a tuple of rows, each a tuple of cells, where a cell
that spans several is repeated (as HTML and DOCX give it) or followed by empty ones (as PDF does). Lists of procedures
in decisions have rows across the table that name the field and what happens to the rows below (Decree 63/2010/NĐ-CP,
art. 14 and 15), and repeat their heading on each printed page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from scraper import announcements, labels, legal, values
from scraper.items import Procedure
from scraper.sections import LONGEST_FIELD, NUMBERED, PART, Headings, field_of
from scraper.text import clean, clean_lines, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scraper.items import Change

Grid = tuple[tuple[str, ...], ...]
"""A table's rows of cells; a cell may have several lines."""

_DEEPEST_HEADING = 6
"""Rows above a table's column headings: its title, a unit, a note."""
_COUNT = re.compile(r"[(\[]?\s*(\d{1,2})\s*[)\]]?")
_ORDINAL = re.compile(r"(?:\d{1,4}(?:\.\d{1,3}){0,3}|[ivxlc]{1,7}|[a-z])\s*[.)/-]?", re.IGNORECASE)
_NUMBER_ALONE = re.compile(r"(?:\S+ ){0,3}\d\S*/\S+")
_DONE: tuple[tuple[re.Pattern[str], Change], ...] = (
    (re.compile(r"quy dinh (?:viec |noi dung )?(?:bai bo|huy bo)"), "abolished"),
    (re.compile(r"quy dinh (?:viec |noi dung )?sua doi, bo sung(?!.*thay the)"), "amended"),
)
"""What the heading of the column with the legal norms says (forms of Circular 02/2017/TT-VPCP)."""
_LONGEST_BESIDE = 60
_CODE_BESIDE = re.compile(
    r"[\s(\[:;,–—-]*(?:mã(?: số)?(?: hồ sơ)?(?: thủ tục(?: hành chính)?| tthc)?\s*[:.]?\s*)?$", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A grid and the lines that stand above it, in order, since the table before."""

    grid: Grid
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The column headings of a table: what each column holds (None: unknown) and how it is called.

    `rows` is how many rows of the grid they take, the title above included.
    """

    fields: tuple[str | None, ...]
    names: tuple[str, ...]
    rows: int

    def place(self, *wanted: str) -> int | None:
        """The first column that holds one of the wanted."""
        return next((place for place, name in enumerate(self.fields) if name in wanted), None)


def columns(grid: Grid) -> Columns | None:
    """The column headings of a grid of data; None where it has none, as a table of labels and values."""
    if _is_labelled(grid):
        return None
    for number, row in enumerate(grid[:_DEEPEST_HEADING]):
        if len(_distinct(row)) < 2:
            continue
        found = _headings(row)
        if found is None:
            return None
        below = grid[number + 1] if number + 1 < len(grid) else ()
        second = _second_row(row, below)
        names = tuple(_joined(one, two) for one, two in zip(row, second, strict=True)) if second else row
        fields = tuple(map(labels.column, second or row)) if second else found
        if second:
            fields = tuple(new if new is not None else old for new, old in zip(fields, found, strict=True))
        return Columns(_each_once(fields, row), tuple(map(labels.bare, names)), number + 1 + bool(second))
    return None


def is_data(grid: Grid) -> bool:
    """Whether a grid has column headings, and is no table of labels and values."""
    return columns(grid) is not None


def _is_labelled(grid: Grid) -> bool:
    """Whether a grid is a table of labels and values: its first or second column is made of labels."""
    for column in list(zip(*grid, strict=True))[:2]:
        cells = _distinct(column)
        known = {name for cell in cells if (name := labels.field(cell))}
        if len(known) >= 3 and 3 * len(known) >= len(cells):
            return True
    return False


def _headings(row: Sequence[str]) -> tuple[str | None, ...] | None:
    fields = tuple(map(labels.column, row))
    cells = _distinct(row)
    known = {name for name in map(labels.column, cells) if name is not None}
    known_cells = sum(labels.column(cell) is not None for cell in cells)
    if known_cells < 2 or len(known) < 2 or 2 * known_cells <= len(cells):
        return None
    return fields


def _second_row(row: Sequence[str], below: Sequence[str]) -> tuple[str, ...] | None:
    """The row below, if it goes on with the headings: merged ones repeat, and the others are headings again."""
    if not below or tuple(below) == tuple(row):
        return None
    pairs = [(one, two) for one, two in zip(row, below, strict=True) if two and one != two]
    merged = any(one and one == two for one, two in zip(row, below, strict=True)) or any(
        one and not two for one, two in zip(row, below, strict=True)
    )
    split = any(row.count(one) > 1 for one, _ in pairs)
    known = sum(labels.column(two) is not None for _, two in pairs)
    if not pairs or not merged or not (split or known) or 2 * known < len(pairs):
        return None
    return tuple(two or one for one, two in zip(row, below, strict=True))


def _joined(above: str, below: str) -> str:
    return above if not below or above == below else f"{above}: {below}"


def _each_once(fields: Sequence[str | None], row: Sequence[str]) -> tuple[str | None, ...]:
    """A second column of the same is unknown, but for what one heading spans."""
    first: dict[str, str] = {}
    kept: list[str | None] = []
    for name, cell in zip(fields, row, strict=True):
        again = name not in {None, "", "fees"} and first.setdefault(name, cell) != cell
        kept.append(None if again else name)
    return tuple(kept)


def _distinct(row: Iterable[str]) -> list[str]:
    return [cell for cell in dict.fromkeys(row) if cell.strip()]


def records(grid: Grid, found: Columns | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The rows of a table of data, each with the rows across the table that it stands under, joined by line breaks.

    Column headings that are repeated, rows of column numbers and blank rows are left out. Rows across the table that
    stand below all others come last, with no row.
    """
    found = found or columns(grid)
    if found is None:
        return
    heading = [tuple(map(fold, row)) for row in grid[: found.rows]]
    across: list[str] = []
    for row in grid[found.rows :]:
        if section := _across(row, found):
            if not across or across[-1] != section:
                across.append(section)
        elif any(row) and tuple(map(fold, row)) not in heading and not _counts(row):
            yield "\n".join(across), row
            across = []
    if across:
        yield "\n".join(across), ()


def _counts(row: Sequence[str]) -> bool:
    """Whether a row numbers the columns: (1) (2) (3)."""
    cells = _distinct(row)
    found = [_COUNT.fullmatch(cell.strip()) for cell in cells]
    numbers = [int(match[1]) for match in found if match]
    return len(numbers) == len(cells) >= 3 and all(one < two for one, two in pairwise(numbers))


def _across(row: Sequence[str], found: Columns) -> str:
    """What a row says that stands across the table; empty for a row of data."""
    cells = [clean(cell) for cell in _distinct(row)]
    if not cells or len(row) < 2:
        return ""
    if len(cells) == 1:
        only = cells[0]
        spans = sum(map(bool, row)) > 1 or len(row) < 3
        told = any(map(str.isalpha, only)) and not legal.code(only) and not _NUMBER_ALONE.fullmatch(only)
        named = found.place("name", "code")
        alone = spans or NUMBERED.match(only) or row[0].strip() or named is None or not row[named].strip()
        return only if told and (alone or announcements.heading(only) or field_of(only)) else ""
    if len(cells) == 2 and _ORDINAL.fullmatch(cells[0]) and row[0].strip() == cells[0]:
        rest = sum(bool(cell.strip()) for cell in row[1:])
        mark, title = cells[0].rstrip(".)/- "), cells[1]
        telling = bool(PART.match(fold(title))) or (len(row) > 2 and not mark[:1].isdigit())
        if telling and rest in {1, len(row) - 1}:
            return f"{mark}. {title}"
    return ""


def listed(tables: Iterable[Table]) -> tuple[Procedure, ...]:
    """The procedures that the tables of one page or document list, in order.

    A table without column headings goes on with the one before if it has as many columns and nothing stands between.
    Rows that are shorter than others are filled up with empty cells.
    """
    found: list[Procedure] = []
    state = Headings()
    for table in _whole(tables):
        known = columns(table.grid)
        state.heading = state.parts = ()
        above = [row for row in map(_distinct, table.grid[: known.rows if known else 0]) if len(row) == 1]
        for line in (*table.heading, *(row[0] for row in above)):
            state.hear(line, in_table=False)
        if known and is_list(known):
            found += _rows(table.grid, known, state)
    return tuple(found)


def _whole(tables: Iterable[Table]) -> Iterator[Table]:
    """The tables, those in one that a page's end has parted."""
    before: Table | None = None
    for ragged in tables:
        width = max(map(len, ragged.grid), default=0)
        table = replace(ragged, grid=tuple((*row, *[""] * (width - len(row))) for row in ragged.grid))
        if before and not any(map(str.strip, table.heading)) and _fits(before.grid, table.grid):
            before = replace(before, grid=before.grid + table.grid)
            continue
        if before:
            yield before
        before = table
    if before:
        yield before


def _fits(grid: Grid, rest: Grid) -> bool:
    """Whether a grid may be the rest of another: it has as many columns, and no headings or the same ones."""
    known, own = columns(grid), columns(rest)
    width = max(map(len, rest), default=0)
    return known is not None and width == len(known.fields) and (own is None or own.names == known.names)


def is_list(found: Columns) -> bool:
    """Whether these are the columns of a list of procedures."""
    return found.place("name", "code") is not None and found.place("paper", "number") is None


def rows_of(grid: Grid, *, heading: Sequence[str] = ()) -> tuple[Procedure, ...]:
    """The procedures that one table lists; `heading` are the lines above it. Nothing where it lists none."""
    return listed([Table(grid=grid, heading=tuple(heading))])


def _rows(grid: Grid, found: Columns, state: Headings) -> list[Procedure]:
    told = _told(found)
    keys = [place for place in map(found.place, ("ordinal", "name", "code")) if place is not None]
    made: list[tuple[tuple[str, ...], Headings]] = []
    for across, row in records(grid, found):
        if not row:
            if made:
                heading = made[-1][1]
                made[-1] = made[-1][0], replace(heading, parts=(*heading.parts, *across.splitlines()))
            break
        for line in across.splitlines():
            state.hear(line, in_table=True)
        if made and not across and _goes_on(row, made[-1][0], found):
            made[-1] = tuple(map(_under, made[-1][0], row)), made[-1][1]
        elif any(row[place].strip() for place in keys):
            made.append((row, replace(state)))
        else:
            state.heading = (*state.heading, *filter(None, map(clean, _distinct(row))))
    rows = (_procedure(found, row, heading, told) for row, heading in made)
    return [one for one in rows if one is not None]


def _goes_on(row: Sequence[str], before: Sequence[str], found: Columns) -> bool:
    """Whether a row is the rest of the one before: the second line of a merged one, or cut in two by a page's end."""
    ordinal, name, code = found.place("ordinal"), found.place("name"), found.place("code")
    same = [place for place in (ordinal, name, code) if place is not None]
    if ordinal is None:
        return len(same) > 1 and all(row[place] and row[place] == before[place] for place in same)
    if row[ordinal].strip():
        return all(row[place] == before[place] for place in same)
    return bool(before[ordinal].strip()) and (code is None or not row[code].strip() or row[code] == before[code])


def _under(above: str, below: str) -> str:
    return above if not below or below == above else f"{above}\n{below}".strip()


def _told(found: Columns) -> tuple[Change, str] | None:
    """What the column headings say of all rows: "Tên VBQPPL quy định việc bãi bỏ thủ tục hành chính"."""
    for name in found.names:
        if change := announcements.heading(name) or next(
            (what for words, what in _DONE if words.search(fold(name))), None
        ):
            return change, name
    return None


def _procedure(
    found: Columns, row: Sequence[str], state: Headings, told: tuple[Change, str] | None
) -> Procedure | None:
    cells: dict[str, str] = {}
    for known, cell in zip(found.fields, row, strict=True):
        if known and cell.strip() and cell not in cells.get(known, ""):
            above = cells.get(known, "")
            cells[known] = (
                cell if labels.is_nothing(above) else above if labels.is_nothing(cell) else f"{above}\n{cell}"
            )
    code, name = named(cells.get("code", ""), cells.get("name", ""))
    if not name and not code:
        return None
    one = _typed(cells)
    change, evidence = state.change, state.evidence
    own = next((cell for known in ("status", "note") if (cell := clean(cells.get(known, "")))), "")
    if len(own) <= LONGEST_FIELD and (stated := announcements.heading(own)):
        change, evidence = stated, own
    if change is None and told:
        change, evidence = told
    return replace(
        one,
        code=code,
        name=name,
        field=one.field or state.field,
        levels=one.levels or state.levels,
        change=change,
        evidence=evidence,
        raw=_raw(found, row, state),
    )


def named(code: str, name: str) -> tuple[str | None, str]:
    """A procedure's code and its name; where the code has no place of its own, it may stand in that of the name."""
    shown = clean(name)
    found = legal.code(code)
    if found is None and (inside := legal.codes(name)):
        found, shown = inside[0], _without_code(shown, inside[0])
    return found, "" if labels.is_nothing(shown) else shown


def _without_code(name: str, code: str) -> str:
    at = name.find(code)
    if at < 0:
        return name
    before, after = name[:at], re.sub(r"^[\w.]*", "", name[at + len(code) :])
    beside = _CODE_BESIDE.search(before, max(0, len(before) - _LONGEST_BESIDE))
    before = before[: beside.start()] if beside else before
    after = after.lstrip(" )].:;,–—-")
    return clean(f"{before} {after}" if before else after)


def _typed(cells: dict[str, str]) -> Procedure:
    """A row's cells as the record's fields, but for code, name and change."""

    def cell(name: str) -> list[str]:
        return clean_lines(cells.get(name, "")).splitlines()

    return Procedure(
        field=values.line(cell("field")),
        levels=values.levels(cells.get("levels", "")),
        kind=values.line(cell("kind")),
        decision=values.decision(cell("decision")),
        agency=values.line(cell("agency")),
        carried_out_by=values.line(cell("carried_out_by")),
        applicants=values.applicants(cell("applicants")),
        ways=values.ways(cell("ways") or cell("how")),
        steps=values.lines(cell("steps")),
        dossier=values.papers(cell("dossier")),
        time_limit=values.lines(cell("time_limit")),
        fees=values.lines(cell("fees")),
        result=values.lines(cell("result")),
        legal_basis=values.basis(cell("legal_basis")),
        conditions=values.lines(cell("conditions")),
        effective_from=values.day(cells.get("effective_from", "")),
    )


def _raw(found: Columns, row: Sequence[str], state: Headings) -> tuple[tuple[str, str], ...]:
    """Every cell under the heading of its column, after those that the row stands under (their label is empty)."""
    told: dict[str, list[str]] = {"": list(state.said)} if state.said else {}
    for name, cell in zip(found.names, row, strict=True):
        if (said := clean_lines(cell)) and said not in told.setdefault(name, []):
            told[name].append(said)
    return tuple((name, "\n".join(said)) for name, said in told.items() if said)
