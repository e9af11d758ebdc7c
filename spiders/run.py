"""Starts crawls in this process: the one place that builds a Scrapy crawler."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from twisted.internet.error import ReactorNotRunning

import scraper.wire  # noqa: F401 - Scrapy would import it deep inside a crawl, where that takes four times as long
from scraper import logs, urls
from scraper.items import GENERIC
from spiders.loader import catalogue, spider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

    from scrapy.crawler import Crawler

    from scraper.config import Config
    from scraper.layout import Platform
    from scraper.sources import Catalogue, Source

TOGETHER = 4
"""Hosts crawled at a time in one process."""
_GC_THRESHOLDS = 10_000, 10, 10
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # glibc's malloc.h


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of one source's crawl: its report, or why there is none: refused, not begun, or our fault.

    `platform` says as what an undeclared portal was read, and what gave it away.
    """

    source: str
    report: dict[str, Any] | None = None
    platform: str | None = None
    refusal: str | None = None
    interruption: str | None = None
    error: str | None = None


class _Turn:
    """A host's turn, which it gives up early where it answers nothing: it costs little then, and others wait (A40)."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._held = False

    async def __aenter__(self) -> Self:
        await self._turns.acquire()
        self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._give()

    def give_unless_answered(self, crawler: Crawler) -> None:
        """Gives the turn up unless the crawl hears something of its host in a while."""
        silence = asyncio.get_running_loop().call_later(crawler.settings.getfloat("TURN_SILENCE"), self._give)
        crawler.signals.connect(silence.cancel, signals.response_received, weak=False)

    def _give(self) -> None:
        if self._held:
            self._held = False
            self._turns.release()


def settings(config: Config, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Scrapy's settings as ours, for this configuration."""
    ours = Settings()
    ours.setmodule("scraper.settings", priority="project")
    ours.set("CONGTIN_CONFIG", config, priority="cmdline")
    for name, value in (overrides or {}).items():
        ours.set(name, value, priority="cmdline")
    return ours


def crawl(
    sources: Iterable[Source],
    config: Config,
    *,
    overrides: Mapping[str, Any] | None = None,
    progress: Callable[[list[Crawler]], None] | None = None,
    platform: str | None = None,
    **arguments: Any,
) -> list[Result]:
    """Crawls sources to their ends, different hosts beside each other, and says what came of each.

    In one that declares no section, sections are looked for; its platform, where it is `GENERIC`, too, unless
    `platform` names it.

    `arguments` are the spider's (`recheck`, `full`, `since`, `limit`). `progress` is called a few times a second with
    the crawlers so far. SIGINT and SIGTERM end the crawls cleanly; a second one at once. A process can do this once.
    """
    _keep_memory_flat()
    ours = settings(config, overrides)
    if logs.install(config, level=ours["LOG_LEVEL"]):
        ours.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    process = AsyncCrawlerProcess(ours)
    # What is not shown is not made into records either: Scrapy writes two for each page.
    logging.getLogger("scrapy").setLevel(ours["LOG_LEVEL"])
    crawlers: list[Crawler] = []
    results: dict[str, Result] = {}
    by_host: dict[str, list[Source]] = {}
    wanted = list(sources)
    known = catalogue(config)
    for source in wanted:
        by_host.setdefault(urls.host(source.url), []).append(source)

    async def one_host(several: list[Source], turns: asyncio.Semaphore) -> None:
        async with _Turn(turns) as turn:
            for source in several:
                crawler = process.create_crawler(spider(source, _choice(source, known, platform)))
                crawlers.append(crawler)
                if len(crawlers) == 1:  # when all is loaded; a later one would keep what is left of those before it
                    crawler.signals.connect(_collect_seldom, signals.engine_started)
                turn.give_unless_answered(crawler)
                error = None
                logs.begin(source.id)
                try:
                    await process.crawl(crawler, **arguments)
                except Exception as problem:  # noqa: BLE001 - one source must not stop the others
                    error = f"{type(problem).__name__}: {problem}"
                results[source.id] = _result(source, crawler, error)
                if crawler.stats and crawler.stats.get_value("finish_reason") == "shutdown":
                    return

    async def watch() -> None:
        while progress:
            progress(crawlers)
            await asyncio.sleep(0.25)

    async def main() -> None:
        watching = asyncio.get_running_loop().create_task(watch())
        turns = asyncio.Semaphore(TOGETHER)
        try:
            await asyncio.gather(*(one_host(several, turns) for several in by_host.values()))
        finally:
            watching.cancel()
            if progress:
                progress(crawlers)

    _run(process, main)
    unbegun = "stopped before this source's turn came"
    return [results.get(source.id) or Result(source=source.id, interruption=unbegun) for source in wanted]


def _keep_memory_flat() -> None:
    """Has glibc give back what pages took: its arena for each thread, and its own idea of what is large, grow for ever.

    mallopt(3); other C libraries have no such habit and no such call.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in ((_ARENA_MAX, 2), (_MMAP_THRESHOLD, 1 << 16), (_TRIM_THRESHOLD, 1 << 17)):
            mallopt(parameter, value)


def _collect_seldom() -> None:
    """Spares the garbage collector what was loaded, and most of its rounds: they took a tenth of a crawl's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _choice(source: Source, known: Catalogue, named: str | None) -> list[Platform]:
    """The platforms that a portal may be of where it is undeclared; they are read only for that."""
    if source.sections:
        return []
    platforms = known.platforms
    return list(platforms.values()) if source.platform == GENERIC and not named else [platforms[source.platform]]


def _run(process: AsyncCrawlerProcess, main: Callable[[], Any]) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - installed by the process, above

    loop = asyncio.get_event_loop()
    task = loop.create_task(main())

    def stop(_: object) -> None:
        with suppress(ReactorNotRunning):  # a signal has stopped it already
            reactor.stop()  # type: ignore[misc]

    task.add_done_callback(stop)
    process.start(stop_after_crawl=False)
    if task.done() and not task.cancelled() and (error := task.exception()):
        raise error


def _result(source: Source, crawler: Crawler, error: str | None) -> Result:
    stats = crawler.stats
    report = stats.get_value("congtin/report") if stats else None
    refusal = stats.get_value("congtin/refusal") if stats else None
    broken = stats.get_value("congtin/broken") if stats else None
    platform = stats.get_value("congtin/platform") if stats else None
    if error is None and report is None and refusal is None:
        error = broken or "the crawl ended without a report"
    return Result(source=source.id, report=report, platform=platform, refusal=refusal, error=error)
