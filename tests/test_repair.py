"""`congtin sources test` after a redesign: what selectors gave and give, and new ones that read the pages again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree
from test_drift import NEWS, NOTICES, SOURCE, path, site

from scraper import repair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from command import Congtin
    from scripted import Site

__all__ = ["site"]

NEW_ROW = '<div class="item"><h5 class="name"><a href="{path}">Tin số {number}</a></h5> <i>18/07/2023</i></div>'
NEW_LIST = """<html><body><ul class="menu"><li><a href="/portal/Pages/Gioi-thieu.aspx">Giới thiệu</a></li></ul>
<div class="side"><a href="{path}">Tin nổi bật trong tháng</a><a href="{path}x">Tin được xem nhiều nhất</a></div>
<div class="list">{rows}</div></body></html>"""
NEW_ARTICLE = """<html><body><h1>Cổng thông tin</h1><div class="heading">Tin số {number}</div>
<div class="posted">Ngày 18/07/2023</div><div class="text"><p>Nội dung của tin số {number}, đủ dài để là một bài./.</p>
</div><div class="foot">Bản quyền thuộc về Sở. Ghi rõ nguồn khi phát lại thông tin từ cổng này.</div></body></html>"""


def redesign(site: Site, listing: str, numbers: Iterable[int]) -> None:
    rows = "".join(NEW_ROW.format(path=path(number), number=number) for number in numbers)
    aside = "/portal/Pages/2019-1-1/Cu.aspx"
    site.answers[listing] = (200, {}, NEW_LIST.format(rows=rows, path=aside).encode())
    for number in numbers:
        site.answers[path(number)] = (200, {}, NEW_ARTICLE.format(number=number).encode())


@pytest.mark.long
def test_after_a_redesign_new_selectors_are_proposed_and_read_the_portal_again(congtin: Congtin, site: Site) -> None:
    assert congtin.json("sources", "test", "sample")["repair"]["toml"] == "", "nothing is to be mended yet"
    redesign(site, NEWS, range(6))
    redesign(site, NOTICES, range(10, 16))
    told = congtin.json("sources", "test", "sample")["repair"]
    (links,) = [one for one in told["selectors"] if one["name"] == "listing_links"]
    assert links["selector"] == ".channel-news-title > a"
    assert (links["gave"], links["gives"]["count"]) == ({"count": 6, "sample": "Tin số 0"}, 0)
    assert told["proposed"] == {"listing_links": ".item a"}
    page = site.url.rstrip("/") + path(3)
    again = congtin.json("sources", "test", "sample", "--page", page)["repair"]
    assert again["proposed"] == {"title": ".heading", "published": ".posted", "body": ".text"}
    gave = {one["name"]: (one["gave"]["count"], one["gives"]["count"]) for one in again["selectors"]}
    assert gave["body"] == (1, 0)
    congtin.source("sample", SOURCE.format(url=site.url) + told["toml"] + again["toml"])
    redesign(site, NEWS, range(-1, 5))
    report = congtin.crawl("--recheck")
    assert (report["verdict"], report["new"], report["changed"]) == ("healthy", 1, 0)


def test_people_see_the_table_and_the_lines_to_paste(congtin: Congtin, site: Site) -> None:
    redesign(site, NEWS, range(6))
    told = congtin.run("sources", "test", "sample").stdout
    assert "selectors.listing_links = ['.item a']" in told
    assert "channel-news-title" in told


def tree(markup: str) -> etree._Element:
    return etree.fromstring(markup, etree.HTMLParser())


def test_titles_that_are_known_in_too_few_places_make_no_selector() -> None:
    assert repair.rows(tree('<a href="/1">Một tin</a>'), "http://x.example/", ["Một tin"]) == ""
    assert repair.rows(tree("<p>Không có gì</p>"), "http://x.example/", ["Một tin"]) == ""
