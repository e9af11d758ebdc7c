"""Feeds as readers ask for them: every scope and format, paging, validators, private feeds, lists, the calendar."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import feedparser
import known_procedures
import pytest
from databases import KINDS
from icalendar import Calendar
from known_procedures import GUILD, HOUSE, MEDAL, tell
from lxml import etree
from small_archive import EDITED, GONE, HOSTILE, T0, article, opened, straight, tree, version
from sqlalchemy import update

from alerts import following, watches
from scraper.items import VIETNAM
from storage import events
from storage.alert_tables import Watch
from storage.database import Database
from storage.document_tables import Content
from storage.identity import procedure_id
from storage.models import Article
from web.feed_items import urn
from web.feeds import FORMS, PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scraper.config import Config

SCOPES = [
    "/feeds/all",
    "/feeds/source/thanh-hoa/snv",
    "/feeds/kind/article",
    "/feeds/kind/article.new",
    "/feeds/search",
]


def ids(*records: str) -> list[str]:
    return [urn(f"record/{record}") for record in records]


@pytest.fixture
def database(filled: Config) -> Iterator[Database]:
    database = Database(filled)
    yield database
    database.close()


@pytest.fixture
def publish(database: Database) -> Callable[..., None]:
    """Records by polls, as a crawl would keep them; one that is there already is edited."""

    ticks = count(1)  # no two things happen at the very same time

    def keep(*names: str, origin: str = "poll", at: datetime = T0, **said: Any) -> None:
        with database.writing() as session:
            for name in names:
                row = session.get(Article, name)
                kind = "article.changed" if row else "article.new"
                if row is None:
                    row = article(name, **{"title": f"Tin {name}", "published_at": None, "precision": None} | said)
                    session.add(row)
                    session.flush()
                    session.add(version(name, 1, title=row.title, body_text="Nội dung"))
                    session.flush()
                events.append(session, kind, row, at=at + timedelta(microseconds=next(ticks)), origin=origin)

    return keep


async def read(browser, path: str, **parameters: str):
    response = await browser.get(path, params=parameters or None)
    assert response.status_code == 200, response.text
    found = feedparser.parse(response.content)
    assert not found.bozo, found.bozo_exception
    return found


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


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/all.xml", 404), ("/feeds/all", 404), ("/feeds/source/none.atom", 404),
        ("/feeds/kind/source.ill.atom", 404), ("/feeds/kind/record.withheld.atom", 404),
        ("/feeds/field/none.atom", 404), ("/feeds/watch/none.atom", 404), ("/feeds/watch/none.atom?token=x", 404),
        ("/feeds/all.atom?after=x", 400), ("/feeds/all.atom?until=-1", 400),
        ("/feeds/all.atom?until=9999999999999999999", 400), ("/feeds/search.atom?cursor=x", 400),
        ("/feeds/search.atom?from=x", 400), ("/calendar.ics?field=none", 404),
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
        made = watches.add(session, watches.Wish(query="tin"), ["mailto:a@example.org", "mailto:b@example.org"], now=T0)
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
    assert len({entry.id for entry in found.entries} | set(ids("one", "two"))) == 4
    again = await browser.get(path, params={"token": token}, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    for wrong in ({}, {"token": ""}, {"token": "x"}, {"token": token[:-1]}, {"token": "đ"}):
        assert (await browser.get(path, params=wrong, headers={"If-None-Match": "*"})).status_code == 404
    with database.writing() as session:
        watches.pause(session, name, now=T0)
    assert len((await read(browser, path, token=token)).entries) == 2
    with database.writing() as session:
        watches.remove(session, name, now=T0)
    assert (await browser.get(path, params={"token": token})).status_code == 404


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


async def test_a_list_of_all_feeds(browser):
    response = await browser.get("/feeds.opml")
    root = etree.fromstring(response.content)
    addresses = root.xpath("//outline/@xmlUrl")
    assert len(addresses) == 4
    for address in addresses:
        await read(browser, address)
    assert root.xpath("//outline[@text='thanh-hoa']/outline/@text") == ["Sở Nội vụ tỉnh Thanh Hóa"]


@pytest.mark.parametrize("path", ["/feeds.opml", "/calendar.ics"])
async def test_lists_and_calendars_have_a_tag_too(browser, path):
    tag = (await browser.get(path)).headers["etag"]
    assert (await browser.get(path, headers={"If-None-Match": tag})).status_code == 304
    assert (await browser.get(path, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_the_calendar_has_days_of_documents(browser, database):
    with database.writing() as session:
        session.execute(update(Content).values(effective=date(2024, 3, 1)))
    (event,) = Calendar.from_ical((await browser.get("/calendar.ics?from=2024-03-01")).content).walk("VEVENT")
    assert (str(event["summary"]), event["dtstart"].dt) == ("Ngày có hiệu lực: Phụ lục <u>1</u>", date(2024, 3, 1))
    assert str(event["url"]) == f"http://127.0.0.1/record/{EDITED}"
    assert b"VEVENT" not in (await browser.get("/calendar.ics?from=2024-03-02")).content
    assert b"VEVENT" not in (await browser.get("/calendar.ics?from=2024-03-01&source=lam-dong/ubnd")).content
    with database.writing() as session:
        events.append(session, "record.withheld", session.get_one(Article, EDITED), at=T0, origin="poll")
    assert b"VEVENT" not in (await browser.get("/calendar.ics?from=2024-03-01")).content


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


@pytest.mark.parametrize("kind", KINDS, indirect=True)
class TestProcedures:
    @pytest.fixture
    def filled(self, settings: Config) -> Config:
        database = Database(settings)
        known_procedures.fill(database)
        database.close()
        return settings

    async def test_a_procedure_is_told_of_once_with_its_decisions(self, browser):
        found = await read(browser, "/feeds/kind/procedure.atom")
        names = [entry.id for entry in found.entries]
        assert names[0] == urn(f"record/{procedure_id(MEDAL)}")  # the only one that was edited since
        assert len(set(names)) == len(names) == 5
        (guild,) = [one for one in found.entries if one.id == urn(f"record/{procedure_id(GUILD)}")]
        assert "Bị bãi bỏ" in guild.summary
        assert "345/QĐ-UBND" in guild.summary
        assert "Ngày có hiệu lực 01/06/2024" in guild.summary
        (house,) = [one for one in found.entries if one.id == urn(f"record/{procedure_id(HOUSE)}")]
        assert "345/QĐ-UBND, 02/05/2024 (" in house.summary  # it says of no day of effect
        everything = await read(browser, "/feeds/all.atom")
        assert sum(entry.title == guild.title for entry in everything.entries) == 1
        medal = [one for one in everything.entries if one.title == found.entries[0].title]
        assert len(medal) == 1  # its own page is the procedure, as search has it

    async def test_a_field_however_it_is_accented(self, browser):
        for said in ("Xây dựng", "xay dung"):
            found = await read(browser, f"/feeds/field/{quote(said)}.atom")
            assert [entry.id for entry in found.entries] == ids(procedure_id(HOUSE))

    async def test_the_calendar_has_days_that_decisions_state(self, browser, filled):
        async def days(query: str = "") -> dict[str, date]:
            response = await browser.get(f"/calendar.ics?from=2000-01-01{query}")
            assert response.headers["content-type"] == "text/calendar; charset=utf-8"
            calendar = Calendar.from_ical(response.content)
            return {str(one["summary"]): one["dtstart"].dt for one in calendar.walk("VEVENT")}

        everything = await days()
        assert set(everything.values()) == {date(2023, 2, 1), date(2024, 6, 1), date(2199, 1, 1)}
        assert [name for name, day in everything.items() if day.year == 2024] == ["Bị bãi bỏ: Thành lập hội"]
        assert list(await days("&q=thanh+lap")) == ["Bị bãi bỏ: Thành lập hội"]
        assert list(await days("&field=to+chuc+phi+chinh+phu")) == ["Bị bãi bỏ: Thành lập hội"]
        assert not await days("&source=none")
        assert len((await browser.get("/calendar.ics")).text.split("BEGIN:VEVENT")) == 2
        body = (await browser.get("/calendar.ics?from=2000-01-01")).content
        assert body == (await browser.get("/calendar.ics?from=2000-01-01")).content
        database = Database(filled)
        told = known_procedures.news(GUILD, "Thành lập hội", "abolished", known_procedures.SECOND)
        with database.writing() as session:  # the day is corrected
            tell(session, "/qd-345", replace(told, effective_from=date(2024, 7, 1)), origin="poll",
                 at=datetime(2025, 3, 12, tzinfo=VIETNAM))  # fmt: skip
        database.close()
        after = Calendar.from_ical((await browser.get("/calendar.ics?from=2000-01-01")).content)
        changed = {str(one["uid"]): one["dtstart"].dt for one in after.walk("VEVENT")}
        before = {str(one["uid"]): one["dtstart"].dt for one in Calendar.from_ical(body).walk("VEVENT")}
        (uid,) = [uid for uid, day in before.items() if day == date(2024, 6, 1)]
        assert changed[uid] == date(2024, 7, 1)
