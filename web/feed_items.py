"""From records and what was last told of them to the entries of feeds."""

from __future__ import annotations

import mimetypes
import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup
from sqlalchemy import func, select

from storage import latest
from storage.document_records import file_name
from storage.document_tables import Content, Document, Link
from storage.models import Article, ArticleVersion
from storage.places import steps
from storage.procedure_tables import Procedure, ProcedureAnnouncement
from storage.search import holdings
from web import present
from web.feed_formats import Category, File, Item, legal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from storage.models import Event
    from web.texts import Texts

_OURS = uuid.UUID("6a2b5c0e-5f0c-5b6d-9d53-0c1f0a7c6e11")
"""The name space of our ids: whatever the machine, and whatever its address, a record has the same one."""
_SUMMARY = 400
_CURRENT = (ArticleVersion.record == Article.id) & (ArticleVersion.version == Article.version)
_PLAIN = ("agency", "carried_out_by", "time_limit", "fees", "result", "conditions")


def urn(name: str) -> str:
    """A URI for ever (RFC 9562, version 5) of what has a name for ever, as `record/…` or `feed/…`.

    >>> urn("record/d55ah6vp7hy2pzku")
    'urn:uuid:3adc8700-b0ef-5108-b9b0-2210889c1df4'
    """
    return uuid.uuid5(_OURS, legal(name)).urn


@dataclass(frozen=True, kw_only=True, slots=True)
class Maker:
    """Makes entries of records, in the words of a language; `base` is the address of our pages, with no slash."""

    base: str
    said: Texts
    name: Callable[[str], str]

    def of_records(self, session: Session, told: Sequence[Event]) -> list[Item]:
        """An entry for the record of each event, but for those that search shows as another, or not at all."""
        shown = holdings.shown(session, {str(event.record) for event in told})
        made = self._made(session, {record for record, other in shown.items() if record == other})
        return [self._dated(made[str(event.record)], event) for event in told if event.record in made]

    def of_events(self, session: Session, told: Sequence[Event]) -> list[Item]:
        """An entry for each thing that happened, with what its record says now; none of withheld records."""
        records = {event.record for event in told if event.record}
        hidden = latest.withheld(session, records)
        made = self._made(session, records - hidden)
        items = []
        for event in told:
            if event.record in hidden:
                continue
            item = made[event.record] if event.record in made else self._bare(event)
            title = f"{self.said.word('kind_of_event', event.kind)}: {event.title or self.said('record.untitled')}"
            items.append(replace(self._dated(item, event), id=urn(f"event/{event.id}"), title=title))
        return items

    def _bare(self, event: Event) -> Item:
        """Of what has no record, or none any more: a source that is ill, a procedure that became another."""
        page = f"{self.base}/record/{event.record}" if event.record else f"{self.base}/sources"
        return Item(
            id="", url=page, portal=present.address(event.url), title="", updated=event.at,
            author=self.name(event.source), summary=event.title,
            categories=(Category(group="source", term=event.source, label=self.name(event.source)),),
        )  # fmt: skip

    def _dated(self, item: Item, event: Event) -> Item:
        what = Category(group="event", term=event.kind, label=self.said.word("kind_of_event", event.kind))
        return replace(item, updated=event.at, categories=(*item.categories, what))

    def _made(self, session: Session, records: Collection[str]) -> dict[str, Item]:
        files = _files(session, records)
        rows = session.execute(
            select(Article, ArticleVersion).join(ArticleVersion, _CURRENT).where(Article.id.in_(records))
        )
        made = {row.id: self._article(row, said, files.get(row.id, ())) for row, said in rows}
        announced: defaultdict[str, list[ProcedureAnnouncement]] = defaultdict(list)
        for one in session.scalars(select(ProcedureAnnouncement).where(ProcedureAnnouncement.record.in_(records))):
            announced[one.record].append(one)
        for procedure in session.scalars(select(Procedure).where(Procedure.id.in_(records))):
            made[procedure.id] = self._procedure(procedure, announced[procedure.id])
        return made

    def _article(self, row: Article, version: ArticleVersion, files: Sequence[File]) -> Item:
        gone = self.said("record.gone") if row.state == "gone" else ""
        html = present.body(version.body_html, self.said("record.picture")) if version.body_html else Markup()
        html = html or Markup().join(Markup("<p>{}</p>").format(one) for one in version.body_text.split("\n") if one)
        categories = [self._category("kind", row.kind), self._of_source(row.source)]
        if gone:
            categories.append(self._category("state", row.state))
        return Item(
            id=urn(f"record/{row.id}"),
            url=f"{self.base}/record/{row.id}",
            portal=present.address(row.url),
            title=row.title or self.said("record.untitled"),
            updated=row.changed_at,
            published=row.published_at,
            precision=row.precision,
            author=self.name(row.source),
            language=version.language or "vi",
            summary=" ".join(filter(None, (gone, version.summary or _beginning(version.body_text)))),
            html=(Markup("<p><strong>{}</strong></p>").format(gone) if gone else Markup()) + html + self._listed(files),
            categories=tuple(categories),
            files=tuple(files),
        )

    def _listed(self, files: Sequence[File]) -> Markup:
        if not files:
            return Markup()
        rows = Markup().join(Markup('<li><a href="{}">{}</a></li>').format(one.url, one.title) for one in files)
        return Markup("<h2>{}</h2><ul>{}</ul>").format(self.said("record.attachments"), rows)

    def _procedure(self, row: Procedure, announced: Sequence[ProcedureAnnouncement]) -> Item:
        facts = list(self._facts(row, announced))
        categories = [self._category("kind", "procedure"), self._of_source(row.source)]
        if row.field:
            categories.append(Category(group="field", term=row.field, label=row.field))
        pairs = Markup().join(
            Markup("<dt>{}</dt><dd>{}</dd>").format(label, Markup("<br>").join(said.split("\n")))
            for label, said in facts
        )
        return Item(
            id=urn(f"record/{row.id}"),
            url=f"{self.base}/record/{row.id}",
            portal=present.address(row.url),
            title=row.name or self.said("record.untitled"),
            updated=row.edited_at or row.first_seen,
            author=self.name(row.source),
            summary=" · ".join(f"{label}: {said}" for label, said in facts)[:_SUMMARY],
            html=Markup("<dl>{}</dl>").format(pairs) if facts else Markup(),
            categories=tuple(categories),
        )

    def _facts(self, row: Procedure, announced: Sequence[ProcedureAnnouncement]) -> Iterator[tuple[str, str]]:
        """What is known of a procedure, by its labels; first what decisions did to it, the last one first."""
        for step in reversed(steps(announced)):
            day = self.said.day(step.day.isoformat(), "day")
            if step.basis == "effective":
                day = f"{self.said('field.effective_from')} {day}"
            else:
                day = f"{day} ({self.said.word('basis', step.basis)})"
            yield self.said.word("change", step.change), ", ".join(filter(None, (step.number, day)))
        if row.code:
            yield self.said("field.code"), row.code
        if row.field:
            yield self.said("field.field"), row.field
        for name in _PLAIN:
            if value := row.fields.get(name):
                yield self.said.word("field", name), str(value)

    def _category(self, group: str, term: str) -> Category:
        return Category(group=group, term=term, label=self.said.word(group, term))

    def _of_source(self, source: str) -> Category:
        return Category(group="source", term=source, label=self.name(source))


def _beginning(said: str) -> str:
    """The first words of a text, cut between two of them."""
    line = " ".join(said[: 2 * _SUMMARY].split())
    return line if len(line) <= _SUMMARY else line[:_SUMMARY].rpartition(" ")[0] + "…"


def _files(session: Session, records: Collection[str]) -> Mapping[str, list[File]]:
    """The documents that articles link to, in the pages' order."""
    found: defaultdict[str, list[File]] = defaultdict(list)
    rows: Any = session.execute(
        select(Link.record, Link.title, Document.url, Content.title.label("own"), Content.media_type, Content.size)
        .join(Document, Document.id == Link.document)
        .join(Content, Content.digest == func.coalesce(Document.content, Document.waiting), isouter=True)
        .where(Link.record.in_(records), Link.dropped_at.is_(None))
        .order_by(Link.record, Link.position, Document.id)
    )
    for row in rows:
        if url := present.address(row.url):
            guess = mimetypes.guess_type(urlsplit(url).path)[0]
            kind = row.media_type or guess or "application/octet-stream"
            title = row.title or row.own or file_name(url)
            found[row.record].append(File(url=url, title=title, media_type=kind, size=row.size))
    return found
