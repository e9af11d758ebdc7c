"""Documents as `show` tells of them, and where a body lies in the archive, for whoever tells of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from scraper import text
from scraper.outcomes import Outcome
from storage import events
from storage.document_tables import Content, Document, DocumentVersion, Link
from storage.models import Capture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def of(session: Session, records: Sequence[str]) -> list[dict[str, Any]]:
    """The documents that these records link to now, in the pages' order, each once, with what is known of it."""
    rows = session.execute(
        select(Link, Document, Content)
        .join(Document, Document.id == Link.document)
        .join(Content, Content.digest == func.coalesce(Document.content, Document.waiting), isouter=True)
        .where(Link.record.in_(records), Link.dropped_at.is_(None))
        .order_by(Link.position, Document.id)
        .options(undefer(Content.numbers))
    )
    found: dict[str, dict[str, Any]] = {}
    for link, document, content in rows:
        if document.id not in found:
            found[document.id] = _shape(session, link, document, content)
    return list(found.values())


def _shape(session: Session, link: Link, document: Document, content: Content | None) -> dict[str, Any]:
    said = (
        select(DocumentVersion, Capture)
        .join(Capture, Capture.id == DocumentVersion.capture, isouter=True)
        .where(DocumentVersion.document == document.id)
        .order_by(DocumentVersion.version)
    )
    versions = [
        {"version": one.version, "at": events.iso(one.at), "digest": one.content, "capture": capture_shape(capture)}
        for one, capture in session.execute(said)
    ]
    outcome = document.outcome
    if outcome == Outcome.NOT_MODIFIED.value and content is not None:  # it is as good as it was when it was read
        outcome = content.outcome
    return {
        "id": document.id,
        "title": link.title or (content and content.title) or file_name(document.url),
        "url": document.url,
        "media_type": content.media_type if content else None,
        "pages": content.page_count if content else None,
        "size": content.size if content else None,
        "digest": content.digest if content else None,
        "outcome": outcome,
        "cause": (content.message if content and outcome == content.outcome else document.message) or None,
        "flags": content.flags if content else [],
        "author": content.author if content else None,
        "created_at": events.iso(content.created_at) if content else None,
        "modified_at": events.iso(content.modified_at) if content else None,
        "members": content.members if content else [],
        "decision": content.decision if content else None,
        "effective_from": content.effective.isoformat() if content and content.effective else None,
        "numbers": (content.numbers or []) if content else [],
        "version": document.version,
        "versions": versions,
        "first_seen": events.iso(link.since),
        "last_checked": events.iso(document.last_checked),
        "next_try": events.iso(document.due_at or (content.due_at if content else None)),
        "capture": capture_shape(session.get(Capture, content.capture) if content and content.capture else None),
    }


def file_name(url: str) -> str:
    """What a document without a title is called: the last words of its address.

    >>> file_name("https://example.vn/VanBan/Quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.pdf?id=1")
    'Quyết định.pdf'
    """
    return text.clean(unquote(url.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]))


def capture_shape(capture: Capture | None) -> dict[str, Any] | None:
    """Where a body is archived."""
    if capture is None:
        return None
    return {"warc": capture.warc, "offset": capture.offset, "digest": capture.digest, "date": events.iso(capture.at)}
