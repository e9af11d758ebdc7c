"""What events are about, as the search holds it: what watches are held against."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from storage.search import holdings
from storage.search.query import Document, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from storage.models import Event

SOURCE = "source"
"""The kind of what a source's own events are about; no query can ask for it."""


def of(session: Session, events: Sequence[Event]) -> dict[str, Document]:
    """By event, what it is about: the record as it is now, in the form in which the search finds it.

    What happened to a procedure's own page is about the procedure. A source's own event is about the source's name, at
    the time of the event. Events whose record the search does not hold are left out. Give some hundred at a time: they
    take about ten statements together, and the words of all their records are in memory.
    """
    return {event.id: document for event, document in each(session, events)}


def each(session: Session, events: Sequence[Event]) -> Iterator[tuple[Event, Document]]:
    """The same one by one, for whoever needs each only once; in no order.

    The words of one record's documents are in memory at a time. The session must be open until the end.
    """
    shown = holdings.shown(session, {event.record for event in events if event.record})
    by_record: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.record:
            by_record[shown[event.record]].append(event)
        else:
            yield event, _source(event)
    for held in holdings.held(session, by_record):
        for event in by_record[held.id]:
            yield event, held.document


def _source(event: Event) -> Document:
    return Document(title=tokens(event.title), kind=SOURCE, sources=[event.source], published=event.at)
