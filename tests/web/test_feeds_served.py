"""Feeds as readers ask for them: every scope and format, entries, paging, lists, and where pages name them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from feed_reading import SCOPES, ids, read
from lxml import etree
from small_archive import EDITED, GONE, HOSTILE, T0, opened, straight, tree

from storage import events
from storage.models import Article
from web.feed_items import urn
from web.feeds import PER_PAGE


@pytest.mark.parametrize("scope", SCOPES)
async def test_every_scope_in_every_format(browser, scope):
    atom, rss = [await read(browser, f"{scope}.{form}") for form in ("atom", "rss")]
    assert (atom.version, rss.version) == ("atom10", "rss20")
    told = (await browser.get(f"{scope}.json")).json()
    names = [entry.id for entry in atom.entries]
    assert names == [entry.id for entry in rss.entries] == [one["id"] for one in told["items"]]
    assert set(names) >= set(ids(EDITED, GONE))
    assert len(set(names)) == len(names)
    assert atom.feed.id != ""
    assert {link.href for link in atom.feed.links if link.rel == "self"} == {f"http://127.0.0.1{scope}.atom"}


async def test_an_entry_tells_of_its_record(browser, database):
    with database.writing() as session:
        row = session.get_one(Article, EDITED)
        events.append(session, "article.changed", row, at=T0 + timedelta(days=1), origin="poll")
    for form in ("atom", "rss"):
        entry = (await read(browser, f"/feeds/all.{form}")).entries[0]
        assert entry.id == urn(f"record/{EDITED}")
        assert entry.link == f"http://127.0.0.1/record/{EDITED}"
        assert entry.title == "Tổng kết phong trào thi đua khen thưởng năm 2023"
        assert entry.author == "Sở Nội vụ tỉnh Thanh Hóa"
        assert entry.published_parsed[:5] == (2023, 7, 18, 9, 24)
        assert entry.updated_parsed[:5] == (2023, 7, 19, 10, 0)
        assert {tag.term for tag in entry.tags} == {"article", "thanh-hoa/snv", "article.changed"}
        assert "năm ngày làm việc" in entry.content[-1].value
        assert "Phụ lục &lt;u&gt;1&lt;/u&gt;" in entry.content[-1].value
        assert entry.enclosures[0].href.endswith("5.pdf")
        assert (entry.enclosures[0].type, entry.enclosures[0].length) == ("application/pdf", "1536000")


async def test_what_a_portal_wrote_stays_inert(browser):
    body = (await browser.get("/feeds/all.json")).json()
    (hostile,) = [one for one in body["items"] if one["id"] == urn(f"record/{HOSTILE}")]
    assert hostile["title"] == "<script>alert(1)</script> Thủ tục cấp phép"
    assert not re.search(r"<(script|iframe|form|svg|img|meta|style)|javascript:| on\w+=", hostile["content_html"])
    assert "external_url" not in hostile
    assert hostile["date_published"] == "2024-02-05T00:00:00+07:00"
    assert hostile["_congtin"] == {"precision": "day"}


async def test_what_is_gone_stays_and_says_so_and_what_is_withheld_does_not(browser, database):
    entry = next(one for one in (await read(browser, "/feeds/all.atom")).entries if one.id == urn(f"record/{GONE}"))
    assert "gone" in {tag.term for tag in entry.tags}
    assert "không còn trên cổng" in entry.summary
    assert "published" not in entry
    with database.writing() as session:
        row = session.get_one(Article, GONE)
        events.append(session, "record.withheld", row, at=T0, origin="poll")
    for scope in SCOPES:
        assert urn(f"record/{GONE}") not in {one.id for one in (await read(browser, f"{scope}.atom")).entries}


async def test_a_walk_over_all_pages_meets_each_once_while_others_come(browser, publish):
    names = [f"r{number:015}" for number in range(2 * PER_PAGE + 7)]
    publish(*names)
    address, seen, back = "/feeds/all.atom", [], []
    while address:
        found = await read(browser, address)
        seen += [entry.id for entry in found.entries]
        links = {link.rel: link.href for link in found.feed.links}
        back.append((links["self"], links.get("previous")))
        address = links.get("next")
        publish(names[3], names[70], f"new{len(back)}")
    assert seen == ids(*reversed(names), HOSTILE, EDITED, GONE)
    assert len(back) == 3
    assert back[2][1] == back[1][0]
    assert links["first"] == back[1][1]
    again = await read(browser, back[1][1])
    assert [entry.id for entry in again.entries] == seen[:PER_PAGE]
    newest = await read(browser, "/feeds/all.atom")
    assert [entry.id for entry in newest.entries][:3] == ids("new3", names[70], names[3])


async def test_searches_are_paged_and_narrowed_too(browser, publish):
    publish(*(f"s{number}" for number in range(PER_PAGE + 3)), title="Phí đường bộ", source="x/y")
    first = await read(browser, "/feeds/search.atom", q="phí", source="x/y")
    links = {link.rel: link.href for link in first.feed.links}
    assert links["alternate"] == "http://127.0.0.1/?q=ph%C3%AD&source=x%2Fy&sort=newest"
    second = await read(browser, links["next"])
    assert len(first.entries) == PER_PAGE
    assert len({entry.id for entry in [*first.entries, *second.entries]}) == PER_PAGE + 3
    assert first.feed.id == second.feed.id != (await read(browser, "/feeds/search.atom", q="phí")).feed.id
    assert not (await read(browser, "/feeds/search.atom", q="phí", **{"from": "2024-01-01"})).entries


async def test_new_pages_of_a_first_crawl_do_not_push_news_away(browser, publish):
    publish("news")
    publish(*(f"old{number}" for number in range(PER_PAGE)), origin="backfill")
    assert (await read(browser, "/feeds/all.rss")).entries[0].id == ids("news")[0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/all.xml", 404), ("/feeds/all", 404), ("/feeds/source/none.atom", 404),
        ("/feeds/kind/source.ill.atom", 404), ("/feeds/kind/record.withheld.atom", 404),
        ("/feeds/field/none.atom", 404), ("/feeds/watch/none.atom", 404), ("/feeds/watch/none.atom?token=x", 404),
        ("/feeds/all.atom?after=x", 400), ("/feeds/all.atom?until=-1", 400),
        ("/feeds/all.atom?until=9999999999999999999", 400), ("/feeds/search.atom?cursor=x", 400),
        ("/feeds/search.atom?from=x", 400), ("/calendar.ics?field=none", 404),
        ("/calendar.ics?from=x", 400),
        ("/feeds/all.atom?after=1-999999999", 200), ("/feeds/all.atom?after=0-999999999&until=999999999", 200),
        ("/feeds/all.atom?after=&until=", 200),
    ],
)  # fmt: skip
async def test_what_is_no_feed(browser, path, status):
    assert (await browser.get(path)).status_code == status


@pytest.mark.parametrize("said", ["%00", "%ED%A0%80", "%FF", "a%0d%0ab", "]]>", "<b>"])
async def test_whatever_is_asked_is_answered(browser, said):
    for path in ("/feeds/search.atom", "/feeds/search.rss", "/feeds/search.json", "/calendar.ics"):
        query = f"q={said}&source={said}".encode()
        status, body = await straight(browser, path, query)
        assert status in {200, 400}
        if status == 200 and path.endswith(("atom", "rss")):
            etree.fromstring(body.encode())
    for path in ("/feeds/source/\0.atom", "/feeds/field/\ufffd.atom", "/feeds/kind/\n.rss", "/feeds/watch/\0.atom"):
        assert (await straight(browser, path, b"token=%ED%A0%80"))[0] == 404


async def test_the_public_address_stands_in_links_and_not_in_ids(filled):
    async with opened(filled) as client:
        here = await read(client, "/feeds/all.atom")
    async with opened(replace(filled, public_url="https://tin.example.org/kho")) as client:
        there = await read(client, "/feeds/all.atom")
    assert [one.id for one in here.entries] == [one.id for one in there.entries]
    assert here.feed.id == there.feed.id
    assert all(one.link.startswith("https://tin.example.org/kho/record/") for one in there.entries)
    assert there.feed.links[0].href == "https://tin.example.org/kho/feeds/all.atom"


async def test_in_english(browser):
    found = await read(browser, "/feeds/all.atom?lang=en")
    assert found.feed.title == "Everything new · congtin"
    assert found.feed.language == "en"
    assert "lang=en" in found.feed.links[0].href


async def test_a_list_of_all_feeds(browser):
    response = await browser.get("/feeds.opml")
    root = etree.fromstring(response.content)
    addresses = root.xpath("//outline/@xmlUrl")
    assert len(addresses) == 4
    for address in addresses:
        await read(browser, address)
    assert root.xpath("//outline[@text='thanh-hoa']/outline/@text") == ["Sở Nội vụ tỉnh Thanh Hóa"]


async def test_pages_say_where_their_feeds_are(browser):
    async def links(path: str) -> list[tuple[str, str]]:
        page = tree(await browser.get(path))
        return [(one.get("type"), one.get("href")) for one in page.cssselect("link[rel=alternate]")]

    everything = ("application/atom+xml", "/feeds/all.atom")
    assert await links("/") == [everything]
    assert await links("/sources") == [everything]
    found = await links("/?q=thi+đua&source=thanh-hoa/snv&sort=newest")
    search = f"/feeds/search.atom?q={quote('thi')}+{quote('đua')}&source=thanh-hoa%2Fsnv"
    assert found == [("application/atom+xml", search), everything]
    assert await links("/?source=thanh-hoa/snv") == [
        ("application/atom+xml", "/feeds/source/thanh-hoa/snv.atom"), everything,
    ]  # fmt: skip
    for path in ("/", "/?q=thi+đua", "/?source=thanh-hoa/snv", f"/record/{EDITED}", "/sources"):
        for _, address in await links(path):
            await read(browser, address)
    page = tree(await browser.get("/sources"))
    assert "/feeds.opml" in {link.get("href") for link in page.cssselect("a")}
    assert "/feeds/source/thanh-hoa/snv.atom" in {link.get("href") for link in page.cssselect("table a")}
