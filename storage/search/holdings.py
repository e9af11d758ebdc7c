"""What search holds of records. Made here only: the index is written from it, and watches are held against it.

A caption, a summary and the name of an attachment are part of the body here, and a paragraph's end parts no phrase.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage.models import Article, ArticleVersion
from storage.procedure_tables import NamedNumber, Procedure
from storage.search import passages, procedures
from storage.search.query import Document, number_keys, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from storage.search.query import Token

_TOGETHER = 50
"""Procedures whose documents' words are in memory at once."""
_ARTICLES = select(
    Article.id, Article.kind, Article.source, Article.platform, Article.section, Article.title, Article.published_at,
    Article.first_seen, Article.story,
    ArticleVersion.summary, ArticleVersion.body_text, ArticleVersion.images, ArticleVersion.attachments,
).join(ArticleVersion, (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version))  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A record as search holds it; `story` is the record that stands for its story, if that was looked for."""

    id: str
    platform: str
    section: str
    document: Document
    story: str | None = None


def shown(session: Session, records: Collection[str]) -> dict[str, str]:
    """As what search finds each of these records.

    A procedure's own page is found as the procedure, and one that turned out to be another procedure as that one.
    """
    found = {record: record for record in records} | procedures.pages(session, records)
    merged = select(Procedure.id, Procedure.merged_into).where(
        Procedure.id.in_(set(found.values())), Procedure.merged_into.is_not(None)
    )
    others = {row.id: row.merged_into for row in session.execute(merged)}
    return {record: others.get(name) or name for record, name in found.items()}


def held(session: Session, records: Collection[str]) -> Iterator[Held]:
    """What search holds of these records, in no order; of those that it holds nothing of, nothing.

    A few statements for all of them. What documents say is read as it is asked for, a record's at a time: the session
    must be open until then.
    """
    own = procedures.pages(session, records)
    numbers = _numbers(session, records)
    rows = {row.id: row for row in session.execute(_ARTICLES.where(Article.id.in_(set(records) - own.keys())))}
    for record, said in passages.texts(session, rows):
        yield _article(rows.pop(record), _tokens(said), numbers[record])
    for row in rows.values():
        yield _article(row, (), numbers[row.id])
    found = procedures.found(session, records)
    for start in range(0, len(found), _TOGETHER):
        some = found[start : start + _TOGETHER]
        pages = [page for one in some for page in one.pages]
        attached = {page: _tokens(said) for page, said in passages.texts(session, pages)}
        for one in some:
            papers = chain.from_iterable(attached.get(page, ()) for page in one.pages)
            yield _procedure(one, list(papers), numbers[one.row.id])


def _tokens(pages: Iterator[str]) -> list[Token]:
    return [token for page in pages for token in tokens(page)]


def _numbers(session: Session, records: Collection[str]) -> defaultdict[str, list[str]]:
    """The keys of the documents' numbers that records name, or have."""
    told: defaultdict[str, list[str]] = defaultdict(list)
    named = select(NamedNumber.record, NamedNumber.told).where(NamedNumber.record.in_(records))
    for record, one in session.execute(named):
        told[record] += number_keys(normal=one["normal"], number=one["number"], year=one["year"], kind=one["type"])
    return told


def _article(row: Row[*tuple[Any, ...]], documents: Sequence[Token], numbers: Sequence[str]) -> Held:
    captions = [image["caption"] for image in row.images]
    names = [attachment["title"] for attachment in row.attachments]
    document = Document(
        title=tokens(row.title),
        body=tokens("\n".join([row.summary or "", row.body_text, *captions, *names])),
        documents=documents,
        kind=row.kind,
        sources=[row.source],
        numbers=list(dict.fromkeys(numbers)),
        published=row.published_at or row.first_seen,
    )
    return Held(id=row.id, platform=row.platform, section=row.section or "", story=row.story, document=document)


def _procedure(found: procedures.Found, documents: Sequence[Token], numbers: Sequence[str]) -> Held:
    row = found.row
    document = Document(
        title=tokens(f"{row.name} {row.code or ''}"),
        body=tokens(found.text),
        documents=documents,
        kind="procedure",
        sources=found.sources,
        fields=[row.field] if row.field else [],
        numbers=list(dict.fromkeys(numbers)),
        published=found.published or row.first_seen,
    )
    return Held(id=row.id, platform=row.platform, section="procedures", document=document)
