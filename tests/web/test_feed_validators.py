"""Who has a feed already is told so, and who has not is not: ETag and Last-Modified (RFC 9110, 13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from feed_reading import SCOPES
from small_archive import EDITED, T0

from web.feeds import FORMS, PER_PAGE


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


async def test_within_the_second_of_an_event_a_time_is_no_validator(browser, publish):
    publish("now", at=datetime.now(UTC))
    at = (await browser.get("/feeds/all.atom")).headers["last-modified"]
    assert (await browser.get("/feeds/all.atom", headers={"If-Modified-Since": at})).status_code == 200


@pytest.mark.parametrize("path", ["/feeds.opml", "/calendar.ics"])
async def test_lists_and_calendars_have_a_tag_too(browser, path):
    tag = (await browser.get(path)).headers["etag"]
    assert (await browser.get(path, headers={"If-None-Match": tag})).status_code == 304
    assert (await browser.get(path, headers={"If-None-Match": '"x"'})).status_code == 200
