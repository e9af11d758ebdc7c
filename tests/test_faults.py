"""The catalogue of bad answers, over real sockets: what each comes to, and that it harms nothing else.

One portal comes to be known while it is sound, and is crawled again when every page of it misbehaves; beside it, in the
same process, a sound one is crawled.
"""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from scripted import serving
from sqlalchemy import create_engine, text

from sample.bad_lists import LISTS
from sample.certificates import AUTHORITY
from sample.faults import Fault, title_at
from sample.faulty import FAULTS, FEW, OVER_TLS, Misbehaving, misbehaving
from sample.server import running
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from command import Congtin

SOURCE = 'name = "Cổng thử"\nurl = "{url}"\nplatform = "sharepoint"\n'
SECTIONS = """\
feeds = ["/portal/rss/Hoat-dong-nganh.rss"]
sections.news = ["/portal/Pages/Tin-tuc.aspx", "/portal/KenhTin/Hoat-dong-nganh.aspx"]
sections.procedures = ["/portal/Pages/Thu-tuc-hanh-chinh.aspx"]
"""
TRUSTED = {"OK", "NOT_MODIFIED", "EMPTY_OK"}
# What waits for a time-out need not hold the next page up, nor long; what is too big need not be big.
TOGETHER = ("--set", "CONCURRENT_REQUESTS_PER_DOMAIN=8", "--set", f"DOWNLOAD_MAXSIZE={4 << 20}")
SILENT = ("--set", "TURN_SILENCE=0.2", "--set", "DOWNLOAD_TIMEOUT=4", "--set", "RETRY_TIMES=0")
BRIEF = ("--set", "DOWNLOAD_TIMEOUT=5")
SOUND = 60


@dataclass
class Crawled:
    """What two crawls of the misbehaving portal left behind."""

    site: Misbehaving
    told: dict[str, Any]
    pages: dict[str, str]
    fetches: dict[str, list[dict[str, Any]]]
    records: dict[str, list[dict[str, Any]]]
    events: list[dict[str, Any]]


def path_of(url: str) -> str:
    return urlsplit(url).path


@contextmanager
def archive(congtin: Congtin) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    engine = create_engine(f"sqlite:///{congtin.data / 'congtin.db'}")
    with engine.connect() as connection:
        yield lambda query: [dict(row._mapping) for row in connection.execute(text(query))]
    engine.dispose()


def by_path(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(path_of(row["url"]), []).append(row)
    return found


def crawl_all(congtin: Congtin, site: Misbehaving) -> Crawled:
    """Crawls the portal while it is sound, and again when it is not, with a sound one beside it."""
    congtin.source("bad", SOURCE.format(url=site.url) + 'sections.news = ["/faults/"]\n')
    first = congtin.watched("bad", *TOGETHER)
    assert first["reports"]["bad"]["new"] == len(FAULTS)
    before = len(congtin.events())
    site.faults.good = False
    site.raw.asked.clear()
    told = congtin.watched("bad", "sound", "--recheck", *TOGETHER, *BRIEF)
    with archive(congtin) as rows:
        return Crawled(
            site=site,
            told=told,
            pages={path_of(row["url"]): row["outcome"] for row in rows("select * from pages where source = 'bad'")},
            fetches=by_path(rows(f"select * from fetches where run = {told['reports']['bad']['run']} order by id")),
            records=by_path(rows("select * from articles where source = 'bad'")),
            events=[event for event in congtin.events()[before:] if event["source"] == "bad"],
        )


def addresses(fault: Fault) -> list[str]:
    return [fault.known] if fault.once else [fault.known, fault.fresh]


@pytest.mark.long
def test_bad_answers_have_their_outcomes_and_harm_nothing_else(congtin: Congtin) -> None:
    """One test, as the crawl that it looks at takes a while."""
    congtin.environment["CONGTIN_ALLOW_NETWORKS"] = "127.0.0.1/32,127.0.0.3/32,127.0.0.4/32"
    with misbehaving(good=True) as site, running(host="127.0.0.3", articles=SOUND, delay=0.02) as sound:
        congtin.source("sound", SOURCE.format(url=sound.url) + SECTIONS)
        crawled = crawl_all(congtin, site)
        every = [(fault, path) for fault in FAULTS for path in addresses(fault)]
        assert {path: crawled.pages[path] for _, path in every} == {path: fault.outcome for fault, path in every}
        for fault, path in every:
            _is_asked_as_often_as_it_is_due(crawled, fault, path)
        _fetches_tell_what_happened(crawled)
        for fault in FAULTS:
            _archive_is_as_it_was(crawled, fault)
        _nobody_is_told(crawled)
        assert crawled.told["held"] < 0.25
        assert crawled.told["grown"] < 150
        _portal_beside_is_crawled_as_ever(crawled)
        cookies = [len(headers[b"cookie"]) for _, _, headers in site.raw.asked if b"cookie" in headers]
        assert 0 < max(cookies) <= 8 * 1024
        assert site.times("/secret") == site.times("/sso/login") == 0
        assert not [path for _, path, _ in site.raw.asked if path.endswith("/foreign.aspx")]


def _is_asked_as_often_as_it_is_due(crawled: Crawled, fault: Fault, path: str) -> None:
    asked = crawled.site.times(path)
    # A reset on a connection that was used before is tried again by Twisted itself, once.
    most = fault.asked * (2 if fault.outcome == "NETWORK" else 1)
    assert fault.asked <= asked <= most, f"{fault.id} was asked for {asked} times"


def _fetches_tell_what_happened(crawled: Crawled) -> None:
    failed = {path_of(failure["url"]): failure for failure in crawled.told["reports"]["bad"]["failures"]}
    for fault in FAULTS:
        for path in addresses(fault):
            rows = crawled.fetches[path]
            assert len(rows) == fault.asked, fault.id
            assert all(row["seconds"] > 0 and row["size"] >= 0 for row in rows)
            if fault.outcome in TRUSTED:
                assert path not in failed
                continue
            assert not {row["outcome"] for row in rows} & TRUSTED, fault.id
            if fault.outcome not in {"NOT_FOUND", "GONE"}:
                assert failed[path]["outcome"] == fault.outcome
                assert failed[path]["message"]
    met = {row["outcome"] for rows in crawled.fetches.values() for row in rows}
    elsewhere = {
        "STALE",  # a section's, and needs its history
        "TLS", "EMPTY_OK",  # below
        "NOT_MODIFIED", "RATE_LIMITED", "ROBOTS",  # tests/test_crawl.py, tests/test_manners.py
    }  # fmt: skip
    assert met | elsewhere == {outcome.value for outcome in Outcome}


def _archive_is_as_it_was(crawled: Crawled, fault: Fault) -> None:
    (known,) = crawled.records[fault.known]
    assert (known["state"], known["title"]) == ("live", title_at(fault.known))
    assert known["version"] == 1 + fault.rewrites, fault.id
    fresh = [record["title"] for record in crawled.records.get(fault.fresh, [])]
    learnt = fault.outcome in TRUSTED and not fault.once
    assert fresh == ([title_at(fault.fresh)] if learnt else []), fault.id


def _nobody_is_told(crawled: Crawled) -> None:
    good = [fault for fault in FAULTS if fault.outcome in TRUSTED]
    # What is told to nobody says at most that two of the pages tell the same story, as they do in words.
    quiet = [event for event in crawled.events if event["kind"] == "record.updated"]
    assert all(change["field"] == "group" for event in quiet for change in event["changes"])
    told = {(event["kind"], path_of(event["url"])) for event in crawled.events if event not in quiet}
    new = {("article.new", fault.fresh) for fault in good if not fault.once}
    assert told == new | {("article.changed", fault.known) for fault in good if fault.rewrites}


def _portal_beside_is_crawled_as_ever(crawled: Crawled) -> None:
    report = crawled.told["reports"]["sound"]
    assert (report["verdict"], report["new"], report["failures"]) == ("healthy", SOUND, [])
    assert report["seconds"] < crawled.told["reports"]["bad"]["seconds"]  # it waited for none of the time-outs


@pytest.mark.long
def test_bad_listings_feeds_and_sitemaps(congtin: Congtin) -> None:
    paths: dict[str, list[str]] = {"section": [], "feed": [], "sitemap": []}
    for fault in LISTS:
        paths[fault.role].append(fault.listing)
    congtin.environment["CONGTIN_ALLOW_NETWORKS"] = "127.0.0.1/32"
    with misbehaving() as site:
        declared = f"feeds = {paths['feed']}\nsitemaps = {paths['sitemap']}\nsections.news = {paths['section']}\n"
        congtin.source("lists", SOURCE.format(url=site.url) + declared)
        told = congtin.watched("lists", "--limit", "12", *TOGETHER)
        report = told["reports"]["lists"]
        asked = [path for _, path, _ in site.raw.asked]
    with archive(congtin) as rows:
        # The first of an address and its queries: sitemaps that an index names have queries here.
        found = rows("select canonical_url, outcome from listings order by id desc")
    outcomes = {path_of(row["canonical_url"]): row["outcome"] for row in found}
    assert {fault.id: outcomes[fault.listing] for fault in LISTS} == {fault.id: fault.outcome for fault in LISTS}
    # The home page that a section redirects to is not read as the section; its links are not followed.
    assert not [path for path in asked if path.startswith("/faults/pages/2026-1-5/")]
    assert "/faults/pages/2026-2-5/two.aspx" in asked  # behind an equal guid
    assert sum(path.startswith("/faults/sitemap/b20") for path in asked) <= 20
    assert asked.count("/faults/section/b23") == 4  # page 1, its form; once more from page 1
    assert {"spa", "line"} <= {path.rsplit("/", 1)[-1].removesuffix(".aspx") for path in asked}
    assert not [path for path in asked if "foreign" in path]
    assert told["held"] < 0.25
    assert told["grown"] < 150
    assert report["new"] == 12


def test_certificates_are_verified_unless_the_source_says_otherwise(congtin: Congtin) -> None:
    with misbehaving() as site:
        congtin.environment["SSL_CERT_FILE"] = str(site.folder / AUTHORITY)
        section = 'sections.news = ["/portal/Pages/Tin-tuc.aspx"]\n'
        for kind, port in site.faults.secured.items():
            congtin.source(kind, SOURCE.format(url=f"https://127.0.0.1:{port}/") + section)
        congtin.source(
            "sound",
            SOURCE.format(url=f"https://127.0.0.1:{site.faults.secured['sound']}/") + f'sections.news = ["{FEW}"]\n',
        )
        careless = SOURCE.format(url=f"https://127.0.0.1:{site.faults.secured['self-signed']}/")
        congtin.source("careless", careless + 'tls = "accept-invalid"\n' + section)
        reports = congtin.watched(*site.faults.secured, "careless", *TOGETHER)["reports"]
    for kind in set(site.faults.secured) - {"sound"}:
        assert set(reports[kind]["outcomes"]) == {"TLS"}, kind
        assert reports[kind]["verdict"] == "failed"
        hint = "no longer safe" if kind in {"old-version", "short-key"} else 'tls = "accept-invalid"'
        assert hint in reports[kind]["cause"]
    causes = {kind: reports[kind]["cause_code"] for kind in set(site.faults.secured) - {"sound"}}
    assert causes == {
        "expired": "tls-expired", "wrong-host": "tls-mismatch", "self-signed": "tls",
        "no-intermediate": "tls", "short-key": "tls", "old-version": "tls",
    }  # fmt: skip
    assert "it is signed by itself" in reports["self-signed"]["cause"]
    assert reports["careless"]["new"] > 0
    # Behind the sound certificate what goes wrong is told as without TLS: resets above all, which nobody may wait for.
    came_to = {path_of(failure["url"]): failure["outcome"] for failure in reports["sound"]["failures"]}
    assert came_to == {fault.fresh: fault.outcome for fault in FAULTS if fault.id in OVER_TLS}


HANGING = 10


def test_a40_hosts_that_hang_keep_no_others_waiting(congtin: Congtin) -> None:
    """The hosts are ports here, as a host's lease and turn know them."""
    section = 'sections.news = ["/portal/Pages/Tin-tuc.aspx"]\n'
    with ExitStack() as open_here:
        for number in range(HANGING):  # whoever connects is queued, and hears nothing
            silent = open_here.enter_context(socket.create_server(("127.0.0.1", 0)))
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            congtin.source(f"silent-{number}", SOURCE.format(url=url) + section)
        sound = [open_here.enter_context(serving()) for _ in range(2)]
        for number, portal in enumerate(sound):
            congtin.source(f"sound-{number}", SOURCE.format(url=portal.url) + section)
        names = [f"silent-{number}" for number in range(HANGING)] + ["sound-0", "sound-1"]
        told = congtin.watched(*names, *SILENT)
        ended = time.monotonic()
        assert [told["reports"][name]["new"] > 0 for name in names] == [False] * HANGING + [True] * 2
        assert {told["reports"][name]["verdict"] for name in names[:HANGING]} == {"failed"}
        for portal in sound:
            assert portal.asked[-1][0] < ended - 1  # long before the last that hung had run out of time
