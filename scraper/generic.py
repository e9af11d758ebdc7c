"""A page of a portal that no profile knows: its body, its date, its rows. Pure, but for what its libraries do inside.

What a page declares about itself (schema.org) is believed first; trafilatura finds the body of the others and htmldate
their date. So a profile is worth its few lines for speed and for details, and not for whether a page is read at all.
Both libraries are loaded when they are first needed: portals with a profile do without their half second and memory.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lxml import etree

from scraper import dates, particulars, text, urls
from scraper.selectors import said

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element as Element

    from scraper.items import Moment
    from scraper.particulars import Record

_DECLARED = etree.XPath("//*[contains(@itemprop, 'articleBody')]")
_STAMPS = etree.XPath("//*[@itemprop='datePublished']/@content | //*[@itemprop='datePublished']/@datetime")
_WRITTEN = etree.XPath("//script[@type='application/ld+json']/text()", smart_strings=False)
_LINKED_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_FRAME = frozenset({"nav", "header", "footer", "form", "button", "select"})
_MENU = re.compile(r"menu|nav(bar|igation)?\b|footer|breadcrumb|banner|social|pag(ination|er)|copyright", re.IGNORECASE)
_NO_ARTICLE = re.compile(r"(log|sign)-?in|dang-?(nhap|ky)|print|rss|sitemap|lien-he|\.(jpg|png|pdf|docx?|xlsx?)$")
_SHORTEST_BODY = 60
_SHORTEST_TITLE = 20
_FEWEST_WORDS = 4
_FEWEST_ROWS = 3
_USUAL_TITLE = 30
_HEIGHT = 4
_TELLING = 40
_CLOSE = 1.1
_WHOLE_TEXT = 2_000
"""Characters by which a text is longer than a record, if it is the document itself and no frame of the page."""
_PARAGRAPHS = ("p", "li", "td", "h1", "h2", "h3", "h4", "blockquote", "pre")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The element that holds the text, where in the page it stands, and the record if the page shows a document's.

    The first is the page's own where one element holds what is found and little else, so that pictures and links stay;
    else a copy that was cleaned.
    """

    field: Element
    place: Element | None
    record: Record | None = None


def read(root: Element, url: str) -> Found | None:
    """The article's text; None where the page has none to speak of, or is a list of others.

    A document's record is all that most of their pages show: it gives way only to a text much longer than itself.
    """
    declared = [element for element in _DECLARED(root) if len(said(element)) >= _SHORTEST_BODY]
    if len(declared) == 1:
        return Found(field=declared[0], place=declared[0])
    record = particulars.read(root)
    field = _text(root, url)
    if record is not None and (field is None or len(said(field)) < len(said(record.place)) + _WHOLE_TEXT):
        return Found(field=record.field, place=record.place, record=record)
    if field is None:
        return None
    around = _around(root, field)
    return Found(field=around if around is not None and _alike(around, field) else field, place=around)


def _text(root: Element, url: str) -> Element | None:
    """What trafilatura takes for the page's text, as a tree of its own."""
    import trafilatura  # noqa: PLC0415 - see above

    markup = etree.tostring(root, encoding="unicode", method="html")
    found = trafilatura.extract(markup, url=url, output_format="html", include_comments=False)
    field: Element | None = etree.fromstring(found, etree.HTMLParser(encoding="utf-8")) if found else None
    return None if field is None or len(said(field)) < _SHORTEST_BODY or _is_list(root, field) else field


def _alike(around: Element, field: Element) -> bool:
    """Whether an element says what a field does, and little else. Lengths may agree where the words do not."""
    one, other = (Counter(text.words(said(element))) for element in (around, field))
    return (one & other).total() * _CLOSE >= max(one.total(), other.total())


def _around(root: Element, field: Element) -> Element | None:
    """Where in the page a body stands that was copied out of it: the element around its paragraphs."""
    wanted = {line[:_TELLING] for one in field.iter(*_PARAGRAPHS) if len(line := said(one)) >= _TELLING}
    around: list[Element] | None = None
    for element in root.iter(*_PARAGRAPHS, "div", "span") if wanted else ():
        if text.clean(element.text or "")[:_TELLING] in wanted:
            inside = {element, *element.iterancestors()}
            around = [one for one in around or (element, *element.iterancestors()) if one in inside]
    return around[0] if around else None


def _is_list(root: Element, field: Element) -> bool:
    """Whether what was taken for a body is mostly made of what are links in the page: then it is a list of others."""
    links = {line for link in root.iter("a") if len(line := said(link)) >= _SHORTEST_TITLE}
    # Of a page without paragraphs trafilatura makes one, with a line for each text.
    held = [(said(one), "".join(one.itertext()).splitlines()) for one in field.iter(*_PARAGRAPHS)]
    lines = [line for whole, parts in held for line in {whole, *map(text.clean, parts)}]
    return 4 * sum(len(line) for line in lines if line in links) > 3 * len(said(field))


def published(
    root: Element, url: str, *, issued: str = "", now: datetime | None = None
) -> tuple[Moment | None, str | None]:
    """When the page says that it was published, and in which words.

    That is schema.org's date, else the one that its document was `issued` on, else htmldate's guess.
    """
    import htmldate  # noqa: PLC0415 - see above

    stated = [match[1] for script in _WRITTEN(root) for match in [_LINKED_DATE.search(script)] if match]
    declared = list(map(str, _STAMPS(root)))
    # A list of articles declares one date each: then none is the page's own.
    for stamp in (*stated[:1], *(declared if len(declared) == 1 else ()), issued):
        if moment := dates.parse(stamp, now=now):
            return moment, stamp
    guess = htmldate.find_date(
        etree.tostring(root, encoding="unicode", method="html"), url=url, original_date=True, extensive_search=False
    )
    return (dates.parse(guess, now=now), guess) if guess else (None, None)


def rows(root: Element, base: str) -> list[Element]:
    """The links of a listing: those that stand in the same place of a repeated row, and read like titles.

    Menus are left out by their element and class, short labels by their length, lone links by their number.
    """
    groups: defaultdict[tuple[str, ...], list[Element]] = defaultdict(list)
    here = urls.host(base)
    for link in root.iter("a"):
        to = urls.join(base, link.get("href") or "")
        if to is None or urls.host(to) != here or _NO_ARTICLE.search(to.lower()) or urlsplit(to).path in {"", "/"}:
            continue
        title = max(said(link), text.clean(link.get("title") or ""), key=len)
        if len(title) >= _SHORTEST_TITLE and len(title.split()) >= _FEWEST_WORDS and not _in_frame(link):
            groups[_place(link)].append(link)
    kept = [
        group
        for group in groups.values()
        if len({link.get("href") for link in group}) >= _FEWEST_ROWS
        and sum(len(said(link)) for link in group) >= _USUAL_TITLE * len(group)
    ]
    order = {link: position for position, link in enumerate(root.iter("a"))}
    return sorted((link for group in kept for link in group), key=order.__getitem__)


def _place(link: Element) -> tuple[str, ...]:
    """Where a link stands: the tags and first classes of the elements around it."""
    around = [link, *link.iterancestors()][: _HEIGHT + 1]
    return tuple(f"{one.tag}.{(one.get('class') or '').split(' ')[0]}" for one in around)


def _in_frame(link: Element) -> bool:
    for parent in link.iterancestors():
        if parent.tag in _FRAME and parent.tag != "form":
            return True
        if _MENU.search(f"{parent.get('class') or ''} {parent.get('id') or ''}") and parent.tag not in {"body", "html"}:
            return True
    return False
