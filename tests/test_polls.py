"""A poll asks for some listings only, and what it finds there is learned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from command import SAMPLE
from sqlalchemy import select

from scraper.config import BadConfig, Config
from scraper.items import VIETNAM
from scraper.sources import Hours
from storage.database import Database
from storage.models import Page
from storage.pages import SourceHistory
from storage.schedule_tables import ListingRhythm

if TYPE_CHECKING:
    from command import Congtin, Serve

    from sample.server import Running

FEED, SECTION = "/portal/rss/Hoat-dong-nganh.rss", "/portal/KenhTin/Hoat-dong-nganh.aspx"


def rhythms(congtin: Congtin) -> dict[str, ListingRhythm]:
    database = Database(Config.from_environment(congtin.env()))
    with database.reading() as session:
        found = {row.listing.rpartition("/")[2]: row for row in session.scalars(select(ListingRhythm))}
    database.close()
    return found


def test_a_poll_asks_for_its_listings_and_teaches_what_was_new_once(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=20)
    congtin.crawl()
    before = rhythms(congtin)
    assert len(before) == 4
    assert {row.rhythm["shape"] for row in before.values()} == {0.4, 0.05}  # it taught nothing
    for number in range(2):
        portal.control(do="publish", section="activity", title=f"Hội nghị tổng kết ngành lần thứ {number}")
    asked = len(portal.requests)
    report = congtin.crawl(
        "--section", portal.url.rstrip("/") + FEED, "--section", portal.url.rstrip("/") + SECTION, "--old=0"
    )
    paths = [path for _, path, _ in portal.requests[asked:]]
    assert {FEED, SECTION} < set(paths)
    assert not [path for path in paths if path.endswith(("Tin-tuc.aspx", "Thu-tuc-hanh-chinh.aspx"))]
    assert report["new"] == 2
    after = rhythms(congtin)
    feed, section = after["hoat-dong-nganh.rss"], after["hoat-dong-nganh.aspx"]
    assert feed.found == 2  # the feed leads, and what both show is its own
    assert section.found == 0
    assert feed.rhythm["shape"] > before["hoat-dong-nganh.rss"].rhythm["shape"] + 1.9
    assert after["tin-tuc.aspx"].looked_at == before["tin-tuc.aspx"].looked_at


def test_a_section_that_is_none_is_wrong_usage(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=5)
    said = congtin.run("crawl", "sample", "--section", portal.url + "nowhere", expect=2).stderr
    assert "--section" in said
    assert not portal.requests


def test_a_poll_takes_no_more_than_it_may(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=30)
    report = congtin.crawl("--most=8")
    assert report["requests"] <= 8
    assert len(portal.requests) <= 8
    assert "budget" in report["cause"]


def hours(congtin: Congtin, portal: Running, end: datetime) -> None:
    begin = f"{end - timedelta(hours=2):%H:%M:%S}"
    congtin.source("sample", SAMPLE.format(url=portal.url) + f"hours = {{from = {begin}, to = {end:%H:%M:%S}}}\n")


def test_a_crawl_that_keeps_hours_ends_with_them_and_the_next_one_goes_on(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=60, delay=0.1)
    now = datetime.now(VIETNAM)
    hours(congtin, portal, now + timedelta(seconds=4))
    report = congtin.crawl("--keep-hours")
    assert report["verdict"] == "healthy"
    assert report["cause"] == "the hours in which it may be crawled are over; what is left waits for the next ones"
    assert report["new"] < 60
    assert not report["failures"]
    last = portal.requests[-1]
    hours(congtin, portal, now + timedelta(hours=1))
    went_on = congtin.crawl("--keep-hours")
    assert (went_on["cause"], went_on["new"]) == (None, 60 - report["new"])
    hours(congtin, portal, now - timedelta(hours=1))
    assert congtin.crawl("--recheck")["cause"] is None, "somebody who starts it by hand means it"
    assert last != portal.requests[-1]


@pytest.mark.parametrize(
    ("at", "over"),
    [
        ("2026-03-02T08:00:00+07:00", "2026-03-02T17:30:00+07:00"),
        ("2026-03-02T10:29:00+00:00", "2026-03-02T17:30:00+07:00"),
        ("2026-03-02T17:30:00+07:00", "2026-03-03T17:30:00+07:00"),
    ],
)
def test_when_hours_are_over(at: str, over: str) -> None:
    day = Hours.model_validate({"from": "08:00", "to": "17:30"})
    assert day.over(datetime.fromisoformat(at)) == datetime.fromisoformat(over)
    assert Hours.model_validate({"from": "08:00", "to": "08:00"}).over(datetime.fromisoformat(at)) is None


@pytest.mark.parametrize("said", ["-1", "0", "many", "1.5"])
def test_a_budget_that_is_none_is_refused(congtin: Congtin, said: str) -> None:
    with pytest.raises(BadConfig, match="CONGTIN_BUDGET"):
        Config.from_environment(congtin.env() | {"CONGTIN_BUDGET": said})
    assert Config.from_environment(congtin.env() | {"CONGTIN_BUDGET": "600"}).budget == 600
    assert Config.from_environment(congtin.env()).budget is None


def test_polls_leave_failing_and_missing_pages_rest(congtin: Congtin, serve: Serve) -> None:
    serve(articles=10)
    congtin.crawl()
    database = Database(Config.from_environment(congtin.env()))
    now = datetime.now(UTC)
    with database.writing() as session:
        page, missing = session.scalars(select(Page).where(Page.record.is_not(None)).limit(2))
        page.owed, page.failures, page.last_checked = True, 2, now - timedelta(hours=1)
        missing.missing, missing.last_checked = 1, now - timedelta(hours=5)
    history = SourceHistory(database, "sample")
    assert [one.canonical_url for one in history.owed()] == [page.canonical_url]
    assert not history.owed(rested=True)
    assert missing.canonical_url in [one.canonical_url for one in history.aging()]
    assert not history.aging(most=0)
    with database.writing() as session:
        session.get_one(Page, page.id).last_checked = now - timedelta(hours=3)
        session.get_one(Page, missing.id).last_checked = now - timedelta(hours=7)
    assert [one.canonical_url for one in history.owed(rested=True)] == [page.canonical_url]
    assert [one.canonical_url for one in history.aging(most=0)] == [missing.canonical_url]
    database.close()
