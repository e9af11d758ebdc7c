"""Records in the order of what was last told of them, a page at a time: what feeds list.

What is news (events of polls) stands before what came into the archive otherwise (backfill, replay, import), so that
the first page never fills with old pages while a source is crawled for the first time. Those stand by their dates of
publication: in which order old pages were met tells nothing.

Every page is of the log as it was at a cursor, so that a walk over all pages meets each record once, whatever happens
meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from storage.events import KINDS, SILENT
from storage.models import Event, UtcDateTime
from storage.procedure_tables import Procedure

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

TOLD = tuple(kind for kind in KINDS if kind not in SILENT and not kind.startswith("source."))
"""Kinds of event that tell of a record."""
GROUPS = tuple(dict.fromkeys(kind.partition(".")[0] for kind in TOLD))
"""First words of them, each of which stands for all that begin with it."""
NEWS = "poll"
"""The origin of events that are news."""
_NEWS, _DATED, _UNDATED = _RANKS = (2, 1, 0)
"""What stands first, next and last: news, and of the others those with a date and those without one."""
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"([012])-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose events count: of one kind or group, of a source, of procedures in one of these fields; else all."""

    kind: str | None = None
    source: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in the order: by the cursor of the event that it is there for."""

    rank: int
    cursor: int

    @classmethod
    def read(cls, said: str) -> Self:
        """From an address. Raises ValueError.

        >>> Place.read("2-42")
        Place(rank=2, cursor=42)
        """
        found = _FORM.fullmatch(said)
        if not found:
            raise ValueError(f"not a place in a feed: {said[:40]!r}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.rank}-{self.cursor}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One page: by record its last event, the newest first.

    `next` is the place after which the next page begins, if there is one; `previous` likewise, but for the first page,
    which has no place and which `is_second` tells of.
    """

    events: tuple[Event, ...]
    next: Place | None = None
    previous: Place | None = None
    is_second: bool = False


def page(session: Session, scope: Scope, *, until: int, after: Place | None = None, limit: int = 50) -> Leaf:
    """The page that begins after a place, of the log up to a cursor."""
    if not until:
        return Leaf(events=())
    found = _walk(session, scope, until, after, limit + 1)
    shown = found[:limit]
    above = _walk(session, scope, until, _place(shown[0]), limit + 1, up=True) if shown and after else []
    return Leaf(
        events=tuple(shown),
        next=_place(shown[-1]) if len(found) > limit else None,
        previous=_place(above[limit]) if len(above) > limit else None,
        is_second=0 < len(above) <= limit,
    )


def last(session: Session, scope: Scope) -> int:
    """The cursor of the last event that counts: what happens elsewhere does not change it. 0 where there is none."""
    kinds = [kind for kind in TOLD if kind.partition(".")[0] == scope.kind]
    found = 0
    for kind in kinds or (scope.kind,):  # one by one, each is the end of an index
        counted = _counted(Event, replace(scope, kind=kind), None)
        found = max(found, session.scalar(select(func.max(Event.cursor)).where(*counted)) or 0)
    return found


def of(session: Session, records: Collection[str]) -> dict[str, Event]:
    """By record the last event that told of it: of news, where there was any; withheld records have none."""
    found: dict[str, Event] = {}
    for is_news in (False, True):
        query = _last(Scope(), None, is_news=is_news).where(Event.record.in_(records))
        found |= {str(event.record): event for event in session.scalars(query)}
    return found


def marks(session: Session, records: Collection[str]) -> dict[str, int]:
    """By record the cursor of its last event of any kind: what we say of it changes with it, and with nothing else."""
    asked = select(Event.record, func.max(Event.cursor)).where(Event.record.in_(records)).group_by(Event.record)
    return {str(record): cursor for record, cursor in session.execute(asked)}


def withheld(session: Session, records: Collection[str]) -> set[str]:
    """Those of these records that were withheld."""
    asked = select(Event.record).where(Event.record.in_(records), Event.kind == "record.withheld")
    return {str(record) for record in session.scalars(asked)}


def _place(event: Event) -> Place:
    rank = _NEWS if event.origin == NEWS else _DATED if event.published_at else _UNDATED
    return Place(rank, event.cursor)


def _walk(
    session: Session, scope: Scope, until: int, start: Place | None, limit: int, *, up: bool = False
) -> Sequence[Event]:
    """The records after a place, or `up` before it, the nearest first."""
    found: list[Event] = []
    for rank in reversed(_RANKS) if up else _RANKS:
        query = _last(scope, until, is_news=rank == _NEWS)
        order: tuple[Any, ...] = (Event.cursor,)
        if rank != _NEWS:
            query = query.where(Event.published_at.is_not(None) if rank == _DATED else Event.published_at.is_(None))
        if rank == _DATED:
            order = (Event.published_at, Event.cursor)
        if start and rank == start.rank:
            here = _here(session, start)
            query = query.where(tuple_(*order) > here if up else tuple_(*order) < here)
        elif start and (rank > start.rank) != up:
            continue
        query = query.order_by(*(one if up else one.desc() for one in order)).limit(limit - len(found))
        found += session.scalars(query)
        if len(found) == limit:
            break
    return found


def _here(session: Session, place: Place) -> Any:
    """What the order's columns are at a place."""
    if place.rank != _DATED:
        return tuple_(literal(place.cursor))
    dated = session.scalar(select(Event.published_at).where(Event.cursor == place.cursor))
    return tuple_(literal(dated or _EARLIEST, UtcDateTime()), literal(place.cursor))


def _last(scope: Scope, until: int | None, *, is_news: bool) -> Select[Event]:
    """The last news of each record, or the last event of each of which there was no news."""
    other, hidden = aliased(Event), aliased(Event)
    later = other.cursor > Event.cursor
    return select(Event).where(
        *_counted(Event, scope, until),
        Event.origin == NEWS if is_news else Event.origin != NEWS,
        ~select(other.cursor)
        .where(
            other.record == Event.record,
            *_counted(other, scope, until),
            (other.origin == NEWS) & later if is_news else or_(other.origin == NEWS, later),
        )
        .exists(),
        ~select(hidden.cursor).where(hidden.record == Event.record, hidden.kind == "record.withheld").exists(),
    )


def _counted(event: Any, scope: Scope, until: int | None) -> list[ColumnElement[bool]]:
    # A list of kinds would be looked up kind by kind, and then sorted: all of the log for a page of it.
    told: list[ColumnElement[bool]] = [event.record.is_not(None), event.kind.not_in(SILENT)]
    if scope.kind in GROUPS:
        told.append(event.kind.startswith(f"{scope.kind}."))
    elif scope.kind:
        told.append(event.kind == scope.kind)
    if scope.source:
        told.append(event.source == scope.source)
    if scope.fields:
        told.append(event.record.in_(select(Procedure.id).where(Procedure.field.in_(scope.fields))))
    if until is not None:
        told.append(event.cursor <= until)
    return told
