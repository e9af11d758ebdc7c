"""What documents tell of procedures: told once, with the record's decision, and taken back when they say it no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import known_procedures
from making import later
from sqlalchemy import select
from test_documents_kept import FIRST, SECOND, attach, kinds, paper, visit

from scraper.items import DocumentNumber, Procedure, Reread
from scraper.outcomes import Outcome
from storage import documents, numbers, places
from storage.document_tables import Document
from storage.identity import procedure_id
from storage.procedure_tables import ProcedurePlace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OWN = DocumentNumber(raw="12/QĐ-UBND", normal="12/QĐ-UBND", date=date(2025, 3, 1))
OTHER = DocumentNumber(raw="9/QĐ-UBND", normal="09/QĐ-UBND")
ROW = Procedure(code="1.000001", name="Cấp lại thẻ", change="abolished", evidence="C. TTHC BỊ BÃI BỎ")


def record(session: Session) -> str:
    title = "Quyết định số 12/QĐ-UBND công bố thủ tục hành chính"
    body = "Quyết định số 12/QĐ-UBND có hiệu lực kể từ ngày 05/04/2025."
    return known_procedures.article(session, "/qd", title, named=(OWN,), source="snv", body_text=body)


def steps(session: Session, code: str = "1.000001") -> list[tuple[Any, ...]]:
    session.flush()
    told = places.announcements(session, procedure_id(code))
    return [(step.change, step.number, step.day, step.basis) for step in places.steps(told)]


def procedure_events(session: Session) -> list[str]:
    return [kind for kind in kinds(session) if kind.startswith("procedure.")]


def test_a_file_is_told_as_by_the_decision_that_shows_it(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    visit(session, FIRST, paper("một", procedures=(ROW,)))
    assert steps(session) == [("abolished", "12/QĐ-UBND", date(2025, 4, 5), "effective")]
    (place,) = session.scalars(select(ProcedurePlace))
    assert (place.role, place.article, place.url) == ("mention", name, FIRST)
    visit(session, FIRST, paper("một", procedures=(ROW,)), at=later(1))
    assert procedure_events(session) == ["procedure.abolished"]


def named(session: Session, name: str) -> list[tuple[Any, ...]]:
    told = numbers.of(session, name)
    return [(one["normal"], one["own"], len(one["records"]), (one["document"] or {}).get("page")) for one in told]


def test_numbers_in_a_file_link_its_record_both_ways(session: Session) -> None:
    decision = record(session)
    news = known_procedures.article(session, "/tin", "Tin về thủ tục", named=(), source="snv", body_text="Xem tệp.")
    attach(session, news, FIRST)
    text = paper("một", numbers=(OTHER, OWN), named_on=(1, 7))
    visit(session, FIRST, text)
    assert named(session, news) == [("09/QĐ-UBND", False, 0, 1), ("12/QĐ-UBND", False, 1, 7)]
    assert [one["id"] for one in numbers.naming(session, decision)] == [news]
    visit(session, FIRST, paper("hai", name="b", numbers=(OTHER,), named_on=(2,)), at=later(1))
    assert named(session, news) == [("09/QĐ-UBND", False, 0, 2)]
    assert numbers.naming(session, decision) == []
    attach(session, news, at=later(2), known=True)
    assert named(session, news) == []


def test_what_shows_a_decision_is_it_by_its_letterhead(session: Session) -> None:
    shown = known_procedures.article(session, "/cb", "Công bố thủ tục", named=(), source="snv", body_text="Xem tệp.")
    news = known_procedures.article(session, "/tin", "Tin", named=(OTHER,), source="snv", body_text="Tin.")
    attach(session, shown, FIRST, SECOND)
    visit(session, SECOND, paper("hai", name="b", procedures=(ROW,)))
    assert [step[1] for step in steps(session)] == [""]
    own = frozenset({"09/QĐ-UBND"})
    visit(session, FIRST, paper("một", numbers=(OTHER, OWN), named_on=(1, 1), own=own), at=later(1))
    assert named(session, shown) == [("09/QĐ-UBND", True, 0, 1), ("12/QĐ-UBND", False, 0, 1)]
    assert [one["records"] for one in numbers.of(session, news)] == [[shown]]
    assert [one["id"] for one in numbers.naming(session, shown)] == [news, procedure_id("1.000001")]
    assert [step[1] for step in steps(session)] == ["09/QĐ-UBND"]  # what is beside it is its annex
    assert procedure_events(session) == ["procedure.abolished"]


def test_of_one_file_so_many_numbers_are_kept(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    many = tuple(DocumentNumber(raw=f"{one}/QĐ-X", normal=f"{one}/QĐ-X") for one in range(300))
    visit(session, FIRST, paper("một", numbers=many, named_on=(1,) * 300))
    assert len(numbers.of(session, name)) == 1 + numbers.MOST_IN_A_DOCUMENT


def test_a_bare_list_is_told_as_its_article_says(session: Session) -> None:
    bare = replace(ROW, change=None, evidence=None)
    title = "Quyết định số 12/QĐ-UBND công bố danh mục thủ tục hành chính bị bãi bỏ lĩnh vực Tôn giáo"
    name = known_procedures.article(session, "/qd", title, named=(OWN,), source="snv", body_text="Xem tệp đính kèm.")
    attach(session, name, FIRST)
    visit(session, FIRST, paper("một", procedures=(bare,)))
    assert [(change, number) for change, number, _, _ in steps(session)] == [("abolished", "12/QĐ-UBND")]
    (told,) = places.announcements(session, procedure_id("1.000001"))
    assert told.evidence == title


def test_a_file_that_names_another_decision_is_believed(session: Session) -> None:
    attach(session, record(session), FIRST, SECOND)
    visit(session, FIRST, paper("một", procedures=(replace(ROW, decision=OTHER),)))
    assert [step[1] for step in steps(session)] == ["09/QĐ-UBND"]
    visit(session, SECOND, paper("hai", name="b", decision=OTHER, effective=date(2025, 6, 1)), at=later(1))
    assert steps(session) == [("abolished", "09/QĐ-UBND", date(2025, 6, 1), "effective")]
    assert procedure_events(session) == ["procedure.abolished"]


def test_a_file_that_was_replaced_is_read_anew(session: Session) -> None:
    attach(session, record(session), FIRST)
    visit(session, FIRST, paper("một", procedures=(ROW,)))
    corrected = replace(ROW, code="1.000002", name="Cấp mới thẻ")
    visit(session, FIRST, paper("hai", name="b", procedures=(corrected,)), at=later(1))
    assert steps(session) == []
    assert [step[0] for step in steps(session, "1.000002")] == ["abolished"]
    visit(session, FIRST, paper("một", procedures=(ROW,)), at=later(2))
    assert [step[0] for step in steps(session)] == ["abolished"]
    assert procedure_events(session) == ["procedure.abolished"] * 2


def test_a_file_under_another_address_tells_nothing_twice(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    visit(session, FIRST, paper("một", procedures=(ROW,)))
    attach(session, name, SECOND, at=later(1), known=True)
    assert len(steps(session)) == 1  # until what came in its place is read
    visit(session, SECOND, paper("hai", name="b", procedures=(ROW,)), at=later(1))
    assert len(steps(session)) == 1
    attach(session, name, at=later(2), known=True)
    assert steps(session) == []
    attach(session, name, SECOND, at=later(3), known=True)
    assert len(steps(session)) == 1
    assert procedure_events(session) == ["procedure.abolished"]


def test_an_address_that_is_new_at_each_view_keeps_what_was_told(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    visit(session, FIRST, paper("một", procedures=(ROW,)))
    before = len(kinds(session))
    attach(session, name, SECOND, at=later(1), known=True)
    visit(session, SECOND, paper("một", procedures=(ROW,)), at=later(1))
    assert session.scalars(select(Document.canonical_url)).all() == [SECOND]
    assert len(steps(session)) == 1
    assert len(kinds(session)) == before


def test_a_scan_is_told_when_ocr_has_read_it(session: Session) -> None:
    attach(session, record(session), FIRST)
    scan = paper("", outcome=Outcome.EMPTY_OK, message="scanned, no text", flags=frozenset({"scanned"}))
    visit(session, FIRST, scan)
    assert steps(session) == []
    read = paper("một", flags=frozenset({"scanned", "ocr"}), procedures=(ROW,))
    told = documents.reread(session, Reread(digest="sha256:a", document=read, at=later(1)), origin="poll")
    assert told == {"procedure.abolished": 1}
    assert len(steps(session)) == 1
