"""A portal that no file declares, crawled from its home page: saved pages of three systems on loopback."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from scripted import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command import Congtin
    from scripted import Site

PAGES = Path(__file__).parent / "pages"
ADDRESSES = tomllib.loads((PAGES / "addresses.toml").read_text("utf-8"))
PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"
ONWARD = '<ul class="nav">{links}</ul>'


@dataclass(frozen=True)
class System:
    """A content system's home page (its marks, its menu), and what a crawl of its saved pages must come to."""

    marks: str
    menu: dict[str, str]
    articles: set[str]
    unasked: set[str]
    asked_in_vain: set[str]
    more: dict[str, str]
    asked_again: dict[str, int]


KICKED_OFF = (
    "/cong-nghe-thong-tin/-/view_content/4418033-chinh-thuc-kich-hoat-su-kien-khong-dung-tien-mat-nam-2022.html"
)
DOCUMENT = "/van-ban/-/vanbanconfig/3JAwViGPgSo6/Detail_Document_Config/21484794"
HOLLOW = "/van-ban/-/vanbanconfig/3JAwViGPgSo6/Detail_Document_Config/99"
LIFERAY_ARTICLE = PAGE.format(
    title="Công nghệ thông tin - Sở Thông tin và Truyền thông",
    body='<div class="portlet-boundary" id="p_p_id_101_"><div class="asset-full-content"><h1 class="asset-title">Chính '
    'thức kích hoạt sự kiện Không dùng tiền mặt năm 2022</h1><div class="assetPublishDate">10:21 | 06/06/2022</div>'
    '<div class="journal-content-article"><p>Sáng nay, Thành phố chính thức kích hoạt sự kiện.</p></div></div></div>',
)

SYSTEMS = {
    "liferay": System(
        marks='<div class="portlet-boundary lfr-column" id="p_p_id_101_"></div>',
        menu={
            "/cong-nghe-thong-tin": "Công nghệ thông tin",
            "/https.html": "Tin đã gỡ",
            "/noi-bo": "Nội bộ",
            "/dang-nhap": "Đăng nhập",
            "/cong-nghe-thong-tin?p_p_state=pop_up": "In trang này",
            "/en": "English",
            "/web/en/vi/en/vi/en/culture": "Tiếng Việt",
        },
        articles={KICKED_OFF},
        unasked={"/dang-nhap", "/cong-nghe-thong-tin?p_p_state=pop_up", "/en", "/web/en/vi/en/vi/en/culture"},
        asked_in_vain={"/https.html", "/noi-bo"},
        more={KICKED_OFF: LIFERAY_ARTICLE, "/en": LIFERAY_ARTICLE, "/noi-bo": "liferay/dang-nhap.html"},
        asked_again={},
    ),
    "vnpt": System(
        marks='<div class="portlet-boundary UI_Danhsachtin war_bannerportlet" id="p_p_id_x"></div>',
        menu={
            "/van-ban": "Văn bản",
            "/-ang-oan-the": "Đảng, đoàn thể",
            "/chi-tiet-tin?/ben-tre-phan-dau-100-cac-truong-pho-thong-su-dung/8422437": "Bến Tre: Phấn đấu 100%",
            "/chi-tiet-tin-cong-thanh-vien?/kinh-gui-ht-cac-truong-truc-thuoc/12220411": "Kính gửi HT các trường",
            "/print/-ang-oan-the": "Bản in",
            "/lien-he": "Liên hệ",
            HOLLOW: "Văn bản đã mất",
        },
        articles={
            "/chi-tiet-tin?/ben-tre-phan-dau-100-cac-truong-pho-thong-su-dung/8422437",
            "/chi-tiet-tin-cong-thanh-vien?/kinh-gui-ht-cac-truong-truc-thuoc/12220411",
            DOCUMENT,
        },
        unasked={"/print/-ang-oan-the", "/lien-he"},
        asked_in_vain={HOLLOW},
        more={HOLLOW: PAGE.format(title="Văn bản", body='<div class="QTVBDOCdivConfig">CHI TIẾT</div>')},
        asked_again={HOLLOW: 3},
    ),
    "vhv": System(
        marks='<div class="moduleWrapper"><script>VHV.load("Article.List")</script></div>',
        menu={
            "/tin-tuc-su-kien/hoat-dong-su-kien": "Sự kiện",
            "/tin-tuc-su-kien/truong-thpt-pleiku-tang-6-dien-thoai-samsung-galaxy-giup-hoc.html": "Tặng điện thoại",
            "/trang-tin-hoc-sinh/suc-khoe-hoc-duong/huong-dan-cach-ly-y-te-tai-nha.html": "Cách ly y tế tại nhà",
            "/van-ban-cong-van/van-ban-hdnd-ubnd/cong-bo-danh-muc-gom-02-thu-tuc-hanh-chinh.html": "Công bố danh mục",
            "/tin-da-go": "Tin đã gỡ",
            "/rss": "RSS",
            "/vi/": "Tiếng Việt",
            "/?page=login": "Vào hệ thống",
            "/co-cau-to-chuc/ban-giam-hieu.html": "Ban Giám hiệu",
        },
        articles={
            "/tin-tuc-su-kien/truong-thpt-pleiku-tang-6-dien-thoai-samsung-galaxy-giup-hoc.html",
            "/trang-tin-hoc-sinh/suc-khoe-hoc-duong/huong-dan-cach-ly-y-te-tai-nha.html",
            "/van-ban-cong-van/van-ban-hdnd-ubnd/cong-bo-danh-muc-gom-02-thu-tuc-hanh-chinh.html",
        },
        unasked={"/rss", "/vi/", "/?page=login"},
        asked_in_vain={"/tin-da-go", "/co-cau-to-chuc/ban-giam-hieu.html"},
        more={
            "/tin-da-go": PAGE.format(
                title="Không tìm thấy trang yêu cầu", body="<h1>Không tìm thấy trang yêu cầu</h1>"
            ),
            "/co-cau-to-chuc/ban-giam-hieu.html": PAGE.format(title="Ban Giám hiệu", body="<p>Hiệu trưởng: Lê An</p>"),
        },
        asked_again={},
    ),
}


@contextmanager
def portal(name: str, *, marked: bool = True) -> Iterator[Site]:
    """The saved pages of a content system under their own paths, behind a home page; all else is a 404."""
    system = SYSTEMS[name]
    with serving() as site:
        links = "".join(f'<li><a href="{path}">{title}</a></li>' for path, title in system.menu.items())
        texts = {"/": PAGE.format(title="Trang chủ", body=system.marks * marked + ONWARD.format(links=links))}
        hosts = set()
        for file, address in ADDRESSES.items():
            if file.startswith(f"{name}/"):
                parts = urlsplit(address)
                hosts.add(f"{parts.scheme}://{parts.netloc}")
                texts[place(address)] = (PAGES / file).read_text("utf-8")
        for path, said in system.more.items():
            texts[path] = said if said.startswith("<") else (PAGES / said).read_text("utf-8")
        site.answers = {}
        for path, said in texts.items():
            for host in hosts:
                said = said.replace(host, site.url.rstrip("/"))  # noqa: PLW2901 - the same page, host by host
            site.answers[path] = (200, {}, said.encode())
        yield site


def place(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


SECTION = "/tin-tuc-su-kien/hoat-dong-su-kien"
DECLARED = """\
name = "Trường Sao Việt"
url = "{url}"
platform = "vhv"
sections.news = ["{section}"]
"""


def records(congtin: Congtin) -> dict[str, dict[str, Any]]:
    hits = congtin.json("search", "", "--limit", "200")["hits"]
    return {place(hit["url"]): hit for hit in hits}


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_undeclared_portal_is_read_from_its_home_page_on(congtin: Congtin, name: str) -> None:
    system = SYSTEMS[name]
    with portal(name) as site:
        (report,) = congtin.json("crawl", site.url, expect=None)
        asked = [path for _, path, _ in site.asked]
        assert len(asked) == report["requests"]
        assert {path: times for path, times in Counter(asked).items() if times > 1} == system.asked_again
        found = records(congtin)
        assert set(found) == system.articles
        assert {hit["platform"] for hit in found.values()} == {name}
        assert report["new"] == len(found)
        assert set(system.menu) - set(asked) == system.unasked
        assert system.asked_in_vain <= set(asked)

        site.asked.clear()
        (again,) = congtin.json("crawl", site.url, expect=None)
        assert (again["new"], again["changed"], again["gone"]) == (0, 0, 0)
        assert site.asked[0][1] == "/robots.txt"
        asked_again = {path for _, path, _ in site.asked}
        assert not asked_again & system.unasked
        answers = {path: site.answers.get(path, (404,))[0] for path in asked_again}
        # Page 2 of a listing belongs to a walk that has not come to its end.
        in_vain = {path for path, status in answers.items() if status == 404 and "_cur=2" not in path}
        assert in_vain == {"/robots.txt"}
        assert set(records(congtin)) == system.articles

        site.asked.clear()
        congtin.json("crawl", site.url, "--recheck", expect=None)
        assert system.articles <= {path for _, path, _ in site.asked}


def test_what_gives_a_platform_away_is_told(congtin: Congtin) -> None:
    with portal("vnpt") as site:
        told = congtin.run("crawl", site.url, "--limit", "1", expect=None).stderr
    assert "platform vnpt (VNPT (Liferay): score 0.42, for it shows 'p_p_id', 'portlet-boundary'" in told


def test_a_portal_with_marks_is_read_as_any_portal_if_told(congtin: Congtin) -> None:
    with portal("vhv") as site:
        congtin.run("crawl", site.url, "--platform", "generic", expect=None)
        assert {hit["platform"] for hit in records(congtin).values()} == {"generic"}


def test_a_home_page_without_marks_is_read_as_any_portal_unless_told(congtin: Congtin) -> None:
    with portal("vhv", marked=False) as site:
        congtin.run("crawl", site.url, expect=None)
        assert {hit["platform"] for hit in records(congtin).values()} == {"generic"}

        other = type(congtin)(congtin.data.parent / "other")
        other.run("crawl", site.url, "--platform", "vhv", expect=None)
        found = records(other)
        assert set(found) == SYSTEMS["vhv"].articles
        assert {hit["platform"] for hit in found.values()} == {"vhv"}


def test_a_platform_that_there_is_not_is_refused_before_anything_is_asked(congtin: Congtin) -> None:
    with portal("vhv") as site:
        done = congtin.run("crawl", site.url, "--platform", "joomla", expect=2)
        assert "joomla" in done.stderr
        assert "vhv" in done.stderr
        assert site.asked == []


def test_the_address_of_a_declared_source_is_that_source(congtin: Congtin) -> None:
    with portal("vhv") as site:
        congtin.source("gia-lai/sao-viet", DECLARED.format(url=site.url, section=SECTION))
        done = congtin.run("crawl", f"{site.url}tin-tuc-su-kien", "--json", expect=None)
        (report,) = json.loads(done.stdout)
        assert report["source"] == "gia-lai/sao-viet"
        assert "gia-lai/sao-viet" in done.stderr
        asked = [path for _, path, _ in site.asked]
        assert asked[:2] == ["/robots.txt", SECTION]
        assert not {"/", "/tin-tuc-su-kien"} & set(asked)
