"""A portal at another host, an archive that comes at once, and requests that a dead run did not enter."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from making import NOON, article, later, page, save
from sqlalchemy import select

from scraper.items import Image
from scraper.rhythm import beginning, minutes
from storage import events, floods, renaming, runs
from storage.articles import content_hash
from storage.models import Article, Fetch, Page, Run
from storage.schedule_tables import ListingRhythm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OLD, NEW = "http://snv.example.vn", "https://sonoivu.example.vn/"


def test_c18_all_that_is_known_at_a_former_host_takes_the_new_address(session: Session) -> None:
    for path in ("/tin/1", "/tin/2"):
        save(session, article(f"{OLD}{path}", title=f"Tin {path}"))
    save(session, article("https://www.snv.example.vn/tin/3", title="Tin 3"))
    page(session, "https://cu.example.vn/tin/1")  # at two former hosts
    save(session, article("https://khac.example.vn/tin/4", title="Tin 4"))
    save(session, article(f"{OLD}/tin/5", title="Tin 5"), source="other")
    known = page(session, "https://sonoivu.example.vn/tin/2")
    before = {row.canonical_url: row.id for row in session.scalars(select(Article))}
    cursor = max(event.cursor for event in events.since(session))
    moved = renaming.readdress(session, "snv", ["snv.example.vn", "cu.example.vn"], NEW, at=later(1), origin="poll")
    assert moved == 3
    after = {row.id: (row.source, row.canonical_url) for row in session.scalars(select(Article))}
    assert after[before[f"{OLD}/tin/1"]] == ("snv", "https://sonoivu.example.vn/tin/1")
    assert after[before["https://www.snv.example.vn/tin/3"]] == ("snv", "https://sonoivu.example.vn/tin/3")
    assert after[before["https://khac.example.vn/tin/4"]] == ("snv", "https://khac.example.vn/tin/4")
    assert after[before[f"{OLD}/tin/5"]] == ("other", f"{OLD}/tin/5")
    pages = {row.canonical_url for row in session.scalars(select(Page).where(Page.source == "snv"))}
    assert {
        known.canonical_url,
        f"{OLD}/tin/2",
        "https://sonoivu.example.vn/tin/1",
        "https://cu.example.vn/tin/1",
    } <= pages  # one was there already
    told = [(event.kind, event.changes[0]["field"]) for event in events.since(session, cursor)]
    assert told == [("record.updated", "url")] * 3
    assert renaming.readdress(session, "snv", ["snv.example.vn", "cu.example.vn"], NEW, at=later(2), origin="poll") == 0


def test_c18_pictures_that_moved_with_their_page_are_no_change() -> None:
    def showing(root: str, picture: str) -> tuple[Image, ...]:
        return (Image(url=f"{root}/anh/{picture}.jpg"), Image(url="https://cdn.example/logo.png"))

    before = content_hash(article(f"{OLD}/tin/1", images=showing(OLD, "1")))
    now = article("https://sonoivu.example.vn/tin/1", images=showing("https://sonoivu.example.vn", "1"))
    assert renaming.said_before(now, before, ["snv.example.vn"])
    assert not renaming.said_before(now, before, ["khac.example.vn"])
    other = article("https://sonoivu.example.vn/tin/1", images=showing("https://sonoivu.example.vn", "2"))
    assert not renaming.said_before(other, before, ["snv.example.vn"])


def test_c19_how_many_pages_are_a_flood_follows_from_the_rhythm(session: Session) -> None:
    assert floods.most(session, "snv", now=NOON) == floods.MOST_NEWS
    rhythm = beginning(minutes(NOON))  # one a day
    row = ListingRhythm(source="snv", listing=f"{OLD}/tin", rhythm=rhythm.to_json(), looked_at=NOON, found=0, why="")
    session.add(row)
    session.flush()
    assert floods.most(session, "snv", now=later(1)) == floods.MOST_NEWS
    assert round(floods.most(session, "snv", now=later(24 * 9))) == 90


def test_c19_pages_of_a_backfill_belong_to_no_flood(session: Session) -> None:
    for number in range(5):
        page(session, f"/cu/{number}", at=NOON)
    session.add(Run(source="snv", origin="backfill", opened_at=NOON, closed_at=later(0.5), completed=True, report={}))
    session.flush()
    for number in range(3):
        page(session, f"/moi/{number}", at=later(0.6) + timedelta(seconds=number))
    page(session, "/sau/1", at=later(9))
    page(session, "/moi/1", source="other", at=later(0.6))
    assert floods.at_once(session, "snv", later(0.6)) == 3
    assert floods.at_once(session, "snv", later(9)) == 1


def test_f12_what_a_dead_run_reserved_counts_as_sent(session: Session) -> None:
    ran = [runs.open_run(session, "snv", origin="poll", at=later(hour)) for hour in range(3)]
    for run, entered, reserved in zip(ran, (2, 5, 0), (4, 3, None), strict=True):
        for _ in range(entered):
            session.add(
                Fetch(run=run, at=later(1), url=OLD, role="detail", outcome="OK", message="", size=1, seconds=0.1)
            )
        if reserved:
            runs.reserve(session, run, reserved)
    session.flush()
    assert runs.requests(session, "snv", since=NOON - timedelta(days=1)) == 4 + 5
    assert runs.requests(session, "other", since=NOON - timedelta(days=1)) == 0
