"""Same story: records that print one article, on several portals or twice on one, found as they come in.

One record stands for a story, the first that told it; the others bear its id in `articles.story`, and each of them is
like it: likeness is not handed on from one to the next. Only such a record has keys in the database
(`storage.resemblance` makes them), and no key has more than MOST records: one that so many texts have is a template's.
So what an article costs to place grows neither with the archive nor with its story.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage import batch, events, resemblance
from storage.events import Subject
from storage.models import Article, ArticleVersion, StoryKey
from storage.resemblance import FEW, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from storage.resemblance import Key

MOST = 20
"""Records that one key leads to. One that has so many is not followed, nor given to another record."""
TRIED = 4
"""Of those that share most keys with an article, how many are compared with it."""
LISTED = 100
"""Records of a story that are named with each of them."""
_BRIEF = 120  # words; of a longer text one key in common is a stock phrase
_AT_ONCE = 50

_INSERT_KEY = insert(StoryKey.__table__)  # type: ignore[arg-type]
_BY_KEYS = select(StoryKey.key, StoryKey.record).where(StoryKey.key.in_(bindparam("keys", expanding=True)))
_DELETE_KEYS = delete(StoryKey).where(
    StoryKey.record == bindparam("record"), StoryKey.key.in_(bindparam("keys", expanding=True))
)
_SET_STORY = update(Article.__table__).where(Article.id == bindparam("record")).values(story=bindparam("to"))  # type: ignore[arg-type]
_TOLD = select(
    Article.id, Article.kind, Article.source, Article.title, Article.url, Article.version, Article.published_at,
    Article.precision, Article.story, Article.first_seen, ArticleVersion.body_text,
).join(ArticleVersion, (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version))  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A record that is new, or says something else: what it says now, and (`before`) what it said until now.

    `at` and `origin` are those of the visit; the events of what follows have them too. `older` is one that has no
    other event to tell of it.
    """

    subject: Subject
    text: Text
    at: datetime
    origin: str
    before: Text | None = None
    older: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A record that an arrival may be like."""

    subject: Subject
    text: Text


def arrived(
    session: Session, row: Article, body: str, *, at: datetime, origin: str, before: ArticleVersion | None = None
) -> None:
    """Finds the story of a record that was made or changed in this transaction; in a batch at its end, with all others.

    `body` is what it says now, `before` the version that it had until now. A procedure is one record wherever it is
    told of, and needs no story.
    """
    if row.kind != "procedure":
        arrival = Arrival(
            subject=_subject(row),
            text=resemblance.read(row.title, body),
            at=at,
            origin=origin,
            before=resemblance.read(before.title, before.body_text) if before else None,
        )
        batch.at_end(session, _place, arrival)


def _place(session: Session, arrivals: Sequence[Arrival]) -> None:
    batch.flush(session)
    latest: dict[str, Arrival] = {}
    for arrival in arrivals:
        earlier = latest.get(arrival.subject.id)
        latest[arrival.subject.id] = replace(arrival, before=earlier.before) if earlier else arrival
    _seek(session, [free for one in latest.values() for free in _freed(session, one)])


def _seek(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Puts each record to the story that it tells, or lets it stand for its own."""
    holders = _holders(session, {key for one in arrivals for key in one.text.keys})
    known = _known(session, {name for one in arrivals for name in _candidates(one, holders)})
    for one in arrivals:
        told = (known[name] for name in _candidates(one, holders) if name in known)
        first = next((other for other in told if _alike(one, other)), None)
        if first is not None:
            _join(session, one, first)
            continue
        known[one.subject.id] = itself = _Known(subject=one.subject, text=one.text)
        _stand(session, itself, holders)


def _holders(session: Session, keys: Iterable[Key]) -> dict[Key, list[str]]:
    """The records that each of these keys leads to."""
    batch.send(session)
    holders: dict[Key, list[str]] = {}
    if wanted := sorted(keys):
        for key, record in session.execute(_BY_KEYS, {"keys": wanted}):
            holders.setdefault(key, []).append(record)
    return holders


def _candidates(one: Arrival, holders: dict[Key, list[str]]) -> list[str]:
    """The records that share most keys with this one."""
    sharing = Counter(
        name
        for key in one.text.keys
        if len(found := holders.get(key, ())) < MOST
        for name in found
        if name != one.subject.id
    )
    least = 1 if len(one.text.tokens) < _BRIEF else 2
    ranked = sorted(((-count, name) for name, count in sharing.items() if count >= least))
    return [name for _, name in ranked[:TRIED]]


def _known(session: Session, names: Iterable[str]) -> dict[str, _Known]:
    if not (wanted := sorted(names)):
        return {}
    return {row.id: _as_known(row) for row in session.execute(_TOLD.where(Article.id.in_(wanted)))}


def _subject(row: Any) -> Subject:
    return Subject(
        id=row.id, version=row.version, source=row.source, title=row.title, url=row.url, published_at=row.published_at,
        precision=row.precision,
    )  # fmt: skip


def _as_known(row: Any) -> _Known:
    return _Known(subject=_subject(row), text=resemblance.read(row.title, row.body_text))


def _alike(one: Arrival, other: _Known) -> bool:
    days = None
    if one.subject.published_at and other.subject.published_at:
        days = (one.subject.published_at - other.subject.published_at).total_seconds() / 86_400
    return resemblance.compare(one.text, other.text, days=days) is not None


def _join(session: Session, one: Arrival, first: _Known) -> None:
    _set_story(session, one.subject.id, first.subject.id)
    _tell(session, first.subject, one, {"added": one.subject.id})
    if one.older:
        _tell(session, one.subject, one, {"to": first.subject.id})


def _stand(session: Session, one: _Known, holders: dict[Key, list[str]]) -> None:
    """Lets others find a record."""
    for key in one.text.keys[:FEW]:
        found = holders.setdefault(key, [])
        if len(found) < MOST and one.subject.id not in found:
            found.append(one.subject.id)
            batch.later(session, _INSERT_KEY, {"key": key, "record": one.subject.id})


def _freed(session: Session, one: Arrival) -> list[Arrival]:
    """The records that have no story now: one that is new or tells another than before, and those it leaves behind."""
    if one.before is None:
        return [one]
    own = one.subject.id
    story = session.scalar(select(Article.story).where(Article.id == own)) or own
    if story != own:
        first = _known(session, [story])[story]
        if _alike(one, first):
            return []
        _set_story(session, own, own)
        _tell(session, first.subject, one, {"removed": own})
        return [one]
    _set_story(session, own, own)  # one that was not compared yet has none
    session.execute(_DELETE_KEYS, {"record": own, "keys": one.before.keys[:FEW]})
    names = session.scalars(_others(own)).all()
    members = _known(session, names)
    if names and _alike(one, members[names[0]]):
        _stand(session, _Known(subject=one.subject, text=one.text), _holders(session, one.text.keys))
        return []
    return [one, *_handed_over(session, one, [members[name] for name in names])]


def _handed_over(session: Session, one: Arrival, members: Sequence[_Known]) -> list[Arrival]:
    """Lets the next record stand for the story that one has left; the members that are not like that one are free."""
    free: list[Arrival] = []
    for number, member in enumerate(members):
        itself = Arrival(subject=member.subject, text=member.text, at=one.at, origin=one.origin, older=True)
        stays = number == 0 or _alike(itself, members[0])
        to = (members[0] if stays else member).subject.id
        _set_story(session, member.subject.id, to)
        _tell(session, member.subject, one, {"to": to})
        if not stays:
            free.append(itself)
    if members:
        _stand(session, members[0], _holders(session, members[0].text.keys))
    return free


def _set_story(session: Session, record: str, to: str) -> None:
    session.connection().execute(_SET_STORY, {"record": record, "to": to})


def _tell(session: Session, subject: Subject, one: Arrival, change: dict[str, str]) -> None:
    events.append(
        session, "record.updated", subject, at=one.at, origin=one.origin, changes=[{"field": "group"} | change]
    )


def _others(story: str) -> Select[str]:
    """The records of a story but the one that stands for it, the first seen first."""
    return (
        select(Article.id).where(Article.story == story, Article.id != story).order_by(Article.first_seen, Article.id)
    )


def catch_up(session: Session) -> bool:
    """Compares some of the records that were archived before records were compared; whether there are more."""
    rows = session.execute(_TOLD.where(Article.story.is_(None)).order_by(Article.first_seen).limit(_AT_ONCE)).all()
    for row in rows:
        _set_story(session, row.id, row.id)
    known, now = [_as_known(row) for row in rows if row.kind != "procedure"], datetime.now(UTC)
    _seek(
        session,
        [Arrival(subject=one.subject, text=one.text, at=now, origin="replay", older=True) for one in known],
    )
    return len(rows) == _AT_ONCE


def stories(session: Session, records: Iterable[str]) -> dict[str, str]:
    """The story of each of these records: the id of the record that stands for it."""
    found = session.execute(select(Article.id, Article.story).where(Article.id.in_(list(records))))
    return {record: story or record for record, story in found}


def elsewhere(session: Session, told: Iterable[str]) -> dict[str, list[str]]:
    """The records of each of these stories, the first seen first; a story that one record tells has that one."""
    members: dict[str, list[str]] = {}
    asked = select(Article.story, Article.id).where(Article.story.in_(list(told)))
    for story, record in session.execute(asked.order_by(Article.first_seen, Article.id)):
        members.setdefault(str(story), []).append(record)
    return members


def group(session: Session, record: str) -> list[dict[str, Any]]:
    """The other records of a record's story as `show` tells of them, the first published first; LISTED at most."""
    story = session.scalar(select(Article.story).where(Article.id == record))
    if story is None:
        return []
    others = (
        select(Article)
        .where(Article.story == story, Article.id != record)
        .order_by(func.coalesce(Article.published_at, Article.first_seen), Article.id)
        .limit(LISTED)
    )
    return [
        {
            "id": other.id,
            "source": other.source,
            "title": other.title,
            "url": other.url,
            "published_at": events.iso(other.published_at),
            "precision": other.precision,
            "state": other.state,
        }
        for other in session.scalars(others)
    ]
