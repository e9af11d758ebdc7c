"""The sample portal's pages of procedures, their files, and the national portal beside it."""

import io
import json
import re
import unicodedata
import zipfile
import zlib

import httpx
import pytest
from lxml import html as lxml_html

from sample import attachments, procedures
from sample.announcements import IN_DOCX, LIFE, SCANNED
from sample.portal import CommandError, Portal
from sample.records import heads, records
from sample.server import running

CODE = re.compile(r"\d\.\d{6}(?=\.000\.00\.00\.H56)")


@pytest.fixture(scope="module")
def site():
    with running(articles=12, procedures=True) as site, httpx.Client(base_url=site.url) as client:
        yield site, client


@pytest.fixture
def fresh():
    with running(articles=12, procedures=True) as site, httpx.Client(base_url=site.url) as client:
        yield site, client


def titled(site, start):
    (found,) = (one for one in procedures.articles().values() if one.head.title.startswith(start))
    return site.portal.find(found.head.path)


def pdf_text(content):
    """The text of one of our own PDF files by the map to Unicode that it carries, page after page."""
    streams = [
        zlib.decompress(one)
        for one in re.findall(rb"/FlateDecode[^>]*>>\nstream\n(.*?)\nendstream", content, re.DOTALL)
    ]
    (mapping,) = (one for one in streams if one.startswith(b"/CIDInit"))
    pairs = re.findall(rb"<(\w{4})> <(\w{4,8})>\n", mapping + b"\n")
    letters = {glyph: bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs}
    pages = [one for one in streams if one.startswith(b"BT ")]
    return [
        "\n".join(
            "".join(letters[glyph] for glyph in re.findall(rb"\w{4}", line))
            for line in re.findall(rb"<(\w*)> Tj", page)
        )
        for page in pages
    ]


def docx_text(content):
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "\n".join(lxml_html.fromstring(packed.read("word/document.xml")).itertext())


def test_they_stand_behind_all_other_articles_and_change_none():
    plain, whole = Portal(40), Portal(40, procedures=True)
    assert whole.urls()[:40] == plain.urls()
    assert len(whole.urls()) == 40 + len(procedures.articles()) == 76
    assert [whole.article(index) for index in range(40)] == [plain.article(index) for index in range(40)]
    assert whole.count("procedures") == plain.count("procedures") + 36
    assert whole.count("news") == plain.count("news")


def test_every_page_and_file_is_served(site):
    portal, client = site
    for article in procedures.articles().values():
        response = client.get(article.head.path)
        page = lxml_html.document_fromstring(response.content)
        assert response.status_code == 200
        assert (
            unicodedata.normalize("NFC", page.xpath('string(//p[@class="tandan-p-article-news-title"])')).split()
            == article.head.title.split()
        )
        for file in article.attachments:
            assert client.get(file.href).status_code == 200
    assert not Portal(12).find(procedures.articles()[procedures.FIRST_INDEX].head.path)
    assert portal.portal.document("/portal/vanban/2025-07/khong-co.pdf") is None


def test_a_page_of_a_procedure_says_what_its_record_says(site):
    portal, client = site
    for record in records():
        if not (record.steps and record.legal_basis):
            continue
        page = lxml_html.document_fromstring(client.get(titled(portal, record.name).head.path).content)
        (body,) = page.xpath('//*[@class="ms-rtestate-field" or @id="art-content"][.//table]')
        text = " ".join(body.text_content().split())
        for said in (record.decision, record.field, *record.applicants, *(paper.name for paper in record.dossier)):
            assert said in text
        assert text.count(".000.00.00.H56") == 1
        assert all(basis.number in text for basis in record.legal_basis)


def test_forty_procedures_stand_in_one_table_with_merged_cells(site):
    portal, client = site
    page = lxml_html.document_fromstring(client.get(titled(portal, "Danh mục 40").head.path).content)
    (table,) = page.xpath('//table[.//th[@colspan="2"]]')
    codes = CODE.findall(table.text_content())
    assert len(codes) == len(set(codes)) == 40
    assert set(codes) <= {one.code for one in heads()}
    assert table.xpath('.//td[@rowspan!="1"]')
    assert table.xpath(".//tr[3]/td/text()") == ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"]


def test_a_decision_tells_its_procedures_in_the_attached_file_alone(site):
    portal, client = site
    article = titled(portal, f"Quyết định số {IN_DOCX.number}")
    response = client.get(article.head.path)
    assert not CODE.search(response.text)
    decision, annex = (client.get(file.href) for file in article.attachments)
    assert f"Số: {IN_DOCX.number}" in pdf_text(decision.content)[0]
    assert [len(found) for _, found in IN_DOCX.parts()] == [3, 5, 2]
    assert CODE.findall(docx_text(annex.content)) == [one.code for _, found in IN_DOCX.parts() for one in found]


def test_the_scanned_decision_has_no_text(site):
    portal, client = site
    (scan,) = titled(portal, f"Quyết định số {SCANNED.number}").attachments
    content = client.get(scan.href).content
    assert content.startswith(b"%PDF-1.4")
    assert b"/CCITTFaxDecode" in content
    assert not any(pdf_text(content))


def test_the_life_of_a_procedure_is_told_on_four_pages(site):
    portal, client = site
    told = []
    for decision in LIFE:
        page = lxml_html.document_fromstring(
            client.get(titled(portal, f"Quyết định số {decision.number} ").head.path).content
        )
        told.append([CODE.findall(" ".join(table.itertext())) for table in page.xpath("//table[.//th]")])
    assert told == [[["1.013436"]], [["1.013436"]], [["1.013436", "1.013437"]], [["1.013437"]]]
    assert [decision.signed for decision in LIFE] == sorted(decision.signed for decision in LIFE)


@pytest.mark.parametrize(
    ("title", "kind", "start"),
    [
        ("Mẫu đơn đề nghị cấp lại Thẻ", "application/octet-stream", b"\xd0\xcf\x11\xe0"),
        ("Bộ hồ sơ mẫu", "application/x-zip-compressed", b"PK"),
        ("Hồ sơ trình", "application/pdf", b"%PDF-"),
        ("Quy trình nội bộ giải quyết thủ tục hành chính", "application/pdf", b"%PDF-"),
        ("Báo cáo rà soát", "application/pdf", b"<!DOCTYPE html>"),
    ],
)
def test_files_that_are_hard_to_read(site, title, kind, start):
    client = site[1]
    (found,) = (one for one in procedures.articles().values() if one.head.title.startswith(title))
    response = client.get(found.attachments[0].href)
    assert response.headers["content-type"] == kind
    assert response.content.startswith(start)


def test_what_is_wrong_with_them():
    assert b"/Encrypt" in attachments.special("encrypted.pdf")
    assert b"%%EOF" not in attachments.special("cut.pdf")
    names = zipfile.ZipFile(io.BytesIO(attachments.special("hostile.zip"))).namelist()
    assert {"../../ngoai-thu-muc.txt", "/tmp/tuyet-doi.txt", "phu-luc.docx"} <= set(names)
    pages = pdf_text(attachments.special("long.pdf"))
    assert len(pages) == 200
    assert [page.split("\n")[0] for page in pages[::199]] == ["Trang 1 trên 200", "Trang 200 trên 200"]
    with pytest.raises(KeyError):
        attachments.special("khong-co.pdf")


def test_the_same_files_are_made_each_time():
    names = ("annex.docx", "decision.pdf", "scanned.pdf", "hostile.zip")
    before = [attachments.special(name) for name in names]
    attachments.special.cache_clear()
    assert [attachments.special(name) for name in names] == before


def test_a_file_changes_under_a_page_that_does_not(fresh):
    site, client = fresh
    article = titled(site, "Danh mục thủ tục hành chính cập nhật")
    page, file = client.get(article.head.path), client.get(article.attachments[0].href)
    told = site.control(do="rewrite", path=article.head.path, body="Danh mục mới.")
    assert told["document"] == article.attachments[0].href
    again = client.get(told["document"], headers={"If-None-Match": file.headers["etag"]})
    assert again.status_code == 200
    assert docx_text(again.content) == "Danh mục\nDanh mục mới."
    assert client.get(told["document"], headers={"If-None-Match": again.headers["etag"]}).status_code == 304
    shown = [
        re.search("(?s)<div class=.tandan-div-article.*?tandan-div-pager", one.text)[0]
        for one in (page, client.get(article.head.path))
    ]
    assert re.sub(r"Lượt xem: \d+", "", shown[0]) == re.sub(r"Lượt xem: \d+", "", shown[1])


def test_an_ordinary_file_can_be_rewritten_too(fresh):
    site, client = fresh
    article = next(site.portal.find(path) for path in site.portal.urls() if site.portal.find(path).attachments)
    before = client.get(article.attachments[0].href).content
    told = site.control(do="rewrite", path=article.head.path, title="Bản mới", body="Một.")
    after = client.get(told["document"]).content
    assert before != after
    assert pdf_text(after) == ["Bản mới\nMột."]


def test_a_file_is_added_to_any_article(fresh):
    site, client = fresh
    path = site.portal.urls()[0]
    before = site.portal.find(path)
    told = site.control(do="attach", path=path, title="Phụ lục bổ sung", body="Một.\nHai.")
    after = site.portal.find(path)
    assert [file.title for file in after.attachments] == [
        *(file.title for file in before.attachments),
        "Phụ lục bổ sung",
    ]
    assert after.paragraphs == before.paragraphs
    assert told["document"] in client.get(path).text
    assert pdf_text(client.get(told["document"]).content) == ["Phụ lục bổ sung\nMột.\nHai."]
    second = site.control(do="attach", path=path)
    assert second["document"] != told["document"]
    site.control(do="edit", path=path, title="Tên khác")
    assert len(site.portal.find(path).attachments) == len(before.attachments) + 2


def test_a_file_that_is_not_there_cannot_be_rewritten():
    portal = Portal(4)
    with pytest.raises(CommandError, match="attach one first"):
        portal.control({"do": "rewrite", "path": portal.urls()[0]})


def asked(client, **params):
    return client.post("/jsp/rest.jsp", data={"params": json.dumps(params)})


def test_the_national_portal_lists_all_procedures_page_by_page(site):
    client, codes, page = site[1], [], 1
    while True:
        rows = asked(
            client, service="procedure_advanced_search_service_v2", recordPerPage=50, pageIndex=page, keyword=""
        ).json()
        if not rows:
            break
        assert {row["AMOUNT"] for row in rows} == {str(len(heads()) + len(records()))}
        codes += [row["PROCEDURE_CODE"] for row in rows]
        page += 1
    assert codes == [one.code for one in (*records(), *heads())]


def test_the_national_portal_finds_by_keyword_and_shows_a_procedure(site):
    client, record = site[1], records()[5]
    (row,) = asked(client, service="procedure_advanced_search_service_v2", keyword=record.name).json()
    assert (row["PROCEDURE_CODE"], row["AMOUNT"], row["FIELD_NAME"]) == (record.code, "1", record.field)
    by_id, by_code = (
        client.get("/p/home/dvc-chi-tiet-thu-tuc-hanh-chinh.html", params={"ma_thu_tuc": asked_for})
        for asked_for in (row["ID"], record.code)
    )
    assert by_id.content == by_code.content
    rows = lxml_html.document_fromstring(by_id.content).xpath('//*[@id="popupChitietTTHC"]//div[@class="info-row"]')
    told = {one[0].text_content(): one[1].text_content() for one in rows}
    assert (told["Mã thủ tục"], told["Tên thủ tục"]) == (record.code, record.name)
    assert len(told) == 18
    steps = asked(client, service="procedure_get_impl_orders_by_proc_id_service_v2", id=row["ID"]).json()
    assert [step["CONTENT"] for step in steps] == record.steps.split("\n")
    form = client.get("/web/jsp/download_file.jsp", params={"ma": record.code})
    assert record.code in docx_text(form.content)


def test_the_national_portal_says_what_it_does_not_have(site):
    client = site[1]
    assert asked(client, service="khong_co").json() == []
    assert client.post("/jsp/rest.jsp", data={"params": "{"}).status_code == 500
    assert client.post("/jsp/rest.jsp", data={}).status_code == 500
    assert client.get("/p/home/dvc-chi-tiet-thu-tuc-hanh-chinh.html").status_code == 404
    assert client.get("/web/jsp/download_file.jsp", params={"ma": heads()[0].code}).status_code == 404
