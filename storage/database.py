"""Engine and sessions: the only place that knows the database's address. Creates and migrates it on first use."""

from __future__ import annotations

import errno
import fcntl
import logging
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from storage import migrations
from storage.alert_tables import Watch
from storage.document_tables import Document
from storage.models import Table
from storage.procedure_tables import Procedure
from storage.schedule_tables import ListingRhythm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scraper.config import Config

log = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_SECONDS = 30
"""How long a writer waits for another one's lock before it gives up, and may try again."""
PATIENCE_SECONDS = 90.0
"""How long a crawl waits for a database that is busy or away before what it wanted fails."""
_IDLE_SECONDS = 60
"""After so long a transaction whose process sleeps is ended by PostgreSQL: it holds back every other writer."""
_REACH = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "tcp_user_timeout": 60_000}
"""How a PostgreSQL server that vanished without a word is noticed; libpq itself would wait for two hours."""
_URLS = (
    "Leave it empty for SQLite in the data folder, or write postgresql+psycopg://user:password@host/database "
    "(with `pip install 'congtin[postgres]'`)"
)
_ELSEWHERE = (Document, ListingRhythm, Procedure, Watch)
"""A table is known once its module is imported, and all must be known to whichever command makes the database."""
_MIGRATING = 0x636F6E67  # any number of ours: the advisory lock of migrations on PostgreSQL


class DatabaseError(RuntimeError):
    """The database cannot be used; the message says what to do.

    `wrong` says that it is the settings that are, and not the hour: it will not do at another time either.
    """

    def __init__(self, message: str, *, wrong: bool = False) -> None:
        super().__init__(message)
        self.wrong = wrong


class Database:
    """One database: many readers, and (on SQLite) one writer at a time.

    On SQLite: WAL, so that readers never wait; `BEGIN IMMEDIATE` for writers, so that none finds out halfway that
    another was first; `synchronous=FULL`, so that what was told to anyone survives a power cut. On PostgreSQL: readers
    see one moment (`REPEATABLE READ`) as they do on SQLite; writers lock the rows that they share.
    """

    def __init__(self, config: Config) -> None:
        try:
            self.url = make_url(config.database_url)
            self.sqlite = self.url.get_backend_name() == "sqlite"
            ours = {"timeout": BUSY_SECONDS, "check_same_thread": False} if self.sqlite else _REACH
            # What the address says itself goes before.
            arguments = {name: value for name, value in ours.items() if name not in self.url.query}
            self.engine = create_engine(self.url, connect_args=arguments, pool_pre_ping=not self.sqlite)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise DatabaseError(f"CONGTIN_DATABASE_URL: {error}. {_URLS}", wrong=True) from None
        self._readers = self.engine
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgresql)
            self._readers = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            if self.sqlite and self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self._migrate()
        except DatabaseError:
            self.close()
            raise
        except (SQLAlchemyError, OSError) as error:
            self.close()
            why = " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")
            raise DatabaseError(
                f"the database {self.url.render_as_string()} cannot be opened: {why}. Look at CONGTIN_DATABASE_URL and "
                "CONGTIN_DATA, and whether this user may write there",
                wrong=not isinstance(error, OperationalError) and getattr(error, "errno", None) != errno.ENOSPC,
            ) from None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the database and changes nothing."""
        with Session(self._readers) as session:
            yield session

    def read(self, question: Callable[[Session], T]) -> T:
        """What a question of a session comes to, asked again for a while where the server is away or restarts."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self.reading() as session:
                    return question(session)
            except OperationalError as error:
                if time.monotonic() > give_up:
                    raise
                log.warning("the database is not to be read now, trying again: %s", error.orig)
                time.sleep(0.5)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in a transaction that is committed at the end, or rolled back if anything is raised."""
        with (
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
            Session(connection, autoflush=False) as session,
        ):
            yield session
            session.flush()

    def close(self) -> None:
        """Gives back all connections."""
        self.engine.dispose()

    def _migrate(self) -> None:
        with self._alone():
            with self.engine.connect() as connection:  # reads only: opening must not wait for whoever is writing
                if revision(connection) == migrations.HEAD:
                    return
            with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
                if not self.sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
                found = revision(connection)
                if found == migrations.HEAD:
                    return
                if found is not None and not migrations.knows(connection, found):
                    raise DatabaseError(
                        f"the database {self.url.render_as_string()} has revision {found}, which this congtin does not "
                        "know: a newer one made it. Install that one, or set CONGTIN_DATA to another folder",
                        wrong=True,
                    )
                if found is None:
                    _create(connection)
                else:
                    migrations.upgrade(connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Alone among processes on this file: switching a new file to WAL fails at once where two try it together."""
        if not self.sqlite or not self.url.database or self.url.database == ":memory:":
            yield
            return
        with Path(f"{self.url.database}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def revision(connection: Connection) -> str | None:
    """The revision of the tables that are there; None where there are none of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _create(connection: Connection) -> None:
    """All tables of a new database at once, marked as Alembic marks them: it is spared, its time and its 10 MB."""
    Table.metadata.create_all(connection, checkfirst=False)
    connection.execute(
        text(
            "CREATE TABLE alembic_version "
            "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": migrations.HEAD})


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite and by nobody else
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'")
    connection.autocommit = False


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
