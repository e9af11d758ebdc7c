"""The text of a document → the procedures that it lists, the numbers that it names, whose annex it is. Pure.

Decisions name the procedures that they change in annexes (Decree 63/2010/NĐ-CP, art. 15), which portals attach.
Tables come with tabs between their cells where the format keeps them. PDFs and scans have lines only, broken anywhere,
and OCR takes a 0 for an O and puts spaces and commas into codes: there a procedure is what stands with its code under a
heading that says what is done, or what a sentence names by its code. Nothing is said to change without either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

from scraper import announcements, deadlines, legal, prose, successions, tables
from scraper.items import Procedure
from scraper.procedures import Found
from scraper.sections import NUMBERED, Headings
from scraper.text import clean, clean_lines, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from scraper.deadlines import Deadline
    from scraper.items import Change, Document, DocumentNumber

MOST_LETTERS = 300_000
"""Of a document's text that are looked at: some hundred and fifty pages."""
MOST_PROCEDURES = 1_000
MOST_NUMBERS = 500
_MOST_PARTS = 10
"""Members of an archive that are looked at."""

_ANNEX = re.compile(r"kèm theo (?:quyết định|qđ)\b", re.IGNORECASE)
_AROUND_ANNEX = 200
_DRAFT = re.compile(r"^\W*dự thảo\b|kèm theo (?:tờ trình|dự thảo)\b", re.IGNORECASE | re.MULTILINE)
"""What stands at the head of a paper that decides nothing yet, whatever its headings say."""
_LETTERHEAD = 1_500
_STATE = re.compile(r"cong hoa xa hoi chu nghia|dang cong san viet nam")
_SAYS = re.compile(r"^\W*(?:căn cứ|kính gửi|điều 1)\b", re.IGNORECASE | re.MULTILINE)
_OWN_NUMBER = re.compile(r"^\W*(?:Luật )?(?:Số|SỐ|số)\s?:[^\n]*", re.MULTILINE)
_DIGIT = r"[\dOoIl|]"
_SCANNED_CODE = re.compile(
    rf"(?<![\w.,])(?P<first>{_DIGIT}) ?[.,] ?(?P<rest>(?:{_DIGIT} ?){{5}}{_DIGIT})"
    r"(?: ?[.,]{1,2} ?(?:[0Oo]{2,3}|[A-Z] ?\d\d)(?!\w)){2,5}"
)
"""A code with its agency's tail, as OCR may have read it; the tail tells it from an amount of money."""
_MISREAD = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", " ": None})
_LETTERED = re.compile(r"(?:[IVXLC]{1,7}|[A-HĐ]) ?[.)/:-] ?(?=\S)")
_COLUMNS = re.compile(r"(?:STT|SỐ TT|TT)\b")
_WRAPPED_HEADING = re.compile(r"(?:[IVXLC]{1,7}|[A-HĐ]|\d{1,2})? ?[.)/:-]* ?(?:DANH MỤC|THỦ TỤC|TTHC|CÁC THỦ TỤC)")
_MAY_HEAD = re.compile(r"ban hanh|moi|sua doi|thay the|bai bo|huy bo")
_ENDS = re.compile(r"(?:dieu \d+ ?[.:]|noi nhan|tm\. |kt\. |phan (?:ii|2|thu hai)\b|quyet dinh nay )")
_LONGEST_LINE = 600
_LONGEST_HEADING = 300
_LONGEST_ITEM = 500
_MOST_HEADING = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a document tells.

    `named_on` are the pages (from one) on which the numbers are first named, `own` is the number in the letterhead.
    `decision` is the decision that the document is, or whose annex it is; `effective` the day from which it says that
    it has effect, `deadlines` the days with a year until when it asks for something, past or not.
    """

    procedures: tuple[Procedure, ...] = ()
    numbers: tuple[DocumentNumber, ...] = ()
    named_on: tuple[int, ...] = ()
    own: DocumentNumber | None = None
    decision: DocumentNumber | None = None
    effective: date | None = None
    deadlines: tuple[Deadline, ...] = ()


def told_by(document: Document) -> Document:
    """The document with what its text tells; of an archive, each of its members by itself."""
    pages = document.pages
    parts = [(one.first, one.pages) for one in document.members if one.pages] or [(0, len(pages))]
    told = [read(pages[first : first + count]) for first, count in parts[:_MOST_PARTS]]
    named_on = ((first + page for page in one.named_on) for (first, _), one in zip(parts, told, strict=False))
    return replace(
        document,
        procedures=tuple(islice(chain.from_iterable(one.procedures for one in told), MOST_PROCEDURES)),
        numbers=tuple(islice(chain.from_iterable(one.numbers for one in told), MOST_NUMBERS)),
        named_on=tuple(islice(chain.from_iterable(named_on), MOST_NUMBERS)),
        own=frozenset(one.own.normal for one in told if one.own and one.own.normal),
        decision=next((one.decision for one in told if one.decision), None),
        effective=next((one.effective for one in told if one.effective), None),
        deadlines=tuple(islice(chain.from_iterable(one.deadlines for one in told), deadlines.MOST)),
    )


def read(pages: Sequence[str]) -> Told:
    """What the pages of one document tell, within bounds. Any text will do.

    A line with tabs is the row of a table, as `scraper.documents` writes it.
    """
    text = "\n".join(pages)[:MOST_LETTERS]
    pieces = list(_pieces(text.split("\n")))
    plain = "\n".join(piece for piece in pieces if isinstance(piece, str))
    decision = _decision(text, plain)
    effective = announcements.effective(plain, decision.date if decision else None)
    rows = tables.listed(_tables(pieces))
    if draft := bool(_DRAFT.search(text[:_LETTERHEAD])):
        rows = tuple(replace(row, change=None, evidence=None) for row in rows)
    else:
        rows = Found(procedures=rows).titled("", plain).procedures
        known = {row.code for row in rows if row.code and row.change}
        rows += tuple(row for row in _lined(pieces, plain, decides=bool(decision)) if row.code not in known)
    decided = tuple(_decided(row, decision, effective) for row in rows[:MOST_PROCEDURES])
    numbers = legal.numbers(text.replace("\t", " "))[:MOST_NUMBERS]
    return Told(
        procedures=decided if draft else successions.linked(decided),
        numbers=numbers,
        named_on=tuple(_named_on(numbers, pages)),
        own=None if draft else _own(text[:_LETTERHEAD]),
        decision=decision,
        effective=effective,
        deadlines=deadlines.read("", plain, None),
    )


def in_lines(title: str, body: str) -> tuple[Procedure, ...]:
    """The procedures that an article announces in its lines, with the decision whose annex it is; none of a draft."""
    text = f"{title}\n{body}"
    if announcements.undecided(title) or _DRAFT.search(text[:_LETTERHEAD]):
        return ()
    decision = _decision(text, text)
    effective = announcements.effective(text, decision.date) if decision else None
    rows = Found(procedures=prose.listed(title, body)).titled("", body).procedures
    return successions.linked(_decided(row, decision, effective) for row in rows)


def of_decision(tells: Found, title: str, body: str) -> Found:
    """What a page tells whose title announces what becomes of procedures: it is a decision, and no procedure itself.

    A page that tells how to go about its procedure stays one.
    """
    one = tells.procedure
    if not one or one.steps or one.dossier or one.ways or not announcements.announced(title):
        return tells
    rows = in_lines(title, body)
    return Found(procedures=rows) if rows else tells


def _decided(row: Procedure, decision: DocumentNumber | None, effective: date | None) -> Procedure:
    """A row that announces a change, with the decision that makes it, and when, where it names no other."""
    if row.change is None or row.decision is not None:
        return row
    return replace(row, decision=decision, effective_from=row.effective_from or effective)


def _decision(text: str, plain: str) -> DocumentNumber | None:
    """The decision whose annex this is by its own word, else the one that it is by its letterhead."""
    if annex := _ANNEX.search(plain) or _ANNEX.search(text):
        said = annex.string[annex.start() : annex.start() + _AROUND_ANNEX]
        if found := _first_decision(legal.numbers(said)):
            return found
    head = text[:_LETTERHEAD]
    if not re.search(r"^\W*QUYẾT ĐỊNH\W*$", head, re.MULTILINE):
        return None
    return _first_decision(one for one in legal.numbers(head) if fold(one.raw).startswith("so"))


def _own(head: str) -> DocumentNumber | None:
    """The number of a document by its letterhead: under the state's name or the party's, before what it says.

    Decree 30/2020/NĐ-CP, appendix I: "Số: 12/QĐ-UBND" stands at the beginning of a line. A template has none there.
    """
    if not _STATE.search(fold(head)):
        return None
    before = _SAYS.split(head, maxsplit=1)[0]
    line = _OWN_NUMBER.search(before)
    found = legal.numbers(line[0].replace("\t", " ")) if line and not _ANNEX.search(before) else ()
    return next((one for one in found[:1] if one.normal and one.type), None)


def _named_on(numbers: Iterable[DocumentNumber], pages: Sequence[str]) -> Iterator[int]:
    """The page on which each number is named first, from one; numbers come in the order of the text."""
    cleaned: list[str] = []
    at = 0
    for one in numbers:
        for place in range(at, len(pages)):
            if place == len(cleaned):
                cleaned.append(clean_lines(pages[place].replace("\t", " ")))
            if one.raw in cleaned[place]:
                at = place
                break
        yield at + 1


def _first_decision(numbers: Iterable[DocumentNumber]) -> DocumentNumber | None:
    return next((one for one in numbers if one.type == "QĐ" and one.normal), None)


# Tables and lines


def _pieces(lines: Iterable[str]) -> Iterator[str | tables.Grid]:
    """The lines, put together where they were broken, and the tables that have column headings.

    The rows of other tables are lines: letterheads are tables too.
    """
    for tabbed, some in groupby(lines, key=lambda line: "\t" in line):
        if not tabbed:
            yield from _unwrapped(filter(None, map(clean, some)))
            continue
        rows = [tuple(map(clean, line.split("\t"))) for line in some]
        width = max(map(len, rows))
        grid = tuple((*row, *[""] * (width - len(row))) for row in rows)
        if tables.is_data(grid):
            yield grid
        else:
            yield from (clean(" ".join(row)) for row in rows)


def _unwrapped(lines: Iterable[str]) -> Iterator[str]:
    """Lines with those put together that were broken at a page's edge: in the middle of a sentence or of a heading."""
    whole = ""
    for line in lines:
        goes_on = whole[-1:] not in {"", ".", ";", ":"} and len(whole) < _LONGEST_LINE
        if goes_on and (line[0].islower() or _heading_goes_on(whole, line)):
            whole = f"{whole} {line}"
            continue
        if whole:
            yield whole
        whole = line
    if whole:
        yield whole


def _heading_goes_on(whole: str, line: str) -> bool:
    capitals = whole.isupper() and line.isupper()
    return capitals and bool(_WRAPPED_HEADING.match(whole)) and not (NUMBERED.match(line) or _COLUMNS.match(line))


def _tables(pieces: Iterable[str | tables.Grid]) -> Iterator[tables.Table]:
    """The tables, each with the lines above it since the one before."""
    heading: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            heading.append(piece)
        else:
            yield tables.Table(grid=piece, heading=tuple(heading[-_MOST_HEADING:]))
            heading = []


def _lined(pieces: Iterable[str | tables.Grid], plain: str, *, decides: bool) -> Iterator[Procedure]:
    """The procedures that lines name: under a heading that says what is done, or by their code in a sentence.

    A procedure whose code has a line for itself is read as in an article; so is what is not found otherwise in a
    document that `decides`.
    """
    mended = _mended(plain)
    said = announcements.announced("", mended)
    by_code = {code: one for one in reversed(said) for code in one.codes}
    apart = {legal.code(line) for line in mended.split("\n") if prose.is_code(line)}
    whole = prose.listed("", mended) if apart or decides else ()
    found = {(row.change, row.code): row for row in whole if row.code in apart}
    for read in _Lines().read(pieces):
        one = by_code.get(read.code or "") if read.change is None else None
        row = replace(read, change=one.change, evidence=one.evidence) if one else read
        if row.change:
            found.setdefault((row.change, row.code or fold(row.name)), row)
    codes = {row.code for row in found.values()}
    yield from found.values()
    yield from (row for row in whole if decides and row.code not in codes)


class _Lines:
    """Reads lists that are lines: headings, and under them items that begin with a number or a code."""

    def __init__(self) -> None:
        self._state = Headings()
        self._item = ""
        self._detailed = False
        """What follows tells of one procedure after another, and is no list of them."""

    def read(self, pieces: Iterable[str | tables.Grid]) -> Iterator[Procedure]:
        """The items that have a code, and under a heading those that call themselves procedures."""
        for piece in (*pieces, ""):
            line = _mended(piece) if isinstance(piece, str) else ""
            coded = bool(legal.codes(line))
            if line and self._goes_on(line, coded=coded):
                self._item = f"{self._item} {line}"
                continue
            if one := self._closed():
                yield one
            if coded or prose.ORDINAL.match(line):
                self._item = line
            elif line:
                self._hear(line)

    def _goes_on(self, line: str, *, coded: bool) -> bool:
        """Whether a line is the rest of the open item."""
        if not self._item or len(self._item) + len(line) > _LONGEST_ITEM:
            return False
        if coded:
            return not prose.ORDINAL.match(line) and not legal.codes(self._item)
        folded = fold(line)
        ends = prose.ORDINAL.match(line) or _LETTERED.match(line) or _ENDS.match(folded) or prose.DETAILS.match(folded)
        return not ends and not folded.startswith("linh vuc") and not _kinds(line)

    def _hear(self, line: str) -> None:
        folded = fold(line)
        if kinds := _kinds(line):
            self._state, self._detailed = Headings(), False
            if len(kinds) == 1:
                self._state.hear(line, in_table=False)
        elif _ENDS.match(folded):
            self._state = Headings()
        elif prose.DETAILS.match(folded):
            self._detailed = True
        elif _LETTERED.match(line) or folded.startswith("linh vuc"):
            self._state.hear(line, in_table=False)

    def _closed(self) -> Procedure | None:
        item, self._item = self._item, ""
        ordinal = prose.ORDINAL.match(item)
        said = item[ordinal.end() :] if ordinal else item
        code = legal.code(said)
        if code is None and (self._detailed or not self._state.change or not fold(said).startswith("thu tuc ")):
            return None
        state = self._state
        return Procedure(
            code=code,
            name=prose.name_of(said, code),
            field=state.field,
            levels=state.levels,
            change=state.change,
            evidence=state.evidence,
            raw=(("", "\n".join([*state.said, item])),),
        )


def _kinds(line: str) -> tuple[Change, ...]:
    return announcements.kinds(line) if len(line) <= _LONGEST_HEADING and _MAY_HEAD.search(fold(line)) else ()


def _mended(line: str) -> str:
    """A line with the codes in it as they should be, without the agency's tail."""
    return _SCANNED_CODE.sub(lambda found: f"{found['first']}.{found['rest']}".translate(_MISREAD), line)
