"""Atom, RSS, JSON Feed, OPML and iCalendar by the rules of their specifications, whatever a portal wrote."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import feedparser
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from lxml import etree

from web import calendars, feed_formats
from web.feed_formats import Category, Feed, File, Item, Outline

AT = datetime(2024, 2, 5, 3, 30, tzinfo=UTC)
HOSTILE = "]]> </title><b>đậm</b> &amp; \0\x0b\x1f\r\n\t\ud800\udfff\ufffe\uffff 𝄞 \u202e\u0085\u2028"
ANY = st.text(max_size=80) | st.text(alphabet=HOSTILE, max_size=80)
ID = "urn:uuid:4811907b-cf24-5fa8-a28e-8e70eb86fffc"
ATOM = {"a": feed_formats.ATOM}


def item(**said) -> Item:
    blank = {
        "id": ID, "url": "https://tin.example.org/record/a", "title": "Tin một", "updated": AT, "author": "Sở Nội vụ",
        "published": datetime(2024, 2, 4, 17, 0, tzinfo=UTC), "precision": "day", "portal": "https://a.vn/tin một",
        "summary": "Tóm tắt", "html": "<p>Nội dung</p>",
        "categories": (Category(group="kind", term="article", label="Tin bài"),),
        "files": (
            File(url="https://a.vn/Quyết định.pdf", title="Quyết định", media_type="application/pdf", size=900),
            File(url="https://a.vn/b", title="Hai"),
        ),
    }  # fmt: skip
    return Item(**(blank | said))


def feed(*items: Item, **said) -> Feed:
    blank = {
        "id": "urn:uuid:539e6e17-c4dc-5eb7-b543-95a47d53ee41", "title": "Mọi tin", "subtitle": "Kho",
        "home": "https://tin.example.org/", "own": "https://tin.example.org/f", "first": "https://tin.example.org/f",
        "next": "https://tin.example.org/f?n", "previous": None, "items": items,
    }  # fmt: skip
    return Feed(**(blank | said))


def test_atom_has_what_rfc_4287_asks_for():
    root = etree.fromstring(feed_formats.atom(feed(item())))
    for path in ("a:id", "a:title", "a:updated", "a:author/a:name", "a:entry/a:id", "a:entry/a:title",
                 "a:entry/a:updated", "a:entry/a:author/a:name", "a:entry/a:published",
                 "a:entry/a:link[@rel='alternate']", "a:link[@rel='self']",
                 "a:entry/a:content[@type='html']"):  # fmt: skip
        assert len(root.findall(path, ATOM)) == 1, path
    assert root.findtext("a:entry/a:published", None, ATOM) == "2024-02-05T00:00:00+07:00"
    assert root.findtext("a:entry/a:updated", None, ATOM) == "2024-02-05T10:30:00+07:00"
    assert root.findtext("a:updated", None, ATOM) == "2024-02-05T10:30:00+07:00"
    links = {link.get("rel"): link.attrib for link in root.findall("a:entry/a:link", ATOM)}
    assert links["via"]["href"] == "https://a.vn/tin%20m%E1%BB%99t"
    first, second = root.findall("a:entry/a:link[@rel='enclosure']", ATOM)
    assert (first.get("length"), first.get("href")) == ("900", "https://a.vn/Quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.pdf")
    assert second.get("length") is None
    assert [(link.get("rel"), link.get("href")) for link in root.findall("a:link", ATOM)] == [
        ("self", "https://tin.example.org/f"), ("alternate", "https://tin.example.org/"),
        ("first", "https://tin.example.org/f"), ("next", "https://tin.example.org/f?n"),
    ]  # fmt: skip


def test_an_unknown_date_is_none_and_an_empty_feed_has_a_time():
    said = item(published=None, portal="", summary="", html="", files=(), categories=())
    root = etree.fromstring(feed_formats.atom(feed(said)))
    assert {etree.QName(child).localname for child in root.find("a:entry", ATOM)} == {
        "id", "title", "updated", "author", "link",
    }  # fmt: skip
    assert b"pubDate" not in feed_formats.rss(feed(said))
    told = json.loads(feed_formats.json_feed(feed(said)))
    assert "date_published" not in told["items"][0]
    assert told["items"][0]["content_html"] == ""
    assert etree.fromstring(feed_formats.atom(feed())).findtext("a:updated", None, ATOM) == "1970-01-01T07:00:00+07:00"
    assert feedparser.parse(feed_formats.rss(feed())).bozo is False


def test_rss_by_its_rules():
    root = etree.fromstring(feed_formats.rss(feed(item())))
    channel = root.find("channel")
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    (own,) = channel.findall("a:link[@rel='self']", ATOM)
    assert own.get("type") == "application/rss+xml"
    (one,) = channel.findall("item")
    assert (one.findtext("guid"), one.find("guid").get("isPermaLink")) == (ID, "false")
    assert one.findtext("pubDate") == "Mon, 05 Feb 2024 00:00:00 +0700"
    assert parsedate_to_datetime(channel.findtext("lastBuildDate")) == AT
    assert one.findtext("description") == "Tóm tắt"
    assert one.findtext(f"{{{feed_formats.CONTENT}}}encoded") == "<p>Nội dung</p>"
    (file,) = one.findall("enclosure")
    assert dict(file.attrib) == {
        "url": "https://a.vn/Quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.pdf", "type": "application/pdf", "length": "900",
    }  # fmt: skip


def test_json_feed_by_its_rules():
    told = json.loads(feed_formats.json_feed(feed(item())))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert (told["feed_url"], told["next_url"]) == ("https://tin.example.org/f", "https://tin.example.org/f?n")
    (one,) = told["items"]
    assert one["date_published"] == "2024-02-05T00:00:00+07:00"
    assert one["_congtin"] == {"precision": "day"}
    assert one["authors"] == [{"name": "Sở Nội vụ"}]
    assert one["attachments"][0]["size_in_bytes"] == 900
    assert all({"url", "mime_type"} <= file.keys() for file in one["attachments"])
    assert "next_url" not in json.loads(feed_formats.json_feed(feed(item(), next=None)))


@given(title=ANY, body=ANY, address=ANY)
def test_whatever_was_written_stays_well_formed(title: str, body: str, address: str):
    hostile = item(
        title=title, summary=body, html=body, author=title, portal=f"https://{address}", url=f"https://a.vn/{address}",
        categories=(Category(group="source", term=title, label=body),),
        files=(File(url=f"https://{address}", title=title, media_type=body),),
    )  # fmt: skip
    one = feed(
        hostile, item(id=f"{ID}1"), title=title, subtitle=body, own=f"https://{address}", next=f"https://{address}"
    )
    for written in (feed_formats.atom(one), feed_formats.rss(one)):
        root = etree.fromstring(written)
        titles = [found.text for found in root.iterfind(".//{*}title")]
        assert titles[1:] == [feed_formats.line(title) or None, "Tin một"]
        assert all(found.isascii() for found in root.xpath("//@href | //@url"))
    told = json.loads(feed_formats.json_feed(one))
    assert told["items"][0]["title" if feed_formats.line(title) else "id"] in {feed_formats.line(title), ID}
    etree.fromstring(feed_formats.opml(title, [Outline(title=title, group=body, feed=address, home=address)]))
    occasion = calendars.Occasion(
        id=title, on=date(2024, 2, 5), told_at=AT, title=title, url=f"https://{address}", note=body, categories=(body,)
    )
    (event,) = Calendar.from_ical(calendars.calendar(title, [occasion])).walk("VEVENT")
    assert str(event["summary"]) == feed_formats.line(title)


def test_readers_see_what_was_written_and_no_markup_of_it():
    one = feed(item(title="A ]]> <b>đậm</b>\r\nBcc: x\0\ud800"))
    for written in (feed_formats.atom(one), feed_formats.rss(one)):
        found = feedparser.parse(written)
        assert not found.bozo
        assert found.entries[0].id == ID
        assert found.entries[0].link == "https://tin.example.org/record/a"
    assert etree.fromstring(feed_formats.atom(one)).findtext("a:entry/a:title", None, ATOM) == "A ]]> <b>đậm</b> Bcc: x"


def test_outlines_stand_in_their_folders():
    body = feed_formats.opml(
        "Nguồn", [Outline(title=name, group=group, feed=f"https://a.vn/{name}", home="https://a.vn/")
                  for name, group in (("Mọi", ""), ("Một", "thanh-hoa"), ("Hai", "x"), ("Ba", "thanh-hoa"))]
    )  # fmt: skip
    root = etree.fromstring(body)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.xpath("body/outline[@text='thanh-hoa']/outline/@text") == ["Một", "Ba"]
    assert root.xpath("body/outline/@xmlUrl") == ["https://a.vn/M%E1%BB%8Di"]
    assert set(root.xpath("//outline[@xmlUrl]/@type")) == {"rss"}


def test_days_are_days_and_their_ids_stay():
    one = calendars.Occasion(
        id="a", on=date(2024, 2, 5), told_at=AT, title="Bãi bỏ: Thủ tục; một, hai", url="https://a.vn/", note="x\ny"
    )
    body = calendars.calendar("Lịch", [one])
    assert body == calendars.calendar("Lịch", [one])
    assert b"DTSTART;VALUE=DATE:20240205\r\n" in body
    assert b"DTEND;VALUE=DATE:20240206\r\n" in body
    assert b"DTSTAMP:20240205T033000Z\r\n" in body
    assert max(map(len, body.split(b"\r\n"))) <= 75
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    assert (str(event["summary"]), str(event["description"])) == ("Bãi bỏ: Thủ tục; một, hai", "x\ny")
    assert b"VTIMEZONE" not in body


def test_a_known_hour_is_one_in_viet_nam_and_the_zone_is_told_before_it():
    on = datetime(2023, 7, 20, 10, 0, tzinfo=UTC)
    body = calendars.calendar("Lịch", [calendars.Occasion(id="a", on=on, told_at=AT, title="Hạn", url="https://a.vn/")])
    assert b"DTSTART;TZID=Asia/Ho_Chi_Minh:20230720T170000\r\n" in body
    assert b"DTEND" not in body
    assert 0 < body.index(b"END:VTIMEZONE") < body.index(b"BEGIN:VEVENT")
    for line in (b"TZID:Asia/Ho_Chi_Minh", b"DTSTART:19750613T000000", b"TZOFFSETFROM:+0800", b"TZOFFSETTO:+0700"):
        assert line + b"\r\n" in body
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    assert event["dtstart"].dt == on
