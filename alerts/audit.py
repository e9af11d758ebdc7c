"""Whether everyone was told of what they asked for: the ledger is held against the event log.

Each event, each watch that is to hear of it and each of its channels have exactly one row in the outbox, which has
ended, or waits for something. What a watch should have heard of is asked of the matching again. Where a record has
changed since an event, nobody can know any more what it said then: of those events only the rows are looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, or_, select

from alerts import promises
from alerts.following import AT_ONCE, Matcher
from storage import events
from storage.alert_tables import Following, Handover, Owed, Watch, WatchChannel
from storage.models import Event
from storage.procedure_tables import ProcedurePlace
from storage.search import holdings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from storage.alert_tables import WatchSpan
    from storage.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What was looked at, and what is wrong.

    `gaps` are rows that should be there and are not, `doubles` those that are there twice, `strays` those of which a
    watch should not hear, and `torn` those whose state and whose message's state cannot both be true.
    """

    events: int = 0
    rows: int = 0
    gaps: int = 0
    doubles: int = 0
    strays: int = 0
    torn: int = 0

    @property
    def wrong(self) -> int:
        """How many rows are wrong; 0 where all is well."""
        return self.gaps + self.doubles + self.strays + self.torn

    def __add__(self, other: Audit) -> Audit:
        return Audit(
            events=self.events + other.events, rows=self.rows + other.rows, gaps=self.gaps + other.gaps,
            doubles=self.doubles + other.doubles, strays=self.strays + other.strays, torn=self.torn + other.torn,
        )  # fmt: skip


class Auditor:
    """Audits the log piece by piece, each event once, when it was followed."""

    def __init__(self, database: Database, *, after: int = 0) -> None:
        self._database = database
        self._after = after
        self._matcher = Matcher()
        self.found = Audit()

    def look(self, *, most: int | None = None) -> Audit:
        """Audits what was followed since, the last `most` events of it at the most; what was found in all."""
        with self._database.reading() as session:
            followed = session.scalar(select(Following.cursor)) or 0
            after = self._after if most is None else max(self._after, followed - most)
        self.found += self._between(after, followed)
        self._after = followed
        return self.found

    def _between(self, after: int, until: int) -> Audit:
        """From the newest to the oldest, so that what has changed since is known of each."""
        touched: set[str] = set()
        audit = Audit()
        with self._database.reading() as session:
            end = events.last(session)
        while end > after:
            with self._database.reading() as session:
                asked = select(Event).where(Event.cursor > after, Event.cursor <= end)
                told = session.scalars(asked.order_by(Event.cursor.desc()).limit(AT_ONCE)).all()
                if not told:
                    break
                settled = _settled(session, told, touched)
                due = [event for event in reversed(told) if event.cursor <= until]
                if due:
                    audit += self._of(session, due, settled)
                end = told[-1].cursor - 1
        return audit

    def _of(self, session: Session, told: Sequence[Event], settled: set[int]) -> Audit:
        heard = self._matcher.heard(session, told)
        living = promises.promised(session, told[0].cursor, told[-1].cursor)
        expected = {
            (name, cursor, channel)
            for cursor, names in heard.items()
            for name in names
            for channel in promises.to_whom(living[name], cursor)
        }
        rows = _rows(session, told)
        return Audit(
            events=len(told), rows=rows.total(),
            gaps=sum(key[1] in settled and key not in rows for key in expected),
            doubles=sum(count - 1 for count in rows.values()),
            strays=sum(not _is_due(key, living) or (key[1] in settled and key not in expected) for key in rows),
            torn=_torn(session, told),
        )  # fmt: skip


_Key = tuple[str, int, str]
"""A watch, an event's cursor, a channel."""


def _settled(session: Session, told: Sequence[Event], touched: set[str]) -> set[int]:
    """Events, the newest first, whose record has not been touched since; `touched` grows by all of theirs."""
    records = {event.record for event in told if event.record}
    shown = holdings.shown(session, records)
    told_of: defaultdict[str, set[str]] = defaultdict(set)
    asked = select(ProcedurePlace.article, ProcedurePlace.record).where(ProcedurePlace.article.in_(records))
    for page, procedure in session.execute(asked):
        told_of[str(page)].add(procedure)
    settled = set()
    for event in told:
        if event.record is None:
            settled.add(event.cursor)
            continue
        about = shown[event.record]
        if not touched & {event.record, about}:
            settled.add(event.cursor)
        touched |= {event.record, about, *told_of[event.record]}
    return settled


def _rows(session: Session, told: Sequence[Event]) -> Counter[_Key]:
    asked = select(Owed.watch, Owed.event, Owed.channel).where(*_among(told))
    return Counter((row.watch, row.event, row.channel) for row in session.execute(asked))


def _among(told: Sequence[Event]) -> tuple[ColumnElement[bool], ...]:
    return Owed.event >= told[0].cursor, Owed.event <= told[-1].cursor


def _is_due(key: _Key, living: Mapping[str, Sequence[WatchSpan]]) -> bool:
    """Whether the watch had promised to tell this channel of an event then."""
    watch, cursor, channel = key
    return channel in promises.to_whom(living.get(watch, ()), cursor)


def _torn(session: Session, told: Sequence[Event]) -> int:
    """Rows that wait for what has ended, or what nobody will look at; or that ended otherwise than their message."""
    end = func.coalesce(Handover.state, "")
    asked = (
        select(func.count())
        .select_from(Owed)
        .join(Watch, Watch.id == Owed.watch)
        .join(WatchChannel, and_(WatchChannel.watch == Owed.watch, WatchChannel.channel == Owed.channel))
        .join(Handover, Handover.id == Owed.message, isouter=True)
        .where(
            *_among(told),
            or_(
                and_(Owed.state == "pending", Owed.message.is_not(None), end != "pending"),
                and_(
                    Owed.state == "pending", Owed.message.is_(None),
                    or_(
                        Watch.paused_at.is_not(None), Watch.removed_at.is_not(None), WatchChannel.until.is_not(None),
                        WatchChannel.look_at.is_(None),
                    ),
                ),
                and_(Owed.state.in_(("sent", "dead")), end != Owed.state),
            ),
        )
    )  # fmt: skip
    return session.scalar(asked) or 0
