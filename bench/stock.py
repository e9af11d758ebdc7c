"""What Scrapy near its defaults makes of each bad answer, beside what congtin makes of it: the table of docs/faults.md.

    python -m bench.stock

Both sides are processes of their own and ask the same server. Scrapy's settings are its defaults but for these: every
status is let through to the spider, so that one sees what arrives; one request at a time and a time-out of 3 s, so that
the table is the same each time and done within two minutes; robots.txt is obeyed, as its project template has it; and
its cookies may not download their list of domains.
✗ marks what is silent (handed over as a good page) or unsafe, ✓ what is not.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sample.certificates import AUTHORITY, KINDS
from sample.faults import Fault, title_at
from sample.faulty import FAULTS, Misbehaving, misbehaving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE = 'name = "Faults"\nurl = "{url}"\nplatform = "sharepoint"\nsections.news = ["/faults/"]\n'
PARAGRAPHS = 30
TRUSTED = {"OK", "NOT_MODIFIED", "EMPTY_OK"}
LONG = 1.0
MOST_COOKIES = 16 * 1024


def stock(addresses: list[str]) -> dict[str, dict[str, Any]]:
    """What a spider gets of each address from Scrapy, and how long reading it took."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess

    got: dict[str, dict[str, Any]] = {}

    class Stock(Spider):
        name = "stock"

        async def start(self) -> AsyncIterator[Any]:
            for address in addresses:
                yield Request(address, self.parse, errback=self.lose, meta={"asked": address}, dont_filter=True)

        def parse(self, response: Any) -> None:
            began = time.thread_time()
            try:
                title = response.css(".tandan-p-article-news-title::text").get()
                paragraphs = len(response.css(".ms-rtestate-field p").getall())
            except Exception as error:  # noqa: BLE001 - whatever becomes of it is what is asked
                title, paragraphs = f"{type(error).__name__}", 0
            got[response.meta["asked"]] = {
                "status": response.status,
                "kind": type(response).__name__,
                "size": len(response.body),
                "title": title,
                "paragraphs": paragraphs,
                "held": time.thread_time() - began,
            }

        def lose(self, failure: Any) -> None:
            got[failure.request.meta["asked"]] = {"error": type(failure.value).__name__}

    settings = {
        "HTTPERROR_ALLOW_ALL": True,
        "DOWNLOAD_TIMEOUT": 3,
        "CONCURRENT_REQUESTS": 1,
        "ROBOTSTXT_OBEY": True,
        "LOG_LEVEL": "CRITICAL",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(Stock)
    process.start()
    return got


def ours(names: list[str], *, recheck: bool) -> dict[str, dict[str, Any]]:
    """One crawl of ours: a report for each source."""
    from scraper.config import Config
    from spiders.loader import catalogue
    from spiders.run import crawl

    config = Config.from_environment(os.environ)
    settings = {"DOWNLOAD_TIMEOUT": 3, "CONCURRENT_REQUESTS_PER_DOMAIN": 8}
    found = [catalogue(config).load(name) for name in names]
    return {one.source: one.report or {} for one in crawl(found, config, overrides=settings, recheck=recheck)}


def _side(side: str, words: list[str], data: Path, **more: str) -> dict[str, dict[str, Any]]:
    environment = {
        **os.environ,
        "CONGTIN_DATA": str(data),
        "CONGTIN_ALLOW_NETWORKS": "127.0.0.1/32,127.0.0.4/32",
        "TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS": "",
        **more,
    }
    command = [sys.executable, "-m", "bench.stock", "--side", side, *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    told: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return told


def seen(title: str) -> str:
    """A title as a reader sees it: what only looks the same to a reader is not held against Scrapy."""
    return unicodedata.normalize("NFC", "".join(one for one in title if unicodedata.category(one) != "Cf"))


def said(fault: Fault, got: dict[str, Any]) -> tuple[bool, str]:
    """Whether what Scrapy handed over is safe, and what it is, in words that do not change from run to run."""
    if "error" in got:
        return fault.outcome not in TRUSTED, got["error"]
    told = f"{got['status']}, {got['kind']}"
    right = seen(got["title"] or "") == title_at(fault.known) and got["paragraphs"] == PARAGRAPHS
    if got["held"] > LONG:
        return False, f"{told}; the reactor is held for more than {LONG:g} s"
    if fault.outcome in TRUSTED:
        return right, told if right else f"{told}, wrong words: {str(got['title'])[:24]!r}"
    if got["status"] not in {200, 206}:
        return True, told
    rest = f", {got['size']:,} bytes" if not right else ""
    return False, f"{told}{rest}, as if all were well"


def rows(site: Misbehaving, data: Path) -> list[tuple[str, str, bool, str, int, str, str]]:
    """For each fault: id, what it is; of Scrapy whether it is safe, what it says, requests; ours and our requests."""
    origin = site.url.rstrip("/")
    (data / "sources").mkdir(parents=True)
    (data / "sources" / "faults.toml").write_text(SOURCE.format(url=site.url), "utf-8")
    _side("ours", ["faults"], data)
    site.faults.good = False
    site.raw.asked.clear()
    _side("again", ["faults"], data)
    with sqlite3.connect(data / "congtin.db") as database:
        pages = dict(database.execute("select canonical_url, outcome from pages"))
    # Twisted asks once more by itself where a connection that was used before is reset.
    asked = {one.id: "≥ 3" if one.outcome == "NETWORK" else f"{site.times(one.known)}" for one in FAULTS}
    site.raw.asked.clear()
    theirs = _side("stock", [origin + fault.known for fault in FAULTS], data)
    cookies = max(len(headers.get(b"cookie", b"")) for _, _, headers in site.raw.asked)
    found = []
    for fault in FAULTS:
        safe, words = said(fault, theirs[origin + fault.known])
        if fault.id == "A28" and cookies > MOST_COOKIES:
            safe, words = False, f"{words}; sends {cookies / 1_000:.0f} kB of cookies with each later request"
        times = site.times(fault.known)
        found.append((fault.id, fault.does, safe, words, times, pages[origin + fault.known], asked[fault.id]))
    return found + _secured(site, data)


def _secured(site: Misbehaving, data: Path) -> list[tuple[str, str, bool, str, int, str, str]]:
    for kind, port in site.faults.secured.items():
        declared = SOURCE.format(url=f"https://127.0.0.1:{port}/").replace("/faults/", "/portal/Pages/Tin-tuc.aspx")
        (data / "sources" / f"{kind}.toml").write_text(declared, "utf-8")
    trusted = {"SSL_CERT_FILE": str(site.folder / AUTHORITY)}
    reports = _side("ours", list(site.faults.secured), data, **trusted)
    addresses = {kind: f"https://127.0.0.1:{port}/faults/" for kind, port in site.faults.secured.items()}
    theirs = _side("stock", list(addresses.values()), data, **trusted)
    found = []
    for kind, address in addresses.items():
        got = theirs[address]
        words = got.get("error") or f"{got['status']}, {got['kind']}"
        told = "OK" if "OK" in reports[kind]["outcomes"] else next(iter(reports[kind]["outcomes"]))
        safe = kind == "sound" or "error" in got
        found.append((f"A35-{kind}", KINDS[kind], safe, words, 1, told, "1"))
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", choices=["ours", "again", "stock"], help=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        again = options.side == "again"
        print(json.dumps(stock(options.words) if options.side == "stock" else ours(options.words, recheck=again)))
        return
    with tempfile.TemporaryDirectory() as folder, misbehaving(good=True) as site:
        found = rows(site, Path(folder) / "data")
    print("| | The server sends | Scrapy hands over | asks | congtin | asks |\n|---|---|---|---|---|---|")
    for name, does, safe, words, times, outcome, asked in found:
        print(f"| {name} | {does} | {'✓' if safe else '✗'} {words} | {times} | {outcome} | {asked} |")
    silent = sum(not one[2] for one in found)
    print(f"\nSilent or unsafe: {silent} of {len(found)}.")


if __name__ == "__main__":
    main()
