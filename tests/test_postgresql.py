"""The main job on PostgreSQL, as its users see it: one setting, and all else is the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from command import wait_for
from databases import POSTGRESQL, gone
from test_crash import audit

if TYPE_CHECKING:
    from command import Congtin, Serve

pytestmark = POSTGRESQL


@pytest.fixture
def congtin(congtin: Congtin, address: str) -> Congtin:
    congtin.environment["CONGTIN_DATABASE_URL"] = address
    return congtin


def test_crawl_search_crawl_again_edit(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=40)
    first = congtin.crawl()
    assert (first["verdict"], first["new"], first["failures"]) == ("healthy", 40, [])
    found = congtin.json("search", "", "--limit", "200")
    assert (found["total"], found["stale"]) == (40, False)
    told = congtin.events()
    assert [event["kind"] for event in told if event["kind"] != "record.updated"] == ["article.new"] * 40
    assert not (congtin.data / "congtin.db").exists()

    second = congtin.crawl()
    assert (second["new"], second["changed"]) == (0, 0)
    assert congtin.events() == told

    portal.control(do="edit", path=portal.portal.urls()[20])
    assert congtin.crawl("--recheck")["changed"] == 1
    (changed,) = congtin.events("--since", str(told[-1]["cursor"]))
    assert (changed["kind"], changed["version"]) == ("article.changed", 2)
    assert [one["version"] for one in congtin.json("history", changed["record"])] == [1, 2]
    assert set(congtin.json("diff", changed["record"])["fields"]) == {"body"}
    assert congtin.json("status", "sample")[0]["verdict"] == "healthy"
    audit(congtin, portal, portal.portal.urls()[20])


def test_a_crawl_outlives_restarts_of_the_server(congtin: Congtin, serve: Serve, address: str) -> None:
    portal = serve(articles=60, delay=0.02)
    crawl = congtin.start("crawl", "sample", "--json")
    for requests in (3, 15, 40):
        wait_for(portal, requests)
        with gone(address):
            time.sleep(1.5)
    _, err = crawl.communicate()
    assert crawl.returncode == 0, err
    assert congtin.crawl()["new"] == 0
    audit(congtin, portal)


def test_a_crawl_that_was_killed_is_gone_on_with(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60, delay=0.02)
    for requests in (10, 40):
        crawl = congtin.start("crawl", "sample")
        wait_for(portal, requests)
        crawl.kill()
        crawl.communicate()
    assert congtin.crawl()["verdict"] == "healthy"
    audit(congtin, portal)
