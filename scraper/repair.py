"""What selectors gave and give, and new ones for a page whose layout has changed, found by what is known of it. Pure.

What was read before stands somewhere in the new markup, too: rows have the titles of articles that are known, a page
has its title, its date and its text. Where these stand makes the new selectors, which are tried before they are told.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from scraper import dates, text, urls
from scraper.selectors import said, select

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lxml.etree import _Element as Element

    from scraper.drift import Said
    from scraper.items import Moment
    from scraper.layout import Selectors

FEWEST_ROWS = 2
"""Known titles that a listing must show before its rows are sought by them."""
COMPARED = ("listing_links", "next_page", "title", "published", "summary", "author", "body", "attachments", "related")
_HEIGHT = 4
_LONGEST_SAMPLE = 100
_LONGEST_STAMP = 80
_LEAST_OF_BODY = 0.8
_MOST_OF_BODY = 1.3
_BESIDE_BODY = 10
_BOXES = ("div", "article", "section", "td", "main", "span")
_UNSEEN = frozenset({"title", "script", "style", "option"})
_CLASS = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """How many elements a selector meets on a page, and what the first of them says."""

    count: int
    sample: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A selector of the layout: what it `gave` when the page was last read well (None if that is gone), and `gives`."""

    name: str
    selector: str
    gave: Met | None
    gives: Met


def compare(old: Element | None, new: Element, selectors: Selectors) -> tuple[Compared, ...]:
    """Every selector of a layout on the page as it was and as it is, but for those that meet nothing on either."""
    rows = [
        Compared(name=name, selector=one, gave=_met(old, one) if old is not None else None, gives=_met(new, one))
        for name in COMPARED
        for one in getattr(selectors, name)
    ]
    return tuple(row for row in rows if row.gives.count or (row.gave and row.gave.count))


def _met(root: Element, selector: str) -> Met:
    found = select(root, [selector])
    return Met(count=len(found), sample=said(found[0])[:_LONGEST_SAMPLE] if found else "")


def rows(root: Element, base: str, titles: Collection[str]) -> str:
    """A selector for the links of a listing that shows articles by these titles; empty where there is none.

    It meets every link that has a known title, and hardly a link that has not: of those there may be as many again,
    which are news. The shortest of the most exact ones is taken.
    """
    wanted = {text.fold(title) for title in titles if title}
    addresses = {link: to for link in root.iter("a") if (to := _address(link, base))}
    known = [link for link in addresses if _is_titled(link, wanted)]
    # Known titles stand in sidebars, too: the places that most of them share come first.
    places = Counter(place for link in known for place in set(_places(link)))
    given = {place: {addresses[link] for link in select(root, [place]) if link in addresses} for place in places}
    of_known = {addresses[link] for link in known}
    scored = [
        (-len(met & of_known), len(met - of_known), *_plainness(place))
        for place, met in given.items()
        if len(met & of_known) >= FEWEST_ROWS and len(met) <= 2 * len(met & of_known)
    ]
    return min(scored)[-1] if scored else ""


def page(root: Element, before: Said) -> dict[str, str]:
    """Selectors for the title, the date and the text of an article's page, by what it said; without those not found."""
    found = {
        "title": _shortest(root, lambda one: _is_title(one, before.title)),
        "published": _shortest(root, lambda one: _is_stamp(one, before.published)) if before.published else "",
        "body": _body(root, before.body_text),
    }
    return {name: selector for name, selector in found.items() if selector}


def toml(selectors: dict[str, str]) -> str:
    """Selectors as lines of a source's file."""
    return "".join(f"selectors.{name} = ['{selector}']\n" for name, selector in selectors.items())


def _address(link: Element, base: str) -> str | None:
    return urls.join(base, link.get("href") or "")


def _is_titled(link: Element, wanted: Collection[str]) -> bool:
    return text.fold(said(link)) in wanted or text.fold(text.clean(link.get("title") or "")) in wanted


def _places(element: Element) -> list[str]:
    """Selectors that meet an element: by its own classes or tag, alone and below one of the elements around it."""
    own = _names(element)
    around = [name for one in list(element.iterancestors())[:_HEIGHT] for name in _names(one) if name != one.tag]
    near = element.getparent()
    beside = [f"{name} > {last}" for name in _names(near) for last in own] if near is not None else []
    return [name for name in own if name != "a"] + beside + [f"{above} {last}" for above in around for last in own]


def _plainness(selector: str) -> tuple[bool, int, str]:
    """What makes a selector the better one, if it is less: having no class, being long."""
    return "." not in selector, len(selector), selector


def _names(element: Element) -> list[str]:
    if not isinstance(element.tag, str):
        return []
    classes = [f".{name}" for name in (element.get("class") or "").split() if _CLASS.fullmatch(name)]
    return [*classes, *(f"{element.tag}{name}" for name in classes), element.tag]


def _shortest(root: Element, fits: Callable[[Element], bool]) -> str:
    """The selector that meets the fewest besides, of those whose first element is one of the deepest that fit."""
    fitting = [one for one in root.iter(etree.Element) if one.tag not in _UNSEEN and fits(one)]
    around = {parent for one in fitting for parent in one.iterancestors()}
    scored = [
        (len(met), *_plainness(place))
        for one in fitting
        if one not in around
        for place in _places(one)
        if (met := select(root, [place])) and met[0] is one
    ]
    return min(scored)[-1] if scored else ""


def _is_title(element: Element, title: str) -> bool:
    return text.fold(said(element)) == text.fold(title)


def _is_stamp(element: Element, published: Moment | None) -> bool:
    line = said(element)
    moment = dates.parse(line) if len(line) <= _LONGEST_STAMP and any(map(str.isdigit, line)) else None
    return bool(moment and published and moment.at.date() == published.at.date())


def _body(root: Element, body_text: str) -> str:
    """A selector for the smallest element that holds the text and little else."""
    had = Counter(text.words(body_text))
    if not had:
        return ""
    least, most = _LEAST_OF_BODY * had.total(), _MOST_OF_BODY * had.total() + _BESIDE_BODY
    held = ((one, Counter(text.words(said(one)))) for one in root.iter(*_BOXES))
    holding = [one for one, words in held if (words & had).total() >= least and words.total() <= most]
    if not holding:
        return ""
    field = holding[-1]  # in document order the last one that holds it all is the innermost
    places = [place for place in _places(field) if select(root, [place])[:1] == [field]]
    return min(places, key=lambda place: (len(select(root, [place])), *_plainness(place)), default="")
