"""Other pages of the platforms than the saved ones, made small from what is known of them (portals.md §2 and §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scraper import extract
from scraper.config import Config
from scraper.items import Page
from scraper.sources import undeclared
from spiders.loader import catalogue

if TYPE_CHECKING:
    from scraper.items import Article, Reading, Role

PLATFORMS = catalogue(Config.from_environment({})).platforms


def read(platform: str, url: str, body: str, role: Role = "any") -> Reading:
    markup = f"<html><head><title>Cổng thông tin</title></head><body>{body}</body></html>"
    return extract.read(Page(url=url, body=markup.encode(), role=role), undeclared(PLATFORMS[platform], url))


def article(platform: str, url: str, body: str) -> Article:
    found = read(platform, url, body).article
    assert found
    return found


TD = "https://namdinh.gov.vn/portal/Pages/2021-10-5/Ung-dung-Blockchaina6ggf.aspx"


def test_sharepoint_body_in_a_paragraph_that_ends_before_it_and_the_fullest_of_two() -> None:
    found = article(
        "sharepoint", TD,
        '<p class="tandan-p-article-news-title">Ứng dụng Blockchain</p>'
        '<span class="tandan-span-date-publish">Đăng ngày 05 - 10 - 2021</span>'
        '<p class="tandan-p-article-news-summary">Tóm tắt.</p>'
        '<p class="tandan-p-article-main"><div class="ms-rtestate-field"></div>'
        '<div class="ms-rtestate-field"><p>Một đoạn./.</p></div></p><div class="td-tags"><a href="/t">thẻ</a></div>'
        '<p class="tandan-p-article-other"><a href="/portal/Pages/2021-10-4/Bai-1b.aspx">Bài khác</a></p>',
    )  # fmt: skip
    assert (found.title, found.summary, found.body_text) == ("Ứng dụng Blockchain", "Tóm tắt.", "Một đoạn./.")
    assert [row.title for row in found.related] == ["Bài khác"]


def test_sharepoint_of_the_newer_kind_has_its_date_in_the_address() -> None:
    url = "https://xasonlinh.hatinh.gov.vn/portal/pages/2023-01-30/bai-moi-468686.aspx"
    found = article(
        "sharepoint", url, '<h2 class="tandan-title-view">Bài mới</h2><div id="art-content"><p>Lời.</p></div>'
    )
    assert found.published
    assert (found.title, found.body_text, found.published_raw) == ("Bài mới", "Lời.", "2023-01-30")


def test_sharepoint_home_boxes_and_modules_are_one_list() -> None:
    found = read(
        "sharepoint", "https://snv.thanhhoa.gov.vn/portal/KenhTin/Tin-tuc.aspx",
        '<div class="TD-box-news-title"><a href="/portal/Pages/2023-1-2/Mot-1a.aspx">Bài một</a></div>'
        '<p class="tandan-p-module-news-title"><a href="/portal/Pages/2023-1-3/Hai-2b.aspx">Bài hai</a>'
        '<span class="ngay">(03/01/2023)</span></p>'
        '<div><span class="CurrentPage">1</span><a href="/portal/KenhTin/Tin-tuc.aspx?PageIndex=2">2</a></div>',
        "listing",
    )  # fmt: skip
    assert [(row.title, bool(row.published)) for row in found.entries] == [("Bài một", False), ("Bài hai", True)]
    assert found.next_page
    assert found.next_page.url.endswith("PageIndex=2")


MINISTRIES = {
    "https://moet.gov.vn/tintuc/Pages/tin-hoat-dong.aspx?ItemID=7788": """
        <div id="news-title">Bộ họp</div><div id="news-date">12/05/2023</div><div id="news-des">Tóm tắt</div>
        <div id="news-detail"><p>Thân bài.</p></div>""",
    "https://moha.gov.vn/tintuc/Pages/danh-muc.aspx?ItemID=99": """
        <h1>Bộ họp</h1><span id="ctl00_g_1f_ctl00_lblNgayBanHanh">12/05/2023</span>
        <div id="show_description">Tóm tắt</div><div id="show_content"><p>Thân bài.</p></div>""",
    "https://mt.gov.vn/vn/tin-tuc/8123/ten-bai.aspx": """
        <div id="divArticleDescription3"><h1>Bộ họp</h1></div><div id="divArticleDescription1">Tóm tắt</div>
        <div id="divArticleDescription2"><p>Thân bài.</p></div>
        <span id="ctl00_ctl30_g_1f_ctl00_pnNguontin">Báo GT</span>
        <span id="ctl00_g_1f_lblNgayBanHanh">12/05/2023</span>""",
}


@pytest.mark.parametrize("url", MINISTRIES)
def test_ministries_sharepoint(url: str) -> None:
    found = article("sharepoint", url, MINISTRIES[url])
    assert (found.title, found.summary, found.body_text) == ("Bộ họp", "Tóm tắt", "Thân bài.")
    assert found.author == ("Báo GT" if "mt.gov.vn" in url else None)
    assert found.published
    assert found.published.at.date().isoformat() == "2023-05-12"


LIFERAY_7 = "https://moh.gov.vn/tin-noi-bat/-/asset_publisher/3Yst7YhbkA5j/content/bo-y-te-hop"
PUBLISHER = "_com_liferay_asset_publisher_web_portlet_AssetPublisherPortlet_INSTANCE_3Yst_"


def test_liferay_7() -> None:
    found = article(
        "liferay", LIFERAY_7,
        '<div class="portlet-boundary"><div class="asset-full-content"><h2 class="component-title">Bộ Y tế họp</h2>'
        '<div class="asset-content"><div class="journal-content-article"><p>Một.</p><p>Hai.</p></div></div>'
        '<span class="metadata-entry metadata-publish-date">21/07/2022 | 10:00 AM</span></div></div>',
    )  # fmt: skip
    assert (found.title, found.body_text, found.published_raw) == ("Bộ Y tế họp", "Một.\nHai.", "21/07/2022 | 10:00 AM")


def test_liferay_7s_pager_has_only_numbers_under_the_portlets_own_name() -> None:
    pager = "".join(f'<a href="/tin?{PUBLISHER}delta=10&{PUBLISHER}cur={page}">{page}</a>' for page in (1, 2, 3))
    row = f'<h4 class="asset-title"><a href="{LIFERAY_7}?redirect=x">Bộ Y tế họp</a></h4>'
    body = f'<div class="asset-abstract">{row}</div><div class="pagination">{pager}</div>'
    found = read("liferay", "https://moh.gov.vn/tin", body, "listing")
    assert [row.title for row in found.entries] == ["Bộ Y tế họp"]
    assert found.next_page
    assert found.next_page.url.endswith("cur=2")


def test_liferay_6() -> None:
    found = article(
        "liferay", "https://sotttt.hanoi.gov.vn/cong-nghe/-/view_content/4418033-bai.html",
        '<div class="asset-full-content"><h3 class="asset-title">Bài viết</h3><div class="assetPublishDate">'
        'Ngày đăng 21/07/2022 | 10:00 AM</div><div class="asset-summary">Tóm tắt</div><div class="asset-content">'
        '<div class="journal-content-article"><p>Thân bài.</p></div></div></div>',
    )  # fmt: skip
    assert (found.title, found.summary, found.body_text) == ("Bài viết", "Tóm tắt", "Thân bài.")
    assert found.published
    assert found.published.at.isoformat() == "2022-07-21T10:00:00+07:00"


VNPT_ROW = """<table class="QTVBtb1"><tr class="QTVBTieudeBang"><th>Số/Ký hiệu</th><th>Ngày ban hành</th></tr>
<tr class="QTVBChangeColor"><td>100 /TB-THCS</td><td>06-08-2021</td>
<td><a href="/van-ban/-/vanbanconfig/3JAw/Detail_Document_Config/21695558">Tuyển dụng</a></td>
<td><a onclick="CountDown('a?p_auth=b','21695569','30','documents/1/ten.pdf')">ten.pdf</a></td></tr></table>"""


def test_vnpts_table_of_documents() -> None:
    found = read("vnpt", "https://thcsanhoa.bentre.edu.vn/van-ban", VNPT_ROW, "listing")
    ((title, published),) = [(row.title, row.published) for row in found.entries]
    assert published
    assert (title, published.at.date().isoformat()) == ("Tuyển dụng", "2021-08-06")


VNPT_DOCUMENT = """<div class="QTVBDOCdivConfig"><table class="DetailCB_config">
<tr><td>Trích yếu</td><td>Phòng, chống dịch</td></tr><tr><td>Ngày ban hành</td><td>02-07-2021</td></tr>
<tr><td>Ngày hiệu lực</td><td>02-07-2021</td></tr><tr><td>Văn bản đính kèm</td><td>
<a onclick="CountDownConfig('../C?p_auth=h','21484806', '1','/documents/795/hai.4');">hai.pdf(1-lượt)</a>
<a onclick="CountDownXemConfig('../C','1','1','../Xem/add.html');">XEM</a></td></tr></table></div>"""


def test_vnpts_document_whose_hits_are_no_part_of_its_name_and_whose_name_says_what_it_is() -> None:
    url = "https://thcsanhoa.bentre.edu.vn/van-ban/-/vanbanconfig/3JAw/Detail_Document_Config/21484794"
    found = article("vnpt", url, VNPT_DOCUMENT)
    assert found.body_text == "Trích yếu\nNgày ban hành\n02-07-2021\nNgày hiệu lực\n02-07-2021"
    assert [(one.title, one.media_type) for one in found.attachments] == [("hai.pdf", "application/pdf")]


VHV_TABLE = """<table><tr><td class="td-title">Tiêu đề văn bản</td><td>Quyết định công bố</td></tr>
<tr><td class="td-title">Số hiệu</td><td>558/QĐ-UBND</td></tr>
<tr><td class="td-title">Số lượt xem</td><td>7</td></tr><tr><td class="td-title">Tài liệu đính kèm</td>
<td><a onclick="downloadFile('60ee','/upload/18282/558_Qd.pdf')">558_Qd.pdf</a></td></tr></table>"""


def test_vhvs_document_whose_table_has_no_frame() -> None:
    found = article("vhv", "https://ptsaoviet.gialai.edu.vn/van-ban/cong-bo-danh-muc.html", VHV_TABLE)
    assert (found.title, found.body_text) == ("Quyết định công bố", "Số hiệu\n558/QĐ-UBND")
    assert [one.url for one in found.attachments] == ["https://ptsaoviet.gialai.edu.vn/upload/18282/558_Qd.pdf"]
    assert found.counters.views == 7
