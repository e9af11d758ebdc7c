"""What a redesign does to a listing and to a page: seen by what they gave before. Pure.

A page whose selectors meet nothing shows it by itself. Most redesigns leave something to be read (a link whose address
looks like an article's, a heading, a text), and what is read then is wrong in a way that only the past tells.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from scraper import text
from scraper.history import dated_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from scraper.history import KnownPage
    from scraper.items import Article, Entry, Moment

MOST_LOST = 30
"""Of a hundred rows, how many may lose a field before it is the layout that has changed (C10)."""
FEWEST_LOST = 3
"""One or two odd rows are an editor's doing, unless there are no others."""
_OTHER_ROWS = 30
_FEWEST_OTHER = 4
"""So many of a hundred rows, and so many in all, a listing may have more or fewer if its links alone make its rows."""
_KEPT = 0.9
_HALF = 0.5
_SHARED = 0.3
MOVED = "are called what others were, and have new addresses"
"""What is said of a listing whose pages all moved: they are read from there, and those that moved are not there."""
_NOTHING: Mapping[str, KnownPage] = MappingProxyType({})
_GROWN = 1.15
_FEWEST_ADDED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Had:
    """What a listing's first page gave when it was last read well: its rows, and how many of a hundred had a date.

    It stands `alone` where no hub, feed or sitemap tells of its pages, too: these may give dates of another kind.
    """

    rows: int | None
    dated: int | None
    alone: bool = True


def of_listing(
    entries: Sequence[tuple[str, Entry]],
    known: Mapping[str, KnownPage],
    had: Had,
    *,
    strayed: bool = False,
    called: Mapping[str, KnownPage] = _NOTHING,
) -> str:
    """Why the first page of a listing is no longer what it was, in words; empty where nothing says so.

    `entries` are canonical addresses and rows, `known` the pages among them that were heard of before. Where there is
    none, `called` has pages from before the listing was last read well, by the titles that rows have now. It has
    `strayed` where its rows were found by their addresses, for want of anything that its selectors meet.
    """
    if had.rows is None:
        return ""
    rows = [entry for _, entry in entries]
    dated = dated_rows(rows)
    if had.dated is not None and dated is not None:
        lost = had.dated * len(rows) // 100 - dated * len(rows) // 100
        if known:  # rows that are new may never have had one
            lost = min(lost, sum(1 for address, one in entries if not one.published and _was_dated(known.get(address))))
        if had.dated - dated >= MOST_LOST and lost >= min(FEWEST_LOST, len(rows)):
            return f"hardly a row shows its date, and {had.dated} of 100 did when last read"
    if (moved := _elsewhere(rows, called)) >= max(FEWEST_LOST, len(rows) * _HALF):
        return f"{moved} of {len(rows)} rows {MOVED}"
    told = [(entry, known[address].listed_title) for address, entry in entries if address in known]
    told = [(entry, title) for entry, title in told if title]
    other = _without_their_titles([entry.title for entry in rows], told)
    if other >= min(FEWEST_LOST, max(2, len(told))) and other * 100 >= MOST_LOST * len(told):
        return f"{other} of {len(told)} known rows no longer show their titles"
    astray = _with_other_dates(entries, known) if had.alone else 0
    if astray >= min(FEWEST_LOST, max(2, len(rows))) and astray * 100 >= MOST_LOST * len(rows):
        return f"{astray} of {len(rows)} rows show another date than they did"
    if strayed and abs(len(rows) - had.rows) >= max(_FEWEST_OTHER, had.rows * _OTHER_ROWS / 100):
        return (
            f"{len(rows)} links look like articles, and the selectors, which met {had.rows} rows before, meet nothing"
        )
    return ""


def _was_dated(page: KnownPage | None) -> bool:
    return page is not None and page.listed is not None


def _elsewhere(rows: Sequence[Entry], called: Mapping[str, KnownPage]) -> int:
    """How many titles of rows are those of other pages, of the same day where both show one."""

    def is_meant(row: Entry) -> bool:
        page = called.get(row.title)
        now, then = _day(row.published), _day(page.listed if page else None)
        return page is not None and (now is None or then is None or now == then)

    return len({row.title for row in rows if is_meant(row)})


def _without_their_titles(titles: Collection[str], told: Sequence[tuple[Entry, str]]) -> int:
    """How many rows have a title that is none: no words, those of other rows, or nothing of what they were called."""
    times = Counter(map(text.fold, titles))

    def is_lost(now: str, then: str) -> bool:
        if _is_within(then, now):
            return False
        return not now or times[text.fold(now)] > 1 or _alike(text.fold(now), text.fold(then)) < _SHARED

    return sum(is_lost(entry.title, title) for entry, title in told)


def _with_other_dates(entries: Sequence[tuple[str, Entry]], known: Mapping[str, KnownPage]) -> int:
    """How many rows show another day than they did; one day is what "2 ngày trước" may be off by."""
    days = [(_day(entry.published), _day(known[address].listed)) for address, entry in entries if address in known]
    return sum(1 for now, then in days if now and then and abs((now - then).days) > 1)


def _day(moment: Moment | None) -> date | None:
    return moment.at.date() if moment else None


def _is_within(one: str, other: str) -> bool:
    """Whether a title is the other, or a part of it: lists cut titles, and put dates and numbers beside them."""
    first, second = text.fold(text.uncut(one)), text.fold(text.uncut(other))
    return bool(first and second) and (first in second or second in first)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a page said when it was last read well."""

    title: str
    body_text: str
    published: Moment | None


def of_page(now: Article, before: Said, *, profiled: bool = True) -> str:
    """Why a page is no longer what it was, in words; empty where nothing says so.

    An edit can look like it: what speaks for one (the other pages are as they were) is for the caller to weigh. The
    date of a page that is not `profiled` was a guess, and says nothing.
    """
    if profiled and before.published and now.published is None:
        return "selectors.published meets nothing on this page, which printed its date when it was last read"
    if before.body_text and not now.body_text:
        return "selectors.body meets no text on this page, which had one when it was last read"
    body = _alike(before.body_text, now.body_text)
    title = _alike(text.fold(before.title), text.fold(now.title))
    if title < _SHARED and body < _SHARED and before.published and now.published is None:
        return (
            f"it is called {now.title[:80]!r}, and has neither text nor date of what was called {before.title[:80]!r}"
        )
    day, then = _day(now.published), _day(before.published)
    if body >= _HALF and title < _SHARED:
        return f"its title is {now.title[:80]!r}, over the same text that was called {before.title[:80]!r}"
    if title >= _KEPT and body < _SHARED:
        return "its text has hardly a word of what stood under the same title when it was last read"
    if body >= _KEPT and title >= _KEPT and profiled and day and then and day != then:
        return f"its date is {day}, over the same text that had {then}"
    old, new = (Counter(text.words(one)) for one in (before.body_text, now.body_text))
    added = (new - old).total()
    if old and not (old - new).total() and added >= max(_FEWEST_ADDED, (_GROWN - 1) * old.total()):
        return f"its text has {added} words more around all that it said when it was last read"
    return ""


def _alike(one: str, other: str) -> float:
    """How many words two texts share, of the longer one's: 1 where both say the same."""
    first, second = Counter(text.words(one)), Counter(text.words(other))
    return (first & second).total() / (max(first.total(), second.total()) or 1) if first or second else 1.0
