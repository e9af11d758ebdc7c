"""One source's past with its documents: what a crawl of it asks, beside pages and listings."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from scraper.history import KnownDocument, UnreadDocument
from scraper.items import Validators
from storage.captures import Unreadable
from storage.document_tables import Content, Document, Link
from storage.models import Capture, Page
from storage.pages import SourceHistory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from storage.captures import Archive
    from storage.database import Database

log = logging.getLogger(__name__)

MOST_OWED = 5_000
MOST_UNREAD = 200
"""How many documents that earlier crawls left one crawl asks for, and how many it reads again out of the archive."""


class FullHistory(SourceHistory):
    """The past of pages, listings and documents; answers `scraper.history.History`."""

    def __init__(self, database: Database, source: str, archive: Archive) -> None:
        super().__init__(database, source)
        self._archive = archive

    def documents(self, canonical_url: str) -> Sequence[KnownDocument]:
        """The documents that the record of this page links to."""
        return self._found(
            select(Document)
            .join(Link, Link.document == Document.id)
            .join(Page, Page.record == Link.record)
            .where(Page.source == self._source, Page.canonical_url == canonical_url, Link.dropped_at.is_(None))
            .order_by(Link.position)
        )

    def documents_owed(self) -> Sequence[KnownDocument]:
        """Documents of the source that are owed a visit, those that failed least first."""
        linked = select(Link.document).where(Link.document == Document.id, Link.dropped_at.is_(None)).exists()
        due = select(Document).where(Document.source == self._source, Document.due_at <= datetime.now(UTC), linked)
        return self._found(due.order_by(Document.failures, Document.due_at, Document.id).limit(MOST_OWED))

    def _found(self, query: Select[Document]) -> list[KnownDocument]:
        now = datetime.now(UTC)
        with_pause = query.add_columns(Content.due_at).join(Content, Content.digest == Document.waiting, isouter=True)
        return self._database.read(
            lambda session: [_known(row, pause, now) for row, pause in session.execute(with_pause)]
        )

    def unread(self, *, ocr: bool) -> Sequence[UnreadDocument]:
        """Documents of the source that are due for another reading, the longest due first."""
        due = Content.due_at <= datetime.now(UTC)
        scans = and_(Content.scan_owed.is_(True), or_(Content.due_at.is_(None), due))
        query = (
            select(Content.digest, Content.scan_owed, Document.url, Capture.warc, Capture.offset)
            .join(Document, or_(Document.content == Content.digest, Document.waiting == Content.digest))
            .join(Capture, Capture.id == Content.capture)
            .where(Document.source == self._source, or_(due, scans) if ocr else due)
            .order_by(Content.due_at, Content.read_at, Content.digest)
        )

        def found(session: Session) -> list[UnreadDocument]:
            rows = {
                row.digest: UnreadDocument(
                    digest=row.digest, url=row.url, warc=row.warc, offset=row.offset, scan=row.scan_owed
                )
                for row in session.execute(query.limit(MOST_UNREAD))
            }
            return list(rows.values())

        return self._database.read(found)

    def held(self, document: UnreadDocument) -> tuple[bytes, str] | None:
        """A document's bytes as they came, and their content coding."""
        try:
            record = self._archive.read(document.warc, document.offset)
        except Unreadable as error:
            log.warning("%s cannot be read again: %s", document.url, error)
            return None
        headers = {name.lower(): value for name, value in record.headers}
        return record.payload, headers.get("content-encoding", "")


def _known(row: Document, pause: datetime | None, now: datetime) -> KnownDocument:
    until = row.due_at or pause
    return KnownDocument(
        url=row.url,
        canonical_url=row.canonical_url,
        validators=Validators(
            etag=row.etag, last_modified=row.last_modified, captured_at=row.captured_at, digest=row.digest
        ),
        resting=until is not None and until > now,
    )
