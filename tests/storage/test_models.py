"""What goes in comes out, the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import making
import pytest
from making import NOON, article, save
from sqlalchemy import select

from scraper.items import VIETNAM
from storage import events
from storage.models import Article, Page, Run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.database import Database

ODD = ["", " ", "Đất đai 🏛 \u0301", "a\\b'c\"d%s:x", "\ufffe\uffff\U0010ffff", "\x01\x7f\x85", "\r\n\t", "x" * 100_000]


def run(**fields: object) -> Run:
    return Run(**{"source": "snv", "origin": "poll", "opened_at": NOON, "completed": False, "report": {}} | fields)


@pytest.mark.parametrize("words", ODD, ids=ascii)
def test_text_comes_back_as_it_was(database: Database, words: str) -> None:
    with database.writing() as session:
        session.add(run(cause=words, report={words[:9]: [words, None, 1 << 60, 0.1, True]}))
    with database.reading() as session:
        kept = session.scalars(select(Run)).one()
        assert kept.cause == words
        assert kept.report == {words[:9]: [words, None, 1 << 60, 0.1, True]}
        assert session.scalar(select(Run.id).where(Run.cause == words)) == kept.id


@pytest.mark.parametrize(
    ("words", "kept"), [("a\0b", "a\ufffdb"), ("Đ\ud800", "Đ\ufffd"), ("\udfff\0\ud83d", "\ufffd" * 3)], ids=ascii
)
def test_what_no_database_takes_is_replaced(session: Session, words: str, kept: str) -> None:
    session.add(run(cause=words, report={"said": words}))
    session.flush()
    session.expire_all()
    found = session.scalars(select(Run).where(Run.cause == words)).one()
    assert (found.cause, found.report) == (kept, {"said": words})  # JSON escapes them


def test_a_page_whose_server_says_odd_things_is_kept(session: Session) -> None:
    save(session, article(title="Tin", published_raw="9\0/3", author="\udcff"))
    page = session.scalars(select(Page)).one()
    page.etag, page.last_modified = '"\0"', "\0\x01"
    session.flush()
    session.expire_all()
    assert (page.etag, page.last_modified) == ('"\ufffd"', "\ufffd\x01")


@pytest.mark.parametrize(
    "at",
    [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(1900, 1, 1, 0, 0, tzinfo=VIETNAM),  # before the zones of today
        datetime(2025, 3, 9, 23, 59, 59, 999_999, tzinfo=VIETNAM),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    ids=str,
)
def test_times_come_back_to_the_microsecond_in_utc(database: Database, at: datetime) -> None:
    with database.writing() as session:
        session.add(run(opened_at=at))
    with database.reading() as session:
        found = session.scalars(select(Run.opened_at).where(Run.opened_at == at)).one()
    assert (found, found.tzinfo) == (at, UTC)


def test_a_cursor_beyond_all_numbers_is_after_everything(session: Session) -> None:
    save(session, article())
    for cursor in (1 << 31, (1 << 63) - 1, 1 << 63, 10**40):
        assert events.since(session, cursor) == []


def test_names_that_differ_by_case_are_two(session: Session) -> None:
    for path in ("/Tin", "/tin", "/TIN"):
        save(session, article(path, title=path))
    assert len(session.scalars(select(Article)).all()) == 3
    assert making.page(session, "/tin").canonical_url.endswith("/tin")
