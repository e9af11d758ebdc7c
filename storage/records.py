"""Reading records back: one, its history, the way between two versions. Shapes are the contract's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from scraper.items import VIETNAM
from storage import deadlines, diff, document_records, events, numbers, procedure_records, similar
from storage.document_records import capture_shape
from storage.models import Article, ArticleVersion, Capture, Page

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from storage.procedure_tables import Procedure


class NoRecord(LookupError):
    """There is no record, or no version of it, with this name; the message says which."""


def show(session: Session, name: str, version: int | None = None, *, day: date | None = None) -> dict[str, Any]:
    """A record as it is, or as one of its versions was; a procedure as it stands on a day. Raises NoRecord."""
    procedure = procedure_records.find(session, name)
    if procedure is not None:
        chosen = None if version is None else _number(procedure, version)
        return procedure_records.show(session, procedure, chosen, day or datetime.now(VIETNAM).date())
    article = _article(session, name)
    own, others = procedure_records.of_page(session, article.id)
    said = session.get_one(
        ArticleVersion, (article.id, _number(article, article.version if version is None else version))
    )
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
        "procedure": own,
        "procedures": others,
        "numbers": numbers.of(session, article.id),
        "named_by": numbers.naming(session, article.id),
        "deadlines": deadlines.of(session, article) if current else [],
        "version": said.version,
        "versions": article.version,
        "first_seen": events.iso(article.first_seen),
        "last_checked": events.iso(article.last_checked),
        "state": article.state,
        "capture": capture_shape(capture),
        "documents": document_records.of(session, [article.id]),
        "group": similar.group(session, article.id),
    }


def history(session: Session, name: str) -> list[dict[str, Any]]:
    """Every version of a record, the first one first; of a procedure with its steps. Raises NoRecord."""
    procedure = procedure_records.find(session, name)
    if procedure is not None:
        return procedure_records.history(session, procedure)
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
            "capture": capture_shape(capture),
        }
        for said, capture in rows
    ]


def compare(session: Session, name: str, old: int | None = None, new: int | None = None) -> dict[str, Any]:
    """What changed between two versions, word by word; by default between the last two. Raises NoRecord."""
    procedure = procedure_records.find(session, name)
    if procedure is not None:
        before_last, last = procedure_records.last_edit(session, procedure)
        new = _number(procedure, last if new is None else new)
        old = _number(procedure, (before_last if new == last else max(new - 1, 1)) if old is None else old)
        return procedure_records.compare(session, procedure, old, new)
    article = _article(session, name)
    new = _number(article, article.version if new is None else new)
    old = _number(article, max(new - 1, 1) if old is None else old)
    before, after = (session.get_one(ArticleVersion, (article.id, version)) for version in (old, new))
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


def _number(record: Article | Procedure, number: int) -> int:
    if not 1 <= number <= record.version:
        raise NoRecord(f"record {record.id} has versions 1 to {record.version}, and no {number}")
    return number
