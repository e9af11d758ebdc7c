"""A run's verdict and its cause, and what of it the operator is told. Pure: what is known comes in as values.

A run is judged by what it met, by what its source states, by the source's own past, and by how long it has been silent.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from scraper.history import FEWEST_ROWS
from scraper.items import VIETNAM
from scraper.outcomes import Outcome
from storage.causes import Cause, cause_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from scraper.items import Article, Entry, VisitRole

Verdict = Literal["healthy", "thin", "empty", "blocked", "failed", "interrupted"]

COMPLETE = frozenset({"healthy", "thin"})
"""Verdicts of a run that has seen what there was: the next one is not the source's first."""
LISTINGS: frozenset[VisitRole] = frozenset({"listing", "feed", "sitemap"})
"""Roles of what lists pages; the others are pages themselves, or what they attach."""
MOST_FAILURES = 1_000
REMEMBERED = timedelta(days=30)
"""What a source has been like for so long is what it is: nothing older is compared with."""
FEWEST_RUNS = 3
"""Good runs that must have read a listing before its length is held against one."""
LEAST_CHANCE = 0.001
"""What would come by chance less often than this is taken for a sign."""
LEAST_FAILURES = 2
"""How often in a row a listing must have failed to be held against a run that did not ask for it."""
GAVE_UP = "request after request failed, and the rest was not asked for"
"""How the words begin of a run that has given a host up."""
FEWEST_PAGES = 3
"""A run that asked for fewer pages is not judged by them."""
MOST_DAYS = 20
"""Days of a listing that are remembered: a month of a busy one."""
FEWEST_DAYS = 3
"""A listing that shows fewer days has no rhythm."""
MOST_LOST = 0.3
"""By how much the share of pages with a title, a date or a body may fall before the layout is looked at."""
ENOUGH_PAGES = 5
"""A run that has read fewer pages is looked at together with the one before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a listing's first page showed: so many rows, and the days of which it ever had rows, the newest first."""

    rows: int
    days: tuple[date, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry], before: Shown | None = None) -> Shown:
        """From its rows, and what is known of its days from before: a busy page shows no more than two."""
        rows = list(entries)
        days = {row.published.at.astimezone(VIETNAM).date() for row in rows if row.published}
        days |= set(before.days if before else ())
        return cls(rows=len(rows), days=tuple(sorted(days, reverse=True)[:MOST_DAYS]))

    def to_json(self) -> dict[str, Any]:
        """As a run's report keeps it."""
        return {"rows": self.rows, "days": [day.isoformat() for day in self.days]}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Shown:
        """What `to_json` told."""
        return cls(rows=told["rows"], days=tuple(map(date.fromisoformat, told["days"])))

    def silence(self, today: date) -> float:
        """How likely it is that nothing came since the newest day, at the pace of the days.

        The predictive of a Poisson process of unknown rate; a day with rows counts once, for they come in batches. The
        oldest of several days is left out: a row that is pinned says little of a rhythm.

        >>> shown = Shown(rows=10, days=tuple(date(2026, 3, number) for number in (12, 11, 10, 9, 6, 5, 4, 3, 2)))
        >>> shown.silence(date(2026, 3, 20)) > 0.01, shown.silence(date(2026, 4, 20)) < 0.001
        (True, True)
        """
        within = self.days[:-1] if len(self.days) >= FEWEST_ROWS else self.days
        if len(within) < FEWEST_DAYS:
            return 1.0
        quiet = (today - within[0]).days - 1
        span = (within[0] - within[-1]).days
        return float((span / (span + max(quiet, 0))) ** (len(within) - 1))


@dataclass(slots=True, eq=False)
class Tally:
    """What a run has counted so far."""

    requests: int = 0
    bytes: int = 0
    listings: int = 0
    entries: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    listing_outcomes: Counter[str] = field(default_factory=Counter)
    document_outcomes: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    returned: int = 0
    procedures: Counter[str] = field(default_factory=Counter)
    """Events of procedures, by kind."""
    failures: list[dict[str, str]] = field(default_factory=list)
    complaint: str = ""
    """What the first listing that failed said."""
    causes: dict[tuple[bool, str], Cause] = field(default_factory=dict)
    """The first cause of each outcome that failed: of listings, and of the others."""
    sections: dict[str, Shown] = field(default_factory=dict)
    """What each listing's first page showed."""
    looked: dict[str, tuple[Outcome, str] | None] = field(default_factory=dict)
    """The listings whose first page was asked for: what failed, and why; None of one that was read."""
    ailing: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How listings that fail have failed last, and how often in a row, whether this run has asked for them or not."""
    filled: Counter[str] = field(default_factory=Counter)
    """How many `pages` of articles were read, and of how many the `title`, `date` and `body` were met."""

    def outcome(self, outcome: Outcome, *, url: str, message: str, role: VisitRole) -> None:
        """Counts what one visit came to."""
        self.outcomes[outcome.value] += 1
        if role == "document":
            self.document_outcomes[outcome.value] += 1
        if role in LISTINGS:
            self.listing_outcomes[outcome.value] += 1
            if not outcome.trusted:
                self.complaint = self.complaint or message
        if not outcome.trusted:
            self.causes.setdefault((role in LISTINGS, outcome.value), cause_of(outcome, message))
        if not outcome.answered:
            self.failed(outcome, url=url, message=message)

    def failed(self, outcome: Outcome, *, url: str, message: str) -> None:
        """Lists a failure."""
        if len(self.failures) < MOST_FAILURES:
            self.failures.append({"url": url, "outcome": outcome.value, "message": message})

    def stale(self, url: str, message: str) -> None:
        """Counts a listing that is silent for too long, besides what it was answered with."""
        self.looked[url] = Outcome.STALE, message
        self.outcomes[Outcome.STALE.value] += 1
        self.failed(Outcome.STALE, url=url, message=message)

    def read(self, outcome: Outcome, article: Article | None) -> None:
        """Counts what was met on an article's page; a page of which nothing could be made meets nothing."""
        if article is None and outcome not in {Outcome.EMPTY, Outcome.DRIFT}:
            return
        self.filled["pages"] += 1
        if article:
            self.filled["title"] += bool(article.title)
            self.filled["date"] += article.published is not None
            self.filled["body"] += bool(article.body_text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What a source's runs of the last weeks were like, the newest first.

    `rows` are the lengths of each listing's first page in healthy runs; `last` is what the last run counted that read
    pages (a Tally's `filled`), and `good` what healthy ones before it did; `shown` is what each listing showed last,
    `ailing` how those fail that do; the last one `gave_up` its host. `since` is the day of the source's first run.
    """

    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)
    good: Sequence[Mapping[str, int]] = ()
    shown: Mapping[str, Shown] = field(default_factory=dict)
    ailing: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gave_up: bool = False
    since: date | None = None

    @classmethod
    def of(cls, runs: Iterable[tuple[str | None, Mapping[str, Any]]], since: datetime | None) -> Past:
        """From verdicts and reports of closed runs, the newest first, and the start of the first run.

        A run without its verdict is too long ago: only what its listings showed is taken from it.
        """
        rows: dict[str, list[int]] = {}
        filled: list[tuple[bool, Mapping[str, int]]] = []
        shown: dict[str, Shown] = {}
        ailing: Mapping[str, Any] | None = None
        gave_up: bool | None = None
        for verdict, report in runs:
            ailing = report.get("ailing") if ailing is None else ailing
            gave_up = str(report.get("cause")).startswith(GAVE_UP) if gave_up is None else gave_up
            healthy = verdict == "healthy"
            for url, told in report.get("sections", {}).items():
                shown.setdefault(url, Shown.from_json(told))
                if healthy:
                    rows.setdefault(url, []).append(told["rows"])
            if verdict and report.get("filled", {}).get("pages"):
                filled.append((healthy, report["filled"]))
        return cls(
            rows=rows,
            last=filled[0][1] if filled else {},
            good=[counts for healthy, counts in filled[1:] if healthy],
            shown=shown,
            ailing=ailing or {},
            gave_up=bool(gave_up),
            since=since.astimezone(VIETNAM).date() if since else None,
        )


NO_PAST = Past()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A run's verdict; where it is not healthy, `cause` of the closed list, and `words` that say more."""

    verdict: Verdict
    cause: Cause | None = None
    words: str | None = None
    sound: bool = False
    """Its pages can be believed, also that one is missing: what is ill is a section that had no part in it."""


def judge(
    tally: Tally,
    *,
    finished: bool,
    expected: int = 0,
    short: str = "",
    past: Past = NO_PAST,
    silent: Sequence[str] = (),
    unasked: Mapping[str, Mapping[str, Any]] | None = None,
) -> Judgement:
    """A run's verdict. A partial run never looks complete.

    `expected` is how many entries the source says a first page has; `short` tells of a listing that lacks half of what
    it just had; `silent` are the listings that `silences` found; `unasked` those that `unasked` found.
    """
    if not finished:
        return Judgement(verdict="interrupted", cause=Cause.STOPPED, words="stopped before its end")
    if ill := _of_listings(tally) or _of_pages(tally, expected) or _beside_the_past(tally, short, past):
        return ill
    if silent:
        words = f"{len(silent)} of {len(tally.sections)} sections have been silent for longer than they ever are"
        return Judgement(
            verdict="thin", cause=Cause.SILENT, words=words, sound=len(silent) < len(tally.sections)
        )  # fmt: skip
    for url, one in (unasked or {}).items():
        words = (
            f"{url}, which this run did not ask for, failed {one['times']} times: {one['outcome']}: {one['message']}"
        )
        cause = cause_of(Outcome(one["outcome"]), one["message"])
        return Judgement(verdict="thin", cause=cause, words=words, sound=True)
    return Judgement(verdict="healthy", sound=True)


def ailing(tally: Tally, past: Past, sections: Collection[str]) -> dict[str, dict[str, Any]]:
    """The listings that fail, those that this run did not ask for as they were; `sections` are all of the source's."""
    told = {url: dict(one) for url, one in past.ailing.items() if url not in tally.looked and url in sections}
    for url, failed in tally.looked.items():
        if failed:
            times = past.ailing.get(url, {}).get("times", 0) + 1
            told[url] = {"outcome": failed[0].value, "message": failed[1], "times": times}
    return told


def unasked(tally: Tally) -> dict[str, dict[str, Any]]:
    """The listings that keep failing and that this run did not ask for: a poll of others does not mend them."""
    return {url: one for url, one in tally.ailing.items() if url not in tally.looked and one["times"] >= LEAST_FAILURES}


def _of_listings(tally: Tally) -> Judgement | None:
    """What is wrong where nothing could be read of any listing."""
    asked = sum(tally.listing_outcomes.values())
    if not asked:
        return Judgement(verdict="failed", cause=Cause.OURS, words="no listing was asked for")
    worst = _untrusted(tally)
    if sum(tally.listing_outcomes[one.value] for one in worst) == asked:
        return _unread(tally, worst)
    if not tally.entries and not tally.listing_outcomes[Outcome.NOT_MODIFIED.value]:
        return Judgement(verdict="empty", cause=Cause.NOTHING, words="no listing shows an entry")
    return None


def _untrusted(tally: Tally) -> list[Outcome]:
    """The outcomes of listings that failed, the most frequent first."""
    return [Outcome(name) for name, _ in tally.listing_outcomes.most_common() if not Outcome(name).trusted]


def _unread(tally: Tally, worst: Sequence[Outcome]) -> Judgement:
    words = f"{worst[0].value} on every listing" + (f": {tally.complaint}" if tally.complaint else "")
    if tally.complaint.startswith("robots.txt could not be had"):
        return Judgement(verdict="failed", cause=tally.causes[True, worst[0].value], words=words)
    if len(worst) > 1:
        counts = ", ".join(f"{outcome.value} {tally.listing_outcomes[outcome.value]}" for outcome in worst)
        words = f"no listing could be read: {counts}"
    verdict: Verdict = "failed"
    telling = next((one for one in worst if one.shut_out), None)
    if telling:
        verdict = "blocked"
    elif telling := next((one for one in worst if one in {Outcome.DRIFT, Outcome.EMPTY}), None):
        verdict = "empty"
    return Judgement(verdict=verdict, cause=tally.causes[True, (telling or worst[0]).value], words=words)


def _of_pages(tally: Tally, expected: int) -> Judgement | None:
    """What is wrong where some of the listings, or of the pages, failed."""
    # A document that fails is flagged where it is linked, and says little of the portal.
    pages = tally.outcomes - tally.listing_outcomes - tally.document_outcomes
    del pages[Outcome.STALE.value]  # said of listings, besides what they were answered with
    total = pages.total()
    refused = [(Outcome(name), count) for name, count in pages.most_common() if Outcome(name).shut_out]
    many = sum(count for _, count in refused)
    if total >= FEWEST_PAGES and many * 2 > total:
        cause = tally.causes[False, refused[0][0].value]
        return Judgement(verdict="blocked", cause=cause, words=f"{many} of {total} pages were refused")
    if worst := _untrusted(tally):
        asked = sum(tally.listing_outcomes.values())
        lost = sum(tally.listing_outcomes[one.value] for one in worst)
        words = f"{lost} of {asked} listing pages failed: {worst[0].value}"
        return Judgement(verdict="thin", cause=tally.causes[True, worst[0].value], words=words)
    if expected and tally.entries < expected and not tally.listing_outcomes[Outcome.NOT_MODIFIED.value]:
        words = f"{tally.entries} entries, and expect.entries is {expected}"
        return Judgement(verdict="thin", cause=Cause.FEWER, words=words)
    failed = [(Outcome(name), count) for name, count in pages.most_common() if not Outcome(name).answered]
    many = sum(count for _, count in failed)
    if total >= FEWEST_PAGES and many * 2 > total:
        cause = tally.causes[False, failed[0][0].value]
        return Judgement(verdict="thin", cause=cause, words=f"{many} of {total} pages failed")
    return None


def _beside_the_past(tally: Tally, short: str, past: Past) -> Judgement | None:
    if words := _lost(tally, past):
        return Judgement(verdict="thin", cause=Cause.REDESIGN, words=words)
    short = short or next(filter(None, (_fewer(url, one.rows, past) for url, one in tally.sections.items())), "")
    return Judgement(verdict="thin", cause=Cause.FEWER, words=short) if short else None


def _lost(tally: Tally, past: Past) -> str:
    """Which of title, date and body far fewer pages have than used to, in words."""
    now = Counter(tally.filled)
    if 0 < now["pages"] < ENOUGH_PAGES:
        now += Counter(past.last)
    before: Counter[str] = Counter()
    for counts in past.good:
        before.update(counts)
    if not now["pages"] or not before["pages"]:
        return ""
    for name in ("title", "date", "body"):
        usual = (before[name] + 1) / (before["pages"] + 2)
        have = now[name]
        if usual - have / now["pages"] < MOST_LOST or _at_most(have, now["pages"], usual) >= LEAST_CHANCE:
            continue
        return (
            f"{have} of the last {now['pages']} pages show a {name}, and {before[name]} of {before['pages']} did before"
        )
    return ""


def _at_most(have: int, of: int, share: float) -> float:
    """How likely at most so many of a number of pages have what a share of them has (binomial)."""
    return sum(math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(have + 1))


def _fewer(url: str, rows: int, past: Past) -> str:
    """In words, that a listing is far shorter than it usually is: than the median, as its own scatter goes."""
    before = past.rows.get(url, ())
    if len(before) < FEWEST_RUNS:
        return ""
    usual = median(before)
    scatter = median(abs(one - usual) for one in before)
    if usual < FEWEST_ROWS or rows * 2 > usual or rows >= usual - 4 * scatter:
        return ""
    return f"{url} shows {rows} rows, and usually {usual:g}"


def silences(
    sections: Mapping[str, Shown], today: date, *, past: Past = NO_PAST, learned: Mapping[str, float] | None = None
) -> dict[str, str]:
    """The listings that have been silent for longer than their rhythm allows, and in what words: they are STALE.

    The rows tell of a pace; `learned` has, by listing, how likely its silence is by all that polls have taught. One
    that was as silent already when its source was crawled first has no pace to break, until it says something new.
    """
    found = {}
    for url, shown in sections.items():
        chance = (learned or {}).get(url, 1.0)
        if past.since is not None and shown.silence(past.since) >= LEAST_CHANCE:
            chance = min(chance, shown.silence(today))
        if chance < LEAST_CHANCE:
            newest = f"its newest entry is of {shown.days[0]:%d/%m/%Y}" if shown.days else "nothing new has come"
            found[url] = f"{newest}: by its rhythm so long a silence has a chance of {max(chance, 1e-9):.1g}"
    return found
