"""What a watch promises, from which event on: which events it tells, and to which channels.

Each change of a watch begins a span of its own after the last event, in the transaction that changes it. Of every event
it can be said for ever, therefore, who was to hear of it; when it is read from the log makes no difference.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select, update

from storage import events
from storage.alert_tables import WatchChannel, WatchSpan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from storage.alert_tables import Watch


def last_event(session: Session) -> int:
    """The last event's cursor: until the transaction ends no other event has a lesser one, nor will."""
    events.take_turns(session)
    return events.last(session)


def begin(session: Session, watch: Watch) -> None:
    """From now on a watch tells what it asks for to the channels that it has."""
    channels = select(WatchChannel.channel).where(WatchChannel.watch == watch.id, WatchChannel.until.is_(None))
    span = WatchSpan(
        watch=watch.id, after=last_event(session), until=None, query=watch.query, kinds=watch.kinds,
        sources=watch.sources, fields=watch.fields,
        channels=list(session.scalars(channels.order_by(WatchChannel.position))),
    )  # fmt: skip
    session.add(span)
    session.flush()


def end(session: Session, watch: Watch) -> None:
    """From now on a watch tells nothing."""
    open_ones = update(WatchSpan).where(WatchSpan.watch == watch.id, WatchSpan.until.is_(None))
    session.execute(open_ones.values(until=last_event(session)))


def renew(session: Session, watch: Watch) -> None:
    """From now on a watch keeps to what it asks for now, and to the channels that it has now; paused, to nothing."""
    session.flush()
    end(session, watch)
    if watch.paused_at is None:
        begin(session, watch)


class Span(NamedTuple):
    """Whose a span is, and from where to where it goes."""

    number: int
    watch: str
    after: int
    until: int | None


def spans(session: Session, first: int, last: int) -> list[Span]:
    """The spans in which any of these events may fall; what they hold, `promised` says.

    This is asked at every step, of thousands of watches.
    """
    columns = (WatchSpan.number, WatchSpan.watch, WatchSpan.after, WatchSpan.until)
    return [Span(*row) for row in session.execute(select(*columns).where(*_between(first, last)))]


def promised(
    session: Session, first: int, last: int, *, names: Iterable[str] | None = None
) -> defaultdict[str, list[WatchSpan]]:
    """The spans in which any of these events may fall by watch, whole: of these watches, or of all."""
    asked = select(WatchSpan).where(*_between(first, last)).order_by(WatchSpan.number)
    found: defaultdict[str, list[WatchSpan]] = defaultdict(list)
    for span in session.scalars(asked if names is None else asked.where(WatchSpan.watch.in_(names))):
        found[span.watch].append(span)
    return found


def _between(first: int, last: int) -> tuple[ColumnElement[bool], ...]:
    return WatchSpan.after < last, or_(WatchSpan.until.is_(None), WatchSpan.until >= first)


def holds(span: Span | WatchSpan, cursor: int) -> bool:
    """Whether an event falls in a span."""
    return span.after < cursor and (span.until is None or cursor <= span.until)


def to_whom(some: Iterable[WatchSpan], cursor: int) -> Sequence[str]:
    """Of a watch's spans: the channels to which it was to tell an event, as it was when that happened."""
    return next((span.channels for span in some if holds(span, cursor)), ())
