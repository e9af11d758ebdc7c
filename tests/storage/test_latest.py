"""Records in the order of what was last told of them: each once, whatever happens meanwhile, on both databases."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from making import NOON, SITE
from sqlalchemy import select

from storage import events, latest
from storage.events import Subject
from storage.latest import Place, Scope
from storage.models import Event

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Log:
    """Writes events of records that are letters, each an hour after the one before."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.hours = 0

    def __call__(
        self, said: str, kind: str = "article.new", origin: str = "poll", source: str = "snv", days: int | None = None
    ) -> None:
        """`days` is how long before noon a record was published."""
        for record in said:
            self.hours += 1
            published = None if days is None else NOON - timedelta(days=days)
            subject = Subject(
                id=record, version=1, source=source, title=record, url=f"{SITE}/{record}", published_at=published
            )
            events.append(self.session, kind, subject, at=NOON + timedelta(hours=self.hours), origin=origin)


@pytest.fixture
def log(session: Session) -> Log:
    return Log(session)


def order(session: Session, scope: Scope | None = None, limit: int = 100) -> str:
    leaf = latest.page(session, scope or Scope(), until=events.last(session), limit=limit)
    return "".join(str(event.record) for event in leaf.events)


def test_each_record_stands_once_where_it_was_told_of_last(session: Session, log: Log) -> None:
    log("abc")
    log("a", "article.changed")
    assert order(session) == "acb"


def test_what_is_no_news_stands_after_the_news_by_its_date(session: Session, log: Log) -> None:
    log("u", origin="backfill")
    log("x", origin="import", days=9)
    log("ab")
    log("y", origin="backfill", days=3)
    log("a", "article.changed", origin="replay")  # we read it better: that is not told as if the portal had edited it
    assert order(session) == "bayxu"
    assert latest.of(session, ["a", "x"])["a"].kind == "article.new"
    log("x", "article.changed")
    assert order(session) == "xbayu"


def test_what_nobody_is_told_moves_nothing_and_what_is_withheld_is_gone(session: Session, log: Log) -> None:
    log("abc")
    log("a", "record.updated")
    events.append_of_source(session, "source.ill", "snv", at=NOON, title="Sở", url=SITE, changes=[])
    assert order(session) == "cba"
    before = events.last(session)
    log("b", "record.withheld")
    log("b", "article.changed")
    assert order(session) == "ca"
    assert latest.page(session, Scope(), until=before).events[-1].record == "a"
    assert {event.record for event in latest.page(session, Scope(), until=before).events} == {"a", "c"}
    assert latest.of(session, ["a", "b", "c"]).keys() == {"a", "c"}
    assert latest.withheld(session, ["a", "b", "c"]) == {"b"}


def test_kinds_and_sources(session: Session, log: Log) -> None:
    log("ab", source="x/y")
    log("c")
    log("a", "document.added", source="x/y")
    log("d", "procedure.abolished")
    log("b", "article.gone", source="x/y")
    assert order(session, Scope(source="x/y")) == "ba"
    assert order(session, Scope(source="x")) == ""
    assert order(session, Scope(kind="document")) == "a"
    assert order(session, Scope(kind="article")) == "bca"
    assert order(session, Scope(kind="article.new")) == "cba"
    assert order(session, Scope(kind="procedure.abolished")) == "d"
    assert order(session, Scope(fields=("Đất đai",))) == ""


def test_a_walk_meets_each_record_once_while_others_happen(session: Session, log: Log) -> None:
    log("uvwxyz", origin="backfill", days=3)
    log("mno", origin="backfill")
    log("abcdefg")
    whole = order(session)
    assert whole == "gfedcbazyxwvuonm"
    until, after = events.last(session), None
    seen, places = "", [None]
    while True:
        leaf = latest.page(session, Scope(), until=until, after=after, limit=3)
        seen += "".join(str(event.record) for event in leaf.events)
        log("bnz", "article.changed")
        log("k", "article.changed")
        if not leaf.next:
            break
        after = Place.read(str(leaf.next))
        places.append(after)
    assert seen == whole
    for before, place in pairwise(places):
        leaf = latest.page(session, Scope(), until=until, after=place, limit=3)
        assert (leaf.previous, leaf.is_second) == (before, before is None)
    first = latest.page(session, Scope(), until=until, limit=3)
    assert (first.previous, first.is_second) == (None, False)


def test_the_last_event_that_counts(session: Session, log: Log) -> None:
    assert latest.last(session, Scope()) == 0
    assert latest.page(session, Scope(), until=0).events == ()
    log("a", source="x/y")
    log("b", "procedure.amended")
    log("c", "record.updated")
    assert latest.last(session, Scope()) == latest.last(session, Scope(kind="procedure")) == 2
    assert latest.last(session, Scope(source="x/y")) == latest.last(session, Scope(kind="article.new")) == 1
    assert latest.last(session, Scope(kind="document")) == latest.last(session, Scope(fields=("Đất đai",))) == 0


def test_what_is_said_of_a_record_changes_with_its_marks(session: Session, log: Log) -> None:
    log("ab")
    before = latest.marks(session, ["a", "b"])
    log("a", "record.updated")
    after = latest.marks(session, ["a", "b"])
    assert after["a"] == session.scalar(select(Event.cursor).where(Event.kind == "record.updated"))
    assert after["b"] == before["b"]


@pytest.mark.parametrize("said", ["", "1", "3-1", "1-", "1-x", "1--1", "1-1x", "1-" + "9" * 19, "1-٣"])
def test_what_is_no_place(said: str) -> None:
    with pytest.raises(ValueError, match="not a place"):
        Place.read(said)
