"""What a page tells of administrative procedures: one procedure under labels, or many in tables. Pure.

The fields are those of Decree 63/2010/NĐ-CP, art. 8, as the national portal and the provinces' print them. What was not
understood stays in `raw`, under its label: nothing of the page is lost.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from scraper import announcements, blocks, labels, outline, successions, tables, values
from scraper.items import DossierItem, Procedure
from scraper.text import clean, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

    from scraper.items import Change, DocumentNumber, Entry, Way
    from scraper.layout import Layout
    from scraper.outline import Item
    from scraper.tables import Columns, Grid

_LOOSE_MARK = b"\xcc"
"""How the marks that stand alone begin in UTF-8, U+0300 to U+033F."""
_ESCAPED = re.compile(
    rb"&(?:[Aa]tilde|[Ee]circ|#(?:195|202|227|234|41[67]|78\d\d|79[0-2]\d)"
    rb"|#[xX](?:[cCeE][3aA]|1[aA][01]|1[eE][\da-fA-F]{2}));"
)
"""A letter of the words below as HTML may name it: ã, ê, ơ, and those of U+1EA0 to U+1EFF."""
_GAP = rb"(?:\s|<[^<>]*+>|&(?:nbsp|shy|#160|#173|#8203);|\xc2[\xa0\xad]|\xe2\x80\x8b)++"
"""What may stand between two words in HTML."""


def _spelt(words: str) -> bytes:
    """The pattern of words as UTF-8 in HTML, small or capital: two such letters differ in their last byte alone."""
    pairs = ((letter.encode(), letter.upper().encode()) for letter in words)
    return b"".join(_GAP if low == b" " else low[:-1] + b"[" + low[-1:] + high[-1:] + b"]" for low, high in pairs)


# What a page shows that tells of procedures and not only mentions them: "trình tự thực hiện", "thành phần hồ sơ",
# "thời hạn giải quyết"; "mã (số)" or "tên" with "thủ tục" or "TTHC". All alternatives of a pattern begin with one byte,
# that of a letter with marks: it is found at the speed of memory. News have the first three in sentences, too: a label
# ends with a colon or its element.
_LABELS = re.compile(
    b"|".join(_spelt(words) + b"[^<:]{0,80}+[<:]" for words in ("ự thực hiện", "ần hồ sơ", "ạn giải quyết"))
)
_NAMES = re.compile(
    rb"\xc3[\x83\xa3\x8a\xaa][nN]?"  # ã, ên
    + _GAP + b"(?:" + _spelt("số ") + b")?(?:" + _spelt("thủ tục") + b"|TTHC)"
)  # fmt: skip
_CORE = frozenset({"code", "name", "steps", "ways", "dossier", "time_limit", "conditions", "result", "applicants"})
_FEWEST_CORE = 2
_FEWEST = 3
_MOST_HEADING = 12
_CODE = re.compile(r"\d\.\d{6}")
_MENTIONS = re.compile(
    r"huong dan |.*[a-z,] (?<!ma )(?<!ma so )(?:thu tuc|tthc)(?: hanh chinh)?(?: ma so)?:? [1-9]\.[01]\d{5}"
)
"""A headline, folded, that speaks of a procedure by its code and not by its name."""
_STRANGE = re.compile(r"[A-ZĐÀ-Ỹ][^:.;]{2,50}:")
_GENERIC = frozenset({"thu tuc", "chi tiet thu tuc", "thong tin thu tuc", "noi dung thu tuc", "thong tin chi tiet", ""})


@dataclass(frozen=True, slots=True)
class Found:
    """What a page tells of procedures; `place` is the element that holds the one that it is about."""

    procedure: Procedure | None = None
    place: Element | None = None
    procedures: tuple[Procedure, ...] = ()

    def titled(self, title: str, body: str) -> Found:
        """The same on a page with a title: it names the procedure where no label does, and says what becomes of rows.

        What title and body say counts where no heading of a table does: of a row whose code they name, or of all rows
        where they say one thing only. When the decision takes effect holds for all rows that it changes.
        """
        if one := self.procedure:
            one = one if one.change else announcements.applied(one, announcements.announced(title))
            return replace(self, procedure=one if one.name else replace(one, name=_titled(title)))
        rows = self.procedures
        if not all(row.change for row in rows):
            said = announcements.announced(title, body)
            rows = tuple(row if row.change else announcements.applied(row, said) for row in rows)
        if any(_undated(row) for row in rows) and (effective := announcements.effective(_OF_ANOTHER.sub(" ", body))):
            rows = tuple(replace(row, effective_from=effective) if _undated(row) else row for row in rows)
        return replace(self, procedures=successions.linked(rows))


NOTHING = Found()
_OFFICES = ("agency", "carried_out_by")
_OF_ANOTHER = re.compile(
    r"(?:luật|nghị định|nghị quyết|thông tư|pháp lệnh)(?! này)[^.;\n]{0,300}?hiệu lực[^.;\n]*", re.IGNORECASE
)
"""Since when something has effect that a decision on procedures rests on, and is not."""


def may_tell(markup: bytes) -> bool:
    """Whether a page (UTF-8) may hold anything of procedures: a look at its words, for most pages do not."""
    if b"&" in markup:
        markup = _ESCAPED.sub(_letter, markup)
    if _LOOSE_MARK in markup:  # a page has them in a few lines, and no mark reaches over the end of one
        markup = b"\n".join(_composed(line) if _LOOSE_MARK in line else line for line in markup.split(b"\n"))
    return bool(_LABELS.search(markup) or _NAMES.search(markup))


def _composed(line: bytes) -> bytes:
    return unicodedata.normalize("NFC", line.decode("utf-8", "replace")).encode()


def _letter(escaped: re.Match[bytes]) -> bytes:
    return _unescaped(escaped[0])


@lru_cache(maxsize=512)
def _unescaped(letter: bytes) -> bytes:
    return html.unescape(letter.decode()).encode()


def read(root: Element, layout: Layout) -> Found:
    """What a page tells: of the procedure that it is about, or of those in its tables."""
    whole = blocks.walk(root, noise=layout.noise)
    place, items = outline.read(whole, ends=layout.related_headings)
    one = _procedure(items) if place is not None else None
    if one is not None:
        return Found(successions.alone(one), place)
    return Found(procedures=tables.listed(_tables(whole)) or tuple(_rows(whole)))


def of_entries(entries: Iterable[Entry]) -> tuple[Procedure, ...]:
    """The procedures of a list of links: those whose titles have a code, and that are no news of one."""
    titles = (entry.title for entry in entries if _CODE.search(entry.title))
    told = (title for title in titles if not (_MENTIONS.match(fold(title)) or announcements.announced(title)))
    coded = ((*tables.named("", title), title) for title in told)
    return tuple(Procedure(code=code, name=name, raw=(("", title),)) for code, name, title in coded if code)


def _undated(row: Procedure) -> bool:
    """Whether a decision changes the procedure that the row itself neither names nor dates."""
    return bool(row.change) and row.decision is None and row.effective_from is None


def _rows(whole: blocks.Blocks) -> Iterator[Procedure]:
    """The rows of a list that is no table: a block each, with the code under a label."""
    for items, first in outline.rows(whole):
        one = _typed(items)
        if one.code and (name := one.name or first):
            yield replace(one, name=name)


def _tables(whole: blocks.Blocks) -> Iterator[tables.Table]:
    """The tables of a page with the lines above each, since the one before."""
    heading: list[str] = []
    for piece in whole.pieces:
        if isinstance(piece, blocks.Line):
            if not piece.linked:
                heading.append(piece.text)
        else:
            yield tables.Table(grid=piece.grid, heading=tuple(heading[-_MOST_HEADING:]))
            heading = []


def _procedure(items: Sequence[Item]) -> Procedure | None:
    known = {item.field for item in items if item.field and item.value}
    if len(known) < _FEWEST or len(known & _CORE) < _FEWEST_CORE:
        return None
    return _typed(items)


def _typed(items: Sequence[Item]) -> Procedure:
    """Items as the record's fields."""
    by: dict[str, list[Item]] = {}
    for item in items:
        for part in _parted(item) if item.label else ():
            by.setdefault(part.field, []).append(part)

    def line(name: str) -> str | None:
        return next(filter(None, (values.line(item.lines()) for item in by.get(name, ()))), None)

    def lines(name: str) -> str | None:
        return values.lines(_lines(by.get(name, ()))) if name in by else None

    def first(name: str) -> str | None:
        return next(filter(None, (values.line(_own_line(item)) for item in by.get(name, ()))), None)

    code, name = tables.named(first("code") or "", line("name") or "")
    change, evidence = _change((*by.get("status", ()), *by.get("decision", ())))
    effective = first("effective_from")
    return Procedure(
        code=code,
        name=name,
        field=first("field"),
        levels=values.levels(first("levels") or ""),
        kind=first("kind"),
        decision=values.decision(_lines(by.get("decision", ()))),
        agency=line("agency"),
        carried_out_by=line("carried_out_by"),
        applicants=values.applicants(_lines(by.get("applicants", ()))),
        ways=_ways(by.get("ways", ())),
        steps=lines("steps"),
        dossier=tuple(_dossier(by.get("dossier", ()))),
        time_limit=lines("time_limit"),
        fees=_fees(by.get("fees", ())),
        result=lines("result"),
        legal_basis=_basis(by.get("legal_basis", ())),
        conditions=lines("conditions"),
        effective_from=values.day(effective) if effective else None,
        change=change,
        evidence=evidence,
        raw=_raw(items),
    )


def _parted(item: Item) -> Iterator[Item]:
    """What stands under a label, parted where its lines say who decides and who carries out.

    Decisions publish procedures in a form where these are points of one part: "a) Cơ quan có thẩm quyền quyết định:".
    """
    told = replace(item, value=[])
    for piece in item.value:
        label, colon, rest = piece.partition(":") if isinstance(piece, str) else ("", "", "")
        field = labels.field(label) if colon and item.field in {"", *_OFFICES} else None
        if field in _OFFICES:
            if told.value:
                yield told
            told = replace(item, label=labels.bare(label), field=field, value=[rest.strip()])
        else:
            told.value.append(piece)
    yield told


def _own_line(item: Item) -> list[str]:
    """The lines of a brief value, up to one that begins with a label that is not known ("* Đơn vị tư vấn: …")."""
    told = item.lines()
    end = next((at for at, said in enumerate(told) if at and _STRANGE.match(said, labels.numbered(said))), len(told))
    return told[:end]


def _lines(items: Iterable[Item]) -> list[str]:
    """The lines of all items of a field, what is repeated word for word once."""
    told = dict.fromkeys("\n".join(item.lines()) for item in items)
    return [line for one in told for line in one.splitlines()]


def _titled(title: str) -> str:
    """The name in a page's title."""
    named = clean(title)
    return "" if labels.key(named) in _GENERIC else tables.named("", named)[1]


def _change(items: Iterable[Item]) -> tuple[Change | None, str | None]:
    for item in items:
        said = clean(" ".join(item.lines()))
        if change := announcements.heading(said):
            return change, said
        announced = announcements.announced(said)
        if len({one.change for one in announced}) == 1:
            return announced[0].change, announced[0].evidence
    return None, None


def _fees(items: Sequence[Item]) -> str | None:
    told = {item.label: said for item in items if (said := values.lines(item.lines()))}
    if len(set(told.values())) < 2:
        return next(iter(told.values()), None)
    return "\n".join(f"{label}: {said}" for label, said in told.items())


def _cells(grid: Grid) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table of data by what their columns hold, each with the rows across that stand above it."""
    found = tables.columns(grid)
    if found is None:
        return
    title = "\n".join(row[0] for row in grid[: found.rows - 1] if len(set(filter(None, row))) == 1)
    for across, row in tables.records(grid, found):
        yield "\n".join(filter(None, (title, across))), _by_column(found, row)
        title = ""


def _by_column(found: Columns, row: Sequence[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, cell in zip(found.fields, row, strict=False):
        if name and cell and not cells.get(name):
            cells[name] = cell
    return cells


def _ways(items: Iterable[Item]) -> tuple[Way, ...]:
    found: list[Way] = []
    for item in items:
        for part in item.value:
            if isinstance(part, str):
                continue
            rows = (cells | {"how": cells.get("how") or cells.get("ways", "")} for _, cells in _cells(part))
            found += filter(None, map(values.way, rows))
        if not found:
            found += values.ways(item.lines())
    return tuple(found)


def _dossier(items: Iterable[Item]) -> Iterator[DossierItem]:
    """The papers of a dossier from its tables and lists; a line above a table or across it is a case."""
    for item in items:
        case: str | None = None
        loose: list[str] = []
        tabled = any(not isinstance(part, str) for part in item.value)
        for part in item.value:
            if isinstance(part, str):
                if tabled:
                    case = _case(part) or case
                loose.append(part)
                continue
            for across, cells in _cells(part):
                case = _case(across.rpartition("\n")[2]) or case if across else case
                if one := _paper(cells, case):
                    yield one
        if not tabled:
            yield from values.papers(loose)


def _case(said: str) -> str | None:
    shown = labels.bare(said)
    return shown if any(map(str.isalpha, shown)) else None


def _paper(cells: dict[str, str], case: str | None) -> DossierItem | None:
    name = clean(cells.get("paper") or cells.get("dossier") or cells.get("name") or "")
    if not name:
        return None
    form = clean(cells.get("form", ""))
    one = values.paper(
        name, case=case, form=None if labels.is_nothing(form) else form, quantity=cells.get("quantity", "")
    )
    if "originals" in cells or "copies" in cells:
        return replace(
            one, originals=values.count(cells.get("originals", "")), copies=values.count(cells.get("copies", ""))
        )
    return one


def _basis(items: Iterable[Item]) -> tuple[DocumentNumber, ...]:
    found: list[DocumentNumber] = []
    for item in items:
        for part in item.value:
            if isinstance(part, str):
                found += values.basis([part])
            else:
                found += filter(None, (values.document(cells) for _, cells in _cells(part)))
    first: dict[str, DocumentNumber] = {}
    for one in found:
        first.setdefault(one.normal or one.raw, one)
    return tuple(first.values())


def _raw(items: Iterable[Item]) -> tuple[tuple[str, str], ...]:
    told: dict[str, list[str]] = {}
    for item in items:
        if not labels.is_counter(item.label):
            told.setdefault(item.label, []).extend(item.lines())
    return tuple((label, "\n".join(said)) for label, said in told.items())
