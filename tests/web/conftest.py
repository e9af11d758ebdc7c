"""A small archive, and a browser that looks at it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from small_archive import T0, article, fill, opened, version

from scraper.config import Config
from storage import events
from storage.database import Database
from storage.models import Article

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

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
def database(filled: Config) -> Iterator[Database]:
    database = Database(filled)
    yield database
    database.close()


@pytest.fixture
def publish(database: Database) -> Callable[..., None]:
    """Records by polls, as a crawl would keep them; one that is there already is edited."""

    ticks = count(1)  # no two things happen at the very same time

    def keep(*names: str, origin: str = "poll", at: datetime = T0, **said: Any) -> None:
        with database.writing() as session:
            for name in names:
                row = session.get(Article, name)
                kind = "article.changed" if row else "article.new"
                if row is None:
                    row = article(name, **{"title": f"Tin {name}", "published_at": None, "precision": None} | said)
                    session.add(row)
                    session.flush()
                    session.add(version(name, 1, title=row.title, body_text="Nội dung"))
                    session.flush()
                events.append(session, kind, row, at=at + timedelta(microseconds=next(ticks)), origin=origin)

    return keep


@pytest.fixture
async def browser(filled: Config) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(filled) as client:
        yield client
