"""Procedures on pages in varied layouts: the same words give the same record, and nothing of the page is lost."""
# ruff: noqa: E501 - a piece of markup reads best in one line

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
import seed
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import blocks, labels, outline, procedures, shapes, values
from scraper.extract import read, tree
from scraper.items import DossierItem, Entry, Page, Procedure, Way
from scraper.layout import Layout
from scraper.outcomes import Outcome
from scraper.sources import GENERIC, undeclared
from spiders.loader import catalogue

PLATFORMS = catalogue(seed.Config.from_environment({})).platforms
HERE = "https://snv.example.vn/thu-tuc/1.html"

WAYS = (
    "<table><tr><th>Hình thức nộp</th><th>Thời hạn giải quyết</th><th>Phí, lệ phí</th><th>Mô tả</th></tr>"
    "<tr><td>Trực tiếp</td><td>7 Ngày</td><td>Không có thông tin</td><td>Kể từ ngày nhận đủ hồ sơ</td></tr>"
    "<tr><td>Trực tuyến</td><td>5 Ngày</td><td>10.000 đồng</td><td></td></tr></table>"
)
DOSSIER = (
    "<p>Trường hợp cấp lần đầu:</p>"
    "<table><tr><th>Tên giấy tờ</th><th>Mẫu đơn, tờ khai</th><th>Số lượng</th></tr>"
    "<tr><td>Đơn đề nghị</td><td>mau01.doc</td><td>Bản chính: 1<br>Bản sao: 0</td></tr>"
    "<tr><td>Căn cước</td><td></td><td>02 bản sao</td></tr></table>"
)
BASIS = (
    "<table><tr><th>Số ký hiệu</th><th>Trích yếu</th><th>Ngày ban hành</th><th>Cơ quan ban hành</th></tr>"
    "<tr><td>118/2025/NĐ-CP</td><td>Về cơ chế một cửa</td><td>09-06-2025</td><td>Chính phủ</td></tr></table>"
)
FIELDS = {
    "Mã thủ tục": "1.001234.000.00.00.H56",
    "Tên thủ tục": "Tặng Giấy khen (cấp xã)",
    "Số quyết định": "1404/QĐ-UBND",
    "Cấp thực hiện": "Cấp tỉnh, Cấp xã",
    "Lĩnh vực": "Thi đua – Khen thưởng",
    "Loại thủ tục": "Loại khác",
    "Đơn vị tư vấn": "Phòng Nghiệp vụ",
    "Trình tự thực hiện": "<p>Bước 1: Nộp hồ sơ.</p><p>Kết quả: giấy hẹn. Thời hạn giải quyết là 5 ngày.</p>",
    "Cách thức thực hiện": WAYS,
    "Thành phần hồ sơ": DOSSIER,
    "Đối tượng thực hiện": "Cán bộ, công chức, viên chức, Tổ chức (không bao gồm doanh nghiệp, HTX)",
    "Cơ quan thực hiện": "Sở Nội vụ",
    "Cơ quan có thẩm quyền": "UBND tỉnh",
    "Kết quả thực hiện": "Quyết định",
    "Căn cứ pháp lý": BASIS,
    "Yêu cầu, điều kiện thực hiện": "Không có thông tin",
    "Ngày có hiệu lực": "01/07/2025",
}


def inline(value):
    return "" if value.startswith("<") else value


def below(value):
    return value if value.startswith("<") else ""


def each(form):
    def made(fields):
        rows = enumerate(fields.items(), start=1)
        return "".join(form.format(n=n, label=a, value=b, inline=inline(b), below=below(b)) for n, (a, b) in rows)

    return made


def four(fields):
    rows = [f"<td>{label}</td><td>{value}</td>" for label, value in fields.items()]
    return "<table>" + "".join(f"<tr>{''.join(rows[at : at + 2])}</tr>" for at in range(0, len(rows), 2)) + "</table>"


def tabs(fields):
    heads = "".join(f"<li><a href='#t{n}'>{label}</a></li>" for n, label in enumerate(fields))
    return f"<ul>{heads}</ul>" + "".join(f"<div id='t{n}'>{value}</div>" for n, value in enumerate(fields.values()))


LAYOUTS = {
    "cells": each("<tr><td class='td-title'>{label}</td><td>{value}</td></tr>"),
    "head cells": each("<tr><th>{label}</th><td>{value}</td></tr>"),
    "numbered rows": each("<tr><td>{n}</td><td>{label}</td><td>{value}</td></tr>"),
    "two pairs a row": four,
    "a row each": each("<tr><td colspan=2><b>{label}</b></td></tr><tr><td colspan=2>{value}</td></tr>"),
    "definitions": each("<dt>{label}:</dt><dd>{value}</dd>"),
    "columns": each(
        "<div class=row><div class='col-3'><label>{label}</label></div><div class='col-9'>{value}</div></div>"
    ),
    "info rows": each("<div class='info-row'><div>{label}</div><div>{value}</div></div>"),
    "headings": each("<h3>{n}. {label}</h3><div>{value}</div>"),
    "accordion": each(
        "<div><div class=h><h4><a href='#p{n}'>{label}</a></h4></div><div class=b id='p{n}'>{value}</div></div>"
    ),
    "bold lines": each("<p><b>{label}</b>:</p><div>{value}</div>"),
    "bold beginnings": each("<p><strong>{n}. {label}:</strong> {inline}</p>{below}"),
    "plain lines": each("<p>{n}) {label}: {inline}</p>{below}"),
    "breaks": each("{label}: {inline}<br>{below}"),
    "tabs": tabs,
    "folds": each("<details><summary>{label}</summary><div>{value}</div></details>"),
    "cells with colons": each("<tr><td>{label}</td><td>:</td><td>{value}</td></tr>"),
    "flat": each("<div class=l>{label}</div><div class=v>{value}</div>"),
    "spans": each("<li><span class=l>{label}</span> <span>{inline}</span>{below}</li>"),
}
TABLES = {"cells", "head cells", "numbered rows", "cells with colons", "a row each"}
LOOSE = {"plain lines", "breaks"}
"""Layouts in which an unknown label looks like a part of the value before it."""


def page(body, *, title="Chi tiết thủ tục hành chính", role="detail", platform=GENERIC):
    markup = (
        f"<!DOCTYPE html><html><head><title>{title} - Cổng thông tin điện tử</title></head><body>"
        "<div class=header><a href='/'>CỔNG THÔNG TIN</a></div>"
        "<ul class=menu><li><a href='/a'>Lĩnh vực</a></li><li><a href='/b'>Cơ quan thực hiện</a></li><li><a href='/c'>Phí, lệ phí</a></li></ul>"
        "<div class=search><label>Lĩnh vực</label><select><option>Thuế</option></select></div>"
        f"<div class=main><h1>{title}</h1>{body}</div>"
        "<div class=side><p>Tin liên quan</p><a href='/d'>Danh mục TTHC bị bãi bỏ</a></div></body></html>"
    )
    return read(Page(url=HERE, body=markup.encode(), role=role), undeclared(PLATFORMS[platform], HERE))


def laid_out(name, fields=FIELDS):
    body = LAYOUTS[name](fields)
    return f"<table>{body}</table>" if name in TABLES else f"<dl>{body}</dl>" if name == "definitions" else body


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_procedure_is_read_in_any_layout(layout):
    found = page(laid_out(layout))
    assert (found.kind, found.outcome, found.article.kind) == ("procedure", Outcome.OK, "procedure")
    one = found.procedure
    assert (one.code, one.name, one.field) == ("1.001234", "Tặng Giấy khen (cấp xã)", "Thi đua – Khen thưởng")
    assert (one.levels, one.decision.normal) == (("tỉnh", "xã"), "1404/QĐ-UBND")
    assert (one.agency, one.carried_out_by, one.result) == ("UBND tỉnh", "Sở Nội vụ", "Quyết định")
    assert one.applicants == ("Cán bộ, công chức, viên chức", "Tổ chức (không bao gồm doanh nghiệp, HTX)")
    assert one.steps == "Bước 1: Nộp hồ sơ.\nKết quả: giấy hẹn. Thời hạn giải quyết là 5 ngày."
    assert one.ways == (
        Way(how="Trực tiếp", time_limit="7 Ngày", note="Kể từ ngày nhận đủ hồ sơ"),
        Way(how="Trực tuyến", time_limit="5 Ngày", fee="10.000 đồng"),
    )
    case = "Trường hợp cấp lần đầu"
    assert one.dossier == (
        DossierItem(name="Đơn đề nghị", case=case, form="mau01.doc", originals=1, copies=0),
        DossierItem(name="Căn cước", case=case, copies=2),
    )
    (basis,) = one.legal_basis
    assert (basis.normal, basis.title, basis.date) == ("118/2025/NĐ-CP", "Về cơ chế một cửa", date(2025, 6, 9))
    assert (one.conditions, one.effective_from, one.change, one.evidence) == (None, date(2025, 7, 1), None, None)
    assert dict(one.raw)["Yêu cầu, điều kiện thực hiện"] == "Không có thông tin"
    assert one.kind == "Loại khác"
    if layout not in LOOSE:
        assert dict(one.raw)["Đơn vị tư vấn"] == "Phòng Nghiệp vụ"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_menus_and_other_pages_are_no_part_of_it(layout):
    said = " ".join(text for _, text in page(laid_out(layout)).procedure.raw)
    assert "CỔNG" not in said
    assert "bãi bỏ" not in said
    assert "Phí, lệ phí" not in said.replace("Thời hạn giải quyết | Phí, lệ phí", "")


def test_marks_that_stand_alone_and_capitals_change_nothing():
    fields = {unicodedata.normalize("NFD", label.upper()): value for label, value in FIELDS.items()}
    one, same = page(laid_out("cells", fields)).procedure, page(laid_out("cells")).procedure
    assert replace(one, raw=()) == replace(same, raw=())


def test_a_title_names_the_procedure_where_no_label_does():
    fields = {label: value for label, value in FIELDS.items() if label != "Tên thủ tục"}
    assert page(laid_out("cells", fields), title="Thủ tục tặng Giấy khen").procedure.name == "Thủ tục tặng Giấy khen"
    assert page(laid_out("cells", fields), title="Thủ tục hành chính").procedure.name == ""


def test_repeated_labels_are_joined_and_counters_left_out():
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in [*FIELDS.items(), ("Số lượt xem", "2905")])
    told = dict(page(f"<table>{rows}<tr><td>Trình tự thực hiện</td><td>Bước 2</td></tr></table>").procedure.raw)
    assert told["Trình tự thực hiện"].endswith("5 ngày.\nBước 2")
    assert "Số lượt xem" not in told


@pytest.mark.parametrize("said", ["Không", "Không có", "Không có thông tin."])
def test_no_fee_is_none_and_its_words_are_kept(said):
    procedure = page(laid_out("cells", FIELDS | {"Lệ phí": said})).procedure
    assert (procedure.fees, dict(procedure.raw)["Lệ phí"]) == (None, said)


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("Thủ tục hành chính mới ban hành", "new"),
        ("Quyết định số 12/QĐ-UBND về việc công bố thủ tục hành chính bị bãi bỏ lĩnh vực Thuế", "abolished"),
        ("Đang áp dụng", None),
    ],
)
def test_a_change_is_what_the_page_says(said, change):
    one = page(laid_out("cells", FIELDS | {"Thông tin công bố": said})).procedure
    assert one.change == change
    assert (one.evidence is None) == (change is None)
    assert one.evidence is None or one.evidence in said


@pytest.mark.parametrize(
    ("said", "effective"),
    [
        ("Quyết định có hiệu lực kể từ ngày 15/10/2025.", date(2025, 10, 15)),
        ("Nghị định số 136/2024/NĐ-CP có hiệu lực từ ngày 10/12/2024.", None),
        (
            "Nghị định 136/2024/NĐ-CP có hiệu lực từ 10/12/2024. Quyết định này có hiệu lực từ 1/3/2025.",
            date(2025, 3, 1),
        ),
        ("Quyết định này có hiệu lực kể từ ngày ký.", None),
    ],
)
def test_what_a_page_says_of_its_decision_dates_the_rows_that_it_changes(said, effective):
    row = Procedure(code="1.013017", name="Thành lập quỹ", change="new", evidence="MỚI BAN HÀNH")
    dated = replace(row, effective_from=date(2020, 1, 1))
    listed = replace(row, change=None, evidence=None)
    told = procedures.Found(procedures=(row, dated, listed)).titled("Danh mục", said)
    assert [one.effective_from for one in told.procedures] == [effective, date(2020, 1, 1), None]


@pytest.mark.parametrize(
    "points", [("- ", "- ", "- "), ("a) ", "b) ", "c) "), ("6.1. ", "6.2. ", "6.3. "), ("", "", "")]
)
def test_who_decides_and_who_carries_out_are_told_apart_where_they_are_points_of_one_part(points):
    said = ("Cơ quan có thẩm quyền quyết định: Chủ tịch UBND tỉnh;", "Cơ quan phối hợp: Sở Tài chính;",
            "Cơ quan trực tiếp thực hiện TTHC: Sở Nội vụ")  # fmt: skip
    lines = "".join(f"<p>{point}{words}</p>" for point, words in zip(points, said, strict=True))
    one = page(
        "<p><b>Mã số TTHC:</b> 1.004241</p><p><b>Tên thủ tục:</b> Cấp phép quỹ</p><p><b>Thời hạn giải quyết:</b> 5 ngày</p>"
        f"<p><b>Cơ quan thực hiện TTHC:</b></p>{lines}<p><b>Kết quả:</b> Giấy phép</p>"
    ).procedure
    assert (one.agency, one.carried_out_by, one.result) == ("Chủ tịch UBND tỉnh", "Sở Nội vụ", "Giấy phép")


def test_other_pages_are_no_procedures():
    document = {"Số hiệu": "558/QĐ-UBND", "Cơ quan ban hành": "UBND", "Ngày ban hành": "1/2/2023", "Lĩnh vực": "Giáo dục",
                "Ngày hiệu lực": "1/3/2023", "Trạng thái": "Còn hiệu lực", "Trích yếu": "Về thành phần hồ sơ"}  # fmt: skip
    found = page(laid_out("cells", document), title="Quyết định về thời hạn giải quyết hồ sơ của công dân")
    assert (found.procedure, found.procedures) == (None, ())
    news = "<p>Sở rút ngắn thời hạn giải quyết hồ sơ. Trình tự thực hiện: gọn hơn. Lệ phí: giữ nguyên.</p>" * 5
    assert page(news, title="Cải cách thủ tục hành chính ở cơ sở").kind == "article"


@pytest.mark.parametrize(
    "markup",
    [
        "<td>Thời hạn giải quyết</td>",
        "<td>Thời hạn giải quyết (ngày làm việc)</td>",
        "<b>Trình tự</b> <i>thực hiện</i>: a) Nộp hồ sơ",
        "<th>THÀNH&nbsp;PHẦN<br>\n HỒ SƠ</th>",
        "<p>Tên\u00a0thủ\u200b tục Cấp giấy phép",
        "T&ecirc;n th&#7911; t&#x1EE5;c",
        "M&atilde; TTHC",
        "MÃ SỐ TTHC",
        unicodedata.normalize("NFD", "<td>Mã số thủ tục</td>"),
        "<p>Cổng</p>\n" + unicodedata.normalize("NFD", "<td>Mã số\n thủ tục</td>") + "\n<p>Cổng</p>",
    ],
)
def test_a_page_with_a_label_may_tell_of_procedures(markup):
    assert procedures.may_tell(markup.encode())


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "&",
        "<p>Thời hạn giải quyết của 08 thủ tục được rút ngắn từ 15 ngày xuống còn ít ngày hơn so với quy định chung.</p>",
        "<a>Thủ tục hành chính</a>: danh mục TTHC, trình tự, hồ sơ",
        "<p>Sở Y tế cần thực hiện: báo cáo</p>",
        "hạn\xa0".encode("cp1258", "replace").decode("latin-1"),
    ],
)
def test_a_page_that_only_mentions_them_is_not_read_for_them(markup):
    assert not procedures.may_tell(markup.encode())


def test_an_article_gives_the_numbers_that_it_names():
    body = "<p>Ngày 18/07/2023, Sở triển khai Nghị định số 45/2023/NĐ-CP và Quyết định 12/QĐ-UBND của tỉnh.</p>" * 3
    found = page(body, title="Sở Nội vụ triển khai văn bản mới về tổ chức bộ máy")
    assert [one.normal for one in found.numbers] == ["45/2023/NĐ-CP", "12/QĐ-UBND"]
    assert page("<p>Ngày 18/07/2023, Sở họp bàn.</p>" * 9, title="Sở Nội vụ họp bàn công việc quý III").numbers == ()


def test_an_article_that_announces_procedures_in_its_lines_lists_them():
    title = "Quyết định công bố thủ tục hành chính bị bãi bỏ trong lĩnh vực Thi đua - Khen thưởng"
    body = (
        "<p>Danh mục thủ tục hành chính bị bãi bỏ:</p><p>1. 1.000934 - Tặng thưởng Bằng khen của Chủ tịch UBND tỉnh</p>"
    )
    reading = page(body + f"<p>{'Căn cứ vào đề nghị của Giám đốc Sở. ' * 20}</p>", title=title)
    assert [(change, title in said) for change, said in reading.announced] == [("abolished", True)]
    assert [(one.code, one.change) for one in reading.procedures] == [("1.000934", "abolished")]


def test_a_list_of_blocks_and_a_list_of_links_give_rows():
    blocks_ = "".join(
        f"<div class=item><div><a href='/tthc/{n}'>Cấp giấy phép số {n} cho tổ chức, cá nhân</a></div>"
        f"<div><span>Mã thủ tục: 1.00000{n}</span> <span>Lĩnh vực: Thuế</span></div></div>"
        for n in range(1, 5)
    )
    rows = page(blocks_, role="listing").procedures
    assert [(row.code, row.name, row.field) for row in rows] == [
        (f"1.00000{n}", f"Cấp giấy phép số {n} cho tổ chức, cá nhân", "Thuế") for n in range(1, 5)
    ]
    links = "".join(
        f"<li><a href='/tt/{n}'>1.00000{n} - Cấp giấy phép số {n} cho tổ chức</a></li>" for n in range(1, 5)
    )
    found = page(f"<ul>{links}</ul>", role="listing")
    assert [(row.code, row.name) for row in found.procedures] == [
        (f"1.00000{n}", f"Cấp giấy phép số {n} cho tổ chức") for n in range(1, 5)
    ]
    assert len(found.entries) == 4


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Hướng dẫn thực hiện thủ tục 1.001234", []),
        ("Sở Công Thương trả lời về thủ tục hành chính mã số 1.001234", []),
        ("Quyết định công bố bãi bỏ thủ tục Cấp giấy phép (mã số 1.001234)", []),
        ("Mã thủ tục 1.001234 - Cấp giấy phép kinh doanh", ["Cấp giấy phép kinh doanh"]),
        ("Thủ tục cấp giấy phép kinh doanh (mã số 1.001234)", ["Thủ tục cấp giấy phép kinh doanh"]),
    ],
)
def test_a_headline_that_mentions_a_procedure_is_none(title, names):
    entry = Entry(url="https://snv.example.vn/tin/1.html", title=title)
    assert [one.name for one in procedures.of_entries([entry])] == names


@pytest.mark.parametrize(
    ("said", "levels"),
    [
        ("Cấp tỉnh, Cấp xã", ("tỉnh", "xã")),
        ("Cấp Bộ; Trung ương", ("bộ",)),
        ("UBND các huyện, thị xã, thành phố", ("huyện",)),
        ("Quận/Huyện", ("huyện",)),
        ("Phường, thị trấn", ("xã",)),
        ("Cơ quan khác, cán bộ xã hội", ()),
        ("CAP TINH", ("tỉnh",)),
        ("Tỉnh, thành phố trực thuộc Trung ương", ("tỉnh",)),
        ("", ()),
    ],
)
def test_levels(said, levels):
    assert values.levels(said) == levels


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Bản chính: 1 - Bản sao: 0", (1, 0)),
        ("Bản chính: 01\nBản sao: 02", (1, 2)),
        ("01 bản chính và 02 bản sao", (1, 2)),
        ("1 bản chính", (1, None)),
        ("(bản sao)", (None, 1)),
        ("01 bộ", (None, None)),
    ],
)
def test_copies(said, expected):
    assert values.counts(said) == expected


def test_papers_of_a_list():
    lines = ["a) Thành phần hồ sơ gồm:", "Trường hợp cấp mới:", "- Đơn đề nghị (01 bản chính);", "+ Ảnh 4x6",
             "Đối với tổ chức:", "2. Quyết định thành lập: 02 bản sao", "Số lượng hồ sơ: 01 bộ"]  # fmt: skip
    assert values.papers(lines) == (
        DossierItem(name="Đơn đề nghị (01 bản chính);", case="Trường hợp cấp mới", originals=1),
        DossierItem(name="Ảnh 4x6", case="Trường hợp cấp mới"),
        DossierItem(name="Quyết định thành lập: 02 bản sao", case="Đối với tổ chức", copies=2),
    )


def test_ways_of_a_list():
    lines = ["- Trực tiếp: tại Bộ phận Một cửa", "- Trực tuyến: thời hạn: 5 ngày; phí: 10.000 đồng",
             "Hoặc qua đường bưu chính", "Không"]  # fmt: skip
    assert values.ways(lines) == (
        Way(how="Trực tiếp", note="tại Bộ phận Một cửa"),
        Way(how="Trực tuyến", time_limit="5 ngày", fee="10.000 đồng"),
        Way(how="Dịch vụ bưu chính", note="Hoặc qua đường bưu chính"),
    )
    assert [way.how for way in values.ways(["Trực tiếp, trực tuyến hoặc dịch vụ bưu chính công ích"])] == [
        "Trực tiếp", "Trực tuyến", "Dịch vụ bưu chính",
    ]  # fmt: skip


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&\r\x00", exclude_categories=("Cs", "Cc")), max_size=30
)
TAGS = st.sampled_from(
    [
        "table",
        "tr",
        "td",
        "th",
        "p",
        "div",
        "span",
        "b",
        "dl",
        "dt",
        "dd",
        "h2",
        "h3",
        "ul",
        "li",
        "br",
        "label",
        "a",
        "thead",
        "tbody",
    ]
)
LABELS = st.sampled_from([*FIELDS, "STT", "Mã TTHC", "Phí", "Lĩnh vực:", "1. Thời hạn giải quyết:"])


@st.composite
def markup(draw, depth=4):
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        if depth and draw(st.booleans()):
            tag = draw(TAGS)
            span = draw(st.sampled_from(["", " colspan=3", " rowspan=2", " rowspan=99999", " colspan=x", " class=c"]))
            parts.append(f"<{tag}{span}>{draw(markup(depth - 1))}</{tag}>")
        else:
            parts.append(draw(st.one_of(LABELS, WORDS)))
    return "".join(parts)


@settings(max_examples=200)
@given(markup())
def test_no_page_raises(body):
    root = tree(f"<html><body>{body}</body></html>".encode())
    found = procedures.read(root, Layout())
    for one in (found.procedure, *found.procedures):
        assert one is None or shapes.procedure(one)


@settings(max_examples=100)
@given(st.sampled_from(sorted(LAYOUTS)), st.lists(WORDS, min_size=len(FIELDS), max_size=len(FIELDS)))
def test_nothing_of_the_page_is_lost(layout, said):
    fields = dict(zip(FIELDS, (f"trị {text}" for text in said), strict=True))
    root = tree(f"<html><body><div>{laid_out(layout, fields)}</div></body></html>".encode())
    whole = blocks.walk(root)
    place, items = outline.read(whole)
    assert place is not None
    kept = " ".join(f"{item.label} {' '.join(item.lines())}" for item in items)
    for at in whole.inside(place):
        line = whole.pieces[at].text
        for word in labels.bare(line).split():
            assert word.strip(" :：.;-–—*•") in kept
