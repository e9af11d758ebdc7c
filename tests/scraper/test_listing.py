"""Listings: their rows, the way to the next page, and what a page is that holds neither rows nor an article."""
# ruff: noqa: E501 - a piece of markup reads best in one line

import pytest
import seed

from scraper.extract import read
from scraper.items import Page
from scraper.outcomes import Outcome

HERE = "https://snv.thanhhoa.gov.vn/portal/Pages/Tin-tuc.aspx"
HOST = "https://snv.thanhhoa.gov.vn"
ARTICLE = "/portal/Pages/2023-7-18/Hoi-nghi-so-ket-thi-dua{}.aspx"
ROWS = [(ARTICLE.format(n), f"Hội nghị sơ kết thi đua số {n}", f"(1{n}/07/2023 4:24 CH)") for n in range(1, 5)]
EXPECTED = [(HOST + link, title, f"2023-07-1{n}T16:24:00+07:00") for n, (link, title, _) in enumerate(ROWS, start=1)]


def reading(body, *, number=1, role="listing", url=HERE):
    markup = (
        "<!DOCTYPE html><html><head><title>Tin tức - CỔNG THÔNG TIN ĐIỆN TỬ SỞ NỘI VỤ TỈNH THANH HÓA</title></head>"
        f'<body><form method="post" action="./Tin-tuc.aspx" id="aspnetForm">{body}</form></body></html>'
    )
    return read(Page(url=url, body=markup.encode(), role=role, number=number), seed.source())


def told(found):
    return [(one.url, one.title, one.published and one.published.at.isoformat()) for one in found.entries]


def listed(form, rows=ROWS):
    return "".join(form.format(link=link, title=title, date=date, bare=date.strip("()")) for link, title, date in rows)


ROW_FORMS = {
    "channel, span": '<div><div class="channel-news-title"><a href="{link}">{title}</a> <span>{date}</span></div></div>',
    "channel, text": '<div class="channel-news-title"><a href="{link}">{title}</a> {date}</div>',
    "channel, date in the row around": (
        '<div class="item"><div class="channel-news-title"><a href="{link}">{title}</a></div><p>{bare}</p></div>'
    ),
    "channel, date before": '<li><i>{bare}</i><div class="channel-news-title"><a href="{link}">{title}</a></div></li>',
    "article titles": '<p class="tandan-p-article-news-title"><a href="{link}">{title}</a></p><span>{date}</span>',
    "article titles in rows": (
        '<div><p class="tandan-p-article-news-title"><a href="{link}">{title}</a></p><span>{date}</span></div>'
    ),
    "module titles": '<p class="tandan-p-module-news-title"><a href="{link}">{title}</a><span class="ngay">{date}</span></p>',
    "boxes": '<div class="TD-box-news-title"><a href="{link}">{title}</a>{date}</div>',
    "in the link": '<div class="channel-news-title"><a href="{link}">{title} {date}</a></div>',
    "whole title in an attribute": (
        '<div class="channel-news-title"><a href="{link}" title="{title}">Hội nghị sơ kết...</a> {date}</div>'
    ),
    "nothing but an attribute": '<div class="channel-news-title"><a href="{link}" title="{title}"></a> {date}</div>',
    "picture and title": (
        '<div><a href="{link}"><img src="a.jpg"></a><div class="channel-news-title">'
        '<a href="{link}"><img src="a.jpg"></a></div><div class="channel-news-title"><a href="{link}">{title}</a></div>'
        "<span>{bare}</span></div>"
    ),
    "title and more": (
        '<div><div class="channel-news-title"><a href="{link}">{title}</a></div><p>Tóm tắt.</p><span>{bare}</span>'
        '<div class="channel-news-title"><a href="{link}#top">Xem</a></div></div>'
    ),
    "unknown classes": '<div class="x-row"><h4><a href="{link}">{title}</a></h4><time>{bare}</time></div>',
    "other case": '<div class="x-row"><a href="{link}">{title}</a> {date}</div>',
}  # fmt: skip


@pytest.mark.parametrize("form", ROW_FORMS)
def test_rows(form):
    rows = listed(ROW_FORMS[form])
    if form == "other case":
        rows = rows.replace("/portal/Pages/", "/PORTAL/pages/")
    found = reading(f'<a href="/portal/Pages/default.aspx">Trang chủ</a><div class="TD-channel">{rows}</div>')
    assert (found.kind, found.outcome, found.title) == ("listing", Outcome.OK, "Tin tức")
    if form == "article titles":  # nothing holds a row together but the order
        assert [row[:2] for row in told(found)] == [row[:2] for row in EXPECTED]
    elif form == "other case":
        assert [row[1:] for row in told(found)] == [row[1:] for row in EXPECTED]
    else:
        assert told(found) == EXPECTED


def test_rows_of_a_table():
    rows = listed(
        '<tr><td>1</td><td><p class="tandan-p-module-news-title"><a href="{link}">{title}</a></p></td><td>{bare}</td></tr>'
    )
    assert told(reading(f"<table><tbody>{rows}</tbody></table>")) == EXPECTED


def test_row_without_a_date_takes_none_from_its_neighbour():
    rows = [ROWS[0], (*ROWS[1][:2], ""), ROWS[2]]
    found = reading(f"<ul>{listed(ROW_FORMS['channel, date in the row around'], rows)}</ul>")
    assert [row[2] for row in told(found)] == [EXPECTED[0][2], None, EXPECTED[2][2]]


def test_address_counts_once_and_in_the_order_of_the_page():
    found = reading(listed(ROW_FORMS["channel, text"], [ROWS[2], ROWS[0], ROWS[2]]))
    assert [row[0] for row in told(found)] == [EXPECTED[2][0], EXPECTED[0][0]]


def test_links_that_lead_nowhere_are_no_rows():
    rows = [
        ("javascript:void(0)", "Mở", ""),
        ("#", "Lên đầu", ""),
        ("", "Không", ""),
        ("mailto:a@b.vn", "Thư", ""),
        ROWS[0],
    ]
    assert told(reading(listed(ROW_FORMS["channel, text"], rows))) == EXPECTED[:1]


def test_more_links_than_a_listing_has_are_a_trap():
    rows = [(ARTICLE.format(n), f"Tin {n}", "") for n in range(6_000)]
    assert len(reading(listed(ROW_FORMS["channel, text"], rows)).entries) == 5_000


def test_cut_title_is_marked():
    found = reading(listed(ROW_FORMS["channel, text"], [(ROWS[0][0], "Hội nghị sơ kết, triển khai...", "")]))
    assert [(row.title, row.truncated) for row in found.entries] == [("Hội nghị sơ kết, triển khai...", True)]


def test_base_of_the_page_counts_and_that_of_another_host_does_not():
    rows = listed(ROW_FORMS["channel, text"], [("a.aspx", "Tin", "")])
    assert told(reading(f'<base href="/khac/b.aspx">{rows}'))[0][0] == f"{HOST}/khac/a.aspx"
    assert told(reading(f'<base href="https://evil.example/">{rows}'))[0][0] == f"{HOST}/portal/Pages/a.aspx"


# --- the way on

POSTBACK = "javascript:__doPostBack('ctl00$grv','Page${}')"
PAGERS = [
    ("selector", 1, '<span class="CurrentPage">1</span><a href="?PageIndex=2">2</a><a href="?PageIndex=3">3</a>', "?PageIndex=2"),
    ("selector, 2nd", 2, '<a href="?PageIndex=1">1</a><span class="CurrentPage">2</span><a href="?PageIndex=3">3</a>', "?PageIndex=3"),
    ("numbered only", 1, '<a href="?PageIndex=1">1</a> <a href="?PageIndex=2">2</a> <a href="?PageIndex=3">3</a>', "?PageIndex=2"),
    ("numbered, case", 1, '<a href="?pageindex=2">2</a> <a href="?pageindex=3">3</a>', "?pageindex=2"),
    ("numbered, other order", 2, '<a href="?PageIndex=9">Cuối</a><a href="?PageIndex=3">3</a>', "?PageIndex=3"),
    ("numbered, more parameters", 1, '<a href="?x=1&amp;PageIndex=2&amp;y=2">2</a>', "?x=1&PageIndex=2&y=2"),
    ("word", 1, '<a href="Tin-tuc-2.aspx">Tiếp</a>', "/portal/Pages/Tin-tuc-2.aspx"),
    ("word, capitals", 1, '<a href="Tin-tuc-2.aspx"><b>TIẾP THEO</b></a>', "/portal/Pages/Tin-tuc-2.aspx"),
    ("word, NFD", 1, '<a href="Tin-tuc-2.aspx">Trang tie\u0302\u0301p</a>', "/portal/Pages/Tin-tuc-2.aspx"),
    ("arrow", 1, '<a href="?PageIndex=2">&gt;</a>', "?PageIndex=2"),
    ("double arrow", 1, '<a href="?PageIndex=2">&raquo;</a>', "?PageIndex=2"),
    ("block of dots", 10, '<span>10</span><a href="?PageIndex=11">...</a>', "?PageIndex=11"),
    ("two blocks of dots", 11, '<a href="?PageIndex=10">...</a><span>11</span><a href="?PageIndex=12">12</a>', "?PageIndex=12"),
    ("last", 3, '<a href="?PageIndex=1">1</a><a href="?PageIndex=2">2</a><span class="CurrentPage">3</span>', None),
    ("last, arrow to itself", 3, '<span class="CurrentPage">3</span><a href="?PageIndex=3">&gt;</a>', None),
    ("last, arrow back", 3, '<span class="CurrentPage">3</span><a href="?PageIndex=2">&lt;</a>', None),
    ("last, word to the first", 3, '<a href="?PageIndex=1">Tiếp</a>', None),
    ("link to the page itself", 1, f'<a href="{HERE}">Tiếp</a>', None),
    ("another host", 1, '<a href="https://evil.example/?PageIndex=2">Tiếp</a>', None),
    ("script", 1, '<span class="CurrentPage">1</span><a href="javascript:next()">2</a>', None),
    ("none", 1, "", None),
]  # fmt: skip


@pytest.mark.parametrize(("number", "pager", "to"), [row[1:] for row in PAGERS], ids=[row[0] for row in PAGERS])
def test_next_page(number, pager, to):
    url = HERE if number == 1 else f"{HERE}?PageIndex={number}"
    onward = reading(listed(ROW_FORMS["channel, text"]) + f"<div>{pager}</div>", number=number, url=url).next_page
    expected = None if to is None else (HERE if to.startswith("?") else HOST) + to
    assert (onward and onward.url) == expected
    assert onward is None or onward.postback is None


POSTED = [
    ("numbers", 1, [(2, "2"), (3, "3")], "Page$2"),
    ("numbers, 2nd", 2, [(1, "1"), (3, "3")], "Page$3"),
    ("arrow", 1, [(2, "&gt;")], "Page$2"),
    ("dots on", 10, [(9, "9"), (11, "...")], "Page$11"),
    ("dots back and on", 11, [(10, "..."), (12, "12"), (21, "...")], "Page$12"),
    ("last", 3, [(1, "1"), (2, "2")], None),
    ("last, dots back", 11, [(10, "..."), (1, "Đầu")], None),
]


@pytest.mark.parametrize(("number", "links", "argument"), [row[1:] for row in POSTED], ids=[row[0] for row in POSTED])
def test_next_page_by_postback(number, links, argument):
    fields = (
        '<input type="hidden" name="__VIEWSTATE" value="/wEP+=="><input type=hidden name=__EVENTVALIDATION value="x/y">'
        '<input type="hidden" name="__EVENTTARGET" value="old"><input type="hidden" name="__EVENTARGUMENT" value="">'
        '<input name="ctl00$tim" value="đất đai"><input type="submit" name="ctl00$nut" value="Tìm">'
        '<input type="checkbox" name="a" value="1"><input type="checkbox" name="b" value="2" checked>'
        '<input type="text" name="c" value="3" disabled><input value="no name"><textarea name="d">chữ</textarea>'
        '<select name="e"><option value="">Tất cả</option><option selected>Nội vụ</option></select>'
        '<select name="f"><option value="first">1</option><option>2</option></select>'
    )
    pager = "".join(f'<td><a href="{POSTBACK.format(page)}">{label}</a></td>' for page, label in links)
    onward = reading(
        fields + listed(ROW_FORMS["channel, text"]) + f"<table><tr><td><span>{number}</span></td>{pager}</tr></table>",
        number=number,
    ).next_page
    if argument is None:
        assert onward is None
        return
    assert (onward.url, onward.postback.target, onward.postback.argument) == (HERE, "ctl00$grv", argument)
    assert onward.postback.fields == (
        ("__VIEWSTATE", "/wEP+=="),
        ("__EVENTVALIDATION", "x/y"),
        ("ctl00$tim", "đất đai"),
        ("b", "2"),
        ("d", "chữ"),
        ("e", "Nội vụ"),
        ("f", "first"),
    )


def test_pager_of_buttons_without_numbers():
    """A repeater's pager posts to a control per link, without an argument."""
    pager = "<a href=\"javascript:__doPostBack('ctl00$lbNext','')\">Trang sau</a>"
    onward = reading(listed(ROW_FORMS["channel, text"]) + pager).next_page
    assert (onward.postback.target, onward.postback.argument) == ("ctl00$lbNext", "")


# --- neither rows nor article

NOTHING = [
    ("listing", '<table class="grid"><tr><td>Không có dữ liệu</td></tr></table>', "listing", Outcome.EMPTY_OK),
    ("listing", "<p>Chưa có bài viết nào.</p>", "listing", Outcome.EMPTY_OK),
    ("detail", "<p>Không có dữ liệu</p>", "other", Outcome.DRIFT),
    ("listing", "<p>Xin chào</p>", "other", Outcome.DRIFT),
    ("detail", "<p>Xin chào</p>", "other", Outcome.DRIFT),
    ("any", "<p>Xin chào</p>", "other", Outcome.OK),
    ("listing", '<p>Đăng nhập</p><input name="u"><input TYPE="Password" name="p">', "login", Outcome.LOGIN),
    ("detail", '<p>Đăng nhập</p><input name="u"><input type="password" name="p">', "login", Outcome.LOGIN),
    (
        "listing",
        "<script>document.cookie='D1N=ab';window.location.reload(true);</script>",
        "blocked",
        Outcome.CHALLENGE,
    ),
    ("detail", "<script>document.cookie='D1N=ab';window.location.href='/';</script>", "blocked", Outcome.CHALLENGE),
    ("detail", "<h1>Just a moment...</h1><div id='cf-chl-widget'></div>", "blocked", Outcome.CHALLENGE),
    ("detail", "<p>Request Rejected. Please contact us. Your support ID is: 1234</p>", "blocked", Outcome.BLOCKED),
    ("listing", "<h1>Access Denied</h1>", "blocked", Outcome.BLOCKED),
    ("listing", "<p>Hệ thống đang bảo trì, mời bạn trở lại sau.</p>", "blocked", Outcome.MAINTENANCE),
    ("listing", "<p>Hệ thống đang được nâng cấp</p>", "blocked", Outcome.MAINTENANCE),
    ("detail", "<h1>Trang không tồn tại</h1><p>Mời bạn về trang chủ.</p>", "not_found", Outcome.SOFT404),
    ("detail", "<h2>KHÔNG TÌM THẤY TRANG</h2>", "not_found", Outcome.SOFT404),
    ("detail", "<h2>Bài viết bạn yêu cầu không tồn tại</h2>", "not_found", Outcome.SOFT404),
    ("detail", "<h2>Không tìm thấy bài viết</h2>", "not_found", Outcome.SOFT404),
    ("detail", "<p>Văn bản liên quan</p><p>Không tìm thấy văn bản!</p>", "other", Outcome.DRIFT),
    ("listing", '<div style="display:none"></div>', "other", Outcome.EMPTY),
    ("listing", "<script>var a = 1;</script>", "other", Outcome.EMPTY),
]


@pytest.mark.parametrize(("role", "body", "kind", "outcome"), NOTHING)
def test_neither_rows_nor_article(role, body, kind, outcome):
    found = reading(body, role=role)
    assert (found.kind, found.outcome) == (kind, outcome), found.message
    assert not found.entries
    assert found.message
    assert found.outcome is Outcome.OK or not found.outcome.trusted or found.outcome is Outcome.EMPTY_OK


@pytest.mark.parametrize(
    "body", [b"", b" \r\n ", b"\xef\xbb\xbf", b"<!-- -->", b"\x00\x00", b"<html></html>", b"<p></p>"]
)
@pytest.mark.parametrize("role", ["listing", "detail"])
def test_empty_answer_is_never_an_empty_listing(body, role):
    found = read(Page(url=HERE, body=body, role=role), seed.source())
    assert (found.kind, found.outcome) == ("other", Outcome.EMPTY)


def test_article_about_maintenance_is_an_article():
    body = (
        '<p class="tandan-p-article-news-title">Thông báo bảo trì</p><div class="ms-rtestate-field"><p>Hệ thống đang bảo '
        "trì. Access denied. Trang không tồn tại.</p></div>"
    )
    assert reading(body, role="detail").outcome is Outcome.OK


def test_article_page_with_a_login_form_beside_is_an_article():
    found = reading(
        '<input type="password" name="p">' + seed.page()[seed.page().index('<div class="TD-main-center') :],
        role="detail",
    )
    assert (found.kind, found.article.title) == ("article", seed.TITLE)
