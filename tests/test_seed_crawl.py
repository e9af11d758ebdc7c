"""The article of Sở Nội vụ that everything began with, crawled over HTTP from its saved listing and page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from command import ROOT
from scripted import serving

from scraper.config import Config
from scraper.extract import read
from scraper.items import Page
from spiders.loader import catalogue

if TYPE_CHECKING:
    from command import Congtin

PAGES = ROOT / "tests" / "pages" / "thanh-hoa" / "snv"
HOST = b"https://snv.thanhhoa.gov.vn"


def test_the_listing_refines_its_day_to_the_minute_and_its_related_entries_are_followed(congtin: Congtin) -> None:
    with serving() as site:
        site.answers.clear()
        here = site.url.rstrip("/").encode()
        listing, article = (
            (PAGES / name).read_bytes().replace(HOST, here) for name in ("danh-sach.html", "bai-viet.html")
        )
        # The page that the listing names first is the article; the listing leads on to an address that is not there.
        source = catalogue(Config.from_environment(congtin.env())).load("thanh-hoa/snv")
        rows = read(Page(url=f"{site.url}portal/Pages/Tin-tuc.aspx", body=listing, role="listing"), source).entries
        assert [bool(row.title) for row in rows] == [True, True, True, False, True]
        site.answers["/robots.txt"] = (404, {}, b"")
        site.answers["/portal/Pages/Tin-tuc.aspx"] = (200, {}, listing)
        site.answers[urlsplit(rows[0].url).path] = (200, {}, article)
        congtin.source(
            "thanh-hoa/snv",
            f'name = "Sở Nội vụ"\nurl = "{site.url}"\nplatform = "sharepoint"\n'
            'sections.news = ["/portal/Pages/Tin-tuc.aspx"]\n',
        )
        (report,) = congtin.json("crawl", "thanh-hoa/snv", expect=None)
        asked = {unquote(path) for _, path, _ in site.asked}
        assert {unquote(urlsplit(row.url).path) for row in rows} <= asked  # also the one that has no title
        assert report["new"] == 1

    (hit,) = congtin.json("search", "cum thi dua bac trung bo")["hits"]
    assert (hit["published_at"], hit["precision"]) == ("2023-07-18T16:24:00+07:00", "minute")
    record = congtin.json("show", hit["id"])
    assert record["title"].endswith("triển khai nhiệm vụ 6 tháng cuối năm 2023")
    assert record["published_raw"] == "Đăng ngày 18 - 07 - 2023"
    assert record["body_text"].endswith("của địa phương nói chung./.")
    assert len(record["body_text"].splitlines()) == 4
    assert [image["caption"][:20] for image in record["images"]] == [
        "Ông Phan Lương, Phó ",
        "Các đại biểu tham dự",
        "Ông Bùi Huy Hùng, Ph",
    ]
    assert [entry["truncated"] for entry in record["entries"]] == [True, False, True, False, False]
    assert record["counters"] == {"votes": 511, "online": 1691, "views": None}
