"""Children that run away: too long, too large, hung, or deaf to a signal."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import jobs
from jobs import Batch, Ended, Jobs, Limits
from scraper.config import Config
from storage import leases
from storage.database import Database
from storage.models import Lease

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL = Batch(sources=("sample",), listings=("https://x.example.vn/a",), old=2, most=9)
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
LARGE = "held = bytearray(b'x' * (200 << 20)); import time; time.sleep(60)"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(Config(data=tmp_path, database_url=f"sqlite:///{tmp_path}/c.db", sources=tmp_path))
    yield made
    made.close()


async def outcome(runner: Jobs, batch: Batch = POLL) -> Ended:
    ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
    runner.start(batch, lambda _, told: ended.set_result(told))
    return await asyncio.wait_for(ended, 30)


def runs(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(jobs, "command", lambda _words: [sys.executable, "-c", code])


def test_a_batch_is_the_command_that_a_person_would_type() -> None:
    section = "--section=https://x.example.vn/a"
    assert POLL.words() == ["crawl", section, "--old=2", "--most=9", "--json", "--", "sample"]
    assert Batch(sources=("a/b", "c"), whole=True).words() == ["crawl", "--json", "--", "a/b", "c"]


async def test_how_it_ended_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, "raise SystemExit(3)")
    assert await outcome(Jobs(database)) == Ended(code=3)


async def test_what_takes_too_long_is_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, "import time; time.sleep(60)")
    told = await outcome(Jobs(database, Limits(poll=0.5, look=0.1)))
    assert told == Ended(code=-15, why="it takes longer than 0.5 s")


async def test_what_takes_too_much_memory_is_killed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, LARGE)
    told = await outcome(Jobs(database, Limits(memory=100, look=0.1)))
    assert told.code == -9
    assert "MiB of memory" in told.why


async def test_what_renews_its_lease_no_more_is_killed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, "import time; time.sleep(60)")
    held: list[int] = []
    real = asyncio.create_subprocess_exec

    async def with_lease(*words: str, **options: object) -> asyncio.subprocess.Process:
        child = await real(*words, **options)  # type: ignore[arg-type]
        held.append(child.pid)
        with database.writing() as session:
            long_ago = datetime.now(UTC) - timedelta(minutes=3)
            session.add(Lease(name="host x", holder=leases.holder(child.pid), token=1, expires_at=long_ago))
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", with_lease)
    told = await outcome(Jobs(database, Limits(look=0.1)))
    assert told == Ended(code=-9, why="it renews its lease no more")
    with database.reading() as session:
        assert leases.is_dead(session.get_one(Lease, "host x").holder)  # the next one takes it at once


async def test_what_is_deaf_to_a_signal_is_killed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, DEAF)
    runner = Jobs(database, Limits(stop=0.5, look=0.1), places=2)
    ended: list[Ended] = []
    runner.start(POLL, lambda _, told: ended.append(told))
    assert runner.room == 1
    await asyncio.sleep(0.5)  # it begins to listen, or not to
    began = time.monotonic()
    await runner.stop()
    assert time.monotonic() - began < 5
    assert ended == [Ended(code=-9, why="the scheduler stops", stopped=True)]
    assert runner.room == 0


async def test_what_cannot_be_started_is_a_failure(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "command", lambda _words: ["/nowhere/congtin"])
    told = await outcome(Jobs(database))
    assert told.code == 1
    assert "could not be started" in told.why
