"""Same, new, changed, gone, returned: decides what a page's content means for the record, and writes it.

The only writer of versions. Everything runs in the session's transaction, with the event that tells of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import bindparam, insert, select

from scraper import dates, shapes, text, urls
from scraper.items import VIETNAM, Moment
from scraper.outcomes import Outcome
from storage import batch, diff, events, resemblance, similar
from storage.models import Article, ArticleVersion, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper import items, sketch

MOST_TRIES = 3
"""Failures of a record's first address after which a second one is no longer made to wait for it."""

_INSERT_ARTICLE = insert(Article.__table__)  # type: ignore[arg-type]
_INSERT_VERSION = insert(ArticleVersion.__table__)  # type: ignore[arg-type]
# Asked for every page, so built once.
_HERE = Article.source == bindparam("source")
_SAME = select(Article).where(_HERE, Article.content_hash == bindparam("digest"))
_BY_CONTENT = _SAME.order_by(Article.first_seen, Article.id).limit(1)
_KNOWN_CONTENT = select(Article.content_hash).where(
    _HERE, Article.content_hash.in_(bindparam("digests", expanding=True))
)
_BY_IDS = select(Article).where(Article.id.in_(bindparam("names", expanding=True)))

Decision = Literal["new", "changed", "unchanged", "deferred"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What was decided on a page's record, if it has one, and whether a record that was gone has come back by it.

    `procedures` are the events of procedures that the page came to, by kind; `flooded` says that the record is new, and
    told as no news, though a poll found it.
    """

    decision: Decision | None = None
    returned: bool = False
    flooded: bool = False
    procedures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """An article as just read, and where: the page row is the session's, `number_of` finds its number in an address.

    `has_moved` says whether, but for the portal's former host, it says what has this hash.
    """

    article: items.Article
    page: Page
    source: str
    platform: str
    section: str | None
    origin: str
    at: datetime
    capture: int | None
    number_of: Callable[[str], str | None] = lambda _: None
    has_moved: Callable[[items.Article, str], bool] = lambda *_: False
    drawn: sketch.Sketch | None = None


@lru_cache(maxsize=64)  # asked for ahead, and again when the article is saved
def content_hash(article: items.Article) -> str:
    """SHA-256 over what the page says: title, body, pictures, attachments, the date it prints itself.

    Not counters, related lists, cache-busting parameters of pictures, or a minute learned from a listing.
    """
    published = article.published
    said = [
        article.title,
        article.body_text,
        [[_plain_address(image.url), image.caption] for image in article.images],
        [[_plain_address(document.url), document.title] for document in article.attachments],
        [published.at.isoformat(), published.precision] if published else None,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _plain_address(url: str) -> str:
    try:
        return urls.file(urls.canonical(url))
    except urls.BadAddress:
        return url


def look_up(session: Session, source: str, sighted: Sequence[tuple[items.Article, Page | None]]) -> None:
    """Looks up for a batch what `save` will ask of these articles and their pages, if these are known."""
    opened = batch.of(session)
    assert opened is not None
    digests = {content_hash(article) for article, _ in sighted}
    names = {_ids(source, article.canonical_url)[0] for article, _ in sighted}
    kept = {page.record for _, page in sighted if page and page.record}
    known = session.scalars(_KNOWN_CONTENT, {"source": source, "digests": sorted(digests)})
    opened.absent |= {(source, digest) for digest in digests.difference(known)}
    opened.records += session.scalars(_BY_IDS, {"names": sorted(names | kept)})
    opened.absent |= {(name,) for name in names.difference(record.id for record in opened.records)}


def record(session: Session, name: str) -> Article | None:
    """The record of an id."""
    opened = batch.of(session)
    if opened and name in opened.made:
        batch.send(session)
    return session.get(Article, name)


def save(session: Session, sighting: Sighting) -> Saved:
    """Keeps what a page says, as a new record, a new version, or no news; `deferred` where only a second look decides.

    The same content at a second address of the same source is the same record. Where a second address no longer says
    what the first one says, the first is asked again before the two are taken for two records.
    """
    digest = content_hash(sighting.article)
    page = sighting.page
    row = record(session, page.record) if page.record else None
    if row is not None and row.content_hash != digest and not _names(row, page.canonical_url):
        first = session.scalar(
            select(Page).where(Page.source == sighting.source, Page.canonical_url == row.canonical_url)
        )
        if first is not None and not first.missing:
            if not _asked_since(first, page):
                first.owed = True
                return Saved(decision="deferred")
            row = None
    unknown = page.record is None
    row = row or _same_content(session, sighting, digest) or (_same_number(session, sighting) if unknown else None)
    if row is None:
        name, row = _same_address(session, sighting)
        if row is None:
            _create(session, sighting, digest, name)
            return Saved(decision="new")
    page.record = row.id
    back = returned(session, row, at=sighting.at, origin=sighting.origin)
    row.counters = _counters(sighting.article)
    row.related = _related(sighting.article)
    if row.content_hash == digest or sighting.has_moved(sighting.article, row.content_hash):
        row.content_hash = digest
        _learn(session, row, page, sighting.at, sighting.origin)
        return Saved(decision="unchanged", returned=back)
    _change(session, row, sighting, digest)
    return Saved(decision="changed", returned=back)


def _names(row: Article, canonical_url: str) -> bool:
    """Whether this is the record's own address, be it over http or https, with or without `www.`."""
    return urls.key(row.canonical_url) == urls.key(canonical_url)


def _asked_since(first: Page, page: Page) -> bool:
    """Whether a record's first address has said, since a second one was asked last, what it says now."""
    if first.last_checked is None or first.outcome is None:
        return False
    if not Outcome(first.outcome).trusted and first.failures < MOST_TRIES:
        return False
    return page.last_checked is None or first.last_checked > page.last_checked


def _same_content(session: Session, sighting: Sighting, digest: str) -> Article | None:
    if batch.is_absent(session, sighting.source, digest):
        return None
    return session.scalar(_BY_CONTENT, {"source": sighting.source, "digest": digest})


def _same_number(session: Session, sighting: Sighting) -> Article | None:
    """The record of an address that holds the same number, and says much the same: its slug was changed (D9).

    Systems give a number away a second time, too; then what is said has nothing to do with it (D10). In a first crawl,
    or a backfill, nothing has been renamed yet.
    """
    number = sighting.number_of(sighting.page.canonical_url)
    if number is None or sighting.origin != "poll":
        return None
    holds = Page.canonical_url.contains(number, autoescape=True)
    pages = session.scalars(select(Page).where(Page.source == sighting.source, Page.record.is_not(None), holds))
    for page in pages:
        if page.record and sighting.number_of(page.canonical_url) == number:
            row = session.get_one(Article, page.record)
            before = session.get_one(ArticleVersion, (row.id, row.version))
            said = f"{sighting.article.title} {sighting.article.body_text}"
            if resemblance.same_words(said, f"{before.title} {before.body_text}"):
                return row
    return None


def _same_address(session: Session, sighting: Sighting) -> tuple[str, Article | None]:
    """The id that this very address names, over http or https, with or without `www.`, and its record if there is one.

    Where two source files name one portal, the second one's ids are made of its own id and the address.
    """
    ours, with_source = _ids(sighting.source, sighting.article.canonical_url)
    if batch.is_absent(session, ours):
        return ours, None
    rows = {row.id: row for row in session.scalars(_BY_IDS, {"names": [ours, with_source]})}
    if ours not in rows or rows[ours].source == sighting.source:
        return ours, rows.get(ours)
    return with_source, rows.get(with_source)


def _ids(source: str, canonical_url: str) -> tuple[str, str]:
    """The ids that an address may name: its own, and the one for a second source of the same portal."""
    name = urls.key(canonical_url)
    return urls.record_id(name), urls.record_id(f"{source} {name}")


def _create(session: Session, sighting: Sighting, digest: str, name: str) -> None:
    article, page = sighting.article, sighting.page
    published = dates.refine(article.published, _listed(page))
    row = {
        "id": name,
        "source": sighting.source,
        "platform": sighting.platform,
        "kind": article.kind,
        "section": sighting.section,
        "canonical_url": article.canonical_url,
        "url": article.url,
        "state": "live",
        "version": 1,
        "title": _whole_title(article.title, page),
        "content_hash": digest,
        "published_at": published.at if published else None,
        "precision": published.precision if published else None,
        "first_seen": sighting.at,
        "last_checked": sighting.at,
        "changed_at": sighting.at,
        "counters": _counters(article),
        "related": _related(article),
        "story": name,
    }
    created = Article(**row)  # by tables and not by objects: it halves what a new page costs
    batch.later(session, _INSERT_ARTICLE, row)
    batch.later(session, _INSERT_VERSION, _version(created, sighting, digest, (len(article.body_text.split()), 0)))
    if opened := batch.of(session):
        opened.made.add(name)
        opened.absent -= {(name,), (sighting.source, digest)}
    page.record = name
    events.append(session, "article.new", created, at=sighting.at, origin=sighting.origin)
    similar.arrived(session, created, article.body_text, sighting.drawn, at=sighting.at, origin=sighting.origin)


def _change(session: Session, row: Article, sighting: Sighting, digest: str) -> None:
    article = sighting.article
    before = session.get_one(ArticleVersion, (row.id, row.version))
    body = diff.words(before.body_text, article.body_text)
    if opened := batch.of(session):
        opened.absent.discard((sighting.source, digest))
    row.version += 1
    row.title = _whole_title(article.title, sighting.page)
    row.content_hash = digest
    row.changed_at = sighting.at
    row.section = row.section or sighting.section
    published = dates.refine(article.published, _listed(sighting.page))
    row.published_at = published.at if published else None
    row.precision = published.precision if published else None
    after = ArticleVersion(**_version(row, sighting, digest, diff.counts(body)))
    session.add(after)
    changes = [*_readdressed(row, sighting.page), *field_changes(before, after)]
    at, origin = sighting.at, sighting.origin
    events.append(session, "article.changed", row, at=at, origin=origin, changes=changes)
    similar.arrived(session, row, article.body_text, sighting.drawn, at=at, origin=origin, before=before)


def _learn(session: Session, row: Article, page: Page, at: datetime, origin: str) -> None:
    """A listing's minute refines a known day; a whole title learned elsewhere replaces a cut one."""
    changes = _readdressed(row, page)
    known = moment(row.published_at, row.precision)
    published = dates.refine(known, _listed(page))
    if published and published != known:
        row.published_at, row.precision = published.at, published.precision
        changes.append({"field": "published_at", "to": events.iso(published.at), "precision": published.precision})
    whole = _whole_title(row.title, page)
    if whole != row.title:
        changes.append({"field": "title", "from": row.title, "to": whole})
        row.title = whole
    if changes:
        events.append(session, "record.updated", row, at=at, origin=origin, changes=changes)


def _readdressed(row: Article, page: Page) -> list[dict[str, Any]]:
    """A record's address gives way to the one that it redirects to, where that is https or has `www.`: no other."""
    if row.canonical_url == page.canonical_url or not _names(row, page.canonical_url):
        return []
    change = {"field": "url", "from": row.url, "to": page.url}
    row.canonical_url, row.url = page.canonical_url, page.url
    return [change]


def learn(session: Session, page: Page, *, at: datetime, origin: str) -> None:
    """Lets what a listing just said of a page reach its record."""
    row = record(session, page.record) if page.record else None
    if row is not None:
        _learn(session, row, page, at, origin)


def gone(session: Session, row: Article, *, at: datetime, origin: str) -> bool:
    """The record's pages are not there any more. Whether that was news."""
    if row.state == "gone":
        return False
    row.state = "gone"
    events.append(session, "article.gone", row, at=at, origin=origin)
    return True


def returned(session: Session, row: Article, *, at: datetime, origin: str) -> bool:
    """The record's page answers again. Whether that was news."""
    row.last_checked = at
    if row.state != "gone":
        return False
    row.state = "live"
    events.append(session, "article.returned", row, at=at, origin=origin)
    return True


def moment(at: datetime | None, precision: str | None) -> Moment | None:
    """A stored time as the shared word for it."""
    if at is None:
        return None
    return Moment(at=at.astimezone(VIETNAM), precision="minute" if precision == "minute" else "day")


def _listed(page: Page) -> Moment | None:
    return moment(page.listed_at, page.listed_precision)


def _whole_title(title: str, page: Page) -> str:
    listed = page.listed_title
    whole = text.is_cut(title) and listed and not text.is_cut(listed) and text.same_title(title, listed)
    return listed if whole else title


def _counters(article: items.Article) -> dict[str, Any]:
    return {"votes": article.counters.votes, "online": article.counters.online, "views": article.counters.views}


def _related(article: items.Article) -> list[Any]:
    return [shapes.entry(entry) for entry in article.related]


def _version(row: Article, sighting: Sighting, digest: str, counts: tuple[int, int]) -> dict[str, Any]:
    article = sighting.article
    published = article.published
    return {
        "record": row.id,
        "version": row.version,
        "at": sighting.at,
        "origin": sighting.origin,
        "content_hash": digest,
        "title": row.title,
        "summary": article.summary,
        "author": article.author,
        "body_text": article.body_text,
        "body_html": article.body_html,
        "published_at": published.at if published else None,
        "precision": published.precision if published else None,
        "published_raw": article.published_raw,
        "updated_at": article.updated.at if article.updated else None,
        "images": [{"url": image.url, "caption": image.caption} for image in article.images],
        "attachments": [
            {"url": document.url, "title": document.title, "media_type": document.media_type}
            for document in article.attachments
        ],
        "language": article.language,
        "words_added": counts[0],
        "words_removed": counts[1],
        "capture": sighting.capture,
    }


def field_changes(before: ArticleVersion, after: ArticleVersion) -> list[dict[str, Any]]:
    """What an event of change says of a version and the next: short fields with both values, long ones with counts."""
    changes: list[dict[str, Any]] = []
    if before.title != after.title:
        changes.append({"field": "title", "from": before.title, "to": after.title})
    if before.body_text != after.body_text:
        changes.append({"field": "body", "words_added": after.words_added, "words_removed": after.words_removed})
    if (before.published_at, before.precision) != (after.published_at, after.precision):
        old, new = events.iso(before.published_at), events.iso(after.published_at)
        changes.append({"field": "published_at", "from": old, "to": new})
    for name in ("images", "attachments"):
        old_ones = {json.dumps(one, sort_keys=True) for one in getattr(before, name)}
        new_ones = {json.dumps(one, sort_keys=True) for one in getattr(after, name)}
        if old_ones != new_ones:
            changes.append({"field": name, "added": len(new_ones - old_ones), "removed": len(old_ones - new_ones)})
    return changes
