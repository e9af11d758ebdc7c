"""From the event log to the outbox: which watch is to hear of what, by which channels.

Several processes may follow at a time. What an event is about is read and held against the watches in a reading
session; the rows are written in a short transaction with the cursor, if nobody else has moved it meanwhile. In it the
watches are seen as they are: nobody changes one while `outbox.lock` is held.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from alerts import digests, gathering, outbox, promises, subjects, watches
from alerts.matching import Watched
from storage import events
from storage.alert_tables import Following, Owed, Watch, WatchChannel
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.digests import Limits
    from alerts.promises import Span
    from storage.alert_tables import WatchSpan
    from storage.search.query import Document

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Events that are read together, and of which rows are written in one transaction."""
_MOST_ROWS = 4_000
"""For as many watches an event is entered together with others."""
_NEWS = "poll"
"""The origin of events that are told as they come; all others are noted, and counted in a line."""

_AWAY = "the channel was not of the watch any more, or the watch was paused, when this was read from the log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Events after a cursor, and which watches are to hear of each, by its cursor."""

    after: int
    events: Sequence[Event]
    heard: Mapping[int, Sequence[str]] = field(default_factory=dict)

    @property
    def until(self) -> int:
        """The cursor of the last event."""
        return self.events[-1].cursor


class Matcher:
    """Which watches are to hear of events. Keeps the trees of what they promised until one promises something else."""

    def __init__(self) -> None:
        self._known: frozenset[int] = frozenset()
        self._watched = Watched({})
        self._kinds: dict[str, frozenset[str]] = {}

    def heard(self, session: Session, told: Sequence[Event]) -> dict[int, list[str]]:
        """By an event's cursor, the watches that promised to tell of events of its kind that match its record."""
        first, last = told[0].cursor, told[-1].cursor
        living = {str(span.number): span for span in promises.spans(session, first, last)}
        if self._known != (numbers := frozenset(span.number for span in living.values())):
            self._learn(promises.promised(session, first, last))
            self._known = numbers
        asked = [event for event in told if any(event.kind in kinds for kinds in self._kinds.values())]
        return {
            event.cursor: names
            for event, document in subjects.each(session, asked)
            if (names := list(self._of(event, document, living)))
        }

    def _of(self, event: Event, document: Document, living: Mapping[str, Span]) -> Iterable[str]:
        for number in self._watched.matching(document):
            if event.kind in self._kinds[number] and promises.holds(living[number], event.cursor):
                yield living[number].watch

    def _learn(self, found: Mapping[str, Sequence[WatchSpan]]) -> None:
        whole = {str(span.number): span for watch in sorted(found) for span in found[watch]}
        self._watched = Watched({number: watches.tree(span) for number, span in whole.items()})
        self._kinds = {number: frozenset(span.kinds) for number, span in whole.items()}


def read(session: Session, matcher: Matcher, *, limit: int = AT_ONCE) -> Batch | None:
    """The next events of the log, held against the watches; None where there are none."""
    after = session.scalar(select(Following.cursor))
    if after is None:  # nobody has ever made a watch
        return None
    told = events.since(session, after, limit=limit)
    if not told:
        return None
    heard = matcher.heard(session, told)
    return Batch(after=after, events=_few(told, heard), heard=heard)


def _few(told: Sequence[Event], heard: Mapping[int, Sequence[str]]) -> Sequence[Event]:
    """As many of the first events as make few enough rows for a short transaction, one at the least."""
    rows = 0
    for place, event in enumerate(told):
        rows += len(heard.get(event.cursor, ()))
        if rows > _MOST_ROWS and place:
            return told[:place]
    return told


def write(session: Session, batch: Batch, *, now: datetime, limits: Limits = digests.LIMITS) -> bool:
    """Enters a batch into the outbox and moves the cursor past it; False where another process was there first."""
    following = outbox.lock(session)
    if following.cursor != batch.after:
        return False
    following.cursor = batch.until
    session.flush()
    told = [event for event in batch.events if event.cursor in batch.heard]
    if told:
        rows = list(_rows(session, told, batch.heard, now, limits))
        if rows:
            session.connection().execute(insert(Owed), rows)
            gathering.look(session, {row["watch"] for row in rows}, now=now)
    return True


def _rows(
    session: Session, told: Sequence[Event], heard: Mapping[int, Sequence[str]], now: datetime, limits: Limits
) -> Iterable[dict[str, Any]]:
    names = {name for event in told for name in heard[event.cursor]}
    found = {row.id: row for row in session.scalars(select(Watch).where(Watch.id.in_(names)))}
    of_them = session.scalars(select(WatchChannel).where(WatchChannel.watch.in_(names)))
    channels = {(one.watch, one.channel): one for one in of_them}
    flaps = _Flaps(session, told, names, now, limits)
    living = promises.promised(session, told[0].cursor, told[-1].cursor, names=names)
    for event in told:
        for name in heard[event.cursor]:
            held = flaps.held(found[name], event)
            for channel in promises.to_whom(living[name], event.cursor):
                state, reason = _state(event, found[name], channels[name, channel])
                yield {
                    "watch": name, "event": event.cursor, "channel": channel, "subject": _subject(event),
                    "state": state, "reason": reason, "ready_at": held or now, "held": held is not None,
                    "message": None,
                }  # fmt: skip


def _subject(event: Event) -> str:
    return event.record or event.source


def _state(event: Event, watch: Watch, channel: WatchChannel) -> tuple[str, str]:
    """As what an event begins for a channel of a watch, and why; much may have changed since it happened."""
    if watch.paused_at is not None or watch.removed_at is not None:
        return "dropped", outbox.ENDED
    if channel.until is not None or event.cursor <= channel.after:
        return "dropped", _AWAY
    if event.origin != _NEWS:
        return "noted", event.origin
    return "pending", ""


class _Flaps:
    """How often records had the same few things happen to them of late, as each watch was told."""

    def __init__(self, session: Session, told: Sequence[Event], names: set[str], now: datetime, limits: Limits) -> None:
        self._limits = limits
        self._now = now
        subjects = {_subject(event) for event in told if event.kind in digests.FLAPPING}
        asked = (
            select(Owed.watch, Owed.subject, func.count(func.distinct(Owed.event)).label("times"))
            .join(Event, Event.cursor == Owed.event)
            .where(
                Owed.subject.in_(subjects), Owed.watch.in_(names), Owed.state.in_(("pending", "sent")),
                Event.kind.in_(digests.FLAPPING), Event.at > now - limits.flapping,
            )
            .group_by(Owed.watch, Owed.subject)
        )  # fmt: skip
        rows = session.execute(asked) if subjects else ()
        self._times = {(row.watch, row.subject): row.times for row in rows}

    def held(self, watch: Watch, event: Event) -> datetime | None:
        """Until when an event waits for company, because its record flaps; None where it does not."""
        if event.kind not in digests.FLAPPING or event.origin != _NEWS:
            return None
        key = (watch.id, _subject(event))
        self._times[key] = self._times.get(key, 0) + 1
        if self._times[key] <= self._limits.flaps:
            return None
        log.warning("%s: %s flaps; what happens to it is told to watch %s once a day", event.source, key[1], watch.id)
        return digests.next_digest(outbox.rhythm(watch), self._now)
