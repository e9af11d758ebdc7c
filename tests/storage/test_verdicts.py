"""A run's verdict and cause: by what it met, by what its source states, by its past, by its silence."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st
from making import ROOT, SITE, article, entry, moment

from scraper.items import VIETNAM
from scraper.outcomes import Outcome
from storage import verdicts
from storage.causes import Cause, cause_of
from storage.verdicts import Past, Shown, Tally

if TYPE_CHECKING:
    from scraper.items import VisitRole

TODAY = date(2026, 3, 31)
NIGHT = datetime(2026, 3, 31, tzinfo=VIETNAM)


def tally(listings: dict[str, int], pages: dict[str, int] | None = None, *, entries: int = 20) -> Tally:
    counted = Tally(entries=entries, requests=sum(listings.values()), listings=sum(listings.values()))
    roles: tuple[tuple[dict[str, int], VisitRole], ...] = ((listings, "listing"), (pages or {}, "detail"))
    for names, role in roles:
        for name, count in names.items():
            for _ in range(count):
                counted.outcome(Outcome(name), url=SITE, message="why", role=role)
    return counted


VERDICTS: list[tuple[Tally, dict[str, Any], str, Cause | None, str | None]] = [
    (tally({"OK": 2}), {}, "healthy", None, None),
    (tally({"NOT_MODIFIED": 2}, entries=0), {}, "healthy", None, None),
    (tally({"NOT_MODIFIED": 1}, entries=0), {"expected": 20}, "healthy", None, None),
    (tally({"OK": 2}, {"OK": 4, "NOT_FOUND": 6, "GONE": 1}), {}, "healthy", None, None),
    (tally({"OK": 1}, {"OK": 2, "TIMEOUT": 2}), {}, "healthy", None, None),
    (tally({"OK": 1}, {"TIMEOUT": 2}), {}, "healthy", None, None),
    (tally({"OK": 1, "EMPTY_OK": 1}), {}, "healthy", None, None),
    (tally({"OK": 2}), {"finished": False}, "interrupted", Cause.STOPPED, "stopped before its end"),
    (tally({}), {}, "failed", Cause.OURS, "no listing was asked for"),
    (tally({"TIMEOUT": 2}, entries=0), {}, "failed", Cause.TIMEOUT, "TIMEOUT on every listing: why"),
    (tally({"DNS": 1}, {"OK": 5}, entries=0), {}, "failed", Cause.DNS, "DNS on every listing: why"),
    (tally({"BLOCKED": 2}, entries=0), {}, "blocked", Cause.CHALLENGE, "BLOCKED on every listing: why"),
    (tally({"ROBOTS": 1}, entries=0), {}, "blocked", Cause.ROBOTS, "ROBOTS on every listing: why"),
    (
        tally({"SERVER_ERROR": 3, "CHALLENGE": 1}, entries=0), {},
        "blocked", Cause.CHALLENGE, "no listing could be read: SERVER_ERROR 3, CHALLENGE 1",
    ),
    (tally({"DRIFT": 2}, entries=0), {}, "empty", Cause.REDESIGN, "DRIFT on every listing: why"),
    (tally({"EMPTY": 1}, entries=0), {}, "empty", Cause.NOTHING, "EMPTY on every listing: why"),
    (tally({"OK": 1}, entries=0), {}, "empty", Cause.NOTHING, "no listing shows an entry"),
    (tally({"OK": 1}, {"OK": 1, "BLOCKED": 3}), {}, "blocked", Cause.CHALLENGE, "3 of 4 pages were refused"),
    (tally({"OK": 1, "BLOCKED": 1}, {"OK": 9}), {}, "thin", Cause.CHALLENGE, "1 of 2 listing pages failed: BLOCKED"),
    (tally({"OK": 3, "TIMEOUT": 2, "DRIFT": 1}), {}, "thin", Cause.TIMEOUT, "3 of 6 listing pages failed: TIMEOUT"),
    (tally({"OK": 1}, entries=9), {"expected": 10}, "thin", Cause.FEWER, "9 entries, and expect.entries is 10"),
    (tally({"OK": 1}, {"OK": 1, "TIMEOUT": 1, "DRIFT": 1}), {}, "thin", Cause.TIMEOUT, "2 of 3 pages failed"),
]  # fmt: skip


@pytest.mark.parametrize(("counted", "given", "verdict", "cause", "words"), VERDICTS)
def test_the_verdict_of_a_run_and_its_cause(
    counted: Tally, given: dict[str, Any], verdict: str, cause: Cause | None, words: str | None
) -> None:
    judged = verdicts.judge(counted, **({"finished": True} | given))
    assert (judged.verdict, judged.cause, judged.words) == (verdict, cause, words)
    assert judged.sound is (verdict == "healthy")


def documented() -> dict[str, tuple[str, str]]:
    """What docs/faults.md says a run comes to whose every listing comes to one outcome."""
    text = (ROOT / "docs" / "faults.md").read_text("utf-8").partition("## What a run comes to")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z][A-Z_0-9, ]+) \| (\w+) \| (\S+) \|$", text, re.MULTILINE)
    return {outcome: (verdict, cause.strip("`")) for names, verdict, cause in rows for outcome in names.split(", ")}


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.STALE])
def test_a_run_comes_to_what_the_documentation_says(outcome: Outcome) -> None:
    """STALE is said of a listing besides what it was answered with, and has tests of its own below."""
    judged = verdicts.judge(tally({outcome.value: 2}, entries=20 if outcome is Outcome.OK else 0), finished=True)
    assert (judged.verdict, judged.cause or "–") == documented()[outcome.value]


@pytest.mark.parametrize("outcome", Outcome)
def test_failures_are_listed_and_answers_are_not(outcome: Outcome) -> None:
    counted = tally({}, {outcome.value: 1})
    answers = {"OK", "EMPTY_OK", "NOT_MODIFIED", "NOT_FOUND", "GONE", "ROBOTS"}
    expected = [] if outcome.value in answers else [{"url": SITE, "outcome": outcome.value, "message": "why"}]
    assert counted.failures == expected
    assert counted.outcomes == {outcome.value: 1}


def test_the_list_of_failures_has_an_end() -> None:
    counted = tally({}, {"TIMEOUT": verdicts.MOST_FAILURES + 5})
    assert len(counted.failures) == verdicts.MOST_FAILURES
    assert counted.outcomes["TIMEOUT"] == verdicts.MOST_FAILURES + 5


CAUSES = [
    (Outcome.DNS, "CannotResolveHostError: no such host", Cause.DNS),
    (Outcome.NETWORK, "DownloadConnectionRefusedError: 111", Cause.CONNECTION),
    (Outcome.TIMEOUT, "", Cause.TIMEOUT),
    (Outcome.TLS, "CertificateRefused: the certificate has expired", Cause.TLS_EXPIRED),
    (Outcome.TLS, "service_identity.exceptions.VerificationError: DNSMismatch", Cause.TLS_MISMATCH),
    (Outcome.TLS, "unsupported protocol", Cause.TLS),
    (Outcome.BLOCKED, "status 403; some portals answer no address outside Vietnam", Cause.REFUSED),
    (Outcome.BLOCKED, "Request Rejected", Cause.CHALLENGE),
    (Outcome.RATE_LIMITED, "status 429", Cause.REFUSED),
    (Outcome.SERVER_ERROR, "status 500", Cause.SERVER_ERROR),
    (Outcome.ROBOTS, "forbidden by https://x/robots.txt", Cause.ROBOTS),
    (Outcome.ROBOTS, "robots.txt could not be had: status 503", Cause.SERVER_ERROR),
    (Outcome.ROBOTS, "robots.txt could not be had: DownloadTimeoutError: 45 s", Cause.TIMEOUT),
    (Outcome.ROBOTS, "robots.txt could not be had: DownloadFailedError: reset", Cause.CONNECTION),
    (Outcome.LOGIN, "", Cause.LOGIN),
    (Outcome.MOVED, "the section redirects to https://x/", Cause.ELSEWHERE),
    (Outcome.DRIFT, "", Cause.REDESIGN),
    (Outcome.DRIFT, "hijacked: the page says 'buy this domain'", Cause.HIJACKED),
    (Outcome.BROKEN, "status 206", Cause.PARSE),
    (Outcome.BROKEN, "could not be stored: ValueError", Cause.OURS),
    (Outcome.TOO_COMPLEX, "", Cause.PARSE),
    (Outcome.STALE, "", Cause.SILENT),
]


@pytest.mark.parametrize(("outcome", "message", "cause"), CAUSES)
def test_the_cause_that_an_outcome_and_its_message_point_to(outcome: Outcome, message: str, cause: Cause) -> None:
    assert cause_of(outcome, message) is cause


@whatever(st.sampled_from(Outcome), st.text())
def test_every_outcome_has_a_cause_whatever_it_says(outcome: Outcome, message: str) -> None:
    assert cause_of(outcome, message) in Cause


# Beside its own past


def healthy(**report: Any) -> tuple[str, dict[str, Any]]:
    return "healthy", report


def sections(*rows: int) -> list[tuple[str, dict[str, Any]]]:
    return [healthy(sections={SITE: Shown(rows=one).to_json()}) for one in rows]


@pytest.mark.parametrize(
    ("before", "now", "thin"),
    [
        ((20, 20, 20), 9, True),
        ((20, 20, 20), 10, True),
        ((20, 20, 20), 11, False),
        ((20, 20, 20), 0, True),
        ((20, 20), 5, False),  # too few runs to know
        ((4, 4, 4), 0, False),  # too few rows to tell
        ((20, 20, 0, 20, 20), 9, True),  # the median is not moved by one bad run
        ((20, 10, 30, 5, 25), 4, False),  # a listing that is now long and now short
    ],
)
def test_a_listing_that_is_far_shorter_than_usual_is_thin(before: tuple[int, ...], now: int, thin: bool) -> None:
    counted = tally({"OK": 2})
    counted.sections[SITE] = Shown(rows=now)
    judged = verdicts.judge(counted, finished=True, past=Past.of(sections(*before), None))
    assert (judged.verdict, judged.cause) == (("thin", Cause.FEWER) if thin else ("healthy", None))
    assert judged.sound is not thin


def test_runs_that_were_not_healthy_teach_no_length() -> None:
    counted = tally({"OK": 1})
    counted.sections[SITE] = Shown(rows=9)
    bad = [("thin", told) for _, told in sections(20, 20, 20)]
    assert verdicts.judge(counted, finished=True, past=Past.of(bad, None)).verdict == "healthy"


def filled(pages: int, **met: int) -> dict[str, int]:
    return {"pages": pages, "title": pages, "date": pages, "body": pages} | met


@pytest.mark.parametrize(
    ("before", "last", "now", "words"),
    [
        ([filled(50)], filled(5), filled(5, date=0), "0 of the last 5 pages show a date, and 50 of 50 did before"),
        ([filled(50)], filled(5), filled(10, body=6), "6 of the last 10 pages show a body, and 50 of 50 did before"),
        ([filled(50)], filled(1, title=0), filled(1, title=0), "0 of the last 2 pages show a title"),
        ([filled(50)], filled(1), filled(1, date=0), None),  # one page without its date is none
        ([filled(50)], filled(5), filled(5, date=4), None),
        ([filled(50, date=20)], filled(5), filled(5, date=1), None),  # never showed many
        ([filled(50, date=0)], filled(5), filled(5, date=0), None),
        ([], filled(5), filled(5, date=0), None),  # nothing to compare with
    ],
)
def test_pages_that_lose_a_field_are_a_redesign(
    before: list[dict[str, int]], last: dict[str, int], now: dict[str, int], words: str | None
) -> None:
    counted = tally({"OK": 1}, {"OK": now["pages"]})
    counted.filled.update(now)
    past = Past.of([("healthy", {"filled": one}) for one in (last, *before)], None)
    judged = verdicts.judge(counted, finished=True, past=past)
    if words is None:
        assert judged.verdict == "healthy"
    else:
        assert (judged.verdict, judged.cause, judged.sound) == ("thin", Cause.REDESIGN, False)
        assert judged.words
        assert judged.words.startswith(words)


def test_what_a_page_shows_is_counted() -> None:
    counted = Tally()
    counted.read(Outcome.OK, article("/1"))
    counted.read(Outcome.OK, article("/2", published=None, body_text=""))
    counted.read(Outcome.EMPTY, None)
    counted.read(Outcome.TIMEOUT, None)
    counted.read(Outcome.NOT_MODIFIED, None)
    assert counted.filled == {"pages": 3, "title": 2, "date": 1, "body": 1}


# Polls of some sections only


def test_a_section_that_keeps_failing_makes_polls_of_others_thin_until_it_is_read() -> None:
    """Each poll asks for one section, as a scheduler has it: A is well, and B is not."""
    a, b, past, seen = f"{SITE}/a", f"{SITE}/b", verdicts.NO_PAST, []
    for asked, outcome in ((a, "OK"), (b, "DRIFT"), (a, "OK"), (b, "DRIFT"), (a, "OK"), (b, "OK"), (a, "OK")):
        counted = tally({outcome: 1})
        counted.looked[asked] = None if outcome == "OK" else (Outcome(outcome), "no row")
        counted.ailing = verdicts.ailing(counted, past, {a, b})
        judged = verdicts.judge(counted, finished=True, unasked=verdicts.unasked(counted))
        seen.append((judged.verdict, judged.cause, judged.sound))
        past = Past.of([(judged.verdict, {"ailing": counted.ailing})], None)
    well, ill = ("healthy", None, True), ("empty", Cause.REDESIGN, False)
    assert seen == [well, ill, well, ill, ("thin", Cause.REDESIGN, True), well, well]


def test_a_section_that_is_the_sources_no_more_ails_no_more() -> None:
    past = Past(ailing={SITE: {"outcome": "DRIFT", "message": "no row", "times": 9}})
    assert verdicts.ailing(Tally(), past, {SITE}) == past.ailing
    assert verdicts.ailing(Tally(), past, {f"{SITE}/b"}) == {}
    assert verdicts.ailing(Tally(looked={SITE: None}), past, {SITE}) == {}


# Silence


def shown(*ago: int) -> Shown:
    """A listing whose rows are of so many days before TODAY."""
    return Shown.of(entry(f"/{days}", published=moment(NIGHT - timedelta(days=days)))[1] for days in ago)


DAILY = tuple(range(30, 50))
"""Twenty days in a row with news, the last one thirty days ago."""


def test_what_a_listing_shows_is_kept_as_json() -> None:
    one = shown(0, 0, 1, 400)
    assert one == Shown(rows=4, days=tuple(TODAY - timedelta(days=days) for days in (0, 1, 400)))
    assert Shown.from_json(one.to_json()) == one
    undated = Shown.of([entry("/1")[1]])
    assert undated == Shown(rows=1)
    assert Shown.from_json(undated.to_json()) == undated


def test_a_busy_page_is_known_by_what_it_showed_before() -> None:
    seen = None
    for ago in range(60, 29, -1):  # ten rows a day
        seen = Shown.of((row for _, row in [entry("/1", published=moment(NIGHT - timedelta(days=ago)))] * 10), seen)
    assert seen
    assert (seen.rows, len(seen.days), seen.days[0]) == (10, verdicts.MOST_DAYS, TODAY - timedelta(days=30))
    assert set(verdicts.silences({SITE: seen}, TODAY, past=Past(since=TODAY - timedelta(days=61)))) == {SITE}


@pytest.mark.parametrize(
    ("ago", "since", "silent"),
    [
        (DAILY, 60, True),
        (DAILY, 31, True),  # it lived when we came
        (DAILY, 5, False),  # it was dead when we came
        (tuple(range(9, 29)), 60, False),  # Tết
        (tuple(30 * n for n in range(1, 11)), 400, False),  # once a month
        (tuple(30 * n for n in range(12, 22)), 400, True),
        ((*range(30, 39), 2000), 60, True),  # one is pinned
        ((90,) * 20, 100, False),  # all of one day: no rhythm
        ((), 100, False),
    ],
)
def test_a_listing_that_breaks_its_rhythm_is_silent(ago: tuple[int, ...], since: int, silent: bool) -> None:
    past = Past(since=TODAY - timedelta(days=since))
    found = verdicts.silences({SITE: shown(*ago)}, TODAY, past=past)
    assert set(found) == ({SITE} if silent else set())
    assert all("its newest entry is of " in why for why in found.values())


def test_a_silence_is_told_by_the_rows_or_by_what_polls_have_taught() -> None:
    past = Past(since=TODAY - timedelta(days=60))
    assert verdicts.silences({SITE: shown(*DAILY)}, TODAY, past=past, learned={SITE: 0.2})
    assert verdicts.silences({SITE: shown(0, 1, 2)}, TODAY, past=past, learned={SITE: 0.0001})
    assert not verdicts.silences({SITE: shown(0, 1, 2)}, TODAY, past=past, learned={SITE: 0.2})
    assert verdicts.silences({SITE: Shown(rows=3)}, TODAY, learned={SITE: 0.0})


def test_silent_sections_are_not_taken_for_pages_that_failed() -> None:
    counted = tally({"OK": 3}, {"OK": 1})
    for number in range(3):
        counted.stale(f"{SITE}/{number}", "its newest entry is of 01/01/2026")
    judged = verdicts.judge(counted, finished=True, silent=[f"{SITE}/{number}" for number in range(3)])
    assert (judged.verdict, judged.cause) == ("thin", Cause.SILENT)
    assert [one["outcome"] for one in counted.failures] == ["STALE"] * 3


def test_a_source_with_a_silent_section_is_thin_and_the_others_can_be_believed() -> None:
    counted = tally({"OK": 2})
    counted.sections = {SITE: shown(*DAILY), f"{SITE}/2": shown(0, 1, 2)}
    judged = verdicts.judge(counted, finished=True, silent=[SITE])
    assert (judged.verdict, judged.cause, judged.sound) == ("thin", Cause.SILENT, True)
    assert judged.words == "1 of 2 sections have been silent for longer than they ever are"
    assert not verdicts.judge(counted, finished=True, silent=list(counted.sections)).sound


@whatever(st.lists(st.integers(0, 4000), max_size=30), st.integers(0, 4000))
def test_a_chance_is_a_chance(ago: list[int], later: int) -> None:
    first = shown(*ago).silence(TODAY)
    assert 0 <= shown(*ago).silence(TODAY + timedelta(days=later)) <= first <= 1
