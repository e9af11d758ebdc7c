"""What alerts cost: how soon a mail is there, how many a second go out, and how long the ledger's audit takes.

    python -m bench.alerts [--watches 100] [--events 100] [--publications 10] [--interval 20] [--only delay] [--json]

`delay`: the sample portal publishes at random moments, `congtin crawl` polls it each `--interval` seconds, and beside
it `congtin deliver --follow` runs; seconds from a publication to its mail in the server's inbox. `rate`: each watch
hears of each event in a mail of its own (digests are switched off), from events that are in the log; the mail server
runs in a process of its own. `audit`: the whole ledger is held against the log.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerts import watches
from alerts.audit import Auditor
from alerts.channels import Channels, Settings
from alerts.digests import Limits
from alerts.dispatch import Dispatcher
from alerts.telling import Names
from bench.mailbox import served
from drill.crawls import ROOT, SOURCE
from sample.server import running
from scraper.config import Config, MailServer
from scraper.items import Article, Moment
from storage import articles, batch, pages
from storage.articles import Sighting
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.mailbox import Mailbox

SITE = "https://snv.example.vn"
PARTS = ("delay", "rate")
_LATEST_SECONDS = 60
"""Beyond the interval; a mail that is not there by then is lost."""


def main() -> None:
    """Measures, and prints."""
    asked = _options()
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="congtin-bench-", dir=asked.folder) as folder:
        if "delay" in asked.only:
            told["delay"] = delay(Path(folder) / "delay", publications=asked.publications, interval=asked.interval)
        if "rate" in asked.only:
            told |= rate(Path(folder) / "rate", asked.database, watches_=asked.watches, events=asked.events)
    if asked.json:
        print(json.dumps(told, indent=2))
        return
    for name, figures in told.items():
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in figures.items())}")


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--watches", type=int, default=100)
    options.add_argument("--events", type=int, default=100)
    options.add_argument("--publications", type=int, default=10)
    options.add_argument("--interval", type=float, default=20.0, help="seconds between two polls")
    options.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options.add_argument("--database", help="the address of an empty one, instead of SQLite's in the folder")
    options.add_argument("--folder", type=Path)
    options.add_argument("--json", action="store_true")
    return options.parse_args()


def delay(data: Path, *, publications: int, interval: float) -> dict[str, Any]:
    """Seconds from publications to mails; `after_crawl` from the end of the crawl that found them."""
    chance = random.Random(1)
    with running(articles=40, delay=0.005) as portal, served(told=True) as mailbox:
        (data / "sources").mkdir(parents=True)
        (data / "sources" / "drill.toml").write_text(SOURCE.format(url=portal.url), "utf-8")
        command = _commands(data, mailbox)
        command("crawl", "drill").wait()
        command("watch", "add", "", "--to", "mailto:reader@example.org", "--kind", "article.new").wait()
        deliver = command("deliver", "--follow")
        waits, after, crawls = [], [], []
        try:
            poll = time.time()
            for number in range(publications):
                published = poll + chance.uniform(0, interval)
                poll += interval
                time.sleep(max(0.0, published - time.time()))
                portal.control(do="publish", title=f"Tin mới số {number}", body=f"Nội dung của tin {number}.")
                published = time.time()
                time.sleep(max(0.0, poll - time.time()))
                began = time.time()
                command("crawl", "drill").wait()
                ended = time.time()
                mail = mailbox.next(_LATEST_SECONDS)
                if mail is None or f"số {number}" not in mail[1]:
                    raise SystemExit(f"no mail of publication {number} came: {mail}")
                waits.append(mail[0] - published)
                after.append(mail[0] - ended)
                crawls.append(ended - began)
        finally:
            deliver.terminate()
            deliver.wait()
    return {
        "publications": publications, "interval": interval, "seconds": _spread(waits),
        "beyond_interval": round(max(waits) - interval, 2), "crawl": _spread(crawls), "after_crawl": _spread(after),
    }  # fmt: skip


def _commands(data: Path, mailbox: Mailbox) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts `congtin` with words, in a fresh interpreter as the scheduler does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONGTIN_")} | {
        "CONGTIN_DATA": str(data), "CONGTIN_ALLOW_NETWORKS": "127.0.0.0/8", "PYTHONPATH": str(ROOT),
        "CONGTIN_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}", "CONGTIN_MAIL_FROM": "tin@example.org",
    }  # fmt: skip

    def start(*words: str) -> subprocess.Popen[bytes]:
        with (data / "said.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "cli", *words], cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    return start


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(statistics.median(seconds), 2), "p95": round(cuts[-1], 2), "worst": round(max(seconds), 2)}


def rate(data: Path, address: str | None, *, watches_: int, events: int) -> dict[str, Any]:
    """Messages a second, memory of the process that sends them, and the time of the audit."""
    data.mkdir(parents=True)
    with served() as mailbox:
        database = Database(Config(data=data, database_url=address or f"sqlite:///{data / 'congtin.db'}", sources=data))
        with database.writing() as session:
            for number in range(watches_):
                watches.add(
                    session, watches.Wish(query="hội nghị"), [f"mailto:reader{number}@example.org"],
                    now=datetime.now(UTC),
                )  # fmt: skip
        for first in range(0, events, 100):
            publish(database, range(first, min(first + 100, events)))
        told = _delivered(database, mailbox, singles=events)
        began = time.monotonic()
        found = Auditor(database).look()
        seconds = time.monotonic() - began
        database.close()
    if found.wrong or mailbox.count != watches_ * events or found.rows != watches_ * events:
        raise SystemExit(f"{mailbox.count} mails, {found}: not {watches_} × {events}")
    return {"rate": told, "audit": {"events": found.events, "rows": found.rows, "seconds": round(seconds, 1)}}


def _delivered(database: Database, mailbox: Mailbox, *, singles: int) -> dict[str, Any]:
    settings = Settings(
        mail_server=MailServer(host="127.0.0.1", port=mailbox.port, security="starttls"),
        mail_from="tin@example.org", public_url="https://tin.example.org",
    )  # fmt: skip
    dispatcher = Dispatcher(
        database, lambda: Channels(settings), Names(public_url="https://tin.example.org"),
        limits=Limits(singles=singles),
    )  # fmt: skip
    memory = _Memory(mailbox)
    began, worked = time.monotonic(), time.process_time()
    with memory:
        dispatcher.once()
    seconds, cpu = time.monotonic() - began, time.process_time() - worked
    dispatcher.close()
    sent = mailbox.count
    return {
        "messages": sent, "seconds": round(seconds, 1), "per_second": round(sent / seconds),
        "cpu_ms_each": round(1000 * cpu / sent, 2), "per_second_of_cpu": round(sent / cpu), **memory.told(),
    }  # fmt: skip


class _Memory:
    """Megabytes of this process while it sends."""

    def __init__(self, mailbox: Mailbox) -> None:
        import threading

        self._mailbox, self._over = mailbox, threading.Event()
        self._seen: list[tuple[int, float]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(1):
            self._seen.append((self._mailbox.count, _megabytes()))

    def told(self) -> dict[str, Any]:
        """At a tenth, a half and all of the messages."""
        if not self._seen:
            return {}
        last = self._seen[-1][0]
        at = [next(size for count, size in self._seen if count >= part * last) for part in (0.1, 0.5)]
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"mb_at_a_tenth": at[0], "mb_at_half": at[1], "mb_at_the_end": self._seen[-1][1], "mb_most": round(most)}


def _megabytes() -> float:
    pages_ = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages_ * resource.getpagesize() / (1 << 20), 1)


def publish(database: Database, numbers: range) -> None:
    """Articles that are new."""
    with database.writing() as session:
        for number in numbers:
            now, url = datetime.now(UTC), f"{SITE}/tin/{number}"
            body = f"Sở Nội vụ tổ chức hội nghị lần thứ {number}. " * 20
            page = pages.one(session, "snv", url, url=url, section="news", at=now)
            said = Article(
                url=url, canonical_url=url, title=f"Hội nghị lần thứ {number}", body_text=body,
                body_html=f"<p>{body}</p>", published=Moment(at=now, precision="minute"), published_raw="",
            )  # fmt: skip
            articles.save(
                session,
                Sighting(
                    article=said, page=page, source="snv", platform="sharepoint", section="news", origin="poll", at=now,
                    capture=None, number_of=lambda _: None,
                ),
            )  # fmt: skip
        batch.flush(session)


if __name__ == "__main__":
    main()
