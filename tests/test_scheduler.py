"""The scheduler as it runs: real processes, and the sample portal on loopback."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from command import wait_for
from sqlalchemy import select
from test_crash import alive, children_of

import jobs
from scheduler import LEASE, Renewal
from scraper.config import Config
from storage import leases
from storage.database import Database
from storage.models import Lease, Run
from storage.schedule_tables import ListingRhythm, SourceSchedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from command import Congtin, Serve, Started

pytestmark = pytest.mark.long


@pytest.fixture
def congtin(congtin: Congtin) -> Congtin:
    """The command, whose scheduler looks around ten times as often, and whose children may be slow to begin."""
    congtin.constants |= {"storage.leases.HEARTBEAT_SECONDS": 0.5, "supervisor._BEGINNING": 60.0}
    return congtin


@pytest.fixture
def on_both(congtin: Congtin, address: str) -> None:
    """A test that uses it runs on both databases."""
    congtin.environment["CONGTIN_DATABASE_URL"] = address


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    give_up = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < give_up, "it never came to be"
        time.sleep(0.1)
    return found


def database(congtin: Congtin) -> Database:
    return Database(Config.from_environment(congtin.env()))


def runs(congtin: Congtin) -> list[Run]:
    opened = database(congtin)
    with opened.reading() as session:
        found = list(session.scalars(select(Run).order_by(Run.id)))
    opened.close()
    return found


def closed(congtin: Congtin, count: int) -> bool:
    return len([run for run in runs(congtin) if run.verdict]) >= count


def long_ago(congtin: Congtin, days: float = 2) -> None:
    """Makes what was looked at last a thing of some days ago: nobody ran since."""
    opened = database(congtin)
    with opened.writing() as session:
        for row in session.scalars(select(ListingRhythm)):
            row.rhythm = {**row.rhythm, "at": row.rhythm["at"] - days * 1440}
            row.looked_at -= timedelta(days=days)
        for standing in session.scalars(select(SourceSchedule)):
            standing.not_before = None
    opened.close()


def stop(started: Started) -> tuple[float, str]:
    """Tells a command to stop; how long it took, and what it logged."""
    began = time.monotonic()
    started.send_signal(signal.SIGTERM)
    _, said = started.communicate(20)
    return time.monotonic() - began, said


def test_what_is_published_is_found_without_any_command(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=12)
    scheduler = congtin.start("schedule")
    until(lambda: closed(congtin, 1) and congtin.json("status", "sample")[0]["interval_minutes"])
    seconds, said = stop(scheduler)
    assert scheduler.returncode == 0, said
    assert seconds < 10
    (row,) = congtin.json("status", "sample")
    assert row["next_due"]
    assert row["interval_minutes"] >= 10
    assert row["rate_per_day"] > 0
    assert {"url", "rate_per_day", "interval_minutes", "why", "next_due"} <= row["sections"][0].keys()
    assert "every" in congtin.run("status", "sample").stdout

    portal.control(do="publish", title="Thông báo lịch tiếp công dân tháng tới")
    long_ago(congtin)
    scheduler = congtin.start("schedule")
    until(lambda: closed(congtin, 2))
    seconds, said = stop(scheduler)
    last = runs(congtin)[-1]
    assert (last.origin, last.verdict, last.report["new"]) == ("poll", "healthy", 1), said
    (told,) = [event for event in congtin.events("--kind", "article.new") if event["origin"] == "poll"]
    assert told["title"] == "Thông báo lịch tiếp công dân tháng tới"
    assert len(runs(congtin)) == 2, "one catch-up run for one source"
    opened = database(congtin)
    with opened.reading() as session:
        assert sum(session.scalars(select(ListingRhythm.found))) in {1, 2}
    opened.close()


@pytest.mark.usefixtures("on_both")
def test_two_schedulers_never_double_a_run_and_one_takes_over(congtin: Congtin, serve: Serve) -> None:
    serve(articles=12)
    both = [congtin.start("schedule"), congtin.start("schedule")]
    until(lambda: closed(congtin, 1))
    opened = database(congtin)
    with opened.reading() as session:
        holder = session.execute(select(Lease.holder).where(Lease.name == "scheduler")).scalar_one()
    leader = next(one for one in both if f"/{one.pid}/" in holder)
    other = next(one for one in both if one is not leader)
    long_ago(congtin)
    leader.kill()
    leader.communicate()
    until(lambda: closed(congtin, 2))
    _, said = stop(other)
    assert "stands by" in said
    assert "this scheduler leads" in said
    assert len(runs(congtin)) == 2
    opened.close()


@pytest.mark.usefixtures("on_both")
def test_told_to_stop_in_the_middle_of_a_crawl_it_ends_in_ten_seconds(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=200, delay=0.2)
    scheduler = congtin.start("schedule")
    wait_for(portal, 8)
    seconds, said = stop(scheduler)
    assert seconds < 10
    assert scheduler.returncode == 0, said
    (run,) = runs(congtin)
    assert run.verdict == "interrupted"
    opened = database(congtin)
    with opened.reading() as session:
        assert session.get_one(SourceSchedule, "sample").failures == 0
        assert not [one for one in session.scalars(select(Lease.holder)) if one]
    opened.close()


@pytest.mark.usefixtures("on_both")
def test_a_killed_child_is_noted_and_its_source_is_had_again(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=40, delay=0.1)
    scheduler = congtin.start("schedule")
    wait_for(portal, 6)
    (child,) = children_of(scheduler.pid)
    os.kill(child, signal.SIGKILL)
    portal.delay = 0
    until(lambda: closed(congtin, 1), 20)
    (run,) = runs(congtin)
    assert (run.verdict, run.cause) == ("interrupted", "its process ended with -9")
    opened = database(congtin)

    def noted() -> SourceSchedule | None:
        with opened.reading() as session:
            row = session.get_one(SourceSchedule, "sample")
        return row if row.failures and row.next_due else None

    row = until(noted)
    assert row.failures == 1
    assert timedelta(minutes=5) < row.next_due - datetime.now(UTC) < timedelta(minutes=11)
    opened.close()
    congtin.run("schedule", "sample")  # somebody will not wait for so long
    until(lambda: closed(congtin, 2))
    stop(scheduler)
    assert runs(congtin)[-1].verdict == "healthy"


def test_a_child_dies_with_its_scheduler(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60, delay=0.2)
    scheduler = congtin.start("schedule")
    wait_for(portal, 6)
    children = children_of(scheduler.pid)
    assert children
    scheduler.kill()
    scheduler.communicate()
    until(lambda: not any(alive(pid) for pid in children), 5)


def test_up_serves_and_crawls_and_stops(congtin: Congtin, serve: Serve) -> None:
    serve(articles=12)
    port = free_port()
    both = congtin.start("up", "--port", str(port))
    until(lambda: closed(congtin, 1))
    assert until(lambda: answers(f"http://127.0.0.1:{port}/")) == 200
    web, scheduler, delivery = children_of(both.pid)
    os.kill(web, signal.SIGKILL)  # one that dies is started again, and takes nobody with it
    assert until(lambda: not alive(web) and answers(f"http://127.0.0.1:{port}/")) == 200
    assert alive(scheduler)
    assert alive(delivery)
    seconds, _ = stop(both)
    assert seconds < 10
    assert both.returncode == 0
    assert not alive(scheduler)
    assert not alive(delivery)


def test_up_ends_where_the_port_is_taken(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=12)
    port = portal.url.rpartition(":")[2].strip("/")
    assert "cannot be served" in congtin.run("up", "--port", port, expect=6).stderr


def test_the_lease_is_renewed_while_the_main_thread_plans_but_not_for_ever(fresh: Callable[..., str]) -> None:
    opened = Database(Config(data=Path(), database_url=fresh(), sources=Path()))
    with opened.writing() as session:
        grant = leases.acquire(session, LEASE, now=datetime.now(UTC))

    def lasts() -> datetime:
        with opened.reading() as session:
            return session.scalars(select(Lease.expires_at).where(Lease.name == LEASE)).one()

    begun = lasts()
    renewal = Renewal(opened, grant, every=0.01)
    renewal.start()
    until(lambda: lasts() > begun)
    renewal.stop()
    stopped = lasts()
    hung = Renewal(opened, grant, every=0.01, longest=0)
    hung.start()
    assert hung.ended(10)
    assert lasts() == stopped
    with opened.writing() as session:
        leases.release(session, grant)
        leases.acquire(session, LEASE, now=datetime.now(UTC))
    other, lost = lasts(), Renewal(opened, grant, every=0.01)
    lost.start()
    assert lost.ended(10)
    assert lasts() == other
    opened.close()


def test_memory_is_what_a_process_wrote_itself() -> None:
    before = jobs.memory(os.getpid())
    written = bytearray(b"x" * (64 << 20))
    assert (32 << 20) < jobs.memory(os.getpid()) - before < (128 << 20)
    assert len(written) == 64 << 20
    assert jobs.memory(1 << 30) == 0


def answers(url: str) -> int:
    try:
        with urlopen(url, timeout=2) as response:
            return int(response.status)
    except (URLError, OSError):
        return 0


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
