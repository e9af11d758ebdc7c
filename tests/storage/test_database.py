from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import SQLITE
from forked import Child
from making import NOON, ROOT, bury, config, heard, utc
from making import database as opened
from sqlalchemy import JSON, create_engine, inspect, select, text
from sqlalchemy.exc import StatementError

from scraper.config import Config
from storage import document_tables, migrations
from storage.database import Database, DatabaseError
from storage.models import Run, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection


def run(**fields: object) -> Run:
    return Run(**{"source": "snv", "origin": "poll", "opened_at": NOON, "completed": False, "report": {}} | fields)


def test_the_first_use_makes_folder_and_tables_and_the_second_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    first = opened(data)
    with first.writing() as session:
        session.add(run())
    first.close()
    with sqlite3.connect(data / "congtin.db") as plain:
        before = list(plain.iterdump())
    second = opened(data)
    with second.reading() as session:
        assert session.scalar(select(Run.source)) == "snv"
    second.close()
    with sqlite3.connect(data / "congtin.db") as plain:
        assert list(plain.iterdump()) == before
    plain.close()


def test_whatever_opens_a_new_database_first_makes_all_tables_of_it(tmp_path: Path) -> None:
    """In an interpreter that has imported nothing else: the tests' own process knows every table anyway."""
    code = """
import sys
from pathlib import Path
from scraper.config import Config
from storage.database import Database
here = Path(sys.argv[1])
Database(Config(data=here, database_url=f"sqlite:///{here / 'congtin.db'}", sources=here)).close()
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, check=True, timeout=60)
    with sqlite3.connect(tmp_path / "congtin.db") as plain:
        made = {name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert made >= set(Table.metadata.tables)


def other_default(_context: Any, _there: Any, column: Any, there: str | None, *_: Any) -> bool | None:
    """Whether a default differs, where Alembic cannot tell: PostgreSQL does not compare JSON. None leaves it to it."""
    if not isinstance(column.type, JSON) or there is None:
        return None
    return str(column.server_default.arg if column.server_default else None).strip("'") not in there


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": other_default}
    )
    assert document_tables.Document.metadata is Table.metadata
    found: list[Any] = compare_metadata(context, Table.metadata)
    return found


def shape(connection: Connection) -> dict[str, Any]:
    """What the database itself says of its tables, in no order."""
    inspector = inspect(connection)

    def told(items: Any) -> list[str]:
        return sorted(str(sorted((key, str(value)) for key, value in one.items())) for one in items)

    return {
        name: (
            told(inspector.get_columns(name)),
            str(inspector.get_pk_constraint(name)),
            told(inspector.get_foreign_keys(name)),
            told(inspector.get_indexes(name)),
            told(inspector.get_unique_constraints(name)),
        )
        for name in inspector.get_table_names()
    }


def test_a_new_database_is_what_the_migrations_make_and_what_the_models_say(
    database: Database, fresh: Callable[..., str]
) -> None:
    migrated = create_engine(fresh(migrated=False))
    with migrated.connect() as old, old.begin(), database.engine.connect() as new:
        scripts = ScriptDirectory.from_config(migrations.configuration(old))
        assert scripts.get_heads() == [migrations.HEAD]
        migrations.upgrade(old)
        for connection in (old, new):
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == migrations.HEAD
            assert differences(connection) == []
        assert shape(new) == shape(old)
    migrated.dispose()


def test_eight_processes_open_a_fresh_database_at_once(tmp_path: Path, fresh: Callable[..., str]) -> None:
    address = fresh(migrated=False)
    code = """
import sys, making
from pathlib import Path
from storage.models import Run
print("ready", flush=True)
sys.stdin.readline()
database = making.database(Path(sys.argv[1]), sys.argv[3])
with database.writing() as session:
    session.add(Run(source=sys.argv[2], origin="poll", opened_at=making.NOON, completed=False, report={}))
print("done", flush=True)
"""
    processes = [Child(code, tmp_path / "data", number, address) for number in range(8)]
    try:
        for process in processes:
            assert heard(process) == "ready"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            assert heard(process) == "done"
    finally:
        for process in processes:
            bury(process)
    database = opened(tmp_path / "data", address)
    with database.reading() as session:
        assert sorted(session.scalars(select(Run.source))) == [str(number) for number in range(8)]
    database.close()


@SQLITE
def test_sqlite_is_set_up_to_survive_a_power_cut_and_to_let_readers_read(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_neither_readers_nor_those_who_open_wait_for_a_writer(database: Database, tmp_path: Path, address: str) -> None:
    with database.writing() as session:
        session.add(run())
        session.flush()
        started = time.monotonic()
        other = opened(tmp_path, address)
        with other.reading() as reader:
            assert reader.scalars(select(Run)).all() == []
        assert time.monotonic() - started < 2
        other.close()


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.reading() as reader:
        assert reader.scalars(select(Run)).all() == []
        with database.writing() as writer:
            writer.add(run())
        assert reader.scalars(select(Run)).all() == []
    with database.reading() as reader:
        assert len(reader.scalars(select(Run)).all()) == 1


@SQLITE
def test_writers_wait_for_each_other_from_the_start(database: Database) -> None:
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with database.writing() as session:
            inside.set()
            time.sleep(0.3)
            session.add(run(source="first"))
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with database.writing() as session:
        assert session.scalar(select(Run.source)) == "first"
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_what_is_raised_undoes_everything(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            session.add(run())
            session.flush()
            raise KeyError("no")

    with pytest.raises(KeyError):
        fail()
    with database.reading() as session:
        assert session.scalars(select(Run)).all() == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no url at all", "CONGTIN_DATABASE_URL: .*Leave it empty"),
        ("", "CONGTIN_DATABASE_URL: .*Leave it empty"),
        ("oracle+nothing://host/name", "CONGTIN_DATABASE_URL: .*postgresql\\+psycopg://"),
        ("postgresql+psycopg://u:p@host:99x/name", "CONGTIN_DATABASE_URL: .*postgresql\\+psycopg://"),
        ("sqlite:////proc/no/such/place.db", "cannot be opened: .*CONGTIN_DATA"),
        ("sqlite:////dev/null/congtin.db", "cannot be opened: .*CONGTIN_DATA"),
    ],
)
def test_an_address_that_cannot_be_used_says_what_to_do(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(DatabaseError, match=says):
        Database(Config(data=tmp_path, database_url=url, sources=tmp_path))


def test_a_secret_in_the_address_is_not_told(tmp_path: Path) -> None:
    url = "postgresql+psycopg://u:s3cret@host:99x/name"
    with pytest.raises(DatabaseError) as told:
        Database(Config(data=tmp_path, database_url=url, sources=tmp_path))
    assert "s3cret" not in str(told.value)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "congtin.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(DatabaseError, match="cannot be opened: file is not a database"):
        opened(tmp_path)
    assert (tmp_path / "congtin.db").read_bytes().startswith(b"not a database")


def test_a_database_of_a_later_congtin_is_left_alone(tmp_path: Path, fresh: Callable[..., str]) -> None:
    address = fresh()
    database = opened(tmp_path, address)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(DatabaseError, match=r"revision 9999.*a newer one"):
        Database(config(tmp_path, address))


def test_times_are_kept_to_the_instant_and_naive_ones_refused(database: Database) -> None:
    with database.writing() as session:
        session.add(run(opened_at=NOON))
    with database.reading() as session:
        found = session.scalar(select(Run.opened_at))
        assert found == NOON
        assert found is not None
        assert found.isoformat() == utc(NOON).isoformat()
    naive = datetime(2025, 1, 1)  # noqa: DTZ001 - that is the point
    with pytest.raises(StatementError, match="without a zone"), database.writing() as session:
        session.add(run(opened_at=naive))
