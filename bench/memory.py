"""How much memory a backfill takes: crawler and reader together, as it goes on.

    python -m bench.memory [--articles 20000]

The proportional set size (`/proc/PID/smaps_rollup`: memory-mapped files count, shared pages by their share) of the
process that crawls and of its child, once a second, while `--full` reads the whole sample portal, eight requests at a
time and without delay.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.crawl import PORT, ROOT, SOURCE, portal

CRAWL = """
import os
from scraper.config import Config
from spiders.loader import catalogue
from spiders.run import crawl
config = Config.from_environment(os.environ)
together = {"CONCURRENT_REQUESTS": 8, "CONCURRENT_REQUESTS_PER_DOMAIN": 8}
(result,) = crawl([catalogue(config).load("bench")], config, overrides=together, full=True)
print(result.report["new"])
"""


def measure(articles: int) -> tuple[list[tuple[int, int]], int]:
    """MiB of crawler and reader, in all and without mapped files, second by second; how many articles were new."""
    with tempfile.TemporaryDirectory() as folder, portal(articles):
        sources = Path(folder) / "sources"
        sources.mkdir()
        (sources / "bench.toml").write_text(SOURCE.format(port=PORT), "utf-8")
        environment = {**os.environ, "CONGTIN_DATA": folder, "CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8"}
        crawl = subprocess.Popen([sys.executable, "-c", CRAWL], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        sizes = []
        while crawl.poll() is None:
            both = [_size(process) for process in (crawl.pid, *_children(crawl.pid))]
            sizes.append((sum(one for one, _ in both), sum(own for _, own in both)))
            time.sleep(1)
        assert crawl.stdout
        return sizes, int(crawl.stdout.read() or 0)


def _children(process: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _size(process: int) -> tuple[int, int]:
    try:
        told = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0, 0
    found = dict(re.findall(r"^(Pss|Pss_Anon):\s+(\d+)", told, re.MULTILINE))
    return int(found.get("Pss", 0)) // 1024, int(found.get("Pss_Anon", 0)) // 1024


def main() -> None:
    """Prints the medians of ten parts of the crawl, and the peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    options = parser.parse_args()
    sizes, new = measure(options.articles)
    part = max(1, len(sizes) // 10)
    print(f"{new} articles in {len(sizes)} s; MB in tenths of it, and at most:")
    for name, told in zip(("all", "without mapped files"), zip(*sizes, strict=True), strict=True):
        medians = [round(statistics.median(told[start : start + part])) for start in range(0, len(told), part)]
        print(f"{name}: {medians[:10]}; {max(told)}")


if __name__ == "__main__":
    main()
