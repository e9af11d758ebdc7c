"""Cases of the catalogue that are met by crawls and by no single answer: A17, A37, C21 to C23, C27, E10, E11."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from command import ROOT
from scripted import LISTING, Site, serving
from test_drift import NEWS, path, show

from sample.certificates import AUTHORITY, contexts
from scraper import announcements, extract
from scraper.config import Config
from scraper.items import Page
from scraper.sources import undeclared
from spiders.loader import catalogue
from storage.database import Database
from storage.gauges import Gauges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from command import Congtin

SOURCE = f"""\
name = "Cổng thử"
url = "{{url}}"
platform = "sharepoint"
sections.news = ["{NEWS}"]
"""
ROW = '<p class="channel-news-title"><a href="{path}">Tin số {number}</a> <span>({stamp})</span></p>'
SITE = "https://snv.example.vn"
PAGE = """<html><body><p class="tandan-p-article-news-title">Tin số {number}</p>
<span class="tandan-span-date-publish">Đăng ngày {day}</span>
<div class="ms-rtestate-field"><p>Nội dung của tin số {number}, đủ dài để là một bài./.</p></div></body></html>"""
OTHER = b"<html><body><h1>Tin</h1><div class=b>Theo m\xe1\xba\xabu B</div></body></html>"
BUSY = (503, {}, b"<html><body>Server busy</body></html>")


@pytest.fixture
def site(congtin: Congtin) -> Iterator[Site]:
    with serving() as one:
        congtin.source("sample", SOURCE.format(url=one.url))
        yield one


def watched(congtin: Congtin, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "watched.py", *words],
        env=congtin.env(), cwd=ROOT, text=True, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)["reports"]
    return told


def told(congtin: Congtin, since: int = 0) -> list[tuple[str, str]]:
    return [(event["kind"], event["origin"]) for event in congtin.events()[since:] if "record." not in event["kind"]]


def test_a17_names_that_do_not_resolve_are_told_from_hosts_that_are_down(congtin: Congtin) -> None:
    for name, host in (("no-name", "none.test"), ("servfail", "fails.test"), ("slow", "slow.test")):
        congtin.source(name, SOURCE.format(url=f"http://{host}/"))
    congtin.source("down", SOURCE.format(url="http://127.0.0.1:9/"))
    hosts = [word for name in ("none=NXDOMAIN", "fails=SERVFAIL", "slow=SLOW")
             for word in ("--host", name.replace("=", ".test="))]  # fmt: skip
    reports = watched(congtin, "no-name", "servfail", "slow", "down", *hosts, "--set", "DNS_TIMEOUT=1")
    came = {name: (one["verdict"], one["cause_code"], set(one["outcomes"])) for name, one in reports.items()}
    assert came == {
        "no-name": ("failed", "dns", {"DNS"}), "servfail": ("failed", "dns", {"DNS"}),
        "slow": ("failed", "dns", {"DNS"}), "down": ("failed", "connection", {"NETWORK"}),
    }  # fmt: skip
    assert max(one["seconds"] for one in reports.values()) < 20


def test_a37_a_server_that_would_rather_speak_http_2_is_spoken_to_in_http_1(congtin: Congtin, tmp_path: Path) -> None:
    """So that there is no GOAWAY and no stream to be reset."""
    context = contexts(tmp_path, "127.0.0.1")["sound"]
    context.set_alpn_protocols(["h2", "http/1.1"])
    congtin.environment["SSL_CERT_FILE"] = str(tmp_path / AUTHORITY)
    spoken: set[tuple[str | None, str]] = set()
    with serving(context) as site:
        congtin.source("sample", SOURCE.format(url=site.url.replace("http:", "https:")))
        for one, answer in list(site.answers.items()):

            def asked(handler: Any, answer: Any = answer) -> Any:
                spoken.add((handler.connection.selected_alpn_protocol(), handler.request_version))
                return answer

            site.answers[one] = asked
        assert congtin.crawl()["new"] == 3
    assert spoken <= {(None, "HTTP/1.1"), ("http/1.1", "HTTP/1.1")}
    assert spoken


def test_c21_a_refusal_says_that_it_may_be_for_where_we_are(congtin: Congtin, site: Site) -> None:
    site.answers[NEWS] = (403, {}, b"<html><body>Forbidden</body></html>")
    report = congtin.crawl(expect=None)
    assert (report["verdict"], report["cause_code"], report["outcomes"]) == ("blocked", "refused", {"BLOCKED": 1})
    assert "some portals answer no address outside Vietnam" in report["cause"]


def test_c22_of_two_templates_by_turns_one_is_told_as_drift_and_all_is_had_in_the_end(
    congtin: Congtin, site: Site
) -> None:
    show(site, NEWS, range(10))
    for number in range(10):
        turns, good = count(number), site.answers[path(number)]
        site.answers[path(number)] = lambda _, turns=turns, good=good: good if next(turns) % 2 else (200, {}, OTHER)
    report = congtin.crawl(expect=3)
    assert (report["outcomes"]["DRIFT"], report["new"], len(report["failures"])) == (5, 5, 5)
    assert congtin.crawl(expect=None)["new"] == 5
    events = Counter(told(congtin))
    assert events["article.new", "backfill"] + events["article.new", "poll"] == 10
    assert {kind for kind, _ in events} <= {"article.new", "source.ill", "source.recovered"}


def test_c27_a_server_that_is_busy_now_and_then_alarms_nobody(congtin: Congtin, site: Site) -> None:
    """One request of twenty, for the listing, for pages, and for what is asked again at once."""
    show(site, NEWS, range(40))
    turns = count(1)
    for one in [NEWS, *map(path, range(40))]:
        good = site.answers[one]
        site.answers[one] = lambda _, good=good: BUSY if next(turns) % 20 == 0 else good
    reports = [congtin.crawl("--recheck", expect=None) for _ in range(3)]
    assert {report["verdict"] for report in reports} == {"healthy"}
    assert sum(report["new"] for report in reports) == 40
    assert {kind for kind, _ in told(congtin)} == {"article.new"}


def test_c23_after_days_without_an_answer_all_that_came_meanwhile_is_news_with_its_lag(
    congtin: Congtin, site: Site
) -> None:
    show(site, NEWS, range(12))
    assert congtin.crawl()["new"] == 12
    since = len(congtin.events())
    sound = dict(site.answers)
    site.answers = dict.fromkeys(site.answers, BUSY)
    reports = [congtin.crawl(expect=6) for _ in range(2)]
    assert {(one["verdict"], one["cause_code"], one["gone"]) for one in reports} == {("failed", "server-error", 0)}
    site.answers = sound
    show(site, NEWS, [*range(100, 118), *range(10)])
    assert congtin.crawl()["new"] == 18
    assert told(congtin, since) == [
        ("source.ill", "poll"), *[("article.new", "poll")] * 18, ("source.recovered", "poll"),
    ]  # fmt: skip
    assert lags(congtin) == 18


def first_seen(congtin: Congtin) -> list[Any]:
    with closing(sqlite3.connect(congtin.data / "congtin.db")) as database:
        return database.execute("SELECT id, first_seen FROM articles ORDER BY id").fetchall()


def lags(congtin: Congtin) -> int:
    """How many new articles were counted with the time from their printed minute until they were seen first."""
    database = Database(Config.from_environment(congtin.env()))
    gauges = Gauges(database, congtin.data / "archive")
    gauges.look()
    database.close()
    return sum(gauges.lags["sample"].counts)


def test_e10_a_date_that_is_set_back_silences_nothing_and_moves_no_first_sight(congtin: Congtin, site: Site) -> None:
    """One article comes with the date of an older year; another's is set back after it was told."""
    days = dict.fromkeys(range(6), "18/07/2023")

    def publish() -> None:
        rows = "\n".join(ROW.format(path=path(one), number=one, stamp=f"{day} 4:24 CH") for one, day in days.items())
        site.answers[NEWS] = (200, {}, LISTING.format(rows=rows).encode())
        for one, day in days.items():
            site.answers[path(one)] = (200, {}, PAGE.format(number=one, day=day.replace("/", " - ")).encode())

    publish()
    assert congtin.crawl()["new"] == 6
    since = len(congtin.events())
    days = {6: "18/07/2022", **days}
    publish()
    assert congtin.crawl()["new"] == 1
    assert told(congtin, since) == [("article.new", "poll")]
    seen = first_seen(congtin)
    days[3] = "02/01/2023"
    publish()
    for _ in range(3):  # a redesign would change more than one page, and so it is asked for again
        congtin.crawl(expect=None)
    assert told(congtin, since)[1:] == [("article.changed", "poll")]
    (changed,) = congtin.events("--kind", "article.changed")
    (change,) = [one for one in changed["changes"] if one["field"] == "published_at"]
    assert (change["from"][:10], change["to"][:10]) == ("2023-07-18", "2023-01-02")
    assert first_seen(congtin) == seen
    assert lags(congtin) == 1  # the new one's, once


def test_e11_the_days_of_posting_of_the_decision_and_of_its_effect_are_three() -> None:
    source = undeclared(catalogue(Config.from_environment({})).platforms["sharepoint"], f"{SITE}/")
    words = (
        "Công bố thủ tục hành chính mới ban hành theo Quyết định số 1234/QĐ-UBND ngày 05/7/2023 của Chủ tịch UBND tỉnh."
        " Quyết định có hiệu lực kể từ ngày 01/8/2023."
    )
    markup = PAGE.format(number=1, day="18 - 07 - 2023").replace("Nội dung của tin số 1", words)
    read = extract.read(
        Page(url=f"{SITE}/portal/Pages/2023-7-18/Tin-1abc.aspx", body=markup.encode(), role="detail"), source
    )
    assert read.article
    assert read.article.published
    (number,) = read.numbers
    effective = announcements.effective(read.article.body_text, number.date)
    assert (read.article.published.at.date().isoformat(), str(number.date), str(effective)) == (
        "2023-07-18", "2023-07-05", "2023-08-01",
    )  # fmt: skip
