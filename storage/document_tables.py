"""The tables of documents: an address, what it held at each time, what bytes say, and which record links to it."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - the tables' types are read at run time
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import Table, Words


class Content(Table):
    """Bytes that some document held, by their digest, and what was read from them. Shared by all that hold them."""

    __tablename__ = "document_contents"

    digest: Mapped[str] = mapped_column(String(80), primary_key=True)
    size: Mapped[int]
    media_type: Mapped[str | None] = mapped_column(Words)
    outcome: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Words, default="")
    page_count: Mapped[int | None]
    title: Mapped[str | None] = mapped_column(Words)
    author: Mapped[str | None] = mapped_column(Words)
    created_at: Mapped[datetime | None]
    modified_at: Mapped[datetime | None]
    flags: Mapped[list[Any]] = mapped_column(default=list)
    members: Mapped[list[Any]] = mapped_column(default=list)
    text: Mapped[str] = mapped_column(Words, deferred=True, default="")
    """The pages' texts, with a form feed between them: no page holds one."""
    procedures: Mapped[list[Any] | None] = mapped_column(deferred=True)
    numbers: Mapped[list[Any] | None] = mapped_column(deferred=True)
    """Like the procedures above; both are None where it was read by a congtin that did not look for them."""
    decision: Mapped[dict[str, Any] | None]
    """The number of the decision that it is or is an annex of."""
    effective: Mapped[date | None]
    deadlines: Mapped[list[Any] | None] = mapped_column(deferred=True)
    read_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=1)
    due_at: Mapped[datetime | None]
    """When it is to be read again: it is in quarantine, because reading it failed."""
    scan_owed: Mapped[bool] = mapped_column(default=False)
    """Its pages are pictures that no OCR has read yet."""
    capture: Mapped[int | None] = mapped_column(ForeignKey("captures.id"))
    """The response record that holds the bytes."""

    __table_args__ = (Index(None, "due_at"), Index(None, "scan_owed"))


class Document(Table):
    """An address that records link to a file by: what it holds, and when it is to be asked again."""

    __tablename__ = "documents"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    canonical_url: Mapped[str] = mapped_column(Words)
    url: Mapped[str] = mapped_column(Words)
    version: Mapped[int] = mapped_column(default=0)
    content: Mapped[str | None] = mapped_column(ForeignKey("document_contents.digest"))
    """What its last version holds."""
    waiting: Mapped[str | None] = mapped_column(ForeignKey("document_contents.digest"))
    """What it held when it was asked last, where that is in quarantine and no version yet."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Words, default="")
    failures: Mapped[int] = mapped_column(Integer, default=0)
    first_seen: Mapped[datetime]
    last_checked: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    """When it is owed a visit; None where it is not."""
    etag: Mapped[str | None] = mapped_column(Words)
    last_modified: Mapped[str | None] = mapped_column(Words)
    captured_at: Mapped[datetime | None]
    digest: Mapped[str | None] = mapped_column(String(80))
    """Of the payload in the archive, codings and all."""

    __table_args__ = (
        UniqueConstraint("source", "canonical_url"),
        Index(None, "source", "due_at"),
        Index(None, "content"),
        Index(None, "waiting"),
    )


class DocumentVersion(Table):
    """What a document held at one time. Never changed after it was written."""

    __tablename__ = "document_versions"

    document: Mapped[str] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(ForeignKey("document_contents.digest"))
    capture: Mapped[int | None] = mapped_column(ForeignKey("captures.id"))


class Link(Table):
    """That a record links to a document, as what, and whether it still does."""

    __tablename__ = "document_links"

    record: Mapped[str] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    document: Mapped[str] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(Words, default="")
    since: Mapped[datetime]
    added: Mapped[bool] = mapped_column(default=False)
    """It came to a page that was known already, and nobody has been told yet."""
    dropped_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "document"),)
