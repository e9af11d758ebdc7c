"""Manners and bad answers, against a real server that misbehaves: every fetch has an outcome, every run a verdict."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from scripted import LISTING, Site, serving

from scraper.config import Config
from storage import schedule
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command import Congtin

SOURCE = """\
name = "Cổng thử"
url = "{url}"
platform = "sharepoint"
sections.news = ["/portal/Pages/Tin-tuc.aspx"]
"""


@pytest.fixture
def site(congtin: Congtin) -> Iterator[Site]:
    with serving() as one:
        congtin.source("sample", SOURCE.format(url=one.url))
        yield one


def test_a_portal_without_robots_is_crawled_by_an_honest_agent(congtin: Congtin, site: Site) -> None:
    congtin.environment["CONGTIN_CONTACT"] = "https://example.org/congtin"
    assert congtin.crawl()["new"] == 3
    for _, _, headers in site.asked:
        assert headers["User-Agent"] == "congtin/0.1 (+https://example.org/congtin)"
        assert headers["From"] == "https://example.org/congtin"
        assert "Referer" not in headers
    assert site.asked[0][2]["Accept-Encoding"] == "identity"


def test_real_portals_are_not_crawled_without_a_contact(congtin: Congtin) -> None:
    done = congtin.run("crawl", "thanh-hoa/snv", expect=2)
    assert "CONGTIN_CONTACT" in done.stderr


def test_loopback_is_refused_unless_the_operator_opens_it(congtin: Congtin, site: Site) -> None:
    congtin.environment["CONGTIN_ALLOW_NETWORKS"] = ""
    done = congtin.run("crawl", "sample", expect=4)
    assert "CONGTIN_ALLOW_NETWORKS" in done.stderr
    assert site.asked == []


def _hang_up(handler: Any) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer",
    [(503, {}, b"down"), (500, {}, b"down"), _hang_up],
    ids=["503", "500", "closed"],
)
def test_a_robots_file_that_cannot_be_had_closes_the_portal(congtin: Congtin, site: Site, answer: Any) -> None:
    site.answers["/robots.txt"] = answer
    report = congtin.crawl(expect=6)  # try again later
    assert report["verdict"] == "failed"
    assert set(report["outcomes"]) == {"ROBOTS"}
    assert report["cause_code"] == ("connection" if callable(answer) else "server-error")
    assert {path for _, path, _ in site.asked} == {"/robots.txt"}


def test_a_disallowed_page_is_an_answer_and_no_failure(congtin: Congtin, site: Site) -> None:
    site.answers["/robots.txt"] = (200, {}, f"User-agent: congtin\nDisallow: {site.paths[1]}\n".encode())
    report = congtin.crawl()
    assert (report["new"], report["failures"]) == (2, [])
    assert report["outcomes"]["ROBOTS"] == 1
    assert not site.times(site.paths[1])


def test_a_portal_that_forbids_everything_is_refused(congtin: Congtin, site: Site) -> None:
    site.answers["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /\n")
    report = congtin.crawl(expect=4)
    assert report["verdict"] == "blocked"
    assert {path for _, path, _ in site.asked} == {"/robots.txt"}


def test_extract_asks_as_politely_as_a_crawl(congtin: Congtin, site: Site) -> None:
    site.answers["/robots.txt"] = (200, {}, f"User-agent: *\nDisallow: {site.paths[0]}\n".encode())
    address = site.url.rstrip("/") + site.paths[0]
    done = congtin.run("extract", address, expect=3)
    assert "ROBOTS" in done.stderr
    missing = congtin.json("extract", f"{site.url}none.aspx", expect=3)
    assert (missing["kind"], missing["title"], missing["entries"], missing["precision"]) == ("not_found", "", [], None)
    assert not site.times(site.paths[0])
    assert congtin.json("extract", site.url.rstrip("/") + site.paths[1])["title"] == "Tin số 1"
    congtin.run("extract", "http://10.0.0.1/x", expect=4)
    congtin.run("extract", "https://snv.thanhhoa.gov.vn/", expect=2)  # no CONGTIN_CONTACT


def test_crawl_delay_is_kept(congtin: Congtin, site: Site) -> None:
    site.answers["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 0.7\n")
    assert congtin.crawl()["new"] == 3
    times = [at for at, path, _ in site.asked if path != "/robots.txt"]
    assert min(later - sooner for sooner, later in pairwise(times)) > 0.65


def test_a_host_that_asks_for_a_pause_gets_it(congtin: Congtin, site: Site) -> None:
    first = iter([(429, {"Retry-After": "2"}, b"slow")])
    good = site.answers[site.paths[0]]
    site.answers[site.paths[0]] = lambda _: next(first, good)
    report = congtin.crawl()
    assert report["new"] == 3
    once, again = site.times(site.paths[0])
    assert again - once > 1.9
    assert not [at for at, _, _ in site.asked if once < at < once + 1.9]


def test_a_pause_longer_than_a_crawl_leaves_its_pages_to_the_next(congtin: Congtin, site: Site) -> None:
    good = site.answers[site.paths[0]]
    site.answers[site.paths[0]] = (503, {"Retry-After": "86400"}, b"closed")
    report = congtin.crawl(expect=3)
    assert {failure["outcome"] for failure in report["failures"]} == {"RATE_LIMITED"}
    assert len(site.times(site.paths[0])) == 1
    database = Database(Config.from_environment(congtin.env()))
    with database.reading() as session:  # nor will the scheduler come back before
        until = schedule.standings(session)["sample"].not_before
    database.close()
    assert until is not None
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(days=1)
    site.answers[site.paths[0]] = good
    congtin.crawl()
    assert len(congtin.events()) == 3


def _loop(handler: Any) -> Any:
    return 302, {"Location": handler.path}, b""


def _cut(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"<html><body>short")
    handler.close_connection = True


BAD = {
    "REDIRECT_LOOP": _loop,
    "REFUSED": (302, {"Location": "http://10.0.0.1/secret"}, b""),
    "TRUNCATED": _cut,
    "SERVER_ERROR": (500, {}, b"oops"),
    "BLOCKED": (403, {}, b"no"),
    "GONE": (410, {}, b"gone"),
    "NOT_FOUND": (404, {}, b"none"),
    "EMPTY": (200, {}, b""),
    "LOGIN": (200, {}, b"<html><body><form><input name=u><input type=password name=p></form></body></html>"),
    "CHALLENGE": (200, {}, b'<html><script>document.cookie="D1N=0a";window.location.reload(true);</script></html>'),
    "SOFT404": (302, {"Location": "/portal/Pages/default.aspx"}, b""),
    "DRIFT": (200, {}, "<html><body><h1>Tin</h1><div class=x>Một trang khác hẳn.</div></body></html>".encode()),
    "BROKEN": (304, {}, b""),
}  # fmt: skip


@pytest.mark.parametrize("outcome", BAD)
def test_a_bad_answer_has_its_outcome_and_harms_nothing_else(congtin: Congtin, site: Site, outcome: str) -> None:
    site.answers["/portal/Pages/default.aspx"] = (
        200,
        {},
        b"<html><body><h1>Trang chu</h1><p>xin chao</p></body></html>",
    )
    good = site.answers[site.paths[1]]
    site.answers[site.paths[1]] = BAD[outcome]
    answered = outcome in {"NOT_FOUND", "GONE"}
    report = congtin.crawl(expect=0 if answered else 3)
    assert report["outcomes"] == {"OK": 3, outcome: 1}
    assert (report["verdict"], report["new"]) == ("healthy", 2)
    assert [failure["outcome"] for failure in report["failures"]] == ([] if answered else [outcome])
    # What failed is tried again by the next run, and is then no news that was missed; an answer can wait for an hour.
    site.answers[site.paths[1]] = good
    congtin.crawl()
    assert len(congtin.events("--kind", "article.new")) == (2 if answered else 3)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ((500, {}, b"oops"), "failed"),
        ((403, {}, b"no"), "blocked"),
        ((200, {}, b"<html><body><p>Moi hoan toan</p></body></html>"), "empty"),
        ((200, {}, "<html><body><p>Không có dữ liệu</p></body></html>".encode()), "empty"),
        ((302, {"Location": "/"}, b""), "failed"),
    ],
    ids=["500", "403", "redesign", "no rows", "moved"],
)
def test_a_listing_that_fails_changes_nothing_and_is_judged(
    congtin: Congtin, site: Site, answer: Any, verdict: str
) -> None:
    congtin.crawl()
    before = congtin.events()
    site.answers["/"] = (200, {}, LISTING.format(rows="").encode())
    site.answers["/portal/Pages/Tin-tuc.aspx"] = answer
    report = congtin.crawl(expect=3)
    assert report["verdict"] == verdict
    assert report["cause"]
    assert congtin.events() == before


def test_what_is_logged_can_be_had_as_json_with_its_source_and_run(congtin: Congtin) -> None:
    congtin.source("sample", SOURCE.format(url="http://127.0.0.1:9/"))
    congtin.environment["CONGTIN_LOG"] = "json"
    runs = []
    for _ in range(2):
        done = congtin.run("crawl", "sample", "--json", expect=6)
        (report,) = json.loads(done.stdout)
        runs.append(report["run"])
    (told,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (told["source"], told["run"], told["level"]) == ("sample", runs[1], "warning")
    assert told["message"].startswith("source.ill: sample is failed (connection: NETWORK on every listing")
    assert told["at"].endswith("+07:00")
    (event,) = congtin.events("--kind", "source.ill")
    assert event["changes"][1]["to"] == "connection"
    status = congtin.json("status", "sample", expect=3)
    assert [(one["verdict"], one["cause_code"], one["stale"]) for one in status] == [("failed", "connection", True)]


def test_no_portal_at_all_is_a_failed_run(congtin: Congtin) -> None:
    congtin.source("sample", SOURCE.format(url="http://127.0.0.1:9/"))
    report = congtin.crawl(expect=6)
    assert (report["verdict"], report["cause_code"]) == ("failed", "connection")
    assert report["outcomes"] == {"NETWORK": 1}
    assert "refused" in report["cause"].lower()


@pytest.mark.parametrize("said", ["soon", "31536000", "Fri, 31 Dec 2049 23:59:59 GMT", None])
def test_a_pause_of_no_measure_leaves_the_host_alone(congtin: Congtin, site: Site, said: str | None) -> None:
    site.answers[site.paths[0]] = (429, {"Retry-After": said} if said else {}, b"slow")
    report = congtin.crawl(expect=3)
    assert set(report["outcomes"]) == {"OK", "RATE_LIMITED"}
    assert len(site.times(site.paths[0])) == 1
    assert not [at for at, _, _ in site.asked if at > site.times(site.paths[0])[0]]


def test_a_pause_until_a_time_of_day_is_kept(congtin: Congtin, site: Site) -> None:
    good = site.answers[site.paths[0]]
    pauses = iter([3])

    def closed_once(_: Any) -> Any:
        if seconds := next(pauses, None):
            return 503, {"Retry-After": formatdate(time.time() + seconds, usegmt=True)}, b"closed"
        return good

    site.answers[site.paths[0]] = closed_once
    assert congtin.crawl()["new"] == 3
    once, again = site.times(site.paths[0])
    assert again - once > 1.5  # a date is whole seconds


def test_a_robots_file_that_only_redirects_is_as_good_as_none(congtin: Congtin, site: Site) -> None:
    site.answers["/robots.txt"] = _loop
    assert congtin.crawl()["new"] == 3
    assert len(site.times("/robots.txt")) == 6


def test_a_listing_that_never_changes_is_asked_for_whole_after_a_while(congtin: Congtin, site: Site) -> None:
    path = "/portal/Pages/Tin-tuc.aspx"
    listing = site.answers[path]

    def stuck(handler: Any) -> Any:
        if "If-None-Match" in handler.headers:
            return 304, {}, b""
        return 200, {"ETag": '"1"'}, listing[2]

    site.answers[path] = stuck
    for _ in range(9):
        congtin.crawl()
    conditional = ["If-None-Match" in headers for _, asked, headers in site.asked if asked == path]
    assert conditional == [False, *[True] * 7, False]
