"""What the pages and the API read: one open database with its search index."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from alerts import standing
from storage import events, procedure_lists, records, runs
from storage.database import Database
from storage.models import Article, Page, Run
from storage.records import NoRecord
from storage.search.answer import Searcher

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from alerts.standing import Paused
    from scraper.config import Config
    from storage.procedure_lists import Wanted
    from storage.search.answer import Question

MOST_EVENTS = 1_000
LAST_VERSION = 1_000_000
"""Versions above it are refused before they reach the database, whose integers end somewhere."""

_ID = re.compile(r"[\w.\-]{1,40}", re.ASCII)
"""A record's id, or a procedure's code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """How much was crawled, and when last."""

    sources: tuple[str, ...]
    last_crawl: str | None


class Archive:
    """Read-only; every method opens a session of its own and may be called from any thread."""

    def __init__(self, config: Config, names: Mapping[str, str]) -> None:
        self._names = names
        self.data = config.data
        self.public_url = config.public_url
        self.database = Database(config)
        self._searcher = Searcher(self.database, config.data / "index")

    def close(self) -> None:
        """Gives back the database's connections."""
        self.database.close()

    def name(self, source: str) -> str:
        """What people call a source; its id where nobody said."""
        return self._names.get(source, source)

    def search(self, asked: Question) -> dict[str, Any]:
        """An answer. Raises BadCursor."""
        if asked.since and asked.until is None:  # the index takes no range that is open above
            asked = replace(asked, until=date.max)
        return self._searcher.search(asked)

    def record(self, name: str, version: int | None = None, day: date | None = None) -> dict[str, Any]:
        """A record or one of its versions; a procedure as it stands on a day. Raises NoRecord."""
        with self.database.reading() as session:
            return records.show(session, _known(name), version, day=day)

    def procedures(self, wanted: Wanted, *, limit: int, offset: int = 0) -> tuple[int, list[dict[str, Any]]]:
        """How many procedures are as wanted, and some of them."""
        with self.database.reading() as session:
            return procedure_lists.listed(session, wanted, limit=limit, offset=offset)

    def briefly(self, ids: Collection[str]) -> dict[str, tuple[str, str]]:
        """The source and the title of each of these articles."""
        with self.database.reading() as session:
            rows = session.execute(select(Article.id, Article.source, Article.title).where(Article.id.in_(ids)))
            return {row.id: (row.source, row.title) for row in rows}

    def fields(self) -> list[str]:
        """The fields (lĩnh vực) that procedures have."""
        with self.database.reading() as session:
            return procedure_lists.fields(session)

    def history(self, name: str) -> list[dict[str, Any]]:
        """A record's versions. Raises NoRecord."""
        with self.database.reading() as session:
            return records.history(session, _known(name))

    def compare(self, name: str, old: int | None, new: int | None) -> dict[str, Any]:
        """What changed between two versions. Raises NoRecord."""
        with self.database.reading() as session:
            return records.compare(session, _known(name), old, new)

    def missing_since(self, name: str) -> str | None:
        """When a record's pages were first found missing, if they are."""
        with self.database.reading() as session:
            return events.iso(session.scalar(select(func.min(Page.missing_since)).where(Page.record == name)))

    def events(self, since: int, kinds: Collection[str], limit: int) -> list[dict[str, Any]]:
        """What happened after a cursor, oldest first."""
        with self.database.reading() as session:
            return [events.shape(event) for event in events.since(session, since, kinds=kinds, limit=limit)]

    def status(self) -> list[dict[str, Any]]:
        """Health of every source that was declared or crawled."""
        sources = self.overview().sources
        with self.database.reading() as session:
            return runs.status(session, sources)

    def paused(self) -> Paused:
        """Channels of alerts that are paused, and what waits for them."""
        with self.database.reading() as session:
            return standing.paused(session)

    def overview(self) -> Overview:
        """All sources, by name, and the end of the last crawl."""
        with self.database.reading() as session:
            crawled = session.scalars(select(Run.source).distinct()).all()
            last = session.scalar(select(func.max(Run.closed_at)))
        sources = sorted({*self._names, *crawled}, key=lambda source: self.name(source).casefold())
        return Overview(sources=tuple(sources), last_crawl=events.iso(last))


def _known(name: str) -> str:
    """The name, if a record can have it: PostgreSQL would take none with a NUL, not even to say that there is none."""
    if not _ID.fullmatch(name):
        raise NoRecord(f"no record {name[:40]!r}")
    return name
