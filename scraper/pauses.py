"""Leaving a host alone: because it says so (Retry-After), or because nothing comes of asking."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest

from scraper import outcomes
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

log = logging.getLogger(__name__)

LONGEST_PAUSE = 120.0
"""Seconds that a crawl waits when told to; with a longer Retry-After its pages are left to a later run."""
USUAL_PAUSE = 300.0
"""Seconds that a host is left alone which says 429, or Retry-After, and not for how long."""
MOST_IN_A_ROW = 20
"""The usual patience."""
_FAILURES = frozenset({Outcome.NETWORK, Outcome.TIMEOUT, Outcome.DNS, Outcome.TLS, Outcome.SERVER_ERROR,
                       Outcome.BLOCKED, Outcome.RATE_LIMITED})  # fmt: skip
"""What says of a host, and not of a page, that nothing comes of asking."""


def at_least(delay: float, jitter: float) -> float:
    """The mean of delays that vary by `jitter` of it, and of which none is shorter than `delay` (seconds).

    >>> at_least(3.0, 0.2)
    3.75
    """
    return delay / (1 - jitter)


class HostPaused(IgnoreRequest):
    """The host asked for a longer pause than a crawl waits."""


class GivenUp(IgnoreRequest):
    """Request after request to the host has failed: no more are sent in this crawl."""


class Circuit:
    """Sends no more requests to a host that has failed so many times in a row as the spider has `patience`.

    Each try counts. What was not asked for stays owed. The spider's `gave_up` says what came last of it: then the run
    has failed, a rest follows that doubles from run to run, and the next one has no more patience than one try for each
    listing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._in_a_row: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raises GivenUp."""
        host = urlsplit(request.url).netloc
        if self._in_a_row[host] >= self._spider.patience:
            raise GivenUp(f"{host} has failed {self._in_a_row[host]} times in a row")

    def process_response(self, request: Request, response: Response) -> Response:
        """Notes what came of a request."""
        self._note(request, outcomes.of_status(response.status), f"status {response.status}")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Notes a request to which no answer came; one that was refused by ourselves says nothing of the host."""
        if not isinstance(exception, IgnoreRequest | asyncio.CancelledError):
            self._note(request, outcomes.of_error(exception), f"{type(exception).__name__}: {exception}")

    @property
    def _spider(self) -> Any:
        return self._crawler.spider

    def _note(self, request: Request, outcome: Outcome, message: str) -> None:
        host = urlsplit(request.url).netloc
        if outcome not in _FAILURES:
            # A robots.txt may well stand while all else has fallen.
            self._in_a_row[host] = self._in_a_row[host] if request.meta.get("role") == "robots" else 0
            return
        self._in_a_row[host] += 1
        if self._in_a_row[host] == self._spider.patience:
            self._spider.gave_up = outcome, message
            log.warning("%s has failed %d times in a row, and is left alone", host, self._in_a_row[host])


class RetryAfter:
    """Waits when a host says so: 429 and 503 with Retry-After hold all requests to it back, for as long as it asks."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._until: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Waits, or raises HostPaused where the pause is too long for a crawl."""
        if not self._until:
            return
        host = urlsplit(request.url).hostname or ""
        while (left := self._until.get(host, 0.0) - time.monotonic()) > 0:
            if left > LONGEST_PAUSE:
                raise HostPaused(f"{host} asks to be left alone for {left:.0f} s")
            await asyncio.sleep(left)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Notes a Retry-After and asks again once; a second refusal is the answer."""
        if response.status not in {429, 503}:
            return response
        said = response.headers.get(b"Retry-After")
        if said is None and response.status == 503:
            return response
        seconds = _seconds(said)
        host = urlsplit(request.url).hostname or ""
        seconds = min(seconds, 86_400.0)
        self._until[host] = time.monotonic() + seconds
        # The scheduler will not come back before.
        self._crawler.spider.asked_to_wait = datetime.now(UTC) + timedelta(seconds=seconds)  # type: ignore[union-attr]
        if seconds > LONGEST_PAUSE or request.meta.get("waited"):
            return response
        log.info("%s asks for a pause of %.0f s", host, seconds)
        return request.replace(dont_filter=True, meta={**request.meta, "waited": True})


def _seconds(value: bytes | None) -> float:
    """Retry-After in seconds: a number or a date (RFC 9110 §10.2.3), and the usual pause where it is neither."""
    if value is None:
        return USUAL_PAUSE
    said = value.decode("latin-1").strip()
    if said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return USUAL_PAUSE
