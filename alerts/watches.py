"""Watches: made, told of, paused, removed. Whoever shows them to people calls these functions, in a writing session."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update

from alerts import gathering, outbox, promises
from alerts.address import BadAddress, parse
from alerts.channels import new_secret
from alerts.matching import narrowed
from scraper.urls import record_id
from storage import events
from storage.alert_tables import Channel, Handover, Owed, Watch, WatchChannel
from storage.models import Event
from storage.search import language, query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.address import Address
    from alerts.items import Every, Language
    from storage.alert_tables import WatchSpan
    from storage.search.query import Node

DEFAULT_KINDS = (
    "article.new", "document.added", "procedure.new", "procedure.amended", "procedure.replaced", "procedure.abolished",
)  # fmt: skip
TOLD = tuple(kind for kind in events.KINDS if kind not in events.SILENT)
"""Kinds of event that a watch may be told of."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""What weekdays are called, by their numbers."""
_LEFT, _TAKEN_AWAY = "its reader left", "the channel was taken away"
_ID = re.compile(r"(?=.*[2-7])[a-z2-7]{16}")  # without a digit, as one in thirty is, it may be a word
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
    """A watch that was made, or what it became: how its query was understood, and its channels as they are shown.

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


def tree(watch: Wish | Watch | WatchSpan) -> Node:
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
    to = _parsed(addresses)
    outbox.lock(session)
    watch = Watch(id=_new("watch"), created_at=now, feed_token=secrets.token_urlsafe(24), **_columns(wish))
    session.add(watch)
    session.flush()
    told = {one.shown: secret for one in to if (secret := _join(session, watch, one, now))}
    promises.begin(session, watch)
    return _made(session, watch, understood, told)


def change(
    session: Session,
    name: str,
    revise: Callable[[Wish], Wish],
    *,
    to: Sequence[str] = (),
    no_to: Sequence[str] = (),
    now: datetime,
) -> Made:
    """Makes another wish of a watch's, and adds channels (addresses) or takes some away (addresses or ids).

    What happened before is told as it was promised then, but to channels that are taken away: what is queued for them
    is dropped. An added channel hears of what happens from now on. Raises NoWatch; BadWatch where it would be no watch,
    and then changes nothing.
    """
    outbox.lock(session)
    watch = find(session, name)
    wanted = revise(wish(watch))
    understood, added = check(wanted), _parsed(to)
    taken = [channel_of(session, watch, one) for one in no_to]
    if {one.key for one in added} & {one.key for one in taken}:
        raise BadWatch("one channel cannot be added and taken away")
    has = {row.channel for row in _channels_of(session, watch)}
    if not added and has == {one.id for one in taken}:
        raise BadWatch(
            "no channel would be left; `congtin watch remove` ends a watch, `watch pause` has it hear nothing"
        )
    for column, value in _columns(wanted).items():
        setattr(watch, column, value)
    for one in taken:
        _part(session, session.get_one(WatchChannel, (watch.id, one.id)), _TAKEN_AWAY, now)
    told = {one.shown: secret for one in added if (secret := _join(session, watch, one, now))}
    promises.renew(session, watch)
    gathering.look(session, [watch.id], now=now)
    return _made(session, watch, understood, told)


def _parsed(addresses: Sequence[str]) -> list[Address]:
    try:
        return list({one.key: one for one in map(parse, addresses)}.values())
    except BadAddress as error:
        raise BadWatch(str(error)) from None


def _made(session: Session, watch: Watch, understood: str, told: dict[str, str]) -> Made:
    shown = session.scalars(
        select(Channel.shown)
        .join(WatchChannel, WatchChannel.channel == Channel.id)
        .where(WatchChannel.watch == watch.id, WatchChannel.until.is_(None))
        .order_by(WatchChannel.position)
    )
    return Made(id=watch.id, understood=understood, channels=tuple(shown), secrets=told)


def _channels_of(session: Session, watch: Watch) -> Sequence[WatchChannel]:
    asked = select(WatchChannel).where(WatchChannel.watch == watch.id, WatchChannel.until.is_(None))
    return session.scalars(asked).all()


def channel_of(session: Session, watch: Watch, said: str, *, kind: str = "") -> Channel:
    """The channel of a watch with this id or address, or shown so, or with these letters behind; else BadWatch."""
    asked = (
        select(Channel)
        .join(WatchChannel, WatchChannel.channel == Channel.id)
        .where(WatchChannel.watch == watch.id, WatchChannel.until.is_(None))
        .with_for_update(of=Channel)
    )
    try:
        names = {said, parse(said).key}
    except BadAddress:
        names = {said}
    for one in session.scalars(asked):
        if kind in {"", one.kind} and (names & {one.id, one.key, one.shown} or one.shown.endswith(f" ({said})")):
            return one
    which = f"such {kind}" if kind else "such channel"
    raise BadWatch(f"the watch has no {which}; `congtin watch show {watch.id}` shows those that it has")


def _join(session: Session, watch: Watch, address: Address, now: datetime) -> str | None:
    """Has a watch tell a channel of what happens from now on; its secret if it has one that nobody was told."""
    channel, secret = _channel(session, address, now)
    row = session.get(WatchChannel, (watch.id, channel))
    if row is None:
        last = select(func.max(WatchChannel.position)).where(WatchChannel.watch == watch.id)
        place = session.scalar(last)
        row = WatchChannel(
            watch=watch.id, channel=channel, position=0 if place is None else place + 1,
            token=secrets.token_urlsafe(24), after=promises.last_event(session), until=None,
        )  # fmt: skip
        session.add(row)
    elif row.until is not None:
        row.after, row.until = promises.last_event(session), None
    session.flush()
    return secret


def _part(session: Session, row: WatchChannel, reason: str, now: datetime) -> None:
    """Has a watch tell a channel nothing more; what is queued for it is dropped."""
    row.until, row.look_at = promises.last_event(session), None
    session.flush()
    outbox.drop(session, row.watch, reason, now=now, channel=row.channel)


def find(session: Session, name: str) -> Watch:
    """A watch by its id. Raises NoWatch."""
    watch = session.get(Watch, name) if name.isascii() and name.isalnum() else None
    if watch is None or watch.removed_at is not None:
        raise NoWatch(f"there is no watch {name!r}; `congtin watch list` shows them all")
    return watch


def wish_of(session: Session, name: str) -> Wish | None:
    """What a watch asks for; None where this is no id, but a search. Raises NoWatch for an id that no watch has."""
    try:
        return wish(find(session, name))
    except NoWatch:
        if _ID.fullmatch(name):
            raise
        return None


def wish(row: Watch) -> Wish:
    """What a watch asks for."""
    rhythm = outbox.rhythm(row)
    return Wish(
        query=row.query, kinds=tuple(row.kinds), sources=tuple(row.sources), fields=tuple(row.fields),
        every=rhythm.every, hour=rhythm.hour, weekday=rhythm.weekday, quiet=rhythm.quiet,
        language="en" if row.language == "en" else "vi", name="" if row.name == row.query else row.name,
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
        _end(session, watch, now)


def resume(session: Session, name: str, *, now: datetime) -> None:
    """A watch hears again of what happens from now on; its channels that fail or were paused are tried. NoWatch."""
    outbox.lock(session)
    watch = find(session, name)
    if watch.paused_at is not None:
        watch.paused_at = None
        promises.begin(session, watch)
        for row in _channels_of(session, watch):
            row.after = promises.last_event(session)
    of_watch = [row.channel for row in _channels_of(session, watch)]
    ill = or_(Channel.paused_at.is_not(None), Channel.failing_since.is_not(None))
    for channel in session.scalars(select(Channel).where(Channel.id.in_(of_watch), ill)):
        _begin_anew(channel, now)
        held = update(Handover).where(Handover.channel == channel.id, Handover.state == "pending")
        session.execute(held.values(attempts=0, due_at=now))
    session.flush()


def remove(session: Session, name: str, *, now: datetime) -> None:
    """Ends a watch; what is queued for it is dropped. What it was told of stays in the ledger. Raises NoWatch."""
    outbox.lock(session)
    watch = find(session, name)
    watch.removed_at = now
    _end(session, watch, now)


def _end(session: Session, watch: Watch, now: datetime) -> None:
    promises.end(session, watch)
    session.flush()
    outbox.drop(session, watch.id, outbox.ENDED, now=now)


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
        _part(session, row, _LEFT, now)
        promises.renew(session, watch)
    return watch


def _by_token(session: Session, token: str) -> WatchChannel:
    named = token.isascii() and token.isprintable()  # what else there is, not every database takes
    row = session.scalar(select(WatchChannel).where(WatchChannel.token == token)) if named else None
    if row is None:
        raise NoWatch("there is no such watch")
    return row


def _columns(wish: Wish) -> dict[str, Any]:
    """A wish as the table has it."""
    begin, end = wish.quiet or (None, None)
    return {
        "name": wish.name or wish.query, "query": wish.query, "kinds": list(wish.kinds), "sources": list(wish.sources),
        "fields": list(wish.fields), "every": wish.every, "hour": wish.hour, "weekday": wish.weekday,
        "quiet_from": begin, "quiet_until": end, "language": wish.language,
    }  # fmt: skip


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
