"""Redesigns are found, and nothing else is: the rates that `docs/faults.md` states, and what makes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from drift_rates import measure, saved
from healthy_years import PORTALS, Portal, year_of
from hypothesis import given
from hypothesis import strategies as st

from scraper import drift
from scraper.history import KnownPage
from scraper.items import VIETNAM, Article, Entry, Moment
from storage.drift import Read, all_odd

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

NOON = datetime(2025, 3, 1, 12, tzinfo=VIETNAM)
SEEDS = range(8)


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def counted() -> Counter[tuple[str, str, str, bool]]:
    return measure(saved(), SEEDS)


def share(counted: Counter[tuple[str, str, str, bool]], **wanted: str) -> float:
    places = {name: place for place, name in enumerate(("platform", "role", "kind"))}
    every = {key: count for key, count in counted.items() if all(key[places[name]] == wanted[name] for name in wanted)}
    return sum(count for key, count in every.items() if key[3]) / sum(every.values())


def test_of_a_hundred_redesigns_95_are_found_at_the_next_poll(counted: Counter[tuple[str, str, str, bool]]) -> None:
    assert counted.total() > 200, "most mutants would be none"
    assert share(counted) >= 0.98
    for platform in ("sharepoint", "vnpt", "vhv", "liferay", "generic"):
        assert share(counted, platform=platform) >= 0.95, platform
    for role in ("detail", "listing"):
        assert share(counted, role=role) >= 0.95, role
    for kind in ("classes renamed", "classes dropped", "tags changed", "template swapped"):
        assert share(counted, kind=kind) >= 0.95, kind
    assert share(counted, kind="nodes moved") >= 0.9


@pytest.mark.parametrize("kind", PORTALS)
def test_a_year_without_a_redesign_raises_at_most_one_alarm(kind: str) -> None:
    year = year_of(Portal(seed=list(PORTALS).index(kind), **PORTALS[kind]))
    assert (year.ill <= 1, year.told) == (True, 0)


def row(number: int, title: str | None = None, *, day: int | None = 1) -> tuple[str, Entry]:
    url = f"https://cong.example.vn/tin/{number}.html"
    published = Moment(at=NOON + timedelta(days=day), precision="day") if day is not None else None
    return url, Entry(url=url, title=f"Tin tức số {number} của tỉnh" if title is None else title, published=published)


def known(rows: Sequence[tuple[str, Entry]]) -> dict[str, KnownPage]:
    return {
        url: KnownPage(url=url, canonical_url=url, first_seen=NOON, listed_title=one.title, listed=one.published)
        for url, one in rows
    }


ROWS = [row(number) for number in range(10)]
HAD = drift.Had(rows=10, dated=100)


@pytest.mark.parametrize(
    ("rows", "strayed", "why"),
    [
        (ROWS, False, ""),
        ([row(90), row(91), *ROWS[:8]], False, ""),
        ([row(90 + number) for number in range(10)], False, ""),  # a burst, or a long silence of ours
        ([row(0, ""), *ROWS[1:]], False, ""),
        ([row(0, "Tin tức số 0..."), row(1, "Tin tức số 1 của tỉnh (01/03/2025)"), *ROWS[2:]], False, ""),
        ([row(number, "Xem chi tiết") for number in range(10)], False, "10 of 10 known rows"),
        ([row(number, "") for number in range(3)] + ROWS[3:], False, "3 of 10 known rows"),
        ([row(number, day=None) for number in range(4)] + ROWS[4:], False, "hardly a row shows its date"),
        ([row(number, day=9) for number in range(4)] + ROWS[4:], False, "4 of 10 rows show another date"),
        ([row(number, day=2) for number in range(10)], False, ""),  # "2 ngày trước"
        (ROWS, True, ""),
        (ROWS + [row(number) for number in range(50, 56)], True, "16 links look like articles"),
        (ROWS[:5], True, "5 links look like articles"),
    ],
)
def test_what_a_listing_gives_now_beside_what_it_gave(rows: list[tuple[str, Entry]], strayed: bool, why: str) -> None:
    told = drift.of_listing(rows, known(ROWS), HAD, strayed=strayed)
    assert told.startswith(why) if why else not told


def test_rows_that_are_new_may_never_have_had_a_date() -> None:
    new = [row(90 + number, day=None) for number in range(4)]
    assert not drift.of_listing(new + ROWS[:6], known(ROWS), HAD)
    assert drift.of_listing(new + [row(number, day=None) for number in range(6)], known(ROWS), HAD)
    assert drift.of_listing(new, {}, HAD).startswith("hardly a row")  # nothing else is known of them


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row(50 + number, f"Tin tức số {number} của tỉnh") for number in range(10)], "10 of 10 rows are called"),
        ([row(50 + number, f"Tin tức số {number} của tỉnh", day=None) for number in range(10)], "10 of 10"),
        ([row(50 + number, f"Tin tức số {number} của tỉnh", day=3) for number in range(10)], ""),  # each week's
        ([row(50 + number, "Tin tức số 1 của tỉnh") for number in range(10)], ""),
        ([row(50 + number, f"Tin tức số {number + 6} của tỉnh") for number in range(10)], ""),
    ],
)
def test_rows_that_all_moved(rows: list[tuple[str, Entry]], why: str) -> None:
    called = {page.listed_title: page for page in known(ROWS).values()}
    told = drift.of_listing(rows, {}, drift.Had(rows=10, dated=None), called=called)
    assert told.startswith(why) if why else not told


def test_a_listing_of_which_little_is_remembered_says_nothing() -> None:
    rows = [row(number, "") for number in range(10)]
    assert not drift.of_listing(rows, known(ROWS), drift.Had(rows=None, dated=None))


def test_dates_that_feeds_tell_otherwise_are_no_redesign() -> None:
    rows = [row(number, day=9) for number in range(10)]
    assert not drift.of_listing(rows, known(ROWS), drift.Had(rows=10, dated=100, alone=False))


@pytest.mark.parametrize(
    ("latest", "redesign"),
    [
        ([Read(odd=True, times=1)], False),
        ([Read(odd=True, times=1), Read(odd=True, times=2)], True),
        ([Read(odd=True, times=1), Read(odd=True, times=2), Read(odd=False)], True),
        ([Read(odd=False), Read(odd=True, times=2), Read(odd=True, times=1)], False),
        ([Read(odd=True, times=1), Read(odd=True, times=5), Read(odd=False)], False),  # the second lost its date
        ([Read(odd=True, times=5), Read(odd=True, times=5)], True),  # there are no others
    ],
)
def test_the_last_pages_that_were_read_tell_of_a_redesign(latest: list[Read], redesign: bool) -> None:
    assert all_odd(latest) is redesign


BODY = " ".join(f"câu{number}" for number in range(60))


def article(title: str = "Lịch tiếp dân tháng ba", body: str = BODY, day: int | None = 1) -> Article:
    published = Moment(at=NOON + timedelta(days=day), precision="day") if day is not None else None
    return Article(url="u", canonical_url="u", title=title, body_text=body, published=published)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (article(), ""),
        (article(body=f"{BODY} và thêm"), ""),
        (article(title="Lịch tiếp dân tháng tư"), ""),
        (article(title="Chi tiết bài viết"), "its title is"),
        (article(day=None), "selectors.published meets nothing"),
        (article(day=9), "its date is"),
        (article(body=""), "selectors.body meets no text"),
        (article(body="Trang chủ Giới thiệu Liên hệ"), "its text has hardly a word"),
        (article(body=f"Trang chủ Giới thiệu Tin tức {BODY} Bản quyền thuộc về tỉnh"), "its text has"),
        (article("Bài khác hẳn", "Trang chủ", day=None), "selectors.published"),
    ],
)
def test_what_a_page_says_now_beside_what_it_said(now: Article, why: str) -> None:
    before = drift.Said(title=article().title, body_text=BODY, published=article().published)
    told = drift.of_page(now, before)
    assert told.startswith(why) if why else not told


def test_a_page_without_a_profile_may_lose_its_date_but_not_all() -> None:
    before = drift.Said(title=article().title, body_text=BODY, published=article().published)
    assert not drift.of_page(article(day=None), before, profiled=False)
    assert drift.of_page(article("Bài khác hẳn", "Trang chủ", day=None), before, profiled=False)


@given(st.text(), st.text(), st.text(), st.text())
def test_no_words_break_it(title: str, body: str, then: str, said: str) -> None:
    now = Article(url="u", canonical_url="u", title=title, body_text=body)
    assert isinstance(drift.of_page(now, drift.Said(title=then, body_text=said, published=None)), str)
    entries = [("u", Entry(url="u", title=title)), ("v", Entry(url="v", title=body))]
    pages = known([("u", Entry(url="u", title=then)), ("v", Entry(url="v", title=said))])
    assert isinstance(drift.of_listing(entries, pages, HAD), str)
