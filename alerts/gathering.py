"""From what watches are to hear of to messages: what is ready and due is gathered, and bound to its message.

Messages are made only where a watch has none under way on a channel. What comes in while a channel is down is not
stacked up behind it, therefore, but gathered once it is back.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, bindparam, case, func, insert, select, update

from alerts import digests, outbox
from alerts.digests import Recent, Waiting
from storage.alert_tables import Channel, Handover, Owed, Watch, WatchChannel
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.digests import Limits

_SECONDS = 0.15
"""How long one transaction gathers: others wait for its end."""
Pair = tuple[str, str]
"""A watch and a channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """How many messages were made; when something else is due, if anything waits; whether there was `more` to do."""

    messages: int
    next_at: datetime | None
    more: bool


def gather(session: Session, *, now: datetime, limits: Limits = digests.LIMITS) -> Gathered:
    """Makes the messages that are due now, as many as a short transaction takes."""
    outbox.lock(session)
    waiting = _waiting(session, now)
    found = {row.id: row for row in session.scalars(select(Watch).where(Watch.id.in_({name for name, _ in waiting})))}
    recent = _recent(session, list(waiting), now, limits)
    made, next_at = 0, _next_ready(session, now)
    give_up = time.monotonic() + _SECONDS  # after the look, which must not keep all from being made
    for pair, some in waiting.items():
        if time.monotonic() > give_up:
            return Gathered(messages=made, next_at=now, more=True)
        watch = found[pair[0]]
        decision = digests.decide(outbox.rhythm(watch), some, recent.get(pair, Recent()), now=now, limits=limits)
        if decision.do == "wait":
            next_at = min(decision.at, next_at or decision.at)
        else:
            made += _make(session, pair, single=decision.do == "singles", now=now)
    return Gathered(messages=made, next_at=next_at, more=False)


def _waiting(session: Session, now: datetime) -> dict[Pair, Waiting]:
    """What waits, by watch and channel, where no message is under way and the channel is not paused."""
    # What is counted is put together first: there are many events, and few pairs.
    counted = (
        select(
            Owed.watch,
            Owed.channel,
            Owed.state,
            func.count().label("rows"),
            func.min(Owed.ready_at).label("since"),
            func.max(case((Owed.held, 1), else_=0)).label("held"),
        )
        .where(Owed.state.in_(("pending", "noted")), Owed.message.is_(None), Owed.ready_at <= now)
        .group_by(Owed.watch, Owed.channel, Owed.state)
        .subquery()
    )
    under_way = select(Handover.number).where(
        Handover.watch == counted.c.watch, Handover.channel == counted.c.channel, Handover.state == "pending"
    )
    asked = (
        select(counted)
        .join(Channel, Channel.id == counted.c.channel)
        .join(Watch, Watch.id == counted.c.watch)
        .join(WatchChannel, and_(WatchChannel.watch == Watch.id, WatchChannel.channel == Channel.id))
        .where(
            ~under_way.exists(), Channel.paused_at.is_(None), WatchChannel.until.is_(None), Watch.paused_at.is_(None),
            Watch.removed_at.is_(None),
        )
    )  # fmt: skip
    found: dict[Pair, Waiting] = {}
    for row in session.execute(asked):
        before = found.get((row.watch, row.channel), Waiting())
        if row.state == "pending":
            found[row.watch, row.channel] = replace(before, events=row.rows, since=row.since, held=bool(row.held))
        else:
            found[row.watch, row.channel] = replace(before, noted=row.rows, noted_since=row.since, held=bool(row.held))
    return found


def _next_ready(session: Session, now: datetime) -> datetime | None:
    """When the next event is ready that is held back now."""
    asked = select(func.min(Owed.ready_at)).where(Owed.state == "pending", Owed.message.is_(None), Owed.ready_at > now)
    return session.scalar(asked)


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


_PLAINLY = {"synchronize_session": False}
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
