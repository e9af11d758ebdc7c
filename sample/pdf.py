"""PDF files (ISO 32000-1) with Vietnamese text that can be read and copied, or with pictures of text alone.

The font is a part of DejaVu Sans, embedded as it is: `data/font.ttf`, with its glyphs and their widths in
`data/font.json`. The same text always makes the same bytes.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 56
_SIZE, _LEADING = 11, 16
_LINES = (_HEIGHT - 2 * _MARGIN) // _LEADING
_FIRST_FREE = 9  # objects 1 to 8 are catalogue, page tree, information and the font's five
_FONT_NAME = b"AAAAAA+DejaVuSans"


@dataclass(frozen=True, slots=True)
class Picture:
    """A page in black and white: its size in pixels, its pixels as CCITT group 4 (ITU-T T.6)."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Font:
    program: bytes
    length: int
    glyphs: dict[str, tuple[int, int]]
    ascent: int
    descent: int


@cache
def _font() -> _Font:
    data = files("sample").joinpath("data")
    told = json.loads(data.joinpath("font.json").read_text("utf-8"))
    program = data.joinpath("font.ttf").read_bytes()
    glyphs = {letter: (glyph, width) for letter, glyph, width in told["glyphs"]}
    return _Font(zlib.compress(program, 9), len(program), glyphs, told["ascent"], told["descent"])


def of_text(title: str, paragraphs: Iterable[str], *, day: str) -> bytes:
    """A document of as many pages as the text needs.

    Args:
        title: For the document's information.
        paragraphs: Its text; one with a form feed begins on a new page.
        day: The day that it says it was made on (ISO).
    """
    pages: list[list[str]] = [[]]
    for paragraph in paragraphs:
        if paragraph.startswith("\f"):
            pages.append([])
        for line in _wrapped(paragraph.lstrip("\f")):
            if len(pages[-1]) == _LINES:
                pages.append([])
            pages[-1].append(line)
    pages = [page for page in pages if page] or [[]]
    contents = [_stream(_shown(page)) for page in pages]
    resources = b"<< /Font << /F1 4 0 R >> >>"
    return _document(title, day, [(resources, [content]) for content in contents])


def of_pictures(title: str, pictures: Sequence[Picture], *, day: str) -> bytes:
    """A scanned document: each page a picture and no text."""
    pages = []
    for at, picture in enumerate(pictures):
        number = _FIRST_FREE + at * 3 + 2
        size = (picture.width, picture.height)
        parameters = b"<< /K -1 /BlackIs1 true /Columns %d /Rows %d >>" % size
        image = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray" % size
        image += (
            b" /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms %b /Length %d >>\nstream\n%b\nendstream"
            % (
                parameters,
                len(picture.data),
                picture.data,
            )
        )
        content = _stream(b"q %d 0 0 %d 0 0 cm /Im1 Do Q" % (_WIDTH, _HEIGHT))
        pages.append((b"<< /XObject << /Im1 %d 0 R >> >>" % number, [content, image]))
    return _document(title, day, pages)


def _wrapped(paragraph: str) -> list[str]:
    """The paragraph in lines that fit between the margins."""
    room = (_WIDTH - 2 * _MARGIN) * 1000 // _SIZE
    glyphs, lines, line, used = _font().glyphs, [], "", 0
    for word in paragraph.split(" "):
        width = sum(glyphs.get(letter, (0, 600))[1] for letter in word + " ")
        if line and used + width > room:
            lines.append(line)
            line, used = "", 0
        line += f" {word}" if line else word
        used += width
    return [*lines, line]


def _shown(lines: Sequence[str]) -> bytes:
    glyphs = _font().glyphs
    written = [b"<%b> Tj T*" % b"".join(b"%04X" % glyphs.get(letter, (0, 0))[0] for letter in line) for line in lines]
    start = b"BT /F1 %d Tf %d TL %d %d Td\n" % (_SIZE, _LEADING, _MARGIN, _HEIGHT - _MARGIN - _SIZE)
    return start + b"\n".join(written) + b"\nET"


def _stream(content: bytes) -> bytes:
    packed = zlib.compress(content, 6)
    return b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (len(packed), packed)


@cache
def _font_objects() -> tuple[bytes, ...]:
    """Objects 4 to 8: the composite font, its descendant, its descriptor, its map to Unicode, its program."""
    font = _font()
    used = sorted(font.glyphs.items(), key=lambda item: item[1][0])
    widths = b" ".join(b"%d [%d]" % glyph for _, glyph in used)
    pairs = [b"<%04X> <%b>" % (glyph, letter.encode("utf-16-be").hex().upper().encode()) for letter, (glyph, _) in used]
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    mapping = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Unicode def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        + b"".join(b"%d beginbfchar\n%b\nendbfchar\n" % (len(block), b"\n".join(block)) for block in blocks)
        + b"endcmap CMapName currentdict /CMap defineresource pop end end"
    )
    composite = b"<< /Type /Font /Subtype /Type0 /BaseFont %b /Encoding /Identity-H"
    composite += b" /DescendantFonts [5 0 R] /ToUnicode 7 0 R >>"
    system = b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    descendant = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont %b /CIDToGIDMap /Identity /CIDSystemInfo %b "
        b"/FontDescriptor 6 0 R /DW 600 /W [%b] >>"
    )
    descriptor = (
        b"<< /Type /FontDescriptor /FontName %b /Flags 4 /FontBBox [-1021 -463 1793 1232] /ItalicAngle 0 "
        b"/Ascent %d /Descent %d /CapHeight 729 /StemV 80 /FontFile2 8 0 R >>"
    )
    return (
        composite % _FONT_NAME,
        descendant % (_FONT_NAME, system, widths),
        descriptor % (_FONT_NAME, font.ascent, font.descent),
        _stream(mapping),
        b"<< /Filter /FlateDecode /Length %d /Length1 %d >>\nstream\n%b\nendstream"
        % (len(font.program), font.length, font.program),
    )


def _document(title: str, day: str, pages: Sequence[tuple[bytes, list[bytes]]]) -> bytes:
    """The file: each page has its resources, and its content followed by whatever else it needs."""
    number = _FIRST_FREE
    objects: list[bytes] = []
    kids = []
    for resources, parts in pages:
        kids.append(b"%d 0 R" % number)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources %b /Contents %d 0 R >>"
            % (_WIDTH, _HEIGHT, resources, number + 1)
        )
        objects += parts
        number += 1 + len(parts)
    made = b"D:%b090000+07'00'" % day.replace("-", "").encode()
    first = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b" ".join(kids), len(kids)),
        b"<< /Title <FEFF%b> /Author <FEFF%b> /CreationDate (%b) >>" % (_utf16(title), _utf16("Sở Nội vụ (mẫu)"), made),
        *_font_objects(),
    )
    return _file((*first, *objects))


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be").hex().upper().encode()


def _file(objects: Sequence[bytes]) -> bytes:
    parts, offsets, length = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"], [], 15
    for number, content in enumerate(objects, 1):
        offsets.append(length)
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, content))
        length += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    )
    return b"".join(parts) + end % (len(objects) + 1, table, len(objects) + 1, length)
