"""A long backfill: it goes on where it was cut off, keeps to the day's budget, and lets polls go first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from command import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from command import Congtin, Serve

pytestmark = pytest.mark.long
IN_FLIGHT = 16
"""Pages that were on their way, or answered and not yet committed, when a crawl was killed."""
HELD = "SELECT url FROM pages WHERE record IS NOT NULL UNION SELECT url FROM documents WHERE version > 0"
ARTICLES = 500  # more than the twenty pages of a listing that a plain crawl reads


def _rows(congtin: Congtin, statement: str) -> list[Any]:
    with closing(sqlite3.connect(congtin.data / "congtin.db")) as database, database:
        return database.execute(statement).fetchall()


def _twice(urls: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [url for url in urls if url in seen or seen.add(url)]  # type: ignore[func-returns-value]


def test_a_backfill_that_is_killed_goes_on_where_it_was(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=ARTICLES, delay=0.01)  # so that what was answered is committed soon after
    held: set[str] = set()
    for requests in (150, 300, 450):
        before = len(portal.requests)
        crawl = congtin.start("crawl", "sample", "--full")
        wait_for(portal, requests)
        crawl.kill()
        crawl.communicate()
        asked = {unquote(portal.url + path[1:]) for _, path, _ in portal.requests[before:]}
        assert not asked & held
        held = {unquote(url) for (url,) in _rows(congtin, HELD)}
    assert any("/VanBan/" in url for url in held)
    (before,) = _rows(congtin, "SELECT count(*) FROM articles")[0]
    assert 100 <= before < ARTICLES
    portal.control(do="publish", title="Tin mới trong khi lưu trữ lùi", body="Nội dung của tin mới, đủ dài./.")
    assert congtin.crawl("--full")["new"] == ARTICLES + 1 - before
    assert len(_rows(congtin, "SELECT 1 FROM articles")) == ARTICLES + 1
    events = congtin.events("--kind", "article.new")
    assert len({event["record"] for event in events}) == len(events) == ARTICLES + 1
    assert {event["origin"] for event in events} == {"backfill"}
    asked = [path for method, path, _ in portal.requests if method == "GET"]
    assert len(_twice(path for path in asked if "/pages/2" in path.lower())) <= 3 * IN_FLIGHT
    # Nor are listing pages read again, but for where each crawl began and was killed.
    assert len(_twice(path for path in asked if "PageIndex" in path)) <= 3 * IN_FLIGHT
    assert not _rows(congtin, "SELECT 1 FROM listings WHERE resume IS NOT NULL AND resume != 'null'")


def test_the_days_budget_bounds_a_backfill_and_the_next_one_goes_on(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=ARTICLES, extra="budget = 120\n")
    first = congtin.crawl("--full")
    assert (first["requests"], first["verdict"]) == (120, "healthy")
    assert "budget" in first["cause"]
    assert congtin.crawl("--full")["requests"] == 0
    _rows(congtin, "UPDATE fetches SET at = datetime(at, '-2 days')")
    assert congtin.crawl("--full")["requests"] == 120
    assert not _twice(path for _, path, _ in portal.requests if "/2" in path)
    assert not _rows(congtin, "SELECT 1 FROM runs WHERE completed")


def test_since_goes_back_further_than_a_plain_crawl(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=ARTICLES, extra='attachments = "link"\n')
    dates = sorted((portal.portal.find(path).head.published for path in portal.portal.urls()), reverse=True)
    since = dates[440].date()
    wanted = [moment for moment in dates if moment.date() >= since]
    assert congtin.crawl("--since", since.isoformat())["new"] == len(wanted)
