"""A message as its channel gets it, from the rows that it was made of."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sqlalchemy import func, select

from alerts import texts, watches
from alerts.items import Happening, Message, Passage
from scraper import shapes, text
from scraper.items import VIETNAM
from storage import deadlines, document_records, records, similar
from storage.alert_tables import Owed
from storage.models import Article, ArticleVersion, Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from sqlalchemy.orm import Session

    from alerts.items import Language
    from alerts.outbox import Attempt
    from scraper.deadlines import Deadline
    from storage.alert_tables import Watch

SHOWN = 50
"""Events that one message shows; it counts all, and links to the search for the others."""
_AROUND = 80
"""Letters of kept words that are shown on either side of changed ones."""
_FRESH_SECONDS = 5.0
_EXCERPT = 280
"""Letters of an article's beginning that are shown."""
_BEGINNING = 1_000
_BEGINS = frozenset({"article.new", "article.returned"})
_DOCUMENTS: dict[str, Literal["+", "="]] = {"document.added": "+", "document.changed": "="}
_ASKS = _BEGINS | {"article.changed", "document.added", "document.changed"}
_EDITS = frozenset({"article.changed", "procedure.changed", "procedure.amended"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What messages call things: `sources` by id, and the address of our own pages, empty where they have none."""

    sources: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""

    def source(self, name: str) -> str:
        """What people call a source."""
        return self.sources.get(name, name)


class Teller:
    """Makes messages of rows. What one event comes to is kept for a few seconds: many watches hear of the same one."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._kept: dict[str, Happening] = {}
        self._since = 0.0

    def tell(self, session: Session, attempt: Attempt) -> Message:
        """The message of an attempt. For several threads, each with a session of its own."""
        row, watch = attempt.message, attempt.watch
        told = session.scalars(
            select(Event)
            .join(Owed, Owed.event == Event.cursor)
            .where(Owed.message == row.id, Owed.state != "noted")
            .order_by(Event.cursor)
            .limit(SHOWN)
        ).all()
        happenings = tuple(self._happening(session, event) for event in told)
        single = happenings[0].record if row.kind == "event" and happenings else None
        return message(
            watch, self._names, id=row.id, kind=row.kind,  # type: ignore[arg-type]  # the table's word for it
            at=row.made_at, thread=single or watch.id, happenings=happenings, total=row.total,
            noted=[(self._names.source(source), count) for source, count in row.noted],
            again=attempt.again, said=row.said, token=attempt.token,
        )  # fmt: skip

    def _happening(self, session: Session, event: Event) -> Happening:
        now = time.monotonic()
        if now - self._since > _FRESH_SECONDS:
            self._kept, self._since = {}, now
        kept = self._kept
        if event.id not in kept:
            kept[event.id] = happening(session, event, self._names)
        return kept[event.id]


def message(
    watch: Watch, names: Names, *, id: str, kind: Literal["event", "digest", "notice", "test"], at: datetime,  # noqa: A002 - the field's name
    thread: str, happenings: Sequence[Happening] = (), total: int = 0, noted: Sequence[tuple[str, int]] = (),
    again: bool = False, said: str = "", token: str = "",
) -> Message:  # fmt: skip
    """A message of a watch, with its links; `token` is that of the channel's reader."""
    base = names.public_url
    language: Language = "en" if watch.language == "en" else "vi"
    return Message(
        id=id, kind=kind, watch=watch.id, query=called(watch), language=language, at=at, thread=thread,
        happenings=tuple(happenings), total=total, noted=tuple(noted), again=again, said=said,
        search=f"{base}/?{urlencode({'q': str(watches.tree(watch)).strip()})}" if base else "",
        unsubscribe=f"{base}/leave/{token}" if base and token else "",
    )  # fmt: skip


def called(watch: Watch) -> str:
    """What people call a watch: its name, or else its query, and the sources and fields that it is narrowed to.

    Empty where it is of everything.
    """
    if watch.name != watch.query:
        return watch.name
    narrowed = watches.tree(watches.Wish(query="", sources=tuple(watch.sources), fields=tuple(watch.fields)))
    return f"{watch.query} {str(narrowed).strip()}".strip()


def happening(session: Session, event: Event, names: Names) -> Happening:
    """One event, as a message tells of it."""
    documents: list[dict[str, str]] = []
    also: list[str] = []
    if event.record is not None:
        documents = document_records.of(session, [event.record])
        also = [names.source(one["source"]) for one in similar.group(session, event.record)]
    page = f"{names.public_url}/record/{event.record}" if names.public_url and event.record else ""
    return Happening(
        event=event.id, kind=event.kind, at=event.at, source=event.source, source_name=names.source(event.source),
        record=event.record, version=event.version, title=event.title, url=event.url, page=page,
        published_at=event.published_at, precision=event.precision, excerpt=_excerpt(session, event),
        changed=tuple(_passages(session, event)), due=tuple(_due(session, event)),
        documents=tuple((one["title"], one["url"]) for one in documents), also=tuple(dict.fromkeys(also)),
    )  # fmt: skip


def _excerpt(session: Session, event: Event) -> str:
    """How an article begins that is new to the reader."""
    if event.kind not in _BEGINS or event.record is None:
        return ""
    said = session.execute(
        select(ArticleVersion.summary, func.substr(ArticleVersion.body_text, 1, _BEGINNING)).where(
            ArticleVersion.record == event.record, ArticleVersion.version == event.version
        )
    ).first()
    summary, beginning = said or (None, "")
    return texts.shorter(text.clean(summary or beginning), _EXCERPT)


def _due(session: Session, event: Event) -> Iterator[Deadline]:
    """What a page or a document that is told of asks for, and may still be done."""
    article = session.get(Article, event.record) if event.kind in _ASKS and event.record else None
    for one in deadlines.of(session, article) if article else ():
        due = shapes.deadline_of(one)
        if due.on.at.date() >= event.at.astimezone(VIETNAM).date():
            yield due


def _passages(session: Session, event: Event) -> Iterator[Passage]:
    """What an edit did to the words of a record; which of its documents, and which decision, an event is about."""
    if sign := _DOCUMENTS.get(event.kind):
        for change in event.changes:
            yield Passage(field="documents", words=((sign, str(change.get("title") or change.get("url") or "")),))
    decided = list(_decided(event))
    yield from decided
    if event.kind not in _EDITS or event.record is None:
        return
    try:
        fields = records.compare(session, event.record, None, event.version)["fields"]
    except records.NoRecord:  # it was withheld, or is another procedure by now
        return
    told = {passage.field for passage in decided}
    for name, words in fields.items():
        if name not in told:
            yield Passage(field=name, words=tuple(shortened(words)))


def _decided(event: Event) -> Iterator[Passage]:
    """Which decision made an event of a procedure, and the day on which it takes effect, where a text says that day."""
    for change in event.changes:
        decision = change.get("decision") or {}
        if decision.get("raw"):
            said = f"{decision['raw']} {decision.get('title') or ''}".strip()
            yield Passage(field="decision", words=(("=", said),))
        if change.get("basis") == "effective":
            yield Passage(field="effective_from", words=(("=", str(change["effective_from"])),))


def shortened(words: Sequence[Sequence[str]]) -> Iterator[tuple[Literal["=", "+", "-"], str]]:
    """Kept words far from any change are left out, at an ellipsis.

    >>> [words for _, words in shortened([["=", "x " * 100 + "một"], ["+", "hai"]])][0][-9:]
    'x x x một'
    """
    last = len(words) - 1
    for place, (sign, said) in enumerate(words):
        if sign == "+":
            yield "+", said
        elif sign == "-":
            yield "-", said
        else:
            yield "=", _near(said, before=place < last, after=place > 0)


def _near(said: str, *, before: bool, after: bool) -> str:
    """The ends of kept words that touch a change."""
    if len(said) <= _AROUND * (before + after) + 20:
        return said
    head = said[:_AROUND].rpartition(" ")[0] if after else ""
    tail = said[-_AROUND:].partition(" ")[2] if before else ""
    return f"{head} … {tail}".strip()
