"""What only a server does: it is restarted, refuses, ends connections, finds deadlocks. The writer outlives it all."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from databases import POSTGRESQL, gone
from making import NOON
from making import database as opened
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError

import storage.database
import storage.writer
from scraper.config import Config
from storage.database import Database, DatabaseError
from storage.models import Lease
from storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

pytestmark = POSTGRESQL
END = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :mine")
ENDS_ME = text("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    opened = Writer(database)
    yield opened
    opened.close()


def keep(name: str) -> Callable[[Session], str]:
    def job(session: Session) -> str:
        session.add(Lease(name=name, holder="", token=1, expires_at=NOON))
        session.flush()
        return name

    return job


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Lease.name).order_by(Lease.name)))


def test_a_connection_lost_in_the_middle_is_made_again_and_nothing_is_lost(writer: Writer, database: Database) -> None:
    falls = [True, True]

    def job(session: Session) -> str:
        keep("b")(session)
        if falls:
            falls.pop()
            session.execute(ENDS_ME)
        return "b"

    futures = [writer.submit(one) for one in (keep("a"), job, keep("c"))]
    assert [future.result(20) for future in futures] == ["a", "b", "c"]
    assert not falls
    assert names(database) == ["a", "b", "c"]


def test_a_connection_lost_between_transactions_is_not_noticed(writer: Writer, database: Database) -> None:
    for number in range(3):
        assert writer.submit(keep(str(number))).result(20) == str(number)
        with database.reading() as session:
            mine = session.scalar(text("SELECT pg_backend_pid()"))
            session.execute(END, {"mine": mine})
    assert names(database) == ["0", "1", "2"]


def test_a_server_that_is_away_for_a_while_is_waited_for(writer: Writer, database: Database, address: str) -> None:
    writer.submit(keep("before")).result(20)
    with gone(address):
        with pytest.raises(DBAPIError):
            names(database)
        futures = [writer.submit(keep(str(number))) for number in range(3)]
        time.sleep(0.7)
        assert not any(future.done() for future in futures)
    assert [future.result(20) for future in futures] == ["0", "1", "2"]
    assert names(database) == ["0", "1", "2", "before"]


def test_a_server_that_stays_away_fails_the_jobs_at_last(
    writer: Writer, database: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.writer, "PATIENCE_SECONDS", 0.3)
    with gone(address):
        for future in [writer.submit(keep("a")), writer.submit(keep("b"))]:
            with pytest.raises(DBAPIError, match="not currently accepting"):
                future.result(20)
    assert writer.submit(keep("c")).result(20) == "c"
    assert names(database) == ["c"]


def test_two_writers_that_lock_each_other_out_both_come_through(database: Database) -> None:
    with database.writing() as session:
        keep("a")(session)
        keep("b")(session)
    met = threading.Barrier(2)
    tries: list[str] = []

    def cross(first: str, second: str) -> Callable[[Session], None]:
        def job(session: Session) -> None:
            tries.append(first)
            session.get_one(Lease, first, with_for_update=True).token += 1
            session.flush()
            if len(tries) <= 2:
                met.wait(10)
            session.get_one(Lease, second, with_for_update=True).token += 1

        return job

    writers = [Writer(database), Writer(database)]
    futures = [writers[0].submit(cross("a", "b")), writers[1].submit(cross("b", "a"))]
    for future in futures:
        future.result(30)
    for writer in writers:
        writer.close()
    assert len(tries) == 3  # one of them was told to try again
    with database.reading() as session:
        assert session.scalars(select(Lease.token)).all() == [3, 3]


@pytest.fixture
def hurried(database: Database, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same database, opened by one that waits for locks, and for sleepers, for no longer than a moment."""
    monkeypatch.setattr(storage.database, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(storage.database, "_IDLE_SECONDS", 0.4)
    other = opened(tmp_path, address)
    yield other
    other.close()


def test_a_lock_that_is_not_had_in_time_is_tried_for_again(database: Database, hurried: Database) -> None:
    refused: list[str] = []
    event.listen(hurried.engine, "handle_error", lambda told: refused.append(told.original_exception.sqlstate))
    writer = Writer(hurried)
    with database.writing() as session:
        session.execute(text("LOCK TABLE leases IN EXCLUSIVE MODE"))
        future = writer.submit(keep("a"))
        give_up = time.monotonic() + 20
        while not refused:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        assert not future.done()
    assert future.result(20) == "a"
    writer.close()
    assert set(refused) == {"55P03"}


def test_a_writer_that_sleeps_over_a_transaction_holds_nobody_back_and_does_it_again(
    database: Database, hurried: Database
) -> None:
    sleeps = [1.5]

    def sleeper(session: Session) -> str:
        session.execute(text("LOCK TABLE leases IN EXCLUSIVE MODE"))
        keep("sleeper")(session)
        if sleeps:
            asleep.set()
            time.sleep(sleeps.pop())
        return "sleeper"

    asleep = threading.Event()
    writer = Writer(hurried)
    future = writer.submit(sleeper)
    asleep.wait(20)
    started = time.monotonic()
    with database.writing() as session:
        keep("other")(session)
    assert time.monotonic() - started < 1.2
    assert future.result(20) == "sleeper"
    writer.close()
    assert names(database) == ["other", "sleeper"]


def test_readers_change_nothing(database: Database) -> None:
    with database.reading() as session, pytest.raises(DBAPIError, match="read-only transaction"):
        keep("a")(session)


def test_what_the_address_says_goes_before_our_own_settings(tmp_path: Path, address: str) -> None:
    database = opened(tmp_path, f"{address}&keepalives_idle=77&application_name=mine")
    with database.engine.connect() as connection:
        told = connection.connection.driver_connection.info.get_parameters()
        assert (told["keepalives_idle"], told["keepalives_interval"], told["connect_timeout"]) == ("77", "10", "10")
        assert connection.scalar(text("SHOW application_name")) == "mine"
    database.close()


@contextmanager
def refused(address: str, says: str) -> Iterator[None]:
    with pytest.raises(DatabaseError, match=says) as told:
        yield
    assert "s3cret" not in str(told.value)


def test_a_server_or_database_that_is_not_there_says_what_to_do(tmp_path: Path, address: str) -> None:
    base, _, query = address.rpartition("?")
    nowhere = f"{base.rpartition('/')[0].replace('postgres:@', 'postgres:s3cret@')}/nowhere?{query}"
    for url in (nowhere, "postgresql+psycopg://u:s3cret@127.0.0.1:1/name"):
        with refused(url, "cannot be opened: .*CONGTIN_DATABASE_URL"):
            Database(Config(data=tmp_path, database_url=url, sources=tmp_path))
