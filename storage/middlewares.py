"""Capture: each response is a WARC record, and its fetch a row, before anything reads it."""

from __future__ import annotations

import asyncio
import http.client
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

from scraper import outcomes
from storage.captures import Exchange
from storage.causes import Cause
from storage.extensions import Keeper
from storage.runs import Ticket

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from scraper.outcomes import Outcome


class Capture:
    """Archives every exchange with a portal.

    Stands nearest to the network (order above 900), so that redirects and retries are kept and bodies are as they
    came. `scraper.middlewares.Turns` has noted when a request went out. Puts a `Ticket` of the fetch into
    `request.meta["fetch"]`.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way to build it."""
        return cls(Keeper.of(crawler))

    async def process_response(self, request: Request, response: Response) -> Response:
        """Archives a response. A full disk stops the crawl: what cannot be kept must not be asked for."""
        at = request.meta.pop("asked_at")
        flags = set(response.flags)
        exchange = Exchange(
            url=request.url,
            at=at,
            method=request.method,
            request_headers=_pairs(request.headers),
            request_body=request.body,
            status=response.status,
            reason=http.client.responses.get(response.status, ""),
            protocol=response.protocol or "HTTP/1.1",
            headers=_pairs(response.headers),
            body=response.body,
            address=str(response.ip_address) if response.ip_address else None,
            truncated="dataloss" in flags,
        )
        await self._keep(request, exchange, outcomes.of_status(response.status), "")
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Archives that there was no response, where a request was on its way at all."""
        at = request.meta.pop("asked_at", None)
        if at is None or isinstance(exception, IgnoreRequest | asyncio.CancelledError):
            return
        said = f"{type(exception).__name__}: {exception}"[:500]
        exchange = Exchange(
            url=request.url, at=at, method=request.method, request_headers=_pairs(request.headers), error=said
        )
        await self._keep(request, exchange, outcomes.of_error(exception), said)

    async def _keep(self, request: Request, exchange: Exchange, outcome: Outcome, message: str) -> None:
        keeper = self._keeper
        seconds = (datetime.now(UTC) - exchange.at).total_seconds()
        try:
            captured = await keeper.store.capture(exchange, request.meta.get("had"))
        except OSError as error:
            keeper.fail(f"the archive cannot be written: {error}", Cause.DISK)
            raise IgnoreRequest(str(error)) from error
        row = {
            "run": keeper.run,
            "at": exchange.at,
            "url": exchange.url,
            "role": request.meta.get("role", "other"),
            "status": exchange.status,
            "outcome": outcome.value,
            "message": message,
            "size": len(exchange.body),
            "seconds": seconds,
        }
        came_to = request.meta.pop("came_to", {})
        if (before := request.meta.get("fetch")) is not None:
            before.row |= came_to
            keeper.enter(before)  # a redirect or a refusal that was tried again: nobody else will complete it
        request.meta["fetch"] = keeper.opened(Ticket(row=row, captured=captured))
        keeper.fetched(size=len(exchange.body), at=exchange.at)


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    # Scrapy's own `items` would look every header up again.
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in dict.items(headers)
        for value in values
        if value is not None
    ]
