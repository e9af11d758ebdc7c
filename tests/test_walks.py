"""Walks through listings whose order is not what one would like: nothing is lost, nothing is had twice, none goes on.

The catalogue's C12, C14, C25 and D14; C13 is in tests/test_crawl.py.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from scripted import ARTICLE, LISTING, Site, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from command import Congtin

NEWS = "/portal/Pages/Tin-tuc.aspx"
SOURCE = f"""\
name = "Cổng thử"
url = "{{url}}"
platform = "sharepoint"
sections.news = ["{NEWS}"]
"""
ROW = '<p class="channel-news-title"><a href="{path}">Tin số {number}</a> <span>({stamp})</span></p>'
ONWARD = '<span class="CurrentPage">{number}</span> <a href="{path}?PageIndex={onward}">{onward}</a>'
ROWS = 10


def path(number: int) -> str:
    return f"/portal/Pages/2025-7-18/Tin-{number}abc.aspx"


def stamp(number: int) -> str:
    return f"{number % 28 + 1:02}/{number // 28 + 1:02}/2025 8:00 SA"


def page(numbers: Sequence[int], at: int, onward: int | None) -> tuple[int, dict[str, str], bytes]:
    rows = "\n".join(ROW.format(path=path(number), number=number, stamp=stamp(number)) for number in numbers)
    if onward:
        rows += ONWARD.format(number=at, path=NEWS, onward=onward)
    return 200, {}, LISTING.format(rows=rows).encode()


@pytest.fixture
def site(congtin: Congtin) -> Iterator[Site]:
    with serving() as one:
        congtin.source("sample", SOURCE.format(url=one.url))
        yield one


def show(site: Site, numbers: Callable[[], Sequence[int]], *, last_leads_to: int | None = None) -> None:
    """Has the listing show articles, ten a page, in the order that they are in when a page is asked for."""

    def one(at: int) -> Callable[[Any], tuple[int, dict[str, str], bytes]]:
        def answer(_: Any) -> tuple[int, dict[str, str], bytes]:
            shown = list(numbers())
            onward = at + 1 if len(shown) > at * ROWS else last_leads_to
            return page(shown[(at - 1) * ROWS : at * ROWS], at, onward)

        return answer

    site.answers[NEWS] = one(1)
    for at in range(1, 6):
        site.answers[f"{NEWS}?PageIndex={at}"] = one(at)
    for number in range(100):
        site.answers[path(number)] = (200, {}, ARTICLE.format(number=number).encode())


def had(congtin: Congtin) -> Counter[str]:
    hits = congtin.json("search", "", "--limit", "200")["hits"]
    return Counter(hit["title"] for hit in hits)


def every(count: int) -> Counter[str]:
    return Counter(f"Tin số {number}" for number in range(count))


def test_c12_new_ones_below_those_that_are_pinned(congtin: Congtin, site: Site) -> None:
    numbers = [3, 1, 2, *reversed(range(4, 28)), 0]
    show(site, lambda: numbers)
    congtin.crawl()
    numbers[3:3] = [33, 32, 31, 30, 29, 28]
    assert congtin.crawl()["new"] == 6
    assert had(congtin) == every(34)


def test_c12_the_oldest_first_and_new_ones_at_the_end(congtin: Congtin, site: Site) -> None:
    numbers = list(range(28))
    show(site, lambda: numbers)
    congtin.crawl()
    numbers += [28, 29, 30]
    assert congtin.crawl()["new"] == 3
    assert had(congtin) == every(31)


def test_c14_one_that_is_put_on_top_while_pages_are_turned(congtin: Congtin, site: Site) -> None:
    numbers = list(reversed(range(34)))
    show(site, lambda: numbers)
    first = site.answers[NEWS]

    def shifting(handler: Any) -> Any:
        answer = first(handler)
        numbers.insert(0, 34)
        site.answers[NEWS] = first
        return answer

    site.answers[NEWS] = shifting
    assert congtin.crawl()["new"] == 34
    assert congtin.crawl()["new"] == 1
    assert had(congtin) == every(35)
    assert all(len(site.times(path(number))) <= 2 for number in range(35))


@pytest.mark.parametrize("last_leads_to", [3, 9999])
def test_d14_a_last_page_that_leads_to_itself_or_shows_page_one(
    congtin: Congtin, site: Site, last_leads_to: int
) -> None:
    show(site, lambda: list(reversed(range(30))), last_leads_to=last_leads_to)
    site.answers[f"{NEWS}?PageIndex=9999"] = site.answers[NEWS]
    report = congtin.crawl()
    assert (report["new"], report["verdict"]) == (30, "healthy")
    assert sum(asked.startswith(NEWS) for _, asked, _ in site.asked) <= 4


@pytest.mark.parametrize(("left", "verdict"), [(8, "healthy"), (5, "thin")])
def test_c25_a_listing_that_is_cut_short_is_told_of_and_takes_nothing_away(
    congtin: Congtin, site: Site, left: int, verdict: str
) -> None:
    numbers = list(reversed(range(10)))
    show(site, lambda: numbers)
    congtin.crawl()
    del numbers[left:]
    report = congtin.crawl(expect=None)
    assert (report["verdict"], report["skipped"], report["gone"]) == (verdict, {"fewer rows": 1}, 0)
    assert had(congtin) == every(10)
