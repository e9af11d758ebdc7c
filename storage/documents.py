"""Documents: which record links to which, what each held and when, and what is owed a visit or another reading.

Everything runs in the session's transaction, with the events that tell of it. A version of a document is made only of
bytes that were read with a trusted outcome: a page of HTML, a file cut short or one that nothing can read leaves what
there was as it is, and is kept beside with its cause.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from scraper import shapes, urls
from scraper.outcomes import Outcome
from storage import attached, batch, events, pages
from storage.document_tables import Content, Document, DocumentVersion, Link
from storage.models import Article, Capture

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper import items
    from scraper.items import Reread, Visit
    from storage.runs import Ticket

PAUSES = (timedelta(hours=1), timedelta(days=1), timedelta(weeks=1), timedelta(weeks=4))
"""How long a document that failed is left alone, the first time and later."""
_HERE = frozenset({Outcome.TOO_COMPLEX, Outcome.TOO_BIG, Outcome.BROKEN})
"""Failures of reading: the bytes are whole, and another reading of them may do better."""
_DOCUMENT = "document"
_FOREIGN = "on another host than the portal's own: name it under `hosts` in the source's file to have it fetched"
_CHUNK = 500
_INSERT_DOCUMENT = insert(Document.__table__)  # type: ignore[arg-type]
_INSERT_LINK = insert(Link.__table__)  # type: ignore[arg-type]


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return PAUSES[min(failures, len(PAUSES)) - 1]


# Links


def attach(
    session: Session,
    record: str,
    found: Iterable[tuple[str, items.Attachment, bool]],
    *,
    source: str,
    at: datetime,
    known: bool,
    origin: str,
) -> None:
    """Notes what a record links to now: canonical address, attachment, and whether it is the portal's own.

    `known` says that the record was there and has changed: what came to it is told as `document.added` once it is read.
    What files told of procedures that are linked to no more is taken back when those in their place are read.
    """
    wanted = {address: (attachment, own) for address, attachment, own in found}
    if _are_new(session, record, wanted):
        for position, (address, (attachment, own)) in enumerate(wanted.items()):
            name = _name(address)
            batch.later(session, _INSERT_DOCUMENT, _fields(name, source, address, attachment.url, at=at, own=own))
            batch.later(session, _INSERT_LINK, _link(record, name, position, attachment.title, at, added=known))
        return
    batch.flush(session)
    linked = {row.document: row for row in session.scalars(select(Link).where(Link.record == record))}
    if not wanted and not linked:
        return
    rows = _rows(session, source, list(wanted))
    come: list[Document] = []
    for position, (address, (attachment, own)) in enumerate(wanted.items()):
        row = rows.get(address) or _enter(session, source, address, attachment.url, at=at, own=own)
        row.url = attachment.url
        link = linked.pop(row.id, None)
        if link is None or link.dropped_at:
            come.append(row)
        if link is None:
            session.add(Link(**_link(record, row.id, position, attachment.title, at, added=known)))
        else:
            link.position, link.title, link.dropped_at = position, attachment.title, None
    for link in linked.values():
        link.dropped_at = link.dropped_at or at
    session.flush()
    for row in come:
        if row.content:
            attached.told(session, row, at=at, origin=origin)
    if linked and all(row.content for row in come):
        attached.left(session, record, at=at, origin=origin)


def look_up(session: Session, source: str, addresses: Collection[str]) -> None:
    """Looks up for a batch which of these documents nobody has entered. Of too many, each is asked for by itself."""
    opened = batch.of(session)
    assert opened is not None
    if not addresses or len(addresses) > _CHUNK:
        return
    entered = {_name(address) for address in _rows(session, source, list(addresses))}
    names = set(map(_name, addresses))
    entered.update(session.scalars(select(Document.id).where(Document.id.in_(names))))
    opened.absent |= {(_DOCUMENT, name) for name in names - entered}


def _are_new(session: Session, record: str, addresses: Collection[str]) -> bool:
    """Whether a record that this batch has made links to documents that it alone knows of. They are new only once."""
    opened = batch.of(session)
    keys = {(_DOCUMENT, _name(address)) for address in addresses}
    if opened is None or record not in opened.made or len(keys) < len(addresses) or not keys <= opened.absent:
        return False
    opened.absent -= keys
    return True


def _link(record: str, document: str, position: int, title: str, at: datetime, *, added: bool) -> dict[str, Any]:
    return {
        "record": record, "document": document, "position": position, "title": title, "since": at, "added": added,
        "dropped_at": None,
    }  # fmt: skip


def _rows(session: Session, source: str, addresses: Sequence[str]) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for start in range(0, len(addresses), _CHUNK):
        here = Document.canonical_url.in_(addresses[start : start + _CHUNK])
        found |= {
            row.canonical_url: row for row in session.scalars(select(Document).where(Document.source == source, here))
        }
    return found


def _enter(session: Session, source: str, address: str, url: str, *, at: datetime, own: bool = True) -> Document:
    """A new document, owed a visit where it is the portal's own."""
    name = _name(address)
    if opened := batch.of(session):
        opened.absent.discard((_DOCUMENT, name))
    if session.get(Document, name) is not None:  # another source's, or another spelling's
        name = urls.record_id(f"{source} {address}")
    row = Document(**_fields(name, source, address, url, at=at, own=own))
    session.add(row)
    session.flush()
    return row


def _name(address: str) -> str:
    """A document's id is that of its address, as a record's is."""
    return urls.record_id(urls.key(address))


def _fields(name: str, source: str, address: str, url: str, *, at: datetime, own: bool) -> dict[str, Any]:
    return {
        "id": name, "source": source, "canonical_url": address, "url": url, "version": 0, "failures": 0,
        "first_seen": at, "due_at": at if own else None,
        "outcome": None if own else Outcome.REFUSED.value, "message": "" if own else _FOREIGN,
    }  # fmt: skip


def linking(session: Session, document: str) -> Sequence[Link]:
    """The links of records that show this document now."""
    return session.scalars(
        select(Link).where(Link.document == document, Link.dropped_at.is_(None)).order_by(Link.record)
    ).all()


# Visits


def visited(session: Session, visit: Visit, ticket: Ticket, *, source: str, origin: str) -> Counter[str]:
    """Keeps what a visit to a document came to; how many events of procedures of each kind that are."""
    batch.flush(session)
    address = visit.canonical_url
    row = _rows(session, source, [address]).get(address) or _enter(session, source, address, visit.url, at=visit.at)
    row.last_checked, row.outcome, row.message = visit.at, visit.outcome.value, visit.message
    if visit.outcome.trusted:
        row.failures, row.due_at = 0, None
    else:
        row.failures += 1
        row.due_at = None if visit.outcome is Outcome.ROBOTS else visit.at + pause(row.failures)
    document = visit.document
    if document is None or not _is_document(document):
        return Counter()
    if visit.outcome.trusted and visit.validators is not None:
        row.etag, row.last_modified = visit.validators.etag, visit.validators.last_modified
        pages.archived(row, ticket.captured)
    content = _keep(session, document, at=visit.at, capture=_response(session, ticket))
    if document.outcome.trusted:
        read_now = content.read_at == visit.at
        return _hold(session, row, content, at=visit.at, origin=origin, capture=ticket.capture, read_now=read_now)
    if row.content != content.digest:
        row.waiting = content.digest
        if document.outcome in _HERE:  # nothing is gained by asking for the same bytes
            row.due_at = None
    return Counter()


def _is_document(document: items.Document) -> bool:
    """Whether there are bytes of a document, read or not, and not a page or nothing instead of it."""
    return bool(document.digest) and document.size > 0 and document.media_type != "text/html"


def _response(session: Session, ticket: Ticket) -> int | None:
    """The response record that holds the bytes: a revisit only refers to an earlier one."""
    captured = ticket.captured
    if captured is None or captured.record_type == "response":
        return ticket.capture
    return session.scalar(
        select(Capture.id).where(Capture.digest == captured.digest, Capture.record_type == "response").limit(1)
    )


def _keep(session: Session, document: items.Document, *, at: datetime, capture: int | None) -> Content:
    """The row of these bytes; where they were read before, the better reading stays."""
    row = session.get(Content, document.digest)
    if row is None:
        row = Content(digest=document.digest, tries=0, capture=capture, **_read(document, at))
        session.add(row)
    elif document.outcome.trusted and (not Outcome(row.outcome).trusted or (row.scan_owed and "ocr" in document.flags)):
        _update(row, document, at)
    row.capture = row.capture or capture
    row.tries += 1
    row.due_at = at + pause(row.tries) if document.outcome in _HERE and not Outcome(row.outcome).trusted else None
    session.flush()
    return row


def _update(row: Content, document: items.Document, at: datetime) -> None:
    for name, value in _read(document, at).items():
        setattr(row, name, value)


def _read(document: items.Document, at: datetime) -> dict[str, Any]:
    return {
        "size": document.size,
        "media_type": document.media_type,
        "outcome": document.outcome.value,
        "message": document.message,
        "page_count": document.page_count,
        "title": document.title,
        "author": document.author,
        "created_at": document.created,
        "modified_at": document.modified,
        "flags": sorted(document.flags),
        "members": [asdict(member) for member in document.members],
        "text": "\f".join(document.pages),
        "procedures": list(map(shapes.procedure, document.procedures)),
        "numbers": attached.numbers_in(document),
        "decision": shapes.number(document.decision) if document.decision else None,
        "effective": document.effective,
        "deadlines": list(map(shapes.deadline, document.deadlines)),
        "read_at": at,
        "scan_owed": "scanned" in document.flags and "ocr" not in document.flags,
    }


def _hold(
    session: Session,
    row: Document,
    content: Content,
    *,
    at: datetime,
    origin: str,
    capture: int | None,
    read_now: bool = True,
) -> Counter[str]:
    """What a document holds now, as a new version where it is other bytes than before, and the events that say so.

    What it tells of procedures is kept where it holds something else, or was `read_now` for the first time or better;
    how many events of each kind that came to.
    """
    row.waiting = None
    if row.content == content.digest:
        return attached.told(session, row, at=at, origin=origin) if read_now else Counter()
    if row.version == 0 and (former := _is_another(session, row, content)):
        return attached.told(session, former, at=at, origin=origin) if read_now else Counter()
    before, row.content = row.content, content.digest
    row.version += 1
    session.add(
        DocumentVersion(
            document=row.id, version=row.version, at=at, origin=origin, content=content.digest, capture=capture
        )
    )
    session.flush()
    links = linking(session, row.id)
    for link in links:
        kind = "document.changed" if before else "document.added" if link.added else "record.updated"
        _tell(session, kind, link, row, content, at=at, origin=origin, before=before)
    happened = attached.told(session, row, at=at, origin=origin)
    if before is None:
        for link in links:
            happened += attached.left(session, link.record, at=at, origin=origin)
    return happened


def _is_another(session: Session, row: Document, content: Content) -> Document | None:
    """The document that its record held already, where a new address turns out to be another one of it.

    Some portals put a token into the address that is new at each view: the document that the page showed before under
    another address, and no longer shows, takes over the new one.
    """
    links = linking(session, row.id)
    if len(links) != 1:
        return None
    link = links[0]
    before = (
        select(Link, Document)
        .join(Document, Link.document == Document.id)
        .where(Link.record == link.record, Link.dropped_at.is_not(None), Document.content == content.digest)
        .order_by(Link.dropped_at.desc())
    )
    found = session.execute(before.limit(1)).first()
    if found is None:
        return None
    former, old = found
    former.dropped_at, former.position, former.title = None, link.position, link.title
    told = {name: getattr(row, name) for name in _OF_AN_ADDRESS}
    session.delete(link)
    session.flush()
    session.delete(row)
    session.flush()
    for name, value in told.items():
        setattr(old, name, value)
    session.flush()
    return old


_OF_AN_ADDRESS = (
    "canonical_url", "url", "outcome", "message", "last_checked", "due_at", "etag", "last_modified", "captured_at",
    "digest",
)  # fmt: skip


def _tell(
    session: Session,
    kind: str,
    link: Link,
    row: Document,
    content: Content,
    *,
    at: datetime,
    origin: str,
    before: str | None = None,
) -> None:
    link.added = False
    change = {
        "field": "documents", "document": row.id, "title": link.title or content.title or "", "url": row.url,
        "media_type": content.media_type, "pages": content.page_count, "digest": content.digest,
    }  # fmt: skip
    if before:
        change["from"] = before
    article = session.get_one(Article, link.record)
    events.append(session, kind, article, at=at, origin=origin, changes=[change])


# Readings


def reread(session: Session, again: Reread, *, origin: str) -> Counter[str]:
    """Keeps what another reading of archived bytes came to, for all documents that hold them.

    Returns how many events of procedures of each kind that are.
    """
    batch.flush(session)
    row = session.get(Content, again.digest)
    if row is None:
        return Counter()
    said = row.outcome, row.message
    document = again.document
    row.tries += 1
    row.due_at = None if document.outcome.trusted else again.at + pause(row.tries)
    if document.outcome.trusted or not Outcome(row.outcome).trusted:
        _update(row, document, again.at)
    session.flush()
    happened: Counter[str] = Counter()
    if not document.outcome.trusted:
        return happened
    news = (row.outcome, row.message) != said
    for held in session.scalars(select(Document).where(Document.content == row.digest)).all():
        held.outcome, held.message = row.outcome, row.message
        for link in linking(session, held.id) if news else ():
            _tell(session, "record.updated", link, held, row, at=again.at, origin=origin)
        happened += attached.told(session, held, at=again.at, origin=origin)
    for waiting in session.scalars(select(Document).where(Document.waiting == row.digest)).all():
        waiting.outcome, waiting.message, waiting.failures = row.outcome, row.message, 0
        happened += _hold(session, waiting, row, at=again.at, origin=origin, capture=row.capture)
    return happened
