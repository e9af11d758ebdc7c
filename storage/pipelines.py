"""Store: each visit is written in one transaction: the fetch's outcome, the frontier, the record, its events."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, select

from scraper import urls
from scraper.history import dated_rows
from scraper.items import Reread, Visit
from scraper.outcomes import Outcome
from storage import articles, batch, deadlines, documents, drift, pages, procedures, renaming, runs
from storage.articles import Saved, Sighting
from storage.extensions import Keeper
from storage.models import Fetch, Page, Run
from storage.runs import Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from scrapy.crawler import Crawler
    from sqlalchemy.orm import Session

    from scraper import items


log = logging.getLogger(__name__)

MOST_UNCHANGED = 7
"""After so many 304 in a row a listing is asked for whole: some servers go on saying it whatever happens."""
ACTIVE = timedelta(days=30)
"""A portal is active that had a new page within this time; on others nothing is gained by asking."""


class Store:
    """The end of the flow. Waiting for the commit is the back-pressure on the crawl."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(Keeper.of(crawler))

    async def process_item(self, item: Any) -> Any:
        """Writes a visit and counts what came of it; or what another reading of a document came to."""
        if isinstance(item, Reread):
            again, origin = item, self._keeper.origin
            told = await self._keeper.store.writer.run(lambda session: documents.reread(session, again, origin=origin))
            self._keeper.tally.procedures.update(told)
            return item
        if not isinstance(item, Visit):
            return item
        keeper = self._keeper
        if item.role == "detail":
            keeper.tally.read(item.outcome, item.reading.article if item.reading else None)
        ticket = item.fetch if isinstance(item.fetch, Ticket) else self._unfetched(item)
        entered = ticket.sent
        keeper.close(ticket)
        write = keeper.store.writer.run
        try:
            item, saved = await write(Writing(store=self, visit=item, ticket=ticket, entered=entered))
        except Exception as error:
            log.exception("%s could not be stored", item.url)
            item = _unstored(item, error)
            item, saved = await write(Writing(store=self, visit=item, ticket=ticket, entered=entered))
        keeper.visited(item, saved)
        return item

    def _unfetched(self, visit: Visit) -> Ticket:
        """The fetch of a visit that never reached the network: refused, or forbidden."""
        row = {"run": self._keeper.run, "at": visit.at, "url": visit.url, "role": visit.role, "status": None}
        return Ticket(row=row | {"size": 0, "seconds": 0.0})

    def look_up(self, session: Session, several: Sequence[Writing]) -> None:
        """Looks up for a batch what it can of the pages and records of visits."""
        opened = batch.of(session)
        assert opened is not None
        details = [one.visit for one in several if one.visit.role == "detail"]
        source = self._keeper.source.id
        known = pages.find(session, source, [visit.canonical_url for visit in details])
        opened.pages |= {(source, address): page for address, page in known.items()}
        sighted = [(article, known.get(visit.canonical_url)) for visit in details if (article := _sighted(visit))]
        articles.look_up(session, source, sighted)
        documents.look_up(session, source, {address for visit in details for address, _, _ in visit.attached})

    def write(self, session: Session, visit: Visit, ticket: Ticket, *, entered: bool) -> tuple[Visit, Saved | None]:
        """Writes the visit; what it came to in the end, and what was decided."""
        page = self._page(session, visit) if visit.role == "detail" else None
        if page is not None and (why := drift.of_visit(session, visit, page)):
            visit = replace(visit, outcome=Outcome.DRIFT, message=why, reading=None, entries=(), validators=None)
        enter = runs.complete_fetch if entered else runs.enter_fetch
        enter(session, ticket, outcome=visit.outcome.value, message=visit.message)
        if page is not None:
            return visit, self._write_page(session, visit, ticket, page)
        if visit.role == "look":
            self._write_look(session, visit)
            return visit, None
        if visit.role == "document":
            keeper = self._keeper
            told = documents.visited(session, visit, ticket, source=keeper.source.id, origin=keeper.origin)
            return visit, Saved(procedures=told)
        self._write_listing(session, visit, ticket)
        return visit, self._write_procedures(session, visit, ticket, Saved(), origin=self._keeper.origin)

    def _page(self, session: Session, visit: Visit) -> Page:
        source = self._keeper.source.id
        return pages.one(session, source, visit.canonical_url, url=visit.url, section=visit.section, at=visit.at)

    def _write_page(self, session: Session, visit: Visit, ticket: Ticket, page: Page) -> Saved | None:
        keeper = self._keeper
        if visit.outcome.trusted and visit.final_url != visit.url:
            with suppress(urls.BadAddress):
                pages.readdressed(session, page, keeper.source.canonical(visit.final_url), visit.final_url)
        saved = None
        origin = keeper.origin_of(session, page)
        article = _sighted(visit)
        if article is not None:
            sighting = Sighting(
                article=article,
                page=page,
                source=keeper.source.id,
                platform=(visit.reading and visit.reading.platform) or keeper.source.platform,
                section=visit.section or page.section,
                origin=origin,
                at=visit.at,
                capture=ticket.capture,
                number_of=keeper.number_of,
                has_moved=lambda one, digest: renaming.said_before(one, digest, keeper.source.formerly),
                drawn=visit.reading.sketch if visit.reading else None,
            )
            saved = articles.save(session, sighting)
            saved = replace(saved, flooded=saved.decision == "new" and origin != keeper.origin)
            if visit.validators is not None:
                page.etag, page.last_modified = visit.validators.etag, visit.validators.last_modified
            pages.archived(page, ticket.captured)
            if page.record and saved.decision != "deferred":
                self._attach(session, page.record, visit, changed=saved.decision == "changed", origin=origin)
                found = visit.reading.deadlines if visit.reading else ()
                deadlines.save(session, page.record, found, at=visit.at, new=saved.decision == "new")
        elif visit.outcome.trusted and page.record:
            record = articles.record(session, page.record)
            assert record is not None  # a foreign key says so
            back = articles.returned(session, record, at=visit.at, origin=keeper.origin)
            articles.learn(session, page, at=visit.at, origin=keeper.origin)
            saved = Saved(decision="unchanged", returned=back)
        pages.answered(page, visit.outcome, at=visit.at, run=keeper.run)
        if saved and saved.decision == "deferred":
            page.owed = True
        if visit.entries:
            self._enter(session, visit, trusted=False)
        return self._write_procedures(session, visit, ticket, saved or Saved(), page.record, origin=origin)

    def _write_procedures(
        self, session: Session, visit: Visit, ticket: Ticket, saved: Saved, record: str | None = None, *, origin: str
    ) -> Saved:
        if saved.decision == "deferred":
            return saved
        keeper = self._keeper
        told = procedures.visited(
            session, visit, source=keeper.source.id, platform=keeper.source.platform, origin=origin,
            capture=ticket.capture, record=record, new=saved.decision == "new",
        )  # fmt: skip
        return replace(saved, procedures=told) if told else saved

    def _write_look(self, session: Session, visit: Visit) -> None:
        """Notes what was found where a listing might have been, if it is nothing, and leads nowhere."""
        if visit.outcome.answered and not (visit.reading and visit.reading.sections):
            row = pages.listing(session, self._keeper.source.id, visit.canonical_url)
            row.last_checked, row.outcome = visit.at, visit.outcome.value

    def _attach(self, session: Session, record: str, visit: Visit, *, changed: bool, origin: str) -> None:
        """Notes what a record's page attaches. A new one, or an unchanged one, that attaches nothing never did."""
        if visit.attached or changed:
            source = self._keeper.source.id
            documents.attach(session, record, visit.attached, source=source, at=visit.at, known=changed, origin=origin)

    def _write_listing(self, session: Session, visit: Visit, ticket: Ticket) -> None:
        row = pages.listing(session, self._keeper.source.id, visit.canonical_url)
        row.last_checked, row.outcome = visit.at, visit.outcome.value
        if visit.outcome.trusted:
            row.entries = len(visit.entries) if visit.entries and visit.number == 1 else row.entries
            self._enter(session, visit, trusted=True)
        if visit.outcome is Outcome.OK and visit.number == 1:
            pages.archived(row, ticket.captured)
            row.dated = dated_rows([entry for _, entry in visit.entries])
        if visit.backfill and visit.outcome.trusted:
            pages.backfilled(row, visit.number, visit.onward)
        if visit.walk == "open":
            row.walk_open = True
        elif visit.walk == "closed":
            row.walk_open, row.walked_at = False, visit.at
            if visit.validators is not None and visit.outcome is not Outcome.NOT_MODIFIED:
                row.etag, row.last_modified = visit.validators.etag, visit.validators.last_modified
        if visit.outcome is Outcome.NOT_MODIFIED and self._is_stuck(session, visit):
            row.etag = row.last_modified = None  # the next crawl asks for it whole

    def _is_stuck(self, session: Session, visit: Visit) -> bool:
        """Whether a listing has said so often in a row that nothing changed, on a portal that does have news."""
        source = self._keeper.source.id
        last = select(Run.id).where(Run.source == source).order_by(Run.opened_at.desc()).limit(MOST_UNCHANGED)
        same = select(func.count()).where(
            Fetch.run.in_(session.scalars(last).all()),
            Fetch.outcome == Outcome.NOT_MODIFIED.value,
            Fetch.url == visit.url,
        )
        if (session.scalar(same) or 0) < MOST_UNCHANGED:
            return False
        lately = select(Page.id).where(Page.source == source, Page.first_seen > visit.at - ACTIVE)
        batch.send(session)
        return session.scalar(lately.limit(1)) is not None

    def _enter(self, session: Session, visit: Visit, *, trusted: bool) -> None:
        keeper = self._keeper
        pages.listed(
            session, keeper.source.id, visit.entries, section=visit.section, at=visit.at, origin=keeper.origin,
            trusted=trusted,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """The writer's job for one visit; `entered` says that its fetch was entered before this was known."""

    store: Store
    visit: Visit
    ticket: Ticket
    entered: bool

    def __call__(self, session: Session) -> tuple[Visit, Saved | None]:
        """Writes the visit."""
        return self.store.write(session, self.visit, self.ticket, entered=self.entered)

    @staticmethod
    def prepare(session: Session, several: Sequence[Writing]) -> None:
        """Opens a batch for visits, of one source or several, and enters their captures."""
        opened = batch.begin(session)
        fresh = [one.ticket for one in several if not one.entered]
        runs.enter_captures(session, fresh)
        opened.captured |= set(fresh)
        for store in {one.store for one in several}:
            store.look_up(session, [one for one in several if one.store is store])


def _sighted(visit: Visit) -> items.Article | None:
    """The article that a visit tells of."""
    return visit.reading.article if visit.reading and visit.outcome.trusted else None


def _unstored(visit: Visit, error: Exception) -> Visit:
    """The same visit as a failure of ours: listed, and tried again, with nothing of the page that broke us."""
    message = f"could not be stored: {type(error).__name__}: {error}"[:1000]
    walk: Literal["open"] | None = "open" if visit.walk else None
    return replace(
        visit, outcome=Outcome.BROKEN, message=message, reading=None, document=None, attached=(), entries=(), walk=walk,
        validators=None,
    )  # fmt: skip
