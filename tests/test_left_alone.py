"""Manners over more than one request: what a host that is known gets from us over a run, and over many.

The catalogue's F10 to F14 and F16; the others of F are in tests/test_manners.py and tests/test_robots.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from command import ROOT
from scripted import Site, serving
from test_drift import NEWS, path, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command import Congtin

SOURCE = f"""\
name = "Cổng thử"
url = "{{url}}"
platform = "sharepoint"
sections.news = ["{NEWS}"]
"""
PAUSE = 0.2
"""Seconds between requests, where it is about them."""
EARLY = 0.06
"""By how much the server may see a gap shorter than it was when the request was sent."""
AHEAD = 16
"""Requests that have passed robots.txt and wait for their turn."""


@pytest.fixture
def site(congtin: Congtin) -> Iterator[Site]:
    with serving() as one:
        congtin.source("sample", SOURCE.format(url=one.url))
        yield one


def slowly(congtin: Congtin, site: Site, more: str = "") -> None:
    congtin.source("sample", SOURCE.format(url=site.url) + f"delay = {PAUSE}\n{more}")


def gaps(site: Site) -> list[float]:
    return [later - sooner for sooner, later in pairwise(at for at, _, _ in site.asked)]


def are_kept(seen: list[float], pause: float) -> bool:
    """Whether requests were so far apart; a busy machine may note one of twenty late, and the next one so too early."""
    return min(seen) >= pause / 2 and sum(gap < pause - EARLY for gap in seen) * 20 <= len(seen)


def test_f10_rules_that_change_while_a_crawl_runs_are_obeyed_by_it(congtin: Congtin, site: Site) -> None:
    """The rules are old after a third of a second here."""
    congtin.source("sample", SOURCE.format(url=site.url) + "delay = 0.1\n")
    show(site, NEWS, range(40))
    rules = (200, {}, b"User-agent: *\nDisallow: /portal/Pages/2\n")
    site.answers["/robots.txt"] = lambda _: rules if site.times(path(3)) else (404, {}, b"")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "watched.py", "sample", "--set", "ROBOTS_LIFETIME=0.3"],
        env=congtin.env(), cwd=ROOT, text=True, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    report = json.loads(done.stdout)["reports"]["sample"]
    asked = [path for _, path, _ in site.asked]
    closed = max(at for at, path in enumerate(asked) if path == "/robots.txt")
    assert closed > 4
    assert len(asked) - closed <= AHEAD + 1
    assert report["new"] + report["outcomes"]["ROBOTS"] == 40
    assert 4 <= report["new"] < 40 - 4
    before = len(site.asked)
    congtin.crawl(expect=None)  # a run of its own reads them anew
    assert {path for _, path, _ in site.asked[before:]} <= {"/robots.txt", NEWS}


def test_f11_of_crawls_that_are_started_at_once_one_asks_and_the_gap_is_kept(congtin: Congtin, site: Site) -> None:
    slowly(congtin, site)
    show(site, NEWS, range(4))
    crawls = [congtin.start("crawl", "sample", "--json") for _ in range(3)]
    for crawl in crawls:
        crawl.communicate()
    assert 0 in {crawl.returncode for crawl in crawls} <= {0, 4}  # a third one may come when the first has ended
    congtin.crawl()
    assert are_kept(gaps(site), PAUSE)


def test_f12_a_storm_of_restarts_keeps_the_gap_and_the_days_budget(congtin: Congtin, site: Site) -> None:
    budget = 24
    slowly(congtin, site, f"budget = {budget}\n")
    show(site, NEWS, range(40))
    for _ in range(20):
        before = len(site.asked)
        crawl = congtin.start("crawl", "sample", "--json")
        while len(site.asked) == before and crawl.poll() is None:
            pass
        crawl.kill()
        crawl.communicate()
    congtin.crawl(expect=None)
    assert len(site.asked) > budget // 2
    assert len(site.asked) <= budget
    assert are_kept(gaps(site), PAUSE)


def test_f12_a_crawl_that_follows_one_that_was_killed_keeps_its_distance(congtin: Congtin, site: Site) -> None:
    """Longer than a crawl takes to begin."""
    congtin.source("sample", SOURCE.format(url=site.url) + "delay = 3\n")
    for _ in range(2):
        before = len(site.asked)
        crawl = congtin.start("crawl", "sample")
        while len(site.asked) == before and crawl.poll() is None:
            pass
        crawl.kill()
        crawl.communicate()
    assert [gap >= 3 - EARLY for gap in gaps(site)] == [True]


def test_f13_what_is_asked_again_is_asked_conditionally_and_with_the_servers_own_words(
    congtin: Congtin, site: Site
) -> None:
    """Validators in all the ways that servers write them, and some that none should."""
    show(site, NEWS, range(20))
    odd = ['"1"', 'W/"weak"', "bare", '"a,b"', '"tiếng"', '""', '"' + "x" * 300 + '"']
    dates = ["Thu, 05 Mar 2026 08:00:00 GMT", "Thursday, 05-Mar-26 08:00:00 GMT", "2026-03-05T08:00:00Z"]
    given: dict[str, dict[str, str]] = {}
    for number, one in enumerate([NEWS, *map(path, range(20))]):
        headers = {} if number % 3 == 1 else {"ETag": odd[number % len(odd)].encode().decode("latin-1")}
        given[one] = headers | ({} if number % 3 == 2 else {"Last-Modified": dates[number % len(dates)]})
        site.answers[one] = _conditionally(site.answers[one], given[one])
    congtin.crawl()
    site.asked.clear()
    for _ in range(2):
        report = congtin.crawl("--recheck")
        assert (report["changed"], report["not_modified"], report["failures"]) == (0, 21, [])
    again = [(path, headers) for _, path, headers in site.asked if path in given]
    assert len(again) == 2 * len(given)
    for one, headers in again:
        assert headers.get("If-None-Match") == given[one].get("ETag")
        assert headers.get("If-Modified-Since") == given[one].get("Last-Modified")


def _conditionally(answer: tuple[int, dict[str, str], bytes], given: dict[str, str]) -> Any:
    def asked(handler: Any) -> Any:
        same = "If-None-Match" in handler.headers or "If-Modified-Since" in handler.headers
        return (304, given, b"") if same else (answer[0], given, answer[2])

    return asked


def test_f14_twenty_failures_in_a_row_end_it_and_the_next_crawl_is_a_probe(congtin: Congtin, site: Site) -> None:
    show(site, NEWS, range(60))
    sound = dict(site.answers)
    for number in range(60):
        site.answers[path(number)] = (500, {}, b"oops")
    report = congtin.crawl(expect=3)
    assert (report["verdict"], report["cause_code"], report["new"]) == ("failed", "server-error", 0)
    assert report["cause"].startswith("request after request failed, and the rest was not asked for: ")
    assert sum(path != "/robots.txt" for _, path, _ in site.asked) == 21
    site.asked.clear()
    site.answers[NEWS] = (500, {}, b"oops")
    probe = congtin.crawl(expect=6)
    assert [path for _, path, _ in site.asked] == ["/robots.txt", NEWS]
    assert (probe["verdict"], probe["cause_code"]) == ("failed", "server-error")
    (told,) = congtin.events("--kind", "source.ill")
    assert told["changes"][0]["to"] == "failed"
    site.answers.update(sound)
    report = congtin.crawl()  # nothing of what was not asked for is lost
    assert (report["verdict"], report["new"]) == ("healthy", 60)
    assert [event["kind"] for event in congtin.events()[-1:]] == ["source.recovered"]


def test_f16_a_host_that_opted_out_is_never_asked_by_whatever_way_one_comes_to_it(congtin: Congtin, site: Site) -> None:
    """The portal redirects to it, attaches a file of it, and is it."""
    with serving(host="127.0.0.5") as other:
        congtin.source("sample", SOURCE.format(url=site.url) + f'hosts = ["{other.url[7:-1]}"]\n')
        congtin.source("other", SOURCE.format(url=other.url))
        congtin.environment["CONGTIN_OPT_OUT"] = "example.vn, 127.0.0.5"
        show(site, NEWS, range(3))
        for number, to in enumerate(["a.aspx", "portal/Pages/2023-7-18/Tin-0abc.aspx"]):
            site.answers[path(number)] = (302, {"Location": other.url + to}, b"")
        site.answers[path(2)] = _with_link(site.answers[path(2)], other.url + "qd.pdf")
        report = congtin.crawl(expect=3)
        assert report["outcomes"] == {"OK": 2, "REFUSED": 3}
        assert {failure["message"] for failure in report["failures"]} == {
            "127.0.0.5 is not asked: CONGTIN_OPT_OUT names it"
        }
        assert "CONGTIN_OPT_OUT" in congtin.run("crawl", "other", expect=4).stderr
        congtin.run("extract", other.url + "a.aspx", expect=4)
        assert other.asked == []
    assert "not a host" in congtin_refuses(congtin, "http://127.0.0.5/")


def _with_link(answer: tuple[int, dict[str, str], bytes], to: str) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = answer
    return status, headers, body.replace(b"</p></div>", f'</p><p><a href="{to}">Tệp</a></p></div>'.encode())


def congtin_refuses(congtin: Congtin, said: str) -> str:
    congtin.environment["CONGTIN_OPT_OUT"] = said
    return congtin.run("crawl", "sample", expect=2).stderr
