"""Manners and safety on the way to the network: address guard, robots.txt, turns, cookies."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached

from scraper import decode, guard, outcomes
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.http.cookies import CookieJar
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred

    from scraper.config import Config

ROBOTS_BYTES = 512 * 1024
"""How much of a robots.txt is read: RFC 9309 §2.5 asks for at least 500 KiB."""
AGAIN = 3600.0
"""Seconds after which a robots.txt is asked for again that could not be had."""
LONGEST_CRAWL_DELAY = 60.0
LONGEST_COOKIES = 8 * 1024
"""Bytes of cookies that a host may have us send with each request; IIS and nginx refuse more anyway."""

# The address, the name or the certificate is at fault, and robots.txt has no part in it.
_OF_THE_HOST = frozenset({Outcome.DNS, Outcome.TLS, Outcome.REFUSED, Outcome.RATE_LIMITED})


class RefusedAddress(IgnoreRequest):
    """The address guard does not let this be asked."""


class RobotsDisallow(IgnoreRequest):
    """robots.txt forbids it, or could not be had because the server fails (RFC 9309 §2.3.1.4)."""


_PAGES = frozenset({"detail", "listing", "feed", "sitemap"})
_LOGIN = re.compile(r"login|logon|signin|sign-in|dang-?nhap|\b(sso|cas|oauth2?|openid|adfs)\b", re.IGNORECASE)


class Unreachable(IgnoreRequest):
    """Nothing of a host can be had, robots.txt included; the cause says why."""


class BudgetSpent(IgnoreRequest):
    """The source may be sent no more requests today."""


class MovedAway(IgnoreRequest):
    """A page redirects to a host that is not its portal's."""


class SentToLogin(IgnoreRequest):
    """A page redirects to another host, to log in there."""


class GuardedResolver(CachingThreadedResolver):
    """Scrapy's resolver, whose answers must be public addresses or in a network that the operator opened."""

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float, config: Config) -> None:
        super().__init__(reactor, cache_size, timeout)
        self._allowed = config.allow_networks

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Scrapy's way to build it."""
        settings = crawler.settings
        size = settings.getint("DNSCACHE_SIZE")
        return cls(reactor, size, settings.getfloat("DNS_TIMEOUT"), settings["CONGTIN_CONFIG"])

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802 - Twisted's name
        """The address of a host. Fails with RefusedAddress."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        if why := guard.refused(address, self._allowed):
            raise RefusedAddress(f"{name} resolves to {why}")
        return address


class AddressGuard:
    """Refuses what may not be asked, redirects' targets included: each comes by here as a request of its own.

    What another host says is not what the portal says, so no page is followed there: it has MOVED, or wants a LOGIN.
    robots.txt may stand anywhere (RFC 9309 §2.3.1.2).
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        config: Config = crawler.settings["CONGTIN_CONFIG"]
        self._allowed = config.allow_networks
        self._opted_out = config.opt_out

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(crawler)

    @cached_property
    def _source(self) -> Any:
        return self._crawler.spider.source  # type: ignore[union-attr]

    @cached_property
    def _ports(self) -> frozenset[int]:
        return frozenset(urlsplit(f"//{host}").port or 80 for host in self._source.hosts)

    async def process_request(self, request: Request) -> None:
        """Raises RefusedAddress, MovedAway and SentToLogin, and what a name's resolution raises."""
        if why := guard.opted_out(request.url, self._opted_out):
            raise RefusedAddress(why)
        if why := guard.refused_url(request.url, self._allowed, self._ports):
            raise RefusedAddress(why)
        if (
            request.meta.get("role") in _PAGES
            and "redirect_urls" in request.meta
            and not self._source.owns(request.url)
        ):
            await _resolved(urlsplit(request.url).hostname or "")
            error = SentToLogin if _LOGIN.search(request.url) else MovedAway
            raise error(f"redirects to {request.url}")


async def _resolved(name: str) -> None:
    """Looks a name up, so that one that leads nowhere, or into a private network, is told as such."""
    from twisted.internet import reactor  # noqa: PLC0415 - installed by the crawl

    await maybe_deferred_to_future(reactor.resolve(name))  # type: ignore[arg-type] # Twisted's says bytes, and takes str


class Budget:
    """Sends a portal no more requests than its budget for the day has left, redirects and retries included.

    What is left is the spider's `allowance`, which storage knows, and is told of each request by `reserve` before it
    goes out, so that one counts also if the process dies by then. The crawl ends with the reason `budget`, or with
    `hours` where it must keep to those of its source and they are over; what was not asked for stays owed.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._sent = 0
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:  # noqa: ARG002 - Scrapy's signature
        """Raises BudgetSpent."""
        spider: Any = self._crawler.spider
        if spider.closes is not None and datetime.now(UTC) >= spider.closes:
            self._close("hours")
            raise BudgetSpent("the hours in which the portal may be crawled are over")
        allowance: int | None = spider.allowance
        if allowance is None or self._sent < allowance:
            self._sent += 1
            if spider.reserve:
                await spider.reserve(self._sent)
            return
        self._close("budget")
        raise BudgetSpent("the day's budget is spent")

    def _close(self, reason: str) -> None:
        if self._closing is None and (engine := self._crawler.engine):
            self._closing = asyncio.get_running_loop().create_task(engine.close_spider_async(reason=reason))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rules:
    """What a site's robots.txt says, or why nothing of the site may be fetched; and when it was asked for."""

    told: asyncio.Future[Protego | str | Exception]
    at: float = field(default_factory=time.monotonic)

    def are_old(self, lifetime: float) -> bool:
        """Whether they are to be asked for anew; one that could not be had sooner than rules."""
        if not self.told.done():
            return False
        had = isinstance(self.told.result(), Protego)
        return time.monotonic() - self.at > (lifetime if had else min(lifetime, AGAIN))


class Robots:
    """Obeys robots.txt as RFC 9309 says, Crawl-delay besides (which it does not know).

    Scrapy's own middleware takes a server error for "everything is allowed", and reads Crawl-delay without heeding it.
    A 4xx means that there are no rules; a 5xx or no answer means that nothing may be fetched. Rules are asked for again
    when they are older than ROBOTS_LIFETIME.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self._lifetime = crawler.settings.getfloat("ROBOTS_LIFETIME")
        self._rules: dict[str, _Rules] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises RobotsDisallow, or Unreachable where the host itself is at fault."""
        if request.meta.get("role") == "robots":
            return
        parts = urlparse_cached(request)
        site = f"{parts.scheme}://{parts.netloc}"
        known = self._rules.get(site)
        if known is None or known.are_old(self._lifetime):
            known = self._rules[site] = _Rules(told=asyncio.get_running_loop().create_future())
            known.told.set_result(await self._fetch(site, parts.hostname or ""))
        rules = known.told.result() if known.told.done() else await asyncio.shield(known.told)
        if isinstance(rules, Exception):
            raise Unreachable(f"{site}: {type(rules).__name__}: {rules}") from rules
        if isinstance(rules, str):
            raise RobotsDisallow(rules)
        if not rules.can_fetch(request.url, self._agent):
            raise RobotsDisallow(f"forbidden by {site}/robots.txt")

    async def _fetch(self, site: str, host: str) -> Protego | str | Exception:
        """The site's rules, or why nothing of it may be fetched: words, or an error that every page would meet."""
        # Asked for uncompressed: nothing before the reader child unfolds anything.
        asked = Request(
            f"{site}/robots.txt", headers={"Accept-Encoding": "identity"}, callback=NO_CALLBACK, dont_filter=True,
            meta={"role": "robots"}, priority=1000,
        )  # fmt: skip
        engine = self._crawler.engine
        assert engine is not None
        try:
            response = await engine.download_async(asked)
        except RedirectLoop:
            return Protego.parse("")  # RFC 9309 §2.3.1.2: after five redirects it is as good as none
        except Exception as error:  # noqa: BLE001 - whatever went wrong, robots.txt was not had
            if outcomes.of_error(error) in _OF_THE_HOST or outcomes.is_unconnected(error):
                return error
            return f"robots.txt could not be had: {type(error).__name__}: {error}"
        if response.status >= 500 or response.status == 429:
            return f"robots.txt could not be had: status {response.status}"
        # What is refused may be fetched (RFC 9309 §2.3.1.3); rules that come all the same are meant.
        body = response.body[:ROBOTS_BYTES] if response.status in {200, 401, 403} else b""
        rules = Protego.parse(decode.utf8(body).decode("utf-8", "replace"))
        if wanted := rules.crawl_delay(self._agent):
            self._slow_down(host, min(float(wanted), LONGEST_CRAWL_DELAY))
        return rules

    def _slow_down(self, host: str, seconds: float) -> None:
        engine = self._crawler.engine
        assert engine is not None
        downloader = engine.downloader
        slot = downloader.slots.get(host)
        delay = max(seconds, self._crawler.settings.getfloat("DOWNLOAD_DELAY"))
        downloader.per_slot_settings[host] = {"delay": delay, "concurrency": 1, "jitter": 0.0}
        if slot:
            slot.delay, slot.concurrency, slot.jitter = delay, 1, 0.0


class Turns:
    """Keeps the requests to one host to CONCURRENT_REQUESTS_PER_DOMAIN, and notes in `asked_at` when each goes out.

    Scrapy 2.19 counts a request to its slot only when the task that it has scheduled for it begins to run, so that on
    asyncio and without a delay it sends whatever is queued at once. Nearest to the network, so that a turn ends before
    anything else sees the response.
    """

    def __init__(self, limit: int) -> None:
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(limit))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"))

    async def process_request(self, request: Request) -> None:
        """Waits for a turn."""
        host = urlparse_cached(request).netloc
        await self._turns[host].acquire()
        request.meta["turn"] = host
        request.meta["asked_at"] = datetime.now(UTC)

    def process_response(self, request: Request, response: Response) -> Response:
        """Ends the turn."""
        self._end(request)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:  # noqa: ARG002 - Scrapy's signature
        """Ends the turn."""
        self._end(request)

    def _end(self, request: Request) -> None:
        if host := request.meta.pop("turn", None):
            self._turns[host].release()


class RedirectLoop(IgnoreRequest):
    """More redirects than a crawl follows."""


class Redirect(RedirectMiddleware):
    """Scrapy's redirects, with an error of their own where they do not end."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it, but for its search for the middleware that sets Referer: there is none here."""
        redirect = cls(crawler.settings)
        redirect.crawler = crawler
        return redirect

    # Scrapy calls a `spider` argument deprecated, and still declares it.
    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Follows a redirect. Raises RedirectLoop."""
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise RedirectLoop(f"more than {self.max_redirect_times} redirects") from error


class Cookies(CookiesMiddleware):
    """Scrapy's cookies, each for the host that set it alone, and no more than LONGEST_COOKIES of a host.

    Some portals' paging hangs on a session. Scrapy's own looks every cookie's domain up in a list that it downloads
    when it meets the first one: a blocking request to a third party, and past the address guard.
    """

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request) -> None:
        host = (urlsplit(request.url).hostname or "").lower()
        held = {cookie.name: _size(cookie) for cookie in jar if cookie.domain == host}
        for cookie in cookies:
            room = LONGEST_COOKIES - sum(held.values()) + held.get(cookie.name, 0)
            if (size := _size(cookie)) <= room:
                held[cookie.name] = size
                cookie.domain, cookie.domain_specified, cookie.domain_initial_dot = host, False, False
                jar.set_cookie(cookie)


def _size(cookie: Cookie) -> int:
    return len(cookie.name) + len(cookie.value or "") + len("=; ")
