"""What a watch would have sent over the last thirty days, told before anyone subscribes.

The search index says which of the records that something happened to are found; no record is read for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, func, or_, select

from alerts import subjects
from alerts.digests import Rhythm, next_digest
from alerts.matching import narrowed
from scraper.items import VIETNAM
from storage import events
from storage.models import Event
from storage.search import holdings
from storage.search.language import parse
from storage.search.query import matches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from storage.database import Database
    from storage.search.answer import Searcher
    from storage.search.query import Node

DAYS = 30
FLOOD = 20
"""More than so much on one day is too much to be told one by one."""
MOST_EVENTS = 50_000
"""The newest so many are looked at; where there were more, the rest is reckoned from them."""
MOST_SHOWN = 20
"""Of events, or of days or weeks with as many events each."""
_TOGETHER = 500
_AT_ONCE = Rhythm()
_LATE = timedelta(days=1)
"""By how much an event may stand behind later ones in the log: a crawl tells of a page when it is written."""
_ANNOUNCED = ("article.new", "document.added", "procedure.new", "procedure.amended", "procedure.replaced",
              "procedure.abolished")  # fmt: skip
"""Kinds that are told on the day on which something is published: those that a backfill can stand for."""


class _Seen(NamedTuple):
    """An event, and when it would have been told."""

    at: datetime
    cursor: int
    event: str
    record: str | None
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What would have been sent; `asdict` of it is the contract's shape.

    `matches` are events of the last thirty days, `per_day` is their mean. `flood` says that there was a day with more
    than `FLOOD`. `would_send` are events as `storage.events.shape` has them, the newest first; of a watch that tells
    daily or weekly, what was to be told together, by the day of the message: `{"day", "count", "events"}`.

    `estimated` says that some of it was not seen as it came: the archive is younger, or it was filled with older pages,
    and they count by the day on which they were published; or there were too many events to look at. `stale` says that
    the search index is behind.
    """

    matches: int
    per_day: float
    flood: bool
    would_send: list[dict[str, Any]]
    estimated: bool
    stale: bool

    def shape(self) -> dict[str, Any]:
        """As `watch preview` prints it."""
        return asdict(self)


def preview(
    database: Database,
    searcher: Searcher,
    query: str,
    *,
    kinds: Collection[str],
    sources: Sequence[str] = (),
    fields: Sequence[str] = (),
    rhythm: Rhythm = _AT_ONCE,
    now: datetime,
) -> Preview:
    """What a watch would have sent until `now` (aware), with the kinds of events, its own narrowing and rhythm.

    Whether a record matches is asked of the record as it is now. It costs a look at the last thirty days of the event
    log, a row of a few columns for each event of these kinds, and one question to the index for a thousand records.
    """
    tree = narrowed(parse(query).tree, sources=sources, fields=fields)
    since = now - timedelta(days=DAYS)
    told = set(kinds) - events.SILENT
    with database.reading() as session:
        seen, total = _happened(session, told, since, now)
        found, stale = _found(session, searcher, tree, seen)
        found.sort(reverse=True)
        days = Counter(one.at.astimezone(VIETNAM).date() for one in found)
        happened = len(found) * total / max(len(seen), 1)
        return Preview(
            matches=round(happened),
            per_day=round(happened / DAYS, 2),
            flood=max(days.values(), default=0) * total > FLOOD * len(seen),
            would_send=_would_send(session, found, rhythm),
            estimated=total > len(seen) or any(one.origin != "poll" for one in found) or _is_young(session, since),
            stale=stale,
        )


def _happened(session: Session, kinds: Collection[str], since: datetime, now: datetime) -> tuple[list[_Seen], int]:
    """The newest events of these kinds since then, in no order; and how many there were.

    What a poll met counts by the time at which it did, what came in otherwise by the time of its publication.
    """
    announced = [kind for kind in _ANNOUNCED if kind in kinds]
    polled = and_(Event.origin == "poll", Event.kind.in_(kinds), Event.at >= since, Event.at <= now)
    filled = and_(
        Event.origin.in_(("backfill", "import")), Event.kind.in_(announced),
        Event.published_at >= since, Event.published_at <= now,
    )  # fmt: skip
    wanted = and_(Event.cursor >= _first(session, since - _LATE), or_(polled, filled))
    at = case((Event.origin == "poll", Event.at), else_=Event.published_at)
    columns = select(at, Event.cursor, Event.id, Event.record, Event.origin)
    rows = session.execute(columns.where(wanted).order_by(Event.cursor.desc()).limit(MOST_EVENTS))
    seen = [_Seen(*row) for row in rows]
    total = len(seen)
    if total == MOST_EVENTS:
        total = session.scalar(select(func.count()).select_from(Event).where(wanted)) or total
    return seen, total


def _first(session: Session, since: datetime) -> int:
    """A cursor that no event since then is before: the log is in the order of its times, but for what comes late."""
    low, high = (session.scalar(select(one)) or 0 for one in (func.min(Event.cursor), func.max(Event.cursor)))
    while low < high:
        middle = (low + high) // 2
        at = session.scalar(select(Event.at).where(Event.cursor >= middle).order_by(Event.cursor).limit(1))
        if at is not None and at < since:
            low = middle + 1
        else:
            high = middle
    return low


def _found(session: Session, searcher: Searcher, tree: Node, seen: Sequence[_Seen]) -> tuple[list[_Seen], bool]:
    """Those that the watch would have been told of, and whether the index is behind the database."""
    shown: dict[str, str] = {}
    for some in _parts(list(dict.fromkeys(one.record for one in seen if one.record))):
        shown |= holdings.shown(session, some)
    records, stale = searcher.finds(tree, list(dict.fromkeys(shown.values())))
    ill = _of_sources(session, tree, [one.event for one in seen if one.record is None])
    told = [one for one in seen if one.event in ill or (one.record and shown[one.record] in records)]
    return told, stale


def _of_sources(session: Session, tree: Node, ids: Sequence[str]) -> set[str]:
    """Those of these events of sources that the watch would have been told of."""
    rows = [row for some in _parts(ids) for row in session.scalars(select(Event).where(Event.id.in_(some)))]
    return {event.id for event, about in subjects.each(session, rows) if matches(tree, about)}


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _TOGETHER] for start in range(0, len(values), _TOGETHER))


def _is_young(session: Session, since: datetime) -> bool:
    """Whether nobody was there to see what happened at the beginning of the time that is looked at."""
    first = session.scalar(select(Event.at).order_by(Event.cursor).limit(1))
    return first is None or first > since


def _would_send(session: Session, found: Sequence[_Seen], rhythm: Rhythm) -> list[dict[str, Any]]:
    """The newest of what was found: one by one, or what was to be told together."""
    if rhythm.every == "now":
        return _shapes(session, [one.event for one in found[:MOST_SHOWN]])
    together: defaultdict[date, list[str]] = defaultdict(list)
    for one in found:
        together[next_digest(rhythm, one.at).astimezone(VIETNAM).date()].append(one.event)
    newest = sorted(together, reverse=True)[:MOST_SHOWN]
    return [
        {
            "day": day.isoformat(),
            "count": len(together[day]),
            "events": _shapes(session, together[day][:MOST_SHOWN]),
        }
        for day in newest
    ]


def _shapes(session: Session, ids: Sequence[str]) -> list[dict[str, Any]]:
    rows = {event.id: event for event in session.scalars(select(Event).where(Event.id.in_(ids)))}
    return [events.shape(rows[one]) for one in ids]
