"""The private feed of a watch: for whoever has its token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import feedparser
import pytest
from feed_reading import ids, read
from small_archive import T0
from sqlalchemy import update

from alerts import following, watches
from storage import events
from storage.alert_tables import Watch
from storage.models import Article
from web.feeds import PER_PAGE

if TYPE_CHECKING:
    from storage.database import Database


def hear(database: Database) -> None:
    """What `congtin deliver` does before it delivers."""
    matcher = following.Matcher()
    while True:
        with database.reading() as session:
            batch = following.read(session, matcher)
        if batch is None:
            return
        with database.writing() as session:
            following.write(session, batch, now=T0)


@pytest.fixture
def watch(database: Database) -> tuple[str, str]:
    with database.writing() as session:
        wish = watches.Wish(query="tin", kinds=("article.new", "article.changed", "source.ill"))
        made = watches.add(session, wish, ["mailto:a@example.org", "mailto:b@example.org"], now=T0)
        return made.id, session.get_one(Watch, made.id).feed_token or ""


async def test_a_watch_has_a_feed_of_its_own(browser, database, watch, publish):
    name, token = watch
    path = f"/feeds/watch/{name}.atom"
    publish("one", "two", at=T0 + timedelta(hours=1))
    publish("old", origin="backfill")
    publish("other", title="Việc khác")
    hear(database)
    response = await browser.get(path, params={"token": token})
    found = feedparser.parse(response.content)
    assert [entry.title for entry in found.entries] == ["Tin mới: Tin two", "Tin mới: Tin one"]
    assert [entry.link for entry in found.entries] == [f"http://127.0.0.1/record/{one}" for one in ("two", "one")]
    assert response.headers["cache-control"] == "private, no-cache"
    assert "last-modified" not in response.headers  # what is in the log already may come in later
    assert len({entry.id for entry in found.entries} | set(ids("one", "two"))) == 4
    again = await browser.get(path, params={"token": token}, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    publish("one", at=T0 + timedelta(hours=2))
    with database.writing() as session:
        at = T0 + timedelta(hours=3)
        events.append_of_source(session, "source.ill", "x/unnamed", at=at, title="Trang tin", url="", changes=[])
    hear(database)
    ill, changed, _, first = (await read(browser, path, token=token)).entries
    assert (ill.title, ill.link) == ("Nguồn gặp sự cố: Trang tin", "http://127.0.0.1/sources")
    assert (changed.link, changed.id == first.id) == (first.link, False)  # an entry for each thing that happened
    for wrong in ({}, {"token": ""}, {"token": "x"}, {"token": token[:-1]}, {"token": "đ"}):
        assert (await browser.get(path, params=wrong, headers={"If-None-Match": "*"})).status_code == 404
    with database.writing() as session:
        watches.pause(session, name, now=T0)
    assert len((await read(browser, path, token=token)).entries) == 4
    with database.writing() as session:
        watches.remove(session, name, now=T0)
    assert (await browser.get(path, params={"token": token})).status_code == 404


async def test_the_feed_of_a_watch_of_everything_says_so(browser, database):
    with database.writing() as session:
        made = watches.add(session, watches.Wish(query=""), ["mailto:a@example.org"], now=T0)
        token = session.get_one(Watch, made.id).feed_token
    found = feedparser.parse((await browser.get(f"/feeds/watch/{made.id}.atom", params={"token": token})).content)
    assert found.feed.title == "Theo dõi: mọi tin · congtin"


async def test_a_watch_without_a_token_has_no_feed(browser, database, watch):
    with database.writing() as session:
        session.execute(update(Watch).values(feed_token=None))
    assert (await browser.get(f"/feeds/watch/{watch[0]}.atom", params={"token": ""})).status_code == 404


async def test_a_watchs_feed_is_paged_and_tells_of_nothing_withheld(browser, database, watch, publish):
    name, token = watch
    publish(*(f"w{number}" for number in range(PER_PAGE + 2)))
    hear(database)
    with database.writing() as session:
        events.append(session, "record.withheld", session.get_one(Article, "w0"), at=T0, origin="poll")
    first = await read(browser, f"/feeds/watch/{name}.rss", token=token)
    (address,) = [link.href for link in first.feed.links if link.rel == "next"]
    second = await read(browser, address)
    assert len(first.entries) == PER_PAGE
    assert [entry.title for entry in second.entries] == ["Tin mới: Tin w1"]
    assert "next" not in {link.rel for link in second.feed.links}
