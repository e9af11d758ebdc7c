"""A portal that was read well and then changes its layout: DRIFT, and nothing that the archive says is touched.

The catalogue's C10 and C11; C9, where nothing is met at all, is in tests/test_faults.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted import ARTICLE, LISTING, ROW, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from command import Congtin

NEWS, NOTICES = "/portal/Pages/Tin-tuc.aspx", "/portal/Pages/Thong-bao.aspx"
SOURCE = f"""\
name = "Cổng thử"
url = "{{url}}"
platform = "sharepoint"
sections.news = ["{NEWS}", "{NOTICES}"]
"""
STAMP = "<span>(18/07/2023 4:24 CH)</span>"


def path(number: int) -> str:
    return f"/portal/Pages/2023-7-18/Tin-{number}abc.aspx"


def show(site: Site, listing: str, numbers: Iterable[int], *, dated: bool = True) -> None:
    """Has a section list articles, and the articles be there."""
    rows = "\n".join(ROW.format(path=path(number), number=number) for number in numbers)
    site.answers[listing] = (200, {}, LISTING.format(rows=rows if dated else rows.replace(STAMP, "")).encode())
    for number in numbers:
        site.answers[path(number)] = (200, {}, ARTICLE.format(number=number).encode())


@pytest.fixture
def site(congtin: Congtin) -> Iterator[Site]:
    with serving() as one:
        congtin.source("sample", SOURCE.format(url=one.url))
        show(one, NEWS, range(6))
        show(one, NOTICES, range(10, 16))
        assert congtin.crawl()["new"] == 12
        yield one


def test_rows_that_no_longer_show_their_dates_are_drift_and_still_lead_to_news(congtin: Congtin, site: Site) -> None:
    show(site, NEWS, range(-1, 5), dated=False)
    for new in (1, 0):
        report = congtin.crawl(expect=3)
        assert (report["verdict"], report["new"], report["changed"], report["gone"]) == ("thin", new, 0, 0)
        ((url, outcome),) = [(one["url"], one["outcome"]) for one in report["failures"]]
        assert (url, outcome) == (site.url.rstrip("/") + NEWS, "DRIFT")
        assert "100 of 100" not in report["cause"]
    show(site, NEWS, range(-1, 5))
    assert congtin.crawl()["verdict"] == "healthy"


def test_one_row_without_its_date_is_none(congtin: Congtin, site: Site) -> None:
    show(site, NEWS, range(6))
    status, headers, body = site.answers[NEWS]
    site.answers[NEWS] = (status, headers, body.replace(STAMP.encode(), b"", 1))
    assert congtin.crawl()["verdict"] == "healthy"


def test_a_page_that_no_longer_shows_its_date_is_drift_and_no_new_version(congtin: Congtin, site: Site) -> None:
    undated = "/portal/Pages/Chi-tiet.aspx?ItemID=7"  # no day in its address, either
    rows = ROW.format(path=undated, number=7)
    site.answers[NEWS] = (200, {}, LISTING.format(rows=rows).encode())
    site.answers[undated] = (200, {}, ARTICLE.format(number=7).encode())
    assert congtin.crawl()["new"] == 1
    record = next(hit for hit in congtin.json("search", "", "--limit", "50")["hits"] if hit["url"].endswith(undated))
    before = congtin.events()
    site.answers[undated] = (200, {}, ARTICLE.format(number=7).replace("Đăng ngày 18 - 07 - 2023", "").encode())
    report = congtin.crawl("--recheck", expect=3)
    assert (report["changed"], report["gone"]) == (0, 0)
    assert [(one["url"].endswith(undated), one["outcome"]) for one in report["failures"]] == [(True, "DRIFT")]
    assert "selectors.published" in report["failures"][0]["message"]
    assert congtin.events() == before
    assert congtin.json("show", record["id"])["versions"] == 1


def test_two_sections_that_suddenly_show_one_menu_are_drift(congtin: Congtin, site: Site) -> None:
    for listing in (NEWS, NOTICES):
        show(site, listing, range(20, 26))
    report = congtin.crawl(expect=3)
    assert report["verdict"] == "thin"
    assert [(one["outcome"], one["url"].endswith(NOTICES)) for one in report["failures"]] == [("DRIFT", True)]
    assert "its rows are all new, and those of" in report["failures"][0]["message"]
    again = congtin.crawl(expect=3)
    assert [one["outcome"] for one in again["failures"]] == ["DRIFT"]
    assert {event["kind"] for event in congtin.events()} == {"article.new", "source.ill"}
    show(site, NOTICES, range(9, 15))
    assert congtin.crawl()["verdict"] == "healthy"


def test_two_sections_that_show_some_of_the_same_are_not(congtin: Congtin, site: Site) -> None:
    for listing in (NEWS, NOTICES):
        show(site, listing, (30, 31, 0, 1, 10, 11))
    assert congtin.crawl()["verdict"] == "healthy"


OTHER = """<html><body><h1>Cổng thông tin</h1><div class="tieu-de">Tin số {number}</div><i>Ngày 18/07/2023</i>
<div class="ms-rtestate-field"><p>Trang chủ - Giới thiệu - Tin tức - Liên hệ</p>
<p>Nội dung của tin số {number}, đủ dài để là một bài./.</p></div></body></html>"""


def test_pages_that_all_say_something_else_are_a_redesign_within_two_polls(congtin: Congtin, site: Site) -> None:
    for number in (*range(6), *range(10, 16)):
        site.answers[path(number)] = (200, {}, OTHER.format(number=number).encode())
    first = congtin.crawl(expect=3)
    assert [one["outcome"] for one in first["failures"]] == ["DRIFT"]
    second = congtin.crawl(expect=3)
    assert (second["verdict"], second["changed"]) == ("thin", 0)
    assert second["cause"].startswith("redesign: the last 2 pages")
    assert {event["kind"] for event in congtin.events()} == {"article.new"}


def test_a_page_that_alone_says_something_else_was_edited(congtin: Congtin, site: Site) -> None:
    site.answers[path(3)] = (200, {}, OTHER.format(number=3).encode())
    reports = [congtin.crawl("--recheck", expect=code) for code in (3, 3, 0)]
    assert [report["changed"] for report in reports] == [0, 0, 1]
    assert [len(report["failures"]) for report in reports] == [1, 1, 0]


def test_rows_that_are_called_something_else_are_drift(congtin: Congtin, site: Site) -> None:
    show(site, NEWS, range(6))
    status, headers, body = site.answers[NEWS]
    for number in range(6):
        body = body.replace(f">Tin số {number}<".encode(), b">Xem ti\xe1\xba\xbfp<")
    site.answers[NEWS] = (status, headers, body)
    report = congtin.crawl(expect=3)
    assert report["failures"][0]["message"] == "6 of 6 known rows no longer show their titles"
    assert report["requests"] < 8, "what is known of their pages still holds"


def test_rows_that_have_all_moved_are_told_once_and_read_from_there(congtin: Congtin, site: Site) -> None:
    """The portal got another system: each article has a new address, and nothing is at the old one."""
    status, headers, body = site.answers[NEWS]
    for number in range(6):
        new = f"/portal/Pages/2023-7-18/bai-{number}xyz.aspx"
        body = body.replace(path(number).encode(), new.encode())
        site.answers[new] = site.answers.pop(path(number))
    site.answers[NEWS] = (status, headers, body)
    report = congtin.crawl(expect=3)
    assert (report["verdict"], report["cause_code"]) == ("thin", "new-addresses")
    assert report["failures"][0]["message"] == "6 of 6 rows are called what others were, and have new addresses"
    assert congtin.crawl(expect=None)["verdict"] == "healthy"
    told = [event["kind"] for event in congtin.events()]
    assert sorted(kind for kind in told if kind.startswith("source.")) == ["source.ill", "source.recovered"]
    assert told.count("article.new") == 12, "they are the same articles"
