"""Tables that list procedures, as grids of text: those of pages and, just so, those of documents."""
# ruff: noqa: E501 - a piece of markup reads best in one line

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import blocks, shapes, tables
from scraper.extract import tree
from scraper.text import clean

HEAD = ("STT", "Mã TTHC", "Tên thủ tục hành chính", "Thời hạn giải quyết", "Căn cứ pháp lý")


def row(number, code="", name="", limit="", basis=""):
    return (str(number), code, name, limit, basis)


def across(said, *, repeated=True):
    return (said,) * len(HEAD) if repeated else (said, *[""] * (len(HEAD) - 1))


def told(found):
    return [(one.code, one.name, one.field, one.change, one.evidence) for one in found]


@pytest.mark.parametrize("repeated", [True, False], ids=["as HTML and DOCX", "as PDF"])
def test_rows_across_the_table_tell_of_those_below(repeated):
    grid = (
        HEAD,
        ("(1)", "(2)", "(3)", "(4)", "(5)"),
        across("A. THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH", repeated=repeated),
        across("I. Lĩnh vực Thi đua - Khen thưởng (02 TTHC)", repeated=repeated),
        row(1, "1.001234", "Tặng Giấy khen", "10 ngày", "Luật số 06/2022/QH15;\nNghị định số 98/2023/NĐ-CP"),
        HEAD,
        row(2, "1.001235.000.00.00.H56", "Tặng\nBằng khen"),
        across("B. THỦ TỤC HÀNH CHÍNH BỊ BÃI BỎ", repeated=repeated),
        ("II", "Tôn giáo", "", "", ""),
        row(1, "", "Đăng ký hội đoàn (mã số TTHC: 2.000111.000.00.00.H56)"),
    )
    found = tables.rows_of(grid)
    new, gone = "A. THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH", "B. THỦ TỤC HÀNH CHÍNH BỊ BÃI BỎ"
    assert told(found) == [
        ("1.001234", "Tặng Giấy khen", "Thi đua - Khen thưởng", "new", new),
        ("1.001235", "Tặng Bằng khen", "Thi đua - Khen thưởng", "new", new),
        ("2.000111", "Đăng ký hội đoàn", "Tôn giáo", "abolished", gone),
    ]
    assert found[0].time_limit == "10 ngày"
    assert [one.normal for one in found[0].legal_basis] == ["06/2022/QH15", "98/2023/NĐ-CP"]
    assert dict(found[2].raw)["Tên thủ tục hành chính"].startswith("Đăng ký hội đoàn (mã số")
    assert "Tôn giáo" in dict(found[2].raw)[""]


def test_there_is_no_change_without_words_that_say_so():
    (one,) = tables.rows_of(
        (HEAD, row(1, "1.001234", "Thủ tục sửa đổi, bổ sung giấy phép")), heading=["DANH MỤC THỦ TỤC"]
    )
    assert (one.name, one.change, one.evidence) == ("Thủ tục sửa đổi, bổ sung giấy phép", None, None)


def test_headings_above_hold_until_another_one_does():
    first = tables.Table(
        grid=(HEAD, row(1, "1.001234", "Cấp giấy phép")), heading=("I. Danh mục thủ tục hành chính mới ban hành",)
    )
    second = tables.Table(grid=(HEAD, row(1, "1.001235", "Cấp lại giấy phép")), heading=("Lĩnh vực: Việc làm",))
    third = tables.Table(
        grid=(HEAD, row(1, "1.001236", "Gia hạn giấy phép")), heading=("II. Thủ tục hành chính bị bãi bỏ",)
    )
    assert [(one.code, one.change, one.field) for one in tables.listed([first, second, third])] == [
        ("1.001234", "new", None),
        ("1.001235", "new", "Việc làm"),
        ("1.001236", "abolished", None),
    ]


def test_a_table_goes_on_after_a_page_end():
    first = (HEAD, row(1, "1.001234", "Cấp giấy phép cho"))
    rest = (("", "", "tổ chức, cá nhân", "05 ngày", ""), row(2, "1.001235", "Cấp lại"))
    found = tables.listed([tables.Table(grid=first), tables.Table(grid=rest)])
    assert [(one.code, one.name, one.time_limit) for one in found] == [
        ("1.001234", "Cấp giấy phép cho tổ chức, cá nhân", "05 ngày"),
        ("1.001235", "Cấp lại", None),
    ]
    other = tables.Table(grid=rest, heading=("Nơi nhận",))
    assert len(tables.listed([tables.Table(grid=first), other])) == 1


def test_columns_say_what_happens_where_nothing_else_does():
    grid = (
        ("TT", "Tên thủ tục hành chính", "Tên VBQPPL quy định việc bãi bỏ thủ tục hành chính"),
        ("1", "1.001234 - Cấp giấy phép", "Nghị định số 12/2024/NĐ-CP"),
    )
    (one,) = tables.rows_of(grid)
    assert (one.code, one.name, one.change) == ("1.001234", "Cấp giấy phép", "abolished")
    assert one.evidence == grid[0][2]
    assert [basis.normal for basis in one.legal_basis] == ["12/2024/NĐ-CP"]


def test_two_rows_of_headings_and_merged_cells():
    markup = """<table>
    <tr><th rowspan=2>STT</th><th rowspan=2>Tên TTHC</th><th rowspan=2>Lĩnh vực</th><th colspan=2>Phí, lệ phí</th><th rowspan=2>Cấp thực hiện</th></tr>
    <tr><th>Phí</th><th>Lệ phí</th></tr>
    <tr><td>1</td><td>Cấp giấy phép<br>(1.001234)</td><td rowspan=2>Việc làm</td><td>Không</td><td>50.000 đồng</td><td>Cấp tỉnh</td></tr>
    <tr><td>2</td><td>Cấp lại giấy phép</td><td>10.000 đồng</td><td>Không</td><td>Cấp xã</td></tr>
    <tr><td colspan=6>Ghi chú: áp dụng từ ngày ký.</td></tr></table>"""
    (table,) = blocks.walk(tree(markup.encode())).pieces
    found = tables.rows_of(table.grid)
    assert [(one.code, one.name, one.field, one.fees, one.levels) for one in found] == [
        ("1.001234", "Cấp giấy phép", "Việc làm", "50.000 đồng", ("tỉnh",)),
        (None, "Cấp lại giấy phép", "Việc làm", "10.000 đồng", ("xã",)),
    ]
    assert dict(found[0].raw)["Phí, lệ phí: Phí"] == "Không"
    assert dict(found[1].raw)[""] == "Ghi chú: áp dụng từ ngày ký."


def test_one_procedure_over_several_rows():
    head = ("STT", "Tên thủ tục", "Cách thức thực hiện", "Thời hạn")
    grid = (head, ("1", "Cấp giấy phép", "Trực tiếp", "7 ngày"), ("1", "Cấp giấy phép", "Trực tuyến", "5 ngày"))
    (one,) = tables.rows_of(grid)
    assert ([way.how for way in one.ways], one.time_limit) == (["Trực tiếp", "Trực tuyến"], "7 ngày\n5 ngày")


@pytest.mark.parametrize(
    "grid",
    [
        (),
        ((),),
        (("Mã thủ tục", "1.001234"), ("Tên thủ tục", "Cấp"), ("Lĩnh vực", "Thuế")),
        (("Tên giấy tờ", "Số lượng"), ("Đơn", "1")),
        (("Số ký hiệu", "Trích yếu"), ("12/2024/NĐ-CP", "Về")),
        (("STT", "Họ và tên", "Chức vụ"), ("1", "Nguyễn Văn A", "Giám đốc")),
    ],
)
def test_other_tables_list_none(grid):
    assert tables.rows_of(grid) == ()


CELLS = st.one_of(
    st.sampled_from(
        [*HEAD, "", "1", "II", "(2)", "1.001234", "A. TTHC MỚI BAN HÀNH", "I. Lĩnh vực Thuế", "Phí", "Lệ phí"]
    ),
    st.text(max_size=12),
)
GRIDS = st.lists(st.lists(CELLS, max_size=6).map(tuple), max_size=8).map(tuple)


@settings(max_examples=300)
@given(st.lists(st.tuples(GRIDS, st.lists(CELLS, max_size=3).map(tuple)), max_size=3))
def test_no_grid_raises(made):
    found = tables.listed([tables.Table(grid=grid, heading=heading) for grid, heading in made])
    for one in found:
        assert one.name or one.code
        assert (one.change is None) == (one.evidence is None)
        shapes.procedure(one)


WORDS = st.text(st.characters(codec="utf-8", categories=("Ll", "Lu", "Nd")), min_size=1, max_size=8)


@settings(max_examples=200)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=6))
def test_no_cell_of_a_list_is_lost(cells):
    grid = (HEAD, *(row(at, code, f"Cấp {name}", *more) for at, (code, name, *more) in enumerate(cells, start=1)))
    kept = " ".join(text for one in tables.rows_of(grid) for _, text in one.raw)
    for words in cells:
        for word in words:
            assert clean(word) in kept
