"""Procedures of the sample portals, from pages to timelines: what decisions did, told once, on any day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sample.announcements import IN_DOCX, SCANNED
from sample.server import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from command import Congtin

    from sample.announcements import Decision

NATIONAL = 'name = "Cổng quốc gia"\nurl = "{url}"\nplatform = "dichvucong"\nsections.procedures = ["/jsp/rest.jsp"]\n'
CODE = "1.013436"


def test_the_life_of_a_procedure_is_read_from_the_pages_of_four_decisions(
    congtin: Congtin, serve: Callable[..., object]
) -> None:
    serve(articles=12, procedures=True)
    report = congtin.crawl(expect=3)  # two of its files are broken on purpose
    assert report["verdict"] == "healthy"
    assert report["procedures"]["amended"] == report["procedures"]["replaced"] == 1
    told = congtin.json("show", CODE)["procedure"]
    steps = told["timeline"]
    assert [step["change"] for step in steps] == ["new", "amended", "replaced"]
    for step in steps:  # each page is the decision itself
        assert step["records"] == [step["told_by"][0]["record"]]
        assert step["decision"]["normal"]
        assert step["evidence"]
    stood = [
        congtin.json("show", CODE, "--as-of", step["effective_from"])["procedure"]["state"] for step in steps
    ]  # fmt: skip
    assert stood == ["in-force", "in-force", "replaced"]
    assert congtin.json("show", CODE, "--as-of", "2001-01-01")["procedure"]["state"] == "not-yet"
    (abolished,) = congtin.json("procedures", "--change", "abolished")
    assert (abolished["code"], abolished["state"]) == ("1.013437", "abolished")
    assert congtin.crawl("--recheck", expect=3)["procedures"] == {}
    kinds = [event["kind"] for event in congtin.events("--kind", "procedure.changed")]
    assert kinds == []


def test_the_national_portal_tells_of_the_same_procedures(congtin: Congtin, serve: Callable[..., object]) -> None:
    serve(articles=12, procedures=True)
    first = congtin.crawl(expect=3)["procedures"]
    with running(articles=1) as portal:
        congtin.source("dichvucong", NATIONAL.format(url=portal.url))
        (report,) = congtin.json("crawl", "dichvucong", "--full")
    before = sum(first.values())
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


def test_a_decision_is_read_from_the_file_that_its_page_attaches(
    congtin: Congtin, serve: Callable[..., object]
) -> None:
    """The page names no procedure; the same annex is attached to two more pages, once within an archive."""
    serve(articles=12, procedures=True)
    congtin.crawl()
    check(congtin, IN_DOCX)
    for code in IN_DOCX.changes["new"]:
        (step,) = congtin.json("show", code)["procedure"]["timeline"]
        assert len(step["told_by"]) == 3
    assert congtin.crawl("--recheck")["procedures"] == {}
    check(congtin, IN_DOCX)


@pytest.mark.tool("tesseract")
def test_a_decision_is_read_from_a_scan(congtin: Congtin, serve: Callable[..., object]) -> None:
    serve(articles=12, procedures=True)
    congtin.crawl()
    check(congtin, SCANNED)
    assert congtin.crawl("--recheck")["procedures"] == {}
    check(congtin, SCANNED)


def check(congtin: Congtin, decision: Decision) -> None:
    """All that a decision does is told once, with its number, the day it takes effect, and the words that say so."""
    told = {
        (event["record"], change["change"]): change
        for event in congtin.events()
        for change in event["changes"] or ()
        if change.get("decision") and change["decision"]["normal"] == decision.number
    }
    assert len(told) == sum(map(len, decision.changes.values())) == 10
