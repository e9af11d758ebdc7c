"""Part D of the catalogue, case by case: addresses and traps (reliability.md, section 7)."""

from __future__ import annotations

import unicodedata

import pytest

from scraper import extract, listing, urls
from scraper.config import Config
from scraper.items import GENERIC, Page
from scraper.sources import undeclared
from spiders.loader import catalogue

PLATFORMS = catalogue(Config.from_environment({})).platforms
SITE = "https://snv.example.gov.vn"
TD = undeclared(PLATFORMS["sharepoint"], f"{SITE}/")
ANY = undeclared(PLATFORMS[GENERIC], f"{SITE}/")
LONG_TITLE = "Thông báo kết quả tuyển dụng viên chức năm"

ONE_ITEM = [
    ("D1", "/tin?b=2&a=1", "/tin?a=1&b=2"),
    ("D1", "/%74in?a=1&b=2#cuoi-trang", "/tin?a=1&b=2"),
    ("D1", "/x/.././tin?a=1&b=2", "/tin?a=1&b=2"),
    ("D3", "//tin//bai/", "/tin/bai"),
    ("D5", "/tin/bai;jsessionid=0A1B.n1", "/tin/bai"),
    ("D5", "/(S(lit3py55t21z5v55vlm25s55))/tin/bai?PHPSESSID=1", "/tin/bai"),
    ("D6", "/tin/bai?utm_source=zalo&fbclid=1&p_auth=Ab&_=1690000000", "/tin/bai"),
    ("D8", "/tin/" + unicodedata.normalize("NFD", "quyết-định"), "/tin/quyết-định"),
    ("D8", "/tin/%e1%ba%bf", "/tin/%E1%BA%BF"),
    ("D13", "/tin?sort=asc&page=2&loai=1", "/tin?loai=1&page=2&sort=asc"),
    ("D15", "/tin/bai?print=1", "/tin/bai"),
    ("D15", "/tin/bai?amp=1&share=facebook", "/tin/bai"),
]


@pytest.mark.parametrize(("case", "one", "other"), ONE_ITEM)
def test_two_addresses_of_one_item(case: str, one: str, other: str) -> None:
    assert urls.canonical(SITE + one) == urls.canonical(SITE + other), case


SAME_PAGE = [
    ("D1", "HTTPS://SNV.Example.GOV.vn/tin"),
    ("D2", "https://snv.example.gov.vn.:443/tin"),
    ("D2", "http://snv.example.gov.vn:80/tin"),
    ("D4", "http://snv.example.gov.vn/tin"),
    ("D4", "https://www.snv.example.gov.vn/tin"),
]


@pytest.mark.parametrize(("case", "url"), SAME_PAGE)
def test_two_hosts_of_one_item(case: str, url: str) -> None:
    assert urls.key(urls.canonical(url)) == urls.key(f"{SITE}/tin"), case


def test_d7_the_case_of_a_path_is_the_platforms_business() -> None:
    assert TD.canonical(f"{SITE}/Portal/PAGES/a.aspx") == TD.canonical(f"{SITE}/portal/pages/A.aspx")
    assert ANY.canonical(f"{SITE}/Tin-Tuc/") != ANY.canonical(f"{SITE}/tin-tuc/")


CALENDAR = """<html><body>
<table class="ui-datepicker-calendar"><tr><td><a href="/lich?thang=11&nam=2026">&gt;</a></table>
<p class="channel-news-title"><a href="/portal/Pages/2026-1-5/Bai-1a.aspx">Bài thứ nhất</a></p>
<a href="/su-kien?month=12">Tiếp</a></body></html>"""


def test_d11_a_calendars_next_month_is_no_next_page_and_its_days_are_no_rows() -> None:
    page = extract.read(Page(url=f"{SITE}/portal/Pages/Tin-tuc.aspx", body=CALENDAR.encode(), role="listing"), TD)
    assert [entry.url for entry in page.entries] == [f"{SITE}/portal/Pages/2026-1-5/Bai-1a.aspx"]
    assert page.next_page is None


@pytest.mark.parametrize(
    ("case", "url"),
    [
        ("D12", f"{SITE}/a/b/a/b/a/b"),
        ("D12", f"{SITE}/en/vi/en/vi/en/tin.html"),
        ("D12", f"{SITE}/" + "/".join(map(str, range(21)))),
        ("D16", f"{SITE}/" + "a" * 10_000),
        ("D16", f"{SITE}/../../../etc"),
        ("D16", f"{SITE}/tin\x00"),
    ],
)
def test_traps_are_refused(case: str, url: str) -> None:
    assert urls.trap(url), case


def test_d13_facets_and_orders_are_no_sections() -> None:
    links = "".join(
        f'<a href="/tin?{query}">Sắp xếp {query}</a>' for query in ("sort=asc", "orderby=date", "view=grid")
    )
    page = Page(
        url=f"{SITE}/", body=f"<body><a href='/tin'>Tin tức</a>{links}</body>".encode(), role="home", explore=True
    )
    assert [entry.url for entry in extract.read(page, TD).sections] == [f"{SITE}/tin"]


def test_d16_nothing_climbs_above_the_root() -> None:
    assert urls.join(f"{SITE}/a", "../../../etc/passwd") == f"{SITE}/etc/passwd"
    for bad in (f"{SITE}/\x07", f"{SITE}/" + "a" * 10_000):
        with pytest.raises(urls.BadAddress):
            urls.canonical(bad)


def test_d17_a_name_and_its_punycode_are_one_form() -> None:
    coded = "việt.example.vn".encode("idna").decode()
    assert urls.canonical("https://VIỆT.example.vn/a") == urls.canonical(f"https://{coded.upper()}/a")


def test_d18_too_many_links_are_cut_and_told_of() -> None:
    rows = "".join(f"<p><a href='/tin/bai-so-{number}'>{LONG_TITLE} {number}</a></p>" for number in range(5_200))
    read = extract.read(Page(url=f"{SITE}/tin", body=f"<body>{rows}</body>".encode(), role="listing"), ANY)
    assert len(read.entries) == listing.MOST_ENTRIES
    assert "5,000" in read.message
