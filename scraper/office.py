"""DOCX, ODT, XLSX, XLS, RTF → text by page and properties. Pure.

A text document has no pages of its own: its writer notes where pages ended when it last showed them (Word's
`lastRenderedPageBreak`, OpenDocument's `soft-page-break`), and these are the pages here. A workbook's sheets are its
pages. A row of a table is a line, and tabs stand between its cells.
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import IO, TYPE_CHECKING, Any

import openpyxl
import xlrd
from lxml import etree
from striprtf.striprtf import rtf_to_text

from scraper import decode, text
from scraper.items import Document, Flag
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable, Iterable, Iterator

    from scraper.bounds import Bounds

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
XLS = "application/vnd.ms-excel"
RTF = "application/rtf"

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_PROPERTIES = "{http://schemas.openxmlformats.org/officeDocument/2006/extended-properties}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PAGE = "\f"
_LONGEST_PROPERTY = 1_000
_MOST_COLUMNS = 1_000
_MOST_SPANNED = 63
"""Columns that one cell spans: Word's tables have no more."""
_LOOKS = 10_000
"""After how many elements the clock is looked at."""


class TooBig(ValueError):
    """A part that unfolds to more than the bounds allow."""


def docx(file: zipfile.ZipFile, bounds: Bounds) -> Document:
    """The text of a Word document, with its notes, headers and footers. Raises what zipfile and lxml raise, TooBig."""
    names = file.namelist()
    main = next((name for name in names if re.fullmatch(r"word/document\d*\.xml", name)), "word/document.xml")
    part = _part(file, main, bounds)
    pages = paged(_word(part, bounds), bounds, old_fonts=b'".Vn' in part.getvalue())
    beside = [name for name in names if re.fullmatch(r"word/(footnotes|endnotes)\.xml", name)]
    notes = "".join(said for name in beside for said in _word(_part(file, name, bounds), bounds))
    if notes.strip() and pages and not bounds.spent():
        pages[-1] = f"{pages[-1]}\n{bounds.page(text.clean_lines(notes))}".strip()
    told = _core(file, bounds)
    if "docProps/app.xml" in names:
        told["page_count"] = _number(_first(_parsed(_part(file, "docProps/app.xml", bounds)), f"{_PROPERTIES}Pages"))
    told["page_count"] = max(told.get("page_count") or 0, len(pages))
    return made(DOCX, pages, bounds, **told)


def odt(file: zipfile.ZipFile, bounds: Bounds) -> Document:
    """The text of an OpenDocument text. Raises what zipfile and lxml raise, TooBig."""
    pages = paged(_opendocument(_part(file, "content.xml", bounds), bounds), bounds)
    told: dict[str, Any] = {"page_count": len(pages)}
    if "meta.xml" in file.namelist():
        meta = _parsed(_part(file, "meta.xml", bounds))
        told = {
            "title": _first(meta, f"{_DC}title"),
            "author": _first(meta, f"{_META}initial-creator") or _first(meta, f"{_DC}creator"),
            "created": _moment(_first(meta, f"{_META}creation-date")),
            "modified": _moment(_first(meta, f"{_DC}date")),
        }
        statistic = next(meta.iter(f"{_META}document-statistic"), None)
        counted = _number(statistic.get(f"{_META}page-count")) if statistic is not None else None
        told["page_count"] = max(counted or 0, len(pages))
    return made(ODT, pages, bounds, **told)


def xlsx(body: bytes, file: zipfile.ZipFile, bounds: Bounds) -> Document:
    """The sheets of a workbook, row by row. Raises what zipfile, lxml and openpyxl raise, TooBig."""
    if sum(one.file_size for one in file.infolist()) > bounds.unfolded:
        raise TooBig(f"unfolds to more than {bounds.unfolded:,} bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which hold no text
        book = openpyxl.load_workbook(BytesIO(body), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = [(sheet.title, sheet) for sheet in book.worksheets]
        for _, sheet in sheets:
            sheet.reset_dimensions()  # what the file says of them is no bound
        pages = _sheets(((name, sheet.iter_rows(values_only=True)) for name, sheet in sheets), bounds)
        return made(XLSX, pages, bounds, **_core(file, bounds), page_count=len(sheets))
    finally:
        book.close()


def xls(body: bytes, bounds: Bounds) -> Document:
    """The sheets of an old workbook, row by row. Raises what xlrd raises."""
    book = xlrd.open_workbook(file_contents=body, logfile=StringIO(), on_demand=True)
    pages = _sheets(((name, _xls_rows(book, name)) for name in book.sheet_names()), bounds)
    return made(XLS, pages, bounds, author=text.clean(book.user_name or "") or None, page_count=book.nsheets)


def rtf(body: bytes, bounds: Bounds) -> Document:
    """The text of a Rich Text Format file. Raises what striprtf raises."""
    said = body.decode("latin-1")
    whole = said.rstrip("\0 \r\n\t").endswith("}")
    # Pictures are hex without end, and \\page is a break like any other to striprtf.
    said = re.sub(r"[0-9a-fA-F\r\n]{2000,}", "", said)
    said = re.sub(r"\\page(?![a-z])", r"\\par \\u12? \\par ", said)
    old_fonts = ".Vn" in said[:100_000]
    plain: Callable[..., str] = rtf_to_text
    written = plain(said, encoding="cp1252" if old_fonts else "cp1258", errors="replace")
    pages = paged([written], bounds, old_fonts=old_fonts)
    info = {
        name: text.clean(plain("{\\rtf1 " + value + "}", errors="replace"))
        for name, value in re.findall(r"{\\(title|author) ?([^{}]{0,1000})}", said[:100_000])
    }
    return made(
        RTF, pages, bounds, title=info.get("title") or None, author=info.get("author") or None, page_count=len(pages),
        whole=whole,
    )  # fmt: skip


def made(media_type: str, pages: list[str], bounds: Bounds, *, whole: bool = True, **told: Any) -> Document:
    """A document of these pages: with text or without, whole or cut short."""
    flags: set[Flag] = {"truncated"} if bounds.why or not whole else set()
    outcome, message = Outcome.OK, ""
    if not whole:
        outcome, message = Outcome.TRUNCATED, "the file ends before its end"
    elif bounds.why:
        outcome = Outcome.OK if any(pages) else Outcome.TOO_COMPLEX
        message = f"it was not read to its end: {bounds.why}"
    elif not any(pages):
        outcome, message = Outcome.EMPTY_OK, "no text in it"
    return Document(
        media_type=media_type, outcome=outcome, message=message, pages=tuple(pages), flags=frozenset(flags), **told
    )


def _part(file: zipfile.ZipFile, name: str, bounds: Bounds) -> BytesIO:
    """A part of a zipped document, unfolded within what the bounds have left."""
    with file.open(name) as stream:
        said = stream.read(bounds.unfolded + 1)
    if len(said) > bounds.unfolded:
        raise TooBig(f"unfolds to more than {bounds.unfolded:,} bytes")
    bounds.unfolded -= len(said)
    return BytesIO(said)


_STRICT: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def _parsed(part: IO[bytes]) -> Any:
    return etree.parse(part, etree.XMLParser(**_STRICT)).getroot()


def _steps(part: IO[bytes], bounds: Bounds) -> Iterator[tuple[str, Any]]:
    """Elements as they open and close; what has closed is forgotten, so that memory does not grow with the text."""
    for number, (step, element) in enumerate(etree.iterparse(part, events=("start", "end"), **_STRICT)):
        if not number % _LOOKS and bounds.spent():
            return
        if isinstance(element.tag, str):
            yield step, element
        if step == "end":
            element.clear(keep_tail=True)
            while element.getprevious() is not None and element.getparent() is not None:
                del element.getparent()[0]


def _word(part: IO[bytes], bounds: Bounds) -> Iterator[str]:
    """The text of a WordprocessingML part (ECMA-376 part 1, §17), with a form feed where a page ends."""
    cells: list[int] = []  # of those that are open, how many columns each spans
    twice = 0
    for step, element in _steps(part, bounds):
        tag = element.tag
        if tag == _FALLBACK:  # a text box once more, for readers that know no drawings
            twice += 1 if step == "start" else -1
        elif twice:
            continue
        elif step == "start":
            if tag == f"{_W}tc":
                cells.append(1)
            elif tag == f"{_W}gridSpan" and cells:
                cells[-1] = min(_number(element.get(f"{_W}val")) or 1, _MOST_SPANNED)
            if tag == f"{_W}lastRenderedPageBreak" or (tag == f"{_W}br" and element.get(f"{_W}type") == "page"):
                yield _PAGE
            elif tag in {f"{_W}tab", f"{_W}br"}:
                yield " " if cells or tag == f"{_W}tab" else "\n"
        elif tag == f"{_W}t":
            yield element.text or ""
        elif tag == f"{_W}p":
            yield " " if cells else "\n"
        elif tag == f"{_W}tc":
            yield "\t" * cells.pop()
        elif tag == f"{_W}tr":
            yield " " if cells else "\n"


def _opendocument(part: IO[bytes], bounds: Bounds) -> Iterator[str]:
    """The text of an OpenDocument content (OASIS OpenDocument 1.3 part 3), with a form feed where a page ends."""
    cells = inside = 0
    for number, (step, element) in enumerate(etree.iterparse(part, events=("start", "end"), **_STRICT)):
        if not number % _LOOKS and bounds.spent():
            return
        tag = element.tag
        paragraph = tag in {f"{_TEXT}p", f"{_TEXT}h"}
        if step == "start":
            cells += tag == f"{_TABLE}table-cell"
            inside += paragraph  # notes and frames have paragraphs inside of paragraphs
            continue
        inside -= paragraph
        if inside:
            continue
        if paragraph:
            yield _spoken(element)
            yield " " if cells else "\n"
        elif tag == f"{_TEXT}soft-page-break":
            yield _PAGE
        elif tag == f"{_TABLE}table-cell":
            cells -= 1
            yield "\t"
        elif tag == f"{_TABLE}covered-table-cell":  # a cell before or above spans it
            yield "\t"
        elif tag == f"{_TABLE}table-row":
            yield " " if cells else "\n"
        element.clear()


_SIGNS = {f"{_TEXT}soft-page-break": _PAGE, f"{_TEXT}tab": " ", f"{_TEXT}s": " ", f"{_TEXT}line-break": "\n"}


def _spoken(paragraph: Any) -> str:
    parts: list[str] = []
    for step, element in etree.iterwalk(paragraph, events=("start", "end")):
        if step == "start":
            parts += [_SIGNS.get(element.tag, ""), element.text or ""]
        elif element is not paragraph:
            parts.append(element.tail or "")
    return "".join(parts)


def paged(pieces: Iterable[str], bounds: Bounds, *, old_fonts: bool = False) -> list[str]:
    """Pages of the text between form feeds; page ends that say the same twice leave no empty page.

    With `old_fonts`, what was drawn with fonts of before Unicode is read as they drew it.
    """
    pages: list[str] = []
    page: list[str] = []
    size = 0

    def turn() -> None:
        nonlocal size
        said = _lines("".join(page), old_fonts=old_fonts)
        page.clear()
        size = 0
        if said:
            pages.append(bounds.page(said))

    for piece in pieces:
        first, *rest = piece.split(_PAGE)
        page.append(first)
        size += len(first)
        for further in rest:
            turn()
            page.append(further)
            size += len(further)
        if size > bounds.letters or bounds.spent():
            break
    turn()
    return pages


def _lines(said: str, *, old_fonts: bool) -> str:
    """Clean lines, with the tabs between cells."""
    written = map(decode.from_tcvn3, said.splitlines()) if old_fonts else said.splitlines()
    lines = (_row(map(text.clean, line.split("\t"))) for line in written)
    return "\n".join(line for line in lines if line)


def _row(cells: Iterable[str]) -> str:
    """A line of cells, without empty ones at its end; the row of a table is told from a line by its tab."""
    line = "\t".join(cells)
    said = line.rstrip("\t ")
    return f"{said}\t" if said and "\t" in line and "\t" not in said else said


def _sheets(sheets: Iterable[tuple[str, Iterable[Iterable[Any]]]], bounds: Bounds) -> list[str]:
    pages: list[str] = []
    for name, rows in sheets:
        if bounds.spent():
            break
        lines = [text.clean(name)]
        size = 0
        for row in rows:
            line = _row(_cell(value) for value, _ in zip(row, range(_MOST_COLUMNS), strict=False))
            if line:
                lines.append(line)
                size += len(line)
            if size > bounds.letters or bounds.spent():
                break
        pages.append(bounds.page("\n".join(lines)) if len(lines) > 1 else "")
    return pages


def _xls_rows(book: Any, name: str) -> Iterator[list[Any]]:
    sheet = book.sheet_by_name(name)
    for number in range(sheet.nrows):
        row = []
        for kind, value in zip(sheet.row_types(number), sheet.row_values(number), strict=True):
            if kind == xlrd.XL_CELL_DATE:
                try:
                    row.append(xlrd.xldate_as_datetime(value, book.datemode))
                except (ValueError, OverflowError):
                    row.append(value)
            elif kind not in {xlrd.XL_CELL_ERROR, xlrd.XL_CELL_BOOLEAN}:
                row.append(value)
        yield row


def _cell(value: Any) -> str:
    """A cell as a reader of the sheet sees it, near enough: whole numbers without a point, days as here written."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y}" if (value.hour, value.minute) == (0, 0) else f"{value:%d/%m/%Y %H:%M}"
    return text.clean(str(value))


def _core(file: zipfile.ZipFile, bounds: Bounds) -> dict[str, Any]:
    """The core properties of an Office Open XML package (ECMA-376 part 2, §11)."""
    if "docProps/core.xml" not in file.namelist():
        return {}
    core = _parsed(_part(file, "docProps/core.xml", bounds))
    return {
        "title": _first(core, f"{_DC}title"),
        "author": _first(core, f"{_DC}creator"),
        "created": _moment(_first(core, f"{_TERMS}created")),
        "modified": _moment(_first(core, f"{_TERMS}modified")),
    }


def _first(root: Any, tag: str) -> str | None:
    found = next(root.iter(tag), None)
    return (text.clean(found.text or "")[:_LONGEST_PROPERTY] or None) if found is not None else None


def _number(said: str | None) -> int | None:
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) < 8 else None


def _moment(said: str | None) -> datetime | None:
    """A W3CDTF date and time; UTC where no zone is given."""
    try:
        moment = datetime.fromisoformat(said) if said else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
