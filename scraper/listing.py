"""Listings: rows with title and date, and the way to the next page. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from itertools import chain, takewhile
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from scraper import dates, generic, text, urls
from scraper.items import Entry, NextPage, Postback
from scraper.selectors import drop, raw_text, select, select_all, texts, visible_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from lxml.etree import _Element as Element

    from scraper.items import Moment
    from scraper.layout import Layout

    _Text = Any  # a text node as lxml gives it: a str that knows its parent

MOST_ENTRIES = 5_000
"""More links than this on one page are a trap or a mistake (the catalogue's D18)."""

_STAMP = re.compile(r"\s*[(\[]\s*(\d{1,2}[/.-]\d{1,2}[/.-]\d{4}[^()\[\]]{0,20})[)\]]\s*$")
_ONWARD = frozenset(
    {"tiep", "tiep theo", "trang sau", "trang tiep", "sau", "next", ">", "»", ">>", "›", "tiep >", "tiep »"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NO_SECTION = re.compile(
    r"(log|sign)-?(in|out)|dang-?(nhap|ky|xuat)|/print|[?&](page|sort|order|dir|view|filter)\w*=|p_p_state=|p_p_lifecycle=1|p_auth=|rss|sitemap|lien-?he|"
    r"contact|hoi-?dap|so-do|javascript:|mailto:|\.(jpe?g|png|gif|pdf|docx?|xlsx?|rar|zip|mp4)$|/(vi|en)/?$"
)
_CALENDAR = re.compile(r"calendar|datepicker", re.IGNORECASE)
_MONTH = re.compile(r"[?&](month|year|date|day|thang|nam|ngay)=\d", re.IGNORECASE)
_LONGEST_LABEL = 80
_FOLDED_JSON = re.compile(r"decode64\('([A-Za-z0-9+/=]{16,20000})'\)")
_MORE = frozenset({"xem them", "xem tat ca", "xem tiep", "tat ca", "chi tiet"})
_LONGEST_HEADING = 120
_LONGEST_STAMP = 40
_LONGEST_EXCERPT = 400
_MOST_RELATED = 40
_TEXTS = etree.XPath("descendant::text()")
_SHORT = 120
_OUTSIDE_LINKS = etree.XPath("descendant-or-self::*[not(ancestor-or-self::a)]/text()", smart_strings=False)
_ROW_HEIGHT = 6
_LONGEST_ROW = 2_000


def entries(
    root: Element,
    layout: Layout,
    base: str,
    *,
    is_article: Callable[[str], bool],
    wide: bool = False,
    now: datetime | None = None,
) -> tuple[Entry, ...]:
    """The rows of a listing, in order, each address once.

    Where the platform's selectors meet nothing, every link that has the form of an article's address counts. On a home
    page (`wide`), which has many lists in many shapes, they all count from the first.
    """
    links = [] if wide else select(root, layout.selectors.listing_links)
    if not links and not layout.article_paths:
        links = generic.rows(root, base)
    if not links:
        links = [link for link in root.iter("a") if (to := _address(link, base)) and is_article(to)]
    return of_links(links, base, now=now)


def total(root: Element, markup: str, patterns: Iterable[str]) -> int | None:
    """How many entries a listing says it has on all its pages; None where it does not say.

    VHV's says so only to its scripts, in JSON that is written as base64: the section's own list comes before those of
    the sidebars, which may say more.
    """
    if not patterns:
        return None
    shown = " ".join(visible_texts(root))
    hidden = (_unfolded(match[1]) for match in _FOLDED_JSON.finditer(markup))
    found = (match for said in (text.clean(shown), *hidden) for one in patterns for match in re.finditer(one, said))
    return next((int(digits) for match in found if (digits := re.sub(r"\D", "", match[1]))), None)


def _unfolded(folded: str) -> str:
    try:
        return b64decode(folded, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""


def sections(root: Element, base: str, *, is_article: Callable[[str], bool]) -> tuple[Entry, ...]:
    """The links of a home page that may lead to listings: to pages of the portal that are no articles, each once."""
    found: dict[str, Entry] = {}
    for link in root.iter("a"):
        to = _address(link, base)
        title = text.clean(raw_text(link))
        if to is None or urls.host(to) != urls.host(base) or not title or is_article(to) or urls.trap(to):
            continue
        parts = urlsplit(to)
        if parts.path.strip("/") and not _NO_SECTION.search(to.lower()) and len(title) <= _LONGEST_LABEL:
            found.setdefault(to, Entry(url=to, title=title))
    return tuple(found.values())


def related(
    root: Element,
    layout: Layout,
    base: str,
    *,
    is_article: Callable[[str], bool] | None = None,
    now: datetime | None = None,
) -> tuple[Entry, ...]:
    """The list of other articles on an article's page, found by selector, else below one of the known headings.

    Below a heading, a list counts if at least one of its links has the form of an article's address: a menu may well
    have an entry named like such a heading.
    """
    links = select(root, layout.selectors.related)
    for heading in _headings(root, layout.related_headings) if not links else ():
        _, rows = _list_below(heading, _LONGEST_EXCERPT)
        below = [link for row in rows for link in _onward_links(row)]
        addresses = filter(None, (_address(link, base) for link in below))
        if 0 < len(below) <= _MOST_RELATED and (is_article is None or any(map(is_article, addresses))):
            links = below
            break
    return of_links(links, base, now=now)


def drop_related(field: Element, layout: Layout) -> None:
    """Takes lists of other articles, and the headings above them, out of the element that holds the body."""
    for heading in _headings(field, layout.related_headings):
        box, rows = _list_below(heading, _LONGEST_STAMP)
        if not rows:
            continue
        for row in rows:
            if row is not rows[-1] or dates.parse(row.tail or ""):
                row.tail = None
            drop(row)
        if box is not None and box.getparent() is not None:
            drop(box)
        elif heading.is_tail:
            heading.getparent().tail = None
        else:
            heading.getparent().text = None


def _headings(root: Element, headings: Sequence[str]) -> list[_Text]:
    """The text nodes that are one of the headings."""
    if not headings:
        return []
    short = {line for line in texts(root) if len(line) < _SHORT}
    found = {line for line in short if text.fold(line).strip(" :.-»›>|") in headings}
    return [node for node in _TEXTS(root) if node in found] if found else []


def _list_below(heading: _Text, longest: int) -> tuple[Element | None, list[Element]]:
    """What holds the heading and no more (None if it holds the list, too), and the rows of its list.

    The list stands after the heading, or after what is around the heading alone.
    """
    beside: Element = heading.getparent()
    box: Element | None = beside.getparent() if heading.is_tail else beside
    if rows := _rows(beside.itersiblings() if heading.is_tail else beside, longest):
        return None, rows
    while box is not None and box.tag not in {"body", "form"} and len(text.clean(raw_text(box))) <= _LONGEST_HEADING:
        if rows := _rows(box.itersiblings(), longest):
            return box, rows
        box = box.getparent()
    return None, []


def _rows(elements: Iterable[Element], longest: int) -> list[Element]:
    """The first of some elements that are links with little besides, at most `longest` characters a link."""
    rows: list[Element] = []
    pending: list[Element] = []
    for row in elements:
        links = list(_onward_links(row))
        if (rows and row.tag in _HEADINGS) or len(_outside_links(row)) > longest * max(1, len(links)):
            break
        pending.append(row)
        if links:
            rows += pending
            pending = []
        if row.tail and len(text.clean(row.tail)) > longest:
            break
    return rows


def _onward_links(row: Element) -> Iterator[Element]:
    return (link for link in row.iter("a") if link.get("href") and text.fold(raw_text(link)) not in _MORE)


def _outside_links(row: Element) -> str:
    # A comment says nothing, and libxml2 is not to be asked.
    return text.clean(" ".join(_OUTSIDE_LINKS(row))) if isinstance(row.tag, str) else ""


def of_links(links: Sequence[Element], base: str, *, now: datetime | None = None) -> tuple[Entry, ...]:
    """Links as entries: a row is what surrounds one link and no other; its date is what the row says besides."""
    found = [(link, to, _ancestors(link)) for link in links[:MOST_ENTRIES] if (to := _address(link, base))]
    around: defaultdict[str, set[Element]] = defaultdict(set)
    for _, to, ancestors in found:
        around[to].update(ancestors)
    shared = Counter(chain.from_iterable(around.values()))
    rows: dict[str, Entry] = {}
    for link, to, ancestors in found:
        own = list(takewhile(lambda row: shared[row] == 1, ancestors))
        entry = _entry(link, to, own, now)
        rows[to] = _joined(rows[to], entry) if to in rows else entry
    return tuple(rows.values())


def _address(link: Element, base: str) -> str | None:
    return urls.join(base, link.get("href") or "")


def _ancestors(link: Element) -> list[Element]:
    found: list[Element] = []
    for parent in link.iterancestors():
        if len(found) == _ROW_HEIGHT or parent.tag in {"body", "html", "form"}:
            break
        found.append(parent)
    return found


def _entry(link: Element, to: str, rows: Sequence[Element], now: datetime | None) -> Entry:
    title = text.clean(raw_text(link))
    full = text.clean(link.get("title") or "")
    published: Moment | None = None
    if stamp := _STAMP.search(title):
        published = dates.parse(stamp[1], now=now)
        title = title[: stamp.start()]
    if full and (not title or (text.is_cut(title) and not text.is_cut(full) and text.same_title(title, full))):
        title = full
    if published is None:
        published = _date_beside(link, rows, now)
    return Entry(url=to, title=title, published=dates.past(published, now), truncated=text.is_cut(title))


def _date_beside(link: Element, rows: Sequence[Element], now: datetime | None) -> Moment | None:
    if link.tail and (moment := dates.parse(link.tail, now=now)):
        return moment
    inside = set(link.iter())
    for row in rows:
        stated = {one.get("datetime") or one.get("content") or "" for one in row.iter("time", "meta")}
        if len(stated) == 1 and (moment := dates.parse(stated.pop(), now=now)):
            return moment
        beside = _text_without(row, link, inside)
        if len(beside) > _LONGEST_ROW:
            return None
        if moment := dates.parse(beside, now=now):
            return moment
    return None


def _text_without(row: Element, link: Element, inside: Collection[Element]) -> str:
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


def next_page(root: Element, layout: Layout, base: str, page: int) -> NextPage | None:
    """The way from page number `page` (from 1) to the next one: a link, a numbered address, or an ASP.NET postback."""
    links = [link for link in root.iter("a") if link.get("href")]
    pagers = (link for link in select_all(root, layout.selectors.next_page) if link.tag == "a")
    onward = (link for link in links if text.fold(raw_text(link)).strip() in _ONWARD and not _turns_months(link))
    for link in chain(pagers, _numbered(links, page + 1, layout, base), onward):
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


def _turns_months(link: Element) -> bool:
    """Whether a link leads through a calendar, which has no end (D11)."""
    around = (one.get(name) or "" for one in [link, *_ancestors(link)] for name in ("class", "id"))
    return bool(_MONTH.search(link.get("href"))) or any(map(_CALENDAR.search, around))


def _numbered(links: Sequence[Element], page: int, layout: Layout, base: str) -> Iterator[Element]:
    here = urlsplit(base).path.lower()
    for link in links:
        href = link.get("href")
        if posted := urls.postback(href):
            if _page_of(posted[1]) == page:
                yield link
        elif layout.page_parameter and layout.page_parameter.lower().lstrip("*") in href.lower():
            to = _address(link, base)
            if to and urlsplit(to).path.lower() == here and _parameter(to, layout.page_parameter) == page:
                yield link


def _page_of(argument: str) -> int | None:
    number = re.fullmatch(r"(?:Page\$)?(\d{1,6})", argument)
    return int(number[1]) if number else None


def _parameter(address: str, name: str | None) -> int | None:
    if not name:
        return None
    pairs = parse_qsl(urlsplit(address).query)
    values = [value for key, value in pairs if fnmatchcase(key.lower(), name.lower())]
    return int(values[-1]) if values and values[-1].isdecimal() else None


def _form(link: Element, target: str, argument: str) -> Postback:
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
                fields.append((name, value if value is not None else raw_text(chosen[0])))
        elif control.tag == "textarea":
            fields.append((name, control.text or ""))
        else:
            fields.append((name, control.get("value") or ""))
    return Postback(target=target, argument=argument, fields=tuple(fields))
