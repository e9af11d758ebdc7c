"""The tables. Written once for SQLite and PostgreSQL: no type or clause here belongs to only one of them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from collections.abc import Mapping


_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC; SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - signature
        """To UTC; a naive datetime is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - signature
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text as every database takes it.

    What headers and errors say may hold NUL, which PostgreSQL refuses, or lone surrogates, which none can encode: both
    become U+FFFD.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - signature
        """Without what no database takes."""
        if value is None or ("\0" not in value and _encodes(value)):
            return value
        return _UNKEEPABLE.sub("\ufffd", value)


def _encodes(value: str) -> bool:
    """Whether there is no lone surrogate in it: asked in a quarter of the time that a search would take."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


Id = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key; SQLite counts up only a column that is declared INTEGER."""


class Table(DeclarativeBase):
    """The base of all tables; names of constraints are stated, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: Mapping[Any, Any] = {
        date: Date(),
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(),
    }


class Run(Table):
    """One crawl of one source. `closed_at` and `verdict` are empty while it runs; a dead one is `interrupted`."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    verdict: Mapped[str | None] = mapped_column(String(20))
    cause: Mapped[str | None] = mapped_column(Words)
    completed: Mapped[bool] = mapped_column(default=False)
    """It came to its own end, whatever the verdict: the next run is no first run."""
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (Index(None, "source", "opened_at"),)


class Listing(Table):
    """One section, feed or sitemap of a source, and how far walks of it have come."""

    __tablename__ = "listings"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    canonical_url: Mapped[str] = mapped_column(Words)
    etag: Mapped[str | None] = mapped_column(Words)
    last_modified: Mapped[str | None] = mapped_column(Words)
    captured_at: Mapped[datetime | None]
    digest: Mapped[str | None] = mapped_column(String(80))
    walked_at: Mapped[datetime | None]
    """When the last walk that came to its end did so; pages first seen before that are settled."""
    walk_open: Mapped[bool] = mapped_column(default=False)
    """A walk has begun and not come to its end: validators must not cut the next one short."""
    entries: Mapped[int] = mapped_column(default=0)
    last_checked: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    resume: Mapped[dict[str, Any] | None]
    """Where a backfill goes on: the number of the page, its address, and the form that a postback must send."""
    dated: Mapped[int | None]
    """Of a hundred rows of its first page, how many showed a date when it was last read well."""

    __table_args__ = (UniqueConstraint("source", "canonical_url"),)


class Page(Table):
    """A canonical address that we know: the frontier of the crawl and the addresses of a record in one."""

    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    canonical_url: Mapped[str] = mapped_column(Words)
    url: Mapped[str] = mapped_column(Words)
    section: Mapped[str | None] = mapped_column(String(40))
    record: Mapped[str | None] = mapped_column(ForeignKey("articles.id"))
    first_seen: Mapped[datetime]
    last_checked: Mapped[datetime | None]
    owed: Mapped[bool] = mapped_column(default=True)
    """It is still to be had: never asked for, or failed in a way that another try may mend."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    failures: Mapped[int] = mapped_column(default=0)
    etag: Mapped[str | None] = mapped_column(Words)
    last_modified: Mapped[str | None] = mapped_column(Words)
    captured_at: Mapped[datetime | None]
    """The WARC-Date of the response record that holds what we have of it."""
    digest: Mapped[str | None] = mapped_column(String(80))
    listed_title: Mapped[str] = mapped_column(Words, default="")
    listed_at: Mapped[datetime | None]
    listed_precision: Mapped[str | None] = mapped_column(String(10))
    missing: Mapped[int] = mapped_column(default=0)
    missing_since: Mapped[datetime | None]
    missing_run: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("source", "canonical_url"),
        Index(None, "source", "owed"),
        Index(None, "source", "last_checked"),
        Index(None, "record"),
    )


class Article(Table):
    """A record: what all its versions share, and what changes without making a version."""

    __tablename__ = "articles"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    platform: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    section: Mapped[str | None] = mapped_column(String(40))
    canonical_url: Mapped[str] = mapped_column(Words)
    url: Mapped[str] = mapped_column(Words)
    state: Mapped[str] = mapped_column(String(10), default="live")
    version: Mapped[int]
    title: Mapped[str] = mapped_column(Words)
    content_hash: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime | None]
    precision: Mapped[str | None] = mapped_column(String(10))
    first_seen: Mapped[datetime]
    last_checked: Mapped[datetime]
    changed_at: Mapped[datetime]
    counters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    related: Mapped[list[Any]] = mapped_column(default=list)
    story: Mapped[str | None] = mapped_column(String(32), index=True)
    """The record that stands for its story, itself where it is alone; empty where it was not compared yet."""

    __table_args__ = (Index(None, "source", "content_hash"), Index(None, "source", "published_at"))


class ArticleVersion(Table):
    """What a record said at one time. Never changed after it was written."""

    __tablename__ = "article_versions"

    record: Mapped[str] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Words)
    summary: Mapped[str | None] = mapped_column(Words)
    author: Mapped[str | None] = mapped_column(Words)
    body_text: Mapped[str] = mapped_column(Words)
    body_html: Mapped[str] = mapped_column(Words)
    published_at: Mapped[datetime | None]
    precision: Mapped[str | None] = mapped_column(String(10))
    published_raw: Mapped[str | None] = mapped_column(Words)
    updated_at: Mapped[datetime | None]
    images: Mapped[list[Any]]
    attachments: Mapped[list[Any]]
    language: Mapped[str | None] = mapped_column(String(10))
    words_added: Mapped[int]
    words_removed: Mapped[int]
    capture: Mapped[int | None] = mapped_column(ForeignKey("captures.id"))


class StoryKey(Table):
    """A key by which a record that stands for a story is found; only so many records have the same one."""

    __tablename__ = "story_keys"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    record: Mapped[str] = mapped_column(ForeignKey("articles.id"), primary_key=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class PrintedDeadline(Table):
    """A day until when a record asks for something, as its page prints it, or a `document` that it shows.

    `key` is a name for it among those of its record.
    """

    __tablename__ = "deadlines"

    record: Mapped[str] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    position: Mapped[int]
    document: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime]
    precision: Mapped[str] = mapped_column(String(10))
    what: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[str] = mapped_column(Words)
    told_at: Mapped[datetime]

    __table_args__ = (Index(None, "at"),)


class Capture(Table):
    """A WARC record of a response: where it lies and what it holds."""

    __tablename__ = "captures"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    url: Mapped[str] = mapped_column(Words)
    record_type: Mapped[str] = mapped_column(String(20))
    status: Mapped[int | None]
    warc: Mapped[str] = mapped_column(String(120))
    offset: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(80))
    """Of the payload, as WARC writes it: `sha256:` and hex."""

    __table_args__ = (Index(None, "digest"), Index(None, "warc", "offset"))


class Fetch(Table):
    """One request and what it came to."""

    __tablename__ = "fetches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    at: Mapped[datetime]
    url: Mapped[str] = mapped_column(Words)
    role: Mapped[str] = mapped_column(String(20))
    status: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Words, default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    capture: Mapped[int | None] = mapped_column(ForeignKey("captures.id"))

    __table_args__ = (Index(None, "run", "outcome"),)


class Event(Table):
    """What happened, append-only. The key is the cursor: it only grows, in commit order."""

    __tablename__ = "events"

    cursor: Mapped[int] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200))
    record: Mapped[str | None] = mapped_column(String(32))
    version: Mapped[int | None]
    origin: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(Words, default="")
    url: Mapped[str] = mapped_column(Words, default="")
    published_at: Mapped[datetime | None]
    precision: Mapped[str | None] = mapped_column(String(10))
    changes: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (
        Index(None, "kind", "cursor"),
        Index(None, "record", "cursor"),
        Index(None, "source", "cursor"),
        Index(None, "origin", "cursor"),
        Index(None, "published_at", "cursor"),
        Index(None, "kind", "published_at", "cursor"),
        {"sqlite_autoincrement": True},
    )


class Lease(Table):
    """Who holds a host (or leads), until when. `token` grows with each holder: the fencing number."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    holder: Mapped[str] = mapped_column(String(255))
    token: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]
    last_request: Mapped[datetime | None]
