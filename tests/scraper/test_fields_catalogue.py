"""Part E of the catalogue, case by case: what a page says of its date and its title (reliability.md, section 7).

E14 to E16 are in tests/scraper/test_legal.py, E17 is in tests/scraper/test_documents.py.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from scraper import dates, extract
from scraper.config import Config
from scraper.items import VIETNAM, Article, Page
from scraper.sources import undeclared
from spiders.loader import catalogue

SITE = "https://snv.example.gov.vn"
TD = undeclared(catalogue(Config.from_environment({})).platforms["sharepoint"], f"{SITE}/")
NOW = datetime(2026, 8, 24, 10, 0, tzinfo=VIETNAM)
URL = f"{SITE}/portal/Pages/Chi-tiet.aspx?ItemID=7"


def article(stamp: str = "Đăng ngày 18 - 07 - 2026", *, title: str = "Tên bài", head: str = "", url: str = URL,
            summary: str = "") -> Article:  # fmt: skip
    markup = f"""<html><head>{head}</head><body><p class="tandan-p-article-news-title">{title}</p>
    <span class="tandan-span-date-publish">{stamp}</span><p class="tandan-p-article-news-summary">{summary}</p>
    <div class="ms-rtestate-field"><p>Nội dung của bài, đủ dài để là một bài.</p></div></body></html>"""
    read = extract.read(Page(url=url, body=markup.encode(), role="detail"), TD, now=NOW)
    assert read.article, read
    return read.article


READ = [
    ("E1", "03/04/2026", "2026-04-03T00:00:00+07:00", "day"),
    ("E6", "2 giờ trước", "2026-08-24T08:00:00+07:00", "minute"),
    ("E6", "Hôm qua", "2026-08-23T00:00:00+07:00", "day"),
    ("E6", "Thứ Hai, 12/05/2025 | 08:30 GMT+7", "2025-05-12T08:30:00+07:00", "minute"),
    ("E6", "12/05/2025 08:30 SA", "2025-05-12T08:30:00+07:00", "minute"),
    ("E6", "12/05/2025 08:30 CH", "2025-05-12T20:30:00+07:00", "minute"),
    ("E7", "18/07/23", "2023-07-18T00:00:00+07:00", "day"),
    ("E7", "ngày 5 tháng 3 năm 2026", "2026-03-05T00:00:00+07:00", "day"),
    ("E7", "5/3", "2026-03-05T00:00:00+07:00", "day"),
    ("E7", "25/12", "2025-12-25T00:00:00+07:00", "day"),
    ("E8", "2026-05-12T23:30:00Z", "2026-05-13T06:30:00+07:00", "minute"),
    ("E8", "2026-05-12T23:30:00+07:00", "2026-05-12T23:30:00+07:00", "minute"),
]


@pytest.mark.parametrize(("case", "stamp", "at", "precision"), READ)
def test_dates(case: str, stamp: str, at: str, precision: str) -> None:
    read = article(stamp)
    assert read.published, case
    assert (read.published.at.isoformat(), read.published.precision, read.published_raw) == (at, precision, stamp)


@pytest.mark.parametrize(
    ("case", "stamp"),
    [("E2", "02/13/2026"), ("E3", "31/06/2017"), ("E4", "18/07/2062"), ("E4", "26/08/2026"), ("E5", "mới đăng")],
)
def test_what_is_no_date_is_kept_as_it_was_printed_and_never_mended(case: str, stamp: str) -> None:
    read = article(stamp)
    assert (read.published, read.published_raw) == (None, stamp), case


def test_e4_tomorrow_is_a_clock_that_is_ahead_and_the_date_of_the_address_is_a_second_word() -> None:
    assert article("25/08/2026 9:00").published == dates.parse("25/08/2026 9:00")
    read = article("18/07/2062", url=f"{SITE}/portal/Pages/2026-7-18/Bai-1a.aspx")
    assert read.published == dates.parse("18/07/2026")


def test_e4_a_row_dated_in_the_future_has_no_date() -> None:
    row = (
        '<p class="channel-news-title"><a href="/portal/Pages/2026-1-5/Bai-{0}.aspx">Bài {0}</a> <span>({1})</span></p>'
    )
    markup = row.format(1, "18/07/2062 8:00 SA") + row.format(2, "18/07/2026 8:00 SA")
    page = Page(url=f"{SITE}/portal/Pages/Tin-tuc.aspx", body=markup.encode(), role="listing")
    assert [bool(entry.published) for entry in extract.read(page, TD, now=NOW).entries] == [False, True]


def test_e5_no_date_at_all() -> None:
    read = article("")
    assert (read.published, read.published_raw) == (None, None)


def test_e9_the_page_wins_over_the_listing_and_the_listing_adds_its_minute() -> None:
    page, listed = dates.parse("18/07/2026"), dates.parse("18/07/2026 8:15")
    assert dates.refine(page, listed) == listed
    assert dates.refine(page, dates.parse("19/07/2026 8:15")) == page


@pytest.mark.parametrize("title", ["", " \u200b ", "Untitled", "...", "(Không có tiêu đề)"])
def test_e12_a_missing_title_is_the_heads_else_the_addresss_and_that_is_told(title: str) -> None:
    assert article(title=title, head='<meta property="og:title" content="Tên ở đầu trang">').title == "Tên ở đầu trang"
    assert (
        article(title=title, head="<title>Tên ở đầu trang - CỔNG THÔNG TIN ĐIỆN TỬ</title>").title == "Tên ở đầu trang"
    )
    url = f"{SITE}/portal/pages/2026-07-18/Hop-giao-ban-thang-7-468686.aspx"
    assert article(title=title, url=url).title == "Hop giao ban thang 7"
    markup = '<div class="ms-rtestate-field"><p>Nội dung của bài.</p></div>'
    read = extract.read(Page(url=url, body=markup.encode(), role="detail"), TD)
    assert "no title" in read.message


def test_e12_a_cut_title_is_made_whole_by_the_head() -> None:
    whole = "Hội nghị sơ kết công tác sáu tháng đầu năm, triển khai nhiệm vụ"
    assert article(title=whole[:40] + "...", head=f"<title>{whole}</title>").title == whole


def test_e13_long_titles_and_letters_of_four_bytes_are_kept() -> None:
    assert article(title="Hội nghị 🎉 " * 1_000).title == ("Hội nghị 🎉 " * 1_000).strip()


def test_e18_markup_in_titles_and_summaries_is_text_alone() -> None:
    read = article(
        title="Tên <b>đậm</b> &lt;script&gt;alert(1)&lt;/script&gt;", summary="Tóm tắt <script>alert(2)</script>"
    )
    assert read.title == "Tên đậm <script>alert(1)</script>"
    assert read.summary == "Tóm tắt"
    assert "<script" not in read.body_html
