"""What the archive says of itself in numbers: runs, requests, pages owed, lag, sizes. For `/metrics`.

Runs that are closed and events do not change: each is counted once, and a later look reads only what has come since.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from storage.models import Event, Page, Run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.database import Database

LEAST_SPACE = 200 << 20
"""Bytes that must be free in the data folder: below this a crawl may end in the middle of a day."""
_LONGEST_RUN = timedelta(days=7)
"""A run that is open for longer is dead, and nobody crawls its source any more who would close it."""
LAGS = (60, 300, 900, 1_800, 3_600, 2 * 3_600, 4 * 3_600, 8 * 3_600, 86_400, 3 * 86_400, 7 * 86_400)
"""Seconds: the upper bounds of the histogram of lags, and above them all others."""


@dataclass(slots=True)
class Counts:
    """What the closed runs of one source came to."""

    verdicts: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    bytes: int = 0
    last: str = ""
    last_good: datetime | None = None


@dataclass(slots=True)
class Lag:
    """Between the minute that a page prints and the moment when it was seen first: how often, by LAGS; their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(LAGS) + 1))
    seconds: float = 0.0

    def saw(self, seconds: float) -> None:
        """Counts one; a page that prints a later minute than it was seen in has none."""
        seconds = max(0.0, seconds)
        self.counts[bisect_left(LAGS, seconds)] += 1
        self.seconds += seconds


class Gauges:
    """Counts what a database holds, each time from where it stood. Not for two threads at a time."""

    def __init__(self, database: Database, archive: Path) -> None:
        self._database = database
        self._archive = archive
        self.runs: defaultdict[str, Counts] = defaultdict(Counts)
        self.lags: defaultdict[str, Lag] = defaultdict(Lag)
        self.owed: dict[str, int] = {}
        self._counted: set[int] = set()
        self._settled = 0
        self._cursor = 0

    def look(self) -> None:
        """Brings all counts up to date."""
        with self._database.reading() as session:
            self._count_runs(session)
            self._count_lags(session)
            owed = select(Page.source, func.count().label("pages")).where(Page.owed.is_(True)).group_by(Page.source)
            self.owed = {row.source: row.pages for row in session.execute(owed)}

    def _count_runs(self, session: Session) -> None:
        """Counts runs that were closed since. A run may end after one that began later."""
        query = (
            select(
                Run.id,
                Run.source,
                Run.verdict,
                Run.opened_at,
                Run.closed_at,
                Run.report["requests"],
                Run.report["bytes"],
            )
            .where(Run.id > self._settled)
            .order_by(Run.id)
        )
        still_open, dead = False, datetime.now(UTC) - _LONGEST_RUN
        for run, source, verdict, opened_at, closed_at, requests, size in session.execute(query):
            still_open = still_open or (closed_at is None and opened_at > dead)
            if closed_at is not None and run not in self._counted:
                counts = self.runs[source]
                counts.verdicts[verdict or "interrupted"] += 1
                counts.requests += requests or 0
                counts.bytes += size or 0
                counts.last = verdict or "interrupted"
                if verdict == "healthy":
                    counts.last_good = max(closed_at, counts.last_good or closed_at)
                self._counted.add(run)
            if not still_open:
                self._settled = run
        self._counted = {run for run in self._counted if run > self._settled}

    def _count_lags(self, session: Session) -> None:
        news = select(Event.cursor, Event.source, Event.at, Event.published_at).where(
            Event.kind == "article.new", Event.origin == "poll", Event.precision == "minute",
            Event.cursor > self._cursor, Event.published_at.is_not(None),
        )  # fmt: skip
        for cursor, source, at, published_at in session.execute(news.order_by(Event.cursor)):
            assert published_at is not None  # the query says so
            self.lags[source].saw((at - published_at).total_seconds())
            self._cursor = cursor

    def database_bytes(self) -> int:
        """The size of the database, its log included."""
        if not self._database.sqlite:
            with self._database.reading() as session:
                return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
        name = self._database.url.database or ""
        return sum(_size(Path(f"{name}{tail}")) for tail in ("", "-wal"))

    def archive_bytes(self) -> int:
        """The size of the files that hold what portals answered."""
        return sum(_size(file) for file in self._archive.glob("*.warc.gz"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # it is there no more, or not yet
        return 0
