"""What is known of a page from when it was last read well: its bytes in the archive, its titles, what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from scraper.drift import Said
from scraper.outcomes import Outcome
from storage import articles, pages
from storage.models import Article, ArticleVersion, Capture, Fetch, Page, Run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_TITLES = 1_000


def capture(session: Session, source: str, url: str) -> Capture | None:
    """The archived response of an address that was last read well; of one that only came again, the first."""
    query = (
        select(Capture)
        .join(Fetch, Fetch.capture == Capture.id)
        .join(Run, Run.id == Fetch.run)
        .where(Run.source == source, Fetch.url == url, Fetch.outcome == Outcome.OK.value)
        .order_by(Fetch.id.desc())
    )
    found = session.scalar(query.limit(1))
    if found is None or found.record_type == "response":
        return found
    same = select(Capture).where(Capture.digest == found.digest, Capture.record_type == "response")
    return session.scalar(same.order_by(Capture.id.desc()).limit(1))


def titles(session: Session, source: str) -> list[str]:
    """What the listings of a source call its newest pages, or their own pages do."""
    listed = select(Page.listed_title).where(Page.source == source, Page.listed_title != "")
    own = select(ArticleVersion.title).join(
        Article, (Article.id == ArticleVersion.record) & (Article.version == ArticleVersion.version)
    )
    newest = (
        listed.order_by(Page.id.desc()).limit(MOST_TITLES),
        own.where(Article.source == source).order_by(Article.first_seen.desc()).limit(MOST_TITLES),
    )
    return list(dict.fromkeys(title for query in newest for title in session.scalars(query)))


def said(session: Session, source: str, canonical_url: str) -> Said | None:
    """What the page of an article said when it was last read well."""
    page = pages.find(session, source, [canonical_url]).get(canonical_url)
    record = articles.record(session, page.record) if page and page.record else None
    if record is None:
        return None
    version = session.get_one(ArticleVersion, (record.id, record.version))
    published = articles.moment(version.published_at, version.precision)
    return Said(title=version.title, body_text=version.body_text, published=published)
