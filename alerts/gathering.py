"""From what watches are to hear of to messages: what is ready and due is gathered, and bound to its message.

Messages are made only where a watch has none under way on a channel. What comes in while a channel is down is not
stacked up behind it, therefore, but gathered once it is back.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, exists, func, insert, or_, select, update

from alerts import digests, outbox
from alerts.digests import Recent, Waiting
from storage.alert_tables import Channel, Handover, Owed, Watch, WatchChannel
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.digests import Limits

_SECONDS = 0.15
"""How long one transaction gathers: others wait for its end."""
_PAIRS = 1_000
"""How many watches' channels one transaction looks at."""
Pair = tuple[str, str]
"""A watch and a channel."""
_PLAINLY = {"synchronize_session": False}


def _of_pair(state: str) -> list[ColumnElement[bool]]:
    """What waits for a watch's channel, for which no message was made."""
    same = (Owed.watch == WatchChannel.watch, Owed.channel == WatchChannel.channel)
    return [*same, Owed.state == state, Owed.message.is_(None)]


# One question for each pair and figure, each a few steps in an index, whatever waits for others.

_READY = (*_of_pair("pending"), Owed.ready_at <= bindparam("now"))
_LOOK = (
    select(
        WatchChannel.watch,
        WatchChannel.channel,
        select(func.count()).select_from(Owed).where(*_READY).scalar_subquery().label("events"),
        select(func.min(Owed.ready_at)).where(*_READY).scalar_subquery().label("since"),
        exists().where(*_READY, Owed.held).label("held"),
        select(func.min(Owed.ready_at)).where(*_of_pair("noted")).scalar_subquery().label("noted_since"),
        select(func.min(Owed.ready_at))
        .where(*_of_pair("pending"), Owed.ready_at > bindparam("now"))
        .scalar_subquery()
        .label("later"),
    )
    .join(Channel, Channel.id == WatchChannel.channel)
    .join(Watch, Watch.id == WatchChannel.watch)
    .where(
        WatchChannel.look_at <= bindparam("now"), WatchChannel.until.is_(None), Channel.paused_at.is_(None),
        Watch.paused_at.is_(None), Watch.removed_at.is_(None),
        ~exists().where(
            Handover.watch == WatchChannel.watch, Handover.channel == WatchChannel.channel, Handover.state == "pending"
        ),
    )
    .order_by(WatchChannel.look_at, WatchChannel.watch, WatchChannel.position)
    .limit(bindparam("most"))
)  # fmt: skip
_LOOKED = (
    update(WatchChannel)
    .where(WatchChannel.watch == bindparam("of"), WatchChannel.channel == bindparam("to"))
    .values(look_at=bindparam("at"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """How many messages were made; when something else is due, if anything waits; whether there was `more` to do."""

    messages: int
    next_at: datetime | None
    more: bool


def look(session: Session, names: Collection[str], *, now: datetime) -> None:
    """Has all be looked at that waits for the channels of these watches: there is more of it, or it is due otherwise.

    Nothing that waits is ever looked at but at a channel's time to be: what is not due costs nothing.
    """
    later = or_(WatchChannel.look_at.is_(None), WatchChannel.look_at > now)
    session.execute(
        update(WatchChannel)
        .where(WatchChannel.watch.in_(names), WatchChannel.until.is_(None), later)
        .values(look_at=now)
        .execution_options(**_PLAINLY)
    )


def gather(session: Session, *, now: datetime, limits: Limits = digests.LIMITS) -> Gathered:
    """Makes the messages that are due now, as many as a short transaction takes."""
    outbox.lock(session)
    waiting = _waiting(session, now)
    found = {row.id: row for row in session.scalars(select(Watch).where(Watch.id.in_({name for name, _ in waiting})))}
    recent = _recent(session, list(waiting), now, limits)
    made, more = 0, len(waiting) == _PAIRS
    looked: list[dict[str, Any]] = []
    give_up = time.monotonic() + _SECONDS  # after the look, which must not keep all from being made
    for pair, (some, later) in waiting.items():
        if time.monotonic() > give_up:
            more = True
            break
        look_at = later
        if some.since or some.noted_since:
            rhythm = outbox.rhythm(found[pair[0]])
            decision = digests.decide(rhythm, some, recent.get(pair, Recent()), now=now, limits=limits)
            if decision.do == "wait":
                look_at = min(decision.at, later or decision.at)
            else:
                made += _make(session, pair, single=decision.do == "singles", now=now)
        looked.append({"of": pair[0], "to": pair[1], "at": look_at})
    if looked:
        session.connection().execute(_LOOKED, looked)
    return Gathered(messages=made, next_at=now if more else _next_look(session, now), more=more)


def _waiting(session: Session, now: datetime) -> dict[Pair, tuple[Waiting, datetime | None]]:
    """What waits where it is time to look, no message is under way and the channel is not paused.

    With it, when the first of those is ready that are held back.
    """
    rows = session.execute(_LOOK, {"now": now, "most": _PAIRS})
    return {
        (row.watch, row.channel): (
            Waiting(events=row.events, since=row.since, held=bool(row.held), noted_since=row.noted_since), row.later,
        )
        for row in rows
    }  # fmt: skip


def _next_look(session: Session, now: datetime) -> datetime | None:
    """When something is to be looked at that is not yet."""
    return session.scalar(select(func.min(WatchChannel.look_at)).where(WatchChannel.look_at > now))


def _recent(session: Session, pairs: Sequence[Pair], now: datetime, limits: Limits) -> Mapping[Pair, Recent]:
    """What these watches were told on these channels lately."""
    singles: defaultdict[Pair, int] = defaultdict(int)
    digest_at: dict[Pair, datetime] = {}
    asked = (
        select(Handover.watch, Handover.channel, Handover.kind, func.count().label("rows"), func.max(Handover.made_at))
        .where(
            Handover.watch.in_({name for name, _ in pairs}), Handover.made_at > now - limits.window,
            Handover.kind.in_(("event", "digest")),
        )
        .group_by(Handover.watch, Handover.channel, Handover.kind)
    )  # fmt: skip
    for watch, channel, kind, rows, last in session.execute(asked):
        if kind == "event":
            singles[watch, channel] = rows
        else:
            digest_at[watch, channel] = last
    return {pair: Recent(singles=singles[pair], digest_at=digest_at.get(pair)) for pair in {*singles, *digest_at}}


def _make(session: Session, pair: Pair, *, single: bool, now: datetime) -> int:
    """Messages of all that is ready: one for each event, or one for all. The first tells also of what is no news."""
    watch, channel = pair
    noted = _noted(session, pair, now)
    if not single:
        return _digest(session, pair, noted, now)
    asked = select(Owed.id, Owed.event).where(*_ready(pair, "pending", now)).order_by(Owed.event)
    rows = session.execute(asked).all()
    made = [
        outbox.row(
            kind="event", watch=watch, channel=channel, now=now, key=str(row.event), total=1,
            noted=[] if place else noted,
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip
    session.connection().execute(insert(Handover), made)
    bound = [{"of": row.id, "to": message["id"]} for row, message in zip(rows, made, strict=True)]
    session.connection().execute(_BIND, bound)
    if noted:
        _bind(session, pair, "noted", made[0]["id"], now)
    return len(rows)


def _digest(session: Session, pair: Pair, noted: Sequence[tuple[str, int]], now: datetime) -> int:
    watch, channel = pair
    ready = _ready(pair, "pending", now)
    count, first = session.execute(select(func.count(), func.min(Owed.event)).where(*ready)).one()
    if first is None:
        first = session.scalar(select(func.min(Owed.event)).where(*_ready(pair, "noted", now)))
    name = outbox.post(
        session, kind="digest", watch=watch, channel=channel, now=now, key=str(first), total=count, noted=noted
    )
    _bind(session, pair, "pending", name, now)
    _bind(session, pair, "noted", name, now)
    return 1


_BIND = update(Owed).where(Owed.id == bindparam("of")).values(message=bindparam("to"))


def _ready(pair: Pair, state: str, now: datetime) -> list[ColumnElement[bool]]:
    return [
        Owed.watch == pair[0], Owed.channel == pair[1], Owed.state == state, Owed.message.is_(None),
        Owed.ready_at <= now,
    ]  # fmt: skip


def _bind(session: Session, pair: Pair, state: str, message: str, now: datetime) -> None:
    bound = update(Owed).where(*_ready(pair, state, now)).values(message=message)
    session.execute(bound.execution_options(**_PLAINLY))


def _noted(session: Session, pair: Pair, now: datetime) -> list[tuple[str, int]]:
    """What is no news: sources, and how many events of each."""
    asked = (
        select(Event.source, func.count().label("rows"))
        .join(Owed, Owed.event == Event.cursor)
        .where(*_ready(pair, "noted", now))
        .group_by(Event.source)
        .order_by(func.count().desc(), Event.source)
    )
    return [(row.source, row.rows) for row in session.execute(asked)]
