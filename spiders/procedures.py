"""ProcedureSpider: what differs for sections of procedures: a listing may be an interface that answers a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper import rest
from spiders.news import NewsSpider

if TYPE_CHECKING:
    from scraper.items import NextPage
    from scraper.sources import Section


class ProcedureSpider(NewsSpider):
    """Reads portals that have sections of procedures; their news as `NewsSpider` does."""

    def _opening(self, section: Section) -> NextPage | None:
        asked = self.source.layout.rest
        if asked is None or not asked.answers(section.url):
            return None
        return rest.ask(asked, section.url, 1)
