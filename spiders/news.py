"""NewsSpider: what differs for news: a detail page is an article, and its list of other articles is followed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scraper.outcomes import Outcome
from spiders.documents import DocumentSpider
from spiders.judging import once_more, validators

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from scraper.items import Entry


MOST_TOLD = 1_000
"""Entries of related lists that are remembered as handed on."""


class NewsSpider(DocumentSpider):
    """Reads article pages."""

    most_hops = 1
    """Related lists are followed from pages that a listing showed, and no further: the rest is for the listings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.told: OrderedDict[str, Entry] = OrderedDict()

    async def read_detail(self, response: Response) -> AsyncIterator[Any]:
        """An article's page: the article, and the articles that it lists beside."""
        meta = response.meta
        canonical, section = meta["canonical"], meta["section"]
        astray = None
        if self._elsewhere(response, canonical) and not self._is_article(response.url):
            astray = Outcome.SOFT404, f"the page redirects to {response.url}"
        outcome, message, reading = await self._made_of(response, "detail", elsewhere=astray)
        if again := once_more(response, outcome, message):
            yield again
            return
        article = reading.article if reading else None
        hops = meta["hops"]
        rows = article.related if article and hops < self.most_hops else ()
        related = [one for one in self._owned(rows) if not self._too_old(one[1])]
        told = tuple((address, entry) for address, entry in related if self._is_news(address, entry))
        visit = self._visit(
            response, "detail", canonical, outcome, message,
            section=section, reading=reading, entries=told, validators=validators(response),
        )  # fmt: skip
        yield replace(visit, attached=self.attached(article)) if article else visit
        for request in self.documents(response, outcome, article):
            yield request
        unasked = [(address, entry) for address, entry in related if not self._was_asked(address)]
        known = self.history.known([address for address, _ in unasked]) if unasked else {}
        for address, entry in unasked:
            if address not in known or known[address].owed:
                for request in self._detail(entry.url, address, section, known.get(address), hops=hops + 1):
                    yield request

    def _is_news(self, address: str, entry: Entry) -> bool:
        """Whether this crawl has not yet handed on what a list says here: sidebars repeat it on every page."""
        if self.told.get(address) == entry:
            return False
        self.told[address] = entry
        if len(self.told) > MOST_TOLD:
            self.told.popitem(last=False)
        return True

    def _is_article(self, url: str) -> bool:
        return self.source.is_article(self.source.canonical(url))
