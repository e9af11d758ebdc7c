"""Which procedure takes another's place, by the words that say so with its code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import attached, shapes, successions, tables
from scraper.items import Change, Instead, Procedure

OLD, NEW = "1.013436", "1.013437"
REPLACED = "DANH MỤC THỦ TỤC HÀNH CHÍNH ĐƯỢC THAY THẾ"
BOTH = "DANH MỤC THỦ TỤC HÀNH CHÍNH SỬA ĐỔI, BỔ SUNG HOẶC THAY THẾ"
ISSUED = "DANH MỤC THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH"
GOES = ("Mã số TTHC được thay thế", "Tên thủ tục được thay thế")
COMES = ("Mã số TTHC thay thế", "Tên thủ tục thay thế")
OLD_CELLS, NEW_CELLS = (f"{OLD}.000.00.00.H56", "Cấp thẻ cho người cao tuổi"), (NEW, "Cấp thẻ cho người có công")
LISTED = ("Mã số TTHC", "Tên thủ tục hành chính", "Ghi chú")


def told(heading: str, head: tuple[str, ...], row: tuple[str, ...]) -> dict[str | None, tuple[str | None, str, str]]:
    rows = successions.linked(tables.rows_of((("STT", *head), ("1", *row)), heading=[heading]))
    assert successions.linked(rows) == rows
    for one in rows:
        assert bool(one.change) == bool(one.evidence)
        assert shapes.procedure_of(shapes.procedure(one)) == one

    def codes(others: tuple[Instead, ...]) -> str:
        return ",".join(other.code for other in others)

    return {one.code: (one.change, codes(one.replaces), codes(one.replaced_by)) for one in rows}


PAIR = {OLD: ("replaced", "", NEW), NEW: ("new", OLD, "")}


@pytest.mark.parametrize(
    ("heading", "head", "row", "expected"),
    [
        (REPLACED, (*GOES, *COMES), (*OLD_CELLS, *NEW_CELLS), PAIR),
        (REPLACED, (*COMES, *GOES), (*NEW_CELLS, *OLD_CELLS), PAIR),
        (ISSUED, LISTED, (*NEW_CELLS, f"Thay thế thủ tục có mã số {OLD}"), PAIR),
        (REPLACED, LISTED, (*NEW_CELLS, f"Thay thế cho TTHC {OLD}"), PAIR),
        (REPLACED, LISTED, (*OLD_CELLS, f"Được thay thế bằng thủ tục {NEW}"), PAIR),
        (REPLACED, LISTED, (*OLD_CELLS, f"Thay thế thủ tục {OLD} bằng thủ tục {NEW}."), PAIR),
        ("", LISTED, (*NEW_CELLS, f"thay thế thủ tục {OLD}"), {NEW: (None, OLD, "")}),  # nobody says who decided it
        (REPLACED, LISTED, (*OLD_CELLS, "Thay thế Quyết định 12/QĐ-UBND"), {OLD: ("replaced", "", "")}),
        (REPLACED, LISTED, (*OLD_CELLS, f"Xem thêm {NEW}"), {OLD: ("replaced", "", "")}),
        (ISSUED, (*LISTED[:2], "Mã số TTHC thay thế"), (*NEW_CELLS, OLD), {NEW: ("new", "", "")}),  # which goes?
        (REPLACED, (*GOES, *COMES), (*OLD_CELLS, "", "Cấp thẻ khác"), {OLD: ("replaced", "", "")}),  # a name alone
    ],
)  # fmt: skip
def test_a_succession_is_told_of_both(
    heading: str, head: tuple[str, ...], row: tuple[str, ...], expected: dict[str, tuple[str | None, str, str]]
) -> None:
    assert told(heading, head, row) == expected


def test_the_other_one_has_its_name_and_the_words_that_say_so() -> None:
    rows = tables.rows_of((("STT", *GOES, *COMES), ("1", *OLD_CELLS, *NEW_CELLS)), heading=[REPLACED])
    old, new = successions.linked(rows)
    assert (old.code, old.name, old.evidence) == (OLD, OLD_CELLS[1], REPLACED)
    assert (new.code, new.name, new.evidence) == (NEW, NEW_CELLS[1], f"Mã số TTHC thay thế: {NEW}")


def test_one_that_has_a_row_of_its_own_is_told_of_there() -> None:
    row = Procedure(code=NEW, name="B", change="amended", evidence="sửa đổi")
    rows = tables.rows_of((("STT", *GOES, *COMES), ("1", *OLD_CELLS, *NEW_CELLS)), heading=[REPLACED])
    assert [(one.code, one.change) for one in successions.linked([*rows, row])] == [(OLD, "replaced"), (NEW, "amended")]


def test_lines_of_a_file_say_it_and_drafts_do_not() -> None:
    line = f"1. Thủ tục cấp thẻ A ({OLD}) được thay thế bằng thủ tục cấp thẻ B ({NEW})"
    rows = attached.read([f"{REPLACED}\n{line}\n"]).procedures
    assert [(one.code, one.change, one.evidence) for one in rows] == [(OLD, "replaced", REPLACED), (NEW, "new", line)]
    assert not any(one.replaced_by for one in attached.read([f"DỰ THẢO\n{REPLACED}\n{line}\n"]).procedures)


LABELS = st.sampled_from([*GOES, *COMES, "", "Ghi chú", "Thay thế bởi"]) | st.text(max_size=20)
VALUES = st.sampled_from([OLD, NEW, f"thay thế thủ tục {OLD}", f"được thay thế bởi {NEW}"]) | st.text(max_size=60)
CHANGES: list[Change | None] = [None, "new", "amended", "replaced", "abolished"]


@settings(max_examples=150)
@given(
    st.lists(st.tuples(LABELS, VALUES), max_size=5),
    st.sampled_from(CHANGES),
    st.sampled_from([None, OLD, NEW]),
)
def test_no_row_raises_and_none_is_in_its_own_place(
    raw: list[tuple[str, str]], change: Change | None, code: str | None
) -> None:
    row = Procedure(code=code, name="Thủ tục", change=change, evidence=change and "thủ tục", raw=tuple(raw))
    for one in successions.linked([row]):
        assert one.code not in {other.code for other in (*one.replaces, *one.replaced_by)}
        assert one.code in {code, OLD, NEW}
