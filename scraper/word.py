"""The text of a legacy Word document (.doc), out of its piece table (MS-DOC §2.4.1, "Retrieving Text"). Pure.

No tool is needed for documents of Word 97 and later. Of Word 6 and 95 the text is read where it lies in one piece, and
by antiword where that is installed.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scraper import text
from scraper.items import Document
from scraper.office import made, paged
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    import olefile

    from scraper.bounds import Bounds

MEDIA_TYPE = "application/msword"
_WORD_97 = 0xC1
_FLAGS, _FC_MIN, _FC_MAC, _COUNTS, _CLX = 0x0A, 0x18, 0x1C, 0x4C, 0x1A2
"""Where the file information block (MS-DOC §2.5) holds what is needed here."""
_COMPLEX, _ENCRYPTED, _TABLE_1 = 0x0004, 0x0100, 0x0200
_COMPRESSED = 0x4000_0000
_FIELD = re.compile("\x13[^\x13\x14\x15]*\x14?|\x15")
_SIGNS = str.maketrans({"\r": "\n", "\x0b": "\n", "\x1e": "-", "\x1f": "", "\x14": "", "\x13": ""})
_ANTIWORD_SECONDS = 10


class Unreadable(ValueError):
    """A document whose text is not where its tables say."""


def doc(body: bytes, file: olefile.OleFileIO[Any], bounds: Bounds) -> Document:
    """The text and properties of a Word document. Raises Unreadable, and what olefile raises."""
    main = file.openstream("WordDocument").read()
    if len(main) < _CLX + 8:
        raise Unreadable("its main stream is too short")
    version, flags = _short(main, 2), _short(main, _FLAGS)
    if flags & _ENCRYPTED:
        return Document(
            media_type=MEDIA_TYPE, outcome=Outcome.EMPTY_OK, message="encrypted: it opens with a password only",
            flags=frozenset({"encrypted"}),
        )  # fmt: skip
    told = _told(file)
    if version >= _WORD_97:
        table = file.openstream("1Table" if flags & _TABLE_1 else "0Table").read()
        said = "".join(_pieces(main, table))[: _asked(main)]
        old_fonts = b".\0V\0n" in table
    elif flags & _COMPLEX:
        said, old_fonts = _by_antiword(body), False
    else:
        said = main[_long(main, _FC_MIN) : _long(main, _FC_MAC)].decode("cp1252", "replace")
        old_fonts = b".Vn" in main
    # A table's row ends with a mark of its own after that of its last cell.
    said = said.replace("\x07\x07", "\n").replace("\x07", "\t")
    for _ in range(5):  # a field may stand in what another one shows
        said, found = _FIELD.subn("", said)
        if not found:
            break
    said = said.translate(_SIGNS)
    pages = paged([said], bounds, old_fonts=old_fonts)
    told["page_count"] = max(told["page_count"] or 0, len(pages)) or None
    return made(MEDIA_TYPE, pages, bounds, **told)


def _asked(main: bytes) -> int:
    """How many characters the main text and its footnotes have; headers, comments and their like come after them."""
    return _long(main, _COUNTS) + _long(main, _COUNTS + 4)


def _pieces(main: bytes, table: bytes) -> Iterator[str]:
    """The stretches of the text in their order (MS-DOC §2.9.38 Clx, §2.8.35 PlcPcd, §2.9.73 FcCompressed)."""
    start, size = _long(main, _CLX), _long(main, _CLX + 4)
    clx = table[start : start + size]
    place = 0
    while clx[place : place + 1] == b"\x01":
        place += 3 + _short(clx, place + 1)
    if clx[place : place + 1] != b"\x02":
        raise Unreadable("it has no table of pieces")
    plc = clx[place + 5 : place + 5 + _long(clx, place + 1)]
    count = (len(plc) - 4) // 12
    if count < 1:
        raise Unreadable("its table of pieces is empty")
    bounds = struct.unpack_from(f"<{count + 1}I", plc)
    left = len(main)  # pieces do not overlap in a sound file, so their sum is bounded by it
    for number, (first, after) in enumerate(pairwise(bounds)):
        at = _long(plc, 4 * (count + 1) + 8 * number + 2)
        width = 1 if at & _COMPRESSED else 2
        at = (at & ~_COMPRESSED) // 2 if width == 1 else at
        length = (after - first) * width
        left -= length
        if length < 0 or left < 0 or at + length > len(main):
            raise Unreadable("its table of pieces points outside of the text")
        yield main[at : at + length].decode("cp1252" if width == 1 else "utf-16-le", "replace")


def _by_antiword(body: bytes) -> str:
    if shutil.which("antiword") is None:
        raise Unreadable("saved by Word 6 or 95 in pieces, and antiword is not installed")
    try:
        done = subprocess.run(
            ["antiword", "-m", "UTF-8.txt", "-w", "0", "-"],  # noqa: S607 - where the system has it
            input=body, capture_output=True, timeout=_ANTIWORD_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreadable(f"antiword: {error}") from None
    if done.returncode:
        raise Unreadable(f"antiword: {done.stderr.decode('utf-8', 'replace')[:200].strip()}")
    return done.stdout.decode("utf-8", "replace")


def _told(file: olefile.OleFileIO[Any]) -> dict[str, Any]:
    meta = file.get_metadata()
    # The number is stored in 16 bits, which olefile takes as signed: UTF-8's 65001 is -535.
    page = meta.codepage & 0xFFFF if isinstance(meta.codepage, int) else 1258
    charset = {65001: "utf-8", 1200: "utf-16-le"}.get(page, f"cp{page}")

    def said(value: object) -> str | None:
        if isinstance(value, bytes):
            try:
                return text.clean(value.decode(charset, "replace"))[:1_000] or None
            except LookupError:
                return text.clean(value.decode("cp1258", "replace"))[:1_000] or None
        return text.clean(value)[:1_000] or None if isinstance(value, str) else None

    return {
        "title": said(meta.title),
        "author": said(meta.author),
        "created": _moment(meta.create_time),
        "modified": _moment(meta.last_saved_time),
        "page_count": meta.num_pages if isinstance(meta.num_pages, int) and 0 < meta.num_pages < 1_000_000 else None,
    }


def _moment(value: object) -> datetime | None:
    """A FILETIME as olefile gives it: naive, in UTC; 1601 where it was never set."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.year > 1970 else None


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _long(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
