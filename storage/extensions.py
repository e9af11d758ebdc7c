"""Keeper: opens the store for a crawl, holds the host's lease, opens and closes the run."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured
from sqlalchemy.exc import DBAPIError

from scraper import logs, urls
from scraper.items import VIETNAM
from scraper.outcomes import Outcome
from storage import drift, floods, health, leases, pages, renaming, runs, schedule, verdicts
from storage.causes import Cause, cause_of
from storage.document_history import FullHistory
from storage.store import Store
from storage.verdicts import LISTINGS, Judgement, Shown, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from sqlalchemy.orm import Session

    from scraper.items import Visit
    from scraper.rhythm import Clock, Look
    from scraper.sources import Source
    from storage.articles import Saved
    from storage.leases import Grant
    from storage.models import Page
    from storage.runs import Ticket

_CUT_SHORT = frozenset({"budget", "hours"})
"""Reasons of a crawl's end that are no fault of the source's, and leave something out."""
log = logging.getLogger(__name__)


class Keeper:
    """What the edges of one crawl share: the store, the run, its tally.

    Gives the spider its `history`; where the crawl may not run (another has the host) it sets the spider's `refusal`
    instead, and the spider asks for nothing. The report stands in the stats under `congtin/report`.
    """

    run: int
    source: Source
    origin: str
    _past = verdicts.NO_PAST

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self.tally = Tally()
        self.store: Store
        self._opened = datetime.now(UTC)
        self._grant: Grant | None = None
        self._heart: asyncio.Task[None] | None = None
        self._last_request: datetime | None = None
        self._failure: Judgement | None = None
        self._told: str | None = None
        self._open: set[Ticket] = set()
        self._most_news = 0.0
        self._came_at: dict[datetime, int] = {}
        """How many pages were first seen with those that were first seen at a time."""
        self.flooded = 0
        """New records that are told as no news, though a poll found them."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        keeper = cls(crawler)
        crawler.signals.connect(keeper.spider_opened, signals.spider_opened)
        crawler.signals.connect(keeper.spider_closed, signals.spider_closed)
        return keeper

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """The crawl's own, for the other edges. Raises NotConfigured where it is off."""
        keeper = crawler.get_extension(cls)
        if keeper is None:
            raise NotConfigured("storage.extensions.Keeper is off")
        return keeper

    async def spider_opened(self, spider: Spider) -> None:
        """Takes the host's lease and opens the run."""
        self.source = spider.source  # type: ignore[attr-defined]
        self.store = Store.open(self._crawler.settings["CONGTIN_CONFIG"])
        for sentence in self.store.mended:
            log.warning("%s", sentence)
        self._opened = datetime.now(UTC)
        history = FullHistory(self.store.database, self.source.id, self.store.archive)
        self.origin = "backfill" if history.first_run or getattr(spider, "backfill", False) else "poll"
        name = f"host {urls.host(self.source.url)}"

        budget = self.source.file.budget

        most = getattr(spider, "most", None)

        def begin(session: Session) -> tuple[Grant, int, int | None]:
            grant = leases.acquire(session, name, now=self._opened)
            spent = runs.requests(session, self.source.id, since=self._opened - timedelta(days=1)) if budget else 0
            run = runs.open_run(session, self.source.id, origin=self.origin, at=self._opened)
            self._told = self._tell(session, self._opened)
            if former := self.source.formerly:
                source, home = self.source.id, self.source.url
                renaming.readdress(session, source, former, home, at=self._opened, origin=self.origin)
            left = [budget - spent] if budget else []
            return grant, run, min([*left, *([most] if most is not None else [])], default=None)

        try:
            grant, self.run, spider.allowance = await self.store.writer.run(  # type: ignore[attr-defined]
                begin, urgent=True
            )
        except leases.Held as error:
            spider.refusal = f"another crawl of this host is running: {error}"  # type: ignore[attr-defined]
            return
        self._grant = grant
        if budget:
            spider.reserve = self._reserve  # type: ignore[attr-defined]
        self._most_news = await asyncio.to_thread(
            self.store.database.read, lambda session: floods.most(session, self.source.id, now=self._opened)
        )
        self._past = await asyncio.to_thread(
            self.store.database.read, lambda session: runs.past(session, self.source.id, now=self._opened)
        )
        self.tally.ailing = {url: dict(one) for url, one in self._past.ailing.items()}
        logs.learn(run=self.run)
        self._say()
        spider.history = history  # type: ignore[attr-defined]
        spider.last_request = self._opened if grant.taken_over else grant.last_request  # type: ignore[attr-defined]
        if self._past.gave_up:  # the host was given up: one try for each listing says whether it is back
            spider.patience = len(self.source.sections) or 1  # type: ignore[attr-defined]
        self._heart = asyncio.get_running_loop().create_task(self._beat(grant))

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Judges the run, closes it, gives the lease back."""
        if self._heart:
            self._heart.cancel()
            with suppress(asyncio.CancelledError):
                await self._heart
        grant = self._grant
        for ticket in list(self._open):
            self.enter(ticket)
        if grant is not None:
            try:
                looks, clocks = await asyncio.to_thread(self._learned)
                told = await self.store.writer.run(
                    lambda session: self._end(session, grant, reason, looks, clocks), urgent=True
                )
                self._stat("report", told)
                self._say()
            except Exception as error:
                log.exception("the run could not be closed")
                self._stat("broken", f"{type(error).__name__}: {error}")
        elif refusal := getattr(spider, "refusal", None):
            self._stat("refusal", refusal)
        await asyncio.to_thread(self.store.close)

    def origin_of(self, session: Session, page: Page) -> str:
        """What is told of a page counts as: news, unless it came with far more than a portal has news."""
        if self.origin != "poll" or page.record is not None:
            return self.origin
        count = self._came_at.get(page.first_seen, 0)
        if count <= self._most_news:  # more may have come since
            count = self._came_at[page.first_seen] = floods.at_once(session, self.source.id, page.first_seen)
        return self.origin if count <= self._most_news else "backfill"

    async def _reserve(self, requests: int) -> None:
        """Notes a request that is about to go out."""
        await self.store.writer.run(lambda session: runs.reserve(session, self.run, requests), urgent=True)

    def number_of(self, canonical_url: str) -> str | None:
        """The article's number in an address, as the spider's layout knows it: it may have learnt it on the way."""
        source: Source = self._crawler.spider.source  # type: ignore[union-attr]
        return source.article_number(canonical_url)

    def opened(self, ticket: Ticket) -> Ticket:
        """Keeps a fetch in mind until somebody completes it."""
        self._open.add(ticket)
        return ticket

    def close(self, ticket: Ticket) -> None:
        """Takes a fetch that is being completed out of mind."""
        ticket.sent = True
        self._open.discard(ticket)

    def enter(self, ticket: Ticket) -> None:
        """Enters a fetch as it stands: no reading and no error will complete it."""
        if not ticket.sent:
            self.close(ticket)
            self.store.writer.submit(lambda session: runs.enter_fetch(session, ticket))

    def fetched(self, *, size: int, at: datetime) -> None:
        """Counts an exchange with the portal."""
        self.tally.requests += 1
        self.tally.bytes += size
        self._last_request = at

    def visited(self, visit: Visit, saved: Saved | None) -> None:
        """Counts a visit, once it is committed."""
        self.tally.outcome(visit.outcome, url=visit.url, message=visit.message, role=visit.role)
        if visit.role in LISTINGS:
            self.tally.listings += 1
            partial = getattr(self._crawler.spider, "partial", False)  # hands on only what is young enough
            self.tally.entries += len(visit.reading.entries if partial and visit.reading else visit.entries)
            if visit.number == 1 and not partial:
                self._looked(visit)
        if saved:
            if saved.decision:
                self.tally.decisions[saved.decision] += 1
            self.tally.returned += saved.returned
            self.flooded += saved.flooded
            self.tally.procedures.update(saved.procedures)

    def _looked(self, visit: Visit) -> None:
        """Notes what a listing shows; one that was not modified shows what it showed."""
        failed = None if visit.outcome.trusted else (visit.outcome, visit.message)
        self.tally.looked.setdefault(visit.canonical_url, failed)
        if visit.role == "sitemap":  # what it says of dates is not to be trusted
            return
        before = self._past.shown.get(visit.canonical_url)
        if visit.outcome in {Outcome.OK, Outcome.EMPTY_OK}:
            self.tally.sections[visit.canonical_url] = Shown.of((entry for _, entry in visit.entries), before)
        elif visit.outcome is Outcome.NOT_MODIFIED and before:
            self.tally.sections[visit.canonical_url] = before

    def fail(self, why: str, cause: Cause = Cause.OURS) -> None:
        """Ends the crawl because of us, not of the portal."""
        if self._failure is None:
            self._failure = Judgement(verdict="failed", cause=cause, words=why)
            log.error("%s", why)
            engine = self._crawler.engine
            assert engine is not None
            self._closing = asyncio.get_running_loop().create_task(engine.close_spider_async(reason="broken"))

    def _looks(self) -> list[Look]:
        spider: Any = self._crawler.spider
        return spider.learned() if hasattr(spider, "learned") else []

    def _learned(self) -> tuple[list[Look], dict[str, Clock]]:
        """What the crawl's looks at listings teach, and the publishing clocks that they are read by."""
        looks, source = self._looks(), self.source.id
        return looks, self.store.database.read(lambda session: schedule.clocks_of(session, source)) if looks else {}

    def _end(
        self, session: Session, grant: Grant, reason: str, looks: Sequence[Look], clocks: Mapping[str, Clock]
    ) -> dict[str, Any]:
        now = datetime.now(UTC)
        skipped = getattr(self._crawler.spider, "skipped", None)
        if skipped:
            self.tally.skipped = skipped
        if self.flooded:
            self.tally.skipped["told as backfill"] = self.flooded
            log.warning("%s: %d pages came at once, and are told as no news", self.source.id, self.flooded)
        judged = self._judge(session, reason, now, clocks)
        if judged.sound:
            hours = self.store.config.gone_hours
            self.tally.gone += pages.confirm_missing(session, self.run, gone_hours=hours, at=now, origin=self.origin)
        told = runs.report(self.source.id, self.run, self.tally, judged, (now - self._opened).total_seconds())
        partial = reason in _CUT_SHORT or bool(getattr(self._crawler.spider, "partial", False))
        runs.close_run(session, self.run, judged, at=now, told=told, partial=partial)
        self._told = self._tell(session, now)
        schedule.learn(session, self.source.id, looks, clocks, first=self.origin == "backfill")
        if (until := getattr(self._crawler.spider, "asked_to_wait", None)) and until > now:
            schedule.pause(session, self.source.id, until=until)
        leases.release(session, grant, last_request=self._last_request)
        return told

    def _judge(self, session: Session, reason: str, now: datetime, clocks: Mapping[str, Clock]) -> Judgement:
        if self._failure:
            return self._failure
        cut_short = reason in _CUT_SHORT
        gave_up = getattr(self._crawler.spider, "gave_up", None)
        today = now.astimezone(VIETNAM).date()
        learned = schedule.silences(session, self.source.id, clocks, now=now)
        silent = verdicts.silences(self.tally.sections, today, past=self._past, learned=learned)
        for listing, why in silent.items():
            self.tally.stale(listing, why)
            pages.listing(session, self.source.id, listing).outcome = Outcome.STALE.value
        self.tally.ailing = verdicts.ailing(self.tally, self._past, self._sections())
        judged = verdicts.judge(
            self.tally,
            finished=reason == "finished" or cut_short,
            expected=self.source.file.expect.entries,
            short=getattr(self._crawler.spider, "short", ""),
            past=self._past,
            silent=tuple(silent),
            unasked=verdicts.unasked(self.tally),
        )
        if gave_up:
            verdict = judged.verdict if judged.verdict in {"blocked", "interrupted"} else "failed"
            return Judgement(verdict=verdict, cause=cause_of(*gave_up), words=f"{verdicts.GAVE_UP}: {gave_up[1]}")
        if cut_short and (judged.verdict == "healthy" or not self.tally.requests):
            return Judgement(verdict="healthy", words=self._left(reason), sound=True)
        if judged.verdict == "healthy" and (why := drift.redesigned(session, self.source.id, since=self._opened)):
            return Judgement(verdict="thin", cause=Cause.REDESIGN, words=why)
        return judged

    def _left(self, reason: str) -> str:
        if reason == "hours":
            return "the hours in which it may be crawled are over; what is left waits for the next ones"
        budget = self.source.file.budget
        which = f"the budget of {budget} requests a day" if budget else "its share of the budget"
        return f"{which} is spent; what is left waits for another day"

    def _sections(self) -> set[str]:
        """The canonical addresses of all the source's listings."""
        found = set()
        for section in self.source.sections:
            with suppress(urls.BadAddress):
                found.add(self.source.canonical(section.url))
        return found

    def _tell(self, session: Session, at: datetime) -> str | None:
        return health.tell(session, self.source.id, name=self.source.name, url=self.source.url, at=at)

    def _say(self) -> None:
        """Logs what the operator is told, once it is committed."""
        if self._told:
            log.warning("%s", self._told)
            self._told = None

    async def _beat(self, grant: Grant) -> None:
        while True:
            await asyncio.sleep(leases.HEARTBEAT_SECONDS)
            last, looks = self._last_request, self._looks()

            def renew(session: Session, last: datetime | None = last, looks: Sequence[Look] = looks) -> None:
                now = datetime.now(UTC)
                leases.renew(session, grant, now=now, last_request=last)
                seconds = (now - self._opened).total_seconds()
                told = runs.report(self.source.id, self.run, self.tally, Judgement(verdict="interrupted"), seconds)
                runs.note(session, self.run, told, looks)

            try:
                await self.store.writer.run(renew, urgent=True)
            except leases.Lost as error:
                self.fail(str(error))
                return
            except DBAPIError as error:  # a later one may get through, and the lease is ours until another takes it
                log.warning("the lease could not be renewed: %s", error.orig)

    def _stat(self, name: str, value: Any) -> None:
        assert self._crawler.stats is not None
        self._crawler.stats.set_value(f"congtin/{name}", value)
