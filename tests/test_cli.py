"""The command line as people and scripts meet it: help, shapes, exit codes, messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from command import ROOT
from typer.testing import CliRunner

import cli
from scraper.config import Config

if TYPE_CHECKING:
    from command import Congtin, Serve

PAGES = ROOT / "tests" / "pages" / "thanh-hoa" / "snv"
ADDRESS = "https://snv.thanhhoa.gov.vn/portal/Pages/2023-7-18/Cum-thi-dua-k2x9fa.aspx"

COMMANDS = sorted(command.name or command.callback.__name__ for command in cli.app.registered_commands)
GROUPS = [("sources", name.name or "") for name in cli.sources_app.registered_commands]


@pytest.mark.parametrize("words", [(name,) for name in COMMANDS] + GROUPS, ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli.app, [*words, "--help"])
    assert shown.exit_code == 0
    assert f"Example: congtin {' '.join(words)}" in " ".join(shown.output.split())


def test_the_contract_names_every_command_that_there_is_now() -> None:
    assert set(COMMANDS) >= {
        "sample", "demo", "crawl", "extract", "search", "show", "history", "diff", "events", "status", "serve"
    }  # fmt: skip


def test_extract_prints_the_contracts_shape(congtin: Congtin) -> None:
    told = congtin.json("extract", str(PAGES / "bai-viet.html"), "--source", "thanh-hoa/snv", "--url", ADDRESS)
    assert {
        "kind", "platform", "url", "canonical_url", "title", "published_at", "precision", "published_raw", "updated_at",
        "summary", "author", "section", "body_text", "body_html", "images", "attachments", "entries", "next_page",
        "counters", "procedure", "procedures", "announcements", "numbers", "language",
    } <= set(told)  # fmt: skip
    assert told["kind"] == "article"
    assert told["platform"] == "sharepoint"
    assert (told["published_at"], told["precision"]) == ("2023-07-18T00:00:00+07:00", "day")
    assert told["counters"] == {"votes": 511, "online": 1691, "views": None}
    assert not congtin.data.exists()


def test_extract_of_several_files_prints_a_line_each_and_finds_the_platform(congtin: Congtin, tmp_path: object) -> None:
    words = ("extract", str(PAGES / "bai-viet.html"), str(PAGES / "danh-sach.html"), "/nowhere.html", "--json")
    done = congtin.run(*words, expect=3)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["kind"] for one in told] == ["article", "listing", "other"]
    assert set(told[0]) == set(told[1]) == set(told[2]) - {"error"}
    assert [one["file"] for one in told] == list(words[1:4])
    assert "cannot be read" in told[2]["error"]


def test_extract_fetches_an_address(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=12)
    path = portal.portal.urls()[3]
    told = congtin.json("extract", portal.url.rstrip("/") + path)
    assert told["title"] == portal.portal.find(path).head.title
    assert not (congtin.data / "congtin.db").exists()


def test_extract_reads_a_page_of_no_known_platform(congtin: Congtin, tmp_path: object) -> None:
    congtin.source("x", "")
    page = congtin.data / "page.html"
    page.write_text("<html><body><h1>Hello</h1></body></html>")
    told = congtin.json("extract", str(page))
    assert (told["kind"], told["platform"]) == ("other", "generic")
    congtin.run("extract", str(page), "--platform", "nothing", expect=2)


def test_sources_are_listed_shown_and_tested(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=30)
    listed = {one["id"]: one for one in congtin.json("sources", "list")}
    assert listed["thanh-hoa/snv"]["verified"] is None
    assert set(listed["sample"]) == {"id", "name", "url", "platform", "sections", "verified", "paused"}
    assert listed["sample"]["url"] == portal.url  # the operator's own file over the shipped one
    shown = congtin.json("sources", "show", "thanh-hoa/snv")
    assert shown["layout"]["selectors"]["body"]
    tested = congtin.json("sources", "test", "sample")  # its first listing
    assert tested["kind"] == "listing"
    assert tested["entries"]


def test_a_wrong_source_file_is_named_with_file_line_and_key(congtin: Congtin) -> None:
    congtin.source("bad", 'name = "X"\nurl = "https://x.gov.vn/"\nplatform = "sharepoint"\nsections.newz = ["/"]\n')
    done = congtin.run("sources", "check", "bad", "--json", expect=2)
    (told,) = json.loads(done.stdout)
    assert told["ok"] is False
    (error,) = told["errors"]
    assert (error["line"], error["key"]) == (4, "sections.newz")
    assert error["file"].endswith("bad.toml")
    congtin.source("bare", 'name = "X"\nurl = "https://x.gov.vn/"\n')
    assert "bare.toml: platform: is required" in congtin.run("sources", "check", "bare", expect=2).stdout
    assert "bad.toml:4: sections.newz" in congtin.run("sources", "list").stderr.replace("\n", "")
    done = congtin.run("crawl", "bad", expect=2)
    assert "bad.toml:4: sections.newz" in done.stderr.replace("\n", "")
    assert congtin.json("sources", "check", "sample", "thanh-hoa/snv") == [
        {"id": "sample", "ok": True, "errors": []},
        {"id": "thanh-hoa/snv", "ok": True, "errors": []},
    ]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("crawl", "nobody"), 2, "no source 'nobody'"),
        (("crawl",), 2, "--all"),
        (("crawl", "https://x.gov.vn/"), 2, "CONGTIN_CONTACT"),
        (("crawl", "https://"), 2, "no http address"),
        (("crawl", "http://127.0.0.1:1/", "--platform", "joomla"), 2, "no platform 'joomla'"),
        (("crawl", "sample", "--platform", "generic"), 2, "--platform"),
        (("serve", "--port", "99999"), 2, "--port"),
        (("show", "aaaaaaaaaaaaaaaa"), 5, "no record"),
        (("history", "aaaaaaaaaaaaaaaa"), 5, "no record"),
        (("diff", "aaaaaaaaaaaaaaaa"), 5, "no record"),
        (("search", "x", "--sort", "best"), 2, "--sort"),
        (("search", "x", "--kind", "bogus"), 2, "--kind"),
        (("events", "--kind", "bogus"), 2, "--kind"),
        (("search", "-thi"), 5, ""),
        (("search", "😀"), 5, ""),
        (("search", "x", "--cursor", "nonsense"), 2, "--cursor"),
        (("search", "x", "--from", "yesterday"), 2, "yesterday"),
        (("status", "nobody"), 2, "no source"),
        (("search", "42/2022/NĐ-CP"), 5, ""),
        (("search", '((a OR -nguon:[x "tu:31/02/2023'), 5, ""),
        (("search", "x" * 10_000), 5, ""),
        (("search", "\udcff:\udcff so:\udcff* nguon:\udcff"), 5, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    congtin: Congtin, words: tuple[str, ...], code: int, says: str
) -> None:
    done = congtin.run(*words, expect=code)
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONGTIN_CONTACT", "xyz"),
        ("CONGTIN_CONTACT", "https://"),
        ("CONGTIN_SOURCES", "/no/such/folder"),
        ("CONGTIN_LOG", "xml"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told_of(congtin: Congtin, variable: str, value: str) -> None:
    congtin.environment[variable] = value
    assert f"{variable}: " in congtin.run("sources", "list", expect=2).stderr


@pytest.mark.parametrize("contact", ["https://example.org/bot", "mailto:tin@example.org", "tin@example.org"])
def test_a_contact_is_a_url_or_a_mail_address(contact: str) -> None:
    assert Config.from_environment({"CONGTIN_CONTACT": contact}).contact == contact


def test_all_crawls_what_it_may_and_names_what_it_leaves_out(congtin: Congtin, serve: Serve) -> None:
    serve(articles=12)
    congtin.source("bad", "foo = 1\n")
    done = congtin.run("crawl", "--all", "--json", expect=3)
    assert [report["source"] for report in json.loads(done.stdout)] == ["sample"]
    assert "bad.toml:1: foo" in done.stderr.replace("\n", "")
    assert "thanh-hoa/snv: set CONGTIN_CONTACT" in done.stderr


def test_a_wrong_variable_is_named(congtin: Congtin) -> None:
    congtin.environment["CONGTIN_ALLOW_NETWORKS"] = "loopback"
    assert "CONGTIN_ALLOW_NETWORKS" in congtin.run("status", expect=2).stderr


@pytest.mark.parametrize("words", [("crawl", "sample"), ("demo", "--once"), ("status",), ("serve",)], ids=" ".join)
def test_a_database_that_is_none_is_told_of_before_anything_is_done(congtin: Congtin, words: tuple[str, ...]) -> None:
    congtin.data.mkdir()
    (congtin.data / "congtin.db").write_bytes(b"not a database " * 1000)
    done = congtin.run(*words, expect=2)
    assert "file is not a database. Look at CONGTIN_DATABASE_URL and CONGTIN_DATA" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_search_show_status_print_the_contracts_shapes(congtin: Congtin, serve: Serve) -> None:
    serve(articles=30)
    report = congtin.crawl()
    assert set(report) >= {
        "source", "run", "verdict", "cause", "requests", "not_modified", "bytes", "listings", "new", "changed",
        "unchanged", "gone", "returned", "failures", "outcomes", "seconds",
    }  # fmt: skip
    told = congtin.run("search", "cong tac loai:tho TTHC tu:31/02/2023", expect=None).stdout
    assert 'understood as: cong tac (tthc ≈ "thủ tục hành chính")' in told
    assert "there is no kind “tho”" in told
    assert "(at 27: 31/02/2023)" in told
    answer = congtin.json("search", "cong tac", "--limit", "2")
    assert set(answer) == {
        "query", "total", "took_ms", "total_is", "suggestion", "expanded", "troubles", "understood",
        "stale", "hits", "facets", "next_cursor"
    }  # fmt: skip
    assert set(answer["facets"]) == {"source", "kind", "year", "field", "platform"}
    assert "<mark>" in answer["hits"][0]["snippet"]
    record = congtin.json("show", answer["hits"][0]["id"])
    assert {
        "id",
        "source",
        "version",
        "versions",
        "first_seen",
        "last_checked",
        "state",
        "capture",
        "documents",
        "group",
    } <= set(record)
    assert set(record["capture"]) == {"warc", "offset", "digest", "date"}
    (status,) = congtin.json("status", "sample")
    assert set(status) >= {
        "source", "verdict", "cause", "last_run", "last_good", "next_due", "interval_minutes", "articles",
        "procedures", "rate_per_day", "stale",
    }  # fmt: skip
    assert (status["articles"], status["verdict"], status["stale"]) == (30, "healthy", False)
    event = congtin.events("--since", "29")[0]
    assert set(event) == {
        "cursor", "id", "kind", "at", "source", "record", "version", "origin", "title", "url", "published_at",
        "precision", "changes",
    }  # fmt: skip
    # The same for people: nothing is cut out of the words that they came for.
    assert record["title"] in " ".join(congtin.run("show", record["id"]).stdout.split())
    assert "healthy" in congtin.run("status").stdout
    assert "30" in congtin.run("search", "", "--limit", "1").stdout


@pytest.mark.long
def test_the_demo_shows_the_whole_product_once(congtin: Congtin) -> None:
    congtin.environment["CONGTIN_ALLOW_NETWORKS"] = ""
    done = congtin.run("demo", "--once", "--articles", "24")
    assert "healthy" in done.stdout
    assert "thi dua khen thuong" in done.stdout
