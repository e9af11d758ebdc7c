"""The list of procedures, a procedure's page, what changed in it, and the API's answers on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import known_procedures
import pytest
from databases import KINDS
from known_procedures import FESTIVAL, GUILD, HOUSE, MEDAL
from small_archive import opened, said, straight, tree

from storage.database import Database
from storage.identity import procedure_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from scraper.config import Config


@pytest.fixture
def told(settings: Config) -> dict[str, str]:
    database = Database(settings)
    ids = known_procedures.fill(database)
    database.close()
    return ids


@pytest.fixture
async def browser(settings: Config, told: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(settings) as client:
        yield client


def listed(page) -> list[str]:
    return [said(row) for row in page.cssselect("tbody tr")]


async def test_the_list_as_it_stands_today(browser):
    page = tree(await browser.get("/procedures"))
    rows = listed(page)
    assert len(rows) == 5
    assert any(
        row.startswith(f"{GUILD} Thành lập hội Tổ chức phi chính phủ · cấp bộ, cấp tỉnh Đã bị bãi bỏ") for row in rows
    )
    assert "5 thủ tục" in said(page.cssselect(".totals")[0])
    assert [link.get("aria-current") for link in page.cssselect('nav a[href="/procedures"]')] == ["page"]


async def test_filters_and_the_day_are_kept(browser):
    asked = {"as_of": "2024-05-03", "state": "in-force", "level": "bộ", "change": "abolished", "q": "hoi"}
    page = tree(await browser.get("/procedures", params=asked))
    (row,) = listed(page)
    assert "Còn hiệu lực" in row  # abolished by now, and not on that day
    assert page.cssselect("tbody a")[0].get("href").endswith("?as_of=2024-05-03")
    assert {one.get("value") for one in page.cssselect("option[selected]")} == {"in-force", "bộ", "abolished"}
    assert page.cssselect('input[name="as_of"]')[0].get("value") == "2024-05-03"
    assert "03/05/2024" in said(page.cssselect(".totals")[0])
    vietnamese = tree(await browser.get("/procedures", params={"as_of": "03/05/2024", "field": "Xây dựng"}))
    assert HOUSE in listed(vietnamese)[0]


async def test_what_no_list_can_answer_is_said(browser):
    assert (await browser.get("/procedures?as_of=x")).status_code == 400
    assert (await browser.get("/procedures?since=2024-13-01")).status_code == 400
    assert "Không tìm thấy" in (await browser.get("/procedures?q=khongco")).text
    for odd in ("state=x", "page=0", "page=-1", "page=99999999999", "level=%ff", "q=%00", "field=%ED%A0%80"):
        status, _ = await straight(browser, "/procedures", odd.encode())
        assert status == 200


async def test_the_list_comes_in_pages(browser, monkeypatch):
    monkeypatch.setattr("web.procedures.PER_PAGE", 2)
    first = tree(await browser.get("/procedures"))
    following = first.cssselect('a[rel="next"]')[0].get("href")
    second = tree(await browser.get(following))
    third = tree(await browser.get(second.cssselect('a[rel="next"]')[0].get("href")))
    assert [len(listed(page)) for page in (first, second, third)] == [2, 2, 1]
    assert not third.cssselect('a[rel="next"]')


async def test_a_procedures_page_has_its_life_and_what_it_says(browser, told):
    page = tree(await browser.get(f"/record/{MEDAL}"))
    assert said(page.cssselect("h1")[0]) == known_procedures.PAGE.name
    (step,) = page.cssselect(".timeline li")
    assert "01/02/2023" in said(step)
    assert "thủ tục hành chính mới ban hành" in said(step)
    assert f"/record/{told['decision']}" in [link.get("href") for link in step.cssselect("a")]
    whole = said(page.cssselect("article")[0])
    for words in (
        "20 ngày làm việc",
        "Trực tuyến",
        "Mẫu số 02",
        "98/2023/NĐ-CP",
        "<script>alert(1)</script>",
        "28 Lê Lợi",
    ):
        assert words in whole
    assert not page.cssselect("script")
    assert len(page.cssselect(".where li")) == 3
    versions = listed(page.cssselect("#history")[0])
    assert len(versions) == 3
    assert [link.get("href") for link in page.cssselect("#history td:last-child a")] == [
        f"/record/{procedure_id(MEDAL)}/diff?from=2&to=3"
    ]


async def test_a_procedures_page_on_another_day_and_in_another_version(browser):
    assert "Đã bị bãi bỏ" in said(tree(await browser.get(f"/record/{GUILD}")).cssselect(".standing")[0])
    before = tree(await browser.get(f"/record/{GUILD}?as_of=2024-05-31")).cssselect(".standing")[0]
    assert "Còn hiệu lực từ 10/01/2023" in said(before)
    older = tree(await browser.get(f"/record/{MEDAL}?version=2"))
    assert "25 ngày làm việc" in said(older.cssselect(".told")[0])
    assert older.cssselect(".notice")
    assert (await browser.get(f"/record/{MEDAL}?version=9")).status_code == 404
    assert (await browser.get("/record/1.999999")).status_code == 404


async def test_what_changed_in_a_procedure(browser):
    page = tree(await browser.get(f"/record/{MEDAL}/diff"))
    headings = [said(one) for one in page.cssselect("section h2")]
    assert headings == ["Thời hạn giải quyết", "Mọi mục trên trang"]
    assert [said(one) for one in page.cssselect("section ins")] == ["20", "20"]


async def test_an_article_leads_to_its_procedures_and_documents(browser, told):
    page = tree(await browser.get(f"/record/{told['decision']}"))
    links = {link.get("href"): said(link) for link in page.cssselect(".named a")}
    assert links[f"/record/{procedure_id(GUILD)}"] == "Thành lập hội"
    assert f"/record/{told['near']}" in links
    assert f"/record/{told['news']}" not in links
    back = tree(await browser.get(f"/record/{told['near']}"))
    assert back.cssselect(f'.named a[href="/record/{told["decision"]}"]')


async def test_search_has_one_hit_for_a_procedure_and_a_facet_of_fields(browser, told):
    page = tree(await browser.get("/?q=thu+tuc+tang+thuong+bang+khen"))
    assert [link.get("href") for link in page.cssselect(".hits h2 a")] == [f"/record/{procedure_id(MEDAL)}"]
    everything = tree(await browser.get("/"))
    narrowed = [link.get("href") for link in everything.cssselect(".facets a") if "field=" in link.get("href")]
    assert len(narrowed) == 4
    found = tree(await browser.get(narrowed[0]))
    assert len(found.cssselect(".hits li")) == 1


async def test_every_page_is_there_in_english(browser):
    for path in ("/procedures", f"/record/{MEDAL}", f"/record/{FESTIVAL}", f"/record/{GUILD}/diff"):
        page = tree(await browser.get(path, params={"lang": "en"}))
        assert page.get("lang") == "en"


@pytest.mark.parametrize("kind", KINDS, indirect=True)
async def test_the_api_gives_the_shapes_of_the_command_line(browser):
    asked = {"as_of": "2024-05-03", "state": "in-force", "limit": 2}
    found = (await browser.get("/api/v1/procedures", params=asked)).json()
    assert [one["code"] for one in found] == [HOUSE, MEDAL]
    assert {"id", "state", "state_since", "places", "versions", "timeline", "raw", "decision"} <= set(found[0])
    rest = (await browser.get("/api/v1/procedures", params=asked | {"offset": 2})).json()
    assert [one["code"] for one in rest] == [GUILD]
    shown = (await browser.get(f"/api/v1/records/{GUILD}", params={"as_of": "2024-05-03"})).json()
    assert shown["procedure"]["state"] == "in-force"
    history = (await browser.get(f"/api/v1/records/{GUILD}/history")).json()
    assert [one["step"]["change"] for one in history if one["step"]] == ["new", "abolished"]
    assert (await browser.get(f"/api/v1/records/{MEDAL}/diff")).json()["to"] == 3
    for wrong in ({"state": "x"}, {"change": "x"}, {"level": "x"}, {"as_of": "x"}, {"limit": 0}, {"offset": -1}):
        assert (await browser.get("/api/v1/procedures", params=wrong)).status_code == 400
