"""Reading records back: one, its history, the way between two versions. Shapes are the contract's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage import diff, events
from storage.models import Article, ArticleVersion, Capture, Page

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class NoRecord(LookupError):
    """There is no record, or no version of it, with this name; the message says which."""


def show(session: Session, name: str, version: int | None = None) -> dict[str, Any]:
    """A record as it is, or as one of its versions was. Raises NoRecord."""
    article = _article(session, name)
    said = _version(session, article, article.version if version is None else version)
    pages = session.scalars(select(Page).where(Page.record == article.id).order_by(Page.id)).all()
    capture = session.get(Capture, said.capture) if said.capture else None
    current = said.version == article.version
    # The record's own date may be finer than the version's: a listing's minute refines the day that the page prints.
    published_at, precision = (
        (article.published_at, article.precision) if current else (said.published_at, said.precision)
    )
    return {
        "id": article.id,
        "kind": article.kind,
        "source": article.source,
        "platform": article.platform,
        "url": article.url,
        "canonical_url": article.canonical_url,
        "addresses": [page.url for page in pages],
        "title": article.title if current else said.title,
        "published_at": events.iso(published_at),
        "precision": precision,
        "published_raw": said.published_raw,
        "updated_at": events.iso(said.updated_at),
        "summary": said.summary,
        "author": said.author,
        "section": article.section,
        "body_text": said.body_text,
        "body_html": said.body_html,
        "images": said.images,
        "attachments": said.attachments,
        "entries": article.related,
        "counters": article.counters,
        "language": said.language,
        "next_page": None,
        "procedure": None,
        "procedures": [],
        "numbers": [],
        "version": said.version,
        "versions": article.version,
        "first_seen": events.iso(article.first_seen),
        "last_checked": events.iso(article.last_checked),
        "state": article.state,
        "capture": _capture(capture),
        "documents": [],
        "group": [],
    }


def history(session: Session, name: str) -> list[dict[str, Any]]:
    """Every version of a record, the first one first. Raises NoRecord."""
    article = _article(session, name)
    rows = session.execute(
        select(ArticleVersion, Capture)
        .join(Capture, Capture.id == ArticleVersion.capture, isouter=True)
        .where(ArticleVersion.record == article.id)
        .order_by(ArticleVersion.version)
    )
    return [
        {
            "version": said.version,
            "at": events.iso(said.at),
            "title": said.title,
            "origin": said.origin,
            "words_added": said.words_added,
            "words_removed": said.words_removed,
            "capture": _capture(capture),
        }
        for said, capture in rows
    ]


def compare(session: Session, name: str, old: int | None = None, new: int | None = None) -> dict[str, Any]:
    """What changed between two versions, word by word; by default between the last two. Raises NoRecord."""
    article = _article(session, name)
    new = article.version if new is None else new
    old = max(new - 1, 1) if old is None else old
    before, after = _version(session, article, old), _version(session, article, new)
    fields = {}
    for field, one, other in (
        ("title", before.title, after.title),
        ("body", before.body_text, after.body_text),
        ("summary", before.summary or "", after.summary or ""),
        ("published_at", events.iso(before.published_at) or "", events.iso(after.published_at) or ""),
        ("images", _lines(before.images), _lines(after.images)),
        ("attachments", _lines(before.attachments), _lines(after.attachments)),
    ):
        if one != other:
            fields[field] = [list(change) for change in diff.words(one, other)]
    return {"id": article.id, "from": old, "to": new, "fields": fields}


def _lines(rows: list[dict[str, Any]]) -> str:
    return "\n".join(" ".join(str(value) for value in row.values() if value) for row in rows)


def _article(session: Session, name: str) -> Article:
    # Whatever else was asked for is no id, and not every database takes it (NUL, a lone surrogate).
    article = session.get(Article, name) if name.isascii() and name.isalnum() else None
    if article is None:
        raise NoRecord(f"no record {name!r}: `congtin search` prints the ids there are")
    return article


def _version(session: Session, article: Article, number: int) -> ArticleVersion:
    said = session.get(ArticleVersion, (article.id, number)) if 1 <= number <= article.version else None
    if said is None:
        raise NoRecord(f"record {article.id} has versions 1 to {article.version}, and no {number}")
    return said


def _capture(capture: Capture | None) -> dict[str, Any] | None:
    if capture is None:
        return None
    return {"warc": capture.warc, "offset": capture.offset, "digest": capture.digest, "date": events.iso(capture.at)}
