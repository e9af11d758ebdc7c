"""Messages on their way: who sends which one now, and what came of it.

An attempt is written down before it is made and its outcome after it, each in a transaction of its own. Whoever dies
between them leaves an attempt without an outcome: the message is sent again, with the same id, and says so. Of a watch
and a channel only the first message that has not ended may be sent, so that none overtakes another.

All functions here are for a writing session, and may be run again from the start.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, bindparam, insert, or_, select, update
from sqlalchemy import Table as TableOfRows
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from alerts import digests, notices, retries
from alerts.address import parse
from scraper.urls import record_id
from storage import events, leases
from storage.alert_tables import Channel, Following, Handover, Owed, Watch, WatchChannel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.items import Outcome

CLAIM = timedelta(minutes=5)
"""How long an attempt may take; every channel gives up much sooner. Then another process may make it."""
ENDED = "the watch was paused or removed"
CUT_SHORT = "our fault: the attempt was cut short, and an earlier one may have arrived"
_FOLLOWING = "alerts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A message that may be sent now, and its channel."""

    message: str
    channel: str
    kind: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A message that is ours to send. The rows are as they were when it was claimed, and belong to no session."""

    message: Handover
    watch: Watch
    channel: Channel
    token: str
    """By which the channel's reader may leave the watch."""
    again: bool


# Statements that each message needs are made once: making one costs more than running it.

_SAME_PAIR = and_(WatchChannel.watch == Handover.watch, WatchChannel.channel == Handover.channel)
_EARLIER = aliased(Handover)
SENDABLE = (
    Handover.state == "pending",
    Handover.due_at <= bindparam("now"),
    or_(Handover.claimed_by.is_(None), Handover.claimed_until <= bindparam("now")),
    Watch.removed_at.is_(None),
    Watch.paused_at.is_(None),
    Channel.paused_at.is_(None),
    or_(Channel.not_before.is_(None), Channel.not_before <= bindparam("now")),
    ~select(_EARLIER.number)
    .where(
        _EARLIER.watch == Handover.watch, _EARLIER.channel == Handover.channel, _EARLIER.number < Handover.number,
        _EARLIER.state == "pending",
    )
    .exists(),
)  # fmt: skip
"""Of a message, its watch and its channel: it may be sent at the moment `now`."""
_HEADS = (
    select(Handover.id, Handover.channel, Channel.kind, Channel.address)
    .join(Channel, Channel.id == Handover.channel)
    .join(Watch, Watch.id == Handover.watch)
    .where(*SENDABLE, Handover.channel.not_in(bindparam("without", expanding=True)))
    .order_by(Handover.due_at, Handover.number)
    .limit(bindparam("most"))
)
_SENDABLE_ONE = (
    select(Handover, Watch, Channel, WatchChannel.token)
    .join(Channel, Channel.id == Handover.channel)
    .join(Watch, Watch.id == Handover.watch)
    .join(WatchChannel, _SAME_PAIR)
    .where(Handover.id == bindparam("message"), *SENDABLE)
    .with_for_update(of=Handover, skip_locked=True)
)
_SENDABLE_NEXT = (
    select(Handover)
    .join(Channel, Channel.id == Handover.channel)
    .join(Watch, Watch.id == Handover.watch)
    .join(WatchChannel, _SAME_PAIR)
    .where(
        Handover.watch == bindparam("watch"), Handover.channel == bindparam("channel"),
        Handover.number > bindparam("number"), *SENDABLE,
    )
    .order_by(Handover.number)
    .limit(1)
    .with_for_update(of=Handover, skip_locked=True)
)  # fmt: skip
_CLAIMED = ("attempt_started", "claimed_by", "claimed_until")
_MESSAGES, _LEDGER = Handover.__table__, Owed.__table__
assert isinstance(_MESSAGES, TableOfRows)
assert isinstance(_LEDGER, TableOfRows)
_CLAIM = (
    update(_MESSAGES)
    .where(_MESSAGES.c.number == bindparam("row"))
    .values({name: bindparam(name) for name in ("attempts", "unknown", *_CLAIMED)})
)
_IS_OURS = (
    _MESSAGES.c.number == bindparam("row"),
    _MESSAGES.c.attempt_started == bindparam("started"),
    _MESSAGES.c.claimed_by == bindparam("by"),
)
_OURS = select(Handover).where(*_IS_OURS).with_for_update()
_TAKEN = (
    update(_MESSAGES)
    .where(*_IS_OURS)
    .values(
        state="sent", ended_at=bindparam("now"), attempts=_MESSAGES.c.attempts + 1, cause="", detail="",
        **dict.fromkeys(_CLAIMED),
    )
)  # fmt: skip
_OWED_IS_SENT = (
    update(_LEDGER)
    .where(_LEDGER.c.message == bindparam("of"), _LEDGER.c.state == "pending")
    .values(state="sent", reason="")
)


def lock(session: Session) -> Following:
    """How far the event log was read; nobody else changes what watches are to hear of until the transaction ends."""
    asked = select(Following).where(Following.name == _FOLLOWING).with_for_update()
    if (found := session.scalar(asked)) is not None:
        return found
    with suppress(IntegrityError), session.begin_nested():  # on PostgreSQL another may make it at this very moment
        session.add(Following(name=_FOLLOWING, cursor=events.last(session)))
    return session.scalars(asked).one()


def heads(session: Session, *, now: datetime, limit: int, without: Collection[str] = ()) -> list[Head]:
    """Messages that may be sent now, the longest due first; those to the channels `without` are left out."""
    rows = session.execute(_HEADS, {"now": now, "most": limit, "without": list(without)})
    return [Head(message=row.id, channel=row.channel, kind=row.kind, address=row.address) for row in rows]


def claim(session: Session, message: str, *, holder: str, now: datetime) -> Attempt | None:
    """Makes a message ours and notes the attempt; None where it may not be sent now, or is another's."""
    found = session.execute(_SENDABLE_ONE, {"now": now, "message": message}).first()
    if found is None:
        return None
    row, watch, channel, token = found
    for one in (watch, channel):
        session.expunge(one)
    return _claimed(session, row, watch, channel, token, holder=holder, now=now)


def claim_next(session: Session, before: Attempt, *, holder: str, now: datetime) -> Attempt | None:
    """As `claim`, of the message that comes behind one that was taken, for the same watch and channel."""
    behind = {"watch": before.message.watch, "channel": before.message.channel, "number": before.message.number}
    row = session.scalar(_SENDABLE_NEXT, {"now": now, **behind})
    if row is None:
        return None
    return _claimed(session, row, before.watch, before.channel, before.token, holder=holder, now=now)


def _claimed(
    session: Session, row: Handover, watch: Watch, channel: Channel, token: str, *, holder: str, now: datetime
) -> Attempt | None:
    due = digests.after_quiet(rhythm(watch), now)
    if due > now:
        row.due_at = due
        return None
    lost = row.attempt_started is not None  # whoever began it is dead, or has hung for longer than any attempt may
    if lost and not _is_wanted(session, row):  # it was on its way when its reader left
        _end(session, row, "dropped", ENDED, now)
        return None
    row.attempts, row.unknown = row.attempts + lost, row.unknown + lost
    if lost and row.unknown > 1 and not retries.has_ids(channel.kind):
        row.cause, row.detail = "library", CUT_SHORT
        _end(session, row, "dead", f"{row.cause}: {row.detail}", now)
        return None
    session.expunge(row)
    row.attempt_started, row.claimed_by, row.claimed_until = now, holder, now + CLAIM
    values = {name: getattr(row, name) for name in ("attempts", "unknown", *_CLAIMED)}
    session.connection().execute(_CLAIM, {"row": row.number, **values})
    return Attempt(message=row, watch=watch, channel=channel, token=token, again=row.unknown > 0)


def ended(session: Session, attempt: Attempt, outcome: Outcome, *, now: datetime, chance: float) -> None:
    """Notes what came of an attempt. An attempt that took so long that it is another's by now changes nothing."""
    ours = {"row": attempt.message.number, "started": attempt.message.attempt_started, "by": attempt.message.claimed_by}
    if outcome.end == "taken" and attempt.channel.failing_since is None:
        if session.connection().execute(_TAKEN, {**ours, "now": now}).rowcount:
            session.connection().execute(_OWED_IS_SENT, {"of": attempt.message.id})
        return
    row = session.scalar(_OURS, ours)
    if row is None:
        return
    channel = session.scalars(select(Channel).where(Channel.id == row.channel).with_for_update()).one()
    if outcome.moved_to and not _move(session, channel, outcome.moved_to):
        outcome = replace(outcome, end="closed", moved_to=None)
    past = retries.Past(
        kind=channel.kind, attempts=row.attempts, unknown=row.unknown > 0,
        failures=channel.failures, failing_since=channel.failing_since,
    )  # fmt: skip
    verdict = retries.judge(outcome, past, now=now, chance=chance)
    row.attempts += 1
    row.unknown += outcome.end == "unknown"
    row.cause, row.detail = outcome.cause, outcome.detail
    row.attempt_started = row.claimed_by = row.claimed_until = None
    if verdict.state == "pending":
        assert verdict.due_at is not None  # what is tried again is due some time
        row.due_at = verdict.due_at
        if not _is_wanted(session, row):
            _end(session, row, "dropped", ENDED, now)
    else:
        _end(session, row, verdict.state, f"{outcome.cause}: {outcome.detail}" if verdict.state == "dead" else "", now)
    _of_channel(session, channel, outcome, verdict, now)
    session.flush()


def release(session: Session, *, now: datetime) -> int:
    """Frees the messages of processes that are surely dead, drops those that nobody wants any more; how many.

    Of a process that may live, a message is dropped once its time is over.
    """
    holders = session.scalars(select(Handover.claimed_by).where(Handover.claimed_by.is_not(None)).distinct())
    dead = [one for one in holders if one and leases.is_dead(one)]
    freed = update(Handover).where(Handover.claimed_by.in_(dead)).values(claimed_by=None, claimed_until=None)
    count = session.execute(freed).rowcount if dead else 0  # type: ignore[attr-defined]
    left = (
        select(Handover)
        .join(Watch, Watch.id == Handover.watch)
        .join(WatchChannel, _SAME_PAIR, isouter=True)
        .where(
            Handover.state == "pending", or_(Handover.claimed_by.is_(None), Handover.claimed_until <= now),
            or_(Watch.paused_at.is_not(None), Watch.removed_at.is_not(None), WatchChannel.until.is_not(None)),
        )
    )  # fmt: skip
    for row in session.scalars(left).all():
        _end(session, row, "dropped", ENDED, now)
        count += 1
    session.flush()
    return int(count)


def drop(session: Session, watch: str, reason: str, *, now: datetime, channel: str | None = None) -> None:
    """Ends what is queued for a watch, or for one channel of it. What is being sent at this moment ends as it ends."""
    messages: list[ColumnElement[bool]] = [Handover.watch == watch]
    owed: list[ColumnElement[bool]] = [Owed.watch == watch]
    if channel is not None:
        messages.append(Handover.channel == channel)
        owed.append(Owed.channel == channel)
    session.execute(
        update(Handover)
        .where(*messages, Handover.state == "pending", Handover.claimed_by.is_(None))
        .values(state="dropped", ended_at=now, detail=reason, attempt_started=None)
        .execution_options(synchronize_session=False)
    )
    under_way = select(Handover.id).where(*messages, Handover.state == "pending")
    session.execute(
        update(Owed)
        .where(*owed, Owed.state == "pending", or_(Owed.message.is_(None), Owed.message.not_in(under_way)))
        .values(state="dropped", reason=reason)
        .execution_options(synchronize_session=False)
    )


def again(session: Session, *, now: datetime, messages: Sequence[str] = ()) -> int:
    """Has dead messages sent once more, these or all: each has the whole plan before it again. How many."""
    asked = select(Handover).where(Handover.state == "dead")
    rows = session.scalars(asked.where(Handover.id.in_(messages)) if messages else asked).all()
    for row in rows:
        row.state, row.ended_at, row.due_at, row.attempts = "pending", None, now, 0
        owed = update(Owed).where(Owed.message == row.id, Owed.state == "dead")
        session.execute(owed.values(state="pending", reason="").execution_options(synchronize_session=False))
    session.flush()
    return len(rows)


def rhythm(watch: Watch) -> digests.Rhythm:
    """How often a watch wants to hear."""
    quiet = (watch.quiet_from, watch.quiet_until)
    return digests.Rhythm(
        every=watch.every,  # type: ignore[arg-type]  # the table's word for it
        hour=watch.hour, weekday=watch.weekday,
        quiet=None if quiet[0] is None or quiet[1] is None else (quiet[0], quiet[1]),
    )  # fmt: skip


def _is_wanted(session: Session, row: Handover) -> bool:
    """Whether a message still has somebody who waits for it."""
    asked = (
        select(Watch.id)
        .join(WatchChannel, and_(WatchChannel.watch == Watch.id, WatchChannel.channel == row.channel))
        .where(
            Watch.id == row.watch, Watch.paused_at.is_(None), Watch.removed_at.is_(None), WatchChannel.until.is_(None)
        )
    )
    return session.scalar(asked) is not None


def _end(session: Session, row: Handover, state: str, reason: str, now: datetime) -> None:
    row.state, row.ended_at = state, now
    row.attempt_started = row.claimed_by = row.claimed_until = None
    session.execute(
        update(Owed)
        .where(Owed.message == row.id, Owed.state == "pending")
        .values(state=state, reason=reason)
        .execution_options(synchronize_session=False)
    )


def _of_channel(session: Session, channel: Channel, outcome: Outcome, verdict: retries.Verdict, now: datetime) -> None:
    """Notes of a channel how it is; the rows of those that are well are left alone."""
    if verdict.well:
        if channel.failing_since is not None and channel.paused_at is None:
            channel.failures, channel.failing_since, channel.not_before = 0, None, None
            channel.cause = channel.detail = ""
        return
    if verdict.not_before is not None:
        channel.not_before = max(verdict.not_before, channel.not_before or verdict.not_before)
    if verdict.failed:
        channel.failures += 1
        channel.failing_since = channel.failing_since or now
        channel.cause, channel.detail = outcome.cause, outcome.detail
    if verdict.pause and channel.paused_at is None:
        pause(session, channel, now=now)


def pause(session: Session, channel: Channel, *, now: datetime) -> None:
    """Ends a channel's use for the cause that it bears, and tells the owners of its watches."""
    channel.paused_at = now
    _tell_owners(session, channel, now)


def _move(session: Session, channel: Channel, address: str) -> bool:
    """Gives a channel its new address; False where a channel has that one already, and this one is at its end."""
    to = parse(address)
    if session.scalar(select(Channel.id).where(Channel.key == to.key)) is not None:
        return False
    channel.address, channel.key, channel.shown = to.key, to.key, to.shown
    return True


def _tell_owners(session: Session, channel: Channel, now: datetime) -> None:
    """Tells the owners of watches that a channel is paused, each by the watch's first other channel that is not."""
    other = aliased(WatchChannel)
    asked = (
        select(Watch, other.channel)
        .join(WatchChannel, WatchChannel.watch == Watch.id)
        .join(other, and_(other.watch == Watch.id, other.channel != channel.id, other.until.is_(None)))
        .join(Channel, and_(Channel.id == other.channel, Channel.paused_at.is_(None)))
        .where(
            WatchChannel.channel == channel.id, WatchChannel.until.is_(None),
            Watch.removed_at.is_(None), Watch.paused_at.is_(None),
        )
        .order_by(Watch.id, other.position.desc())
    )  # fmt: skip
    firsts: dict[Watch, str] = dict(session.execute(asked).all())
    for watch, by in firsts.items():
        said = notices.paused(channel.shown, channel.cause, channel.failing_since or now, language=watch.language)
        key = f"{channel.id} {now.isoformat()}"
        post(session, kind="notice", watch=watch.id, channel=by, now=now, key=key, said=said)


def post(session: Session, **fields: Any) -> str:
    """Makes a message, as `row` does; its id."""
    made = row(**fields)
    session.connection().execute(insert(Handover), made)
    return str(made["id"])


def row(
    *, kind: str, watch: str, channel: str, now: datetime, key: str, said: str = "", total: int = 0,
    noted: Sequence[tuple[str, int]] = (),
) -> dict[str, Any]:  # fmt: skip
    """A message that is due at once, to be inserted. Of a watch and a channel, `key` is what it is about."""
    return {
        "id": record_id(f"message {watch} {channel} {kind} {key}"), "kind": kind, "watch": watch, "channel": channel,
        "state": "pending", "made_at": now, "due_at": now, "total": total, "noted": [list(one) for one in noted],
        "said": said, "attempts": 0, "unknown": 0, "cause": "", "detail": "",
    }  # fmt: skip
