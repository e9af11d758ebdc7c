"""One row per crawl of a source: opened, noted, closed with its verdict; and what all of them say of a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from scraper.outcomes import Outcome
from scraper.rhythm import Look
from storage import batch, events, health, leases, schedule
from storage.causes import Cause
from storage.models import Article, Capture, Fetch, Run
from storage.procedure_tables import ProcedurePlace
from storage.verdicts import COMPLETE, REMEMBERED, Judgement, Past, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.captures import Captured

_DIED = "its process ended without a word"
_COMPARED = 100
"""Closed runs that a new one is compared with at most."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A fetch that capture has opened: `row` is what it knows of it, for the reading or the error to complete.

    `sent` says that the row is on its way into the database; `fetch` and `capture` are the keys that it got there.
    """

    row: dict[str, Any]
    captured: Captured | None = None
    sent: bool = False
    fetch: int | None = None
    capture: int | None = None


def report(source: str, run: int, tally: Tally, judged: Judgement, seconds: float) -> dict[str, Any]:
    """A run as `congtin crawl --json` prints it."""
    return {
        "source": source,
        "run": run,
        "verdict": judged.verdict,
        "cause": judged.words,
        "cause_code": judged.cause,
        "requests": tally.requests,
        "not_modified": tally.outcomes[Outcome.NOT_MODIFIED.value],
        "bytes": tally.bytes,
        "listings": tally.listings,
        "documents": sum(tally.document_outcomes.values()),
        "new": tally.decisions["new"],
        "changed": tally.decisions["changed"],
        "unchanged": tally.decisions["unchanged"],
        "gone": tally.gone,
        "returned": tally.returned,
        "procedures": {kind.partition(".")[2]: count for kind, count in sorted(tally.procedures.items())},
        "failures": tally.failures,
        "outcomes": dict(sorted(tally.outcomes.items())),
        "skipped": dict(sorted(tally.skipped.items())),
        "sections": {url: shown.to_json() for url, shown in sorted(tally.sections.items())},
        "filled": dict(tally.filled),
        "ailing": tally.ailing,
        "seconds": round(seconds, 3),
    }


def open_run(session: Session, source: str, *, origin: str, at: datetime) -> int:
    """Opens a run. Earlier ones of the source that never ended are dead: the host's lease is ours."""
    for dead in session.scalars(select(Run).where(Run.source == source, Run.closed_at.is_(None))):
        _close_dead(session, dead, at=at, cause=_DIED)
    run = Run(source=source, origin=origin, opened_at=at, completed=False, report={"holder": leases.holder()})
    session.add(run)
    session.flush()
    return run.id


def bury(session: Session, source: str, *, at: datetime, cause: str) -> bool:
    """Closes a source's run whose process is dead, which the next run would do; whether there was one."""
    left = session.scalars(select(Run).where(Run.source == source, Run.closed_at.is_(None))).all()
    dead = [run for run in left if _is_dead(run)]
    for run in dead:
        _close_dead(session, run, at=at, cause=cause)
    return bool(dead)


def _close_dead(session: Session, run: Run, *, at: datetime, cause: str) -> None:
    """Closes a run that cannot do it itself; what its looks had found by its last heartbeat is learned."""
    run.closed_at, run.verdict, run.cause = at, "interrupted", cause
    if told := run.report.get("looks"):
        run.report = {name: value for name, value in run.report.items() if name != "looks"}
        looks = [Look.from_json(one) for one in told]
        known = schedule.clocks_of(session, run.source)
        schedule.learn(session, run.source, looks, known, first=run.origin == "backfill")


def requests(session: Session, source: str, *, since: datetime) -> int:
    """How many requests a source was sent since a time, those included that a dead run had no time to enter."""
    mine = select(Run.id).where(Run.source == source)
    sent = session.scalar(select(func.count()).where(Fetch.run.in_(mine), Fetch.at >= since)) or 0
    for run in session.scalars(select(Run).where(Run.source == source, Run.opened_at >= since)):
        if reserved := run.report.get("reserved"):
            entered = session.scalar(select(func.count()).where(Fetch.run == run.id, Fetch.at >= since)) or 0
            sent += max(0, reserved - entered)
    return sent


def reserve(session: Session, run: int, requests: int) -> None:
    """Notes how many requests an open run has sent, the next one included."""
    row = session.get_one(Run, run)
    row.report = {**row.report, "reserved": requests}


def close_run(
    session: Session, run: int, judged: Judgement, *, at: datetime, told: dict[str, Any], partial: bool = False
) -> None:
    """Closes a run with its verdict and its report; a `partial` one has left things out and completes nothing."""
    row = session.get_one(Run, run)
    row.closed_at, row.verdict, row.cause, row.report = at, judged.verdict, judged.words, told
    row.completed = judged.verdict in COMPLETE and not partial
    session.flush()


def past(session: Session, source: str, *, now: datetime) -> Past:
    """What the source's runs of late were like, for the next one to be judged by."""
    lately = (
        select(Run.opened_at, Run.verdict, Run.report)
        .where(Run.source == source, Run.closed_at.is_not(None))
        .order_by(Run.id.desc())
        .limit(_COMPARED)
    )
    first = session.scalar(select(func.min(Run.opened_at)).where(Run.source == source))
    told = [
        # What a listing showed is carried on while it is not modified; how runs were is forgotten.
        (verdict if opened_at > now - REMEMBERED else None, report)
        for opened_at, verdict, report in session.execute(lately)
    ]
    return Past.of(told, first)


def note(session: Session, run: int, told: dict[str, Any], looks: Iterable[Look] = ()) -> None:
    """Notes how far a run has come and what its looks at listings found, for the case that it never says more."""
    row = session.get_one(Run, run)
    reserved = {"reserved": row.report["reserved"]} if "reserved" in row.report else {}
    row.report = {**told, **reserved, "holder": leases.holder(), "looks": [look.to_json() for look in looks]}


_CAPTURE = insert(Capture).returning(Capture.id, sort_by_parameter_order=True)
_FETCH = insert(Fetch.__table__)  # type: ignore[arg-type]


def enter_captures(session: Session, tickets: Sequence[Ticket]) -> None:
    """Enters the captures of fetches; the tickets take their keys."""
    kept = [(ticket, ticket.captured) for ticket in tickets if ticket.captured is not None]
    if not kept:
        return
    values = [
        {
            "at": captured.at, "url": captured.url, "record_type": captured.record_type, "status": captured.status,
            "warc": captured.warc, "offset": captured.offset, "length": captured.length, "digest": captured.digest,
        }
        for _, captured in kept
    ]  # fmt: skip
    for (ticket, _), key in zip(kept, session.connection().scalars(_CAPTURE, values), strict=True):
        ticket.capture = key


def enter_fetch(session: Session, ticket: Ticket, **completed: Any) -> None:
    """Enters a fetch and its capture; `completed` is what was found out since.

    The ticket takes their keys. In a batch there is none for the fetch: it is entered complete.
    """
    opened = batch.of(session)
    if opened is None or ticket not in opened.captured:
        enter_captures(session, [ticket])
    values = {**ticket.row, **completed, "capture": ticket.capture}
    if opened:
        batch.later(session, _FETCH, values)
        return
    key = session.connection().execute(_FETCH, values).inserted_primary_key
    assert key is not None  # an insert of one row has one
    ticket.fetch = int(key[0])


def complete_fetch(session: Session, ticket: Ticket, **completed: Any) -> None:
    """Enters what the reading or the error made of a fetch that was entered before it was known."""
    session.connection().execute(update(Fetch).where(Fetch.id == ticket.fetch).values(**completed))


def status(session: Session, sources: Sequence[str]) -> list[dict[str, Any]]:
    """Health of sources, as `congtin status --json` prints it."""
    rows = []
    for source in sources:
        runs = select(Run).where(Run.source == source, Run.closed_at.is_not(None)).order_by(Run.id.desc())
        last = session.scalar(runs.limit(1))
        cut_off = _cut_off(session, source)
        good = session.scalar(runs.where(Run.verdict == "healthy").limit(1))
        first = session.scalar(select(func.min(Article.first_seen)).where(Article.source == source))
        there = select(func.count(ProcedurePlace.record.distinct())).where(ProcedurePlace.source == source)
        procedures = session.scalar(there.where(ProcedurePlace.ended_at.is_(None)))
        own = select(ProcedurePlace.article).where(
            ProcedurePlace.source == source, ProcedurePlace.role == "page", ProcedurePlace.article.is_not(None)
        )
        articles = select(func.count()).where(Article.source == source, Article.id.not_in(own))
        rows.append(
            {
                "source": source,
                "verdict": "interrupted" if cut_off else last.verdict if last else None,
                "cause": _DIED if cut_off else last.cause if last else None,
                "cause_code": Cause.DIED if cut_off else health.cause(last) if last else None,
                "last_run": events.iso(last.closed_at) if last else None,
                "last_good": events.iso(good.closed_at) if good else None,
                **schedule.told(session, source),
                "articles": session.scalar(articles),
                "procedures": procedures or 0,
                "stale": bool(cut_off or (last and last.verdict != "healthy")),
                "first_seen": events.iso(first),
            }
        )
    return rows


def recent(session: Session, source: str, limit: int = 10) -> list[dict[str, Any]]:
    """Reports of a source's last runs, the newest first; of one that was cut off, what is known of it."""
    rows = session.scalars(select(Run).where(Run.source == source).order_by(Run.id.desc()).limit(limit)).all()
    told = []
    for row in rows:
        blank = report(source, row.id, Tally(), Judgement(verdict="interrupted"), 0.0)
        verdict = row.verdict or ("interrupted" if _is_dead(row) else "running")
        code = health.cause(row) if row.verdict else None
        noted = {name: value for name, value in row.report.items() if name != "looks"}
        told.append({**blank, **noted, "verdict": verdict, "cause": row.cause, "cause_code": code})
    return told


def _cut_off(session: Session, source: str) -> bool:
    """Whether the source's last run was never closed, and never will be."""
    last = session.scalar(select(Run).where(Run.source == source).order_by(Run.id.desc()).limit(1))
    return last is not None and last.closed_at is None and _is_dead(last)


def _is_dead(run: Run) -> bool:
    return leases.is_dead(str(run.report.get("holder", "")))
