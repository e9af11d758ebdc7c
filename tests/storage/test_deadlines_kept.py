"""Deadlines of records: kept with their text, replaced when it changes, read back, and listed for calendars."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from making import NOON, article, day, later, minute, page, save
from test_documents_kept import FIRST, SECOND, attach, paper, visit

from scraper.deadlines import Act, Deadline
from storage import articles, batch, deadlines, effects, events, records
from storage.articles import Sighting
from storage.models import Article

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper.items import Moment

JULY = day(2025, 7, 20)
HOUR = minute(2025, 7, 20, 17)
EVERYTHING = effects.Wanted(since=date(2025, 1, 1))


def due(on: Moment, what: Act = "applications", evidence: str = "Hạn nộp hồ sơ") -> Deadline:
    return Deadline(on=on, what=what, evidence=evidence)


def keep(session: Session, path: str, *found: Deadline, at: datetime = NOON, **fields: Any) -> str:
    saved = save(session, article(path, **{"title": path, "body_text": path} | fields))
    record = page(session, path).record
    assert record
    deadlines.save(session, record, found, at=at, new=saved.decision == "new")
    session.flush()
    return record


def shown(session: Session, record: str) -> list[tuple[Any, ...]]:
    told = records.show(session, record)["deadlines"]
    return [(one["on"], one["precision"], one["what"], one["document"]) for one in told]


def listed(session: Session, **wanted: Any) -> list[tuple[Any, ...]]:
    found = deadlines.listed(session, effects.Wanted(**{"since": EVERYTHING.since} | wanted), limit=100)
    return [(one.record, one.key, one.deadline.on) for one in found]


def test_a_records_deadlines_are_those_of_its_text_now(session: Session) -> None:
    record = keep(session, "/tb", due(HOUR), due(JULY, "comments"))
    assert shown(session, record) == [
        ("2025-07-20T17:00:00+07:00", "minute", "applications", None),
        ("2025-07-20T00:00:00+07:00", "day", "comments", None),
    ]
    moved = due(day(2025, 7, 31))
    keep(session, "/tb", moved, due(day(2025, 8, 1)), at=later(5), body_text="gia hạn")
    first, second = deadlines.listed(session, EVERYTHING, limit=100)
    assert (first.key, first.deadline, first.told_at) == ("page applications 1", moved, NOON)
    assert (second.key, second.told_at) == ("page applications 2", later(5))
    assert records.show(session, record, 1)["deadlines"] == []  # of what the page says now, and not of what it said
    keep(session, "/tb", at=later(6), body_text="bãi bỏ thông báo")
    assert shown(session, record) == []


def test_the_same_again_is_not_written_again(session: Session) -> None:
    keep(session, "/tb", due(HOUR))
    keep(session, "/tb", due(HOUR), at=later(5))
    (one,) = deadlines.listed(session, EVERYTHING, limit=100)
    assert one.told_at == NOON


def test_what_is_past_when_it_is_published_is_none(session: Session) -> None:
    record = keep(session, "/cu", due(day(2025, 3, 8)), due(day(2025, 3, 9), "posting"), due(day(2026, 4, 1), "other"))
    assert [one[2] for one in shown(session, record)] == ["posting"]
    assert [key for _, key, _ in listed(session)] == ["page posting 1"]
    undated = keep(session, "/khong-ngay", due(day(2025, 3, 8)), published=None)
    assert len(shown(session, undated)) == 1


def test_documents_tell_of_deadlines_as_long_as_they_are_shown(session: Session) -> None:
    record = keep(session, "/tb", due(JULY))
    attach(session, record, FIRST, SECOND)
    said = due(JULY), due(HOUR, "auction"), due(day(2024, 7, 20))
    visit(session, FIRST, paper("một", deadlines=said))
    visit(session, SECOND, paper("hai", name="b", deadlines=(due(HOUR, "auction"),)))
    (own, of_file) = shown(session, record)
    assert own == ("2025-07-20T00:00:00+07:00", "day", "applications", None)
    assert of_file[:3] == ("2025-07-20T17:00:00+07:00", "minute", "auction")
    assert of_file[3]
    assert len(listed(session)) == 2
    keep(session, "/tb", at=later(1), body_text="khác")
    assert len(shown(session, record)) == 2  # the page says none now, and its first document still does
    attach(session, record, at=later(2), known=True)
    assert shown(session, record) == listed(session) == []


def test_a_batch_takes_known_and_new_records_in_any_order(session: Session) -> None:
    known = keep(session, "/cu")
    sighted = [(article(path, title=path, body_text=path), page(session, path)) for path in ("/1", "/2", "/3")]
    batch.begin(session)
    articles.look_up(session, "snv", sighted)
    deadlines.save(session, known, [due(HOUR)], at=later(1))
    new: list[str] = []
    for said, row in sighted:
        sighting = Sighting(
            article=said, page=row, source="snv", platform="sharepoint", section="news", origin="poll", at=later(1),
            capture=None, number_of=lambda _: None,
        )  # fmt: skip
        assert articles.save(session, sighting).decision == "new"
        assert row.record
        new.append(row.record)
        if len(new) == 1:
            batch.flush(session)  # as what a page attaches may do
        deadlines.save(session, row.record, [due(JULY)], at=later(1), new=True)
    batch.end(session)
    assert {record for record, *_ in listed(session)} == {known, *new}


def test_calendars_ask_for_days_sources_and_words(session: Session) -> None:
    first = keep(session, "/a", due(HOUR, evidence="Hạn nộp hồ sơ dự tuyển"), title="Thông báo tuyển dụng")
    second = keep(session, "/b", due(day(2025, 5, 1), "comments"), title="Lấy ý kiến")
    assert [record for record, *_ in listed(session)] == [second, first]
    assert [record for record, *_ in listed(session, since=date(2025, 7, 20))] == [first]
    assert listed(session, since=date(2025, 7, 21)) == []
    assert [record for record, *_ in listed(session, typed="TUYEN DUNG du tuyen")] == [first]
    assert listed(session, typed="tuyển viên") == []
    assert listed(session, source="khac") == []
    assert len(listed(session, source="snv")) == 2
    assert listed(session, fields=("Đất đai",)) == []
    assert [one.record for one in deadlines.listed(session, EVERYTHING, limit=1)] == [first]


def test_a_withheld_record_asks_for_nothing(session: Session) -> None:
    record = keep(session, "/a", due(HOUR))
    assert len(listed(session)) == 1
    events.append(session, "record.withheld", session.get_one(Article, record), at=NOON, origin="poll")
    session.flush()
    assert listed(session) == []
