"""A crawl killed at any moment leaves nothing lost, doubled or unreadable after the next one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from scraper.config import Config
from storage.captures import Archive
from storage.database import Database
from storage.models import Article, ArticleVersion, Capture, Event, Page, Run
from storage.search.answer import Question, Searcher

if TYPE_CHECKING:
    from pathlib import Path

    from command import Congtin, Serve

KILLS = 8
ARTICLES = 160


def audit(congtin: Congtin, urls: set[str], versions: int = 0) -> None:
    """The conservation laws."""
    config = Config.from_environment(congtin.env())
    database, archive = Database(config), Archive(config.data / "archive")
    with database.reading() as session:
        articles = session.scalars(select(Article)).all()
        assert len(articles) == len(urls)
        counted = Counter(session.scalars(select(ArticleVersion.record)))
        assert sum(counted.values()) == len(urls) + versions
        assert all(counted[article.id] == article.version for article in articles)
        events = session.scalars(select(Event).order_by(Event.cursor)).all()
        told = Counter((event.kind, event.record, event.version) for event in events if event.kind != "record.updated")
        assert set(told.values()) == {1}
        assert Counter(kind for kind, _, _ in told) == Counter({"article.new": len(urls), "article.changed": versions})
        assert not session.scalars(select(Page).where(Page.owed.is_(True))).all()
        assert not session.scalars(select(Run).where(Run.verdict.is_(None))).all()
        captures = session.scalars(select(Capture)).all()
        for capture in captures:
            record = archive.read(capture.warc, capture.offset)
            assert record.url == capture.url
            assert record.record_type == capture.record_type
        titles = {article.id: article.title for article in articles}
    searcher = Searcher(database, config.data / "index")
    found: list[str] = []
    cursor = None
    while True:
        answer = searcher.search(Question(sort="newest", limit=100, cursor=cursor))
        found += [hit["id"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == sorted(titles)
    database.close()
    files = sorted((config.data / "archive").glob("*.warc.gz"))
    assert not list((config.data / "archive").glob("*.open"))
    for file in files:
        check_warc(file)


def check_warc(file: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    with file.open("rb") as stream:
        assert sum(1 for _ in ArchiveIterator(stream)) > 0


def test_a_crawl_killed_at_random_moments_loses_and_doubles_nothing(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=ARTICLES, delay=0.01)
    chance = random.Random(2026)
    for _ in range(KILLS):
        crawl = congtin.start("crawl", "sample")
        before = len(portal.requests)
        give_up = time.monotonic() + 60
        target = before + chance.randrange(1, 60)
        while len(portal.requests) < target and crawl.poll() is None:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        time.sleep(chance.random() * 0.1)
        crawl.kill()
        crawl.communicate()
    assert congtin.crawl()["verdict"] == "healthy"
    audit(congtin, set(portal.portal.urls()))

    # The same while old pages are asked again, one of them edited.
    portal.control(do="edit", path=portal.portal.urls()[80])
    for _ in range(3):
        crawl = congtin.start("crawl", "sample", "--recheck")
        target = len(portal.requests) + chance.randrange(1, 120)
        give_up = time.monotonic() + 60
        while len(portal.requests) < target and crawl.poll() is None:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        crawl.kill()
        crawl.communicate()
    congtin.crawl("--recheck")
    audit(congtin, set(portal.portal.urls()), versions=1)


def test_the_reader_child_dies_with_a_killed_crawl(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60, delay=0.1)
    crawl = congtin.start("crawl", "sample")
    give_up = time.monotonic() + 60
    while len(portal.requests) < 8:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    children = children_of(crawl.pid)
    assert children
    crawl.kill()
    crawl.communicate()
    give_up = time.monotonic() + 5
    while any(alive(pid) for pid in children):
        assert time.monotonic() < give_up, f"{children} outlive their parent"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True)
    return [int(word) for word in listed.stdout.split()]


def alive(pid: int) -> bool:
    from pathlib import Path

    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
