"""What one page costs outside of the crawl: reading it, reading parts of it, archiving it.

    python -m bench.page

CPU milliseconds a page in this one process, over 60 article pages of the sample portal, the best of seven rounds. What
the reader remembers of texts and addresses is forgotten before each round: no page has been read before.
"""

from __future__ import annotations

import gc
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from sample.server import running
from scraper import article, body, dates, decode, extract, text, urls
from scraper.config import Config
from scraper.items import Page
from spiders.loader import catalogue
from storage.captures import Archive, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.items import Role

ARTICLES = 60
ROUNDS = 7


def forget() -> None:
    """Empties what the reader remembers of texts and addresses; the compiled selectors stay."""
    for module in (article, dates, text, urls):
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def cost(work: Callable[[], object]) -> float:
    """CPU milliseconds a page."""
    best = float("inf")
    for _ in range(ROUNDS):
        forget()
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return 1000 * best / ARTICLES


def _page(url: str, role: Role) -> Page:
    return Page(url=url, body=urlopen(url).read(), content_type="text/html; charset=utf-8", role=role)


def main() -> None:
    """Prints the table."""
    source = catalogue(Config.from_environment({})).load("sample")
    with running(articles=ARTICLES) as portal:
        home = portal.url.rstrip("/")
        pages = [_page(home + path, "detail") for path in portal.portal.urls()]
        listing = _page(source.sections[-1].url.replace(source.url.rstrip("/"), home), "listing")
    articles = [reading.article for page in pages if (reading := extract.read(page, source)).article]
    assert extract.read(listing, source).entries
    fields = [root for one in articles if one and (root := extract.tree(one.body_html.encode())) is not None]
    exchanges = [
        Exchange(url=page.url, at=datetime.now(UTC), status=200, reason="OK", headers=[("Server", "x")], body=page.body)
        for page in pages
    ]
    gc.collect()
    gc.freeze()  # as the reader child does
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        rows = {
            "read an article's page, whole": lambda: [extract.read(page, source) for page in pages],
            "of it: decode and parse": lambda: [extract.tree(decode.utf8(page.body)) for page in pages],
            "of it: the body, with BeautifulSoup": lambda: [body.read(one, "http://127.0.0.1/") for one in fields],
            "read a listing's page, whole": lambda: [extract.read(listing, source) for _ in pages],
            "archive request and response": lambda: [archive.write(exchange) for exchange in exchanges],
        }
        for name, work in rows.items():
            print(f"{name:<34} {cost(work):5.2f} ms")
        archive.close()


if __name__ == "__main__":
    main()
