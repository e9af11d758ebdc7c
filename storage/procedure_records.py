"""Reading one procedure back: with its places and its timeline, its history, the way between two versions."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from scraper import legal
from scraper.items import VIETNAM
from storage import diff, document_records, events, numbers, places
from storage.document_records import capture_shape
from storage.models import Article, ArticleVersion, Capture
from storage.procedure_lists import known_of, labelled, shape, step_shape
from storage.procedure_tables import NamedNumber, Procedure, ProcedureAnnouncement, ProcedurePlace, ProcedureVersion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy.orm import Session


def find(session: Session, name: str) -> Procedure | None:
    """A procedure by its id or its code, with or without its tail; one that became another is that other."""
    if not name.isascii() or "\0" in name or len(name) > 40:
        return None
    row = session.get(Procedure, name) or session.scalar(
        select(Procedure).where(Procedure.code == (legal.code(name) or name))
    )
    return session.get(Procedure, row.merged_into) if row is not None and row.merged_into else row


def show(session: Session, row: Procedure, version: int | None, day: date) -> dict[str, Any]:
    """A procedure with the keys of every record, and what it says under `procedure`: now, or in one of its versions."""
    known = known_of(session, [row.id])[row.id]
    said = shape(row, known, day)
    chosen = version or max((place.version for place in known.places), default=row.version)
    kept = session.get_one(ProcedureVersion, (row.id, chosen))
    if version is not None:
        said |= {**kept.fields, "raw": labelled(kept.fields["raw"])}
    for step in said["timeline"]:
        step["records"] = _documents(session, row.id, step)
    capture = session.get(Capture, kept.capture) if kept.capture else None
    live = any(place.ended_at is None and place.article not in known.gone for place in known.places)
    return {
        "id": row.id,
        "kind": "procedure",
        "source": row.source if version is None else kept.source,
        "platform": row.platform,
        "url": row.url if version is None else kept.url,
        "canonical_url": None,
        "addresses": list(dict.fromkeys(place.url for place in known.places)),
        "title": said["name"],
        "published_at": None,
        "precision": None,
        "published_raw": None,
        "updated_at": None,
        "summary": None,
        "author": None,
        "section": "procedures",
        "body_text": places.as_text(said),
        "body_html": "",
        "images": [],
        "attachments": attachments(session, row.id),
        "entries": [],
        "counters": {"votes": None, "online": None, "views": None},
        "language": "vi",
        "next_page": None,
        "procedure": said,
        "procedures": [],
        "numbers": numbers.of(session, row.id),
        "named_by": [],
        "version": chosen,
        "versions": row.version,
        "first_seen": events.iso(row.first_seen),
        "last_checked": events.iso(row.last_checked),
        "state": "live" if live else "gone",
        "capture": capture_shape(capture),
        "documents": document_records.of(session, [page.record for page in page_texts(session, row.id)]),
        "group": [],
    }


def _documents(session: Session, record: str, step: Mapping[str, Any]) -> list[str]:
    """The records that are the decision of a step."""
    decision = step["decision"]
    if not decision or not decision["normal"]:
        return []
    sources = {told["source"] for told in step["told_by"]}
    query = select(NamedNumber).where(
        NamedNumber.record == record, NamedNumber.normal == decision["normal"], NamedNumber.source.in_(sources)
    )
    found = numbers.documents(session, session.scalars(query).all())
    return list(dict.fromkeys(one for several in found.values() for one in several))


def page_texts(session: Session, record: str) -> list[ArticleVersion]:
    """What the articles that are a procedure's own pages say now."""
    query = (
        select(ArticleVersion)
        .join(Article, (Article.id == ArticleVersion.record) & (Article.version == ArticleVersion.version))
        .join(ProcedurePlace, ProcedurePlace.article == Article.id)
        .where(ProcedurePlace.record == record, ProcedurePlace.role == "page", ProcedurePlace.ended_at.is_(None))
    )
    return list(session.scalars(query.order_by(ProcedurePlace.id)))


def attachments(session: Session, record: str) -> list[dict[str, Any]]:
    """The documents that a procedure's own pages link to, each once."""
    found = {one["url"]: one for page in page_texts(session, record) for one in page.attachments}
    return list(found.values())


def of_page(session: Session, article: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """What an article's page says of procedures: the one whose page it is, and the others that it names."""
    rows = session.execute(
        select(ProcedurePlace, ProcedureVersion)
        .join(
            ProcedureVersion,
            (ProcedureVersion.record == ProcedurePlace.record) & (ProcedureVersion.version == ProcedurePlace.version),
        )
        .where(ProcedurePlace.article == article, ProcedurePlace.ended_at.is_(None))
        .order_by(ProcedurePlace.id)
    ).all()
    announced = select(ProcedureAnnouncement).where(
        ProcedureAnnouncement.article == article, ProcedureAnnouncement.withdrawn_at.is_(None)
    )
    changes: dict[str, dict[str, Any]] = {
        one.record: {
            "change": one.change,
            "evidence": one.evidence,
            "decision": one.decision,
            "effective_from": one.effective.isoformat() if one.effective else None,
        }
        for one in session.scalars(announced)
    }
    told = [
        (
            place.role,
            {"id": place.record, **version.fields, "raw": labelled(version.fields["raw"])}
            | changes.get(place.record, {"change": None, "evidence": None}),
        )
        for place, version in rows
    ]
    own = next((said for role, said in told if role == "page"), None)
    return own, [said for role, said in told if role != "page"]


def history(session: Session, row: Procedure) -> list[dict[str, Any]]:
    """Versions and steps of a procedure, by their days; a version has no `step`, and a step no `version`."""
    rows = session.execute(
        select(ProcedureVersion, Capture)
        .join(Capture, Capture.id == ProcedureVersion.capture, isouter=True)
        .where(ProcedureVersion.record == row.id)
        .order_by(ProcedureVersion.version)
    )
    told = [
        {
            "version": said.version,
            "at": events.iso(said.at),
            "title": said.name,
            "origin": said.origin,
            "words_added": said.words_added,
            "words_removed": said.words_removed,
            "capture": capture_shape(capture),
            "source": said.source,
            "url": said.url,
            "previous": said.previous,
            "step": None,
        }
        for said, capture in rows
    ]
    known = known_of(session, [row.id])[row.id]
    by_id = {one.id: one for one in known.announcements}
    for step in known.steps:
        first = by_id[step.told[0].key]
        told.append(
            {
                "version": None,
                "at": events.iso(datetime.combine(step.day, time(), VIETNAM)),
                "title": row.name,
                "origin": None,
                "words_added": 0,
                "words_removed": 0,
                "capture": None,
                "source": first.source,
                "url": first.url,
                "previous": None,
                "step": step_shape(step, by_id),
            }
        )
    return sorted(told, key=lambda one: (datetime.fromisoformat(str(one["at"])), one["version"] is None))


def last_edit(session: Session, row: Procedure) -> tuple[int, int]:
    """The two versions that are compared where nobody says which: the last one that took the place of another."""
    edits = select(ProcedureVersion.previous, ProcedureVersion.version).where(
        ProcedureVersion.record == row.id, ProcedureVersion.previous.is_not(None)
    )
    last = session.execute(edits.order_by(ProcedureVersion.version.desc()).limit(1)).first()
    return (last[0] or 1, last[1]) if last else (max(row.version - 1, 1), row.version)


def compare(session: Session, row: Procedure, old: int, new: int) -> dict[str, Any]:
    """What differs between two versions, field by field and word by word."""
    before, after = (session.get_one(ProcedureVersion, (row.id, version)).fields for version in (old, new))
    changed = {}
    for name in (*places.FIELDS, "raw"):
        one, other = places.field_text(before[name]), places.field_text(after[name])
        if one != other:
            changed[name] = [list(change) for change in diff.words(one, other)]
    return {"id": row.id, "from": old, "to": new, "fields": changed}
