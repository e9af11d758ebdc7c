"""PortalSpider: feed → sitemap → hub → section listings → detail pages, politely, from where the last crawl stopped.

A listing is the unit of work. A walk reads a listing's pages until it has met so many settled entries in a row
(`scraper.history` says what settled means), so that a walk which was cut off is walked again to its end.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from scrapy import Request

from scraper import drift, urls
from scraper.history import FEWEST_ROWS, Blank, moved
from scraper.items import NONE
from scraper.outcomes import Outcome
from scraper.rhythm import WEEK, Look, minutes
from spiders.judging import conditions, once_more, validators
from spiders.visits import VisitingSpider
from spiders.walks import BACKFILL, FIRST_PAGES, Walk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence

    from scrapy.http import Response

    from scraper.history import History, KnownPage
    from scraper.items import Entry, NextPage, Reading, Validators
    from scraper.sources import Section

_EXPIRED = frozenset({Outcome.SERVER_ERROR, Outcome.BROKEN, Outcome.DRIFT, Outcome.EMPTY})
"""What a portal answers to a form whose hidden state it has forgotten."""


class PortalSpider(VisitingSpider):
    """The spider that walks. What a detail page says, a subclass reads.

    Arguments: `recheck` asks every known page again; `full` walks every page of every listing; `since` (a date) stops a
    walk at older entries; `limit` bounds how many detail pages are fetched. A crawl with either is `partial`: it counts
    neither as a walk nor as the source's first run. A poll is told `listings` (addresses: it asks for no others), `old`
    (how many old pages to ask again) and `most` (how many requests it may take). One that must `keep_hours` ends with
    those of its source.
    """

    history: History = Blank()
    refusal: str | None = None
    allowance: int | None = None
    """How many requests are left of the source's budget for the day; None where it has none."""
    reserve: Callable[[int], Awaitable[None]] | None = None
    """Notes, where there is such a budget, how many requests this crawl has sent, the next one included."""

    def __init__(
        self,
        *args: Any,
        recheck: bool = False,
        full: bool = False,
        since: date | str | None = None,
        limit: int | str | None = None,
        listings: Collection[str] = (),
        old: int | None = None,
        most: int | None = None,
        keep_hours: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.recheck = recheck in {True, "1", "true"}
        self.full = full in {True, "1", "true"}
        self.since = date.fromisoformat(since) if isinstance(since, str) else since
        self.left = int(limit) if limit is not None else None
        self.listings = frozenset(self.source.canonical(url) for url in listings if self.source.owns(url))
        self.old = old
        self.most = most
        hours = self.source.file.hours
        self.closes = hours.over(datetime.now(UTC)) if hours and keep_hours else None
        self.looks: dict[str, tuple[float, dict[int, float | None]]] = {}
        """When each listing was looked at (minutes), and what was new on it."""
        self.short = ""
        """The first listing that lacks half of its rows or more, in words."""
        self.lists: dict[int, str] = {}
        """Which section's first page showed which list, by its hash."""
        self.asked: set[int] = set()
        """Hashes of the detail pages asked for: one crawl may ask for more than memory should hold addresses of."""

    @property
    def backfill(self) -> bool:
        """Whether it walks on to the end (or to `since`), and goes on where such a walk was cut off."""
        return self.full or self.since is not None

    @property
    def partial(self) -> bool:
        """Whether it was told to leave things out."""
        return self.since is not None or self.left is not None

    async def start(self) -> AsyncIterator[Any]:
        """The first requests: every listing, what is owed a visit, and what is to be asked again."""
        if self.refusal:
            return
        await self._keep_distance()
        for section in self.source.sections:
            if self.listings and self._canonical(section) not in self.listings:
                continue
            for request in self._first_page(section):
                yield request
        async for request in self._known_pages():
            yield request

    async def _known_pages(self) -> AsyncIterator[Request]:
        """Details that are owed a visit, and those to ask again."""
        for page in await asyncio.to_thread(self.history.owed, rested=self.old is not None):
            if self.since and page.listed and page.listed.at.date() < self.since:
                continue
            for request in self._detail(page.url, page.canonical_url, page.section, page, priority=-10):
                yield request
        if self.backfill and not self.recheck:
            return  # it asks for what is missing, and leaves what there is to the polls
        for page in await asyncio.to_thread(self.history.aging, all_pages=self.recheck, most=self.old):
            for request in self._detail(page.url, page.canonical_url, page.section, page, priority=-20):
                yield request

    def _canonical(self, section: Section) -> str | None:
        try:
            return self.source.canonical(section.url)
        except urls.BadAddress:
            return None

    def learned(self) -> list[Look]:
        """What this crawl's looks at listings teach of their rhythm; those of a backfill teach nothing.

        What several listings show counts for the one that leads, or else for the first.
        """
        taken: set[int] = set()
        told = []
        leading = self.source.leading
        for section in sorted(self.source.sections, key=lambda one: one not in leading):
            canonical = self._canonical(section)
            if canonical is None or canonical not in self.looks:
                continue
            at, fresh = self.looks[canonical]
            own = {one: stamp for one, stamp in fresh.items() if one not in taken}
            taken |= own.keys()
            stamps = tuple(stamp for stamp in own.values() if stamp is not None and at - WEEK < stamp <= at)
            check = section not in leading
            told.append(Look(listing=canonical, at=at, count=len(own), stamps=stamps, check=check))
        return told

    # Listings

    def _first_page(self, section: Section) -> Iterator[Request]:
        try:
            canonical = self.source.canonical(section.url)
        except urls.BadAddress as error:
            self._skip("bad address", section.url, str(error))
            return
        known = self.history.listing(canonical)
        if known.resume is None:
            conditional = NONE if self.backfill else known.validators
            walk = self._walk(section, backfill=self.backfill)
            yield self._listing(section.url, walk, conditional=conditional, onward=self._opening(section))
            return
        # A backfill was cut off: what is new stands above all that it has met, and the rest below where it stopped.
        yield self._listing(section.url, self._walk(section, catching_up=True), onward=self._opening(section))
        if self.backfill:
            number, onward = known.resume
            yield self._listing(onward.url, self._walk(section, number=number, backfill=True), onward=onward)

    def _opening(self, section: Section) -> NextPage | None:  # noqa: ARG002 - for a subclass that knows better
        """What a section's first page is asked with; None where its address is enough."""
        return None

    def _walk(
        self, section: Section, *, number: int = 1, backfill: bool = False, catching_up: bool = False,
        restarted: bool = False,
    ) -> Walk:  # fmt: skip
        canonical = self.source.canonical(section.url)
        known = self.history.listing(canonical)
        return Walk(
            section=section,
            canonical=canonical,
            walked_at=known.walked_at,
            rows=known.rows,
            dated=known.dated,
            read_well=known.read_well,
            number=number,
            backfill=backfill,
            resumed=number > 1,
            catching_up=catching_up,
            restarted=restarted,
            root=canonical,
            seen={canonical},
        )

    def _listing(
        self, url: str, walk: Walk, *, conditional: Validators = NONE, onward: NextPage | None = None
    ) -> Request:
        section: Section = walk.section
        meta: dict[str, Any] = {"role": section.role, "walk": walk, "had": conditional}
        body = None
        headers = conditions(conditional)
        if onward and onward.postback:
            # A whole form, as a browser posts it; with AJAX headers the server would answer in fragments.
            body = urlencode(onward.postback.form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            # What a form with a state was refused for does not change by itself.
            meta["dont_retry"] = meta["stateful"] = bool(onward.postback.target)
        return Request(
            url, self.read_listing, method="POST" if body else "GET", body=body, headers=headers, meta=meta,
            errback=self.failed, dont_filter=True, priority=BACKFILL if walk.backfill else 10,
        )  # fmt: skip

    async def read_listing(self, response: Response) -> AsyncIterator[Any]:
        """A page of a listing, a feed or a sitemap: its entries, and the next page."""
        walk: Walk = response.meta["walk"]
        section: Section = walk.section
        first = walk.number == 1
        moved_to = None
        if first and self._elsewhere(response, section.url):
            moved_to = Outcome.MOVED, f"the section redirects to {response.url}"
        outcome, message, reading = await self._made_of(response, section.role, number=walk.number, elsewhere=moved_to)
        if again := once_more(response, outcome, message):
            yield again
            return
        if outcome in _EXPIRED and response.meta.get("stateful"):
            if not walk.restarted:
                self._skip("expired", section.url, message)
                for request in walk.release():
                    yield request
                yield self._listing(section.url, self._walk(section, backfill=walk.backfill, restarted=True))
                return
            outcome, message = Outcome.BROKEN, f"its form is refused, fresh from page 1 too: {message}"
        if first:
            walk.validators = validators(response)
        entries = self._owned(reading.entries if reading else ())
        onward = further = None
        wanted: list[Request] = []
        visit_entries: tuple[tuple[str, Entry], ...] = ()
        if outcome is Outcome.OK and first and reading and (why := self._drifted(entries, walk, reading)):
            outcome, message = Outcome.DRIFT, why
            wanted, _ = self._choose(entries, walk, believed=False)  # their pages say all of it, too
        elif outcome is Outcome.OK and first and (other := self._same_list(entries, walk)):
            outcome, message = Outcome.DRIFT, f"its rows are all new, and those of {other}: a menu, and not the list"
        elif outcome is Outcome.OK and reading:
            if first and section.kind != "hub" and walk.lacks_rows([entry for _, entry in entries]):
                self._lacks(section.url, len(entries), walk)
            wanted, done = self._choose(entries, walk)
            further = self._onward(reading, walk, section)
            onward = None if done else further
            walk.met += len(entries)
            self._count_unshown(reading, walk, done=done)
            visit_entries = tuple(one for one in entries if not self._too_old(one[1]))
            if reading.sitemaps:
                wanted += self._further(reading.sitemaps, walk)
        self._note_look(walk, outcome)
        state: Literal["open", "closed"] = "closed" if outcome.trusted and onward is None else "open"
        visit = self._visit(
            response, section.role, walk.canonical, outcome, message,
            section=section.kind, reading=reading, entries=visit_entries, number=walk.number,
            walk=None if self.since or walk.resumed else state, validators=walk.validators,
        )  # fmt: skip
        yield replace(visit, backfill=walk.backfill, onward=further)
        for request in self._go_on(walk, wanted, onward):
            yield request

    def _go_on(self, walk: Walk, wanted: Sequence[Request], onward: NextPage | None) -> Iterator[Request]:
        """The pages to ask for, unless they wait for what the next ones of the listing show; and the next one."""
        walk.held += wanted
        if not (onward and walk.may_be_flood):
            yield from walk.release()
        if onward:
            yield self._listing(onward.url, replace(walk, number=walk.number + 1), onward=onward)

    def _note_look(self, walk: Walk, outcome: Outcome) -> None:
        """Keeps in mind what is new on a listing, if that tells of its rhythm."""
        if walk.number == 1 and outcome.trusted and not self.backfill:
            self.looks.setdefault(walk.root, (minutes(datetime.now(UTC)), walk.fresh))

    def _drifted(self, entries: Sequence[tuple[str, Entry]], walk: Walk, reading: Reading) -> str:
        """Why a listing's first page is no longer what it was: of a hub or a feed, whose rows vary, by its dates."""
        section: Section = walk.section
        if section.role != "listing" or section.kind == "hub":
            return drift.of_listing(entries, {}, drift.Had(rows=walk.rows, dated=walk.dated))
        file = self.source.file
        had = drift.Had(rows=walk.rows, dated=walk.dated, alone=not (file.hub or file.feeds or file.sitemaps))
        known = self.history.known([canonical for canonical, _ in entries])
        titles = {entry.title for _, entry in entries} - {""}
        called = self.history.called(titles, before=walk.read_well) if walk.read_well and not known else {}
        return drift.of_listing(entries, known, had, strayed=reading.strayed, called=called)

    def _choose(
        self, entries: Sequence[tuple[str, Entry]], walk: Walk, *, believed: bool = True
    ) -> tuple[list[Request], bool]:
        """The detail pages to ask for, and whether the walk has come to its end.

        Rows that are not `believed` lead to what is new, and say nothing of what is known.
        """
        known = self.history.known([canonical for canonical, _ in entries])
        section: Section = walk.section
        wanted: list[Request] = []
        older = 0
        forward = walk.goes_forward([entry for _, entry in entries])
        for canonical, entry in entries:
            page = known.get(canonical)
            settled = walk.meets(page)
            if self._too_old(entry):
                older += 1
                continue
            if page is None:
                printed = entry.published if entry.published and entry.published.precision == "minute" else None
                walk.fresh[hash(urls.key(canonical))] = minutes(printed.at) if printed else None
            if page is None or page.owed or (believed and moved(page, entry)):
                priority = BACKFILL + 10 if walk.backfill else 0
                url = page.url if page else entry.url
                wanted += self._detail(url, canonical, section.kind, page, priority=priority)
            if settled and not forward:
                return wanted, True
        return wanted, bool(entries) and older == len(entries)

    def _count_unshown(self, reading: Reading, walk: Walk, *, done: bool) -> None:
        """Counts the rows that a listing says it has, and that its last page has not shown, either."""
        if reading.next_page is None and reading.total and reading.total > walk.met and not done:
            self.skipped["rows not shown"] += reading.total - walk.met

    def _lacks(self, url: str, rows: int, walk: Walk) -> None:
        """Notes a listing that is shorter than it was: what is missing from it is not taken for gone."""
        self._skip("fewer rows", url, f"{rows} rows, and {walk.rows} when last read")
        if walk.rows and rows * 2 <= walk.rows:
            self.short = self.short or f"{url} shows {rows} rows, and showed {walk.rows} when last read"

    def _same_list(self, entries: Sequence[tuple[str, Entry]], walk: Walk) -> str | None:
        """The other section of this crawl whose list a section shows that showed another one before (C11)."""
        section: Section = walk.section
        if section.role != "listing" or section.kind == "hub" or section.found or len(entries) < FEWEST_ROWS:
            return None
        addresses = [canonical for canonical, _ in entries]
        other = self.lists.setdefault(hash(frozenset(addresses)), walk.canonical)
        if other == walk.canonical or not walk.is_all_news(self.history.known(addresses).values()):
            return None
        return other

    def _too_old(self, entry: Entry) -> bool:
        return bool(self.since and entry.published and entry.published.at.date() < self.since)

    def _further(self, sitemaps: Iterable[str], walk: Walk) -> list[Request]:
        """The sitemaps that an index names, each once, newest first as the index has them, within bounds."""
        section: Section = walk.section
        requests: list[Request] = []
        for url in sitemaps:
            if url not in walk.seen and self.source.owns(url) and len(walk.seen) < FIRST_PAGES:
                walk.seen.add(url)
                further = replace(walk, section=replace(section, url=url), canonical=self.source.canonical(url))
                requests.append(self._listing(url, further))
        return requests

    def _onward(self, reading: Reading, walk: Walk, section: Section) -> NextPage | None:
        """The next page, unless the walk has gone far enough or in a circle."""
        onward = reading.next_page
        if section.role == "sitemap" or onward is None:
            return None
        if walk.number >= walk.most_pages:
            return None
        if why := urls.trap(onward.url):
            self._skip("trap", onward.url, why)
            return None
        shown = hash(frozenset(entry.url for entry in reading.entries))  # of 20,000 pages, so not the addresses
        if shown in walk.seen:  # a last page that leads to itself, or page 9999 that shows page 1
            self._skip("circle", onward.url, "the page shows what an earlier one showed")
            return None
        walk.seen.add(shown)
        return onward

    # Detail pages

    def _detail(
        self, url: str, canonical: str, section: str | None, page: KnownPage | None, *, priority: int = 0, hops: int = 0
    ) -> Iterator[Request]:
        if self._was_asked(canonical):
            return
        if self.left is not None:
            if self.left <= 0:
                return
            self.left -= 1
        self.asked.add(hash(urls.key(canonical)))
        had = page.validators if page else NONE
        meta = {"role": "detail", "canonical": canonical, "section": section, "had": had, "hops": hops}
        yield Request(
            url, self.read_detail, headers=conditions(had), meta=meta, errback=self.failed, dont_filter=True,
            priority=priority,
        )  # fmt: skip

    def _was_asked(self, canonical: str) -> bool:
        return hash(urls.key(canonical)) in self.asked

    def read_detail(self, response: Response) -> AsyncIterator[Any]:
        """A detail page: what a subclass makes of it."""
        raise NotImplementedError
