"""What holds for the whole site: headers, texts in both languages, the small addresses, failures of our own."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from small_archive import EDITED, EVERY_PAGE, opened, tree

import alerts.words
import web
from alerts.words import read
from storage.causes import Cause
from storage.verdicts import Verdict
from web import texts

WEB = Path(web.__file__).parent
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
PLACES = [
    *EVERY_PAGE, "/healthz", "/robots.txt", "/static/congtin.css", "/static/congtin.svg", "/static/nowhere",
    "/api/v1/search", "/api/v1/openapi.json", "/api/v1/records/none", "/api/v1/search?sort=x", "/favicon.ico",
]  # fmt: skip


def check_headers(response):
    assert response.headers.get_list("Content-Security-Policy") == [CSP]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("path", PLACES)
async def test_every_response_has_the_headers(browser, path):
    check_headers(await browser.get(path))
    check_headers(await browser.post(path))


async def test_a_fault_of_ours_is_a_page_with_headers_and_no_details(filled, monkeypatch):
    def broken(*_):
        raise RuntimeError("sqlite:///secret.db")

    monkeypatch.setattr("web.archive.Archive.search", broken)
    async with opened(filled) as browser:
        for path in ("/?lang=en", "/api/v1/search"):
            response = await browser.get(path)
            assert response.status_code == 500
            assert "secret" not in response.text
            check_headers(response)
        assert response.json()["error"]


async def test_small_addresses(browser):
    assert (await browser.get("/healthz")).json() == {"status": "ok"}
    assert "Disallow: /\n" in (await browser.get("/robots.txt")).text
    assert (await browser.get("/static/congtin.css")).headers["content-type"].startswith("text/css")
    assert (await browser.head("/")).status_code == 200
    assert (await browser.post("/")).status_code == 405


async def test_sources_and_how_they_are(browser):
    page = tree(await browser.get("/sources"))
    rows = [" ".join(" ".join(row.itertext()).split()) for row in page.cssselect("tbody tr")]
    assert len(rows) == 3
    assert any(
        "Sở Nội vụ tỉnh Thanh Hóa thanh-hoa/snv tốt 18/07/2023 17:03 18/07/2023 17:03 2 0" in row for row in rows
    )
    assert any("Cổng tỉnh Lâm Đồng" in row and "chưa thu thập" in row for row in rows)
    blocked = "x/unnamed bị chặn Cổng từ chối trả lời (403 hoặc 429). <b>403</b> 18/07/2023 17:03 chưa có dữ liệu cũ"
    assert any(blocked in row for row in rows)
    english = tree(await browser.get("/sources", params={"lang": "en"}))
    assert "The portal refuses to answer (403 or 429)." in english.text_content()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_cause_and_verdict_has_its_sentence(language):
    said = texts.load(language)
    assert all(said.word("cause", one) != one.value for one in Cause)
    assert all(said.word("verdict", one) != one for one in get_args(Verdict) if language == "vi")


async def test_reading_changes_nothing_in_the_database(browser, filled):
    file = filled.data / "congtin.db"
    before = file.read_bytes()
    for path in PLACES:
        await browser.get(path)
    assert file.read_bytes() == before


async def test_every_page_is_there_in_english(browser):
    for path in EVERY_PAGE:
        page = tree(await browser.get(path, params={"lang": "en"}))
        assert page.get("lang") == "en"


def words(language):
    return tomllib.loads((texts.FOLDER / f"{language}.toml").read_text("utf-8"))


def keys(language):
    return {f"{group}.{key}": text for group, said in words(language).items() for key, text in said.items()}


def test_both_languages_say_the_same_things():
    vietnamese, english = keys("vi"), keys("en")
    assert set(vietnamese) == set(english)
    for key, text in vietnamese.items():
        assert text
        assert english[key]
        if not key.startswith("date."):
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key


def test_pages_use_the_texts_that_there_are_and_no_others():
    sources = "\n".join(file.read_text("utf-8") for file in [*WEB.glob("templates/*.html"), *WEB.glob("*.py")])
    groups = "|".join(words("vi"))
    used = set(re.findall(r'\b(?:t|said|self)\("([a-z_]+\.[a-z_]+)"', sources))
    used |= set(re.findall(rf'"((?:{groups})\.(?!html")[a-z_]+)"', sources)) - {"record.updated", "record.withheld"}
    prefixes = set(re.findall(r't\("([a-z]+\.)" ~', sources)) | {
        f"{group}." for group in re.findall(r'\.word\("([a-z]+)"', sources)
    }
    counted = set(re.findall(r't\.count\("([a-z._]+)"', sources))
    own = set(keys("vi"))
    there = own | set(read(alerts.words.FOLDER / "vi.toml"))
    assert used <= there
    assert {f"{key}_one" for key in counted} <= there
    assert all(any(key.startswith(prefix) for key in there) for prefix in prefixes)
    unused = {key for key in own - used if key.removesuffix("_one") not in counted}
    assert not {key for key in unused if not key.startswith(tuple(prefixes))}


def test_templates_hold_no_text_of_their_own():
    for file in WEB.glob("templates/*.html"):
        bare = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", file.read_text("utf-8"), flags=re.DOTALL)
        bare = re.sub(r"<[^>]*>", "", bare)
        assert not re.search(r"[^\W\d_]{2,}", bare.replace("&amp;", "")), file.name


async def test_style_sheets_load_nothing_from_elsewhere():
    sheet = (WEB / "static" / "congtin.css").read_text("utf-8")
    assert "url(" not in sheet
    assert "@import" not in sheet


async def test_names_are_optional(filled):
    from web.app import create

    app = create(filled)
    async with app.router.lifespan_context(app):
        assert app.state.archive.name("thanh-hoa/snv") == "thanh-hoa/snv"
        assert app.state.archive.record(EDITED)["id"] == EDITED
