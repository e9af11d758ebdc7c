"""Lists of procedures as they stood on a day, and what each of them looks like. Shapes are the contract's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from scraper import text
from scraper.items import VIETNAM
from storage import events, places, successions, timeline
from storage.procedure_tables import Procedure, ProcedureAnnouncement, ProcedurePlace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from storage.timeline import Standing, Step

_FEW = 500
_OF_STEPS = [
    getattr(ProcedureAnnouncement, name)
    for name in (
        "id",
        "record",
        "change",
        "number",
        "issued",
        "effective",
        "published",
        "seen_at",
        "withdrawn_at",
        "source",
    )
]
_OF_LISTINGS = [
    getattr(ProcedurePlace, name)
    for name in ("id", "record", "role", "source", "platform", "since", "ended_at", "article", "last_checked")
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which procedures are asked for, as they stood on the day `as_of`.

    `typed` are words of name, code, field or decision, in any order and with or without accents; `change` asks for a
    decision of that kind, and `since` for one that takes effect on that day or later (or, with no `change`, for an edit
    then or later).
    """

    as_of: date
    typed: str = ""
    state: str | None = None
    change: str | None = None
    field: str | None = None
    level: str | None = None
    source: str | None = None
    since: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known of a procedure's places and steps: rows of the two tables, or columns of them.

    `gone` says of pages that are there no more when they were there last, `successions` which procedures it replaces
    and is replaced by.
    """

    announcements: Sequence[Any]
    places: Sequence[Any]
    steps: Sequence[Step]
    gone: Mapping[str, datetime]
    successions: Mapping[str, list[dict[str, Any]]]

    def standing(self, day: date) -> Standing:
        """How the procedure stands on a day."""
        listings = [places.listing(place, self.gone.get(place.article)) for place in self.places]
        return timeline.state(self.steps, list(filter(None, listings)), day)


def fields(session: Session) -> list[str]:
    """All fields (lĩnh vực) of procedures, in order."""
    found = session.scalars(select(Procedure.field).where(Procedure.field.is_not(None)).distinct())
    return sorted(filter(None, found), key=text.fold)


def listed(session: Session, wanted: Wanted, *, limit: int = 50, offset: int = 0) -> tuple[int, list[dict[str, Any]]]:
    """How many procedures are as wanted, and some of them: those with the newest decisions first, then by name."""
    found = _candidates(session, wanted)
    known = known_of(session, found, whole=False)
    chosen = [
        (_newest(known[record], wanted.as_of), text.fold(name), record)
        for record, (name, edited) in found.items()
        if _is_wanted(known[record], edited, wanted)
    ]
    chosen.sort(key=lambda one: (-one[0].toordinal(), *one[1:]))
    ids = [record for *_, record in chosen[offset : offset + limit]]
    rows = {row.id: row for row in session.scalars(select(Procedure).where(Procedure.id.in_(ids)))}
    whole = known_of(session, ids)
    return len(chosen), [shape(rows[record], whole[record], wanted.as_of) for record in ids]


def _candidates(session: Session, wanted: Wanted) -> dict[str, tuple[str, datetime | None]]:
    """Names and last edits of those that may be wanted by what their rows say, by id."""
    query = select(Procedure.id, Procedure.name, Procedure.field, Procedure.levels, Procedure.edited_at)
    query = query.where(Procedure.merged_into.is_(None))
    for word in text.fold(wanted.typed).split():
        query = query.where(Procedure.words.contains(word, autoescape=True))
    if wanted.source:
        there = select(ProcedurePlace.record).where(ProcedurePlace.source == wanted.source)
        query = query.where(Procedure.id.in_(there))
    field, level = _bare(wanted.field), _bare(wanted.level).removeprefix("cap ")
    return {
        row.id: (row.name, row.edited_at)
        for row in session.execute(query)
        if field in _bare(row.field) and (not level or level in map(text.fold, row.levels))
    }


def _bare(said: str | None) -> str:
    return " ".join(text.words(text.fold(said or "")))


def _is_wanted(known: Known, edited: datetime | None, wanted: Wanted) -> bool:
    steps = [step for step in known.steps if wanted.change in {None, step.change}]
    if wanted.since:
        since = wanted.since
        steps = [step for step in steps if step.day >= since]
        lately = edited is not None and edited.astimezone(VIETNAM).date() >= since
        if not steps and (wanted.change or not lately):
            return False
    if wanted.change and not steps:
        return False
    return wanted.state in {None, known.standing(wanted.as_of).state}


def _newest(known: Known, day: date) -> date:
    return max((step.day for step in known.steps if step.day <= day), default=date.min)


def known_of(session: Session, records: Collection[str], *, whole: bool = True) -> dict[str, Known]:
    """What is known of procedures, by id; with no evidence and addresses unless `whole`."""
    few = len(records) <= _FEW
    told: dict[str, list[Any]] = defaultdict(list)
    here: dict[str, list[Any]] = defaultdict(list)
    for table, columns, kept in ((ProcedureAnnouncement, _OF_STEPS, told), (ProcedurePlace, _OF_LISTINGS, here)):
        query: Select[Any] = (select(table) if whole else select(*columns)).order_by(table.id)
        if few:  # of very many at once all are read: no database takes so many ids
            query = query.where(table.record.in_(records))
        for row in session.scalars(query) if whole else session.execute(query):
            kept[row.record].append(row)
    gone = places.last_seen(session, records if few else None)
    others = successions.of(session, records) if whole else {}
    return {
        record: Known(
            announcements=told[record], places=here[record], steps=places.steps(told[record]), gone=gone,
            successions=others.get(record) or {"replaces": [], "replaced_by": []},
        )
        for record in records
    }  # fmt: skip


def shape(row: Procedure, known: Known, day: date) -> dict[str, Any]:
    """A procedure as the contract writes it, as it stood on a day, and all that we know beside."""
    standing = known.standing(day)
    by_id = {one.id: one for one in known.announcements}
    step = standing.step or (known.steps[0] if known.steps else None)
    first = by_id[step.told[0].key] if step else None
    elsewhere = {one.key for one in standing.elsewhere}
    told = {**row.fields, "raw": labelled(row.fields["raw"])}
    if step is not None and first is not None:
        told |= {"decision": first.decision or told["decision"], "effective_from": step.day.isoformat()}
    return {
        "id": row.id,
        **told,
        "change": step.change if step else None,
        "evidence": first.evidence if first else None,
        **known.successions,
        "state": standing.state,
        "state_since": standing.since.isoformat() if standing.since else None,
        "still_listed": [_place(place) for place in known.places if place.id in elsewhere],
        "source": row.source,
        "url": row.url,
        "places": [_place(place) for place in known.places],
        "versions": row.version,
        "first_seen": events.iso(row.first_seen),
        "last_checked": events.iso(row.last_checked),
        "timeline": [step_shape(one, by_id) for one in known.steps],
    }


def labelled(raw: Iterable[Sequence[str]]) -> dict[str, str]:
    """Labels with their texts; what stands under one label twice is told twice."""
    told: dict[str, str] = {}
    for label, said in raw:
        told[label] = f"{told[label]}\n{said}" if label in told else said
    return told


def _place(place: ProcedurePlace) -> dict[str, Any]:
    return {
        "source": place.source,
        "platform": place.platform,
        "url": place.url,
        "role": place.role,
        "record": place.article,
        "version": place.version,
        "since": place.since.isoformat(),
        "first_seen": events.iso(place.first_seen),
        "last_checked": events.iso(place.last_checked),
        "ended_at": events.iso(place.ended_at),
    }


def step_shape(step: Step, by_id: Mapping[int, Any]) -> dict[str, Any]:
    """A step of a timeline with all pages that tell of it; `by_id` are the procedure's announcements."""
    told = [by_id[one.key] for one in step.told]
    return {
        "change": step.change,
        "state": timeline.MEANS[step.change],
        "effective_from": step.day.isoformat(),
        "basis": step.basis,
        "decision": next((one.decision for one in told if one.decision), None),
        "evidence": told[0].evidence,
        "provinces": sorted(step.provinces),
        "told_by": [
            {"source": one.source, "url": one.url, "record": one.article, "seen": events.iso(one.seen_at)}
            for one in told
        ],
    }
