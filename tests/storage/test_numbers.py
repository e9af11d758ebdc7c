"""Document numbers that records name, and the records that are those documents."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from making import article, page, save

from scraper import shapes
from scraper.items import DocumentNumber
from storage import numbers

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def number(normal: str, **fields: Any) -> dict[str, Any]:
    return shapes.number(DocumentNumber(**{"raw": normal, "normal": normal} | fields))


def keep(session: Session, path: str, title: str, *named: dict[str, Any], source: str = "thanh-hoa/snv") -> str:
    save(session, article(path, title=title, body_text=title), source=source)
    record = page(session, path, source=source).record
    assert record
    numbers.save(session, record, title, [(source, one) for one in named])
    return record


TITLES = [
    ("12/QĐ-UBND", "Quyết định số 12/QĐ-UBND về việc công bố", True),
    ("12/QĐ-UBND", "QUYẾT ĐỊNH 12/QD-UBND", True),
    ("12/QĐ-UBND", "12/QĐ-UBND: công bố danh mục", True),
    ("12/QĐ-UBND", "Triển khai Quyết định số 12/QĐ-UBND", False),
    ("12/QĐ-UBND", "Quyết định số 112/QĐ-UBND", False),
    ("12/QĐ-UBND", "", False),
    ("45/2023/NĐ-CP", "Nghị định số 45/2023/NĐ-CP ngày 01/7/2023", True),
    ("45/2023/NĐ-CP", "Thông tư hướng dẫn Nghị định số 45/2023/NĐ-CP", False),
]


@pytest.mark.parametrize(("normal", "title", "own"), TITLES)
def test_a_record_is_the_document_that_its_title_begins_with(normal: str, title: str, own: bool) -> None:
    assert numbers.is_own(number(normal), title) is own


def test_a_record_is_the_document_whose_title_its_own_table_gives() -> None:
    title = "Về việc công bố danh mục thủ tục hành chính"
    assert numbers.is_own(number("12/QĐ-UBND", title=title), title)
    assert not numbers.is_own(number("12/QĐ-UBND", title="Khác"), title)
    assert not numbers.is_own(shapes.number(DocumentNumber(raw="2774", reason="no type")), "2774")


def test_links_lead_both_ways(session: Session) -> None:
    decision = keep(session, "/qd", "Quyết định số 12/QĐ-UBND về việc", number("12/QĐ-UBND"), number("1/2020/NĐ-CP"))
    news = keep(session, "/tin", "Triển khai", number("12/QĐ-UBND"), number("99/KH-UBND"), source="thanh-hoa/ubnd")
    elsewhere = keep(session, "/qd2", "Quyết định số 12/QĐ-UBND", number("12/QĐ-UBND"), source="gia-lai/snv")
    told = numbers.of(session, news)
    assert [(one["normal"], one["own"], one["records"]) for one in told] == [
        ("12/QĐ-UBND", False, [decision]), ("99/KH-UBND", False, []),
    ]  # fmt: skip
    assert [one["id"] for one in numbers.naming(session, decision)] == [news]
    assert numbers.naming(session, news) == []
    assert numbers.naming(session, elsewhere) == []  # another province's 12 is another document


def test_the_states_own_numbers_link_everywhere_and_others_not_across_days(session: Session) -> None:
    decree = keep(session, "/nd", "Nghị định số 45/2023/NĐ-CP", number("45/2023/NĐ-CP"), source="bo/moha")
    local = keep(session, "/qd", "Quyết định 128/2025/QĐ-UBND", number("128/2025/QĐ-UBND", date=date(2025, 1, 2)))
    news = keep(
        session, "/tin", "Tin", number("45/2023/NĐ-CP"), number("128/2025/QĐ-UBND", date=date(2025, 3, 4))
    )  # fmt: skip
    assert [one["records"] for one in numbers.of(session, news)] == [[decree], []]
    far = keep(session, "/tin2", "Tin", number("128/2025/QĐ-UBND"), source="gia-lai/snv")
    assert numbers.of(session, far)[0]["records"] == []
    near = keep(session, "/tin3", "Tin", number("128/2025/QĐ-UBND"))
    assert numbers.of(session, near)[0]["records"] == [local]


def test_e15_one_number_of_34_provinces_is_34_documents(session: Session) -> None:
    source = "tinh-{}/snv".format
    decisions = [
        keep(session, f"/qd-{one}", "Quyết định 42/QĐ-UBND", number("42/QĐ-UBND"), source=source(one))
        for one in range(34)
    ]
    for one, decision in enumerate(decisions):
        news = keep(session, f"/tin-{one}", "Tin", number("42/QĐ-UBND"), source=source(one))
        assert numbers.of(session, news)[0]["records"] == [decision]


def test_what_a_record_names_now_stands_in_place_of_what_it_named(session: Session) -> None:
    unread = shapes.number(DocumentNumber(raw="3582;3583", reason="several numbers"))
    record = keep(session, "/tin", "Tin", number("1/QĐ-UBND"), number("2/QĐ-UBND"), number("1/QĐ-UBND"), unread)
    assert [one["raw"] for one in numbers.of(session, record)] == ["1/QĐ-UBND", "2/QĐ-UBND", "3582;3583"]
    for named in ([number("2/QĐ-UBND"), number("3/QĐ-UBND")], [number("2/QĐ-UBND"), number("3/QĐ-UBND")], []):
        numbers.save(session, record, "Tin", [("thanh-hoa/snv", one) for one in named])
        assert [one["raw"] for one in numbers.of(session, record)] == [one["raw"] for one in named]
