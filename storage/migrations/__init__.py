"""Alembic's migrations, the same for SQLite and PostgreSQL, run in the transaction of whoever opens the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

HEAD = "0014"
"""The newest revision: stated here, so that opening an up-to-date database need not load Alembic. A test checks it."""


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is already open."""
    from alembic.config import Config  # noqa: PLC0415 - 0.2 s that only a migration needs to pay

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def knows(connection: Connection, revision: str) -> bool:
    """Whether a revision that a database has is one of ours, and not a later congtin's."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see configuration

    directory = ScriptDirectory.from_config(configuration(connection))
    return revision in {one.revision for one in directory.walk_revisions()}


def upgrade(connection: Connection) -> None:
    """Brings the database to HEAD, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - see configuration

    command.upgrade(configuration(connection), "head")
