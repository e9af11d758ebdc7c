"""Listings: rows with title and date, and the way to the next page. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from scraper import dates, text, urls
from scraper.items import Entry, NextPage, Postback
from scraper.selectors import select, select_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from lxml.html import HtmlElement

    from scraper.items import Moment
    from scraper.sources import Layout

MOST_ENTRIES = 5_000
"""More links than this on one page are a trap or a mistake (the catalogue's D18)."""

_STAMP = re.compile(r"\s*[(\[]\s*(\d{1,2}[/.-]\d{1,2}[/.-]\d{4}[^()\[\]]{0,20})[)\]]\s*$")
_ONWARD = frozenset(
    {"tiep", "tiep theo", "trang sau", "trang tiep", "sau", "next", ">", "»", ">>", "›", "tiep >", "tiep »"}
)
_ROW_HEIGHT = 6
_LONGEST_ROW = 2_000


def entries(
    root: HtmlElement, layout: Layout, base: str, *, is_article: Callable[[str], bool], now: datetime | None = None
) -> tuple[Entry, ...]:
    """The rows of a listing, in order, each address once.

    Where the platform's selectors meet nothing, every link that has the form of an article's address counts.
    """
    links = select(root, layout.selectors.listing_links)
    if not links:
        links = [link for link in root.iter("a") if (to := _address(link, base)) and is_article(to)]
    return of_links(links, base, now=now)


def related(root: HtmlElement, layout: Layout, base: str, *, now: datetime | None = None) -> tuple[Entry, ...]:
    """The list of other articles on an article's page, found by selector, else below one of the known headings."""
    links = select(root, layout.selectors.related)
    return of_links(links or _below_heading(root, layout.related_headings), base, now=now)


def _below_heading(root: HtmlElement, headings: Sequence[str]) -> list[HtmlElement]:
    if not headings:
        return []
    for element in root.iter(
        "h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "strong", "b", "td", "legend", "a"
    ):
        own = element.text
        if not own or len(own) > 60 or text.fold(own).strip(" :.-") not in headings:
            continue
        box: HtmlElement | None = element
        for _ in range(4):
            box = box.getparent() if box is not None else None
            if box is None or box.tag == "body":
                break
            links = [link for link in box.iter("a") if link.get("href") and link is not element]
            if links:
                return links if len(links) <= 40 else []
    return []


def of_links(links: Sequence[HtmlElement], base: str, *, now: datetime | None = None) -> tuple[Entry, ...]:
    """Links as entries: a row is what surrounds one link and no other; its date is what the row says besides."""
    found = [(link, to) for link in links[:MOST_ENTRIES] if (to := _address(link, base))]
    around: defaultdict[str, set[HtmlElement]] = defaultdict(set)
    for link, to in found:
        around[to].update(_ancestors(link))
    shared = Counter(row for rows_of_one in around.values() for row in rows_of_one)
    rows: dict[str, Entry] = {}
    for link, to in found:
        entry = _entry(link, to, shared, now)
        rows[to] = _joined(rows[to], entry) if to in rows else entry
    return tuple(rows.values())


def _address(link: HtmlElement, base: str) -> str | None:
    return urls.join(base, link.get("href") or "")


def _ancestors(link: HtmlElement) -> list[HtmlElement]:
    found: list[HtmlElement] = []
    for parent in link.iterancestors():
        if len(found) == _ROW_HEIGHT or parent.tag in {"body", "html", "form"}:
            break
        found.append(parent)
    return found


def _entry(link: HtmlElement, to: str, shared: Counter[HtmlElement], now: datetime | None) -> Entry:
    title = text.clean("".join(link.itertext()))
    full = text.clean(link.get("title") or "")
    published: Moment | None = None
    if stamp := _STAMP.search(title):
        published = dates.parse(stamp[1], now=now)
        title = title[: stamp.start()]
    if full and (not title or (text.is_cut(title) and not text.is_cut(full) and text.same_title(title, full))):
        title = full
    if published is None:
        published = _date_beside(link, shared, now)
    return Entry(url=to, title=title, published=published, truncated=text.is_cut(title))


def _date_beside(link: HtmlElement, shared: Counter[HtmlElement], now: datetime | None) -> Moment | None:
    if link.tail and (moment := dates.parse(link.tail, now=now)):
        return moment
    for row in _ancestors(link):
        if shared[row] > 1:
            return None
        beside = _text_without(row, link)
        if len(beside) > _LONGEST_ROW:
            return None
        if moment := dates.parse(beside, now=now):
            return moment
    return None


def _text_without(row: HtmlElement, link: HtmlElement) -> str:
    inside = set(link.iter())
    parts = []
    for element in row.iter():
        if element not in inside and isinstance(element.tag, str) and element.text:
            parts.append(element.text)
        if element is not row and (element not in inside or element is link) and element.tail:
            parts.append(element.tail)
    return text.clean(" ".join(parts))


def _joined(one: Entry, other: Entry) -> Entry:
    """Two links of a row to one address, a picture's and a title's."""
    better = other if (not one.title or one.truncated) and other.title and len(other.title) > len(one.title) else one
    published = one.published or other.published
    return Entry(url=one.url, title=better.title, published=published, truncated=better.truncated)


def next_page(root: HtmlElement, layout: Layout, base: str, page: int) -> NextPage | None:
    """The way from page number `page` (from 1) to the next one: a link, a numbered address, or an ASP.NET postback."""
    pagers = select_all(root, layout.selectors.next_page)
    links = [link for link in root.iter("a") if link.get("href")]
    onward = [link for link in links if text.fold("".join(link.itertext())).strip() in _ONWARD]
    for link in [*(one for one in pagers if one.tag == "a"), *_numbered(links, page + 1, layout, base), *onward]:
        if posted := urls.postback(link.get("href")):
            if _page_of(posted[1]) not in {page + 1, None}:
                continue
            return NextPage(url=base, postback=_form(link, *posted))
        to = _address(link, base)
        if to is None or urls.host(to) != urls.host(base) or to == base:
            continue
        number = _parameter(to, layout.page_parameter)
        if number is None or number == page + 1:
            return NextPage(url=to)
    return None


def numbered_page(base: str, parameter: str, page: int) -> str:
    """The address of a listing's page by its number.

    >>> numbered_page("http://a/Tin.aspx?x=1", "PageIndex", 3)
    'http://a/Tin.aspx?x=1&PageIndex=3'
    """
    parts = urlsplit(base)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != parameter]
    return urlunsplit(parts._replace(query=urlencode([*query, (parameter, str(page))])))


def _numbered(links: Sequence[HtmlElement], page: int, layout: Layout, base: str) -> list[HtmlElement]:
    found: list[HtmlElement] = []
    here = urlsplit(base).path.lower()
    for link in links:
        href = link.get("href")
        if posted := urls.postback(href):
            if _page_of(posted[1]) == page:
                found.append(link)
        elif layout.page_parameter and layout.page_parameter in href:
            to = _address(link, base)
            if to and urlsplit(to).path.lower() == here and _parameter(to, layout.page_parameter) == page:
                found.append(link)
    return found


def _page_of(argument: str) -> int | None:
    number = re.fullmatch(r"(?:Page\$)?(\d{1,6})", argument)
    return int(number[1]) if number else None


def _parameter(address: str, name: str | None) -> int | None:
    if not name:
        return None
    values = [value for key, value in parse_qsl(urlsplit(address).query) if key.lower() == name.lower()]
    return int(values[-1]) if values and values[-1].isdecimal() else None


def _form(link: HtmlElement, target: str, argument: str) -> Postback:
    """The fields of the form around a link, as a browser would send them."""
    form = next(link.iterancestors("form"), None)
    fields: list[tuple[str, str]] = []
    controls = form.iter("input", "select", "textarea") if form is not None else ()
    for control in controls:
        name = control.get("name")
        kind = (control.get("type") or "").lower()
        if not name or control.get("disabled") is not None or name in {"__EVENTTARGET", "__EVENTARGUMENT"}:
            continue
        if kind in {"submit", "button", "image", "reset", "file"}:
            continue
        if kind in {"checkbox", "radio"} and control.get("checked") is None:
            continue
        if control.tag == "select":
            chosen = control.xpath(".//option[@selected]") or control.xpath(".//option")
            if chosen:
                value = chosen[0].get("value")
                fields.append((name, value if value is not None else "".join(chosen[0].itertext())))
        elif control.tag == "textarea":
            fields.append((name, control.text or ""))
        else:
            fields.append((name, control.get("value") or ""))
    return Postback(target=target, argument=argument, fields=tuple(fields))
