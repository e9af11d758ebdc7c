"""Who has a feed already is told so, and who has not is not: ETag and Last-Modified (RFC 9110, 13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from feed_reading import SCOPES
from small_archive import EDITED, NAMES, T0, opened

from web.archive import Archive
from web.feeds import FORMS, PER_PAGE

if TYPE_CHECKING:
    from scraper.config import Config


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("form", FORMS)
async def test_who_has_it_already_is_told_so(browser, publish, scope, form):
    path = f"{scope}.{form}"
    response = await browser.get(path)
    tag, at = response.headers["etag"], response.headers["last-modified"]
    for headers in (
        {"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-None-Match": "*"}, {"If-Modified-Since": at},
    ):  # fmt: skip
        again = await browser.get(path, headers=headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for headers in ({"If-None-Match": '"x"', "If-Modified-Since": at}, {"If-Modified-Since": "Wed, 19" + at[7:]}):
        assert (await browser.get(path, headers=headers)).status_code == 200  # the tag counts; the time is the very one
    head = await browser.head(path)
    assert (head.status_code, head.headers["etag"], head.headers["last-modified"]) == (200, tag, at)
    publish(EDITED, at=T0 + timedelta(minutes=1))
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": at}, {"If-None-Match": tag, "If-Modified-Since": at}):
        assert (await browser.get(path, headers=headers)).status_code == 200
    later = await browser.get(path)
    assert later.headers["etag"] != tag
    assert later.headers["last-modified"] == "Tue, 18 Jul 2023 10:01:00 GMT"


async def test_what_happens_elsewhere_leaves_a_feed_as_it_was(browser, publish):
    publish(*(f"r{number}" for number in range(PER_PAGE + 1)), source="lam-dong/ubnd")
    for path in ("/feeds/source/lam-dong/ubnd.atom", "/feeds/search.atom?source=lam-dong/ubnd"):
        before = await browser.get(path)
        publish("elsewhere")
        headers = {"If-None-Match": before.headers["etag"]}
        assert (await browser.get(path, headers=headers)).status_code == 304
        assert (await browser.get(path)).content == before.content


async def test_what_an_entry_says_changes_the_tag_wherever_it_comes_from(filled, monkeypatch):
    async def tag(settings: Config) -> str:
        async with opened(settings) as client:
            return str((await client.get("/feeds/all.atom")).headers["etag"])

    before = await tag(filled)
    assert await tag(filled) == before
    assert await tag(replace(filled, public_url="https://tin.example.org")) != before
    monkeypatch.setitem(NAMES, "thanh-hoa/snv", "Sở Nội vụ và Lao động")
    assert await tag(filled) != before


async def test_a_page_that_is_no_longer_the_last_has_another_tag(browser, publish):
    publish(*(f"r{number}" for number in range(PER_PAGE - 1)), source="lam-dong/ubnd")  # there is one already
    path = "/feeds/source/lam-dong/ubnd.atom"
    before = await browser.get(path)
    publish("old", source="lam-dong/ubnd", origin="backfill")
    after = await browser.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert (b'rel="next"' in before.content, after.status_code, b'rel="next"' in after.content) == (False, 200, True)


async def test_a_search_that_is_behind_the_log_has_a_tag_and_no_time(browser, monkeypatch):
    search = Archive.search
    monkeypatch.setattr(Archive, "search", lambda *asked: search(*asked) | {"stale": True})
    headers = (await browser.get("/feeds/search.atom")).headers
    assert ("etag" in headers, "last-modified" in headers) == (True, False)


async def test_within_the_second_of_an_event_a_time_is_no_validator(browser, publish):
    publish("now", at=datetime.now(UTC))
    at = (await browser.get("/feeds/all.atom")).headers["last-modified"]
    assert (await browser.get("/feeds/all.atom", headers={"If-Modified-Since": at})).status_code == 200


@pytest.mark.parametrize("path", ["/feeds.opml", "/calendar.ics"])
async def test_lists_and_calendars_have_a_tag_too(browser, path):
    tag = (await browser.get(path)).headers["etag"]
    assert (await browser.get(path, headers={"If-None-Match": tag})).status_code == 304
    assert (await browser.get(path, headers={"If-None-Match": '"x"'})).status_code == 200
