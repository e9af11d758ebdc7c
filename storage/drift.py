"""Whether a portal was redesigned: what pages that were known say now, and what the others of the source say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from scraper import drift, urls
from scraper.items import GENERIC
from scraper.outcomes import Outcome
from storage import articles
from storage.models import ArticleVersion, Page

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper.items import Visit

FEWEST_PAGES = 2
"""Pages in a row, each known before, of which a redesign must have changed each."""
MOST_TRIES = 2
"""So often a page that alone looks redesigned is asked for again before it is taken for edited."""
_LOOKED_BACK = 20
"""Pages that were read last, among which those that have been odd for long are told from the others."""
A_CRAWL = timedelta(hours=1)
"""Within so long before a page was last asked for, the crawl that did so asked for others."""


def of_visit(session: Session, visit: Visit, page: Page) -> str:
    """Why a page that was read no longer is what it was, in words; empty where it is, or where it was only edited.

    A page that has lost its date is never taken for edited: a version without it would tell less than the last one.
    """
    reading = visit.reading
    if reading is None or reading.article is None or page.record is None or not visit.outcome.trusted:
        return ""
    record = articles.record(session, page.record)
    assert record is not None  # a foreign key says so
    before = session.get_one(ArticleVersion, (record.id, record.version))
    published = articles.moment(before.published_at, before.precision)
    said = drift.Said(title=before.title, body_text=before.body_text, published=published)
    second_address = urls.key(record.canonical_url) != urls.key(page.canonical_url)  # it may be another article's now
    why = drift.of_page(reading.article, said, profiled=reading.platform != GENERIC)
    if why and reading.article.published and (second_address or _was_edited(session, page)):
        return ""
    return why


def _was_edited(session: Session, page: Page) -> bool:
    """Whether the page has looked so for a while, and no other one: each is asked for in every crawl."""
    if page.outcome != Outcome.DRIFT.value or page.failures < MOST_TRIES or page.last_checked is None:
        return False
    others = select(Page.id).where(
        Page.source == page.source, Page.outcome == Outcome.DRIFT.value, Page.record.is_not(None), Page.id != page.id,
        Page.last_checked > page.last_checked - A_CRAWL,
    )  # fmt: skip
    return session.scalar(others.limit(1)) is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A page that was known and was read again: whether it was DRIFT, and how often in a row."""

    odd: bool
    times: int = 0


def all_odd(latest: Iterable[Read]) -> bool:
    """Whether what was read last, the newest first, looks like a redesign: `FEWEST_PAGES` in a row are odd.

    A page that has been odd for longer says nothing while others are as they were: it lost its date, which is for
    its editor to mend, and it is asked for in every crawl.
    """
    read = list(latest)
    if any(not one.odd for one in read):
        read = [one for one in read if not one.odd or one.times <= MOST_TRIES]
    last = read[:FEWEST_PAGES]
    return len(last) == FEWEST_PAGES and all(one.odd for one in last)


def redesigned(session: Session, source: str, *, since: datetime) -> str:
    """Why a source looks redesigned to a run that opened at `since`, in words; empty where it does not.

    The last pages that were read, of those known before, are all DRIFT: one alone may be an odd one.
    """
    read = (Outcome.OK.value, Outcome.DRIFT.value)
    known = select(Page).where(
        Page.source == source, Page.record.is_not(None), Page.first_seen < since, Page.outcome.in_(read),
        Page.last_checked.is_not(None),
    )  # fmt: skip
    latest = session.scalars(known.order_by(Page.last_checked.desc(), Page.id).limit(_LOOKED_BACK)).all()
    read_now = [
        page.outcome == Outcome.DRIFT.value for page in latest if page.last_checked and page.last_checked >= since
    ]
    reads = (Read(odd=page.outcome == Outcome.DRIFT.value, times=page.failures) for page in latest)
    if not any(read_now) or not all_odd(reads):
        return ""
    return f"redesign: the last {FEWEST_PAGES} pages that were asked again no longer say what they did (DRIFT)"
