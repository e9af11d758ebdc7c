"""The one thread of a process that writes to the database: batches, back-pressure, short transactions.

A job is a function of a session. Jobs are run in the order they came, many in one transaction, and each caller learns
when its own is committed. A job that fails takes no other with it. A job may be run again from the start, because the
database was busy or a neighbour failed: it must take all it needs from its closure and the session.

Jobs may be objects whose class has a static method `prepare`: before several of them in a row are run it is called with
the session and all of them, and may open a `storage.batch` for what they share. It is not called where jobs are run
again with care.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError

from storage import batch
from storage.database import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from storage.database import Database

log = logging.getLogger(__name__)

MOST_JOBS = 200
TRANSACTION_SECONDS = 0.2
"""When to stop adding to a transaction: others (leases, other processes) wait for its end."""
AT_ONCE = 25
"""Jobs that are prepared together: few enough for a transaction to end in time."""
LINGER_SECONDS = 0.1
"""How long a transaction waits for company: each costs a sync of two files, and a crawl does not wait for its pages."""
_BUSY_CODES = ("08", "40001", "40P01", "53", "55P03", "57P0", "25P03", "25P04", "25006")
"""PostgreSQL's: connection lost, serialization, deadlock, no disk, memory or connection left, a lock not had in time,
server shut down or starting, a transaction that slept or ran too long, a standby that is not yet the primary."""

T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    run: Callable[[Session], Any]
    done: Future[Any]

    @property
    def prepare(self) -> Callable[[Session, Sequence[Any]], None] | None:
        return getattr(self.run, "prepare", None)


class Writer:
    """Runs jobs in its own thread. `before_commit` is called before each commit, in that thread."""

    def __init__(self, database: Database, *, before_commit: Callable[[], None] | None = None) -> None:
        self._database = database
        self._before_commit = before_commit
        self._urgent: deque[_Job] = deque()
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[Session], T], *, urgent: bool = False) -> Future[T]:
        """Queues a job; urgent ones (leases) go before all others. The future ends after the commit."""
        done: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise RuntimeError("the writer is closed")
            (self._urgent if urgent else self._jobs).append(_Job(job, done))
            self._wake.notify()
        return done

    async def run(self, job: Callable[[Session], T], *, urgent: bool = False) -> T:
        """Queues a job and waits for its commit: waiting is the back-pressure."""
        return await asyncio.wrap_future(self.submit(job, urgent=urgent))

    def close(self) -> None:
        """Runs what is queued and ends the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                while not (self._urgent or self._jobs or self._closing):
                    self._wake.wait()
                if not (self._urgent or self._jobs):
                    return
                if not (self._urgent or self._closing):
                    self._wake.wait_for(self._hurried, LINGER_SECONDS)
            self._patiently()

    def _hurried(self) -> bool:
        return bool(self._urgent) or self._closing or len(self._jobs) >= MOST_JOBS

    def _some(self) -> list[_Job]:
        """The next job, and those behind it that are prepared together with it; none where none waits."""
        first = self._next()
        some = [first] if first else []
        if first and first.prepare:
            while len(some) < AT_ONCE and (job := self._next(like=first)):
                some.append(job)
        return some

    def _next(self, like: _Job | None = None) -> _Job | None:
        """The next job that its caller still wants, if it is prepared as another one is."""
        with self._wake:
            while queue := self._urgent or self._jobs:
                if like and queue[0].prepare != like.prepare:
                    return None
                job = queue.popleft()
                if job.done.set_running_or_notify_cancel():
                    return job
        return None

    def _patiently(self) -> None:
        """One transaction, tried again while the database is busy."""
        taken: list[_Job] = []
        give_up = time.monotonic() + PATIENCE_SECONDS
        wait = 0.05
        careful = False
        while True:
            try:
                results = self._transaction(taken, careful=careful)
            except DBAPIError as error:
                if time.monotonic() > give_up:
                    # Where the transaction could not even begin, nobody's job was taken, and all have waited in vain.
                    while not taken and (job := self._next()):
                        job.done.set_exception(error)
                    for job in taken:
                        job.done.set_exception(error)
                    return
                log.warning("the database is not to be written now, trying again: %s", error.orig)
                time.sleep(wait)
                wait = min(wait * 2, 5.0)
            except _Spoilt:
                careful = True
            except BaseException as error:  # noqa: BLE001 - the thread must live, and each caller must hear of it
                for job in taken:
                    job.done.set_exception(error)
                return
            else:
                for job, result in zip(taken, results, strict=True):
                    if isinstance(result, _Failed):
                        job.done.set_exception(result.error)
                    else:
                        job.done.set_result(result)
                return

    def _transaction(self, taken: list[_Job], *, careful: bool) -> list[Any]:
        """Runs the jobs taken, and more as they come; `careful` gives each a savepoint. Raises _Spoilt without."""
        results: list[Any] = []
        run = _with_care if careful else _together
        with self._database.writing() as session:
            started = time.monotonic()
            results.extend(run(session, taken))
            while len(taken) < MOST_JOBS and time.monotonic() - started < TRANSACTION_SECONDS:
                some = self._some()
                if not some:
                    break
                taken.extend(some)
                results.extend(run(session, some))
            if not careful:
                with _unspoilt():
                    session.flush()
            if self._before_commit:
                self._before_commit()
        return results


@dataclass(slots=True)
class _Failed:
    error: Exception


class _Spoilt(Exception):
    """A job failed where it had no savepoint: the transaction is undone, and its jobs are run again with one each."""


@contextmanager
def _unspoilt() -> Iterator[None]:
    """Raises _Spoilt for whatever went wrong, but for a database that is busy or away."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or _busy(error):
            raise
        raise _Spoilt from error
    except Exception as error:
        raise _Spoilt from error


def _together(session: Session, jobs: Sequence[_Job]) -> list[Any]:
    """Jobs' results. Most jobs succeed, and a savepoint costs as much as two statements.

    Rows that a job makes are there for the next one's queries. What it changes in rows that there were is sent at the
    end, the same change of many rows as one statement; the session's own objects have it at once.
    """
    results = []
    with _unspoilt():
        for prepare, group in groupby(jobs, attrgetter("prepare")):
            several = list(group)
            if prepare and len(several) > 1:
                prepare(session, [job.run for job in several])
            for job in several:
                results.append(job.run(session))
                if session.new:
                    batch.flush(session)
            batch.end(session)
    return results


def _with_care(session: Session, jobs: Sequence[_Job]) -> list[Any]:
    return [_guarded(session, job) for job in jobs]


def _guarded(session: Session, job: _Job) -> Any:
    """A job's result, or the error that it raised with what it wrote undone."""
    savepoint = session.begin_nested()
    try:
        result = job.run(session)
        savepoint.commit()
    except DBAPIError as error:
        if error.connection_invalidated or _busy(error):
            raise
        savepoint.rollback()
        return _Failed(error)
    except Exception as error:  # noqa: BLE001 - handed to whoever queued the job
        savepoint.rollback()
        return _Failed(error)
    return result


def _busy(error: DBAPIError) -> bool:
    """Whether the same statements may well succeed a little later: PostgreSQL says so in codes, SQLite in words."""
    if code := getattr(error.orig, "sqlstate", None):
        return str(code).startswith(_BUSY_CODES)
    said = str(error.orig).lower()
    return any(word in said for word in ("locked", "busy", "disk is full", "disk i/o"))
