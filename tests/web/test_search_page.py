"""The search page as people use it: words, filters, facets, languages, and whatever else gets typed."""

from urllib.parse import urlencode

import pytest
from odd_queries import ODD
from small_archive import EDITED, GONE, HOSTILE, PAPER, opened, said, straight, tree

from scraper.config import Config
from storage.search.answer import MOST_HITS


async def look(browser, **query):
    response = await browser.get("/", params=query)
    assert response.status_code == 200, response.text
    return tree(response)


def titles(page):
    return [link.get("href").removeprefix("/record/") for link in page.cssselect(".hits h2 a")]


async def test_without_words_the_newest_come_first_with_the_totals(browser):
    page = await look(browser)
    assert titles(page)[0] == HOSTILE  # of 2024
    assert set(titles(page)) == {EDITED, HOSTILE, GONE}
    assert said(page.cssselect(".totals")[0]) == "3 bài · 3 nguồn · thu thập lần cuối 18/07/2023 17:03"
    assert page.cssselect("input[name=q]")[0].get("autofocus") is not None


async def test_words_without_accents_find_and_mark_those_with_accents(browser):
    page = await look(browser, q="thoi han giai quyet")
    assert titles(page) == [EDITED]
    marked = " ".join(mark.text_content() for mark in page.cssselect(".snippet mark"))
    assert marked == "Thời hạn giải quyết"
    assert page.cssselect("input[name=q]")[0].get("value") == "thoi han giai quyet"
    assert "1 kết quả" in said(page.cssselect(".totals")[0])


async def test_a_hit_tells_its_source_date_and_place(browser):
    hit = (await look(browser, q="khen thưởng")).cssselect(".hits li")[0]
    assert "18/07/2023 16:24" in said(hit)
    assert "Sở Nội vụ tỉnh Thanh Hóa" in said(hit)
    (link,) = hit.cssselect(".of a")
    assert "noreferrer" in link.get("rel")
    assert link.get("href").startswith("https://snv.thanhhoa.gov.vn/")
    assert hit.cssselect("time")[0].get("datetime") == "2023-07-18T16:24:00+07:00"


async def test_a_hit_in_a_document_says_in_which_one_and_on_what_page(browser):
    page = await look(browser, q="biểu mẫu phụ lục thứ hai")
    (hit,) = page.cssselect(".hits li")
    assert "Trong tệp Phụ lục <u>1</u> › ../../<i>mật</i>.pdf, trang 2" in said(hit)
    assert hit.cssselect("p.of a[lang=vi]")[-1].get("href") == f"/record/{EDITED}#{PAPER}"
    assert "<b>đậm</b>" in said(hit.cssselect(".snippet")[0])


async def test_a_day_is_shown_without_a_time_and_a_strange_address_is_no_link(browser):
    hit = (await look(browser, kind="procedure")).cssselect(".hits li")[0]
    assert said(hit.cssselect("time")[0]) == "05/02/2024"
    assert not hit.cssselect(".of a")
    assert "<script>alert(1)</script>" in hit.cssselect("h2")[0].text_content()


async def test_what_is_gone_says_so_and_a_missing_date_too(browser):
    hit = (await look(browser, q="đã rút")).cssselect(".hits li")[0]
    assert "Không còn trên cổng" in said(hit)
    assert "không rõ ngày" in said(hit)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"source": "lam-dong/ubnd"}, {HOSTILE}),
        ({"kind": "procedure"}, {HOSTILE}),
        ({"from": "2024-01-01"}, {HOSTILE}),
        ({"from": "2023-07-18", "to": "2023-07-18", "q": "khen"}, {EDITED}),
        ({"from": "18/07/2023", "to": "18/07/2023", "q": "khen"}, {EDITED}),
        ({"to": "9999-12-31"}, {EDITED, HOSTILE, GONE}),
        ({"from": "0001-01-01", "kind": "", "source": "", "to": ""}, {EDITED, HOSTILE, GONE}),
        ({"source": "nobody"}, set()),
        ({"kind": "'; drop table articles"}, set()),
        ({"sort": "anything", "q": "khen"}, {EDITED}),
    ],
)
async def test_filters(browser, query, found):
    assert set(titles(await look(browser, **query))) == found


async def test_filters_stay_in_the_form(browser):
    page = await look(browser, q="a", source="nobody", kind="procedure", sort="newest", **{"from": "2024-01-01"})
    chosen = {option.getparent().get("name"): option.get("value") for option in page.cssselect("option[selected]")}
    assert chosen == {"source": "nobody", "kind": "procedure", "sort": "newest"}
    assert page.cssselect("input[name=from]")[0].get("value") == "2024-01-01"


async def test_facets_count_and_narrow_and_let_go(browser):
    page = await look(browser)
    facets = {said(link.cssselect("span")[0]): link for link in page.cssselect(".facets a")}
    assert said(facets["Sở Nội vụ tỉnh Thanh Hóa"].cssselect(".count")[0]) == "2"
    assert "Thủ tục" in facets
    narrowed = tree(await browser.get(facets["2024"].get("href")))
    assert titles(narrowed) == [HOSTILE]
    (chosen,) = narrowed.cssselect(".facets a[aria-current]")
    assert len(titles(tree(await browser.get(chosen.get("href"))))) == 3


async def test_it_says_how_a_query_was_understood_where_that_is_news(browser):
    assert said((await look(browser, q="42/2022/NĐ-CP")).cssselect(".understood")[0]).endswith("≈ số:42/2022/NĐ-CP")
    assert not (await look(browser, q="Khen  Thưởng,")).cssselect(".understood")
    assert (await look(browser, q="***")).cssselect(".understood")


async def test_no_hits_give_hints(browser):
    page = await look(browser, q="không-có-từ-này", kind="article")
    assert "Không tìm thấy gì" in said(page.cssselect(".nothing")[0])
    (link,) = page.cssselect(".nothing a")
    assert "kind" not in link.get("href")


async def test_an_empty_archive_has_a_page(settings: Config):
    async with opened(settings) as browser:
        assert "Kho chưa có bài nào" in said(await look(browser))
        assert (await browser.get("/sources")).status_code == 200
        assert (await browser.get("/api/v1/search", params={"q": "a"})).json()["total"] == 0


async def test_pages_follow_each_other(browser, monkeypatch):
    monkeypatch.setattr("web.pages.PER_PAGE", 2)
    first = await look(browser)
    second = tree(await browser.get(first.cssselect(".pages a")[0].get("href")))
    assert sorted(titles(first) + titles(second)) == sorted([EDITED, HOSTILE, GONE])
    assert not second.cssselect(".pages a")
    assert "Về trang đầu" in said(second)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"from": "hôm qua"}, "không phải là một ngày: hôm qua"),
        ({"to": "2023-02-30"}, "không phải là một ngày: 2023-02-30"),
        ({"from": "2024-01-01", "to": "2023-01-01"}, "nằm sau"),
        ({"cursor": "-1"}, "Không có trang kết quả này"),
        ({"cursor": "999999999"}, "Không có trang kết quả này"),
        ({"cursor": "0" * 5000 + "1"}, "Không có trang kết quả này"),
        ({"cursor": "000000000" + "9" * 30}, "Không có trang kết quả này"),
        ({"cursor": "NaN"}, "Không có trang kết quả này"),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_words(browser, query, message):
    response = await browser.get("/", params={"q": "khen", **query})
    assert response.status_code == 400
    page = tree(response)
    assert message in said(page.cssselect(".notice.bad")[0])
    assert page.cssselect("input[name=q]")[0].get("value") == "khen"


STRANGE = [
    '"', "'", '"""', "(", ")", "*", "^", "NEAR(", "AND", "OR NOT", "-x", '-"x y"', "a.b", "col:x", "42/2022/NĐ-CP",
    "\x00", "a\x00b", "🎉", "đ" * 100_000, "a " * 50_000, "%", "\\", "<script>alert(1)</script>", "{{ 7*7 }}",
    "';--", "\u202e", "\ufeff", "a\u0301" * 300, "１２", "[1 TO 2]", "~1", "+", "-", "--", '-"', "٣", "\ud7ff", "a\nb",
]  # fmt: skip


@pytest.mark.parametrize("typed", STRANGE, ids=lambda typed: ascii(typed[:20]))
async def test_any_text_may_be_typed(browser, typed):
    for path in ("/", "/api/v1/search"):
        for name in ("q", "source", "kind", "cursor", "from", "to", "lang", "sort"):
            status, text = await straight(browser, path, urlencode({name: typed}).encode())
            assert status in {200, 400}, (path, name, text[:300])
            assert "<script" not in text or path != "/"
            assert len(text) < 1_000_000
    for path in ("/record/{}", "/record/{}/diff", "/api/v1/records/{}", "/api/v1/records/{}/history"):
        status, text = await straight(browser, path.format(typed.replace("/", "") or "x"))
        assert status == 404, (path, text[:300])


@pytest.mark.parametrize("raw", ["%ED%A0%80", "%FF%FE", "%", "%zz", "%00", "&&==", "q=1&q=2", "%E1%BA"])
async def test_any_bytes_may_come(browser, raw):
    for path in ("/?q=", "/?source=", "/api/v1/search?q=", "/record/", "/api/v1/records/", "/static/", "/?lang="):
        assert (await browser.get(path + raw)).status_code in {200, 400, 404}


@pytest.mark.parametrize("number", ["0", "-1", "1e3", "NaN", "9" * 30, "9" * 5000, "٣", "2 ", ""])
async def test_any_number_may_be_asked_for(browser, number):
    for path in (
        f"/record/{EDITED}?version=", f"/record/{EDITED}/diff?from=", f"/record/{EDITED}/diff?from=1&to=",
        f"/api/v1/records/{EDITED}?version=", f"/api/v1/records/{EDITED}/diff?from=", "/api/v1/events?since=",
        "/api/v1/search?limit=", "/api/v1/events?limit=",
    ):  # fmt: skip
        assert (await browser.get(path + number)).status_code in {200, 400, 404}


async def test_english_by_address_then_by_cookie(browser):
    assert (await look(browser)).get("lang") == "vi"
    english = await browser.get("/", params={"lang": "en", "q": "khen"})
    assert tree(english).get("lang") == "en"
    assert "1 result" in said(tree(english))
    assert "2023-07-18 16:24" in said(tree(english))
    assert "HttpOnly" in english.headers["set-cookie"]
    again = tree(await browser.get(f"/record/{EDITED}"))
    assert again.get("lang") == "en"
    assert again.cssselect("article")[0].get("lang") == "vi"
    back = again.cssselect(".top nav a[hreflang]")[0]
    assert back.text == "Tiếng Việt"
    assert tree(await browser.get(back.get("href"))).get("lang") == "vi"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [("en-US,en;q=0.9", "en"), ("vi-VN,vi;q=0.9,en;q=0.8", "vi"), ("fr", "vi"), ("en;q=0", "vi"), (";;,q=,=", "vi")],
)
async def test_the_browsers_language(filled, wishes, language):
    async with opened(filled, **{"Accept-Language": wishes}) as browser:
        assert (await look(browser)).get("lang") == language
        assert tree(await browser.get("/?lang=xx")).get("lang") == language


async def test_the_language_link_keeps_the_search(browser):
    page = await look(browser, q='"khen thưởng" & <b>', source="thanh-hoa/snv")
    other = tree(await browser.get(page.cssselect(".top nav a[hreflang]")[0].get("href")))
    assert other.cssselect("input[name=q]")[0].get("value") == '"khen thưởng" & <b>'
    assert other.cssselect("option[value='thanh-hoa/snv']")[0].get("selected") is not None


async def test_limits_are_clamped(browser):
    assert len((await browser.get("/api/v1/search", params={"limit": 10**6})).json()["hits"]) <= MOST_HITS
    assert len((await browser.get("/api/v1/search", params={"limit": -5})).json()["hits"]) == 1


async def test_trouble_is_told_with_its_place_and_in_the_readers_language(browser):
    page = await look(browser, q="khen loai:<b>bài</b>")
    (trouble,) = page.cssselect(".trouble")
    assert "không có loại “<b>bài</b>”" in said(trouble)
    assert said(trouble.cssselect("mark")[0]) == "<b>bài</b>"
    assert titles(page) == [EDITED]
    english = await look(browser, q="khen tu:31/02/2023", lang="en")
    assert "is not a date" in said(english.cssselect(".trouble")[0])


async def test_other_words_that_were_searched_for_are_links(browser):
    page = await look(browser, q="TTHC")
    (also,) = [one for one in page.cssselect(".understood") if one.cssselect("a")]
    assert said(also) == "Tìm cả: thủ tục hành chính (cách viết khác của tthc)"
    assert also.cssselect("a")[0].get("href").startswith("/?q=th%E1%BB%A7+t%E1%BB%A5c")


async def test_a_slip_gets_a_link_to_what_was_probably_meant(browser):
    page = await look(browser, q="khen thuowrng nguon:thanh-hoa")
    links = [one for one in page.cssselect(".understood a") if "khen" in one.text_content()]
    assert [said(one) for one in links] == ["khen thưởng nguon:thanh-hoa"]
    assert titles(tree(await browser.get(links[0].get("href")))) == [EDITED]


async def test_a_facets_other_values_stay_and_what_was_chosen_can_be_let_go(browser):
    page = await look(browser, source="lam-dong/ubnd", kind="article")
    assert titles(page) == []
    chosen = page.cssselect(".facets a[aria-current]")
    assert len(chosen) == 2
    labels = {said(link.cssselect("span")[0]) for link in page.cssselect(".facets a")}
    assert "Sở Nội vụ tỉnh Thanh Hóa" in labels
    assert "Thủ tục" in labels


@pytest.mark.parametrize("typed", ODD)
async def test_whatever_is_typed_the_page_and_the_api_answer(browser, typed):
    typed = typed[:10_000].encode("utf-8", "replace").decode()
    for path in ("/", "/api/v1/search"):
        response = await browser.get(path, params={"q": typed})
        assert response.status_code == 200
