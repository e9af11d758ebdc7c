"""Bytes as they came → clean UTF-8, within a limit on what they may unfold to. Pure."""

from __future__ import annotations

import codecs
import hashlib
import re
import zlib

MAX_BYTES = 32 * 1024 * 1024
"""What one page may unfold to."""


class Truncated(ValueError):
    """A compressed stream that ends before its end."""


class TooBig(ValueError):
    """A stream that unfolds to more than the limit."""


class Garbled(ValueError):
    """A content coding that is unknown, or bytes that are not in it."""


def digest(body: bytes) -> str:
    """What names bytes, as the archive writes it too."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def unfold(body: bytes, content_encoding: str = "", *, limit: int = MAX_BYTES) -> bytes:
    """The body without its content codings (RFC 9110 §8.4), at most `limit` bytes of it.

    A body that is announced as gzip and is plain is taken as it is: it happens, and the text is whole.

    Raises Truncated, TooBig, Garbled.
    """
    for coding in reversed([word.strip().lower() for word in content_encoding.split(",")]):
        if coding in {"gzip", "x-gzip"} and body.startswith(b"\x1f\x8b"):
            body = _inflate(body, zlib.MAX_WBITS | 16, limit)
        elif coding == "deflate":
            # Some servers send the raw stream, without the zlib header that the word promises.
            raw = len(body) < 2 or body[0] & 0x0F != 8 or (body[0] << 8 | body[1]) % 31
            body = _inflate(body, -zlib.MAX_WBITS if raw else zlib.MAX_WBITS, limit)
        elif coding not in {"", "identity", "gzip", "x-gzip"}:
            raise Garbled(f"content coding {coding[:40]!r} was not asked for and is not known")
    if len(body) > limit:
        raise TooBig(f"{len(body):,} bytes, more than {limit:,}")
    return body


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        stream = zlib.decompressobj(window)
        try:
            part = stream.decompress(body, limit - size + 1)
        except zlib.error as error:
            raise Garbled(f"broken compression: {error}") from None
        size += len(part)
        parts.append(part)
        if size > limit:
            raise TooBig(f"unfolds to more than {limit:,} bytes")
        if not stream.eof:
            raise Truncated(f"the compressed stream ends early, after {size:,} bytes of text")
        # A gzip body may have several members; zero bytes after the last are padding.
        body = stream.unused_data.lstrip(b"\0") if window > zlib.MAX_WBITS else b""
    return b"".join(parts)


_KINDS = {
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"{\\rtf": "an RTF document",
    b"Rar!": "a RAR archive",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"GIF8": "a GIF picture",
}


def kind(body: bytes) -> str | None:
    """What bytes are that are no page whatever their Content-Type says, by their first few; None for what may be one.

    >>> kind(b"%PDF-1.7"), kind(b"<html>")
    ('a PDF document', None)
    """
    return next((said for magic, said in _KINDS.items() if body.startswith(magic)), None)


_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_CHARSETS = re.compile(r"utf-(8|16|32)|cp\d|iso8859|iso2022|gb|big5|euc|shift_jis|koi8|mac-|tis-620|johab|hz")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f") + b"\x7f"
# The fonts that bytes from before Unicode were drawn with; nobody declared the encoding (TCVN 5712:1993, VN3).
_TCVN3 = re.compile(rb"\.Vn(Time|Arial|Avant|Centurion|Helvet)", re.IGNORECASE)
_VNI = re.compile(rb"VNI-(Times|Helve|Aptima|Avo)", re.IGNORECASE)
_FROM_TCVN3 = str.maketrans(
    "µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ¡¢£¤¥¦§¨©ª«¬\xad®",
    "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵĂÂÊÔƠƯĐăâêôơưđ",
)


def utf8(body: bytes, content_type: str = "") -> bytes:
    """A page's bytes as UTF-8 without a byte order mark, NUL and other controls; what cannot be read is U+FFFD.

    Bytes that are sound UTF-8 are UTF-8 whatever the headers say: servers of these portals announce iso-8859-1 for
    them; a few damaged bytes do not change that. Else the page's own `<meta>` is believed before the header, and the
    fonts of before Unicode before both: a page in .VnTime is TCVN3, whatever it declares.

    Raises Garbled where the page is in VNI's font encoding, which nothing here reads.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _from(body[len(mark) :], name)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        if _is_damaged_utf8(body):
            return _from(body, "utf-8")
        if _VNI.search(body):
            raise Garbled("written for VNI's fonts, whose encoding is not read") from None
        if _TCVN3.search(body):
            return body.decode("latin-1").translate(_FROM_TCVN3).encode("utf-8").translate(None, _CONTROLS)
        within = [_charset(match[1].decode("ascii")) for match in [_META.search(body[:4096])] if match]
        declared = [name for name in within if name and not name.startswith("utf-16")]  # or we had not read it so
        declared += [name for name in map(_charset, _HEADER.findall(content_type)) if name]
        return _from(body, next(iter(declared), "cp1258"))
    return body.translate(None, _CONTROLS)


_TCVN3_WORD = re.compile("[A-Za-z\u00c0-\u00ff][\u00a1-\u00be\u00d7]|[\u00a1-\u00be\u00d7][A-Za-z\u00c0-\u00ff]")
_VIETNAMESE = re.compile("[ăđĩũơưĂĐĨŨƠƯ\u1ea0-\u1ef9]")


def from_tcvn3(line: str) -> str:
    """A line drawn with a font of before Unicode (.VnTime) as Unicode; one that needs no such font stays as it is.

    >>> from_tcvn3("Quy\u00d5t \u00ae\u00denh"), from_tcvn3("Quyết định")
    ('Quyết định', 'Quyết định')
    """
    if _TCVN3_WORD.search(line) and not _VIETNAMESE.search(line):
        return line.translate(_FROM_TCVN3)
    return line


def _charset(label: str) -> str | None:
    """The codec of a declared character set; None where Python knows none (or knows it as something else: `hex`)."""
    try:
        name = codecs.lookup(label).name
    except (LookupError, UnicodeError):
        return None
    if name in {"ascii", "iso8859-1"}:  # browsers read both as Windows' own
        return "cp1252"
    return name if _CHARSETS.match(name) else None


def _is_damaged_utf8(body: bytes) -> bool:
    damaged = body.decode("utf-8", "replace").count("\ufffd")
    foreign = len(body) - len(body.translate(None, bytes(range(128, 256))))
    return damaged * 20 < foreign


def _from(body: bytes, name: str) -> bytes:
    return body.decode(name, "replace").encode("utf-8", "replace").translate(None, _CONTROLS)
