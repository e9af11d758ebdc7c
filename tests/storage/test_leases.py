from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from forked import Child
from making import bury, child, heard
from sqlalchemy import select

from storage import leases
from storage.leases import Held, Lost
from storage.models import Lease

if TYPE_CHECKING:
    from storage.database import Database

HOST = "host snv.example.vn"
TAKE = """
import sys, making
from datetime import datetime, UTC
from pathlib import Path
from storage import leases
database = making.database(Path(), sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with database.writing() as session:
        print(leases.acquire(session, sys.argv[2], now=datetime.now(UTC)).token, flush=True)
except leases.Held as error:
    print("held", flush=True)
sys.stdin.readline()
"""


def now(seconds: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_free_lease_is_granted_and_told_apart_by_name(database: Database) -> None:
    with database.writing() as session:
        grant = leases.acquire(session, HOST, now=now())
        assert (grant.name, grant.token, grant.last_request) == (HOST, 1, None)
        assert leases.acquire(session, "host other.vn", now=now()).token == 1


def test_a_lease_that_is_held_is_refused_with_who_has_it(database: Database) -> None:
    with database.writing() as session:
        leases.acquire(session, HOST, now=now())
    with database.writing() as session, pytest.raises(Held, match=f"{HOST} is held by process {os.getpid()} of .* UTC"):
        leases.acquire(session, HOST, now=now())


def test_the_token_grows_with_each_holder_and_the_old_one_has_lost(database: Database) -> None:
    with database.writing() as session:
        first = leases.acquire(session, HOST, now=now())
    with database.writing() as session:
        second = leases.acquire(session, HOST, now=now(leases.SECONDS + 1))
        assert second.token == first.token + 1
    with database.writing() as session:
        with pytest.raises(Lost, match=HOST):
            leases.renew(session, first, now=now())
        leases.release(session, first)
        held = session.get_one(Lease, HOST)
        assert (held.token, bool(held.holder)) == (second.token, True)


def test_renewing_keeps_it_and_notes_the_last_request(database: Database) -> None:
    asked = now()
    with database.writing() as session:
        grant = leases.acquire(session, HOST, now=now())
        leases.renew(session, grant, now=now(20), last_request=asked)
        leases.renew(session, grant, now=now(25))
    with database.writing() as session, pytest.raises(Held):
        leases.acquire(session, HOST, now=now(50))
    with database.writing() as session:
        assert leases.acquire(session, HOST, now=now(56)).last_request == asked


def test_a_lease_given_back_is_free_at_once_and_tells_of_the_last_request(database: Database) -> None:
    asked = now()
    with database.writing() as session:
        grant = leases.acquire(session, HOST, now=now())
        leases.release(session, grant, last_request=asked)
    with database.writing() as session:
        again = leases.acquire(session, HOST, now=now())
        assert (again.token, again.last_request) == (2, asked)


def test_a_lease_of_another_machine_is_waited_for(database: Database) -> None:
    with database.writing() as session:
        session.add(Lease(name=HOST, holder="elsewhere/boot/1/1", token=7, expires_at=now(10)))
    with database.writing() as session, pytest.raises(Held, match="process 1 of elsewhere"):
        leases.acquire(session, HOST, now=now())
    with database.writing() as session:
        assert leases.acquire(session, HOST, now=now(11)).token == 8


@pytest.mark.parametrize("buried", [True, False])
def test_the_lease_of_a_process_that_was_killed_is_taken_over_at_once(
    database: Database, address: str, buried: bool
) -> None:
    holder = child(TAKE, address, HOST)
    try:
        assert heard(holder) == "ready"
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert heard(holder) == "1"
        with database.writing() as session, pytest.raises(Held, match=f"process {holder.pid} "):
            leases.acquire(session, HOST, now=now())
        os.kill(holder.pid, signal.SIGKILL)
        if buried:
            holder.wait()
        else:
            os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, and a zombie still
        with database.writing() as session:
            assert leases.acquire(session, HOST, now=now()).token == 2
    finally:
        bury(holder)


def test_a_number_that_was_given_to_another_process_is_not_its_holder(database: Database) -> None:
    machine, pid, _started = leases.holder().rsplit("/", 2)
    with database.writing() as session:
        session.add(Lease(name=HOST, holder=f"{machine}/{pid}/1", token=1, expires_at=now(30)))
    with database.writing() as session:
        assert leases.acquire(session, HOST, now=now()).token == 2


def test_of_processes_that_ask_at_once_one_gets_it(database: Database, address: str) -> None:
    processes = [Child(TAKE, address, HOST) for _ in range(4)]
    try:
        for process in processes:
            assert heard(process) == "ready"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert sorted(heard(process) for process in processes) == ["1", "held", "held", "held"]
    finally:
        for process in processes:
            bury(process)
    with database.reading() as session:
        assert session.scalars(select(Lease.token)).all() == [1]
