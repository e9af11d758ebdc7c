"""Portals that move, that are changed all at once, or that are no more what they were (the catalogue's C18 to C20)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from scripted import LISTING, ROW, Site, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from command import Congtin

NEWS = "/portal/Pages/Tin-tuc.aspx"
SOURCE = f"""\
name = "Cổng thử"
url = "{{url}}"
platform = "sharepoint"
sections.news = ["{NEWS}"]
"""
ARTICLE = """<html><body><p class="tandan-p-article-news-title">Tin số {number}</p>
<span class="tandan-span-date-publish">Đăng ngày 18 - 07 - 2023</span>
<div class="ms-rtestate-field"><p>Nội dung của tin số {number}, đủ dài để là một bài./.</p>
<p><img src="/anh/{number}.jpg"></p><p><a href="/tep/{number}.pdf">Tệp</a></p></div></body></html>"""


def path(number: int) -> str:
    return f"/portal/Pages/2023-7-18/Tin-{number}abc.aspx"


def show(site: Site, count: int) -> None:
    rows = "\n".join(ROW.format(path=path(number), number=number) for number in reversed(range(count)))
    site.answers[NEWS] = (200, {}, LISTING.format(rows=rows).encode())
    for number in range(count):
        site.answers[path(number)] = (200, {}, ARTICLE.format(number=number).encode())


def test_c18_a_portal_at_another_host_is_the_one_that_it_was(congtin: Congtin) -> None:
    """Its pictures and files have moved with it; two articles are new since, and one was edited."""
    with serving() as old:
        congtin.source("sample", SOURCE.format(url=old.url))
        show(old, 12)
        assert congtin.crawl(expect=None)["new"] == 12
        before = {hit["id"]: hit["url"] for hit in congtin.json("search", "", "--limit", "50")["hits"]}
        told = len(congtin.events())
    with serving(host="127.0.0.6") as new:
        former = old.url.removeprefix("http://").rstrip("/")
        congtin.source("sample", SOURCE.format(url=new.url) + f'aliases = ["{former}"]\n')
        show(new, 14)
        new.answers[path(3)] = (200, {}, ARTICLE.format(number=3).replace("đủ dài", "vừa đủ dài").encode())
        report = congtin.crawl("--recheck", expect=None)
        assert (report["new"], report["changed"], report["gone"]) == (2, 1, 0)
        assert congtin.crawl("--recheck", expect=None)["changed"] == 0
    after = {hit["id"]: hit["url"] for hit in congtin.json("search", "", "--limit", "50")["hits"]}
    assert len(after) == 14
    assert {name: after[name] for name in before} == {
        name: url.replace(old.url, new.url) for name, url in before.items()
    }
    events = congtin.events()[told:]
    assert sorted(event["kind"] for event in events if not event["kind"].startswith("record.")) == [
        "article.changed", "article.new", "article.new",
    ]  # fmt: skip
    assert [change["field"] for event in events if event["kind"] == "record.updated" for change in event["changes"]
            if change["field"] == "url"] == ["url"] * 12  # fmt: skip
    (changed,) = [event for event in events if event["kind"] == "article.changed"]
    assert {"body"} <= {change["field"] for change in changed["changes"]}


ROWS = '<p class="channel-news-title"><a href="{path}">Tin số {number}</a> <span>({stamp})</span></p>'
ONWARD = '<span class="CurrentPage">{number}</span> <a href="{path}?PageIndex={onward}">{onward}</a>'
PLAIN = """<html><body><p class="tandan-p-article-news-title">Tin số {number}</p>
<span class="tandan-span-date-publish">Đăng ngày {day}</span>
<div class="ms-rtestate-field"><p>Nội dung của tin số {number}, đủ dài để là một bài./.</p></div></body></html>"""


def dated(site: Site, numbers: Sequence[int], day: str, folder: str = "2023-7-18") -> None:
    """Has the section show articles of one day, ten a page, and the articles be there."""
    addresses = {number: f"/portal/Pages/{folder}/Tin-{number}abc.aspx" for number in numbers}
    for first in range(0, len(numbers), 10):
        page, stamp = first // 10 + 1, f"{day.replace(' - ', '/')} 8:00 SA"
        shown = numbers[first : first + 10]
        rows = "\n".join(ROWS.format(path=addresses[one], number=one, stamp=stamp) for one in shown)
        if first + 10 < len(numbers):
            rows += ONWARD.format(number=page, path=NEWS, onward=page + 1)
        site.answers[f"{NEWS}?PageIndex={page}" if first else NEWS] = (200, {}, LISTING.format(rows=rows).encode())
    for number, address in addresses.items():
        site.answers[address] = (200, {}, PLAIN.format(number=number, day=day).encode())


def news(congtin: Congtin, since: int) -> list[tuple[str, str]]:
    return [(event["kind"], event["origin"]) for event in congtin.events()[since:] if "record." not in event["kind"]]


def test_c19_an_archive_that_gets_new_dates_in_its_place_is_told_to_the_operator_alone(congtin: Congtin) -> None:
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url))
        dated(site, range(12), "18 - 07 - 2023")
        assert congtin.crawl()["new"] == 12
        told = len(congtin.events())
        dated(site, range(12), "01 - 03 - 2026")
        for _ in range(3):
            report = congtin.crawl("--recheck", expect=3)
            assert (report["cause_code"], report["new"], report["changed"], report["gone"]) == ("redesign", 0, 0, 0)
        assert news(congtin, told) == [("source.ill", "poll")]


def test_c19_an_archive_that_comes_at_new_addresses_is_told_as_a_backfill(congtin: Congtin) -> None:
    """One that is really new comes with the next poll, and is news."""
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url))
        dated(site, range(12), "18 - 07 - 2023")
        assert congtin.crawl()["new"] == 12
        told = len(congtin.events())
        dated(site, range(100, 130), "01 - 03 - 2026", "2026-3-1")
        some = congtin.crawl("--limit", "21")
        rest = congtin.crawl()  # what was left over belongs to the flood
        assert [one["skipped"]["told as backfill"] for one in (some, rest)] == [some["new"], rest["new"]]
        assert (some["new"] >= 20, some["new"] + rest["new"]) == (True, 30)
        assert news(congtin, told) == [("article.new", "backfill")] * 30
        with closing(sqlite3.connect(congtin.data / "congtin.db")) as database, database:
            database.execute("UPDATE pages SET first_seen = '2026-02-01 00:00:00.000000'")
        dated(site, [200, 201, *range(100, 108)], "02 - 03 - 2026", "2026-3-2")
        congtin.crawl(expect=None)
        assert news(congtin, told + 30)[:2] == [("article.new", "poll")] * 2


def test_c20_a_casino_in_the_portals_place_is_told_and_changes_nothing(congtin: Congtin) -> None:
    """Read without a profile, which would meet nothing on it."""
    links = "".join(
        f'<a href="https://bet{number}.example/">Nhà cái uy tín, tài xỉu</a><a href="/khuyen-mai-{number}">Nổ hũ</a>'
        for number in range(88, 98)
    )
    casino = f"<html><title>Nhà cái số 1, casino trực tuyến</title><h1>Cá cược</h1>{links}</html>".encode()
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url).replace("sharepoint", "generic"))
        title = "Thông báo kết quả tuyển dụng viên chức năm 2025, đợt"
        rows = "".join(f'<p><a href="/tin/bai-viet-{number}">{title} {number}</a></p>' for number in range(5))
        site.answers[NEWS] = (200, {}, f"<html><body>{rows}</body></html>".encode())
        for number in range(5):
            said = f"<h1>{title} {number}</h1><p>{'Sở thông báo danh sách trúng tuyển. ' * 9}{number}</p>"
            site.answers[f"/tin/bai-viet-{number}"] = (200, {}, f"<html><body>{said}</body></html>".encode())
        assert congtin.crawl()["new"] == 5
        told = len(congtin.events())
        site.answers = dict.fromkeys(site.answers, (200, {}, casino)) | {"/robots.txt": (404, {}, b"")}
        for _ in range(3):
            report = congtin.crawl("--recheck", expect=3)
            assert (report["verdict"], report["cause_code"]) == ("empty", "hijacked")
            assert (report["new"], report["changed"], report["gone"]) == (0, 0, 0)
        assert news(congtin, told) == [("source.ill", "poll")]
        assert congtin.json("search", "nha cai", expect=5)["total"] == 0
        assert not [path for _, path, _ in site.asked if path.startswith("/khuyen-mai")]
