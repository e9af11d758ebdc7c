"""What happened, append-only, with a cursor: alerts, feeds, the search index and the API read this and nothing else.

An event is written in the transaction that made it true.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text

from scraper.items import VIETNAM
from scraper.urls import record_id
from storage import batch
from storage.models import Article, Event

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

KINDS = (
    "article.new", "article.changed", "article.gone", "article.returned", "document.added", "document.changed",
    "procedure.new", "procedure.amended", "procedure.replaced", "procedure.abolished", "procedure.changed",
    "source.ill", "source.recovered", "record.updated", "record.withheld",
)  # fmt: skip
"""The closed list of what can happen."""
SILENT = frozenset({"record.updated", "record.withheld"})
"""Kinds that are never told to subscribers: they say that what search shows has changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What an event is about, where that is not an article: a record as one page tells of it."""

    id: str
    version: int
    source: str
    title: str
    url: str
    published_at: datetime | None = None
    precision: str | None = None


_INSERT = insert(Event.__table__)  # type: ignore[arg-type]
_LAST = (1 << 63) - 1  # a greater number is no cursor, and no integer of a database
_ORDER = 0x65766E74  # any number of ours: the advisory lock that makes cursors grow in commit order


def append(
    session: Session,
    kind: str,
    subject: Article | Subject,
    *,
    at: datetime,
    origin: str,
    changes: Sequence[dict[str, Any]] = (),
) -> str:
    """Writes an event of a record into the session's transaction; its id."""
    take_turns(session)
    name = f"{kind} {subject.id} {subject.version} {at.astimezone(UTC).isoformat()}"
    # At one moment several pages may tell of a record, and one page of several decisions, addresses or documents.
    if isinstance(subject, Subject):
        name += f" {subject.source} {subject.url}"
    if kind.startswith(("record.updated", "procedure.", "document.")):
        name += f" {json.dumps(list(changes), sort_keys=True)}"
    event = record_id(name)
    values = {
        "id": event,
        "kind": kind,
        "at": at,
        "source": subject.source,
        "record": subject.id,
        "version": subject.version,
        "origin": origin,
        "title": subject.title,
        "url": subject.url,
        "published_at": subject.published_at,
        "precision": subject.precision,
        "changes": list(changes),
    }
    batch.later(session, _INSERT, values)
    return event


def append_of_source(
    session: Session, kind: str, source: str, *, at: datetime, title: str, url: str, changes: Sequence[dict[str, Any]]
) -> str:
    """Writes an event of a source itself, which has no record; its id."""
    take_turns(session)
    event = record_id(f"{kind} {source} {at.astimezone(UTC).isoformat()}")
    values = {
        "id": event, "kind": kind, "at": at, "source": source, "record": None, "version": None, "origin": "poll",
        "title": title, "url": url, "published_at": None, "precision": None, "changes": list(changes),
    }  # fmt: skip
    batch.later(session, _INSERT, values)
    return event


def take_turns(session: Session) -> None:
    """Lets no other transaction append events until this one has ended, nor whatever else begins with this call.

    On PostgreSQL sequence numbers are handed out before commit, so that a reader could pass over an event that is still
    uncommitted. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ORDER})


def since(session: Session, cursor: int = 0, *, kinds: Collection[str] = (), limit: int = 1000) -> Sequence[Event]:
    """Events after a cursor, oldest first."""
    query = select(Event).where(Event.cursor > min(cursor, _LAST)).order_by(Event.cursor).limit(limit)
    if kinds:
        query = query.where(Event.kind.in_(kinds))
    return session.scalars(query).all()


def last(session: Session) -> int:
    """The cursor of the newest event; 0 where there is none."""
    return session.scalar(select(func.max(Event.cursor))) or 0


def shape(event: Event) -> dict[str, Any]:
    """An event as the contract writes it."""
    return {
        "cursor": event.cursor,
        "id": event.id,
        "kind": event.kind,
        "at": iso(event.at),
        "source": event.source,
        "record": event.record,
        "version": event.version,
        "origin": event.origin,
        "title": event.title,
        "url": event.url,
        "published_at": iso(event.published_at),
        "precision": event.precision,
        "changes": event.changes,
    }


def iso(moment: datetime | None) -> str | None:
    """A time as we print it: ISO 8601 with the offset of Việt Nam."""
    return moment.astimezone(VIETNAM).isoformat() if moment else None
