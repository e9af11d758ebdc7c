"""Watches: made, told of, paused, removed. Whoever shows them to people calls these functions, in a writing session."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from alerts import outbox, returned
from alerts.address import BadAddress, parse
from alerts.channels import new_secret
from alerts.matching import narrowed
from scraper.urls import record_id
from storage import events
from storage.alert_tables import Channel, Handover, Owed, Watch, WatchChannel, WatchSpan
from storage.models import Event
from storage.search import language, query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.address import Address
    from alerts.items import Every, Language
    from storage.search.query import Node

DEFAULT_KINDS = (
    "article.new", "document.added", "procedure.new", "procedure.amended", "procedure.replaced", "procedure.abolished",
)  # fmt: skip
TOLD = tuple(kind for kind in events.KINDS if kind not in events.SILENT)
"""Kinds of event that a watch may be told of."""
_SOURCES = tuple(kind for kind in TOLD if kind.startswith("source."))


class BadWatch(ValueError):
    """What was asked for is no watch; the message says why."""


class NoWatch(LookupError):
    """There is no watch with this id, or it was removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to be told of, and how often. `hour` and the `quiet` hours are of the day in Vietnam."""

    query: str
    kinds: tuple[str, ...] = DEFAULT_KINDS
    sources: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    every: Every = "now"
    hour: int = 7
    weekday: int = 0
    quiet: tuple[int, int] | None = None
    language: Language = "vi"
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A watch that was made: how its query was understood, and its channels as they are shown.

    `secrets` are those of channels that are new, by how they are shown: this is the only time that they are told.
    """

    id: str
    understood: str
    channels: tuple[str, ...]
    secrets: dict[str, str]


def kinds(words: Sequence[str]) -> tuple[str, ...]:
    """Kinds of event from what a person names: kinds, `article` for all of these, or `all`. Raises BadWatch.

    Those of sources are only told to who names them.

    >>> kinds(["procedure.abolished", "document"])
    ('document.added', 'document.changed', 'procedure.abolished')
    """
    chosen: set[str] = set()
    for word in words:
        some = [kind for kind in TOLD if word in {kind, kind.partition(".")[0]}]
        if word == "all":
            some = [kind for kind in TOLD if kind not in _SOURCES]
        if not some:
            raise BadWatch(
                f"no kind of event is called {word!r}: there are {', '.join(TOLD)}, their first words, and all"
            )
        chosen.update(some)
    return tuple(kind for kind in TOLD if kind in chosen) or DEFAULT_KINDS


def tree(watch: Wish | Watch) -> Node:
    """What a record must be like for a watch to be told of it: its query, within its own sources and fields."""
    return narrowed(language.parse(watch.query).tree, sources=watch.sources, fields=watch.fields)


def check(wish: Wish) -> str:
    """How a wish is understood. Raises BadWatch where its query is in trouble or finds nothing, or an hour is none."""
    understood = language.parse(wish.query)
    if understood.troubles:
        raise BadWatch(f"the query: {'; '.join(one.message_en for one in understood.troubles)}")
    if understood.tree == query.NOTHING and wish.query.strip():
        raise BadWatch("the query finds nothing at all")
    for hour in (wish.hour, *(wish.quiet or ())):
        if not 0 <= hour <= 23:
            raise BadWatch(f"not an hour from 0 to 23: {hour}")
    if wish.quiet and wish.quiet[0] == wish.quiet[1]:
        raise BadWatch("the quiet hours begin when they end")
    return str(tree(wish))


def add(session: Session, wish: Wish, addresses: Sequence[str], *, now: datetime) -> Made:
    """Makes a watch; it hears of what happens from now on. Raises BadWatch, also for an address that is none."""
    understood = check(wish)
    if not addresses:
        raise BadWatch("no channel is named")
    try:
        parsed = {one.key: one for one in map(parse, addresses)}
    except BadAddress as error:
        raise BadWatch(str(error)) from None
    outbox.lock(session)
    watch = _row(wish, now)
    session.add(watch)
    session.flush()
    session.add(WatchSpan(watch=watch.id, after=_now_at(session), until=None))
    told: dict[str, str] = {}
    for position, address in enumerate(parsed.values()):
        channel, secret = _channel(session, address, now)
        token = secrets.token_urlsafe(24)
        session.add(WatchChannel(watch=watch.id, channel=channel, position=position, token=token, until=None))
        if secret:
            told[address.shown] = secret
    session.flush()
    return Made(id=watch.id, understood=understood, channels=tuple(one.shown for one in parsed.values()), secrets=told)


def find(session: Session, name: str) -> Watch:
    """A watch by its id. Raises NoWatch."""
    watch = session.get(Watch, name) if name.isascii() and name.isalnum() else None
    if watch is None or watch.removed_at is not None:
        raise NoWatch(f"there is no watch {name!r}; `congtin watch list` shows them all")
    return watch


def wish_of(session: Session, name: str) -> Wish | None:
    """What a watch was made for; None where there is none with this id."""
    try:
        row = find(session, name)
    except NoWatch:
        return None
    return Wish(
        query=row.query, kinds=tuple(row.kinds), sources=tuple(row.sources), fields=tuple(row.fields),
        every=outbox.rhythm(row).every,
    )  # fmt: skip


def feed_of(session: Session, name: str, token: str) -> Watch:
    """The watch whose feed the holder of a token may read. Raises NoWatch."""
    watch = find(session, name)
    if not secrets.compare_digest((watch.feed_token or "").encode(), token.encode()) or not watch.feed_token:
        raise NoWatch("there is no such watch")
    return watch


def feed(watch: Watch, public_url: str) -> str | None:
    """Where a watch's feed is, if there is an address of ours to be found at."""
    return f"{public_url}/feeds/watch/{watch.id}.atom?token={watch.feed_token}" if public_url else None


def told(session: Session, name: str, *, before: int | None = None, limit: int) -> Sequence[Event]:
    """What a watch was to hear of, whatever came of its messages: the newest first, of events before a cursor.

    What is no news (backfill, replay, import) is not among it.
    """
    owed = select(Owed.event).where(Owed.watch == name, Owed.state != "noted")
    asked = select(Event).where(Event.cursor.in_(owed)).order_by(Event.cursor.desc()).limit(limit)
    return session.scalars(asked if before is None else asked.where(Event.cursor < before)).all()


def pause(session: Session, name: str, *, now: datetime) -> None:
    """From now on a watch hears nothing, and what is queued for it is dropped. Raises NoWatch."""
    outbox.lock(session)
    watch = find(session, name)
    if watch.paused_at is None:
        watch.paused_at = now
        _close(session, watch, now)


def resume(session: Session, name: str, *, now: datetime) -> None:
    """A watch hears again of what happens from now on; its channels that were paused are tried again. NoWatch."""
    outbox.lock(session)
    watch = find(session, name)
    if watch.paused_at is not None:
        watch.paused_at = None
        _open(session, watch)
    of_watch = select(WatchChannel.channel).where(WatchChannel.watch == watch.id)
    paused = select(Channel).where(Channel.id.in_(of_watch), Channel.paused_at.is_not(None))
    for channel in session.scalars(paused):
        _begin_anew(channel, now)
        held = update(Handover).where(Handover.channel == channel.id, Handover.state == "pending")
        session.execute(held.values(attempts=0, due_at=now))
    session.flush()


def remove(session: Session, name: str, *, now: datetime) -> None:
    """Ends a watch; what is queued for it is dropped. What it was told of stays in the ledger. Raises NoWatch."""
    outbox.lock(session)
    watch = find(session, name)
    watch.removed_at = now
    _close(session, watch, now)


def left(session: Session, token: str) -> tuple[Watch, bool]:
    """The watch that the holder of a channel's token may leave, and whether this was done. Raises NoWatch."""
    row = _by_token(session, token)
    return find(session, row.watch), row.until is not None


def leave(session: Session, token: str, *, now: datetime) -> Watch:
    """A channel of a watch is told nothing more: its reader wants it so. Leaving twice is leaving. Raises NoWatch."""
    outbox.lock(session)
    row = _by_token(session, token)
    watch = find(session, row.watch)
    if row.until is None:
        row.until = _now_at(session)
        session.flush()
        outbox.drop(session, watch.id, "its reader left", now=now, channel=row.channel)
    return watch


def _by_token(session: Session, token: str) -> WatchChannel:
    named = token.isascii() and token.isprintable()  # what else there is, not every database takes
    row = session.scalar(select(WatchChannel).where(WatchChannel.token == token)) if named else None
    if row is None:
        raise NoWatch("there is no such watch")
    return row


def listed(session: Session, *, public_url: str = "") -> list[dict[str, Any]]:
    """All watches that were not removed, as the contract writes them, the oldest first."""
    counts, bounces = _counts(session), returned.counts(session)
    channels: dict[str, list[dict[str, Any]]] = {}
    asked = (
        select(WatchChannel.watch, Channel)
        .join(Channel, Channel.id == WatchChannel.channel)
        .where(WatchChannel.until.is_(None))
        .order_by(WatchChannel.watch, WatchChannel.position)
    )
    for watch, channel in session.execute(asked):
        channels.setdefault(watch, []).append({**_shape(channel), "bounces": bounces.get(channel.id, 0)})
    rows = session.scalars(select(Watch).where(Watch.removed_at.is_(None)).order_by(Watch.created_at, Watch.id))
    return [
        {
            "id": row.id,
            "name": row.name,
            "query": row.query,
            "kinds": row.kinds,
            "sources": row.sources,
            "fields": row.fields,
            "every": row.every,
            "channels": [one["address"] for one in channels.get(row.id, [])],
            "channel_states": channels.get(row.id, []),
            "paused": row.paused_at is not None,
            "created_at": events.iso(row.created_at),
            "feed": feed(row, public_url),
            **{state: counts.get((row.id, state), 0) for state in ("sent", "pending")},
            "failed": counts.get((row.id, "dead"), 0),
        }
        for row in rows
    ]


def _shape(channel: Channel) -> dict[str, Any]:
    """How a channel is: since when it fails, and why, where it does."""
    return {
        "id": channel.id,
        "kind": channel.kind,
        "address": channel.shown,
        "paused": channel.paused_at is not None,
        "since": events.iso(channel.failing_since),
        "cause": channel.cause,
        "detail": channel.detail,
    }


def _counts(session: Session) -> dict[tuple[str, str], int]:
    """How many events each watch was told of, is to be told of, and could not be told of, over all its channels."""
    asked = select(Owed.watch, Owed.state, func.count().label("rows")).group_by(Owed.watch, Owed.state)
    return {(row.watch, row.state): row.rows for row in session.execute(asked)}


def _row(wish: Wish, now: datetime) -> Watch:
    begin, end = wish.quiet or (None, None)
    return Watch(
        id=_new("watch"), name=wish.name or wish.query, query=wish.query,
        kinds=list(wish.kinds), sources=list(wish.sources), fields=list(wish.fields), every=wish.every, hour=wish.hour,
        weekday=wish.weekday, quiet_from=begin, quiet_until=end, language=wish.language, created_at=now,
        paused_at=None, removed_at=None, feed_token=secrets.token_urlsafe(24),
    )  # fmt: skip


def _channel(session: Session, address: Address, now: datetime) -> tuple[str, str | None]:
    """The channel with this address, and its secret if it has one that nobody was told who still hears by it."""
    row = session.scalar(select(Channel).where(Channel.key == address.key))
    if row is not None and _is_used(session, row):
        return row.id, None
    if row is None:
        row = Channel(id=_new("channel"), kind=address.kind, address=address.key, key=address.key, shown=address.shown)
        session.add(row)
    _begin_anew(row, now)
    row.secret, row.former_secret = new_secret() if address.kind == "webhook" else None, None
    session.flush()
    return row.id, row.secret


def _is_used(session: Session, channel: Channel) -> bool:
    asked = (
        select(Watch.id)
        .join(WatchChannel, WatchChannel.watch == Watch.id)
        .where(WatchChannel.channel == channel.id, WatchChannel.until.is_(None), Watch.removed_at.is_(None))
    )
    return session.scalar(asked.limit(1)) is not None


def _begin_anew(channel: Channel, now: datetime) -> None:
    """Forgets how a channel was."""
    channel.begun_at = now
    channel.paused_at = channel.failing_since = channel.not_before = None
    channel.failures, channel.cause, channel.detail = 0, "", ""


def _new(what: str) -> str:
    return record_id(f"{what} {secrets.token_hex(16)}")


def _now_at(session: Session) -> int:
    """The last event's cursor: no other event has a lesser one, nor will."""
    events.take_turns(session)
    return events.last(session)


def _open(session: Session, watch: Watch) -> None:
    """Begins a span here; goes on with one that ended at this very event."""
    after = _now_at(session)
    if (same := session.get(WatchSpan, (watch.id, after))) is not None:
        same.until = None
    else:
        session.add(WatchSpan(watch=watch.id, after=after, until=None))
    session.flush()


def _close(session: Session, watch: Watch, now: datetime) -> None:
    session.execute(
        update(WatchSpan).where(WatchSpan.watch == watch.id, WatchSpan.until.is_(None)).values(until=_now_at(session))
    )
    session.flush()
    outbox.drop(session, watch.id, outbox.ENDED, now=now)
