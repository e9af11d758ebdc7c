"""PDF → text by page and properties, by PDFium; pages as pictures for OCR. Pure.

PDFium runs no script of a document: the build that pypdfium2 ships has no JavaScript engine.
"""

from __future__ import annotations

import ctypes
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pypdfium2
from pypdfium2 import raw

from scraper import text
from scraper.items import Document, Flag
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.bounds import Bounds

MEDIA_TYPE = "application/pdf"
_FEW_LETTERS = 16
"""A page with fewer letters than this has no text layer: scanners print a date or a number of their own."""
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([-+])(\d\d)'?(\d\d)?'?|Z)?")
_POINTS_PER_INCH = 72
_MOST_DOTS = 5_000
"""Of a rendered page's longer side: A3 at 300 dots per inch. A page of a kilometre is drawn as small as another."""


def read(body: bytes, bounds: Bounds) -> Document:
    """The text of each page, within bounds; a page that cannot be read is empty."""
    try:
        opened = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        return _unopened(body, str(error), getattr(error, "err_code", None))
    with _closing(opened) as file:
        count = len(file)
        pages: list[str] = []
        pictures = 0
        for number in range(count):
            if bounds.spent():
                break
            said, is_picture = _page(file, number)
            pages.append(bounds.page(said))
            pictures += is_picture
        told = _told(file)
    flags: set[Flag] = {"truncated"} if bounds.why and len(pages) < count else set()
    # Some pages of a signed decision are scanned and some are not; it is a scan when its text is not on the pages.
    lettered = sum(len(page) >= _FEW_LETTERS for page in pages)
    if pictures and pictures > lettered:
        flags.add("scanned")
    outcome, message = _judged(body, pages, flags, count, bounds)
    if outcome is Outcome.TRUNCATED:
        flags.add("truncated")
    return Document(
        media_type=MEDIA_TYPE, outcome=outcome, message=message, pages=tuple(pages), page_count=count,
        flags=frozenset(flags), **told,
    )  # fmt: skip


def pictures(body: bytes, *, dots_per_inch: int) -> Iterator[tuple[str, bytes]]:
    """Each page's own text and its picture in shades of grey (as PGM), the first page first. Raises ValueError."""
    try:
        opened = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        raise ValueError(str(error)) from None
    with _closing(opened) as file:
        for number in range(len(file)):
            said, is_picture = _page(file, number)
            yield said, b"" if said and not is_picture else _drawn(file, number, dots_per_inch)


def _judged(body: bytes, pages: list[str], flags: set[Flag], count: int, bounds: Bounds) -> tuple[Outcome, str]:
    if b"%%EOF" not in body[-2_048:]:
        return Outcome.TRUNCATED, "the file ends before its end"
    if "scanned" in flags:
        return Outcome.EMPTY_OK, "scanned, no text"
    outcome = Outcome.OK if any(pages) else Outcome.EMPTY_OK
    if "truncated" in flags:
        return outcome, f"{len(pages):,} of its {count:,} pages were read: {bounds.why}"
    return outcome, "" if any(pages) else "no text in it"


def _unopened(body: bytes, said: str, code: int | None) -> Document:
    if code == raw.FPDF_ERR_PASSWORD:
        return Document(
            media_type=MEDIA_TYPE, outcome=Outcome.EMPTY_OK, message="encrypted: it opens with a password only",
            flags=frozenset({"encrypted"}),
        )  # fmt: skip
    if code == raw.FPDF_ERR_SECURITY:
        return Document(
            media_type=MEDIA_TYPE, outcome=Outcome.EMPTY_OK, message="encrypted in a way that is not known",
            flags=frozenset({"encrypted"}),
        )  # fmt: skip
    if b"%%EOF" not in body[-2_048:]:
        return Document(
            media_type=MEDIA_TYPE, outcome=Outcome.TRUNCATED, message="the file ends before its end",
            flags=frozenset({"truncated"}),
        )  # fmt: skip
    return Document(media_type=MEDIA_TYPE, outcome=Outcome.BROKEN, message=f"no readable PDF: {said[:200]}")


@contextmanager
def _closing(file: Any) -> Iterator[Any]:
    try:
        yield file
    finally:
        file.close()


def _page(file: Any, number: int) -> tuple[str, bool]:
    """A page's text, and whether it is a picture: there are pictures on it, and hardly a letter."""
    try:
        page = file[number]
    except pypdfium2.PdfiumError:
        return "", False
    try:
        layer = page.get_textpage()
        try:
            said = text.clean_lines(layer.get_text_range())
        finally:
            layer.close()
        return said, len(said) < _FEW_LETTERS and _has_picture(page)
    except pypdfium2.PdfiumError:
        return "", False
    finally:
        page.close()


def _has_picture(page: Any) -> bool:
    return any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _drawn(file: Any, number: int, dots_per_inch: int) -> bytes:
    page = file[number]
    try:
        longer = max(page.get_size())
        scale = min(dots_per_inch / _POINTS_PER_INCH, _MOST_DOTS / max(longer, 1.0))
        drawn = page.render(scale=scale, grayscale=True)
    except pypdfium2.PdfiumError as error:
        raise ValueError(str(error)) from None
    finally:
        page.close()
    try:
        dots = ctypes.string_at(drawn.buffer, drawn.stride * drawn.height)
        rows = (dots[row * drawn.stride : row * drawn.stride + drawn.width] for row in range(drawn.height))
        return b"P5 %d %d 255\n" % (drawn.width, drawn.height) + b"".join(rows)
    finally:
        drawn.close()


def _told(file: Any) -> dict[str, Any]:
    said = {name: text.clean(value)[:1_000] or None for name, value in file.get_metadata_dict().items()}
    return {
        "title": said.get("Title"),
        "author": said.get("Author"),
        "created": moment(said.get("CreationDate")),
        "modified": moment(said.get("ModDate")),
    }


def moment(said: str | None) -> datetime | None:
    """A PDF's date (ISO 32000-1 §7.9.4) as an aware datetime; None for what is none. Without a zone it is UTC.

    >>> moment("D:20240503081500+07'00'").isoformat()
    '2024-05-03T08:15:00+07:00'
    """
    found = _DATE.fullmatch(said.strip()) if said else None
    if not found:
        return None
    year, month, day, hour, minute, second = (
        int(part or rest) for part, rest in zip(found.groups()[:6], (1, 1, 1, 0, 0, 0), strict=True)
    )
    offset = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0)) * (-1 if found[7] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset) if offset else UTC)
    except ValueError:
        return None
