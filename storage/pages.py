"""The frontier: every page and listing of a source that we know, what is owed a visit, and what was answered last."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, true

from scraper import text, urls
from scraper.history import KnownListing, KnownPage, moved
from scraper.items import NextPage, Postback, Validators
from scraper.outcomes import Outcome
from storage import articles, batch
from storage.models import Article, Listing, Page, Run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from scraper.items import Entry
    from storage.captures import Captured
    from storage.database import Database
    from storage.document_tables import Document

MOST_FAILURES = 5
"""A page that cannot be read after so many tries is left alone until its listing gives it another title or date."""
MOST_MISSING = 3
ONCE_MORE = timedelta(hours=1)
"""That a page is not there is an answer, though lists name it: it is asked for again after so long, and not sooner."""
MISSING_AGAIN = timedelta(hours=6)
"""A page that is missing is asked for again after so long by polls that come more often."""
SELDOM = timedelta(days=1)
"""How long they let one rest that has failed again and again."""
BELIEVED = timedelta(days=30)
"""A listing that has looked otherwise for so long is taken for what it is now."""
BARREN = timedelta(days=7)
"""So long a page that listed nothing and led nowhere is not looked at again."""
_CHUNK = 500
# Asked for every page or listing, so built once.
_BY_ADDRESS = select(Page).where(Page.source == bindparam("source"), Page.canonical_url == bindparam("address"))
_AMONG = Page.source == bindparam("source"), Page.canonical_url.in_(bindparam("addresses", expanding=True))
_BY_ADDRESSES = select(Page).where(*_AMONG)
_DATED = select(Page.canonical_url).where(*_AMONG, Page.listed_at.is_not(None))
_LISTING = select(Listing).where(Listing.source == bindparam("source"), Listing.canonical_url == bindparam("address"))
_INSERT = insert(Page.__table__)  # type: ignore[arg-type]
_NOT_THERE = [outcome.value for outcome in Outcome if outcome.missing and outcome.answered]
_UNREADABLE = frozenset(
    {
        Outcome.BROKEN,
        Outcome.TOO_COMPLEX,
        Outcome.TOO_BIG,
        Outcome.EMPTY,
        Outcome.DRIFT,
        Outcome.REDIRECT_LOOP,
        Outcome.MOVED,
    }
)


class SourceHistory:
    """One source's past, for one crawl of it; answers `scraper.history.History`.

    Where the database is away for a while, the crawl stands still and waits for it.
    """

    def __init__(self, database: Database, source: str) -> None:
        self._database = database
        self._source = source
        completed = select(Run.id).where(Run.source == source, Run.completed.is_(True)).limit(1)
        self.first_run = database.read(lambda session: session.scalar(completed)) is None

    def known(self, canonical_urls: Collection[str]) -> dict[str, KnownPage]:
        """The pages among these that are known, by canonical address."""

        def found(session: Session) -> dict[str, KnownPage]:
            rows = find(session, self._source, list(canonical_urls))
            return {address: _known(page) for address, page in rows.items()}

        return self._database.read(found)

    def called(self, titles: Collection[str], *, before: datetime) -> dict[str, KnownPage]:
        """Pages that were heard of before a time, by the title that listings gave them; one of each."""
        query = select(Page).where(
            Page.source == self._source, Page.first_seen <= before, Page.listed_title.in_(list(titles)[:_CHUNK])
        )
        return {page.listed_title: page for page in self._pages(query.order_by(Page.first_seen, Page.id))}

    def listing(self, canonical_url: str) -> KnownListing:
        """What is known of a section, feed or sitemap."""

        def found(session: Session) -> KnownListing:
            row = _listing(session, self._source, canonical_url)
            if row is None:
                return KnownListing()
            lately = row.walked_at is not None and row.walked_at > datetime.now(UTC) - BELIEVED
            known = KnownListing(
                resume=_resume(row),
                rows=row.entries if lately else None,
                dated=row.dated if lately else None,
                read_well=row.walked_at if lately else None,
            )
            if row.walk_open or row.walked_at is None:
                return replace(known, barren=_is_barren(row))
            return replace(known, walked_at=row.walked_at, validators=_validators(row))

        return self._database.read(found)

    def owed(self, *, rested: bool = False) -> Sequence[KnownPage]:
        """Pages that are owed a visit, the newest first; with `rested`, without those that failed not long ago."""
        query = select(Page).where(Page.source == self._source, Page.owed.is_(True))
        if rested:
            now = datetime.now(UTC)
            long_ago = [
                and_(Page.failures == failures, Page.last_checked < now - ONCE_MORE * 2 ** (failures - 1))
                for failures in range(1, MOST_FAILURES)
            ]
            seldom = and_(Page.failures >= MOST_FAILURES, Page.last_checked < now - SELDOM)
            query = query.where(or_(Page.failures == 0, *long_ago, seldom))
        return self._pages(query.order_by(Page.listed_at.desc().nulls_last(), Page.id))

    def aging(self, *, all_pages: bool = False, most: int | None = None) -> Sequence[KnownPage]:
        """Pages of records to ask again: all, or at most 1 % of those known (one at least, and no more than `most`).

        With `most`, which a poll that comes many times a day has, those that were missing are asked again every few
        hours, so that they are asked over days, as it takes for them to be gone.

        The longest unasked and the recently edited come first; those that were missing when last asked come besides,
        and so do pages that have never been there, a while after they were last asked for.
        """
        query = select(Page).where(Page.source == self._source, Page.record.is_not(None), Page.owed.is_(False))
        if all_pages:
            return self._pages(query.order_by(Page.last_checked.nulls_first(), Page.id))

        def few_of(session: Session) -> list[KnownPage]:
            count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            among = query.where(Page.missing > 0, Page.missing <= MOST_MISSING * 10)
            if most is not None:
                among = among.where(Page.last_checked < datetime.now(UTC) - MISSING_AGAIN)
            missing = session.scalars(among).all()
            never = session.scalars(self._never_there()).all()
            # A page edited lately counts as unasked for twice as long: what was edited once is edited again.
            edited = (
                query.join(Article, Article.id == Page.record)
                .where(Article.version > 1, Page.missing == 0)
                .order_by(Article.changed_at.desc(), Page.last_checked.nulls_first(), Page.id)
            )
            few = max(1, count // 100) if most is None else min(max(1, count // 100), most)
            recent = session.scalars(edited.limit(few // 4)).all() if few >= 4 else []
            taken = [page.id for page in recent]
            rest = query.where(Page.missing == 0, Page.id.not_in(taken) if taken else true())
            oldest = session.scalars(
                rest.order_by(Page.last_checked.nulls_first(), Page.id).limit(few - len(recent))
            ).all()
            return [_known(page) for page in (*missing, *never, *recent, *oldest)]

        return self._database.read(few_of)

    def _never_there(self) -> Select[Page]:
        return select(Page).where(
            Page.source == self._source, Page.record.is_(None), Page.outcome.in_(_NOT_THERE), Page.owed.is_(False),
            Page.failures < MOST_MISSING, Page.last_checked < datetime.now(UTC) - ONCE_MORE,
        )  # fmt: skip

    def _pages(self, query: Select[Page]) -> list[KnownPage]:
        return self._database.read(lambda session: [_known(page) for page in session.scalars(query)])


def _known(page: Page) -> KnownPage:
    return KnownPage(
        url=page.url,
        canonical_url=page.canonical_url,
        first_seen=page.first_seen,
        section=page.section,
        owed=page.owed,
        listed_title=page.listed_title,
        listed=articles.moment(page.listed_at, page.listed_precision),
        validators=_validators(page),
    )


def _validators(row: Page | Listing) -> Validators:
    return Validators(etag=row.etag, last_modified=row.last_modified, captured_at=row.captured_at, digest=row.digest)


def _resume(row: Listing) -> tuple[int, NextPage] | None:
    if row.resume is None:
        return None
    number, url, postback = row.resume["number"], row.resume["url"], row.resume["postback"]
    if postback:
        fields = tuple((name, value) for name, value in postback["fields"])
        postback = Postback(target=postback["target"], argument=postback["argument"], fields=fields)
    return number, NextPage(url=url, postback=postback)


def _is_barren(row: Listing) -> bool:
    """Whether only looks were had at it, and the last one, not long ago, found nothing."""
    if row.walk_open or row.entries or row.last_checked is None or row.last_checked < datetime.now(UTC) - BARREN:
        return False
    return Outcome(row.outcome).answered if row.outcome else False


def backfilled(row: Listing, number: int, onward: NextPage | None) -> None:
    """Notes that a backfill has read page `number` of a listing, and where it goes on; None at its end."""
    row.resume = None if onward is None else {"number": number + 1, **asdict(onward)}


def find(session: Session, source: str, canonical_urls: Sequence[str]) -> dict[str, Page]:
    """The rows of these addresses, by canonical address; http or https, with or without `www.`, is the same page."""
    found = _exact(session, source, canonical_urls)
    meant = {urls.key(address): address for address in canonical_urls if address not in found}
    spelled = [spelling for address in meant.values() for spelling in urls.spellings(address)]
    for canonical_url, row in _exact(session, source, spelled).items():
        found.setdefault(meant[urls.key(canonical_url)], row)
    return found


def _exact(session: Session, source: str, canonical_urls: Sequence[str]) -> dict[str, Page]:
    batch.send(session)
    found: dict[str, Page] = {}
    for start in range(0, len(canonical_urls), _CHUNK):
        some = canonical_urls[start : start + _CHUNK]
        rows = session.scalars(_BY_ADDRESSES, {"source": source, "addresses": some})
        found.update({row.canonical_url: row for row in rows})
    return found


def _dated(session: Session, source: str, canonical_urls: Sequence[str]) -> list[str]:
    """Those among these addresses that are known, and the dates of their pages too."""
    batch.send(session)
    found: list[str] = []
    for start in range(0, len(canonical_urls), _CHUNK):
        some = canonical_urls[start : start + _CHUNK]
        found += session.scalars(_DATED, {"source": source, "addresses": some})
    return found


def one(session: Session, source: str, canonical_url: str, *, url: str, section: str | None, at: datetime) -> Page:
    """The row of an address, made if there is none."""
    opened = batch.of(session)
    page = opened.pages.get((source, canonical_url)) if opened else None
    if page is None:
        batch.send(session)
        page = session.scalar(_BY_ADDRESS, {"source": source, "address": canonical_url})
    page = page or find(session, source, [canonical_url]).get(canonical_url)
    if page is None:
        page = Page(
            source=source, canonical_url=canonical_url, url=url, section=section, first_seen=at, owed=True,
            failures=0, listed_title="", missing=0,
        )  # fmt: skip
        session.add(page)
        batch.flush(session)
    return page


def readdressed(session: Session, page: Page, canonical_url: str, url: str) -> None:
    """Notes that a page now answers under another scheme or host name; `canonical_url` is what it redirected to."""
    if canonical_url == page.canonical_url or urls.key(canonical_url) != urls.key(page.canonical_url):
        return
    if not _exact(session, page.source, [canonical_url]):
        page.canonical_url, page.url = canonical_url, url
        batch.flush(session)


def listed(
    session: Session,
    source: str,
    entries: Iterable[tuple[str, Entry]],
    *,
    section: str | None,
    at: datetime,
    origin: str,
    trusted: bool = True,
) -> None:
    """Enters what a listing shows into the frontier: new pages are owed a visit, and so are those that moved.

    `entries` are canonical addresses and rows. A related list is not `trusted` to say that a page has moved, nor what
    it is called: sidebars cut and shorten titles as they please.
    """
    rows = dict(entries)
    if not trusted:  # most of a sidebar is known, and has nothing more to learn from it
        for settled in _dated(session, source, list(rows)):
            del rows[settled]
    known = find(session, source, list(rows))
    for canonical_url, entry in rows.items():
        page = known.get(canonical_url)
        if page is None:
            row = _first_seen(source, canonical_url, entry, section=section, at=at, trusted=trusted)
            batch.later(session, _INSERT, row)
            continue
        if trusted and moved(_known(page), entry):
            page.owed, page.failures = True, 0
            if not (text.same_title(entry.title, page.listed_title) or text.same_title(page.listed_title, entry.title)):
                page.listed_title = ""
        page.section = page.section or section
        told = page.listed_title, page.listed_at, page.listed_precision
        if trusted:
            _note(page, entry)
        elif page.listed_at is None and entry.published:
            page.listed_at, page.listed_precision = entry.published.at, entry.published.precision
        if page.record and told != (page.listed_title, page.listed_at, page.listed_precision):
            articles.learn(session, page, at=at, origin=origin)
    if known:
        batch.flush(session)


def _first_seen(
    source: str, canonical_url: str, entry: Entry, *, section: str | None, at: datetime, trusted: bool
) -> dict[str, Any]:
    """The row of a page that nobody has named before. By the table: an object for each takes three times as long."""
    published = entry.published
    return {
        "source": source,
        "canonical_url": canonical_url,
        "url": entry.url,
        "section": section,
        "first_seen": at,
        "owed": True,
        "failures": 0,
        "listed_title": entry.title if trusted else "",
        "listed_at": published.at if published else None,
        "listed_precision": published.precision if published else None,
        "missing": 0,
    }


def _note(page: Page, entry: Entry) -> None:
    """What the row says of the page; a cut title never replaces a whole one, nor a day a minute of that day."""
    if entry.title and (not entry.truncated or not page.listed_title or text.is_cut(page.listed_title)):
        page.listed_title = entry.title
    published = entry.published
    if published is None:
        return
    listed_at = page.listed_at.astimezone(published.at.tzinfo) if page.listed_at else None
    coarser = published.precision == "day" and page.listed_precision == "minute"
    if not (coarser and listed_at and listed_at.date() == published.at.date()):
        page.listed_at, page.listed_precision = published.at, published.precision


def answered(page: Page, outcome: Outcome, *, at: datetime, run: int) -> None:
    """Notes what a visit came to, and whether the page is owed another."""
    page.last_checked = at
    page.outcome = outcome.value
    if outcome.trusted:
        page.owed, page.failures, page.missing = False, 0, 0
        page.missing_since = page.missing_run = None
    elif outcome.missing:
        page.missing_run = run
        page.failures += page.record is None
        page.owed = page.record is None and not outcome.answered and page.failures < MOST_MISSING
    elif outcome is Outcome.ROBOTS:
        page.owed = False
    else:
        page.failures += 1
        page.owed = not (outcome in _UNREADABLE and page.failures >= MOST_FAILURES)


def archived(row: Page | Listing | Document, captured: Captured | None) -> None:
    """Notes where the archive has the body that we now hold; a revisit record points to that place already."""
    if captured and captured.record_type == "response":
        row.captured_at, row.digest = captured.at, captured.digest


def confirm_missing(session: Session, run: int, *, gone_hours: float, at: datetime, origin: str) -> int:
    """Counts what a healthy run found missing; how many records are gone by that.

    A record is gone when all its addresses were missing at least three times over at least `gone_hours`.
    """
    session.flush()
    missing = session.scalars(select(Page).where(Page.missing_run == run).order_by(Page.id)).all()
    for page in missing:
        page.missing += 1
        page.missing_since = page.missing_since or page.last_checked or at
    session.flush()
    long_ago = at - timedelta(hours=gone_hours)
    ended = 0
    for record in dict.fromkeys(page.record for page in missing if page.record):
        there = or_(Page.missing < MOST_MISSING, Page.missing_since.is_(None), Page.missing_since > long_ago)
        if session.scalar(select(Page.id).where(Page.record == record, there).limit(1)) is None:
            ended += articles.gone(session, session.get_one(Article, record), at=at, origin=origin)
    return ended


def listing(session: Session, source: str, canonical_url: str) -> Listing:
    """The row of a listing, made if there is none."""
    row = _listing(session, source, canonical_url)
    if row is None:
        row = Listing(source=source, canonical_url=canonical_url, walk_open=False, entries=0)
        session.add(row)
        batch.flush(session)
    return row


def _listing(session: Session, source: str, canonical_url: str) -> Listing | None:
    return session.scalar(_LISTING, {"source": source, "address": canonical_url})
