"""What documents tell of procedures: as told by the record that shows them, with the decision that the record is.

A document is a place of the procedures that it lists, and its word on decisions counts as that of a page. An annex and
the decision that it belongs to are often two files: the one lists, the other says when it takes effect.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from scraper import announcements, shapes
from scraper.items import VIETNAM, Moment
from storage import deadlines, numbers, procedures
from storage.document_tables import Content, Document, Link
from storage.identity import Sighting, here
from storage.models import Article, ArticleVersion
from storage.procedure_tables import NamedNumber

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from scraper import items


def told(session: Session, document: Document, *, at: datetime, origin: str) -> Counter[str]:
    """Keeps what a document tells of procedures now, and which numbers it names; how many events of each kind that is.

    Where it is a decision, or says from when one has effect, what the record's other documents list is kept anew.
    """
    showing = session.scalars(
        select(Article)
        .join(Link, Link.record == Article.id)
        .where(Link.document == document.id, Link.dropped_at.is_(None))
        .order_by(Article.id)
    ).all()
    for shown in showing:
        _names(session, shown.id, at=at)
    record = showing[0] if showing else None
    content = session.get(Content, document.content) if document.content else None
    happened = _told(session, document, content, record, at=at, origin=origin)
    if record is not None and content is not None and (content.effective or _is_numbered(content)):
        for other, beside in _beside(session, record, document):
            happened += _told(session, other, beside, record, at=at, origin=origin)
    return happened


def left(session: Session, record: str, *, at: datetime, origin: str) -> Counter[str]:
    """What the documents told that a record linked to, and nothing does now, is told no more."""
    live = select(Link.document).where(Link.dropped_at.is_(None))
    dropped = select(Document).join(Link, Link.document == Document.id)
    dropped = dropped.where(Link.record == record, Link.dropped_at.is_not(None), Document.id.not_in(live))
    _names(session, record, at=at)
    happened: Counter[str] = Counter()
    for document in session.scalars(dropped.order_by(Document.id)).all():
        happened += _told(session, document, None, None, at=at, origin=origin)
    return happened


def numbers_in(document: items.Document) -> list[dict[str, Any]]:
    """The numbers that a document names, in their JSON shape, each with its `page` and whether it is its `own`."""
    return [
        shapes.number(one) | {"page": page, "own": one.normal in document.own}
        for one, page in zip_longest(document.numbers, document.named_on)
    ]


def _is_numbered(content: Content) -> bool:
    return any(one.get("own") for one in content.numbers or ())


def _names(session: Session, record: str, *, at: datetime) -> None:
    """Keeps the numbers that the documents name that a record links to now, and their deadlines."""
    shown = (
        select(Document, Content)
        .join(Link, Link.document == Document.id)
        .join(Content, Content.digest == Document.content)
        .where(Link.record == record, Link.dropped_at.is_(None))
        .order_by(Link.position, Document.id)
        .options(undefer(Content.numbers), undefer(Content.deadlines))
    )
    held = session.execute(shown).all()
    found = [(document.source, document.id, content.numbers or []) for document, content in held]
    numbers.save_of_documents(session, record, found)
    due = [(document.id, content.deadlines or []) for document, content in held]
    deadlines.save_of_documents(session, record, due, at=at)


def _told(
    session: Session, document: Document, content: Content | None, record: Article | None, *, at: datetime, origin: str
) -> Counter[str]:
    rows = _rows(session, document, content, record) if record is not None and content is not None else ()
    sighting = Sighting(
        rows=rows,
        source=document.source,
        platform=record.platform if record else "",
        canonical_url=document.canonical_url,
        url=document.url,
        origin=origin,
        at=at,
        article=record.id if record else None,
        published=_published(record) if record else None,
        capture=content.capture if content else None,
        held=document.id,
    )
    return procedures.save(session, sighting) if rows or here(session, sighting) else Counter()


def _rows(session: Session, document: Document, content: Content, record: Article) -> tuple[items.Procedure, ...]:
    """The procedures that a document lists, with decision and day of effect from beside it where it says neither."""
    rows = tuple(map(shapes.procedure_of, content.procedures or ()))
    if rows and not any(row.change for row in rows) and (version := _version(session, record)):
        # A bare list: the article that shows it says what is done to all of it, and so does its title alone.
        said = announcements.announced(version.title, version.body_text)
        rows = tuple(announcements.applied(row, said) if row.code else row for row in rows)
    if not any(row.change and not (row.decision and row.effective_from) for row in rows):
        return rows
    own = _own_number(session, record)
    decided = [replace(row, decision=row.decision or own) if row.change else row for row in rows]
    decisions = {row.decision for row in decided if row.change and row.effective_from is None}
    days = {one: _effective(session, document, record, one, own) for one in decisions}
    return tuple(
        replace(row, effective_from=row.effective_from or days.get(row.decision)) if row.change else row
        for row in decided
    )


def _own_number(session: Session, record: Article) -> items.DocumentNumber | None:
    """The number of the document that a record is."""
    own = select(NamedNumber).where(NamedNumber.record == record.id, NamedNumber.own.is_(True))
    found = session.scalars(own.order_by(NamedNumber.position)).all()
    of_page = [one for one in found if one.document is None]
    if not of_page and len({one.normal for one in found}) > 1:
        return None  # it shows several, and is none of them by its own word
    return shapes.number_of((of_page or found)[0].told) if found else None


def _effective(
    session: Session,
    document: Document,
    record: Article,
    decision: items.DocumentNumber | None,
    own: items.DocumentNumber | None,
) -> date | None:
    """From when a decision has effect, by the record's other documents, else by the text of the record that it is."""
    for _, beside in _beside(session, record, document):
        if beside.effective and (
            decision is None or not beside.decision or beside.decision["normal"] == decision.normal
        ):
            return beside.effective
    if decision is None or own is None or decision.normal != own.normal:
        return None
    said = _version(session, record)
    return announcements.effective(said.body_text, decision.date) if said else None


def _version(session: Session, record: Article) -> ArticleVersion | None:
    return session.get(ArticleVersion, (record.id, record.version))


def _beside(session: Session, record: Article, document: Document) -> list[tuple[Document, Content]]:
    """The other documents that a record links to now."""
    others = (
        select(Document, Content)
        .join(Link, Link.document == Document.id)
        .join(Content, Content.digest == Document.content)
        .where(Link.record == record.id, Link.dropped_at.is_(None), Document.id != document.id)
        .order_by(Link.position, Document.id)
    )
    return [(other, content) for other, content in session.execute(others)]


def _published(record: Article) -> Moment | None:
    if record.published_at is None:
        return None
    return Moment(
        at=record.published_at.astimezone(VIETNAM), precision="day" if record.precision == "day" else "minute"
    )
