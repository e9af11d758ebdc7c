"""A record's page, its versions and what changed between them; that nothing a portal wrote comes alive."""

import re
from datetime import UTC, datetime

import pytest
from small_archive import EDITED, EVERY_PAGE, GONE, HOSTILE, PAPER, T0, said, tree
from sqlalchemy import update

from storage.database import Database
from storage.models import Article, PrintedDeadline
from web import present


async def see(browser, path):
    response = await browser.get(path)
    assert response.status_code == 200, response.text
    return tree(response)


async def test_a_record_shows_what_the_page_said(browser):
    page = await see(browser, f"/record/{EDITED}")
    assert said(page.cssselect("h1")[0]) == "Tổng kết phong trào thi đua khen thưởng năm 2023"
    head = page.cssselect("article header")[0]
    assert "18/07/2023 16:24" in said(head)
    assert "Nguyễn Văn A" in said(head)
    assert "Tin tức" in said(head)
    assert head.cssselect("time")[0].get("title") == "Đăng lúc: 18/07/2023 16:24:00 (GMT+7)"
    assert "năm ngày làm việc" in said(page.cssselect(".body")[0])
    assert said(page.cssselect(".counters")[0]) == "1.511 người đã bình chọn"


async def test_a_record_says_until_when_it_asks_for_something(browser, filled):
    assert not (await see(browser, f"/record/{EDITED}")).cssselect(".deadlines")
    database = Database(filled)
    with database.writing() as session:
        for place, (precision, document) in enumerate((("minute", None), ("day", PAPER))):
            session.add(
                PrintedDeadline(
                    record=EDITED, key=str(place), position=place, at=datetime(2023, 8, 20 + place, 10, tzinfo=UTC),
                    precision=precision, what="applications", evidence="<b>Thời gian</b>\nđến 17 giờ", told_at=T0,
                    document=document,
                )
            )  # fmt: skip
    database.close()
    page = await see(browser, f"/record/{EDITED}")
    first, second = page.cssselect(".deadlines li")
    assert said(first) == "Hạn nộp hồ sơ, đăng ký: 20/08/2023 17:00 <b>Thời gian</b> đến 17 giờ"
    assert first.cssselect("time")[0].get("datetime") == "2023-08-20T17:00:00+07:00"
    assert said(second).startswith("Hạn nộp hồ sơ, đăng ký: 21/08/2023 trong tệp đính kèm")
    english = await see(browser, f"/record/{EDITED}?lang=en")
    assert said(english.cssselect(".deadlines h2")[0]) == "Deadlines"
    assert said(english.cssselect(".deadlines strong")[0]) == "Applications due: 2023-08-20 17:00"
    told = (await browser.get(f"/api/v1/records/{EDITED}")).json()["deadlines"]
    assert [one["on"] for one in told] == ["2023-08-20T17:00:00+07:00", "2023-08-21T17:00:00+07:00"]
    assert not (await see(browser, f"/record/{EDITED}?version=1")).cssselect(".deadlines")


async def test_documents_tell_what_they_are_and_what_is_wrong_with_them(browser):
    page = await see(browser, f"/record/{EDITED}")
    rows = [said(row) for row in page.cssselect("#documents > ul > li")]
    assert rows == [
        "Phụ lục <u>1</u> PDF · 2 trang · 1.500 KB · bản quét · nhận dạng chữ tự động ../../<i>mật</i>.pdf 2 trang",
        "Tệp hỏng không còn trên cổng (status 404)",
    ]
    old = await see(browser, f"/record/{EDITED}?version=1")
    assert [said(link) for link in old.cssselect(".attachments a")] == ["Quyết định"]


async def test_pictures_are_links_and_never_loaded(browser):
    page = await see(browser, f"/record/{EDITED}")
    (figure,) = page.cssselect("figure")
    assert said(figure.cssselect("figcaption")[0]) == "Lễ ký"
    assert figure.cssselect("a")[0].get("href") == "https://snv.thanhhoa.gov.vn/1.jpg"
    assert "noreferrer" in figure.cssselect("a")[0].get("rel")
    assert not page.cssselect("img")


async def test_related_links_without_a_title_or_with_a_bad_address(browser):
    rows = (await see(browser, f"/record/{EDITED}")).cssselect(".related li")
    assert [said(row) for row in rows] == ["(không có tiêu đề)", "Tin <i>độc</i>"]
    assert [len(row.cssselect("a")) for row in rows] == [1, 0]


async def test_a_record_names_those_that_tell_the_same_story(browser, filled):
    database = Database(filled)
    with database.writing() as session:
        session.execute(update(Article).where(Article.id.in_([EDITED, HOSTILE])).values(story=EDITED))
    database.close()
    assert not (await see(browser, f"/record/{GONE}")).cssselect("#elsewhere")
    (others,) = (await see(browser, f"/record/{EDITED}")).cssselect("#elsewhere")
    assert said(others.cssselect("h2")[0]) == "Cùng tin trên cổng khác"
    (link,) = others.cssselect("a")
    assert (link.get("href"), said(link)) == (f"/record/{HOSTILE}", "<script>alert(1)</script> Thủ tục cấp phép")
    assert "Cổng tỉnh Lâm Đồng" in said(others.cssselect("li")[0])


async def test_provenance(browser):
    box = said((await see(browser, f"/record/{EDITED}")).cssselect(".provenance")[0])
    for part in (
        "Sở Nội vụ tỉnh Thanh Hóa", f"{EDITED}.aspx", "https://snv.thanhhoa.gov.vn/cu.aspx", "18/07/2023 17:00",
        "20/07/2023 17:00", "2 trong 2", "congtin-20230718.warc.gz", "4711", "sha256:feed",
        "Đăng lúc: 18/07/2023 16:24:00 (GMT+7)",
    ):  # fmt: skip
        assert part in box


async def test_gone_says_since_when(browser):
    page = await see(browser, f"/record/{GONE}")
    assert said(page.cssselect(".body")[0]) == "Thông báo"  # of a record without HTML
    assert said(page.cssselect(".notice.gone")[0]) == "Bài này không còn trên cổng từ 01/08/2023 09:00."
    assert not (await see(browser, f"/record/{EDITED}")).cssselect(".notice")


async def test_an_old_version_leads_to_the_newest(browser):
    page = await see(browser, f"/record/{EDITED}?version=1")
    assert "mười ngày làm việc" in said(page.cssselect(".body")[0])
    notice = page.cssselect(".notice")[0]
    assert "bản 1 trong 2" in said(notice)
    newest, compared = (link.get("href") for link in notice.cssselect("a"))
    assert "năm ngày" in said((await see(browser, newest)).cssselect(".body")[0])
    assert (await see(browser, compared)).cssselect("ins")


async def test_history_lists_every_version(browser):
    rows = (await see(browser, f"/record/{EDITED}")).cssselect(".history tbody tr")
    assert [said(row.cssselect("td")[0]) for row in rows] == ["2 đang xem", "1"]
    assert "thu thập" in said(rows[0])
    assert "+2 −1" in said(rows[0])
    assert rows[0].cssselect("td")[-1].cssselect("a")[0].get("href").endswith("/diff?from=1&to=2")


@pytest.mark.parametrize("query", ["", "?from=1&to=2", "?to=2"])
async def test_a_comparison_marks_words(browser, query):
    page = await see(browser, f"/record/{EDITED}/diff{query}")
    changes = page.cssselect(".changes")[0]
    assert [said(one) for one in changes.cssselect("del")] == ["mười"]
    assert [said(one) for one in changes.cssselect("ins")] == ["năm"]
    assert "từ không đổi" in said(changes.cssselect("summary")[0])
    assert [said(time) for time in page.cssselect(".sides time")] == ["18/07/2023 17:00", "19/07/2023 17:00"]


async def test_a_comparison_loses_no_word(browser):
    page = await see(browser, f"/record/{EDITED}/diff")
    for gone in page.cssselect(".changes del, .changes summary"):
        gone.drop_tree()
    shown = page.cssselect(".changes")[0].text_content()
    stored = (await browser.get(f"/api/v1/records/{EDITED}")).json()["body_text"]
    assert shown.split() == stored.split()


async def test_a_version_beside_itself(browser):
    page = await see(browser, f"/record/{EDITED}/diff?from=2&to=2")
    assert "Hai bản giống nhau" in said(page)


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/record/none", f"/record/{EDITED}?version=9", f"/record/{EDITED}/diff?from=1&to=9", "/record/",
     "/sources/", "/record/%00", f"/record/{EDITED.upper()}", "/static/../app.py", "/static/%2e%2e/app.py"],
)  # fmt: skip
async def test_what_is_not_there_has_a_page_too(browser, path):
    response = await browser.get(path)
    assert response.status_code == 404
    page = tree(response)
    assert "Không có trang này" in said(page.cssselect("h1")[0])
    assert page.cssselect(".nothing a")[0].get("href") == "/"


@pytest.mark.parametrize("path", EVERY_PAGE)
async def test_nothing_of_a_portal_comes_alive(browser, path):
    response = await browser.get(path)
    assert response.status_code < 500
    page = tree(response)
    assert not page.cssselect(
        "script, iframe, object, embed, form input[name=mat_khau], base, style, svg, img, meta[http-equiv]"
    )
    assert "\u202e" not in response.text
    for node in page.iter():
        if not isinstance(node.tag, str):
            continue
        for name, value in node.attrib.items():
            assert not name.startswith("on"), (node.tag, name)
            assert name != "style"
            if name in {"href", "src", "action"}:
                assert re.match(r"https?://|/(?!/)|#", value), value
                if value.startswith("http"):
                    assert "noreferrer" in node.get("rel", "")


async def test_hostile_words_are_still_readable(browser):
    page = await see(browser, f"/record/{HOSTILE}")
    assert page.cssselect("h1")[0].text_content().startswith("<script>alert(1)</script>")
    body = page.cssselect(".body")[0]
    assert "Cấp phép" in said(body)
    assert "nhấn" in said(body)
    assert "<img src=x onerror=alert(12)>" in said(page.cssselect(".attachments")[0])
    (picture,) = body.cssselect("a.picture")
    assert said(picture) == "Ảnh trên cổng: Sơ đồ > 1"
    marked = await see(browser, "/?q=phep")
    assert "<script>alert(4)</script> &" in marked.cssselect(".snippet")[0].text_content()


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<h1>Một</h1>", "<h2>Một</h2>"),
        ('<p id="q" class="top" name="x">Một</p>', "<p>Một</p>"),
        ('<a href="/tin">Tin</a>', '<a rel="noopener noreferrer nofollow">Tin</a>'),
        ('<a href="//evil.example">Tin</a>', '<a rel="noopener noreferrer nofollow">Tin</a>'),
        ("<p>chưa đóng <b>đậm", "<p>chưa đóng <b>đậm</b></p>"),
        ("<img alt='Bản đồ'>", "Ảnh: Bản đồ"),
        ("<img src=' '>", ""),
        ("<table><tr><td colspan='2' onclick='x'>1</td></tr></table>",
         '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>'),
    ],
)  # fmt: skip
def test_bodies_are_inert(html, shown):
    assert present.body(html, "Ảnh") == shown


def test_a_deep_body_is_no_trap():
    assert "x" in present.body("<div>" * 20_000 + "x", "Ảnh")


@pytest.mark.parametrize(
    "url", ["javascript:x", "JAVASCRIPT:x", " https://a", "data:x", "//a", "/a", "", None, "https:a", "https://\\a"]
)
def test_addresses_that_are_none(url):
    assert present.address(url) == ""
