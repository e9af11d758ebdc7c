"""Pages of domains that are no more their portals' (the catalogue's C20), and pages that only speak of bets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper import extract, hijack
from scraper.config import Config
from scraper.items import GENERIC, Page
from scraper.outcomes import Outcome
from scraper.sources import undeclared
from spiders.loader import catalogue

SITE = "https://snv.example.vn"
PLATFORMS = catalogue(Config.from_environment({})).platforms
LINKS = "".join(
    f'<li><a href="https://{name}.example/dk">{words} tặng tiền cho thành viên mới đăng ký</a></li>'
    for name, words in (("8bet88", "Nhà cái uy tín"), ("nohu", "NỔ HŨ đổi thưởng"), ("txo", "Tài xỉu online"))
)
OWN = LINKS.replace("https://", f"{SITE}/").replace(".example", "")
CASINO = f"<title>NHÀ CÁI uy tín, casino trực tuyến</title><h1>Nhà cái số 1</h1><ul>{LINKS}</ul>"
SOLD = "<title>snv.example.vn</title><p>{}</p>"
CHINESE = "<title>娱乐城</title><p>" + "澳门新葡京娱乐城官方网站欢迎您" * 30 + "</p>"
ARREST = (
    "<title>Triệt phá đường dây cá cược bóng đá qua mạng</title><h1>Triệt phá đường dây cá cược</h1>"
    "<p>Các đối tượng lập nhà cái, tổ chức tài xỉu, nổ hũ, casino trực tuyến; tên miền được rao bán ở nước ngoài.</p>"
    "<a href='/tin/2'>Bắt nhóm tổ chức cá cược</a><a href='/tin/3'>Cảnh báo game bài đổi thưởng</a>"
)


def tree(words: str) -> tuple[object, bytes]:
    markup = f"<html><body>{words}</body></html>".encode()
    return extract.tree(markup), markup


@pytest.mark.parametrize("role", ["detail", "listing", "home"])
@pytest.mark.parametrize("platform", ["sharepoint", GENERIC])
@pytest.mark.parametrize(
    "words",
    [
        CASINO,
        CASINO.replace(LINKS, OWN + "<a href='/c'>soi kèo</a>"),
        SOLD.format("This domain is for sale. Buy this domain."),
        SOLD.format("Tên miền này đang được rao bán"),
        CHINESE,
    ],
    ids=["casino", "casino on its own host", "for sale", "for sale in Vietnamese", "Chinese"],
)
def test_c20_what_stands_in_a_portals_place_is_no_page_of_it(role: str, platform: str, words: str) -> None:
    source = undeclared(PLATFORMS[platform], f"{SITE}/")
    page = Page(url=f"{SITE}/tin-tuc", body=f"<html><body>{words}</body></html>".encode(), role=role)  # type: ignore[arg-type]
    read = extract.read(page, source)
    assert read.outcome is Outcome.DRIFT
    assert read.message.startswith("hijacked: ")
    assert (read.article, read.entries) == (None, ())


@pytest.mark.parametrize(
    "words",
    [
        ARREST,
        ARREST.replace("</h1>", "</h1>" + "<p>Bài dài về luật.</p>" * 200),
        "<title>Đấu giá tên miền</title><p>Tên miền .vn: đăng ký và duy trì.</p>",
        "<title>Casino Hồ Tràm được cấp phép</title><p>Dự án du lịch có casino.</p><a href='https://x.example'>Xem</a>",
        "<title>Hội nghị với đoàn Quảng Tây</title><p>Đoàn đại biểu 广西壮族自治区 thăm tỉnh.</p>",
        "<title>Trung tâm dữ liệu</title><p>domain controller</p>",
    ],
)
def test_c20_pages_that_speak_of_bets_domains_and_china_are_pages(words: str) -> None:
    root, markup = tree(words)
    assert hijack.evidence(root, markup, f"{SITE}/tin/1") == ""  # type: ignore[arg-type]


@given(st.lists(st.sampled_from([CASINO, SOLD, CHINESE, "<a href='http://[x'>casino", "domain", "\0", "<h1>bet88"])))
def test_nothing_raises(parts: list[str]) -> None:
    root, markup = tree("".join(parts))
    assert isinstance(hijack.evidence(root, markup, "http://[x/"), str)  # type: ignore[arg-type]
