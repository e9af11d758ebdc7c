"""The sample portal over HTTP: markup, paging, validators, commands."""

import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from datetime import UTC
from html import unescape
from pathlib import Path

import feedparser
import httpx
import pytest
from lxml import etree
from lxml import html as lxml_html

from sample.server import running
from sample.viewstate import GRID

ARTICLES = 240
NEWS, ACTIVITY = "/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"
PROCEDURES, FEED = "/portal/Pages/Thu-tuc-hanh-chinh.aspx", "/portal/rss/Hoat-dong-nganh.rss"
COUNTERS = re.compile(r'value="[^"]{40,}"|\d+ người|Lượt xem: \d+')


@pytest.fixture(scope="module")
def site():
    with running(articles=ARTICLES) as site:
        yield site


@pytest.fixture
def fresh():
    with running() as site, httpx.Client(base_url=site.url) as client:
        yield site, client


@pytest.fixture(scope="module")
def client(site):
    with httpx.Client(base_url=site.url) as client:
        yield client


def tree(response):
    return lxml_html.document_fromstring(response.content)


def followed(client, path, link, following):
    """All links of a listing, page after page, until nothing leads on."""
    found = []
    while path:
        page = tree(client.get(path))
        found += page.xpath(link + "/@href")
        path = next(iter(page.xpath(following)), None)
    return found


def listed(site, section):
    return [row.path for row in site.portal.rows(section, 0, ARTICLES)]


def hidden_fields(page):
    return {one.get("name"): one.get("value") for one in page.xpath('//input[@type="hidden"]')}


def posted(client, page, number):
    fields = hidden_fields(page) | {"__EVENTTARGET": GRID, "__EVENTARGUMENT": f"Page${number}"}
    return client.post(PROCEDURES, data=fields)


def test_news_is_paged_by_links(site, client):
    following = '//span[@class="CurrentPage"]/following-sibling::a[1]/@href'
    found = followed(client, NEWS, '//*[@class="channel-news-title"]/a', following)
    assert found == listed(site, "news")


def test_activity_is_paged_by_its_next_link(site, client):
    following = '//div[@class="Paging"]/a[text()="Tiếp"]/@href'
    found = followed(client, ACTIVITY, '//p[@class="tandan-p-article-news-title"]/a', following)
    assert found == listed(site, "activity")
    assert set(site.portal.aliases()) <= set(found)


def test_procedures_are_paged_by_postback():
    with running(articles=620) as site, httpx.Client(base_url=site.url) as client:
        page, found, number = tree(client.get(PROCEDURES)), [], 1
        while True:
            assert page.xpath('//tr[@class="pager"]//span/text()') == [str(number)]
            found += page.xpath('//table[@class="grid"]//p/a/@href')
            calls = page.xpath('//tr[@class="pager"]//a/@href')
            number += 1
            if f"javascript:__doPostBack('{GRID}','Page${number}')" not in calls:
                break
            page = tree(posted(client, page, number))
        assert number == 14
        assert found == [row.path for row in site.portal.rows("procedures", 0, 620)]


def test_a_postback_needs_a_good_state(site, client):
    page = tree(client.get(PROCEDURES))
    assert posted(client, page, 2).status_code == 200
    assert posted(client, page, 99).status_code == 500
    fields = hidden_fields(page) | {"__EVENTTARGET": GRID, "__EVENTARGUMENT": "Page$2"}
    forged = fields | {"__VIEWSTATE": fields["__VIEWSTATE"][::-1]}
    refused = client.post(PROCEDURES, data=forged)
    assert refused.status_code == 500
    without = client.post(PROCEDURES, data={"__EVENTTARGET": GRID, "__EVENTARGUMENT": "Page$2"})
    assert (without.status_code, "viewstate MAC failed" in without.text) == (500, True)
    assert tree(client.post(PROCEDURES, data={})).xpath('//tr[@class="pager"]//span/text()') == ["1"]
    site.control(do="expire")
    assert "viewstate MAC failed" in posted(client, page, 2).text


def test_two_hits_differ_in_counters_alone(site, client):
    for path in (*site.portal.urls()[:6], NEWS, ACTIVITY, PROCEDURES, "/"):
        one, other = client.get(path).text, client.get(path).text
        assert one != other
        assert COUNTERS.sub("", one) == COUNTERS.sub("", other)
        for counter in ("đã bình chọn", "đang online"):
            assert re.findall(rf"\d+ người {counter}", one) != re.findall(rf"\d+ người {counter}", other)


def test_pages_weigh_what_real_ones_do(site, client):
    for path in site.portal.urls():
        response = client.get(path)
        assert response.status_code == 200
        assert 55_000 <= len(response.content) <= 70_000


def test_article_pages_say_what_was_written(site, client):
    for path in site.portal.urls()[:60]:
        page, article = tree(client.get(path)), site.portal.find(path)
        bodies = page.xpath('//*[@class="ms-rtestate-field" or @id="art-content"]')
        body = re.sub(r"\s+", " ", max((one.text_content() for one in bodies), key=len))
        title = page.xpath('string(//p[@class="tandan-p-article-news-title"])')
        assert composed(title) == article.head.title
        for text in (*article.paragraphs, *(picture.caption for picture in article.pictures)):
            assert text in composed(body)
        assert page.xpath('string(//*[@class="tandan-span-date-publish"])') == (
            f"Đăng ngày {article.head.published:%d - %m - %Y}"
        )
        assert page.xpath('//p[@class="tandan-p-article-main"]')[0].text_content().strip() == ""
        assert len(page.xpath('//*[@class="TD-ul-module-menu-left"]/li')) == 150
        assert len(page.xpath('//p[@class="tandan-p-article-other"]')) == 5


def composed(text):
    return unicodedata.normalize("NFC", text).replace("\xa0", " ")


def test_the_newest_of_the_channel_stand_below_an_article_and_one_may_have_no_title(site, client):
    newest = listed(site, "news")[:5]
    page = tree(client.get(site.portal.urls()[5]))
    rows = page.xpath('//p[@class="tandan-p-article-other"]/a')
    assert [row.get("href") for row in rows] == newest
    assert [bool(row.text) for row in rows] == [True, True, True, False, True]
    titles = [row.text or "" for row in rows]
    assert all(len(title) <= 93 for title in titles)


def test_etags_answer_304_until_the_article_changes(fresh):
    site, client = fresh
    path = site.portal.urls()[0]
    etag = client.get(path).headers["etag"]
    assert etag.startswith('W/"')
    again = client.get(path, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    site.control(do="edit", path=path)
    changed = client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def test_two_thirds_have_etags_and_a_few_a_date(site, client):
    headers = [client.head(path).headers for path in site.portal.urls()]
    assert sum("etag" in one for one in headers) == ARTICLES * 2 // 3
    dated = [path for path, one in zip(site.portal.urls(), headers, strict=True) if "last-modified" in one]
    assert 0 < len(dated) < ARTICLES // 6
    since = client.get(dated[0]).headers["last-modified"]
    assert client.get(dated[0], headers={"If-Modified-Since": since}).status_code == 304
    assert client.get(dated[0], headers={"If-Modified-Since": "Thu, 01 Jan 2004 00:00:00 GMT"}).status_code == 200
    assert client.get(dated[0], headers={"If-Modified-Since": "yesterday"}).status_code == 200


@pytest.mark.parametrize("path", [NEWS, ACTIVITY, FEED])
def test_listings_and_feed_have_etags(fresh, path):
    site, client = fresh
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    site.control(do="publish", section="news" if path == NEWS else "activity")
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_the_feed_holds_the_newest_thirty(site, client):
    response = client.get(FEED)
    assert response.headers["content-encoding"] == "gzip"
    feed = feedparser.parse(response.content)
    assert not feed.bozo
    assert [entry.link for entry in feed.entries] == [
        site.url.rstrip("/") + path for path in listed(site, "activity")[:30]
    ]
    newest = site.portal.rows("activity", 0, 1)[0].head
    assert feed.entries[0].title == newest.title
    assert time.strftime("%Y-%m-%d %H:%M", feed.entries[0].published_parsed) == (
        f"{newest.published.astimezone(UTC):%Y-%m-%d %H:%M}"
    )
    assert client.get(FEED, headers={"Accept-Encoding": "identity"}).content == response.content


def test_home_page_shows_the_sections(site, client):
    response = client.get("/")
    assert response.headers["content-encoding"] == "gzip"
    page = tree(response)
    assert page.xpath('//p[@class="TD-box-news-title"]/a/@href') == listed(site, "news")[:3]
    dates = page.xpath('//p[@class="tandan-p-module-news-title"]/span[@class="ngay"]/text()')
    assert len(dates) == 17
    assert all(re.fullmatch(r"\(\d\d/\d\d/\d{4}\)", one) for one in dates)
    assert client.get("/PORTAL/pages/Default.aspx").status_code == 200


def test_every_link_of_the_frame_answers(client):
    page = tree(client.get("/"))
    links = set(page.xpath("//a/@href | //img/@src | //script/@src | //link/@href"))
    assert len(links) > 150
    assert all(link.startswith("/") for link in links)
    assert {client.get(link).status_code for link in links} == {200}


def test_pictures_and_documents(site, client):
    procedure = site.portal.rows("procedures", 0, 1)[0].path
    page = tree(client.get(procedure))
    document = page.xpath('//div[@class="tandan-div-attachments"]//a')[0]
    assert document.get("href").startswith("/portal/VanBan/2026-")
    body = client.get(document.get("href")).content
    assert body.startswith(b"%PDF-1.4")
    start = int(body.rsplit(b"startxref\n", 1)[1].split()[0])
    assert body[start : start + 4] == b"xref"
    pictures = [picture.src for index in range(60) for picture in site.portal.article(index).pictures]
    bodies = [client.get(src) for src in pictures]
    assert {one.headers["content-type"] for one in bodies} == {"image/jpeg"}
    assert all(one.content.startswith(b"\xff\xd8\xff") and one.content.endswith(b"\xff\xd9") for one in bodies)
    assert len({one.content for one in bodies}) == len(pictures)


def test_unknown_addresses(client):
    for path in ("/portal/Pages/khong-co.aspx", "/portal/Photos/2026-10/a.exe", "/x"):
        response = client.get(path)
        assert response.status_code == 404
        assert "Trang không tồn tại" in response.text
        assert "TD-ul-module-menu-left" in response.text
    assert client.put("/").status_code == 405
    assert client.post(NEWS).status_code == 405


def test_robots(client):
    text = client.get("/robots.txt").text
    assert text.splitlines() == ["User-agent: *", "Disallow: /_layouts/", "Disallow: /portal/Pages/Tim-kiem.aspx"]


def test_the_language_links_have_no_end(client):
    path = "/en/portal/Pages/default.aspx"
    for depth in range(1, 8):
        page = tree(client.get(path))
        path = page.xpath("//a/@href")[-1]
        assert path.count("/en") == depth + 1


def test_commands_show_at_once(fresh):
    site, client = fresh
    for section, listing in (("news", NEWS), ("activity", ACTIVITY), ("procedures", PROCEDURES)):
        answer = client.post("/_control", json={"do": "publish", "title": "Tin <vừa> đăng", "section": section}).json()
        assert answer["url"] == site.url.rstrip("/") + answer["path"]
        assert f'<a href="{answer["path"]}">Tin &lt;vừa&gt; đăng</a>' in client.get(listing).text
        assert tree(client.get(answer["url"])).xpath("string(//title)").strip().startswith("Tin <vừa> đăng")
        client.post("/_control", json={"do": "withdraw", "path": answer["url"]})
        assert client.get(answer["path"]).status_code == 404
        assert answer["path"] not in client.get(listing).text
        client.post("/_control", json={"do": "restore", "path": answer["path"]})
        assert client.get(answer["path"]).status_code == 200
        assert answer["path"] in client.get(listing).text
    assert answer["path"] in client.get("/").text


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"do": "burn"}', 400), (b'{"do": "edit", "path": "/x"}', 404)]
)
def test_wrong_commands(client, body, status):
    response = client.post("/_control", content=body)
    assert response.status_code == status
    assert response.json()["error"]


def test_requests_are_recorded(fresh):
    site, client = fresh
    client.get(NEWS, params={"PageIndex": 2})
    client.get("/x")
    assert site.requests == [("GET", f"{NEWS}?PageIndex=2", 200), ("GET", "/x", 404)]


def test_delay():
    with running(articles=3, delay=0.2) as site:
        started = time.perf_counter()
        httpx.get(site.url + "robots.txt")
        assert time.perf_counter() - started >= 0.2


def test_it_stops_while_a_client_waits():
    with running(articles=3) as site, httpx.Client(base_url=site.url) as client:
        client.get("/")
    with pytest.raises(httpx.TransportError):
        httpx.get(site.url)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_served_from_the_command_line_until_a_signal(number):
    root = Path(__file__).parents[2]
    with running(articles=1) as site:
        port = site.url.rsplit(":", 1)[1].strip("/")  # free as soon as this one has stopped
    command = [sys.executable, "-m", "sample", "--port", port, "--articles", "3"]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, env=os.environ) as process:
        assert process.stderr.readline().decode().strip() == site.url.rstrip("/") + "/"
        answer = until_served(site.url)
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
    assert answer.status_code == 200


def until_served(url):
    for _ in range(100):
        try:
            return httpx.get(url)
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError(url)


def test_pages_are_full_of_real_life(site, client):
    """Each habit of the real pages that a reader has to cope with does occur."""
    habits = {
        "nfd": r"ê\u0323|o\u0302",
        "named": "&ocirc;",
        "decimal": "&#7897;",
        "space": "\xa0",
        "word": "<o:p>",
        "art": 'id="art-content"',
        "empty field": r'inline"></div>',
        "caption under": "<br><em>",
        "caption in cell": r"<tr><td>[^<]+</td></tr></tbody>",
        "summary": "tandan-p-article-news-summary",
        "views": r"Lượt xem: \d+",
        "author": "text-align:right",
    }
    assert sum(path.startswith("/portal/pages/2026-") for path in site.portal.urls()) == ARTICLES // 3
    pages = [client.get(path).text for path in site.portal.urls()]
    for name, pattern in habits.items():
        share = sum(bool(re.search(pattern, page)) for page in pages) / len(pages)
        assert 0.02 < share < 0.9, name


def test_the_feed_is_well_formed_xml(client):
    root = etree.fromstring(client.get(FEED).content)
    assert root.get("version") == "2.0"
    assert unescape(root.findtext("channel/language")) == "vi"


@pytest.mark.parametrize("articles", [0, 1])
def test_a_portal_may_be_nearly_empty(articles):
    with running(articles=articles) as site, httpx.Client(base_url=site.url) as client:
        paths = ("/", NEWS, ACTIVITY, PROCEDURES, FEED, *site.portal.urls())
        assert {client.get(path).status_code for path in paths} == {200}
        assert site.control(do="publish")["path"] in client.get(NEWS).text
