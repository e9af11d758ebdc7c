"""What a source's crawl came to, as the database tells it; noted with its failures in a row and the rest they bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from scraper.rhythm import DAY, minutes
from storage import health, runs, schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from jobs import Batch, Ended
    from roster import Portal
    from scraper.rhythm import Rhythm
    from storage.schedule import Standing

BACK_OFF, _HELD, _SPENT = 10.0, 1.0, 60.0
"""Minutes that a source is left alone after a failure, doubling to a day; while another crawl has its host; and where
it has spent its own budget of the last 24 hours."""
_REFUSED = 4
_GOOD = frozenset({"healthy", "thin"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What a source's crawl came to: a run's verdict, or `held` where another crawl had the host.

    `requests` are those that count towards the budget; `learned` is what is known of its listings now.
    """

    verdict: str
    cause: str
    requests: int
    learned: Mapping[str, Rhythm]
    standing: Standing

    @property
    def good(self) -> bool:
        """Whether it was worth its while."""
        return self.verdict in _GOOD

    @property
    def pause(self) -> float:
        """Minutes until what was asked for, and not seen, is worth another try."""
        if self.held:
            return _HELD
        return _SPENT if self.good and not self.requests else BACK_OFF

    @property
    def held(self) -> bool:
        """Whether it never began, for another crawl had the host."""
        return self.verdict == "held"


def settle(
    session: Session, portal: Portal, batch: Batch, told: Ended, *, now: datetime, is_news: Callable[[str, float], bool]
) -> Came:
    """Notes what a source's crawl came to. A run whose process is dead is closed, as the next one would do.

    `is_news` says of a listing whether a look at that time (minutes) is one that was not counted yet.
    """
    name = portal.source.id
    cause = told.why or f"its process ended with {told.code}"
    ran = schedule.ran(session, name, since=portal.started or now)
    if ran is None:
        verdict = "held" if told.code == _REFUSED else "failed"
    else:
        verdict, cause = ran.verdict or "interrupted", ran.cause or cause
        if ran.verdict is None:
            runs.bury(session, name, at=now, cause=cause)
            health.tell(session, name, name=portal.source.file.name, url=portal.source.url, at=now)
    before = schedule.standings(session).get(name, portal.standing)
    failures, until = before.failures, before.not_before
    if verdict in _GOOD:
        failures = 0
    elif verdict != "held" and not told.stopped:
        failures += 1
        until = max(until or now, now + timedelta(minutes=min(BACK_OFF * 2 ** min(failures - 1, 10), DAY)))
    learned = {key[1]: one for key, one in schedule.rhythms(session, [name]).items()}
    counted = ran is not None and not batch.whole
    requests = ran.requests if ran and counted else 0
    schedule.ended(
        session, name, failures=failures, not_before=until if until and until > now else None,
        day=str(int(minutes(now) // DAY)), requests=requests,
        looks=sum(is_news(one, rhythm.at) for one, rhythm in learned.items()) if counted else 0,
        served=portal.started if verdict != "held" else None,
    )  # fmt: skip
    session.flush()
    standing = schedule.standings(session)[name]
    return Came(verdict=verdict, cause=cause, requests=requests, learned=learned, standing=standing)
