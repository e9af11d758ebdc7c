"""How handing over stands, in numbers and in words: for `deliver`, `doctor` and `/metrics`. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, join, select

from alerts import outbox
from storage import events
from storage.alert_tables import Channel, Following, Handover, Owed, Watch, WatchChannel
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

_LISTED = 100
_IN_USE = (
    select(WatchChannel.channel)
    .join(Watch, Watch.id == WatchChannel.watch)
    .where(WatchChannel.until.is_(None), Watch.removed_at.is_(None))
)
"""Channels by which somebody is to hear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """By kind of channel and state, how many rows the outbox has; since when the oldest one waits that may be sent."""

    rows: Mapping[tuple[str, str], int]
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    """Channels that are paused, as they are shown, and how many alerts wait for them."""

    channels: tuple[str, ...]
    waiting: int


def counts(session: Session) -> Counts:
    """What `/metrics` shows."""
    asked = (
        select(Channel.kind, Owed.state, func.count().label("rows"))
        .join(Channel, Channel.id == Owed.channel)
        .group_by(Channel.kind, Owed.state)
    )
    oldest = (
        select(func.min(Handover.made_at))
        .join(Channel, Channel.id == Handover.channel)
        .where(Handover.state == "pending", Channel.paused_at.is_(None))
    )
    rows = {(row.kind, row.state): row.rows for row in session.execute(asked)}
    return Counts(rows=rows, oldest=session.scalar(oldest))


def behind(session: Session, *, now: datetime) -> timedelta | None:
    """For how long the message has been due that has waited longest, and events unread; None where nothing waits."""
    message = session.scalar(
        select(func.min(Handover.due_at)).select_from(_MESSAGES).where(*outbox.SENDABLE), {"now": now}
    )
    cursor = session.scalar(select(Following.cursor))
    unread = None
    if cursor is not None and session.scalar(select(func.count()).select_from(Watch).where(Watch.removed_at.is_(None))):
        unread = session.scalar(select(func.min(Event.at)).where(Event.cursor > cursor))
    since = min(filter(None, (message, unread)), default=None)
    return None if since is None else now - since


_MESSAGES = join(join(Handover, Channel, Channel.id == Handover.channel), Watch, Watch.id == Handover.watch)


def paused(session: Session) -> Paused:
    """Which channels are paused by which somebody is to hear, and what waits for them."""
    asked = select(Channel).where(Channel.paused_at.is_not(None), Channel.id.in_(_IN_USE))
    channels = session.scalars(asked.order_by(Channel.paused_at, Channel.id)).all()
    waiting = select(func.count()).select_from(Owed)
    waiting = waiting.where(Owed.state == "pending", Owed.channel.in_([one.id for one in channels]))
    return Paused(channels=tuple(one.shown for one in channels), waiting=session.scalar(waiting) or 0)


def report(session: Session) -> dict[str, Any]:
    """What is still to be handed over; channels that fail; messages that were given up, the newest first."""
    pending = select(func.count()).select_from(Owed).where(Owed.state == "pending")
    failing = select(Channel).where(Channel.failing_since.is_not(None), Channel.id.in_(_IN_USE))
    channels = session.scalars(failing.order_by(Channel.failing_since)).all()
    dead = (
        select(Handover, Channel.shown)
        .join(Channel, Channel.id == Handover.channel)
        .join(Watch, Watch.id == Handover.watch)
        .where(Handover.state == "dead", Watch.removed_at.is_(None))
        .order_by(Handover.number.desc())
        .limit(_LISTED)
    )
    return {
        "pending": session.scalar(pending),
        "paused_channels": [one.shown for one in channels if one.paused_at is not None],
        "failing": [
            {
                "id": one.id, "address": one.shown, "paused": one.paused_at is not None,
                "since": events.iso(one.failing_since), "cause": one.cause, "detail": one.detail,
            }
            for one in channels
        ],
        "dead": [
            {
                "id": row.id, "watch": row.watch, "channel": shown, "at": events.iso(row.ended_at), "events": row.total,
                "cause": row.cause, "detail": row.detail,
            }
            for row, shown in session.execute(dead)
        ],
    }  # fmt: skip
