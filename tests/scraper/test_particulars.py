"""Pages about one document: its record in whatever layout, and what only looks like one."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import extract, particulars
from scraper.config import Config
from scraper.items import GENERIC, Page
from scraper.sources import undeclared
from spiders.loader import catalogue

PAGES = Path(__file__).parent.parent / "pages"
HERE = "https://cong.example.vn/van-ban/chi-tiet/1234"
SOURCE = undeclared(catalogue(Config.from_environment({})).platforms[GENERIC], HERE)
SUBJECT = "Về việc công bố danh mục thủ tục hành chính lĩnh vực đất đai"
NUMBER = "1234/QĐ-UBND"
RECORD = [
    ("Số/Ký hiệu", NUMBER),
    ("Trích yếu", SUBJECT),
    ("Cơ quan ban hành", "Ủy ban nhân dân tỉnh"),
    ("Loại văn bản", "Quyết định"),
    ("Ngày ban hành", "05/06/2021"),
    ("Người ký", ""),
    ("Lượt xem", "1031"),
    ("Tệp đính kèm", '<a href="/tep/1234.pdf">1234.pdf</a>'),
]
LINES = [
    "Số/Ký hiệu", NUMBER, "Cơ quan ban hành", "Ủy ban nhân dân tỉnh", "Loại văn bản", "Quyết định", "Ngày ban hành",
    "05/06/2021", "Người ký",
]  # fmt: skip
ABOUT = "Trường được thành lập theo quyết định số 2133 ngày 8/5/2000 và nằm trên địa bàn xã An Hóa, huyện Châu Thành."
PAGE = """<!DOCTYPE html><html><head><title>Văn bản - Cổng thông tin huyện</title></head><body>
<div class="left"><p>{about}</p><p>{about}</p></div><div class="middle"><h2>Chi tiết</h2>{record}</div>
<div class="right"><h2>Văn bản mới</h2><ul><li><a href="/van-ban/9">Kế hoạch tổ chức hội nghị công tác quý</a></li>
<li><b>Lĩnh vực</b></li></ul></div></body></html>"""


def cells(pairs):
    return "".join(f"<td><strong>{label}</strong></td><td>{value}</td>" for label, value in pairs)


LAYOUTS = {
    "a row each": f"<table>{''.join(f'<tr>{cells([pair])}</tr>' for pair in RECORD)}</table>",
    "two in a row": "<table>"
    + "".join(f"<tr>{cells(RECORD[place : place + 2])}</tr>" for place in range(0, len(RECORD), 2))
    + "</table>",
    "two columns": "".join(
        f"<table>{''.join(f'<tr>{cells([pair])}</tr>' for pair in half)}</table>" for half in (RECORD[:4], RECORD[4:])
    ),
    "a list of terms": f"<dl>{''.join(f'<dt>{label}:</dt><dd>{value}</dd>' for label, value in RECORD)}</dl>",
    "boxes": "".join(
        f'<div class="row"><div class="col-3">{label}</div><div class="col-9">{value}</div></div>'
        for label, value in RECORD
    ),
    "items": f"<ul>{''.join(f'<li><b>{label}:</b> {value}</li>' for label, value in RECORD)}</ul>",
    "lines": f"<p>{''.join(f'<b>{label}:</b> {value}<br>' for label, value in RECORD)}</p>",
}


def article(record, about=ABOUT):
    markup = PAGE.format(about=about, record=f"<div>{record}</div>")
    return extract.read(Page(url=HERE, body=markup.encode(), role="detail"), SOURCE).article


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_record_is_read_in_any_layout(layout):
    found = article(layout)
    assert found.title == SUBJECT
    assert " ".join(found.body_text.replace(":", "").split()) == " ".join(LINES)
    assert (found.published.at.date().isoformat(), found.published_raw) == ("2021-06-05", "05/06/2021")
    assert [one.url for one in found.attachments] == ["https://cong.example.vn/tep/1234.pdf"]


def test_of_two_subjects_one_is_the_title_and_the_other_stays():
    found = article(LAYOUTS["items"].replace("<li>", "<li><b>Tiêu đề:</b> Quyết định 1234</li><li>", 1))
    assert found.title == "Quyết định 1234"
    assert SUBJECT in found.body_text


def test_what_stands_in_one_row_with_a_count_stays():
    beside = cells([("Lượt xem", "1031"), ("Thay thế", "Quyết định số 12")])
    found = article(f"<table>{''.join(f'<tr>{cells([pair])}</tr>' for pair in RECORD[:6])}<tr>{beside}</tr></table>")
    assert found.body_text.split("\n") == [*LINES, "Thay thế", "Quyết định số 12"]


def test_a_page_of_a_thousand_labels_is_none_of_one_document():
    root = extract.tree(LAYOUTS["items"].encode() * 200)
    assert particulars.read(root) is None


def test_the_document_itself_is_more_than_its_record():
    text = "Điều 1. Công bố kèm theo Quyết định này danh mục thủ tục hành chính thuộc thẩm quyền giải quyết. "
    found = article(LAYOUTS["a row each"] + "".join(f"<p>{number}. {text}</p>" for number in range(40)))
    assert found.body_text.count("Công bố kèm theo") == 40


NO_RECORDS = {
    "a form that asks for documents": "<form>"
    + "".join(f"<div><label>{label}</label> <input value='12'></div>" for label, _ in RECORD)
    + "</form>",
    "a search in a table": "<table>"
    + "".join(f"<tr><td>{label} 12</td><td>{label}</td><td><select></select></td></tr>" for label, _ in RECORD)
    + "</table>",
    "a table of documents": "<table><tr>"
    + "".join(f"<th>{label}</th>" for label, _ in RECORD)
    + f"</tr><tr>{''.join(f'<td>{value}</td>' for _, value in RECORD)}</tr></table>",
    "several records": LAYOUTS["a row each"] + LAYOUTS["a row each"],
    "records in one list": f"<ul>{(LAYOUTS['items'][4:-5]) * 2}</ul>",
    "too few labels": f"<table>{''.join(f'<tr>{cells([pair])}</tr>' for pair in RECORD[:3])}</table>",
    "no number": f"<table>{''.join(f'<tr>{cells([pair])}</tr>' for pair in RECORD[1:])}</table>",
    "labels here and there": "".join(
        f"<div><p>{ABOUT}</p></div><div><p>{ABOUT}</p></div><div><b>{label}</b> <i>{value}</i></div>"
        for label, value in RECORD
    ),
}


@pytest.mark.parametrize("markup", NO_RECORDS.values(), ids=NO_RECORDS)
def test_what_is_no_record(markup):
    root = extract.tree(PAGE.format(about=ABOUT, record=f"<div>{markup}</div>").encode())
    assert particulars.read(root) is None


@pytest.mark.parametrize("page", ["vhv/van-ban", "vnpt/van-ban-chi-tiet"])
def test_real_records_are_read_as_their_profiles_read_them(page):
    wanted = json.loads((PAGES / f"{page}.json").read_text("utf-8"))
    markup = (PAGES / f"{page}.html").read_bytes()
    found = extract.read(Page(url=wanted["url"], body=markup, role="detail"), SOURCE).article
    assert found.title == wanted["title"]
    assert set(found.body_text.split("\n")) ^ set(wanted["body_text"].split("\n")) <= {"Trích yếu"}


PIECES = st.sampled_from(
    [
        "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<dl><dt>", "<dd>", "</dl>", "<b>", "</b>", "<br>",
        "<div>", "</div>", "<!-- -->", "<form>", "</form>", ":", *(word for pair in RECORD for word in pair),
    ]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(PIECES | st.text(max_size=5), max_size=60))
def test_arbitrary_markup_has_a_record_or_none(pieces):
    root = extract.tree("".join(["<body>", *pieces]).encode("utf-8", "replace"))
    found = particulars.read(root)
    assert found is None or (found.place.tag not in {"html", "body"} and found.field is not found.place)
