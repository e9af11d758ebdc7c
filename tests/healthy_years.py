"""A year of polls of a portal that nobody redesigns: rows come and go, editors slip, and nothing is to be raised.

What is remembered between polls is what the store remembers (`storage/pipelines.py`, `storage/drift.py`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scraper import drift
from scraper.history import KnownPage, dated_rows
from scraper.items import VIETNAM, Article, Entry, Moment

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
        """A new article; of a hundred, three have no date."""
        number = len(self.articles)
        address = f"https://cong.example.vn/tin/{number}.html"
        published = None if self.dice.random() < 0.03 else Moment(at=at, precision="day")
        words = [f"{self._words(12).capitalize()} {number}.{line}" for line in range(self.dice.randint(1, 12))]
        self.articles.append(
            Article(
                url=address, canonical_url=address, title=f"{self._words(9).capitalize()} {number}",
                published=published, body_text="\n".join(words),
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


def alarms(portal: Portal) -> tuple[int, int]:
    """How often a listing of the portal, and how often its pages, are taken for redesigned in a year."""
    return _listing_alarms(portal), _page_alarms(portal)


def _listing_alarms(portal: Portal) -> int:
    known: dict[str, KnownPage] = {}
    had = drift.Had(rows=None, dated=None)
    raised, ill = 0, False
    for day in range(365):
        for _ in range(POLLS):
            burst = 20 if portal.dice.random() < 0.0005 else 0
            today = 0 if day in HOLIDAYS else portal.rate / POLLS
            for _ in range(burst + int(today) + (portal.dice.random() < today % 1)):
                portal.publish(START + timedelta(days=day))
            if portal.dice.random() < 0.1 * min(1, portal.rate):
                portal.edit(len(portal.articles) - 1 - portal.dice.randrange(portal.shown))
            rows = [(entry.url, entry) for entry in portal.rows(day)]
            if not rows:
                continue  # the listing says that it is empty
            why = drift.of_listing(rows, known, had, strayed=bool(portal.sidebar))
            raised += bool(why) and not ill
            ill = bool(why)
            if not why:
                had = drift.Had(rows=len(rows), dated=dated_rows([entry for _, entry in rows]))
                known |= {url: _remembered(entry) for url, entry in rows}
    return raised


def _remembered(entry: Entry) -> KnownPage:
    return KnownPage(
        url=entry.url, canonical_url=entry.url, first_seen=START, listed_title=entry.title, listed=entry.published
    )


def _page_alarms(portal: Portal) -> int:
    """A poll asks for one old page and for those that looked odd; the last two that were read are what raises."""
    before = dict(enumerate(portal.articles))
    odd: dict[int, int] = {}
    raised, ill = 0, False
    for turn in range(365 * POLLS):
        number = turn % len(portal.articles)
        if portal.dice.random() < 0.01:
            portal.edit(number)
        read: list[bool] = []
        for one in dict.fromkeys([*odd, number]):
            had, now = before[one], portal.articles[one]
            said = drift.Said(title=had.title, body_text=had.body_text, published=had.published)
            why = drift.of_page(now, said)
            alone = odd.get(one, 0) >= 2 and len(odd) == 1 and now.published
            if why and not alone:
                odd[one] = odd.get(one, 0) + 1
                if odd[one] >= 5:
                    del odd[one]
            else:
                odd.pop(one, None)
                before[one] = now
            read.append(bool(why) and not alone)
        last = len(read) >= 2 and all(read[-2:])
        raised += last and not ill
        ill = last
    return raised
