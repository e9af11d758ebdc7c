from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import making
import pytest
from databases import POSTGRESQL
from making import article, entry, later, listed, minute, save
from sqlalchemy import delete, func, select

from storage import events
from storage.models import Article, Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.database import Database

KEYS = [
    "cursor", "id", "kind", "at", "source", "record", "version", "origin", "title", "url", "published_at", "precision",
    "changes",
]  # fmt: skip


def story(session: Session) -> None:
    """Something of each kind."""
    from storage import articles

    save(session, article(), origin="backfill")
    listed(session, entry("/tin/1", published=minute(2025, 3, 9, 8)), at=later(1))
    save(session, article(body_text="khác"), at=later(2))
    row = session.scalars(select(Article).where(Article.url == article().url)).one()
    articles.gone(session, row, at=later(3), origin="poll")
    articles.returned(session, row, at=later(4), origin="poll")
    articles.gone(session, row, at=later(5), origin="poll")


STORY = ["article.new", "record.updated", "article.changed", "article.gone", "article.returned", "article.gone"]


def test_each_thing_that_happens_is_one_event_in_order(session: Session) -> None:
    story(session)
    told = events.since(session)
    assert [one.kind for one in told] == STORY
    cursors = [one.cursor for one in told]
    assert cursors == sorted(set(cursors))
    assert len({one.id for one in told}) == len(told)
    assert [one.origin for one in told] == ["backfill", *["poll"] * 5]
    assert [one.version for one in told] == [1, 1, 2, 2, 2, 2]


def test_ids_are_the_same_wherever_and_in_whatever_zone_it_is_told(
    session: Session, tmp_path: Path, fresh: Callable[..., str]
) -> None:
    story(session)
    other = making.database(tmp_path, fresh())
    with other.writing() as elsewhere:
        save(elsewhere, article("/khac", title="Tin khác"))
        story(elsewhere)
        mine = [one.id for one in events.since(session)]
        theirs = [one.id for one in events.since(elsewhere)][1:]
    other.close()
    assert mine == theirs
    assert mine[0] == "xkwx7x5dpz4naye5"
    row = session.scalars(select(Article)).one()
    name = events.append(session, "record.withheld", row, at=later(9), origin="poll")
    session.execute(delete(Event).where(Event.id == name))
    assert events.append(session, "record.withheld", row, at=making.utc(later(9)), origin="poll") == name


def test_a_cursor_is_never_used_twice(database: Database) -> None:
    with database.writing() as session:
        story(session)
        last = session.scalar(select(func.max(Event.cursor)))
        session.execute(delete(Event))
    with database.writing() as session:
        save(session, article("/tin/2", title="Hai"))
        assert last is not None
        assert events.since(session)[0].cursor > last


def test_the_shape_is_the_contracts(session: Session) -> None:
    story(session)
    told = [events.shape(one) for one in events.since(session)]
    assert all(list(one) == KEYS for one in told)
    assert told[0] == {
        "cursor": told[0]["cursor"],
        "id": told[0]["id"],
        "kind": "article.new",
        "at": "2025-03-10T12:00:00+07:00",
        "source": "snv",
        "record": session.scalar(select(Article.id)),
        "version": 1,
        "origin": "backfill",
        "title": article().title,
        "url": article().url,
        "published_at": "2025-03-09T00:00:00+07:00",
        "precision": "day",
        "changes": [],
    }
    assert told[2]["changes"] == [{"field": "body", "words_added": 1, "words_removed": 14}]
    assert told[1]["precision"] == "minute"


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({}, STORY),
        ({"limit": 2}, STORY[:2]),
        ({"kinds": ("article.gone",)}, ["article.gone"] * 2),
        ({"kinds": ("article.gone", "article.new"), "limit": 2}, ["article.new", "article.gone"]),
        ({"kinds": ("document.added",)}, []),
    ],
)
def test_events_are_chosen_by_kind_and_number(session: Session, given: dict[str, object], kinds: list[str]) -> None:
    story(session)
    assert [one.kind for one in events.since(session, **given)] == kinds  # type: ignore[arg-type]


def test_reading_on_from_a_cursor_tells_each_event_once(session: Session) -> None:
    story(session)
    told: list[str] = []
    cursor = 0
    while some := events.since(session, cursor, limit=2):
        told += [one.kind for one in some]
        cursor = some[-1].cursor
    assert told == STORY


def test_what_is_undone_is_not_told(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            story(session)
            raise KeyError("no")

    with pytest.raises(KeyError):
        fail()
    with database.reading() as session:
        assert events.since(session) == []


class Told:
    """A reader that goes on from its cursor: what it was told."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cursor = 0
        self.titles: list[str] = []

    def look(self) -> list[str]:
        with self._database.reading() as session:
            for event in events.since(session, self._cursor):
                self.titles.append(event.title)
                self._cursor = event.cursor
        return self.titles


def test_a_cursor_never_passes_over_an_event_that_is_not_yet_committed(database: Database) -> None:
    reader = Told(database)
    wants, has = threading.Event(), threading.Event()

    def second() -> None:
        wants.set()
        with database.writing() as session:
            save(session, article("/2", title="second"))
            has.set()

    thread = threading.Thread(target=second)
    with database.writing() as session:
        save(session, article("/1", title="first"))  # its cursor is taken, and nobody can see it yet
        thread.start()
        wants.wait(10)
        assert not has.wait(0.5)  # it waits for its own
        assert reader.look() == []
    thread.join(10)
    assert reader.look() == ["first", "second"]


@POSTGRESQL
def test_without_the_lock_a_reader_would_pass_over_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "take_turns", lambda session: None)
    reader = Told(database)
    with database.writing() as session:
        save(session, article("/1", title="first"))
        with database.writing() as other:
            save(other, article("/2", title="second"))
        assert reader.look() == ["second"]
    assert reader.look() == ["second"]  # the first is there now, and is never told
    assert Told(database).look() == ["first", "second"]


def test_writers_of_events_side_by_side_tell_a_reader_of_each_once(database: Database) -> None:
    reader = Told(database)

    def write(writer: int) -> None:
        for number in range(15):
            with database.writing() as session:
                save(session, article(f"/{writer}/{number}", title=f"{writer} {number}"), source=f"s{writer}")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        reader.look()
    for thread in threads:
        thread.join()
    assert sorted(reader.look()) == sorted(f"{writer} {number}" for writer in range(4) for number in range(15))
    assert reader.titles == Told(database).look()
