"""What was learned of listings, and when sources are due: the only reader and writer of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from scraper.rhythm import Rhythm, clocks, minutes, moment
from storage import events
from storage.models import Run
from storage.schedule_tables import ListingRhythm, SourceSchedule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper.rhythm import Clock, Look

MOST_NEW = 100
"""Entries that one look may count: a portal that moves its archive publishes nothing by it."""
DAYS_KEPT = 15

Key = tuple[str, str]
"""A source, and the canonical address of one of its listings."""


def rhythms(session: Session, sources: Collection[str] | None = None) -> dict[Key, Rhythm]:
    """What has been learned of all listings, or of those of some sources. A rhythm's `at` is the last look."""
    query = select(ListingRhythm.source, ListingRhythm.listing, ListingRhythm.rhythm)
    if sources is not None:
        query = query.where(ListingRhythm.source.in_(sources))
    return {(source, listing): Rhythm.from_json(told) for source, listing, told in session.execute(query)}


def looked(session: Session) -> dict[Key, datetime]:
    """When each listing was looked at last."""
    query = select(ListingRhythm.source, ListingRhythm.listing, ListingRhythm.looked_at)
    return {(source, listing): at for source, listing, at in session.execute(query)}


def clocks_of(session: Session, source: str) -> dict[str, Clock]:
    """The publishing clocks of a source's listings, by all that is known of all listings."""
    every = {" ".join(key): (key, rhythm) for key, rhythm in rhythms(session).items()}
    told = clocks(
        {name: rhythm for name, (_, rhythm) in every.items()}, {name: key[0] for name, (key, _) in every.items()}
    )
    return {key[1]: told[name] for name, (key, _) in every.items() if key[0] == source}


def silences(session: Session, source: str, known: Mapping[str, Clock], *, now: datetime) -> dict[str, float]:
    """How likely it is that nothing new came to each listing for so long, by what polls have taught."""
    learned = {listing: rhythm for (_, listing), rhythm in rhythms(session, [source]).items() if listing in known}
    return {listing: rhythm.silence(minutes(now), known[listing]) for listing, rhythm in learned.items()}


def learn(session: Session, source: str, looks: Sequence[Look], known: Mapping[str, Clock], *, first: bool) -> None:
    """Learns from the looks of one run, in the transaction that closes it.

    What a source's first run finds is its past and teaches nothing: only what comes after it counts. So it is with the
    first look at a listing.
    """
    listings = [look.listing for look in looks]
    mine = select(ListingRhythm).where(ListingRhythm.source == source, ListingRhythm.listing.in_(listings))
    rows = {row.listing: row for row in session.scalars(mine)}
    for look in looks:
        row = rows.get(look.listing)
        count = min(look.count, MOST_NEW)
        if row is None or first:
            rhythm = Rhythm.from_json(row.rhythm) if row else look.prior()
            rhythm.at = look.at
        else:
            rhythm = Rhythm.from_json(row.rhythm)
            rhythm.at = min(rhythm.at, look.at)  # a clock was wrong once
            rhythm.saw(look.at, count, known[look.listing], look.stamps)
        if row is None:
            row = ListingRhythm(source=source, listing=look.listing)
            session.add(row)
        row.rhythm, row.looked_at, row.found = rhythm.to_json(), moment(look.at), count


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a source stands: its failures in a row, what it must wait for, who wants it, what its polls took by day."""

    failures: int = 0
    not_before: datetime | None = None
    wanted_at: datetime | None = None
    spent: Mapping[str, Sequence[int]]


def standings(session: Session) -> dict[str, Standing]:
    """How each source stands that was ever scheduled or asked for."""
    return {
        row.source: Standing(
            failures=row.failures, not_before=row.not_before, wanted_at=row.wanted_at, spent=row.spent,
        )
        for row in session.scalars(select(SourceSchedule))
    }  # fmt: skip


def begun(session: Session) -> set[str]:
    """The sources whose first crawl came to its end."""
    return set(session.scalars(select(Run.source).where(Run.completed.is_(True)).distinct()))


def _row(session: Session, source: str) -> SourceSchedule:
    row = session.get(SourceSchedule, source)
    if row is None:
        row = SourceSchedule(source=source, failures=0, spent={}, why="")
        session.add(row)
    return row


def want(session: Session, source: str, *, at: datetime) -> None:
    """Has the scheduler crawl a source next."""
    _row(session, source).wanted_at = at


def pause(session: Session, source: str, *, until: datetime) -> None:
    """Notes that a source's host asks to be left alone until then."""
    row = _row(session, source)
    row.not_before = max(until, row.not_before or until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """When something is due, how often that is on the average of the week ahead, and why, in words."""

    at: datetime | None
    interval_minutes: float | None
    why: str


def write(session: Session, source: str, due: Due, listings: Mapping[str, Due]) -> None:
    """Notes when a source and its listings are due."""
    row = _row(session, source)
    row.next_due, row.interval_minutes, row.why = due.at, due.interval_minutes, due.why
    for one in session.scalars(select(ListingRhythm).where(ListingRhythm.source == source)):
        if told := listings.get(one.listing):
            one.due_at, one.interval_minutes, one.why = told.at, told.interval_minutes, told.why


def ended(
    session: Session, source: str, *, failures: int, not_before: datetime | None, day: str, requests: int, looks: int,
    served: datetime | None,
) -> None:  # fmt: skip
    """Notes what a scheduled run came to. `served` is when it began: wishes from before that are fulfilled."""
    row = _row(session, source)
    row.failures, row.not_before = failures, not_before
    before = row.spent.get(day, [0, 0])
    days = {**row.spent, day: [before[0] + requests, before[1] + looks]}
    row.spent = {one: days[one] for one in sorted(days)[-DAYS_KEPT:]}
    if served and row.wanted_at and row.wanted_at <= served:
        row.wanted_at = None


def forget(session: Session, sources: Collection[str]) -> None:
    """Takes sources out of the schedule that are paused, or not in the catalogue any more; what was learned stays."""
    for row in session.scalars(select(SourceSchedule).where(SourceSchedule.source.in_(sources))):
        row.next_due = row.interval_minutes = row.wanted_at = None
        row.why = "paused, or not in the catalogue any more"


def drop_listings(session: Session, source: str, listings: Collection[str]) -> None:
    """Forgets listings that the source's file names no more."""
    stale = delete(ListingRhythm).where(ListingRhythm.source == source, ListingRhythm.listing.not_in(listings))
    session.execute(stale)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a run came to that began not before a time."""

    run: int
    verdict: str | None
    cause: str | None
    origin: str
    requests: int


def ran(session: Session, source: str, *, since: datetime) -> Ran | None:
    """The last run of a source that began since a time."""
    query = select(Run).where(Run.source == source, Run.opened_at >= since).order_by(Run.id.desc()).limit(1)
    row = session.scalar(query)
    if row is None:
        return None
    requests = int(row.report.get("requests", 0))
    return Ran(run=row.id, verdict=row.verdict, cause=row.cause, origin=row.origin, requests=requests)


def is_over(session: Session, source: str, *, since: datetime | None) -> bool:
    """Whether a run of a source that began since a time has come to its end."""
    found = ran(session, source, since=since) if since else None
    return found is not None and found.verdict is not None


def told(session: Session, source: str) -> dict[str, Any]:
    """A source's part of `congtin status --json`: when it is due, how often, and how much its listings bring a day."""
    row = session.get(SourceSchedule, source)
    learned = rhythms(session, [source]).values()
    return {
        "next_due": events.iso(row.next_due) if row else None,
        "interval_minutes": _round(row.interval_minutes) if row else None,
        "rate_per_day": round(sum(rhythm.rate for rhythm in learned), 2) if learned else None,
    }


def sections(session: Session, source: str) -> dict[str, Any]:
    """Why a source is due when it is, and the same of each of its listings, as `congtin status ID --json` prints it."""
    row = session.get(SourceSchedule, source)
    listings = session.scalars(
        select(ListingRhythm).where(ListingRhythm.source == source).order_by(ListingRhythm.listing)
    )
    return {
        "why": row.why if row else "never scheduled",
        "failures": row.failures if row else 0,
        "sections": [
            {
                "url": one.listing,
                "rate_per_day": round(Rhythm.from_json(one.rhythm).rate, 3),
                "interval_minutes": _round(one.interval_minutes),
                "last_look": events.iso(one.looked_at),
                "found": one.found,
                "next_due": events.iso(one.due_at),
                "why": one.why,
            }
            for one in listings
        ],
    }


def _round(minutes_between: float | None) -> float | None:
    return None if minutes_between is None else round(minutes_between, 1)
