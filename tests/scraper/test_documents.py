"""What documents say: their kind by content, their text by page, and why there is none."""

from __future__ import annotations

import gzip
from datetime import UTC, date
from pathlib import Path

import papers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import decode, documents, office, pdf
from scraper.bounds import Bounds
from scraper.outcomes import Outcome

OFFICE = Path(__file__).parent / "office"
ROWS = (("STT", "Tên thủ tục", "Lệ phí"), ("1", "Cấp giấy phép xây dựng", "Không"))


def test_a_pdf_is_read_page_by_page_with_its_properties():
    body = papers.pdf(papers.DECISION, "Điều 2. Hiệu lực", title="Quyết định công bố", author="UBND tỉnh")
    document = documents.read(body)
    assert document.outcome is Outcome.OK
    assert document.media_type == pdf.MEDIA_TYPE
    assert [" ".join(page.split()) for page in document.pages] == [papers.DECISION, "Điều 2. Hiệu lực"]
    assert (document.page_count, document.title, document.author) == (2, "Quyết định công bố", "UBND tỉnh")
    assert document.created == papers.MADE
    assert document.size == len(body)
    assert document.digest == decode.digest(body)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("D:20240503081500+07'00'", "2024-05-03T08:15:00+07:00"),
        ("D:20240503081500Z", "2024-05-03T08:15:00+00:00"),
        ("D:2024", "2024-01-01T00:00:00+00:00"),
        ("20240503081500-05'30", "2024-05-03T08:15:00-05:30"),
        ("D:20241332", None),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_dates_of_a_pdf(said: str, moment: str | None):
    found = pdf.moment(said)
    assert (found.isoformat() if found else None) == moment


def test_a_word_document_with_a_table_and_pages():
    document = documents.read(papers.word(papers.DECISION, "Điều 2.", rows=ROWS, title="Danh mục", author="Sở Nội vụ"))
    assert document.outcome is Outcome.OK
    assert document.media_type == office.DOCX
    assert document.pages == (
        f"{papers.DECISION}\nSTT\tTên thủ tục\tLệ phí\n1\tCấp giấy phép xây dựng\tKhông",
        "Điều 2.",
    )
    assert (document.title, document.author) == ("Danh mục", "Sở Nội vụ")


def test_words_that_word_shows_twice_or_deleted_are_read_once_or_not():
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    xml = f"""<w:document xmlns:w="{space}" xmlns:mc="{mc}"><w:body><w:p><w:r><w:t>một</w:t></w:r><w:del><w:r>
    <w:delText>xóa</w:delText></w:r></w:del><mc:AlternateContent><mc:Choice><w:p><w:r><w:t>hộp</w:t></w:r></w:p>
    </mc:Choice><mc:Fallback><w:p><w:r><w:t>hộp</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:p>
    </w:body></w:document>"""
    body = papers.archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": xml.encode()})
    assert documents.read(body).pages == ("mộthộp",)


def test_legacy_word_documents_are_read_without_any_tool():
    document = documents.read((OFFICE / "decision.doc").read_bytes())
    assert document.outcome is Outcome.OK
    assert document.media_type == "application/msword"
    assert document.pages[0].splitlines() == [
        "QUYẾT ĐỊNH số 1234/QĐ-UBND về việc công bố danh mục thủ tục hành chính",
        "STT\tTên thủ tục\tLệ phí",
        "1\tCấp giấy phép xây dựng\tKhông",
        "Điều 2. Quyết định có hiệu lực kể từ ngày ký.",
    ]
    assert (document.title, document.author) == ("Danh mục thủ tục hành chính", "Sở Nội vụ")
    assert document.modified is None or document.modified.tzinfo is UTC


def test_a_word_document_in_a_font_of_before_unicode():
    assert documents.read((OFFICE / "old-font.doc").read_bytes()).pages == ("Quyết định công bố thủ tục",)


def test_workbooks_have_a_page_for_each_sheet():
    sheets = {
        "Biểu 1": [["STT", "Tên", "Ngày"], [1, "Cấp phép", date(2024, 5, 3)]],
        "Trống": [],
        "Hai": [["x", 2.5]],
    }
    document = documents.read(papers.workbook(sheets))
    assert document.media_type == office.XLSX
    assert document.pages == ("Biểu 1\nSTT\tTên\tNgày\n1\tCấp phép\t03/05/2024", "", "Hai\nx\t2.5")
    assert document.page_count == 3


def test_an_old_workbook():
    document = documents.read((OFFICE / "table.xls").read_bytes())
    assert (document.media_type, document.pages) == (office.XLS, ("Biểu\nCấp phép\t\n\t12",))


def test_rich_text():
    said = (
        rb"{\rtf1\ansi\ansicpg1258{\info{\title Th\u7911? t\u7909?c}}Quy\u7871?t \u273?\u7883?nh\par hai\page ba\par}"
    )
    document = documents.read(said)
    assert document.media_type == office.RTF
    assert document.pages == ("Quyết định\nhai", "ba")
    assert document.title == "Thủ tục"
    assert documents.read(said[:-1]).outcome is Outcome.TRUNCATED


def test_an_opendocument_text():
    body = papers.text(
        "<office:text><text:h>Danh<text:s/>mục</text:h><text:p>một <text:span>hai</text:span> ba</text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>ô 1</text:p></table:table-cell>"
        "<table:table-cell><text:p>ô 2</text:p></table:table-cell></table:table-row></table:table>"
        "<text:p>bốn<text:soft-page-break/>năm</text:p></office:text>"
    )
    document = documents.read(body)
    assert document.media_type == office.ODT
    assert document.pages == ("Danh mục\nmột hai ba\nô 1\tô 2\nbốn", "năm")


def test_an_archive_tells_its_members_and_reads_the_documents_among_them():
    body = papers.archive(
        {
            "../../etc/passwd.docx": papers.word("một", "hai"),
            "C:\\Windows\\x.pdf": papers.pdf(papers.DECISION),
            "ảnh.jpg": b"\xff\xd8\xff\xe0",
            "trong.zip": papers.archive({"sâu.docx": papers.word("ba")}),
        }
    )
    document = documents.read(body)
    assert document.outcome is Outcome.OK
    assert document.media_type == documents.ZIP
    told = [(one.name, one.first, one.pages) for one in document.members]
    assert told == [
        ("../../etc/passwd.docx", 0, 2),
        ("C:\\Windows\\x.pdf", 2, 1),
        ("ảnh.jpg", 3, 0),
        ("trong.zip", 3, 1),
    ]
    assert [" ".join(page.split()) for page in document.pages] == ["một", "hai", papers.DECISION, "ba"]
    assert document.members[2].message == "no text is read from image/jpeg"


def test_archives_within_archives_come_to_an_end():
    body = papers.archive({"a.docx": papers.word("một")})
    for _ in range(5):
        body = papers.archive({"more.zip": body})
    document = documents.read(body)
    assert document.outcome is Outcome.TOO_COMPLEX
    assert document.message == "not read: an archive in an archive in an archive"


def test_a_rar_archive_is_listed_and_what_is_stored_in_it_is_read(monkeypatch: pytest.MonkeyPatch):
    document = documents.read(papers.rar({"..\\x.docx": papers.word("một")}))
    assert document.media_type == documents.RAR
    assert [(one.name, one.pages) for one in document.members] == [("../x.docx", 1)]
    assert document.pages == ("một",)


def test_packed_members_of_a_rar_are_listed_where_no_tool_unpacks_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("rarfile.CURRENT_SETUP", None)
    document = documents.read(papers.rar({"x.docx": papers.word("một")}, method=0x33))
    assert document.members[0].name == "x.docx"
    assert document.message == "not read: none of unrar, unar, bsdtar is installed"


def test_a_scan_is_known_as_one():
    document = documents.read(papers.scan("Quyet dinh", "so 1234"))
    assert (document.outcome, document.message) == (Outcome.EMPTY_OK, "scanned, no text")
    assert document.flags == {"scanned"}
    assert document.page_count == 2


def test_a_locked_pdf_says_so():
    document = documents.read(papers.pdf("một", password="x"))
    assert (document.outcome, document.flags) == (Outcome.EMPTY_OK, {"encrypted"})
    assert document.message == "encrypted: it opens with a password only"


@pytest.mark.parametrize(
    "make", [lambda: papers.pdf(*["một"] * 30), lambda: papers.word("một"), lambda: papers.scan("x")]
)
def test_a_file_cut_short_is_known_as_one(make):
    body = make()
    for part in (0.3, 0.6, 0.95):
        document = documents.read(body[: int(len(body) * part)])
        assert document.outcome is Outcome.TRUNCATED
        assert document.message.startswith("the file ends before its end")
        assert "truncated" in document.flags


def test_an_old_office_file_cut_short():
    body = (OFFICE / "decision.doc").read_bytes()
    for size in (600, 5_000, 12_000):
        assert documents.read(body[:size]).outcome in {Outcome.TRUNCATED, Outcome.BROKEN}


def test_a_page_that_came_instead_of_a_document_is_a_failure_with_that_cause():
    document = documents.read(
        b"<!DOCTYPE html><html><body>Kh\xc3\xb4ng c\xc3\xb3</body></html>", expected=pdf.MEDIA_TYPE
    )
    assert document.outcome is Outcome.BROKEN
    assert document.message == "an HTML page came where application/pdf was expected: 'Không có'"
    busy = documents.read("<html><body>Hệ thống đang bảo trì, xin quay lại sau</body></html>".encode())
    assert busy.outcome is Outcome.MAINTENANCE


@pytest.mark.parametrize("body", [b"", b"\0" * 4096, b" \r\n"])
def test_nothing_is_empty(body: bytes):
    assert documents.read(body).outcome is Outcome.EMPTY


def test_the_kind_is_that_of_the_content():
    assert documents.read(papers.word("một"), expected="application/pdf").media_type == office.DOCX
    assert documents.read(b"\x89PNG\r\n").media_type == "image/png"


def test_a_content_coding_is_undone_before_the_bytes_are_named():
    body = papers.pdf("một hai ba bốn năm")
    document = documents.read(gzip.compress(body), content_encoding="gzip")
    assert (document.digest, document.size) == (decode.digest(body), len(body))
    assert documents.read(gzip.compress(body)[:-20], content_encoding="gzip").outcome is Outcome.TRUNCATED


def test_bombs_are_not_unfolded():
    bomb = b"\0" * (80 << 20)
    in_archive = documents.read(papers.archive({"bomb.docx": bomb}))
    assert in_archive.outcome is Outcome.TOO_BIG
    package = {"[Content_Types].xml": b"<Types/>", "word/document.xml": bomb}
    assert documents.read(papers.archive(package)).outcome is Outcome.TOO_BIG
    sheets = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>", "xl/sharedStrings.xml": bomb}
    assert documents.read(papers.archive(sheets)).outcome is Outcome.TOO_BIG


def test_entities_of_a_document_are_not_expanded():
    xml = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]>
    <w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:t>m&a;&f;</w:t></w:p>
    </w:document>"""
    document = documents.read(papers.archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": xml}))
    assert "root:" not in "".join(document.pages)
    assert "aaaa" not in "".join(document.pages)


def test_a_very_long_document_is_read_as_far_as_the_bounds_go():
    document = documents.read(papers.pdf(*["một hai ba bốn năm sáu"] * 9), bounds=Bounds(pages=4))
    assert (document.outcome, len(document.pages), document.page_count) == (Outcome.OK, 4, 9)
    assert document.flags == {"truncated"}
    assert document.message == "4 of its 9 pages were read: it has too many pages"
    wordy = documents.read(papers.word("một " * 500), bounds=Bounds(letters=100))
    assert (len(wordy.pages[0]), wordy.flags) == (100, {"truncated"})
    clock = iter(range(1000)).__next__
    slow = documents.read(papers.pdf(*["một hai ba bốn năm sáu"] * 9), bounds=Bounds(seconds=3, clock=clock))
    assert "truncated" in slow.flags
    assert slow.message.endswith("it takes more than 3 s")


SEEDS = [
    papers.pdf("một"), papers.word("một", rows=ROWS), papers.workbook({"a": [["b"]]}), papers.rar({"a": b"b"}),
    papers.archive({"a.rtf": b"{\\rtf1 a}"}), (OFFICE / "decision.doc").read_bytes(),
    (OFFICE / "table.xls").read_bytes(), b"{\\rtf1\\ansi a\\par}",
]  # fmt: skip


@settings(max_examples=150)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_bytes_raise_nothing(seed: bytes, data: st.DataObject):
    body = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + 1] = data.draw(st.binary(max_size=4))
        if not body:
            break
    documents.read(bytes(body), bounds=Bounds(seconds=5))


MAGIC = [b"", b"%PDF-", b"PK\3\4", b"Rar!\x1a\7\0", b"Rar!\x1a\7\1\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"]


@settings(max_examples=100)
@given(st.sampled_from(MAGIC), st.binary(max_size=600))
def test_any_bytes_raise_nothing(magic: bytes, body: bytes):
    documents.read(magic + body)
