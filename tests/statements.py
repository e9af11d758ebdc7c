"""What SQLAlchemy makes of statements is kept for all databases of a process: it took a third of a short test's time.

It keeps that for one engine, and a test has engines of its own. Dialects of one kind are the same here, for they are
set up in the same way and ask the same server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

import storage.database

if TYPE_CHECKING:
    from sqlalchemy import Engine

_KEPT: LRUCache[Any, Any] = LRUCache(5_000)


def _engine(*words: Any, **options: Any) -> Engine:
    engine = create_engine(*words, **options)
    engine._compiled_cache = _KEPT
    return engine


def keep() -> None:
    """From now on, for databases that the product opens."""
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign,assignment]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign,assignment]
    storage.database.create_engine = _engine
