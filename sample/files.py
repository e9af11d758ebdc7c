"""The pictures and documents of the sample portal: small, valid, and a different one at each address."""

from __future__ import annotations

import struct
import zlib

_WIDTH, _HEIGHT = 160, 120
_BLOCKS = (_WIDTH // 8) * (_HEIGHT // 8)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


# A grey picture needs two codes for brightness (the same as before: 0; a step of six bits: 10) and one for the rest.
_JPEG_START = b"\xff\xd8" + _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
_JPEG_TABLES = (
    _segment(0xDB, b"\0" + b"\x08" * 64)
    + _segment(0xC0, struct.pack(">BHHBBBB", 8, _HEIGHT, _WIDTH, 1, 1, 0x11, 0))
    + _segment(0xC4, b"\x00" + bytes([1, 1, *[0] * 14]) + b"\x00\x06")
    + _segment(0xC4, b"\x10" + bytes([1, *[0] * 15]) + b"\x00")
    + _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
)


def jpeg(path: str) -> bytes:
    """A small grey picture; its shade and its comment depend on the path."""
    name = path.encode()
    bits = "10" + f"{zlib.crc32(name) % 64:06b}" + "0" + "00" * (_BLOCKS - 1)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return _JPEG_START + _segment(0xFE, name[:200]) + _JPEG_TABLES + data + b"\xff\xd9"


def pdf(path: str) -> bytes:
    """A document of one page that shows the plain letters of its own file name."""
    name = path.rsplit("/", 1)[-1].encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    text = b"BT /F1 12 Tf 72 770 Td (" + name[:80] + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(body))
    )
