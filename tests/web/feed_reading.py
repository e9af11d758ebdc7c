"""Feeds as a reader's program takes them apart."""

from __future__ import annotations

import feedparser

from web.feed_items import urn

SCOPES = [
    "/feeds/all",
    "/feeds/source/thanh-hoa/snv",
    "/feeds/kind/article",
    "/feeds/kind/article.new",
    "/feeds/search",
]


"""Feeds that the small archive has something for."""


def ids(*records: str) -> list[str]:
    return [urn(f"record/{record}") for record in records]


async def read(browser, path: str, **parameters: str):
    response = await browser.get(path, params=parameters or None)
    assert response.status_code == 200, response.text
    found = feedparser.parse(response.content)
    assert not found.bozo, found.bozo_exception
    return found
