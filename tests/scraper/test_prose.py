"""Decisions that portals print as prose: the procedures in their lines, and nothing where none is announced."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_procedures import page

from scraper import attached

ABOLISHED = "Quyết định công bố thủ tục hành chính bị bãi bỏ trong lĩnh vực khoáng sản"
BOTH = "Quyết định công bố danh mục thủ tục hành chính mới ban hành, bị bãi bỏ lĩnh vực khoáng sản"
PLAIN = "Quyết định số 312/QĐ-UBND của Ủy ban nhân dân tỉnh"
CLOSING = (
    "Quyết định này có hiệu lực từ ngày 01/03/2026. Sở, ngành có liên quan chịu trách nhiệm thi hành quyết định này.",
    "Nơi nhận: như trên.",
)
MINE, AGAIN = "Cấp giấy phép khai thác khoáng sản", "Cấp lại giấy phép khai thác"
FIRST, SECOND = ("1.013436", MINE, "abolished"), ("1.013437", AGAIN, "abolished")


def told(title: str, *lines: str) -> list[tuple[str | None, str, str | None]]:
    return [(one.code, one.name, one.change) for one in attached.in_lines(title, "\n".join([*lines, *CLOSING]))]


@pytest.mark.parametrize(
    "lines",
    [
        (f"1. Tên thủ tục: {MINE}", "Mã số TTHC: 1.013436", f"2. Tên thủ tục: {AGAIN}", "Mã số TTHC: 1.013437"),
        (f"Mã TTHC: 1.013436.000.00.00.H56\nTên TTHC: {MINE}\nMã TTHC: 1.013437\nTên TTHC: {AGAIN}",),
        (MINE, "Mã thủ tục: 1.013436.000.00.00.H56", AGAIN, "Mã thủ tục: 1.013437.000.00.00.H56"),
        ("Mã thủ tục: 1.013436", MINE, "Mã thủ tục: 1.013437", AGAIN),
        (f"1. {MINE}", "- Mã số: 1.013436", "- Lĩnh vực: Khoáng sản", f"2. {AGAIN}", "- Mã số: 1.013437"),
        (f"1. {MINE} (mã số 1.013436)", f"2. {AGAIN} (mã số: 1.013437.000.00.00.H56);"),
        (f"{MINE} (1.013436)", f"{AGAIN} - Mã số: 1.013437"),
        (f"- 1.013436: {MINE}", f"- 1.013437: {AGAIN}"),
        (f"1.013436 - {MINE}", f"1.013437 - {AGAIN}"),
        (f"1. 1.013436 – {MINE}", f"2. 1.013437 – {AGAIN}"),
        (f"Bãi bỏ 02 thủ tục hành chính: {MINE} (1.013436); {AGAIN} (1.013437).",),
        (f"- {MINE} (1.013436), {AGAIN} (1.013437)",),
        (f"Bãi bỏ thủ tục {MINE} (mã số 1.013436).", f"Bãi bỏ thủ tục hành chính “{AGAIN}” (mã số 1.013437)."),
        (f"Theo đó, thủ tục {MINE} (mã số 1.013436) bị bãi bỏ. Thủ tục {AGAIN} (1.013437) bị bãi bỏ.",),
        (
            "Điều 1. Công bố kèm theo Quyết định này danh mục thủ tục hành chính lĩnh vực khoáng sản.",
            f"1. {MINE} (1.013436)",
            f"2. {AGAIN} (1.013437)",
            "Điều 2. Giao Sở Nông nghiệp và Môi trường cập nhật cơ sở dữ liệu.",
            "1. Thủ tục cấp phép nổ mìn (1.013999)",
        ),
    ],
)
def test_the_printed_forms_of_a_list(lines: tuple[str, ...]) -> None:
    assert told(ABOLISHED, *lines) == [FIRST, SECOND]
    assert told(f"Dự thảo {ABOLISHED}", *lines) == []


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        (PLAIN, ("Điều 1. Bãi bỏ các thủ tục hành chính sau:", f"Tên thủ tục: {MINE}", "Mã số: 1.013436")),
        (PLAIN, ("Danh mục thủ tục hành chính bị bãi bỏ:", f"{MINE} 1.013436")),
        (PLAIN, (f"Điều 1. Công bố bãi bỏ thủ tục {MINE} (mã số 1.013436).",)),
        (f"Quyết định công bố bãi bỏ thủ tục {MINE} (1.013436)", ("Căn cứ đề nghị của Giám đốc Sở.",)),
        (BOTH, (f"Thủ tục {MINE} (mã số 1.013436) bị bãi bỏ.",)),
        (ABOLISHED, (f"1. {MINE} (1.013436)", "Thủ tục còn hiệu lực:", "1. Cấp phép thăm dò (1.013999)")),
    ],
)
def test_title_sentence_and_heading_say_what_becomes_of_it(title: str, lines: tuple[str, ...]) -> None:
    assert told(title, *lines) == [FIRST]


@pytest.mark.parametrize(
    "name",
    [
        "Cấp thẻ hướng dẫn viên du lịch nội địa",
        "Cấp giấy phép xây dựng nhà ở riêng lẻ",
        "Cho phép tiếp tục thực hiện dự án liên quan đến đất lúa",
        "Sửa đổi, bổ sung giấy phép thăm dò",
        "Thông báo thay thế người đại diện",
    ],
)
def test_words_of_a_name_say_nothing_of_the_procedure(name: str) -> None:
    for lines in ((f"1. {name} (1.013436)",), (f"1. {name}", "Mã số: 1.013436"), (name, "Mã số: 1.013436")):
        assert told(ABOLISHED, *lines) == [("1.013436", name, "abolished")]


def test_each_section_says_what_becomes_of_its_own() -> None:
    rows = attached.in_lines(
        BOTH,
        "\n".join(
            [
                "A. Danh mục thủ tục hành chính ban hành mới",
                f"1. {MINE}",
                "Mã số: 1.013436",
                "Lĩnh vực: Địa chất và khoáng sản",
                "B. Danh mục thủ tục hành chính bị bãi bỏ",
                f"1. {AGAIN} (mã số 1.013437)",
                "2. Thủ tục cấp phép nổ mìn",
                "II. Nội dung cụ thể của từng thủ tục",
                "1. Thủ tục nộp hồ sơ",
                *CLOSING,
            ]
        ),
    )
    assert [(one.code, one.name, one.field, one.change, one.evidence) for one in rows] == [
        ("1.013436", MINE, "Địa chất và khoáng sản", "new", "A. Danh mục thủ tục hành chính ban hành mới"),
        ("1.013437", AGAIN, None, "abolished", "B. Danh mục thủ tục hành chính bị bãi bỏ"),
        (None, "Thủ tục cấp phép nổ mìn", None, "abolished", "B. Danh mục thủ tục hành chính bị bãi bỏ"),
    ]
    above = "A. Danh mục thủ tục hành chính ban hành mới"
    assert rows[0].raw == (("", f"{above}\n1. {MINE}\nMã số: 1.013436\nLĩnh vực: Địa chất và khoáng sản"),)
    assert {one.effective_from for one in rows} == {date(2026, 3, 1)}


def test_what_takes_its_place_is_no_item() -> None:
    title = "Quyết định công bố thủ tục hành chính được thay thế lĩnh vực khoáng sản"
    for lines in (
        (f"1. {MINE} (1.013436)", "Được thay thế bằng thủ tục 1.013437"),
        (f"1. {MINE} (1.013436), được thay thế bằng thủ tục 1.013437",),
    ):
        rows = attached.in_lines(title, "\n".join(lines))
        assert [(one.code, one.change) for one in rows] == [("1.013436", "replaced"), ("1.013437", "new")]


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Hướng dẫn thực hiện thủ tục 1.013436", (f"1. Thủ tục {MINE} (mã số 1.013436)",)),
        ("Sở tập huấn nghiệp vụ", (f"Sở hướng dẫn thủ tục hành chính {MINE} (1.013436).", f"- 1.013436: {MINE}")),
        ("Dự thảo Quyết định công bố thủ tục hành chính bị bãi bỏ", (f"1. {MINE} (1.013436)",)),
        ("Lấy ý kiến về thủ tục hành chính", ("A. Thủ tục hành chính bị bãi bỏ", f"1. {MINE} (1.013436)")),
        (ABOLISHED, ("DỰ THẢO", f"1. {MINE} (1.013436)")),
        (BOTH, (f"1. {MINE} (1.013436)",)),
        (ABOLISHED, ("Mọi thắc mắc về thủ tục xin gửi về Sở, mã số 1.013436.",)),
        (ABOLISHED, (f"Người dân nộp hồ sơ {MINE} (1.013436) tại Trung tâm từ nay.",)),
        (ABOLISHED, (f"- Riêng thủ tục {MINE} (1.013436) vẫn được tiếp nhận",)),
        (ABOLISHED, ("Hướng dẫn các thủ tục hành chính:", f"1. {MINE} (1.013436)")),
        (ABOLISHED, ("1. Lệ phí: 1.500000 đồng",)),
        (PLAIN, (f"Căn cứ Quyết định số 5/QĐ-UBND công bố bãi bỏ thủ tục {MINE} (1.013436).",)),
        (PLAIN, (f"1. {MINE} (1.013436)",)),
    ],
)
def test_nothing_is_announced_without_words_that_say_so(title: str, lines: tuple[str, ...]) -> None:
    assert told(title, *lines) == []


def test_a_decision_that_names_procedures_under_labels_is_no_procedure() -> None:
    body = "".join(
        f"<p>{line}</p>"
        for line in (
            "Chủ tịch Ủy ban nhân dân tỉnh ban hành Quyết định số 312/QĐ-UBND.",
            f"1. Tên thủ tục: {MINE}",
            "Mã số TTHC: 1.013436",
            "Lĩnh vực: Khoáng sản",
            *CLOSING * 3,
        )
    )
    reading = page(body, title=ABOLISHED)
    assert (reading.kind, reading.procedure) == ("article", None)
    assert [(one.code, one.name, one.field, one.change, one.evidence) for one in reading.procedures] == [
        ("1.013436", MINE, "Khoáng sản", "abolished", ABOLISHED)
    ]
    whole = page(body + "<p>Trình tự thực hiện: Nộp hồ sơ tại Trung tâm.</p>", title=ABOLISHED)
    assert whole.kind == "procedure"
    assert whole.procedure
    assert (whole.procedure.change, whole.procedure.evidence) == ("abolished", ABOLISHED)
    assert page(body, title="Chi tiết thủ tục hành chính").kind == "procedure"


def test_what_a_table_lists_is_told_by_the_table_alone() -> None:
    table = (
        "<table><tr><th>STT</th><th>Mã TTHC</th><th>Tên thủ tục hành chính</th></tr>"
        f"<tr><td>1</td><td>1.013436</td><td>{MINE}</td></tr></table>"
    )
    reading = page(f"<p>1. {MINE} (1.013436)</p>{table}<p>{CLOSING[0] * 3}</p>", title=ABOLISHED)
    assert [(one.code, one.change, dict(one.raw)["STT"]) for one in reading.procedures] == [
        ("1.013436", "abolished", "1")
    ]


PIECES = st.sampled_from(
    [ABOLISHED, BOTH, MINE, "1. ", "- ", "1.013436", "Mã số: ", "Tên thủ tục: ", "Thủ tục ", "Điều 1. ", " bị bãi bỏ",
     "\n", "Bãi bỏ thủ tục ", "(mã số 1.013437)", "; ", ". ", "thay thế ", ":",
     "Lĩnh vực: ", "B. Thủ tục hành chính mới"]
)  # fmt: skip


@given(
    st.lists(PIECES | st.text(max_size=5), max_size=4).map("".join), st.lists(PIECES | st.text(max_size=5)).map("".join)
)
def test_no_text_raises(title: str, body: str) -> None:
    for one in attached.in_lines(title, body):
        assert one.code or one.name
        assert one.change
        assert one.evidence
