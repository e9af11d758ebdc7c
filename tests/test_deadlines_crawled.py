"""Deadlines from a portal's page and its file to the record, the calendar's table and back, through whole crawls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import papers
import pytest
from scripted import LISTING, ROW, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command import Congtin

SOURCE = """\
name = "Cổng thử"
url = "{url}"
platform = "sharepoint"
sections.news = ["/portal/Pages/Tin-tuc.aspx"]
"""
NOTICE = """<html><body><p class="tandan-p-article-news-title">Thông báo tuyển dụng viên chức</p>
<span class="tandan-span-date-publish">Đăng ngày 18 - 07 - 2023</span>
<div class="ms-rtestate-field"><p>Thời hạn nhận hồ sơ: từ ngày 20/7/2023 đến 17 giờ ngày {last}.</p>
<p><a href="/a/tb.pdf">Thông báo</a></p></div></body></html>"""
PAGE = "/portal/Pages/2023-7-18/Tuyen-dungabc.aspx"
PAPER = "Danh sách được niêm yết công khai từ ngày 01/9/2023 đến hết ngày 15/9/2023."


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as opened:
        listing = LISTING.format(rows=ROW.format(path=PAGE, number=1))
        opened.answers["/portal/Pages/Tin-tuc.aspx"] = 200, {}, listing.encode()
        opened.answers["/a/tb.pdf"] = 200, {}, papers.pdf(PAPER)
        yield opened


def deadlines(congtin: Congtin) -> list[dict[str, Any]]:
    (hit,) = congtin.json("search", "")["hits"]
    told: list[dict[str, Any]] = congtin.json("show", hit["id"])["deadlines"]
    return told


def test_a_notice_and_its_file_are_asked_until_when(congtin: Congtin, site: Site) -> None:
    congtin.source("sample", SOURCE.format(url=site.url))
    site.answers[PAGE] = 200, {}, NOTICE.format(last="20/8/2023").encode()
    congtin.crawl()
    page, paper = deadlines(congtin)
    assert page == {
        "on": "2023-08-20T17:00:00+07:00", "precision": "minute", "what": "applications", "document": None,
        "evidence": "Thời hạn nhận hồ sơ: từ ngày 20/7/2023 đến 17 giờ ngày 20/8/2023.",
    }  # fmt: skip
    assert (paper["on"], paper["what"], paper["evidence"]) == ("2023-09-15T00:00:00+07:00", "posting", PAPER)
    assert paper["document"]
    site.answers[PAGE] = 200, {}, NOTICE.format(last="31/8/2023").encode()
    congtin.crawl("--recheck")
    moved, _ = deadlines(congtin)
    assert moved["on"] == "2023-08-31T17:00:00+07:00"
    (hit,) = congtin.json("search", "")["hits"]
    shown = congtin.run("show", hit["id"]).stdout
    assert "[due 31/08/2023 17:00] applications: Thời hạn nhận hồ sơ" in shown
