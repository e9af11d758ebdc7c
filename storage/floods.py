"""A portal that moves its archive tells no news by it (C19): what comes in a flood is told as a backfill is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, true

from scraper.rhythm import DAY, minutes
from storage import batch, schedule
from storage.models import Page, Run

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

MOST_NEWS = 20
"""So many new pages at once are no flood, however seldom a portal has news."""
TIMES_EXPECTED = 10
AT_ONCE = timedelta(hours=1)


def most(session: Session, source: str, *, now: datetime) -> float:
    """How many new pages of a source a poll may find at once before they are a flood, by how often it has news."""
    known = schedule.rhythms(session, [source]).values()
    expected = sum(one.rate * max(0.0, minutes(now) - one.at) / DAY for one in known)
    return max(MOST_NEWS, TIMES_EXPECTED * expected)


def at_once(session: Session, source: str, first_seen: datetime) -> int:
    """How many pages of a source were first heard of within an hour of a time, by polls; whether read or still owed."""
    backfilled = session.scalar(select(func.max(Run.closed_at)).where(Run.source == source, Run.origin == "backfill"))
    near = Page.first_seen.between(first_seen - AT_ONCE, first_seen + AT_ONCE)
    polled = Page.first_seen > backfilled if backfilled else true()
    batch.send(session)
    return session.scalar(select(func.count()).where(Page.source == source, near, polled)) or 0
