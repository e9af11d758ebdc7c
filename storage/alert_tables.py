"""The tables of alerts: who watches for what, whom to tell, what each is to hear of, and what was handed over."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the tables' types are read at run time
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import Id, Table, Words


class Watch(Table):
    """A saved search that tells someone, as it is now; what it was before it was changed, its spans know."""

    __tablename__ = "watches"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(Words)
    query: Mapped[str] = mapped_column(Words)
    kinds: Mapped[list[Any]]
    """Of events; those that it is told of."""
    sources: Mapped[list[Any]]
    """Ids of sources or of folders of them; empty for all. `fields` likewise are words of procedures' fields."""
    fields: Mapped[list[Any]]
    every: Mapped[str] = mapped_column(String(10))
    hour: Mapped[int]
    """Of the day in Vietnam, at which digests are due; `weekday` is that of weekly ones, Monday is 0."""
    weekday: Mapped[int]
    quiet_from: Mapped[int | None]
    """From this hour until before `quiet_until` nothing is handed over."""
    quiet_until: Mapped[int | None]
    language: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    feed_token: Mapped[str | None] = mapped_column(String(64))
    """Whoever has it may read the watch's feed."""


class WatchSpan(Table):
    """What a watch promises of the events after one cursor, up to another: which of them it tells, and to whom.

    A pause ends a span, a change of the watch ends one and begins the next. Nothing else of it ever changes.
    """

    __tablename__ = "watch_spans"

    number: Mapped[int] = mapped_column(Id, primary_key=True)
    watch: Mapped[str] = mapped_column(ForeignKey("watches.id"))
    after: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[int | None] = mapped_column(BigInteger)
    query: Mapped[str] = mapped_column(Words)
    kinds: Mapped[list[Any]]
    sources: Mapped[list[Any]]
    fields: Mapped[list[Any]]
    """What the watch asked for."""
    channels: Mapped[list[Any]]
    """Ids of those that it told, as they were named."""

    __table_args__ = (Index(None, "watch"),)


class Channel(Table):
    """An address that messages are handed over to, whoever asked for them, and how that goes."""

    __tablename__ = "channels"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(Words)
    """With its secrets; never shown."""
    key: Mapped[str] = mapped_column(Words, unique=True)
    shown: Mapped[str] = mapped_column(Words)
    secret: Mapped[str | None] = mapped_column(Words)
    """What a webhook's messages are signed with; until `former_until` with `former_secret` as well."""
    former_secret: Mapped[str | None] = mapped_column(Words)
    former_until: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    """When all that it had failed at was last forgotten."""
    failures: Mapped[int] = mapped_column(default=0)
    """Attempts in a row that came to nothing, since `failing_since`; no other is made before `not_before`."""
    failing_since: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    cause: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[str] = mapped_column(Words, default="")
    """Why the last attempt failed, of `alerts.items.Cause`, and in words."""


class Bounce(Table):
    """A mail that a channel's mail server took, and that came back later, or was reported to be late."""

    __tablename__ = "bounces"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel: Mapped[str] = mapped_column(ForeignKey("channels.id"))
    message: Mapped[str] = mapped_column(String(32))
    permanent: Mapped[bool]
    at: Mapped[datetime]
    """When it was read."""
    status: Mapped[str] = mapped_column(String(11))
    """By RFC 3463, such as 5.1.1; `said` are the mail server's words."""
    said: Mapped[str] = mapped_column(Words)

    __table_args__ = (UniqueConstraint("message", "permanent"), Index(None, "channel", "at"))


class WatchChannel(Table):
    """A watch tells a channel, until its reader leaves or it is taken away: of events up to the cursor `until`."""

    __tablename__ = "watch_channels"

    watch: Mapped[str] = mapped_column(ForeignKey("watches.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    position: Mapped[int]
    """As they were named."""
    token: Mapped[str] = mapped_column(String(64), unique=True)
    """Whoever has it may leave: it stands in the messages' link."""
    after: Mapped[int] = mapped_column(BigInteger)
    """When it was last added, or the watch resumed: what happened up to this event and was not entered, is dropped."""
    until: Mapped[int | None] = mapped_column(BigInteger)
    look_at: Mapped[datetime | None]
    """When messages may have to be made next of what waits for it; never, where nothing does."""

    __table_args__ = (Index(None, "channel"), Index(None, "look_at"))


class Following(Table):
    """How far the event log was read for the outbox. Whoever changes what watches are to hear of locks its row."""

    __tablename__ = "followings"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    cursor: Mapped[int] = mapped_column(BigInteger)


class Owed(Table):
    """That a watch tells a channel of an event: the ledger. Pending, or ended in one way and never in another.

    `noted` are events that are no news (backfill, replay, import); the message that counts them is theirs all the same.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    watch: Mapped[str] = mapped_column(ForeignKey("watches.id"))
    event: Mapped[int] = mapped_column(BigInteger)
    """Its cursor."""
    channel: Mapped[str] = mapped_column(ForeignKey("channels.id"))
    subject: Mapped[str] = mapped_column(String(200))
    """The event's record, or its source where it has none."""
    state: Mapped[str] = mapped_column(String(10))
    """`pending`, `sent`, `noted`, `dropped`, `dead`."""
    reason: Mapped[str] = mapped_column(Words, default="")
    ready_at: Mapped[datetime]
    """Not before this a message is made of it."""
    held: Mapped[bool] = mapped_column(default=False)
    """It waited for company, because its subject flaps: it is told in a digest, and by no message of its own."""
    message: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        UniqueConstraint("watch", "event", "channel"),
        Index(None, "event"),
        Index(None, "state", "message", "watch", "channel", "ready_at"),
        Index(None, "message"),
        Index(None, "subject", "ready_at"),
    )


class Handover(Table):
    """A message for one channel: one event, several, or a word to a watch's owner; and what its attempts came to."""

    __tablename__ = "messages"

    number: Mapped[int] = mapped_column(Id, primary_key=True)
    """In the order in which they were made: of a watch and a channel the least one that has not ended goes first."""
    id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    watch: Mapped[str] = mapped_column(ForeignKey("watches.id"))
    channel: Mapped[str] = mapped_column(ForeignKey("channels.id"))
    state: Mapped[str] = mapped_column(String(10))
    """`pending`, `sent`, `dropped`, `dead`."""
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    total: Mapped[int]
    """How many events it tells of."""
    noted: Mapped[list[Any]]
    """Sources, and how many events of each are no news."""
    said: Mapped[str] = mapped_column(Words, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    """Those that have ended; `unknown` are those of them of which nobody knows whether the message arrived."""
    unknown: Mapped[int] = mapped_column(default=0)
    attempt_started: Mapped[datetime | None]
    """Of the attempt that has not ended: by `claimed_by`, whose it is until `claimed_until`."""
    claimed_by: Mapped[str | None] = mapped_column(String(255))
    claimed_until: Mapped[datetime | None]
    cause: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[str] = mapped_column(Words, default="")

    __table_args__ = (
        Index(None, "state", "due_at"),
        Index(None, "watch", "channel", "number"),
    )
