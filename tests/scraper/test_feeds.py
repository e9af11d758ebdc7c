"""Feeds and sitemaps: reliability.md B18-B20."""

import gzip

import pytest
import seed
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.extract import read
from scraper.feeds import NoFeed, feed, sitemap
from scraper.items import Page
from scraper.outcomes import Outcome

BASE = "https://snv.thanhhoa.gov.vn/portal/rss/tin.rss"
HOST = "https://snv.thanhhoa.gov.vn"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Tin tức</title><link>https://snv.thanhhoa.gov.vn/</link>
<item><title>Hội nghị &amp;#7903; Thanh Hóa</title><link>/portal/Pages/a.aspx</link>
  <pubDate>Tue, 18 Jul 2023 09:24:00 GMT</pubDate><guid isPermaLink="false">1</guid></item>
<item><title><![CDATA[Kế hoạch <b>thi đua</b> triển khai...]]></title><link>b.aspx?x=1&amp;y=2#top</link>
  <pubDate>Tue, 18 Jul 2023 16:24:00 +0700</pubDate><guid isPermaLink="false">1</guid></item>
<item><title>Lần nữa</title><link>https://snv.thanhhoa.gov.vn/portal/Pages/a.aspx</link></item>
<item><title>Không đường dẫn</title></item>
<item><title>Mã lệnh</title><link>javascript:alert(1)</link></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Tin tức</title>
<entry><title type="html">Hội nghị</title><link rel="alternate" href="/a.aspx"/><id>urn:1</id>
  <published>2023-07-18T16:24:00+07:00</published><updated>2023-08-01T00:00:00Z</updated></entry>
<entry><title>Kế hoạch</title><link href="b.aspx"/><id>urn:2</id><updated>2023-07-18T09:24:00Z</updated></entry>
</feed>"""


def told(entries):
    return [(one.url, one.title, one.published and one.published.at.isoformat()) for one in entries]


def test_rss():
    first, second = told(feed(RSS.encode(), BASE))
    at = "2023-07-18T16:24:00+07:00"
    assert first == (f"{HOST}/portal/Pages/a.aspx", "Hội nghị ở Thanh Hóa", at)
    assert second == (f"{HOST}/portal/rss/b.aspx?x=1&y=2", "Kế hoạch thi đua triển khai...", at)
    assert [one.truncated for one in feed(RSS.encode(), BASE)] == [False, True]


def test_equal_links_are_one_entry_and_equal_guids_are_not():
    assert len(feed(RSS.encode(), BASE)) == 2


def test_atom():
    assert told(feed(ATOM.encode(), BASE)) == [
        (f"{HOST}/a.aspx", "Hội nghị", "2023-07-18T16:24:00+07:00"),
        (f"{HOST}/portal/rss/b.aspx", "Kế hoạch", "2023-07-18T16:24:00+07:00"),
    ]


@pytest.mark.parametrize(
    ("spoil", "rows"),
    [
        (lambda rss: rss.replace("Hội nghị &amp;", "Hội nghị & "), 2),
        (lambda rss: rss.replace("</item>", "", 1), 1),
        (lambda rss: rss[: rss.index("<item><title>Lần nữa")], 2),
        (lambda rss: "\n\n" + rss, 2),
        (lambda rss: rss.replace('encoding="utf-8"', 'encoding="us-ascii"'), 2),
        (lambda rss: rss.replace("Kế hoạch", "Kế\x01 hoạch"), 2),
    ],
)
def test_broken_rss_still_gives_its_rows(spoil, rows):
    found = feed(spoil(RSS).encode(), BASE)
    assert len(found) >= rows
    assert all(one.url.startswith(HOST) for one in found)


HTML = "<!DOCTYPE html><html><head><title>Tin tức</title></head><body><p>Không tìm thấy</p></body></html>"
BOMB = '<!DOCTYPE a [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{("&" + before + ";") * 10}">' for before, after in zip("abcdefghi", "bcdefghij", strict=True)
)
SECRET = '<!DOCTYPE a [<!ENTITY j SYSTEM "file:///etc/passwd">'


@pytest.mark.parametrize("body", ["", " ", HTML, "{}", "%PDF-1.4", "<a/>", '{"items": []}'])
def test_what_is_no_feed(body):
    with pytest.raises(NoFeed):
        feed(body.encode(), BASE)


@pytest.mark.parametrize("prolog", [BOMB, SECRET])
def test_entities_are_neither_expanded_nor_read(prolog):
    rss = prolog + "]><rss version='2.0'><channel><item><title>x&j;y</title><link>/a</link></item></channel></rss>"
    try:
        found = feed(rss.encode(), BASE)
    except NoFeed:
        found = ()
    assert all(len(one.title) < 100 and "root:" not in one.title for one in found)
    urls = prolog + "]><urlset><url><loc>http://a.example.vn/&j;</loc></url></urlset>"
    try:
        pages, further = sitemap(urls.encode(), BASE)
    except NoFeed:
        pages, further = (), ()
    assert not further
    assert all(len(one.url) < 100 and "root:" not in one.url for one in pages)


SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://snv.thanhhoa.gov.vn/cu.aspx</loc><lastmod>2020-01-01</lastmod></url>
<url><loc> /moi.aspx </loc><lastmod>2023-07-18T09:24:00Z</lastmod><priority>1</priority></url>
<url><loc>/khong-ngay.aspx</loc></url><!-- ghi chú -->
<url><lastmod>2023-07-18</lastmod></url><url><loc>ftp://a.example.vn/</loc></url>
<url><loc>/moi.aspx</loc><lastmod>2023-07-18T09:24:00Z</lastmod></url>
</urlset>"""
INDEX = """<sitemapindex><sitemap><loc>/a.xml</loc></sitemap><sitemap><loc>/b.xml.gz</loc></sitemap></sitemapindex>"""


def test_sitemap_is_newest_first_and_tells_no_publication_time():
    pages, further = sitemap(SITEMAP.encode(), BASE)
    assert [one.url for one in pages] == [f"{HOST}/moi.aspx", f"{HOST}/cu.aspx", f"{HOST}/khong-ngay.aspx"]
    assert {one.published for one in pages} == {None}
    assert further == ()


def test_sitemap_index():
    assert sitemap(INDEX.encode(), BASE) == ((), (f"{HOST}/a.xml", f"{HOST}/b.xml.gz"))


def test_sitemap_names_each_page_once_whatever_its_dates():
    body = SITEMAP.replace("</urlset>", "<url><loc>/moi.aspx</loc><lastmod>2019-01-01</lastmod></url></urlset>")
    assert [one.url for one in sitemap(body.encode(), BASE)[0]].count(f"{HOST}/moi.aspx") == 1


def test_sitemap_that_is_too_long_is_cut():
    rows = "".join(f"<url><loc>/{number}.aspx</loc></url>" for number in range(50_010))
    assert len(sitemap(f"<urlset>{rows}</urlset>".encode(), BASE)[0]) == 50_000


def test_sitemap_cut_short_gives_what_came():
    pages, _ = sitemap(SITEMAP[: SITEMAP.index("/khong-ngay")].encode(), BASE)
    assert {f"{HOST}/cu.aspx", f"{HOST}/moi.aspx"} <= {one.url for one in pages}


@pytest.mark.parametrize("body", ["", HTML, RSS, "{}", "\x00"])
def test_what_is_no_sitemap(body):
    with pytest.raises(NoFeed):
        sitemap(body.encode(), BASE)


def read_as(role, body, encoding=""):
    return read(Page(url=BASE, body=body, role=role, content_encoding=encoding), seed.source())


def test_reading_of_a_feed_and_of_a_sitemap():
    assert (read_as("feed", RSS.encode()).kind, len(read_as("feed", gzip.compress(RSS.encode()), "gzip").entries)) == (
        "feed",
        2,
    )
    packed = read_as("sitemap", gzip.compress(SITEMAP.encode()))  # sitemap.xml.gz, no coding announced
    assert (packed.kind, packed.outcome, len(packed.entries)) == ("sitemap", Outcome.OK, 3)
    assert read_as("sitemap", INDEX.encode()).sitemaps == (f"{HOST}/a.xml", f"{HOST}/b.xml.gz")


@pytest.mark.parametrize("role", ["feed", "sitemap"])
def test_html_instead_of_a_feed_is_broken_and_never_an_empty_feed(role):
    found = read_as(role, HTML.encode())
    assert (found.outcome, found.entries) == (Outcome.BROKEN, ())
    assert found.message


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(alphabet="<>/ rsitemulfdcha&;=\"'![]0", max_size=120).map(str.encode))
def test_any_bytes_are_a_reading(body):
    for role in ("feed", "sitemap"):
        assert isinstance(read_as(role, body).outcome, Outcome)
