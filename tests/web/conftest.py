"""A small archive, and a browser that looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_archive import fill, opened

from scraper.config import Config
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """SQLite, but where a test asks for both: what pages are made of is tested on both in tests/storage."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def settings(tmp_path, address: str) -> Config:
    return Config(data=tmp_path, database_url=address, sources=tmp_path / "sources")


@pytest.fixture
def filled(settings: Config) -> Config:
    database = Database(settings)
    fill(database)
    database.close()
    return settings


@pytest.fixture
async def browser(filled: Config) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(filled) as client:
        yield client
