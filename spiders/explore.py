"""ExploringSpider: a portal that no source file declares, from its home page on.

The home page gives the platform away, and its menus lead to the sections: pages of the portal that list articles. Each
is walked as a declared section would be; a page that lists nothing is left alone and is no failure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scraper import text, urls
from scraper.items import Visit
from scraper.outcomes import Outcome
from scraper.sources import Section, undeclared
from spiders.judging import once_more, validators
from spiders.news import NewsSpider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from scrapy import Request
    from scrapy.http import Response

    from scraper.items import Entry, VisitRole
    from scraper.sources import SectionKind

MOST_SECTIONS = 60
"""Sections of an undeclared portal that one crawl looks at."""
_KINDS: tuple[tuple[SectionKind, tuple[str, ...]], ...] = (
    ("procedures", ("thu tuc hanh chinh", "thu-tuc-hanh-chinh", "tthc", "bo thu tuc")),
    ("documents", ("van ban", "van-ban", "vanban", "cong van", "legal document")),
)
_LISTS_NOTHING = frozenset({Outcome.DRIFT, Outcome.EMPTY_OK, Outcome.SOFT404, Outcome.LOGIN, Outcome.MAINTENANCE})


class ExploringSpider(NewsSpider):
    """Reads an undeclared portal. Its home page is compared with `platforms`."""

    most_hops = 50
    """Lists of other articles lead to what no menu leads to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looked_at: set[str] = set()

    async def start(self) -> AsyncIterator[Any]:
        """The home page first; what is owed from earlier crawls waits until the platform is known."""
        if self.refusal:
            return
        await self._keep_distance()
        home = Section(kind="hub", url=self.source.url)
        walk = self._walk(home)
        self.looked_at.add(walk.canonical)
        yield self._listing(home.url, walk).replace(callback=self.read_home)

    async def read_home(self, response: Response) -> AsyncIterator[Any]:
        """The home page: the platform, the sections, and what the page lists itself."""
        outcome, message, reading = await self._made_of(response, "home")
        if again := once_more(response, outcome, message):
            yield again
            return
        walk = response.meta["walk"]
        entries: list[tuple[str, Entry]] = []
        requests: list[Request] = []
        if reading and outcome is Outcome.OK:
            platform = next((one for one in self.platforms if one.id == reading.platform), None)
            if platform is not None:
                self.source = undeclared(platform, self.source.url)  # type: ignore[misc] # this spider's own
            if self.crawler.stats:
                self.crawler.stats.set_value("congtin/platform", f"platform {reading.platform} ({reading.message})")
            entries = self._owned(reading.entries)
            requests, _ = self._choose(entries, walk)
            requests += self._look_at(reading.sections)
        yield self._visit(
            response, "listing", walk.canonical, outcome, message, section="hub", reading=reading,
            entries=tuple(entries), walk="closed" if outcome.trusted else "open", validators=validators(response),
        )  # fmt: skip
        for request in requests:
            yield request
        async for request in self._known_pages():
            yield request
        async for one in self.left_over():
            yield one

    async def read_listing(self, response: Response) -> AsyncIterator[Any]:
        """A page of a section, and the sections that it leads to."""
        async for one in super().read_listing(response):
            yield one
            if isinstance(one, Visit) and one.reading:
                for request in self._look_at(one.reading.sections):
                    yield request

    def _look_at(self, links: Iterable[Entry]) -> list[Request]:
        """The first pages of what may be sections, each once."""
        requests: list[Request] = []
        for link in links:
            try:
                canonical = self.source.canonical(link.url)
            except urls.BadAddress:
                continue
            if canonical in self.looked_at or not self.source.owns(link.url) or self.source.shows_article(canonical):
                continue
            if len(self.looked_at) >= MOST_SECTIONS:
                self._skip("sections", link.url, f"more than {MOST_SECTIONS} pages that may be sections")
                break
            self.looked_at.add(canonical)
            if self.history.listing(canonical).barren:
                continue
            section = Section(kind=kind_of(f"{link.title} {link.url}"), url=link.url, found=True)
            requests.extend(self._first_page(section))
        return requests

    def _visit(self, response: Response, role: VisitRole, *told: Any, **more: Any) -> Visit:
        """A page that turned out to list nothing was a look and no walk: its fetch is kept, and nothing is missing."""
        visit = super()._visit(response, role, *told, **more)
        walk = response.meta.get("walk")
        if walk is None or not walk.section.found or visit.entries or walk.number > 1:
            return visit
        if visit.outcome is Outcome.DRIFT and visit.reading and visit.reading.kind == "listing":
            return visit  # a list it is, but not as it used to be
        outcome = Outcome.OK if visit.outcome in _LISTS_NOTHING else visit.outcome
        return replace(visit, role="look", outcome=outcome, message=visit.message or "lists no articles", walk=None)


def kind_of(words: str) -> SectionKind:
    """What a section holds, by its name and address.

    >>> kind_of("Thủ tục hành chính /tthc"), kind_of("Tin hoạt động /tin-tuc")
    ('procedures', 'news')
    """
    folded = text.fold(words)
    return next((kind for kind, marks in _KINDS if any(mark in folded for mark in marks)), "news")
