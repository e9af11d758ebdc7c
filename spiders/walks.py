"""A walk through the pages of one listing: what it carries from page to page, and when it has come to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from scrapy import Request

    from scraper.history import KnownPage
    from scraper.items import Entry, Validators
    from scraper.sources import Section

OVERLAP = 10
"""Settled entries in a row that end a walk: an overlap window for entries that are back-dated or pinned."""
FIRST_PAGES = 20
"""Pages of a listing that a crawl reads without `full`; the rest is backfill."""
MOST_PAGES = 20_000
ROWS_THAT_FILL_A_PAGE = 10
FEWEST_STEPS = 3
"""Changes of date down a page, of which two thirds must be forward for it to show the oldest first."""
BACKFILL = -50
"""The priority of a backfill's pages: after all that polls ask for, and each after the details of the one before."""


@dataclass(kw_only=True, slots=True, eq=False)
class Walk:
    """`walked_at` is when an earlier walk of the listing came to its end; `validators` are those of page one.

    `rows`, `dated` and `read_well` are those of `scraper.history.KnownListing`.

    A `backfill` goes on to the listing's end, and is `resumed` where one was cut off. One that is `catching_up` reads
    what has come on top since then: to it all is settled that is known. `restarted` from page one is a walk whose form
    the portal had forgotten. `met` counts its rows. `root` is the listing that it began with; `fresh` has what is new
    on its pages, by a hash of the address: when the row says that it was published (minutes of `scraper.rhythm`).
    `held` are requests for pages that wait until it is known how many there are. `seen` holds addresses, and hashes of
    what pages showed, against circles.
    """

    section: Section
    canonical: str
    walked_at: datetime | None
    rows: int | None = None
    dated: int | None = None
    read_well: datetime | None = None
    number: int = 1
    backfill: bool = False
    resumed: bool = False
    catching_up: bool = False
    restarted: bool = False
    settled: int = 0
    met: int = 0
    validators: Validators | None = None
    root: str = ""
    fresh: dict[int, float | None] = field(default_factory=dict)
    held: list[Request] = field(default_factory=list)
    seen: set[str | int] = field(default_factory=set)

    @property
    def may_be_flood(self) -> bool:
        """Whether a listing that was read well before has shown nothing so far that was known (C19)."""
        known_before = self.read_well is not None and self.section.role == "listing"
        return known_before and not self.backfill and len(self.fresh) >= self.met

    def release(self) -> list[Request]:
        """The requests that were held, each once."""
        held, self.held[:] = list(self.held), []
        return held

    def lacks_rows(self, entries: Sequence[Entry]) -> bool:
        """Whether the listing's first page has far fewer rows than it had: some were left out on the way (C25)."""
        return self.rows is not None and self.rows >= ROWS_THAT_FILL_A_PAGE and len(entries) * 5 <= self.rows * 4

    def goes_forward(self, entries: Sequence[Entry]) -> bool:
        """Whether the page shows the oldest first: then what is new stands at the listing's end (C12)."""
        days = [entry.published.at for entry in entries if entry.published]
        steps = [later > sooner for sooner, later in pairwise(days) if later != sooner]
        return len(steps) >= FEWEST_STEPS and sum(steps) * 3 > len(steps) * 2

    def is_all_news(self, pages: Collection[KnownPage | None]) -> bool:
        """Whether the listing was read well before, and none of its entries' pages was known then."""
        since = self.read_well
        return since is not None and all(page is None or page.first_seen > since for page in pages)

    @property
    def most_pages(self) -> int:
        """How many pages it may have."""
        return MOST_PAGES if self.backfill else FIRST_PAGES

    def meets(self, page: KnownPage | None) -> bool:
        """Counts an entry, whose page is known or not; whether the walk has come to its end by it."""
        before = self.walked_at is not None and page is not None and page.first_seen <= self.walked_at
        self.settled = self.settled + 1 if before or (self.catching_up and page is not None) else 0
        return self.settled >= OVERLAP and not self.backfill and self.section.role == "listing"
