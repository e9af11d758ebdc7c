"""Days until when records ask for something, by their pages and their documents: kept, read back, and for calendars.

What a page says is kept as it was read; whether a day was past when the record was published is asked when it is read
back, since a listing may tell of the date later, and a document does not know of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from scraper import deadlines, shapes, text
from scraper.deadlines import Deadline
from scraper.items import VIETNAM, Moment
from storage import batch, latest
from storage.models import Article, PrintedDeadline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from sqlalchemy.orm import Session

    from storage.effects import Wanted

_INSERT = insert(PrintedDeadline.__table__)  # type: ignore[arg-type]
_SAID = ("key", "position", "at", "precision", "what", "evidence")
_OF_DOCUMENTS = 1_000
"""The position from which those of documents stand."""
MOST_SHOWN = 20
"""Of one record: what has more is a timetable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """That a record asks for something until a day.

    `key` tells the deadlines of a record apart, and stays the same when the day is corrected. `told_at` is when a page
    or a document said so first; `url` is the portal's page.
    """

    record: str
    key: str
    deadline: Deadline
    told_at: datetime
    title: str
    source: str
    url: str


def save(session: Session, record: str, found: Iterable[Deadline], *, at: datetime, new: bool = False) -> None:
    """Keeps what a record's page says, in place of what it said before. A `new` record has said nothing."""
    rows = list(_rows(record, None, found, at=at))
    opened = batch.of(session)
    if not new:
        batch.flush(session)
        _replace(session, rows, record, of_documents=False)
    elif opened and record in opened.made:  # behind its record, and not before those to come
        for row in rows:
            batch.later(session, _INSERT, row)
    elif rows:
        session.connection().execute(_INSERT, rows)


def save_of_documents(
    session: Session, record: str, found: Iterable[tuple[str, Iterable[dict[str, Any]]]], *, at: datetime
) -> None:
    """Keeps what the documents say that a record shows: of each its id, and its deadlines in their JSON shape."""
    rows = [row for name, told in found for row in _rows(record, name, map(shapes.deadline_of, told), at=at)]
    for position, row in enumerate(rows, _OF_DOCUMENTS):
        row["position"] = position
    batch.flush(session)
    _replace(session, rows, record, of_documents=True)


def _rows(record: str, document: str | None, found: Iterable[Deadline], *, at: datetime) -> Iterator[dict[str, Any]]:
    counted: Counter[str] = Counter()
    for position, one in enumerate(found):
        counted[one.what] += 1
        yield {
            "record": record, "key": f"{document or 'page'} {one.what} {counted[one.what]}", "position": position,
            "document": document, "at": one.on.at, "precision": one.on.precision, "what": one.what,
            "evidence": one.evidence, "told_at": at,
        }  # fmt: skip


def _replace(session: Session, rows: list[dict[str, Any]], record: str, *, of_documents: bool) -> None:
    """Writes rows in place of those before, if they differ; what was told before keeps the time of that."""
    side = PrintedDeadline.document
    those = PrintedDeadline.record == record, side.is_not(None) if of_documents else side.is_(None)
    kept = {row.key: row for row in session.execute(select(*PrintedDeadline.__table__.columns).where(*those))}
    if [tuple(getattr(row, name) for name in _SAID) for row in sorted(kept.values(), key=lambda row: row.position)] == [
        tuple(row[name] for name in _SAID) for row in rows
    ]:
        return
    if kept:
        session.execute(delete(PrintedDeadline).where(*those), execution_options={"synchronize_session": False})
    told = [row | {"told_at": kept[row["key"]].told_at} if row["key"] in kept else row for row in rows]
    if told:
        session.connection().execute(_INSERT, told)


def of(session: Session, article: Article) -> list[dict[str, Any]]:
    """A record's deadlines: those of its page in their order, then those that its documents alone say."""
    rows = session.scalars(
        select(PrintedDeadline).where(PrintedDeadline.record == article.id).order_by(PrintedDeadline.position)
    )
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        one = _said(row)
        if _is_timely(one, article.published_at):
            found.setdefault((one.on, one.what), shapes.deadline(one) | {"document": row.document})
    return list(islice(found.values(), MOST_SHOWN))


def listed(session: Session, wanted: Wanted, *, limit: int) -> list[Due]:
    """The last of the deadlines that are wanted, in order. A withheld record has none, and an article no field."""
    if wanted.fields:
        return []
    query = (
        select(PrintedDeadline, Article)
        .join(Article, Article.id == PrintedDeadline.record)
        .where(PrintedDeadline.at >= datetime.combine(wanted.since, time(), VIETNAM))
        .order_by(PrintedDeadline.at, PrintedDeadline.record, PrintedDeadline.position)
    )
    if wanted.source:
        query = query.where(Article.source == wanted.source)
    words = text.fold(wanted.typed).split()
    found: dict[tuple[Any, ...], Due] = {}
    for row, article in session.execute(query):
        one = _said(row)
        said = text.fold(f"{article.title} {one.evidence}") if words else ""
        if _is_timely(one, article.published_at) and all(word in said for word in words):
            due = Due(
                record=row.record, key=row.key, deadline=one, told_at=row.told_at, title=article.title,
                source=article.source, url=article.url,
            )  # fmt: skip
            found.setdefault((row.record, one.on, one.what), due)
    hidden = latest.withheld(session, {one.record for one in found.values()})
    return [one for one in found.values() if one.record not in hidden][-limit:]


def _said(row: PrintedDeadline) -> Deadline:
    on = Moment(at=row.at.astimezone(VIETNAM), precision="minute" if row.precision == "minute" else "day")
    return Deadline(on=on, what=row.what, evidence=row.evidence)  # type: ignore[arg-type]  # the table's word for it


def _is_timely(one: Deadline, published: datetime | None) -> bool:
    day: date | None = published.astimezone(VIETNAM).date() if published else None
    return any(deadlines.timely([one], day))
