"""Content codings and character sets: reliability.md A5-A10, B1-B6."""

import gzip
import time
import tracemalloc
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.decode import Garbled, TooBig, Truncated, unfold, utf8

TEXT = "Quyết định số 42/QĐ-UBND về đất đai, khen thưởng, kỷ luật. " * 50
PLAIN = TEXT.encode()
GZIP = gzip.compress(PLAIN)
ZLIB = zlib.compress(PLAIN)
RAW = zlib.compress(PLAIN, wbits=-15)
MIB = 1 << 20
quick = settings(max_examples=100)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (PLAIN, ""),
        (PLAIN, "identity"),
        (GZIP, "gzip"),
        (GZIP, " GZip "),
        (GZIP, "x-gzip"),
        (ZLIB, "deflate"),
        (RAW, "deflate"),
        (PLAIN, "gzip"),  # announced, and not done (A8)
        (gzip.compress(GZIP), "gzip, gzip"),
        (gzip.compress(ZLIB), "deflate, gzip"),
        (gzip.compress(GZIP), "gzip,identity,,gzip"),
        (gzip.compress(PLAIN[:999]) + gzip.compress(PLAIN[999:]), "gzip"),
        (GZIP + b"\0" * 512, "gzip"),
    ],
)
def test_unfold(body, coding):
    assert unfold(body, coding) == PLAIN


def test_unfold_of_nothing():
    assert unfold(b"", "gzip") == b""


@pytest.mark.parametrize("lost", [1, 8, 30, len(GZIP) // 2])
@pytest.mark.parametrize(("body", "coding"), [(GZIP, "gzip"), (gzip.compress(GZIP), "gzip, gzip")])
def test_gzip_cut_short(body, coding, lost):
    with pytest.raises(Truncated, match="ends early"):
        unfold(body[:-lost], coding)


@pytest.mark.parametrize("body", [ZLIB, RAW])
def test_deflate_cut_short(body):
    with pytest.raises(Truncated):
        unfold(body[:-10], "deflate")


def test_second_member_cut_short():
    with pytest.raises(Truncated):
        unfold(GZIP + GZIP[:-20], "gzip")


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (PLAIN, "br"),
        (PLAIN, "zstd"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 100, "gzip"),
        (GZIP[:100] + bytes(200) + GZIP[300:], "gzip"),
        (GZIP + b"<!-- appended -->", "gzip"),
        (PLAIN, "deflate"),
    ],
)
def test_garbled(body, coding):
    with pytest.raises(Garbled):
        unfold(body, coding)


def _bomb(size, times=1):
    """`size` bytes of nothing, folded so that no test has to hold them."""
    folder = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [folder.compress(bytes(MIB)) for _ in range(size // MIB)]
    folded = b"".join(parts) + folder.flush()
    for _ in range(times - 1):
        folded = gzip.compress(folded)
    return folded


@pytest.mark.parametrize(
    ("size", "times", "members", "coding"),
    [
        (200 * MIB, 1, 1, "gzip"),
        (200 * MIB, 2, 1, "gzip, gzip"),
        (200 * MIB, 5, 1, "gzip, gzip, gzip, gzip, gzip"),
        (MIB, 1, 100, "gzip"),
    ],
)
def test_bomb_is_refused_soon_and_without_being_held(size, times, members, coding):
    body = _bomb(size, times) * members
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(TooBig):
        unfold(body, coding, limit=4 * MIB)
    took, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 2
    assert most < 20 * MIB


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_limit_is_kept_to_the_byte(coding):
    body = gzip.compress(bytes(1000)) if coding else bytes(1000)
    assert unfold(body, coding, limit=1000) == bytes(1000)
    with pytest.raises(TooBig):
        unfold(body, coding, limit=999)


VIETNAMESE = "Quyết định về đất đai của Sở Nội vụ"
META = '<meta http-equiv="Content-Type" content="text/html; charset={}">'
# cp1258 writes most vowels as a letter and a mark
LEGACY = "Quy\xea\u0301t \u0111i\u0323nh v\xea\u0300 \u0111\xe2\u0301t \u0111ai"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (VIETNAMESE.encode(), "", VIETNAMESE),
        (VIETNAMESE.encode(), "text/html; charset=iso-8859-1", VIETNAMESE),  # B1
        (VIETNAMESE.encode(), "text/html; charset=windows-1258", VIETNAMESE),
        ((META.format("iso-8859-1") + VIETNAMESE).encode(), "", META.format("iso-8859-1") + VIETNAMESE),
        (LEGACY.encode("cp1258"), "", LEGACY),  # B2
        (LEGACY.encode("cp1258"), "text/html; charset=windows-1258", LEGACY),
        ((META.format("windows-1258") + LEGACY).encode("cp1258"), "text/html", META.format("windows-1258") + LEGACY),
        (("<meta charset=cp1258>" + LEGACY).encode("cp1258"), "; charset=latin-1", "<meta charset=cp1258>" + LEGACY),
        (LEGACY.encode("cp1258"), "text/html; charset=no-such", LEGACY),
        ("café".encode("latin-1"), 'text/html; charset="ISO-8859-1"', "café"),
        (BOM_UTF8 + VIETNAMESE.encode(), "text/html; charset=iso-8859-1", VIETNAMESE),  # B4
        (BOM_UTF16_LE + VIETNAMESE.encode("utf-16-le"), "", VIETNAMESE),
        (BOM_UTF16_BE + VIETNAMESE.encode("utf-16-be"), "text/html; charset=utf-8", VIETNAMESE),
        (VIETNAMESE.encode("utf-16-le"), "text/html; charset=utf-16le", VIETNAMESE),
        (VIETNAMESE.encode()[:-2], "", VIETNAMESE[:-1] + "\ufffd"),  # B5
        (b"\xed\xa0\x80" + VIETNAMESE.encode() * 3, "", "\ufffd\ufffd\ufffd" + VIETNAMESE * 3),
        (VIETNAMESE.encode() * 9 + b"\xff", "", VIETNAMESE * 9 + "\ufffd"),
        (VIETNAMESE.encode() * 9 + b"\xff", "text/html; charset=iso-8859-1", VIETNAMESE * 9 + "\ufffd"),
        ((META.format("utf-16") + LEGACY).encode("cp1258"), "", META.format("utf-16") + LEGACY),
        ("“về”".encode("cp1252", "xmlcharrefreplace"), "text/html; charset=iso-8859-1", "“v&#7873;”"),
        (b"a\x00b\x01c\x1bd\x7fe\tf\r\ng\x0ch", "", "abcde\tf\r\ng\x0ch"),  # B6
        (b"", "", ""),
    ],
)
def test_utf8(body, content_type, expected):
    assert utf8(body, content_type).decode() == expected


def test_utf16_cut_in_the_middle_of_a_letter():
    assert utf8(BOM_UTF16_LE + VIETNAMESE.encode("utf-16-le")[:-1]).decode() == VIETNAMESE[:-1] + "\ufffd"


@pytest.mark.parametrize("name", ["undefined", "rot13", "hex", "base64", "zip", "punycode", "idna", "unicode_escape"])
def test_codecs_that_are_no_character_sets_are_not_used(name):
    body = f"<meta charset={name}>".encode() + LEGACY.encode("cp1258")
    assert utf8(body, f"text/html; charset={name}").decode().endswith(LEGACY)


@quick
@given(st.binary(max_size=300), st.text(max_size=40) | st.sampled_from(["text/html; charset=utf-16", "; charset=zlib"]))
def test_any_bytes_become_text_that_every_database_takes(body, content_type):
    clean = utf8(body, content_type).decode("utf-8")
    assert not set(clean) & set("\x00\x01\x08\x0b\x1f\x7f")


@quick
@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "gzip, deflate", "br", "gzip, gzip", "\u00e9"]))
def test_any_bytes_unfold_or_are_refused(body, coding):
    with suppress(Truncated, TooBig, Garbled):
        assert len(unfold(body, coding, limit=10_000)) <= 10_000


@quick
@given(st.binary(max_size=2000))
def test_what_was_folded_unfolds(body):
    assert unfold(gzip.compress(body), "gzip") == body
    assert unfold(zlib.compress(body), "deflate") == body
