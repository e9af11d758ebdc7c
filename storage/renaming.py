"""A portal that has moved to another host: what is known of it goes with it, and is told as no news (C18)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import or_, select

from scraper import urls
from storage import events
from storage.articles import content_hash
from storage.document_tables import Document
from storage.models import Article, Listing, Page
from storage.schedule_tables import ListingRhythm

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from scraper import items

_CHUNK = 500


def moved(url: str, home: str) -> str:
    """An address under the scheme and host of another one.

    >>> moved("http://old.example.vn/tin/1?a=2", "https://new.example.vn/")
    'https://new.example.vn/tin/1?a=2'
    """
    root = urlsplit(home)
    return urlsplit(url)._replace(scheme=root.scheme, netloc=root.netloc).geturl()


def readdress(session: Session, source: str, aliases: Collection[str], home: str, *, at: datetime, origin: str) -> int:
    """Gives what a source has at its former hosts the address that it has at `home`; how many records that were.

    Each record is told as `record.updated`, once. Where something is known at the new address already, both stay.
    """
    home = urls.canonical(home)
    roots = [root for alias in aliases for root in urls.spellings(f"http://{alias}/")]
    for column in (Page.canonical_url, Listing.canonical_url, Document.canonical_url, ListingRhythm.listing):
        for row in _movable(session, source, column, roots, home):
            setattr(row, column.key, moved(getattr(row, column.key), home))
            if hasattr(row, "url"):
                row.url = moved(row.url, home)
    records = _movable(session, source, Article.canonical_url, roots, home)
    for record in records:
        change = {"field": "url", "from": record.url, "to": moved(record.url, home)}
        record.canonical_url, record.url = moved(record.canonical_url, home), moved(record.url, home)
        events.append(session, "record.updated", record, at=at, origin=origin, changes=[change])
    session.flush()
    return len(records)


def _movable(
    session: Session, source: str, column: InstrumentedAttribute[str], roots: Sequence[str], home: str
) -> list[Any]:
    """The rows of a source whose address begins with one of these, each with a place of its own at `home`."""
    table = column.class_
    there = or_(*(column.startswith(root, autoescape=True) for root in roots))
    rows = session.scalars(select(table).where(table.source == source, there).order_by(table.id)).all()
    found = {moved(getattr(row, column.key), home): row for row in reversed(rows)}  # of several, the first one moves
    known = _known(session, source, column, list(found))
    return [row for address, row in found.items() if address not in known]


def _known(session: Session, source: str, column: InstrumentedAttribute[str], addresses: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(addresses), _CHUNK):
        some = addresses[start : start + _CHUNK]
        found.update(session.scalars(select(column).where(column.class_.source == source, column.in_(some))))
    return found


def said_before(article: items.Article, digest: str, aliases: Collection[str]) -> bool:
    """Whether a page says what it said at a former host: its pictures and files have moved with it, and no more."""
    host = urls.host(article.canonical_url)

    def formerly(url: str, root: str) -> str:
        return moved(url, root) if urls.host(url) == host else url

    for root in (root for alias in aliases for root in urls.spellings(f"http://{alias}/")):
        images = tuple(replace(image, url=formerly(image.url, root)) for image in article.images)
        attachments = tuple(replace(one, url=formerly(one.url, root)) for one in article.attachments)
        if content_hash(replace(article, images=images, attachments=attachments)) == digest:
            return True
    return False
