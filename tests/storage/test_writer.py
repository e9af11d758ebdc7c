from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest
from databases import SQLITE
from making import NOON, bury, child, heard
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError, IntegrityError

import storage.writer
from storage.models import Lease
from storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.database import Database

HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
print("done", flush=True)
time.sleep(60)
"""


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    opened = Writer(database)
    yield opened
    opened.close()


def keep(name: str) -> Callable[[Session], str]:
    def job(session: Session) -> str:
        session.add(Lease(name=name, holder="", token=1, expires_at=NOON))
        return name

    return job


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Lease.name).order_by(Lease.name)))


def blocked(writer: Writer) -> threading.Event:
    """Keeps the writer's thread busy until the event is set."""
    go, inside = threading.Event(), threading.Event()

    def wait(session: Session) -> None:
        inside.set()
        go.wait(10)

    writer.submit(wait)
    inside.wait(10)
    return go


def test_a_result_comes_when_the_job_is_committed(writer: Writer, database: Database) -> None:
    assert writer.submit(keep("a")).result(10) == "a"
    assert names(database) == ["a"]


def test_jobs_run_in_the_order_they_came_in_few_commits_and_see_each_other(writer: Writer, database: Database) -> None:
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda connection: commits.append(1))
    order: list[int] = []

    def job(number: int) -> Callable[[Session], int]:
        def run(session: Session) -> int:
            order.append(number)
            seen = len(session.scalars(select(Lease.name)).all())
            keep(f"{number:03}")(session)
            return seen

        return run

    go = blocked(writer)
    futures = [writer.submit(job(number)) for number in range(150)]
    go.set()
    assert [future.result(20) for future in futures] == list(range(150))
    assert order == list(range(150))
    assert len(names(database)) == 150
    assert len(commits) <= 15


def test_a_transaction_ends_after_a_while_so_that_others_may_write(
    writer: Writer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.writer, "TRANSACTION_SECONDS", 0.05)
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda connection: commits.append(1))
    go = blocked(writer)
    futures = [writer.submit(lambda session: time.sleep(0.03)) for _ in range(10)]
    go.set()
    for future in futures:
        future.result(10)
    assert len(commits) >= 4


def fails_in_python(session: Session) -> None:
    keep("bad")(session)
    session.flush()
    raise ValueError("mine")


def fails_in_sql(session: Session) -> None:
    keep("bad")(session)
    session.flush()
    keep("good 0")(session)
    session.flush()


def fails_at_its_end(session: Session) -> None:
    keep("bad")(session)
    keep("good 0")(session)


@pytest.mark.parametrize(
    ("job", "error"),
    [(fails_in_python, ValueError), (fails_in_sql, IntegrityError), (fails_at_its_end, IntegrityError)],
)
def test_a_job_that_fails_takes_no_other_with_it(
    writer: Writer, database: Database, job: Callable[[Session], None], error: type[Exception]
) -> None:
    go = blocked(writer)
    first = writer.submit(keep("good 0"))
    bad = writer.submit(job)
    last = writer.submit(keep("good 1"))
    go.set()
    with pytest.raises(error):
        bad.result(10)
    assert (first.result(10), last.result(10)) == ("good 0", "good 1")
    assert names(database) == ["good 0", "good 1"]


def test_urgent_jobs_go_before_all_others(writer: Writer) -> None:
    order: list[str] = []
    go = blocked(writer)
    futures = [writer.submit(lambda session, n=n: order.append(f"job {n}")) for n in range(3)]
    futures.append(writer.submit(lambda session: order.append("urgent"), urgent=True))
    go.set()
    for future in futures:
        future.result(10)
    assert order == ["urgent", "job 0", "job 1", "job 2"]


def test_the_archive_is_synced_before_the_commit_that_tells_of_it(database: Database) -> None:
    order: list[str] = []
    event.listen(database.engine, "commit", lambda connection: order.append("commit"))
    writer = Writer(database, before_commit=lambda: order.append("sync"))
    writer.submit(keep("a")).result(10)
    writer.close()
    assert order == ["sync", "commit"]


def test_where_the_archive_cannot_be_synced_nothing_is_told_and_the_thread_lives(database: Database) -> None:
    errors: list[OSError] = [OSError(28, "No space left on device")]

    def sync() -> None:
        if errors:
            raise errors.pop()

    writer = Writer(database, before_commit=sync)
    with pytest.raises(OSError, match="No space left"):
        writer.submit(keep("a")).result(10)
    assert names(database) == []
    assert writer.submit(keep("b")).result(10) == "b"
    writer.close()


def test_closing_writes_what_is_queued_and_takes_no_more(database: Database) -> None:
    writer = Writer(database)
    go = blocked(writer)
    futures = [writer.submit(keep(f"{number:02}")) for number in range(30)]
    threading.Timer(0.1, go.set).start()
    writer.close()
    assert all(future.done() for future in futures)
    assert len(names(database)) == 30
    with pytest.raises(RuntimeError, match="closed"):
        writer.submit(keep("late"))


@SQLITE
def test_a_busy_database_is_waited_for_and_nothing_is_lost(writer: Writer, database: Database, tmp_path: Path) -> None:
    other = child(HOLD, tmp_path / "congtin.db", 2)
    try:
        assert heard(other) == "held"
        started = time.monotonic()
        futures = [writer.submit(keep(f"{number:02}")) for number in range(20)]
        assert [future.result(20) for future in futures] == [f"{number:02}" for number in range(20)]
        assert time.monotonic() - started > 1
        assert heard(other) == "done"
    finally:
        bury(other)
    assert len(names(database)) == 20


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Iterator[None]:
    """SQLite itself does not wait for a lock."""

    @event.listens_for(database.engine, "connect")
    def connected(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 20")

    database.engine.dispose()
    yield
    event.remove(database.engine, "connect", connected)


@SQLITE
@pytest.mark.usefixtures("impatient")
def test_where_sqlite_gives_up_the_writer_does_not(writer: Writer, database: Database, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "congtin.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        future = writer.submit(keep("a"))
        time.sleep(0.4)
        assert not future.done()
        other.execute("COMMIT")
    other.close()
    assert future.result(10) == "a"


@SQLITE
@pytest.mark.usefixtures("impatient")
def test_a_database_that_stays_locked_fails_the_jobs_at_last(
    writer: Writer, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.writer, "PATIENCE_SECONDS", 0.3)
    with sqlite3.connect(tmp_path / "congtin.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        for future in [writer.submit(keep("a")), writer.submit(keep("b"))]:
            with pytest.raises(DBAPIError, match="locked"):
                future.result(10)
        other.execute("COMMIT")
    other.close()
    assert writer.submit(keep("c")).result(10) == "c"
    assert names(database) == ["c"]


async def test_a_caller_that_is_cancelled_does_not_end_the_thread(writer: Writer, database: Database) -> None:
    go = blocked(writer)
    waiting = asyncio.create_task(writer.run(keep("unwanted")))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    assert await asyncio.wait_for(writer.run(keep("wanted")), 10) == "wanted"
    assert names(database) == ["wanted"]


async def test_a_caller_that_is_cancelled_while_its_job_runs_does_not_undo_it(
    writer: Writer, database: Database
) -> None:
    inside = threading.Event()

    def slow(session: Session) -> None:
        inside.set()
        time.sleep(0.2)
        keep("kept")(session)

    waiting = asyncio.create_task(writer.run(slow))
    await asyncio.to_thread(inside.wait)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.wait_for(writer.run(keep("next")), 10) == "next"
    assert names(database) == ["kept", "next"]
