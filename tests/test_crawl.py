"""The main job as its users see it: crawl a portal over HTTP, keep what it said, find it again."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest
from command import wait_for

if TYPE_CHECKING:
    from command import Congtin, Serve

    from sample.server import Running


LINKED = 'attachments = "link"\n'
"""For what is about pages alone."""


def pages(portal: Running) -> list[tuple[str, str, int]]:
    return [one for one in portal.requests if one[1] != "/robots.txt"]


def every_record(congtin: Congtin) -> dict[str, dict[str, Any]]:
    """All records by the path of their address, read the way a script would."""
    found: dict[str, dict[str, Any]] = {}
    cursor: list[str] = []
    while True:
        answer = congtin.json("search", "", "--limit", "200", "--sort", "newest", *cursor)
        for hit in answer["hits"]:
            path = urlsplit(hit["url"]).path
            assert path not in found
            found[path] = hit
        if not answer["next_cursor"]:
            assert answer["total"] == len(found)
            return found
        cursor = ["--cursor", answer["next_cursor"]]


def test_a_first_crawl_keeps_every_article_once_and_whole(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=150)
    report = congtin.crawl()
    assert report["verdict"] == "healthy"
    assert report["failures"] == []
    assert report["new"] == 150

    records = every_record(congtin)
    aliases = portal.portal.aliases()
    assert {aliases.get(path, path) for path in records} == set(portal.portal.urls())

    for path, hit in list(records.items())[::7]:
        truth = portal.portal.find(path)
        record = congtin.json("show", hit["id"])
        assert record["title"] == truth.head.title
        assert record["body_text"].splitlines()[: len(truth.paragraphs)] == list(truth.paragraphs)
        assert [image["caption"] for image in record["images"]] == [picture.caption for picture in truth.pictures]
        assert record["published_at"] == truth.head.published.replace(second=0, microsecond=0).isoformat()
        assert record["precision"] == "minute"
        assert len(record["attachments"]) == len(truth.attachments)

    events = congtin.events("--kind", "article.new")
    assert {event["origin"] for event in events} == {"backfill"}
    assert len(events) == len({event["record"] for event in events}) == 150
    assert {event["kind"] for event in congtin.events()} == {"article.new", "record.updated"}


def test_the_crawl_obeys_robots_and_stays_out_of_traps(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=80)
    congtin.crawl()
    asked = [path.lower() for _, path, _ in portal.requests]
    assert asked[0] == "/robots.txt"
    assert not [path for path in asked if path.startswith(("/_layouts", "/en/")) or "tim-kiem" in path]
    assert asked.count("/robots.txt") == 1


def test_an_unchanged_portal_costs_almost_nothing_and_changes_nothing(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=150)
    first = congtin.crawl()
    before = congtin.events()
    portal.requests.clear()
    second = congtin.crawl()
    assert second["new"] == second["changed"] == second["gone"] == 0
    assert len(portal.requests) == second["requests"] < 0.04 * first["requests"]
    assert second["not_modified"] >= 3  # feed and both sections with validators
    assert congtin.events() == before


def test_an_edit_is_found_by_recheck_and_shown_word_by_word(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60)
    congtin.crawl()
    path = portal.portal.urls()[30]
    before = portal.portal.find(path).paragraphs
    portal.control(do="edit", path=path)
    after = portal.portal.find(path).paragraphs
    assert before != after

    report = congtin.crawl("--recheck")
    assert (report["changed"], report["new"]) == (1, 0)
    assert report["not_modified"] > 30  # conditional requests, where the portal can answer them

    (changed,) = congtin.events("--kind", "article.changed")
    assert changed["origin"] == "poll"
    assert changed["version"] == 2
    assert {change["field"] for change in changed["changes"]} == {"body"}
    diff = congtin.json("diff", changed["record"])
    assert set(diff["fields"]) == {"body"}
    kept = "".join(words for sign, words in diff["fields"]["body"] if sign != "+")
    new = "".join(words for sign, words in diff["fields"]["body"] if sign != "-")
    assert kept.splitlines()[: len(before)] == list(before)
    assert new.splitlines()[: len(after)] == list(after)
    history = congtin.json("history", changed["record"])
    assert [version["version"] for version in history] == [1, 2]
    assert congtin.crawl("--recheck")["changed"] == 0


def test_what_is_published_later_is_news(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60)
    congtin.crawl()
    told = [
        portal.control(
            do="publish",
            title=f"Thông báo số {number} về chuyển đổi số",
            body="Một đoạn.\nHai đoạn./.",
            section=section,
        )
        for number, section in enumerate(["news", "activity", "procedures"])
    ]
    report = congtin.crawl()
    assert report["new"] == 3
    news = [event for event in congtin.events() if event["origin"] == "poll"]
    assert {event["url"] for event in news} == {one["url"] for one in told}
    hits = congtin.json("search", '"thong bao so 1"')["hits"]
    assert [hit["title"] for hit in hits] == ["Thông báo số 1 về chuyển đổi số"]


def test_more_news_than_a_page_holds_is_all_found(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=120, extra=LINKED)
    congtin.crawl()
    for number in range(47):
        portal.control(do="publish", title=f"Bản tin thứ {number}", body="Nội dung bản tin./.")
    assert congtin.crawl()["new"] == 47


def test_a_withdrawn_article_is_gone_after_three_healthy_runs_and_comes_back(congtin: Congtin, serve: Serve) -> None:
    congtin.environment["CONGTIN_GONE_HOURS"] = "0"
    portal = serve(articles=40, extra=LINKED)
    congtin.crawl()
    path = portal.portal.urls()[5]
    portal.control(do="withdraw", path=path)
    reports = [congtin.crawl("--recheck") for _ in range(3)]
    assert [report["gone"] for report in reports] == [0, 0, 1]
    assert reports[0]["outcomes"]["NOT_FOUND"] == 1
    assert all(report["verdict"] == "healthy" for report in reports)
    (gone,) = congtin.events("--kind", "article.gone")
    assert congtin.json("show", gone["record"])["state"] == "gone"
    portal.control(do="restore", path=path)
    assert congtin.crawl("--recheck")["returned"] == 1
    assert congtin.json("show", gone["record"])["state"] == "live"
    assert [event["kind"] for event in congtin.events() if event["record"] == gone["record"]] == [
        "article.new",
        "article.gone",
        "article.returned",
    ]


def test_a_limit_leaves_the_rest_to_the_next_crawl(congtin: Congtin, serve: Serve) -> None:
    serve(articles=60, extra=LINKED)
    assert congtin.crawl("--limit", "10")["new"] == 10
    assert congtin.crawl()["new"] == 50


def test_one_request_at_a_time_with_the_delay_that_the_source_sets(congtin: Congtin, serve: Serve) -> None:
    serve(articles=6, extra="delay = 0.3\n")
    started = time.monotonic()
    report = congtin.crawl()
    # Jitter takes half of the delay at the most.
    assert time.monotonic() - started > (report["requests"] - 1) * 0.15


def test_two_crawls_of_one_host_do_not_run_beside_each_other(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=100, delay=0.1, extra=LINKED)
    first = congtin.start("crawl", "sample", "--json")
    try:
        wait_for(portal, 10)
        second = congtin.run("crawl", "sample", expect=4)
        assert "another crawl of this host" in second.stderr
    finally:
        portal.delay = 0
        _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert congtin.crawl()["new"] == 0


def test_a_stop_signal_ends_cleanly_and_the_next_crawl_goes_on(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=100, delay=0.05)
    crawl = congtin.start("crawl", "sample", "--json")
    wait_for(portal, 40)
    crawl.send_signal(signal.SIGTERM)
    started = time.monotonic()
    _, err = crawl.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert crawl.returncode == 3, err
    assert congtin.json("status", "sample", expect=3)[0]["verdict"] == "interrupted"
    portal.delay = 0
    congtin.crawl()
    events = congtin.events("--kind", "article.new")
    assert len(events) == 100
    assert {event["origin"] for event in events} == {"backfill"}  # the first run had not come to its end


def test_a_crawl_that_was_killed_is_seen_to_be_interrupted(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60, delay=0.05)
    crawl = congtin.start("crawl", "sample")
    wait_for(portal, 20)
    crawl.kill()
    crawl.communicate()
    (told,) = congtin.json("status", "sample", expect=3)
    assert (told["verdict"], told["stale"]) == ("interrupted", True)


def test_scrapy_knows_every_source_as_a_spider(congtin: Congtin, serve: Serve) -> None:
    serve(articles=12)
    assert congtin.scrapy("list").stdout.split() == ["dichvucong", "sample", "thanh-hoa/snv"]
    crawl = congtin.scrapy("crawl", "sample")
    assert crawl.returncode == 0
    assert "Traceback" not in crawl.stderr
    assert len(every_record(congtin)) == 12


@pytest.mark.parametrize("words", [("--full",), ("--since", "2000-01-01")])
def test_full_and_since_walk_everything(congtin: Congtin, serve: Serve, words: tuple[str, ...]) -> None:
    portal = serve(articles=90, extra=LINKED)
    congtin.crawl("--limit", "1")
    assert congtin.crawl(*words)["new"] == 89
    assert urljoin(portal.url, "/") == portal.url


def test_a_crawl_that_left_things_out_hides_nothing_from_the_next(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=90, extra=LINKED)
    dates = sorted((portal.portal.find(path).head.published for path in portal.portal.urls()), reverse=True)
    some = congtin.crawl("--since", dates[10].date().isoformat())["new"]
    some += congtin.crawl("--limit", "5")["new"]
    assert congtin.crawl("--since", "2026-11-01")["new"] == 0  # what is owed a visit is older than that
    assert congtin.crawl()["new"] == 90 - some
    assert {event["origin"] for event in congtin.events()} == {"backfill"}  # none of it was news


def test_since_leaves_older_entries_out(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=90)
    dates = sorted((portal.portal.find(path).head.published for path in portal.portal.urls()), reverse=True)
    since = dates[20].date()
    wanted = [moment for moment in dates if moment.date() >= since]
    assert congtin.crawl("--since", since.isoformat())["new"] == len(wanted)


def test_requests_take_turns_even_without_a_delay(congtin: Congtin, serve: Serve) -> None:
    serve(articles=40, delay=0.05)
    report = congtin.crawl()
    assert report["seconds"] > 0.05 * report["requests"]
