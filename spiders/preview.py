"""What would be extracted from pages: saved files or addresses. Stores nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from scraper import shapes
from scraper.items import GENERIC, Page, Reading
from scraper.outcomes import Outcome, of_error, of_status
from scraper.pauses import MOST_IN_A_ROW
from scraper.reader import Reader
from scraper.sources import undeclared
from spiders import run
from spiders.loader import catalogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.config import Config
    from scraper.items import PageKind
    from scraper.layout import Platform
    from scraper.sources import Source

_COMPONENTS = ("ITEM_PIPELINES", "EXTENSIONS", "DOWNLOADER_MIDDLEWARES")


def extract(
    pages: Sequence[str],
    config: Config,
    *,
    source: Source | None,
    platform: str | None,
    url: str | None,
    kept: list[Page] | None = None,
) -> Iterator[dict[str, Any]]:
    """What each page says, in the contract's shape with `file`; of one that could not be had or read, with `error`.

    Without a source or a platform, the platform is found from the page itself. Pages that were had are put into `kept`.
    """
    platforms = catalogue(config).platforms
    addresses = [page for page in pages if page.startswith(("http://", "https://"))]
    fetched = _fetch(addresses, config, source or undeclared(platforms[GENERIC], addresses[0])) if addresses else {}
    for name in pages:
        got = fetched.get(name) or _saved(name, url or (source.url if source else None))
        if kept is not None and isinstance(got, Page):
            kept.append(got)
        reading = got if isinstance(got, Reading) else asyncio.run(_read(got, source, platforms, platform))
        told = shapes.reading(reading, got.url if isinstance(got, Page) else name)
        if reading.outcome not in {Outcome.OK, Outcome.EMPTY_OK}:
            told["error"] = f"{reading.outcome}: {reading.message}"
        yield {"file": name, **told}


def read(page: Page, source: Source) -> Reading:
    """What a page says, read in a child process within limits."""
    return asyncio.run(_read(page, source, {}, None))


def _unhad(outcome: Outcome, message: str) -> Reading:
    """The reading of a page that was not had."""
    kind: PageKind = "login" if outcome is Outcome.LOGIN else "blocked" if outcome.shut_out else "other"
    return Reading(kind="not_found" if outcome.missing else kind, outcome=outcome, message=message)


def _saved(name: str, url: str | None) -> Page | Reading:
    try:
        body = Path(name).read_bytes()
    except OSError as error:
        return _unhad(Outcome.BROKEN, f"cannot be read: {error.strerror}")
    return Page(url=url or "http://localhost/", body=body)


async def _read(page: Page, source: Source | None, platforms: dict[str, Platform], platform: str | None) -> Reading:
    if source is None:
        page = page if platform else replace(page, platforms=tuple(platforms.values()))
        source = undeclared(platforms[platform or GENERIC], page.url)
    reader = Reader()
    try:
        return await reader.read(page, source)
    finally:
        await reader.close()


def _fetch(addresses: Sequence[str], config: Config, source: Source) -> dict[str, Page | Reading]:
    """The pages of some addresses, as politely and guardedly as a crawl fetches them; or why one was not had."""
    got: dict[str, Page | Reading] = {}
    own = source

    class Preview(Spider):
        name = "preview"
        source = own
        allowance = reserve = closes = None
        patience = MOST_IN_A_ROW

        async def start(self) -> AsyncIterator[Request]:
            for address in addresses:
                yield Request(address, self.keep, errback=self.lose, dont_filter=True, meta={"asked": address})

        def keep(self, response: Response) -> None:
            if response.status != 200:
                got[response.meta["asked"]] = _unhad(of_status(response.status), f"status {response.status}")
                return
            headers = response.headers
            got[response.meta["asked"]] = Page(
                url=response.url,
                body=response.body,
                content_type=(headers.get("Content-Type") or b"").decode("latin-1"),
                content_encoding=(headers.get("Content-Encoding") or b"").decode("latin-1"),
            )

        def lose(self, failure: Failure) -> None:
            request: Request = failure.request  # type: ignore[attr-defined]
            got[request.meta["asked"]] = _unhad(of_error(failure.value or RuntimeError()), f"{failure.value}")

    settings = run.settings(config)
    for name in _COMPONENTS:  # all that a crawl has, but for what would store
        chosen = {
            path: None if path.startswith("storage.") else order for path, order in settings.getdict(name).items()
        }
        settings.set(name, chosen, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    process.crawl(Preview)
    process.start()
    return got
