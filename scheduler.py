"""Crawls every source when it is due, for ever: alarms, who leads, and a clean stop.

The decisions are `timetable`'s, the processes `jobs`'. Here are APScheduler's alarms, one date trigger for each source,
made again from our own table at the start and after each run (its job stores cannot be shared between processes); the
lease that only one scheduler has; and signals. All of it runs in one thread, the main one: children follow it to death.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import DBAPIError

from jobs import Jobs
from scraper.items import VIETNAM
from storage import leases
from timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scraper.sources import Source
    from storage.database import Database
    from storage.leases import Grant

log = logging.getLogger("congtin.scheduler")

LEASE = "scheduler"
_INTERRUPTED = 130
LONGEST_PLAN = 600.0
"""Seconds for which the lease is renewed though nothing is heard of what leads: plans of thousands of listings."""


class Ringer:
    """APScheduler's alarms for a timetable.

    An alarm that is late still rings, however late (`misfire_grace_time`: after one second the default drops it), and
    once (`coalesce`), as long as the one before is not at it yet (`max_instances`). It only says that a source is due:
    how many crawls run is the timetable's to decide, so that no executor needs a bound, and none drops work for it.
    """

    def __init__(self) -> None:
        self.ring: Callable[[str], None] = lambda _: None
        self._scheduler = AsyncIOScheduler(
            timezone=VIETNAM,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begins to ring; to be called in the event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Rings no more."""
        self._scheduler.shutdown(wait=False)

    def set(self, source: str, at: datetime) -> None:
        """Sets a source's alarm, in place of the one that it had."""
        self._scheduler.add_job(self._ring, "date", run_date=at, args=[source], id=source, replace_existing=True)

    def drop(self, source: str) -> None:
        """Takes a source's alarm away, if it has one."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(source)

    async def _ring(self, source: str) -> None:
        self.ring(source)


class Renewal:
    """Renews the lease from a thread of its own while the main one plans, which may take longer than a lease lasts.

    It stops where nothing was `heard` of the main thread for `longest` seconds: whoever hangs leads no more.
    """

    def __init__(
        self,
        database: Database,
        grant: Grant,
        *,
        every: float = leases.HEARTBEAT_SECONDS,
        longest: float = LONGEST_PLAN,
    ) -> None:
        self._database = database
        self._grant = grant
        self._every = every
        self._longest = longest
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="lease", daemon=True)
        self.heard()

    def start(self) -> None:
        """Begins to renew."""
        self._thread.start()

    def heard(self) -> None:
        """Says that the main thread is alive."""
        self._last = time.monotonic()

    def stop(self) -> None:
        """Renews no more; where it waits for the database, what it writes then is refused."""
        self._over.set()
        self.ended(1)

    def ended(self, seconds: float) -> bool:
        """Waits so long for its end; whether it has come."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._over.wait(self._every) and time.monotonic() - self._last < self._longest:
            try:
                with self._database.writing() as session:
                    leases.renew(session, self._grant, now=datetime.now(UTC))
            except leases.Lost:  # the main thread finds that out with its next write
                return
            except DBAPIError as error:
                log.warning("the lease cannot be renewed now: %s", error.orig)


class Scheduler:
    """Leads where nobody else does, and stands by where somebody does, until it is told to stop."""

    def __init__(
        self,
        database: Database,
        *,
        catalogue: Callable[[], Iterable[Source]],
        signature: Callable[[], object],
        budget: int | None = None,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._signature = signature
        self._budget = budget
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Runs until SIGTERM or SIGINT; a second signal ends it at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop)
        held = ""
        while not self._stop.is_set():
            try:
                with self._database.writing() as session:
                    grant = leases.acquire(session, LEASE, now=datetime.now(UTC))
            except leases.Held as error:
                if not held:
                    log.info("another scheduler leads, and this one stands by: %s", error)
                held = str(error)
            except DBAPIError as error:
                log.warning("the database is not to be had now, trying again: %s", error.orig)
            else:
                held = ""
                await self._lead(grant)
            await self._pause()

    def _told_to_stop(self) -> None:
        if self._stop.is_set():
            os._exit(_INTERRUPTED)  # the children follow, and the next crawls take up what they leave
        self._stop.set()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), leases.HEARTBEAT_SECONDS)

    async def _lead(self, grant: Grant) -> None:
        jobs, ringer = Jobs(self._database), Ringer()
        renewal = Renewal(self._database, grant)
        try:
            renewal.start()
            table = Timetable(
                self._database, grant, catalogue=self._catalogue, jobs=jobs, alarms=ringer,
                clock=lambda: datetime.now(UTC), budget=self._budget,
            )  # fmt: skip
            ringer.ring = table.due
            ringer.start()
            seen = self._signature()
            table.begin()
            log.info("this scheduler leads")
            while not self._stop.is_set():
                await self._pause()
                if (now := self._signature()) != seen:
                    seen = now
                    table.reload()
                renewal.heard()
                self._beat(grant, table)
        except leases.Lost as error:
            log.warning("%s: this one stops its crawls and stands by", error)
        except DBAPIError as error:
            log.warning("the database is not to be had now, and this one stands by: %s", error.orig)
        finally:
            renewal.stop()
            ringer.stop()
            await jobs.stop()
            with suppress(DBAPIError), self._database.writing() as session:
                leases.release(session, grant)

    def _beat(self, grant: Grant, table: Timetable) -> None:
        """Renews the lease and looks around. Raises Lost."""
        try:
            with self._database.writing() as session:
                leases.renew(session, grant, now=datetime.now(UTC))
            table.tick()
        except DBAPIError as error:  # the lease is ours until another takes it
            log.warning("the database is not to be had now, trying again: %s", error.orig)
