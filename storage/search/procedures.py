"""Procedures as search knows them: each once, with the text of its own pages, which are no hits themselves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from sqlalchemy import select

from scraper.items import VIETNAM
from storage import places
from storage.models import Article, ArticleVersion
from storage.procedure_lists import known_of
from storage.procedure_tables import Procedure, ProcedurePlace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A procedure with all that search needs: its sources, when its last step was announced (a day), its text.

    `pages` are the articles that are its own pages.
    """

    row: Procedure
    sources: Sequence[str]
    published: datetime | None
    text: str
    pages: Sequence[str]


def touched(session: Session, records: Collection[str]) -> list[str]:
    """The procedures that events of these records touch: those themselves, and those whose pages the records are."""
    own = select(Procedure.id).where(Procedure.id.in_(records))
    of_pages = select(ProcedurePlace.record).where(ProcedurePlace.article.in_(records))
    return list(dict.fromkeys([*session.scalars(own), *session.scalars(of_pages)]))


def pages(session: Session, records: Collection[str]) -> dict[str, str]:
    """The procedures whose own pages are among these articles, by article."""
    own = select(ProcedurePlace.article, ProcedurePlace.record).where(
        ProcedurePlace.article.in_(records), ProcedurePlace.role == "page", ProcedurePlace.ended_at.is_(None)
    )
    return {str(row.article): row.record for row in session.execute(own.order_by(ProcedurePlace.id))}


def found(session: Session, ids: Collection[str]) -> list[Found]:
    """Procedures by id, but for those that became others."""
    rows = session.scalars(select(Procedure).where(Procedure.id.in_(ids), Procedure.merged_into.is_(None))).all()
    known = known_of(session, [row.id for row in rows], whole=False)
    texts, own = _texts(session, [row.id for row in rows])
    told = []
    for row in rows:
        here = [place.source for place in known[row.id].places if place.ended_at is None]
        steps = known[row.id].steps
        labels = [f"{label}: {said}" for label, said in row.fields["raw"]]
        numbers = [step.number for step in steps if step.number]
        lines = "\n".join([places.as_text(row.fields), *texts[row.id], *numbers, *labels]).split("\n")
        told.append(
            Found(
                row=row,
                sources=list(dict.fromkeys(here)) or [row.source],
                published=datetime.combine(max(step.announced for step in steps), time(), VIETNAM) if steps else None,
                text="\n".join(dict.fromkeys(filter(None, lines))),  # most of it stands there more than once
                pages=own[row.id],
            )
        )
    return told


def _texts(session: Session, ids: Collection[str]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What procedures' own pages say (their text, captions, and names of attachments), and which articles they are."""
    rows = session.execute(
        select(ProcedurePlace.record, ArticleVersion)
        .join(Article, Article.id == ProcedurePlace.article)
        .join(ArticleVersion, (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version))
        .where(ProcedurePlace.record.in_(ids), ProcedurePlace.role == "page", ProcedurePlace.ended_at.is_(None))
        .order_by(ProcedurePlace.id)
    )
    texts: dict[str, list[str]] = defaultdict(list)
    own: dict[str, list[str]] = defaultdict(list)
    for record, said in rows:
        own[record].append(said.record)
        captions = [image["caption"] for image in said.images]
        texts[record] += [said.body_text, *captions, *(one["title"] for one in said.attachments)]
    return texts, own
