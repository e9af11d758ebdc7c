from __future__ import annotations

from typing import TYPE_CHECKING

import making
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from storage.database import Database


@pytest.fixture
def database(tmp_path: Path, address: str) -> Iterator[Database]:
    opened = making.database(tmp_path, address)
    yield opened
    opened.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session, as jobs of the writer get it."""
    with database.writing() as opened:
        yield opened
