"""Documents from a page's link to a search's hit: fetched, read, kept in versions, told of, and tried again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import papers
import pytest
from scripted import LISTING, ROW, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command import Congtin

SOURCE = """\
name = "Cổng thử"
url = "{url}"
platform = "sharepoint"
sections.news = ["/portal/Pages/Tin-tuc.aspx"]
"""
ARTICLE = """<html><body><p class="tandan-p-article-news-title">Công bố thủ tục</p>
<span class="tandan-span-date-publish">Đăng ngày 18 - 07 - 2023</span>
<div class="ms-rtestate-field"><p>Nội dung của tin, đủ dài để là một bài.</p>{links}</div></body></html>"""
PAGE = "/portal/Pages/2023-7-18/Cong-boabc.aspx"


class Portal:
    """A scripted portal of one article, and what its page attaches."""

    def __init__(self, site: Site) -> None:
        self.site = site
        listing = LISTING.format(rows=ROW.format(path=PAGE, number=1))
        site.answers["/portal/Pages/Tin-tuc.aspx"] = 200, {}, listing.encode()

    def attach(self, *links: tuple[str, str]) -> None:
        shown = "".join(f'<p><a href="{path}">{title}</a></p>' for path, title in links)
        self.site.answers[PAGE] = 200, {}, ARTICLE.format(links=shown).encode()

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.site.answers[path] = status, headers, body

    def asked(self, path: str) -> int:
        return len(self.site.times(path))


@pytest.fixture
def portal(congtin: Congtin) -> Iterator[Portal]:
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url))
        yield Portal(site)


def record(congtin: Congtin) -> dict[str, Any]:
    (hit,) = congtin.json("search", "")["hits"]
    told: dict[str, Any] = congtin.json("show", hit["id"])
    return told


def events(congtin: Congtin) -> list[dict[str, Any]]:
    return [event for event in congtin.events() if not event["kind"].startswith("record.")]


def make_due(congtin: Congtin) -> None:
    """Lets the pauses of all documents be over."""
    with closing(sqlite3.connect(congtin.data / "congtin.db")) as database, database:
        for table in ("documents", "document_contents"):
            database.execute(f"UPDATE {table} SET due_at = '2020-01-01 00:00:00.000000' WHERE due_at IS NOT NULL")


def test_documents_come_with_their_article_and_are_found_by_their_words(congtin: Congtin, portal: Portal) -> None:
    portal.attach(("/a/qd.pdf", "Quyết định công bố"), ("/a/danh-muc.docx", "Danh mục"))
    pdf = papers.pdf(papers.DECISION, "Điều 2. Hiệu lực kể từ ngày ký", title="QĐ", author="UBND tỉnh")
    portal.serve("/a/qd.pdf", pdf)
    portal.serve("/a/danh-muc.docx", papers.word("Cấp giấy phép xây dựng nhà ở riêng lẻ"))
    report = congtin.crawl()
    assert (report["verdict"], report["new"], report["documents"], report["failures"]) == ("healthy", 1, 2, [])
    decision, annex = record(congtin)["documents"]
    assert decision["title"] == "Quyết định công bố"
    assert (decision["media_type"], decision["pages"], decision["size"]) == ("application/pdf", 2, len(pdf))
    assert (decision["outcome"], decision["cause"], decision["author"]) == ("OK", None, "UBND tỉnh")
    assert decision["capture"]["warc"].endswith(".warc.gz")
    assert [version["version"] for version in decision["versions"]] == [1]
    assert annex["media_type"].endswith("wordprocessingml.document")
    assert [event["kind"] for event in events(congtin)] == ["article.new"]

    (hit,) = congtin.json("search", "hiệu lực kể từ ngày ký")["hits"]
    assert hit["document"] == {"id": decision["id"], "title": "Quyết định công bố", "page": 2}
    assert "<mark>Hiệu</mark> <mark>lực</mark>" in hit["snippet"]
    (hit,) = congtin.json("search", "nha o rieng le")["hits"]
    assert hit["document"] == {"id": annex["id"], "title": "Danh mục", "page": 1}
    (hit,) = congtin.json("search", "nội dung của tin")["hits"]
    assert hit["document"] is None


def test_numbers_named_in_a_file_are_told_with_their_page(congtin: Congtin, portal: Portal) -> None:
    head = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSố: 1234/QĐ-UBND"
    portal.attach(("/a/qd.pdf", "Toàn văn"))
    portal.serve("/a/qd.pdf", papers.pdf(head, "Căn cứ Nghị định số 45/2023/NĐ-CP"))
    congtin.crawl()
    told = record(congtin)
    (document,) = told["documents"]
    assert [(one["normal"], one["own"], one["document"]) for one in told["numbers"]] == [
        ("1234/QĐ-UBND", True, {"id": document["id"], "page": 1}),
        ("45/2023/NĐ-CP", False, {"id": document["id"], "page": 2}),
    ]


def test_new_bytes_at_the_same_address_are_a_new_version_and_an_event(congtin: Congtin, portal: Portal) -> None:
    portal.attach(("/a/qd.pdf", "Quyết định"))
    portal.serve("/a/qd.pdf", papers.pdf("Phí thẩm định hồ sơ"), ETag='"1"')
    congtin.crawl()
    portal.serve("/a/qd.pdf", papers.pdf("Miễn toàn bộ lệ phí"), ETag='"2"')
    assert congtin.crawl("--recheck")["documents"] == 1
    told = record(congtin)
    assert told["versions"] == 1
    (document,) = told["documents"]
    assert [version["version"] for version in document["versions"]] == [1, 2]
    new, changed = events(congtin)
    assert (new["kind"], changed["kind"]) == ("article.new", "document.changed")
    (change,) = changed["changes"]
    assert (change["document"], change["title"], change["url"]) == (document["id"], "Quyết định", document["url"])
    assert (change["from"], change["digest"]) == tuple(version["digest"] for version in document["versions"])
    assert congtin.json("search", "miễn toàn bộ lệ phí")["total"] == 1
    assert congtin.json("search", "thẩm định hồ sơ", expect=5)["total"] == 0
    congtin.crawl("--recheck")
    assert portal.site.asked[-1][2]["If-None-Match"] == '"2"' or portal.site.asked[-2][2]["If-None-Match"] == '"2"'
    assert len(events(congtin)) == 2


def test_a_new_attachment_on_an_old_page_is_told(congtin: Congtin, portal: Portal) -> None:
    portal.attach(("/a/1.pdf", "Một"))
    portal.serve("/a/1.pdf", papers.pdf("một hai ba bốn"))
    congtin.crawl()
    portal.attach(("/a/1.pdf", "Một"), ("/a/2.pdf", "Hai"))
    portal.serve("/a/2.pdf", papers.pdf("năm sáu bảy tám"))
    congtin.crawl("--recheck")
    told = events(congtin)
    assert [event["kind"] for event in told] == ["article.new", "article.changed", "document.added"]
    assert told[-1]["changes"][0]["title"] == "Hai"
    portal.attach(("/a/2.pdf", "Hai"))
    congtin.crawl("--recheck")
    assert [document["title"] for document in record(congtin)["documents"]] == ["Hai"]


@pytest.mark.parametrize(
    ("answer", "outcome", "cause"),
    [
        ((404, b"none"), "NOT_FOUND", "status 404"),
        ((200, b""), "EMPTY", "0 bytes, and nothing in them"),
        ((200, b"<!DOCTYPE html><html><body>Xin l\xe1\xbb\x97i</body></html>"), "BROKEN",
         "an HTML page came where application/pdf was expected: 'Xin lỗi'"),
        ((200, papers.pdf(*["một hai ba bốn năm"] * 9)[:4000]), "TRUNCATED", "the file ends before its end"),
    ],
    ids=["404", "empty", "html", "cut"],
)  # fmt: skip
def test_an_attachment_that_fails_is_flagged_and_tried_again(
    congtin: Congtin, portal: Portal, answer: tuple[int, bytes], outcome: str, cause: str
) -> None:
    portal.attach(("/a/1.pdf", "Một"))
    portal.serve("/a/1.pdf", answer[1], answer[0])
    report = congtin.crawl(expect=0 if outcome == "NOT_FOUND" else 3)
    assert (report["verdict"], report["new"]) == ("healthy", 1)
    (document,) = record(congtin)["documents"]
    assert (document["outcome"], document["cause"], document["version"]) == (outcome, cause, 0)
    assert document["next_try"] is not None
    asked = portal.asked("/a/1.pdf")
    portal.serve("/a/1.pdf", papers.pdf("một hai ba bốn"))
    congtin.crawl()
    assert portal.asked("/a/1.pdf") == asked  # it rests
    make_due(congtin)
    congtin.crawl()
    (document,) = record(congtin)["documents"]
    assert (document["outcome"], document["cause"], document["version"]) == ("OK", None, 1)
    assert [event["kind"] for event in events(congtin)] == ["article.new"]


def test_a_failure_leaves_what_there_was(congtin: Congtin, portal: Portal) -> None:
    portal.attach(("/a/1.pdf", "Một"))
    portal.serve("/a/1.pdf", papers.pdf("một hai ba bốn"))
    congtin.crawl()
    portal.serve("/a/1.pdf", papers.pdf(*["năm sáu"] * 9)[:3000])
    congtin.crawl("--recheck", expect=3)
    (document,) = record(congtin)["documents"]
    assert (document["outcome"], document["version"]) == ("TRUNCATED", 1)
    assert congtin.json("search", '"một hai ba bốn"')["total"] == 1
    assert len(events(congtin)) == 1


def test_an_address_that_is_new_at_each_view_names_the_same_document(congtin: Congtin, portal: Portal) -> None:
    body = papers.pdf("một hai ba bốn")
    names = []
    for token in ("9f3a", "77b1", "c0de"):
        path = f"/tai/{token}/qd.pdf"
        portal.attach((path, "Quyết định"))
        portal.serve(path, body)
        congtin.crawl("--recheck")
        (document,) = record(congtin)["documents"]
        assert document["url"].endswith(path)
        names.append((document["id"], document["version"]))
    assert len(set(names)) == 1
    assert not [event for event in events(congtin) if event["kind"].startswith("document.")]


def test_a_token_in_the_query_is_no_part_of_the_address(congtin: Congtin, portal: Portal) -> None:
    for token in ("9f3a", "77b1"):
        portal.attach((f"/a/qd.pdf?token={token}", "Quyết định"))
        portal.serve(f"/a/qd.pdf?token={token}", papers.pdf("một hai ba bốn"))
        congtin.crawl("--recheck")
    told = record(congtin)
    assert (told["versions"], len(told["documents"])) == (1, 1)


def test_documents_on_other_hosts_and_those_that_robots_forbids_are_not_asked_for(
    congtin: Congtin, portal: Portal
) -> None:
    portal.attach(("http://127.0.0.2:9/x.pdf", "Nơi khác"), ("/kin/1.pdf", "Kín"))
    portal.serve("/robots.txt", b"User-agent: *\nDisallow: /kin/\n")
    assert congtin.crawl()["failures"] == []
    elsewhere, forbidden = record(congtin)["documents"]
    assert elsewhere["outcome"] == "REFUSED"
    assert elsewhere["cause"].startswith("on another host than the portal's own")
    assert forbidden["outcome"] == "ROBOTS"
    assert portal.asked("/kin/1.pdf") == 0


def test_a_source_may_leave_documents_where_they_are(congtin: Congtin, portal: Portal) -> None:
    congtin.source("sample", SOURCE.format(url=portal.site.url) + 'attachments = "link"\n')
    portal.attach(("/a/1.pdf", "Một"))
    assert congtin.crawl()["new"] == 1
    assert portal.asked("/a/1.pdf") == 0


def test_a_poison_file_rests_in_quarantine_and_is_read_again_from_the_archive(congtin: Congtin, portal: Portal) -> None:
    portal.attach(("/a/1.zip", "Một"), ("/a/2.pdf", "Hai"))
    portal.serve("/a/1.zip", papers.archive({"bomb.docx": b"\0" * (80 << 20)}))
    portal.serve("/a/2.pdf", papers.pdf("một hai ba bốn"))
    report = congtin.crawl(expect=3)
    assert [failure["outcome"] for failure in report["failures"]] == ["TOO_BIG"]
    bomb, good = record(congtin)["documents"]
    assert (bomb["outcome"], bomb["version"]) == ("TOO_BIG", 0)
    assert bomb["cause"] == "not read: unfolds to 83,886,080 bytes"
    assert bomb["members"][0]["name"] == "bomb.docx"
    assert good["outcome"] == "OK"
    first = bomb["next_try"]
    assert congtin.crawl()["documents"] == 1  # its page is asked again, and so is what the page attaches
    assert portal.asked("/a/1.zip") == 1
    make_due(congtin)
    congtin.crawl(expect=None)
    assert record(congtin)["documents"][0]["next_try"] > first


def test_a_scan_waits_for_ocr_and_says_so(congtin: Congtin, portal: Portal, tmp_path: Any) -> None:
    portal.attach(("/a/1.pdf", "Một"))
    portal.serve("/a/1.pdf", papers.scan("Quyet dinh so 1234"))
    congtin.environment["PATH"] = str(tmp_path)
    assert congtin.crawl()["failures"] == []
    (document,) = record(congtin)["documents"]
    assert (document["outcome"], document["flags"]) == ("EMPTY_OK", ["scanned"])
    assert document["cause"] == "scanned, no text: OCR is not installed"


@pytest.mark.tool("tesseract")
def test_a_scan_is_read_once_ocr_is_there_without_asking_for_it_again(
    congtin: Congtin, portal: Portal, tmp_path: Any
) -> None:
    portal.attach(("/a/1.pdf", "Một"))
    portal.serve("/a/1.pdf", papers.scan("Quyet dinh so 1234"))
    congtin.environment["PATH"] = str(tmp_path)
    congtin.crawl()
    del congtin.environment["PATH"]
    portal.site.answers.pop("/a/1.pdf")
    congtin.crawl()
    (document,) = record(congtin)["documents"]
    assert document["flags"] == ["ocr", "scanned"]
    (hit,) = congtin.json("search", "1234")["hits"]
    assert hit["document"]["page"] == 1
