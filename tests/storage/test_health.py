"""What the operator is told of a source: once for each change for the worse that lasts, and once when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from making import NOON, SITE, later

from storage import events, health, runs
from storage.causes import Cause
from storage.health import Health, turn
from storage.verdicts import Judgement, Tally, Verdict

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.models import Event

ILL, WELL = "source.ill", "source.recovered"
GOOD = Health(verdict="healthy")
THIN = Health(verdict="thin", cause="fewer")
DOWN = Health(verdict="failed", cause="dns")
MOVED = Health(verdict="thin", cause="new-addresses")
EXPIRED = Health(verdict="failed", cause="tls-expired")
STOPPED = Health(verdict="interrupted", cause="stopped")
DIED = Health(verdict="interrupted", cause="died")


@pytest.mark.parametrize(
    ("told", "last", "kind"),
    [
        (None, [], None),
        (None, [GOOD, GOOD], None),
        (None, [DOWN, GOOD], None),  # a hiccup
        (None, [DOWN], None),
        (None, [DOWN, DOWN], ILL),
        (None, [THIN, DOWN], ILL),
        (None, [EXPIRED, GOOD], ILL),  # certain
        (None, [MOVED, GOOD], ILL),
        (None, [DIED, DIED], ILL),
        (None, [STOPPED, STOPPED], None),
        (None, [DOWN, STOPPED, DOWN], ILL),
        (DOWN, [DOWN, DOWN, DOWN], None),  # told already
        (DOWN, [THIN, DOWN], None),
        (THIN, [DOWN, THIN], None),
        (THIN, [DOWN, DOWN, THIN], ILL),  # worse than was told
        (DOWN, [GOOD, DOWN], WELL),
        (DOWN, [STOPPED, DOWN], None),
    ],
)
def test_when_there_is_something_to_tell(told: Health | None, last: list[Health], kind: str | None) -> None:
    assert turn(told, last) == kind


def ended(session: Session, hour: int, verdict: Verdict, cause: Cause | None = None, source: str = "snv") -> str | None:
    """A run that ended so, an hour after the one before; what was told by it."""
    run = runs.open_run(session, source, origin="poll", at=later(hour))
    judged = Judgement(verdict=verdict, cause=cause, words="why" if cause else None)
    told = runs.report(source, run, Tally(), judged, 1.0)
    runs.close_run(session, run, judged, at=later(hour), told=told)
    said = health.tell(session, source, name="Sở Nội vụ", url=SITE, at=later(hour))
    session.flush()
    return said


def told(session: Session) -> list[Event]:
    return list(events.since(session, kinds=health.KINDS))


def test_an_illness_is_told_once_and_its_end_once(session: Session) -> None:
    assert ended(session, 1, "healthy") is None
    assert ended(session, 2, "failed", Cause.DNS) is None
    assert ended(session, 3, "failed", Cause.DNS) == "source.ill: snv is failed (dns: why)"
    assert ended(session, 4, "blocked", Cause.CHALLENGE) is None
    assert ended(session, 5, "healthy") == "source.recovered: snv is healthy"
    assert ended(session, 6, "healthy") is None
    ill, well = told(session)
    shaped = events.shape(ill)
    assert (shaped["kind"], shaped["source"], shaped["record"], shaped["version"]) == (ILL, "snv", None, None)
    assert (shaped["title"], shaped["url"], shaped["at"]) == ("Sở Nội vụ", SITE, "2025-03-10T15:00:00+07:00")
    assert shaped["changes"] == [
        {"field": "verdict", "from": "healthy", "to": "failed"},
        {"field": "cause", "from": None, "to": "dns", "words": "why"},
    ]
    assert (well.kind, well.changes[0]["from"], well.changes[1]["from"]) == (WELL, "failed", "dns")


def test_the_illness_of_another_source_is_another(session: Session) -> None:
    for hour in (1, 2):
        ended(session, hour, "empty", Cause.REDESIGN)
        ended(session, hour, "thin", Cause.FEWER, source="other")
    ended(session, 3, "healthy", source="other")
    assert [(one.source, one.kind) for one in told(session)] == [("snv", ILL), ("other", ILL), ("other", WELL)]


def test_runs_whose_process_died_are_told_of_by_the_next_one(session: Session) -> None:
    for hour in range(3):
        runs.open_run(session, "snv", origin="poll", at=later(hour))  # closes the one before as dead
        session.expire_all()
        health.tell(session, "snv", name="Sở Nội vụ", url=SITE, at=later(hour))
        session.flush()
    (ill,) = told(session)
    assert ill.changes[1]["to"] == "died"
    assert ill.at == later(2)
    assert ill.at > NOON
