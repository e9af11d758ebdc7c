"""VisitingSpider: what an answer comes to as a visit, what belongs to the portal, and the source's manners."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import Counter, OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from scrapy import Request, Spider

from scraper import outcomes, urls
from scraper.items import VIETNAM, Page, Visit
from scraper.middlewares import BudgetSpent
from scraper.outcomes import Outcome
from scraper.pauses import MOST_IN_A_ROW, GivenUp, at_least
from scraper.reader import Reader
from spiders.judging import header, judged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from scraper.items import Entry, Reading, Validators, VisitRole
    from scraper.layout import Platform
    from scraper.sources import Source
    from spiders.walks import Walk

log = logging.getLogger(__name__)

MOST_REMEMBERED = 5_000
_TELLING = frozenset(
    {Outcome.BLOCKED, Outcome.LOGIN, Outcome.SERVER_ERROR, Outcome.BROKEN, Outcome.MOVED, Outcome.SOFT404}
)
"""Outcomes whose page may say more: a challenge with 403, "under maintenance" with 500, a redirect to a login form."""


class VisitingSpider(Spider):
    """One source's spider. Its class attributes `name` and `source` come from the source's file."""

    source: ClassVar[Source]
    platforms: ClassVar[tuple[Platform, ...]] = ()
    """Those that the portal may be of, where no file says it."""
    last_request: datetime | None = None
    asked_to_wait: datetime | None = None
    """Until when the host asked to be left alone, if it did."""
    patience: int = MOST_IN_A_ROW
    """After so many failures in a row a host is left alone."""
    gave_up: tuple[Outcome, str] | None = None
    """What the last of them was, where it came to that."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader = Reader()
        self.skipped: Counter[str] = Counter()
        self._owned_as: OrderedDict[str, str] = OrderedDict()
        """What the addresses of lists came to: sidebars repeat them on every page."""

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """The source's own manners, over the defaults: on loopback there is no delay unless the source sets one."""
        super().update_settings(settings)
        file = cls.source.file
        if file.delay is not None:
            delay = at_least(file.delay, settings.getfloat("DOWNLOAD_DELAY_JITTER"))
            settings.set("DOWNLOAD_DELAY", delay, priority="spider")
        elif is_loopback(cls.source.url):
            settings.set("DOWNLOAD_DELAY", 0, priority="spider")
        if file.tls == "accept-invalid":
            settings.set("DOWNLOAD_VERIFY_CERTIFICATES", False, priority="spider")

    async def closed(self, reason: str) -> None:  # noqa: ARG002 - Scrapy's signature
        """Ends the reader child."""
        await self.reader.close()

    def _owned(self, entries: Iterable[Entry]) -> list[tuple[str, Entry]]:
        """Entries that are this portal's articles, with their canonical addresses, each once."""
        owned: dict[str, tuple[str, Entry]] = {}
        for entry in entries:
            known = self._owned_as.get(entry.url)
            canonical = known if known is not None else self._owned_address(entry.url)
            if canonical:
                owned.setdefault(urls.key(canonical), (canonical, entry))
        return list(owned.values())

    def _owned_address(self, url: str) -> str:
        """The canonical address of an article of this portal; empty where it is none. What is none may be counted."""
        try:
            canonical = self.source.canonical(url)
        except urls.BadAddress as error:
            self._skip("bad address", url, str(error))
            return ""
        if not self.source.owns(url):
            self._skip("foreign host", url, "belongs to another portal")
            return ""
        if why := urls.trap(canonical):
            self._skip("trap", url, why)
            return ""
        if not self.source.is_article(canonical):
            canonical = ""
        self._owned_as[url] = canonical
        if len(self._owned_as) > MOST_REMEMBERED:
            self._owned_as.popitem(last=False)
        return canonical

    def _elsewhere(self, response: Response, asked: str) -> bool:
        """Whether a redirect led away from what was asked, and not just to https, `www.` or another spelling."""
        if "redirect_urls" not in response.meta:
            return False
        try:
            return urls.key(self.source.canonical(response.url)) != urls.key(self.source.canonical(asked))
        except urls.BadAddress:
            return True

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        """A request without a response, or one that was refused: its outcome."""
        request: Request = failure.request  # type: ignore[attr-defined]
        error = failure.value or RuntimeError("no error was given")
        if isinstance(error, BudgetSpent | GivenUp):
            return  # it was not asked for, and stays owed
        outcome = outcomes.of_error(error)
        said = outcome in {Outcome.ROBOTS, Outcome.REFUSED, Outcome.MOVED, Outcome.LOGIN}
        message = f"{error}" if said else f"{type(error).__name__}: {error}"
        if outcome is Outcome.TLS:
            message = outcomes.hint(message)
        role: VisitRole = request.meta["role"]
        walk: Walk | None = request.meta.get("walk")
        yield Visit(
            role=role,
            url=request.meta.get("redirect_urls", [request.url])[0],
            canonical_url=walk.canonical if walk else request.meta["canonical"],
            final_url=request.url,
            outcome=outcome,
            at=_now(),
            message=message[:1000],
            section=walk.section.kind if walk else request.meta["section"],
            walk="open" if walk else None,
            fetch=request.meta.get("fetch"),
        )
        for held in walk.release() if walk else ():
            yield held

    async def _made_of(
        self, response: Response, role: Any, *, number: int = 1, elsewhere: tuple[Outcome, str] | None = None
    ) -> tuple[Outcome, str, Reading | None]:
        """What a response comes to, why, and what was read of it; `elsewhere` is what a redirect would make of it."""
        outcome, message = judged(response)
        if outcome is Outcome.OK and elsewhere:
            outcome, message = elsewhere
        if outcome is Outcome.OK:
            reading = await self._read(response, role, number)
            return reading.outcome, reading.message, reading
        if outcome in _TELLING and response.body:
            told = await self._read(response, "any")
            if told.outcome.shut_out:
                return told.outcome, told.message, None
        return outcome, message, None

    async def _read(self, response: Response, role: Any, number: int = 1) -> Reading:
        page = Page(
            url=response.url,
            body=response.body,
            content_type=header(response, "Content-Type"),
            content_encoding=header(response, "Content-Encoding"),
            role=role,
            number=number,
            platforms=self.platforms if role == "home" else (),
            explore=bool(self.platforms),
        )
        return await self.reader.read(page, self.source, now=_now())

    def _visit(
        self,
        response: Response,
        role: VisitRole,
        canonical: str,
        outcome: Outcome,
        message: str,
        *,
        section: str | None,
        reading: Reading | None = None,
        entries: tuple[tuple[str, Entry], ...] = (),
        number: int = 1,
        walk: Literal["open", "closed"] | None = None,
        validators: Validators | None = None,
    ) -> Visit:
        request = response.request
        assert request is not None
        return Visit(
            role=role,
            url=request.meta.get("redirect_urls", [request.url])[0],
            canonical_url=canonical,
            final_url=response.url,
            outcome=outcome,
            at=_now(),
            message=message,
            section=section,
            reading=reading,
            entries=entries,
            number=number,
            walk=walk,
            validators=validators,
            fetch=request.meta.get("fetch"),
        )

    def _skip(self, kind: str, url: str, why: str) -> None:
        self.skipped[kind] += 1
        log.debug("skipped %s: %s", url, why)

    async def _keep_distance(self) -> None:
        """Keeps the delay to the last request that any process made to this host."""
        delay = self.settings.getfloat("DOWNLOAD_DELAY")
        if self.last_request and delay:
            since = (datetime.now(UTC) - self.last_request).total_seconds()
            await asyncio.sleep(min(max(0.0, delay - since), delay))


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine's own.

    >>> is_loopback("http://127.0.0.1:8899/"), is_loopback("https://snv.thanhhoa.gov.vn/")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _now() -> datetime:
    return datetime.now(VIETNAM)
