"""A year of polls of a portal that nobody redesigns: rows come and go, editors slip, and nothing is to be raised.

    python tests/healthy_years.py [--seeds 20] [--first 0]

What is remembered between polls is what the store remembers (`storage/pipelines.py`, `storage/drift.py`).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from scraper import drift
from scraper.history import KnownPage, dated_rows
from scraper.items import VIETNAM, Article, Entry, Moment
from scraper.outcomes import Outcome
from storage import causes, health
from storage.drift import MOST_TRIES, Read, all_odd
from storage.health import Health
from storage.pages import MOST_FAILURES

POLLS = 4
"""A day."""
START = datetime(2025, 1, 1, tzinfo=VIETNAM)
_WORDS = (
    *("công", "bố", "danh", "mục", "thủ", "tục", "hành", "chính", "thông", "báo", "kết", "quả", "kế", "hoạch"),
    *("triển", "khai", "hội", "nghị", "tổng", "phong", "trào", "thi", "đua", "lễ", "xây", "dựng", "nông", "thôn"),
    *("phòng", "chống", "thiên", "tai", "chuyển", "đổi", "số", "cải", "cách", "đầu", "tư", "dự", "án", "y", "tế"),
)


@dataclass
class Portal:
    """A section that lists its newest articles, as its editors fill it.

    `rate` is articles a day, `shown` rows of a page, `sidebar` links of other lists that are taken for rows, where the
    profile's selectors meet nothing and never have.
    """

    seed: int
    rate: float
    shown: int
    sidebar: int = 0
    relative: bool = False
    articles: list[Article] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        for back in range(self.shown * 3, 0, -1):
            self.publish(START - timedelta(days=back / self.rate))

    def publish(self, at: datetime) -> None:
        """A new article; of a hundred, three have no date, and five are called what one of the last ten is."""
        number = len(self.articles)
        address = f"https://cong.example.vn/tin/{number}.html"
        published = None if self.dice.random() < 0.03 else Moment(at=at, precision="day")
        again = number >= 10 and self.dice.random() < 0.05
        title = self.articles[-self.dice.randint(1, 10)].title if again else f"{self._words(9).capitalize()} {number}"
        words = [f"{self._words(12).capitalize()} {number}.{line}" for line in range(self.dice.randint(1, 12))]
        self.articles.append(
            Article(
                url=address, canonical_url=address, title=title, published=published, body_text="\n".join(words),
            )
        )  # fmt: skip

    def _words(self, count: int) -> str:
        return " ".join(self.dice.choices(_WORDS, k=count))

    def edit(self, number: int) -> None:
        """What an editor does to an article: mostly a few words, seldom all of it."""
        one, way = self.articles[number], self.dice.random()
        if way < 0.6:
            one = replace(one, body_text=one.body_text.replace("công bố", "công khai"))
        elif way < 0.8:
            one = replace(one, body_text=f"{one.body_text}\n{self._words(15)}")
        elif way < 0.9:
            one = replace(one, title=f"{self._words(9).capitalize()} {number}")
        elif way < 0.95:
            one = replace(one, body_text=self._words(100))
        elif way < 0.98:
            one = replace(one, published=Moment(at=START + timedelta(days=self.dice.randint(0, 300)), precision="day"))
        else:
            one = replace(one, published=None)
        self.articles[number] = one

    def live(self, turn: int) -> None:
        """What comes between two polls, once in a few years a burst of it, and what editors do to rows."""
        day = turn // POLLS
        burst = 20 if self.dice.random() < 0.0005 else 0
        today = 0 if day in HOLIDAYS else self.rate / POLLS
        for _ in range(burst + int(today) + (self.dice.random() < today % 1)):
            self.publish(START + timedelta(days=day))
        if self.dice.random() < 0.1 * min(1, self.rate):
            self.edit(len(self.articles) - 1 - self.dice.randrange(self.shown))

    def rows(self, day: int) -> list[Entry]:
        """The first page: the newest, at times with a pinned old one; on a holiday half empty, or nothing at all."""
        newest = self.articles[: -self.shown - 1 : -1]
        if self.dice.random() < 0.1:
            newest = [self.dice.choice(self.articles), *newest[:-1]]
        if day in HOLIDAYS and self.dice.random() < 0.3:
            return []
        popular = [self.articles[-1 - (day // 3 + step * 2) % len(self.articles)] for step in range(self.sidebar)]
        return list({one.url: self._row(one) for one in (*newest, *popular)}.values())

    def _row(self, one: Article) -> Entry:
        published = None if self.dice.random() < 0.01 else one.published
        if published and self.relative and self.dice.random() < 0.3:
            published = replace(published, at=published.at - timedelta(days=1))
        title = "" if self.dice.random() < 0.003 else one.title
        return Entry(url=one.url, title=title, published=published)


HOLIDAYS = frozenset((*range(24, 33), 89, 119, 120, 243, 244))
"""Days of the year: Tết and the others."""


@dataclass(frozen=True, kw_only=True)
class Year:
    """How often a run of it was ill, though nothing was, and how often its operator was told so."""

    ill: int
    told: int


def year_of(portal: Portal) -> Year:
    """A year of polls. Each asks for the listing, for one old page, and for those that looked odd."""
    listing, pages = _Listing(portal), _Pages(portal)
    told: Health | None = None
    runs: list[Health] = []
    said = 0
    for turn in range(365 * POLLS):
        portal.live(turn)
        cause = listing.poll(turn // POLLS) or pages.poll(turn)
        runs = [Health(verdict="thin", cause=cause) if cause else Health(verdict="healthy"), *runs]
        kind = health.turn(told, runs[:20])
        said += kind == "source.ill"
        told = runs[0] if kind == "source.ill" else None if kind else told
    ill = [run.verdict != "healthy" for run in reversed(runs)]
    return Year(ill=sum(now and not before for before, now in pairwise([False, *ill])), told=said)


@dataclass
class _Listing:
    portal: Portal
    known: dict[str, KnownPage] = field(default_factory=dict)
    had: drift.Had = field(default_factory=lambda: drift.Had(rows=None, dated=None))

    def poll(self, day: int) -> str | None:
        """The cause, where its first page is taken for another; the listing says so itself where it is empty."""
        portal = self.portal
        rows = [(entry.url, entry) for entry in portal.rows(day)]
        if not rows:
            return None
        here = {url: self.known[url] for url, _ in rows if url in self.known}
        called = {} if here else {page.listed_title: page for page in self.known.values()}
        why = drift.of_listing(rows, here, self.had, strayed=bool(portal.sidebar), called=called)
        if why:
            return causes.cause_of(Outcome.DRIFT, why)
        self.had = drift.Had(rows=len(rows), dated=dated_rows([entry for _, entry in rows]))
        self.known |= {url: _remembered(entry, here.get(url)) for url, entry in rows}
        return None


def _remembered(entry: Entry, before: KnownPage | None) -> KnownPage:
    listed = entry.published or (before.listed if before else None)
    return KnownPage(
        url=entry.url, canonical_url=entry.url, first_seen=START, listed_title=entry.title, listed=listed
    )  # fmt: skip


class _Pages:
    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.before = dict(enumerate(portal.articles))
        self.odd: dict[int, int] = {}
        self.latest: list[int] = []

    def poll(self, turn: int) -> str | None:
        """The cause, where the pages that were read last are all odd."""
        portal = self.portal
        number = turn % len(self.before)
        if portal.dice.random() < 0.01:
            portal.edit(number)
        asked_again = [one for one, times in self.odd.items() if times < MOST_FAILURES]
        for one in dict.fromkeys([*asked_again, number]):
            had, now = self.before[one], portal.articles[one]
            why = drift.of_page(
                now, drift.Said(title=had.title, body_text=had.body_text, published=had.published)
            )  # fmt: skip
            alone = self.odd.get(one, 0) >= MOST_TRIES and len(self.odd) == 1 and now.published
            if why and not alone:
                self.odd[one] = self.odd.get(one, 0) + 1
            else:
                self.odd.pop(one, None)
                self.before[one] = now
            self.latest = [one, *(other for other in self.latest if other != one)]
        reads = (Read(odd=one in self.odd, times=self.odd.get(one, 0)) for one in self.latest[:20])
        odd_now = any(one in self.odd for one in (*asked_again, number))
        return causes.Cause.REDESIGN if odd_now and all_odd(reads) else None


PORTALS: dict[str, dict[str, Any]] = {
    "slow": {"rate": 0.1, "shown": 5},
    "usual": {"rate": 1, "shown": 10},
    "busy": {"rate": 8, "shown": 20},
    "relative dates": {"rate": 3, "shown": 15, "relative": True},
    "rows by address alone": {"rate": 2, "shown": 10, "sidebar": 8},
    "two rows": {"rate": 0.5, "shown": 2},
}
"""Six kinds of portal."""


def main() -> None:
    """Prints how often a run was ill, and the operator told, in so many years of each kind of portal, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    told = {}
    for kind, options in PORTALS.items():
        years = [year_of(Portal(seed=seed, **options)) for seed in seeds]
        told[kind] = {
            "years": len(years),
            "ill": sum(year.ill for year in years),
            "told": sum(year.told for year in years),
            "most told in a year": max(year.told for year in years),
            "most ill in a year": max(year.ill for year in years),
        }
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
