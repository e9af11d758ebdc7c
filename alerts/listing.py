"""Watches as people are shown them: all of them, or one with its last messages. Reads only; no secret is among it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from alerts import outbox, returned, watches
from storage import events
from storage.alert_tables import Channel, Handover, Owed, Watch, WatchChannel
from storage.models import Event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

_COUNTED = {"sent": "sent", "pending": "pending", "dead": "failed"}
"""States of the ledger, by what their counts are called."""


def listed(session: Session, *, public_url: str = "") -> list[dict[str, Any]]:
    """All watches that were not removed, as the contract writes them, the oldest first."""
    counts, channels = _counts(session, Owed.watch), _channels(session)
    rows = session.scalars(select(Watch).where(Watch.removed_at.is_(None)).order_by(Watch.created_at, Watch.id))
    return [_summary(row, channels[row.id], public_url) | counts[row.id] for row in rows]


def shown(session: Session, name: str, *, public_url: str = "", limit: int = 20) -> dict[str, Any]:
    """A watch with all that it asks for, how each of its channels is, and its last messages, the newest first.

    Counts are of events, as those of `listed`; `next_attempt` is when something is handed over next, as things stand.
    Raises NoWatch.
    """
    row = watches.find(session, name)
    rhythm = outbox.rhythm(row)
    counts, next_at = _counts(session, Owed.channel, row.id), _next_attempts(session, row)
    channels = [
        one | counts[one["id"]] | {"next_attempt": None if one["paused"] else events.iso(next_at.get(one["id"]))}
        for one in _channels(session, row.id)[row.id]
    ]
    return _summary(row, channels, public_url) | _counts(session, Owed.watch, row.id)[row.id] | {
        "understood": str(watches.tree(row)), "hour": rhythm.hour, "weekday": watches.DAYS[rhythm.weekday],
        "quiet": list(rhythm.quiet) if rhythm.quiet else None, "language": row.language,
        "messages": _messages(session, row, limit),
    }  # fmt: skip


def same(session: Session, name: str) -> list[str]:
    """Other watches that ask for the same and tell one of its channels: its reader hears all of it twice. NoWatch."""
    row = watches.find(session, name)
    its = select(WatchChannel.channel).where(WatchChannel.watch == name, WatchChannel.until.is_(None))
    telling = select(WatchChannel.watch).where(WatchChannel.channel.in_(its), WatchChannel.until.is_(None))
    asked = select(Watch).where(
        Watch.id.in_(telling), Watch.id != name, Watch.removed_at.is_(None), Watch.query == row.query
    )
    return sorted(
        other.id for other in session.scalars(asked)
        if (other.kinds, set(other.sources), set(other.fields)) == (row.kinds, set(row.sources), set(row.fields))
    )  # fmt: skip


def _summary(row: Watch, channels: Sequence[dict[str, Any]], public_url: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "query": row.query,
        "kinds": row.kinds,
        "sources": row.sources,
        "fields": row.fields,
        "every": row.every,
        "channels": [one["address"] for one in channels],
        "channel_states": channels,
        "paused": row.paused_at is not None,
        "created_at": events.iso(row.created_at),
        "feed": watches.feed(row, public_url),
    }


def _channels(session: Session, watch: str | None = None) -> defaultdict[str, list[dict[str, Any]]]:
    """How the channels of watches are, of one or of all, in their order: since when each fails, and why."""
    bounces = returned.counts(session)
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    asked = (
        select(WatchChannel.watch, Channel)
        .join(Channel, Channel.id == WatchChannel.channel)
        .where(WatchChannel.until.is_(None), *_of(watch, WatchChannel.watch))
        .order_by(WatchChannel.watch, WatchChannel.position)
    )
    for name, one in session.execute(asked):
        found[name].append({
            "id": one.id, "kind": one.kind, "address": one.shown, "paused": one.paused_at is not None,
            "since": events.iso(one.failing_since), "cause": one.cause, "detail": one.detail,
            "bounces": bounces.get(one.id, 0),
        })  # fmt: skip
    return found


def _of(watch: str | None, column: Any) -> list[ColumnElement[bool]]:
    return [] if watch is None else [column == watch]


def _counts(
    session: Session, of: InstrumentedAttribute[str], watch: str | None = None
) -> defaultdict[str, dict[str, int]]:
    """By watch or by channel, how many events were told, are to be told, and could not be; of one watch or of all."""
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COUNTED.values(), 0))
    asked = select(of, Owed.state, func.count()).where(*_of(watch, Owed.watch)).group_by(of, Owed.state)
    for name, state, count in session.execute(asked):
        if state in _COUNTED:
            found[name][_COUNTED[state]] = count
    return found


def _next_attempts(session: Session, watch: Watch) -> dict[str, datetime]:
    """By channel when a message is tried next, or else when one may be made of what waits."""
    made = (
        select(func.min(Handover.due_at))
        .where(
            Handover.watch == WatchChannel.watch, Handover.channel == WatchChannel.channel, Handover.state == "pending"
        )
        .scalar_subquery()
    )
    asked = (
        select(WatchChannel.channel, Channel.not_before, func.coalesce(made, WatchChannel.look_at).label("at"))
        .join(Channel, Channel.id == WatchChannel.channel)
        .where(WatchChannel.watch == watch.id)
    )
    return {row.channel: max(filter(None, (row.at, row.not_before))) for row in session.execute(asked) if row.at}


def _messages(session: Session, watch: Watch, limit: int) -> list[dict[str, Any]]:
    asked = (
        select(Handover, Channel.shown)
        .join(Channel, Channel.id == Handover.channel)
        .where(Handover.watch == watch.id)
        .order_by(Handover.number.desc())
        .limit(limit)
    )
    rows = session.execute(asked).all()
    first = (
        select(Owed.message, func.min(Owed.event).label("event"))
        .where(Owed.message.in_([row.id for row, _ in rows]), Owed.state != "noted")
        .group_by(Owed.message)
        .subquery()
    )
    titled = session.execute(select(first.c.message, Event.title).join(first, first.c.event == Event.cursor))
    titles = {row.message: row.title for row in titled}
    return [
        {
            "id": row.id, "at": events.iso(row.made_at), "channel": shown, "kind": row.kind,
            "title": titles.get(row.id) or row.said,
            "events": row.total, "noted": sum(count for _, count in row.noted),
            "state": row.state, "ended_at": events.iso(row.ended_at),
            "due_at": events.iso(row.due_at) if row.state == "pending" else None,
            "attempts": row.attempts, "cause": row.cause, "detail": row.detail,
        }
        for row, shown in rows
    ]  # fmt: skip
