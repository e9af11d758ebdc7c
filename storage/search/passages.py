"""What the documents of a record say, page by page: for the index, and to find where in them a query stands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from storage.document_records import file_name
from storage.document_tables import Content, Document, Link
from storage.search import query as queries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from storage.search.query import Need

MOST_LETTERS = 4_000_000
"""Of all documents of one record; of one document, scraper.bounds keeps half as many."""
MOST_LOOKED_THROUGH = 1_000_000
"""Letters in which one answer looks for the pages of its hits: a fifth of a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a document; `number` counts from one, and is None where the text is not parted as the pages are."""

    document: str
    title: str
    number: int | None
    text: str


def attaching(session: Session, records: Collection[str]) -> set[str]:
    """Those of these records that link to documents."""
    return set(session.scalars(select(Link.record).where(Link.record.in_(records), Link.dropped_at.is_(None))))


def pages(session: Session, record: str) -> Iterator[Page]:
    """The pages of a record's documents that say something, one document after the other."""
    rows = session.execute(
        _linked(Document.url, Link.title, Content.title.label("own"), Content.page_count).where(Link.record == record)
    ).all()
    left = MOST_LETTERS
    for row in rows:
        said, members = session.execute(select(Content.text, Content.members).where(Content.digest == row.digest)).one()
        title = row.title or row.own or file_name(row.url)
        texts = said.split("\f") if said else []
        inside = [(title, place + 1) for place in range(len(texts))]
        for member in members:
            for place in range(member["pages"]):
                inside[member["first"] + place] = f"{title} › {member['name']}", place + 1
        is_paged = len(texts) > 1 or row.page_count in {None, 1}
        for (name, number), page in zip(inside, texts, strict=True):
            left -= len(page)
            if left < 0:
                return
            if page:
                yield Page(document=row.id, title=name, number=number if is_paged else None, text=page)


def texts(session: Session, records: Collection[str]) -> Iterator[tuple[str, Iterator[str]]]:
    """The same pages of many records in one statement, as texts: by record, for those that link to documents.

    One document is in memory at a time; a record's texts must be taken before the next record is asked for.
    """
    rows = session.execute(
        _linked(Content.text).where(Link.record.in_(records)).order_by(None).order_by(Link.record, *_IN_ORDER),
        execution_options={"yield_per": 1},
    )
    for record, some in groupby(rows, key=lambda row: str(row.record)):
        yield record, _kept(page for row in some for page in row.text.split("\f"))


_IN_ORDER = (Link.position, Document.id)


def _linked(*columns: Any) -> Select[Any]:
    """These columns of what records link to, in its order."""
    return (
        select(Link.record, Document.id, Content.digest, *columns)
        .join(Link, Link.document == Document.id)
        .join(Content, Content.digest == Document.content)
        .where(Link.dropped_at.is_(None))
        .order_by(*_IN_ORDER)
    )


def _kept(pages: Iterator[str]) -> Iterator[str]:
    """Those that are within the bound of one record."""
    left = MOST_LETTERS
    for page in pages:
        left -= len(page)
        if left < 0:
            return
        yield page


class Finder:
    """Finds the pages of an answer's hits, until it has looked through so much text.

    `attaching` are those of the answer's records that link to documents.
    """

    def __init__(self, session: Session, records: Collection[str]) -> None:
        self._session = session
        self._left = MOST_LOOKED_THROUGH
        self.attaching = attaching(session, records)

    def best(self, records: Sequence[str], needed: Sequence[Need], *, more_than: int) -> Page | None:
        """The first page of these records' documents that has the most of these words; None where none has so many."""
        best = None
        for page in chain.from_iterable(pages(self._session, record) for record in records):
            self._left -= len(page.text)
            if self._left < 0:
                break
            count = len(queries.found(page.text, needed))
            if count > more_than:
                best, more_than = page, count
            if count == len(needed):
                break
        return best
