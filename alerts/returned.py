"""Mail that came back, held against what was sent: counted on its channel, which is paused where no mail arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from alerts import outbox
from alerts.address import parse
from alerts.bounces import NoBounce
from storage.alert_tables import Bounce, Channel, Handover

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from alerts.bounces import Fate, Report
    from alerts.items import Cause

MOST = 3
"""So many messages that came back for good within WITHIN have their channel paused."""
WITHIN = timedelta(days=7)
_NO_READER = frozenset({"5.1.1", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463, 7505: no such mailbox, moved away, none for the domain, disabled. One message is enough to know that."""
_OURS = "5.7."
"""RFC 3463 §3.8: a rule of the reader's mail server, and what is wrong is our mail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """What a report came to; `counted` is whether it is the first one of that of its message."""

    channel: str
    message: str
    status: str
    permanent: bool
    counted: bool
    paused: bool


def note(session: Session, report: Report, *, host: str, now: datetime) -> Noted:
    """Counts a report. `host` is what stands in our Message-IDs. Raises NoBounce where it is about no message of ours.

    For a writing session. A message counts once for good and once as late, however often that is reported. What it
    stands as in the ledger stays: our mail server took it.
    """
    message, channel, fate = _meant(session, report, host)
    session.refresh(channel, with_for_update=True)  # of several reports at once one pauses it
    seen = select(Bounce.id).where(Bounce.message == message.id, Bounce.permanent == fate.permanent)
    counted = session.scalar(seen) is None
    if counted:
        session.add(
            Bounce(
                channel=channel.id, message=message.id, permanent=fate.permanent, at=now, status=fate.status,
                said=fate.said,
            )
        )  # fmt: skip
        session.flush()
        if fate.permanent and channel.paused_at is None:
            _weigh(session, channel, message, fate, now)
    return Noted(
        channel=channel.shown, message=message.id, status=fate.status, permanent=fate.permanent, counted=counted,
        paused=channel.paused_at is not None,
    )  # fmt: skip


def _meant(session: Session, report: Report, host: str) -> tuple[Handover, Channel, Fate]:
    """The message of ours that a report is about, and what became of it."""
    names = [name for name, at in report.messages if at == host.lower()]
    asked = (
        select(Handover, Channel)
        .join(Channel, Channel.id == Handover.channel)
        .where(Handover.id.in_(names), Channel.kind == "mail")
    )
    ours = {message.id: (message, channel) for message, channel in session.execute(asked)}
    if not ours:
        raise NoBounce("this mail names no message that was sent from here")
    for name in filter(ours.__contains__, names):
        message, channel = ours[name]
        reader = parse(channel.address).target.casefold()
        fates = [fate for fate in report.fates if reader in fate.addresses]
        if fates:
            return message, channel, max(fates, key=lambda fate: fate.permanent)
    raise NoBounce("this mail is not about the reader whom the message was for")


def _weigh(session: Session, channel: Channel, message: Handover, fate: Fate, now: datetime) -> None:
    """Pauses a channel to which no mail goes. What was sent before it was begun anew does not count."""
    if channel.begun_at and message.ended_at and message.ended_at < channel.begun_at:
        return
    asked = (
        select(func.count().label("bounces"), func.min(Bounce.at).label("since"))
        .join(Handover, Handover.id == Bounce.message)
        .where(Bounce.channel == channel.id, Bounce.permanent, Bounce.at > now - WITHIN)
    )
    if channel.begun_at:
        asked = asked.where(or_(Handover.ended_at.is_(None), Handover.ended_at >= channel.begun_at))
    row = session.execute(asked).one()
    if row.bounces >= MOST or fate.status in _NO_READER:
        channel.failing_since = channel.failing_since or row.since
        channel.cause, channel.detail = _cause(fate.status), f"came back: {fate.status} {fate.said}".rstrip()
        outbox.pause(session, channel, now=now)
    session.flush()


def _cause(status: str) -> Cause:
    if status.startswith(_OURS):
        return "configuration"
    return "not-found" if status in _NO_READER else "rejected"


def counts(session: Session) -> dict[str, int]:
    """How many reports that mail came back, or is late, each channel has had."""
    asked = select(Bounce.channel, func.count().label("bounces")).group_by(Bounce.channel)
    return {row.channel: row.bounces for row in session.execute(asked)}
