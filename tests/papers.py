"""Documents made on the fly: what portals attach, and what nobody should."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from datetime import datetime, timedelta, timezone
from functools import lru_cache

import docx
import openpyxl
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

MADE = datetime(2024, 5, 3, 8, 15, tzinfo=timezone(timedelta(hours=7)))
DECISION = "Quyết định số 1234/QĐ-UBND về việc công bố danh mục thủ tục hành chính lĩnh vực đất đai"


@lru_cache(maxsize=1)
def _font() -> bytes:
    """A font that has every letter of Vietnamese, and draws none: a reader of text wants its map alone."""
    codes = [*range(0x20, 0x17F), *range(0x1A0, 0x1B1), *range(0x1EA0, 0x1EFA), 0x2013, 0x2026]
    names = {code: f"u{code:04X}" for code in codes}
    order = [".notdef", *names.values()]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: Glyph() for name in order})
    builder.setupHorizontalMetrics(dict.fromkeys(order, (500, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Plain", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


def pdf(*pages: str, title: str = "", author: str = "", password: str = "") -> bytes:
    """A PDF with a text layer."""
    file = FPDF()
    file.set_creation_date(MADE)
    with tempfile.NamedTemporaryFile(suffix=".ttf") as font:
        font.write(_font())
        font.flush()
        file.add_font("Plain", fname=font.name)
    file.set_font("Plain", size=11)
    if title:
        file.set_title(title)
    if author:
        file.set_author(author)
    if password:
        file.set_encryption(owner_password=f"{password}!", user_password=password)
    for said in pages:
        file.add_page()
        file.multi_cell(0, 6, said)
    made = bytes(file.output())
    for font in file.fonts.values():
        font.ttfont.close()  # which the library leaves to chance
    return made


def scan(*pages: str) -> bytes:
    """A PDF whose pages are pictures of text."""
    file = FPDF()
    font = ImageFont.load_default(size=48)
    for said in pages:
        picture = Image.new("L", (1240, 1754), 255)
        pen = ImageDraw.Draw(picture)
        for number, line in enumerate(said.splitlines()):
            pen.text((120, 150 + 90 * number), line, font=font, fill=0)
        file.add_page()
        file.image(picture, 0, 0, 210, 297)
    return bytes(file.output())


def many_pages(count: int) -> bytes:
    """A PDF of so many empty pages, in little space."""
    kids = b" ".join(b"%d 0 R" % (number + 4) for number in range(count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, kids),
        b"<</Length 0>>stream\n\nendstream",
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R>>"] * count,
    ]
    body, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(body)


def word(*pages: str, rows: tuple[tuple[str, ...], ...] = (), title: str = "", author: str = "") -> bytes:
    """A DOCX; its table stands at the end of its first page."""
    file = docx.Document()
    file.core_properties.title, file.core_properties.author = title, author
    for number, said in enumerate(pages):
        if number:
            file.add_page_break()
        for paragraph in said.splitlines():
            file.add_paragraph(paragraph)
        if rows and not number:
            table = file.add_table(len(rows), len(rows[0]))
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    table.cell(place, column).text = cell
    saved = io.BytesIO()
    file.save(saved)
    return saved.getvalue()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """An XLSX."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    """A ZIP; names go in as they are."""
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members.items():
            file.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return saved.getvalue()


def rar(members: dict[str, bytes], *, method: int = 0x30) -> bytes:
    """A RAR of version 3 whose members are stored; another method says that they are packed, and they are not."""
    parts = [b"Rar!\x1a\x07\x00", _rar_block(0x73, 0, b"\0" * 6)]
    for name, body in members.items():
        encoded = name.encode("ascii")
        head = struct.pack(
            "<IIBIIBBHI", len(body), len(body), 3, zlib.crc32(body), 0x58000000, 29, method, len(encoded), 0x20
        )
        parts += [_rar_block(0x74, 0x8000, head + encoded), body]
    return b"".join([*parts, _rar_block(0x7B, 0x4000, b"")])


def _rar_block(kind: int, flags: int, content: bytes) -> bytes:
    rest = struct.pack("<BHH", kind, flags, 7 + len(content)) + content
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest


def text(xml: str) -> bytes:
    """An ODT of this content."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table")
    )
    content = f"<office:document-content{spaces}><office:body>{xml}</office:body></office:document-content>"
    return archive({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": content.encode()})
