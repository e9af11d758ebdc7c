"""Same story: records that print one article, on several portals or twice on one, found as they come in.

One record stands for a story, the first that told it; the others bear its id in `articles.story`, and each of them is
like it: likeness is not handed on from one to the next. Only such a record has keys in the database
(`scraper.sketch` makes them), and no key has more than MOST records: one that so many texts have is a template's.
So what an article costs to place grows neither with the archive nor with its story. Texts are read of those records
alone that keys, titles and dates do not rule out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from scraper import sketch
from scraper.sketch import FEW
from storage import batch, events, resemblance
from storage.events import Subject
from storage.models import Article, ArticleVersion, StoryKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from scraper.sketch import Key, Sketch
    from storage.resemblance import Text

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
_ABOUT = (
    Article.id, Article.kind, Article.source, Article.title, Article.url, Article.version, Article.published_at,
    Article.precision, Article.story, Article.first_seen,
)  # fmt: skip
_OF_NOW = (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version)
_BRIEFLY = select(*_ABOUT).where(Article.id.in_(bindparam("names", expanding=True)))
_TOLD = select(*_ABOUT, ArticleVersion.body_text).join(ArticleVersion, _OF_NOW)
_BODIES = (
    select(Article.id, ArticleVersion.body_text)
    .join(ArticleVersion, _OF_NOW)
    .where(Article.id.in_(bindparam("names", expanding=True)))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A record that an arrival may be like."""

    subject: Subject
    body: str

    @property
    def text(self) -> Text:
        return resemblance.read(self.subject.title, self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival(_Known):
    """A record that is new, or says something else: what it says now, and (`before`) the sketch of what it said.

    `at` and `origin` are those of the visit; the events of what follows have them too. `older` is one that has no
    other event to tell of it.
    """

    sketch: Sketch
    at: datetime
    origin: str
    before: Sketch | None = None
    older: bool = False


def arrived(
    session: Session, row: Article, body: str, drawn: Sketch | None = None, *, at: datetime, origin: str,
    before: ArticleVersion | None = None,
) -> None:  # fmt: skip
    """Finds the story of a record that was made or changed in this transaction; in a batch at its end, with all others.

    `body` is what it says now (`drawn` its sketch, if whoever read the page made it), `before` the version that it had
    until now. A procedure is one record wherever it is told of, and needs no story.
    """
    if row.kind != "procedure":
        arrival = Arrival(
            subject=_subject(row),
            body=body,
            sketch=drawn or sketch.of(body),
            at=at,
            origin=origin,
            before=sketch.of(before.body_text) if before else None,
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
    holders = _holders(session, {key for one in arrivals for key in one.sketch.keys})
    found = [(one, _candidates(one, holders)) for one in arrivals]
    about = _about(session, {name for _, names in found for name in names})
    likely = {
        name for one, names in found for name in names if name in about and _may_be_like(one, about[name], holders)
    }
    known = _known(session, {name: about[name] for name in likely})
    for one in arrivals:
        told = (known[name] for name in _candidates(one, holders) if name in known)
        first = next(
            (other for other in told if _may_be_like(one, other.subject, holders) and _alike(one, other)), None
        )
        if first is not None:
            _join(session, one, first)
            continue
        known[one.subject.id] = one
        _stand(session, one.subject.id, one.sketch, holders)


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
        for key in one.sketch.keys
        if len(found := holders.get(key, ())) < MOST
        for name in found
        if name != one.subject.id
    )
    least = 1 if one.sketch.size < _BRIEF else 2
    ranked = sorted(((-count, name) for name, count in sharing.items() if count >= least))
    return [name for _, name in ranked[:TRIED]]


def _about(session: Session, names: Iterable[str]) -> dict[str, Subject]:
    if not (wanted := sorted(names)):
        return {}
    return {row.id: _subject(row) for row in session.execute(_BRIEFLY, {"names": wanted})}


def _may_be_like(one: Arrival, other: Subject, holders: dict[Key, list[str]]) -> bool:
    """Whether the texts must be read to tell: what `resemblance.compare` would not deny for dates and titles alone."""
    days = _days_between(one.subject, other)
    if days is not None and abs(days) > resemblance.WINDOW and not _has_keys_of(one, other.id, holders):
        return False
    return not resemblance.differ(one.subject.title, other.title, one.sketch.size)


def _has_keys_of(one: Arrival, other: str, holders: dict[Key, list[str]]) -> bool:
    """Whether a record has the keys that one with the same words has: all but those that were full when it came."""
    return all(other in (found := holders.get(key, ())) or len(found) >= MOST for key in one.sketch.keys[:FEW])


def _known(session: Session, subjects: dict[str, Subject]) -> dict[str, _Known]:
    """Records with what they say now."""
    if not subjects:
        return {}
    rows = session.execute(_BODIES, {"names": sorted(subjects)})
    return {row.id: _Known(subject=subjects[row.id], body=row.body_text) for row in rows}


def _subject(row: Any) -> Subject:
    return Subject(
        id=row.id, version=row.version, source=row.source, title=row.title, url=row.url, published_at=row.published_at,
        precision=row.precision,
    )  # fmt: skip


def _alike(one: _Known, other: _Known) -> bool:
    days = _days_between(one.subject, other.subject)
    return resemblance.compare(one.text, other.text, days=days) is not None


def _days_between(one: Subject, other: Subject) -> float | None:
    if one.published_at and other.published_at:
        return (one.published_at - other.published_at).total_seconds() / 86_400
    return None


def _join(session: Session, one: Arrival, first: _Known) -> None:
    _set_story(session, one.subject.id, first.subject.id)
    _tell(session, first.subject, one, {"added": one.subject.id})
    if one.older:
        _tell(session, one.subject, one, {"to": first.subject.id})


def _stand(session: Session, record: str, drawn: Sketch, holders: dict[Key, list[str]]) -> None:
    """Lets others find a record."""
    for key in drawn.keys[:FEW]:
        found = holders.setdefault(key, [])
        if len(found) < MOST and record not in found:
            found.append(record)
            batch.later(session, _INSERT_KEY, {"key": key, "record": record})


def _freed(session: Session, one: Arrival) -> list[Arrival]:
    """The records that have no story now: one that is new or tells another than before, and those it leaves behind."""
    if one.before is None:
        return [one]
    own = one.subject.id
    story = session.scalar(select(Article.story).where(Article.id == own)) or own
    if story != own:
        first = _known(session, _about(session, [story]))[story]
        if _alike(one, first):
            return []
        _set_story(session, own, own)
        _tell(session, first.subject, one, {"removed": own})
        return [one]
    _set_story(session, own, own)  # one that was not compared yet has none
    session.execute(_DELETE_KEYS, {"record": own, "keys": list(one.before.keys[:FEW])})
    names = session.scalars(_others(own)).all()
    members = _known(session, _about(session, names))
    if names and _alike(one, members[names[0]]):
        _stand(session, own, one.sketch, _holders(session, one.sketch.keys))
        return []
    return [one, *_handed_over(session, one, [members[name] for name in names])]


def _handed_over(session: Session, one: Arrival, members: Sequence[_Known]) -> list[Arrival]:
    """Lets the next record stand for the story that one has left; the members that are not like that one are free."""
    free: list[Arrival] = []
    for number, member in enumerate(members):
        itself = _older(member, at=one.at, origin=one.origin)
        stays = number == 0 or _alike(itself, members[0])
        to = (members[0] if stays else member).subject.id
        _set_story(session, member.subject.id, to)
        _tell(session, member.subject, one, {"to": to})
        if not stays:
            free.append(itself)
    if members:
        drawn = sketch.of(members[0].body)
        _stand(session, members[0].subject.id, drawn, _holders(session, drawn.keys))
    return free


def _older(one: _Known, *, at: datetime, origin: str) -> Arrival:
    return Arrival(subject=one.subject, body=one.body, sketch=sketch.of(one.body), at=at, origin=origin, older=True)


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
    told = [_Known(subject=_subject(row), body=row.body_text) for row in rows if row.kind != "procedure"]
    now = datetime.now(UTC)
    _seek(session, [_older(one, at=now, origin="replay") for one in told])
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
