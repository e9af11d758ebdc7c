"""Bytes of a document → what it is by its content, its text by page, its properties. Pure.

PDF, DOC, DOCX, XLS, XLSX, RTF, ODT, and ZIP and RAR archives of them. What a server says it is and what it is called
decide nothing. Made to run in a child process (`scraper.document_reader`), which ends what takes too much.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import olefile
import rarfile
import xlrd
from lxml import etree

from scraper import decode, office, outcomes, pdf, text, word
from scraper.bounds import Bounds
from scraper.items import Document, Flag, Member
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ZIP = "application/zip"
RAR = "application/vnd.rar"
HTML = "text/html"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"7z\xbc\xaf\x27\x1c": "application/x-7z-compressed",
    b"MZ": "application/vnd.microsoft.portable-executable",
}
_HTML = re.compile(
    rb"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body|script|meta|title)\b", re.IGNORECASE | re.DOTALL
)
_MOST_MEMBERS = 1_000
_DEEPEST = 2
_LONGEST_NAME = 500


def read(
    body: bytes, *, content_encoding: str = "", expected: str | None = None, bounds: Bounds | None = None
) -> Document:
    """What a document is and says. Raises nothing but MemoryError and RecursionError.

    `body` is as it came, `content_encoding` its codings. `expected` is the media type that its link promises: it is
    used to say what is wrong with a page that came instead, and for nothing else.
    """
    try:
        body = decode.unfold(body, content_encoding)
    except decode.Truncated as error:
        return Document(outcome=Outcome.TRUNCATED, message=str(error), size=len(body))
    except decode.TooBig as error:
        return Document(outcome=Outcome.TOO_BIG, message=str(error), size=len(body))
    except decode.Garbled as error:
        return Document(outcome=Outcome.BROKEN, message=str(error), size=len(body))
    document = _read(body, bounds or Bounds(), expected=expected)
    return replace(document, size=len(body), digest=decode.digest(body))


def _read(body: bytes, bounds: Bounds, *, expected: str | None = None, depth: int = 0) -> Document:
    kind: str | None = None
    try:
        if not body.strip(b"\0 \t\r\n"):
            return Document(outcome=Outcome.EMPTY, message=f"{len(body):,} bytes, and nothing in them")
        if b"%PDF-" in body[:1024]:
            return pdf.read(body, bounds)
        if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            kind = ZIP
            return _zipped(body, bounds, depth)
        if body.startswith(b"Rar!\x1a\x07"):
            kind = RAR
            with rarfile.RarFile(BytesIO(body)) as file:
                return _archived(RAR, _rar_members(file), bounds, depth)
        if body.startswith(_OLE):
            return _compound(body, bounds)
        if body.startswith(b"{\\rtf"):
            kind = office.RTF
            return office.rtf(body, bounds)
        return _other(body, expected)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - the libraries raise what they like; the message keeps the cause
        return Document(outcome=Outcome.BROKEN, message=f"{type(error).__name__}: {error}"[:300], media_type=kind)


def _other(body: bytes, expected: str | None) -> Document:
    if _HTML.match(body[:4096]):
        words = decode.utf8(body[:100_000]).decode("utf-8", "replace")
        visible = text.clean(re.sub(r"(?s)<(script|style)\b.*?(</\1>|$)|<[^>]*>", " ", words))
        outcome = outcomes.of_text(words, visible) or Outcome.BROKEN
        wanted = f" where {expected} was expected" if expected else ""
        return Document(outcome=outcome, media_type=HTML, message=f"an HTML page came{wanted}: {visible[:100]!r}")
    for magic, kind in _OTHERS.items():
        if body.startswith(magic):
            return Document(outcome=Outcome.EMPTY_OK, media_type=kind, message=f"no text is read from {kind}")
    return Document(outcome=Outcome.EMPTY_OK, message="of no kind that is known here; no text is read from it")


# OLE compound files


def _compound(body: bytes, bounds: Bounds) -> Document:
    try:
        file = olefile.OleFileIO(BytesIO(body), raise_defects=olefile.DEFECT_FATAL)
    except (OSError, struct.error, IndexError) as error:
        return Document(
            outcome=Outcome.TRUNCATED, message=f"an old Office file that ends before its end: {error}"[:300],
            media_type=word.MEDIA_TYPE, flags=frozenset({"truncated"}),
        )  # fmt: skip
    with file:
        if file.exists("EncryptedPackage"):
            return _encrypted(office.DOCX)
        if file.exists("WordDocument"):
            try:
                return word.doc(body, file, bounds)
            except (word.Unreadable, OSError, struct.error) as error:
                return Document(outcome=Outcome.BROKEN, message=str(error)[:300], media_type=word.MEDIA_TYPE)
        if file.exists("Workbook") or file.exists("Book"):
            try:
                return office.xls(body, bounds)
            except xlrd.XLRDError as error:
                if "encrypted" in str(error).lower():
                    return _encrypted(office.XLS)
                return Document(outcome=Outcome.BROKEN, message=str(error)[:300], media_type=office.XLS)
    return Document(outcome=Outcome.EMPTY_OK, message="an old Office file that is neither a text nor a workbook")


def _encrypted(kind: str) -> Document:
    return Document(
        outcome=Outcome.EMPTY_OK, message="encrypted: it opens with a password only", media_type=kind,
        flags=frozenset({"encrypted"}),
    )  # fmt: skip


# Archives, and the documents that are archives


def _zipped(body: bytes, bounds: Bounds, depth: int) -> Document:
    try:
        file = zipfile.ZipFile(BytesIO(body))
    except zipfile.BadZipFile as error:
        return Document(
            outcome=Outcome.TRUNCATED, message=f"the file ends before its end: {error}", media_type=_by_names(body),
            flags=frozenset({"truncated"}),
        )  # fmt: skip
    with file:
        kind = _package(file)
        try:
            if kind == office.DOCX:
                return office.docx(file, bounds)
            if kind == office.XLSX:
                return office.xlsx(body, file, bounds)
            if kind == office.ODT:
                return office.odt(file, bounds)
        except office.TooBig as error:
            return Document(outcome=Outcome.TOO_BIG, message=str(error), media_type=kind)
        except (KeyError, zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError) as error:
            return Document(outcome=Outcome.BROKEN, message=f"{type(error).__name__}: {error}"[:300], media_type=kind)
        if kind != ZIP:
            return Document(outcome=Outcome.EMPTY_OK, message=f"no text is read from {kind}", media_type=kind)
        return _archived(ZIP, _zip_members(file), bounds, depth)


def _package(file: zipfile.ZipFile) -> str:
    """What a ZIP file is by the parts in it (ECMA-376 part 2; OpenDocument 1.3 part 2, §3.3)."""
    names = set(file.namelist())
    if "mimetype" in names and file.getinfo("mimetype").file_size < 100:
        return file.read("mimetype").decode("ascii", "replace").strip()
    if "[Content_Types].xml" in names:
        if any(re.fullmatch(r"word/document\d*\.xml", name) for name in names):
            return office.DOCX
        if "xl/workbook.xml" in names:
            return office.XLSX
        if "ppt/presentation.xml" in names:
            return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    return ZIP


def _by_names(body: bytes) -> str:
    """What a cut ZIP file was to be, by the names of the parts that are left."""
    return next((kind for name, kind in ((b"word/", office.DOCX), (b"xl/", office.XLSX)) if name in body), ZIP)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sealed:
    """A file in an archive, before it is unfolded: `open` gives at most so many of its bytes."""

    name: str
    size: int
    locked: bool
    open: Callable[[int], bytes]


def _zip_members(file: zipfile.ZipFile) -> Iterator[_Sealed]:
    for one in file.infolist():
        if not one.is_dir():
            opened = partial(_some_of, file, one)
            yield _Sealed(name=one.filename, size=one.file_size, locked=bool(one.flag_bits & 1), open=opened)


def _rar_members(file: rarfile.RarFile) -> Iterator[_Sealed]:
    for one in file.infolist():
        if not one.is_dir():
            opened = partial(_some_of, file, one)
            yield _Sealed(name=one.filename or "", size=one.file_size, locked=one.needs_password(), open=opened)


def _some_of(file: Any, member: Any, limit: int) -> bytes:
    with file.open(member) as stream:
        return bytes(stream.read(limit))


def _archived(kind: str, members: Iterable[_Sealed], bounds: Bounds, depth: int) -> Document:
    """An archive: its members, and the text of those that are documents. Names are only told, and nothing is written.

    Where no member could be read, the archive is what the first one that failed is.
    """
    pages: list[str] = []
    found: list[Member] = []
    flags: set[Flag] = set()
    failed: Document | None = None
    for sealed in members:
        if len(found) >= _MOST_MEMBERS:
            bounds.why = bounds.why or "it has too many members"
            break
        if sealed.locked:
            flags.add("encrypted")
        inner = _inner(sealed, bounds, depth)
        if not inner.outcome.trusted:
            failed = failed or inner
        name = text.clean(sealed.name)[:_LONGEST_NAME]
        found.append(
            Member(
                name=name, size=sealed.size, media_type=inner.media_type, first=len(pages), pages=len(inner.pages),
                message=inner.message,
            )
        )  # fmt: skip
        pages += inner.pages
    outcome, message = Outcome.OK, ""
    if not any(pages):
        outcome = failed.outcome if failed else Outcome.EMPTY_OK
        message = failed.message if failed else "no text in its members"
    if bounds.why:
        flags.add("truncated")
        message = message or f"it was not read to its end: {bounds.why}"
    return Document(
        media_type=kind, outcome=outcome, message=message, pages=tuple(pages), page_count=len(pages),
        members=tuple(found), flags=frozenset(flags),
    )  # fmt: skip


def _inner(sealed: _Sealed, bounds: Bounds, depth: int) -> Document:
    """One member, read; what cannot be read says why."""
    if sealed.locked:
        return Document(outcome=Outcome.EMPTY_OK, message="encrypted: it opens with a password only")
    if depth >= _DEEPEST:
        return Document(outcome=Outcome.TOO_COMPLEX, message="not read: an archive in an archive in an archive")
    if bounds.spent():
        return Document(outcome=Outcome.TOO_COMPLEX, message=f"not read: of the whole, {bounds.why}")
    if sealed.size > bounds.unfolded:
        return Document(outcome=Outcome.TOO_BIG, message=f"not read: unfolds to {sealed.size:,} bytes")
    try:
        body = sealed.open(bounds.unfolded + 1)
    except rarfile.RarCannotExec:
        return Document(outcome=Outcome.TOO_COMPLEX, message="not read: none of unrar, unar, bsdtar is installed")
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - as above
        return Document(outcome=Outcome.BROKEN, message=f"not read: {type(error).__name__}: {error}"[:300])
    if len(body) > bounds.unfolded:
        return Document(outcome=Outcome.TOO_BIG, message=f"not read: unfolds to more than {bounds.unfolded:,} bytes")
    bounds.unfolded -= len(body)
    return _read(body, bounds, depth=depth + 1)
