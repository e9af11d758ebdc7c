"""What a procedure's places say of it, and which of them is believed.

A procedure's own page goes before a list, a list before a page that merely speaks of it; among equals the national
portal goes first, then whoever said something new last. What the first one leaves out is filled in from the next. See
docs/decisions/0004-procedures.md.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select

from scraper import shapes, text, urls
from scraper.items import VIETNAM
from storage import diff, events, numbers, successions, timeline
from storage.models import Article
from storage.procedure_tables import NamedNumber, Procedure, ProcedureAnnouncement, ProcedurePlace, ProcedureVersion
from storage.timeline import Announcement, Listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper import items
    from storage.timeline import Step

    Saying = tuple[ProcedurePlace, ProcedureVersion]

Role = Literal["page", "list", "mention"]
"""What a place is: a procedure's own page, a list of what is in force, or a page that merely speaks of it."""

NATIONAL = "dichvucong"
"""The id of the national portal, as a source or a platform: every procedure is published there first."""
FIELDS = (
    "code", "name", "field", "levels", "kind", "decision", "agency", "carried_out_by", "applicants", "ways", "steps",
    "dossier", "time_limit", "fees", "result", "legal_basis", "conditions", "effective_from",
)  # fmt: skip
"""What is told of a procedure itself; beside it stands `raw`, every label with its text."""
COUNTERS = frozenset({"", "stt", "tt", "so thu tu", "luot xem", "so luot xem", "luot truy cap", "luot tai"})
"""Labels, folded, whose text changes though nothing was edited."""
_PREFIX = re.compile(r"(?:thu tuc(?: hanh chinh)?|tthc) ")
_RANK: dict[str, int] = {"page": 2, "list": 1, "mention": 0}
_CHUNK = 500
_SHORT = 200
"""Letters up to which an event tells a field's old and new text, and not only how many words changed."""


def name_key(name: str) -> str:
    """What two spellings of a procedure's name have in common, as a short key.

    >>> name_key("Thủ tục Cấp phép xây dựng.") == name_key("cấp phép  xây dựng")
    True
    """
    folded = " ".join(text.words(text.fold(name)))
    return urls.record_id(_PREFIX.sub("", folded, count=1))


def is_national(place: ProcedurePlace) -> bool:
    """Whether a place is at the national portal."""
    return NATIONAL in {place.platform, place.source.partition("/")[0]}


def province(source: str) -> str | None:
    """The province whose portal a source is: the folder of its file. The national portal is of none."""
    folder = source.partition("/")[0]
    return None if folder == NATIONAL else folder


def fields(said: Iterable[items.Procedure]) -> dict[str, Any]:
    """What one page says of a procedure, as it is kept: of several rows, each field of the first that has it.

    The decision and the day of a row that announces a change are those of the change, and a step of the timeline.
    """
    merged: dict[str, Any] = {}
    raw: list[list[str]] = []
    for one in said:
        told = shapes.procedure(one)
        if one.change:
            told |= {"decision": None, "effective_from": None}
        for name in FIELDS:
            merged[name] = merged.get(name) or told[name]
        raw += [list(pair) for pair in one.raw if list(pair) not in raw]
    return merged | {"raw": raw}


def since(told: Mapping[str, Any], seen: datetime) -> date:
    """From which day a procedure is in force where a place names it as such."""
    decision = told["decision"] or {}
    for said in (told["effective_from"], decision.get("date")):
        if said:
            return date.fromisoformat(said)
    return seen.astimezone(VIETNAM).date()


def as_text(told: Mapping[str, Any]) -> str:
    """All that is told, a paragraph a field, for counting words and for search."""
    return "\n".join(filter(None, (field_text(told[name]) for name in FIELDS)))


def field_text(value: Any) -> str:
    """A field as text: rows of a table below each other, a document by its number and title."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        said = (value["normal"] or value["raw"], value["title"]) if "normal" in value else value.values()
        return " · ".join(str(part) for part in said if part not in (None, ""))
    if isinstance(value, list):
        return "\n".join(map(field_text, value))
    return "" if value is None else str(value)


def _bare(value: Any) -> str:
    """A field's text without what two portals write differently: case, marks, spaces, punctuation."""
    return " ".join(text.words(text.fold(field_text(value))))


def edits(
    role: str, before: Mapping[str, Any], after: Mapping[str, Any], elsewhere: Mapping[str, set[str]]
) -> list[dict[str, Any]]:
    """What was edited at a place between two of its versions, as an event tells it.

    Not: another spelling, what another place says already, nor what only our reading of the same labels brought. A page
    that merely speaks of a procedure edits nothing, and only its own page says that something is so no more.
    """
    if role == "mention" or (before["raw"] and before["raw"] == after["raw"]):
        return []
    changed = []
    for name in FIELDS:
        bare = _bare(after[name])
        if _bare(before[name]) != bare and (bare or role == "page") and bare not in elsewhere.get(name, ()):
            changed.append(_edit(name, field_text(before[name]), field_text(after[name])))
    if role == "page" and not changed and as_text(before) == as_text(after):
        old, new = _labels(before), _labels(after)
        if names := [label for label in {**old, **new} if old.get(label) != new.get(label)]:
            changed.append({"field": "raw", "labels": names})
    return changed


def _edit(name: str, old: str, new: str) -> dict[str, Any]:
    if name == "decision":
        old, new = old.partition(" · ")[0], new.partition(" · ")[0]
    if len(old) <= _SHORT and len(new) <= _SHORT:
        return {"field": name, "from": old, "to": new}
    added, removed = diff.counts(diff.words(old, new))
    return {"field": name, "words_added": added, "words_removed": removed}


def _labels(told: Mapping[str, Any]) -> dict[str, str]:
    return {label: " ".join(said.split()) for label, said in told["raw"] if text.fold(label) not in COUNTERS}


def said_elsewhere(session: Session, place: ProcedurePlace) -> dict[str, set[str]]:
    """What the other places of a procedure say just now, by field."""
    said: dict[str, set[str]] = {}
    for other, version in current(session, [place.record]).get(place.record, []):
        if other.id != place.id:
            for name in FIELDS:
                if bare := _bare(version.fields[name]):
                    said.setdefault(name, set()).add(bare)
    return said


def current(session: Session, records: Iterable[str]) -> dict[str, list[Saying]]:
    """The places of procedures with what they say now, by procedure, the most believed first.

    Places that ended are left out where there is any other.
    """
    query = select(ProcedurePlace, ProcedureVersion).join(
        ProcedureVersion,
        (ProcedureVersion.record == ProcedurePlace.record) & (ProcedureVersion.version == ProcedurePlace.version),
    )
    found: dict[str, list[Saying]] = defaultdict(list)
    for some in chunks(records):
        for place, version in session.execute(query.where(ProcedurePlace.record.in_(some))):
            found[place.record].append((place, version))
    for record, said in found.items():
        there = [pair for pair in said if pair[0].ended_at is None] or said
        found[record] = sorted(there, key=_rank, reverse=True)
    return found


def _rank(pair: Saying) -> tuple[int, bool, datetime, int]:
    place, version = pair
    return _RANK[place.role], is_national(place), version.at, place.id


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Values, as many at a time as every database takes."""
    wanted = sorted(values)
    for start in range(0, len(wanted), _CHUNK):
        yield wanted[start : start + _CHUNK]


def settle(
    session: Session,
    row: Procedure,
    said: Sequence[Saying],
    done: Sequence[Step],
    told: Iterable[ProcedureAnnouncement],
) -> None:
    """Makes a procedure say what its places say together, and links it to the documents that it names.

    `said` is from `current`, `told` are all announcements of it, and `done` the steps that they make.
    """
    best, first = said[0]
    row.source, row.platform, row.url = best.source, best.platform, best.url
    together = {
        name: next((version.fields[name] for _, version in said if version.fields[name]), first.fields[name])
        for name in FIELDS
    }
    row.fields = together | {"code": row.code, "raw": first.fields["raw"]}
    row.name = row.fields["name"] or row.name
    row.name_key = name_key(row.name)
    row.field, row.levels = row.fields["field"], row.fields["levels"]
    own = row.fields["decision"]
    said_of = [row.name, row.code, row.field, *(step.number for step in done), row.fields["agency"], field_text(own)]
    row.words = text.fold(" ".join(filter(None, said_of)))
    decisions = [(one.source, one.decision) for one in told if one.decision]
    named = [(row.source, one) for one in ([own] if own else []) + row.fields["legal_basis"]]
    if named or decisions or row.version > 1:
        numbers.save(session, row.id, "", decisions + named)


def announcements(session: Session, record: str) -> list[ProcedureAnnouncement]:
    """All that pages ever announced of a procedure, withdrawn or not."""
    told = select(ProcedureAnnouncement).where(ProcedureAnnouncement.record == record)
    return list(session.scalars(told.order_by(ProcedureAnnouncement.id)))


def steps(told: Iterable[ProcedureAnnouncement], *, ever: bool = False) -> list[Step]:
    """The steps of a procedure, in the order they take effect; those that anybody `ever` told of, or still does."""
    return timeline.steps(
        Announcement(
            key=one.id,
            change=one.change,  # type: ignore[arg-type]  # only such are written
            number=one.number,
            issued=one.issued,
            effective=one.effective,
            published=one.published,
            seen=one.seen_at.astimezone(VIETNAM).date(),
            province=province(one.source),
        )
        for one in told
        if ever or one.withdrawn_at is None
    )


def listing(place: ProcedurePlace, last_seen: datetime | None) -> Listing | None:
    """What a place says by naming a procedure: that it is in force. `last_seen` is when its page, now gone, was there.

    A page that merely speaks of a procedure says nothing of the kind.
    """
    if place.role == "mention" and not is_national(place):
        return None
    until = place.ended_at or last_seen
    return Listing(
        since=place.since, until=until.astimezone(VIETNAM).date() if until else None, key=place.id,
        province=None if is_national(place) else province(place.source),
        seen=place.last_checked.astimezone(VIETNAM).date(),
    )  # fmt: skip


def merge(session: Session, old: Procedure, into: Procedure, *, at: datetime, origin: str) -> None:
    """A procedure without a code turns out to be one that has one: all that was told of it is told of that one."""
    session.flush()
    here = {(one.source, one.page) for one in session.scalars(_of(ProcedurePlace, into.id))}
    said = {(one.change, one.source, one.page) for one in announcements(session, into.id)}
    for version in session.scalars(_of(ProcedureVersion, old.id).order_by(ProcedureVersion.version)).all():
        version.record, version.version = into.id, version.version + into.version
        version.previous = version.previous + into.version if version.previous else None
    for place in session.scalars(_of(ProcedurePlace, old.id)).all():
        if (place.source, place.page) in here:
            session.delete(place)
        else:
            place.record, place.version = into.id, place.version + into.version
    for one in announcements(session, old.id):
        if (one.change, one.source, one.page) in said:
            session.delete(one)
        else:
            one.record = into.id
    for number in session.scalars(_of(NamedNumber, old.id)).all():
        session.delete(number)
    successions.merged(session, old, into)
    into.version += old.version
    into.first_seen = min(into.first_seen, old.first_seen)
    into.edited_at = into.edited_at or old.edited_at
    old.merged_into = into.id
    session.flush()
    days = [day for day in (into.new_until, old.new_until) if day]
    introduced = any(one.change == "new" for one in announcements(session, into.id))
    into.new_until = None if introduced else max(days, default=None)
    events.append(
        session, "record.updated", subject(old, source=old.source, url=old.url), at=at, origin=origin,
        changes=[{"field": "code", "to": into.code, "record": into.id}],
    )  # fmt: skip


def _of(table: Any, record: str) -> Any:
    return select(table).where(table.record == record)


def subject(row: Procedure, *, source: str, url: str, published: items.Moment | None = None) -> events.Subject:
    """What an event of a procedure names, where a page of a source told of it: the code of one without a name."""
    return events.Subject(
        id=row.id, version=row.version, source=source, title=row.name or row.code or "", url=url,
        published_at=published.at if published else None, precision=published.precision if published else None,
    )  # fmt: skip


def last_seen(session: Session, records: Collection[str] | None) -> dict[str, datetime]:
    """Of pages of these procedures (None for all) that are there no more: when they were there last, by article."""
    here = select(ProcedurePlace.article).where(ProcedurePlace.article.is_not(None))
    if records is not None:
        here = here.where(ProcedurePlace.record.in_(records))
    gone = select(Article.id, Article.last_checked).where(Article.state == "gone", Article.id.in_(here))
    return {row.id: row.last_checked for row in session.execute(gone)}
