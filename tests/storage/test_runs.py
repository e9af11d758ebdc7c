from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from making import NOON, SITE, article, later, save
from sqlalchemy import select

from scraper.outcomes import Outcome
from scraper.rhythm import OFFICE, Look, minutes
from storage import runs, schedule
from storage.captures import Captured
from storage.causes import Cause
from storage.models import Capture, Fetch, Run
from storage.runs import Ticket
from storage.verdicts import Judgement, Shown, Tally

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


REPORT = {
    "source", "run", "verdict", "cause", "requests", "not_modified", "bytes", "listings", "new", "changed", "unchanged",
    "gone", "returned", "failures", "outcomes", "seconds", "documents", "cause_code",
}  # fmt: skip
STATUS = {
    "source", "verdict", "cause", "last_run", "last_good", "next_due", "interval_minutes", "articles", "procedures",
    "rate_per_day", "stale", "cause_code",
}  # fmt: skip


def test_what_a_killed_runs_looks_had_found_is_learned_once(session: Session) -> None:
    def shape() -> float:
        (rhythm,) = schedule.rhythms(session, ["snv"]).values()
        return rhythm.shape

    at = minutes(later(0))
    look = Look(listing=SITE, at=at + 60, count=3, stamps=(at + 30,))
    schedule.learn(session, "snv", [Look(listing=SITE, at=at, count=20)], {SITE: OFFICE}, first=True)
    session.flush()
    before = shape()
    killed = runs.open_run(session, "snv", origin="poll", at=later(1))
    runs.note(session, killed, {"requests": 5}, [look])
    session.flush()
    runs.open_run(session, "snv", origin="poll", at=later(2))
    session.flush()
    assert shape() == pytest.approx(before + 3, abs=0.1)
    closed = session.get_one(Run, killed)
    assert (closed.verdict, "looks" in closed.report, closed.report["requests"]) == ("interrupted", False, 5)
    runs.open_run(session, "snv", origin="poll", at=later(3))
    assert shape() == pytest.approx(before + 3, abs=0.1)


def test_a_report_has_the_contracts_keys() -> None:
    counted = Tally(sections={SITE: Shown(rows=20)})
    for name in ("OK", "NOT_MODIFIED", "NOT_FOUND"):
        counted.outcome(Outcome(name), url=SITE, message="why", role="listing")
    counted.decisions.update(new=2, changed=1, unchanged=3, deferred=1)
    told = runs.report("snv", 7, counted, Judgement(verdict="thin", cause=Cause.FEWER, words="why"), 1.23456)
    assert set(told) >= REPORT
    assert (told["new"], told["changed"], told["unchanged"], told["not_modified"]) == (2, 1, 3, 1)
    assert told["outcomes"] == {"NOT_FOUND": 1, "NOT_MODIFIED": 1, "OK": 1}
    assert told["cause_code"] == "fewer"
    assert told["sections"] == {SITE: {"rows": 20, "days": []}}
    assert (told["source"], told["run"], told["verdict"], told["cause"], told["seconds"]) == (
        "snv",
        7,
        "thin",
        "why",
        1.235,
    )


def test_a_new_run_marks_the_sources_dead_ones_interrupted(session: Session) -> None:
    dead = runs.open_run(session, "snv", origin="poll", at=NOON)
    other = runs.open_run(session, "other", origin="poll", at=NOON)
    alive = runs.open_run(session, "snv", origin="poll", at=later(1))
    session.expire_all()
    found = session.get_one(Run, dead)
    assert (found.verdict, found.closed_at, found.completed) == ("interrupted", later(1), False)
    assert found.cause
    assert session.get_one(Run, other).closed_at is None
    assert session.get_one(Run, alive).closed_at is None


@pytest.mark.parametrize(
    ("verdict", "completed"),
    [
        ("healthy", True),
        ("thin", True),
        ("empty", False),
        ("blocked", False),
        ("failed", False),
        ("interrupted", False),
    ],
)
def test_a_run_is_closed_with_its_report(session: Session, verdict: Any, completed: bool) -> None:
    judged = Judgement(verdict=verdict, cause=Cause.OURS, words="why")
    run = runs.open_run(session, "snv", origin="poll", at=NOON)
    told = runs.report("snv", run, Tally(requests=3), judged, 1)
    runs.close_run(session, run, judged, at=later(1), told=told)
    session.flush()
    (recent,) = runs.recent(session, "snv")
    assert recent == told
    assert session.get_one(Run, run).completed is completed
    assert session.get_one(Run, run).closed_at == later(1)


def test_recent_runs_come_newest_first_with_what_is_known_of_those_cut_off(session: Session) -> None:
    runs.open_run(session, "snv", origin="poll", at=NOON)
    runs.open_run(session, "snv", origin="poll", at=later(1))
    session.flush()
    session.expire_all()
    told = runs.recent(session, "snv")
    assert [one["verdict"] for one in told] == ["running", "interrupted"]
    assert all(set(one) >= REPORT for one in told)
    assert len(runs.recent(session, "snv", limit=1)) == 1


def test_status_tells_of_the_last_run_and_the_last_good_one(session: Session) -> None:
    for hours, verdict in ((0, "healthy"), (1, "blocked")):
        run = runs.open_run(session, "snv", origin="poll", at=later(hours))
        judged = Judgement(verdict=verdict, cause=None if verdict == "healthy" else Cause.CHALLENGE)  # type: ignore[arg-type]
        told = runs.report("snv", run, Tally(), judged, 1.0)
        runs.close_run(session, run, judged, at=later(hours), told=told)
    save(session, article("/1"))
    save(session, article("/2", title="Hai"), at=later(1))
    save(session, article("/3", title="Thủ tục", kind="procedure"), at=later(1))
    runs.open_run(session, "snv", origin="poll", at=later(2))
    session.flush()
    told, nothing = runs.status(session, ["snv", "never"])
    assert set(told) >= STATUS
    assert (told["verdict"], told["cause_code"], told["stale"]) == ("blocked", "challenge", True)
    assert (told["last_run"], told["last_good"]) == ("2025-03-10T13:00:00+07:00", "2025-03-10T12:00:00+07:00")
    assert (told["articles"], told["procedures"], told["first_seen"]) == (3, 0, "2025-03-10T12:00:00+07:00")
    assert set(nothing) >= STATUS
    assert (nothing["verdict"], nothing["last_run"], nothing["articles"], nothing["stale"]) == (None, None, 0, False)


def test_a_fetch_and_its_capture_are_entered_and_completed(session: Session) -> None:
    run = runs.open_run(session, "snv", origin="poll", at=NOON)
    captured = Captured(
        url=SITE, at=NOON, record_type="response", status=200, warc="a.warc.gz", offset=1 << 40, length=7, digest="d"
    )
    row = {"run": run, "at": NOON, "url": SITE, "role": "detail", "status": 200, "outcome": "OK", "message": "",
           "size": 9, "seconds": 0.5}  # fmt: skip
    first, second = Ticket(row=row, captured=captured), Ticket(row=row)
    runs.enter_fetch(session, first, outcome="EMPTY_OK")
    runs.enter_fetch(session, second)
    runs.complete_fetch(session, second, outcome="DRIFT", message="nothing read")
    capture = session.scalars(select(Capture)).one()
    assert (capture.id, capture.offset, capture.at) == (first.capture, 1 << 40, NOON)
    fetches = session.scalars(select(Fetch).order_by(Fetch.id)).all()
    assert [(one.id, one.capture, one.outcome) for one in fetches] == [
        (first.fetch, capture.id, "EMPTY_OK"),
        (second.fetch, None, "DRIFT"),
    ]
    assert (fetches[1].message, fetches[1].size, fetches[1].at) == ("nothing read", 9, NOON)
