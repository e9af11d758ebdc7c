"""What documents tell of procedures, from tables that are whole and from lines that are not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample import attachments, docx
from sample.announcements import IN_DOCX
from scraper import attached, documents
from scraper.items import Document, Member
from scraper.outcomes import Outcome

NEW = "A. DANH MỤC THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH"
AMENDED = "B. DANH MỤC THỦ TỤC HÀNH CHÍNH ĐƯỢC SỬA ĐỔI, BỔ SUNG"
ABOLISHED = "C. DANH MỤC THỦ TỤC HÀNH CHÍNH BỊ BÃI BỎ"


def told(*lines: str) -> list[tuple[str | None, str, str | None]]:
    return [(one.code, one.name, one.change) for one in attached.read(["\n".join(lines)]).procedures]


def test_the_tables_of_a_word_file_are_read_under_their_headings():
    document = attached.told_by(documents.read(attachments.special("annex.docx")))
    expected = [(one.code, one.name, one.field, change) for change, members in IN_DOCX.parts() for one in members]
    assert [(one.code, one.name, one.field, one.change) for one in document.procedures] == expected
    assert {one.evidence for one in document.procedures} == {NEW, AMENDED, ABOLISHED}
    assert {(one.decision.normal, one.decision.date) for one in document.procedures if one.decision} == {
        (IN_DOCX.number, date(2025, 7, 15))
    }
    assert [one.normal for one in document.numbers] == [IN_DOCX.number]


HEAD = (
    "UBND TỈNH\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSố: 12/QĐ-UBND\tThanh Hóa, ngày 02 tháng 12 năm 2024\nQUYẾT ĐỊNH\n"
)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (HEAD + "Căn cứ Nghị định số: 45/2023/NĐ-CP", "12/QĐ-UBND"),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSố: 1482/KH-SGDĐT  Phú Thọ, ngày 3/4/2024\nKẾ HOẠCH", "1482/KH-SGDĐT"),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSố:      /QĐ-UBND\nCăn cứ\nSố: 13/QĐ-UBND", None),  # not yet signed
        ("DỰ THẢO\n" + HEAD, None),
        ("PHỤ LỤC\n(Kèm theo Quyết định số: 12/QĐ-UBND)\nSố: 13/QĐ-UBND", None),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nCĂN CỨ\nSố: 13/QĐ-UBND", None),
        ("Số: 13/QĐ-UBND ngày 3/4/2024", None),  # a line of a list
    ],
)
def test_a_document_is_the_one_whose_number_its_letterhead_has(text: str, own: str | None):
    document = attached.told_by(Document(outcome=Outcome.OK, pages=(text,)))
    assert document.own == ({own} if own else set())


def test_numbers_are_told_with_the_page_that_names_them_first():
    pages = (
        HEAD,
        "không có số nào",
        "Nghị định số 45/2023/NĐ-CP\tvà Quyết định số",
        "12/QĐ-UBND, Thông tư 01/2022/TT-BNV",
    )
    document = attached.told_by(Document(outcome=Outcome.OK, pages=pages))
    told = dict(zip((one.normal for one in document.numbers), document.named_on, strict=True))
    assert told == {"12/QĐ-UBND": 1, "45/2023/NĐ-CP": 3, "01/2022/TT-BNV": 4}
    members = (Member(name="a", size=1, first=0, pages=2), Member(name="b", size=1, first=2, pages=2))
    archive = attached.told_by(Document(outcome=Outcome.OK, pages=pages, members=members))
    assert archive.named_on == (1, 3, 4, 4)
    assert archive.own == {"12/QĐ-UBND"}


def test_merged_cells_of_a_word_file_keep_their_columns():
    table = [
        ["STT", "Mã TTHC", "Tên thủ tục hành chính", "Cơ quan thực hiện"],
        ["I. Lĩnh vực Công chứng"],
        ["1", "1.013803", "Bổ nhiệm công chứng viên", "Sở Tư pháp"],
        ["", "", "và bổ nhiệm lại", "UBND tỉnh"],
    ]
    document = documents.read(docx.document("Phụ lục", [NEW, table], day="2025-07-01"))
    assert document.pages[0].splitlines()[-3:] == [
        "I. Lĩnh vực Công chứng\t",
        "1\t1.013803\tBổ nhiệm công chứng viên\tSở Tư pháp",
        "\t\tvà bổ nhiệm lại\tUBND tỉnh",
    ]
    (one,) = attached.told_by(document).procedures
    assert (one.code, one.name) == ("1.013803", "Bổ nhiệm công chứng viên và bổ nhiệm lại")
    assert (one.field, one.carried_out_by, one.change) == ("Công chứng", "Sở Tư pháp UBND tỉnh", "new")


def test_a_decision_says_its_number_and_when_it_takes_effect():
    document = attached.told_by(documents.read(attachments.special("decision.pdf")))
    assert document.decision
    assert (document.decision.normal, document.effective) == ("2150/QĐ-UBND", date(2025, 8, 1))
    assert document.procedures == ()


def test_lines_that_a_scan_broke_and_misread():
    assert told(
        "(Kèm theo Quyết định số 3021/QĐ-UBND ngày 20/10/2025 của Chủ tịch UBND tỉnh)",
        NEW,
        "1. 1.0l4466.000.00.00.H56 - Công nhận kết quả thăm dò khoáng sản (cấp",
        "Tỉnh)",
        "2. 1. 014 295,000.00.,00.H56 - Quyết toán tiền cấp quyền khai thác",
        "khoáng sản",
        "B. DANH MỤC THỦ TỤC HÀNH CHÍNH ĐƯỢC SỬA ĐỔI,",
        "BỔ SUNG",
        "1. Lấy ý kiến về tác động của công trình (mã số 1.013799)",
    ) == [
        ("1.014466", "Công nhận kết quả thăm dò khoáng sản (cấp Tỉnh)", "new"),
        ("1.014295", "Quyết toán tiền cấp quyền khai thác khoáng sản", "new"),
        ("1.013799", "Lấy ý kiến về tác động của công trình", "amended"),
    ]


def test_cells_that_a_pdf_gives_line_by_line():
    lines = (ABOLISHED, "STT", "Mã TTHC", "Tên thủ tục", "1", "1.000588.000.00.00.H56", "Thay đổi nội dung", "đăng ký")
    assert told(*lines) == [("1.000588", "Thay đổi nội dung đăng ký", "abolished")]


def test_items_without_a_code_count_where_they_call_themselves_procedures():
    lines = (ABOLISHED, "1. Thủ tục cấp lại thẻ", "2. Bổ nhiệm lại", "II. NỘI DUNG CỤ THỂ", "1. Thủ tục khác")
    assert told(*lines) == [(None, "Thủ tục cấp lại thẻ", "abolished")]


@pytest.mark.parametrize(
    "lines",
    [
        ("DANH MỤC THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH, BỊ BÃI BỎ", "1. 1.014466.000.00.00.H56 - Công nhận kết quả"),
        ("DANH MỤC THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH,", "BỊ BÃI BỎ", "1. 1.014466.000.00.00.H56 - Công nhận kết quả"),
        ("Bộ thủ tục hành chính", "1. 1.014466.000.00.00.H56 - Công nhận kết quả"),
        (NEW, "Điều 2. Giao Sở Tư pháp", "1. 1.014466.000.00.00.H56 - Công nhận kết quả"),
        (NEW, "1. Lệ phí: 1.500000 đồng"),
        ("DỰ THẢO", NEW, "1. 1.014466.000.00.00.H56 - Công nhận kết quả"),
        ("(Kèm theo Tờ trình số 5/TTr-STP)", NEW, "1. 1.014466.000.00.00.H56 - Công nhận kết quả"),
    ],
)
def test_nothing_is_said_to_change_without_words_that_say_so(lines):
    assert told(*lines) == []


def test_the_tables_of_a_draft_change_nothing():
    table = ("STT\tMã TTHC\tTên thủ tục hành chính", "1\t1.014466\tCông nhận kết quả")
    assert told("Dự thảo lần 2", NEW, *table) == [("1.014466", "Công nhận kết quả", None)]
    assert told(NEW, *table) == [("1.014466", "Công nhận kết quả", "new")]


def test_a_sentence_says_what_becomes_of_the_codes_in_it():
    assert told(
        "QUYẾT ĐỊNH:",
        "Điều 1. Bãi bỏ các thủ tục hành chính sau:",
        "1. Cấp lại thẻ công chứng viên (1.013830);",
        "Điều 2. Quyết định này có hiệu lực kể từ ngày ký.",
    ) == [("1.013830", "Cấp lại thẻ công chứng viên", "abolished")]


LABELLED = ("1. Tên thủ tục: Cấp lại thẻ", "Mã TTHC: 1.013830", "Lĩnh vực: Công chứng", "2. Tên thủ tục: Xóa đăng ký",
            "Mã TTHC: 1.013831")  # fmt: skip
GOES = [("1.013830", "Cấp lại thẻ", "abolished"), ("1.013831", "Xóa đăng ký", "abolished")]


def test_codes_in_lines_of_their_own_are_those_of_the_names_beside():
    assert told(ABOLISHED, *LABELLED) == GOES
    assert told("Phụ lục", *LABELLED) == []


def test_a_decision_says_what_becomes_of_what_it_lists_in_any_form():
    article = "Điều 1. Bãi bỏ các thủ tục hành chính sau:"
    rest = ("Điều 2. Quyết định này có hiệu lực kể từ ngày ký.", "- 1.013999: Cấp thẻ")
    assert told(HEAD, article, *LABELLED, *rest) == GOES
    assert told(HEAD, article, "- 1.013830: Cấp lại thẻ", "- 1.013831: Xóa đăng ký", *rest) == GOES


def test_each_member_of_an_archive_is_read_by_itself():
    pages = (f"{NEW}\n1. 1.014466.000.00.00.H56 - Công nhận kết quả", "1. 1.013799.000.00.00.H56 - Lấy ý kiến rộng rãi")
    members = tuple(Member(name=f"{at}.docx", size=1, first=at, pages=1) for at in range(2))
    archive = Document(outcome=Outcome.OK, pages=pages, members=members)
    assert [one.code for one in attached.told_by(archive).procedures] == ["1.014466"]


def test_what_is_told_is_bounded():
    rows = "\n".join(f"{at}\t1.{at:06d}.000.00.00.H56\tCấp giấy phép số {at}" for at in range(2_000))
    read = attached.read([f"{NEW}\nSTT\tMã TTHC\tTên thủ tục hành chính\n{rows}"])
    assert len(read.procedures) == attached.MOST_PROCEDURES
    many = attached.read(["\n".join(f"Nghị định số {at}/2020/NĐ-CP" for at in range(10, 900))])
    assert len(many.numbers) == attached.MOST_NUMBERS


PIECES = st.sampled_from(
    [NEW, AMENDED, ABOLISHED, "1. ", "1.014466", ".000.00.00.H56", "\t", "\n", "STT\tMã TTHC\tTên thủ tục hành chính\n",
     "Thủ tục ", "Điều 1. ", "Kèm theo Quyết định số 12/QĐ-UBND ", "có hiệu lực từ 31/02/2025", " - ", "(", "I. "]
)  # fmt: skip


@given(st.lists(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map("".join), max_size=3))
def test_no_text_raises(pages):
    for one in attached.read(pages).procedures:
        assert one.code or one.name
        assert bool(one.change) == bool(one.evidence)
