"""A crawl that is watched from within: how long the reactor was held, how far memory grew.

    python tests/watched.py SOURCE… [--recheck] [--set NAME=VALUE…] [--host NAME=ADDRESS[,ADDRESS…]…]

Names given as `--host` resolve to these addresses and no others: to the first IPv4 one where only one is asked for. In
place of an address, NXDOMAIN and SERVFAIL are what the resolver says, and SLOW is one that says nothing for a while.

Prints one JSON object: what came of each source, `held` (CPU seconds that the event loop's thread used between two of
its turns: what a page can do to it), `late` (the longest that it was late by the clock, which a busy machine can do
too), `grown` (MB of resident memory above where the crawl began), `seconds` by source.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_FAULTS = {"NXDOMAIN": (socket.EAI_NONAME, 0), "SERVFAIL": (socket.EAI_AGAIN, 0), "SLOW": (socket.EAI_AGAIN, 3)}
_TICK = 0.01
_PAGE = resource.getpagesize()


class Watch:
    """Ticks on the crawl's own event loop."""

    def __init__(self) -> None:
        self.held = self.late = self.grown = 0.0
        self._ticking: asyncio.Task[None] | None = None

    def __call__(self, crawlers: list[Crawler]) -> None:
        """Called by the crawl again and again. Ticks from the first answer on: what starting up takes is no page's."""
        for crawler in crawlers:
            crawler.signals.connect(self._begin, signals.response_received)

    def _begin(self) -> None:
        self._ticking = self._ticking or asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        began = _resident()
        while True:
            clock, used = time.monotonic(), time.thread_time()
            await asyncio.sleep(_TICK)
            self.held = max(self.held, time.thread_time() - used)
            self.late = max(self.late, time.monotonic() - clock - _TICK)
            self.grown = max(self.grown, _resident() - began)


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def _name(hosts: dict[str, str]) -> None:
    """Stands in for the system's resolver."""
    asked, asked_for_one = socket.getaddrinfo, socket.gethostbyname

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        found = hosts[host].split(",") if host in hosts else [host]
        return [answer for address in found for answer in asked(address, port, *rest, **more)]

    def gethostbyname(host: str) -> str:
        if fault := _FAULTS.get(hosts.get(host, "")):
            number, seconds = fault
            time.sleep(seconds)
            raise socket.gaierror(number, "no such answer")
        good = (address for address in hosts.get(host, host).split(",") if host not in hosts or "." in address)
        return asked_for_one(next(good))

    socket.getaddrinfo, socket.gethostbyname = getaddrinfo, gethostbyname


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--recheck", action="store_true")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--host", action="append", default=[])
    options = parser.parse_args()
    _name(dict(one.split("=", 1) for one in options.host))

    from scraper.config import Config
    from spiders import run
    from spiders.loader import catalogue

    config = Config.from_environment(os.environ)
    watch = Watch()
    results = run.crawl(
        [catalogue(config).load(name) for name in options.sources], config,
        overrides=dict(one.split("=", 1) for one in options.set), progress=watch,
        recheck=options.recheck, limit=options.limit,
    )  # fmt: skip
    told: dict[str, Any] = {one.source: one.report or {"error": one.error or one.refusal} for one in results}
    sys.stdout.write(json.dumps({"reports": told, "held": watch.held, "late": watch.late, "grown": watch.grown}))


if __name__ == "__main__":
    main()
