"""Four ways to disturb crawls of one portal. Each ends with crawls that nothing disturbs, and the laws."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import func, make_url, select

from drill import laws
from drill.crawls import ENDED, killed, own_file, tear, wait, writes_sqlite
from drill.laws import ALWAYS, AT_REST, Expected
from storage.database import BUSY_SECONDS, PATIENCE_SECONDS, Database
from storage.document_tables import Document
from storage.models import Article, Capture, Run

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from drill.crawls import Crawl, Site
    from drill.servers import PostgreSQL, SmallDisk, SmallFiles

HOLDS = (1.0, 5.0, BUSY_SECONDS + 5.0, PATIENCE_SECONDS + BUSY_SECONDS + 5.0)
"""Seconds that somebody else holds the database's lock: the third is beyond what a statement waits for, the last beyond
what a crawl does."""
_OF_A_START = 8
"""Requests that a crawl makes before it asks for a page that it lacks: robots.txt, feed, first pages of listings."""
_AT_START = 0.15
"""The share of kills whose moment is a time since the process began, and no number of requests."""
_LATE = 0.3
"""Seconds after a request in which the kill falls: less than a transaction and its wait for company may take."""
_RECHECKS = 5
"""One kill of so many is one of a crawl that asks for known pages again, some of them edited."""
_CHECK_EVERY = 25
"""Kills between two looks at the laws of any moment."""
_LOOK_EVERY = 10
"""Who looks into SQLite's database tidies up behind the dead: mostly the next crawl is to be the first to open it."""
_TEARS = 0.25
"""The share of kills that are power cuts for the WARC file."""
_FULL = (0.2, 1.0, 3.0, 8.0, PATIENCE_SECONDS + BUSY_SECONDS)
"""Seconds that a disk is full, or until the crawl has given up; the last is beyond what it waits for a database."""


class Broken(Exception):
    """A law does not hold; the message names it, and says how."""

    @classmethod
    def of(cls, broken: Sequence[str]) -> Broken:
        """Of sentences the first three."""
        more = f" (and {len(broken) - 3} more)" if len(broken) > 3 else ""
        return cls("; ".join(broken[:3]) + more)


@dataclass(kw_only=True)
class Outcome:
    """What a scenario came to: what was done to the crawls, and what is held at the end."""

    scenario: str
    database: str
    disturbed: dict[str, int] = field(default_factory=dict)
    torn: int = 0
    articles: int = 0
    versions: int = 0
    events: int = 0
    captures: int = 0
    documents: int = 0
    procedures: int = 0
    indexed: int = 0
    alerts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    note: str = ""


@dataclass(kw_only=True)
class Drill:
    """One scenario's room: the site, the chances, what was edited, and a word for each step done."""

    site: Site
    outcome: Outcome
    chance: random.Random
    server: PostgreSQL | None = None
    step: Callable[[str], None] = lambda _word: None
    changed: set[str] = field(default_factory=set)

    def expected(self) -> Expected:
        """What the portal has published."""
        return Expected.of(self.site.portal.portal, frozenset(self.changed))

    @property
    def writing(self) -> Callable[[int], bool]:
        """Says of a process whether it is in a transaction that writes."""
        if self.server:
            return self.server.writes
        return writes_sqlite(self.site.data / "congtin.db")

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, opened for a look."""
        opened = Database(self.site.config)
        try:
            yield opened
        finally:
            opened.close()

    def done(self, what: str) -> None:
        """Counts a disturbance."""
        self.outcome.disturbed[what] = self.outcome.disturbed.get(what, 0) + 1
        self.step(what)

    def after(self, requests: int) -> Callable[[], bool]:
        """Whether the portal has served so many more."""
        goal = len(self.site.portal.requests) + requests
        return lambda: len(self.site.portal.requests) >= goal

    def edit(self) -> None:
        """Edits an article that was not edited before."""
        portal = self.site.portal
        untouched = [path for path in portal.portal.urls() if path not in self.changed]
        path = self.chance.choice(untouched)
        portal.control(do="edit", path=path)
        self.changed.add(path)

    def check_always(self) -> None:
        """The laws that hold at any moment. Raises Broken."""
        with self.database() as database:
            now = laws.held(database, self.site.data)
        _obey(laws.breaches(now, self.expected(), ALWAYS))

    def rest(self, *words: str) -> None:
        """Crawls undisturbed. Raises Broken, also where that does not end well.

        Two files of the sample portal are bad, for which a crawl that is healthy ends with exit code 3.
        """
        crawl = self.site.start(*words)
        crawl.communicate()
        with self.database() as database, database.reading() as session:
            run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
        if crawl.poll() not in {0, 3} or run.verdict != "healthy":
            raise Broken(
                f"an_undisturbed_crawl_ends_well: it ended with exit code {crawl.poll()}, {run.verdict}: {run.cause}"
            )

    def close(self) -> Outcome:
        """Checks all laws, now that crawls were left alone. Raises Broken."""
        with self.database() as database:
            now = laws.held(database, self.site.data)
            _obey(laws.breaches(now, self.expected(), AT_REST))
            self.outcome.indexed, broken = laws.index_breaches(database, self.site.data / "index")
            _obey(broken)
        self.outcome.articles, self.outcome.versions = len(now.records), len(now.versions)
        self.outcome.events, self.outcome.captures = len(now.events), now.captures
        self.outcome.documents, self.outcome.procedures = len(now.document_versions), len(now.procedures)
        return self.outcome


def _obey(broken: Sequence[str]) -> None:
    if broken:
        raise Broken.of(broken)


def kill(drill: Drill, *, kills: int) -> Outcome:
    """SIGKILL at random moments of a backfill, then of crawls that ask again; some kills lose what was not synced."""
    first = kills - kills // _RECHECKS
    lacking = 0
    for number in range(kills):
        if number % _LOOK_EVERY == 0:
            lacking = _lacking(drill)
        if number == first:
            drill.rest("--full")  # what is edited from here on was read before
        words, share = ("--full",), lacking // max(first - number, 1)
        if number >= first:
            drill.edit()
            words, share = ("--recheck",), len(drill.site.portal.portal.urls()) // 4
        while not _kill(drill, words, share):
            share //= 2  # it came to its end first
        if number % _CHECK_EVERY == _CHECK_EVERY - 1:
            drill.check_always()
    drill.rest("--full")
    drill.rest("--recheck")
    return drill.close()


def past(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have passed since it was asked for."""
    moment = time.monotonic() + seconds
    return lambda: time.monotonic() > moment


def _lacking(drill: Drill) -> int:
    """How many articles and files of the portal nobody has read yet."""
    asked = select(func.count()).where(Document.outcome.is_not(None))
    with drill.database() as database, database.reading() as session:
        stored = session.scalar(select(func.count()).select_from(Article)) or 0
        stored += session.scalar(asked) or 0
    portal = drill.site.portal.portal
    return len(portal.urls()) + len(portal.files()) - stored


def _kill(drill: Drill, words: Sequence[str], share: int) -> bool:
    """Starts a crawl and kills it, after about so many pages at the most twice; whether it still lived."""
    chance, site = drill.chance, drill.site
    crawl = site.start(*words)
    if chance.random() < _AT_START:
        wait(crawl, past(chance.uniform(0, 2)))
    else:
        wait(crawl, drill.after(chance.randrange(1, 2 * (_OF_A_START + share))))
        time.sleep(chance.uniform(0, _LATE))
    where = killed(crawl, site, drill.writing)
    if where == ENDED:
        return False
    file = own_file(crawl.pid, site.data)
    if file and chance.random() < _TEARS:
        drill.outcome.torn += tear(file, _pointed_to(drill, file.name), chance)
    drill.done(where)
    return True


def _pointed_to(drill: Drill, warc: str) -> int:
    """How many bytes of a WARC file the database relies on."""
    with drill.database() as database, database.reading() as session:
        return session.scalar(select(func.max(Capture.offset + Capture.length)).where(Capture.warc == warc)) or 0


def full_disk(drill: Drill, disk: SmallDisk | SmallFiles, *, times: int) -> Outcome:
    """The disk is full at random moments of crawls, for a while or until the crawl gives up."""
    drill.outcome.note = disk.how
    for _ in range(times):
        crawl = drill.site.start("--full")
        wait(crawl, drill.after(drill.chance.randrange(1, 2 * _share(drill, times))))
        disk.fill(crawl)
        went_on = wait(crawl, past(drill.chance.choice(_FULL)))
        disk.free(crawl)
        if drill.server:
            drill.server.heal()
        crawl.communicate()
        drill.done("for a while" if went_on else "until the crawl ended")
        drill.check_always()
    drill.rest("--full")
    return drill.close()


def locked(drill: Drill, *, holds: Sequence[float] = HOLDS) -> Outcome:
    """Somebody else holds the database's lock in mid-crawl."""
    for seconds in holds:
        crawl = drill.site.start("--full")
        wait(crawl, drill.after(drill.chance.randrange(_OF_A_START, _OF_A_START + _share(drill, len(holds)))))
        with _lock(drill):
            time.sleep(seconds)
        _finish_or_kill(drill, crawl)
        drill.done(f"{seconds:.0f} s")
        drill.check_always()
    drill.rest("--full")
    return drill.close()


@contextmanager
def _lock(drill: Drill) -> Iterator[None]:
    """Keeps every writer out, from a process of its own (this one)."""
    address = make_url(drill.site.config.database_url)
    if drill.server:
        with psycopg.connect(drill.server.address.replace("+psycopg", "")) as server:
            server.execute("LOCK TABLE pages, articles, leases, runs, fetches IN EXCLUSIVE MODE")
            yield
        return
    file = sqlite3.connect(str(address.database), timeout=60, isolation_level=None)
    try:
        file.execute("BEGIN IMMEDIATE")
        yield
    finally:
        file.close()


def restarted(drill: Drill, server: PostgreSQL, *, times: int) -> Outcome:
    """The database's server is restarted in mid-crawl, in turn as an administrator does and as a crash would."""
    crawl = drill.site.start("--full")
    for number in range(times):
        if not wait(crawl, drill.after(drill.chance.randrange(1, 2 * _share(drill, times)))):
            crawl.communicate()
            crawl = drill.site.start("--recheck")
        mode = ("fast", "immediate")[number % 2]
        server.restart(mode)
        drill.done(mode)
    crawl.communicate()
    drill.check_always()
    drill.rest("--full")
    return drill.close()


def _share(drill: Drill, times: int) -> int:
    return max(1, len(drill.expected().addresses) // (times + 1))


def _finish_or_kill(drill: Drill, crawl: Crawl) -> None:
    """Lets a crawl go on for a little, and then kills it: the next one is to be disturbed as well."""
    wait(crawl, drill.after(drill.chance.randrange(1, 2 * _OF_A_START)))
    killed(crawl, drill.site, drill.writing)
