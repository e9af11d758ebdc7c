"""Procedures of the sample portals, from pages to timelines: what decisions did, told once, on any day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any

import pytest
from command import SAMPLE, Congtin

from sample.announcements import IN_DOCX, LIFE, SCANNED, WORDS
from sample.server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sample.announcements import Decision
    from sample.server import Running

NATIONAL = 'name = "Cổng quốc gia"\nurl = "{url}"\nplatform = "dichvucong"\nsections.procedures = ["/jsp/rest.jsp"]\n'
CODE = "1.013436"
FAILURES = 3
"""The exit code: two of the files that pages attach are broken."""


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """An archive that is only looked at, and what the crawl came to that made it."""

    congtin: Congtin
    report: dict[str, Any]


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def portal() -> Iterator[Running]:
    with running(articles=12, procedures=True) as one:
        yield one


@pytest.fixture(scope="module")
def crawled(portal: Running, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """After the first crawl of a portal with procedures."""
    congtin = Congtin(tmp_path_factory.mktemp("crawled") / "data")
    congtin.source("sample", SAMPLE.format(url=portal.url))
    return Crawled(congtin=congtin, report=congtin.crawl(expect=FAILURES))


@pytest.fixture(scope="module")
def rechecked(crawled: Crawled, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """After another one that asked for every page again: nothing has changed."""
    congtin = copied(crawled, tmp_path_factory.mktemp("rechecked"))
    return Crawled(congtin=congtin, report=congtin.crawl("--recheck", expect=FAILURES))


def copied(crawled: Crawled, folder: Path) -> Congtin:
    return Congtin(Path(copytree(crawled.congtin.data, folder / "data")))


def test_the_pages_of_procedures_are_crawled_like_any_others(portal: Running, crawled: Crawled) -> None:
    congtin, report = crawled.congtin, crawled.report
    assert report["verdict"] == "healthy"
    assert report["new"] == len(portal.portal.urls()) == 48
    assert {failure["url"].rsplit("/", 1)[-1][16:]: failure["outcome"] for failure in report["failures"]} == {
        "bao-cao.pdf": "BROKEN",  # a page of HTML
        "quy-trinh.pdf": "TRUNCATED",
    }
    told = {}
    for hit in congtin.json("search", "", "--kind", "article", "--kind", "procedure", "--limit", "200")["hits"]:
        for document in congtin.json("show", hit["id"])["documents"]:
            told[document["url"].rsplit("/", 1)[-1][16:]] = document
    assert told["to-trinh.pdf"]["flags"] == ["encrypted"]
    long = max(told.values(), key=lambda document: document["pages"] or 0)
    assert (long["pages"], long["outcome"]) == (200, "OK")
    archive = next(document for document in told.values() if document["media_type"] == "application/zip")
    assert any(".." in member["name"] for member in archive["members"])
    assert not (congtin.data.parent / "etc").exists()
    word = next(document for document in told.values() if document["media_type"] == "application/msword")
    assert (word["outcome"], word["cause"]) == ("OK", None)


def test_the_life_of_a_procedure_is_read_from_the_pages_of_four_decisions(crawled: Crawled, rechecked: Crawled) -> None:
    congtin = crawled.congtin
    assert crawled.report["verdict"] == "healthy"
    assert crawled.report["procedures"]["replaced"] == 1
    told = congtin.json("show", CODE)["procedure"]
    steps = told["timeline"]
    assert [step["change"] for step in steps] == ["new", "amended", "replaced"]
    assert [(step["effective_from"], step["basis"]) for step in steps] == [
        (decision.effective, "effective") for decision in LIFE[:3]
    ]
    for step in steps:  # each page is the decision itself
        assert step["records"] == [step["told_by"][0]["record"]]
        assert step["decision"]["normal"]
        assert step["evidence"]
    stood = [
        congtin.json("show", CODE, "--as-of", step["effective_from"])["procedure"]["state"] for step in steps
    ]  # fmt: skip
    assert stood == ["in-force", "in-force", "replaced"]
    assert congtin.json("show", CODE, "--as-of", "2001-01-01")["procedure"]["state"] == "not-yet"
    (later,) = told["replaced_by"]
    assert (later["code"], later["evidence"]) == ("1.013437", "Mã số TTHC thay thế: 1.013437.000.00.00.H56")
    successor = congtin.json("show", "1.013437", "--as-of", LIFE[2].effective)["procedure"]
    assert [one["code"] for one in successor["replaces"]] == [CODE]
    assert (successor["state"], successor["timeline"][0]["decision"]["normal"]) == ("in-force", LIFE[2].number)
    assert successor["timeline"][0]["evidence"] == later["evidence"]
    abolished = {one["code"]: one["state"] for one in congtin.json("procedures", "--change", "abolished")}
    assert abolished["1.013437"] == "abolished"
    assert rechecked.report["procedures"] == {}
    kinds = [event["kind"] for event in rechecked.congtin.events("--kind", "procedure.changed")]
    assert kinds == []


def test_the_national_portal_tells_of_the_same_procedures(crawled: Crawled, tmp_path: Path) -> None:
    congtin = copied(crawled, tmp_path)
    with running(articles=1) as portal:
        congtin.source("dichvucong", NATIONAL.format(url=portal.url))
        (report,) = congtin.json("crawl", "dichvucong", "--full")
    before = sum(crawled.report["procedures"].values())
    assert report["procedures"] == {
        "new": 176 - len(congtin.json("procedures", "--source", "sample", "--limit", "500"))
    }
    assert before < len(congtin.json("procedures", "--limit", "500")) == 176
    told = congtin.json("show", CODE)
    assert {place["source"] for place in told["procedure"]["places"]} == {"sample", "dichvucong"}
    assert told["source"] == "dichvucong"
    assert all(step["records"] for step in told["procedure"]["timeline"])
    hits = [hit for hit in congtin.json("search", CODE)["hits"] if hit["kind"] == "procedure"]
    assert [hit["code"] for hit in hits] == [CODE]


def test_a_decision_is_read_from_the_file_that_its_page_attaches(crawled: Crawled, rechecked: Crawled) -> None:
    """The page names no procedure; the same annex is attached to two more pages, once within an archive."""
    check(crawled.congtin, IN_DOCX)
    for code in IN_DOCX.changes["new"]:
        (step,) = crawled.congtin.json("show", code)["procedure"]["timeline"]
        assert len(step["told_by"]) == 3
    assert rechecked.report["procedures"] == {}
    check(rechecked.congtin, IN_DOCX)


@pytest.mark.tool("tesseract")
def test_a_decision_is_read_from_a_scan(crawled: Crawled, rechecked: Crawled) -> None:
    check(crawled.congtin, SCANNED)
    assert rechecked.report["procedures"] == {}
    check(rechecked.congtin, SCANNED)


def check(congtin: Congtin, decision: Decision) -> None:
    """All that a decision does is told once, with its number, the day it takes effect, and the words that say so."""
    told = [
        (event, change)
        for event in congtin.events()
        if event["kind"].startswith("procedure.")
        for change in event["changes"] or ()
        if change.get("decision") and change["decision"]["normal"] == decision.number
    ]
    codes = {event["record"]: congtin.json("show", event["record"])["procedure"]["code"] for event, _ in told}
    expected = [(code, f"procedure.{change}") for change, members in decision.changes.items() for code in members]
    assert sorted((codes[event["record"]], event["kind"]) for event, _ in told) == sorted(expected)
    assert all(WORDS[change["change"]].upper() in change["evidence"] for _, change in told)
    for code in codes.values():
        (step,) = congtin.json("show", code)["procedure"]["timeline"]
        assert (step["effective_from"], step["basis"]) == (decision.effective, "effective")
    for change, members in decision.changes.items():
        listed = congtin.json("procedures", "--change", change, "--limit", "500")
        assert {one["code"] for one in listed} >= set(members)


def test_a_decision_that_is_published_as_prose_is_told_once(congtin: Congtin, serve: Callable[..., Running]) -> None:
    portal = serve(articles=12)
    congtin.crawl()
    title = "Quyết định số 312/QĐ-UBND công bố bãi bỏ thủ tục hành chính trong lĩnh vực Khoáng sản"
    items = [("Cấp giấy phép khai thác khoáng sản", CODE), ("Cấp lại giấy phép khai thác khoáng sản", "1.013437")]
    listed = [
        f"{at}. Tên thủ tục: {name}\nMã số TTHC: {code}\nLĩnh vực: Khoáng sản"
        for at, (name, code) in enumerate(items, 1)
    ]
    closing = "Quyết định này có hiệu lực kể từ ngày ký./."
    decision = portal.control(do="publish", title=title, body="\n".join([*listed, closing]), section="procedures")
    guide = "Bộ phận một cửa hướng dẫn thủ tục hành chính cho người dân.\n- 1.013999: Cấp phép nổ mìn công nghiệp"
    portal.control(do="publish", title="Hướng dẫn thực hiện thủ tục 1.013999", body=guide)
    congtin.crawl()
    told = [event for event in congtin.events() if event["origin"] == "poll" and event["kind"][:9] == "procedure"]
    assert [(event["kind"], event["title"]) for event in told] == [("procedure.abolished", name) for name, _ in items]
    shown = [congtin.json("show", event["record"])["procedure"] for event in told]
    assert [(one["code"], one["evidence"], one["decision"]["normal"]) for one in shown] == [
        (code, title, "312/QĐ-UBND") for _, code in items
    ]
    annex = "\n".join(["DANH MỤC THỦ TỤC HÀNH CHÍNH BỊ BÃI BỎ", *listed])
    portal.control(do="attach", path=decision["path"], title="Phụ lục", body=annex)
    unnamed = "Bãi bỏ thủ tục hành chính có mã số 1.013998, 1.013997."
    portal.control(do="publish", title="Quyết định số 313/QĐ-UBND của Ủy ban nhân dân tỉnh", body=unnamed)
    report = congtin.crawl("--recheck")
    assert report["procedures"] == {"abolished": 2}
    later = [event for event in congtin.events() if event["kind"][:9] == "procedure"]
    assert later[: len(told)] == told
    assert [event["title"] for event in later[len(told) :]] == ["1.013998", "1.013997"]
