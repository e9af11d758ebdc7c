"""Days on which something takes effect, as decisions and documents state them: what calendars list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from scraper import text
from storage import latest, places
from storage.document_tables import Content, Document, Link
from storage.models import Article
from storage.procedure_tables import Procedure, ProcedureAnnouncement, ProcedurePlace

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from storage.timeline import Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which days are asked for: from one on, of one source, of one field, of titles with all these words."""

    since: date
    typed: str = ""
    source: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """That a decision (`number`, empty where it is not known) does something to a record from a day on.

    `change` is what it does to a procedure, None for a document that merely takes effect. `key` tells the effects of a
    record apart, and stays the same when the day is corrected. `told_at` is when a page said so first.
    """

    record: str
    key: str
    day: date
    told_at: datetime
    title: str
    source: str
    change: str | None = None
    number: str = ""
    field: str | None = None


def listed(session: Session, wanted: Wanted, *, limit: int) -> list[Effect]:
    """The last of the days that are wanted, in order. What is withheld is not among them."""
    found = [*_of_procedures(session, wanted)]
    if not wanted.fields:
        found += _of_documents(session, wanted)
    words = text.fold(wanted.typed).split()
    found = [one for one in found if all(word in text.fold(f"{one.title} {one.number}") for word in words)]
    hidden = latest.withheld(session, {one.record for one in found})
    found = sorted((one for one in found if one.record not in hidden), key=lambda one: (one.day, one.record, one.key))
    return found[-limit:]


def _of_procedures(session: Session, wanted: Wanted) -> list[Effect]:
    dated = select(ProcedureAnnouncement.record).where(
        ProcedureAnnouncement.effective >= wanted.since, ProcedureAnnouncement.withdrawn_at.is_(None)
    )
    query = select(Procedure).where(Procedure.id.in_(dated), Procedure.merged_into.is_(None))
    if wanted.source:
        there = select(ProcedurePlace.record).where(ProcedurePlace.source == wanted.source)
        query = query.where(Procedure.id.in_(there))
    if wanted.fields:
        query = query.where(Procedure.field.in_(wanted.fields))
    rows = {row.id: row for row in session.scalars(query)}
    told: defaultdict[str, list[ProcedureAnnouncement]] = defaultdict(list)
    for one in session.scalars(select(ProcedureAnnouncement).where(ProcedureAnnouncement.record.in_(dated))):
        told[one.record].append(one)
    return [
        _of_step(row, step, told[record])
        for record, row in rows.items()
        for step in places.steps(told[record])
        if step.basis == "effective" and step.day >= wanted.since
    ]


def _of_step(row: Procedure, step: Step, told: list[ProcedureAnnouncement]) -> Effect:
    keys = {one.key for one in step.told}
    return Effect(
        record=row.id, key=f"{step.change} {step.number or step.issued or step.day}", day=step.day, title=row.name,
        told_at=min(one.seen_at for one in told if one.id in keys), source=row.source, change=step.change,
        number=step.number, field=row.field,
    )  # fmt: skip


def _of_documents(session: Session, wanted: Wanted) -> list[Effect]:
    """Each document once, by the first record that links to it."""
    query = (
        select(Document.id, Content.effective, Content.read_at, Content.decision, Link.record, Link.title,
               Article.source, Article.title.label("page"))
        .join(Content, Content.digest == Document.content)
        .join(Link, Link.document == Document.id)
        .join(Article, Article.id == Link.record)
        .where(Content.effective >= wanted.since, Link.dropped_at.is_(None))
        .order_by(Link.since.desc(), Link.record.desc())
    )  # fmt: skip
    if wanted.source:
        query = query.where(Article.source == wanted.source)
    rows = {row.id: row for row in session.execute(query)}
    return [
        Effect(
            record=row.record, key=f"document {row.id}", day=row.effective, title=row.title or row.page,
            told_at=row.read_at, source=row.source, number=(row.decision or {}).get("normal") or "",
        )
        for row in rows.values()
    ]  # fmt: skip
