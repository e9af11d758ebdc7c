"""Who leads, who has this host: a lease with a heartbeat and a fencing number.

A lease runs out by itself; the lease of a process that is known to be dead on this very machine is taken over at once.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from storage.models import Lease

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SECONDS = 30
HEARTBEAT_SECONDS = 5.0


class Held(RuntimeError):
    """Another process has the lease; the message says which and until when."""


class Lost(RuntimeError):
    """The lease ran out and went to another: what its holder still wants to write is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A lease that is ours. `token` is the fencing number; `last_request` is what the holder before us left.

    It was `taken_over` from one that died without a word, and may have sent a request at any time until now.
    """

    name: str
    token: int
    last_request: datetime | None
    taken_over: bool = False


@lru_cache(maxsize=1)
def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{socket.gethostname()}/{boot.read_text().strip() if boot.exists() else ''}"


def _started(pid: int) -> str | None:
    """When a process of this machine started, in clock ticks since boot (proc(5), field 22); None if none lives."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return None if fields[0] in "ZXx" else fields[19]  # a zombie is dead, though nobody has buried it
    except (OSError, IndexError):
        return None


def holder(pid: int | None = None) -> str:
    """This process, or another of this machine, told from any other that had or will have its number."""
    pid = pid or os.getpid()
    return f"{_machine()}/{pid}/{_started(pid) or ''}"


def held_until(session: Session, name: str) -> datetime | None:
    """Until when the leases of a holder last, the shortest of them; None where it has none."""
    return session.scalar(select(func.min(Lease.expires_at)).where(Lease.holder == name))


def is_dead(name: str) -> bool:
    """Whether the holder is surely dead: a process of this machine that is not there any more."""
    machine, _, process = name.rpartition("/")
    machine, _, pid = machine.rpartition("/")
    return machine == _machine() and Path("/proc").exists() and pid.isdecimal() and _started(int(pid)) != process


def acquire(session: Session, name: str, *, now: datetime) -> Grant:
    """Takes a lease that is free, run out, or held by the dead. Raises Held."""
    lease = _row(session, name, now)
    if lease.holder and lease.expires_at > now and not is_dead(lease.holder):
        machine, _, pid, _ = lease.holder.split("/")
        raise Held(f"{name} is held by process {pid} of {machine} until {lease.expires_at:%H:%M:%S} UTC")
    taken_over = bool(lease.holder)
    lease.holder, lease.token, lease.expires_at = holder(), lease.token + 1, now + timedelta(seconds=SECONDS)
    session.flush()
    return Grant(name=name, token=lease.token, last_request=lease.last_request, taken_over=taken_over)


def _row(session: Session, name: str, now: datetime) -> Lease:
    """The lease's row, locked until the transaction ends; made, as nobody's, if there is none."""
    locked = select(Lease).where(Lease.name == name).with_for_update()
    if (lease := session.scalar(locked)) is not None:
        return lease
    with suppress(IntegrityError), session.begin_nested():  # on PostgreSQL another may make it at this very moment
        session.add(Lease(name=name, holder="", token=0, expires_at=now))
    return session.scalars(locked).one()


def check(session: Session, grant: Grant) -> None:
    """Makes sure, until the transaction ends, that a lease is ours yet. Raises Lost."""
    _own(session, grant)


def renew(session: Session, grant: Grant, *, now: datetime, last_request: datetime | None = None) -> None:
    """Keeps a lease for another while. Raises Lost."""
    lease = _own(session, grant)
    lease.expires_at = now + timedelta(seconds=SECONDS)
    lease.last_request = last_request or lease.last_request
    session.flush()


def release(session: Session, grant: Grant, *, last_request: datetime | None = None) -> None:
    """Gives a lease back; one that was lost is nobody's business any more."""
    try:
        lease = _own(session, grant)
    except Lost:
        return
    lease.holder, lease.expires_at = "", datetime.now(UTC)
    lease.last_request = last_request or lease.last_request
    session.flush()


def _own(session: Session, grant: Grant) -> Lease:
    lease = session.scalar(select(Lease).where(Lease.name == grant.name).with_for_update())
    if lease is None or lease.token != grant.token:
        raise Lost(f"the lease of {grant.name} went to another process")
    return lease
