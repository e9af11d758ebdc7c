"""What one page costs outside of the crawl: reading it, reading parts of it, archiving it.

    python -m bench.page

CPU milliseconds a page in this one process, over 60 article pages of the sample portal, the best of seven rounds.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from sample.server import running
from scraper import body, decode, extract
from scraper.config import Config
from scraper.extract import Page
from spiders.loader import catalogue
from storage.captures import Archive, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

ARTICLES = 60
ROUNDS = 7


def cost(work: Callable[[], object]) -> float:
    """CPU milliseconds a page."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return 1000 * best / ARTICLES


def main() -> None:
    """Prints the table."""
    source = catalogue(Config.from_environment({})).load("sample")
    with running(articles=ARTICLES) as portal:
        addresses = [portal.url.rstrip("/") + path for path in portal.portal.urls()]
        bodies = [urlopen(address).read() for address in addresses]
    pages = [
        Page(url=url, body=page, content_type="text/html; charset=utf-8", role="detail")
        for url, page in zip(addresses, bodies, strict=True)
    ]
    articles = [reading.article for page in pages if (reading := extract.read(page, source)).article]
    fields = [
        root for article in articles if article and (root := extract.tree(article.body_html.encode())) is not None
    ]
    exchanges = [
        Exchange(url=page.url, at=datetime.now(UTC), status=200, reason="OK", headers=[("Server", "x")], body=page.body)
        for page in pages
    ]
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        rows = {
            "read a page, whole": lambda: [extract.read(page, source) for page in pages],
            "of it: decode and parse": lambda: [extract.tree(decode.utf8(page.body)) for page in pages],
            "of it: the body, with BeautifulSoup": lambda: [body.read(one, "http://127.0.0.1/") for one in fields],
            "archive request and response": lambda: [archive.write(exchange) for exchange in exchanges],
        }
        for name, work in rows.items():
            print(f"{name:<34} {cost(work):5.2f} ms")
        archive.close()


if __name__ == "__main__":
    main()
