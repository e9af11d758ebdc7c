"""The corpus in a real database, the index that follows its event log, and SQLite's full text of the same articles.

Each of them goes on where it was left: a folder that is kept is built once.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from bench.search import corpus
from scraper.config import Config
from scraper.urls import record_id
from storage import places
from storage.models import Article, ArticleVersion, Event
from storage.procedure_tables import Procedure, ProcedurePlace
from storage.search import index as indexing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from bench.search.corpus import Made
    from storage.database import Database

BATCH = 2_000
_NOTHING_TOLD: dict[str, Any] = {**dict.fromkeys(places.FIELDS, ""), "raw": []}
FTS = """
CREATE VIRTUAL TABLE IF NOT EXISTS said USING fts5(
    title, body, content='', tokenize="unicode61 remove_diacritics 2", prefix='2 3'
);
CREATE TABLE IF NOT EXISTS told (
    number INTEGER PRIMARY KEY, id TEXT, source TEXT, kind TEXT, year TEXT, published INTEGER
);
CREATE INDEX IF NOT EXISTS told_source ON told (source, number);
"""


def config(folder: Path) -> Config:
    """The settings of a data folder, with SQLite in it."""
    return Config(data=folder, database_url=f"sqlite:///{folder / 'congtin.db'}", sources=folder / "sources")


def claim(folder: Path, articles: int) -> None:
    """Makes the folder of a corpus of this size. It has one only: the size says what is written in which year."""
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "articles"
    if told.exists() and int(told.read_text()) != articles:
        raise SystemExit(f"{folder} holds a corpus of {told.read_text()} articles; give --articles, or another folder")
    told.write_text(str(articles))


def stored(database: Database) -> int:
    """How many articles are in the database."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Article)) or 0


def store(database: Database, articles: int) -> None:
    """Writes the corpus up to article number `articles` into the database, as a backfill would have left it."""
    corpus.vocabulary()
    for start in range(stored(database), articles, BATCH):
        made = [corpus.article(number, of=articles) for number in range(start, min(start + BATCH, articles))]
        with database.writing() as session:
            write(session, made)


def write(session: Session, made: Sequence[Made]) -> None:
    """Articles with their first versions and events; those that are pages of procedures with these."""
    session.execute(insert(Article), [_article(one) for one in made])
    session.execute(insert(ArticleVersion), [_version(one) for one in made])
    if own := [one for one in made if one.field]:
        session.execute(insert(Procedure), [_procedure(one) for one in own])
        session.execute(insert(ProcedurePlace), [_place(one) for one in own])
    session.execute(insert(Event), [_event(one) for one in made])


def name(one: Made) -> str:
    """The id of an article, or of the procedure whose page it is: what search answers with."""
    return record_id(f"bench {'procedure' if one.field else 'article'} {one.number}")


def _page(one: Made) -> str:
    return record_id(f"bench article {one.number}")


def _url(one: Made) -> str:
    return f"https://{one.source}.example.vn/tin/{one.number}"


def _article(one: Made) -> dict[str, Any]:
    return {
        "id": _page(one), "source": one.source, "platform": one.platform, "kind": one.kind, "section": one.section,
        "canonical_url": _url(one), "url": _url(one), "state": "live", "version": 1, "title": one.title,
        "content_hash": _page(one), "published_at": one.published, "precision": "minute", "first_seen": one.published,
        "last_checked": one.published, "changed_at": one.published, "counters": {}, "related": [],
    }  # fmt: skip


def _version(one: Made) -> dict[str, Any]:
    return {
        "record": _page(one), "version": 1, "at": one.published, "origin": "backfill", "content_hash": _page(one),
        "title": one.title, "summary": one.summary, "body_text": one.body, "body_html": "",
        "published_at": one.published, "precision": "minute", "images": [], "attachments": [], "words_added": 0,
        "words_removed": 0,
    }  # fmt: skip


def _procedure(one: Made) -> dict[str, Any]:
    return {
        "id": name(one), "name": one.title, "name_key": name(one), "words": "", "field": one.field, "levels": [],
        "source": one.source, "platform": one.platform, "url": _url(one), "version": 1, "fields": _NOTHING_TOLD,
        "first_seen": one.published, "last_checked": one.published,
    }  # fmt: skip


def _place(one: Made) -> dict[str, Any]:
    return {
        "record": name(one), "source": one.source, "platform": one.platform, "page": _url(one), "url": _url(one),
        "role": "page", "article": _page(one), "version": 1, "content_hash": _page(one),
        "since": one.published.date(), "first_seen": one.published, "last_checked": one.published,
    }  # fmt: skip


def _event(one: Made) -> dict[str, Any]:
    return {
        "id": record_id(f"bench event {one.number}"), "kind": "article.new", "at": one.published,
        "source": one.source, "record": _page(one), "version": 1, "origin": "backfill", "title": one.title,
        "url": _url(one), "published_at": one.published, "precision": "minute", "changes": [],
    }  # fmt: skip


def index(database: Database, folder: Path) -> float:
    """Lets the index follow the log to its end; articles a second."""
    opened = indexing.open_index(folder / "index")
    first = indexing.cursor(opened)[0]
    started = time.perf_counter()
    indexing.follow(database, opened)
    return (indexing.cursor(opened)[0] - first) / (time.perf_counter() - started)


def full_text(folder: Path, articles: int, *, of: int) -> float:
    """Fills SQLite's index up to article number `articles`; articles a second, without the making of them.

    Without its own copy of the texts, and optimized, as one would have it at its best.
    """
    with closing(sqlite3.connect(folder / "fts5.db")) as there:
        there.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {FTS}")
        first = there.execute("SELECT count(*) FROM told").fetchone()[0]
        seconds = 0.0
        for start in range(first, articles, 10 * BATCH):
            made = [corpus.article(number, of=of) for number in range(start, min(start + 10 * BATCH, articles))]
            began = time.perf_counter()
            there.executemany("INSERT INTO said (rowid, title, body) VALUES (?, ?, ?)", map(_said, made))
            there.executemany("INSERT INTO told VALUES (?, ?, ?, ?, ?, ?)", map(_told, made))
            there.commit()
            seconds += time.perf_counter() - began
        if first < articles:
            began = time.perf_counter()
            there.execute("INSERT INTO said (said) VALUES ('optimize')")
            there.commit()
            seconds += time.perf_counter() - began
        there.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (articles - first) / seconds if seconds else 0.0


def _said(one: Made) -> tuple[Any, ...]:
    return one.number + 1, corpus.folded(one.title), corpus.folded(f"{one.summary}\n{one.body}")


def _told(one: Made) -> tuple[Any, ...]:
    kind = "procedure" if one.field else one.kind
    return one.number + 1, name(one), one.source, kind, str(one.published.year), int(one.published.timestamp())


def size(place: Path) -> int:
    """Bytes of a file or of all files in a folder."""
    if place.is_file():
        return place.stat().st_size
    return sum(one.stat().st_size for one in place.rglob("*") if one.is_file())
